//! Policies: what protects a shop from its own load.
//!
//! Owns their decisions, in integers, with the time as an argument, so that both clocks play the same ones. Refuses
//! I/O, clocks, and to know what is protected: a call that is let through, tried again or turned away.

mod breaker;
mod bucket;
mod budget;

pub use breaker::{Breaker, BreakerRule};
pub use bucket::{BucketRule, TokenBucket};
pub use budget::{BudgetRule, RetryBudget};
