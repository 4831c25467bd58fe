//! Logs as OTLP: one record for each exception, where it was raised.
//!
//! Owns the road from a batch of spans to the log records of the same pod under semantic conventions 1.44. Refuses everything that
//! is not an exception: a span that was told of a failure logs nothing, so a failure is there once and leads to its first
//! cause.
//!
//! "Semantic conventions for exceptions in logs" (`docs/exceptions/exceptions-logs.md`) replaces exceptions as events of spans,
//! and lets instrumentations tell both during the change (`OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN=logs/dup`); the shop's do. The
//! event is named by its span's kind (`db.client.operation.exception`). Severity follows the same pages: ERROR for what
//! nobody handles (servers, consumers), WARN for what a caller may handle (clients, producers). The record is emitted when the
//! span ends, so both times are the span's end. A stack trace is not modelled.
//!
//! Records are made of the spans that an SDK exports: what a head sampler dropped is not here.

use crate::encode::{Encoder, SAMPLED, key_value, scope};
use crate::record::{Batch, SpanRecord, TraceWord};
use crate::shapes::{Kind, SCHEMA_URL, Value};
use doorbuster_model::ids::trace_number;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};

impl Encoder<'_> {
    /// The logs of one batch; `None` if nothing was raised in it.
    #[must_use]
    pub fn logs(&self, batch: &Batch<'_>) -> Option<ExportLogsServiceRequest> {
        let log_records: Vec<LogRecord> = batch.spans.iter().filter_map(|record| self.log(record)).collect();
        if log_records.is_empty() {
            return None;
        }
        let schema_url = SCHEMA_URL.to_owned();
        let scope_logs = ScopeLogs { scope: Some(scope()), log_records, schema_url: schema_url.clone() };
        let resource = Some(self.resources[usize::from(batch.pod)].clone());
        let resource_logs = ResourceLogs { resource, scope_logs: vec![scope_logs], schema_url };
        Some(ExportLogsServiceRequest { resource_logs: vec![resource_logs] })
    }

    pub(crate) fn log(&self, record: &SpanRecord) -> Option<LogRecord> {
        let raised = self.shapes.varying(record).exception?;
        let shape = self.shapes.of(record);
        let (severity, severity_text) = match shape.kind {
            Kind::Server | Kind::Consumer => (SeverityNumber::Error, "ERROR"),
            Kind::Client | Kind::Producer => (SeverityNumber::Warn, "WARN"),
        };
        let sequence = TraceWord(record.trace).sequence();
        let at = self.unix_ns(record.start + u64::from(record.duration));
        let attributes = [("exception.type", raised.kind), ("exception.message", raised.message)];
        Some(LogRecord {
            time_unix_nano: at,
            observed_time_unix_nano: at,
            severity_number: severity.into(),
            severity_text: severity_text.to_owned(),
            body: Some(AnyValue { value: Some(any_value::Value::StringValue(raised.message.to_owned())) }),
            attributes: attributes.map(|(key, value)| key_value(&(key, Value::Text(value.to_owned())))).into(),
            dropped_attributes_count: 0,
            flags: SAMPLED,
            trace_id: self.ids.trace_id(self.place.cell, sequence, self.place.pass).to_be_bytes().to_vec(),
            span_id: self.ids.span_id(trace_number(self.place.cell, sequence), record.index).to_be_bytes().to_vec(),
            event_name: shape.exception_event().to_owned(),
        })
    }
}
