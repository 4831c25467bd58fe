//! The recent past, bounded: exports, and the sampled traces that went wrong.
//!
//! Owns what is kept and for how long. Refuses healthy traces: what is normal is read from the exports, which
//! count everything, and a sample of good traces would only push the bad ones out.

use super::names::{Names, What};
use super::window::Window;
use doorbuster_model::outcome::Outcome;
use doorbuster_telemetry::observed::{EXPORT_EVERY_S, Export, TraceSample};
use std::collections::VecDeque;

/// Exports that are kept: ten minutes of them.
pub(crate) const KEEP_EXPORTS: usize = 600 / EXPORT_EVERY_S as usize;
/// Sampled traces of one sort that are kept at most.
pub(crate) const KEEP_TRACES: usize = 2_048;
/// How long a sampled trace is looked at, in seconds.
pub(crate) const TRACES_FOR_S: u32 = 60;

/// The recent past.
#[derive(Debug, Default)]
pub(crate) struct History {
    exports: VecDeque<Export>,
    /// Refused at the door. Kept apart, for in a collapse they are nine of ten, and tell the least.
    refused: VecDeque<BadTrace>,
    /// Failed otherwise, or slow.
    troubled: VecDeque<BadTrace>,
}

/// A sampled trace that failed or was slow.
#[derive(Debug)]
pub(crate) struct BadTrace {
    /// The export with which it came, in virtual seconds.
    pub(crate) at_s: u32,
    /// The edge endpoint that was asked.
    pub(crate) edge: usize,
    /// Whether the edge failed; else it was only slow.
    pub(crate) has_failed: bool,
    /// Its spans.
    pub(crate) spans: TraceSample,
}

impl History {
    /// Takes an export and the traces that came with it. `slow_ticks` says from which duration an answer of an endpoint is slow.
    pub(crate) fn observe(
        &mut self,
        names: &Names,
        export: &Export,
        traces: Vec<TraceSample>,
        slow_ticks: impl Fn(usize) -> Option<u64>,
    ) {
        self.exports.push_back(export.clone());
        if self.exports.len() > KEEP_EXPORTS {
            self.exports.pop_front();
        }
        for trace in traces {
            if let Some((is_refused, bad)) = judge(names, export.at_s, trace, &slow_ticks) {
                let list = if is_refused { &mut self.refused } else { &mut self.troubled };
                list.push_back(bad);
            }
        }
        let oldest_s = export.at_s.saturating_sub(TRACES_FOR_S);
        for list in [&mut self.refused, &mut self.troubled] {
            while list.len() > KEEP_TRACES || list.front().is_some_and(|bad| bad.at_s <= oldest_s) {
                list.pop_front();
            }
        }
    }

    /// The sum of the exports with a timestamp in (`after_s`, `upto_s`].
    pub(crate) fn window(&self, after_s: u32, upto_s: u32) -> Window {
        let mut window = Window::default();
        self.exports_in(after_s, upto_s).for_each(|export| window.add(export));
        window
    }

    /// The exports with a timestamp in (`after_s`, `upto_s`], oldest first.
    pub(crate) fn exports_in(&self, after_s: u32, upto_s: u32) -> impl Iterator<Item = &Export> {
        self.exports.iter().filter(move |export| export.at_s > after_s && export.at_s <= upto_s)
    }

    /// Time of the newest export; 0 before the first.
    pub(crate) fn newest_s(&self) -> u32 {
        self.exports.back().map_or(0, |export| export.at_s)
    }

    /// Failed or slow traces that came after `after_s`, those refused at the edge left out.
    pub(crate) fn troubled(&self, after_s: u32) -> impl Iterator<Item = &BadTrace> {
        self.troubled.iter().filter(move |bad| bad.at_s > after_s)
    }

    /// Traces refused at the edge that came after `after_s`.
    pub(crate) fn refused(&self, after_s: u32) -> impl Iterator<Item = &BadTrace> {
        self.refused.iter().filter(move |bad| bad.at_s > after_s)
    }
}

/// Whether the trace was refused, and the trace if it is worth keeping. Without its root a trace says nothing about its edge.
fn judge(
    names: &Names,
    at_s: u32,
    trace: TraceSample,
    slow_ticks: impl Fn(usize) -> Option<u64>,
) -> Option<(bool, BadTrace)> {
    let root = trace.spans.first().filter(|span| span.index == 0)?;
    let Some(What::Server { endpoint: edge }) = names.what(root) else { return None };
    let outcome = Outcome::ALL.get(usize::from(root.outcome))?;
    let is_slow = slow_ticks(edge).is_some_and(|bound| u64::from(root.duration) > bound);
    let is_bad = !outcome.answered() || is_slow;
    let bad = BadTrace { at_s, edge, has_failed: !outcome.answered(), spans: trace };
    is_bad.then_some((*outcome == Outcome::Refused, bad))
}

#[cfg(test)]
mod tests;
