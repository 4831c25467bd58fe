//! What breaks, what mends it, when a page is sent, and what is expected to be seen.

use super::FaultKind;
use crate::units::{Amount, Rate, Share, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fault: one mechanism of the shop changed for a while.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The mechanism and its target.
    pub change: FaultKind,
    /// Virtual time of the injection; whole seconds.
    pub at: Time,
    /// Virtual time at which it goes by itself; whole seconds. Lasts until a remedy when left out.
    #[serde(default)]
    pub until: Option<Time>,
    /// Scales the fault, from nothing to all that it says; 100% when left out.
    #[serde(default = "full")]
    pub intensity: Share,
}

fn full() -> Share {
    Share { ratio: 1.0 }
}

/// The size of a service's connection pools to a store: one for each pod and shard.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolSize {
    /// The service.
    pub service: String,
    /// The store.
    pub store: String,
    /// Connections from then on, 1 to 100,000. Those in use beyond it are closed when they come back.
    pub size: Amount,
}

/// An index that is gone on a share of a store's shards.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LostIndex {
    /// The store.
    pub store: String,
    /// Its table.
    pub table: String,
    /// The index.
    pub index: String,
    /// Shards that lost it, rounded to whole shards: a schema change that was half finished.
    #[serde(default = "full")]
    pub shards: Share,
}

/// A remedy: what people (or machines) do about a fault.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// What is done.
    pub action: Action,
    /// When it starts.
    pub start: Start,
    /// When it is taken back, looked at every 10 s from its start on; never when left out. Only for `rate_limit`.
    #[serde(default)]
    pub until: Option<Condition>,
}

/// What a remedy does, written as a one-key map.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Build a lost index again; takes the table's rows over its build rate, then statements use it.
    RebuildIndex(RebuildIndex),
    /// Make connection pools larger (or smaller); takes effect at once.
    PoolSize(PoolSize),
    /// Add pods to a service; they take requests after their start-up time.
    ScaleOut(ScaleOut),
    /// Let a service take in no more than so many requests, at each pod alike.
    RateLimit(LimitRate),
}

/// Add pods to a service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleOut {
    /// The service.
    pub service: String,
    /// Pods in each cell from then on, more than it has; at most 10,000.
    pub pods: Amount,
    /// From the start of the remedy until the new pods take requests; whole seconds.
    pub start_up: Time,
}

/// Limit the rate of requests to a service.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitRate {
    /// The service.
    pub service: String,
    /// Requests per second of the whole fleet; each pod that is there at the start gets an equal part.
    pub rate: Rate,
    /// Requests that one pod takes beyond its rate after a pause, 1 to 1,000,000; 100 when left out.
    #[serde(default = "super::shop::hundred")]
    pub burst: Amount,
}

/// Build a lost index again, on all shards that lost it at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RebuildIndex {
    /// The store.
    pub store: String,
    /// Its table.
    pub table: String,
    /// The index.
    pub index: String,
}

/// When a remedy starts, written as a one-key map.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// At a virtual time; whole seconds.
    At(Time),
    /// So long after the alert fired; whole seconds.
    AfterAlert(Time),
    /// So long after the cause was named and the steps under `humans` were done; whole seconds.
    AfterCause(Time),
    /// When a metric that reached the sink crosses a value.
    When(Condition),
}

/// A metric of a service that crosses a value; looked at whenever metrics arrive, every 10 s.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The service.
    pub service: String,
    /// Which metric.
    pub metric: ConditionMetric,
    /// Holds when the metric is over this; a share (`90%`), a rate (`40k/s`) or a number (`2`), as the metric asks.
    #[serde(default)]
    pub above: Option<Level>,
    /// Holds when the metric is under this.
    #[serde(default)]
    pub below: Option<Level>,
}

/// A metric that a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConditionMetric {
    /// CPU in use over CPU there, over all pods: a share.
    CpuUtilization,
    /// Failed requests over all requests: a share.
    FailureRatio,
    /// Requests per second of the whole fleet: a rate.
    RequestRate,
    /// Requests in hand of the whole fleet: a number.
    InFlight,
    /// Requests in hand over what they were on average before the alert (at most five minutes of it): a number.
    InFlightRatio,
}

/// The value that a condition compares with.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Level {
    /// A share.
    Share(Share),
    /// A rate.
    Rate(Rate),
    /// A plain number.
    Number(f64),
}

/// When a page is sent: the share of failed requests of one edge route is over a bound in a long and a short window.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertRule {
    /// Bound on failed requests over all requests.
    pub failures_above: Share,
    /// Long window.
    pub long_window: Time,
    /// Short window, so that the alert ends when the trouble does.
    pub short_window: Time,
    /// Fewest requests in the long window.
    pub min_attempts: Amount,
    /// How often the rule is evaluated.
    pub every: Time,
}

impl Default for AlertRule {
    /// Design section 7: 10 s of export, 15 s of evaluation and these windows fit the budget of 60 s.
    fn default() -> Self {
        Self {
            failures_above: Share { ratio: 0.10 },
            long_window: Time::from_s(60),
            short_window: Time::from_s(15),
            min_attempts: Amount { count: 50 },
            every: Time::from_s(15),
        }
    }
}

/// What a verdict is expected to show. Exactly one of `at_least`, `at_most` and `between`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// What the verdict speaks of.
    #[serde(default)]
    pub kind: VerdictKind,
    /// The value is at least this: a share, a time, or a number.
    #[serde(default)]
    pub at_least: Option<Bound>,
    /// The value is at most this.
    #[serde(default)]
    pub at_most: Option<Bound>,
    /// The value lies between these two, both included.
    #[serde(default)]
    pub between: Option<[Bound; 2]>,
    /// Set to `fail` where an exhibit is expected to miss its bound; an unexpected pass is then a miss.
    #[serde(default)]
    pub outcome: Outcome,
    /// Where the bound comes from.
    pub source: String,
}

/// What a verdict speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The incident behaves as reported.
    #[default]
    Reproduction,
    /// A promise of the pipeline or the people is kept.
    Target,
}

/// Whether the bound is expected to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    #[default]
    Pass,
    /// It does not hold.
    Fail,
}

/// A bound in the unit of its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Bound {
    /// A time, such as `60s`.
    Time(Time),
    /// A share, such as `97%`.
    Share(Share),
    /// A rate, such as `60k/s`.
    Rate(Rate),
    /// A plain number.
    Number(f64),
}
