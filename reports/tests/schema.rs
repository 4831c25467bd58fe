//! The schema of a result that is checked in, against the types.

use doorbuster_reports::schema::schema;
use std::path::Path;

/// *Scenario* the types of `result.json` have changed.
///
/// *Guarantees* the schema that is checked in is theirs; `UPDATE_SCHEMA=1 cargo test -p doorbuster-reports` writes it.
#[test]
fn the_schema_of_a_result_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/result.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "run `UPDATE_SCHEMA=1 cargo test -p doorbuster-reports --test schema` and look at the difference"
    );
}
