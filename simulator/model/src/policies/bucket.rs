//! The token bucket of a rate limit.

use crate::time::{TICK_NS, Ticks};

/// `log2` of the parts of a token.
const PART_BITS: u32 = 32;

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketRule {
    /// What a tick puts in, in 2^-32 of a token.
    parts_per_tick: u64,
    /// Parts that it holds.
    burst_parts: u64,
}

impl BucketRule {
    /// A bucket that lets `per_s` through in a second (at most 10^9), and `burst` (at most 2^31) at once after a pause.
    #[must_use]
    pub fn new(per_s: f64, burst: u32) -> Self {
        let per_tick = per_s * TICK_NS as f64 / 1e9 * (1_u64 << PART_BITS) as f64;
        Self { parts_per_tick: (per_tick.round() as u64).max(1), burst_parts: u64::from(burst) << PART_BITS }
    }
}

/// A bucket that fills evenly; whoever takes a token may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    rule: BucketRule,
    parts: u64,
    /// When `parts` was brought up to date.
    at: Ticks,
}

impl TokenBucket {
    /// A full bucket.
    #[must_use]
    pub const fn new(rule: BucketRule, now: Ticks) -> Self {
        Self { rule, parts: rule.burst_parts, at: now }
    }

    /// Takes a token, if there is a whole one. Time must not run backwards.
    pub fn take(&mut self, now: Ticks) -> bool {
        let filled = u128::from(now - self.at) * u128::from(self.rule.parts_per_tick) + u128::from(self.parts);
        self.parts = filled.min(u128::from(self.rule.burst_parts)) as u64;
        self.at = now;
        let is_there = self.parts >= 1 << PART_BITS;
        if is_there {
            self.parts -= 1 << PART_BITS;
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::{BucketRule, TokenBucket};
    use crate::time::tick_of_second;

    /// *Scenario* A bucket of 100 a second with a burst of 10 is asked in every tick of ten seconds.
    /// *Guarantees* It lets through its burst and then its rate: 1,010 in all, never more than 10 + 100 t.
    #[test]
    fn a_bucket_lets_through_its_burst_and_its_rate() {
        let mut bucket = TokenBucket::new(BucketRule::new(100.0, 10), 0);
        let mut passed = 0_u64;
        for now in 0..tick_of_second(10) {
            passed += u64::from(bucket.take(now));
            assert!(passed as f64 <= 10.0 + 100.0 * (now as f64 * 1.024e-6) + 1e-3, "{passed} by tick {now}");
        }
        assert!((1_009..=1_010).contains(&passed), "{passed}");
    }

    /// *Scenario* A long pause.
    /// *Guarantees* The bucket holds its burst and no more.
    #[test]
    fn a_pause_fills_the_bucket_up_to_its_burst() {
        let mut bucket = TokenBucket::new(BucketRule::new(1_000.0, 3), 0);
        assert!((0..3).all(|_| bucket.take(0)) && !bucket.take(0));
        let later = tick_of_second(1_000_000);
        assert!((0..3).all(|_| bucket.take(later)) && !bucket.take(later));
    }
}
