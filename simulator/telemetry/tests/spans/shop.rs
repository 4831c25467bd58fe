//! A small shop with every kind of store and span, and traces of it that hold every span a call can make.

use doorbuster_model::compile::compile;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Consumer, EndpointId, Instr, ORIGIN_SHIFT, Plan, SiteId, Target};
use doorbuster_telemetry::record::{SpanRecord, TraceWord};
use serde_json::json;
use std::collections::BTreeSet;

/// Ticks that a span lasts whose callee is down: less than the way there and back.
pub(crate) const AT_ONCE: u32 = 10;
/// Ticks that a span lasts: more than the way there and back, below every timeout of the shop.
pub(crate) const SHORT: u32 = 10_000;
/// Ticks past every timeout of the shop.
pub(crate) const LONG: u32 = 10_000_000;

/// HTTP and gRPC servers and clients, all kinds of store, topics and two consumer groups of one, retries, a decline, a parallel part,
/// a fallback, a breaker, a cached value, and messages that a consumer publishes.
pub(crate) fn plan() -> Plan {
    let scenario = json!({
        "network": { "hop": "250us" },
        "services": {
            "gateway": { "pods": 3, "endpoints": {
                "pay": { "method": "POST", "route": "/api/payment/pay", "do": [
                    { "compute": "1ms" },
                    { "call": { "endpoint": "payment.pay", "timeout": "5s", "retry": { "attempts": 2 } } },
                ] },
                "product": { "route": "/api/product/{id}", "do": [
                    { "parallel": [
                        [{ "call": { "endpoint": "product.detail", "timeout": "1s" } }],
                        [{ "call": { "endpoint": "gateway.banner", "timeout": "1s", "retry": { "attempts": 3 } } }],
                    ] },
                ] },
                "banner": { "route": "/api/banner/{place}", "do": [{ "compute": "1ms" }] },
                "create_order": { "method": "POST", "route": "/api/order/create", "do": [
                    { "call": { "endpoint": "order.create", "timeout": "5s" } },
                    { "query": { "store": "index", "statement": "put", "timeout": "1s" } },
                ] },
            } },
            "payment": { "pods": 2, "version": "2.3.1", "team": "money", "cost_center": "transaction",
                "pools": { "payments": { "size": 2, "acquire_timeout": "1s" } },
                "endpoints": {
                    "pay": { "do": [
                        { "query": { "store": "payments", "statement": "by_user", "timeout": "4s", "retry": { "attempts": 2 } } },
                        { "query": { "store": "provider", "statement": "charge", "timeout": "3s" } },
                        { "decline": { "probability": "1.8%" } },
                    ] },
                } },
            "order": { "pods": 2, "pools": { "events": { "size": 2, "acquire_timeout": "1s" }, "pictures": { "size": 2 } },
                "endpoints": {
                    "create": { "do": [
                        { "publish": { "store": "events", "topic": "order.created", "timeout": "2s", "retry": { "attempts": 2 } } },
                        { "query": { "store": "pictures", "statement": "receipt", "timeout": "2s" } },
                        { "query": { "store": "payments", "statement": "by_user", "timeout": "2s",
                            "breaker": { "failures": "50%", "min_calls": 10, "window": "10s", "open": "10s" } } },
                    ] },
                },
                "consumers": {
                    "mark_paid": { "store": "events", "topic": "order.created", "do": [
                        { "query": { "store": "payments", "statement": "by_user", "timeout": "2s" } },
                        { "publish": { "store": "events", "topic": "delivery.planned", "timeout": "2s" } },
                    ] },
                } },
            "logistics": { "pods": 1,
                "consumers": {
                    "plan": { "store": "events", "topic": "order.created", "do": [{ "compute": "1ms" }] },
                } },
            "product": { "pods": 1, "pools": { "index": { "size": 2, "acquire_timeout": "1s" } }, "endpoints": {
                "detail": { "do": [
                    { "query": { "store": "index", "statement": "search", "timeout": "1s" } },
                    { "query": { "store": "index", "statement": "one", "timeout": "1s" } },
                    { "cached": { "store": "cache", "get": "stock", "put": "put", "timeout": "1s", "keys": 100, "miss": "10%",
                        "on_miss": [{ "query": { "store": "pictures", "statement": "head", "timeout": "1s" } }] } },
                    { "query": { "store": "cache", "statement": "stock", "timeout": "1s",
                        "fallback": [{ "query": { "store": "catalogue", "statement": "one", "timeout": "1s" } }] } },
                ] },
            } },
        },
        "stores": {
            "payments": { "kind": "mysql", "shards": 4, "statements": {
                "by_user": { "text": "SELECT * FROM payments WHERE user_id = ?", "cost": "1ms" } } },
            "provider": { "kind": "external", "statements": { "charge": { "text": "POST /v1/charges/{id}", "cost": "1ms" } } },
            "cache": { "kind": "redis", "shards": 2, "statements": {
                "stock": { "text": "GET stock:?", "cost": "1ms" }, "put": { "text": "SETEX stock:? 60", "cost": "1ms" } } },
            "catalogue": { "kind": "mongodb", "statements": { "one": { "text": "find products {_id: ?}", "cost": "1ms" } } },
            "index": { "kind": "elasticsearch", "shards": 2, "statements": {
                "search": { "text": "{\"query\":{\"match\":{\"title\":\"?\"}}}", "cost": "1ms" },
                "one": { "text": "GET /products/_doc/{id}", "cost": "1ms" },
                "put": { "text": "PUT /orders/_doc/{id} {\"state\":1}", "cost": "1ms" } } },
            "pictures": { "kind": "object_storage", "statements": {
                "head": { "text": "HeadObject", "cost": "1ms" },
                "receipt": { "text": "PutObject receipts/{id}.pdf", "cost": "1ms" } } },
            "events": { "kind": "kafka", "shards": 2, "topics": {
                "order.created": { "partitions": 4, "cost": "1ms" }, "delivery.planned": { "partitions": 1, "cost": "1ms" } } },
        },
        "tiers": { "normal": "95%", "vip": "5%" },
        "touch_points": { "web": "60%", "mobile": "40%" },
        "journeys": { "buy": { "weight": 1.0, "steps": [{ "request": "gateway.product" }, { "request": "gateway.create_order" },
            { "request": "gateway.pay" }] } },
        "traffic": { "poisson": "10/s" },
    });
    let scenario = serde_json::from_value(scenario).expect("a scenario");
    compile("small-shop", &scenario, 11)
}

