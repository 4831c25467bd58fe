//! The streaming change detector: which series left its usual level, and when.
//!
//! Owns the list of series, their units and how large a change matters. Refuses to say what the change means
//! (`cause`) and whether anybody is paged (`alert`).
//!
//! Series are ratios and figures per call only, so that ten times the traffic is no change: failures per request of
//! an edge, slow answers per request of an endpoint, rows examined per call of a statement, wait per connection
//! handed out, core time per request of a service and per statement of a store. Core time must also be a
//! material part of all cores: per-request figures of an idle service jump about.
//!
//! Alarms that overlap are one episode with one symptom: the first alarm's, and among several in one export the one
//! nearest to the shopper, which is the order of the list. Averages and run lengths are `cusum`'s business.

mod cusum;
mod series;
mod slow;

use super::names::Names;
use doorbuster_telemetry::observed::Export;
use serde::{Deserialize, Serialize};
use series::Series;
use std::fmt;

/// The first alarm of an episode.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Symptom {
    /// The export that showed it, in virtual seconds.
    pub(crate) at_s: u32,
    /// What changed, in words.
    pub(crate) series: String,
    /// Its usual value, in words.
    pub(crate) before: String,
    /// Its value in the export, in words.
    pub(crate) now: String,
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {} before", self.series, self.now, self.before)
    }
}

/// All series of a fleet. Memory is bounded by their number; no export is kept.
#[derive(Debug)]
pub(crate) struct Changes {
    series: Vec<Series>,
    is_episode: bool,
}

impl Changes {
    /// Every series of the fleet, with nothing learned.
    pub(crate) fn new(names: &Names) -> Self {
        Self { series: series::all(names), is_episode: false }
    }

    /// Takes an export; the symptom, if an episode begins with it.
    pub(crate) fn observe(&mut self, names: &Names, export: &Export) -> Option<Symptom> {
        let mut first = None;
        let mut is_any = false;
        for series in &mut self.series {
            let usual = series.usual();
            if series.observe(export) {
                is_any = true;
                if first.is_none() && !self.is_episode {
                    first = Some(series.symptom(names, export, usual));
                }
            }
        }
        self.is_episode = is_any;
        first
    }

    /// Whether some series is in alarm.
    pub(crate) fn is_episode(&self) -> bool {
        self.is_episode
    }

    /// From which duration on, in ticks, an answer of an endpoint is slow; `None` while that is being learned.
    pub(crate) fn slow_ticks(&self, endpoint: usize) -> Option<u64> {
        self.series.iter().find_map(|series| series.slow_ticks(endpoint))
    }
}

#[cfg(test)]
mod tests;
