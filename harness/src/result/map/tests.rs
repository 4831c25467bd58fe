//! Hand-made spans through a sink, and a small drill, told as a map.

use super::*;
use crate::drill::sink::Sink;
use crate::drill::{self, Settings, Window, names};
use doorbuster_model::compile::compile;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{NONE, Plan, Shape, Target};
use doorbuster_model::time::ticks_from_ns;
use doorbuster_scenarios::{Loaded, Source, load};
use doorbuster_telemetry::record::{Batch, Consumer, SpanRecord, TraceWord};
use doorbuster_virtual::slice::Slice;
use std::ops::ControlFlow;

const DRILL: &str = include_str!("../../../tests/scenarios/small-drill.yaml");

fn loaded(sets: &[&str]) -> Loaded {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    load(&Source::Text { name: "drill".to_owned(), text: DRILL.to_owned() }, &sets).expect("it is a scenario")
}

/// A span of this shape and duration.
fn span(shape: usize, index: u32, ms: u64, outcome: Outcome) -> SpanRecord {
    SpanRecord {
        trace: TraceWord::new(u64::from(index), 0, 0).0,
        start: 0,
        duration: ticks_from_ns(ms * 1_000_000) as u32,
        index,
        shape: shape as u16,
        pod: 0,
        outcome: outcome as u8,
        attempt: 0,
        shard: 0,
    }
}

/// What a sink makes of these spans, in a window of ten seconds.
fn window(plan: &Plan, spans: &[SpanRecord]) -> WindowSlice {
    let mut sink = Sink::new(plan, 0, ());
    sink.batch(&Batch { pod: 0, number: 0, at: 0, spans });
    let mut traffic = Traffic::new(plan);
    sink.hand_over(&mut traffic);
    WindowSlice { window: Window::Run, from_s: 10, to_s: 20, slice: Slice::new(plan), traffic }
}

fn edge<'m>(map: &'m ShopMap, from: &str, to: &str) -> &'m MapEdge {
    let name = |place: u32| map.nodes[place as usize].name.as_str();
    map.edges.iter().find(|edge| (name(edge.from), name(edge.to)) == (from, to)).expect("the edge is there")
}

/// Spans of every shape, a different number of each, once as roots and once within traces.
fn of_every_shape(plan: &Plan) -> Vec<SpanRecord> {
    let mut spans = Vec::new();
    for shape in 0..plan.shapes.len() {
        for n in 0..=shape as u32 {
            spans.push(span(shape, 1 + n, 5, Outcome::Ok));
        }
        if matches!(plan.shapes[shape], Shape::Server(_)) {
            spans.push(span(shape, 0, 5, Outcome::Ok));
        }
    }
    spans
}

/// Whether the rates of all edges add up to the spans that were made, less the server spans within traces: those say what
/// their callers' spans say.
fn adds_up(plan: &Plan, map: &ShopMap, made: &[SpanRecord]) -> bool {
    let is_within =
        |span: &&SpanRecord| matches!(plan.shapes[usize::from(span.shape)], Shape::Server(_)) && span.index > 0;
    let expected = made.len() - made.iter().filter(is_within).count();
    let spans: u64 = map.edges.iter().map(|edge| edge.windows[0].spans).sum();
    let per_s: f64 = map.edges.iter().map(|edge| edge.windows[0].per_s).sum();
    spans == expected as u64 && (per_s - expected as f64 * 3.0 / 10.0).abs() < 1e-9
}

/// *Scenario* Spans of every shape reach a sink in ten seconds, a third of the fleet being played; then the spans of one
/// shape are lost on the way, each shape once.
///
/// *Guarantees* The rates of the edges add up to the spans; whichever shape is lost, they don't.
#[test]
fn the_rates_of_the_edges_add_up_to_the_spans() {
    let plan = compile("drill", &loaded(&[]).scenario, 1);
    let made = of_every_shape(&plan);
    let told = |spans: &[SpanRecord]| map(&names(&plan), &[window(&plan, spans)], 3.0);
    assert!(adds_up(&plan, &told(&made), &made));
    for shape in 0..plan.shapes.len() {
        let arrived: Vec<SpanRecord> = made.iter().filter(|span| usize::from(span.shape) != shape).copied().collect();
        assert!(!adds_up(&plan, &told(&arrived), &made), "shape {shape} was lost, and nobody saw it");
    }
}

