//! What a run says: `result.json`, the same for the same scenario and seed on any machine.
//!
//! Owns the versioned types. Refuses threads, paths and clock values: those stand in `run.json` ([`crate::run`]).

mod exemplar;
mod map;

pub use exemplar::{Exemplar, ExemplarSpan};
pub use map::{EdgeTraffic, MapEdge, MapNode, NodeKind, ShopMap};

use crate::comparison::Comparison;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of this format; raised when a reader of the one before would go wrong.
pub const SCHEMA_VERSION: u32 = 1;

/// The result of one run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct RunResult {
    /// Version of this format, as the writer knew it.
    pub schema_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// Its story.
    pub story: String,
    /// The seed of all draws.
    pub seed: u64,
    /// False when the run was ended before its time; every verdict is then invalid.
    pub complete: bool,
    /// What was played, and at which scale.
    pub scale: Scale,
    /// Hash over the stream of spans, as 32 hex digits.
    pub fingerprint: String,
    /// Verdicts in the order of the scenario, then the accounting ones.
    pub verdicts: Vec<Verdict>,
    /// What happened when.
    pub timeline: Timeline,
    /// The loss, where the scenario has a focus and a fault.
    pub loss: Option<Loss>,
    /// Truth's own statistics for every endpoint and window.
    pub endpoints: Vec<EndpointStats>,
    /// Truth's own statistics for every station and window.
    pub stations: Vec<StationStats>,
    /// One point for every 10 s of virtual time.
    pub series: Vec<SeriesPoint>,
    /// The shop's map, from the spans that reached the sink.
    #[serde(default)]
    pub map: ShopMap,
    /// Traces that stand for others, of each endpoint of the edge: one of *before*, one of *during* and one of *after*, or
    /// one of the run. The endpoint that is watched comes first.
    #[serde(default)]
    pub exemplars: Vec<Exemplar>,
    /// Stations that were full, in the order of time.
    #[serde(default)]
    pub saturated: Vec<Saturated>,
    /// Counts that must balance.
    pub accounting: Accounting,
    /// What differs from the baseline, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The scenario with every override applied.
    pub resolved: serde_json::Value,
}

/// What was played, and at which scale.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Scale {
    /// Virtual seconds played, drain excluded.
    pub virtual_s: u32,
    /// Cells of the fleet.
    pub cells_fleet: u32,
    /// Cells played.
    pub cells_played: u32,
    /// `cells_fleet / cells_played`: fleet figures are the played ones times this.
    pub factor: f64,
    /// Mean offered requests per second of the whole fleet from warm-up to end, shoppers' retries included.
    pub requests_per_s: f64,
    /// Clock time of the story at virtual time zero, as `HH:MM`.
    pub clock: String,
    /// The pipeline under test.
    pub pipeline: String,
}

/// One statement about the run, held against its bound.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Verdict {
    /// Stable name, such as `incident.success.during`.
    pub id: String,
    /// What it speaks of.
    pub kind: VerdictKind,
    /// Whether the bound holds.
    pub status: Status,
    /// What the scenario expects.
    pub expect: Expect,
    /// The value; null when there is none (never recovered).
    pub value: Option<f64>,
    /// Unit of value, bound and interval.
    pub unit: Unit,
    /// The bound.
    pub bound: Bound,
    /// How many observations the value rests on.
    pub samples: u64,
    /// The 95 % interval, where the value is an estimate with one.
    pub interval: Option<[f64; 2]>,
    /// How the value was got.
    pub basis: Basis,
    /// Where the bound comes from.
    pub source: String,
    /// Why it is invalid or has no value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

impl Verdict {
    /// Whether the verdict is what the scenario expects.
    #[must_use]
    pub fn as_expected(&self) -> bool {
        matches!((self.status, self.expect), (Status::Pass, Expect::Pass) | (Status::Fail, Expect::Fail))
    }
}

/// What a verdict speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The incident behaves as reported.
    Reproduction,
    /// A promise is kept.
    Target,
    /// No worse than a baseline.
    Regression,
    /// The books balance.
    Accounting,
}

/// Whether the bound holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It cannot be said: too few samples, or the run was ended early.
    Invalid,
}

/// What the scenario expects of the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
}

/// Unit of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// From 0 to 1.
    Ratio,
    /// Seconds.
    S,
    /// Per second, fleet-scaled.
    PerS,
    /// A number of things.
    Count,
    /// Chinese yuan.
    Cny,
}

/// How a value was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It follows from the mechanisms of the model.
    Modelled,
    /// It was measured on this machine.
    Measured,
    /// Somebody said so in the scenario.
    Declared,
}

/// A bound, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Bound {
    /// Least allowed value.
    pub at_least: Option<f64>,
    /// Greatest allowed value.
    pub at_most: Option<f64>,
}

/// What happened when, in virtual seconds from the start of the run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Timeline {
    /// First injection.
    pub injected_s: Option<f64>,
    /// What the change detector saw first.
    pub symptom: Option<Event>,
    /// The alert that fired after the injection.
    pub alert: Option<Event>,
    /// When people were told.
    pub notified_s: Option<f64>,
    /// When the tool had the evidence for a cause.
    pub evidence_ready_s: Option<f64>,
    /// The cause that was named.
    pub cause: Option<Cause>,
    /// Declared human steps in order, with the seconds each takes.
    pub humans: Vec<(String, f64)>,
    /// When the people had the cause in hand.
    pub cause_s: Option<f64>,
    /// Faults as they came and went.
    pub faults: Vec<Episode>,
    /// Remedies as they were started and took effect.
    pub remedies: Vec<Episode>,
    /// First second from which success stays near its old level.
    pub recovered_s: Option<f64>,
    /// Alerts that fired without a fault being there.
    pub false_alerts: Vec<Event>,
    /// Windows by name (`run`, `before`, `during`, `after`): from, to.
    pub windows: BTreeMap<String, [f64; 2]>,
}

