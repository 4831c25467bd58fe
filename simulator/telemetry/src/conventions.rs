//! A checker of OTLP requests against semantic conventions 1.44 and the house's own rules.
//!
//! Owns what is demanded of a span, metric or log record, written from the conventions and not from our shapes, so that one can
//! find the other's mistakes. It knows HTTP, gRPC, Kafka, the databases of the shop and its object storage; a span, metric or event
//! of any other kind is a violation, not a pass. Refuses to judge values that conventions leave free.

mod aws;
mod database;
mod http;
mod logs;
mod messaging;
mod metrics;
mod rpc;

pub use logs::check_logs;
pub use metrics::check_metrics;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use std::fmt;

/// A rule that a span, metric, log record or resource broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Name of the span, metric or event, or `resource`.
    pub place: String,
    /// What is wrong, in words.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Attributes demanded of every resource: the conventions' required ones, and the house's for cost and place.
const RESOURCE: [&str; 14] = [
    "service.name",
    "service.namespace",
    "service.version",
    "service.instance.id",
    "deployment.environment.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.node.name",
    "host.name",
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "team",
    "cost_center",
];

/// Names that 1.44 has renamed or removed, by prefix.
const DEPRECATED: [&str; 26] = [
    "http.method",
    "http.status_code",
    "http.url",
    "http.target",
    "http.scheme",
    "http.flavor",
    "net.",
    "rpc.system",
    "rpc.service",
    "rpc.grpc.",
    "db.system",
    "db.statement",
    "db.name",
    "db.operation",
    "db.sql.table",
    "db.mongodb.collection",
    "db.user",
    "db.instance.id",
    "db.redis.database_index",
    "db.elasticsearch.cluster.name",
    "deployment.environment",
    "messaging.operation",
    "messaging.client_id",
    "messaging.kafka.consumer.group",
    "messaging.kafka.destination.partition",
    "messaging.kafka.message.offset",
];

/// Attributes of a span at most: case study 6.1.
const MOST_ATTRIBUTES: usize = 128;
/// Bytes of an attribute's text at most: case study 6.1.
const LONGEST_TEXT: usize = 4_096;

/// Everything in a request that breaks a rule.
#[must_use]
pub fn check(request: &ExportTraceServiceRequest) -> Vec<Violation> {
    let mut violations = Vec::new();
    for resource_spans in &request.resource_spans {
        let resource = resource_spans.resource.as_ref();
        check_resource(resource, &resource_spans.schema_url, &RESOURCE, &mut violations);
        for scope_spans in &resource_spans.scope_spans {
            for span in &scope_spans.spans {
                let mut seen = Seen { span, found: &mut violations };
                seen.check();
            }
        }
    }
    violations
}

fn check_resource(resource: Option<&Resource>, schema_url: &str, required: &[&str], found: &mut Vec<Violation>) {
    let mut report = |what: String| found.push(Violation { place: "resource".to_owned(), what });
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    for key in required {
        if !attributes.iter().any(|attribute| attribute.key == *key && is_text(attribute)) {
            report(format!("`{key}` is missing"));
        }
    }
    attributes.iter().filter(|attribute| is_deprecated(&attribute.key)).for_each(|attribute| {
        report(format!("`{}` is deprecated", attribute.key));
    });
    if !schema_url.ends_with("/1.44.0") {
        report(format!("schema `{schema_url}` is not 1.44.0"));
    }
}

fn is_text(attribute: &KeyValue) -> bool {
    let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
    matches!(value, Some(Value::StringValue(text)) if !text.is_empty())
}

fn is_id(id: &[u8], bytes: usize) -> bool {
    id.len() == bytes && id.iter().any(|&byte| byte != 0)
}

/// `db.operation` is deprecated, `db.operation.name` is not: an entry is a whole name unless it ends with a dot.
fn is_deprecated(key: &str) -> bool {
    DEPRECATED.iter().any(|old| key == *old || (old.ends_with('.') && key.starts_with(old)))
}

/// One span under the checker's eyes.
struct Seen<'s> {
    span: &'s Span,
    found: &'s mut Vec<Violation>,
}

