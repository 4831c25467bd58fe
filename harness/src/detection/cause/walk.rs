//! From the root of a bad trace down to the span that carries its trouble.
//!
//! Owns the way down. Refuses to count traces (`vote`) and to say what ails the span it ends at (`checks`).
//!
//! A failure travels up unchanged, so a failed server span is followed to the child that failed the same way.
//! A span that ran out of time, or whose caller did, was doing something when the time was over:
//! the child that failed at its very end, else whatever took most of it. An answer that was only
//! slow is followed by time. "Whatever took most" compares kinds of children (all attempts together)
//! with the span's own time; where its own is the most, the way ends.

use crate::detection::names::{Names, What};
use crate::detection::tree::{children, end, outcome};
use doorbuster_model::outcome::Outcome;
use doorbuster_telemetry::observed::TraceSample;
use doorbuster_telemetry::record::SpanRecord;

/// The span at the end of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blamed {
    /// The endpoint whose program it is part of: the last server span on the way.
    pub(super) endpoint: Option<usize>,
    /// The service that made it.
    pub(super) service: usize,
    /// What it stands for.
    pub(super) what: What,
    /// How it ended.
    pub(super) outcome: Outcome,
    /// How long it took, in ticks.
    pub(super) duration: u32,
}

/// Walks a trace; `None` without a root of a known shape.
pub(super) fn blame(names: &Names, trace: &TraceSample) -> Option<Blamed> {
    let tree = Tree::new(names, trace);
    let mut at = trace.spans.iter().position(|span| span.index == 0)?;
    // Every step goes to a greater index, for a child's parent is found by subtraction: the way ends.
    let mut endpoint = None;
    loop {
        if let Some(What::Server { endpoint: passed }) = names.what(&trace.spans[at]) {
            endpoint = Some(passed);
        }
        match tree.next(at) {
            Some(next) => at = next,
            None => break,
        }
    }
    let span = &trace.spans[at];
    let shape = names.shapes.get(usize::from(span.shape))?;
    let (service, what) = (shape.service, shape.what);
    Some(Blamed { endpoint, service, what, outcome: outcome(span), duration: span.duration })
}

/// Whether a span of the service is in the trace.
pub(super) fn touches(names: &Names, trace: &TraceSample, service: usize) -> bool {
    trace.spans.iter().any(|span| {
        names
            .shapes
            .get(usize::from(span.shape))
            .is_some_and(|shape| shape.service == service && matches!(shape.what, What::Server { .. }))
    })
}

/// A trace with the children of each span, by place in it.
struct Tree<'a> {
    names: &'a Names,
    spans: &'a [SpanRecord],
    children: Vec<Vec<usize>>,
}

impl<'a> Tree<'a> {
    fn new(names: &'a Names, trace: &'a TraceSample) -> Self {
        Self { names, spans: &trace.spans, children: children(names, &trace.spans) }
    }

    /// The child that carries the trouble; `None` if the span does itself.
    fn next(&self, at: usize) -> Option<usize> {
        let span = &self.spans[at];
        let is_server = matches!(self.names.what(span), Some(What::Server { .. }));
        match outcome(span) {
            Outcome::Ok | Outcome::Declined => self.next_by_time(at),
            Outcome::Cancelled => self.failed_at_its_end(at).or_else(|| self.next_by_time(at)),
            // A client's timeout is its own clock's; a server span has it from a child.
            Outcome::Timeout if !is_server => self.failed_at_its_end(at).or_else(|| self.next_by_time(at)),
            Outcome::Timeout
            | Outcome::Refused
            | Outcome::PoolTimeout
            | Outcome::Error
            | Outcome::RateLimited
            | Outcome::CircuitOpen
            | Outcome::Unavailable => self.failed_alike(at),
        }
    }

    fn failed_alike(&self, at: usize) -> Option<usize> {
        let alike = |child: &usize| self.spans[*child].outcome == self.spans[at].outcome;
        self.children[at].iter().copied().filter(alike).max_by_key(|child| end(&self.spans[*child]))
    }

    /// The failed child that ended last, if it ended in the last tenth of its parent.
    fn failed_at_its_end(&self, at: usize) -> Option<usize> {
        let span = &self.spans[at];
        let failed = |child: &usize| !outcome(&self.spans[*child]).answered();
        let last = self.children[at].iter().copied().filter(failed).max_by_key(|child| end(&self.spans[*child]))?;
        (end(&self.spans[last]) + u64::from(span.duration / 10) >= end(span)).then_some(last)
    }

    fn next_by_time(&self, at: usize) -> Option<usize> {
        let span = &self.spans[at];
        let within = |child: usize| {
            let child = &self.spans[child];
            (child.start.max(span.start), end(child).min(end(span)).max(span.start))
        };
        let mut kinds: Vec<(u16, u64, usize)> = Vec::new();
        let mut stretches: Vec<(u64, u64)> = Vec::new();
        for child in self.children[at].iter().copied() {
            let (from, to) = within(child);
            stretches.push((from, to));
            let shape = self.spans[child].shape;
            match kinds.iter_mut().find(|kind| kind.0 == shape) {
                Some(kind) => (kind.1, kind.2) = (kind.1 + to.saturating_sub(from), child),
                None => kinds.push((shape, to.saturating_sub(from), child)),
            }
        }
        let own = u64::from(span.duration).saturating_sub(covered(stretches));
        kinds.into_iter().max_by_key(|kind| kind.1).filter(|kind| kind.1 > own).map(|kind| kind.2)
    }
}

/// Ticks that at least one of the stretches covers.
fn covered(mut stretches: Vec<(u64, u64)>) -> u64 {
    stretches.sort_unstable();
    let (mut sum, mut upto) = (0, 0);
    for (from, to) in stretches {
        let from = from.max(upto);
        if to > from {
            sum += to - from;
            upto = to;
        }
    }
    sum
}

#[cfg(test)]
mod tests;
