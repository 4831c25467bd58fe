//! A span as the engine keeps it: 32 bytes, everything else follows from the plan.
//!
//! Owns the layout of a record and of the trace word. Refuses strings, ids and attributes: those
//! are made when a batch is encoded.

use bytemuck::{Pod, Zeroable};

/// One ended span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct SpanRecord {
    /// The trace, as a [`TraceWord`].
    pub trace: u64,
    /// First tick.
    pub start: u64,
    /// Ticks from start to end.
    pub duration: u32,
    /// Index in the trace; 0 is the root. Its static call path follows from it.
    pub index: u32,
    /// Index in the plan's shapes.
    pub shape: u16,
    /// The pod that made it.
    pub pod: u16,
    /// A `doorbuster_model::outcome::Outcome` by number.
    pub outcome: u8,
    /// Which try of its site, from 0; 0 for server spans.
    pub attempt: u8,
    /// The shard that a statement went to; 0 otherwise.
    pub shard: u16,
}

/// A trace in 64 bits: 48 of sequence number within its cell, then the shopper's tier and touch point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceWord(pub u64);

impl TraceWord {
    /// Bits of the sequence number.
    pub const SEQUENCE_BITS: u32 = 48;

    /// Packs the parts; `tier` and `touch_point` are indices into the plan's lists, under 256.
    #[must_use]
    #[inline]
    pub const fn new(sequence: u64, tier: u8, touch_point: u8) -> Self {
        Self(sequence | (tier as u64) << Self::SEQUENCE_BITS | (touch_point as u64) << (Self::SEQUENCE_BITS + 8))
    }

    /// Number of the trace in its cell, in order of creation, from 0.
    #[must_use]
    pub const fn sequence(self) -> u64 {
        self.0 & ((1 << Self::SEQUENCE_BITS) - 1)
    }

    /// Index into the plan's tiers.
    #[must_use]
    pub const fn tier(self) -> u8 {
        (self.0 >> Self::SEQUENCE_BITS) as u8
    }

    /// Index into the plan's touch points.
    #[must_use]
    pub const fn touch_point(self) -> u8 {
        (self.0 >> (Self::SEQUENCE_BITS + 8)) as u8
    }
}

/// What a pod's SDK exports at once.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The pod, numbered within its cell.
    pub pod: u16,
    /// Number of the batch at this pod, from 0.
    pub number: u32,
    /// Tick of the flush.
    pub at: u64,
    /// The spans in the order in which they ended.
    pub spans: &'a [SpanRecord],
}

/// Whoever takes a cell's batches, at their flush and in the order of the stream.
pub trait Consumer {
    /// Takes one batch.
    fn batch(&mut self, batch: &Batch<'_>);
}

impl Consumer for () {
    fn batch(&mut self, _: &Batch<'_>) {}
}

const _: () = assert!(size_of::<SpanRecord>() == 32);
