//! Tables of draws against distribution functions.

mod laws;

use laws::{CRITICAL_DISTANCE, Case, SAMPLES, least_ns, sorted_draws_ns};

/// Scenario: a million draws from each shape. Guarantees: the Kolmogorov-Smirnov distance to the
/// distribution function is below the critical value at 1e-6.
#[test]
fn draws_follow_the_distribution_function() {
    for case in laws::shapes() {
        let distance = distance(&sorted_draws_ns(&case), &case);
        let bound = CRITICAL_DISTANCE / libm::sqrt(SAMPLES as f64);
        assert!(distance < bound, "{}: {distance}, bound {bound}", case.name);
    }
}

/// Scenario: draws of a log-normal against one whose sigma is 3 % larger. Guarantees: the distance sees it.
#[test]
fn the_distance_sees_a_wrong_shape() {
    let drawn = sorted_draws_ns(&laws::log_normal(1.0, laws::scale()));
    let distance = distance(&drawn, &laws::log_normal(1.03, laws::scale()));
    assert!(distance > CRITICAL_DISTANCE / libm::sqrt(SAMPLES as f64), "{distance}");
}

/// Greatest difference between sorted draws and the distribution function of a case.
fn distance(drawn: &[f64], case: &Case) -> f64 {
    let from_below = drawn.partition_point(|ns| *ns <= least_ns(case));
    let differences = drawn.iter().enumerate().skip(from_below);
    differences.map(|(i, ns)| ((i as f64 + 0.5) / SAMPLES as f64 - (case.cdf)(*ns)).abs()).fold(0.0, f64::max)
}
