//! Distributions with their exact moments and distribution functions, from other formulas than the tables'.
#![allow(dead_code, reason = "each test file uses its part")]

use doorbuster_model::draws::Table;
use doorbuster_model::key::Key;
use doorbuster_model::time::TICK_NS;
use doorbuster_scenarios::types::{
    Branched, Draw, Erlang, Exponential, Family, Gamma, LogNormal, Pareto, Quantile, Uniform,
};
use doorbuster_scenarios::units::{Amount, Share, Time};

/// Mean of most cases, in nanoseconds: so long that a tick doesn't matter.
pub(crate) const SCALE_NS: u64 = 1_000_000_000_000;

/// A distribution and the truth about it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) draw: Draw,
    pub(crate) mean_ns: f64,
    pub(crate) second_moment_ns2: f64,
    /// `P(X <= x)`, x in nanoseconds.
    pub(crate) cdf: Box<dyn Fn(f64) -> f64>,
}

fn case(
    name: impl Into<String>,
    family: Family,
    mean_ns: f64,
    second_moment_ns2: f64,
    cdf: impl Fn(f64) -> f64 + 'static,
) -> Case {
    Case { name: name.into(), draw: Draw::Family(family), mean_ns, second_moment_ns2, cdf: Box::new(cdf) }
}

pub(crate) fn scale() -> Time {
    Time { ns: SCALE_NS }
}

pub(crate) fn uniform() -> Case {
    let (min, max) = (0.25e12, 2e12);
    let family = Family::Uniform(Uniform { min: Time { ns: min as u64 }, max: Time { ns: max as u64 } });
    let second = (min * min + min * max + max * max) / 3.0;
    case("uniform", family, (min + max) / 2.0, second, move |x| ((x - min) / (max - min)).clamp(0.0, 1.0))
}

pub(crate) fn exponential() -> Case {
    let m = SCALE_NS as f64;
    let family = Family::Exponential(Exponential { mean: scale() });
    case("exponential", family, m, 2.0 * m * m, move |x| -libm::expm1(-x / m))
}

/// Regularised lower incomplete gamma function, by its series alone.
fn gamma_cdf(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let mut term = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape + 1.0));
    let mut sum = term;
    let mut n = 1.0;
    while term > 1e-18 || n < x {
        term *= x / (shape + n);
        sum += term;
        n += 1.0;
    }
    sum.min(1.0)
}

fn of_shape(name: String, family: Family, shape: f64) -> Case {
    let m = SCALE_NS as f64;
    case(name, family, m, m * m * (1.0 + 1.0 / shape), move |x| gamma_cdf(shape, x / m * shape))
}

pub(crate) fn gamma(shape: f64) -> Case {
    of_shape(format!("gamma of shape {shape}"), Family::Gamma(Gamma { mean: scale(), shape }), shape)
}

pub(crate) fn erlang(count: u64) -> Case {
    let family = Family::Erlang(Erlang { mean: scale(), stages: Amount { count } });
    of_shape(format!("Erlang of {count} stages"), family, count as f64)
}

pub(crate) fn hyper(branches: &[(f64, f64)]) -> Case {
    let written = branches
        .iter()
        .map(|(ratio, mean)| Branched { weight: Share { ratio: *ratio }, mean: Time { ns: *mean as u64 } })
        .collect();
    let mean = branches.iter().map(|(w, m)| w * m).sum();
    let second = branches.iter().map(|(w, m)| 2.0 * w * m * m).sum();
    let branches = branches.to_vec();
    let name = format!("hyper-exponential {branches:?}");
    case(name, Family::HyperExponential(written), mean, second, move |x| {
        branches.iter().map(|(w, m)| -w * libm::expm1(-x / m)).sum()
    })
}

/// Weight of the first of two branches with balanced means (weight times mean equal) for a squared
/// coefficient of variation, and both means.
pub(crate) fn balanced_hyper_parts(cv2: f64) -> (f64, f64, f64) {
    let m = SCALE_NS as f64;
    let p = (1.0 + libm::sqrt((cv2 - 1.0) / (cv2 + 1.0))) / 2.0;
    (p, libm::round(m / (2.0 * p)), libm::round(m / (2.0 * (1.0 - p))))
}

pub(crate) fn balanced_hyper(cv2: f64) -> Case {
    let (p, short, long) = balanced_hyper_parts(cv2);
    hyper(&[(p, short), (1.0 - p, long)])
}

fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

pub(crate) fn log_normal(sigma: f64, median: Time) -> Case {
    let m = median.ns as f64;
    let written = LogNormal { mean: None, p99: None, median: Some(median), sigma: Some(sigma) };
    let mean = m * libm::exp(sigma * sigma / 2.0);
    let second = m * m * libm::exp(2.0 * sigma * sigma);
    case(format!("log-normal of sigma {sigma}"), Family::LogNormal(written), mean, second, move |x| {
        if x > 0.0 { normal_cdf(libm::log(x / m) / sigma) } else { 0.0 }
    })
}

/// By mean and p99; the p99 is made from a sigma, so the moments are known.
pub(crate) fn log_normal_p99(sigma: f64, mean: Time) -> Case {
    let m = mean.ns as f64;
    let p99 = m * libm::exp(2.326_347_874_040_841 * sigma - sigma * sigma / 2.0);
    let written = LogNormal { mean: Some(mean), p99: Some(Time { ns: p99 as u64 }), median: None, sigma: None };
    let mu = libm::log(m) - sigma * sigma / 2.0;
    let second = m * m * libm::exp(sigma * sigma);
    case(format!("log-normal by p99, sigma {sigma}"), Family::LogNormal(written), m, second, move |x| {
        if x > 0.0 { normal_cdf((libm::log(x) - mu) / sigma) } else { 0.0 }
    })
}

