//! A part as rows of integers, in the form in which one machine hands it to another.
//!
//! Owns the order of the integers in a row. Refuses rows that do not fit the plan they are read with: every list is as long
//! as the plan says, so that nothing later has to doubt it.

use super::{Part, counts, histogram};
use crate::drill::exemplar::{ExemplarRows, Exemplars};
use crate::drill::traffic::{Traffic, TrafficRow};
use crate::drill::{FocusSecond, StationTen, TenSeconds, Window, WindowSlice};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::Plan;
use doorbuster_scenarios::Scenario;
use doorbuster_telemetry::sdk::Counts;
use doorbuster_virtual::slice::{CacheSlice, ConsumerSlice, EndpointSlice, Ledger, Slice, StatementSlice};
use doorbuster_virtual::station::StationTotals;
use serde::{Deserialize, Serialize};

/// A part, as it is written.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct PartRows {
    played_s: u32,
    complete: bool,
    windows: Vec<WindowRow>,
    unwanted: Window,
    series: Vec<TenRow>,
    focus: Vec<FocusSecond>,
    exemplars: ExemplarRows,
    /// Arrivals, abandoned, events, then ended by outcome.
    ledger: ([u64; 3], [u64; Outcome::COUNT]),
    /// Made, delivered, sampled out, lost to full queues, lost to crashes, batches.
    spans: [u64; 6],
    arrived: u64,
    leftovers: Vec<String>,
    fingerprints: Vec<[u8; 16]>,
}

#[derive(Debug, Deserialize, Serialize)]
struct WindowRow {
    window: Window,
    from_s: u32,
    to_s: u32,
    slice: SliceRow,
    traffic: Vec<TrafficRow>,
}

#[derive(Debug, Deserialize, Serialize)]
struct SliceRow {
    endpoints: Vec<EndpointRow>,
    statements: Vec<[u64; 6]>,
    consumers: Vec<[u64; 4]>,
    caches: Vec<[u64; 2]>,
    paused_ticks: Vec<u64>,
    shard_ticks: Vec<u64>,
    pods: Vec<(u64, u64)>,
    stations: Vec<[u64; 10]>,
    in_flight: Vec<u64>,
    in_flight_ticks: Vec<u64>,
}

#[derive(Debug, Deserialize, Serialize)]
struct EndpointRow {
    outcomes: [u64; Outcome::COUNT],
    /// Sum and greatest of the latencies in ticks, abandoned, affected, given up.
    sums: [u64; 5],
    latencies: Vec<(u64, u64)>,
}

#[derive(Debug, Deserialize, Serialize)]
struct TenRow {
    at_s: u32,
    seconds: u32,
    attempts: Vec<[u64; Outcome::COUNT]>,
    succeeded: Vec<u64>,
    latencies: Vec<(u64, u64)>,
    consumers: Vec<(u64, u64)>,
    stations: Vec<[u64; 3]>,
    in_flight: u64,
}

impl Part {
    /// The part as it is written.
    pub(crate) fn rows(&self) -> PartRows {
        let Ledger { arrivals, ended, abandoned, events } = self.ledger;
        let Counts { made, delivered, sampled_out, lost_queue_full, lost_crashed, batches } = self.spans;
        PartRows {
            played_s: self.played_s,
            complete: self.complete,
            windows: self.windows.iter().map(of_window).collect(),
            unwanted: self.unwanted,
            series: self.series.iter().map(of_ten).collect(),
            focus: self.focus.clone(),
            exemplars: self.exemplars.rows(),
            ledger: ([arrivals, abandoned, events], ended),
            spans: [made, delivered, sampled_out, lost_queue_full, lost_crashed, batches],
            arrived: self.arrived,
            leftovers: self.leftovers.clone(),
            fingerprints: self.fingerprints.clone(),
        }
    }

