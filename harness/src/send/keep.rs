//! Records of a stretch of the simulation, kept to be sent again and again.
//!
//! Owns the bound, and which records are kept: those of whole traces, of the shoppers who ask within the stretch and of the messages that
//! they cause. Refuses bytes: records are encoded anew in each pass (`docs/decisions/0009-replay-keeps-records.md`).

use crate::drill::outlet::Outlet;
use doorbuster_model::plan::ORIGIN_SHIFT;
use doorbuster_model::time::Ticks;
use doorbuster_telemetry::record::{Batch, Consumer, SpanRecord, TraceWord};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Records that are kept at most, in all cells together: 4 GB of 32 bytes each. Chosen: half of what a small machine has.
pub(crate) const MOST_RECORDS: u64 = 125_000_000;
/// Records of a chunk, 2 MB: a vector that grew would be copied, and held twice meanwhile.
const CHUNK: usize = 65_536;

/// The bound of all cells.
#[derive(Debug)]
pub(crate) struct Bound {
    most: u64,
    asked: AtomicU64,
}

/// Takes the batches of a cell and keeps those of the stretch.
pub(crate) struct Keeper {
    /// First tick of the stretch.
    from: Ticks,
    bound: Arc<Bound>,
    /// Shoppers' traces with lower numbers began before the stretch.
    first: u64,
    kept: Kept,
}

/// What was kept of a cell, in the order of its flushes.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    chunks: Vec<Vec<SpanRecord>>,
    batches: Vec<KeptBatch>,
}

#[derive(Debug)]
struct KeptBatch {
    /// Ticks of the flush since the stretch began.
    at: Ticks,
    pod: u16,
    number: u32,
    chunk: usize,
    spans: Range<usize>,
    /// Traces of shoppers whose root is in it.
    roots: u64,
}

impl Bound {
    /// So many records at most.
    pub(crate) const fn new(most: u64) -> Self {
        Self { most, asked: AtomicU64::new(0) }
    }

    /// Whether more was to be kept.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.asked.load(Ordering::Relaxed) > self.most
    }

    fn take(&self, records: usize) -> bool {
        self.asked.fetch_add(records as u64, Ordering::Relaxed) + records as u64 <= self.most
    }
}

impl Keeper {
    /// Keeps the traces that begin at a tick or later.
    pub(crate) fn new(from: Ticks, bound: Arc<Bound>) -> Self {
        Self { from, bound, first: 0, kept: Kept::default() }
    }

    /// What was kept, without the traces that began before.
    pub(crate) fn end(mut self) -> Kept {
        for batch in &mut self.kept.batches {
            let spans = &mut self.kept.chunks[batch.chunk][batch.spans.clone()];
            let mut left = 0;
            for n in 0..spans.len() {
                if shopper(&spans[n]) >= self.first {
                    spans[left] = spans[n];
                    left += 1;
                }
            }
            batch.roots = spans[..left].iter().filter(|record| is_shoppers_root(record)).count() as u64;
            batch.spans.end = batch.spans.start + left;
        }
        self.kept.batches.retain(|batch| !batch.spans.is_empty());
        self.kept
    }
}

impl Consumer for Keeper {
    fn batch(&mut self, batch: &Batch<'_>) {
        for record in batch.spans.iter().filter(|record| is_shoppers_root(record) && record.start < self.from) {
            self.first = self.first.max(shopper(record) + 1);
        }
        if batch.at < self.from || !self.bound.take(batch.spans.len()) {
            return;
        }
        let chunks = &mut self.kept.chunks;
        if chunks.last().is_none_or(|chunk| chunk.len() + batch.spans.len() > CHUNK) {
            chunks.push(Vec::with_capacity(CHUNK.max(batch.spans.len())));
        }
        let place = chunks.len() - 1;
        let begin = chunks[place].len();
        chunks[place].extend_from_slice(batch.spans);
        self.kept.batches.push(KeptBatch {
            at: batch.at - self.from,
            pod: batch.pod,
            number: batch.number,
            chunk: place,
            spans: begin..begin + batch.spans.len(),
            roots: 0,
        });
    }
}

