//! What a service's SDK tells of its requests, messages, pools and CPU, and what the cluster tells of its pods.
//!
//! Durations of servers and consumers are not divided by their outcome: an export does not hold that, so `error.type` and the code of
//! the answer are missing from them, as behind a view that drops them. `shop.requests.errors` counts the failed ones. Of waits
//! for connections only the number and sum are known. Connections in use are the mean of the interval.

use super::stream::{Point, Streams, double, int};
use super::{Seen, stores, text};
use crate::observed::{EndpointPoint, Export};
use crate::shapes::{self, Attribute};
use doorbuster_model::plan::{Endpoint, EndpointId, Service, ServiceId};
use doorbuster_model::time::s_from_ticks;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use std::iter::once;

/// The resource of a whole service.
pub(super) fn resource(service: &Service) -> Vec<Attribute> {
    vec![
        text("service.name", &service.name),
        text("service.namespace", "shop"),
        text("service.version", &service.version),
        text("deployment.environment.name", "production"),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.language", "rust"),
        text("telemetry.sdk.version", crate::resource::SDK_VERSION),
        text("team", &service.team),
        text("cost_center", &service.cost_center),
    ]
}

/// The resource of a service's pods in the cluster.
pub(super) fn deployment_resource(service: &Service) -> Vec<Attribute> {
    vec![text("k8s.namespace.name", "shop"), text("k8s.deployment.name", &service.name)]
}

/// What the cluster tells.
pub(super) fn deployment(seen: &Seen<'_>, streams: &Streams, id: usize) -> Vec<Metric> {
    let now = &seen.now.services[id];
    let level = |name: &str, value: u64| streams.up_down_counter(name, "{pod}", vec![(Vec::new(), int(value))]);
    vec![level("k8s.deployment.pod.desired", now.pods_wanted), level("k8s.deployment.pod.available", now.pods_up)]
}

/// What a service tells.
pub(super) fn metrics(seen: &Seen<'_>, streams: &Streams, id: ServiceId) -> Vec<Metric> {
    let mut metrics = requests(seen, streams, id);
    metrics.extend(messages(seen, streams, id));
    metrics.extend(pools(seen, streams, id));
    metrics.extend(caches(seen, streams, id));
    metrics.extend(cores(seen, streams, id));
    metrics.retain(|metric| !is_empty(metric));
    metrics
}

fn is_empty(metric: &Metric) -> bool {
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    match &metric.data {
        Some(Data::Histogram(histogram)) => histogram.data_points.is_empty(),
        Some(Data::Sum(sum)) => sum.data_points.is_empty(),
        Some(Data::Gauge(gauge)) => gauge.data_points.is_empty(),
        _ => true,
    }
}

/// Which histogram an endpoint's durations are in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http,
    Grpc,
    Messaging,
}

impl Protocol {
    fn of(endpoint: &Endpoint) -> Self {
        match (endpoint.consumes, &endpoint.http) {
            (Some(_), _) => Self::Messaging,
            (None, Some(_)) => Self::Http,
            (None, None) => Self::Grpc,
        }
    }
}

fn requests(seen: &Seen<'_>, streams: &Streams, id: ServiceId) -> Vec<Metric> {
    let own: Vec<usize> =
        (0..seen.plan.endpoints.len()).filter(|&endpoint| seen.plan.endpoints[endpoint].service == id).collect();
    let of = |protocol: Protocol| {
        let is_it = |&&endpoint: &&usize| Protocol::of(&seen.plan.endpoints[endpoint]) == protocol;
        let chosen = own.iter().filter(is_it);
        chosen.map(|&endpoint| (labels(seen, endpoint as EndpointId), &seen.total.endpoints[endpoint])).collect()
    };
    let count = |get: fn(&EndpointPoint) -> u64| -> Vec<Point> {
        let point =
            |&endpoint: &usize| (labels(seen, endpoint as EndpointId), int(get(&seen.total.endpoints[endpoint])));
        own.iter().map(point).collect()
    };
    let now = &seen.now.services[usize::from(id)];
    let level = |name: &str, value: u64| streams.up_down_counter(name, "{request}", vec![(Vec::new(), int(value))]);
    vec![
        streams.durations("http.server.request.duration", of(Protocol::Http)),
        streams.durations("rpc.server.call.duration", of(Protocol::Grpc)),
        streams.durations("messaging.process.duration", of(Protocol::Messaging)),
        streams.counter("shop.requests.errors", "{request}", count(|point| point.errors)),
        streams.counter("shop.requests.declined", "{request}", count(|point| point.declined)),
        level("shop.requests.in_flight", now.in_flight),
        level("shop.requests.accept_queue", now.accept_queue),
    ]
}

