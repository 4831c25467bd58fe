//! Hand-made traces in the windows of the small drill: injection at 90 s, *before* from 10 s on, *during* from 150 s on.

use super::*;
use crate::plan_names;
use doorbuster_model::compile::compile;
use doorbuster_model::outcome::Outcome::{Error, Ok, Timeout};
use doorbuster_model::time::ticks_from_ns;
use doorbuster_scenarios::{Scenario, Source, load};

const DRILL: &str = include_str!("../../../tests/scenarios/small-drill.yaml");

struct Bench {
    plan: Plan,
    windows: Windows,
    exemplars: Exemplars,
}

fn bench(sets: &[&str]) -> Bench {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let source = Source::Text { name: "drill".to_owned(), text: DRILL.to_owned() };
    let scenario: Scenario = load(&source, &sets).expect("it is a scenario").scenario;
    let plan = compile("drill", &scenario, 1);
    let windows = Windows::new(&scenario, &plan);
    let edges = ["gateway.pay", "gateway.browse"].map(|edge| plan_names::endpoint(&plan, edge));
    let exemplars = Exemplars::new(&plan, &edges, !scenario.faults.is_empty());
    Bench { plan, windows, exemplars }
}

impl Bench {
    /// A trace of `gateway.pay` that is nothing but its root.
    fn trace(&self, number: u64, start_s: u64, ms: u64, outcome: Outcome) -> TraceSample {
        self.trace_of("gateway.pay", number, start_s, ms, outcome)
    }

    fn trace_of(&self, edge: &str, number: u64, start_s: u64, ms: u64, outcome: Outcome) -> TraceSample {
        let edge = plan_names::endpoint(&self.plan, edge);
        let root = SpanRecord {
            trace: TraceWord::new(number, 0, 0).0,
            start: tick_of_second(start_s),
            duration: ticks_from_ns(ms * 1_000_000) as u32,
            index: 0,
            shape: self.plan.endpoints[usize::from(edge)].shape,
            pod: 0,
            outcome: outcome as u8,
            attempt: 0,
            shard: 0,
        };
        TraceSample { cell: 0, spans: vec![root] }
    }

    /// So many traces, one in a second from `start_s` on, the first of `ms`, each later one a ms longer.
    fn see(&mut self, count: u64, start_s: u64, ms: u64, outcome: Outcome) {
        let traces: Vec<TraceSample> =
            (0..count).map(|n| self.trace(start_s * 1_000 + ms * 7 + n, start_s + n % 60, ms + n, outcome)).collect();
        self.exemplars.observe(&traces, &self.windows);
    }

    fn chosen(&self) -> Vec<(Window, Likeness, u64, u64, u64)> {
        let ms = |chosen: &Chosen| (u64::from(chosen.trace.spans[0].duration) * 1024 + 500_000) / 1_000_000;
        let told = self.exemplars.choose(self.windows.unwanted());
        told.iter().map(|chosen| (chosen.window, chosen.likeness, chosen.alike, chosen.sampled, ms(chosen))).collect()
    }
}

/// *Scenario* A hundred healthy traces and one that failed before the fault; during it a third times out, and the one
/// that usually fails is there too.
///
/// *Guarantees* *Before* shows the healthy trace of median duration, *during* the timeout of median duration.
#[test]
fn during_shows_what_most_suffer() {
    let mut bench = bench(&[]);
    bench.see(100, 20, 10, Ok);
    bench.see(1, 20, 3, Error);
    bench.see(60, 160, 10, Ok);
    bench.see(1, 160, 3, Error);
    bench.see(31, 160, 1_000, Timeout);
    assert_eq!(
        bench.chosen(),
        [(Window::Before, Likeness::Healthy, 100, 101, 60), (Window::During, Likeness::Ended(Timeout), 31, 92, 1_015),]
    );
}