/// The moments are those of the law whose values above the quantile 1 - 2^-40 are that quantile.
pub(crate) fn pareto(alpha: f64, min: Time) -> Case {
    let m = min.ns as f64;
    let s = 1.0 / (1_u64 << 40) as f64;
    let moment = |power: f64| {
        let e = 1.0 - power / alpha;
        let body = if e.abs() < 1e-12 { -libm::log(s) } else { (1.0 - libm::pow(s, e)) / e };
        body + libm::pow(s, e)
    };
    let family = Family::Pareto(Pareto { min, alpha });
    let name = format!("Pareto of alpha {alpha}");
    case(
        name,
        family,
        m * moment(1.0),
        m * m * moment(2.0),
        move |x| {
            if x > m { 1.0 - libm::pow(m / x, alpha) } else { 0.0 }
        },
    )
}

pub(crate) fn empirical(points: &[(f64, f64)]) -> Case {
    let family = points
        .iter()
        .map(|(ratio, ns)| Quantile { share: Share { ratio: *ratio }, time: Time { ns: *ns as u64 } })
        .collect();
    let (mut mean, mut second) = (0.0, 0.0);
    for pair in points.windows(2) {
        let ((p, a), (q, b)) = (pair[0], pair[1]);
        mean += (q - p) * (a + b) / 2.0;
        second += (q - p) * (a * a + a * b + b * b) / 3.0;
    }
    let points = points.to_vec();
    case(format!("empirical {points:?}"), Family::Empirical(family), mean, second, move |x| {
        let above = points.partition_point(|(_, at)| *at <= x);
        if above == 0 {
            return 0.0;
        }
        let Some((q, b)) = points.get(above) else { return 1.0 };
        let (p, a) = points[above - 1];
        p + (q - p) * (x - a) / (b - a)
    })
}

/// One case or more of every family, the hard ones included.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![uniform(), exponential()];
    cases.extend([1, 2, 4, 20, 100, 1000].map(erlang));
    cases.extend([0.05, 0.1, 0.3, 0.5, 0.9, 1.0, 2.5, 7.3, 60.0, 1000.0].map(gamma));
    cases.extend([1.5, 4.0, 25.0, 400.0].map(balanced_hyper));
    cases.push(hyper(&[(0.6, 1e9), (0.3, 1e12), (0.09, 1e13), (0.01, 1e14)]));
    cases.extend([0.01, 0.1, 0.5, 1.0, 1.5, 2.0, 2.5].map(|sigma| log_normal(sigma, Time { ns: 2_000_000 })));
    cases.extend([0.1, 0.5, 1.0, 2.0].map(|sigma| log_normal_p99(sigma, Time { ns: 2_000_000_000 })));
    cases.extend([1.05, 1.2, 1.5, 2.0, 2.5, 4.0, 20.0, 100.0].map(|alpha| pareto(alpha, Time { ns: 100_000 })));
    cases.push(empirical(&[(0.0, 1e11), (0.5, 3e11), (0.9, 1e12), (0.99, 4e12), (0.999, 3e13), (1.0, 6e13)]));
    cases.push(empirical(&[(0.0, 0.0), (0.123, 1e12), (0.3217, 1e12), (1.0, 2e12)]));
    cases
}

/// One case or two of every family, with times so long that ticks don't show.
pub(crate) fn shapes() -> Vec<Case> {
    vec![
        uniform(),
        exponential(),
        erlang(4),
        erlang(100),
        gamma(0.1),
        gamma(0.5),
        gamma(2.5),
        balanced_hyper(25.0),
        log_normal(0.5, scale()),
        log_normal(1.0, scale()),
        log_normal(2.5, Time { ns: SCALE_NS / 1000 }),
        log_normal_p99(0.8, scale()),
        pareto(1.5, Time { ns: SCALE_NS / 1000 }),
        pareto(2.5, scale()),
        empirical(&[(0.0, 1e11), (0.5, 3e11), (0.9, 1e12), (0.99, 4e12), (0.999, 3e13), (1.0, 6e13)]),
    ]
}

/// Draws of a sample.
pub(crate) const SAMPLES: usize = 1_000_000;
/// Kolmogorov's critical value at a significance of 1e-6, in units of `1 / sqrt(n)`: `sqrt(-ln(1e-6 / 2) / 2)`.
pub(crate) const CRITICAL_DISTANCE: f64 = 2.694;

/// What is below a millionth of the mean counts as that: some gamma laws put much of their probability below any tick.
pub(crate) fn least_ns(case: &Case) -> f64 {
    case.mean_ns * 1e-6
}

/// A sample of a table's draws, in rising order.
pub(crate) fn sorted_draws_ns(case: &Case) -> Vec<f64> {
    let table = Table::build(&case.draw);
    let key = Key::of_seed(11);
    let mut ticks: Vec<u64> = (0..SAMPLES as u64).map(|i| table.ticks(key.child(5, i).bits(6))).collect();
    ticks.sort_unstable();
    ticks.into_iter().map(|ticks| ((ticks * TICK_NS) as f64).max(least_ns(case))).collect()
}
