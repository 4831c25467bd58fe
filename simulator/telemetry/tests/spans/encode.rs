//! The encoder: what prost reads back is what the records and the plan say.

use crate::shop::{LONG, ROOTS, all_traces, endpoint, plan, trace};
use doorbuster_model::ids::{Ids, trace_number};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{ORIGIN_SHIFT, Plan, way};
use doorbuster_telemetry::encode::{Encoder, Place};
use doorbuster_telemetry::record::{Batch, SpanRecord, TraceWord};
use doorbuster_telemetry::resource::resources;
use doorbuster_telemetry::shapes::{Attribute, Kind, SCHEMA_URL, Shapes, Status, Value, parent_index};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};

const PLACE: Place = Place { cell: 3, pass: 1, epoch_unix_ns: 1_760_000_000_000_000_000 };

fn decoded(plan: &Plan, pod: u16, spans: &[SpanRecord]) -> ExportTraceServiceRequest {
    let bytes = Encoder::new(plan, PLACE).bytes(&Batch { pod, number: 0, at: 0, spans });
    ExportTraceServiceRequest::decode(&bytes[..]).expect("bytes of a request")
}

fn spans_of(request: &ExportTraceServiceRequest) -> &[Span] {
    assert_eq!((request.resource_spans.len(), request.resource_spans[0].scope_spans.len()), (1, 1));
    &request.resource_spans[0].scope_spans[0].spans
}

/// Encoded attributes as the shapes write them.
fn plain(attributes: &[KeyValue]) -> Vec<(&str, Value)> {
    let value = |attribute: &KeyValue| match attribute.value.clone().and_then(|value| value.value) {
        Some(any_value::Value::StringValue(text)) => Value::Text(text),
        Some(any_value::Value::IntValue(number)) => Value::Int(number),
        Some(any_value::Value::DoubleValue(number)) => Value::Hundredths((number * 100.0).round() as i64),
        other => panic!("`{}` is {other:?}", attribute.key),
    };
    attributes.iter().map(|attribute| (attribute.key.as_str(), value(attribute))).collect()
}

/// *Scenario*: every shape with every outcome, encoded and decoded again.
/// *Guarantees*: ids, parent, flags, name, kind, times, attributes, events and status are those that record, plan and ids give.
#[test]
fn every_field_comes_back() {
    let plan = plan();
    let shapes = Shapes::of_cell(&plan, PLACE.cell);
    let ids = Ids::new(plan.seed);
    let records = all_traces(&plan);
    let request = decoded(&plan, 0, &records);
    assert_eq!(spans_of(&request).len(), records.len());
    for (span, record) in spans_of(&request).iter().zip(&records) {
        let (shape, varying) = (shapes.of(record), shapes.varying(record));
        let sequence = TraceWord(record.trace).sequence();
        let trace = trace_number(PLACE.cell, sequence);
        let parent = parent_index(&plan, record);
        assert_eq!(span.trace_id, ids.trace_id(PLACE.cell, sequence, PLACE.pass).to_be_bytes());
        assert_eq!(span.span_id, ids.span_id(trace, record.index).to_be_bytes());
        let parent_id = parent.map(|index| ids.span_id(trace, index).to_be_bytes().to_vec());
        assert_eq!(span.parent_span_id, parent_id.unwrap_or_default());
        let remote = shape.kind == Kind::Server && record.index > 0;
        assert_eq!(span.flags, if remote { 0x301 } else { 0x101 });
        assert_eq!(span.name, shape.name);
        let kind = match shape.kind {
            Kind::Server => 2,
            Kind::Client => 3,
            Kind::Producer => 4,
            Kind::Consumer => 5,
        };
        assert_eq!(span.kind, kind);
        assert_eq!(span.links.len(), usize::from(shape.kind == Kind::Consumer));
        assert_eq!(span.start_time_unix_nano, PLACE.epoch_unix_ns + record.start * 1_024);
        assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, u64::from(record.duration) * 1_024);
        let attributes: Vec<Attribute> = shape.fixed.iter().cloned().chain(varying.attributes).collect();
        assert_eq!(plain(&span.attributes), attributes);
        let status = span.status.clone().map(|status| (status.code, status.message));
        let expected = match varying.status {
            Status::Unset => None,
            Status::Error(description) => Some((2, description.to_owned())),
        };
        assert_eq!(status, expected);
        assert_eq!(span.events.len(), usize::from(varying.exception.is_some()));
        for (event, exception) in span.events.iter().zip(varying.exception) {
            assert_eq!((event.name.as_str(), event.time_unix_nano), ("exception", span.end_time_unix_nano));
            let told = [("exception.type", exception.kind), ("exception.message", exception.message)];
            assert_eq!(plain(&event.attributes), told.map(|(key, value)| (key, Value::Text(value.to_owned()))));
        }
    }
}

