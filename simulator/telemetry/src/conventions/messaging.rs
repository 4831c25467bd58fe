//! Messages to and from Kafka: <https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/> with the page on
//! Kafka, in development. Kinds follow from the type of the operation, names from its name and the destination.

use super::Seen;

pub(super) fn producer(seen: &mut Seen<'_>) {
    both(seen, &["create", "send"]);
    // House rule: the shop's producers know their broker.
    seen.require_text(&["server.address"]);
    seen.demand(!seen.has("messaging.consumer.group.name"), "a producer has no consumer group");
}

/// "For each message it accounts for, the Process span SHOULD link to the message's creation context."
pub(super) fn consumer(seen: &mut Seen<'_>) {
    both(seen, &["process"]);
    seen.require_text(&["messaging.consumer.group.name", "messaging.destination.partition.id"]);
    let links = seen.span.links.len();
    seen.demand(links == 1, "it has no link to the message's producer, or several, though it processes one message");
}

fn both(seen: &mut Seen<'_>, types: &[&str]) {
    seen.require_text(&["messaging.operation.name", "messaging.operation.type", "messaging.destination.name"]);
    seen.demand(seen.text("messaging.system") == Some("kafka"), "`messaging.system` is not `kafka`");
    let operation = seen.text("messaging.operation.type").unwrap_or_default().to_owned();
    let kind = seen.span.kind().as_str_name();
    let fits = types.contains(&operation.as_str());
    seen.demand(fits, &format!("`messaging.operation.type` `{operation}` is none of a {kind} span"));
    let [name, destination] = ["messaging.operation.name", "messaging.destination.name"]
        .map(|key| seen.text(key).unwrap_or_default().to_owned());
    seen.require_name(&format!("{name} {destination}"));
    let port = !seen.has("server.address") || seen.int("server.port").is_some();
    seen.demand(port, "`server.address` without `server.port`");
    let batch = seen.has("messaging.batch.message_count");
    seen.demand(!batch, "`messaging.batch.message_count` is there, though it is about a single message");
}
