//! The engine against the reference engine, on random small plans.
//!
//! Owns the numbers of plans that are played, and what is printed when one fails. A failure prints the command that
//! replays it: `DOORBUSTER_PLAN_SEED` plays the one plan of that number, in every test here.

use super::compare::{Played, by_engine, difference};
use super::plans::{Case, Change, What, cases};
use super::planted::Bug;
use crate::slice::{Slice, StatementSlice, StationId, stations};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Endpoint, Plan};
use doorbuster_model::time::{Ticks, s_from_ticks, ticks_from_ns};
use doorbuster_scenarios::types::Discipline;
use doorbuster_scenarios::{Source, load};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::ops::Range;

/// Names the one plan to play.
const SEED: &str = "DOORBUSTER_PLAN_SEED";
/// Plans that every bug has to be caught within.
const BUG_PLANS: u64 = 200;

/// *Scenario* Three thousand random small shops are played by the engine and by the reference, and drained.
/// *Guarantees* Equal streams, counters and stations; nothing is left over; Little's law holds to the tick.
#[test]
fn random_plans_play_as_in_the_reference() {
    let mut seen = Seen::default();
    for number in numbers(0..3_000) {
        holds(number, "random_plans_play_as_in_the_reference", |plan, case| {
            let played = difference(plan, case, None)?;
            seen.add(&played);
            littles_law(plan, &played)
        });
    }
    assert!(std::env::var(SEED).is_ok() || seen.is_rich(), "the plans have become dull: {seen:?}");
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

/// *Scenario* Random small shops are played alone, and with every command at no strength, at a third and at two thirds.
/// *Guarantees* The stream and all counts are the same. With what changes in those shops, most streams are not.
#[test]
fn commands_at_no_strength_change_nothing() {
    let mut changed = 0;
    for number in numbers(0..300) {
        holds(number, "commands_at_no_strength_change_nothing", |plan, case| {
            let nothing = |at| Change { from: at, to: at, what: What::Nothing };
            let alone = Case { changes: Vec::new(), ..case.clone() };
            let touched =
                Case { changes: vec![nothing(case.length / 3), nothing(case.length / 3 * 2)], ..case.clone() };
            let (alone, touched) =
                (by_engine(plan, &alone, Ticks::MAX, None), by_engine(plan, &touched, Ticks::MAX, None));
            changed += u32::from(by_engine(plan, case, Ticks::MAX, None).stream != alone.stream);
            if let Some(parts) = touched.stream.parts_from(&alone.stream, plan) {
                return Err(format!("with commands (\"engine\") or without (\"reference\"): {parts}"));
            }
            let (alone, touched) = (format!("{:?}", alone.slice), format!("{:?}", touched.slice));
            if alone == touched { Ok(()) } else { Err(format!("counts are\n  {touched}\nand without\n  {alone}")) }
        });
    }
    assert!(std::env::var(SEED).is_ok() || changed > 100, "commands hardly change anything: {changed}");
}

/// *Scenario* Random small shops are written as YAML, the form in which a failure prints them, and loaded.
/// *Guarantees* The loader accepts them and reads the same scenario: what is compared here is what people may write.
#[test]
fn random_plans_are_scenarios() {
    for number in numbers(0..50) {
        holds(number, "random_plans_are_scenarios", |_, case| {
            let source = Source::Text { name: "random".to_owned(), text: yaml(case) };
            let loaded = load(&source, &[]).map_err(|diagnostics| format!("{diagnostics}"))?;
            if loaded.scenario == case.scenario { Ok(()) } else { Err(format!("read as {:?}", loaded.scenario)) }
        });
    }
}

/// *Scenario* Each planted bug plays random small shops, one after the other, until it is caught.
/// *Guarantees* The comparison, the leftovers or an assertion of the engine catches it within 200 plans, in one that
/// plays well without it.
#[test]
fn planted_bugs_are_caught() {
    for bug in Bug::ALL {
        let caught = (0..BUG_PLANS).find(|number| catches(*number, Some(bug)));
        let number = caught.unwrap_or_else(|| panic!("{bug:?} was not caught within {BUG_PLANS} plans"));
        assert!(!catches(number, None), "plan {number} fails without {bug:?} too");
    }
}

/// *Scenario* An engine that keeps workers, or connections, plays random small shops alone.
/// *Guarantees* What is left over after the drain gives it away; no second engine is needed.
#[test]
fn leftovers_give_kept_things_away() {
    for bug in [Bug::KeptWorker, Bug::LostConnection] {
        let told = (0..BUG_PLANS).any(|number| {
            let case = case(number);
            !by_engine(&case.plan(), &case, Ticks::MAX, Some(bug)).leftovers.is_empty()
        });
        assert!(told, "{bug:?} left nothing over in {BUG_PLANS} plans");
    }
}

/// Whether the plan of this number shows that something is wrong.
fn catches(number: u64, bug: Option<Bug>) -> bool {
    let case = case(number);
    std::panic::catch_unwind(|| difference(&case.plan(), &case, bug).is_err()).unwrap_or(true)
}

/// What happened in all plans together.
#[derive(Clone, Debug, Default)]
struct Seen {
    spans: usize,
    requests: [u64; Outcome::COUNT],
    waited: u64,
    gave_up: u64,
    killed: u64,
    /// Messages, misses of flushed and expired entries, waits for locks, pauses, statements of shards that were down.
    of_faults: [u64; 5],
}

impl Seen {
    fn add(&mut self, played: &Played) {
        self.spans += played.stream.spans();
        for endpoint in &played.slice.endpoints {
            self.requests.iter_mut().zip(endpoint.outcomes).for_each(|(seen, more)| *seen += more);
        }
        for station in &played.slice.stations {
            self.waited += station.wait_ticks;
            self.gave_up += station.gave_up;
        }
        let Slice { consumers, caches, statements, paused_ticks, .. } = &played.slice;
        let happened = [
            consumers.iter().map(|consumer| consumer.consumed).sum(),
            caches.iter().map(|cache| cache.misses).sum(),
            statements.iter().map(|statement| statement.lock_ticks).sum(),
            paused_ticks.iter().sum(),
            statements.iter().map(|statement| statement.unavailable).sum::<u64>(),
        ];
        self.of_faults.iter_mut().zip(happened).for_each(|(seen, more)| *seen += more);
        self.killed += played.slice.statements.iter().map(|statement| statement.killed).sum::<u64>();
    }

    /// Every outcome occurred often, so did every way to wait in vain.
    fn is_rich(&self) -> bool {
        self.spans > 1_000_000
            && self
                .requests
                .into_iter()
                .chain([self.gave_up, self.killed])
                .chain(self.of_faults)
                .all(|seen| seen > 2_000)
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
        panic!(
            "plan {number}, made small: {reason}\n\n{}\nseed {}, cell {}, doors open for {} ticks ({:.3} s), {:?}\n\n\
             replay: {SEED}={number} cargo test -p doorbuster-virtual {test}\n",
            yaml(&case),
            case.seed,
            case.cell,
            case.length,
            s_from_ticks(case.length),
            case.changes,
        );
    }
}

/// A case's scenario as a file; enums as one-key maps, which only the way through JSON gives.
fn yaml(case: &Case) -> String {
    let value = serde_json::to_value(&case.scenario).expect("a scenario is JSON");
    serde_yaml::to_string(&value).expect("JSON is YAML")
}

/// Summed over time, those who wait come to the waits of those who waited; requests in hand come to the latencies, and
/// statements at a store to the times that they stayed there.
fn littles_law(plan: &Plan, played: &Played) -> Result<(), String> {
    let Slice { endpoints, statements, stations: all, .. } = &played.slice;
    for (station, totals) in stations(plan).into_iter().zip(all) {
        let there = totals.busy_ticks + totals.waiting_ticks;
        let (sum, ticks) = match station {
            StationId::Cores(_) | StationId::Pool(_) => (there, there),
            // Work on turning requests away is nobody's worker's.
            StationId::Workers(service) if plan.services[usize::from(service)].costs.rejection.is_some() => continue,
            StationId::Workers(service) => {
                let is_its = |of: &Endpoint| of.service == service && of.consumes.is_none();
                let of_service = plan.endpoints.iter().zip(endpoints).filter(|(of, _)| is_its(of));
                (of_service.map(|(_, slice)| slice.latency_ticks).sum(), there)
            }
            // Locks are waited for beside the cores, and what breaks off is not told.
            StationId::Store(store) if troubled(plan, statements, store) => continue,
            StationId::Store(store) => {
                let of_store = plan.statements.iter().zip(statements).filter(|(of, _)| of.store == store);
                (of_store.map(|(_, slice)| slice.ticks).sum(), there)
            }
            StationId::Consumer(consumer) => (played.slice.consumers[usize::from(consumer)].age_ticks, there),
        };
        if sum != ticks {
            return Err(format!("Little's law at {station:?}: {sum} ticks are not {ticks}: {totals:?}"));
        }
        let waits_are_known = totals.gave_up == 0 && !shares(plan, station);
        if waits_are_known && totals.wait_ticks != totals.waiting_ticks {
            return Err(format!("Little's law at {station:?}: {totals:?}"));
        }
    }
    Ok(())
}

fn troubled(plan: &Plan, statements: &[StatementSlice], store: u16) -> bool {
    let mut of_store = plan.statements.iter().zip(statements).filter(|(of, _)| of.store == store);
    of_store.any(|(_, slice)| slice.lock_ticks + slice.unavailable > 0)
}

/// Whether everybody is served at once there, so that nobody's wait is a whole number of ticks.
fn shares(plan: &Plan, station: StationId) -> bool {
    matches!(station, StationId::Store(store) if plan.stores[usize::from(store)].discipline == Discipline::Ps)
}
