//! The result types and how they are told: JSON, HTML, JUnit, Markdown, terminal.
//!
//! Owns the versioned result and every way of showing it. Refuses to compute anything that is in the result.

pub mod escape;
pub mod folder;
pub mod format;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod outcome;
pub mod result;
pub mod run;
pub mod schema;
pub mod sentence;
pub mod terminal;

mod chart;
mod figures;
mod losses;
mod replay;
mod story;
mod words;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod wellformed;
