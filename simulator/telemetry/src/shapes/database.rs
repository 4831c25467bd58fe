//! Statements to stores: MySQL (stable conventions), MongoDB and Redis (in development). Other kinds have modules of their own.
//!
//! MySQL spans are named by `db.query.summary`; `db.operation.name` and `db.collection.name` are left out there,
//! since 1.44 forbids taking them from the text. MongoDB and Redis demand them, and their commands name them.
//! Redis spans are named by the command alone, as in the conventions' example: the rule's other target, address
//! and port, would give every shard a name of its own.

use super::query::{Command, Summary};
use super::{
    Attribute, Exception, Protocol, SpanShape, Status, Varying, Wait, elasticsearch, http, int, messaging,
    object_storage, text,
};
use crate::record::SpanRecord;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Plan, Statement, Store};
use doorbuster_scenarios::types::StoreKind;

/// An error that a store answered with, as its client library says it.
pub(super) fn store_error(kind: StoreKind) -> Exception {
    let library = match kind {
        StoreKind::Mysql => "sqlx::Error",
        StoreKind::Mongodb => "mongodb::error::Error",
        StoreKind::Redis => "redis::RedisError",
        StoreKind::Kafka => "rdkafka::error::KafkaError",
        StoreKind::ObjectStorage => "aws_sdk_s3::Error",
        StoreKind::Elasticsearch => "elasticsearch::Error",
        StoreKind::External => "reqwest::Error",
    };
    Exception { kind: library, message: "the store answered with an error" }
}

/// The addresses of a store's shards; an external store is somebody else's host.
#[derive(Clone, Debug)]
pub(super) struct Shards {
    store: String,
    external: bool,
}

impl Shards {
    pub(super) fn of(store: &Store) -> Self {
        Self { store: store.name.clone(), external: store.kind == StoreKind::External }
    }

    pub(super) fn address(&self, shard: u16) -> String {
        let domain = if self.external { "example" } else { "shop" };
        format!("{}-{shard}.{domain}", self.store)
    }
}

/// A statement span's own part.
#[derive(Clone, Debug)]
pub(super) struct Client {
    shards: Shards,
    kind: StoreKind,
    wait: Wait,
}

/// The shape of a statement's client span.
pub(super) fn client(plan: &Plan, statement: &Statement, wait: Wait) -> SpanShape {
    let store = &plan.stores[usize::from(statement.store)];
    match store.kind {
        StoreKind::Mysql => shape(store, wait, mysql(store, statement)),
        StoreKind::Mongodb => shape(store, wait, mongodb(store, statement)),
        StoreKind::Redis => shape(store, wait, redis(statement)),
        StoreKind::Elasticsearch => elasticsearch::client(plan, statement, wait),
        StoreKind::ObjectStorage => object_storage::client(plan, statement, wait),
        StoreKind::Kafka => messaging::producer(plan, statement, wait),
        StoreKind::External => {
            let Command { operation, target } = Command::of_http(statement);
            http::provider(Shards::of(store), &operation, &target, wait)
        }
    }
}

/// A span's name and fixed attributes.
struct Look {
    name: String,
    fixed: Vec<Attribute>,
}

fn shape(store: &Store, wait: Wait, look: Look) -> SpanShape {
    let protocol = Protocol::Database(Client { shards: Shards::of(store), kind: store.kind, wait });
    SpanShape::of_protocol(protocol, look.name, look.fixed, &["server.address", "error.type"])
}

fn mysql(store: &Store, statement: &Statement) -> Look {
    let Summary(summary) = Summary::of_sql(statement);
    let fixed = vec![
        text("db.system.name", "mysql"),
        text("db.namespace", &store.name),
        text("db.query.text", &statement.text),
        text("db.query.summary", &summary),
        int("server.port", 3306),
    ];
    Look { name: summary, fixed }
}

fn mongodb(store: &Store, statement: &Statement) -> Look {
    let Command { operation, target } = Command::of_mongodb(statement, store);
    let fixed = vec![
        text("db.system.name", "mongodb"),
        text("db.namespace", &store.name),
        text("db.query.text", &statement.text),
        text("db.operation.name", &operation),
        text("db.collection.name", &target),
        int("server.port", 27017),
    ];
    Look { name: format!("{operation} {target}"), fixed }
}

fn redis(statement: &Statement) -> Look {
    let command = Command::of_redis(statement);
    let fixed = vec![
        text("db.system.name", "redis"),
        text("db.namespace", "0"),
        text("db.query.text", &statement.text),
        text("db.operation.name", &command),
        int("server.port", 6379),
    ];
    Look { name: command, fixed }
}

impl Client {
    pub(super) fn varying(&self, outcome: Outcome, record: &SpanRecord) -> Varying {
        let attributes = vec![text("server.address", &self.shards.address(record.shard))];
        if outcome.answered() {
            return Varying { attributes, status: Status::Unset, exception: None };
        }
        let raised = self.wait.raised(outcome, record);
        let raised = raised.or_else(|| (outcome == Outcome::Error).then(|| store_error(self.kind)));
        Varying::failed(attributes, outcome, raised)
    }
}
