//! What the reference counts, in the engine's own units.

use crate::slice::{CacheSlice, ConsumerSlice, StatementSlice, StationId};
use crate::station::StationTotals;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::Ticks;

/// Counts since time zero.
pub(crate) struct Books {
    stations: Vec<StationId>,
    /// By station, in the order of [`crate::slice::stations`]. Levels and capacities are not kept.
    pub(crate) totals: Vec<StationTotals>,
    pub(crate) endpoints: Vec<EndpointBook>,
    pub(crate) statements: Vec<StatementSlice>,
    /// By consumer group: its lag at the end is 0 after a drain.
    pub(crate) consumers: Vec<ConsumerSlice>,
    pub(crate) caches: Vec<CacheSlice>,
    /// By service.
    pub(crate) paused_ticks: Vec<u64>,
    /// Requests that shoppers made.
    pub(crate) arrivals: u64,
    /// Requests that ended, by outcome.
    pub(crate) ended: [u64; Outcome::COUNT],
}

/// An endpoint's requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EndpointBook {
    pub(crate) outcomes: [u64; Outcome::COUNT],
    pub(crate) latency_ticks: u64,
    pub(crate) max_ticks: u64,
    /// With success, but the shopper had left.
    pub(crate) abandoned: u64,
    /// Shoppers whose request here failed for the first time.
    pub(crate) affected: u64,
    /// Shoppers who gave up after a failure here.
    pub(crate) given_up: u64,
}

impl Books {
    pub(super) fn new(plan: &Plan, stations: Vec<StationId>) -> Self {
        Self {
            totals: vec![StationTotals::default(); stations.len()],
            stations,
            endpoints: vec![EndpointBook::default(); plan.endpoints.len()],
            statements: vec![StatementSlice::default(); plan.statements.len()],
            consumers: vec![ConsumerSlice::default(); plan.consumers.len()],
            caches: vec![CacheSlice::default(); plan.caches.len()],
            paused_ticks: vec![0; plan.services.len()],
            arrivals: 0,
            ended: [0; Outcome::COUNT],
        }
    }

    fn at(&mut self, station: StationId) -> Option<&mut StationTotals> {
        let place = self.stations.iter().position(|other| *other == station)?;
        Some(&mut self.totals[place])
    }

    /// One begins to be served after a wait.
    pub(super) fn served(&mut self, station: StationId, waited: Ticks) {
        if let Some(totals) = self.at(station) {
            totals.served += 1;
            totals.wait_ticks += waited;
            totals.waiting_ticks += waited;
        }
    }

    /// Somebody's service ends, or its length is known beforehand.
    pub(super) fn busy(&mut self, station: StationId, ticks: Ticks) {
        if let Some(totals) = self.at(station) {
            totals.busy_ticks += ticks;
        }
    }

    /// Some wait while others are served, all of them for so long.
    pub(super) fn waiting(&mut self, station: StationId, ticks: Ticks) {
        if let Some(totals) = self.at(station) {
            totals.waiting_ticks += ticks;
        }
    }

    /// One who shared a server leaves, so long after the time that the work alone would have taken.
    pub(super) fn stayed(&mut self, station: StationId, longer: Ticks) {
        if let Some(totals) = self.at(station) {
            totals.wait_ticks += longer;
        }
    }

    /// One gives up waiting.
    pub(super) fn gave_up(&mut self, station: StationId, waited: Ticks) {
        if let Some(totals) = self.at(station) {
            totals.gave_up += 1;
            totals.waiting_ticks += waited;
        }
    }

    /// So many wait at one pod or shard now.
    pub(super) fn queue(&mut self, station: StationId, waiting: usize) {
        if let Some(totals) = self.at(station) {
            totals.max_waiting = totals.max_waiting.max(waiting as u64);
        }
    }

    pub(super) fn endpoint(&mut self, endpoint: u16, outcome: Outcome, latency: Ticks) {
        let book = &mut self.endpoints[usize::from(endpoint)];
        book.outcomes[outcome as usize] += 1;
        book.latency_ticks += latency;
        book.max_ticks = book.max_ticks.max(latency);
    }

    pub(super) fn statement(&mut self, statement: u16, ticks: Ticks, rows: u64, killed: bool) {
        let book = &mut self.statements[usize::from(statement)];
        book.calls += 1;
        book.killed += u64::from(killed);
        book.ticks += ticks;
        book.rows += rows;
    }
}