impl Seen<'_> {
    fn check(&mut self) {
        self.form();
        self.attributes();
        self.status();
        self.exceptions();
        self.root();
        self.links();
        self.order();
        let kind = self.span.kind();
        match kind {
            SpanKind::Server if self.has("rpc.system.name") => rpc::server(self),
            SpanKind::Server if self.has("http.request.method") => http::server(self),
            SpanKind::Client if self.text("rpc.system.name") == Some("aws-api") => aws::client(self),
            SpanKind::Client if self.has("rpc.system.name") => rpc::client(self),
            SpanKind::Client if self.has("db.system.name") => database::client(self),
            SpanKind::Client if self.has("http.request.method") => http::client(self),
            SpanKind::Producer if self.has("messaging.system") => messaging::producer(self),
            SpanKind::Consumer if self.has("messaging.system") => messaging::consumer(self),
            SpanKind::Server
            | SpanKind::Client
            | SpanKind::Unspecified
            | SpanKind::Internal
            | SpanKind::Producer
            | SpanKind::Consumer => self.report(format!("no convention knows this {} span", kind.as_str_name())),
        }
    }

    /// Ids, name and times.
    fn form(&mut self) {
        let Span { trace_id, span_id, parent_span_id, .. } = self.span;
        self.demand(is_id(trace_id, 16), "the trace id is not 16 bytes, or zero");
        self.demand(is_id(span_id, 8), "the span id is not 8 bytes, or zero");
        self.demand(parent_span_id.is_empty() || is_id(parent_span_id, 8), "the parent's id is not 8 bytes, or zero");
        self.demand(parent_span_id != span_id, "it is its own parent");
        self.demand(!self.span.name.is_empty(), "it has no name");
        self.demand(self.span.start_time_unix_nano > 0, "it has no start");
        self.demand(self.span.start_time_unix_nano <= self.span.end_time_unix_nano, "it ends before it starts");
    }

    fn attributes(&mut self) {
        let attributes = &self.span.attributes;
        self.demand(attributes.len() <= MOST_ATTRIBUTES, "it has more than 128 attributes");
        for (nth, attribute) in attributes.iter().enumerate() {
            let key = &attribute.key;
            self.demand(!is_deprecated(key), &format!("`{key}` is deprecated"));
            self.demand(attributes[..nth].iter().all(|other| other.key != *key), &format!("`{key}` is there twice"));
            let fits = self.text(key).is_none_or(|text| text.len() <= LONGEST_TEXT);
            self.demand(fits, &format!("`{key}` is longer than 4,096"));
        }
    }

    /// `error.type` and an error go together; a description without an error is void.
    fn status(&mut self) {
        let status = self.span.status.clone().unwrap_or_default();
        let failed = status.code() == StatusCode::Error;
        self.demand(status.code() != StatusCode::Ok, "the status is Ok, which instrumentations leave to applications");
        self.demand(failed || status.message.is_empty(), "the status has a description but is no error");
        self.demand(!failed || self.text("error.type").is_some(), "it failed without `error.type`");
        self.demand(failed || !self.has("error.type"), "it has `error.type` but did not fail");
    }

    fn exceptions(&mut self) {
        for event in &self.span.events {
            let has = |key: &str| event.attributes.iter().any(|attribute| attribute.key == key && is_text(attribute));
            self.demand(event.name == "exception", &format!("no convention knows the event `{}`", event.name));
            self.demand(has("exception.type") || has("exception.message"), "an exception has neither type nor message");
            let within = self.span.start_time_unix_nano..=self.span.end_time_unix_nano;
            self.demand(within.contains(&event.time_unix_nano), "an event lies outside of its span");
            self.demand(self.failed(), "it has an exception but did not fail");
        }
    }

    /// House rule: a trace starts at the shop's edge or with a message, and says for whom.
    fn root(&mut self) {
        if self.span.parent_span_id.is_empty() {
            let starts = matches!(self.span.kind(), SpanKind::Server | SpanKind::Consumer);
            self.demand(starts, "a trace starts with a span that is neither a server's nor a consumer's");
            self.require_text(&["user.tier", "shop.touch_point"]);
        }
    }

    /// Only messages are linked, and they come from another span.
    fn links(&mut self) {
        let linked = self.span.links.is_empty() || self.span.kind() == SpanKind::Consumer;
        self.demand(linked, "it has a link, but it is no consumer's");
        for link in &self.span.links {
            let good = is_id(&link.trace_id, 16) && is_id(&link.span_id, 8);
            self.demand(good, "a link has no trace id of 16 bytes and span id of 8, or zeros");
            self.demand(link.span_id != self.span.span_id, "it is linked to itself");
        }
    }

    /// House rule: an order has a number and an amount, and says for whom.
    fn order(&mut self) {
        if self.has("order.id") || self.has("order.amount") {
            self.require_text(&["order.id", "user.tier"]);
            let amount = self.value("order.amount");
            let good = matches!(amount, Some(Value::DoubleValue(amount)) if *amount > 0.0);
            self.demand(good, "`order.amount` is missing, or no number above zero");
        }
    }

    fn report(&mut self, what: String) {
        self.found.push(Violation { place: self.span.name.clone(), what });
    }

    fn demand(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.report(otherwise.to_owned());
        }
    }

    fn require_text(&mut self, keys: &[&str]) {
        for key in keys {
            let there = self.text(key).is_some_and(|text| !text.is_empty());
            self.demand(there, &format!("`{key}` is missing, or no text"));
        }
    }

    fn require_int(&mut self, keys: &[&str]) {
        for key in keys {
            self.demand(self.int(key).is_some(), &format!("`{key}` is missing, or no whole number"));
        }
    }

    fn require_name(&mut self, name: &str) {
        self.demand(self.span.name == name, &format!("its name is not `{name}`"));
    }

    fn require_failed(&mut self, failed: bool) {
        let otherwise = if failed { "its status is not an error" } else { "its status is an error" };
        self.demand(self.failed() == failed, otherwise);
    }

    fn failed(&self) -> bool {
        self.span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error)
    }

    fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    fn value(&self, key: &str) -> Option<&Value> {
        let attribute = self.span.attributes.iter().find(|attribute| attribute.key == key)?;
        attribute.value.as_ref()?.value.as_ref()
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::StringValue(text) => Some(text),
            _ => None,
        }
    }

    fn int(&self, key: &str) -> Option<i64> {
        match self.value(key)? {
            Value::IntValue(number) => Some(*number),
            _ => None,
        }
    }
}