/// What tells an endpoint's points apart.
fn labels(seen: &Seen<'_>, id: EndpointId) -> Vec<Attribute> {
    let plan = seen.plan;
    let endpoint = &plan.endpoints[usize::from(id)];
    let service = &plan.services[usize::from(endpoint.service)].name;
    match (endpoint.consumes, &endpoint.http) {
        (Some(consumer), _) => of_consumer(seen, usize::from(consumer), "process"),
        (None, Some((method, route))) => vec![
            text("http.request.method", method),
            text("http.route", route),
            text("url.scheme", "http"),
            text("network.protocol.version", "1.1"),
        ],
        (None, None) => {
            vec![text("rpc.system.name", "grpc"), text("rpc.method", &shapes::method(service, &endpoint.name))]
        }
    }
}

fn of_consumer(seen: &Seen<'_>, consumer: usize, operation: &str) -> Vec<Attribute> {
    let (group, topic) = group_and_topic(seen, consumer);
    vec![
        text("messaging.system", "kafka"),
        text("messaging.operation.name", operation),
        text("messaging.destination.name", topic),
        text("messaging.consumer.group.name", &group),
    ]
}

/// A consumer group's name and its topic's.
pub(super) fn group_and_topic<'s>(seen: &'s Seen<'_>, consumer: usize) -> (String, &'s str) {
    let plan = seen.plan;
    let consumer = &plan.consumers[consumer];
    let endpoint = &plan.endpoints[usize::from(consumer.endpoint)];
    let group = shapes::group(&plan.services[usize::from(endpoint.service)].name, &endpoint.name);
    (group, &plan.statements[usize::from(consumer.topic)].name)
}

/// A consumer gets its messages by polling.
fn messages(seen: &Seen<'_>, streams: &Streams, id: ServiceId) -> Vec<Metric> {
    let is_own = |consumer: &usize| {
        let endpoint = seen.plan.consumers[*consumer].endpoint;
        seen.plan.endpoints[usize::from(endpoint)].service == id
    };
    let own: Vec<usize> = (0..seen.plan.consumers.len()).filter(is_own).collect();
    let consumed = own.iter().map(|&one| (of_consumer(seen, one, "poll"), int(seen.total.consumers[one].consumed)));
    let age = own.iter().map(|&one| {
        let total = &seen.total.consumers[one];
        (of_consumer(seen, one, "process"), total.consumed, s_from_ticks(total.age_ticks))
    });
    vec![
        streams.counter("messaging.client.consumed.messages", "{message}", consumed.collect()),
        streams.sums("shop.messages.age", age.collect()),
    ]
}

