//! The plan: a scenario compiled to flat tables that both clocks play.
//!
//! Owns the instruction set of programs and the numbering of everything (services, pods, shards, sites,
//! spans). Refuses text: names are kept only to be told.

mod ask;

use crate::draws::Table;
use crate::policies::{BreakerRule, BucketRule, BudgetRule};
use crate::popularity::Popularity;
use crate::time::Ticks;
pub use ask::Ask;
use doorbuster_scenarios::types::{Balancer, Discipline, StoreKind};

/// Index of a service in [`Plan::services`].
pub type ServiceId = u16;
/// Index of an endpoint in [`Plan::endpoints`].
pub type EndpointId = u16;
/// Index of a call or query site in [`Plan::sites`].
pub type SiteId = u16;
/// Index of a store in [`Plan::stores`].
pub type StoreId = u16;
/// Index of a statement in [`Plan::statements`].
pub type StatementId = u16;
/// Index of a consumer group in [`Plan::consumers`].
pub type ConsumerId = u16;
/// Index of a cached step in [`Plan::caches`].
pub type CacheId = u16;
/// Index of a table of draws in [`Plan::draws`].
pub type DrawId = u16;
/// Index of an instruction in [`Plan::code`].
pub type Pc = u16;
/// Index of a pod in a cell, all services together.
pub type PodId = u16;

/// A scenario compiled; the same for every cell.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the scenario.
    pub name: String,
    /// Seed of all draws.
    pub seed: u64,
    /// Cells of the whole fleet; traffic is divided by it.
    pub cells_fleet: u32,
    /// Virtual seconds with arrivals.
    pub duration_s: u32,
    /// Virtual seconds that no verdict looks at.
    pub warmup_s: u32,
    /// One way between two pods, or a pod and a store.
    pub hop: Ticks,
    /// All programs, one after the other.
    pub code: Vec<Instr>,
    /// The endpoint whose program each instruction belongs to; [`NO_ENDPOINT`] for journeys.
    pub endpoint_of: Vec<EndpointId>,
    /// Where each instruction stands; follows from the tables around it.
    pub stands: Vec<Stand>,
    /// Services in the order of the scenario.
    pub services: Vec<Service>,
    /// Endpoints, service by service.
    pub endpoints: Vec<Endpoint>,
    /// Places in programs where a call, a query or a shopper's request is made.
    pub sites: Vec<Site>,
    /// The same sites as an engine reads them; they follow from the tables around them.
    pub asks: Vec<Ask>,
    /// Stores in the order of the scenario.
    pub stores: Vec<Store>,
    /// Statements, store by store.
    pub statements: Vec<Statement>,
    /// Connection pools: one entry for each service and store, instantiated for every pod and shard.
    pub pools: Vec<Pool>,
    /// Pool instances of a cell: every pod times every shard.
    pub pool_instances: u32,
    /// Breakers of a cell: one for each site that has one, and pod.
    pub breaker_instances: u32,
    /// Retry budgets of a cell: one for each site that has one, and pod.
    pub budget_instances: u32,
    /// Consumer groups, service by service.
    pub consumers: Vec<Consumer>,
    /// Partitions of a cell: each topic's for each of its consumer groups.
    pub partition_instances: u32,
    /// Ways in which a message can come about, sorted; see [`Origin`].
    pub origins: Vec<Origin>,
    /// Cached steps in the order of the programs.
    pub caches: Vec<Cache>,
    /// Tables of draws.
    pub draws: Vec<Table>,
    /// Journeys in the order of the scenario.
    pub journeys: Vec<Journey>,
    /// When shoppers arrive in one cell.
    pub arrivals: Arrivals,
    /// Kinds of span that can occur, by shape number.
    pub shapes: Vec<Shape>,
    /// Tier names with the upper end of each one's share of 2^32.
    pub tiers: Vec<(String, u64)>,
    /// Touch points with the upper end of each one's share of 2^32.
    pub touch_points: Vec<(String, u64)>,
}

/// No endpoint: the instruction belongs to a journey.
pub const NO_ENDPOINT: EndpointId = EndpointId::MAX;
/// No site, store or pool.
pub const NONE: u16 = u16::MAX;

