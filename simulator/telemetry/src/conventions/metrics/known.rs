//! The metrics that conventions and receivers know, as far as the shop may tell them.

/// What kind of thing is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instrument {
    Counter,
    UpDownCounter,
    Gauge,
    Histogram,
}

use Instrument::{Counter, Gauge, Histogram, UpDownCounter};

/// What is demanded of a metric.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) instrument: Instrument,
    pub(super) unit: &'static str,
    /// Attributes of requirement level `Required`, and those that are for the shop what their condition says.
    pub(super) required: &'static [&'static str],
    /// Attributes with a closed list of values.
    pub(super) values: &'static [(&'static str, &'static [&'static str])],
    /// Bounds that the conventions advise, in seconds.
    pub(super) advised: &'static [f64],
}

/// "This metric SHOULD be specified with `ExplicitBucketBoundaries`" of these, for requests, calls and messages.
const ADVISED: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

type Values = &'static [(&'static str, &'static [&'static str])];

const fn rule(
    name: &'static str,
    instrument: Instrument,
    unit: &'static str,
    required: &'static [&'static str],
) -> Rule {
    Rule { name, instrument, unit, required, values: &[], advised: &[] }
}

const fn durations(name: &'static str, required: &'static [&'static str]) -> Rule {
    Rule { advised: ADVISED, ..rule(name, Histogram, "s", required) }
}

const fn with(values: Values, rule: Rule) -> Rule {
    Rule { values, ..rule }
}

const POOL: &[&str] = &["db.client.connection.pool.name"];
const CPU_MODES: Values = &[("cpu.mode", &["idle", "interrupt", "iowait", "nice", "steal", "system", "user"])];
const MESSAGES: &[&str] =
    &["messaging.operation.name", "messaging.system", "messaging.destination.name", "messaging.consumer.group.name"];
const STATEMENT: &[&str] = &["schema", "digest", "digest_text"];
const MYSQL_EVENTS: &[&str] = &[
    "errors",
    "warnings",
    "rows_affected",
    "rows_sent",
    "rows_examined",
    "created_tmp_disk_tables",
    "created_tmp_tables",
    "sort_merge_passes",
    "sort_rows",
    "no_index_used",
];
const MONGODB: &[&str] = &["insert", "query", "update", "delete", "getmore", "command"];
const ELASTICSEARCH: &[&str] =
    &["index", "delete", "get", "query", "fetch", "scroll", "suggest", "merge", "refresh", "flush", "warmer"];

/// By the page or receiver that they are from.
pub(super) const KNOWN: &[Rule] = &[
    // docs/http/http-metrics.md
    durations("http.server.request.duration", &["http.request.method", "url.scheme", "http.route"]),
    with(
        &[("http.connection.state", &["active", "idle"])],
        rule(
            "http.client.open_connections",
            UpDownCounter,
            "{connection}",
            &["http.connection.state", "server.address", "server.port"],
        ),
    ),
    // docs/rpc/rpc-metrics.md
    durations("rpc.server.call.duration", &["rpc.system.name", "rpc.method"]),
    // docs/messaging/messaging-metrics.md
    durations("messaging.process.duration", MESSAGES),
    rule("messaging.client.consumed.messages", Counter, "{message}", MESSAGES),
    // docs/db/database-metrics.md
    with(
        &[("db.client.connection.state", &["idle", "used"])],
        rule(
            "db.client.connection.count",
            UpDownCounter,
            "{connection}",
            &["db.client.connection.pool.name", "db.client.connection.state"],
        ),
    ),
    rule("db.client.connection.max", UpDownCounter, "{connection}", POOL),
    rule("db.client.connection.pending_requests", UpDownCounter, "{request}", POOL),
    rule("db.client.connection.timeouts", Counter, "{timeout}", POOL),
    rule("db.client.connection.wait_time", Histogram, "s", POOL),
    // docs/system/process-metrics.md
    with(CPU_MODES, rule("process.cpu.time", Counter, "s", &["cpu.mode"])),
    with(CPU_MODES, rule("process.cpu.utilization", Gauge, "1", &["cpu.mode"])),
    // docs/system/k8s-metrics.md
    rule("k8s.deployment.pod.desired", UpDownCounter, "{pod}", &[]),
    rule("k8s.deployment.pod.available", UpDownCounter, "{pod}", &[]),
    // mysqlreceiver
    rule("mysql.query.client.count", Counter, "1", &[]),
    with(
        &[("kind", MYSQL_EVENTS)],
        rule("mysql.statement_event.count", UpDownCounter, "1", &["schema", "digest", "digest_text", "kind"]),
    ),
    rule("mysql.statement_event.wait.time", UpDownCounter, "ns", STATEMENT),
    with(&[("kind", &["waits", "time"])], rule("mysql.row_locks", Counter, "1", &["kind"])),
    with(
        &[("kind", &["cached", "connected", "created", "running"])],
        rule("mysql.threads", UpDownCounter, "1", &["kind"]),
    ),
    // redisreceiver
    rule("redis.commands.processed", Counter, "{command}", &[]),
    rule("redis.cmd.calls", Counter, "{call}", &["cmd"]),
    rule("redis.cmd.sec", Counter, "s", &["cmd"]),
    rule("redis.keyspace.hits", Counter, "{hit}", &[]),
    rule("redis.keyspace.misses", Counter, "{miss}", &[]),
    with(
        &[("state", &["sys", "sys_children", "sys_main_thread", "user", "user_children", "user_main_thread"])],
        rule("redis.cpu.time", Counter, "s", &["state"]),
    ),
    // mongodbreceiver
    with(&[("operation", MONGODB)], rule("mongodb.operation.count", Counter, "{operations}", &["operation"])),
    with(&[("operation", MONGODB)], rule("mongodb.operation.time", Counter, "ms", &["operation"])),
    // elasticsearchreceiver
    with(
        &[("operation", ELASTICSEARCH)],
        rule("elasticsearch.node.operations.completed", Counter, "{operations}", &["operation"]),
    ),
    with(&[("operation", ELASTICSEARCH)], rule("elasticsearch.node.operations.time", Counter, "ms", &["operation"])),
    rule("elasticsearch.os.cpu.usage", Gauge, "%", &[]),
    // kafkametricsreceiver
    rule("kafka.topic.partitions", Gauge, "{partitions}", &["topic"]),
    rule("kafka.consumer_group.lag", Gauge, "1", &["group", "topic", "partition"]),
    rule("kafka.consumer_group.lag_sum", Gauge, "1", &["group", "topic"]),
    rule("kafka.consumer_group.offset_sum", Gauge, "1", &["group", "topic"]),
];
