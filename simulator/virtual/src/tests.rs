//! Tests of the engine that need to see inside it.

pub(crate) mod planted;
