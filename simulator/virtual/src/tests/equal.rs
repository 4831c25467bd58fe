//! The engine against the reference engine, on random small plans.
//!
//! Owns the numbers of plans that are played, and what is printed when one fails. A failure prints the command that
//! replays it: `DOORBUSTER_PLAN_SEED` plays the one plan of that number, in every test here.

use super::compare::{Played, by_engine, difference};
use super::plans::{Case, cases};
use super::planted::Bug;
use crate::slice::{StationId, stations};
use doorbuster_model::plan::Plan;
use doorbuster_model::time::{Ticks, s_from_ticks, ticks_from_ns};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::ops::Range;

/// Names the one plan to play.
const SEED: &str = "DOORBUSTER_PLAN_SEED";
/// Plans that every bug has to be caught within.
const BUG_PLANS: u64 = 200;

/// *Scenario* A thousand random small shops are played by the engine and by the reference, and drained.
/// *Guarantees* Equal streams, counters and stations; nothing is left over; Little's law holds to the tick.
#[test]
fn random_plans_play_as_in_the_reference() {
    let mut spans = 0;
    for number in numbers(0..1_000) {
        holds(number, "random_plans_play_as_in_the_reference", |plan, case| {
            let played = difference(plan, case, None)?;
            spans += played.stream.spans();
            littles_law(plan, &played)
        });
    }
    assert!(spans > 100_000 || std::env::var(SEED).is_ok(), "the plans have become dull: {spans} spans");
}

/// *Scenario* Random small shops are played in turns of 10 ms, of 1 s, and all at once.
/// *Guarantees* The stream is the same.
#[test]
fn turns_do_not_change_the_stream() {
    for number in numbers(0..100) {
        holds(number, "turns_do_not_change_the_stream", |plan, case| {
            let whole = by_engine(plan, case, Ticks::MAX, None);
            for turn in [ticks_from_ns(10_000_000), ticks_from_ns(1_000_000_000), 1 + case.seed % 5_000] {
                let turns = by_engine(plan, case, turn, None);
                if let Some(parts) = turns.stream.parts_from(&whole.stream, plan) {
                    return Err(format!("in turns of {turn} ticks (\"engine\") or whole (\"reference\"): {parts}"));
                }
            }
            Ok(())
        });
    }
}

/// *Scenario* Each planted bug plays random small shops, one after the other.
/// *Guarantees* The comparison, the leftovers or an assertion of the engine catches it within 200 plans.
#[test]
fn planted_bugs_are_caught() {
    use Bug::{ForgottenCancel, KeptWorker, LateWork, LostConnection, LostSpan, StaleTimer};
    for bug in [LostSpan, StaleTimer, ForgottenCancel, KeptWorker, LostConnection, LateWork] {
        let caught = (0..BUG_PLANS).find(|number| {
            let case = case(*number);
            let play = || difference(&case.plan(), &case, Some(bug)).is_err();
            std::panic::catch_unwind(play).unwrap_or(true)
        });
        assert!(caught.is_some(), "{bug:?} was not caught within {BUG_PLANS} plans");
    }
}

/// The plans to play: all of them, or the one that is asked for.
fn numbers(all: Range<u64>) -> Range<u64> {
    match std::env::var(SEED) {
        Ok(number) => {
            let number: u64 = number.parse().expect("the variable holds the number of a plan");
            number..number + 1
        }
        Err(_) => all,
    }
}

/// The runner of the plan of this number: the same case every time.
fn runner(number: u64) -> TestRunner {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let config = Config { failure_persistence: None, max_shrink_iters: 3_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

fn case(number: u64) -> Case {
    cases().new_tree(&mut runner(number)).expect("every case is taken").current()
}

/// Checks the plan of this number. A failure is made as small as possible, then told with all it takes to replay it.
fn holds(number: u64, test: &str, mut check: impl FnMut(&Plan, &Case) -> Result<(), String>) {
    let mut runner = runner(number);
    let tree = cases().new_tree(&mut runner).expect("every case is taken");
    let check = std::cell::RefCell::new(&mut check);
    let result = runner.run_one(tree, |case| (*check.borrow_mut())(&case.plan(), &case).map_err(TestCaseError::fail));
    if let Err(TestError::Fail(reason, case)) = result {
        let value = serde_json::to_value(&case.scenario).expect("a scenario is JSON");
        let scenario = serde_yaml::to_string(&value).expect("JSON is YAML");
        panic!(
            "plan {number}, made small: {reason}\n\n{scenario}\nseed {}, cell {}, doors open for {} ticks ({:.3} s), {:?}\n\n\
             replay: {SEED}={number} cargo test -p doorbuster-virtual {test}\n",
            case.seed,
            case.cell,
            case.length,
            s_from_ticks(case.length),
            case.lost,
        );
    }
}

/// Those who wait, summed over time, are the waits summed over those who waited; and requests in hand, summed over
/// time, are the latencies summed over requests.
fn littles_law(plan: &Plan, played: &Played) -> Result<(), String> {
    for (station, totals) in stations(plan).into_iter().zip(&played.slice.stations) {
        if totals.gave_up == 0 && totals.waiting_ticks != totals.wait_ticks {
            return Err(format!("{station:?}: {totals:?}"));
        }
        if let StationId::Workers(service) = station {
            let of_service = |endpoint: usize| plan.endpoints[endpoint].service == service;
            let slices = played.slice.endpoints.iter().enumerate().filter(|(endpoint, _)| of_service(*endpoint));
            let latency_ticks: u64 = slices.map(|(_, slice)| slice.latency_ticks).sum();
            if latency_ticks != totals.busy_ticks + totals.waiting_ticks {
                return Err(format!("latencies at {station:?} sum to {latency_ticks} ticks: {totals:?}"));
            }
        }
    }
    Ok(())
}
