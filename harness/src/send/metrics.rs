//! The fleet's metrics on their way: an export every ten seconds, by the plain encoder.
//!
//! Owns their requests and when they are due. Refuses to be fast: an export is some hundred points every ten seconds, which no
//! profile shows.

use super::pace::Pace;
use crate::deliver::{Body, Line};
use crate::otlp::Signal;
use bytes::Bytes;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::tick_of_second;
use doorbuster_telemetry::encode::Place;
use doorbuster_telemetry::metrics::MetricsEncoder;
use doorbuster_telemetry::observed::Export;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;
use std::sync::Arc;

/// Sends the fleet's exports.
pub(crate) struct MetricsLine<'p> {
    encoder: MetricsEncoder<'p>,
    marks: Vec<KeyValue>,
    line: Line,
    pace: Arc<Pace>,
}

impl<'p> MetricsLine<'p> {
    /// A line for the exports of a plan, the first one next.
    pub(crate) fn new(plan: &'p Plan, place: Place, marks: &[(String, String)], line: Line, pace: Arc<Pace>) -> Self {
        let marks = marks.iter().map(|(key, value)| KeyValue {
            key: key.clone(),
            value: Some(AnyValue { value: Some(any_value::Value::StringValue(value.clone())) }),
            ..KeyValue::default()
        });
        Self { encoder: MetricsEncoder::new(plan, place), marks: marks.collect(), line, pace }
    }

    /// Counts an export that is not sent: counters go on from it.
    pub(crate) fn skip(&mut self, export: &Export) {
        self.encoder.requests(export);
    }

    /// Sends an export, due at its own time.
    pub(crate) fn take(&mut self, export: &Export) {
        let due = self.pace.due(tick_of_second(export.at_s.into()));
        for mut request in self.encoder.requests(export) {
            self.mark(&mut request);
            let items = points(&request);
            let bytes = Bytes::from(request.encode_to_vec());
            if let Err(body) = self.line.offer(Body { signal: Signal::Metrics, bytes, items, due, endpoint: None }) {
                self.line.give_up(&body);
            }
        }
    }

    fn mark(&self, request: &mut ExportMetricsServiceRequest) {
        for resource in request.resource_metrics.iter_mut().filter_map(|metrics| metrics.resource.as_mut()) {
            for mark in &self.marks {
                resource.attributes.retain(|attribute| attribute.key != mark.key);
                resource.attributes.push(mark.clone());
            }
        }
    }
}

fn points(request: &ExportMetricsServiceRequest) -> u64 {
    let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    let count = |data: &Data| match data {
        Data::Gauge(gauge) => gauge.data_points.len(),
        Data::Sum(sum) => sum.data_points.len(),
        Data::Histogram(histogram) => histogram.data_points.len(),
        Data::ExponentialHistogram(histogram) => histogram.data_points.len(),
        Data::Summary(summary) => summary.data_points.len(),
    };
    scopes.flat_map(|scope| &scope.metrics).filter_map(|metric| metric.data.as_ref()).map(count).sum::<usize>() as u64
}
