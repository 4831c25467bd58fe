//! Outlets that send nothing: one that encodes every span and throws the bytes away, and one that throws the batches away.
//!
//! Owns one hot buffer for each cell, emptied where a body would be closed.

use super::BODY_BYTES;
use crate::drill::outlet::Outlet;
use doorbuster_model::plan::Plan;
use doorbuster_telemetry::encode::Place;
use doorbuster_telemetry::record::{Batch, Consumer};
use doorbuster_telemetry::templates::FastEncoder as Encoder;

/// Encodes the spans of one cell.
pub(super) struct Encoding<'p> {
    encoder: Encoder<'p>,
    buffer: Vec<u8>,
    /// Bytes so far.
    pub(super) bytes: u64,
    /// Spans so far.
    pub(super) spans: u64,
}

impl<'p> Encoding<'p> {
    /// An outlet that has taken nothing.
    pub(super) fn new(plan: &'p Plan, cell: u16) -> Self {
        let place = Place { cell, pass: 0, epoch_unix_ns: 1_700_000_000_000_000_000 };
        Self { encoder: Encoder::new(plan, place, &[]), buffer: Vec::new(), bytes: 0, spans: 0 }
    }
}

/// Throws the batches of one cell away.
#[derive(Clone, Copy)]
pub(super) struct Nothing;

impl Consumer for Nothing {
    fn batch(&mut self, _: &Batch<'_>) {}
}

impl Outlet for Nothing {
    fn is_watched(&self) -> bool {
        false
    }
}

impl Consumer for Encoding<'_> {
    fn batch(&mut self, batch: &Batch<'_>) {
        let before = self.buffer.len();
        self.encoder.spans(batch, &mut self.buffer, None);
        self.bytes += (self.buffer.len() - before) as u64;
        self.spans += batch.spans.len() as u64;
        if self.buffer.len() >= BODY_BYTES {
            // So that the work can't be left out.
            std::hint::black_box(&self.buffer);
            self.buffer.clear();
        }
    }
}

impl Outlet for Encoding<'_> {
    fn is_watched(&self) -> bool {
        false
    }

    /// As many as when it is sent.
    fn turns(&self) -> u64 {
        crate::send::TURNS
    }
}
