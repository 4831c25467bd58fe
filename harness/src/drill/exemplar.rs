//! Exemplars: of every endpoint that shoppers ask, one trace from before the injection, one from the incident and one from
//! after it, to be laid side by side.
//!
//! Owns which traces these are. Refuses the truth: it is given the sink's samples, as the detector is.
//!
//! The rule. Every sampled trace whose root arrived is looked at, each for its own endpoint.
//!
//! - It belongs to *before* (or to *run*, without a fault) when it lies within that window, and to *during* or *after* when it
//!   ends there: one that hangs for a minute began earlier.
//! - In each window traces are sorted by how they ended; from *during* on those that succeeded, but took longer than 99 % of
//!   the healthy ones of *before*, are a sort of their own: slow. Of each sort the [`DURATIONS`] least by a hash of the trace are
//!   kept, so that they come evenly from the whole window and memory is bounded; and fewer traces, likewise: of the watched
//!   endpoint [`CANDIDATES`], of each other one its share of [`OTHERS_TRACES`].
//! - *Before* and *run* show a trace that succeeded; *during* and *after* show one of the sort whose share grew most from
//!   *before*, if it grew by [`LEAST_GROWTH`] and more than chance would have it; else nothing stands out, and one that succeeded is shown.
//! - Of the sort it is the kept trace whose duration is nearest to the median; equal ones are told apart by cell and trace. No
//!   step depends on threads or on the order of arrival.

mod wire;

pub(super) use wire::ExemplarRows;

use super::windows::{Window, Windows};
use crate::detection::tree::{end, outcome};
use doorbuster_model::ids::trace_number;
use doorbuster_model::key::mix;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{EndpointId, Plan};
use doorbuster_model::time::tick_of_second;
use doorbuster_scenarios::Scenario;
use doorbuster_telemetry::observed::TraceSample;
use doorbuster_telemetry::record::{SpanRecord, TraceWord};
use std::collections::BTreeMap;

/// Durations of one sort that are kept at most. Chosen: of so many one in a hundred is known within a third.
const DURATIONS: usize = 1_024;
/// Traces of one sort of the watched endpoint that are kept at most. Chosen: one of them is next to the median.
const CANDIDATES: usize = 128;
/// Traces of one sort and window that are kept at most for all endpoints but the watched one together; each has at least
/// one, and at most [`MOST_TRACES`]. Chosen: of a few kilobytes each, some ten megabytes in all.
const OTHERS_TRACES: usize = 512;
/// Traces of one sort and window of one endpoint that is not watched. Chosen: of sixteen the one nearest to a median is within
/// a few percentiles of it.
const MOST_TRACES: usize = 16;
/// Fewer healthy traces say nothing about what is slow. Chosen.
const ENOUGH: usize = 20;
/// Growth of a sort's share, from *before* to *during*, that stands out. Chosen: one trace in a hundred.
const LEAST_GROWTH: f64 = 0.01;
/// And it must have grown by more than so many standard errors of the usual share. Chosen.
const BEYOND_CHANCE: f64 = 3.0;
/// Share of healthy traces that is slow by the choice of the bound; twice the 1 %, as the bound is itself an estimate.
const USUALLY_SLOW: f64 = 0.02;

/// Sorts of traces: by outcome, and slow.
const SORTS: usize = Outcome::COUNT + 1;
const HEALTHY: usize = Outcome::Ok as usize;
const SLOW: usize = Outcome::COUNT;

/// A trace that stands for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The window it stands for.
    pub(crate) window: Window,
    /// Whether its endpoint is the watched one.
    pub(crate) is_watched: bool,
    /// What it has in common with those it stands for.
    pub(crate) likeness: Likeness,
    /// The median duration of those of them that were kept, in ticks.
    pub(crate) median_ticks: u32,
    /// Sampled traces of the endpoint and window that are like it.
    pub(crate) alike: u64,
    /// Sampled traces of the endpoint and window.
    pub(crate) sampled: u64,
    /// The trace; its first span is the root.
    pub(crate) trace: TraceSample,
}

/// What an exemplar has in common with those it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// They succeeded.
    Healthy,
    /// They did not succeed.
    Ended(Outcome),
    /// They succeeded, and took longer than this many ticks.
    Slow(u64),
}

/// The candidates of all endpoints of a run in progress, the watched one first.
pub(super) struct Exemplars(Vec<OfEndpoint>);

/// The candidates of one endpoint.
struct OfEndpoint {
    /// Shape of its server span.
    shape: u16,
    is_watched: bool,
    /// *Run*, or *before* and those that follow it.
    windows: Vec<(Window, Sorts)>,
    /// From which duration a trace after *before* is slow, once the first of them asks: *before* is over then.
    slow_ticks: Option<Option<u64>>,
}

