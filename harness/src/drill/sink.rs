//! The sink of the pipeline `none`: takes every batch of a cell at its flush, on the cell's own thread.
//!
//! Owns what arrived: the stream's fingerprint, counts and durations by shape, and all spans of some traces, chosen by a
//! hash of the trace. Refuses the truth: it sees nothing but batches.

use super::outlet::Outlet;
use super::traffic::{Traffic, place_of};
use doorbuster_model::key::mix;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Plan, Shape};
use doorbuster_telemetry::fingerprint::Fingerprint;
use doorbuster_telemetry::observed::durations::{BUCKETS, bucket};
use doorbuster_telemetry::observed::{ShapePoint, TraceSample};
use doorbuster_telemetry::record::{Batch, Consumer, SpanRecord, TraceWord};
use std::collections::BTreeMap;

/// One trace in so many is kept.
const SAMPLE_ONE_IN: u64 = 16;
/// A sampled trace is handed on once its root has been here this long: the other spans, ended before it,
/// leave their pods at most 5 s later.
const SETTLE_S: u32 = 10;
/// A sampled trace whose root has not come after this long is handed on as it is.
const GIVE_UP_S: u32 = 90;

/// The sink of one cell.
pub struct Sink<O> {
    /// Takes every batch too.
    pub outlet: O,
    cell: u32,
    /// The stream so far.
    pub fingerprint: Fingerprint,
    /// Spans that arrived.
    pub arrived: u64,
    /// By place; see [`place_of`].
    counts: Vec<Count>,
    /// Spans by place and bucket of duration. Handed over every ten seconds: 32 bits are enough.
    durations: Vec<u32>,
    /// Server spans of pods with another version, by service.
    released: Vec<ShapePoint>,
    /// For each pod with another version, its service.
    services: Vec<Option<u16>>,
    /// Whether a shape is a server's.
    is_server: Vec<bool>,
    fresh: Vec<SpanRecord>,
    open: BTreeMap<u64, OpenTrace>,
}

/// What is counted at a place beside the durations: their number is that of the spans.
#[derive(Clone, Copy)]
struct Count {
    duration_ticks: u64,
    errors: u32,
    /// Whether an outcome is an error here, by bit.
    error_bits: u16,
}

/// A sampled trace of which spans may still come.
struct OpenTrace {
    since_s: u32,
    root_s: Option<u32>,
    spans: Vec<SpanRecord>,
}

impl<O: Outlet> Consumer for Sink<O> {
    fn batch(&mut self, batch: &Batch<'_>) {
        self.outlet.batch(batch);
        self.arrived += batch.spans.len() as u64;
        if !self.outlet.is_watched() {
            return;
        }
        self.fingerprint.batch(batch);
        for span in batch.spans {
            let place = place_of(span);
            let count = &mut self.counts[place];
            count.duration_ticks += u64::from(span.duration);
            count.errors += u32::from(count.error_bits >> span.outcome & 1);
            self.durations[place * BUCKETS + bucket(span.duration)] += 1;
            if mix(TraceWord(span.trace).sequence()).is_multiple_of(SAMPLE_ONE_IN) {
                self.fresh.push(*span);
            }
        }
        if let Some(service) = self.services[usize::from(batch.pod)] {
            let point = &mut self.released[usize::from(service)];
            for span in batch.spans.iter().filter(|span| self.is_server[usize::from(span.shape)]) {
                point.spans += 1;
                point.duration_ticks += u64::from(span.duration);
                point.errors += u64::from(self.counts[place_of(span)].error_bits >> span.outcome & 1);
            }
        }
    }
}

impl<O> Sink<O> {
    /// The sink of a cell that has seen nothing.
    pub fn new(plan: &Plan, cell: u32, outlet: O) -> Self {
        Self {
            outlet,
            cell,
            fingerprint: Fingerprint::default(),
            arrived: 0,
            counts: plan.shapes.iter().flat_map(|shape| [Count::new(plan, *shape); 2]).collect(),
            durations: vec![0; 2 * plan.shapes.len() * BUCKETS],
            released: vec![ShapePoint::default(); plan.services.len()],
            services: released_pods(plan),
            is_server: plan.shapes.iter().map(|shape| matches!(shape, Shape::Server(_))).collect(),
            fresh: Vec::new(),
            open: BTreeMap::new(),
        }
    }

    /// Adds what arrived since the last call.
    pub(crate) fn hand_over(&mut self, into: &mut Traffic) {
        for (place, (count, durations)) in self.counts.iter_mut().zip(self.durations.chunks_mut(BUCKETS)).enumerate() {
            let spans: u64 = durations.iter().map(|count| u64::from(*count)).sum();
            if spans > 0 {
                let (errors, duration_ticks) = (u64::from(count.errors), count.duration_ticks);
                into.add(place, &ShapePoint { spans, errors, duration_ticks }, durations);
                (count.errors, count.duration_ticks) = (0, 0);
                durations.fill(0);
            }
        }
    }

    /// Counts of other versions' pods by service since the last call.
    pub fn take_released(&mut self) -> Vec<ShapePoint> {
        let empty = vec![ShapePoint::default(); self.released.len()];
        std::mem::replace(&mut self.released, empty)
    }

    /// Sampled traces that are complete by now.
    pub fn take_traces(&mut self, now_s: u32) -> Vec<TraceSample> {
        for span in self.fresh.drain(..) {
            let open =
                self.open.entry(span.trace).or_insert(OpenTrace { since_s: now_s, root_s: None, spans: Vec::new() });
            if span.index == 0 {
                open.root_s = Some(now_s);
            }
            open.spans.push(span);
        }
        let done = |open: &OpenTrace| match open.root_s {
            Some(root_s) => now_s - root_s >= SETTLE_S,
            None => now_s - open.since_s >= GIVE_UP_S,
        };
        let complete = self.open.extract_if(.., |_, open| done(open));
        let cell = self.cell;
        complete
            .map(|(_, mut open)| {
                open.spans.sort_unstable_by_key(|span| span.index);
                TraceSample { cell, spans: open.spans }
            })
            .collect()
    }
}

/// For each pod of a cell that runs another version than its service's first, the service: resources say so.
fn released_pods(plan: &Plan) -> Vec<Option<u16>> {
    let mut pods = Vec::new();
    for (id, service) in plan.services.iter().enumerate() {
        let is_released = |pod: u16| (service.version_of(pod) != service.version).then_some(id as u16);
        pods.extend((0..service.pods).map(is_released));
    }
    pods
}

impl Count {
    /// Nothing yet. All outcomes but answers are errors, and at a server those that its caller caused are not; nobody calls a
    /// consumer.
    fn new(plan: &Plan, shape: Shape) -> Self {
        let error = |outcome: &Outcome| match shape {
            Shape::Server(id) if plan.endpoints[usize::from(id)].consumes.is_none() => outcome.is_servers_fault(),
            Shape::Server(_) | Shape::Client(_) | Shape::Statement(_) => !outcome.answered(),
        };
        let errors = Outcome::ALL.iter().filter(|outcome| error(outcome));
        Self { duration_ticks: 0, errors: 0, error_bits: errors.fold(0, |bits, outcome| bits | 1 << *outcome as u8) }
    }
}
