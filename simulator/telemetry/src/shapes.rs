//! Span shapes: what a span looks like under OpenTelemetry's semantic conventions 1.44.
//!
//! Owns, for every shape of a plan, its name, kind and fixed attributes, and what a record adds to them: the
//! rest of the attributes, the status, the exception. Refuses times, ids and resources. Both clocks take
//! names and keys from here, so that the shop looks the same under both.
//!
//! Three rules hold for all protocols. `error.type` is there if and only if the status is an error. An
//! exception is told once, where it was raised (a wait that ended here), not by every span that it passed.
//! The root of a trace carries `user.tier` and `shop.touch_point`.

mod database;
mod grpc;
mod http;
mod query;

use crate::record::{SpanRecord, TraceWord};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{EndpointId, Instr, NO_ENDPOINT, Plan, ServiceId, Shape, Site, Target};
use doorbuster_model::time::Ticks;

/// The version of the semantic conventions that spans and resources follow.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";
/// Name of the instrumentation scope of all spans.
pub const SCOPE: &str = "doorbuster.shop";

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
}

/// Key and value.
pub type Attribute = (&'static str, Value);

/// Which side of a call a span is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers.
    Server,
    /// It asks.
    Client,
}

/// The status of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing went wrong as far as conventions are concerned.
    Unset,
    /// An error, with a description where attributes don't tell the reason; else empty.
    Error(&'static str),
}

/// An exception, recorded where it was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// `exception.type`.
    pub kind: &'static str,
    /// `exception.message`.
    pub message: &'static str,
}

/// A wait for an answer that ended without one, as the live services' runtime says it.
const DEADLINE: Exception = Exception { kind: "tokio::time::error::Elapsed", message: "deadline has elapsed" };

/// What a record adds to its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Varying {
    /// Attributes beyond the shape's fixed ones; keys are among the shape's varying ones.
    pub attributes: Vec<Attribute>,
    /// The span's status.
    pub status: Status,
    /// Recorded as an event at the span's end.
    pub exception: Option<Exception>,
}

/// What all spans of one shape have in common.
#[derive(Clone, Debug)]
pub struct SpanShape {
    /// The service that makes it.
    pub service: ServiceId,
    /// The span's name.
    pub name: String,
    /// The span's kind.
    pub kind: Kind,
    /// Attributes that every span of the shape has, with these values.
    pub fixed: Vec<Attribute>,
    /// Keys of the attributes that some spans have, or with different values.
    pub varying: Vec<&'static str>,
    protocol: Protocol,
    /// Whether it says `payment.result`.
    pays: bool,
}

/// How a record's outcome is told.
#[derive(Clone, Debug)]
enum Protocol {
    HttpServer(http::Server),
    HttpClient(http::Client),
    GrpcServer,
    GrpcClient(Wait),
    Database(database::Client),
}

/// How long a site waits for an answer; `None` for no limit.
#[derive(Clone, Copy, Debug)]
struct Wait(Option<Ticks>);

impl Wait {
    /// Whether a failure is this site's own timeout, and not one that its callee reported: only then did it wait to the end.
    fn ended(self, outcome: Outcome, record: &SpanRecord) -> bool {
        outcome == Outcome::Timeout && self.0.is_some_and(|limit| u64::from(record.duration) >= limit)
    }
}

/// The shapes of a plan.
#[derive(Clone, Debug)]
pub struct Shapes {
    shapes: Vec<SpanShape>,
    tiers: Vec<String>,
    touch_points: Vec<String>,
}

impl Shapes {
    /// The shapes of a plan, by its numbers.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let makers = makers(plan);
        let shapes = plan.shapes.iter().map(|&shape| SpanShape::new(plan, &makers, shape)).collect();
        let names = |shares: &[(String, u64)]| shares.iter().map(|share| share.0.clone()).collect();
        Self { shapes, tiers: names(&plan.tiers), touch_points: names(&plan.touch_points) }
    }

    /// All of them, by the plan's numbers.
    #[must_use]
    pub fn all(&self) -> &[SpanShape] {
        &self.shapes
    }

    /// The shape of a record.
    #[must_use]
    pub fn of(&self, record: &SpanRecord) -> &SpanShape {
        &self.shapes[usize::from(record.shape)]
    }

    /// What a record adds to its shape.
    #[must_use]
    pub fn varying(&self, record: &SpanRecord) -> Varying {
        let mut varying = self.of(record).varying(record);
        if record.index == 0 {
            let trace = TraceWord(record.trace);
            let tier = &self.tiers[usize::from(trace.tier())];
            let touch_point = &self.touch_points[usize::from(trace.touch_point())];
            varying.attributes.push(text("user.tier", tier));
            varying.attributes.push(text("shop.touch_point", touch_point));
        }
        varying
    }
}

