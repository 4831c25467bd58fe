//! Span shapes: what a span looks like under OpenTelemetry's semantic conventions 1.44.
//!
//! Owns, for every shape of a plan, its name, kind and fixed attributes, and what a record adds to them: the
//! rest of the attributes, the status, the exception. Refuses times, ids and resources. Both clocks take
//! names and keys from here, so that the shop looks the same under both.
//!
//! Three rules hold for all protocols. `error.type` is there if and only if the status is an error; where the conventions
//! don't say otherwise its value is the outcome's name. An exception is told once, where it was raised (a wait that ended here, a
//! connection that was refused or broke off here, an error that a store answered with), not by every span that it passed.
//! The root of a trace carries `user.tier` and `shop.touch_point`.

mod database;
mod elasticsearch;
mod grpc;
mod http;
mod messaging;
mod object_storage;
mod orders;
mod query;

pub(crate) use grpc::method;
pub(crate) use messaging::group;

use crate::record::{SpanRecord, TraceWord};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{
    EndpointId, Instr, NO_ENDPOINT, ORIGIN_SHIFT, Plan, ServiceId, Shape, Site, SiteId, Target,
};
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
    /// A number with two decimals, kept in hundredths so that values compare exactly; exported as a double.
    Hundredths(i64),
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
    /// It publishes a message.
    Producer,
    /// It processes a message.
    Consumer,
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

/// Nobody listens where a connection was asked for.
const REFUSED: Exception = Exception { kind: "std::io::Error", message: "Connection refused (os error 111)" };
/// Whoever was asked went down meanwhile.
const BROKE_OFF: Exception = Exception { kind: "std::io::Error", message: "Connection reset by peer (os error 104)" };
/// A wait for a connection that ended without one, as the live services' pool says it.
const NO_CONNECTION: Exception = Exception {
    kind: "deadpool::managed::PoolError",
    message: "Timeout occurred while waiting for a slot to become available",
};
/// A program that failed by itself.
const FAILURE: Exception = Exception { kind: "shop::Failure", message: "the request could not be handled" };
/// A program that wanted to ask somebody, which its breaker did not let it.
const BREAKER_OPEN: Exception = Exception { kind: "shop::CircuitOpen", message: "the circuit breaker is open" };

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

impl Varying {
    /// An error by its outcome's name, described by the exception that was raised here, if one was.
    fn failed(mut attributes: Vec<Attribute>, outcome: Outcome, exception: Option<Exception>) -> Self {
        attributes.push(text("error.type", outcome.name()));
        let status = Status::Error(exception.map_or("", |raised| raised.message));
        Self { attributes, status, exception }
    }
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
    /// What its failures are held against; `None` for spans that ask nobody.
    pub(crate) wait: Option<Wait>,
    /// Whether it says `payment.result`.
    pays: bool,
    /// Whether it says which order it is about, and so for whom.
    pub(crate) tells_order: bool,
    /// Failures that no part of the program can have been told by others.
    own: OwnFailures,
}

/// Which outcomes of a program are its own, whatever the record: nobody whom it asks can answer with them.
#[derive(Clone, Copy, Debug, Default)]
struct OwnFailures {
    error: bool,
    circuit_open: bool,
}

/// How a record's outcome is told.
#[derive(Clone, Debug)]
enum Protocol {
    HttpServer(http::Server),
    HttpClient(http::Client),
    GrpcServer,
    GrpcClient(Wait),
    Database(database::Client),
    Elasticsearch(elasticsearch::Client),
    ObjectStorage(object_storage::Client),
    Producer(messaging::Producer),
    Consumer(messaging::Process),
}

/// What tells a failure at a site itself from one that it was told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// How long it waits for an answer; `None` for no limit.
    limit: Option<Ticks>,
    /// Way there and back: whoever is down refuses within it, and who answers that somebody else is down takes longer.
    there_and_back: Ticks,
    /// Whether whoever is asked asks nobody in turn.
    is_last: bool,
}

impl Wait {
    /// Whether a failure is this site's own timeout, and not one that its callee reported: only then did it wait to the end.
    fn ended(self, outcome: Outcome, record: &SpanRecord) -> bool {
        outcome == Outcome::Timeout && self.reaches_limit(record.duration)
    }

