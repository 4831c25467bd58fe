//! What the cells of one process left behind, to become a record alone or together with those of other processes.
//!
//! Owns the merge: integers only, in the order of the cells, so that the parts of a run come to what one process would have
//! counted. Refuses whatever depends on the whole fleet: alerts, remedies and recovery stand in the story.

mod wire;

pub(crate) use wire::PartRows;

use super::exemplar::Exemplars;
use super::{FocusSecond, Record, Recovery, Story, TenSeconds, Window, WindowSlice};
use doorbuster_model::plan::{EndpointId, Plan};
use doorbuster_telemetry::fingerprint::combine;
use doorbuster_telemetry::sdk::Counts;
use doorbuster_virtual::slice::Ledger;
use hdrhistogram::Histogram;

/// What the cells of one process left behind.
pub(crate) struct Part {
    /// Virtual seconds played.
    pub(crate) played_s: u32,
    /// Whether that is all of them.
    pub(crate) complete: bool,
    /// Truth and arrived spans, by window.
    pub(super) windows: Vec<WindowSlice>,
    /// The one of *after* and *tail* that is not told.
    pub(super) unwanted: Window,
    /// Truth, by ten seconds.
    pub(super) series: Vec<TenSeconds>,
    /// Truth of the focus' edge, by second.
    pub(super) focus: Vec<FocusSecond>,
    /// Candidates for exemplars.
    pub(super) exemplars: Exemplars,
    /// Counts over everything, drain included.
    pub(crate) ledger: Ledger,
    /// Spans made, delivered and lost at the pods.
    pub(crate) spans: Counts,
    /// Spans that the sinks saw.
    pub(super) arrived: u64,
    /// What did not come back after the drain, in words.
    pub(super) leftovers: Vec<String>,
    /// The fingerprint of each cell.
    pub(super) fingerprints: Vec<[u8; 16]>,
}

impl Part {
    /// Adds the part of the cells that follow.
    ///
    /// # Errors
    /// When the two parts are not of the same stretches of time, in words.
    pub(crate) fn merge(&mut self, next: Self) -> Result<(), String> {
        self.is_of_the_same_time(&next)?;
        for (mine, theirs) in self.windows.iter_mut().zip(&next.windows) {
            mine.slice.merge(&theirs.slice);
            mine.traffic.follow(&theirs.traffic);
        }
        self.series.iter_mut().zip(&next.series).for_each(|(mine, theirs)| mine.merge(theirs));
        self.focus.iter_mut().zip(&next.focus).for_each(|(mine, theirs)| *mine = mine.plus(theirs));
        self.exemplars.merge(next.exemplars);
        self.ledger.merge(&next.ledger);
        self.spans.merge(&next.spans);
        self.arrived += next.arrived;
        self.leftovers.extend(next.leftovers);
        self.fingerprints.extend(next.fingerprints);
        Ok(())
    }

    fn is_of_the_same_time(&self, next: &Self) -> Result<(), String> {
        if (self.played_s, self.complete, self.focus.len()) != (next.played_s, next.complete, next.focus.len()) {
            return Err(format!("one was played for {} s, another for {} s", self.played_s, next.played_s));
        }
        let bounds = |part: &Self| {
            let windows = part.windows.iter().map(|window| (window.window.name(), window.from_s, window.to_s));
            windows.collect::<Vec<(&str, u32, u32)>>()
        };
        if bounds(self) != bounds(next) || self.unwanted != next.unwanted {
            return Err(format!("one has the windows {:?}, another {:?}", bounds(self), bounds(next)));
        }
        let times = |part: &Self| part.series.iter().map(|ten| (ten.at_s, ten.seconds)).collect::<Vec<(u32, u32)>>();
        if times(self) == times(next) { Ok(()) } else { Err("their series are not of the same seconds".to_owned()) }
    }

    /// The record of a run of which this is all.
    pub(crate) fn record(self, cells: u32, story: Story, recovery: Option<Recovery>) -> Record {
        Record {
            played_s: self.played_s,
            complete: self.complete,
            cells,
            exemplars: self.exemplars.choose(self.unwanted),
            slow_ticks: self.exemplars.slow_ticks(),
            windows: self.windows,
            series: self.series,
            focus: self.focus,
            story,
            recovered_s: recovery.map(|recovery| recovery.at_s),
            recovery,
            ledger: self.ledger,
            spans: self.spans,
            arrived: self.arrived,
            leftovers: self.leftovers,
            fingerprint: combine(&self.fingerprints),
        }
    }

    /// Reads the quantiles of the series off the merged latencies of the told operation.
    pub(crate) fn settle_series(&mut self) {
        for ten in &mut self.series {
            ten.settle();
        }
    }

    /// The points of the series.
    pub(crate) fn series(&self) -> &[TenSeconds] {
        &self.series
    }
}

/// The endpoint whose latency the series tells: the focus' operation, or the first of the edge.
pub(crate) fn told_operation(scenario: &doorbuster_scenarios::Scenario, plan: &Plan) -> Option<EndpointId> {
    match &scenario.focus {
        Some(focus) => Some(crate::plan_names::endpoint(plan, &focus.operation)),
        None => crate::plan_names::edges(plan).first().copied(),
    }
}

/// A histogram from its counts by value.
pub(super) fn histogram(counts: &[(u64, u64)]) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).expect("invariant: 3 digits are allowed");
    histogram.auto(true);
    for (value, count) in counts {
        histogram.record_n(*value, *count).expect("invariant: the histogram grows");
    }
    histogram
}

/// The counts by value that a histogram holds.
pub(super) fn counts(histogram: &Histogram<u64>) -> Vec<(u64, u64)> {
    histogram.iter_recorded().map(|value| (value.value_iterated_to(), value.count_at_value())).collect()
}

#[cfg(test)]
mod tests;
