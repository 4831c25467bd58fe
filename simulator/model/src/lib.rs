//! Scenario to [`plan::Plan`]: programs, draws, ids, and the policies that both clocks share.
//!
//! Owns everything that is decided before the clock starts. Refuses I/O, async and wall clocks:
//! time is an argument, and integers are all that the clock sees.

pub mod compile;
pub mod draws;
pub mod ids;
pub mod key;
pub mod outcome;
pub mod plan;
pub mod policies;
pub mod popularity;
pub mod prefetch;
pub mod time;
