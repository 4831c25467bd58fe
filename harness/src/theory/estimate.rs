//! A mean and its 99 % interval from independent replications.
//!
//! Owns the ratio estimator and Student's quantile. Refuses to know what was counted.

use super::formulas::Z_99;

/// What one replication counted: the mean is the sum of the first over the sum of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) sum: u64,
    pub(super) over: u64,
}

/// A mean with half the width of its 99 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub(super) mean: f64,
    pub(super) half_width: f64,
}

impl Estimate {
    /// The mean over all replications (at least two), in units of `unit`.
    ///
    /// Replications are independent, whatever goes on within one, so the spread between them is all that the
    /// interval needs: the classical ratio estimator with its variance by the delta method (Law, Simulation
    /// Modeling and Analysis, section 9.5), and Student's quantile.
    pub(super) fn of(counts: &[Count], unit: f64) -> Self {
        let total = |part: fn(&Count) -> u64| counts.iter().map(|count| u128::from(part(count))).sum::<u128>() as f64;
        let (sum, over) = (total(|count| count.sum), total(|count| count.over));
        let replications = counts.len() as f64;
        let mean = sum / over;
        let squares: f64 = counts.iter().map(|count| (count.sum as f64 - mean * count.over as f64).powi(2)).sum();
        let standard_error = (squares / (replications - 1.0) / replications).sqrt() / (over / replications);
        Self { mean: mean * unit, half_width: student_99(counts.len() - 1) * standard_error * unit }
    }
}

/// Two-sided 99 % quantile of Student's distribution for at least 20 degrees of freedom, to four digits
/// (Abramowitz and Stegun, 26.7.5).
fn student_99(degrees: usize) -> f64 {
    let (z, v) = (Z_99, degrees as f64);
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / v + second / v.powi(2) + third / v.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_as_in_the_tables() {
        for (degrees, expected) in [(20, 2.8453), (30, 2.7500), (60, 2.6603), (99, 2.6264), (120, 2.6174)] {
            assert!((student_99(degrees) - expected).abs() < 1e-4, "{degrees}: {}", student_99(degrees));
        }
    }

    /// Scenario: replications of equal size. Guarantees: the textbook's mean and interval.
    #[test]
    fn a_ratio_over_equal_sizes_is_the_plain_mean() {
        let counts: Vec<Count> = (0..31).map(|i| Count { sum: 100 + i, over: 10 }).collect();
        let estimate = Estimate::of(&counts, 0.5);
        assert!((estimate.mean - 5.75).abs() < 1e-12);
        let deviation = (0..31).map(|i| (f64::from(i) - 15.0).powi(2)).sum::<f64>() / 30.0;
        let expected = 2.7500 * (deviation / 31.0).sqrt() / 10.0 * 0.5;
        assert!((estimate.half_width / expected - 1.0).abs() < 1e-4);
    }
}
