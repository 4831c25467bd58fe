//! The result types and how they are told: JSON, HTML, JUnit, Markdown, terminal.
//!
//! Owns the versioned result and every way of showing it. Refuses to compute anything that is in the result.

pub mod result;
pub mod run;
