//! `doorbuster measure theory`: the engine against queueing theory.

mod formulas;

use crate::cli::TheoryArgs;
use crate::failure::Failure;

/// Measures; returns the exit code.
pub(crate) fn measure(_args: &TheoryArgs) -> Result<u8, Failure> {
    Ok(0)
}
