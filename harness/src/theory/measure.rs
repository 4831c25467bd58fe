//! What a row of the table measures, and how it is read off the engine's books.
//!
//! Owns the quantities. All are ratios of two integers of a window, so that replications add up exactly.

use super::estimate::Count;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::{Ticks, s_from_ticks};
use doorbuster_virtual::slice::{Slice, stations};
use doorbuster_virtual::station::StationTotals;

/// A quantity; stations are named as in results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Mean time from arrival at a station to the start of service, in seconds.
    Wait(&'static str),
    /// Mean time from arrival in the shop to the answer, in seconds.
    Response,
    /// Part of the requests that is refused.
    Refused,
    /// Mean number of servers in use at a station.
    Busy(&'static str),
    /// Part of a station's servers in use.
    Utilization(&'static str),
    /// Mean number of requests at a station, those in service included.
    Present(&'static str),
    /// Requests per second and replication.
    Throughput,
}

/// How a quantity is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    PerSecond,
    Number,
}

impl Measure {
    /// Its name.
    pub(super) fn name(self) -> String {
        match self {
            Self::Wait(station) => format!("mean wait at {station}"),
            Self::Response => "mean time in the shop".to_owned(),
            Self::Refused => "part refused".to_owned(),
            Self::Busy(station) => format!("mean busy of {station}"),
            Self::Utilization(station) => format!("utilization of {station}"),
            Self::Present(station) => format!("mean present at {station}"),
            Self::Throughput => "throughput".to_owned(),
        }
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::Wait(_) | Self::Response => Unit::Seconds,
            Self::Throughput => Unit::PerSecond,
            Self::Refused | Self::Busy(_) | Self::Utilization(_) | Self::Present(_) => Unit::Number,
        }
    }

    /// What the ratio of the counts has to be multiplied by.
    pub(super) fn scale(self) -> f64 {
        match self.unit() {
            Unit::Seconds => s_from_ticks(1),
            Unit::PerSecond => 1.0 / s_from_ticks(1),
            Unit::Number => 1.0,
        }
    }

    /// Counts a window of one replication.
    pub(super) fn count(self, plan: &Plan, window: &Slice, ticks: Ticks) -> Count {
        let at = |name| station(plan, window, name);
        let over_endpoints = |part: fn(&doorbuster_virtual::slice::EndpointSlice) -> u64| -> u64 {
            window.endpoints.iter().map(part).sum()
        };
        match self {
            Self::Wait(name) => Count { sum: at(name).wait_ticks, over: at(name).served },
            Self::Response => {
                Count { sum: over_endpoints(|endpoint| endpoint.latency_ticks), over: Self::requests(window) }
            }
            Self::Refused => {
                let refused = over_endpoints(|endpoint| endpoint.outcomes[Outcome::Refused as usize]);
                Count { sum: refused, over: Self::requests(window) }
            }
            Self::Busy(name) => Count { sum: at(name).busy_ticks, over: ticks },
            Self::Utilization(name) => Count { sum: at(name).busy_ticks, over: at(name).capacity * ticks },
            Self::Present(name) => Count { sum: at(name).busy_ticks + at(name).waiting_ticks, over: ticks },
            Self::Throughput => Count { sum: Self::requests(window), over: ticks },
        }
    }

    /// Requests that ended in a window.
    pub(super) fn requests(window: &Slice) -> u64 {
        window.endpoints.iter().map(doorbuster_virtual::slice::EndpointSlice::attempts).sum()
    }
}

fn station(plan: &Plan, window: &Slice, name: &str) -> StationTotals {
    let found = stations(plan).into_iter().position(|id| crate::plan_names::station(plan, id) == name);
    window.stations[found.expect("invariant: a row names a station of its case")]
}
