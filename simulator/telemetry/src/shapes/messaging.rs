//! Messages to and from Kafka (conventions in development: `docs/messaging/kafka.md` of 1.44).
//!
//! A "Send" span is a producer's, since its context travels with the message ("Span kind": `PRODUCER` if the
//! context of the "Send" span is used as creation context). Its name is `send {topic}`, a consumer's is `process {topic}`,
//! as in the page's example. Consumers poll within their framework: there is a "Process" span for each message and no "Receive"
//! span. It starts a trace and links to the producer's span ("Consumer spans": links are the default mechanism); the
//! producer's is never its parent.
//!
//! A producer's record names the broker, which leads several partitions, so the partition is told only of a topic that has one.
//! `messaging.client.id` is left out: the resource's `service.instance.id` tells clients apart. A message's key and offset
//! are not modelled.

use super::database::{Shards, store_error};
use super::{Attribute, Protocol, SpanShape, Status, Varying, Wait, int, text};
use crate::record::SpanRecord;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Consumer, Plan, Statement};
use doorbuster_scenarios::types::StoreKind;

/// Kafka's customary port.
const PORT: i64 = 9092;

/// A producer span's own part.
#[derive(Clone, Debug)]
pub(super) struct Producer {
    brokers: Shards,
    wait: Wait,
}

/// A consumer span's own part.
#[derive(Clone, Debug)]
pub(super) struct Process {
    brokers: Shards,
    broker_count: u16,
}

/// The shape of the span of a message being published.
pub(super) fn producer(plan: &Plan, topic: &Statement, wait: Wait) -> SpanShape {
    let mut fixed = fixed("send", topic);
    if topic.partitions == 1 {
        fixed.push(text("messaging.destination.partition.id", "0"));
    }
    let brokers = Shards::of(&plan.stores[usize::from(topic.store)]);
    let protocol = Protocol::Producer(Producer { brokers, wait });
    SpanShape::of_protocol(protocol, format!("send {}", topic.name), fixed, &["server.address", "error.type"])
}

/// The shape of the span of a message being processed.
pub(super) fn consumer(plan: &Plan, service: &str, consumer: &Consumer) -> SpanShape {
    let topic = &plan.statements[usize::from(consumer.topic)];
    let store = &plan.stores[usize::from(topic.store)];
    let mut fixed = fixed("process", topic);
    let endpoint = &plan.endpoints[usize::from(consumer.endpoint)].name;
    fixed.push(text("messaging.consumer.group.name", &group(service, endpoint)));
    let varying = ["server.address", "messaging.destination.partition.id", "error.type"];
    let protocol = Protocol::Consumer(Process { brokers: Shards::of(store), broker_count: store.shards });
    SpanShape::of_protocol(protocol, format!("process {}", topic.name), fixed, &varying)
}

/// Kafka's `group.id` of a consumer: its name in the scenario, which is unique within its service.
pub(crate) fn group(service: &str, consumer: &str) -> String {
    format!("{service}.{consumer}")
}

/// System-specific name and type of the operation are the same words here.
fn fixed(operation: &str, topic: &Statement) -> Vec<Attribute> {
    vec![
        text("messaging.system", "kafka"),
        text("messaging.operation.name", operation),
        text("messaging.operation.type", operation),
        text("messaging.destination.name", &topic.name),
        int("server.port", PORT),
    ]
}

impl Producer {
    pub(super) fn varying(&self, outcome: Outcome, record: &SpanRecord) -> Varying {
        let attributes = vec![text("server.address", &self.brokers.address(record.shard))];
        if outcome.answered() {
            return Varying { attributes, status: Status::Unset, exception: None };
        }
        let raised = self.wait.raised(outcome, record);
        let raised = raised.or_else(|| (outcome == Outcome::Error).then(|| store_error(StoreKind::Kafka)));
        Varying::failed(attributes, outcome, raised)
    }
}

impl Process {
    /// Whatever keeps a message from being processed is the consumer's failure: nobody else hears of it.
    pub(super) fn varying(&self, outcome: Outcome, record: &SpanRecord) -> Varying {
        let partition = record.shard;
        let attributes = vec![
            text("server.address", &self.brokers.address(partition % self.broker_count)),
            text("messaging.destination.partition.id", &partition.to_string()),
        ];
        if outcome.answered() {
            return Varying { attributes, status: Status::Unset, exception: None };
        }
        Varying::failed(attributes, outcome, None)
    }
}
