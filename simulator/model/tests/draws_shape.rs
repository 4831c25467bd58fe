//! Tables of draws against distribution functions, and against another library's samples.

mod laws;

use doorbuster_model::draws::Table;
use doorbuster_model::key::Key;
use doorbuster_model::time::TICK_NS;
use laws::Case;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Exp, Gamma, LogNormal, Pareto, Uniform};

const SAMPLES: usize = 1_000_000;
/// Kolmogorov's critical value at a significance of 1e-6, in units of `1 / sqrt(n)`: `sqrt(-ln(1e-6 / 2) / 2)`.
const CRITICAL: f64 = 2.694;

/// Draws in nanoseconds, sorted. What is below a millionth of the mean counts as that: narrow shapes put
/// much of their probability below any tick.
fn draws(case: &Case) -> Vec<f64> {
    let table = Table::build(&case.draw);
    let key = Key::of_seed(11);
    let mut ticks: Vec<u64> = (0..SAMPLES as u64).map(|i| table.ticks(key.child(5, i).bits(6))).collect();
    ticks.sort_unstable();
    ticks.into_iter().map(|ticks| ((ticks * TICK_NS) as f64).max(least(case))).collect()
}

fn least(case: &Case) -> f64 {
    case.mean_ns * 1e-6
}

/// Scenario: a million draws from each shape. Guarantees: the Kolmogorov-Smirnov distance to the
/// distribution function is below the critical value at 1e-6.
#[test]
fn draws_follow_the_distribution_function() {
    for case in laws::shapes() {
        let distance = distance(&draws(&case), &case);
        let bound = CRITICAL / libm::sqrt(SAMPLES as f64);
        assert!(distance < bound, "{}: {distance}, bound {bound}", case.name);
    }
}

/// Scenario: draws of a log-normal against one whose sigma is 3 % larger. Guarantees: the distance sees it.
#[test]
fn the_distance_sees_a_wrong_shape() {
    let drawn = draws(&laws::log_normal(1.0, laws::scale()));
    let distance = distance(&drawn, &laws::log_normal(1.03, laws::scale()));
    assert!(distance > CRITICAL / libm::sqrt(SAMPLES as f64), "{distance}");
}

/// Greatest difference between sorted draws and the distribution function of a case.
fn distance(drawn: &[f64], case: &Case) -> f64 {
    let from_below = drawn.partition_point(|ns| *ns <= least(case));
    let differences = drawn.iter().enumerate().skip(from_below);
    differences.map(|(i, ns)| ((i as f64 + 0.5) / SAMPLES as f64 - (case.cdf)(*ns)).abs()).fold(0.0, f64::max)
}

/// Scenario: a million draws from each family, and as many samples of rand_distr. Guarantees: the
/// two-sample Kolmogorov-Smirnov distance is below the critical value at 1e-6.
#[test]
fn draws_match_another_library() {
    let scale = laws::SCALE_NS as f64;
    let (p, short, long) = laws::balanced_hyper_parts(25.0);
    let exp = |mean: f64| Exp::new(1.0 / mean).unwrap();
    type Sampler = Box<dyn Fn(&mut StdRng) -> f64>;
    let pairs: Vec<(Case, Sampler)> = vec![
        (laws::uniform(), sampler(Uniform::new(0.25e12, 2e12).unwrap())),
        (laws::exponential(), sampler(exp(scale))),
        (laws::erlang(4), sampler(Gamma::new(4.0, scale / 4.0).unwrap())),
        (laws::gamma(0.1), sampler(Gamma::new(0.1, scale / 0.1).unwrap())),
        (laws::gamma(2.5), sampler(Gamma::new(2.5, scale / 2.5).unwrap())),
        (laws::log_normal(1.0, laws::scale()), sampler(LogNormal::new(libm::log(scale), 1.0).unwrap())),
        (laws::log_normal(2.5, laws::scale()), sampler(LogNormal::new(libm::log(scale), 2.5).unwrap())),
        (laws::pareto(1.5, laws::scale()), sampler(Pareto::new(scale, 1.5).unwrap())),
        (
            laws::balanced_hyper(25.0),
            Box::new(move |rng| {
                let mean = if Uniform::new(0.0, 1.0).unwrap().sample(rng) < p { short } else { long };
                exp(mean).sample(rng)
            }),
        ),
    ];
    for (case, sample) in pairs {
        let mut rng = StdRng::seed_from_u64(17);
        let mut theirs: Vec<f64> = (0..SAMPLES).map(|_| sample(&mut rng).max(least(&case))).collect();
        theirs.sort_unstable_by(f64::total_cmp);
        let distance = two_sample_distance(&draws(&case), &theirs);
        let bound = CRITICAL * libm::sqrt(2.0 / SAMPLES as f64);
        assert!(distance < bound, "{}: {distance}, bound {bound}", case.name);
    }
}

fn sampler(distribution: impl Distribution<f64> + 'static) -> Box<dyn Fn(&mut StdRng) -> f64> {
    Box::new(move |rng| distribution.sample(rng))
}

/// Greatest difference of two empirical distribution functions of equally many sorted values.
fn two_sample_distance(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut distance) = (0, 0, 0_usize);
    while i < a.len() && j < b.len() {
        let x = a[i].min(b[j]);
        while i < a.len() && a[i] <= x {
            i += 1;
        }
        while j < b.len() && b[j] <= x {
            j += 1;
        }
        distance = distance.max(i.abs_diff(j));
    }
    distance as f64 / a.len() as f64
}
