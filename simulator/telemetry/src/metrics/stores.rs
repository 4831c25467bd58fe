//! What a collector's receivers tell of the stores, by the names of their `documentation.md` (collector-contrib).
//!
//! Default and optional metrics that an export can fill: statements by digest for MySQL (`mysql.statement_event.*`, as
//! `performance_schema` has them), commands for Redis, operations for MongoDB and Elasticsearch, lag of consumer groups for
//! Kafka. The lag is that of all partitions together (`lag_sum`): an export holds no single ones. Every store has
//! a few more, of the host that it runs on and of what failed there.

use super::stream::{Point, Streams, double, int};
use super::{Seen, services, text};
use crate::observed::StatementPoint;
use crate::shapes::{self, Attribute};
use doorbuster_model::key::name_hash;
use doorbuster_model::plan::{Statement, Store, StoreId};
use doorbuster_model::time::{Ticks, ns_from_ticks, s_from_ticks};
use doorbuster_scenarios::types::StoreKind;
use opentelemetry_proto::tonic::metrics::v1::Metric;

/// Whether clients reach it through a pool as `db.client.*` has it.
pub(super) const fn is_database(kind: StoreKind) -> bool {
    matches!(kind, StoreKind::Mysql | StoreKind::Mongodb | StoreKind::Redis | StoreKind::Elasticsearch)
}

/// Whether it is reached over HTTP alone.
pub(super) const fn is_web(kind: StoreKind) -> bool {
    matches!(kind, StoreKind::External | StoreKind::ObjectStorage)
}

/// Whom a pool's connections lead to: all shards together.
pub(super) fn host_of_pool(store: &Store) -> Vec<Attribute> {
    let (domain, port) = if store.kind == StoreKind::External { ("example", 443) } else { ("shop", 9000) };
    vec![text("server.address", &format!("{}.{domain}", store.name)), ("server.port", shapes::Value::Int(port))]
}

/// The receiver that asks it, by the beginning of its name.
pub(super) const fn receiver(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Mysql => "mysql",
        StoreKind::Redis => "redis",
        StoreKind::Mongodb => "mongodb",
        StoreKind::Elasticsearch => "elasticsearch",
        StoreKind::Kafka => "kafkametrics",
        StoreKind::ObjectStorage | StoreKind::External => "hostmetrics",
    }
}

/// The resource, as the receiver has it.
pub(super) fn resource(store: &Store) -> Vec<Attribute> {
    let host = format!("{}.shop", store.name);
    let own = match store.kind {
        StoreKind::Mysql => vec![text("mysql.instance.endpoint", &format!("{host}:3306"))],
        StoreKind::Redis => vec![text("server.address", &host), text("server.port", "6379")],
        StoreKind::Mongodb => vec![text("server.address", &host), ("server.port", shapes::Value::Int(27017))],
        StoreKind::Elasticsearch => vec![text("elasticsearch.cluster.name", &store.name)],
        StoreKind::Kafka => vec![text("kafka.cluster.alias", &store.name)],
        StoreKind::ObjectStorage | StoreKind::External => Vec::new(),
    };
    let mut attributes = vec![text("service.name", &store.name), text("service.namespace", "shop")];
    attributes.extend(own);
    attributes
}

/// What is told of a store.
pub(super) fn metrics(seen: &Seen<'_>, streams: &Streams, id: StoreId) -> Vec<Metric> {
    let store = &seen.plan.stores[usize::from(id)];
    let of = Of { seen, streams, store, id: usize::from(id) };
    let mut metrics = match store.kind {
        StoreKind::Mysql => of.mysql(),
        StoreKind::Redis => of.redis(),
        StoreKind::Mongodb => of.mongodb(),
        StoreKind::Elasticsearch => of.elasticsearch(),
        StoreKind::Kafka => of.kafka(),
        StoreKind::ObjectStorage | StoreKind::External => Vec::new(),
    };
    metrics.extend(of.host());
    metrics
}

/// One store.
struct Of<'s, 'e> {
    seen: &'s Seen<'e>,
    streams: &'s Streams,
    store: &'e Store,
    id: usize,
}

