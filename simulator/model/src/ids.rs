//! Invertible ids of traces and spans.
//!
//! Owns the keyed bijections between ids and what they stand for: a sink indexes with them instead of
//! hashing, and can say exactly which span is missing. Refuses secrecy: the ids look random to samplers
//! and hashes (the W3C random flag holds for them), but the keys come from the run's seed.

use crate::key::{Key, mix, name_hash};

/// Bits of a trace's sequence number.
const SEQUENCE_BITS: u32 = 48;
/// Bits of a trace id that are zero before they are mixed: a foreign id passes for ours once in 2^48.
const CHECK_BITS: u32 = 48;
/// Rounds of the Feistel network on the two halves of a trace id. After the second the low half, which samplers read,
/// depends on all of cell, sequence and pass; the third does the same for the high half.
const ROUNDS: usize = 3;

/// The ids of one run.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    rounds: [u64; ROUNDS],
    spans: u64,
}

/// The number of a trace over all cells: the cell above its sequence there, which is below 2^48.
#[must_use]
#[inline]
pub const fn trace_number(cell: u16, sequence: u64) -> u64 {
    debug_assert!(sequence >> SEQUENCE_BITS == 0);
    (cell as u64) << SEQUENCE_BITS | sequence
}

impl Ids {
    /// The ids of the run with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // An all-zero trace id is invalid. If it stood for a trace of ours, the next keys are taken.
        let mut tried = 0;
        loop {
            let key = Key::of_seed(seed).child(name_hash("ids"), tried);
            let ids = Self { rounds: [key.bits(1), key.bits(2), key.bits(3)], spans: key.bits(4) };
            if ids.locate_trace(0).is_none() {
                return ids;
            }
            tried += 1;
        }
    }

    /// The id of a trace: of a cell, its sequence number there (below 2^48), and the pass over the same
    /// traffic that it is made in. Never 0.
    #[must_use]
    #[inline]
    pub const fn trace_id(&self, cell: u16, sequence: u64, pass: u16) -> u128 {
        let mut high = trace_number(cell, sequence);
        let mut low = (pass as u64) << CHECK_BITS;
        high ^= mix(low ^ self.rounds[0]);
        low ^= mix(high ^ self.rounds[1]);
        high ^= mix(low ^ self.rounds[2]);
        (high as u128) << 64 | low as u128
    }

    /// Cell, sequence and pass of a trace id; `None` if it isn't one of this run's.
    #[must_use]
    #[inline]
    pub const fn locate_trace(&self, id: u128) -> Option<(u16, u64, u16)> {
        let (mut high, mut low) = ((id >> 64) as u64, id as u64);
        high ^= mix(low ^ self.rounds[2]);
        low ^= mix(high ^ self.rounds[1]);
        high ^= mix(low ^ self.rounds[0]);
        if low & ((1 << CHECK_BITS) - 1) != 0 {
            return None;
        }
        Some(((high >> SEQUENCE_BITS) as u16, high & ((1 << SEQUENCE_BITS) - 1), (low >> CHECK_BITS) as u16))
    }

    /// The id of a span: the `index`-th of the trace with this [`trace_number`]. Never 0, and different
    /// for each index of a trace.
    #[must_use]
    #[inline]
    pub const fn span_id(&self, trace: u64, index: u32) -> u64 {
        mix(self.span_mask(trace) ^ index as u64)
    }

    /// The index of a span of a trace with this [`trace_number`]; `None` if the id isn't one of its
    /// (a foreign one passes once in 2^32).
    #[must_use]
    #[inline]
    pub const fn locate_span(&self, trace: u64, id: u64) -> Option<u32> {
        let index = unmix(id) ^ self.span_mask(trace);
        if index >> 32 == 0 { Some(index as u32) } else { None }
    }

    /// Sets the spans of one trace apart from another's. The top bit is set: no index makes it 0, whose id would be 0.
    #[inline]
    const fn span_mask(&self, trace: u64) -> u64 {
        mix(trace ^ self.spans) | 1 << 63
    }
}

/// The inverse of [`mix`].
const fn unmix(mut x: u64) -> u64 {
    // The multipliers of `mix`, inverted modulo 2^64.
    const DIVIDE_1: u64 = 0x96de_1b17_3f11_9089;
    const DIVIDE_2: u64 = 0x3196_42b2_d24d_8ec3;
    x = (x ^ (x >> 31) ^ (x >> 62)).wrapping_mul(DIVIDE_2);
    x = (x ^ (x >> 27) ^ (x >> 54)).wrapping_mul(DIVIDE_1);
    x ^ (x >> 30) ^ (x >> 60)
}

#[cfg(test)]
mod tests {
    use super::{mix, unmix};

    /// Scenario: edges and a hundred thousand numbers. Guarantees: `unmix` undoes `mix`.
    #[test]
    fn unmix_undoes_mix() {
        for x in [0, 1, u64::MAX, 1 << 63].into_iter().chain((0..100_000).map(|i| mix(i ^ 77))) {
            assert_eq!(unmix(mix(x)), x);
        }
    }
}
