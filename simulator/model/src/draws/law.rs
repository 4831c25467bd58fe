//! The families as laws in ticks: what a table is made from.
//!
//! Owns the families' parameters and their quantiles. Refuses validation: the scenario's check has
//! accepted the parameters.

use super::gamma::Gamma;
use super::normal;
use crate::time::TICK_NS;
use doorbuster_scenarios::types::{Draw, Family, LogNormal};
use doorbuster_scenarios::units::Time;

/// A distribution of times in ticks.
pub(super) enum Law {
    /// Between two times, or always the same.
    Even { from: f64, to: f64 },
    /// Exponential.
    Exponential { mean: f64 },
    /// Exponentials by weight, as (weight, mean); the weights sum to 1.
    Hyper(Vec<(f64, f64)>),
    /// Gamma, the Erlang family included.
    Gamma { scale: f64, gamma: Gamma },
    /// `exp(mu + sigma Z)`, Z standard normal.
    LogNormal { mu: f64, sigma: f64 },
    /// `P(X > x) = (min / x)^alpha`.
    Pareto { min: f64, alpha: f64 },
    /// Straight lines through (share at or below, time).
    Empirical(Vec<(f64, f64)>),
}

/// The standard normal's 99th percentile.
const Z_P99: f64 = 2.326_347_874_040_841;

/// A Pareto law ends at this tail's quantile: beyond it values are so rare and so large that no run would
/// ever show the mean that they make.
const PARETO_LEAST_TAIL: f64 = 1.0 / (1_u64 << 40) as f64;

fn ticks(time: Time) -> f64 {
    time.ns as f64 / TICK_NS as f64
}

/// `-ln(tail)`, exact for tails near 1 too.
fn minus_ln(tail: f64) -> f64 {
    if tail > 0.5 { -libm::log1p(tail - 1.0) } else { -libm::log(tail) }
}

impl Law {
    pub(super) fn of(draw: &Draw) -> Self {
        let family = match draw {
            Draw::Fixed(time) => return Self::Even { from: ticks(*time), to: ticks(*time) },
            Draw::Family(family) => family,
        };
        match family {
            Family::Constant(time) => Self::Even { from: ticks(*time), to: ticks(*time) },
            Family::Uniform(uniform) => Self::Even { from: ticks(uniform.min), to: ticks(uniform.max) },
            Family::Exponential(exponential) => Self::Exponential { mean: ticks(exponential.mean) },
            Family::Erlang(erlang) => Self::gamma(erlang.mean, erlang.stages.count as f64),
            Family::HyperExponential(branches) => {
                // The check lets the weights' sum miss 100% by what their decimals cannot say.
                let sum: f64 = branches.iter().map(|branch| branch.weight.ratio).sum();
                Self::Hyper(branches.iter().map(|branch| (branch.weight.ratio / sum, ticks(branch.mean))).collect())
            }
            Family::Gamma(gamma) => Self::gamma(gamma.mean, gamma.shape),
            Family::LogNormal(log_normal) => Self::log_normal(log_normal),
            Family::Pareto(pareto) => Self::Pareto { min: ticks(pareto.min), alpha: pareto.alpha },
            Family::Empirical(quantiles) => {
                Self::Empirical(quantiles.iter().map(|point| (point.share.ratio, ticks(point.time))).collect())
            }
        }
    }

    fn gamma(mean: Time, shape: f64) -> Self {
        Self::Gamma { scale: ticks(mean) / shape, gamma: Gamma::new(shape) }
    }

    fn log_normal(written: &LogNormal) -> Self {
        if let (Some(median), Some(sigma)) = (written.median, written.sigma) {
            return Self::LogNormal { mu: libm::log(ticks(median)), sigma };
        }
        let (Some(mean), Some(p99)) = (written.mean, written.p99) else {
            unreachable!("invariant: the check wants mean and p99, or median and sigma");
        };
        // p99 = exp(mu + z sigma) and mean = exp(mu + sigma^2 / 2), so ln(p99 / mean) = z sigma - sigma^2 / 2.
        // Of the two roots the larger is a law whose mean nearly nothing reaches; nobody means that.
        let ratio = libm::log(ticks(p99) / ticks(mean));
        let sigma = Z_P99 - libm::sqrt((Z_P99 * Z_P99 - 2.0 * ratio).max(0.0));
        Self::LogNormal { mu: libm::log(ticks(mean)) - sigma * sigma / 2.0, sigma }
    }

    /// The value above which `tail` of the law lies, 0 < `tail` < 1. `before` is a value at or below it, 0 if none is known.
    pub(super) fn quantile(&self, tail: f64, before: f64) -> f64 {
        match self {
            Self::Even { from, to } => to - tail * (to - from),
            Self::Exponential { mean } => mean * minus_ln(tail),
            Self::Hyper(branches) => hyper_quantile(branches, tail, before),
            Self::Gamma { scale, gamma } => scale * gamma.quantile(tail, before / scale),
            Self::LogNormal { mu, sigma } => libm::exp(mu + sigma * normal::quantile(tail)),
            Self::Pareto { min, alpha } => min * libm::exp(minus_ln(tail.max(PARETO_LEAST_TAIL)) / alpha),
            Self::Empirical(points) => empirical_quantile(points, tail),
        }
    }

    /// Tail probabilities at which the quantile has a kink, falling.
    pub(super) fn kinks(&self) -> impl Iterator<Item = f64> {
        let points = if let Self::Empirical(points) = self { points.as_slice() } else { &[] };
        points.iter().map(|(share, _)| 1.0 - share)
    }

    /// The least and the greatest value.
    pub(super) fn support(&self) -> (f64, f64) {
        match self {
            Self::Even { from, to } => (*from, *to),
            Self::Pareto { min, .. } => (*min, f64::INFINITY),
            Self::Empirical(points) => {
                let ends = points.first().zip(points.last());
                ends.map_or((0.0, 0.0), |((_, least), (_, most))| (*least, *most))
            }
            Self::Exponential { .. } | Self::Hyper(_) | Self::Gamma { .. } | Self::LogNormal { .. } => {
                (0.0, f64::INFINITY)
            }
        }
    }
}

/// Newton's method on the logarithm of the survival function, which is convex: from the left it never
/// passes the root.
fn hyper_quantile(branches: &[(f64, f64)], tail: f64, before: f64) -> f64 {
    const STEPS: usize = 60;
    let target = -minus_ln(tail);
    let mut x = before;
    for _ in 0..STEPS {
        let (mut survival, mut density) = (0.0, 0.0);
        for (weight, mean) in branches {
            let part = weight * libm::exp(-x / mean);
            survival += part;
            density += part / mean;
        }
        let step = (libm::log(survival) - target) * survival / density;
        x = (x + step).max(0.0);
        if step.abs() <= 1e-10 * x {
            break;
        }
    }
    x
}

fn empirical_quantile(points: &[(f64, f64)], tail: f64) -> f64 {
    let share = 1.0 - tail;
    let above = points.partition_point(|(at, _)| *at < share).clamp(1, points.len() - 1);
    let ((from, least), (to, most)) = (points[above - 1], points[above]);
    least + (most - least) * ((share - from) / (to - from)).clamp(0.0, 1.0)
}
