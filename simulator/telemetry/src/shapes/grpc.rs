//! gRPC servers and clients (conventions at release candidate).
//!
//! A refused request and one that got no connection are `UNAVAILABLE`: it is what asks a client to try again,
//! and unlike `RESOURCE_EXHAUSTED` it counts as the server's error, which an overload is. A request above a limit is
//! `RESOURCE_EXHAUSTED`: the limit did what it is there for. A caller that went
//! away is `CANCELLED`: an error at the client, none at the server. A client that reaches nobody makes `UNAVAILABLE` up itself,
//! and has the exception. `error.type` is the code.

use super::{Attribute, Protocol, SpanShape, Status, Varying, Wait, int, service_address, text};
use crate::record::SpanRecord;
use doorbuster_model::outcome::Outcome;

/// gRPC's customary port.
const PORT: i64 = 50051;

/// The full name of the method that answers as `endpoint` of `service`, such as `shop.PaymentService/Pay`.
pub(crate) fn method(service: &str, endpoint: &str) -> String {
    format!("shop.{}Service/{}", camel(service), camel(endpoint))
}

/// `user-profile`, `user_profile` and `user.profile` as `UserProfile`.
fn camel(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    words.map(word).collect()
}

/// The shape of a server span.
pub(super) fn server(service: &str, endpoint: &str) -> SpanShape {
    shape(Protocol::GrpcServer, service, endpoint)
}

/// The shape of a client span.
pub(super) fn client(service: &str, endpoint: &str, wait: Wait) -> SpanShape {
    shape(Protocol::GrpcClient(wait), service, endpoint)
}

fn shape(protocol: Protocol, service: &str, endpoint: &str) -> SpanShape {
    let method = method(service, endpoint);
    let fixed = vec![
        text("rpc.system.name", "grpc"),
        text("rpc.method", &method),
        text("server.address", &service_address(service)),
        int("server.port", PORT),
    ];
    SpanShape::of_protocol(protocol, method, fixed, &["rpc.response.status_code", "error.type"])
}

pub(super) fn server_varying(outcome: Outcome) -> Varying {
    let code = status_code(outcome);
    let failed = outcome.is_servers_fault();
    Varying { attributes: attributes(code, failed), status: status(failed, ""), exception: None }
}

pub(super) fn client_varying(outcome: Outcome, wait: Wait, record: &SpanRecord) -> Varying {
    let failed = !outcome.answered();
    let exception = wait.raised_by_call(outcome, record);
    let description = exception.map_or("", |raised| raised.message);
    Varying { attributes: attributes(status_code(outcome), failed), status: status(failed, description), exception }
}

fn attributes(code: &str, failed: bool) -> Vec<Attribute> {
    let mut attributes = vec![text("rpc.response.status_code", code)];
    if failed {
        attributes.push(text("error.type", code));
    }
    attributes
}

fn status(failed: bool, description: &'static str) -> Status {
    if failed { Status::Error(description) } else { Status::Unset }
}

/// The code of an answer, or the one that a client makes up when none comes.
fn status_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok | Outcome::Declined => "OK",
        Outcome::Timeout => "DEADLINE_EXCEEDED",
        Outcome::Refused | Outcome::PoolTimeout | Outcome::CircuitOpen | Outcome::Unavailable => "UNAVAILABLE",
        Outcome::RateLimited => "RESOURCE_EXHAUSTED",
        Outcome::Error => "INTERNAL",
        Outcome::Cancelled => "CANCELLED",
    }
}