/// Pools of connections to databases; of those over HTTP the connections alone have a convention.
fn pools(seen: &Seen<'_>, streams: &Streams, id: ServiceId) -> Vec<Metric> {
    let plan = seen.plan;
    let own: Vec<usize> = (0..plan.pools.len()).filter(|&pool| plan.pools[pool].service == id).collect();
    let store = |pool: usize| &plan.stores[usize::from(plan.pools[pool].store)];
    let (databases, others): (Vec<usize>, Vec<usize>) =
        own.into_iter().partition(|&pool| stores::is_database(store(pool).kind));
    let name = |pool: usize| vec![text("db.client.connection.pool.name", &store(pool).name)];
    let level = |get: &dyn Fn(usize) -> f64| -> Vec<Point> {
        databases.iter().map(|&pool| (name(pool), int(get(pool).round() as u64))).collect()
    };
    let used = |pool: usize| seen.now.pools[pool].used_ticks as f64 / seen.ticks;
    let size = |pool: usize| seen.now.pools[pool].capacity_ticks as f64 / seen.ticks;
    let by_state = |key: &'static str, used_name: &str, pools: &[usize], labels: &dyn Fn(usize) -> Vec<Attribute>| {
        let point = |pool: usize, state: &str, value: f64| {
            let labels = labels(pool).into_iter().chain(once(text(key, state)));
            (labels.collect(), int(value.round() as u64))
        };
        let both = pools.iter().flat_map(|&pool| {
            let idle = (size(pool).round() - used(pool).round()).max(0.0);
            [point(pool, used_name, used(pool)), point(pool, "idle", idle)]
        });
        both.collect::<Vec<Point>>()
    };
    let timeouts = databases.iter().map(|&pool| (name(pool), int(seen.total.pools[pool].timeouts)));
    let waits = databases.iter().map(|&pool| {
        let total = &seen.total.pools[pool];
        (name(pool), total.acquired, s_from_ticks(total.wait_ticks))
    });
    let waiting = |pool: usize| seen.now.pools[pool].waiting as f64;
    let connections = by_state("db.client.connection.state", "used", &databases, &name);
    let web: Vec<usize> = others.into_iter().filter(|&pool| stores::is_web(store(pool).kind)).collect();
    let host = |pool: usize| stores::host_of_pool(store(pool));
    let open = by_state("http.connection.state", "active", &web, &host);
    vec![
        streams.up_down_counter("db.client.connection.count", "{connection}", connections),
        streams.up_down_counter("db.client.connection.max", "{connection}", level(&size)),
        streams.up_down_counter("db.client.connection.pending_requests", "{request}", level(&waiting)),
        streams.counter("db.client.connection.timeouts", "{timeout}", timeouts.collect()),
        streams.sums("db.client.connection.wait_time", waits.collect()),
        streams.up_down_counter("http.client.open_connections", "{connection}", open),
    ]
}

/// Lookups of a service's cached steps.
fn caches(seen: &Seen<'_>, streams: &Streams, id: ServiceId) -> Vec<Metric> {
    let plan = seen.plan;
    let mut points = Vec::new();
    for (cache, total) in plan.caches.iter().zip(&seen.total.caches) {
        let endpoint = &plan.endpoints[usize::from(cache.endpoint)];
        if endpoint.service != id {
            continue;
        }
        for (result, value) in [("hit", total.hits), ("miss", total.misses)] {
            let labels = vec![
                text("shop.cache.name", &plan.stores[usize::from(cache.store)].name),
                text("shop.endpoint", &endpoint.name),
                text("shop.cache.result", result),
            ];
            points.push((labels, value));
        }
    }
    vec![streams.counter("shop.cache.lookups", "{lookup}", added_up(points))]
}

/// Points with the same labels as one.
fn added_up(points: Vec<(Vec<Attribute>, u64)>) -> Vec<Point> {
    let mut sums: Vec<(Vec<Attribute>, u64)> = Vec::new();
    for (labels, value) in points {
        match sums.iter_mut().find(|(known, _)| *known == labels) {
            Some((_, sum)) => *sum += value,
            None => sums.push((labels, value)),
        }
    }
    sums.into_iter().map(|(labels, sum)| (labels, int(sum))).collect()
}

/// The model's work is all the programs' own.
fn cores(seen: &Seen<'_>, streams: &Streams, id: ServiceId) -> Vec<Metric> {
    let of = |export: &Export| export.services[usize::from(id)];
    let (total, now) = (of(seen.total), of(seen.now));
    let user = || vec![text("cpu.mode", "user")];
    let ratio = now.cpu_busy_ticks as f64 / (now.cpu_capacity_ticks as f64).max(1.0);
    vec![
        streams.counter("process.cpu.time", "s", vec![(user(), double(s_from_ticks(total.cpu_busy_ticks)))]),
        streams.gauge("process.cpu.utilization", "1", vec![(user(), double(ratio))]),
        streams.up_down_counter("shop.cpu.run_queue", "{task}", vec![(Vec::new(), int(now.run_queue))]),
        streams.counter("shop.gc.pause.time", "s", vec![(Vec::new(), double(s_from_ticks(total.paused_ticks)))]),
    ]
}
