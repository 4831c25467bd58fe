//! The rule, one side at a time: each direction, tolerance, chance, samples, verdicts, and what is not judged.

use super::*;
use crate::examples;
use crate::outcome::outcome;
use crate::result::{EndpointStats, LatencyStats};
use proptest::prelude::*;

const TOLERANCE: f64 = 0.02;

/// One endpoint `shop.buy` in the window `run` of 100 s: the only one, and so the edge.
fn shop(attempts: u64, succeeded: u64, p50: f64, p99: f64) -> RunResult {
    let mut result = examples::quiet_day();
    result.timeline.windows = [("run".to_owned(), [0.0, 100.0])].into_iter().collect();
    result.endpoints = vec![EndpointStats {
        service: "shop".to_owned(),
        endpoint: "buy".to_owned(),
        window: "run".to_owned(),
        edge: true,
        attempts,
        succeeded,
        failed: [("timeout".to_owned(), attempts - succeeded)].into_iter().collect(),
        latency_s: Some(LatencyStats { mean: p50, p50, p90: p50.midpoint(p99), p99, p999: p99 * 1.5, max: p99 * 2.0 }),
    }];
    result
}

/// What differs, as `what judgement`.
fn told(baseline: &RunResult, here: &RunResult) -> Vec<String> {
    let comparison = compare(baseline, here, TOLERANCE);
    let name = |figure: &Figure| format!("{} {}", figure_name(figure), judgement_word(figure.judgement));
    comparison.figures.iter().map(name).collect()
}

#[test]
fn a_run_differs_in_nothing_from_itself() {
    for result in examples::all() {
        let comparison = compare(&result, &result, 0.0);
        assert!(comparison.nothing_differs(), "{}: {comparison:#?}", result.scenario);
        assert_eq!(comparison.tally.compared, comparison.tally.same);
        assert_eq!(comparison.worse(), 0);
    }
    assert!(headline(&compare(&examples::incident(), &examples::incident(), 0.0)).starts_with("nothing differs: "));
}

#[test]
fn less_success_is_worse_and_more_is_better() {
    let (good, bad) = (shop(100_000, 98_000, 0.01, 0.05), shop(100_000, 91_200, 0.01, 0.05));
    assert_eq!(told(&good, &bad), ["success worse", "throughput worse", "failed by timeout different"]);
    assert_eq!(told(&bad, &good), ["success better", "throughput better", "failed by timeout different"]);
    let comparison = compare(&good, &bad, TOLERANCE);
    assert_eq!(
        cause_text(&comparison, &comparison.figures[0]),
        "shop.buy, run: success 98.0 % -> 91.2 % (failed by timeout 2.0 % -> 8.8 %)"
    );
    assert_eq!(change_text(&comparison.figures[0]), "-6.8 points");
    assert_eq!(change_text(&comparison.figures[1]), "-6.9 %");
}

#[test]
fn more_latency_is_worse_and_less_is_better() {
    let (fast, slow) = (shop(100_000, 98_000, 0.010, 0.050), shop(100_000, 98_000, 0.012, 0.070));
    assert_eq!(told(&fast, &slow), ["p99 worse", "p50 worse"]);
    assert_eq!(told(&slow, &fast), ["p99 better", "p50 better"]);
}

#[test]
fn within_the_tolerance_nothing_is_worse_however_certain_it_is() {
    let (old, new) = (shop(100_000_000, 98_000_000, 0.0100, 0.0500), shop(100_000_000, 96_100_000, 0.0101, 0.0509));
    assert_eq!(told(&old, &new), Vec::<String>::new());
    let tally = compare(&old, &new, TOLERANCE).tally;
    assert_eq!((tally.compared, tally.within, tally.same, tally.worse), (4, 4, 0, 0));
    assert_eq!(compare(&old, &new, 0.001).tally.worse, 4, "a tighter tolerance sees all four");
}

#[test]
fn within_chance_nothing_is_worse_however_large_it_is() {
    // 5 points of success and a third more p99, on 150 and 1,100 attempts.
    assert_eq!(told(&shop(150, 147, 0.01, 0.05), &shop(150, 139, 0.01, 0.05)), Vec::<String>::new());
    assert_eq!(told(&shop(1_100, 1_078, 0.01, 0.05), &shop(1_100, 1_078, 0.01, 0.06)), Vec::<String>::new());
    // The same on more of them is no chance.
    assert_eq!(told(&shop(15_000, 14_700, 0.01, 0.05), &shop(15_000, 13_900, 0.01, 0.05)).len(), 3);
    assert_eq!(told(&shop(110_000, 107_800, 0.01, 0.05), &shop(110_000, 107_800, 0.01, 0.06)), ["p99 worse"]);
}

