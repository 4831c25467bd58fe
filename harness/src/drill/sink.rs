//! The sink of the pipeline `none`: takes every batch of a cell at its flush, on the cell's own thread.
//!
//! Owns what arrived: the stream's fingerprint, counts by shape, and all spans of some traces, chosen by a hash
//! of the trace. Refuses the truth: it sees nothing but batches.

use doorbuster_model::key::mix;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Plan, Shape};
use doorbuster_telemetry::fingerprint::Fingerprint;
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
pub struct Sink {
    cell: u32,
    /// The stream so far.
    pub fingerprint: Fingerprint,
    /// Spans that arrived.
    pub arrived: u64,
    points: Vec<ShapePoint>,
    /// Server spans of pods with another version, by service.
    released: Vec<ShapePoint>,
    /// For each pod with another version, its service.
    services: Vec<Option<u16>>,
    /// Whether a shape is a server's.
    is_server: Vec<bool>,
    /// For each shape, whether an outcome is an error there, by bit.
    errors: Vec<u16>,
    fresh: Vec<SpanRecord>,
    open: BTreeMap<u64, OpenTrace>,
}

/// A sampled trace of which spans may still come.
struct OpenTrace {
    since_s: u32,
    root_s: Option<u32>,
    spans: Vec<SpanRecord>,
}

impl Consumer for Sink {
    fn batch(&mut self, batch: &Batch<'_>) {
        self.fingerprint.batch(batch);
        self.arrived += batch.spans.len() as u64;
        for span in batch.spans {
            let point = &mut self.points[usize::from(span.shape)];
            point.spans += 1;
            point.duration_ticks += u64::from(span.duration);
            point.errors += u64::from(self.errors[usize::from(span.shape)] >> span.outcome & 1);
            if mix(TraceWord(span.trace).sequence()).is_multiple_of(SAMPLE_ONE_IN) {
                self.fresh.push(*span);
            }
        }
        if let Some(service) = self.services[usize::from(batch.pod)] {
            let point = &mut self.released[usize::from(service)];
            for span in batch.spans.iter().filter(|span| self.is_server[usize::from(span.shape)]) {
                point.spans += 1;
                point.duration_ticks += u64::from(span.duration);
                point.errors += u64::from(self.errors[usize::from(span.shape)] >> span.outcome & 1);
            }
        }
    }
}

impl Sink {
    /// The sink of a cell that has seen nothing.
    pub fn new(plan: &Plan, cell: u32) -> Self {
        Self {
            cell,
            fingerprint: Fingerprint::default(),
            arrived: 0,
            points: vec![ShapePoint::default(); plan.shapes.len()],
            released: vec![ShapePoint::default(); plan.services.len()],
            services: released_pods(plan),
            is_server: plan.shapes.iter().map(|shape| matches!(shape, Shape::Server(_))).collect(),
            errors: plan.shapes.iter().map(error_bits).collect(),
            fresh: Vec::new(),
            open: BTreeMap::new(),
        }
    }

    /// Counts by shape since the last call.
    pub fn take_points(&mut self) -> Vec<ShapePoint> {
        let empty = vec![ShapePoint::default(); self.points.len()];
        std::mem::replace(&mut self.points, empty)
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

/// Outcomes that make a span of this shape an error: all but answers, and at a server what its caller did.
fn error_bits(shape: &Shape) -> u16 {
    let error = |outcome: &Outcome| match shape {
        Shape::Server(_) => outcome.is_servers_fault(),
        Shape::Client(_) | Shape::Statement(_) => !outcome.answered(),
    };
    Outcome::ALL.iter().filter(|outcome| error(outcome)).fold(0, |bits, outcome| bits | 1 << *outcome as u8)
}