impl Exemplars {
    /// Nothing seen yet, of these endpoints, the first of which is watched. Without an injection there is one window.
    pub(super) fn new(plan: &Plan, edges: &[EndpointId], injected: bool) -> Self {
        let others = edges.len().saturating_sub(1).max(1);
        let share = (OTHERS_TRACES / others).clamp(1, MOST_TRACES);
        let endpoint = |(place, edge): (usize, &EndpointId)| {
            let most = if place == 0 { CANDIDATES } else { share };
            OfEndpoint::new(plan.endpoints[usize::from(*edge)].shape, place == 0, injected, most)
        };
        Self(edges.iter().enumerate().map(endpoint).collect())
    }

    /// Nothing seen yet of a scenario's edge, the focus' endpoint first if there is one.
    pub(super) fn of(scenario: &Scenario, plan: &Plan) -> Self {
        let focus = scenario.focus.as_ref().map(|focus| crate::plan_names::endpoint(plan, &focus.edge));
        let mut edges = crate::plan_names::edges(plan);
        edges.sort_by_key(|edge| Some(*edge) != focus);
        Self::new(plan, &edges, !scenario.faults.is_empty())
    }

    /// Looks at traces that reached the sink. A window's end must be known when a trace that ended in it comes.
    pub(super) fn observe(&mut self, traces: &[TraceSample], windows: &Windows) {
        for trace in traces {
            let Some(root) = trace.spans.first().filter(|span| span.index == 0) else { continue };
            if let Some(endpoint) = self.0.iter_mut().find(|endpoint| endpoint.shape == root.shape) {
                endpoint.observe(root, trace, windows);
            }
        }
    }

    /// The exemplars, endpoint by endpoint, one of each window that has candidates and is not `unwanted`.
    pub(super) fn choose(&self, unwanted: Window) -> Vec<Chosen> {
        self.0.iter().flat_map(|endpoint| endpoint.choose(unwanted)).collect()
    }

    /// From which duration on a trace after *before* is slow, by endpoint, as far as that was asked for.
    pub(super) fn slow_ticks(&self) -> Vec<Option<u64>> {
        self.0.iter().map(|endpoint| endpoint.slow_ticks.flatten()).collect()
    }

    /// Takes these bounds, which all cells gave together, instead of those that the cells of this process would give.
    pub(super) fn set_slow_ticks(&mut self, bounds: &[Option<u64>]) {
        self.0.iter_mut().zip(bounds).for_each(|(endpoint, bound)| endpoint.slow_ticks = Some(*bound));
    }

    /// Adds the candidates of other cells: what is least by hash of both is least of all.
    pub(super) fn merge(&mut self, others: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(others.0) {
            for ((_, mine), (_, theirs)) in mine.windows.iter_mut().zip(theirs.windows) {
                mine.0.iter_mut().zip(theirs.0).for_each(|(mine, theirs)| mine.merge(theirs));
            }
        }
    }
}

impl OfEndpoint {
    fn new(shape: u16, is_watched: bool, injected: bool, most_traces: usize) -> Self {
        let injection = [Window::Before, Window::During, Window::After, Window::Tail];
        let windows: &[Window] = if injected { &injection } else { &[Window::Run] };
        let windows = windows.iter().map(|window| (*window, Sorts::new(most_traces)));
        Self { shape, is_watched, windows: windows.collect(), slow_ticks: None }
    }

    fn observe(&mut self, root: &SpanRecord, trace: &TraceSample, windows: &Windows) {
        for place in 0..self.windows.len() {
            if belongs(root, self.windows[place].0, windows) {
                let sort = self.sort_of(root, place);
                self.windows[place].1.take(sort, trace);
            }
        }
    }

    fn sort_of(&mut self, root: &SpanRecord, place: usize) -> usize {
        let outcome = outcome(root);
        if outcome != Outcome::Ok || !is_later(self.windows[place].0) {
            return outcome as usize;
        }
        let before = &self.windows[0].1;
        let bound = *self.slow_ticks.get_or_insert_with(|| before.slow_ticks());
        if bound.is_some_and(|bound| u64::from(root.duration) > bound) { SLOW } else { HEALTHY }
    }

    fn choose(&self, unwanted: Window) -> Vec<Chosen> {
        let before = &self.windows[0].1;
        let mut chosen = Vec::new();
        for (window, sorts) in self.windows.iter().filter(|(window, _)| *window != unwanted) {
            let sort = if is_later(*window) { sorts.grown(before) } else { HEALTHY };
            let Some((median_ticks, trace)) = sorts.0[sort].median() else { continue };
            let likeness = match sort {
                HEALTHY => Likeness::Healthy,
                SLOW => Likeness::Slow(self.slow_ticks.flatten().unwrap_or_default()),
                _ => Likeness::Ended(Outcome::ALL[sort]),
            };
            chosen.push(Chosen {
                window: *window,
                is_watched: self.is_watched,
                likeness,
                median_ticks,
                alike: sorts.0[sort].seen,
                sampled: sorts.seen(),
                trace: trace.clone(),
            });
        }
        chosen
    }
}

