//! Which spans of a run have arrived: a bit for each.
//!
//! Owns bitmaps that are indexed with what ids stand for, so that nothing is hashed for a span. Refuses ids: they are inverted before.

use doorbuster_model::ids::trace_number;
use std::collections::{HashMap, HashSet};

/// Traces of a segment, as a power of two.
const SEGMENT_BITS: u32 = 12;
const SEGMENT_TRACES: usize = 1 << SEGMENT_BITS;
/// Spans of a trace that have their bit in a segment; later ones have theirs in a map.
const WORD_SPANS: u32 = u64::BITS;
/// Places that are remembered so that segments are not looked up: more than cells are played in turn.
const RECENT: usize = 64;

/// Which segment: the cell above the sequence number's high bits, and the pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Block {
    traces: u64,
    pass: u16,
}

/// Spans that have arrived.
#[derive(Debug, Default)]
pub(super) struct Seen {
    segments: Vec<Box<[u64]>>,
    places: HashMap<Block, usize>,
    /// The place after the last one found for blocks that share this slot; 0 for none.
    recent: Vec<(Block, usize)>,
    /// Spans past a trace's first word, by pass, trace number and word.
    beyond: HashMap<(u16, u64, u32), u64>,
    traces: u64,
}

impl Seen {
    /// Notes a span; returns whether it is the first time.
    #[inline]
    pub(super) fn add(&mut self, cell: u16, sequence: u64, pass: u16, index: u32) -> bool {
        let trace = trace_number(cell, sequence);
        if index >= WORD_SPANS {
            let word = self.beyond.entry((pass, trace, index / WORD_SPANS)).or_default();
            let bit = 1 << (index % WORD_SPANS);
            let is_new = *word & bit == 0;
            *word |= bit;
            return is_new;
        }
        let place = self.place(Block { traces: trace >> SEGMENT_BITS, pass });
        let word = &mut self.segments[place][trace as usize % SEGMENT_TRACES];
        let (before, bit) = (*word, 1 << index);
        *word |= bit;
        self.traces += u64::from(before == 0);
        before & bit == 0
    }

    /// Traces of which anything has arrived.
    pub(super) fn traces(&self) -> u64 {
        let far: HashSet<(u16, u64)> = self.beyond.keys().map(|&(pass, trace, _)| (pass, trace)).collect();
        let only_far = far.into_iter().filter(|&(pass, trace)| {
            let place = self.places.get(&Block { traces: trace >> SEGMENT_BITS, pass });
            place.is_none_or(|&place| self.segments[place][trace as usize % SEGMENT_TRACES] == 0)
        });
        self.traces + only_far.count() as u64
    }

    #[inline]
    fn place(&mut self, block: Block) -> usize {
        let slot = (block.traces ^ (block.traces >> 36)) as usize % RECENT;
        match self.recent.get(slot) {
            Some(&(of, after)) if of == block && after > 0 => after - 1,
            _ => self.look_up(slot, block),
        }
    }

    #[cold]
    fn look_up(&mut self, slot: usize, block: Block) -> usize {
        self.recent.resize(RECENT, (Block::default(), 0));
        let place = *self.places.entry(block).or_insert_with(|| {
            self.segments.push(vec![0; SEGMENT_TRACES].into());
            self.segments.len() - 1
        });
        self.recent[slot] = (block, place + 1);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    /// *Scenario*: spans at the edges of words, segments, cells and passes, each of them twice, in two orders.
    ///
    /// *Guarantees*: each is new once, and every trace is counted once, also one of which only far spans arrived.
    #[test]
    fn each_span_is_new_once() {
        let mut seen = Seen::default();
        let mut spans = Vec::new();
        for cell in [0, 1, u16::MAX] {
            for sequence in [0, 1, 4095, 4096, 64 * 4096, (1 << 48) - 1] {
                for pass in [0, 1, u16::MAX] {
                    spans.extend([0, 1, 63, 64, 127, 128, u32::MAX].map(|index| (cell, sequence, pass, index)));
                }
            }
        }
        for &(cell, sequence, pass, index) in &spans {
            assert!(seen.add(cell, sequence, pass, index));
        }
        for &(cell, sequence, pass, index) in spans.iter().rev() {
            assert!(!seen.add(cell, sequence, pass, index));
        }
        assert_eq!(seen.traces(), 3 * 6 * 3);
        assert!(seen.add(7, 5, 0, 99));
        assert_eq!(seen.traces(), 3 * 6 * 3 + 1);
    }
}
