//! A plain OTLP encoder: one batch, one request, built as messages and encoded by prost.
//!
//! Owns the road from a record to OTLP. Refuses to be fast: `templates` is, which has what it copies made here and is held against it.
//! One resource and one scope a batch, as an SDK sends it.

use crate::record::{Batch, SpanRecord, TraceWord};
use crate::resource::resources;
use crate::shapes::{Attribute, Exception, Kind, SCHEMA_URL, SCOPE, Shapes, Status, Value, Varying, parent_index};
use crate::tally::Tally;
use doorbuster_model::ids::{Ids, trace_number};
use doorbuster_model::plan::{Plan, linked};
use doorbuster_model::time::{Ticks, ns_from_ticks};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status as StatusMessage};
use prost::Message;

/// W3C trace flag: sampled.
pub(crate) const SAMPLED: u32 = 0x1;
/// OTLP: whether the parent is remote is known (`SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`).
const REMOTE_IS_KNOWN: u32 = 0x100;
/// OTLP: the parent is remote (`SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK`).
const REMOTE: u32 = 0x200;

/// Encodes the batches of one cell.
pub struct Encoder<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) shapes: Shapes,
    pub(crate) resources: Vec<Resource>,
    pub(crate) ids: Ids,
    pub(crate) place: Place,
}

/// Where and when the stream is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The cell.
    pub cell: u16,
    /// Which time the same stream is sent, from 0; trace ids differ between passes.
    pub pass: u16,
    /// Virtual time zero, in nanoseconds since 1970.
    pub epoch_unix_ns: u64,
}

impl<'p> Encoder<'p> {
    /// An encoder for the plan's records of one cell.
    #[must_use]
    pub fn new(plan: &'p Plan, place: Place) -> Self {
        let resources = resources(plan, place.cell).into_iter().map(|attributes| Resource {
            attributes: attributes.iter().map(key_value).collect(),
            ..Resource::default()
        });
        Self {
            plan,
            shapes: Shapes::of_cell(plan, place.cell),
            resources: resources.collect(),
            ids: Ids::new(plan.seed),
            place,
        }
    }

    /// The export of one batch.
    #[must_use]
    pub fn request(&self, batch: &Batch<'_>) -> ExportTraceServiceRequest {
        let scope_spans = ScopeSpans {
            scope: Some(scope()),
            spans: batch.spans.iter().map(|record| self.span(record)).collect(),
            schema_url: SCHEMA_URL.to_owned(),
        };
        let resource_spans = ResourceSpans {
            resource: Some(self.resources[usize::from(batch.pod)].clone()),
            scope_spans: vec![scope_spans],
            schema_url: SCHEMA_URL.to_owned(),
        };
        ExportTraceServiceRequest { resource_spans: vec![resource_spans] }
    }

    /// Marks every resource with attributes; one that it has already gets the new value.
    pub fn mark(&mut self, marks: &[(String, String)]) {
        for resource in &mut self.resources {
            for (key, value) in marks {
                let value = AnyValue { value: Some(any_value::Value::StringValue(value.clone())) };
                resource.attributes.retain(|attribute| attribute.key != *key);
                resource.attributes.push(KeyValue { key: key.clone(), value: Some(value), ..KeyValue::default() });
            }
        }
    }

    /// Appends the export of one batch; several in a row are one request. Its spans go into the tally, if there is one.
    pub fn append(&self, batch: &Batch<'_>, into: &mut Vec<u8>, tally: Option<&mut Tally>) {
        self.request(batch).encode(into).expect("invariant: a vector grows");
        let Some(tally) = tally else { return };
        let service = tally.service(self.service(batch.pod));
        for record in batch.spans {
            let sequence = TraceWord(record.trace).sequence();
            let trace_id = self.ids.trace_id(self.place.cell, sequence, self.place.pass);
            let span_id = self.ids.span_id(trace_number(self.place.cell, sequence), record.index);
            tally.add(service, self.unix_ns(record.start), trace_id, span_id);
        }
    }

    /// Appends the logs of one batch, if there are any; how many.
    pub fn append_logs(&self, batch: &Batch<'_>, into: &mut Vec<u8>) -> u64 {
        let Some(logs) = self.logs(batch) else { return 0 };
        logs.encode(into).expect("invariant: a vector grows");
        let scopes = logs.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
        scopes.map(|scope| scope.log_records.len() as u64).sum()
    }