/// *Scenario*: whole traces, encoded.
/// *Guarantees*: span ids are unique, every parent lies in its own trace, and a trace has one root.
#[test]
fn parents_lie_in_their_trace() {
    let plan = plan();
    let request = decoded(&plan, 0, &all_traces(&plan));
    let mut traces: BTreeMap<&[u8], Vec<&Span>> = BTreeMap::new();
    for span in spans_of(&request) {
        traces.entry(&span.trace_id).or_default().push(span);
    }
    assert_eq!(traces.len(), ROOTS.len() * 3 * Outcome::COUNT);
    let mut all = BTreeSet::new();
    for spans in traces.values() {
        let own: BTreeSet<&[u8]> = spans.iter().map(|span| &span.span_id[..]).collect();
        assert_eq!(own.len(), spans.len());
        let (roots, others): (Vec<&Span>, Vec<&Span>) = spans.iter().partition(|span| span.parent_span_id.is_empty());
        assert_eq!(roots.len(), 1);
        assert!(others.iter().all(|span| own.contains(&span.parent_span_id[..])));
        all.extend(own);
    }
    assert_eq!(all.len(), spans_of(&request).len());
}

/// *Scenario*: an order's creation whose message is published at the second try, and the two consumer groups' traces of that message.
/// *Guarantees*: each consumer's span starts a trace of its own, links to the very span of the second try, and tells the same order.
#[test]
fn consumers_link_to_the_producers_span() {
    let plan = plan();
    let shapes = Shapes::of_cell(&plan, PLACE.cell);
    let created = trace(&plan, endpoint(&plan, "gateway", "create_order"), 77, Outcome::Ok, LONG);
    let is_second_try = |record: &&SpanRecord| shapes.of(record).kind == Kind::Producer && record.attempt == 1;
    let published = created.iter().find(is_second_try).expect("a second try");
    let producer = spans_of(&decoded(&plan, 0, &[*published]))[0].clone();
    let order = |record: &SpanRecord| {
        let attributes = shapes.varying(record).attributes;
        let orders = attributes.into_iter().filter(|one| one.0.starts_with("order."));
        orders.collect::<Vec<Attribute>>()
    };
    assert_eq!(order(&created[0]).len(), 2);
    let consumers =
        plan.consumers.iter().filter(|consumer| plan.statements[usize::from(consumer.topic)].name == "order.created");
    let consumers: Vec<_> = consumers.collect();
    assert_eq!(consumers.len(), 2);
    for consumer in consumers {
        let way = way(&plan, published.index, consumer.topic).expect("a way to the topic");
        let sequence = 77 + way + (u64::from(consumer.nth) << ORIGIN_SHIFT);
        let processed = trace(&plan, consumer.endpoint, sequence, Outcome::Ok, LONG);
        assert_eq!(order(&processed[0]), order(&created[0]));
        let span = spans_of(&decoded(&plan, 0, &processed))[0].clone();
        assert_eq!(span.links.len(), 1);
        assert_eq!((&span.links[0].trace_id, &span.links[0].span_id), (&producer.trace_id, &producer.span_id));
        assert_eq!(span.links[0].flags, 0x301, "sampled, and remote");
        assert!(span.parent_span_id.is_empty());
        assert_ne!(span.trace_id, producer.trace_id);
    }
}

