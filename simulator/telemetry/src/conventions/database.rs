//! Database spans: <https://opentelemetry.io/docs/specs/semconv/db/database-spans/>, with the pages on MySQL
//! (stable), MongoDB and Redis (in development).

use super::Seen;

pub(super) fn client(seen: &mut Seen<'_>) {
    // House rules: the shop's clients know host, port and database, and its texts have no values in them.
    seen.require_text(&["server.address", "db.namespace", "db.query.text"]);
    seen.require_int(&["server.port"]);
    let system = seen.text("db.system.name").unwrap_or_default().to_owned();
    match system.as_str() {
        "mysql" => mysql(seen),
        "mongodb" => mongodb(seen),
        "redis" => redis(seen),
        _ => seen.report(format!("`db.system.name` `{system}` is not one of the shop's")),
    }
}

/// The text may name many tables and operations, so single ones may not be taken from it.
fn mysql(seen: &mut Seen<'_>) {
    seen.require_text(&["db.query.summary"]);
    let taken = seen.has("db.operation.name") || seen.has("db.collection.name");
    seen.demand(!taken, "operation or collection were taken from the text");
    let summary = seen.text("db.query.summary").unwrap_or_default().to_owned();
    seen.demand(summary.len() <= 255, "`db.query.summary` is longer than 255");
    seen.require_name(&summary);
}

fn mongodb(seen: &mut Seen<'_>) {
    seen.require_text(&["db.operation.name", "db.collection.name"]);
    let [operation, collection] =
        ["db.operation.name", "db.collection.name"].map(|key| seen.text(key).unwrap_or_default().to_owned());
    seen.require_name(&format!("{operation} {collection}"));
}

/// The namespace is a number, so it stays out of the name.
fn redis(seen: &mut Seen<'_>) {
    seen.require_text(&["db.operation.name"]);
    let operation = seen.text("db.operation.name").unwrap_or_default().to_owned();
    seen.require_name(&operation);
    let number = seen.text("db.namespace").is_none_or(|index| index.parse::<u32>().is_ok());
    seen.demand(number, "`db.namespace` is no database index");
}
