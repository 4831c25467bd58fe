//! From which duration on an answer is slow: learned from an endpoint's own buckets.
//!
//! Owns the bound. A percentile can't be had from buckets without guessing inside them; the share over a bound can.

use doorbuster_model::time::{Ticks, ticks_from_ns};
use doorbuster_telemetry::observed::{DURATION_BOUNDS_MS, EndpointPoint};

/// Exports that are looked at before the bound is set, at least.
const LEARN_EXPORTS: u32 = 6;
/// Requests that are looked at before the bound is set, at least: one in a hundred of them must be a handful.
const LEARN_REQUESTS: u64 = 500;
/// Share of answers that may be over the usual bound: its p99.
const USUAL_OVER: f64 = 0.01;
/// Slow is so many times the usual bound: load alone moves a p99 across a bucket's edge.
const TIMES_USUAL: u32 = 2;
/// No answer below this is slow, in ms: nobody waits there. Chosen.
const LEAST_MS: u32 = 50;

/// The bound of one endpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct SlowBound {
    exports: u32,
    buckets: [u64; DURATION_BOUNDS_MS.len() + 1],
    /// Index in [`DURATION_BOUNDS_MS`].
    bound: Option<usize>,
}

impl SlowBound {
    /// Slow requests of an export; `None` while the bound is being learned from it.
    pub(super) fn slow(&mut self, point: &EndpointPoint) -> Option<u64> {
        if self.bound.is_none() {
            self.learn(point);
            return None;
        }
        Some(self.over(point))
    }

    /// Requests of an export over the bound; 0 while there is none.
    pub(super) fn over(&self, point: &EndpointPoint) -> u64 {
        self.bound.map_or(0, |bound| point.buckets[bound + 1..].iter().sum())
    }

    /// The bound in ms.
    pub(super) fn ms(&self) -> Option<u32> {
        self.bound.map(|bound| DURATION_BOUNDS_MS[bound])
    }

    /// The bound in ticks.
    pub(super) fn ticks(&self) -> Option<Ticks> {
        self.ms().map(|ms| ticks_from_ns(u64::from(ms) * 1_000_000))
    }

    fn learn(&mut self, point: &EndpointPoint) {
        self.exports += 1;
        for (mine, theirs) in self.buckets.iter_mut().zip(point.buckets) {
            *mine += theirs;
        }
        let requests: u64 = self.buckets.iter().sum();
        if self.exports < LEARN_EXPORTS || requests < LEARN_REQUESTS {
            return;
        }
        let over = |bound: &usize| self.buckets[bound + 1..].iter().sum::<u64>() as f64;
        let usual = (0..DURATION_BOUNDS_MS.len()).find(|bound| over(bound) <= USUAL_OVER * requests as f64);
        let least_ms = usual.map_or(u32::MAX, |bound| DURATION_BOUNDS_MS[bound] * TIMES_USUAL).max(LEAST_MS);
        let last = DURATION_BOUNDS_MS.len() - 1;
        self.bound = Some(DURATION_BOUNDS_MS.iter().position(|ms| *ms >= least_ms).unwrap_or(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(fast: u64, slow: u64) -> EndpointPoint {
        let mut point = EndpointPoint { attempts: fast + slow, ..EndpointPoint::default() };
        point.buckets[4] = fast; // 50 to 75 ms
        point.buckets[11] = slow; // 2.5 to 5 s
        point
    }

    #[test]
    fn slow_is_twice_the_usual_p99() {
        let mut bound = SlowBound::default();
        for _ in 0..LEARN_EXPORTS {
            assert_eq!(bound.slow(&point(999, 1)), None);
        }
        assert_eq!(bound.ms(), Some(250), "the p99 lies under 75 ms, twice that under 250 ms");
        assert_eq!(bound.slow(&point(700, 300)), Some(300));
    }

    #[test]
    fn few_requests_set_no_bound() {
        let mut bound = SlowBound::default();
        for _ in 0..20 {
            assert_eq!(bound.slow(&point(10, 0)), None);
        }
        assert_eq!(bound.ticks(), None);
    }
}
