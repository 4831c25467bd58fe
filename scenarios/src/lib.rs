//! Text to a checked [`Scenario`]: the shop, its shoppers, its faults and targets, as people write them.
//!
//! Owns the language: types, units, files, overrides, diagnostics, schema and the built-in library.
//! Refuses to know how a scenario is played.

pub mod types;
pub mod units;

pub use types::Scenario;
