//! A collapse made by hand: half an hour, a fault that spreads, four remedies within minutes.

use super::{endpoint, incident, scale, station, traces, windows};
use crate::result::{Cause, Episode, Event, Loss, RunResult, Saturated, SeriesPoint, Timeline};

/// Incident 2 as it could be told.
pub(crate) fn avalanche() -> RunResult {
    let mut endpoints = Vec::new();
    let mut stations = Vec::new();
    for (window, success, p99, busy, s) in
        [("run", 0.61, 30.1, 0.7, 1740), ("before", 0.998, 0.061, 0.31, 180), ("during", 0.021, 30.2, 0.99, 660)]
    {
        endpoints.push(endpoint("gateway", "create_order", window, 580 * s, success, p99));
        endpoints.push(endpoint("gateway", "product_detail", window, 9_800 * s, success + 0.001, p99));
        endpoints.push(endpoint("order", "create", window, 580 * s, success, p99));
        for (name, capacity, share) in [
            ("gateway.workers", 22_000, busy),
            ("inventory.cores", 16, busy),
            ("inventory.pool.stock", 512, busy),
            ("gateway.cores", 320, 0.22),
        ] {
            stations.push(station(name, window, capacity, share));
        }
    }
    for stats in &mut endpoints {
        let lost = stats.failed.remove("timeout").unwrap_or_default();
        for (name, share) in [("timeout", 2), ("refused", 4), ("rate_limited", 8), ("circuit_open", 8)] {
            stats.failed.insert(name.to_owned(), lost / share);
        }
    }
    let base = incident();
    RunResult {
        scenario: "inventory-avalanche".to_owned(),
        title: "Two connections where sixty-four are needed take the whole shop down".to_owned(),
        story: "Sale peak, 20:00. Inventory's pool to Redis shrinks to two connections.".to_owned(),
        scale: crate::result::Scale { requests_per_s: 500_000.0, clock: "20:00".to_owned(), ..scale(1800) },
        timeline: timeline(),
        loss: Some(Loss { orders: 1_204_840.0, users: 3_305_214.0, gmv_cny: 32_530_680.0, order_value_cny: 27.0 }),
        endpoints,
        stations,
        series: (1..=180).map(point).collect(),
        exemplars: traces::of_an_avalanche(),
        saturated: saturated(),
        resolved: serde_json::json!({
            "clock": "20:00",
            "focus": {"edge": "gateway.create_order", "operation": "order.create", "order_value": 27.0},
            "traffic": {"poisson": "500k/s"},
            "faults": {"pool-cut": {"change": {"pool_size": {"service": "inventory", "store": "stock", "size": 2}}}},
        }),
        ..base
    }
}

fn point(index: u32) -> SeriesPoint {
    let at_s = index * 10;
    let wave = f64::from(at_s % 30) / 30.0;
    let (answered, success, p99_s, in_flight, load) = match at_s {
        ..=300 => (500_000.0, 0.998, 0.061, 4_200.0, 0.31),
        301..=1120 => (61_000.0 + 14_000.0 * wave, 0.02 + 0.02 * wave, 30.1, 108_000.0, 1.0),
        _ => (498_000.0, 0.997, 0.063, 4_300.0, 0.12),
    };
    SeriesPoint {
        at_s,
        answered_per_s: answered,
        succeeded_per_s: answered * if load > 0.9 { 0.8 } else { 0.998 },
        success: Some(success),
        p50_s: Some(p99_s * 0.4),
        p99_s: Some(p99_s),
        in_flight,
        cpu: [("inventory", load), ("stock", 0.3 * (1.1 - load)), ("gateway", 0.2)]
            .into_iter()
            .map(|(name, load)| (name.to_owned(), load))
            .collect(),
    }
}

fn timeline() -> Timeline {
    let event = |at_s, what: &str| Event { at_s, what: what.to_owned() };
    let episode = |name: &str, what: &str, from_s, to_s| Episode {
        name: name.to_owned(),
        what: what.to_owned(),
        from_s,
        to_s: Some(to_s),
        lifted_s: None,
    };
    Timeline {
        injected_s: Some(300.0),
        symptom: Some(event(320.0, "p99 of order.create 30 s, 61 ms before")),
        alert: Some(event(330.0, "96 % of gateway.create_order failed over 1 min")),
        notified_s: Some(330.0),
        evidence_ready_s: Some(340.0),
        cause: Some(Cause {
            service: "inventory".to_owned(),
            operation: "get".to_owned(),
            resource: "stock".to_owned(),
            kind: "pool_exhausted".to_owned(),
            evidence: vec!["connections in use 100 %, while stock is 11 % busy".to_owned()],
            right: true,
        }),
        humans: vec![("look at the dashboard".to_owned(), 120.0), ("read traces".to_owned(), 300.0)],
        cause_s: Some(760.0),
        faults: vec![episode("pool-cut", "inventory's pool to stock cut from 64 to 2", 300.0, 1_055.0)],
        remedies: vec![
            episode("limit", "limit the edge to 60k requests/s", 1_020.0, 1_020.0),
            episode("scale-out", "scale inventory out from 10 to 50 pods", 1_030.0, 1_110.0),
            episode("pool", "give inventory's pool to stock 64 connections", 1_040.0, 1_055.0),
            episode("lift", "lift the limit", 1_180.0, 1_180.0),
        ],
        recovered_s: Some(1_205.0),
        false_alerts: Vec::new(),
        windows: windows(&[("run", [60.0, 1800.0]), ("before", [120.0, 300.0]), ("during", [360.0, 1020.0])]),
    }
}

/// Stations as they filled, one after the other; one of them was full before.
pub(super) fn saturated() -> Vec<Saturated> {
    let full = |name: &str, from_s, to_s, full_s, stretches, already| Saturated {
        name: name.to_owned(),
        from_s,
        to_s,
        full_s,
        stretches,
        max_waiting: 2_114,
        already,
    };
    vec![
        full("inventory.pool.stock", 310.0, Some(1_050.0), 740.0, 1, false),
        full("inventory.cores", 320.0, Some(420.0), 610.0, 14, false),
        full("gateway.workers", 350.0, None, 1_450.0, 1, false),
        full("search.cores", 360.0, Some(400.0), 40.0, 1, true),
    ]
}
