//! Metrics: what an export says, under the conventions' names; and the checker, loud over each planted violation.

#![allow(clippy::needless_update, reason = "points and exports get further fields")]

use crate::shop::plan;
use doorbuster_model::plan::Plan;
use doorbuster_telemetry::conventions::check_metrics;
use doorbuster_telemetry::encode::Place;
use doorbuster_telemetry::metrics::MetricsEncoder;
use doorbuster_telemetry::observed::{
    CachePoint, ConsumerPoint, DURATION_BOUNDS_MS, EndpointPoint, Export, PoolPoint, ServicePoint, ShapePoint,
    StatementPoint, StorePoint,
};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, Metric, NumberDataPoint};
use std::collections::BTreeSet;

const PLACE: Place = Place { cell: 0, pass: 0, epoch_unix_ns: 1_760_000_000_000_000_000 };
/// Ticks of ten seconds.
const TICKS: u64 = 9_765_625;

/// An interval of ten seconds in which every number is another one.
pub(crate) fn export(plan: &Plan, at_s: u32) -> Export {
    let endpoint = |id: usize| {
        let mut buckets = [0; DURATION_BOUNDS_MS.len() + 1];
        (buckets[2], buckets[16]) = (40 + id as u64, 3);
        EndpointPoint { attempts: 43 + id as u64, errors: 5, declined: 2, duration_ticks: 1_000_000, buckets }
    };
    let service = ServicePoint {
        cpu_busy_ticks: TICKS,
        cpu_capacity_ticks: TICKS * 4,
        run_queue: 3,
        accept_queue: 4,
        in_flight: 9,
        pods_wanted: 6,
        pods_up: 5,
        paused_ticks: 1_000,
        ..ServicePoint::default()
    };
    let pool = PoolPoint {
        used_ticks: TICKS * 3,
        capacity_ticks: TICKS * 8,
        acquired: 70,
        timeouts: 4,
        wait_ticks: 9_765_625,
        waiting: 11,
        ..PoolPoint::default()
    };
    let store = StorePoint {
        busy_ticks: TICKS / 4,
        capacity_ticks: TICKS,
        running: 7,
        hottest_ticks: 3 * TICKS,
        shard_ticks: 4 * TICKS,
        ..StorePoint::default()
    };
    let statement = |id: usize| StatementPoint {
        calls: 100 + id as u64,
        killed: 6,
        time_ticks: 2_000_000,
        rows_examined: 5_000,
        unavailable: 8,
        lock_ticks: 10_000,
        ..StatementPoint::default()
    };
    let shape = ShapePoint { spans: 10, errors: 1, duration_ticks: 100 };
    Export {
        at_s,
        endpoints: (0..plan.endpoints.len()).map(endpoint).collect(),
        services: vec![service; plan.services.len()],
        pools: vec![pool; plan.pools.len()],
        stores: vec![store; plan.stores.len()],
        statements: (0..plan.statements.len()).map(statement).collect(),
        shapes: vec![shape; plan.shapes.len()],
        consumers: vec![
            ConsumerPoint { appended: 50, consumed: 44, lag: 6, age_ticks: 1_953_125 };
            plan.consumers.len()
        ],
        caches: vec![CachePoint { hits: 90, misses: 10 }; plan.caches.len()],
        released: vec![ShapePoint::default(); plan.services.len()],
        ..Export::default()
    }
}

fn metrics(request: &ExportMetricsServiceRequest) -> impl Iterator<Item = &Metric> {
    request.resource_metrics.iter().flat_map(|of| &of.scope_metrics).flat_map(|scope| &scope.metrics)
}

/// The request of the service or store of that name.
fn of<'r>(requests: &'r [ExportMetricsServiceRequest], name: &str) -> &'r ExportMetricsServiceRequest {
    let is_it = |request: &&ExportMetricsServiceRequest| {
        let resource = request.resource_metrics[0].resource.as_ref().expect("a resource");
        let named = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
        let value = named.and_then(|attribute| attribute.value.clone()).and_then(|value| value.value);
        value == Some(Any::StringValue(name.to_owned()))
    };
    requests.iter().find(is_it).unwrap_or_else(|| panic!("no request of `{name}`"))
}

fn metric<'r>(request: &'r ExportMetricsServiceRequest, name: &str) -> &'r Metric {
    metrics(request).find(|metric| metric.name == name).unwrap_or_else(|| panic!("no metric `{name}`"))
}

fn numbers(metric: &Metric) -> Vec<f64> {
    let points = match &metric.data {
        Some(Data::Sum(sum)) => &sum.data_points,
        Some(Data::Gauge(gauge)) => &gauge.data_points,
        other => panic!("{other:?}"),
    };
    let value = |point: &NumberDataPoint| match point.value {
        Some(Value::AsInt(value)) => value as f64,
        Some(Value::AsDouble(value)) => value,
        None => f64::NAN,
    };
    points.iter().map(value).collect()
}

fn histogram<'r>(request: &'r ExportMetricsServiceRequest, name: &str) -> &'r [HistogramDataPoint] {
    match &metric(request, name).data {
        Some(Data::Histogram(histogram)) => &histogram.data_points,
        other => panic!("{other:?}"),
    }
}

