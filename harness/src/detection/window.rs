//! Sums of exports over a stretch of time, and the figures that people ask of them.
//!
//! Owns what a figure means: over which counts, in which unit, and when there is none. Refuses to judge
//! whether a figure is bad.

use super::names::{Names, What};
use doorbuster_model::time::s_from_ticks;
use doorbuster_telemetry::observed::{ConsumerPoint, EXPORT_EVERY_S, Export, ShapePoint};

/// Exports added up. A figure without anything to divide by is `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    totals: Export,
    exports: u32,
}

/// Mean of a shape's spans.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpanMeans {
    /// Spans that arrived.
    pub(crate) spans: f64,
    /// Mean duration in seconds.
    pub(crate) duration_s: f64,
    /// Share with an error.
    pub(crate) error_ratio: f64,
}

impl Window {
    /// Adds an export.
    pub(crate) fn add(&mut self, export: &Export) {
        if self.exports == 0 {
            self.totals = export.clone();
        } else {
            // Sums over time are made as sums over cells are: they only have to name the same interval.
            self.totals.at_s = export.at_s;
            self.totals.merge(export);
            // A lag is a level, not a count.
            self.totals.consumers.iter_mut().zip(&export.consumers).for_each(|(sum, last)| sum.lag = last.lag);
        }
        self.exports += 1;
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.exports == 0
    }

    /// Failures of an endpoint and its requests; in both are those that were refused.
    pub(crate) fn failures(&self, endpoint: usize) -> (u64, u64) {
        self.totals.endpoints.get(endpoint).map_or((0, 0), |point| (point.errors, point.attempts))
    }

    /// Calls of a statement that ended.
    pub(crate) fn calls(&self, statement: usize) -> u64 {
        self.totals.statements.get(statement).map_or(0, |point| point.calls)
    }

    /// Rows examined by one call of a statement.
    pub(crate) fn rows_per_call(&self, statement: usize) -> Option<f64> {
        let point = self.totals.statements.get(statement)?;
        ratio(point.rows_examined as f64, point.calls as f64)
    }

    /// Seconds that one call of a statement spends in its store.
    pub(crate) fn store_s_per_call(&self, statement: usize) -> Option<f64> {
        let point = self.totals.statements.get(statement)?;
        ratio(s_from_ticks(point.time_ticks), point.calls as f64)
    }

    /// Share of a store's cores in use.
    pub(crate) fn store_cpu(&self, store: usize) -> Option<f64> {
        let point = self.totals.stores.get(store)?;
        ratio(point.busy_ticks as f64, point.capacity_ticks as f64)
    }

    /// The same of its busiest shard.
    pub(crate) fn hottest_shard(&self, store: usize) -> Option<f64> {
        let point = self.totals.stores.get(store)?;
        ratio(point.hottest_ticks as f64, point.shard_ticks as f64)
    }

    /// Share of a service's cores in use.
    pub(crate) fn service_cpu(&self, service: usize) -> Option<f64> {
        let point = self.totals.services.get(service)?;
        ratio(point.cpu_busy_ticks as f64, point.cpu_capacity_ticks as f64)
    }

    /// Requests that wait for a worker of a service, on average over the ends of the exports.
    pub(crate) fn accept_queue(&self, service: usize) -> Option<f64> {
        let point = self.totals.services.get(service)?;
        ratio(point.accept_queue as f64, f64::from(self.exports))
    }

    /// Requests in hand at a service, on average over the ends of the exports.
    pub(crate) fn in_flight(&self, service: usize) -> Option<f64> {
        let point = self.totals.services.get(service)?;
        ratio(point.in_flight as f64, f64::from(self.exports))
    }

    /// Share of a pool's connections in use.
    pub(crate) fn pool_use(&self, pool: usize) -> Option<f64> {
        let point = self.totals.pools.get(pool)?;
        ratio(point.used_ticks as f64, point.capacity_ticks as f64)
    }

    /// Connection-ticks that a pool offers in one export: its size, for comparisons.
    pub(crate) fn pool_size(&self, pool: usize) -> Option<f64> {
        let point = self.totals.pools.get(pool)?;
        ratio(point.capacity_ticks as f64, f64::from(self.exports))
    }

    /// Mean wait for a connection in seconds, of those who got one.
    pub(crate) fn pool_wait_s(&self, pool: usize) -> Option<f64> {
        let point = self.totals.pools.get(pool)?;
        ratio(s_from_ticks(point.wait_ticks), point.acquired as f64)
    }

    /// Waits for a connection that ended without one, and all that ended.
    pub(crate) fn pool_timeouts(&self, pool: usize) -> (u64, u64) {
        self.totals.pools.get(pool).map_or((0, 0), |point| (point.timeouts, point.timeouts + point.acquired))
    }

    /// Waiting for a connection, on average over the ends of the exports.
    pub(crate) fn pool_waiting(&self, pool: usize) -> Option<f64> {
        let point = self.totals.pools.get(pool)?;
        ratio(point.waiting as f64, f64::from(self.exports))
    }