/// One instruction of a program. A program ends with [`Instr::End`]; a failure leaves it at once,
/// unless the site says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instr {
    /// Work on a core of the pod.
    Compute {
        /// How long.
        draw: DrawId,
        /// The place of this step in the draw's key.
        place: u64,
    },
    /// Time that passes.
    Wait {
        /// How long.
        draw: DrawId,
        /// The place of this step in the draw's key.
        place: u64,
    },
    /// A call to an endpoint.
    Call(SiteId),
    /// A statement to a store.
    Query(SiteId),
    /// A shopper's request: a call that starts a trace.
    Request(SiteId),
    /// Goes to `to` unless an event of probability `threshold / 2^32` happens.
    Unless {
        /// The event's probability in 2^-32.
        threshold: u64,
        /// The place of this step in the draw's key.
        place: u32,
        /// Where to go if it does not happen.
        to: Pc,
    },
    /// Goes to `to` unless the lookup before it was a miss.
    UnlessMiss {
        /// The cached step.
        cache: CacheId,
        /// Where to go after a hit.
        to: Pc,
    },
    /// The entry that was missed is there again.
    Filled(CacheId),
    /// Goes to `to`.
    Jump(Pc),
    /// Starts `strands` programs at the same time, at the next instructions (one [`Instr::Jump`] each), then waits for all and goes to `join`.
    Fork {
        /// How many.
        strands: u16,
        /// Where to go on.
        join: Pc,
    },
    /// Ends a strand.
    Join,
    /// Fails with probability `threshold / 2^32`.
    Fail {
        /// The probability in 2^-32.
        threshold: u64,
        /// The place of this step in the draw's key.
        place: u32,
    },
    /// Marks the answer as declined with probability `threshold / 2^32`, and goes on.
    Decline {
        /// The probability in 2^-32.
        threshold: u64,
        /// The place of this step in the draw's key.
        place: u32,
    },
    /// Ends the program with an answer.
    End,
    /// A shopper's next request of a repeated step: as [`Instr::Jump`], until `times` were made.
    Repeat {
        /// Where the repeated part begins.
        to: Pc,
        /// How often in all.
        times: u32,
    },
    /// A closed user starts over.
    Restart,
}

/// Where an instruction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The endpoint whose program it belongs to; [`NO_ENDPOINT`] for journeys.
    pub endpoint: EndpointId,
    /// Shape of that endpoint's server span.
    pub shape: u16,
    /// The site, if it asks; [`NONE`] if not.
    pub site: SiteId,
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// First of its pods in a cell.
    pub first_pod: PodId,
    /// Pods in a cell, those included that a remedy may add or a release may bring: they come last, release by release.
    pub pods: u16,
    /// Those that are there at the beginning: the first ones.
    pub pods_at_first: u16,
    /// Cores of a pod.
    pub cores: u32,
    /// Requests that a pod works on at a time; `u32::MAX` for no limit.
    pub workers: u32,
    /// Requests that wait at a pod for a worker.
    pub accept_queue: u32,
    /// How callers choose a pod.
    pub balancer: Balancer,
    /// CPU beside the programs' own.
    pub costs: Costs,
    /// Limit on the requests that one pod lets in, at the beginning.
    pub rate_limit: Option<BucketRule>,
    /// `service.version`.
    pub version: String,
    /// Pods of other versions.
    pub releases: Vec<Release>,
    /// `team`.
    pub team: String,
    /// `cost_center`.
    pub cost_center: String,
    /// Place of the service in keys.
    pub place: u64,
}

/// Pods that a release brings in place of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The fault that it is.
    pub fault: String,
    /// `service.version`.
    pub version: String,
    /// First of its pods, counted within the service.
    pub first: u16,
    /// How many.
    pub pods: u16,
}

impl Service {
    /// `service.version` of a pod, counted within the service.
    #[must_use]
    pub fn version_of(&self, pod: u16) -> &str {
        let is_its = |release: &&Release| (release.first..release.first + release.pods).contains(&pod);
        self.releases.iter().find(is_its).map_or(&self.version, |release| &release.version)
    }
}

