//! Metrics of each instrument, from a name, a unit and points.

use crate::encode::key_value;
use crate::observed::{DURATION_BOUNDS_MS, EndpointPoint};
use crate::shapes::Attribute;
use doorbuster_model::time::{TICK_NS, s_from_ticks};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
};

/// Ticks of so many seconds.
pub(super) fn ticks_of(seconds: f64) -> f64 {
    seconds * 1e9 / TICK_NS as f64
}

/// The points of one export.
pub(super) struct Streams {
    start_unix_ns: u64,
    at_unix_ns: u64,
}

/// A point with its attributes.
pub(super) type Point = (Vec<Attribute>, Value);

pub(super) fn int(value: u64) -> Value {
    Value::AsInt(value as i64)
}

pub(super) fn double(value: f64) -> Value {
    Value::AsDouble(value)
}

impl Streams {
    pub(super) fn new(epoch_unix_ns: u64, at_s: u32) -> Self {
        Self { start_unix_ns: epoch_unix_ns, at_unix_ns: epoch_unix_ns + u64::from(at_s) * 1_000_000_000 }
    }

    /// A count that only grows.
    pub(super) fn counter(&self, name: &str, unit: &str, points: Vec<Point>) -> Metric {
        self.sum(name, unit, points, true)
    }

    /// A level that adds up over places.
    pub(super) fn up_down_counter(&self, name: &str, unit: &str, points: Vec<Point>) -> Metric {
        self.sum(name, unit, points, false)
    }

    /// A level that does not add up. Gauges have no start.
    pub(super) fn gauge(&self, name: &str, unit: &str, points: Vec<Point>) -> Metric {
        let data_points =
            points.into_iter().map(|point| NumberDataPoint { start_time_unix_nano: 0, ..self.number(point) });
        metric(name, unit, Data::Gauge(Gauge { data_points: data_points.collect() }))
    }

    fn sum(&self, name: &str, unit: &str, points: Vec<Point>, is_monotonic: bool) -> Metric {
        let sum = Sum {
            data_points: points.into_iter().map(|point| self.number(point)).collect(),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic,
        };
        metric(name, unit, Data::Sum(sum))
    }

    fn number(&self, (attributes, value): Point) -> NumberDataPoint {
        NumberDataPoint {
            attributes: attributes.iter().map(key_value).collect(),
            start_time_unix_nano: self.start_unix_ns,
            time_unix_nano: self.at_unix_ns,
            value: Some(value),
            ..NumberDataPoint::default()
        }
    }

    /// Durations in seconds.
    pub(super) fn durations(&self, name: &str, points: Vec<(Vec<Attribute>, &EndpointPoint)>) -> Metric {
        let points = points.into_iter().map(|(attributes, point)| HistogramDataPoint {
            count: point.buckets.iter().sum(),
            sum: Some(s_from_ticks(point.duration_ticks)),
            bucket_counts: point.buckets.to_vec(),
            explicit_bounds: DURATION_BOUNDS_MS.iter().map(|ms| f64::from(*ms) / 1_000.0).collect(),
            ..self.histogram_point(&attributes)
        });
        histogram(name, points.collect())
    }

    /// Durations in seconds of which only their number and sum are known: OTLP allows a histogram without buckets.
    pub(super) fn sums(&self, name: &str, points: Vec<(Vec<Attribute>, u64, f64)>) -> Metric {
        let points = points.into_iter().map(|(attributes, count, sum)| HistogramDataPoint {
            count,
            sum: Some(sum),
            ..self.histogram_point(&attributes)
        });
        histogram(name, points.collect())
    }

    fn histogram_point(&self, attributes: &[Attribute]) -> HistogramDataPoint {
        HistogramDataPoint {
            attributes: attributes.iter().map(key_value).collect(),
            start_time_unix_nano: self.start_unix_ns,
            time_unix_nano: self.at_unix_ns,
            ..HistogramDataPoint::default()
        }
    }
}

fn histogram(name: &str, data_points: Vec<HistogramDataPoint>) -> Metric {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    metric(name, "s", Data::Histogram(Histogram { data_points, aggregation_temporality }))
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), unit: unit.to_owned(), data: Some(data), ..Metric::default() }
}
