//! What spans look like: names, attributes, status and exceptions, shape by shape.

use crate::shop::{LONG, SHORT, all_traces, endpoint, plan, trace};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::Plan;
use doorbuster_telemetry::record::SpanRecord;
use doorbuster_telemetry::shapes::{Attribute, Kind, Shapes, Status, Value, parent_index};
use std::collections::{BTreeMap, BTreeSet};

fn text(key: &'static str, value: &str) -> Attribute {
    (key, Value::Text(value.to_owned()))
}

/// The one span of that name among the first tries of a trace.
fn span(plan: &Plan, shapes: &Shapes, spans: &[SpanRecord], name: &str, kind: Kind) -> SpanRecord {
    let is = |record: &&SpanRecord| shapes.of(record).name == name && shapes.of(record).kind == kind;
    let found = spans.iter().filter(is).min_by_key(|record| record.index);
    *found.unwrap_or_else(|| panic!("no {kind:?} span `{name}` in `{}`", plan.name))
}

/// *Scenario*: every shape of a shop with HTTP, gRPC, messages, every kind of database, object storage and a provider.
/// *Guarantees*: names and kinds are those that the conventions ask for; each shape belongs to the service that makes it.
#[test]
fn names_follow_the_conventions() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let looks: BTreeSet<(&str, &str, &str)> = shapes
        .all()
        .iter()
        .map(|shape| {
            let kind = match shape.kind {
                Kind::Server => "server",
                Kind::Client => "client",
                Kind::Producer => "producer",
                Kind::Consumer => "consumer",
            };
            (plan.services[usize::from(shape.service)].name.as_str(), kind, shape.name.as_str())
        })
        .collect();
    let expected = [
        ("gateway", "client", "GET /api/banner/{place}"),
        ("gateway", "client", "index orders"),
        ("gateway", "client", "shop.OrderService/Create"),
        ("gateway", "client", "shop.PaymentService/Pay"),
        ("gateway", "client", "shop.ProductService/Detail"),
        ("gateway", "server", "GET /api/banner/{place}"),
        ("gateway", "server", "GET /api/product/{id}"),
        ("gateway", "server", "POST /api/order/create"),
        ("gateway", "server", "POST /api/payment/pay"),
        ("logistics", "consumer", "process order.created"),
        ("order", "client", "S3.PutObject"),
        ("order", "client", "SELECT payments"),
        ("order", "consumer", "process order.created"),
        ("order", "producer", "send delivery.planned"),
        ("order", "producer", "send order.created"),
        ("order", "server", "shop.OrderService/Create"),
        ("payment", "client", "POST /v1/charges/{id}"),
        ("payment", "client", "SELECT payments"),
        ("payment", "server", "shop.PaymentService/Pay"),
        ("product", "client", "GET"),
        ("product", "client", "S3.HeadObject"),
        ("product", "client", "SETEX"),
        ("product", "client", "find products"),
        ("product", "client", "get products"),
        ("product", "client", "search index"),
        ("product", "server", "shop.ProductService/Detail"),
    ];
    assert_eq!(looks, BTreeSet::from(expected));
}

/// *Scenario*: every shape with every outcome, early and past its timeout, first and further tries.
/// *Guarantees*: a record adds only attributes that the shape declares as varying, and none that is fixed; each declared one does occur.
#[test]
fn varying_attributes_are_declared() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let mut unseen: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    let records = all_traces(&plan);
    for record in &records {
        let shape = shapes.of(record);
        let unseen = unseen.entry(record.shape).or_insert_with(|| shape.varying.iter().copied().collect());
        for (key, _) in shapes.varying(record).attributes {
            assert!(shape.varying.contains(&key), "`{}` adds `{key}`", shape.name);
            assert!(shape.fixed.iter().all(|fixed| fixed.0 != key), "`{}` has `{key}` twice", shape.name);
            unseen.remove(key);
        }
    }
    for (shape, mut unseen) in unseen {
        // Only a route that is the shop's edge is ever a root, and only a site with retries resends.
        unseen.retain(|key| !["user.tier", "shop.touch_point", "http.request.resend_count"].contains(key));
        assert!(unseen.is_empty(), "`{}` never has {unseen:?}", shapes.all()[usize::from(shape)].name);
    }
}

/// *Scenario*: a payment trace with each outcome.
/// *Guarantees*: HTTP and gRPC servers tell the outcome by code and status as settled; `payment.result` is said by the payment service alone.
#[test]
fn servers_tell_their_outcome() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let pay = endpoint(&plan, "gateway", "pay");
    let expected = [
        (Outcome::Ok, 200, "OK", false, Some("approved")),
        (Outcome::Declined, 200, "OK", false, Some("declined")),
        (Outcome::Timeout, 504, "DEADLINE_EXCEEDED", true, None),
        (Outcome::Refused, 503, "UNAVAILABLE", true, None),
        (Outcome::PoolTimeout, 503, "UNAVAILABLE", true, None),
        (Outcome::Error, 500, "INTERNAL", true, None),
        (Outcome::Cancelled, 499, "CANCELLED", false, None),
    ];
    for (outcome, http, grpc, failed, result) in expected {
        let spans = trace(&plan, pay, 0, outcome, SHORT);
        let edge = shapes.varying(&span(&plan, &shapes, &spans, "POST /api/payment/pay", Kind::Server));
        let inner = shapes.varying(&span(&plan, &shapes, &spans, "shop.PaymentService/Pay", Kind::Server));
        assert!(edge.attributes.contains(&("http.response.status_code", Value::Int(http))), "{outcome:?}: {edge:?}");
        assert!(inner.attributes.contains(&text("rpc.response.status_code", grpc)), "{outcome:?}: {inner:?}");
        assert_eq!(edge.status, if failed { Status::Error("") } else { Status::Unset }, "{outcome:?}");
        assert_eq!(edge.status, inner.status, "{outcome:?}");
        let said = |attributes: &[Attribute]| attributes.iter().find(|one| one.0 == "payment.result").cloned();
        assert_eq!(said(&inner.attributes), result.map(|result| text("payment.result", result)), "{outcome:?}");
        assert_eq!(said(&edge.attributes), None);
    }
}