/// *Scenario* Nobody fails during the fault, but two in five take longer than all but one of a hundred before.
///
/// *Guarantees* *During* shows a slow one, of median duration among the slow.
#[test]
fn during_shows_a_slow_one_where_nobody_fails() {
    let mut bench = bench(&[]);
    bench.see(100, 20, 10, Ok);
    bench.see(30, 160, 10, Ok);
    bench.see(21, 160, 700, Ok);
    let chosen = bench.chosen();
    let slow = Likeness::Slow(ticks_from_ns(109_000_000));
    assert_eq!(chosen[1], (Window::During, slow, 21, 51, 710));
}

/// *Scenario* Forty traces during the fault, two of which take longer than all but one of a hundred before.
///
/// *Guarantees* *During* shows a healthy one: of so few, two may be slow by chance.
#[test]
fn what_chance_may_do_stands_for_nobody() {
    let mut bench = bench(&[]);
    bench.see(100, 20, 10, Ok);
    bench.see(38, 160, 10, Ok);
    bench.see(2, 160, 700, Ok);
    assert_eq!(bench.chosen()[1].1, Likeness::Healthy);
}

/// *Scenario* A fault that hurts nobody: the same few failures before and during.
///
/// *Guarantees* *During* shows a healthy trace too: a failure that is usual does not stand for the window.
#[test]
fn a_usual_failure_stands_for_nobody() {
    let mut bench = bench(&[]);
    for start_s in [20, 160] {
        bench.see(100, start_s, 10, Ok);
        bench.see(2, start_s, 3, Error);
    }
    let likeness: Vec<Likeness> = bench.chosen().iter().map(|chosen| chosen.1).collect();
    assert_eq!(likeness, [Likeness::Healthy, Likeness::Healthy]);
}

/// *Scenario* Traces that lie across the injection, that began before *during* and end in it, that end after the first
/// remedy, and traces without root or of another endpoint.
///
/// *Guarantees* Only the second is taken.
#[test]
fn a_trace_belongs_to_the_window_in_which_it_ends() {
    let mut bench = bench(&[]);
    bench.windows.remedy_at(200);
    let across = bench.trace(1, 89, 2_000, Timeout);
    let hangs = bench.trace(2, 140, 30_000, Timeout);
    let later = bench.trace(3, 199, 2_000, Timeout);
    let mut rootless = bench.trace(4, 160, 10, Timeout);
    rootless.spans[0].index = 1;
    let mut other = bench.trace(5, 160, 10, Timeout);
    other.spans[0].shape = plan_names::endpoint(&bench.plan, "payment.pay");
    other.spans[0].shape = bench.plan.endpoints[usize::from(other.spans[0].shape)].shape;
    bench
        .exemplars
        .observe(&[across, hangs, later, rootless, other, TraceSample { cell: 0, spans: Vec::new() }], &bench.windows);
    assert_eq!(bench.chosen(), [(Window::During, Likeness::Ended(Timeout), 1, 1, 30_000)]);
}

/// *Scenario* Twenty thousand traces in one order, and in the other.
///
/// *Guarantees* Memory is bounded, the choice is the same, and it comes from the whole window.
#[test]
fn the_choice_is_bounded_and_knows_no_order() {
    let (mut forth, mut back) = (bench(&[]), bench(&[]));
    let trace = |number: u64| forth.trace(number, 10 + number / 400, 1 + number / 400, Ok);
    let mut traces: Vec<TraceSample> = (0..20_000).map(trace).collect();
    forth.exemplars.observe(&traces, &forth.windows);
    traces.reverse();
    back.exemplars.observe(&traces, &back.windows);
    assert_eq!(forth.exemplars.choose(forth.windows.unwanted()), back.exemplars.choose(back.windows.unwanted()));
    let healthy = &forth.exemplars.0[0].windows[0].1.0[HEALTHY];
    assert_eq!((healthy.traces.len(), healthy.durations.len(), healthy.seen), (CANDIDATES, DURATIONS, 20_000));
    let ms = forth.chosen()[0].4;
    assert!((15..=35).contains(&ms), "a median of {ms} ms, where 25 ms is the truth");
}

