//! Database spans: <https://opentelemetry.io/docs/specs/semconv/db/database-spans/>, with the pages on MySQL
//! (stable), MongoDB, Redis and Elasticsearch (in development).

use super::Seen;

pub(super) fn client(seen: &mut Seen<'_>) {
    // House rules: the shop's clients know host, port and database, and its texts have no values in them.
    seen.require_text(&["server.address", "db.namespace"]);
    seen.require_int(&["server.port"]);
    let system = seen.text("db.system.name").unwrap_or_default().to_owned();
    if system != "elasticsearch" {
        seen.require_text(&["db.query.text"]);
    }
    match system.as_str() {
        "mysql" => mysql(seen),
        "mongodb" => mongodb(seen),
        "redis" => redis(seen),
        "elasticsearch" => elasticsearch(seen),
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

/// Requests over HTTP. "HTTP response codes in the 4xx and 5xx range SHOULD be considered errors", and are the error's type; only bodies
/// of search-type queries are told.
fn elasticsearch(seen: &mut Seen<'_>) {
    seen.require_text(&["db.operation.name", "http.request.method", "url.full"]);
    let operation = seen.text("db.operation.name").unwrap_or_default().to_owned();
    let name = seen.text("db.collection.name").map(|index| format!("{operation} {index}"));
    seen.require_name(&name.unwrap_or_else(|| operation.clone()));
    let url = seen.text("url.full").unwrap_or_default().to_owned();
    let absolute = url.starts_with("http://") || url.starts_with("https://");
    seen.demand(absolute && !url.contains('{'), "`url.full` is not absolute, or a template");
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let index = path.split('/').next().filter(|part| !part.is_empty() && !part.starts_with('_'));
    let told = seen.text("db.operation.parameter.index");
    seen.demand(told == index, "`db.operation.parameter.index` is not the index in the path of `url.full`");
    let searches = ["search", "msearch", "count"].contains(&operation.as_str());
    seen.demand(searches || !seen.has("db.query.text"), "`db.query.text` is there, though it is no search");
    if seen.has("db.response.status_code") {
        let code = seen.text("db.response.status_code").unwrap_or_default().to_owned();
        let number = code.parse::<u16>().ok().filter(|code| (100..600).contains(code));
        seen.demand(number.is_some(), "`db.response.status_code` is no text of a status code");
        seen.require_failed(number.is_some_and(|code| code >= 400));
        let same = seen.text("error.type").is_none_or(|error| error == code);
        seen.demand(same, "`error.type` is not the code that came back");
    } else {
        seen.demand(seen.failed(), "it succeeded without `db.response.status_code`");
    }
}