impl Outlet for Keeper {}

impl Kept {
    /// The batches that were flushed within these ticks of the stretch, each with the number of shoppers' traces whose root it has.
    pub(crate) fn within(&self, ticks: Range<Ticks>) -> impl Iterator<Item = (Batch<'_>, u64)> {
        let place = |tick: Ticks| self.batches.partition_point(|batch| batch.at < tick);
        self.batches[place(ticks.start)..place(ticks.end)].iter().map(|batch| {
            let spans = &self.chunks[batch.chunk][batch.spans.clone()];
            (Batch { pod: batch.pod, number: batch.number, at: batch.at, spans }, batch.roots)
        })
    }

    /// First tick of the stretch by which all was flushed.
    pub(crate) fn end(&self) -> Ticks {
        self.batches.last().map_or(0, |batch| batch.at + 1)
    }

    /// Spans of a pass.
    pub(crate) fn spans(&self) -> u64 {
        self.batches.iter().map(|batch| batch.spans.len() as u64).sum()
    }
}

/// Number of the shopper's trace that a record is of, or that caused it.
const fn shopper(record: &SpanRecord) -> u64 {
    TraceWord(record.trace).sequence() & ((1 << ORIGIN_SHIFT) - 1)
}

const fn is_shoppers_root(record: &SpanRecord) -> bool {
    record.index == 0 && TraceWord(record.trace).sequence() >> ORIGIN_SHIFT == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, way: u64, index: u32, start: u64) -> SpanRecord {
        let trace = TraceWord::new(way << ORIGIN_SHIFT | number, 1, 1).0;
        SpanRecord { trace, start, index, duration: 0, shape: 0, pod: 0, outcome: 0, attempt: 0, shard: 0 }
    }

    fn keep(bound: &Arc<Bound>, batches: &[(Ticks, &[SpanRecord])]) -> Kept {
        let mut keeper = Keeper::new(100, Arc::clone(bound));
        for (number, (at, spans)) in (0..).zip(batches) {
            keeper.batch(&Batch { pod: 3, number, at: *at, spans });
        }
        keeper.end()
    }

    /// *Scenario*: traces that begin before, across and in the stretch, whose spans and messages are flushed in it and after it.
    /// *Guarantees*: kept are all spans of the traces that begin in it, with what their messages caused, in order, and none of others.
    #[test]
    fn whole_traces_are_kept() {
        let early = [record(1, 0, 1, 40), record(1, 0, 0, 30)];
        let across = [record(2, 0, 2, 105), record(3, 0, 1, 120), record(2, 1, 0, 110)];
        let inside = [record(2, 0, 0, 99), record(3, 0, 0, 101), record(4, 0, 0, 150)];
        let after = [record(2, 1, 1, 300), record(3, 1, 0, 310), record(4, 0, 1, 160)];
        let kept = keep(&Arc::new(Bound::new(100)), &[(90, &early), (130, &across), (170, &inside), (400, &after)]);
        let all: Vec<_> = kept.within(0..kept.end()).flat_map(|(batch, _)| batch.spans.to_vec()).collect();
        assert_eq!(all, [across[1], inside[1], inside[2], after[1], after[2]]);
        assert_eq!(
            kept.within(0..kept.end()).map(|(batch, roots)| (batch.at, roots)).collect::<Vec<_>>(),
            [(30, 0), (70, 2), (300, 0)]
        );
        assert_eq!(kept.within(31..301).count(), 2);
        assert_eq!((kept.spans(), kept.end()), (5, 301));
    }

    /// *Scenario*: more records than the bound allows. *Guarantees*: it says so, and keeps no more.
    #[test]
    fn the_bound_is_kept() {
        let bound = Arc::new(Bound::new(3));
        let two = [record(5, 0, 0, 200), record(5, 0, 1, 200)];
        let first = keep(&bound, &[(210, &two)]);
        assert!(first.spans() == 2 && !bound.is_exceeded());
        let second = keep(&bound, &[(210, &two)]);
        assert!(second.spans() == 0 && bound.is_exceeded());
    }
}