/// *Scenario* A hundred statements of 10 ms, three of them longer and failed; ninety-nine calls.
///
/// *Guarantees* Errors are counted, the 99th percentile is the second longest within its error, and under a hundred spans
/// none is told.
#[test]
fn errors_and_the_99th_percentile_are_those_of_the_spans() {
    let plan = compile("drill", &loaded(&[]).scenario, 1);
    let shape = |wanted: fn(&Shape) -> bool| plan.shapes.iter().position(wanted).expect("it is there");
    let statement = shape(|shape| matches!(shape, Shape::Statement(_)));
    let mut spans: Vec<SpanRecord> = (0..97).map(|n| span(statement, 1 + n, 10, Outcome::Ok)).collect();
    spans.extend([700, 800, 900].map(|ms| span(statement, 200 + ms as u32, ms, Outcome::Timeout)));
    let call = shape(|shape| matches!(shape, Shape::Client(_)));
    spans.extend((0..99).map(|n| span(call, 1 + n, 10, Outcome::Declined)));
    let map = map(&names(&plan), &[window(&plan, &spans)], 1.0);
    assert_eq!(map.edges.len(), 2, "{:#?}", map.edges);
    let statements = &edge(&map, "payment", "payments").windows[0];
    assert_eq!((statements.spans, statements.errors), (100, 3));
    let p99_s = statements.p99_s.expect("there are enough");
    assert!((p99_s / 0.8 - 1.0).abs() <= doorbuster_telemetry::observed::durations::ERROR, "{p99_s}");
    let calls = map.edges.iter().find(|edge| edge.windows[0].spans == 99).expect("the calls are there");
    assert_eq!((calls.windows[0].errors, calls.windows[0].p99_s), (0, None), "an answer that declines is no error");
}

/// *Scenario* The small drill, two minutes of it, played.
///
/// *Guarantees* The map's edges are exactly the plan's places of calls and statements, and the shoppers' endpoints; every
/// window of the run is told; the shoppers' rate is the one that is offered.
#[test]
fn the_maps_edges_are_those_of_the_plan() {
    let loaded = loaded(&["duration=2min", "warmup=5s", "faults.index_lost.at=40s", "expect={}"]);
    let plan = compile(&loaded.name, &loaded.scenario, 1);
    let settings = Settings { cells: 1, threads: 1, head: None };
    let played = drill::play_while(&loaded.scenario, &plan, settings, &mut |_| ControlFlow::Continue(()));
    let Ok(record) = played else { panic!("it was too much for the engine") };
    let result = crate::result::tell(&loaded, &plan, &record);
    let mut planned: BTreeSet<(String, String)> = BTreeSet::new();
    let service = |id: u16| plan.services[usize::from(id)].name.clone();
    let callee = |site: &doorbuster_model::plan::Site| match site.target {
        Target::Endpoint(endpoint) => service(plan.endpoints[usize::from(endpoint)].service),
        Target::Statement { statement, .. } => {
            plan.stores[usize::from(plan.statements[usize::from(statement)].store)].name.clone()
        }
    };
    for site in plan.sites.iter().filter(|site| site.shape == NONE) {
        planned.insert(("shoppers".to_owned(), callee(site)));
    }
    for (pc, instr) in plan.code.iter().enumerate() {
        if let doorbuster_model::plan::Instr::Call(site) | doorbuster_model::plan::Instr::Query(site) = instr {
            let caller = plan.endpoints[usize::from(plan.endpoint_of[pc])].service;
            planned.insert((service(caller), callee(&plan.sites[usize::from(*site)])));
        }
    }
    let name = |place: u32| result.map.nodes[place as usize].name.clone();
    let seen: BTreeSet<(String, String)> =
        result.map.edges.iter().map(|edge| (name(edge.from), name(edge.to))).collect();
    assert_eq!(seen, planned);
    assert_eq!(seen.len(), result.map.edges.len(), "an edge is there twice");
    let windows: Vec<&str> = result.map.edges[0].windows.iter().map(|traffic| traffic.window.as_str()).collect();
    assert_eq!(windows, ["run", "before", "during", "after"]);
    let asked = &edge(&result.map, "shoppers", "gateway").windows[0];
    assert!((asked.per_s / result.scale.requests_per_s - 1.0).abs() < 0.05, "{asked:?}");
}
