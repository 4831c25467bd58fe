//! Metrics as the pods and stores export them.
//!
//! Owns the step from what happened to what is observed. With the pipeline `none` everything arrives.

use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::ns_from_ticks;
use doorbuster_telemetry::observed::{
    CachePoint, ConsumerPoint, DURATION_BOUNDS_MS, EndpointPoint, Export, PoolPoint, ServicePoint, ShapePoint,
    StatementPoint, StorePoint,
};
use doorbuster_virtual::slice::{EndpointSlice, Slice, StationId, stations};

/// What the sinks counted of the spans.
pub(super) struct Spans {
    /// By shape.
    pub(super) shapes: Vec<ShapePoint>,
    /// By service, of pods with another version.
    pub(super) released: Vec<ShapePoint>,
}

/// The export of an interval that ends at `at_s`.
pub(super) fn export(plan: &Plan, at_s: u32, slice: &Slice, spans: Spans) -> Export {
    let Spans { shapes, released } = spans;
    let mut services = vec![ServicePoint::default(); plan.services.len()];
    let mut pools = vec![PoolPoint::default(); plan.pools.len()];
    let mut stores = vec![StorePoint::default(); plan.stores.len()];
    for (station, total) in stations(plan).iter().zip(&slice.stations) {
        match *station {
            StationId::Cores(id) => {
                let point = &mut services[usize::from(id)];
                point.cpu_busy_ticks = total.busy_ticks;
                point.cpu_capacity_ticks = total.capacity_ticks;
                point.run_queue = total.waiting_now;
            }
            StationId::Workers(id) => services[usize::from(id)].accept_queue = total.waiting_now,
            StationId::Pool(id) => {
                pools[usize::from(id)] = PoolPoint {
                    used_ticks: total.busy_ticks,
                    capacity_ticks: total.capacity_ticks,
                    acquired: total.served,
                    timeouts: total.gave_up,
                    wait_ticks: total.wait_ticks,
                    waiting: total.waiting_now,
                }
            }
            StationId::Store(id) => {
                stores[usize::from(id)] = StorePoint {
                    busy_ticks: total.busy_ticks,
                    capacity_ticks: total.capacity_ticks,
                    running: total.busy_now + total.waiting_now,
                    hottest_ticks: hottest(plan, slice, id),
                    shard_ticks: total.capacity_ticks * u64::from(plan.stores[usize::from(id)].cores)
                        / total.capacity.max(1),
                }
            }
            // A consumer group tells its lag itself.
            StationId::Consumer(_) => {}
        }
    }
    for (id, point) in services.iter_mut().enumerate() {
        point.in_flight = slice.in_flight[id];
        (point.pods_wanted, point.pods_up) = slice.pods[id];
        point.paused_ticks = slice.paused_ticks[id];
    }
    let consumers = slice.consumers.iter().map(|consumer| ConsumerPoint {
        appended: consumer.appended,
        consumed: consumer.consumed,
        lag: consumer.lag,
        age_ticks: consumer.age_ticks,
    });
    let caches = slice.caches.iter().map(|cache| CachePoint { hits: cache.hits, misses: cache.misses });
    let statements = slice.statements.iter().map(|statement| StatementPoint {
        calls: statement.calls,
        killed: statement.killed,
        time_ticks: statement.ticks,
        rows_examined: statement.rows,
        unavailable: statement.unavailable,
        lock_ticks: statement.lock_ticks,
    });
    Export {
        at_s,
        endpoints: slice.endpoints.iter().map(endpoint).collect(),
        services,
        pools,
        stores,
        statements: statements.collect(),
        shapes,
        consumers: consumers.collect(),
        caches: caches.collect(),
        released,
    }
}

/// Core-ticks in use at the busiest shard of a store, over all cells.
fn hottest(plan: &Plan, slice: &Slice, store: u16) -> u64 {
    let shards = |stores: &[doorbuster_model::plan::Store]| stores.iter().map(|store| usize::from(store.shards)).sum();
    let (of_cell, first): (usize, usize) = (shards(&plan.stores), shards(&plan.stores[..usize::from(store)]));
    let its = first..first + usize::from(plan.stores[usize::from(store)].shards);
    slice.shard_ticks.chunks(of_cell).flat_map(|cell| &cell[its.clone()]).copied().max().unwrap_or_default()
}

fn endpoint(slice: &EndpointSlice) -> EndpointPoint {
    let mut buckets = [0; DURATION_BOUNDS_MS.len() + 1];
    for value in slice.latencies.iter_recorded() {
        let ms = ns_from_ticks(value.value_iterated_to()) as f64 / 1e6;
        let bucket = DURATION_BOUNDS_MS.partition_point(|bound| f64::from(*bound) < ms);
        buckets[bucket] += value.count_at_value();
    }
    let declined = slice.outcomes[Outcome::Declined as usize];
    EndpointPoint {
        attempts: slice.attempts(),
        errors: slice.attempts() - slice.outcomes[Outcome::Ok as usize] - declined,
        declined,
        duration_ticks: slice.latency_ticks,
        buckets,
    }
}