impl SpanShape {
    fn new(plan: &Plan, makers: &[EndpointId], shape: Shape) -> Self {
        let (maker, mut shape) = match shape {
            Shape::Server(endpoint) => (endpoint, server(plan, endpoint)),
            Shape::Client(site) | Shape::Statement(site) => {
                (makers[usize::from(site)], client(plan, &plan.sites[usize::from(site)]))
            }
        };
        shape.service = plan.endpoints[usize::from(maker)].service;
        shape
    }

    fn varying(&self, record: &SpanRecord) -> Varying {
        let outcome = Outcome::ALL[usize::from(record.outcome)];
        let mut varying = match &self.protocol {
            Protocol::HttpServer(server) => server.varying(outcome, record),
            Protocol::HttpClient(client) => client.varying(outcome, record),
            Protocol::GrpcServer => grpc::server_varying(outcome),
            Protocol::GrpcClient(wait) => grpc::client_varying(outcome, *wait, record),
            Protocol::Database(client) => client.varying(outcome, record),
        };
        if self.pays && outcome.answered() {
            let result = if outcome == Outcome::Ok { "approved" } else { "declined" };
            varying.attributes.push(text("payment.result", result));
        }
        varying
    }
}

/// Index of the parent of a record's span in its trace; `None` for the root.
///
/// A server's span follows its caller's; a client's lies at its site's offset from the span of the program.
#[must_use]
pub fn parent_index(plan: &Plan, record: &SpanRecord) -> Option<u32> {
    match plan.shapes[usize::from(record.shape)] {
        Shape::Server(_) => record.index.checked_sub(1),
        Shape::Client(site) | Shape::Statement(site) => {
            let Site { span_offset, span_stride, .. } = plan.sites[usize::from(site)];
            let distance = span_offset + u32::from(record.attempt) * span_stride;
            Some(record.index.checked_sub(distance).expect("invariant: a client's span comes after its program's"))
        }
    }
}

/// For every site the endpoint in whose program it stands; [`NO_ENDPOINT`] for a shopper's.
fn makers(plan: &Plan) -> Vec<EndpointId> {
    let mut makers = vec![NO_ENDPOINT; plan.sites.len()];
    for (instr, &endpoint) in plan.code.iter().zip(&plan.endpoint_of) {
        if let Instr::Call(site) | Instr::Query(site) = *instr {
            makers[usize::from(site)] = endpoint;
        }
    }
    makers
}

fn server(plan: &Plan, id: EndpointId) -> SpanShape {
    let endpoint = &plan.endpoints[usize::from(id)];
    let service = &plan.services[usize::from(endpoint.service)].name;
    let mut shape = match &endpoint.http {
        Some((method, route)) => http::server(service, method, route),
        None => grpc::server(service, &endpoint.name),
    };
    let declines = |(instr, &of): (&Instr, &EndpointId)| of == id && matches!(instr, Instr::Decline { .. });
    shape.pays = service == "payment" && plan.code.iter().zip(&plan.endpoint_of).any(declines);
    if shape.pays {
        shape.varying.push("payment.result");
    }
    shape.varying.extend(["user.tier", "shop.touch_point"]);
    shape
}

fn client(plan: &Plan, site: &Site) -> SpanShape {
    let wait = Wait(site.timeout);
    match site.target {
        Target::Endpoint(endpoint) => {
            let endpoint = &plan.endpoints[usize::from(endpoint)];
            let service = &plan.services[usize::from(endpoint.service)].name;
            match &endpoint.http {
                Some((method, route)) => http::client(service, method, route, wait),
                None => grpc::client(service, &endpoint.name, wait),
            }
        }
        Target::Statement { statement, .. } => database::client(plan, &plan.statements[usize::from(statement)], wait),
    }
}

impl SpanShape {
    /// A shape whose service is filled in by the caller.
    fn of_protocol(protocol: Protocol, name: String, fixed: Vec<Attribute>, varying: &[&'static str]) -> Self {
        let kind = match protocol {
            Protocol::HttpServer(_) | Protocol::GrpcServer => Kind::Server,
            Protocol::HttpClient(_) | Protocol::GrpcClient(_) | Protocol::Database(_) => Kind::Client,
        };
        Self { service: 0, name, kind, fixed, varying: varying.to_vec(), protocol, pays: false }
    }
}

/// Where a service is reached: its name in the cluster's DNS.
fn service_address(service: &str) -> String {
    format!("{service}.shop")
}

fn text(key: &'static str, value: &str) -> Attribute {
    (key, Value::Text(value.to_owned()))
}

fn int(key: &'static str, value: i64) -> Attribute {
    (key, Value::Int(value))
}
