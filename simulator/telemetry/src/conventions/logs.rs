//! Log records of exceptions: <https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/> with the pages on the
//! exceptions of HTTP, RPC, databases and messaging. Severity follows from the event.

use super::{Violation, check_resource, is_id, is_text};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

/// Severity numbers.
const WARN: i32 = 13;
const ERROR: i32 = 17;

/// Events of exceptions and the severity that each SHOULD have.
const EVENTS: [(&str, i32); 8] = [
    ("http.client.request.exception", WARN),
    ("http.server.request.exception", ERROR),
    ("rpc.client.call.exception", WARN),
    ("rpc.server.call.exception", ERROR),
    ("db.client.operation.exception", WARN),
    ("messaging.create.exception", WARN),
    ("messaging.send.exception", WARN),
    ("messaging.process.exception", ERROR),
];

/// Everything in a request of logs that breaks a rule.
#[must_use]
pub fn check_logs(request: &ExportLogsServiceRequest) -> Vec<Violation> {
    let mut found = Vec::new();
    for resource_logs in &request.resource_logs {
        check_resource(resource_logs.resource.as_ref(), &resource_logs.schema_url, &super::RESOURCE, &mut found);
        for log in resource_logs.scope_logs.iter().flat_map(|scope| &scope.log_records) {
            check_log(log, &mut found);
        }
    }
    found
}

fn check_log(log: &LogRecord, found: &mut Vec<Violation>) {
    let place = if log.event_name.is_empty() { "log".to_owned() } else { log.event_name.clone() };
    let mut demand = |holds: bool, otherwise: &str| {
        if !holds {
            found.push(Violation { place: place.clone(), what: otherwise.to_owned() });
        }
    };
    let event = EVENTS.iter().find(|(name, _)| *name == log.event_name);
    demand(event.is_some(), "no convention knows this event");
    if let Some((_, severity)) = event {
        demand(log.severity_number == *severity, &format!("its severity is {}, not {severity}", log.severity_number));
    }
    let word = match log.severity_number {
        WARN => "WARN",
        ERROR => "ERROR",
        _ => "",
    };
    demand(log.severity_text == word, &format!("`{}` is not the severity's text", log.severity_text));
    // "MUST be associated with the corresponding span context".
    demand(is_id(&log.trace_id, 16), "the trace id is not 16 bytes, or zero");
    demand(is_id(&log.span_id, 8), "the span id is not 8 bytes, or zero");
    demand(log.flags & 1 == 1, "its trace is sampled, but its flags don't say so");
    demand(log.time_unix_nano > 0, "it has no time");
    demand(log.observed_time_unix_nano >= log.time_unix_nano, "it was observed before it was there");
    let has = |key: &str| log.attributes.iter().any(|attribute| attribute.key == key && is_text(attribute));
    demand(
        has("exception.type") || has("exception.message"),
        "it has neither `exception.type` nor `exception.message`",
    );
    let body = log.body.as_ref().and_then(|body| body.value.as_ref());
    demand(matches!(body, Some(Value::StringValue(text)) if !text.is_empty()), "it has no body");
}