    /// A part of this plan as it was written; `None` where it is of another.
    pub(crate) fn from_rows(scenario: &Scenario, plan: &Plan, rows: PartRows) -> Option<Self> {
        let ([arrivals, abandoned, events], ended) = rows.ledger;
        let [made, delivered, sampled_out, lost_queue_full, lost_crashed, batches] = rows.spans;
        let exemplars = Exemplars::of(scenario, plan).with_rows(rows.exemplars)?;
        Some(Self {
            played_s: rows.played_s,
            complete: rows.complete,
            windows: rows.windows.into_iter().map(|row| to_window(plan, row)).collect::<Option<_>>()?,
            unwanted: rows.unwanted,
            series: rows.series.into_iter().map(|row| to_ten(plan, row)).collect::<Option<_>>()?,
            focus: rows.focus,
            exemplars,
            ledger: Ledger { arrivals, ended, abandoned, events },
            spans: Counts { made, delivered, sampled_out, lost_queue_full, lost_crashed, batches },
            arrived: rows.arrived,
            leftovers: rows.leftovers,
            fingerprints: rows.fingerprints,
        })
    }
}

fn of_window(window: &WindowSlice) -> WindowRow {
    let WindowSlice { window, from_s, to_s, slice, traffic } = window;
    WindowRow { window: *window, from_s: *from_s, to_s: *to_s, slice: of_slice(slice), traffic: traffic.rows() }
}

fn to_window(plan: &Plan, row: WindowRow) -> Option<WindowSlice> {
    let WindowRow { window, from_s, to_s, slice, traffic } = row;
    let traffic = Traffic::from_rows(plan, traffic)?;
    (from_s < to_s && to_s <= plan.duration_s).then_some(())?;
    Some(WindowSlice { window, from_s, to_s, slice: to_slice(plan, slice)?, traffic })
}

fn of_slice(slice: &Slice) -> SliceRow {
    // In full, so that a new field of a slice is not forgotten here.
    let Slice {
        endpoints,
        statements,
        consumers,
        caches,
        paused_ticks,
        shard_ticks,
        pods,
        stations,
        in_flight,
        in_flight_ticks,
    } = slice;
    SliceRow {
        endpoints: endpoints.iter().map(of_endpoint).collect(),
        statements: statements.iter().map(of_statement).collect(),
        consumers: consumers.iter().map(of_consumer).collect(),
        caches: caches.iter().map(|CacheSlice { hits, misses }| [*hits, *misses]).collect(),
        paused_ticks: paused_ticks.clone(),
        shard_ticks: shard_ticks.clone(),
        pods: pods.clone(),
        stations: stations.iter().map(of_station).collect(),
        in_flight: in_flight.clone(),
        in_flight_ticks: in_flight_ticks.clone(),
    }
}

fn to_slice(plan: &Plan, row: SliceRow) -> Option<Slice> {
    let mut slice = Slice::new(plan);
    let fits = row.endpoints.len() == slice.endpoints.len()
        && row.statements.len() == slice.statements.len()
        && row.consumers.len() == slice.consumers.len()
        && row.caches.len() == slice.caches.len()
        && row.paused_ticks.len() == slice.paused_ticks.len()
        && row.pods.len() == slice.pods.len()
        && row.stations.len() == slice.stations.len()
        && row.in_flight.len() == slice.in_flight.len()
        && row.in_flight_ticks.len() == slice.in_flight_ticks.len();
    fits.then_some(())?;
    slice.endpoints = row.endpoints.iter().map(to_endpoint).collect();
    slice.statements = row.statements.into_iter().map(to_statement).collect();
    slice.consumers = row.consumers.into_iter().map(to_consumer).collect();
    slice.caches = row.caches.into_iter().map(|[hits, misses]| CacheSlice { hits, misses }).collect();
    slice.paused_ticks = row.paused_ticks;
    slice.shard_ticks = row.shard_ticks;
    slice.pods = row.pods;
    slice.stations = row.stations.into_iter().map(to_station).collect();
    slice.in_flight = row.in_flight;
    slice.in_flight_ticks = row.in_flight_ticks;
    Some(slice)
}

fn of_endpoint(slice: &EndpointSlice) -> EndpointRow {
    let EndpointSlice { outcomes, latency_ticks, max_ticks, latencies, abandoned, affected, given_up } = slice;
    EndpointRow {
        outcomes: *outcomes,
        sums: [*latency_ticks, *max_ticks, *abandoned, *affected, *given_up],
        latencies: counts(latencies),
    }
}

