//! Elasticsearch (conventions in development: `docs/db/elasticsearch.md` of 1.44).
//!
//! A statement is a request, `POST /products/_search {...}`, or a search's body alone, which goes to the index named as the
//! store. `db.operation.name` is the endpoint identifier of Elasticsearch's own schema, `db.query.text` is the body of
//! search-type queries only, and the code of an answer is text ("HTTP response codes in the 4xx and 5xx range SHOULD be
//! considered errors"; `error.type` SHOULD match it).

use super::database::Shards;
use super::http::Route;
use super::query::Request;
use super::{Attribute, Protocol, SpanShape, Status, Varying, Wait, int, text};
use crate::record::SpanRecord;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Plan, Statement};

/// Elasticsearch's customary port.
const PORT: i64 = 9200;

/// An Elasticsearch span's own part.
#[derive(Clone, Debug)]
pub(super) struct Client {
    shards: Shards,
    route: Route,
    /// `{id}` of the document, which is of the path.
    document: Option<Route>,
    success: &'static str,
    wait: Wait,
}

/// The shape of a request's client span.
pub(super) fn client(plan: &Plan, statement: &Statement, wait: Wait) -> SpanShape {
    let store = &plan.stores[usize::from(statement.store)];
    let request = Request::of_elasticsearch(statement, store);
    let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    let index = parts.first().copied().filter(|part| !part.starts_with('_'));
    let (operation, success) = operation(&request.method, &parts, &statement.name);
    let mut fixed = vec![
        text("db.system.name", "elasticsearch"),
        text("db.namespace", &store.name),
        text("db.operation.name", &operation),
        text("http.request.method", &request.method),
        int("server.port", PORT),
    ];
    let mut name = operation;
    if let Some(index) = index {
        fixed.push(text("db.collection.name", index));
        fixed.push(text("db.operation.parameter.index", index));
        name = format!("{name} {index}");
    }
    if SEARCHES.contains(&parts.last().copied().unwrap_or_default()) && !request.body.is_empty() {
        fixed.push(text("db.query.text", &request.body));
    }
    let document = (parts.len() == 3 && BY_ID.contains(&parts[1])).then(|| Route::new(parts[2]));
    let mut varying = vec!["server.address", "url.full", "db.response.status_code", "error.type"];
    if document.is_some() {
        varying.push("db.operation.parameter.id");
    }
    let shards = Shards::of(store);
    let client = Client { shards, route: Route::new(&request.path), document, success, wait };
    SpanShape::of_protocol(Protocol::Elasticsearch(client), name, fixed, &varying)
}

/// Endpoints whose body is a query.
const SEARCHES: [&str; 3] = ["_search", "_msearch", "_count"];
/// Endpoints whose path ends with a document's id.
const BY_ID: [&str; 4] = ["_doc", "_create", "_update", "_source"];

/// The identifier of an endpoint, and the code with which it succeeds.
fn operation(method: &str, parts: &[&str], otherwise: &str) -> (String, &'static str) {
    let endpoint = parts.iter().copied().find(|part| part.starts_with('_')).unwrap_or_default();
    let (name, success) = match (endpoint, method) {
        ("_doc", "GET") => ("get", "200"),
        ("_doc", "HEAD") => ("exists", "200"),
        ("_doc", "DELETE") => ("delete", "200"),
        ("_doc", _) => ("index", "201"),
        ("_create", _) => ("create", "201"),
        ("", _) => (otherwise, "200"),
        (endpoint, _) => (&endpoint[1..], "200"),
    };
    (name.to_owned(), success)
}

impl Client {
    pub(super) fn varying(&self, outcome: Outcome, record: &SpanRecord) -> Varying {
        let host = self.shards.address(record.shard);
        let path = self.route.path(record);
        let mut attributes: Vec<Attribute> =
            vec![text("server.address", &host), text("url.full", &format!("http://{host}:{PORT}{path}"))];
        if let Some(document) = &self.document {
            attributes.push(text("db.operation.parameter.id", &document.path(record)));
        }
        if outcome.answered() {
            attributes.push(text("db.response.status_code", self.success));
            return Varying { attributes, status: Status::Unset, exception: None };
        }
        if outcome == Outcome::Error {
            attributes.push(text("db.response.status_code", "500"));
            attributes.push(text("error.type", "500"));
            return Varying { attributes, status: Status::Error(""), exception: None };
        }
        Varying::failed(attributes, outcome, self.wait.raised(outcome, record))
    }
}