#[test]
fn too_few_samples_are_said_and_not_judged() {
    let tally =
        |attempts| compare(&shop(attempts, attempts, 0.01, 0.05), &shop(attempts, 0, 1.0, 5.0), TOLERANCE).tally;
    assert_eq!((tally(99).compared, tally(99).too_few), (0, 4));
    assert_eq!((tally(999).compared, tally(999).too_few, tally(999).worse), (3, 1, 3), "all but the p99");
    assert_eq!((tally(1_000).compared, tally(1_000).too_few), (4, 0));
    let mut result = shop(99, 0, 1.0, 5.0);
    result.verdicts.clear();
    hold_against(&mut result, &RunResult { verdicts: Vec::new(), ..shop(99, 99, 0.01, 0.05) }, TOLERANCE);
    assert_eq!(result.verdicts[0].status, Status::Invalid, "nothing was compared");
    assert_eq!(outcome(&result).exit_code(), 75);
}

#[test]
fn an_endpoint_that_answers_nobody_any_more_is_worse() {
    let mut silent = shop(100_000, 98_000, 0.01, 0.05);
    silent.endpoints[0] = EndpointStats { attempts: 0, succeeded: 0, latency_s: None, ..silent.endpoints[0].clone() };
    silent.endpoints[0].failed.clear();
    assert_eq!(told(&shop(100_000, 98_000, 0.01, 0.05), &silent), ["throughput worse", "attempts different"]);
}

#[test]
fn throughput_is_judged_at_the_edge_under_the_same_traffic_only() {
    let (old, mut new) = (shop(100_000, 100_000, 0.01, 0.05), shop(50_000, 50_000, 0.01, 0.05));
    assert_eq!(told(&old, &new), ["throughput worse", "attempts different"]);
    new.resolved["traffic"]["poisson"] = "30k/s".into();
    assert_eq!(
        told(&old, &new),
        ["throughput different", "attempts different"],
        "half the traffic, half the throughput"
    );
    let behind = serde_json::json!({"buy": {"steps": [{"request": "gateway.buy"}]}});
    let (mut old, mut new) = (old, shop(50_000, 50_000, 0.01, 0.05));
    (old.resolved["journeys"], new.resolved["journeys"]) = (behind.clone(), behind);
    assert_eq!(told(&old, &new), ["attempts different"], "a cache would do that");
}

#[test]
fn under_a_curve_another_stretch_of_time_is_another_load() {
    let of = |to_s: f64| {
        let mut result = shop(100_000, 100_000, 0.01, 0.05);
        result.resolved["traffic"] = serde_json::json!({"curve": [{"at": "0s", "rate": "1k/s"}]});
        result.timeline.windows.insert("run".to_owned(), [0.0, to_s]);
        result
    };
    assert_eq!(told(&of(100.0), &of(200.0)), ["throughput different", "attempts different"]);
}

#[test]
fn a_verdict_that_misses_now_is_worse_whatever_the_tolerance_is() {
    let (good, mut bad) = (examples::incident(), examples::incident());
    bad.verdicts[0].status = Status::Fail;
    bad.verdicts[1].expect = Expect::Fail;
    let comparison = compare(&good, &bad, 1.0);
    assert_eq!(comparison.verdicts.iter().map(|change| change.judgement).collect::<Vec<_>>(), [Judgement::Worse; 2]);
    assert_eq!((comparison.worse(), comparison.verdicts_compared), (2, 14));
    assert_eq!(verdict_states(&comparison.verdicts[0]), ["98.0 % as expected", "98.0 % missed"]);
    assert_eq!(compare(&bad, &good, 1.0).verdicts_that_are(Judgement::Better), 2);
    assert_eq!(compare(&bad, &bad, 1.0).worse(), 0, "what missed before is not worse");
}

#[test]
fn an_invalid_verdict_and_one_that_came_or_went_are_told_and_not_judged() {
    let (old, mut new) = (examples::incident(), examples::incident());
    new.verdicts[0].status = Status::Invalid;
    new.verdicts[1].value = Some(0.704_200_1);
    let gone = new.verdicts.pop().expect("there are some");
    new.verdicts[2].id = "incident.success.new".to_owned();
    let comparison = compare(&old, &new, TOLERANCE);
    assert!(comparison.verdicts.iter().all(|change| change.judgement == Judgement::Different));
    let ids: Vec<&str> = comparison.verdicts.iter().map(|change| change.id.as_str()).collect();
    assert_eq!(ids[..2], ["incident.success.before", "incident.success.during"]);
    assert_eq!(ids[2..], ["incident.success.new", "incident.success.after", gone.id.as_str()]);
    assert_eq!(
        verdict_states(&comparison.verdicts[1]),
        ["70.42 % as expected", "70.42001 % as expected"],
        "values that read the same get more digits"
    );
    assert_eq!(verdict_states(&comparison.verdicts[4])[1], "not there");
}

