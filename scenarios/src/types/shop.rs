//! Services, endpoints and their programs; stores, tables and statements.

use super::{Cached, Consumer, Draw, Publish, Topic};
use crate::units::{Amount, Rate, Share, Time};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A service: identical pods that run endpoints.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Pods in each cell, 1 to 10,000.
    pub pods: Amount,
    /// Cores of each pod, 1 to 1,024. Work runs first come, first served, and to completion.
    pub cores: Amount,
    /// Requests that one pod works on at a time; no limit when left out.
    pub workers: Option<Amount>,
    /// Requests that wait at one pod for a worker; more are refused. Only with `workers`.
    pub accept_queue: Amount,
    /// How callers choose a pod.
    pub balancer: Balancer,
    /// Value of `service.version`.
    pub version: String,
    /// Owner of the service, the resource attribute `team`; the service's name when left out.
    pub team: String,
    /// Who pays for it, the resource attribute `cost_center`; `shop` when left out.
    pub cost_center: String,
    /// Connection pools by store, one for each pod and shard. A store without one is reached without limit.
    pub pools: IndexMap<String, Pool>,
    /// CPU of a pod that requests take beside the `compute` of their programs; none when left out.
    pub costs: Costs,
    /// Requests that are let in; no limit when left out. Those above it are answered as `rate_limited`.
    pub rate_limit: Option<RateLimit>,
    /// Endpoints by name.
    pub endpoints: IndexMap<String, Endpoint>,
    /// Consumer groups by name; none has the name of an endpoint.
    pub consumers: IndexMap<String, Consumer>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            pods: Amount { count: 1 },
            cores: Amount { count: 1 },
            workers: None,
            accept_queue: Amount { count: 128 },
            balancer: Balancer::RoundRobin,
            version: "1.0.0".to_owned(),
            team: String::new(),
            cost_center: String::new(),
            pools: IndexMap::new(),
            costs: Costs::default(),
            rate_limit: None,
            endpoints: IndexMap::new(),
            consumers: IndexMap::new(),
        }
    }
}

/// CPU of a pod that handling requests takes: each is work on one of its cores, in turn with all other work.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Costs {
    /// Taking a request in: before its program begins, while it has its worker.
    pub admission: Option<Draw>,
    /// Turning a request away: at a full accept queue, or at the rate limit.
    pub rejection: Option<Draw>,
    /// A wait for a connection that ended without one: the exception, its log line, the next try.
    pub failed_acquire: Option<Draw>,
    /// A call or statement whose answer did not come in time.
    pub timeout: Option<Draw>,
    /// Making a further try of a call or statement.
    pub retry: Option<Draw>,
    /// Taking a store's answer in. The connection is held until then, the wait for a core included.
    pub answer: Option<Draw>,
}

/// A limit on requests: a token bucket at each pod.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests per second of the whole fleet; each pod gets an equal part.
    pub rate: Rate,
    /// Requests that one pod takes beyond its rate after a pause, 1 to 1,000,000; 100 when left out.
    #[serde(default = "hundred")]
    pub burst: Amount,
}

pub(super) fn hundred() -> Amount {
    Amount { count: 100 }
}

/// How callers choose a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Balancer {
    /// One after the other; one counter for each service and cell.
    #[default]
    RoundRobin,
    /// The pod with the fewest requests in flight; the first of equals.
    LeastConnections,
    /// The less busy of two drawn at random.
    TwoRandom,
}

/// A connection pool of one pod to one shard of a store.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Connections, 1 to 100,000.
    pub size: Amount,
    /// Longest wait for a connection; no limit when left out.
    #[serde(default)]
    pub acquire_timeout: Option<Time>,
    /// After a wait in vain, wait again until the statement's own timeout? No when left out. Only with `acquire_timeout`.
    #[serde(default)]
    pub acquire_again: bool,
}