fn to_endpoint(row: &EndpointRow) -> EndpointSlice {
    let [latency_ticks, max_ticks, abandoned, affected, given_up] = row.sums;
    let latencies = histogram(&row.latencies);
    EndpointSlice { outcomes: row.outcomes, latency_ticks, max_ticks, latencies, abandoned, affected, given_up }
}

const fn of_statement(slice: &StatementSlice) -> [u64; 6] {
    let StatementSlice { calls, killed, ticks, rows, unavailable, lock_ticks } = *slice;
    [calls, killed, ticks, rows, unavailable, lock_ticks]
}

const fn to_statement(row: [u64; 6]) -> StatementSlice {
    let [calls, killed, ticks, rows, unavailable, lock_ticks] = row;
    StatementSlice { calls, killed, ticks, rows, unavailable, lock_ticks }
}

const fn of_consumer(slice: &ConsumerSlice) -> [u64; 4] {
    let ConsumerSlice { appended, consumed, age_ticks, lag } = *slice;
    [appended, consumed, age_ticks, lag]
}

const fn to_consumer(row: [u64; 4]) -> ConsumerSlice {
    let [appended, consumed, age_ticks, lag] = row;
    ConsumerSlice { appended, consumed, age_ticks, lag }
}

const fn of_station(totals: &StationTotals) -> [u64; 10] {
    let StationTotals {
        capacity,
        capacity_ticks,
        busy_ticks,
        waiting_ticks,
        served,
        wait_ticks,
        gave_up,
        busy_now,
        waiting_now,
        max_waiting,
    } = *totals;
    [
        capacity,
        capacity_ticks,
        busy_ticks,
        waiting_ticks,
        served,
        wait_ticks,
        gave_up,
        busy_now,
        waiting_now,
        max_waiting,
    ]
}

const fn to_station(row: [u64; 10]) -> StationTotals {
    let [
        capacity,
        capacity_ticks,
        busy_ticks,
        waiting_ticks,
        served,
        wait_ticks,
        gave_up,
        busy_now,
        waiting_now,
        max_waiting,
    ] = row;
    StationTotals {
        capacity,
        capacity_ticks,
        busy_ticks,
        waiting_ticks,
        served,
        wait_ticks,
        gave_up,
        busy_now,
        waiting_now,
        max_waiting,
    }
}

fn of_ten(ten: &TenSeconds) -> TenRow {
    // Without the quantiles: those are read off the latencies once they are merged.
    let TenSeconds { at_s, seconds, attempts, succeeded, quantiles: _, latencies, consumers, stations, in_flight } =
        ten;
    let station = |StationTen { busy_ticks, capacity_ticks, max_waiting }: &StationTen| {
        [*busy_ticks, *capacity_ticks, *max_waiting]
    };
    TenRow {
        at_s: *at_s,
        seconds: *seconds,
        attempts: attempts.clone(),
        succeeded: succeeded.clone(),
        latencies: latencies.clone(),
        consumers: consumers.clone(),
        stations: stations.iter().map(station).collect(),
        in_flight: *in_flight,
    }
}

fn to_ten(plan: &Plan, row: TenRow) -> Option<TenSeconds> {
    let fits = row.attempts.len() == plan.endpoints.len()
        && row.succeeded.len() == plan.endpoints.len()
        && row.consumers.len() == plan.consumers.len()
        && row.stations.len() == doorbuster_virtual::slice::stations(plan).len()
        && row.seconds > 0
        && row.seconds <= row.at_s;
    let station =
        |[busy_ticks, capacity_ticks, max_waiting]: [u64; 3]| StationTen { busy_ticks, capacity_ticks, max_waiting };
    fits.then(|| TenSeconds {
        at_s: row.at_s,
        seconds: row.seconds,
        attempts: row.attempts,
        succeeded: row.succeeded,
        quantiles: (0, 0),
        latencies: row.latencies,
        consumers: row.consumers,
        stations: row.stations.into_iter().map(station).collect(),
        in_flight: row.in_flight,
    })
}
