//! The JSON schema of `result.json`, made from its types.

use crate::result::RunResult;
use serde_json::Value;

/// The JSON schema of a result, for programs that read one.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(RunResult).to_value()
}