/// Something seen, and when.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Event {
    /// Virtual seconds from the start.
    pub at_s: f64,
    /// What, in words.
    pub what: String,
}

/// Something that lasted.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Episode {
    /// Its name in the scenario.
    pub name: String,
    /// What it does, in words.
    pub what: String,
    /// Virtual seconds from the start.
    pub from_s: f64,
    /// When it ended (a fault) or took effect (a remedy).
    pub to_s: Option<f64>,
    /// When a remedy was taken back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lifted_s: Option<f64>,
}

/// A cause as the detector names it, from a closed list.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Cause {
    /// The service in which the trouble sits.
    pub service: String,
    /// The operation or statement.
    pub operation: String,
    /// The resource.
    pub resource: String,
    /// The kind.
    pub kind: String,
    /// The evidence, one fact a line.
    pub evidence: Vec<String>,
    /// Whether it equals the fault's label.
    pub right: bool,
}

/// What the incident cost, for the whole fleet.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Loss {
    /// Orders that shoppers gave up, beyond the usual.
    pub orders: f64,
    /// Shoppers who met a failure, beyond the usual.
    pub users: f64,
    /// `orders` times the value of one, in CNY.
    pub gmv_cny: f64,
    /// The value of one order in CNY.
    pub order_value_cny: f64,
}

/// One endpoint in one window, over the cells that were played.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct EndpointStats {
    /// Service.
    pub service: String,
    /// Endpoint.
    pub endpoint: String,
    /// Window.
    pub window: String,
    /// Whether shoppers ask it: it is part of the shop's edge.
    #[serde(default)]
    pub edge: bool,
    /// Requests answered or given up in the window.
    pub attempts: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that did not, by cause.
    pub failed: BTreeMap<String, u64>,
    /// From arrival at the pod to the answer, failures included; null without attempts.
    pub latency_s: Option<LatencyStats>,
}

/// A latency distribution in seconds; percentiles are within 0.1 %.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct LatencyStats {
    /// From exact sums.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// Greatest.
    pub max: f64,
}

/// One station (the cores or workers of a service, a pool, the cores of a store) in one window, over the cells that were played.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct StationStats {
    /// Such as `payment.cores`, `gateway.workers`, `payment.pool.payments`, `payments.cores`.
    pub name: String,
    /// Window.
    pub window: String,
    /// Servers, all pods and shards together.
    pub capacity: u64,
    /// Busy servers over all servers, averaged over time.
    pub utilization: f64,
    /// Those who wait, averaged over time.
    pub mean_waiting: f64,
    /// Wait of one, averaged over those who began service, the ones who did not wait included.
    pub mean_wait_s: f64,
    /// Most who waited at one pod or shard at a time.
    pub max_waiting: u64,
    /// Those who began service.
    pub served: u64,
}

/// A station that was full: all its pods or shards together were busy nearly all the time, for twenty seconds or more.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Saturated {
    /// As in [`StationStats::name`].
    pub name: String,
    /// When it was full first, after the injection where there is one; to ten seconds.
    pub from_s: f64,
    /// When that stretch ended; null if it was full to the end.
    pub to_s: Option<f64>,
    /// Seconds in which it was full, from `from_s` on, over all stretches.
    pub full_s: f64,
    /// How many stretches there were.
    pub stretches: u64,
    /// Most who waited at one pod or shard at a time while it was full.
    pub max_waiting: u64,
    /// Whether it was full before the injection too: then the fault didn't fill it.
    pub already: bool,
}

/// Ten seconds of virtual time.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct SeriesPoint {
    /// End of the ten seconds.
    pub at_s: u32,
    /// Answers at the edge per second, fleet-scaled.
    pub answered_per_s: f64,
    /// Successful answers at the edge per second, fleet-scaled.
    pub succeeded_per_s: f64,
    /// Success of the focus' edge (of the whole edge without a focus); null without attempts.
    pub success: Option<f64>,
    /// Median latency of the focus' operation (of the whole edge without one).
    pub p50_s: Option<f64>,
    /// Its 99th percentile.
    pub p99_s: Option<f64>,
    /// Requests in the shop at the end, fleet-scaled.
    pub in_flight: f64,
    /// Cores in use over cores there, by service and store.
    pub cpu: BTreeMap<String, f64>,
}

/// Counts that must balance: `arrivals = answered + failed + in flight`, and so on; over the cells that were played.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct Accounting {
    /// Requests that shoppers made, drain included.
    pub arrivals: u64,
    /// Answered with success.
    pub succeeded: u64,
    /// Answered otherwise, refused ones included.
    pub failed: u64,
    /// Still in the shop after the drain: nothing, or the run is at fault.
    pub in_flight: u64,
    /// Spans made.
    pub spans_made: u64,
    /// Spans that reached the sink.
    pub spans_delivered: u64,
    /// Spans that a sampler let go on purpose.
    pub spans_sampled_out: u64,
    /// Spans lost, by place and cause.
    pub spans_lost: BTreeMap<String, u64>,
}