    /// Requests to an endpoint in a second.
    pub(crate) fn rate_per_s(&self, endpoint: usize) -> Option<f64> {
        let point = self.totals.endpoints.get(endpoint)?;
        ratio(point.attempts as f64, f64::from(self.exports * EXPORT_EVERY_S))
    }

    /// Share of what a statement's store was asked that a shard refused because it is down.
    pub(crate) fn unavailable(&self, statement: usize) -> Option<f64> {
        let point = self.totals.statements.get(statement)?;
        ratio(point.unavailable as f64, (point.calls + point.unavailable) as f64)
    }

    /// Seconds that one call of a statement waits for locks.
    pub(crate) fn lock_s_per_call(&self, statement: usize) -> Option<f64> {
        let point = self.totals.statements.get(statement)?;
        ratio(s_from_ticks(point.lock_ticks), point.calls as f64)
    }

    /// Pods of a service that are up over those that should be, at the ends of the exports.
    pub(crate) fn pods_up(&self, service: usize) -> Option<f64> {
        let point = self.totals.services.get(service)?;
        ratio(point.pods_up as f64, point.pods_wanted as f64)
    }

    /// Share of the time for which a service's pods paused.
    pub(crate) fn paused(&self, service: usize) -> Option<f64> {
        let point = self.totals.services.get(service)?;
        ratio(s_from_ticks(point.paused_ticks), (point.pods_wanted * u64::from(EXPORT_EVERY_S)) as f64)
    }

    /// A consumer group's messages; its lag is that of the last export.
    pub(crate) fn consumer(&self, consumer: usize) -> Option<ConsumerPoint> {
        self.totals.consumers.get(consumer).copied()
    }

    /// Share of a cached value's lookups that miss.
    pub(crate) fn misses(&self, cache: usize) -> Option<f64> {
        let point = self.totals.caches.get(cache)?;
        ratio(point.misses as f64, (point.hits + point.misses) as f64)
    }

    /// Means of the server spans of a service's pods with another version, and of all others.
    pub(crate) fn versions(&self, names: &Names, service: usize) -> Option<(SpanMeans, SpanMeans)> {
        let released = *self.totals.released.get(service)?;
        let mut all = ShapePoint::default();
        for (shape, point) in names.shapes.iter().zip(&self.totals.shapes) {
            if shape.service == service && matches!(shape.what, What::Server { .. }) {
                all.merge(point);
            }
        }
        let others = ShapePoint {
            spans: all.spans.saturating_sub(released.spans),
            errors: all.errors.saturating_sub(released.errors),
            duration_ticks: all.duration_ticks.saturating_sub(released.duration_ticks),
        };
        Some((means(&released)?, means(&others)?))
    }

    /// Means of a shape's spans.
    pub(crate) fn spans(&self, shape: usize) -> Option<SpanMeans> {
        means(self.totals.shapes.get(shape)?)
    }

    /// Mean duration in seconds of all spans of a service that stand for the same thing.
    pub(crate) fn mean_s(&self, names: &Names, service: usize, what: What) -> Option<f64> {
        let (mut ticks, mut spans) = (0, 0);
        for (shape, point) in names.shapes.iter().zip(&self.totals.shapes) {
            if shape.service == service && shape.what == what {
                ticks += point.duration_ticks;
                spans += point.spans;
            }
        }
        ratio(s_from_ticks(ticks), spans as f64)
    }
}

fn means(point: &ShapePoint) -> Option<SpanMeans> {
    let spans = point.spans as f64;
    Some(SpanMeans {
        spans,
        duration_s: ratio(s_from_ticks(point.duration_ticks), spans)?,
        error_ratio: ratio(point.errors as f64, spans)?,
    })
}

fn ratio(of: f64, over: f64) -> Option<f64> {
    (over > 0.0).then(|| of / over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorbuster_telemetry::observed::{PoolPoint, StatementPoint};

    fn export(at_s: u32, calls: u64, rows_examined: u64, waiting: u64) -> Export {
        Export {
            at_s,
            statements: vec![StatementPoint { calls, rows_examined, ..StatementPoint::default() }],
            pools: vec![PoolPoint { waiting, ..PoolPoint::default() }],
            ..Export::default()
        }
    }

    #[test]
    fn counts_add_up_and_gauges_are_averaged() {
        let mut window = Window::default();
        assert!(window.is_empty());
        assert_eq!(window.rows_per_call(0), None, "no export, no figure");
        window.add(&export(10, 0, 0, 4));
        assert_eq!(window.rows_per_call(0), None, "no call, no figure");
        window.add(&export(20, 10, 35, 8));
        assert_eq!(window.rows_per_call(0), Some(3.5));
        assert_eq!(window.pool_waiting(0), Some(6.0));
        assert_eq!(window.rows_per_call(7), None, "a statement that nobody knows");
    }
}