fn two_exports(plan: &Plan) -> Vec<ExportMetricsServiceRequest> {
    let mut encoder = MetricsEncoder::new(plan, PLACE);
    encoder.requests(&export(plan, 10));
    encoder.requests(&export(plan, 20))
}

/// *Scenario*: two exports of a shop with every kind of endpoint, pool and store.
/// *Guarantees*: no rule is broken, at the first nor the second; every kind of store and protocol has told something.
#[test]
fn every_metric_keeps_the_conventions() {
    let plan = plan();
    let mut encoder = MetricsEncoder::new(&plan, PLACE);
    let mut names = BTreeSet::new();
    for at_s in [10, 20] {
        let requests = encoder.requests(&export(&plan, at_s));
        assert_eq!(requests.len(), plan.services.len() + plan.stores.len() + 1);
        for request in &requests {
            let violations: Vec<String> = check_metrics(request).iter().map(ToString::to_string).collect();
            assert!(violations.is_empty(), "{violations:#?}");
            names.extend(metrics(request).map(|metric| metric.name.clone()));
        }
    }
    let starts: BTreeSet<&str> = names.iter().map(|name| name.split('.').next().unwrap_or_default()).collect();
    let expected = [
        "db",
        "elasticsearch",
        "http",
        "k8s",
        "kafka",
        "messaging",
        "mongodb",
        "mysql",
        "process",
        "redis",
        "rpc",
        "shop",
    ];
    assert_eq!(starts, BTreeSet::from(expected));
}

/// *Scenario*: the same.
/// *Guarantees*: counts and histograms hold both intervals and start at time zero, levels the last alone; ticks are told in the metric's unit.
#[test]
fn counts_add_up_and_levels_do_not() {
    let plan = plan();
    let requests = two_exports(&plan);
    let payment = of(&requests, "payment");
    let pay = &histogram(payment, "rpc.server.call.duration")[0];
    assert_eq!(pay.start_time_unix_nano, PLACE.epoch_unix_ns);
    assert_eq!(pay.time_unix_nano, PLACE.epoch_unix_ns + 20_000_000_000);
    assert_eq!(pay.count, pay.bucket_counts.iter().sum::<u64>());
    assert_eq!((pay.bucket_counts[16], pay.explicit_bounds[0].to_string().as_str()), (6, "0.005"));
    assert!((pay.sum.expect("a sum") - 2.048).abs() < 1e-9);
    let value = |request, name: &str| numbers(metric(request, name));
    assert_eq!(value(payment, "db.client.connection.count"), [3.0, 5.0]);
    assert_eq!(value(payment, "db.client.connection.max"), [8.0]);
    assert_eq!(value(payment, "db.client.connection.pending_requests"), [11.0]);
    assert_eq!(value(payment, "db.client.connection.timeouts"), [8.0]);
    let waits = &histogram(payment, "db.client.connection.wait_time")[0];
    assert_eq!((waits.count, waits.sum, waits.bucket_counts.len()), (140, Some(20.0), 0));
    assert_eq!(value(payment, "process.cpu.utilization"), [0.25]);
    assert_eq!(value(payment, "process.cpu.time"), [20.0]);
    let order = of(&requests, "order");
    assert_eq!(value(order, "messaging.client.consumed.messages"), [88.0]);
    assert_eq!(value(order, "http.client.open_connections"), [3.0, 5.0]);
    assert_eq!(value(of(&requests, "events"), "kafka.consumer_group.lag_sum"), [6.0, 6.0]);
    assert_eq!(value(of(&requests, "cache"), "redis.keyspace.hits"), [180.0]);
    let payments = of(&requests, "payments");
    assert_eq!(value(payments, "mysql.statement_event.count"), [10_000.0, 12.0]);
    assert_eq!(value(payments, "mysql.statement_event.wait.time"), [4_096_000_000.0]);
    assert_eq!(value(payments, "mysql.threads"), [7.0]);
    assert_eq!(value(payments, "shop.store.hottest_shard.cpu.utilization"), [0.75]);
    let cluster = requests.last().expect("the cluster's");
    assert_eq!(value(cluster, "k8s.deployment.pod.available"), [5.0]);
}

/// *Scenario*: an export that comes a second time.
/// *Guarantees*: it is refused instead of counted twice.
#[test]
#[should_panic(expected = "one after the other")]
fn an_export_is_counted_once() {
    let plan = plan();
    let mut encoder = MetricsEncoder::new(&plan, PLACE);
    encoder.requests(&export(&plan, 10));
    encoder.requests(&export(&plan, 10));
}

/// A part of what must be said, the metric, and what is done to it.
type Planted = (&'static str, &'static str, fn(&mut Metric));

fn sum_of(metric: &mut Metric) -> &mut opentelemetry_proto::tonic::metrics::v1::Sum {
    match &mut metric.data {
        Some(Data::Sum(sum)) => sum,
        other => panic!("{other:?}"),
    }
}

