//! What reached the sink: metrics as exported every 10 s of virtual time, and what was counted and kept of the spans.
//!
//! Owns types that hold observations, merge by integer sums, and cannot hold the truth (which fault is
//! there, what a trace's fate was). The detector is given these and nothing else.

pub mod durations;

use crate::record::SpanRecord;

/// Seconds between two exports of metrics.
pub const EXPORT_EVERY_S: u32 = 10;

/// Upper ends, in ms, of the buckets of `http.server.request.duration` as semantic conventions 1.44 advise
/// (5 ms to 10 s), with two more for 30 s and 60 s timeouts; the last bucket is open.
pub const DURATION_BOUNDS_MS: [u32; 16] =
    [5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000, 30_000, 60_000];

/// One export of all metrics of the fleet: what happened in the interval, by the plan's numbering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// End of the interval, in virtual seconds.
    pub at_s: u32,
    /// By endpoint.
    pub endpoints: Vec<EndpointPoint>,
    /// By service.
    pub services: Vec<ServicePoint>,
    /// By pool of the plan (a service and a store), all pods and shards together.
    pub pools: Vec<PoolPoint>,
    /// By store, all shards together.
    pub stores: Vec<StorePoint>,
    /// By statement, from the stores' own statistics.
    pub statements: Vec<StatementPoint>,
    /// By shape, counted from the spans that arrived in the interval.
    pub shapes: Vec<ShapePoint>,
    /// By consumer group.
    pub consumers: Vec<ConsumerPoint>,
    /// By cached step, from the application's own counters.
    pub caches: Vec<CachePoint>,
    /// By service: server spans of pods that run another version than the service's first, as `service.version` of the resources tells.
    pub released: Vec<ShapePoint>,
}

/// Rate, errors and duration of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointPoint {
    /// Requests ended.
    pub attempts: u64,
    /// With an error, refused ones included.
    pub errors: u64,
    /// Declined (an answer without success and without error).
    pub declined: u64,
    /// Sum of durations in ticks.
    pub duration_ticks: u64,
    /// Requests by duration; see [`DURATION_BOUNDS_MS`].
    pub buckets: [u64; DURATION_BOUNDS_MS.len() + 1],
}

/// CPU and queues of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServicePoint {
    /// Core-ticks in use.
    pub cpu_busy_ticks: u64,
    /// Core-ticks there.
    pub cpu_capacity_ticks: u64,
    /// Pieces of work waiting for a core at the end.
    pub run_queue: u64,
    /// Requests waiting for a worker at the end.
    pub accept_queue: u64,
    /// Requests in hand at the end, waiting ones included.
    pub in_flight: u64,
    /// Pods that should be there at the end, and those that are up.
    pub pods_wanted: u64,
    /// Of those, the ones that are up.
    pub pods_up: u64,
    /// Ticks for which pods paused to collect garbage, all pods together.
    pub paused_ticks: u64,
}

/// Use of a service's connection pools to one store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolPoint {
    /// Connection-ticks in use.
    pub used_ticks: u64,
    /// Connection-ticks there.
    pub capacity_ticks: u64,
    /// Connections handed out.
    pub acquired: u64,
    /// Waits that ended without one.
    pub timeouts: u64,
    /// Ticks waited by those who got one.
    pub wait_ticks: u64,
    /// Waiting at the end.
    pub waiting: u64,
}

/// CPU of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorePoint {
    /// Core-ticks in use.
    pub busy_ticks: u64,
    /// Core-ticks there.
    pub capacity_ticks: u64,
    /// Statements running or waiting at the end.
    pub running: u64,
    /// Core-ticks in use at the busiest shard.
    pub hottest_ticks: u64,
    /// Core-ticks there at one shard.
    pub shard_ticks: u64,
}

/// A statement in its store's statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatementPoint {
    /// Ended, killed ones included.
    pub calls: u64,
    /// Killed because their client went away.
    pub killed: u64,
    /// Time in the store, in ticks.
    pub time_ticks: u64,
    /// Rows examined, the part of a killed scan included.
    pub rows_examined: u64,
    /// Refused or broken off by a shard that is down; not among `calls`.
    pub unavailable: u64,
    /// Ticks waited for locks.
    pub lock_ticks: u64,
}

/// A consumer group's progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsumerPoint {
    /// Messages appended to its topic.
    pub appended: u64,
    /// Messages finished.
    pub consumed: u64,
    /// Messages not finished at the end.
    pub lag: u64,
    /// Ticks from append to end, of those that were finished.
    pub age_ticks: u64,
}

/// Lookups in a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CachePoint {
    /// Found.
    pub hits: u64,
    /// Not found.
    pub misses: u64,
}

/// Spans of a shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShapePoint {
    /// Arrived.
    pub spans: u64,
    /// With status error.
    pub errors: u64,
    /// Sum of durations in ticks.
    pub duration_ticks: u64,
}

/// A trace of which all spans that arrived were kept, chosen by a hash of its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSample {
    /// The cell it belongs to.
    pub cell: u32,
    /// Its spans by index.
    pub spans: Vec<SpanRecord>,
}

/// Adds two lists of points, place by place.
macro_rules! merge_points {
    ($($type:ident { $($field:ident),+ })+) => {$(
        impl $type {
            /// Adds the counts of another cell.
            pub fn merge(&mut self, other: &Self) {
                $(self.$field += other.$field;)+
            }
        }
    )+};
}

merge_points! {
    ServicePoint { cpu_busy_ticks, cpu_capacity_ticks, run_queue, accept_queue, in_flight, pods_wanted, pods_up, paused_ticks }
    PoolPoint { used_ticks, capacity_ticks, acquired, timeouts, wait_ticks, waiting }
    StorePoint { busy_ticks, capacity_ticks, running, hottest_ticks, shard_ticks }
    StatementPoint { calls, killed, time_ticks, rows_examined, unavailable, lock_ticks }
    ConsumerPoint { appended, consumed, lag, age_ticks }
    CachePoint { hits, misses }
    ShapePoint { spans, errors, duration_ticks }
}

impl EndpointPoint {
    /// Adds the counts of another cell.
    pub fn merge(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.errors += other.errors;
        self.declined += other.declined;
        self.duration_ticks += other.duration_ticks;
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
    }
}

impl Export {
    /// Adds the export of another cell for the same interval and plan.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.at_s, other.at_s, "exports of one interval are merged");
        self.endpoints.iter_mut().zip(&other.endpoints).for_each(|(mine, theirs)| mine.merge(theirs));
        self.services.iter_mut().zip(&other.services).for_each(|(mine, theirs)| mine.merge(theirs));
        self.pools.iter_mut().zip(&other.pools).for_each(|(mine, theirs)| mine.merge(theirs));
        self.stores.iter_mut().zip(&other.stores).for_each(|(mine, theirs)| mine.merge(theirs));
        self.statements.iter_mut().zip(&other.statements).for_each(|(mine, theirs)| mine.merge(theirs));
        self.shapes.iter_mut().zip(&other.shapes).for_each(|(mine, theirs)| mine.merge(theirs));
        self.consumers.iter_mut().zip(&other.consumers).for_each(|(mine, theirs)| mine.merge(theirs));
        self.caches.iter_mut().zip(&other.caches).for_each(|(mine, theirs)| mine.merge(theirs));
        self.released.iter_mut().zip(&other.released).for_each(|(mine, theirs)| mine.merge(theirs));
    }
}