    fn reaches_limit(self, duration: u32) -> bool {
        self.limit.is_some_and(|limit| u64::from(duration) >= limit)
    }

    fn is_at_once(self, duration: u32) -> bool {
        u64::from(duration) <= self.there_and_back
    }

    /// All that a duration can change in what a failure is told as: one of four numbers.
    pub(crate) fn side(self, duration: u32) -> u8 {
        u8::from(self.reaches_limit(duration)) | u8::from(self.is_at_once(duration)) << 1
    }

    /// The exception of a call that failed at this site.
    fn raised_by_call(self, outcome: Outcome, record: &SpanRecord) -> Option<Exception> {
        match outcome {
            Outcome::Unavailable if self.is_at_once(record.duration) => Some(REFUSED),
            Outcome::Unavailable if self.is_last => Some(BROKE_OFF),
            _ => self.ended(outcome, record).then_some(DEADLINE),
        }
    }

    /// The same for a statement or message, which may lack a connection.
    fn raised(self, outcome: Outcome, record: &SpanRecord) -> Option<Exception> {
        if outcome == Outcome::PoolTimeout { Some(NO_CONNECTION) } else { self.raised_by_call(outcome, record) }
    }
}

/// The shapes of a plan.
#[derive(Clone, Debug)]
pub struct Shapes {
    shapes: Vec<SpanShape>,
    tiers: Vec<String>,
    touch_points: Vec<String>,
    orders: orders::Orders,
}

impl Shapes {
    /// The shapes of a plan, by its numbers, as the first cell's records fill them.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self::of_cell(plan, 0)
    }

    /// The same for the records of another cell, whose orders have other numbers.
    #[must_use]
    pub fn of_cell(plan: &Plan, cell: u16) -> Self {
        let makers = makers(plan);
        let sites = sites(plan, &makers);
        let shapes = plan.shapes.iter().map(|&shape| SpanShape::new(plan, &makers, &sites, shape)).collect();
        let names = |shares: &[(String, u64)]| shares.iter().map(|share| share.0.clone()).collect();
        let orders = orders::Orders::new(plan.seed, cell);
        Self { shapes, tiers: names(&plan.tiers), touch_points: names(&plan.touch_points), orders }
    }

    /// All of them, by the plan's numbers.
    #[must_use]
    pub fn all(&self) -> &[SpanShape] {
        &self.shapes
    }

    /// `order.amount` of a record's order, in hundredths.
    pub(crate) fn order_hundredths(&self, record: &SpanRecord) -> i64 {
        self.orders.hundredths(trace_of_shopper(record))
    }

    /// The shape of a record.
    #[must_use]
    pub fn of(&self, record: &SpanRecord) -> &SpanShape {
        &self.shapes[usize::from(record.shape)]
    }

    /// What a record adds to its shape.
    #[must_use]
    pub fn varying(&self, record: &SpanRecord) -> Varying {
        let shape = self.of(record);
        let trace = TraceWord(record.trace);
        let mut varying = shape.varying(record);
        if record.index == 0 {
            let touch_point = &self.touch_points[usize::from(trace.touch_point())];
            varying.attributes.push(text("shop.touch_point", touch_point));
        }
        if record.index == 0 || shape.tells_order {
            varying.attributes.push(text("user.tier", &self.tiers[usize::from(trace.tier())]));
        }
        if shape.tells_order {
            varying.attributes.extend(self.orders.attributes(record));
        }
        varying
    }
}

