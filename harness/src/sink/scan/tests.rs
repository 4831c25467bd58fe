//! The scan against the official types.

use super::wire::Value;
use super::*;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, metric,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message;
use prost::encoding::encode_varint;

fn text(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

fn any_span() -> impl Strategy<Value = Span> {
    let attributes = prop::collection::vec(("[a-z.]{0,12}", ".{0,20}"), 0..4);
    (any::<u128>(), any::<u64>(), any::<u64>(), any::<u64>(), ".{0,9}", attributes).prop_map(
        |(trace, id, start, end, name, attributes)| Span {
            trace_id: trace.to_be_bytes().to_vec(),
            span_id: id.to_be_bytes().to_vec(),
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            name,
            flags: 0x101,
            dropped_links_count: 300,
            attributes: attributes.iter().map(|(key, value)| text(key, value)).collect(),
            ..Span::default()
        },
    )
}

fn any_resource_spans() -> impl Strategy<Value = ResourceSpans> {
    let scopes = prop::collection::vec(prop::collection::vec(any_span(), 0..4), 0..3);
    (prop::option::of(".{0,9}"), scopes).prop_map(|(service, scopes)| ResourceSpans {
        resource: service.map(|service| Resource {
            attributes: vec![text("host.name", "a"), text("service.name", &service), text("b", "c")],
            ..Resource::default()
        }),
        scope_spans: scopes.into_iter().map(|spans| ScopeSpans { spans, ..ScopeSpans::default() }).collect(),
        ..ResourceSpans::default()
    })
}

fn any_request() -> impl Strategy<Value = ExportTraceServiceRequest> {
    prop::collection::vec(any_resource_spans(), 0..4)
        .prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

/// Service and spans of each resource that has spans, as the scan reads them.
fn scanned(body: &[u8]) -> Result<Vec<(String, Vec<FoundSpan>)>, Corrupt> {
    let mut found = Found::default();
    scan(Signal::Traces, body, &mut found)?;
    let of = |group: &Group| {
        let service = group.service.clone().map(|range| String::from_utf8_lossy(&body[range]).into_owned());
        (service.unwrap_or_default(), found.spans[group.spans.clone()].to_vec())
    };
    Ok(found.groups.iter().map(of).collect())
}

/// The same as the official types have it.
fn decoded(request: &ExportTraceServiceRequest) -> Vec<(String, Vec<FoundSpan>)> {
    let mut all = Vec::new();
    for resource_spans in &request.resource_spans {
        let mut attributes = resource_spans.resource.iter().flat_map(|resource| &resource.attributes);
        let service = attributes.rfind(|attribute| attribute.key == "service.name");
        let service = service.and_then(|attribute| match attribute.value.as_ref()?.value.as_ref()? {
            any_value::Value::StringValue(name) => Some(name.clone()),
            _ => None,
        });
        let spans: Vec<FoundSpan> =
            resource_spans.scope_spans.iter().flat_map(|scope| &scope.spans).map(found).collect();
        if !spans.is_empty() {
            all.push((service.unwrap_or_default(), spans));
        }
    }
    all
}

fn found(span: &Span) -> FoundSpan {
    FoundSpan {
        trace_id: u128::from_be_bytes(span.trace_id.as_slice().try_into().unwrap()),
        id: u64::from_be_bytes(span.span_id.as_slice().try_into().unwrap()),
        start_unix_ns: span.start_time_unix_nano,
        end_unix_ns: span.end_time_unix_nano,
    }
}

/// Writes a message's fields again in a shuffled order, with overlong lengths and fields that OTLP does not have.
fn scrambled(body: &[u8], depth: usize, seed: u64) -> Vec<u8> {
    let mut fields = Fields::new(body, 0);
    let mut pieces = Vec::new();
    let mut begin = 0;
    while let Some((field, value)) = fields.next().unwrap() {
        let mut piece = body[begin..fields.place()].to_vec();
        begin = fields.place();
        // Request, resource spans, scope spans: those that hold what is scanned.
        let inside = matches!((depth, field), (0, 1) | (1 | 2, 2));
        if let (true, Value::Bytes(inner)) = (inside, value) {
            let inner = scrambled(&body[inner.range()], depth + 1, seed ^ begin as u64);
            piece = vec![(field << 3 | 2) as u8];
            let mut length = Vec::new();
            encode_varint(inner.len() as u64, &mut length);
            *length.last_mut().unwrap() |= 0x80;
            piece.extend(length.into_iter().chain([0x80, 0]).chain(inner));
        }
        pieces.push((inside, piece));
    }
    // What repeats keeps its order; everything else goes to the other end.
    let (mut first, last): (Vec<_>, Vec<_>) = pieces.into_iter().partition(|(inside, _)| *inside);
    if depth == 3 {
        first = last.into_iter().rev().collect();
    } else {
        first.extend(last);
    }
    // Field 1900: a varint, a group with a string inside, 32 bits.
    let key = |kind: u64| {
        let mut bytes = Vec::new();
        encode_varint(1900 << 3 | kind, &mut bytes);
        bytes
    };
    let mut bytes = [key(0), vec![0xff, 0x01], key(3), vec![0x0a, 1, 7], key(4), key(5), vec![1, 2, 3, 4]].concat();
    if seed.is_multiple_of(2) {
        bytes.clear();
    }
    first.into_iter().for_each(|(_, piece)| bytes.extend(piece));
    bytes
}

proptest! {
    /// *Scenario*: random requests as the official encoder writes them, and the same with shuffled fields, overlong lengths,
    /// unknown fields and groups.
    ///
    /// *Guarantees*: the scan finds what the official decoder finds.
    #[test]
    fn the_scan_finds_what_the_official_decoder_finds(request in any_request(), seed in any::<u64>()) {
        let body = request.encode_to_vec();
        prop_assert_eq!(scanned(&body).unwrap(), decoded(&request));
        let odd = scrambled(&body, 0, seed);
        let official = ExportTraceServiceRequest::decode(odd.as_slice()).unwrap();
        prop_assert_eq!(scanned(&odd).unwrap(), decoded(&official));
    }

    /// *Scenario*: random bytes, and requests in which one byte is another.
    ///
    /// *Guarantees*: no panic; what the official decoder takes, with ids of the right length, is not called corrupt.
    #[test]
    fn damage_never_panics(request in any_request(), place in any::<prop::sample::Index>(), byte in any::<u8>(),
        noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut body = request.encode_to_vec();
        if !body.is_empty() {
            let place = place.index(body.len());
            body[place] = byte;
        }
        for body in [body, noise] {
            let is_official = ExportTraceServiceRequest::decode(body.as_slice()).is_ok_and(|request| {
                let mut spans = request.resource_spans.iter().flat_map(|of| &of.scope_spans).flat_map(|of| &of.spans);
                spans.all(|span| span.trace_id.len() == 16 && span.span_id.len() == 8)
            });
            prop_assert!(scanned(&body).is_ok() || !is_official);
            for signal in [Signal::Metrics, Signal::Logs] {
                let _ = scan(signal, &body, &mut Found::default());
            }
        }
    }
}

/// *Scenario*: a small request, cut off after each of its bytes.
///
/// *Guarantees*: corrupt everywhere but between two resources, where protobuf knows no end.
#[test]
fn a_cut_is_corrupt_except_between_resources() {
    let span = |n: u8| Span { trace_id: vec![n; 16], span_id: vec![n; 8], name: "x".to_owned(), ..Span::default() };
    let resource = |n: u8| ResourceSpans {
        resource: Some(Resource { attributes: vec![text("service.name", "order")], ..Resource::default() }),
        scope_spans: vec![ScopeSpans { spans: vec![span(n), span(n + 1)], ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest { resource_spans: vec![resource(1), resource(3)] };
    let body = request.encode_to_vec();
    let between = body.len() / 2;
    for cut in 0..=body.len() {
        let is_whole = [0, between, body.len()].contains(&cut);
        assert_eq!(scanned(&body[..cut]).is_ok(), is_whole, "cut after {cut} of {} bytes", body.len());
    }
}

/// *Scenario*: ids of a wrong length, a span that is a number, field 0, a type that does not exist, too deep groups.
///
/// *Guarantees*: each is corrupt, in words.
#[test]
fn what_is_wrong_is_said_in_words() {
    let short = Span { trace_id: vec![1; 15], span_id: vec![1; 8], ..Span::default() };
    let scope = ScopeSpans { spans: vec![short], ..ScopeSpans::default() };
    let resource_spans = vec![ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() }];
    let short = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    let deep = [0x13; 150].to_vec();
    for (body, told) in [
        (short, "ids are not of 16 and 8 bytes"),
        (vec![0x0a, 2, 0x10, 1], "a scope is of another type than in OTLP, at byte 4"),
        (vec![0x08, 1], "another type"),
        (vec![0x02, 0], "number 0"),
        (vec![0x0f], "a type that does not exist"),
        (vec![0x14], "did not begin"),
        (vec![0x13, 0x1c], "ends as another"),
        (deep, "too deep"),
        ([0xff; 11].to_vec(), "more than 64 bits"),
    ] {
        let corrupt = scanned(&body).unwrap_err().to_string();
        assert!(corrupt.contains(told), "{corrupt}");
    }
}

/// *Scenario*: three metrics of different kinds.
///
/// *Guarantees*: all points of all kinds are counted.
#[test]
fn points_of_every_kind_are_counted() {
    let points = |n: usize| vec![NumberDataPoint { time_unix_nano: 5, ..NumberDataPoint::default() }; n];
    let metric = |data| Metric { name: "m".to_owned(), data: Some(data), ..Metric::default() };
    let summaries = vec![SummaryDataPoint { count: 4, ..SummaryDataPoint::default() }; 4];
    let metrics = vec![
        metric(metric::Data::Gauge(Gauge { data_points: points(2) })),
        metric(metric::Data::Sum(Sum { data_points: points(3), ..Sum::default() })),
        metric(metric::Data::Summary(Summary { data_points: summaries })),
    ];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
    let body = ExportMetricsServiceRequest { resource_metrics }.encode_to_vec();
    let mut found = Found::default();
    scan(Signal::Metrics, &body, &mut found).unwrap();
    assert_eq!(found.points, 9);
}
