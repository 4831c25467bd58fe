//! Intervals of estimates.

/// The normal quantile of a two-sided 95 % interval.
const Z_95: f64 = 1.959_963_984_540_054;

/// Wilson's interval of a share.
pub(super) fn share(successes: u64, attempts: u64) -> Option<[f64; 2]> {
    if attempts == 0 {
        return None;
    }
    let n = attempts as f64;
    let p = successes as f64 / n;
    let z2 = Z_95 * Z_95;
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    Some([(middle - half).max(0.0), (middle + half).min(1.0)])
}

/// The shares of the order statistics that enclose a quantile with 95 %: a normal approximation of the binomial ranks.
pub(super) fn quantile_shares(quantile: f64, samples: u64) -> [f64; 2] {
    let half = Z_95 * (quantile * (1.0 - quantile) / samples as f64).sqrt();
    [(quantile - half).max(0.0), (quantile + half).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
    #[test]
    fn wilson_agrees_with_a_published_value() {
        let [low, high] = share(81, 263).unwrap();
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        assert_eq!(share(0, 0), None);
    }
}
