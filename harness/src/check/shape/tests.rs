//! A shop whose traces can be counted by hand.

use super::piece::{self, Piece, Taken};
use super::published::{Row, Unit};
use super::spread::Spread;
use super::trees::{self, Trees};
use super::wire::Wire;
use super::{Checked, Shape, shape};
use crate::check::checked;
use doorbuster_model::compile::compile;
use doorbuster_model::plan::Plan;
use doorbuster_scenarios::{Source, load};
use std::io::Read;

/// `a` asks `b` twice, then `c` and the store at the same time; `b` asks the store.
const SHOP: &str = "
duration: 30s
warmup: 5s
network: {hop: 250us}
services:
  a:
    endpoints:
      go:
        do:
          - call: {endpoint: b.x, timeout: 1s}
          - call: {endpoint: b.x, timeout: 1s}
          - parallel:
              - - call: {endpoint: c.y}
              - - query: {store: s, statement: get}
  b: {endpoints: {x: {do: [{query: {store: s, statement: get}}]}}}
  c: {endpoints: {y: {do: [{compute: 1ms}]}}}
stores:
  s: {kind: redis, cores: 4, statements: {get: {text: GET, cost: 100us}}}
journeys: {one: {weight: 1, steps: [{request: a.go}]}}
traffic: {constant: 100/s}
";

fn loaded(text: &str) -> Checked {
    let source = Source::Text { name: "counted".to_owned(), text: text.to_owned() };
    checked("counted", load(&source, &[]).expect("a good scenario"), 1)
}

fn piece() -> (Plan, Piece) {
    let plan = compile("counted", &loaded(SHOP).loaded.scenario, 1);
    let piece = piece::play(&plan).expect("it fits the engine");
    (plan, piece)
}

/// What differs from what is counted by hand.
fn differences(trees: &Trees) -> Vec<&'static str> {
    let all = |values: &[u64], value: u64| !values.is_empty() && values.iter().all(|one| *one == value);
    let traces = trees.spans.len() as u64;
    let mut differences = Vec::new();
    let mut hold = |name, holds: bool| {
        if !holds {
            differences.push(name);
        }
    };
    hold("incomplete", trees.incomplete == 0);
    // a; twice a call, b, its statement; a call and c; a statement.
    hold("spans", all(&trees.spans, 1 + 2 * 3 + 2 + 1));
    hold("depth in services", all(&trees.depth_services, 2));
    hold("depth with stores", all(&trees.depth_with_stores, 3));
    // a, its call, b, its statement.
    hold("depth in spans", all(&trees.depth_spans, 4));
    // In the order of a trace: a asks four times, three parties; b once, twice; c never.
    hold("children", trees.children.chunks(4).all(|one| one == [4, 1, 1, 0]));
    hold("callees", trees.callees.chunks(4).all(|one| one == [3, 1, 1, 0]));
    hold("calls", trees.call_ticks.len() as u64 == 6 * traces);
    hold("repeated", trees.repeated == traces);
    // Twice two hops to b and two to its store, and the statement; then c, which is slower than the store: 3.7 ms in ticks of 1.024 us.
    hold("latency", trees.root_ticks.iter().all(|ticks| ticks.abs_diff(3_613) <= 8));
    differences
}

/// *Scenario* 25 s of a shop with constant times at 100 requests/s.
///
/// *Guarantees* every trace is kept whole, and its size, depths, fan-out, repeated calls and latency are those counted by hand.
#[test]
fn a_shape_is_as_counted_by_hand() {
    let (plan, piece) = piece();
    assert_eq!((piece.warm_up_s, piece.one_in, piece.lost), (5, 1, 0));
    assert!((piece.seconds - 25.0).abs() < 1e-9, "the scenario ends before the piece would: {}", piece.seconds);
    assert!((2_499..=2_501).contains(&piece.requests), "{}", piece.requests);
    let trees = Trees::measure(&plan, &piece.traces);
    assert_eq!(trees.spans.len() as u64, piece.requests, "each request is a trace");
    assert_eq!(differences(&trees), Vec::<&str>::new());
    assert_eq!(trees::may_ask(&plan), [3, 1], "c asks nobody");
}

/// *Scenario* the same traces with one span taken out of one of them: one that others hang on; then a leaf; and one call told as
/// another.
///
/// *Guarantees* the trace is left out and counted; the check above fails for the others.
#[test]
fn a_lost_span_and_a_wrong_one_are_seen() {
    let (plan, piece) = piece();
    let broken = |plant: fn(&mut Vec<doorbuster_telemetry::record::SpanRecord>)| {
        let mut traces = piece.traces.clone();
        plant(&mut traces[7]);
        let trees = Trees::measure(&plan, &traces);
        (trees.spans.len() as u64, differences(&trees))
    };
    // By index: a, call, b, statement, call, b, statement, call, c, statement.
    let (traces, seen) = broken(|trace| {
        trace.remove(2);
    });
    assert_eq!((traces, seen), (piece.requests - 1, vec!["incomplete"]));
    let (traces, seen) = broken(|trace| {
        trace.remove(3);
    });
    assert_eq!(traces, piece.requests);
    assert!(seen.contains(&"spans") && seen.contains(&"calls"), "{seen:?}");
    let (_, seen) = broken(|trace| {
        // The last statement in place of the second call of b, at the place of the first: nothing is asked twice.
        let (last, at) = (trace[9].shape, trace[3].index);
        trace.retain(|span| span.index <= at || span.shape == last);
    });
    assert!(seen.contains(&"repeated"), "{seen:?}");
}