/// The endpoint of that name.
pub(crate) fn endpoint(plan: &Plan, service: &str, name: &str) -> EndpointId {
    let is = |endpoint: &&doorbuster_model::plan::Endpoint| {
        endpoint.name == name && plan.services[usize::from(endpoint.service)].name == service
    };
    plan.endpoints.iter().position(|endpoint| is(&endpoint)).expect("an endpoint") as EndpointId
}

/// A trace that holds every span of an endpoint's static tree, every try of every site, all with one outcome.
pub(crate) fn trace(plan: &Plan, root: EndpointId, sequence: u64, outcome: Outcome, duration: u32) -> Vec<SpanRecord> {
    let word = TraceWord::new(sequence, (sequence % 2) as u8, (sequence / 2 % 2) as u8);
    let template = SpanRecord {
        trace: word.0,
        start: 1_000 * (sequence & 0xffff),
        duration,
        index: 0,
        shape: 0,
        pod: 0,
        outcome: outcome as u8,
        attempt: 0,
        shard: 0,
    };
    let mut spans = Vec::new();
    answer(plan, root, template, &mut spans);
    spans
}

/// A server's span at the template's index, and all below it.
fn answer(plan: &Plan, id: EndpointId, template: SpanRecord, spans: &mut Vec<SpanRecord>) {
    let endpoint = &plan.endpoints[usize::from(id)];
    let pod = plan.services[usize::from(endpoint.service)].first_pod;
    let partition = if endpoint.consumes.is_some() { LAST_PARTITION.min(partitions(plan, endpoint) - 1) } else { 0 };
    spans.push(SpanRecord { shape: endpoint.shape, pod, shard: partition, ..template });
    for site_id in sites(plan, id) {
        let site = &plan.sites[usize::from(site_id)];
        for attempt in 0..site.attempts {
            let index = template.index + site.span_offset + u32::from(attempt) * site.span_stride;
            let asked = SpanRecord { index, shape: site.shape, pod, attempt, ..template };
            match site.target {
                Target::Endpoint(callee) => {
                    spans.push(asked);
                    answer(plan, callee, SpanRecord { index: index + 1, ..template }, spans);
                }
                Target::Statement { statement, .. } => {
                    let store = &plan.stores[usize::from(plan.statements[usize::from(statement)].store)];
                    spans.push(SpanRecord { shard: store.shards - 1, ..asked });
                }
            }
        }
    }
}