impl SpanShape {
    fn new(plan: &Plan, makers: &[EndpointId], sites: &[Vec<SiteId>], shape: Shape) -> Self {
        let (maker, mut shape) = match shape {
            Shape::Server(endpoint) => (endpoint, server(plan, sites, endpoint)),
            Shape::Client(site) | Shape::Statement(site) => {
                (makers[usize::from(site)], client(plan, sites, &plan.sites[usize::from(site)]))
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
            Protocol::Elasticsearch(client) => client.varying(outcome, record),
            Protocol::ObjectStorage(client) => client.varying(outcome, record),
            Protocol::Producer(producer) => producer.varying(outcome, record),
            Protocol::Consumer(consumer) => consumer.varying(outcome, record),
        };
        if let Some(raised) = self.own.raised(outcome) {
            varying.exception = Some(raised);
            varying.status = Status::Error(raised.message);
        }
        if self.pays && outcome.answered() {
            let result = if outcome == Outcome::Ok { "approved" } else { "declined" };
            varying.attributes.push(text("payment.result", result));
        }
        varying
    }
}

impl OwnFailures {
    fn raised(self, outcome: Outcome) -> Option<Exception> {
        match outcome {
            Outcome::Error if self.error => Some(FAILURE),
            Outcome::CircuitOpen if self.circuit_open => Some(BREAKER_OPEN),
            _ => None,
        }
    }

    /// A program that asks nobody fails by itself; a breaker is the program's own if none is below it.
    fn of(plan: &Plan, sites: &[Vec<SiteId>], id: EndpointId) -> Self {
        let has_breaker = |site: &SiteId| plan.sites[usize::from(*site)].breaker.is_some();
        let own = &sites[usize::from(id)];
        let called = own.iter().filter_map(|site| match plan.sites[usize::from(*site)].target {
            Target::Endpoint(endpoint) => Some(endpoint),
            Target::Statement { .. } => None,
        });
        let below = reached(plan, sites, called.collect());
        let told = below.iter().any(|endpoint| sites[usize::from(*endpoint)].iter().any(has_breaker));
        Self { error: own.is_empty(), circuit_open: own.iter().any(has_breaker) && !told }
    }
}

/// The endpoints that calls of these lead to, themselves included. No endpoint is below itself.
fn reached(plan: &Plan, sites: &[Vec<SiteId>], mut from: Vec<EndpointId>) -> Vec<EndpointId> {
    let mut next = 0;
    while let Some(&endpoint) = from.get(next) {
        for site in &sites[usize::from(endpoint)] {
            if let Target::Endpoint(callee) = plan.sites[usize::from(*site)].target
                && !from.contains(&callee)
            {
                from.push(callee);
            }
        }
        next += 1;
    }
    from
}

/// Number of the shopper's trace that a record's is, or that its message came from.
#[inline]
pub(crate) fn trace_of_shopper(record: &SpanRecord) -> u64 {
    TraceWord(record.trace).sequence() & ((1 << ORIGIN_SHIFT) - 1)
}

/// Index of the parent of a record's span in its trace; `None` for the root.
#[must_use]
pub fn parent_index(plan: &Plan, record: &SpanRecord) -> Option<u32> {
    Parent::of(plan, plan.shapes[usize::from(record.shape)]).index(record)
}

/// Where the parent of a span lies, counted back from it.
///
/// A server's span follows its caller's; a client's lies at its site's offset from the span of the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parent {
    offset: u32,
    /// For every try.
    stride: u32,
    may_lack: bool,
}

impl Parent {
    pub(crate) fn of(plan: &Plan, shape: Shape) -> Self {
        match shape {
            Shape::Server(_) => Self { offset: 1, stride: 0, may_lack: true },
            Shape::Client(site) | Shape::Statement(site) => {
                let Site { span_offset, span_stride, .. } = plan.sites[usize::from(site)];
                Self { offset: span_offset, stride: span_stride, may_lack: false }
            }
        }
    }

