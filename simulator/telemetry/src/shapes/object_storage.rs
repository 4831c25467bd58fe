//! Object storage that speaks S3 (conventions in development: `docs/object-stores/s3.md` and
//! `docs/cloud-providers/aws-sdk.md` of 1.44).
//!
//! "Span name MUST be of the format `Service.Operation`". The page still demands `rpc.system`, which the same version has
//! deprecated in favour of `rpc.system.name`, and `rpc.service`, whose value "should be included in `rpc.method`": so the new names
//! are told, `rpc.system.name` as `aws-api` and `rpc.method` as `S3/HeadObject`, and the deprecated ones are not. The page
//! knows no code of an answer, so none is told; a failure is told by `error.type`.
//!
//! A statement is the operation, if wanted with what it is done to: `GetObject pictures/{id}.png`. The bucket is named as the store
//! otherwise, and the key left out.

use super::database::{Shards, store_error};
use super::http::Route;
use super::query::Command;
use super::{Protocol, SpanShape, Status, Varying, Wait, int, text};
use crate::record::SpanRecord;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Plan, Statement};
use doorbuster_scenarios::types::StoreKind;

/// Chosen: the port of MinIO, an object storage that runs in a cluster.
const PORT: i64 = 9000;

/// An object storage span's own part.
#[derive(Clone, Debug)]
pub(super) struct Client {
    shards: Shards,
    key: Option<Route>,
    wait: Wait,
}

/// The shape of an operation's client span.
pub(super) fn client(plan: &Plan, statement: &Statement, wait: Wait) -> SpanShape {
    let store = &plan.stores[usize::from(statement.store)];
    let Command { operation, target } = Command::of_object_storage(statement);
    let (bucket, key) = target.split_once('/').unwrap_or((&target, ""));
    let bucket = if bucket.is_empty() { &store.name } else { bucket };
    let fixed = vec![
        text("rpc.system.name", "aws-api"),
        text("rpc.method", &format!("S3/{operation}")),
        text("aws.s3.bucket", bucket),
        int("server.port", PORT),
    ];
    let key = (!key.is_empty()).then(|| Route::new(key));
    let mut varying = vec!["server.address", "error.type"];
    if key.is_some() {
        varying.push("aws.s3.key");
    }
    let client = Client { shards: Shards::of(store), key, wait };
    SpanShape::of_protocol(Protocol::ObjectStorage(client), format!("S3.{operation}"), fixed, &varying)
}

impl Client {
    pub(super) fn varying(&self, outcome: Outcome, record: &SpanRecord) -> Varying {
        let mut attributes = vec![text("server.address", &self.shards.address(record.shard))];
        if let Some(key) = &self.key {
            attributes.push(text("aws.s3.key", &key.path(record)));
        }
        if outcome.answered() {
            return Varying { attributes, status: Status::Unset, exception: None };
        }
        let raised = self.wait.raised(outcome, record);
        let raised = raised.or_else(|| (outcome == Outcome::Error).then(|| store_error(StoreKind::ObjectStorage)));
        Varying::failed(attributes, outcome, raised)
    }
}
