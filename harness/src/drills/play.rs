//! Short runs played, many at a time.
//!
//! Owns the jobs and their threads: each run on one thread, its outcome at its own place, so that nothing depends on how
//! many threads there are. A drill ends as soon as its alert fired and its cause was named. Refuses to judge.

use super::short::{Case, Short, WARMUP_S};
use super::trivial::{BOUNDS, MostErrors, Static};
use super::truth::{self, Minute};
use crate::detection::{Cause, CauseKind, Names};
use crate::drill::{self, Barrier, Record, Settings, names};
use crate::failure::Failure;
use crate::plan_names;
use crate::progress::Display;
use doorbuster_model::compile::compile;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// One short run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// Place of the scenario.
    pub(super) case: usize,
    /// Its number among those of its scenario and sort.
    pub(super) run: u32,
    pub(super) sort: Sort,
}

/// What a short run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// The scenario's faults.
    Drill,
    /// So many seconds without any.
    Quiet(u32),
}

/// What came of a short run.
pub(super) enum Outcome {
    Drilled(Drilled),
    Quiet(Quiet),
    /// The engine could not hold it, or its books do not balance.
    Invalid(String),
}

/// What a drill showed. Times are seconds from the injection.
pub(super) struct Drilled {
    pub(super) short: Short,
    /// Truth's worst minute at the edge, with the endpoint's name.
    pub(super) worst: Option<(String, Minute)>,
    pub(super) symptom_s: Option<u32>,
    pub(super) alert_s: Option<u32>,
    pub(super) cause: Option<Named>,
    /// Whether a fault has a cause that could be named.
    pub(super) has_label: bool,
    /// When each static threshold was first exceeded.
    pub(super) statics_s: [Option<u32>; BOUNDS.len()],
    /// The service with the most error spans, and whether a fault's label has that service.
    pub(super) most_errors: Option<(String, bool)>,
    /// The stretch between warm-up and injection.
    pub(super) before: Quiet,
}

/// A cause that the detector told.
pub(super) struct Named {
    pub(super) at_s: u32,
    /// Service, operation, resource and kind.
    pub(super) what: String,
    pub(super) naming: Naming,
}

/// What a drill's cause is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// It is a fault's label.
    Right,
    /// It is another.
    Wrong,
    /// None was named, or it was told that none is known.
    Missing,
}

/// Pages while nothing was wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quiet {
    pub(super) seconds: u64,
    pub(super) pages: u64,
    /// Beginnings of each static threshold's pages.
    pub(super) statics: [u64; BOUNDS.len()],
}

impl Quiet {
    pub(super) fn add(&mut self, other: &Self) {
        self.seconds += other.seconds;
        self.pages += other.pages;
        self.statics.iter_mut().zip(other.statics).for_each(|(sum, begun)| *sum += begun);
    }
}

impl Drilled {
    /// Whether requests failed in truth as they are paged for.
    pub(super) fn is_hard(&self) -> bool {
        self.worst.as_ref().is_some_and(|(_, minute)| minute.is_hard())
    }

    pub(super) fn naming(&self) -> Naming {
        self.cause.as_ref().map_or(Naming::Missing, |cause| cause.naming)
    }

    /// When a cause was named, right or wrong.
    pub(super) fn cause_s(&self) -> Option<u32> {
        self.cause.as_ref().filter(|cause| cause.naming != Naming::Missing).map(|cause| cause.at_s)
    }
}

/// How all of them are played.
pub(super) struct Way<'a> {
    pub(super) seed: u64,
    pub(super) cells: u32,
    pub(super) threads: usize,
    pub(super) stop: &'a AtomicBool,
}

/// Plays jobs; each outcome stands at its job's place, and those that were not played when it was told to stop have none.
pub(super) fn play(
    cases: &[Case],
    jobs: &[Job],
    way: &Way<'_>,
    display: &mut Display,
) -> Result<Vec<Option<Outcome>>, Failure> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new((0, display));
    let work = || -> Result<Vec<(usize, Outcome)>, Failure> {
        let mut outcomes = Vec::new();
        while !way.stop.load(Ordering::Relaxed) && !failed.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(place) else { break };
            let outcome =
                play_one(&cases[job.case], job, way).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            let Some(outcome) = outcome else { break };
            outcomes.push((place, outcome));
            let mut done = done.lock().expect("invariant: nobody panics while showing progress");
            done.0 += 1;
            let (count, display) = &mut *done;
            display.count(*count, jobs.len() as u32);
        }
        Ok(outcomes)
    };
    let mut outcomes: Vec<Option<Outcome>> = jobs.iter().map(|_| None).collect();
    let mut failure = None;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..way.threads.clamp(1, jobs.len().max(1))).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            match thread.join() {
                Ok(Ok(played)) => played.into_iter().for_each(|(place, outcome)| outcomes[place] = Some(outcome)),
                Ok(Err(error)) => failure = Some(error),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    failure.map_or(Ok(outcomes), Err)
}

