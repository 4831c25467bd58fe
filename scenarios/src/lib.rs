//! Text to a checked [`Scenario`]: the shop, its shoppers, its faults and targets, as people write them.
//!
//! Owns the language: types, units, files, overrides, diagnostics, schema and the built-in library.
//! Refuses to know how a scenario is played.

mod check;
pub mod diagnostic;
mod fleet;
pub mod library;
pub mod load;
pub mod nearest;
pub mod schema;
pub mod types;
pub mod units;

pub use check::verdict_ids;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use load::{Loaded, Source, load};
pub use schema::schema;
pub use types::Scenario;
