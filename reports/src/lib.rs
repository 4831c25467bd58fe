//! The result types and how they are told: JSON, HTML, JUnit, Markdown, terminal.
//!
//! Owns the versioned result, what two of them differ in, and every way of showing that. Refuses to compute anything of a run.

pub mod comparison;
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
pub mod sweep;
pub mod terminal;

mod chart;
mod figures;
mod losses;
mod map;
mod replay;
mod story;
mod words;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod wellformed;
