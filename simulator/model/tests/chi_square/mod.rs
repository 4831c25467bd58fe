//! Pearson's chi-square against even odds.

/// How far a count of 256 equally likely values is from even, as a standard normal deviate
/// (Wilson and Hilferty's cube root of chi-square with 255 degrees of freedom).
pub(crate) fn deviate(counts: &[u64; 256]) -> f64 {
    const DEGREES: f64 = 255.0;
    let expected = counts.iter().sum::<u64>() as f64 / 256.0;
    let chi_square: f64 =
        counts.iter().map(|count| (*count as f64 - expected) * (*count as f64 - expected) / expected).sum();
    let spread = 2.0 / (9.0 * DEGREES);
    (libm::cbrt(chi_square / DEGREES) - (1.0 - spread)) / libm::sqrt(spread)
}

/// A deviate that a fair source passes about once in 5 million tests, on either side.
pub(crate) const CRITICAL: f64 = 5.2;

/// The counts of 256 values.
pub(crate) fn counts(values: impl Iterator<Item = u8>) -> [u64; 256] {
    let mut counts = [0; 256];
    for value in values {
        counts[usize::from(value)] += 1;
    }
    counts
}