    /// The name of a pod's service, as its resource says it.
    pub(crate) fn service(&self, pod: u16) -> &str {
        let attributes = &self.resources[usize::from(pod)].attributes;
        let named = attributes.iter().find(|attribute| attribute.key == "service.name");
        match named.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()) {
            Some(any_value::Value::StringValue(name)) => name,
            _ => "",
        }
    }

    /// The bytes of [`Encoder::request`].
    #[must_use]
    pub fn bytes(&self, batch: &Batch<'_>) -> Vec<u8> {
        self.request(batch).encode_to_vec()
    }

    pub(crate) fn span(&self, record: &SpanRecord) -> Span {
        let sequence = TraceWord(record.trace).sequence();
        let shape = self.shapes.of(record);
        let Varying { attributes, status, exception } = self.shapes.varying(record);
        let trace = trace_number(self.place.cell, sequence);
        let id = |index: u32| self.ids.span_id(trace, index).to_be_bytes().to_vec();
        let parent = parent_index(self.plan, record);
        let end = self.unix_ns(record.start + u64::from(record.duration));
        Span {
            trace_id: self.ids.trace_id(self.place.cell, sequence, self.place.pass).to_be_bytes().to_vec(),
            span_id: id(record.index),
            parent_span_id: parent.map(id).unwrap_or_default(),
            flags: flags(shape.kind, parent),
            name: shape.name.clone(),
            kind: kind(shape.kind).into(),
            start_time_unix_nano: self.unix_ns(record.start),
            end_time_unix_nano: end,
            attributes: shape.fixed.iter().chain(&attributes).map(key_value).collect(),
            links: self.link(sequence, record.index).into_iter().collect(),
            events: exception.map(|raised| event(raised, end)).into_iter().collect(),
            status: status_message(status),
            ..Span::default()
        }
    }

    /// A consumer's span links to the producer's, whose context came with the message: from another process, and sampled.
    fn link(&self, sequence: u64, index: u32) -> Option<Link> {
        if index > 0 {
            return None;
        }
        let (sequence, span) = linked(self.plan, sequence)?;
        let trace = trace_number(self.place.cell, sequence);
        Some(Link {
            trace_id: self.ids.trace_id(self.place.cell, sequence, self.place.pass).to_be_bytes().to_vec(),
            span_id: self.ids.span_id(trace, span).to_be_bytes().to_vec(),
            flags: SAMPLED | REMOTE_IS_KNOWN | REMOTE,
            ..Link::default()
        })
    }

    pub(crate) fn unix_ns(&self, at: Ticks) -> u64 {
        self.place.epoch_unix_ns + ns_from_ticks(at)
    }
}

/// The instrumentation scope of what the shop's services tell.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: SCOPE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// A server's parent is at its caller; a client's or producer's is the span of its own program. A consumer's span has none.
fn flags(kind: Kind, parent: Option<u32>) -> u32 {
    let remote = if kind == Kind::Server && parent.is_some() { REMOTE } else { 0 };
    SAMPLED | REMOTE_IS_KNOWN | remote
}

fn kind(kind: Kind) -> SpanKind {
    match kind {
        Kind::Server => SpanKind::Server,
        Kind::Client => SpanKind::Client,
        Kind::Producer => SpanKind::Producer,
        Kind::Consumer => SpanKind::Consumer,
    }
}

/// SDKs leave an unset status out.
fn status_message(status: Status) -> Option<StatusMessage> {
    match status {
        Status::Unset => None,
        Status::Error(description) => {
            Some(StatusMessage { message: description.to_owned(), code: StatusCode::Error.into() })
        }
    }
}

fn event(raised: Exception, time_unix_nano: u64) -> Event {
    let attributes = [("exception.type", raised.kind), ("exception.message", raised.message)];
    let attributes = attributes.map(|(key, value)| key_value(&(key, Value::Text(value.to_owned()))));
    Event { time_unix_nano, name: "exception".to_owned(), attributes: attributes.into(), ..Event::default() }
}

pub(crate) fn key_value((key, value): &Attribute) -> KeyValue {
    let value = match value {
        Value::Text(text) => any_value::Value::StringValue(text.clone()),
        Value::Int(number) => any_value::Value::IntValue(*number),
        Value::Hundredths(number) => any_value::Value::DoubleValue(double(*number)),
    };
    KeyValue { key: (*key).to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// Hundredths as they are exported.
pub(crate) fn double(hundredths: i64) -> f64 {
    hundredths as f64 / 100.0
}
