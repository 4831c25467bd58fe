//! Exemplars: one trace of the focus' edge from before the injection and one from the incident, to be laid side by side.
//!
//! Owns which traces these are. Refuses the truth: it is given the sink's samples, as the detector is.
//!
//! The rule. Every sampled trace of the edge whose root arrived is looked at.
//!
//! - It belongs to *before* (or to *run*, without a fault) when it lies within that window, and to *during* when it ends
//!   there: one that hangs for a minute began earlier.
//! - In each window traces are sorted by how they ended; in *during* those that succeeded, but took longer than 99 % of
//!   the healthy ones of *before*, are a sort of their own: slow. Of each sort the [`CANDIDATES`] least by a hash of the
//!   trace are kept, so that they come evenly from the whole window and memory is bounded.
//! - *Before* and *run* show a trace that succeeded; *during* shows one of the sort whose share grew most from *before*, if it
//!   grew by [`LEAST_GROWTH`]; else nothing stands out, and one that succeeded is shown.
//! - Of the sort it is the candidate of median duration; equal ones are told apart by cell and trace. No step depends on
//!   threads or on the order of arrival.

use super::windows::{Window, Windows};
use crate::detection::tree::{end, outcome};
use doorbuster_model::ids::trace_number;
use doorbuster_model::key::mix;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{EndpointId, Plan};
use doorbuster_model::time::tick_of_second;
use doorbuster_telemetry::observed::TraceSample;
use doorbuster_telemetry::record::{SpanRecord, TraceWord};
use std::collections::BTreeMap;

/// Traces of one sort that are kept at most. Chosen: a median of so many is within five percentiles, mostly.
const CANDIDATES: usize = 128;
/// Fewer healthy traces say nothing about what is slow. Chosen.
const ENOUGH: usize = 20;
/// Growth of a sort's share, from *before* to *during*, that stands out. Chosen: one trace in a hundred.
const LEAST_GROWTH: f64 = 0.01;
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
    /// What it has in common with those it stands for.
    pub(crate) likeness: Likeness,
    /// Sampled traces of the window that are like it.
    pub(crate) alike: u64,
    /// Sampled traces of the window.
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

/// The candidates of all windows of a run in progress.
pub(super) struct Exemplars {
    /// Shape of the edge's server span.
    shape: u16,
    /// *Run*, or *before* and *during*.
    windows: Vec<(Window, Sorts)>,
    /// From which duration a trace of *during* is slow, once the first of them asks: *before* is over then.
    slow_ticks: Option<Option<u64>>,
}

impl Exemplars {
    /// Nothing seen yet. Without an injection there is one window.
    pub(super) fn new(plan: &Plan, edge: EndpointId, injected: bool) -> Self {
        let windows: &[Window] = if injected { &[Window::Before, Window::During] } else { &[Window::Run] };
        Self {
            shape: plan.endpoints[usize::from(edge)].shape,
            windows: windows.iter().map(|window| (*window, Sorts::default())).collect(),
            slow_ticks: None,
        }
    }

    /// Looks at traces that reached the sink. A window's end must be known when a trace that ended in it comes.
    pub(super) fn observe(&mut self, traces: &[TraceSample], windows: &Windows) {
        for trace in traces {
            let root = trace.spans.first().filter(|span| span.index == 0 && span.shape == self.shape);
            let Some(root) = root else { continue };
            let Some(place) = self.windows.iter().position(|(window, _)| belongs(root, *window, windows)) else {
                continue;
            };
            let sort = self.sort_of(root, place);
            self.windows[place].1.take(sort, trace);
        }
    }

    fn sort_of(&mut self, root: &SpanRecord, place: usize) -> usize {
        let outcome = outcome(root);
        if outcome != Outcome::Ok || self.windows[place].0 != Window::During {
            return outcome as usize;
        }
        let before = &self.windows[0].1;
        let bound = *self.slow_ticks.get_or_insert_with(|| before.slow_ticks());
        if bound.is_some_and(|bound| u64::from(root.duration) > bound) { SLOW } else { HEALTHY }
    }

    /// The exemplars, one of each window that has candidates.
    pub(super) fn choose(&self) -> Vec<Chosen> {
        let before = &self.windows[0].1;
        let mut chosen = Vec::new();
        for (window, sorts) in &self.windows {
            let sort = if *window == Window::During { sorts.grown(before) } else { HEALTHY };
            let Some(trace) = sorts.0[sort].median() else { continue };
            let likeness = match sort {
                HEALTHY => Likeness::Healthy,
                SLOW => Likeness::Slow(self.slow_ticks.flatten().unwrap_or_default()),
                _ => Likeness::Ended(Outcome::ALL[sort]),
            };
            let (alike, sampled) = (sorts.0[sort].seen, sorts.seen());
            chosen.push(Chosen { window: *window, likeness, alike, sampled, trace: trace.clone() });
        }
        chosen
    }
}

/// Whether a trace with this root belongs to a window.
fn belongs(root: &SpanRecord, window: Window, windows: &Windows) -> bool {
    let Some((from_s, to_s)) = windows.bounds(window) else { return false };
    let (from, to) = (tick_of_second(u64::from(from_s)), tick_of_second(u64::from(to_s)));
    let first = if window == Window::During { end(root) } else { root.start };
    first >= from && end(root) < to
}

/// The candidates of one window.
#[derive(Default)]
struct Sorts([Candidates; SORTS]);

impl Sorts {
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
            if growth > most.0 {
                most = (growth, sort);
            }
        }
        most.1
    }

    /// The duration that one healthy trace in a hundred exceeds; `None` where too few were seen.
    fn slow_ticks(&self) -> Option<u64> {
        let sorted = self.0[HEALTHY].sorted();
        (sorted.len() >= ENOUGH).then(|| u64::from(sorted[sorted.len() * 99 / 100].spans[0].duration))
    }
}

/// Traces of one sort: how many there were, and an even choice of them.
#[derive(Default)]
struct Candidates {
    seen: u64,
    /// By the hash that chooses, then by cell and trace.
    kept: BTreeMap<(u64, u64), TraceSample>,
}

impl Candidates {
    fn take(&mut self, trace: &TraceSample) {
        self.seen += 1;
        let number = number(trace);
        // The sink samples by a hash of the sequence alone; this one must choose anew.
        let rank = (mix(mix(number)), number);
        if self.kept.len() < CANDIDATES {
            self.kept.insert(rank, trace.clone());
        } else if self.kept.last_key_value().is_some_and(|(last, _)| rank < *last) {
            self.kept.pop_last();
            self.kept.insert(rank, trace.clone());
        }
    }

    /// By duration, then by cell and trace.
    fn sorted(&self) -> Vec<&TraceSample> {
        let mut sorted: Vec<&TraceSample> = self.kept.values().collect();
        sorted.sort_by_key(|trace| (trace.spans[0].duration, number(trace)));
        sorted
    }

    fn median(&self) -> Option<&TraceSample> {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied()
    }
}

fn number(trace: &TraceSample) -> u64 {
    trace_number(trace.cell as u16, TraceWord(trace.spans[0].trace).sequence())
}

#[cfg(test)]
mod tests;