/// *Scenario*: the orders of a hundred thousand traces in two cells.
/// *Guarantees*: each has a number of its own, and the mean amount is the case study's 27.40 CNY.
#[test]
fn orders_have_numbers_and_amounts() {
    let plan = plan();
    let create = plan.endpoints[usize::from(endpoint(&plan, "gateway", "create_order"))].shape;
    let root = trace(&plan, endpoint(&plan, "gateway", "create_order"), 0, Outcome::Ok, LONG)[0];
    assert_eq!(root.shape, create);
    let (mut numbers, mut cents) = (BTreeSet::new(), 0);
    for cell in [0, 1] {
        let shapes = Shapes::of_cell(&plan, cell);
        for sequence in 0..50_000 {
            let record = SpanRecord { trace: TraceWord::new(sequence, 0, 0).0, ..root };
            for (key, value) in shapes.varying(&record).attributes {
                match value {
                    Value::Text(number) if key == "order.id" => assert!(numbers.insert(number)),
                    Value::Hundredths(amount) => cents += amount,
                    _ => {}
                }
            }
        }
    }
    assert_eq!(numbers.len(), 100_000);
    let mean = cents as f64 / 100_000.0 / 100.0;
    assert!((mean - 27.4).abs() < 0.3, "{mean}");
}

/// *Scenario*: a trace of one cell, sent in two passes, and the same of another cell.
/// *Guarantees*: trace ids differ between cells and passes, so nothing is taken for a duplicate.
#[test]
fn cells_and_passes_have_their_own_ids() {
    let plan = plan();
    let spans = trace(&plan, endpoint(&plan, "gateway", "pay"), 5, Outcome::Ok, LONG);
    let id = |cell, pass| {
        let encoder = Encoder::new(&plan, Place { cell, pass, ..PLACE });
        let request = encoder.request(&Batch { pod: 0, number: 0, at: 0, spans: &spans });
        spans_of(&request)[0].trace_id.clone()
    };
    let ids = BTreeSet::from([id(0, 0), id(0, 1), id(1, 0), id(1, 1)]);
    assert_eq!(ids.len(), 4);
}

/// *Scenario*: the resources of all pods of two cells, twice.
/// *Guarantees*: each names its service, team and cost center; identities differ between pods and cells and are the same every time; the encoder sends the pod's own.
#[test]
fn each_pod_has_its_resource() {
    let plan = plan();
    let value = |resource: &[Attribute], key: &str| {
        let found = resource.iter().find(|attribute| attribute.0 == key);
        let Some((_, Value::Text(text))) = found else { panic!("no `{key}`") };
        text.clone()
    };
    let (one, two) = (resources(&plan, 0), resources(&plan, PLACE.cell));
    assert_eq!(one, resources(&plan, 0));
    assert_eq!(one.len(), 9);
    for key in ["service.instance.id", "k8s.pod.name"] {
        let identities: BTreeSet<String> = one.iter().chain(&two).map(|resource| value(resource, key)).collect();
        assert_eq!(identities.len(), 18, "{identities:?}");
    }
    let payment = two.iter().find(|resource| value(resource, "service.name") == "payment").expect("a pod of payment");
    assert_eq!(value(payment, "service.name"), "payment");
    assert_eq!(value(payment, "service.version"), "2.3.1");
    assert_eq!((value(payment, "team"), value(payment, "cost_center")), ("money".to_owned(), "transaction".to_owned()));
    let id = value(payment, "service.instance.id");
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
    let request = decoded(&plan, 3, &[]);
    let sent = request.resource_spans[0].resource.as_ref().expect("a resource");
    assert_eq!(plain(&sent.attributes), *payment);
    assert_eq!(request.resource_spans[0].schema_url, SCHEMA_URL);
}
