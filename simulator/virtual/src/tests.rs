//! Tests of the engine that need to see inside it.

mod compare;
mod equal;
mod mechanisms;
mod plans;
pub(crate) mod planted;
mod reference;
mod schedule;
mod stream;
