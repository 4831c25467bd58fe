//! A shop for tests: two edges, three services, three stores; its exports, its traces, and noise.
//!
//! Owns what a healthy export looks like. A test changes what its fault would change, and nothing else.

use crate::detection::{EndpointName, Names, Parent, PoolName, ShapeName, StatementName, StoreName, What};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::time::ticks_from_ns;
use doorbuster_telemetry::observed::{
    EXPORT_EVERY_S, EndpointPoint, Export, PoolPoint, ServicePoint, ShapePoint, StatementPoint, StorePoint, TraceSample,
};
use doorbuster_telemetry::record::SpanRecord;

pub(in crate::detection) const GATEWAY: usize = 0;
pub(in crate::detection) const PAYMENT: usize = 1;
pub(in crate::detection) const INVENTORY: usize = 2;
/// Edge endpoints.
pub(in crate::detection) const PAY: usize = 0;
pub(in crate::detection) const BROWSE: usize = 1;
/// Statements.
pub(in crate::detection) const SELECT: usize = 0;
pub(in crate::detection) const GET: usize = 2;
pub(in crate::detection) const CHARGE: usize = 3;
/// Shapes, by their number.
pub(in crate::detection) mod shape {
    pub(in crate::detection) const PAY: u16 = 0;
    pub(in crate::detection) const CALL_PAYMENT: u16 = 1;
    pub(in crate::detection) const PAYMENT_PAY: u16 = 2;
    pub(in crate::detection) const SELECT: u16 = 3;
    pub(in crate::detection) const INSERT: u16 = 4;
    pub(in crate::detection) const CHARGE: u16 = 5;
    pub(in crate::detection) const BROWSE: u16 = 6;
    pub(in crate::detection) const CALL_INVENTORY: u16 = 7;
    pub(in crate::detection) const INVENTORY_CHECK: u16 = 8;
    pub(in crate::detection) const GET: u16 = 9;
}

pub(in crate::detection) fn names() -> Names {
    let endpoint = |service, name: &str, is_edge| EndpointName { service, name: name.to_owned(), is_edge };
    let store = |name: &str, kind: &str| StoreName { name: name.to_owned(), kind: kind.to_owned() };
    let statement =
        |store, name: &str, text: &str| StatementName { store, name: name.to_owned(), text: text.to_owned() };
    let shape = |service, what, parent| ShapeName { service, span: format!("{what:?}"), what, parent };
    let server = |service, endpoint| shape(service, What::Server { endpoint }, Parent::Caller);
    let client = |service, what, offset, stride| shape(service, what, Parent::Program { offset, stride });
    let query = |service, statement, pool, offset| client(service, What::Statement { statement, pool }, offset, 1);
    Names {
        services: ["gateway", "payment", "inventory"].map(str::to_owned).to_vec(),
        endpoints: vec![
            endpoint(GATEWAY, "pay", true),
            endpoint(GATEWAY, "browse", true),
            endpoint(PAYMENT, "pay", false),
            endpoint(INVENTORY, "check", false),
        ],
        stores: vec![store("payments", "mysql"), store("stock", "redis"), store("provider", "external")],
        statements: vec![
            statement(0, "SELECT payments", "SELECT * FROM payments WHERE user_id = ?"),
            statement(0, "INSERT payments", "INSERT INTO payments VALUES (?)"),
            statement(1, "GET stock", "GET stock"),
            statement(2, "charge", "POST /charge"),
        ],
        pools: vec![PoolName { service: PAYMENT, store: 0 }, PoolName { service: INVENTORY, store: 1 }],
        shapes: vec![
            server(GATEWAY, 0),
            client(GATEWAY, What::Call { callee: 2 }, 1, 5),
            server(PAYMENT, 2),
            query(PAYMENT, 0, Some(0), 1),
            query(PAYMENT, 1, Some(0), 2),
            query(PAYMENT, 3, None, 3),
            server(GATEWAY, 1),
            client(GATEWAY, What::Call { callee: 3 }, 1, 3),
            server(INVENTORY, 3),
            query(INVENTORY, 2, Some(1), 1),
        ],
        ..Names::default()
    }
}

/// How requests of an edge fare, and those behind it.
#[derive(Clone, Copy, Debug)]
pub(in crate::detection) struct Flow {
    pub(in crate::detection) per_s: f64,
    pub(in crate::detection) failed: f64,
    pub(in crate::detection) declined: f64,
    /// Share of answers between 2.5 s and 5 s; the others take 50 to 75 ms.
    pub(in crate::detection) slow: f64,
}

/// What a statement costs.
#[derive(Clone, Copy, Debug)]
pub(in crate::detection) struct Cost {
    pub(in crate::detection) rows: f64,
    pub(in crate::detection) store_s: f64,
    /// Its span, the wait for a connection included, and the share of failed ones.
    pub(in crate::detection) span_s: f64,
    pub(in crate::detection) failed: f64,
}

/// Use of a pool.
#[derive(Clone, Copy, Debug)]
pub(in crate::detection) struct Use {
    pub(in crate::detection) size: u64,
    pub(in crate::detection) share: f64,
    pub(in crate::detection) wait_s: f64,
    pub(in crate::detection) in_vain: f64,
    pub(in crate::detection) waiting: u64,
}

