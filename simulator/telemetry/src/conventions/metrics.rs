//! Metrics: instruments, units and attributes of semantic conventions 1.44 (HTTP, RPC, messaging, database clients, process,
//! Kubernetes), and of the receivers of collector-contrib that ask the shop's stores.
//!
//! Durations may have bounds beyond the advised ones, never without those. House rules: what is counted is counted from the start
//! (cumulative), and names that no convention has begin with `shop.`.

mod known;

use super::{Violation, check_resource, is_deprecated, is_text};
use known::{Instrument, KNOWN, Rule};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics};

/// What every SDK's resource says of a whole service.
const OF_SDK: [&str; 9] = [
    "service.name",
    "service.namespace",
    "service.version",
    "deployment.environment.name",
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "team",
    "cost_center",
];

/// Cumulative, in OTLP's numbers.
const CUMULATIVE: i32 = 2;

/// Everything in a request of metrics that breaks a rule.
#[must_use]
pub fn check_metrics(request: &ExportMetricsServiceRequest) -> Vec<Violation> {
    let mut found = Vec::new();
    for resource_metrics in &request.resource_metrics {
        check_resource(
            resource_metrics.resource.as_ref(),
            &resource_metrics.schema_url,
            of_resource(resource_metrics),
            &mut found,
        );
        let mut names: Vec<&str> = Vec::new();
        for metric in resource_metrics.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            let mut seen = Seen { metric, found: &mut found };
            seen.demand(!names.contains(&metric.name.as_str()), "the resource has it twice");
            names.push(&metric.name);
            seen.check();
        }
    }
    found
}

/// What a resource must say: who an SDK is, or which store or deployment was asked.
fn of_resource(of: &ResourceMetrics) -> &'static [&'static str] {
    let attributes = of.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
    let has = |start: &str| attributes.iter().any(|attribute| attribute.key.starts_with(start));
    match () {
        () if has("telemetry.sdk.") => &OF_SDK,
        () if has("k8s.deployment.") => &["k8s.deployment.name", "k8s.namespace.name"],
        () => &["service.name", "service.namespace"],
    }
}

/// One metric under the checker's eyes.
struct Seen<'s> {
    metric: &'s Metric,
    found: &'s mut Vec<Violation>,
}

