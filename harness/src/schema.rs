//! `doorbuster schema`: the JSON schemas of the scenario language and of `result.json`.

use crate::cli::{SchemaArgs, SchemaOf};
use crate::failure::Failure;
use crate::process;

/// Prints a schema as it is checked in; returns the exit code.
pub(crate) fn schema(args: &SchemaArgs) -> Result<u8, Failure> {
    let schema = match args.of {
        SchemaOf::Scenario => doorbuster_scenarios::schema(),
        SchemaOf::Result => doorbuster_reports::schema::schema(),
    };
    process::tell(&format!("{schema:#}\n"))?;
    Ok(0)
}