/// One endpoint: how it is reached, and the program that answers it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoint {
    /// HTTP method; GET when left out. Only with `route`.
    pub method: Option<String>,
    /// HTTP route, such as `/api/order/create`. Without one the endpoint is a gRPC method.
    pub route: Option<String>,
    /// The program, run from top to bottom.
    #[serde(rename = "do")]
    pub program: Vec<Step>,
}

/// One step of a program, written as a one-key map.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Work on a core of the pod.
    Compute(Draw),
    /// Time that passes without using anything of the pod's.
    Wait(Draw),
    /// A request to another endpoint.
    Call(Call),
    /// A statement to a store.
    Query(Query),
    /// A message to a topic.
    Publish(Publish),
    /// A value that is looked up in a cache first.
    Cached(Cached),
    /// Steps taken with some probability, or else others.
    Branch(Branch),
    /// Lists of steps that run at the same time; the next step waits for all of them and fails if one failed.
    Parallel(Vec<Vec<Step>>),
    /// A failure with some probability.
    Fail(Fail),
    /// An answer that is no success and no error, with some probability: a declined payment.
    Decline(Decline),
}

/// A request to another endpoint.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The callee, as `service.endpoint`.
    pub endpoint: String,
    /// Longest wait for the answer; no limit when left out.
    #[serde(default)]
    pub timeout: Option<Time>,
    /// Further tries after a failure.
    #[serde(default)]
    pub retry: Option<Retry>,
    /// Stops asking for a while when too many calls fail or are slow; none when left out.
    #[serde(default)]
    pub breaker: Option<Breaker>,
    /// Does a timeout (or the caller's own cancellation) stop the work at the callee? Yes when left out.
    #[serde(default = "yes")]
    pub cancel: bool,
    /// Go on when it failed, as if it had not been asked.
    #[serde(default)]
    pub optional: bool,
    /// Steps taken instead when it failed.
    #[serde(default)]
    pub fallback: Vec<Step>,
}

/// A statement to a store.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The store.
    pub store: String,
    /// One of its statements.
    pub statement: String,
    /// Longest wait for the answer, the wait for a connection included; no limit when left out.
    #[serde(default)]
    pub timeout: Option<Time>,
    /// Further tries after a failure.
    #[serde(default)]
    pub retry: Option<Retry>,
    /// Stops asking for a while when too many calls fail or are slow; none when left out.
    #[serde(default)]
    pub breaker: Option<Breaker>,
    /// Go on when it failed, as if it had not been asked.
    #[serde(default)]
    pub optional: bool,
    /// Steps taken instead when it failed.
    #[serde(default)]
    pub fallback: Vec<Step>,
}

fn yes() -> bool {
    true
}

/// Further tries after a failure.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Tries in all, the first included; 2 to 10.
    pub attempts: Amount,
    /// Wait before a further try; none when left out. A distribution is its jitter.
    #[serde(default)]
    pub backoff: Option<Draw>,
    /// Each wait is so many times the one before, 1 to 10; 1 when left out. Only with `backoff`.
    #[serde(default = "one")]
    pub growth: Amount,
    /// Bound on further tries over all calls from this place of one pod; none when left out.
    #[serde(default)]
    pub budget: Option<Budget>,
}

/// A retry budget: a bucket of tokens for each pod and place. A first try puts in a part of a token, a further one takes a whole one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Further tries for each first try, in the long run.
    pub ratio: Share,
    /// Tokens that the bucket holds, and has at the beginning; 1 to 1,000,000, 10 when left out.
    #[serde(default = "ten")]
    pub burst: Amount,
}

fn ten() -> Amount {
    Amount { count: 10 }
}

