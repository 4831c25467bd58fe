//! Logs: one record where an exception was raised; and the checker, loud over each planted violation.

use crate::shop::{LONG, SHORT, all_traces, endpoint, plan, trace};
use doorbuster_model::outcome::Outcome;
use doorbuster_telemetry::conventions::check_logs;
use doorbuster_telemetry::encode::{Encoder, Place};
use doorbuster_telemetry::record::{Batch, SpanRecord};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::BTreeSet;

const PLACE: Place = Place { cell: 2, pass: 0, epoch_unix_ns: 1_760_000_000_000_000_000 };

fn batch(spans: &[SpanRecord]) -> Batch<'_> {
    Batch { pod: 0, number: 0, at: 0, spans }
}

fn all_logs() -> ExportLogsServiceRequest {
    let plan = plan();
    let spans = all_traces(&plan);
    Encoder::new(&plan, PLACE).logs(&batch(&spans)).expect("something failed")
}

fn records(request: &ExportLogsServiceRequest) -> &[LogRecord] {
    &request.resource_logs[0].scope_logs[0].log_records
}

/// *Scenario*: every shape with every outcome.
/// *Guarantees*: no rule is broken; every kind of span that raises exceptions has an event of its own name.
#[test]
fn every_log_keeps_the_conventions() {
    let request = all_logs();
    let violations: Vec<String> = check_logs(&request).iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{violations:#?}");
    let events: BTreeSet<&str> = records(&request).iter().map(|log| log.event_name.as_str()).collect();
    let expected = [
        "db.client.operation.exception",
        "http.client.request.exception",
        "http.server.request.exception",
        "messaging.process.exception",
        "messaging.send.exception",
        "rpc.client.call.exception",
        "rpc.server.call.exception",
    ];
    assert_eq!(events, BTreeSet::from(expected));
}

/// *Scenario*: the spans of every shape and outcome, and their logs.
/// *Guarantees*: there is one record for each span with an exception, of the same trace, span, time and words; none for any other.
#[test]
fn a_log_is_where_the_exception_is() {
    let plan = plan();
    let records_of = all_traces(&plan);
    let encoder = Encoder::new(&plan, PLACE);
    let spans = encoder.request(&batch(&records_of)).resource_spans[0].scope_spans[0].spans.clone();
    let raised: Vec<&Span> = spans.iter().filter(|span| !span.events.is_empty()).collect();
    let request = all_logs();
    assert_eq!(records(&request).len(), raised.len());
    for (log, span) in records(&request).iter().zip(raised) {
        assert_eq!((&log.trace_id, &log.span_id), (&span.trace_id, &span.span_id));
        assert_eq!(log.time_unix_nano, span.end_time_unix_nano);
        assert_eq!(log.attributes, span.events[0].attributes);
    }
}

/// *Scenario*: a payment that went well, one whose statement was answered late to everyone, one in which everyone waited in vain.
/// *Guarantees*: no logs, none either (nobody's own wait ended), and one for each who waited.
#[test]
fn what_was_told_is_not_logged_again() {
    let plan = plan();
    let encoder = Encoder::new(&plan, PLACE);
    let pay = endpoint(&plan, "gateway", "pay");
    let logs = |outcome, duration| encoder.logs(&batch(&trace(&plan, pay, 0, outcome, duration)));
    assert!(logs(Outcome::Ok, SHORT).is_none());
    assert!(logs(Outcome::Timeout, SHORT).is_none());
    // Two tries of the call, in each of them two of the statement and the provider's.
    assert_eq!(records(&logs(Outcome::Timeout, LONG).expect("logs")).len(), 2 * (1 + 2 + 1));
}

/// A part of what must be said, and what is done to a healthy record.
type Planted = (&'static str, fn(&mut LogRecord));

const PLANTED: &[Planted] = &[
    ("no convention knows this event", |log| log.event_name = "oops".to_owned()),
    ("its severity is 17, not 13", |log| log.severity_number = 17),
    ("`error` is not the severity's text", |log| log.severity_text = "error".to_owned()),
    ("the trace id is not 16 bytes", |log| log.trace_id.clear()),
    ("the span id is not 8 bytes", |log| log.span_id = vec![0; 8]),
    ("its flags don't say so", |log| log.flags = 0),
    ("it has no time", |log| log.time_unix_nano = 0),
    ("it was observed before it was there", |log| log.observed_time_unix_nano -= 1),
    ("it has neither `exception.type` nor `exception.message`", |log| log.attributes.clear()),
    ("it has no body", |log| log.body = None),
];

/// *Scenario*: one violation at a time, planted in a client's record; a resource without its team.
/// *Guarantees*: each is found and named, at the event that has it.
#[test]
fn planted_violations_are_found() {
    let healthy = all_logs();
    for (said, plant) in PLANTED {
        let mut request = healthy.clone();
        let logs = &mut request.resource_logs[0].scope_logs[0].log_records;
        let log = logs.iter_mut().find(|log| log.event_name == "db.client.operation.exception").expect("a log");
        plant(log);
        let name = log.event_name.clone();
        let violations = check_logs(&request);
        let found = violations.iter().any(|violation| violation.place == name && violation.what.contains(said));
        assert!(found, "`{said}` was not said of `{name}`: {violations:#?}");
    }
    let mut request = healthy;
    let attributes = &mut request.resource_logs[0].resource.as_mut().expect("a resource").attributes;
    attributes.retain(|attribute| attribute.key != "team");
    assert_eq!(check_logs(&request)[0].to_string(), "resource: `team` is missing");
}