impl Seen<'_> {
    fn check(&mut self) {
        let name = self.metric.name.as_str();
        let rule = KNOWN.iter().find(|rule| rule.name == name);
        let is_house = name.starts_with("shop.");
        self.demand(rule.is_some() || is_house, "no convention knows this metric");
        self.demand(!self.metric.unit.is_empty(), "it has no unit");
        if let Some(rule) = rule {
            self.demand(
                self.metric.unit == rule.unit,
                &format!("its unit is `{}`, not `{}`", self.metric.unit, rule.unit),
            );
            let instrument = self.instrument();
            self.demand(
                instrument == Some(rule.instrument),
                &format!("it is a {instrument:?}, not a {:?}", rule.instrument),
            );
        }
        match &self.metric.data {
            Some(Data::Sum(sum)) => {
                self.demand(sum.aggregation_temporality == CUMULATIVE, "it is not cumulative");
                self.numbers(&sum.data_points, true);
            }
            Some(Data::Gauge(gauge)) => self.numbers(&gauge.data_points, false),
            Some(Data::Histogram(histogram)) => {
                self.demand(histogram.aggregation_temporality == CUMULATIVE, "it is not cumulative");
                for point in &histogram.data_points {
                    self.histogram(point, rule);
                }
            }
            _ => self.demand(false, "it has no data of a kind that the shop tells"),
        }
        self.points(rule);
    }

    fn instrument(&self) -> Option<Instrument> {
        match self.metric.data.as_ref()? {
            Data::Sum(sum) if sum.is_monotonic => Some(Instrument::Counter),
            Data::Sum(_) => Some(Instrument::UpDownCounter),
            Data::Gauge(_) => Some(Instrument::Gauge),
            Data::Histogram(_) => Some(Instrument::Histogram),
            Data::ExponentialHistogram(_) | Data::Summary(_) => None,
        }
    }

    /// The attributes of each point, and that they tell points apart.
    fn points(&mut self, rule: Option<&Rule>) {
        let points = attributes(self.metric);
        self.demand(!points.is_empty(), "it has no points");
        for (nth, point) in points.iter().enumerate() {
            self.demand(!points[..nth].contains(point), "two of its points have the same attributes");
            for attribute in *point {
                self.demand(!is_deprecated(&attribute.key), &format!("`{}` is deprecated", attribute.key));
            }
            let Some(rule) = rule else { continue };
            for key in rule.required {
                let there = point.iter().any(|attribute| attribute.key == *key && attribute.value.is_some());
                self.demand(there, &format!("`{key}` is missing at a point"));
            }
            for (key, values) in rule.values {
                let value = point.iter().find(|attribute| attribute.key == *key).filter(|one| is_text(one)).map(text);
                let known = value.is_none_or(|value| values.contains(&value));
                self.demand(known, &format!("`{key}` is `{}`, not one of {values:?}", value.unwrap_or_default()));
            }
        }
    }

    fn numbers(&mut self, points: &[NumberDataPoint], has_start: bool) {
        for point in points {
            self.times(point.start_time_unix_nano, point.time_unix_nano, has_start);
            let value = match point.value {
                Some(Value::AsInt(value)) => value as f64,
                Some(Value::AsDouble(value)) => value,
                None => f64::NAN,
            };
            self.demand(value.is_finite() && value >= 0.0, "a value is missing, or below zero");
            let is_ratio = self.metric.unit == "1" && self.metric.name.ends_with(".utilization");
            self.demand(!is_ratio || value <= 1.0, "a utilization is above 1");
        }
    }

    fn histogram(&mut self, point: &HistogramDataPoint, rule: Option<&Rule>) {
        self.times(point.start_time_unix_nano, point.time_unix_nano, true);
        self.demand(point.sum.is_some_and(|sum| sum.is_finite() && sum >= 0.0), "a sum is missing, or below zero");
        let (bounds, counts) = (&point.explicit_bounds, &point.bucket_counts);
        if bounds.is_empty() && counts.is_empty() {
            let needs = rule.is_some_and(|rule| !rule.advised.is_empty());
            return self.demand(!needs, "it has no buckets, though bounds are advised");
        }
        self.demand(counts.len() == bounds.len() + 1, "it has not one bucket more than bounds");
        self.demand(bounds.is_sorted_by(|one, next| one < next), "its bounds do not rise");
        self.demand(counts.iter().sum::<u64>() == point.count, "its buckets do not add up to its count");
        let advised = rule.map_or(&[][..], |rule| rule.advised);
        let missing = advised.iter().find(|bound| !bounds.iter().any(|one| (one - *bound).abs() < 1e-9));
        self.demand(
            missing.is_none(),
            &format!("the advised bound {} is missing", missing.copied().unwrap_or_default()),
        );
    }

    fn times(&mut self, start: u64, at: u64, has_start: bool) {
        self.demand(at > 0, "a point has no time");
        self.demand(!has_start || (start > 0 && start < at), "a point has no start before its time");
    }

    fn demand(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.found.push(Violation { place: self.metric.name.clone(), what: otherwise.to_owned() });
        }
    }
}

fn attributes(metric: &Metric) -> Vec<&[KeyValue]> {
    match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points.iter().map(|point| &point.attributes[..]).collect(),
        Some(Data::Gauge(gauge)) => gauge.data_points.iter().map(|point| &point.attributes[..]).collect(),
        Some(Data::Histogram(histogram)) => histogram.data_points.iter().map(|point| &point.attributes[..]).collect(),
        _ => Vec::new(),
    }
}

fn text(attribute: &KeyValue) -> &str {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text,
        _ => "",
    }
}
