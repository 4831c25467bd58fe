//! What can break: one type for each kind of fault, named after its mechanism.

use super::story::{LostIndex, PoolSize};
use crate::units::{Amount, Share, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The mechanism that a fault changes, written as a one-key map.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An index is gone: statements that use it scan the whole table.
    LostIndex(LostIndex),
    /// A connection pool is smaller than it was: a bad value in a configuration, or connections that leaked.
    PoolSize(PoolSize),
    /// Pods die with all they had in hand, and come back when the fault ends.
    PodCrash(PodCrash),
    /// Something else takes cores of pods.
    CpuHog(CpuHog),
    /// Statements take longer at their store: a slow disk, a neighbour, a bad plan.
    SlowStore(SlowStore),
    /// The way from a service to another, or to a store, takes longer or loses packets.
    Network(NetworkFault),
    /// Nothing gets from a service to another, or to a store.
    Partition(Partition),
    /// Entries of a cache are gone at once, and are asked for from what is behind it until they are filled again.
    CacheFlush(CacheFlush),
    /// A share of a store's statements falls on one shard: everybody wants the same thing.
    HotKey(HotKey),
    /// Shards (or brokers) are down: a failover, a broker that died. What is asked of them is refused at once.
    StoreDown(StoreDown),
    /// A store answers with errors: a provider's outage.
    StoreErrors(StoreErrors),
    /// A session holds a lock, again and again: statements wait for it without working.
    Lock(Lock),
    /// A consumer group takes no messages from some partitions.
    StuckConsumer(StuckConsumer),
    /// Some pods are replaced by ones of another version, which fails or is slower.
    BadRelease(BadRelease),
    /// Pods stop the world to collect garbage, again and again.
    GcPauses(GcPauses),
    /// The clock of pods is wrong: the times in their telemetry are.
    ClockSkew(ClockSkew),
    /// Shoppers' apps try again at once and often.
    RetryStorm(RetryStorm),
    /// More shoppers take one journey: a tenant that floods the shop, a promotion.
    Surge(Surge),
    /// The paging rule is set too tight.
    SensitiveAlerts(SensitiveAlerts),
}

fn full() -> Share {
    Share { ratio: 1.0 }
}

/// Pods that die.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PodCrash {
    /// The service.
    pub service: String,
    /// Its pods that die, rounded to whole pods of each cell.
    #[serde(default = "full")]
    pub pods: Share,
    /// How long callers go on asking them: until health checks have failed; whole seconds, 10s when left out.
    #[serde(default = "ten_seconds")]
    pub noticed: Time,
}

fn ten_seconds() -> Time {
    Time::from_s(10)
}

/// Cores that are taken away.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CpuHog {
    /// The service.
    pub service: String,
    /// Cores of a pod that are taken, rounded to whole cores.
    pub cores: Share,
    /// Its pods that lose them, rounded to whole pods of each cell.
    #[serde(default = "full")]
    pub pods: Share,
}

/// Statements that take longer at their store.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowStore {
    /// The store.
    pub store: String,
    /// Only this statement; all when left out.
    #[serde(default)]
    pub statement: Option<String>,
    /// Each takes so many times as long on a core, 1 to 10,000.
    pub factor: f64,
    /// Shards that are slow, rounded to whole shards.
    #[serde(default = "full")]
    pub shards: Share,
}

/// A way that takes longer. Answers take their usual time.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkFault {
    /// The service that asks.
    pub from: String,
    /// The service or store that is asked.
    pub to: String,
    /// Added to the way there; none when left out.
    #[serde(default)]
    pub delay: Time,
    /// Packets that are lost. Each costs a retransmission after 200ms, twice as long for each further one (Linux's least TCP timeout);
    /// at 100% nothing gets through.
    #[serde(default)]
    pub loss: Share,
}

/// A way on which nothing gets through.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The service that asks.
    pub from: String,
    /// The service or store that is asked.
    pub to: String,
}

/// Entries of a cache that are gone.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheFlush {
    /// The store that caches; `cached` steps of all services that use it are concerned.
    pub store: String,
    /// Entries that are gone.
    #[serde(default = "full")]
    pub entries: Share,
}

/// A shard that everybody asks.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HotKey {
    /// The store.
    pub store: String,
    /// Statements that go to the hot key's shard, whoever asks.
    pub share: Share,
}

/// Shards that are down.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreDown {
    /// The store.
    pub store: String,
    /// Shards (or brokers) that are down, rounded to whole ones.
    #[serde(default = "full")]
    pub shards: Share,
}

/// A store that answers with errors.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreErrors {
    /// The store.
    pub store: String,
    /// Only this statement; all when left out.
    #[serde(default)]
    pub statement: Option<String>,
    /// Statements that are answered with an error.
    #[serde(default = "full")]
    pub share: Share,
}

/// A lock that is held again and again.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The store.
    pub store: String,
    /// Only this statement waits for it; all when left out.
    #[serde(default)]
    pub statement: Option<String>,
    /// How long it is held each time.
    pub hold: Time,
    /// From one time to the next, over `hold`.
    pub every: Time,
    /// Shards on which it is held, rounded to whole shards.
    #[serde(default = "full")]
    pub shards: Share,
}

/// Consumers that take no messages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StuckConsumer {
    /// The service.
    pub service: String,
    /// One of its consumers.
    pub consumer: String,
    /// Partitions that are stuck, rounded to whole ones of each cell.
    #[serde(default = "full")]
    pub partitions: Share,
}

/// A version that is worse.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BadRelease {
    /// The service.
    pub service: String,
    /// Its new `service.version`.
    pub version: String,
    /// Pods that get it, rounded to whole pods of each cell: new ones take the place of old ones.
    pub pods: Share,
    /// Requests that it fails, beside those that fail anyway.
    #[serde(default)]
    pub errors: Share,
    /// Its computing takes so many times as long, 1 to 1,000; 1 when left out.
    #[serde(default = "one")]
    pub slower: f64,
}

fn one() -> f64 {
    1.0
}

/// Pauses in which a pod does nothing.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GcPauses {
    /// The service.
    pub service: String,
    /// How long each pause is.
    pub pause: Time,
    /// From the beginning of one pause of a pod to that of its next, over `pause`.
    pub every: Time,
    /// Its pods that pause, rounded to whole pods of each cell; each at its own times.
    #[serde(default = "full")]
    pub pods: Share,
}

/// A clock that is wrong. Exactly one of `ahead` and `behind`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockSkew {
    /// The service.
    pub service: String,
    /// Its pods with a wrong clock, rounded to whole pods of each cell.
    #[serde(default = "full")]
    pub pods: Share,
    /// Their clock shows so much more, at most 10min.
    #[serde(default)]
    pub ahead: Option<Time>,
    /// Their clock shows so much less, at most 10min and no more than the time at which the fault begins.
    #[serde(default)]
    pub behind: Option<Time>,
}

/// Apps that try again and again. Between their own behaviour and this one `intensity` of the shoppers have the new app.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryStorm {
    /// Tries in all of each request that fails, 2 to 100.
    pub attempts: Amount,
    /// Time before each further try.
    pub after: Time,
}

/// More shoppers.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Surge {
    /// The journey they take.
    pub journey: String,
    /// So many times as many as usual, over 1 and at most 1,000.
    pub factor: f64,
}

/// A rule that pages too soon. Whatever is left out stays as it is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitiveAlerts {
    /// Bound on failed requests over all requests.
    pub failures_above: Share,
    /// Fewest requests in the long window.
    #[serde(default)]
    pub min_attempts: Option<Amount>,
}