/// CPU of a pod that handling requests takes; `None` for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Taking a request in.
    pub admission: Option<DrawId>,
    /// Turning a request away.
    pub rejection: Option<DrawId>,
    /// A wait for a connection that ended without one.
    pub failed_acquire: Option<DrawId>,
    /// An answer that did not come in time.
    pub timeout: Option<DrawId>,
    /// A further try.
    pub retry: Option<DrawId>,
    /// Taking a store's answer in.
    pub answer: Option<DrawId>,
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its service.
    pub service: ServiceId,
    /// Its name within the service.
    pub name: String,
    /// HTTP method and route; without them it is gRPC, or a consumer's.
    pub http: Option<(String, String)>,
    /// The consumer group whose program it is: nobody calls it.
    pub consumes: Option<ConsumerId>,
    /// Where its program starts.
    pub entry: Pc,
    /// Spans that a call of it can make at most: the size of its static tree.
    pub tree: u32,
    /// Shape of its server span.
    pub shape: u16,
}

/// A place in a program where something else is asked.
#[derive(Clone, Debug)]
pub struct Site {
    /// What is asked.
    pub target: Target,
    /// Longest wait for the answer; `None` for no limit.
    pub timeout: Option<Ticks>,
    /// Tries in all.
    pub attempts: u8,
    /// Wait before a further try.
    pub backoff: Option<DrawId>,
    /// Each wait is so many times the one before.
    pub growth: u32,
    /// Bound on further tries.
    pub budget: Option<PerPod<BudgetRule>>,
    /// Stops asking for a while.
    pub breaker: Option<PerPod<BreakerRule>>,
    /// A further try is made with this probability in 2^-32 (a shopper's patience); always for programs.
    pub retry_threshold: u64,
    /// Does a timeout stop the work at the callee?
    pub cancel: bool,
    /// Where to go on after the last failure; `None` fails the program.
    pub on_failure: Option<Pc>,
    /// Where to go on after success.
    pub next: Pc,
    /// Place of the site in keys.
    pub place: u64,
    /// Index of the first try's span in the trace, less the index of the program's own span.
    pub span_offset: u32,
    /// Between the spans of one try and the next.
    pub span_stride: u32,
    /// Shape of its client span; [`NONE`] for a shopper's request.
    pub shape: u16,
}

/// A rule whose state every pod of the site's service keeps for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerPod<R> {
    /// The rule.
    pub rule: R,
    /// Instance of the service's first pod; the others follow.
    pub first_instance: u32,
}

/// What a site asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An endpoint.
    Endpoint(EndpointId),
    /// A statement, through a pool ([`NONE`] for without limit).
    Statement {
        /// Which.
        statement: StatementId,
        /// Index in [`Plan::pools`].
        pool: u16,
    },
}

/// A store.
#[derive(Clone, Debug)]
pub struct Store {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: StoreKind,
    /// Shards in a cell.
    pub shards: u16,
    /// Cores of a shard.
    pub cores: u32,
    /// How they are shared.
    pub discipline: Discipline,
    /// Does a client's timeout stop the statement?
    pub cancel: bool,
    /// First of its statements in [`Plan::statements`].
    pub first_statement: StatementId,
    /// How many it has.
    pub statement_count: u16,
    /// Place of the store in keys.
    pub place: u64,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its store.
    pub store: StoreId,
    /// Its name within the store.
    pub name: String,
    /// Its text; empty for a topic.
    pub text: String,
    /// Partitions of the topic that it appends to; 0 for a statement that is none.
    pub partitions: u16,
    /// Cost with the index.
    pub cost: DrawId,
    /// Rows examined with the index.
    pub rows: u64,
    /// What happens without its index; `None` if it names none.
    pub scan: Option<Scan>,
}

/// A scan of a whole table.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Name of the table.
    pub table: String,
    /// Name of the index that saves the scan.
    pub index: String,
    /// Rows examined.
    pub rows: u64,
    /// Time on a core.
    pub work: Ticks,
    /// Time to build the index again.
    pub rebuild: Ticks,
}

