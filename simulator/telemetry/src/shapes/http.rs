//! HTTP servers and clients (stable conventions).
//!
//! A server's failure is told by its code: refused, pool timeouts and open breakers 503, timeouts 504, errors 500. A
//! request above a limit has 429, which is no error of the server's. A request
//! whose caller went away has 499, as proxies log it: no fault of the server, so no error. `error.type` is the
//! outcome's name, which tells more than the code. Clients tell the code that came back, if one did: none does from a pod that
//! is down, unless whoever was asked answers 503 for somebody behind it.

use super::database::Shards;
use super::{Attribute, Protocol, SpanShape, Status, Varying, Wait, int, service_address, text, trace_of_shopper};
use crate::record::SpanRecord;
use doorbuster_model::outcome::Outcome;

/// Chosen: plain HTTP within the cluster.
const PORT: i64 = 8080;
/// Providers are reached over TLS.
const PROVIDER_PORT: i64 = 443;

/// A path, or a template of one: `/api/product/{id}`.
#[derive(Clone, Debug)]
pub(super) struct Route(String);

impl Route {
    pub(super) fn new(template: &str) -> Self {
        Self(template.to_owned())
    }

    /// The path of a request; placeholders take a number that belongs to its shopper's trace.
    pub(super) fn path(&self, record: &SpanRecord) -> String {
        let number = trace_of_shopper(record).to_string();
        let mut path = String::with_capacity(self.0.len());
        for (nth, part) in self.0.split('{').enumerate() {
            match part.split_once('}') {
                Some((_, rest)) if nth > 0 => {
                    path.push_str(&number);
                    path.push_str(rest);
                }
                _ => path.push_str(part),
            }
        }
        path
    }
}

/// A server span's own part.
#[derive(Clone, Debug)]
pub(super) struct Server {
    route: Route,
}

/// The shape of a server span.
pub(super) fn server(service: &str, method: &str, route: &str) -> SpanShape {
    let fixed = vec![
        text("http.request.method", method),
        text("http.route", route),
        text("url.scheme", "http"),
        text("server.address", &service_address(service)),
        int("server.port", PORT),
        text("network.protocol.version", "1.1"),
    ];
    let varying = ["url.path", "http.response.status_code", "error.type"];
    let protocol = Protocol::HttpServer(Server { route: Route(route.to_owned()) });
    SpanShape::of_protocol(protocol, format!("{method} {route}"), fixed, &varying)
}

impl Server {
    pub(super) fn varying(&self, outcome: Outcome, record: &SpanRecord) -> Varying {
        let code = status_code(outcome);
        let mut attributes = vec![text("url.path", &self.route.path(record)), int("http.response.status_code", code)];
        if code < 500 {
            return Varying { attributes, status: Status::Unset, exception: None };
        }
        attributes.push(text("error.type", outcome.name()));
        Varying { attributes, status: Status::Error(""), exception: None }
    }
}

/// A client span's own part.
#[derive(Clone, Debug)]
pub(super) struct Client {
    host: Host,
    route: Route,
    wait: Wait,
}

/// Who is asked.
#[derive(Clone, Debug)]
enum Host {
    Service(String),
    Provider(Shards),
}

/// The shape of the client span of a call to an endpoint with a route.
pub(super) fn client(service: &str, method: &str, route: &str, wait: Wait) -> SpanShape {
    let host = service_address(service);
    let fixed = vec![text("server.address", &host), int("server.port", PORT)];
    asking(Client { host: Host::Service(host), route: Route(route.to_owned()), wait }, method, fixed)
}

/// The shape of the client span of a request to a provider.
pub(super) fn provider(shards: Shards, method: &str, route: &str, wait: Wait) -> SpanShape {
    let client = Client { host: Host::Provider(shards), route: Route(route.to_owned()), wait };
    let mut shape = asking(client, method, vec![int("server.port", PROVIDER_PORT)]);
    shape.varying.push("server.address");
    shape
}

/// The template is opt-in, and then belongs into the name: without it all calls of a service have one name.
fn asking(client: Client, method: &str, mut fixed: Vec<Attribute>) -> SpanShape {
    let name = format!("{method} {}", client.route.0);
    fixed.push(text("http.request.method", method));
    fixed.push(text("url.template", &client.route.0));
    fixed.push(text("network.protocol.version", "1.1"));
    let varying = ["url.full", "http.response.status_code", "http.request.resend_count", "error.type"];
    SpanShape::of_protocol(Protocol::HttpClient(client), name, fixed, &varying)
}

impl Client {
    pub(super) fn varying(&self, outcome: Outcome, record: &SpanRecord) -> Varying {
        let path = self.route.path(record);
        let mut attributes = match &self.host {
            Host::Service(host) => vec![text("url.full", &format!("http://{host}:{PORT}{path}"))],
            Host::Provider(shards) => {
                let host = shards.address(record.shard);
                vec![text("server.address", &host), text("url.full", &format!("https://{host}{path}"))]
            }
        };
        if record.attempt > 0 {
            attributes.push(int("http.request.resend_count", i64::from(record.attempt)));
        }
        // Only a provider is reached through a pool. Without a connection, an answer or the patience for one there is no code.
        let raised = match self.host {
            Host::Service(_) => self.wait.raised_by_call(outcome, record),
            Host::Provider(_) => self.wait.raised(outcome, record),
        };
        // A request that its caller gave up has no answer, and is no error.
        if outcome == Outcome::Cancelled {
            return Varying { attributes, status: Status::Unset, exception: None };
        }
        if raised.is_none() {
            attributes.push(int("http.response.status_code", status_code(outcome)));
        }
        if outcome.answered() {
            return Varying { attributes, status: Status::Unset, exception: None };
        }
        Varying::failed(attributes, outcome, raised)
    }
}

/// The code of a server's answer.
fn status_code(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Ok | Outcome::Declined => 200,
        Outcome::Cancelled => 499,
        Outcome::Error => 500,
        Outcome::RateLimited => 429,
        Outcome::Refused | Outcome::PoolTimeout | Outcome::CircuitOpen | Outcome::Unavailable => 503,
        Outcome::Timeout => 504,
    }
}
