//! What is kept, and that it is bounded.

use super::*;
use crate::detection::tests::shop::{self, BROWSE, Noise, PAY, healthy, scan, shape, trace};
use doorbuster_model::outcome::Outcome::{Ok, Refused};

fn observe(history: &mut History, at_s: u32, traces: Vec<TraceSample>) {
    let export = healthy().export(at_s, &mut Noise::none());
    // Payments are slow from 100 ms, page views are not judged yet.
    let slow = |endpoint| (endpoint == PAY).then_some(100_000);
    history.observe(&shop::names(), &export, traces, slow);
}

#[test]
fn only_bad_traces_are_kept_each_with_its_own_sort() {
    let mut history = History::default();
    let one = |shape, ms, outcome| trace(&[(shape, 0, 0, ms, outcome, 0)]);
    let traces = vec![
        scan(),
        one(shape::PAY, 50, Ok),
        one(shape::PAY, 500, Ok),
        one(shape::BROWSE, 500, Ok),
        one(shape::BROWSE, 0, Refused),
        one(shape::SELECT, 500, Refused),
        trace(&[(shape::SELECT, 3, 0, 500, Refused, 0)]),
    ];
    observe(&mut history, 10, traces);
    let troubled: Vec<_> = history.troubled(0).map(|bad| (bad.edge, bad.has_failed)).collect();
    assert_eq!(troubled, [(PAY, true), (PAY, false)]);
    let refused: Vec<_> = history.refused(0).map(|bad| bad.edge).collect();
    assert_eq!(refused, [BROWSE]);
}

#[test]
fn memory_is_bounded_in_time_and_number() {
    let mut history = History::default();
    for export in 1..=200 {
        observe(&mut history, 10 * export, (0..1_000).map(|_| scan()).collect());
    }
    assert_eq!(history.exports.len(), KEEP_EXPORTS);
    assert_eq!(history.newest_s(), 2_000);
    assert_eq!(history.troubled(0).count(), KEEP_TRACES);
    observe(&mut history, 2_060, Vec::new());
    assert_eq!(history.troubled(0).count(), 0, "what came a minute ago is forgotten");
    assert_eq!(history.exports_in(1_980, 2_000).map(|export| export.at_s).collect::<Vec<_>>(), [1_990, 2_000]);
}