/// The partition of which messages are.
const LAST_PARTITION: u16 = 3;

fn partitions(plan: &Plan, endpoint: &doorbuster_model::plan::Endpoint) -> u16 {
    let consumer = endpoint.consumes.map(|id| &plan.consumers[usize::from(id)]).expect("a consumer");
    plan.statements[usize::from(consumer.topic)].partitions
}

fn sites(plan: &Plan, id: EndpointId) -> Vec<SiteId> {
    let own = plan.code.iter().zip(&plan.endpoint_of).filter(|(_, of)| **of == id);
    let sites = own.filter_map(|(instr, _)| match *instr {
        Instr::Call(site) | Instr::Query(site) => Some(site),
        _ => None,
    });
    sites.collect()
}

/// The endpoints at which traces start: routes that shoppers ask for, and consumers.
pub(crate) const ROOTS: [(&str, &str); 5] = [
    ("gateway", "pay"),
    ("gateway", "product"),
    ("gateway", "create_order"),
    ("order", "mark_paid"),
    ("logistics", "plan"),
];

/// Traces of all roots with every outcome, refused at once, ended early and past every timeout: every shape in every state.
pub(crate) fn all_traces(plan: &Plan) -> Vec<SpanRecord> {
    let roots: Vec<EndpointId> = ROOTS.iter().map(|(service, name)| endpoint(plan, service, name)).collect();
    all_states(plan, &roots)
}

/// The same for whatever is asked by shoppers, and all consumers with messages to process.
pub(crate) fn all_traces_of(plan: &Plan, asked: impl Iterator<Item = Target>) -> Vec<SpanRecord> {
    let edges = asked.filter_map(|target| match target {
        Target::Endpoint(edge) => Some(edge),
        Target::Statement { .. } => None,
    });
    let mut roots: BTreeSet<EndpointId> = edges.collect();
    let has_messages = |consumer: &&Consumer| plan.origins.iter().any(|origin| origin.topic == consumer.topic);
    roots.extend(plan.consumers.iter().filter(has_messages).map(|consumer| consumer.endpoint));
    all_states(plan, &Vec::from_iter(roots))
}

fn all_states(plan: &Plan, roots: &[EndpointId]) -> Vec<SpanRecord> {
    let mut spans = Vec::new();
    let mut number = 0;
    for &root in roots {
        let way = ways(plan, root);
        for outcome in Outcome::ALL {
            for duration in [AT_ONCE, SHORT, LONG] {
                spans.extend(trace(plan, root, way | number, outcome, duration));
                number += 1;
            }
        }
    }
    spans
}

/// What the number of a consumer's trace has above its message's: the first way in which its messages come about.
fn ways(plan: &Plan, root: EndpointId) -> u64 {
    let Some(id) = plan.endpoints[usize::from(root)].consumes else { return 0 };
    let consumer = &plan.consumers[usize::from(id)];
    let origin = plan.origins.iter().find(|origin| origin.topic == consumer.topic).expect("a way to the topic");
    u64::from(origin.first + consumer.nth) << ORIGIN_SHIFT
}