/// The shop in an interval.
#[derive(Clone, Debug)]
pub(in crate::detection) struct Shop {
    pub(in crate::detection) pay: Flow,
    pub(in crate::detection) browse: Flow,
    pub(in crate::detection) costs: [Cost; 4],
    pub(in crate::detection) pools: [Use; 2],
    pub(in crate::detection) service_cpu: [f64; 3],
    pub(in crate::detection) store_cpu: [f64; 3],
    pub(in crate::detection) accept_queue: [u64; 3],
    pub(in crate::detection) in_flight: [u64; 3],
    /// Share of failures that leave no span.
    pub(in crate::detection) unseen: f64,
    /// Mean durations of the server and client spans behind each edge.
    pub(in crate::detection) pay_s: f64,
    pub(in crate::detection) browse_s: f64,
}

pub(in crate::detection) fn healthy() -> Shop {
    let cost = |rows, s| Cost { rows, store_s: s, span_s: s + 0.0005, failed: 0.0 };
    let idle = Use { size: 640, share: 0.05, wait_s: 2e-5, in_vain: 0.0, waiting: 0 };
    Shop {
        pay: Flow { per_s: 240.0, failed: 0.002, declined: 0.018, slow: 0.001 },
        browse: Flow { per_s: 11_000.0, failed: 0.0002, declined: 0.0, slow: 0.0005 },
        costs: [cost(3.0, 0.0015), cost(1.0, 0.001), cost(1.0, 0.0006), cost(1.0, 0.03)],
        pools: [idle, idle],
        service_cpu: [0.05, 0.04, 0.05],
        store_cpu: [0.06, 0.05, 0.0],
        accept_queue: [0; 3],
        in_flight: [900, 20, 40],
        unseen: 0.0,
        pay_s: 0.06,
        browse_s: 0.055,
    }
}

impl Shop {
    /// Ten times the traffic is `scaled(10.0)`: rates and use grow, figures per call stay.
    pub(in crate::detection) fn scaled(&self, times: f64) -> Self {
        let mut shop = self.clone();
        shop.pay.per_s *= times;
        shop.browse.per_s *= times;
        shop.service_cpu.iter_mut().chain(&mut shop.store_cpu).for_each(|share| *share *= times);
        shop.pools.iter_mut().for_each(|pool| pool.share *= times);
        shop
    }

    /// The export at the end of an interval, as expected on average or with noise.
    pub(in crate::detection) fn export(&self, at_s: u32, noise: &mut Noise) -> Export {
        let pay = noise.count(self.pay.per_s * f64::from(EXPORT_EVERY_S));
        let browse = noise.count(self.browse.per_s * f64::from(EXPORT_EVERY_S));
        let flows = [(pay, self.pay), (browse, self.browse), (pay, self.pay), (browse, self.browse)];
        let calls = [pay, pay, browse, pay];
        let pools = [(2 * pay, self.pools[0]), (browse, self.pools[1])];
        Export {
            at_s,
            endpoints: flows.iter().map(|(requests, flow)| endpoint(*requests, *flow, noise)).collect(),
            services: (0..3).map(|service| self.service(service, noise)).collect(),
            pools: pools.iter().map(|(acquired, pool)| pool_point(*acquired, *pool, noise)).collect(),
            stores: (0..3).map(|store| self.store(store, noise)).collect(),
            statements: calls.iter().zip(self.costs).map(|(calls, cost)| statement(*calls, cost, noise)).collect(),
            shapes: self.shapes(pay, browse),
            ..Export::default()
        }
    }

    fn service(&self, service: usize, noise: &mut Noise) -> ServicePoint {
        ServicePoint {
            cpu_busy_ticks: (self.service_cpu[service] * noise.factor(0.05) * 1e9) as u64,
            cpu_capacity_ticks: 1_000_000_000,
            accept_queue: self.accept_queue[service],
            in_flight: self.in_flight[service],
            ..ServicePoint::default()
        }
    }

    fn store(&self, store: usize, noise: &mut Noise) -> StorePoint {
        let busy_ticks = (self.store_cpu[store] * noise.factor(0.05) * 1e8) as u64;
        StorePoint { busy_ticks, capacity_ticks: 100_000_000, ..StorePoint::default() }
    }

    fn shapes(&self, pay: u64, browse: u64) -> Vec<ShapePoint> {
        let point = |spans: u64, failed: f64, s: f64| ShapePoint {
            spans,
            errors: (spans as f64 * failed).round() as u64,
            duration_ticks: spans * ticks(s),
        };
        let seen = |flow: Flow| flow.failed * (1.0 - self.unseen);
        let (paid, browsed) = (seen(self.pay), seen(self.browse));
        let query = |spans, statement: usize| point(spans, self.costs[statement].failed, self.costs[statement].span_s);
        vec![
            point(pay, paid, self.pay_s),
            point(pay, paid, self.pay_s - 0.002),
            point(pay, paid, self.pay_s - 0.003),
            query(pay, 0),
            query(pay, 1),
            query(pay, 3),
            point(browse, browsed, self.browse_s),
            point(browse, browsed, self.browse_s - 0.002),
            point(browse, browsed, self.browse_s - 0.003),
            query(browse, 2),
        ]
    }
}