/// *Scenario*: a timeout that a statement ran into, told upwards by everyone who had asked; then one at every level.
/// *Guarantees*: who waited to the end has the exception, and its message as description; who was told has only the code.
#[test]
fn an_exception_is_told_where_it_was_raised() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let pay = endpoint(&plan, "gateway", "pay");
    for (duration, raised) in [(SHORT, false), (LONG, true)] {
        let spans = trace(&plan, pay, 0, Outcome::Timeout, duration);
        for name in ["shop.PaymentService/Pay", "SELECT payments", "POST /v1/charges/{id}"] {
            let client = shapes.varying(&span(&plan, &shapes, &spans, name, Kind::Client));
            assert_eq!(client.exception.is_some(), raised, "`{name}`");
            let description = client.exception.map_or("", |exception| exception.message);
            assert_eq!(client.status, Status::Error(description), "`{name}`");
        }
        let provider = shapes.varying(&span(&plan, &shapes, &spans, "POST /v1/charges/{id}", Kind::Client));
        let answered = provider.attributes.iter().any(|attribute| attribute.0 == "http.response.status_code");
        assert_eq!(answered, !raised, "a code came back only if an answer did");
        let server = shapes.varying(&span(&plan, &shapes, &spans, "shop.PaymentService/Pay", Kind::Server));
        assert_eq!(server.exception, None);
    }
    let spans = trace(&plan, pay, 0, Outcome::PoolTimeout, SHORT);
    let statement = shapes.varying(&span(&plan, &shapes, &spans, "SELECT payments", Kind::Client));
    assert_eq!(statement.exception.map(|exception| exception.kind), Some("deadpool::managed::PoolError"));
    let call = shapes.varying(&span(&plan, &shapes, &spans, "shop.PaymentService/Pay", Kind::Client));
    assert_eq!(call.exception, None);
}

/// *Scenario*: calls and statements whose caller went away.
/// *Guarantees*: no error at an HTTP client and at servers; an error at gRPC clients and databases, which know no such exemption.
#[test]
fn cancellation_follows_each_protocol() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let pay = trace(&plan, endpoint(&plan, "gateway", "pay"), 0, Outcome::Cancelled, SHORT);
    let product = trace(&plan, endpoint(&plan, "gateway", "product"), 0, Outcome::Cancelled, SHORT);
    let status =
        |spans: &[SpanRecord], name: &str| shapes.varying(&span(&plan, &shapes, spans, name, Kind::Client)).status;
    assert_eq!(status(&product, "GET /api/banner/{place}"), Status::Unset);
    assert_eq!(status(&pay, "POST /v1/charges/{id}"), Status::Unset);
    assert_eq!(status(&pay, "shop.PaymentService/Pay"), Status::Error(""));
    assert_eq!(status(&pay, "SELECT payments"), Status::Error(""));
}

/// *Scenario*: the second and third try of a call over HTTP; a statement on the third shard; a route with a placeholder.
/// *Guarantees*: tries are counted from the second on, the shard's host is named, and paths hold the trace's number.
#[test]
fn tries_shards_and_paths_are_told() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let spans = trace(&plan, endpoint(&plan, "gateway", "product"), 42, Outcome::Ok, SHORT);
    let is_banner = |record: &&SpanRecord| {
        shapes.of(record).name == "GET /api/banner/{place}" && shapes.of(record).kind == Kind::Client
    };
    let tries: Vec<Option<Value>> = spans
        .iter()
        .filter(is_banner)
        .map(|record| shapes.varying(record).attributes)
        .map(|attributes| attributes.into_iter().find(|one| one.0 == "http.request.resend_count").map(|one| one.1))
        .collect();
    assert_eq!(tries, [None, Some(Value::Int(1)), Some(Value::Int(2))]);
    let edge = shapes.varying(&spans[0]);
    assert!(edge.attributes.contains(&text("url.path", "/api/product/42")), "{edge:?}");
    let mut statement = span(&plan, &shapes, &spans, "GET", Kind::Client);
    statement.shard = 1;
    assert!(shapes.varying(&statement).attributes.contains(&text("server.address", "cache-1.shop")));
}

/// *Scenario*: every span of every static tree.
/// *Guarantees*: each has a parent in its trace that is a server for clients and the asking client for servers; only index 0 has none.
#[test]
fn parents_follow_from_index_and_attempt() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    for name in ["pay", "product"] {
        let spans = trace(&plan, endpoint(&plan, "gateway", name), 0, Outcome::Ok, SHORT);
        let by_index: BTreeMap<u32, &SpanRecord> = spans.iter().map(|record| (record.index, record)).collect();
        assert_eq!(by_index.len(), spans.len(), "indices of a trace differ");
        for record in &spans {
            let Some(parent) = parent_index(&plan, record) else {
                assert_eq!(record.index, 0);
                continue;
            };
            let (mine, parent) = (shapes.of(record), shapes.of(by_index[&parent]));
            assert_ne!(mine.kind, parent.kind, "`{}` below `{}`", mine.name, parent.name);
            if matches!(mine.kind, Kind::Client | Kind::Producer) {
                assert_eq!(mine.service, parent.service, "`{}` below `{}`", mine.name, parent.name);
            }
        }
    }
}
