//! Exact intervals of 95 %: of a share, of a count of rare events, of a quantile.
//!
//! Owns the arithmetic. Refuses normal approximations: ten drills of a fault, and no false page at all, are what is to
//! be told.

/// What may lie on either side of an interval.
const TAIL: f64 = 0.025;
/// Halvings of the search for an end: more than a double's digits.
const HALVINGS: u32 = 80;

/// Clopper and Pearson's interval of a share (Biometrika 26, 1934); nothing without trials.
pub(super) fn share(hits: u64, of: u64) -> Option<[f64; 2]> {
    if of == 0 {
        return None;
    }
    let choose = ln_choose(of);
    let low = if hits == 0 { 0.0 } else { end(1.0, |p| binomial_at_most(&choose, hits - 1, p) > 1.0 - TAIL) };
    let high = if hits == of { 1.0 } else { end(1.0, |p| binomial_at_most(&choose, hits, p) > TAIL) };
    Some([low, high])
}

/// Garwood's interval of the mean of a Poisson count (Biometrika 28, 1936).
pub(super) fn mean(events: u64) -> [f64; 2] {
    let low = match events {
        0 => 0.0,
        _ => end(events as f64, |mean| poisson_at_most(events - 1, mean) > 1.0 - TAIL),
    };
    // Twenty standard deviations and twenty more are beyond any such end.
    let far = events as f64 + 20.0 * (events as f64).sqrt() + 20.0;
    [low, end(far, |mean| poisson_at_most(events, mean) > TAIL)]
}

/// The ranks, from 1, of the values that enclose a quantile whatever the distribution (David and Nagaraja, Order
/// Statistics, section 7.1). Nothing where so few values have no such rank.
pub(super) fn ranks(quantile: f64, of: u64) -> [Option<u64>; 2] {
    let choose = ln_choose(of);
    // Below the quantile lie as many values as a binomial count says.
    let at_most = |count: u64| binomial_at_most(&choose, count, quantile);
    let low = (1..=of).take_while(|rank| at_most(rank - 1) <= TAIL).last();
    let high = (1..=of).find(|rank| 1.0 - at_most(rank - 1) <= TAIL);
    [low, high]
}

/// The value up to which something holds that holds at 0 and no more beyond some point below `far`.
fn end(far: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, far);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Logarithms of the binomial coefficients of `n`.
fn ln_choose(n: u64) -> Vec<f64> {
    let mut ln = vec![0.0];
    for k in 1..=n {
        ln.push(ln[ln.len() - 1] + ((n - k + 1) as f64 / k as f64).ln());
    }
    ln
}

/// P(X <= hits) of a binomial count with chance `p` strictly between 0 and 1.
fn binomial_at_most(ln_choose: &[f64], hits: u64, p: f64) -> f64 {
    let trials = ln_choose.len() as u64 - 1;
    let (ln_p, ln_q) = (p.ln(), (-p).ln_1p());
    let terms =
        (0..=hits).zip(ln_choose).map(|(k, choose)| (choose + k as f64 * ln_p + (trials - k) as f64 * ln_q).exp());
    terms.sum::<f64>().min(1.0)
}

/// P(X <= events) of a Poisson count with a mean over 0.
fn poisson_at_most(events: u64, mean: f64) -> f64 {
    let (mut ln_term, mut sum) = (-mean, (-mean).exp());
    for k in 1..=events {
        ln_term += (mean / k as f64).ln();
        sum += ln_term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(found: [f64; 2], expected: [f64; 2], within: f64) {
        let is_near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < within);
        assert!(is_near, "{found:?}, expected {expected:?}");
    }

    /// Newcombe (1998), table I, method 5: four published intervals; and the ends, which have a closed form.
    #[test]
    fn shares_are_as_published() {
        for (hits, of, expected) in [
            (81, 263, [0.2527, 0.3676]),
            (15, 148, [0.0578, 0.1617]),
            (0, 20, [0.0, 0.1684]),
            (1, 29, [0.0009, 0.1776]),
        ] {
            holds(share(hits, of).unwrap(), expected, 5e-5);
        }
        holds(share(10, 10).unwrap(), [0.025_f64.powf(0.1), 1.0], 1e-12);
        holds(share(0, 200).unwrap(), [0.0, 1.0 - 0.025_f64.powf(1.0 / 200.0)], 1e-12);
        assert_eq!(share(0, 0), None);
    }

    /// Garwood's table: 0, 1 and 10 events; without an event the end is -ln 0.025.
    #[test]
    fn means_are_as_published() {
        holds(mean(0), [0.0, -(0.025_f64.ln())], 1e-9);
        holds(mean(1), [0.0253, 5.5716], 5e-5);
        holds(mean(10), [4.7954, 18.3904], 5e-5);
        holds(mean(1_000), [938.97, 1_063.95], 0.01);
    }

    /// The tables of nonparametric intervals of a median; and 0.95^72 is the first power under 2.5 %.
    #[test]
    fn ranks_are_as_published() {
        assert_eq!(ranks(0.5, 10), [Some(2), Some(9)]);
        assert_eq!(ranks(0.5, 20), [Some(6), Some(15)]);
        assert_eq!(ranks(0.5, 5), [None, None], "five values do not enclose a median with 95 %");
        assert_eq!(ranks(0.5, 6), [Some(1), Some(6)]);
        assert_eq!(ranks(0.95, 71)[1], None);
        assert_eq!(ranks(0.95, 72)[1], Some(72));
        assert_eq!(ranks(0.95, 10)[0], Some(8));
        assert_eq!(ranks(0.5, 0), [None, None]);
    }
}
