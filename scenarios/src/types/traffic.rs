//! Shoppers: journeys, arrivals, and the distributions that times and costs are drawn from.

use crate::units::{Amount, Rate, Share, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A journey: requests that one shopper makes, one after the other.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// Shoppers that take this journey, in proportion to the sum of all weights.
    pub weight: f64,
    /// Its requests.
    pub steps: Vec<JourneyStep>,
    /// How long a shopper waits for an answer; no limit when left out.
    #[serde(default)]
    pub patience: Option<Time>,
    /// Does walking away stop the work in the shop? No when left out: most gateways finish what nobody waits for.
    #[serde(default)]
    pub disconnect: bool,
    /// What a shopper does when a request failed; leaves the shop when left out.
    #[serde(default)]
    pub on_failure: Option<OnFailure>,
}

/// One request of a journey.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneyStep {
    /// The endpoint, as `service.endpoint`.
    pub request: String,
    /// Time between the answer before and this request; none when left out, and before a journey's first request.
    #[serde(default)]
    pub think: Option<Draw>,
    /// Shoppers that go on to this request after the one before; all when left out.
    #[serde(default = "all")]
    pub reach: Share,
    /// How often it is made in a row, with `think` between; 1 when left out.
    #[serde(default = "once")]
    pub repeat: Amount,
}

fn all() -> Share {
    Share { ratio: 1.0 }
}

fn once() -> Amount {
    Amount { count: 1 }
}

/// What a shopper does when a request failed. A declined answer counts as a failure here too.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnFailure {
    /// Shoppers that try again after each failure; the others leave.
    pub retry: Share,
    /// Tries in all, the first included; 2 to 10.
    pub attempts: Amount,
    /// Time before the further try.
    pub after: Draw,
}

/// When shoppers arrive. Rates are requests per second of the whole fleet, as a healthy shop sees them:
/// journeys start so often that their requests come to that rate.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// At random times around a fixed rate.
    Poisson(Rate),
    /// At even distances.
    Constant(Rate),
    /// At random times around a rate that runs in straight lines from point to point and stays at the last.
    Curve(Vec<CurvePoint>),
    /// A fixed number of users, each of whom starts over after a pause.
    Closed(Closed),
}

/// A point of a rate curve.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurvePoint {
    /// Virtual time; the first point is at 0s, and each is later than the one before.
    pub at: Time,
    /// Requests per second of the whole fleet.
    pub rate: Rate,
}

/// A closed loop: load that waits for its answers.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// Users of the whole fleet, at least one in each cell.
    pub users: Amount,
    /// Pause between a journey's end and its next start.
    pub think: Draw,
}

/// A distribution of times, written as a one-key map or, for a constant, as the time itself.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Draw {
    /// Always the same.
    Fixed(Time),
    /// By the name of its family.
    Family(Family),
}

/// A family of distributions.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Always the same.
    Constant(Time),
    /// Evenly between two times.
    Uniform(Uniform),
    /// Exponential.
    Exponential(Exponential),
    /// A sum of `stages` equal exponentials.
    Erlang(Erlang),
    /// One of several exponentials, chosen by weight.
    HyperExponential(Vec<Branched>),
    /// Gamma.
    Gamma(Gamma),
    /// Log-normal, by mean and p99 or by median and sigma.
    LogNormal(LogNormal),
    /// Pareto: a power-law tail above a smallest value.
    Pareto(Pareto),
    /// A measured distribution: quantiles joined by straight lines.
    Empirical(Vec<Quantile>),
}

/// Evenly between two times.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uniform {
    /// Least time.
    pub min: Time,
    /// Greatest time, over the least.
    pub max: Time,
}

/// Exponential.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exponential {
    /// Mean, over 0.
    pub mean: Time,
}

/// A sum of equal exponentials.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erlang {
    /// Mean of the sum, over 0.
    pub mean: Time,
    /// How many, 1 to 1,000.
    pub stages: Amount,
}

/// One exponential of a hyper-exponential.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branched {
    /// How often; the weights sum to 100%.
    pub weight: Share,
    /// Mean, over 0.
    pub mean: Time,
}

/// Gamma.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gamma {
    /// Mean, over 0.
    pub mean: Time,
    /// Shape, 0.05 to 1,000; the squared coefficient of variation is its inverse.
    pub shape: f64,
}

/// Log-normal, by `mean` and `p99` or by `median` and `sigma`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogNormal {
    /// Mean; with `p99`.
    #[serde(default)]
    pub mean: Option<Time>,
    /// 99th percentile, over the mean and at most 14 times the mean (no log-normal reaches further); with `mean`.
    #[serde(default)]
    pub p99: Option<Time>,
    /// Median; with `sigma`.
    #[serde(default)]
    pub median: Option<Time>,
    /// Standard deviation of the logarithm, over 0 and at most 3; with `median`.
    #[serde(default)]
    pub sigma: Option<f64>,
}

/// Pareto: a power-law tail above a smallest value.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pareto {
    /// Smallest value, over 0.
    pub min: Time,
    /// Tail index, over 1 (below it there is no mean) and at most 100. Values above the quantile 1 - 2^-40 do not occur.
    pub alpha: f64,
}

/// A point of a measured distribution.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quantile {
    /// Share of values at or below `time`; the first is 0%, the last 100%, each over the one before.
    pub share: Share,
    /// The value; none below the one before.
    pub time: Time,
}
