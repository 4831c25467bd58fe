//! Distributions of times: parameters for which they exist, and can be drawn.

use super::{Check, SUM_TOLERANCE};
use crate::load::Spot;
use crate::types::{Draw, Family, LogNormal, Quantile};
use crate::units::Time;

/// A log-normal whose p99 is further above its mean than this does not exist: with s the deviation of the
/// logarithm and z the normal quantile of 0.99, ln(p99/mean) = z s - s^2/2 is at most z^2/2 = 2.706, a ratio of
/// 14.97. The language stops a little below, where s is still well determined.
const LARGEST_P99_OVER_MEAN: f64 = 14.0;

/// No time that a draw names may be longer. The engine cuts draws at 18 minutes: with this bound that touches
/// rare values of a long tail only.
pub(super) const LONGEST: Time = Time::from_s(15 * 60);

/// Checks a draw; `spot` is where it is written.
pub(super) fn draw(check: &mut Check<'_>, spot: Spot<'_>, draw: &Draw) {
    if let Some(time) = longest(draw).filter(|time| *time > LONGEST) {
        let help = "what takes longer than a quarter of an hour is no part of a request";
        check.report(spot.at, format!("{time} is too long for a draw: at most {LONGEST}"), help);
    }
    let Draw::Family(family) = draw else { return };
    match family {
        Family::Constant(_) => {}
        Family::Uniform(uniform) => {
            if uniform.min >= uniform.max {
                let message = format!("`max` of {} must be over `min` of {}", uniform.max, uniform.min);
                check.report(spot.key("uniform").key("max").at, message, "");
            }
        }
        Family::Exponential(exponential) => check.over_zero(spot.key("exponential"), "mean", Some(exponential.mean)),
        Family::Erlang(erlang) => {
            check.over_zero(spot.key("erlang"), "mean", Some(erlang.mean));
            check.amount(spot.key("erlang"), "stages", erlang.stages, 1, 1_000);
        }
        Family::HyperExponential(branches) => {
            let spot = spot.key("hyper_exponential");
            for (index, branch) in branches.iter().enumerate() {
                check.over_zero(spot.item(index), "mean", Some(branch.mean));
            }
            let sum: f64 = branches.iter().map(|branch| branch.weight.ratio).sum();
            if (sum - 1.0).abs() > SUM_TOLERANCE {
                check.report(spot.at, format!("the weights sum to {}%, not to 100%", sum * 100.0), "");
            }
        }
        Family::Gamma(gamma) => {
            check.over_zero(spot.key("gamma"), "mean", Some(gamma.mean));
            number(check, spot.key("gamma"), "shape", gamma.shape, 0.05, 1_000.0);
        }
        Family::LogNormal(log_normal) => check_log_normal(check, spot.key("log_normal"), log_normal),
        Family::Pareto(pareto) => {
            check.over_zero(spot.key("pareto"), "min", Some(pareto.min));
            if !(pareto.alpha > 1.0 && pareto.alpha <= 100.0) {
                let message = format!("`alpha` must be over 1 and at most 100, not {}", pareto.alpha);
                check.report(spot.key("pareto").key("alpha").at, message, "at 1 and below there is no mean");
            }
        }
        Family::Empirical(quantiles) => empirical(check, spot.key("empirical"), quantiles),
    }
}

/// The longest time that a draw names.
fn longest(draw: &Draw) -> Option<Time> {
    let family = match draw {
        Draw::Fixed(time) => return Some(*time),
        Draw::Family(family) => family,
    };
    match family {
        Family::Constant(time) => Some(*time),
        Family::Uniform(uniform) => Some(uniform.max),
        Family::Exponential(exponential) => Some(exponential.mean),
        Family::Erlang(erlang) => Some(erlang.mean),
        Family::HyperExponential(branches) => branches.iter().map(|branch| branch.mean).max(),
        Family::Gamma(gamma) => Some(gamma.mean),
        Family::LogNormal(log_normal) => log_normal.mean.max(log_normal.median),
        Family::Pareto(pareto) => Some(pareto.min),
        Family::Empirical(quantiles) => quantiles.iter().map(|quantile| quantile.time).max(),
    }
}

fn number(check: &mut Check<'_>, spot: Spot<'_>, name: &str, number: f64, least: f64, most: f64) {
    if !(least..=most).contains(&number) {
        check.report(spot.key(name).at, format!("`{name}` must be {least} to {most}, not {number}"), "");
    }
}

fn check_log_normal(check: &mut Check<'_>, spot: Spot<'_>, log_normal: &LogNormal) {
    match log_normal {
        LogNormal { mean: Some(mean), p99: Some(p99), median: None, sigma: None } => {
            check.over_zero(spot, "mean", Some(*mean));
            let is_far = p99.s() > LARGEST_P99_OVER_MEAN * mean.s();
            if mean.ns > 0 && p99 <= mean {
                let message = format!("`p99` of {p99} must be over the mean of {mean}");
                check.report(spot.key("p99").at, message, "");
            } else if mean.ns > 0 && is_far {
                let message = format!("`p99` of {p99} is more than 14 times the mean of {mean}");
                check.report(spot.key("p99").at, message, "no log-normal reaches further than 14.97 times");
            }
        }
        LogNormal { mean: None, p99: None, median: Some(median), sigma: Some(sigma) } => {
            check.over_zero(spot, "median", Some(*median));
            if !(*sigma > 0.0 && *sigma <= 3.0) {
                let message = format!("`sigma` must be over 0 and at most 3, not {sigma}");
                check.report(spot.key("sigma").at, message, "");
            }
        }
        _ => check.report(
            spot.at,
            "`log_normal` takes either `mean` and `p99`, or `median` and `sigma`",
            "write it like `log_normal: {mean: 2ms, p99: 9ms}`",
        ),
    }
}

fn empirical(check: &mut Check<'_>, spot: Spot<'_>, quantiles: &[Quantile]) {
    let (Some(first), Some(last)) = (quantiles.first(), quantiles.last()) else {
        check.report(spot.at, "`empirical` has no points", "it begins at 0% and ends at 100%");
        return;
    };
    let last_index = quantiles.len() - 1;
    if first.share.ratio > 0.0 {
        let message = format!("the first share must be 0%, not {}", first.share);
        check.report(spot.item(0).key("share").at, message, "");
    }
    if last.share.ratio < 1.0 {
        let message = format!("the last share must be 100%, not {}", last.share);
        check.report(spot.item(last_index).key("share").at, message, "");
    }
    for (index, pair) in quantiles.windows(2).enumerate() {
        let spot = spot.item(index + 1);
        if pair[1].share <= pair[0].share {
            let message = format!("`share` must be over the {} before it", pair[0].share);
            check.report(spot.key("share").at, message, "");
        }
        if pair[1].time < pair[0].time {
            let message = format!("`time` must not be under the {} before it", pair[0].time);
            check.report(spot.key("time").at, message, "");
        }
    }
    if last.time == Time::default() {
        check.report(spot.at, "all times are 0s", "write `constant: 0s`");
    }
}