#[test]
fn what_is_worse_ends_the_run_with_99_and_the_books_of_a_baseline_play_no_part() {
    let mut baseline = shop(100_000, 98_000, 0.01, 0.05);
    hold_against(&mut baseline, &shop(100_000, 98_000, 0.01, 0.05), TOLERANCE);
    assert_eq!(outcome(&baseline).exit_code(), 0);
    let mut bad = shop(100_000, 91_200, 0.01, 0.05);
    hold_against(&mut bad, &baseline, TOLERANCE);
    let verdict = bad.verdicts.last().expect("it was added");
    assert_eq!((verdict.id.as_str(), verdict.kind, verdict.value), (REGRESSION, VerdictKind::Regression, Some(2.0)));
    assert!(verdict.source.ends_with(", tolerance 2 %"), "{}", verdict.source);
    assert_eq!(outcome(&bad).exit_code(), 99);
    let comparison = bad.comparison.expect("it was compared");
    assert_eq!(comparison.verdicts, [], "the baseline's own regression verdict is not one of the run");
}

#[test]
fn a_run_that_was_ended_early_is_not_compared() {
    let mut result = examples::ended_early();
    hold_against(&mut result, &examples::incident(), TOLERANCE);
    assert_eq!(result.comparison, None);
    assert_eq!(result.verdicts.last().map(|verdict| verdict.status), Some(Status::Invalid));
}

#[test]
fn what_only_one_run_has_is_named_and_lists_are_bounded() {
    let (old, mut new) = (examples::incident(), examples::incident());
    new.endpoints.retain(|stats| stats.window != "after");
    new.endpoints.push(EndpointStats { endpoint: "new".to_owned(), ..new.endpoints[0].clone() });
    let comparison = compare(&old, &new, TOLERANCE);
    assert_eq!(comparison.unmatched, ["window after: only in the baseline", "endpoint gateway.new: only in this run"]);
    let many = |attempts: u64| {
        let mut result = shop(attempts, attempts, 0.01, 0.05);
        result.resolved =
            (0..80).map(|i| (format!("k{i}"), (attempts + i).into())).collect::<serde_json::Map<_, _>>().into();
        let one = result.endpoints.remove(0);
        result.endpoints = (0..300).map(|i| EndpointStats { endpoint: format!("e{i}"), ..one.clone() }).collect();
        result
    };
    let comparison = compare(&many(1_000), &many(2_000), TOLERANCE);
    assert_eq!((comparison.figures.len(), comparison.figures_left_out), (MOST_FIGURES, 400));
    assert_eq!((comparison.configuration.len(), comparison.configuration_left_out), (MOST_SETTINGS, 30));
    assert!(configuration_text(&comparison, 2).ends_with("; 78 more"), "{}", configuration_text(&comparison, 2));
}

prop_compose! {
    fn any_shop()(attempts in 0_u64..200_000, missed in 0.0..=1.0_f64, p50 in 1e-6..10.0_f64, tail in 0.0..10.0_f64) -> RunResult {
        shop(attempts, attempts - (attempts as f64 * missed) as u64, p50, p50 + tail)
    }
}

proptest! {
    #[test]
    fn any_run_differs_in_nothing_from_itself(result in any_shop(), tolerance in 0.0..=1.0_f64) {
        prop_assert!(compare(&result, &result, tolerance).nothing_differs());
    }

    #[test]
    fn no_figure_is_worse_both_ways(a in any_shop(), b in any_shop(), tolerance in 0.0..=1.0_f64) {
        let side = |baseline, here, judgement| -> Vec<What> {
            let told = compare(baseline, here, tolerance).figures;
            told.iter().filter(|figure| figure.judgement == judgement).map(|figure| figure.what).collect()
        };
        for what in side(&a, &b, Judgement::Worse) {
            prop_assert!(!side(&b, &a, Judgement::Worse).contains(&what), "{what:?}");
        }
        for what in side(&a, &b, Judgement::Better) {
            prop_assert!(!side(&b, &a, Judgement::Better).contains(&what), "{what:?}");
        }
    }

    #[test]
    fn a_greater_tolerance_finds_no_more(a in any_shop(), b in any_shop(), low in 0.0..=1.0_f64, more in 0.0..=1.0_f64) {
        prop_assert!(compare(&a, &b, low + more).worse() <= compare(&a, &b, low).worse());
    }
}