/// Connection pools of a service to a store: one for each pod and shard.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The service.
    pub service: ServiceId,
    /// The store.
    pub store: StoreId,
    /// Connections.
    pub size: u32,
    /// Longest wait for one.
    pub acquire_timeout: Option<Ticks>,
    /// Whether a wait in vain is followed by another, until the statement's own timeout.
    pub acquire_again: bool,
    /// First instance in a cell: instance = first + pod within the service * shards + shard.
    pub first_instance: u32,
}

/// A consumer group of a topic.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// Its program.
    pub endpoint: EndpointId,
    /// The topic, as the statement that appends to it.
    pub topic: StatementId,
    /// First of its partitions in a cell.
    pub first_partition: u32,
    /// Which of its topic's consumer groups it is.
    pub nth: u8,
    /// Place of the consumer in keys.
    pub place: u64,
}

/// Traces of consumers are numbered by the trace of the message: its number in the lower bits, above them which of the ways it came
/// about (from 1; 0 for a shopper's trace) and for which consumer group. So a link needs no room of its own in a record.
pub const ORIGIN_SHIFT: u32 = 40;

/// A way in which a message can come about: the span of its publication, by index in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Index of the producer's span in its trace.
    pub span: u32,
    /// The topic.
    pub topic: StatementId,
    /// Number of the traces of the topic's first consumer group; those of the others follow.
    pub first: u8,
}

/// What a message's way adds to the number of its trace: that of the trace of its topic's first consumer group. `None` for a topic
/// that nobody consumes.
#[must_use]
pub fn way(plan: &Plan, span: u32, topic: StatementId) -> Option<u64> {
    let at = plan.origins.binary_search_by_key(&(span, topic), |origin| (origin.span, origin.topic)).ok()?;
    Some(u64::from(plan.origins[at].first) << ORIGIN_SHIFT)
}

/// The trace and the span that a trace links to, by number and index; `None` for a shopper's trace.
#[must_use]
pub fn linked(plan: &Plan, sequence: u64) -> Option<(u64, u32)> {
    let way = (sequence >> ORIGIN_SHIFT) as u8;
    if way == 0 {
        return None;
    }
    let origin = plan.origins.iter().filter(|origin| origin.first <= way).max_by_key(|origin| origin.first);
    let span = origin.expect("invariant: ways are numbered from 1").span;
    Some((sequence & ((1 << ORIGIN_SHIFT) - 1), span))
}

/// A cached step.
#[derive(Clone, Debug)]
pub struct Cache {
    /// The store that caches.
    pub store: StoreId,
    /// The endpoint in whose program it is.
    pub endpoint: EndpointId,
    /// The probability in 2^-32 that a lookup misses although nothing was flushed.
    pub threshold: u64,
    /// The place of the step in the draws' keys.
    pub place: u64,
    /// Which key is asked for.
    pub popularity: Popularity,
}

/// A journey.
#[derive(Clone, Debug)]
pub struct Journey {
    /// Its name.
    pub name: String,
    /// Where its program starts.
    pub entry: Pc,
    /// Upper end of its share of 2^32, for the choice.
    pub upto: u64,
}

/// When shoppers arrive in one cell. Journeys start at the rate of requests over [`Arrivals::Open::requests_per_start`].
#[derive(Clone, Debug)]
pub enum Arrivals {
    /// Whatever the shop does.
    Open {
        /// Rate of the cell in requests per second: points in virtual seconds, joined by straight lines, flat after the last.
        curve: Vec<(f64, f64)>,
        /// At random times (Poisson), or at even distances.
        random: bool,
        /// Requests that a journey makes in a healthy shop, on average.
        requests_per_start: f64,
    },
    /// A fixed number of users in a cell.
    Closed {
        /// How many in each cell; cell `i` gets one more if `i < extra`.
        users: u32,
        /// Users left over after the even division.
        extra: u32,
        /// Pause between a journey's end and the next start.
        think: DrawId,
    },
}

/// A kind of span: who makes it, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An endpoint's server span, or a consumer's span of one message.
    Server(EndpointId),
    /// A call's client span.
    Client(SiteId),
    /// A statement's client span, or the producer's of a message.
    Statement(SiteId),
}