/// A circuit breaker, one for each pod and place of a call. While it is open, calls end at once as `circuit_open`: untried, without a span, and not tried again.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// Opens at this share of failed calls; failures are not looked at when left out.
    #[serde(default)]
    pub failures: Option<Share>,
    /// Opens at this share of slow calls; slowness is not looked at when left out.
    #[serde(default)]
    pub slow: Option<Share>,
    /// A call is slow when it took longer. Only with `slow`, and needed there.
    #[serde(default)]
    pub slow_over: Option<Time>,
    /// Fewest calls in the window that are judged, 1 to 1,000,000; 100 when left out.
    #[serde(default = "hundred")]
    pub min_calls: Amount,
    /// Calls that ended so long ago at most are looked at, in tenths of it; 10s when left out.
    #[serde(default = "ten_seconds")]
    pub window: Time,
    /// How long it stays open; 10s when left out.
    #[serde(default = "ten_seconds")]
    pub open: Time,
    /// Calls that are then let through, and decide whether it closes or opens again; 1 to 1,000, 10 when left out.
    #[serde(default = "ten")]
    pub trials: Amount,
}

fn ten_seconds() -> Time {
    Time::from_s(10)
}

/// Steps taken with some probability.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// How often.
    pub probability: Share,
    /// Steps taken then.
    #[serde(rename = "do")]
    pub then: Vec<Step>,
    /// Steps taken otherwise.
    #[serde(default, rename = "else")]
    pub otherwise: Vec<Step>,
}

/// A failure with some probability.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// How often.
    pub probability: Share,
    /// Value of `error.type`.
    pub error: String,
}

/// An answer that is no success and no error.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    /// How often.
    pub probability: Share,
}

/// A store: shards of finite servers behind a network hop.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// What it is.
    pub kind: StoreKind,
    /// Shards in each cell, 1 to 1,000; a user's data is on one of them.
    #[serde(default = "one")]
    pub shards: Amount,
    /// Cores of each shard, 1 to 1,024.
    #[serde(default = "one")]
    pub cores: Amount,
    /// How a shard's cores are shared; by kind when left out (Redis and Kafka `fifo`, others `ps`).
    #[serde(default)]
    pub discipline: Option<Discipline>,
    /// Does a client's timeout stop the statement at the server? By kind when left out (databases yes, Redis and Kafka no). Only with `ps`.
    #[serde(default)]
    pub cancel: Option<bool>,
    /// Tables by name; needed for statements whose cost follows from an index.
    #[serde(default)]
    pub tables: IndexMap<String, Table>,
    /// Statements by name.
    #[serde(default)]
    pub statements: IndexMap<String, Statement>,
    /// Topics by name; only of kind `kafka`, which has nothing else.
    #[serde(default)]
    pub topics: IndexMap<String, Topic>,
}

fn one() -> Amount {
    Amount { count: 1 }
}

/// What a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// A relational database.
    Mysql,
    /// A document database.
    Mongodb,
    /// A cache with one thread a shard.
    Redis,
    /// A search index.
    Elasticsearch,
    /// An object storage, such as S3.
    ObjectStorage,
    /// A log of messages; its shards are brokers.
    Kafka,
    /// A service of somebody else's, reached over HTTP.
    External,
}

/// How a shard's cores are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discipline {
    /// First come, first served; each statement runs to completion.
    Fifo,
    /// Processor sharing: all statements run, each at an equal share of the cores, at most one core each.
    Ps,
}

/// A table of one shard.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Rows in each shard.
    pub rows: Amount,
    /// Indexes by the name of their column.
    pub indexes: Vec<String>,
    /// Rows a core scans without an index.
    pub scan_rate: Rate,
    /// Rows an index rebuild takes in.
    pub build_rate: Rate,
}

/// A statement: its text and what it costs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Text as it stands in `db.query.text`, or the command of a cache.
    pub text: String,
    /// Time on a core of the store when the index (if it names one) is there.
    pub cost: Draw,
    /// The table it reads.
    #[serde(default)]
    pub table: Option<String>,
    /// The index it uses; without that index it scans the whole table.
    #[serde(default)]
    pub index: Option<String>,
    /// Rows examined with the index; 1 when left out.
    #[serde(default = "one")]
    pub rows: Amount,
}
