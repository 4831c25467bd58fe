//! What spans look like: names, attributes, status and exceptions, shape by shape.

use crate::shop::{AT_ONCE, LONG, SHORT, all_traces, endpoint, plan, trace};
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

/// *Scenario*: what is down, or became so, or is said to be by who was asked: calls over HTTP and gRPC, statements, messages.
/// *Guarantees*: whoever reaches nobody has the exception and no code of an answer; whoever was told by an answer has the code alone.
#[test]
fn who_is_down_is_told_where_it_was_seen() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let seen = |root: &str, name: &str, kind: Kind, duration: u32| {
        let spans = trace(&plan, endpoint(&plan, "gateway", root), 0, Outcome::Unavailable, duration);
        let varying = shapes.varying(&span(&plan, &shapes, &spans, name, kind));
        let of = |key: &str| varying.attributes.iter().find(|one| one.0 == key).map(|one| one.1.clone());
        let code = of("http.response.status_code").or(of("rpc.response.status_code"));
        (
            varying.exception.map(|raised| raised.message.split(' ').take(2).collect::<Vec<_>>().join(" ")),
            code,
            of("error.type"),
        )
    };
    let (refused, reset) = (Some("Connection refused".to_owned()), Some("Connection reset".to_owned()));
    let code = |number: i64| Some(Value::Int(number));
    let words = |words: &str| Some(Value::Text(words.to_owned()));
    let down = words("unavailable");
    // The banner asks nobody: only its own pod can be down.
    let banner = |duration| seen("product", "GET /api/banner/{place}", Kind::Client, duration);
    assert_eq!(banner(AT_ONCE), (refused.clone(), None, down.clone()));
    assert_eq!(banner(SHORT), (reset.clone(), None, down.clone()));
    // The service of payments asks stores: it may answer that one of them is down.
    let pay = |duration| seen("pay", "shop.PaymentService/Pay", Kind::Client, duration);
    assert_eq!(pay(AT_ONCE), (refused.clone(), words("UNAVAILABLE"), words("UNAVAILABLE")));
    assert_eq!(pay(SHORT), (None, words("UNAVAILABLE"), words("UNAVAILABLE")));
    assert_eq!(seen("pay", "SELECT payments", Kind::Client, AT_ONCE), (refused.clone(), None, down.clone()));
    assert_eq!(seen("pay", "SELECT payments", Kind::Client, SHORT), (reset.clone(), None, down.clone()));
    assert_eq!(seen("pay", "POST /v1/charges/{id}", Kind::Client, SHORT), (reset.clone(), None, down.clone()));
    assert_eq!(seen("create_order", "send order.created", Kind::Producer, SHORT), (reset.clone(), None, down.clone()));
    assert_eq!(seen("create_order", "S3.PutObject", Kind::Client, AT_ONCE), (refused, None, down.clone()));
    assert_eq!(seen("pay", "POST /api/payment/pay", Kind::Server, SHORT), (None, code(503), down));
}

/// *Scenario*: a program that asks nobody and one that asks others, failed; programs with and without a breaker of their own, whose breaker is open.
/// *Guarantees*: the exception is told where nobody else can have raised it, and nowhere else.
#[test]
fn own_failures_are_told() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let raised = |service: &str, name: &str, outcome: Outcome| {
        let spans = trace(&plan, endpoint(&plan, service, name), 0, outcome, SHORT);
        shapes.varying(&spans[0]).exception.map(|raised| raised.kind)
    };
    assert_eq!(raised("gateway", "banner", Outcome::Error), Some("shop::Failure"));
    assert_eq!(raised("logistics", "plan", Outcome::Error), Some("shop::Failure"));
    assert_eq!(raised("gateway", "pay", Outcome::Error), None);
    assert_eq!(raised("order", "create", Outcome::CircuitOpen), Some("shop::CircuitOpen"));
    assert_eq!(raised("gateway", "create_order", Outcome::CircuitOpen), None);
    assert_eq!(raised("gateway", "banner", Outcome::CircuitOpen), None);
}

/// *Scenario*: requests to Elasticsearch and object storage, and an error that they answer with.
/// *Guarantees*: codes, URLs, keys and bodies are those of the request; searches alone tell their body.
#[test]
fn requests_to_stores_are_told() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let all = |root: &str, name: &str, outcome: Outcome| {
        let spans = trace(&plan, endpoint(&plan, "gateway", root), 42, outcome, SHORT);
        let record = span(&plan, &shapes, &spans, name, Kind::Client);
        let varying = shapes.varying(&record).attributes;
        let fixed = shapes.of(&record).fixed.clone();
        fixed.into_iter().chain(varying).collect::<BTreeMap<&str, Value>>()
    };
    let said = |all: &BTreeMap<&str, Value>, key: &str| match all.get(key) {
        Some(Value::Text(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    let search = all("product", "search index", Outcome::Ok);
    assert_eq!(said(&search, "url.full"), "http://index-1.shop:9200/index/_search");
    assert_eq!(said(&search, "db.query.text"), r#"{"query":{"match":{"title":"?"}}}"#);
    assert_eq!(said(&search, "db.response.status_code"), "200");
    let document = all("product", "get products", Outcome::Ok);
    assert_eq!(said(&document, "url.full"), "http://index-1.shop:9200/products/_doc/42");
    assert_eq!(said(&document, "db.operation.parameter.id"), "42");
    let put = all("create_order", "index orders", Outcome::Ok);
    assert_eq!(
        (said(&put, "db.response.status_code"), said(&put, "db.query.text")),
        ("201".to_owned(), "None".to_owned())
    );
    let failed = all("product", "search index", Outcome::Error);
    assert_eq!(
        (said(&failed, "db.response.status_code"), said(&failed, "error.type")),
        ("500".to_owned(), "500".to_owned())
    );
    let object = all("create_order", "S3.PutObject", Outcome::Ok);
    assert_eq!(said(&object, "rpc.method"), "S3/PutObject");
    assert_eq!(
        (said(&object, "aws.s3.bucket"), said(&object, "aws.s3.key")),
        ("receipts".to_owned(), "42.pdf".to_owned())
    );
    let pictures = all("product", "S3.HeadObject", Outcome::Ok);
    assert_eq!(
        (said(&pictures, "aws.s3.bucket"), said(&pictures, "aws.s3.key")),
        ("pictures".to_owned(), "None".to_owned())
    );
}

/// *Scenario*: a trace of an order's creation and one of a product's page.
/// *Guarantees*: the tier is on the edge's span and on servers' that tell the order, as the baggage processor copies it; nowhere else.
#[test]
fn baggage_is_copied_where_it_is_looked_for() {
    let plan = plan();
    let shapes = Shapes::new(&plan);
    let with_tier = |root: &str| {
        let spans = trace(&plan, endpoint(&plan, "gateway", root), 1, Outcome::Ok, SHORT);
        let tells = |record: &&SpanRecord| shapes.varying(record).attributes.iter().any(|one| one.0 == "user.tier");
        spans.iter().filter(tells).map(|record| shapes.of(record).name.clone()).collect::<Vec<String>>()
    };
    assert_eq!(with_tier("create_order"), ["POST /api/order/create", "shop.OrderService/Create"]);
    assert_eq!(with_tier("product"), ["GET /api/product/{id}"]);
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
