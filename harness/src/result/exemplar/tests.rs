//! Hand-made traces of the small drill, told.

use super::*;
use crate::drill::Window;
use doorbuster_model::compile::compile;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::Shape;
use doorbuster_model::time::ticks_from_ns;
use doorbuster_scenarios::{Source, load};
use doorbuster_telemetry::observed::TraceSample;

const DRILL: &str = include_str!("../../../tests/scenarios/small-drill.yaml");

fn plan() -> Plan {
    let source = Source::Text { name: "drill".to_owned(), text: DRILL.to_owned() };
    let loaded = load(&source, &[]).expect("it is a scenario");
    compile("drill", &loaded.scenario, 1)
}

/// Number of the shape of an endpoint's server span, or of the one client span that some service makes.
fn shape(plan: &Plan, name: &str) -> u16 {
    let named = |shape: &Shape| match *shape {
        Shape::Server(endpoint) => plan_names::endpoint_name(plan, endpoint) == name,
        Shape::Client(_) => name == "call payment.pay",
        Shape::Statement(_) => name == "by_user",
    };
    // `pay` is the last of the gateway's endpoints, so its call comes after the one of `browse`.
    plan.shapes.iter().rposition(named).expect("it is there") as u16
}

/// A payment that ran out of time in its statement: shape, index, start and duration in ms, outcome.
fn scan(plan: &Plan) -> Vec<SpanRecord> {
    let record = |name: &str, index, start_ms: u64, ms: u64, outcome: Outcome| SpanRecord {
        trace: TraceWord::new(7, 0, 0).0,
        start: ticks_from_ns(start_ms * 1_000_000),
        duration: ticks_from_ns(ms * 1_000_000) as u32,
        index,
        shape: shape(plan, name),
        pod: 0,
        outcome: outcome as u8,
        attempt: 0,
        shard: 3,
    };
    vec![
        record("gateway.pay", 0, 1_000, 1_001, Outcome::Timeout),
        record("call payment.pay", 1, 1_001, 1_000, Outcome::Timeout),
        record("payment.pay", 2, 1_002, 1_000, Outcome::Cancelled),
        record("by_user", 3, 1_003, 999, Outcome::Cancelled),
    ]
}

fn told(plan: &Plan, spans: Vec<SpanRecord>) -> Exemplar {
    let chosen = Chosen {
        window: Window::During,
        is_watched: true,
        median_ticks: spans[0].duration,
        likeness: Likeness::Ended(Outcome::Timeout),
        alike: 31,
        sampled: 92,
        trace: TraceSample { cell: 0, spans },
    };
    exemplars(plan, &[chosen]).remove(0)
}

/// *Scenario* A payment whose statement runs until its caller's time is over.
///
/// *Guarantees* The tree has names, services, depths, times from the root's start, outcomes, the statement and the
/// error; the trace id leads back to the trace.
#[test]
fn a_trace_is_told_in_names_and_seconds() {
    let plan = plan();
    let exemplar = told(&plan, scan(&plan));
    let rows: Vec<_> =
        exemplar.spans.iter().map(|span| (span.depth, &*span.service, &*span.name, &*span.outcome)).collect();
    assert_eq!(
        rows,
        [
            (0, "gateway", "POST /api/payment/pay", "timeout"),
            (1, "gateway", "shop.PaymentService/Pay", "timeout"),
            (2, "payment", "shop.PaymentService/Pay", "cancelled"),
            (3, "payment", "SELECT payments", "cancelled"),
        ]
    );
    assert_eq!(exemplar.spans[3].parent, Some(2));
    assert!((exemplar.spans[3].start_s - 0.003).abs() < 1e-5 && (exemplar.duration_s - 1.001).abs() < 1e-5);
    let attribute =
        |key: &str| exemplar.spans[3].attributes.iter().find(|(name, _)| name == key).map(|(_, value)| &**value);
    assert_eq!(attribute("db.query.text"), Some("SELECT * FROM payments WHERE user_id = ?"));
    assert_eq!(attribute("error.type"), Some("cancelled"));
    assert_eq!(attribute("server.address"), Some("payments-3.shop"));
    let kinds: Vec<_> = exemplar.spans.iter().map(|span| (&*span.kind, span.error)).collect();
    assert_eq!(kinds, [("server", true), ("client", true), ("server", false), ("client", true)]);
    let id = u128::from_str_radix(&exemplar.trace_id, 16).unwrap();
    assert_eq!(Ids::new(plan.seed).locate_trace(id), Some((0, 7, 0)));
    assert_eq!(exemplar.chosen, "of median duration among those that ended with timeout");
    assert_eq!((exemplar.spans_arrived, exemplar.spans_left_out), (4, 0));
}

/// *Scenario* The server behind a call has not ended yet when the trace is looked at, its statement has; and a trace of
/// which the call is missing too.
///
/// *Guarantees* The statement hangs under the call, else under the root, and says that it hangs there for want of better.
#[test]
fn a_span_without_its_parent_is_shown_all_the_same() {
    let plan = plan();
    let mut spans = scan(&plan);
    spans.remove(2);
    let exemplar = told(&plan, spans.clone());
    let rows: Vec<_> = exemplar.spans.iter().map(|span| (span.depth, span.parent, span.detached)).collect();
    assert_eq!(rows, [(0, None, false), (1, Some(0), false), (2, Some(1), true)]);
    spans.remove(1);
    let rows: Vec<_> = told(&plan, spans).spans.iter().map(|span| (span.parent, span.detached)).collect();
    assert_eq!(rows, [(None, false), (Some(0), true)]);
}