/// *Scenario* The drill without its fault.
///
/// *Guarantees* One exemplar, of the run.
#[test]
fn without_a_fault_one_trace_of_the_run_is_shown() {
    let mut bench = bench(&["faults={}", "remedies={}", "expect={}"]);
    bench.see(9, 20, 10, Ok);
    assert_eq!(bench.chosen(), [(Window::Run, Likeness::Healthy, 9, 9, 14)]);
}

/// *Scenario* Payments and, of the other endpoint, browsing; both suffer in *during*; success recovers at 250 s, and after it
/// payments are as before, while browsing still fails.
///
/// *Guarantees* Each endpoint has one of each window, the watched one first; *after* shows what still stands out.
#[test]
fn every_endpoint_has_one_of_each_window() {
    let mut bench = bench(&[]);
    bench.see(100, 20, 10, Ok);
    bench.see(60, 160, 900, Timeout);
    bench.windows.recovered_at(250, 280);
    bench.see(50, 320, 10, Ok);
    let browse = |number: u64, start_s, outcome| {
        bench.trace_of("gateway.browse", 900_000 + number, start_s + number % 50, 20 + number, outcome)
    };
    let mut traces: Vec<TraceSample> = (0..40).map(|n| browse(n, 20, Ok)).collect();
    traces.extend((40..70).map(|n| browse(n, 160, Error)));
    traces.extend((70..90).map(|n| browse(n, 320, Error)));
    bench.exemplars.observe(&traces, &bench.windows);
    let told: Vec<(bool, Window, Likeness)> = bench
        .exemplars
        .choose(bench.windows.unwanted())
        .iter()
        .map(|chosen| (chosen.is_watched, chosen.window, chosen.likeness))
        .collect();
    let failed = Likeness::Ended(Error);
    assert_eq!(
        told,
        [
            (true, Window::Before, Likeness::Healthy),
            (true, Window::During, Likeness::Ended(Timeout)),
            (true, Window::After, Likeness::Healthy),
            (false, Window::Before, Likeness::Healthy),
            (false, Window::During, failed),
            (false, Window::After, failed),
        ]
    );
}

/// *Scenario* A fault that is never mended, with payments that time out to the end of the run.
///
/// *Guarantees* A late one stands for *during* and for *after*: both windows hold it, as they hold its figures.
#[test]
fn without_recovery_after_is_the_end_of_the_run() {
    let mut bench = bench(&[]);
    bench.see(100, 20, 10, Ok);
    bench.see(60, 400, 900, Timeout);
    let windows: Vec<(Window, u64)> = bench.chosen().iter().map(|chosen| (chosen.0, chosen.3)).collect();
    assert_eq!(windows, [(Window::Before, 100), (Window::During, 60), (Window::Tail, 60)]);
}

/// *Scenario* A thousand traces of an endpoint that is not watched.
///
/// *Guarantees* Few of them are kept, many durations are; the one that is shown is near the median, and says which it is.
#[test]
fn of_an_endpoint_that_is_not_watched_few_traces_are_kept() {
    let mut bench = bench(&[]);
    let browse = |n: u64| bench.trace_of("gateway.browse", n, 10 + n % 70, 100 + n, Ok);
    let traces: Vec<TraceSample> = (0..1_000).map(browse).collect();
    bench.exemplars.observe(&traces, &bench.windows);
    let healthy = &bench.exemplars.0[1].windows[0].1.0[HEALTHY];
    assert_eq!((healthy.traces.len(), healthy.durations.len(), healthy.seen), (MOST_TRACES, 1_000, 1_000));
    let chosen = &bench.exemplars.choose(bench.windows.unwanted())[0];
    let (duration, median) = (f64::from(chosen.trace.spans[0].duration), f64::from(chosen.median_ticks));
    assert!((duration / median - 1.0).abs() < 0.15, "{duration} ticks for a median of {median}");
}
