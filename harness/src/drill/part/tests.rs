//! Shares of a fleet, merged, against the whole of it.

use super::*;
use crate::drill::{Settings, Share, play_share};
use doorbuster_model::compile::compile;
use doorbuster_scenarios::{Scenario, Source, load};
use std::ops::{ControlFlow, Range};

const DRILL: &str = include_str!("../../../tests/scenarios/small-drill.yaml");

fn drill() -> (Scenario, Plan) {
    let sets = ["cells.fleet=4", "cells.play=4", "duration=35s", "faults={}", "remedies={}", "humans={}", "expect={}"];
    let sets = sets.map(str::to_owned);
    let source = Source::Text { name: "drill".to_owned(), text: DRILL.to_owned() };
    let scenario = load(&source, &sets).expect("it is a scenario").scenario;
    let plan = compile("drill", &scenario, 1);
    (scenario, plan)
}

/// A share, after a way through its written form.
fn share(scenario: &Scenario, plan: &Plan, cells: Range<u32>, seconds: u32) -> Part {
    let outlets = vec![(); cells.len()];
    let share = Share { cells, timeline: None, is_merged: true };
    let settings = Settings { cells: 4, threads: 1, head: None };
    let played = play_share(scenario, plan, settings, &share, outlets, &mut |barrier| {
        if barrier.progress.second == seconds { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let Ok((part, ..)) = played else { panic!("the drill is too much for the engine") };
    let json = serde_json::to_string(&part.rows()).expect("rows are JSON");
    let rows = serde_json::from_str(&json).expect("they are read as they were written");
    Part::from_rows(scenario, plan, rows).expect("they are of this plan")
}

/// The part as it is written, its series settled.
fn written(mut part: Part) -> (String, Vec<(u64, u64)>) {
    part.settle_series();
    let quantiles = part.series().iter().map(|ten| ten.quantiles).collect();
    // The order in which latencies were added is no part of what they say.
    for ten in &mut part.series {
        ten.latencies = counts(&histogram(&ten.latencies));
    }
    (serde_json::to_string(&part.rows()).expect("rows are JSON"), quantiles)
}

/// *Scenario* Four cells as one share, as one and three, as two and two, and one by one.
///
/// *Guarantees* Merged in order they come to the same integers, to the last.
#[test]
fn shares_come_to_the_whole() {
    let (scenario, plan) = drill();
    let whole = written(share(&scenario, &plan, 0..4, 35));
    assert!(whole.1.iter().all(|(p50, p99)| *p50 > 0 && p99 > p50), "{:?}", whole.1);
    for cuts in [&[0, 1, 4][..], &[0, 2, 4], &[0, 1, 2, 3, 4]] {
        let mut merged = share(&scenario, &plan, cuts[0]..cuts[1], 35);
        for cut in cuts[1..].windows(2) {
            merged.merge(share(&scenario, &plan, cut[0]..cut[1], 35)).expect("they are of one run");
        }
        assert!(written(merged) == whole, "cut at {cuts:?} they come to something else");
    }
}

/// *Scenario* Two shares, one of which was played for fewer seconds; and two in the wrong order.
///
/// *Guarantees* The first are not merged; the others give another fingerprint, since the order is that of the cells.
#[test]
fn shares_of_other_times_or_orders_are_seen() {
    let (scenario, plan) = drill();
    let mut first = share(&scenario, &plan, 0..2, 35);
    let refused = first.merge(share(&scenario, &plan, 2..4, 30)).expect_err("it is shorter");
    assert_eq!(refused, "one was played for 35 s, another for 30 s");
    first.merge(share(&scenario, &plan, 2..4, 35)).expect("they are of one run");
    let mut wrong = share(&scenario, &plan, 2..4, 35);
    wrong.merge(share(&scenario, &plan, 0..2, 35)).expect("nobody knows the order here");
    assert_ne!(combine(&first.fingerprints), combine(&wrong.fingerprints));
}

/// *Scenario* Rows that lack an endpoint, and rows with a span that no record holds.
///
/// *Guarantees* They are not taken for a part.
#[test]
fn rows_of_another_plan_are_no_part() {
    let (scenario, plan) = drill();
    let part = share(&scenario, &plan, 0..1, 35);
    let mut rows = serde_json::to_value(part.rows()).expect("rows are JSON");
    let read = |rows: &serde_json::Value| {
        let rows = serde_json::from_value(rows.clone()).expect("it has the form");
        Part::from_rows(&scenario, &plan, rows).is_some()
    };
    assert!(read(&rows));
    let endpoints = &mut rows["windows"][0]["slice"]["endpoints"];
    let taken = endpoints.as_array_mut().and_then(Vec::pop).expect("there are endpoints");
    assert!(!read(&rows), "an endpoint is missing");
    rows["windows"][0]["slice"]["endpoints"].as_array_mut().expect("a list").push(taken);
    assert!(read(&rows));
    let healthy = &mut rows["exemplars"]["rows"][0][0][0]["traces"][0][1][0];
    assert!(healthy.is_array(), "there is a healthy trace");
    healthy[4] = 70_000.into();
    assert!(!read(&rows), "a shape has sixteen bits");
}