/// *Scenario* A trace with three hundred calls from its root, the last of which leads on.
///
/// *Guarantees* The first three and the last three calls are told, and what is below them; the rest is counted at the root.
#[test]
fn a_statement_tried_three_hundred_times_is_told_by_its_ends() {
    let plan = plan();
    let mut spans = scan(&plan);
    let tail = spans.split_off(2);
    let call = spans[1];
    spans.clear();
    spans.push(SpanRecord { duration: u32::MAX / 2, ..scan(&plan)[0] });
    let stride = plan.sites.iter().map(|site| site.span_stride).max().unwrap();
    // More tries than a record can number hang under the root for want of a parent, which is where they belong.
    for n in 0..300 {
        let index = 1 + n * stride.max(3);
        spans.push(SpanRecord { index, attempt: 0, start: call.start + u64::from(n) * 1_000, duration: 900, ..call });
    }
    let last = spans[300].index;
    spans.extend(tail.into_iter().zip(1..).map(|(span, n)| SpanRecord { index: last + n, ..span }));
    let exemplar = told(&plan, spans);
    assert_eq!((exemplar.spans_arrived, exemplar.spans_left_out), (303, 294));
    assert_eq!(exemplar.spans[0].left_out, 294);
    assert_eq!(exemplar.spans.iter().filter(|span| span.depth == 1).count(), 6);
    assert_eq!(exemplar.spans.last().map(|span| (span.depth, &*span.name)), Some((3, "SELECT payments")));
}

/// *Scenario* A chain of a hundred calls, and a hundred short ones beside it, one of them failed.
///
/// *Guarantees* No more than the bound is told; whoever is told has all above it told; the failure is among them; the
/// counts of what is left out add up.
#[test]
fn a_great_tree_is_cut_to_the_bound() {
    let plan = plan();
    let shapes = plan.shapes.len() as u16;
    let spans: Vec<SpanRecord> = (0..200_u32)
        .map(|index| SpanRecord {
            index,
            shape: index as u16 % shapes,
            duration: 1_000_000 - index,
            outcome: if index == 150 { Outcome::Error as u8 } else { 0 },
            ..scan(&plan)[0]
        })
        .collect();
    let parents: Vec<Option<usize>> = (0..200)
        .map(|at: usize| {
            if at == 0 {
                None
            } else if at <= 100 {
                Some(at - 1)
            } else {
                Some(at - 100)
            }
        })
        .collect();
    let tree = Tree { spans: &spans, detached: vec![false; 200], parents: parents.clone() };
    let kept = tree.kept(MOST_SPANS);
    let count = kept.iter().filter(|kept| **kept).count();
    assert!(count <= MOST_SPANS && count > MOST_SPANS / 2, "{count} are told");
    assert!(kept[150], "the failure is left out");
    assert!((1..200).filter(|at| kept[*at]).all(|at| parents[at].is_some_and(|parent| kept[parent])));
    assert_eq!(tree.left_out(&kept).iter().sum::<u64>(), 200 - count as u64);
    let order = tree.in_order(&kept);
    assert_eq!(order.len(), count);
    let place = |at: usize| order.iter().position(|other| *other == at);
    assert!(order.iter().skip(1).all(|at| place(parents[*at].unwrap()) < place(*at)), "a child before its parent");
}

/// *Scenario* A trace of an endpoint that is not watched, near the median of its sort; alone, and among three hundred.
///
/// *Guarantees* It says that it is only near the median; it is told with fewer spans, the fewer the more there are.
#[test]
fn the_trees_of_other_endpoints_are_bounded_together() {
    let plan = plan();
    let shapes = plan.shapes.len() as u16;
    let server = scan(&plan)[0];
    // Calls under calls of different kinds, so that the bound alone cuts.
    let below = (1..60_u32).map(|n| SpanRecord { index: n, shape: n as u16 % shapes, ..server });
    let spans: Vec<SpanRecord> = [server].into_iter().chain(below).collect();
    let chosen = Chosen {
        window: Window::Run,
        is_watched: false,
        likeness: Likeness::Healthy,
        median_ticks: ticks_from_ns(40_000_000) as u32,
        alike: 1,
        sampled: 1,
        trace: TraceSample { cell: 0, spans },
    };
    let alone = exemplars(&plan, std::slice::from_ref(&chosen)).remove(0);
    assert_eq!(alone.chosen, "near the median duration (40 ms) among those that succeeded");
    let among = exemplars(&plan, &vec![chosen; 300]).remove(0);
    assert!(alone.spans.len() <= OTHERS_SPANS.1 && among.spans.len() <= OTHERS_SPANS.0);
    assert!(among.spans.len() < alone.spans.len(), "{} and {}", among.spans.len(), alone.spans.len());
    assert_eq!((among.spans_arrived, among.spans_left_out), (60, 60 - among.spans.len() as u64));
}