fn play_one(case: &Case, job: &Job, way: &Way<'_>) -> Result<Option<Outcome>, Failure> {
    let short = case.short(way.seed, job);
    let loaded = case.load(&short)?;
    let plan = compile(&loaded.name, &loaded.scenario, short.seed);
    let mut watch = Watch::new(names(&plan), short.start_s);
    let settings = Settings { cells: way.cells, threads: 1, head: None };
    let mut is_stopped = false;
    let record = drill::play_while(&loaded.scenario, &plan, settings, &mut |barrier| {
        watch.look(barrier);
        is_stopped = way.stop.load(Ordering::Relaxed);
        let is_found = barrier.story.alert.is_some() && barrier.story.cause.is_some();
        if is_stopped || is_found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if is_stopped {
        return Ok(None);
    }
    let record = match record {
        Ok(record) if record.leftovers.is_empty() => record,
        Ok(record) => {
            return Ok(Some(Outcome::Invalid(format!("its books do not balance: {}", record.leftovers.join("; ")))));
        }
        Err(overload) => {
            let text = Failure::Overload(overload).to_string();
            let first = text.lines().next().unwrap_or_default();
            return Ok(Some(Outcome::Invalid(first.trim_start_matches("error: ").to_owned())));
        }
    };
    let before = watch.quiet(&record);
    Ok(Some(match job.sort {
        Sort::Quiet(_) => Outcome::Quiet(before),
        Sort::Drill => {
            let edges = plan_names::edges(&plan);
            let worst = truth::worst_minute(&record.series, &edges, short.start_s);
            let worst = worst.map(|minute| (plan_names::endpoint_name(&plan, minute.edge), minute));
            Outcome::Drilled(watch.drilled(short, &record, worst, before))
        }
    }))
}

/// Looks on while a short run is played.
struct Watch {
    names: Names,
    injected_s: u32,
    statics: [Static; BOUNDS.len()],
    statics_s: [Option<u32>; BOUNDS.len()],
    begun: [u64; BOUNDS.len()],
    most_errors: MostErrors,
}

impl Watch {
    fn new(names: Names, injected_s: u32) -> Self {
        Self {
            statics: BOUNDS.map(|bound| Static::new(&names, bound)),
            statics_s: [None; BOUNDS.len()],
            begun: [0; BOUNDS.len()],
            most_errors: MostErrors::default(),
            injected_s,
            names,
        }
    }

    fn look(&mut self, barrier: &Barrier<'_>) {
        let now_s = barrier.progress.second;
        self.most_errors.observe(&self.names, barrier.export, barrier.story.alert.is_some());
        let Some(export) = barrier.export else { return };
        for (place, rule) in self.statics.iter_mut().enumerate() {
            let above = rule.observe(export);
            if now_s > self.injected_s && above.is_any {
                self.statics_s[place].get_or_insert(now_s - self.injected_s);
            }
            if (WARMUP_S + 1..=self.injected_s).contains(&now_s) {
                self.begun[place] += u64::from(above.begins);
            }
        }
    }

    /// The stretch from warm-up to injection; of a quiet run, to its end.
    fn quiet(&self, record: &Record) -> Quiet {
        let is_quiet = |at_s: u32| at_s > WARMUP_S && at_s <= self.injected_s;
        let pages = record.story.false_alerts.iter().filter(|alert| is_quiet(alert.at_s)).count();
        Quiet { seconds: u64::from(self.injected_s - WARMUP_S), pages: pages as u64, statics: self.begun }
    }

    fn drilled(&self, short: Short, record: &Record, worst: Option<(String, Minute)>, before: Quiet) -> Drilled {
        let story = &record.story;
        let since = |at_s: u32| at_s.saturating_sub(self.injected_s);
        let labels = || story.faults.iter().flat_map(|fault| &fault.labels);
        let most_errors = self.most_errors.service().map(|service| {
            let name = self.names.services[service].clone();
            let is_right = labels().any(|label| label.service() == name);
            (name, is_right)
        });
        Drilled {
            worst,
            symptom_s: story.symptom.as_ref().map(|symptom| since(symptom.at_s)),
            alert_s: story.alert.as_ref().map(|alert| since(alert.at_s)),
            cause: story.cause.as_ref().map(|cause| Named {
                at_s: since(cause.at_s),
                what: told(cause),
                naming: naming(cause, story.cause_is_right()),
            }),
            has_label: labels().next().is_some(),
            statics_s: self.statics_s,
            most_errors,
            before,
            short,
        }
    }
}

fn told(cause: &Cause) -> String {
    format!("{} at {}, {} of {}", cause.kind.name(), cause.service, cause.operation, cause.resource)
}

/// That nothing is known is no cause: it sends nobody to the wrong place.
fn naming(cause: &Cause, is_right: bool) -> Naming {
    match (cause.kind, is_right) {
        (CauseKind::Unknown, _) => Naming::Missing,
        (_, true) => Naming::Right,
        (_, false) => Naming::Wrong,
    }
}
