//! A head sampler: keeps a share of all traces, decided by the trace id alone.
//!
//! Owns the rule of OpenTelemetry's `ParentBased(TraceIdRatioBased)`: the last 56 bits of the trace id are the randomness (W3C Trace
//! Context level 2), and a trace is kept if they reach the threshold, so every service decides alike without being told. Refuses to know what
//! a trace will come to: it decides at the start.

use crate::record::TraceWord;
use doorbuster_model::ids::Ids;

/// Bits of randomness in a trace id.
const RANDOM_BITS: u32 = 56;

/// The head sampler of a cell's SDKs.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    ids: Ids,
    cell: u16,
    /// Randomness below this is dropped.
    threshold: u64,
}

impl Head {
    /// A sampler that keeps a share (0 to 1) of the traces of a cell, in the run with this seed.
    #[must_use]
    pub fn new(seed: u64, cell: u16, share: f64) -> Self {
        let dropped = (1.0 - share.clamp(0.0, 1.0)) * (1_u64 << RANDOM_BITS) as f64;
        Self { ids: Ids::new(seed), cell, threshold: dropped as u64 }
    }

    /// Whether the spans of a trace are kept, as a number of its record.
    #[must_use]
    #[inline]
    pub const fn keeps(&self, trace: u64) -> bool {
        let id = self.ids.trace_id(self.cell, TraceWord(trace).sequence(), 0);
        (id as u64) & ((1 << RANDOM_BITS) - 1) >= self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    /// *Scenario*: a hundred thousand traces of two cells. *Guarantees*: all, none, or the share (within five standard errors); tiers and touch
    /// points make no difference, and cells drop other traces.
    #[test]
    fn a_share_of_the_traces_is_kept() {
        let kept = |head: &Head| (0..100_000).filter(|trace| head.keeps(*trace)).count();
        assert_eq!(kept(&Head::new(1, 0, 1.0)), 100_000);
        assert_eq!(kept(&Head::new(1, 0, 0.0)), 0);
        let head = Head::new(1, 0, 0.1);
        assert!((9_526..=10_474).contains(&kept(&head)), "{}", kept(&head));
        let other = Head::new(1, 1, 0.1);
        assert!((0..1_000).any(|trace| head.keeps(trace) != other.keeps(trace)));
        assert!((0..1_000).all(|trace| head.keeps(trace) == head.keeps(trace | 3 << 48 | 2 << 56)));
    }
}