impl Of<'_, '_> {
    /// Its statements with their counts since time zero.
    fn statements(&self) -> impl Iterator<Item = (&Statement, &StatementPoint)> {
        let first = usize::from(self.store.first_statement);
        let own = first..first + usize::from(self.store.statement_count);
        self.seen.plan.statements[own.clone()].iter().zip(&self.seen.total.statements[own])
    }

    fn points(&self, labels: impl Fn(&Statement) -> Vec<Attribute>, get: fn(&StatementPoint) -> u64) -> Vec<Point> {
        self.statements().map(|(statement, point)| (labels(statement), int(get(point)))).collect()
    }

    fn sum(&self, get: fn(&StatementPoint) -> u64) -> u64 {
        self.statements().map(|(_, point)| get(point)).sum()
    }

    /// `mysql.row_locks` of kind `time` is InnoDB's own in ms. Receivers tell statement events as sums that may fall, since the
    /// server's table of digests may be emptied.
    fn mysql(&self) -> Vec<Metric> {
        let digest = |statement: &Statement| {
            vec![
                text("schema", &self.store.name),
                text("digest", &format!("{:016x}", name_hash(&statement.text))),
                text("digest_text", &statement.text),
            ]
        };
        let kind = |kind: &'static str| {
            move |statement: &Statement| {
                let mut labels = digest(statement);
                labels.push(text("kind", kind));
                labels
            }
        };
        let mut events = self.points(kind("rows_examined"), |point| point.rows_examined);
        events.extend(self.points(kind("errors"), |point| point.killed));
        let waited = self.points(digest, |point| ns_from_ticks(point.time_ticks));
        let locks = vec![(vec![text("kind", "time")], int(ms(self.sum(|point| point.lock_ticks))))];
        let running = vec![(vec![text("kind", "running")], int(self.seen.now.stores[self.id].running))];
        vec![
            self.streams.counter(
                "mysql.query.client.count",
                "1",
                vec![(Vec::new(), int(self.sum(|point| point.calls)))],
            ),
            self.streams.up_down_counter("mysql.statement_event.count", "1", events),
            self.streams.up_down_counter("mysql.statement_event.wait.time", "ns", waited),
            self.streams.counter("mysql.row_locks", "1", locks),
            self.streams.up_down_counter("mysql.threads", "1", running),
        ]
    }

    fn redis(&self) -> Vec<Metric> {
        let command = |statement: &Statement| {
            let name = statement.text.split_whitespace().next().unwrap_or(&statement.name);
            name.to_lowercase()
        };
        let mut commands: Vec<(String, u64, u64)> = Vec::new();
        for (statement, point) in self.statements() {
            let name = command(statement);
            match commands.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, calls, ticks)) => {
                    *calls += point.calls;
                    *ticks += point.time_ticks;
                }
                None => commands.push((name, point.calls, point.time_ticks)),
            }
        }
        let label = |name: &str| vec![text("cmd", name)];
        let calls = commands.iter().map(|(name, calls, _)| (label(name), int(*calls))).collect();
        let spent = commands.iter().map(|(name, _, ticks)| (label(name), double(s_from_ticks(*ticks)))).collect();
        let mut found = (0, 0);
        for (cache, point) in self.seen.plan.caches.iter().zip(&self.seen.total.caches) {
            if usize::from(cache.store) == self.id {
                found = (found.0 + point.hits, found.1 + point.misses);
            }
        }
        let one = |value: u64| vec![(Vec::new(), int(value))];
        let busy = double(s_from_ticks(self.seen.total.stores[self.id].busy_ticks));
        vec![
            self.streams.counter("redis.commands.processed", "{command}", one(self.sum(|point| point.calls))),
            self.streams.counter("redis.cmd.calls", "{call}", calls),
            self.streams.counter("redis.cmd.sec", "s", spent),
            self.streams.counter("redis.keyspace.hits", "{hit}", one(found.0)),
            self.streams.counter("redis.keyspace.misses", "{miss}", one(found.1)),
            self.streams.counter("redis.cpu.time", "s", vec![(vec![text("state", "user")], busy)]),
        ]
    }

    fn mongodb(&self) -> Vec<Metric> {
        let operation = |statement: &Statement| match () {
            () if statement.text.contains("insert") => "insert",
            () if statement.text.contains("update") => "update",
            () if statement.text.contains("delete") => "delete",
            () if statement.text.contains("find") => "query",
            () => "command",
        };
        let (calls, spent) = self.by_operation(operation, &["insert", "query", "update", "delete", "command"]);
        vec![
            self.streams.counter("mongodb.operation.count", "{operations}", calls),
            self.streams.counter("mongodb.operation.time", "ms", spent),
        ]
    }

    fn elasticsearch(&self) -> Vec<Metric> {
        let operation = |statement: &Statement| match () {
            () if statement.text.starts_with("GET") && statement.text.contains("_doc") => "get",
            () if statement.text.starts_with("DELETE") => "delete",
            () if statement.text.contains("_doc") || statement.text.contains("_create") => "index",
            () => "query",
        };
        let (calls, spent) = self.by_operation(operation, &["get", "delete", "index", "query"]);
        let now = &self.seen.now.stores[self.id];
        let percent = 100.0 * now.busy_ticks as f64 / (now.capacity_ticks as f64).max(1.0);
        vec![
            self.streams.counter("elasticsearch.node.operations.completed", "{operations}", calls),
            self.streams.counter("elasticsearch.node.operations.time", "ms", spent),
            self.streams.gauge("elasticsearch.os.cpu.usage", "%", vec![(Vec::new(), int(percent.round() as u64))]),
        ]
    }

    /// Calls and ms by `operation`, of those that the store has statements for.
    fn by_operation(&self, of: fn(&Statement) -> &'static str, names: &[&'static str]) -> (Vec<Point>, Vec<Point>) {
        let (mut calls, mut spent) = (Vec::new(), Vec::new());
        for name in names {
            let own: Vec<&StatementPoint> =
                self.statements().filter(|(statement, _)| of(statement) == *name).map(|(_, point)| point).collect();
            if own.is_empty() {
                continue;
            }
            let label = || vec![text("operation", name)];
            calls.push((label(), int(own.iter().map(|point| point.calls).sum())));
            spent.push((label(), int(ms(own.iter().map(|point| point.time_ticks).sum()))));
        }
        (calls, spent)
    }

    fn kafka(&self) -> Vec<Metric> {
        let plan = self.seen.plan;
        let partitions = self.statements().map(|(topic, _)| {
            let labels = vec![text("topic", &topic.name)];
            (labels, int(u64::from(topic.partitions)))
        });
        let (mut lag, mut offset) = (Vec::new(), Vec::new());
        for (id, consumer) in plan.consumers.iter().enumerate() {
            if usize::from(plan.statements[usize::from(consumer.topic)].store) != self.id {
                continue;
            }
            let (group, topic) = services::group_and_topic(self.seen, id);
            let labels = vec![text("group", &group), text("topic", topic)];
            lag.push((labels.clone(), int(self.seen.now.consumers[id].lag)));
            offset.push((labels, int(self.seen.total.consumers[id].consumed)));
        }
        vec![
            self.streams.gauge("kafka.topic.partitions", "{partitions}", partitions.collect()),
            self.streams.gauge("kafka.consumer_group.lag_sum", "1", lag),
            self.streams.gauge("kafka.consumer_group.offset_sum", "1", offset),
        ]
    }

    /// Of every kind: how busy its cores and those of its busiest shard are, what it has in hand, and what a shard that is down turned away.
    fn host(&self) -> Vec<Metric> {
        let now = &self.seen.now.stores[self.id];
        let ratio = now.busy_ticks as f64 / (now.capacity_ticks as f64).max(1.0);
        let hottest = now.hottest_ticks as f64 / (now.shard_ticks as f64).max(1.0);
        let label = |statement: &Statement| vec![text("shop.statement", &statement.name)];
        let unavailable = self.points(label, |point| point.unavailable);
        vec![
            self.streams.gauge("shop.store.cpu.utilization", "1", vec![(Vec::new(), double(ratio))]),
            self.streams.gauge("shop.store.hottest_shard.cpu.utilization", "1", vec![(Vec::new(), double(hottest))]),
            self.streams.up_down_counter("shop.store.running", "{statement}", vec![(Vec::new(), int(now.running))]),
            self.streams.counter("shop.store.unavailable", "{statement}", unavailable),
        ]
    }
}

fn ms(ticks: Ticks) -> u64 {
    ns_from_ticks(ticks) / 1_000_000
}
