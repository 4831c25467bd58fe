//! A distribution of durations in buckets of integers: one increment a span, sums that merge.
//!
//! Owns the bounds of the buckets and what is read off them. Refuses to be exact: sixteen buckets for each doubling, so a
//! duration that is read off is within [`ERROR`] of the true one.

/// Buckets for each doubling, as a power of two.
const PARTS_BITS: u32 = 4;
const PARTS: u32 = 1 << PARTS_BITS;

/// Buckets that any `u32` of ticks falls into. Those under 32 ticks hold one value each.
pub const BUCKETS: usize = ((32 - PARTS_BITS) * PARTS + PARTS) as usize;

/// A duration that is read off is at most this share above or below the true one: half a bucket.
pub const ERROR: f64 = 0.5 / PARTS as f64;

/// The bucket of a duration.
#[must_use]
#[inline]
pub const fn bucket(ticks: u32) -> usize {
    // The bit keeps the shift from going below zero: short durations all lie in one stretch of buckets of width one.
    let shift = (31 - PARTS_BITS) - (ticks | PARTS).leading_zeros();
    (shift * PARTS + (ticks >> shift)) as usize
}

/// The duration that stands for a bucket: its middle, in ticks.
#[must_use]
pub const fn ticks_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let parts = PARTS as u64;
    if bucket < 2 * parts {
        return bucket;
    }
    let shift = bucket / parts - 1;
    ((bucket % parts + parts) << shift) + (1 << shift >> 1)
}

/// The duration that a share of those counted do not exceed, in ticks; `None` where nothing was counted.
#[must_use]
pub fn quantile(counts: &[u64; BUCKETS], share: f64) -> Option<u64> {
    let total: u64 = counts.iter().sum();
    let rank = ((total as f64 * share).ceil() as u64).clamp(1, total.max(1));
    let mut below = 0;
    for (bucket, count) in counts.iter().enumerate() {
        below += count;
        if below >= rank {
            return Some(ticks_of(bucket));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Durations at both sides of every bound, and a few between.
    fn durations() -> impl Iterator<Item = u32> {
        let near = |ticks: u32| [ticks.saturating_sub(1), ticks, ticks.saturating_add(1), ticks / 3 * 2];
        (0..100).chain((5..32).flat_map(move |bit| near(1 << bit))).chain([u32::MAX - 1, u32::MAX])
    }

    #[test]
    fn a_duration_is_within_the_stated_error() {
        for ticks in durations() {
            let told = ticks_of(bucket(ticks)) as f64;
            let error = (told - f64::from(ticks)).abs() / f64::from(ticks).max(1.0);
            assert!(error <= ERROR, "{ticks} ticks are told as {told}: {error}");
        }
    }

    #[test]
    fn buckets_are_in_order_and_none_is_out_of_bounds() {
        let mut sorted: Vec<u32> = durations().collect();
        sorted.sort_unstable();
        for pair in sorted.windows(2) {
            assert!(bucket(pair[0]) <= bucket(pair[1]), "{pair:?}");
        }
        assert_eq!(bucket(u32::MAX), BUCKETS - 1);
        // Neighbours in number are neighbours in time: no bucket is left out.
        assert!((1..BUCKETS).all(|number| ticks_of(number) > ticks_of(number - 1)));
        assert!((0..BUCKETS).all(|number| bucket(ticks_of(number) as u32) == number));
    }

    #[test]
    fn quantiles_are_read_off() {
        let mut counts = [0; BUCKETS];
        assert_eq!(quantile(&counts, 0.99), None);
        for ticks in 0..1_000 {
            counts[bucket(ticks)] += 1;
        }
        for (share, exact) in [(0.5, 499.0), (0.99, 989.0), (1.0, 999.0)] {
            let told = quantile(&counts, share).map_or(0.0, |ticks| ticks as f64);
            assert!((told - exact).abs() <= ERROR * exact, "{share}: {told}");
        }
        assert_eq!(quantile(&counts, 0.0), Some(0));
    }
}
