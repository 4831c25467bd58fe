//! Tables of draws against another library's samples.

mod laws;

use laws::{CRITICAL_DISTANCE, Case, SAMPLES, least_ns, sorted_draws_ns};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Exp, Gamma, LogNormal, Pareto, Uniform};

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
        let mut theirs: Vec<f64> = (0..SAMPLES).map(|_| sample(&mut rng).max(least_ns(&case))).collect();
        theirs.sort_unstable_by(f64::total_cmp);
        let distance = two_sample_distance(&sorted_draws_ns(&case), &theirs);
        let bound = CRITICAL_DISTANCE * libm::sqrt(2.0 / SAMPLES as f64);
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