fn point_of(metric: &mut Metric) -> &mut HistogramDataPoint {
    match &mut metric.data {
        Some(Data::Histogram(histogram)) => &mut histogram.data_points[0],
        other => panic!("{other:?}"),
    }
}

const DURATION: &str = "http.server.request.duration";

const PLANTED: &[Planted] = &[
    ("no convention knows this metric", DURATION, |metric| metric.name = "http.server.duration".to_owned()),
    ("its unit is `ms`, not `s`", DURATION, |metric| metric.unit = "ms".to_owned()),
    ("it has no unit", "shop.requests.in_flight", |metric| metric.unit.clear()),
    ("it is a Some(UpDownCounter), not a Counter", "db.client.connection.timeouts", |metric| {
        sum_of(metric).is_monotonic = false;
    }),
    ("it is not cumulative", DURATION, |metric| match &mut metric.data {
        Some(Data::Histogram(histogram)) => histogram.aggregation_temporality = 1,
        other => panic!("{other:?}"),
    }),
    ("`http.route` is missing at a point", DURATION, |metric| {
        point_of(metric).attributes.retain(|attribute| attribute.key != "http.route");
    }),
    ("`http.method` is deprecated", DURATION, |metric| point_of(metric).attributes[0].key = "http.method".to_owned()),
    ("the advised bound 0.25 is missing", DURATION, |metric| {
        let point = point_of(metric);
        point.explicit_bounds.remove(6);
        point.bucket_counts.remove(6);
    }),
    ("its bounds do not rise", DURATION, |metric| point_of(metric).explicit_bounds.swap(0, 1)),
    ("it has not one bucket more than bounds", DURATION, |metric| point_of(metric).bucket_counts.push(0)),
    ("its buckets do not add up to its count", DURATION, |metric| point_of(metric).count += 1),
    ("it has no buckets, though bounds are advised", DURATION, |metric| {
        let point = point_of(metric);
        point.explicit_bounds.clear();
        point.bucket_counts.clear();
    }),
    ("a sum is missing", DURATION, |metric| point_of(metric).sum = None),
    ("a point has no start before its time", DURATION, |metric| point_of(metric).start_time_unix_nano = 0),
    ("two of its points have the same attributes", "db.client.connection.count", |metric| {
        let points = &mut sum_of(metric).data_points;
        points.push(points[0].clone());
    }),
    ("`db.client.connection.state` is `busy`", "db.client.connection.count", |metric| {
        let attributes = &mut sum_of(metric).data_points[0].attributes;
        let state = attributes.iter_mut().find(|attribute| attribute.key == "db.client.connection.state");
        state.expect("a state").value.as_mut().expect("a value").value = Some(Any::StringValue("busy".to_owned()));
    }),
    ("it has no points", "db.client.connection.count", |metric| sum_of(metric).data_points.clear()),
    ("a value is missing, or below zero", "db.client.connection.timeouts", |metric| {
        sum_of(metric).data_points[0].value = Some(Value::AsInt(-1));
    }),
    ("a utilization is above 1", "process.cpu.utilization", |metric| match &mut metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points[0].value = Some(Value::AsDouble(25.0)),
        other => panic!("{other:?}"),
    }),
];

/// *Scenario*: one violation at a time, planted in the metrics of the service that has most.
/// *Guarantees*: each is found and named, at the metric that has it.
#[test]
fn planted_violations_are_found() {
    let plan = plan();
    let requests = two_exports(&plan);
    for (said, name, plant) in PLANTED {
        let has_it = |request: &&ExportMetricsServiceRequest| metrics(request).any(|metric| metric.name == *name);
        let mut request = requests.iter().find(has_it).expect("a request with the metric").clone();
        let all = &mut request.resource_metrics[0].scope_metrics[0].metrics;
        let metric = all.iter_mut().find(|metric| metric.name == *name).expect("the metric");
        plant(metric);
        let name = metric.name.clone();
        let violations = check_metrics(&request);
        let found = violations.iter().any(|violation| violation.place == name && violation.what.contains(said));
        assert!(found, "`{said}` was not said of `{name}`: {violations:#?}");
    }
}

/// *Scenario*: a metric told twice; resources of a service without each of their attributes in turn.
/// *Guarantees*: each is found.
#[test]
fn planted_violations_of_resources_are_found() {
    let plan = plan();
    let healthy = two_exports(&plan)[0].clone();
    let mut request = healthy.clone();
    let metrics = &mut request.resource_metrics[0].scope_metrics[0].metrics;
    metrics.push(metrics[0].clone());
    assert!(check_metrics(&request).iter().any(|violation| violation.what == "the resource has it twice"));
    let attributes = healthy.resource_metrics[0].resource.clone().expect("a resource").attributes;
    for attribute in attributes.iter().filter(|attribute| !attribute.key.starts_with("telemetry.sdk.")) {
        let mut request = healthy.clone();
        let attributes = &mut request.resource_metrics[0].resource.as_mut().expect("a resource").attributes;
        attributes.retain(|other| other.key != attribute.key);
        let said = format!("resource: `{}` is missing", attribute.key);
        assert!(check_metrics(&request).iter().any(|violation| violation.to_string() == said), "{said}");
    }
}