/// *Scenario* two shapes of one scenario and one seed, and of a shop in which everything is drawn, with two seeds.
///
/// *Guarantees* equal, and different; a shape of a run is that of its mix.
#[test]
fn a_shape_follows_from_the_seed() {
    let first = super::json(&shape(&loaded(SHOP)).expect("a shape"));
    assert_eq!(first, super::json(&shape(&loaded(SHOP)).expect("a shape")));
    assert!((first["spans"]["mean"].as_f64().expect("a number") - 10.0).abs() < 1e-12);
    assert!((first["spans_per_request_by_law"].as_f64().expect("a number") - 10.0).abs() < 1e-9);
    assert_eq!(first["edges"][0]["endpoint"], "a.go");
    let of_seed = |seed: u64| {
        let text = SHOP.replace("compute: 1ms", "compute: {exponential: {mean: 1ms}}");
        let mut one = loaded(&text);
        one.plan = compile("counted", &one.loaded.scenario, seed);
        super::json(&shape(&one).expect("a shape"))["root_s"]["mean"].clone()
    };
    assert_ne!(of_seed(1), of_seed(2));
}

/// *Scenario* the batches of the piece.
///
/// *Guarantees* what is counted are bytes from which the batch can be had back.
#[test]
fn compressed_bytes_hold_the_batch() {
    let (plan, piece) = piece();
    let wire = Wire::of(&plan, &piece.batches);
    let spans: u64 = piece.batches.iter().map(|taken: &Taken| taken.spans.len() as u64).sum();
    assert_eq!((wire.spans, wire.batches), (spans, piece.batches.len() as u64));
    assert!(wire.gzip_bytes < wire.plain_bytes && wire.zstd_bytes < wire.plain_bytes, "{wire:?}");
    let bytes: Vec<u8> = (0..20_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
    let mut back = Vec::new();
    flate2::read::GzDecoder::new(super::wire::gzip(&bytes).as_slice()).read_to_end(&mut back).expect("gzip");
    assert_eq!(back, bytes);
    let zstd = super::wire::zstd(&bytes);
    assert_eq!(zstd::bulk::decompress(&zstd, bytes.len()).expect("zstd"), bytes);
    assert_eq!(Wire::of(&plan, &[]).ratio(0), None);
}

/// *Scenario* samples of a known order, and small ones.
///
/// *Guarantees* quantiles are by nearest rank, and one that leaves no value above it is not told.
#[test]
fn quantiles_rest_on_values_above_them() {
    let hundred = Spread::of(&(1..=100).rev().collect::<Vec<u64>>());
    assert_eq!([500, 900, 990, 999].map(|at| hundred.quantile(at)), [Some(50), Some(90), Some(99), None]);
    assert_eq!((hundred.mean(), hundred.most()), (Some(50.5), Some(100)));
    assert_eq!((Spread::of(&[]).mean(), Spread::of(&[]).quantile(500), Spread::of(&[]).most()), (None, None, None));
    assert_eq!(Spread::of(&[7]).quantile(500), None);
}

/// *Scenario* figures of the shop moved to and fro around the published ones.
///
/// *Guarantees* each figure is a match within a factor of two and else a difference with a reason; so is a range.
#[test]
fn a_difference_has_its_reason() {
    let mut shape = shape(&loaded(SHOP)).expect("a shape");
    let row = |shape: &Shape, quantity: &str| -> Row {
        let rows = super::published::rows(shape);
        rows.into_iter().find(|row| row.quantity == quantity).expect("a row")
    };
    // One call in six repeats: 16.7 % beside 16 %.
    let repeats = "calls that repeat one of the same caller";
    let found = row(&shape, repeats);
    assert_eq!((found.unit, found.reason.is_none()), (Unit::Share, true));
    for (repeated, differs) in [(79, true), (80, false), (320, false), (321, true)] {
        (shape.repeated, shape.calls) = (repeated, 1_000);
        assert_eq!(row(&shape, repeats).reason.is_some(), differs, "{repeated} of 1,000");
    }
    let depth = "depth in services of 93 % and of 99 % of traces";
    for (depths, differs) in [([2; 200], true), ([3; 200], false), ([6; 200], false), ([7; 200], true)] {
        shape.depth_services = Spread::of(&depths);
        assert_eq!(row(&shape, depth).reason.is_some(), differs, "{}", depths[0]);
    }
    shape.rows = super::published::rows(&shape);
    let told = super::tell(&[(&loaded(SHOP), shape)], false);
    assert!(told.contains("difference") && told.contains("match") && told.contains("passes through 7"), "{told}");
}
