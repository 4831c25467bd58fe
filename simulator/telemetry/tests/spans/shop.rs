//! A small shop with every kind of span, and traces of it that hold every span a call can make.

use doorbuster_model::compile::compile;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{EndpointId, Instr, Plan, SiteId, Target};
use doorbuster_telemetry::record::{SpanRecord, TraceWord};
use serde_json::json;

/// Ticks that a span lasts: below every timeout of the shop.
pub(crate) const SHORT: u32 = 10;
/// Ticks past every timeout of the shop.
pub(crate) const LONG: u32 = 10_000_000;

/// HTTP and gRPC servers and clients, all four kinds of store, retries, a decline, a parallel part, a fallback.
pub(crate) fn plan() -> Plan {
    let scenario = json!({
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
            "product": { "pods": 1, "endpoints": {
                "detail": { "do": [
                    { "query": { "store": "cache", "statement": "stock", "timeout": "1s",
                        "fallback": [{ "query": { "store": "catalogue", "statement": "one", "timeout": "1s" } }] } },
                ] },
            } },
        },
        "stores": {
            "payments": { "kind": "mysql", "shards": 4, "statements": {
                "by_user": { "text": "SELECT * FROM payments WHERE user_id = ?", "cost": "1ms" } } },
            "provider": { "kind": "external", "statements": { "charge": { "text": "POST /v1/charges/{id}", "cost": "1ms" } } },
            "cache": { "kind": "redis", "shards": 2, "statements": { "stock": { "text": "GET stock:?", "cost": "1ms" } } },
            "catalogue": { "kind": "mongodb", "statements": { "one": { "text": "find products {_id: ?}", "cost": "1ms" } } },
        },
        "tiers": { "normal": "95%", "vip": "5%" },
        "touch_points": { "web": "60%", "mobile": "40%" },
        "journeys": { "buy": { "weight": 1.0, "steps": [{ "request": "gateway.product" }, { "request": "gateway.pay" }] } },
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
        start: 1_000 * sequence,
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
    spans.push(SpanRecord { shape: endpoint.shape, pod, ..template });
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

fn sites(plan: &Plan, id: EndpointId) -> Vec<SiteId> {
    let own = plan.code.iter().zip(&plan.endpoint_of).filter(|(_, of)| **of == id);
    let sites = own.filter_map(|(instr, _)| match *instr {
        Instr::Call(site) | Instr::Query(site) => Some(site),
        _ => None,
    });
    sites.collect()
}

/// Traces of both roots with every outcome, ended early and past every timeout: every shape in every state.
pub(crate) fn all_traces(plan: &Plan) -> Vec<SpanRecord> {
    let mut spans = Vec::new();
    let mut sequence = 0;
    for name in ["pay", "product"] {
        let root = endpoint(plan, "gateway", name);
        for outcome in Outcome::ALL {
            for duration in [SHORT, LONG] {
                spans.extend(trace(plan, root, sequence, outcome, duration));
                sequence += 1;
            }
        }
    }
    spans
}
