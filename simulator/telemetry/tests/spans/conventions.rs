//! The convention checker: silent over every shape, and loud over each planted violation.

use crate::shop::{all_traces, plan};
use doorbuster_telemetry::conventions::check;
use doorbuster_telemetry::encode::{Encoder, Place};
use doorbuster_telemetry::record::Batch;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

const PLACE: Place = Place { cell: 0, pass: 0, epoch_unix_ns: 1_760_000_000_000_000_000 };

fn request() -> ExportTraceServiceRequest {
    let plan = plan();
    let spans = all_traces(&plan);
    Encoder::new(&plan, PLACE).request(&Batch { pod: 0, number: 0, at: 0, spans: &spans })
}

/// *Scenario*: every shape of a small shop with every outcome, early and past its timeout, every try.
/// *Guarantees*: no rule is broken.
#[test]
fn every_shape_keeps_the_conventions() {
    let request = request();
    let violations: Vec<String> = check(&request).iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{violations:#?}");
    let plan = plan();
    let seen: std::collections::BTreeSet<u16> = all_traces(&plan).iter().map(|record| record.shape).collect();
    assert_eq!(seen.len(), plan.shapes.len(), "every shape was checked");
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn int(key: &str, value: i64) -> KeyValue {
    KeyValue { value: Some(AnyValue { value: Some(Value::IntValue(value)) }), ..text(key, "") }
}

fn set(span: &mut Span, attribute: KeyValue) {
    remove(span, &attribute.key);
    span.attributes.push(attribute);
}

fn remove(span: &mut Span, key: &str) {
    span.attributes.retain(|attribute| attribute.key != key);
}

fn failed() -> Option<Status> {
    Some(Status { code: 2, message: String::new() })
}

/// The kinds of span that a violation is planted in, by what marks them: a key, or a key and its value.
const HTTP_SERVER: (&str, i32) = ("http.route", 2);
const HTTP_CLIENT: (&str, i32) = ("url.full", 3);
const GRPC_SERVER: (&str, i32) = ("rpc.method", 2);
const GRPC_CLIENT: (&str, i32) = ("rpc.method", 3);
const MYSQL: (&str, i32) = ("db.query.summary", 3);
const MONGODB: (&str, i32) = ("db.system.name=mongodb", 3);
const ELASTICSEARCH: (&str, i32) = ("db.operation.parameter.index", 3);
const OBJECT_STORAGE: (&str, i32) = ("aws.s3.bucket", 3);
const PRODUCER: (&str, i32) = ("messaging.system", 4);
const CONSUMER: (&str, i32) = ("messaging.system", 5);
const ORDER: (&str, i32) = ("order.id", 2);

/// What is planted, where, and a part of what must be said.
type Planted = (&'static str, (&'static str, i32), fn(&mut Span));

const PLANTED: &[Planted] = &[
    ("`http.request.method` is missing", HTTP_SERVER, |span| {
        set(span, text("http.request.method", ""));
    }),
    ("no convention knows this SPAN_KIND_SERVER span", HTTP_SERVER, |span| remove(span, "http.request.method")),
    ("`url.path` is missing", HTTP_SERVER, |span| remove(span, "url.path")),
    ("`url.scheme` is missing", HTTP_SERVER, |span| remove(span, "url.scheme")),
    ("its name is not `POST /api/payment/pay`", HTTP_SERVER, |span| span.name = "POST".to_owned()),
    ("its status is not an error", HTTP_SERVER, |span| set(span, int("http.response.status_code", 502))),
    ("its status is an error", HTTP_SERVER, |span| {
        span.status = failed();
        set(span, text("error.type", "404"));
        set(span, int("http.response.status_code", 404));
    }),
    ("`http.response.status_code` is missing, or no whole number", HTTP_SERVER, |span| {
        set(span, text("http.response.status_code", "200"));
    }),
    ("99 is no status code", HTTP_SERVER, |span| set(span, int("http.response.status_code", 99))),
    ("method `pay` is not known", HTTP_SERVER, |span| set(span, text("http.request.method", "pay"))),
    ("`server.address` without `server.port`", HTTP_SERVER, |span| remove(span, "server.port")),
    ("a server doesn't resend", HTTP_SERVER, |span| set(span, int("http.request.resend_count", 1))),
    ("`user.tier` is missing", HTTP_SERVER, |span| remove(span, "user.tier")),
    ("no convention knows this SPAN_KIND_INTERNAL span", HTTP_SERVER, |span| span.kind = 1),
    ("no convention knows this SPAN_KIND_UNSPECIFIED span", HTTP_SERVER, |span| span.kind = 77),
    ("no convention knows this SPAN_KIND_PRODUCER span", GRPC_CLIENT, |span| span.kind = 4),
    ("`http.method` is deprecated", HTTP_SERVER, |span| set(span, text("http.method", "POST"))),
    ("`url.path` is there twice", HTTP_SERVER, |span| span.attributes.push(text("url.path", "/"))),
    ("it has more than 128 attributes", HTTP_SERVER, |span| {
        (0..130).for_each(|nth| span.attributes.push(int(&format!("filler.{nth}"), nth)));
    }),
    ("`url.path` is longer than 4,096", HTTP_SERVER, |span| set(span, text("url.path", &"/".repeat(5_000)))),
    ("it failed without `error.type`", HTTP_SERVER, |span| span.status = failed()),
    ("it has `error.type` but did not fail", HTTP_SERVER, |span| set(span, text("error.type", "timeout"))),
    ("the status has a description", HTTP_SERVER, |span| {
        span.status = Some(Status { code: 0, message: "fine".to_owned() });
    }),
    ("the status is Ok", HTTP_SERVER, |span| span.status = Some(Status { code: 1, message: String::new() })),
    ("the trace id is not 16 bytes", HTTP_SERVER, |span| span.trace_id.truncate(8)),
    ("the span id is not 8 bytes", HTTP_SERVER, |span| span.span_id = vec![0; 8]),
    ("the parent's id is not 8 bytes", GRPC_SERVER, |span| span.parent_span_id.truncate(3)),
    ("it is its own parent", GRPC_SERVER, |span| span.parent_span_id = span.span_id.clone()),
    ("it ends before it starts", HTTP_SERVER, |span| span.end_time_unix_nano = span.start_time_unix_nano - 1),
    ("it has no start", HTTP_SERVER, |span| span.start_time_unix_nano = 0),
    ("it has no name", HTTP_SERVER, |span| span.name.clear()),
    ("a trace starts with a span that is neither a server's nor a consumer's", MYSQL, |span| {
        span.parent_span_id.clear();
    }),
    ("an exception has neither type nor message", MYSQL, |span| {
        span.events.push(Event { name: "exception".to_owned(), ..Event::default() });
    }),
    ("an event lies outside of its span", MYSQL, |span| span.events.push(Event::default())),
    ("no convention knows the event `oops`", MYSQL, |span| {
        span.events.push(Event { name: "oops".to_owned(), ..Event::default() });
    }),
    ("it has an exception but did not fail", MYSQL, |span| {
        span.events.push(Event { name: "exception".to_owned(), ..Event::default() });
    }),
    ("`url.full` is not absolute", HTTP_CLIENT, |span| set(span, text("url.full", "/v1/charges"))),
    ("`url.full` is a template", HTTP_CLIENT, |span| set(span, text("url.full", "http://a/{id}"))),
    ("`server.port` is missing", HTTP_CLIENT, |span| remove(span, "server.port")),
    ("`http.request.resend_count` is not above zero", HTTP_CLIENT, |span| {
        set(span, int("http.request.resend_count", 0));
    }),
    ("its status is not an error", HTTP_CLIENT, |span| set(span, int("http.response.status_code", 404))),
    ("`rpc.response.status_code` is missing", GRPC_SERVER, |span| remove(span, "rpc.response.status_code")),
    ("`FINE` is no code of gRPC", GRPC_SERVER, |span| set(span, text("rpc.response.status_code", "FINE"))),
    ("its status is not an error", GRPC_SERVER, |span| set(span, text("rpc.response.status_code", "INTERNAL"))),
    ("its status is an error", GRPC_SERVER, |span| {
        span.status = failed();
        set(span, text("error.type", "NOT_FOUND"));
        set(span, text("rpc.response.status_code", "NOT_FOUND"));
    }),
    ("its status is not an error", GRPC_CLIENT, |span| set(span, text("rpc.response.status_code", "NOT_FOUND"))),
    ("`error.type` is not the code", GRPC_CLIENT, |span| {
        span.status = failed();
        set(span, text("error.type", "timeout"));
        set(span, text("rpc.response.status_code", "DEADLINE_EXCEEDED"));
    }),
    ("`rpc.method` is not `package.Service/Method`", GRPC_CLIENT, |span| set(span, text("rpc.method", "Pay"))),
    ("`rpc.system.name` is not `grpc`", GRPC_CLIENT, |span| set(span, text("rpc.system.name", "dubbo"))),
    ("`server.address` is missing", GRPC_CLIENT, |span| remove(span, "server.address")),
    ("`rpc.service` is deprecated", GRPC_CLIENT, |span| set(span, text("rpc.service", "shop.PaymentService"))),
    ("operation or collection were taken from the text", MYSQL, |span| set(span, text("db.operation.name", "SELECT"))),
    ("its name is not `SELECT payments`", MYSQL, |span| span.name = "query".to_owned()),
    ("`db.query.summary` is longer than 255", MYSQL, |span| set(span, text("db.query.summary", &"a".repeat(256)))),
    ("`db.statement` is deprecated", MYSQL, |span| set(span, text("db.statement", "SELECT 1"))),
    ("`db.namespace` is missing", MYSQL, |span| remove(span, "db.namespace")),
    ("`db.system.name` `dbase` is not one of the shop's", MYSQL, |span| set(span, text("db.system.name", "dbase"))),
    ("`db.collection.name` is missing", MONGODB, |span| remove(span, "db.collection.name")),
    ("`db.namespace` is no database index", MONGODB, |span| {
        set(span, text("db.system.name", "redis"));
    }),
    ("its name is not `process order.created`", CONSUMER, |span| span.name = "order.created process".to_owned()),
    ("it has no link to the message's producer", CONSUMER, |span| span.links.clear()),
    ("a link has no trace id of 16 bytes", CONSUMER, |span| span.links[0].trace_id.clear()),
    ("it is linked to itself", CONSUMER, |span| span.links[0].span_id = span.span_id.clone()),
    ("`messaging.operation.type` `receive` is none of a SPAN_KIND_CONSUMER span", CONSUMER, |span| {
        set(span, text("messaging.operation.type", "receive"));
    }),
    ("`messaging.consumer.group.name` is missing", CONSUMER, |span| remove(span, "messaging.consumer.group.name")),
    ("`messaging.destination.partition.id` is missing, or no text", CONSUMER, |span| {
        set(span, int("messaging.destination.partition.id", 3));
    }),
    ("`messaging.batch.message_count` is there", CONSUMER, |span| set(span, int("messaging.batch.message_count", 1))),
    ("`user.tier` is missing", CONSUMER, |span| remove(span, "user.tier")),
    ("`messaging.destination.name` is missing", PRODUCER, |span| remove(span, "messaging.destination.name")),
    ("`messaging.system` is not `kafka`", PRODUCER, |span| set(span, text("messaging.system", "rabbitmq"))),
    ("`server.address` without `server.port`", PRODUCER, |span| remove(span, "server.port")),
    ("a producer has no consumer group", PRODUCER, |span| set(span, text("messaging.consumer.group.name", "a"))),
    ("it has a link, but it is no consumer's", PRODUCER, |span| span.links.push(Link::default())),
    ("no convention knows this SPAN_KIND_CLIENT span", PRODUCER, |span| span.kind = 3),
    ("`messaging.kafka.destination.partition` is deprecated", PRODUCER, |span| {
        set(span, int("messaging.kafka.destination.partition", 0));
    }),
    ("`url.full` is missing", ELASTICSEARCH, |span| remove(span, "url.full")),
    ("`url.full` is not absolute, or a template", ELASTICSEARCH, |span| {
        set(span, text("url.full", "http://index-0.shop:9200/index/_doc/{id}"));
    }),
    ("`db.operation.parameter.index` is not the index", ELASTICSEARCH, |span| {
        set(span, text("db.operation.parameter.index", "other"));
    }),
    ("`db.query.text` is there, though it is no search", ELASTICSEARCH, |span| {
        set(span, text("db.operation.name", "get"));
        set(span, text("db.query.text", "{}"));
    }),
    ("`db.response.status_code` is no text of a status code", ELASTICSEARCH, |span| {
        set(span, int("db.response.status_code", 200));
    }),
    ("its status is not an error", ELASTICSEARCH, |span| set(span, text("db.response.status_code", "429"))),
    ("`error.type` is not the code that came back", ELASTICSEARCH, |span| {
        span.status = failed();
        set(span, text("error.type", "timeout"));
        set(span, text("db.response.status_code", "503"));
    }),
    ("it succeeded without `db.response.status_code`", ELASTICSEARCH, |span| remove(span, "db.response.status_code")),
    ("its name is not `S3.", OBJECT_STORAGE, |span| span.name = "S3/HeadObject".to_owned()),
    ("`aws.s3.bucket` is missing", OBJECT_STORAGE, |span| set(span, text("aws.s3.bucket", ""))),
    ("`rpc.method` is not `Service/Operation`", OBJECT_STORAGE, |span| set(span, text("rpc.method", "HeadObject"))),
    ("`rpc.system` is deprecated", OBJECT_STORAGE, |span| set(span, text("rpc.system", "aws-api"))),
    ("`aws.s3.key` is there, though ListObjectsV2 is not about one object", OBJECT_STORAGE, |span| {
        set(span, text("rpc.method", "S3/ListObjectsV2"));
        set(span, text("aws.s3.key", "a.png"));
    }),
    ("`order.amount` is missing, or no number above zero", ORDER, |span| set(span, text("order.amount", "27"))),
    ("`order.id` is missing", ORDER, |span| remove(span, "order.id")),
];

/// *Scenario*: one violation at a time, some ninety in all, planted in a healthy span of the right kind.
/// *Guarantees*: each is found and named, at the span that has it.
#[test]
fn planted_violations_are_found() {
    let healthy = request();
    for (said, (mark, kind), plant) in PLANTED {
        let mut request = healthy.clone();
        let spans = &mut request.resource_spans[0].scope_spans[0].spans;
        let (key, value) = mark.split_once('=').map_or((*mark, None), |(key, value)| (key, Some(text(key, value))));
        let is_mark = |one: &KeyValue| one.key == key && value.as_ref().is_none_or(|value| one == value);
        let has_mark = |span: &&mut Span| span.attributes.iter().any(is_mark);
        let span = spans.iter_mut().filter(has_mark).find(|span| span.kind == *kind && span.status.is_none());
        let span = span.expect("a healthy span of that kind");
        plant(span);
        let name = span.name.clone();
        let violations = check(&request);
        let found = violations.iter().any(|violation| violation.place == name && violation.what.contains(said));
        assert!(found, "`{said}` was not said of `{name}`: {violations:#?}");
    }
}

/// *Scenario*: resources without each of their attributes in turn, with a deprecated one, with another schema.
/// *Guarantees*: each is found.
#[test]
fn planted_violations_of_resources_are_found() {
    let healthy = request();
    let resource = healthy.resource_spans[0].resource.clone().expect("a resource");
    let said = |request: &ExportTraceServiceRequest, part: &str| {
        check(request).iter().any(|violation| violation.place == "resource" && violation.what.contains(part))
    };
    for attribute in &resource.attributes {
        let mut request = healthy.clone();
        let attributes = &mut request.resource_spans[0].resource.as_mut().expect("a resource").attributes;
        attributes.retain(|other| other.key != attribute.key);
        assert!(said(&request, &format!("`{}` is missing", attribute.key)), "{}", attribute.key);
    }
    let mut request = healthy.clone();
    let attributes = &mut request.resource_spans[0].resource.as_mut().expect("a resource").attributes;
    attributes.push(text("deployment.environment", "production"));
    request.resource_spans[0].schema_url = "https://opentelemetry.io/schemas/1.24.0".to_owned();
    assert!(said(&request, "`deployment.environment` is deprecated"));
    assert!(said(&request, "is not 1.44.0"));
}