fn ticks(s: f64) -> u64 {
    ticks_from_ns((s * 1e9) as u64)
}

fn endpoint(attempts: u64, flow: Flow, noise: &mut Noise) -> EndpointPoint {
    let slow = noise.part(attempts, flow.slow);
    let mut point = EndpointPoint {
        attempts,
        errors: noise.part(attempts, flow.failed),
        declined: noise.part(attempts, flow.declined),
        ..EndpointPoint::default()
    };
    point.buckets[4] = attempts - slow;
    point.buckets[11] = slow;
    point
}

fn pool_point(acquired: u64, pool: Use, noise: &mut Noise) -> PoolPoint {
    let capacity_ticks = pool.size * ticks(f64::from(EXPORT_EVERY_S));
    let timeouts = noise.part(acquired, pool.in_vain);
    PoolPoint {
        used_ticks: (pool.share * noise.factor(0.1) * capacity_ticks as f64) as u64,
        capacity_ticks,
        acquired: acquired - timeouts,
        timeouts,
        wait_ticks: ((acquired - timeouts) as f64 * pool.wait_s * noise.factor(0.5) * 1e9 / 1024.0) as u64,
        waiting: pool.waiting,
    }
}

fn statement(calls: u64, cost: Cost, noise: &mut Noise) -> StatementPoint {
    StatementPoint {
        calls,
        killed: 0,
        time_ticks: (calls as f64 * noise.factor(0.1)) as u64 * ticks(cost.store_s),
        rows_examined: noise.count(calls as f64 * cost.rows),
        ..StatementPoint::default()
    }
}

/// A span of a hand-made trace: shape, index, start and duration in ms, outcome, attempt.
pub(in crate::detection) type Span = (u16, u32, u64, u64, Outcome, u8);

pub(in crate::detection) fn trace(spans: &[Span]) -> TraceSample {
    let record = |&(shape, index, start_ms, ms, outcome, attempt): &Span| SpanRecord {
        trace: 0,
        start: ticks_from_ns(start_ms * 1_000_000),
        duration: u32::try_from(ticks_from_ns(ms * 1_000_000)).unwrap(),
        index,
        shape,
        pod: 0,
        outcome: outcome as u8,
        attempt,
        shard: 0,
    };
    TraceSample { cell: 0, spans: spans.iter().map(record).collect() }
}

/// A payment whose first statement ran until the caller's timeout of 5 s.
pub(in crate::detection) fn scan() -> TraceSample {
    trace(&[
        (shape::PAY, 0, 0, 5_003, Outcome::Timeout, 0),
        (shape::CALL_PAYMENT, 1, 2, 5_000, Outcome::Timeout, 0),
        (shape::PAYMENT_PAY, 2, 3, 5_000, Outcome::Cancelled, 0),
        (shape::SELECT, 3, 4, 4_999, Outcome::Cancelled, 0),
    ])
}

/// Noise with a seed, or none.
pub(in crate::detection) struct Noise(Option<u64>);

impl Noise {
    pub(in crate::detection) fn none() -> Self {
        Self(None)
    }

    pub(in crate::detection) fn seeded(seed: u64) -> Self {
        Self(Some(seed))
    }

    /// `SplitMix64`, in (0, 1).
    fn uniform(&mut self) -> Option<f64> {
        let state = self.0.as_mut()?;
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some((((z ^ (z >> 31)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64)
    }

    fn normal(&mut self) -> Option<f64> {
        let (radius, angle) = (self.uniform()?, self.uniform()?);
        Some((-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos())
    }

    /// A Poisson count; its mean, rounded, without noise.
    pub(in crate::detection) fn count(&mut self, mean: f64) -> u64 {
        if self.0.is_none() || mean <= 0.0 {
            return mean.round() as u64;
        }
        if mean > 50.0 {
            let normal = self.normal().unwrap();
            return (mean + mean.sqrt() * normal).round().max(0.0) as u64;
        }
        let (mut product, mut count) = (self.uniform().unwrap(), 0);
        while product > (-mean).exp() {
            product *= self.uniform().unwrap();
            count += 1;
        }
        count
    }

    /// A binomial part of `n`, through the nearest Poisson or normal count.
    pub(in crate::detection) fn part(&mut self, n: u64, share: f64) -> u64 {
        let mean = n as f64 * share;
        if self.0.is_none() || mean <= 50.0 {
            return self.count(mean).min(n);
        }
        let normal = self.normal().unwrap();
        (mean + (mean * (1.0 - share)).sqrt() * normal).round().clamp(0.0, n as f64) as u64
    }

    /// A factor around one, never below a tenth.
    pub(in crate::detection) fn factor(&mut self, spread: f64) -> f64 {
        self.normal().map_or(1.0, |normal| (1.0 + spread * normal).max(0.1))
    }
}
