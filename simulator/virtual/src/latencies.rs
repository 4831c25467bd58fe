//! Latencies as they are counted while a slice runs.
//!
//! Owns one increment for each request, in the buckets that the slice's histogram has too, so that what comes of it is the same to the
//! last count. Refuses quantiles: when a slice is closed, everything goes over into its histogram.

use crate::slice::SIGNIFICANT_DIGITS;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::EndpointId;
use hdrhistogram::Histogram;

/// `log2` of the buckets of one value each. Above, each doubling has half as many, as with [`SIGNIFICANT_DIGITS`].
const EXACT_BITS: u32 = 11;
const EXACT: u32 = 1 << EXACT_BITS;

/// Values have to be told apart to 10^-3: 2,000 buckets of one, and the next power of two is 2^11.
const _: () = assert!(SIGNIFICANT_DIGITS == 3);

/// Requests that are counted at once: their buckets lie anywhere in many times what a first-level cache holds, and a loop of
/// nothing else waits for several at a time.
pub(crate) const AT_ONCE: usize = 512;

/// A request that has ended and is not counted yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) ticks: u32,
    pub(crate) endpoint: EndpointId,
    pub(crate) outcome: Outcome,
}

/// Latencies in ticks, by bucket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies {
    /// Up to the highest bucket so far.
    counts: Vec<u32>,
}

/// The bucket of a latency.
#[inline]
const fn bucket(ticks: u32) -> usize {
    let shift = 31 - (ticks | (EXACT - 1)).leading_zeros() - (EXACT_BITS - 1);
    ((shift << (EXACT_BITS - 1)) + (ticks >> shift)) as usize
}

/// The least latency of a bucket.
const fn least_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < EXACT as u64 {
        return bucket;
    }
    let half = EXACT as u64 / 2;
    let shift = bucket / half - 1;
    (bucket % half + half) << shift
}

impl Latencies {
    #[inline]
    pub(crate) fn record(&mut self, ticks: u32) {
        let bucket = bucket(ticks);
        match self.counts.get_mut(bucket) {
            Some(count) => *count += 1,
            None => self.extend(bucket),
        }
    }

    /// The first latency of a bucket beyond the highest so far.
    #[cold]
    fn extend(&mut self, bucket: usize) {
        self.counts.resize((bucket + 1).next_multiple_of(EXACT as usize / 2), 0);
        self.counts[bucket] = 1;
    }

    /// Hands everything over.
    pub(crate) fn move_to(&mut self, histogram: &mut Histogram<u64>) {
        for (bucket, count) in self.counts.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
            let count = u64::from(std::mem::take(count));
            histogram.record_n(least_of(bucket), count).expect("invariant: the histogram grows");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice::EndpointSlice;

    /// *Scenario* Latencies at both sides of every power of two, and many between, are counted here and by a histogram.
    /// *Guarantees* The histograms are equal, and so are their bytes.
    #[test]
    fn counts_are_those_of_the_histogram() {
        let mut values: Vec<u32> = (0..5_000).chain([u32::MAX - 1, u32::MAX]).collect();
        for bit in 3..32 {
            values.extend([(1 << bit) - 1, 1 << bit, (1 << bit) + 1, (1_u32 << bit) / 7 * 6]);
        }
        let mut counted = Latencies::default();
        let mut direct = EndpointSlice::new().latencies;
        for (nth, value) in values.iter().enumerate() {
            for _ in 0..nth % 3 + 1 {
                counted.record(*value);
                direct.record(u64::from(*value)).unwrap();
            }
        }
        let mut moved = EndpointSlice::new().latencies;
        counted.move_to(&mut moved);
        assert_eq!(moved, direct);
        for share in [0.0, 0.001, 0.5, 0.9, 0.999, 1.0] {
            assert_eq!(moved.value_at_quantile(share), direct.value_at_quantile(share));
        }
        assert_eq!((moved.max(), moved.min_nz(), moved.len()), (direct.max(), direct.min_nz(), direct.len()));
        let mut again = EndpointSlice::new().latencies;
        counted.move_to(&mut again);
        assert!(again.is_empty(), "what was handed over is gone");
    }
}