/// Whether a window comes after the injection, so that it is held against *before*.
const fn is_later(window: Window) -> bool {
    matches!(window, Window::During | Window::After | Window::Tail)
}

/// Whether a trace with this root belongs to a window.
fn belongs(root: &SpanRecord, window: Window, windows: &Windows) -> bool {
    let Some((from_s, to_s)) = windows.bounds(window) else { return false };
    let (from, to) = (tick_of_second(u64::from(from_s)), tick_of_second(u64::from(to_s)));
    let first = if is_later(window) { end(root) } else { root.start };
    first >= from && end(root) < to
}

/// The candidates of one window.
struct Sorts([Candidates; SORTS]);

impl Sorts {
    fn new(most_traces: usize) -> Self {
        Self(std::array::from_fn(|_| Candidates { most_traces, ..Candidates::default() }))
    }

    fn take(&mut self, sort: usize, trace: &TraceSample) {
        self.0[sort].take(trace);
    }

    fn seen(&self) -> u64 {
        self.0.iter().map(|sort| sort.seen).sum()
    }

    fn share(&self, sort: usize) -> f64 {
        self.0[sort].seen as f64 / (self.seen() as f64).max(1.0)
    }

    /// The sort whose share grew most since `before`, if that stands out; else the healthy ones.
    fn grown(&self, before: &Self) -> usize {
        let mut most = (LEAST_GROWTH, HEALTHY);
        for sort in (0..SORTS).filter(|sort| *sort != HEALTHY) {
            let usual = if sort == SLOW { USUALLY_SLOW * before.share(HEALTHY) } else { before.share(sort) };
            let growth = self.share(sort) - usual;
            let chance = (usual * (1.0 - usual) / (self.seen() as f64).max(1.0)).max(0.0).sqrt();
            if growth > most.0 && growth > BEYOND_CHANCE * chance {
                most = (growth, sort);
            }
        }
        most.1
    }

    /// The duration that one healthy trace in a hundred exceeds; `None` where too few were seen.
    fn slow_ticks(&self) -> Option<u64> {
        let sorted = self.0[HEALTHY].sorted();
        (sorted.len() >= ENOUGH).then(|| u64::from(sorted[sorted.len() * 99 / 100]))
    }
}

/// Ranks a trace: by the hash that chooses, then by cell and trace.
type Rank = (u64, u64);

/// Traces of one sort: how many there were, and an even choice of them.
#[derive(Default)]
struct Candidates {
    seen: u64,
    most_traces: usize,
    durations: BTreeMap<Rank, u32>,
    traces: BTreeMap<Rank, TraceSample>,
}

impl Candidates {
    fn take(&mut self, trace: &TraceSample) {
        self.seen += 1;
        let rank = rank(number(trace));
        keep(&mut self.durations, DURATIONS, rank, || trace.spans[0].duration);
        keep(&mut self.traces, self.most_traces, rank, || trace.clone());
    }

    fn merge(&mut self, others: Self) {
        self.seen += others.seen;
        for (rank, duration) in others.durations {
            keep(&mut self.durations, DURATIONS, rank, || duration);
        }
        for (rank, trace) in others.traces {
            keep(&mut self.traces, self.most_traces, rank, || trace);
        }
    }

    fn sorted(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = self.durations.values().copied().collect();
        sorted.sort_unstable();
        sorted
    }

    /// The median duration, and the trace that comes nearest to it.
    fn median(&self) -> Option<(u32, &TraceSample)> {
        let sorted = self.sorted();
        let median = *sorted.get(sorted.len() / 2)?;
        let distance = |trace: &&TraceSample| (trace.spans[0].duration.abs_diff(median), number(trace));
        Some((median, self.traces.values().min_by_key(distance)?))
    }
}

/// Keeps a value if it is among the first by rank.
fn keep<V>(kept: &mut BTreeMap<Rank, V>, most: usize, rank: Rank, value: impl FnOnce() -> V) {
    if kept.len() < most {
        kept.insert(rank, value());
    } else if kept.last_key_value().is_some_and(|(last, _)| rank < *last) {
        kept.pop_last();
        kept.insert(rank, value());
    }
}

/// The rank of a trace by its number. The sink samples by a hash of the sequence alone; this one must choose anew.
fn rank(number: u64) -> Rank {
    (mix(mix(number)), number)
}

fn number(trace: &TraceSample) -> u64 {
    trace_number(trace.cell as u16, TraceWord(trace.spans[0].trace).sequence())
}

#[cfg(test)]
mod tests;
