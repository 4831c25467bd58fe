//! What chance may do: 99 % intervals of shares, rates and percentiles, and of the difference of two.
//!
//! Owns those formulas. Refuses to know which difference is bad.

use crate::result::LatencyStats;

/// The normal quantile of a two-sided 99 % interval.
const Z: f64 = 2.575_829_303_548_901;

/// A value between the ends of its 99 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Estimate {
    /// The estimate in another unit.
    pub(super) fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, low: self.low * factor, high: self.high * factor }
    }
}

/// A share with Wilson's interval. `attempts` is over 0.
pub(super) fn share(successes: u64, attempts: u64) -> Estimate {
    let n = attempts as f64;
    let p = successes as f64 / n;
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Estimate { value: p, low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
}

/// A number of events with the score interval of a Poisson mean, which holds for none as well.
pub(super) fn count(events: u64) -> Estimate {
    let n = events as f64;
    let middle = n + Z * Z / 2.0;
    let half = Z * (n + Z * Z / 4.0).sqrt();
    Estimate { value: n, low: (middle - half).max(0.0), high: middle + half }
}

/// A percentile with the interval between two others: those whose ranks enclose it with 99 %, however the values are
/// distributed. A result has five points of the distribution; between them it is taken as an exponential's, between
/// nothing and the median as an even one, which is wider than what servers show. Nothing where a point is no number.
pub(super) fn percentile(latency: &LatencyStats, share: f64, samples: u64) -> Option<Estimate> {
    let half = Z * (share * (1.0 - share) / samples as f64).sqrt();
    let value = at(latency, share)?;
    Some(Estimate { value, low: at(latency, share - half)?.min(value), high: at(latency, share + half)?.max(value) })
}

/// The value at a share, by straight lines over `-ln(1 - share)`.
fn at(latency: &LatencyStats, share: f64) -> Option<f64> {
    let points = [(0.0, 0.0), (0.5, latency.p50), (0.9, latency.p90), (0.99, latency.p99), (0.999, latency.p999)];
    if points.iter().any(|(_, value)| !value.is_finite()) {
        return None;
    }
    for pair in points.windows(2) {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        if share <= to {
            let depth = |share: f64| -(1.0 - share).ln();
            let part = (depth(share.max(0.0)) - depth(from)) / (depth(to) - depth(from));
            return Some(low + part * (high - low));
        }
    }
    Some(latency.p999)
}

/// The interval of `here - baseline` from the intervals of the two: Newcombe's hybrid, for independent samples.
pub(super) fn difference(baseline: Estimate, here: Estimate) -> [f64; 2] {
    let by = here.value - baseline.value;
    let down = (here.value - here.low).hypot(baseline.high - baseline.value);
    let up = (here.high - here.value).hypot(baseline.value - baseline.low);
    [by - down, by + up]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, wanted: f64, by: f64) {
        assert!((value - wanted).abs() <= by, "{value}, not {wanted}");
    }

    /// Newcombe (1998), "Interval estimation for the difference between independent proportions", method 10, example (a):
    /// 56/70 - 48/80 has 0.0524 to 0.3339 at 95 %. Ours is at 99 %, so the oracle is the formula with their quantile.
    #[test]
    fn a_difference_of_shares_agrees_with_a_published_one() {
        let at_95 = |successes: u64, attempts: u64| {
            let (n, z) = (attempts as f64, 1.959_964_f64);
            let p = successes as f64 / n;
            let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
            let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
            Estimate { value: p, low: middle - half, high: middle + half }
        };
        let [low, high] = difference(at_95(48, 80), at_95(56, 70));
        near(low, 0.0524, 5e-5);
        near(high, 0.3339, 5e-5);
        let ours = difference(share(48, 80), share(56, 70));
        assert!(ours[0] < low && high < ours[1], "{ours:?} is not wider");
        near(ours[1] - ours[0], (high - low) * Z / 1.96, 0.02);
    }

    #[test]
    fn nothing_and_all_have_intervals_too() {
        assert!(share(0, 100).low.abs() < 1e-12 && share(0, 100).high > 0.05);
        assert!((share(100, 100).high - 1.0).abs() < 1e-12 && share(100, 100).low < 0.95);
        let none = count(0);
        assert!(none.low.abs() < 1e-12 && (none.high - Z * Z).abs() < 1e-9);
        let some = count(10_000);
        near(some.high - some.low, 2.0 * Z * 100.0, 0.2);
    }

    /// An exponential distribution lies on the lines, so its interval is the exact one of ranks.
    #[test]
    fn a_percentile_of_an_exponential_has_the_interval_of_its_ranks() {
        let q = |share: f64| -(1.0 - share).ln() * 0.01;
        let latency = LatencyStats { mean: 0.01, p50: q(0.5), p90: q(0.9), p99: q(0.99), p999: q(0.999), max: 0.2 };
        for samples in [1_000, 100_000] {
            let half = Z * (0.99 * 0.01 / samples as f64).sqrt();
            let p99 = percentile(&latency, 0.99, samples).unwrap();
            near(p99.value, q(0.99), 1e-12);
            near(p99.low, q(0.99 - half), 1e-12);
            near(p99.high, q(0.99 + half), 1e-12);
        }
        let median = percentile(&latency, 0.5, 10_000).unwrap();
        let half = Z * (0.25_f64 / 10_000.0).sqrt();
        near(median.high, q(0.5 + half), 1e-12);
        near(median.low, q(0.5 - half), 1e-12);
    }

    #[test]
    fn latencies_that_all_ran_into_one_timeout_have_no_width() {
        let latency = LatencyStats { mean: 4.0, p50: 5.0, p90: 5.0, p99: 5.0, p999: 5.0, max: 5.0 };
        assert_eq!(percentile(&latency, 0.99, 1_000), Some(Estimate { value: 5.0, low: 5.0, high: 5.0 }));
        let latency = LatencyStats { p99: f64::NAN, ..latency };
        assert_eq!(percentile(&latency, 0.99, 1_000), None);
    }
}