    #[inline]
    pub(crate) fn index(self, record: &SpanRecord) -> Option<u32> {
        let index = record.index.checked_sub(self.offset + u32::from(record.attempt) * self.stride);
        assert!(index.is_some() || self.may_lack, "invariant: a client's span comes after its program's");
        index
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

/// For every endpoint the sites of its program.
fn sites(plan: &Plan, makers: &[EndpointId]) -> Vec<Vec<SiteId>> {
    let mut sites = vec![Vec::new(); plan.endpoints.len()];
    for (site, &maker) in makers.iter().enumerate() {
        if maker != NO_ENDPOINT {
            sites[usize::from(maker)].push(site as SiteId);
        }
    }
    sites
}

fn server(plan: &Plan, sites: &[Vec<SiteId>], id: EndpointId) -> SpanShape {
    let endpoint = &plan.endpoints[usize::from(id)];
    let service = &plan.services[usize::from(endpoint.service)].name;
    let mut shape = match (endpoint.consumes, &endpoint.http) {
        (Some(consumer), _) => messaging::consumer(plan, service, &plan.consumers[usize::from(consumer)]),
        (None, Some((method, route))) => http::server(service, method, route),
        (None, None) => grpc::server(service, &endpoint.name),
    };
    shape.own = OwnFailures::of(plan, sites, id);
    shape.tells_order = orders::tells_order(plan, endpoint);
    if shape.tells_order {
        shape.varying.extend(orders::KEYS);
    }
    let declines = |(instr, &of): (&Instr, &EndpointId)| of == id && matches!(instr, Instr::Decline { .. });
    shape.pays = service == "payment" && plan.code.iter().zip(&plan.endpoint_of).any(declines);
    if shape.pays {
        shape.varying.push("payment.result");
    }
    shape.varying.extend(["user.tier", "shop.touch_point"]);
    shape
}

fn client(plan: &Plan, sites: &[Vec<SiteId>], site: &Site) -> SpanShape {
    let is_last = match site.target {
        Target::Endpoint(endpoint) => sites[usize::from(endpoint)].is_empty(),
        Target::Statement { .. } => true,
    };
    let wait = Wait { limit: site.timeout, there_and_back: 2 * plan.hop, is_last };
    let mut shape = match site.target {
        Target::Endpoint(endpoint) => {
            let endpoint = &plan.endpoints[usize::from(endpoint)];
            let service = &plan.services[usize::from(endpoint.service)].name;
            match &endpoint.http {
                Some((method, route)) => http::client(service, method, route, wait),
                None => grpc::client(service, &endpoint.name, wait),
            }
        }
        Target::Statement { statement, .. } => database::client(plan, &plan.statements[usize::from(statement)], wait),
    };
    shape.wait = Some(wait);
    shape
}

impl SpanShape {
    /// A shape whose service is filled in by the caller.
    fn of_protocol(protocol: Protocol, name: String, fixed: Vec<Attribute>, varying: &[&'static str]) -> Self {
        let kind = match protocol {
            Protocol::HttpServer(_) | Protocol::GrpcServer => Kind::Server,
            Protocol::HttpClient(_)
            | Protocol::GrpcClient(_)
            | Protocol::Database(_)
            | Protocol::Elasticsearch(_)
            | Protocol::ObjectStorage(_) => Kind::Client,
            Protocol::Producer(_) => Kind::Producer,
            Protocol::Consumer(_) => Kind::Consumer,
        };
        Self {
            service: 0,
            name,
            kind,
            fixed,
            varying: varying.to_vec(),
            protocol,
            wait: None,
            pays: false,
            tells_order: false,
            own: OwnFailures::default(),
        }
    }

    /// The name of the event that an exception of such a span is: `docs/http/http-exceptions.md` and its like of 1.44.
    #[must_use]
    pub const fn exception_event(&self) -> &'static str {
        match self.protocol {
            Protocol::HttpServer(_) => "http.server.request.exception",
            Protocol::HttpClient(_) => "http.client.request.exception",
            Protocol::GrpcServer => "rpc.server.call.exception",
            Protocol::GrpcClient(_) | Protocol::ObjectStorage(_) => "rpc.client.call.exception",
            Protocol::Database(_) | Protocol::Elasticsearch(_) => "db.client.operation.exception",
            Protocol::Producer(_) => "messaging.send.exception",
            Protocol::Consumer(_) => "messaging.process.exception",
        }
    }
}

/// Where a service is reached: its name in the cluster's DNS.
pub(crate) fn service_address(service: &str) -> String {
    format!("{service}.shop")
}

fn text(key: &'static str, value: &str) -> Attribute {
    (key, Value::Text(value.to_owned()))
}

fn int(key: &'static str, value: i64) -> Attribute {
    (key, Value::Int(value))
}
