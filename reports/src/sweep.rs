//! A sweep: one scenario played once for each value of one path, a row for each (`sweep.json`).
//!
//! Owns the versioned rows, and which figures of a result stand in one. Refuses to judge: a sweep explores, and its
//! verdicts are told as they are.

mod stations;
mod table;

pub(crate) use table::{cells, columns, range, watched};

use crate::figures::{focus, held, queues};
use crate::outcome::Tally;
use crate::result::{EndpointStats, RunResult, Saturated, Scale};
use serde::{Deserialize, Serialize};
use stations::busiest;

/// Version of `sweep.json`; raised when a reader of the one before would go wrong.
pub const SCHEMA_VERSION: u32 = 1;

/// A success needs so many attempts, as a verdict on it does.
const FEWEST: u64 = 100;
/// A p99 needs so many.
const FEWEST_P99: u64 = 1_000;

/// A sweep over the values of one path.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Sweep {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// The path, as `--set` takes it.
    pub path: String,
    /// The seed of every row.
    pub seed: u64,
    /// Whether every row was played to its end.
    pub complete: bool,
    /// What was played, in the order of the values.
    pub rows: Vec<Row>,
    /// Values that were not played, since the sweep was ended early.
    pub not_played: Vec<String>,
}

/// One value, and what it gave.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Row {
    /// The value, as it was written.
    pub value: String,
    /// Its report, as a folder below that of the sweep.
    pub folder: String,
    /// Why the row has no figures, or is not whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The figures; null where the run came to no result. Of a run that was ended early they are those of its part.
    pub figures: Option<RowFigures>,
}

/// The figures of a row. A figure that rests on too few samples is null.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RowFigures {
    /// Fingerprint of the run's stream.
    pub fingerprint: String,
    /// What was played, and at which scale.
    pub scale: Scale,
    /// The window of success, p99 and throughput: `during` where there was a fault, otherwise `run`.
    pub window: String,
    /// Whose success is told: the edge of the focus; null for the whole edge.
    pub edge: Option<String>,
    /// Whose p99 is told: the operation of the focus, or the edge's first endpoint.
    pub operation: Option<String>,
    /// Successful over all attempts in the window.
    pub success: Option<f64>,
    /// Attempts that it rests on.
    pub success_attempts: u64,
    /// 99th percentile of the latency in the window, in seconds.
    pub p99_s: Option<f64>,
    /// Attempts that it rests on.
    pub p99_attempts: u64,
    /// Successful answers at the edge per second in the window, fleet-scaled.
    pub throughput_per_s: Option<f64>,
    /// Success in the window `after`, where there is one.
    pub success_after: Option<f64>,
    /// Virtual seconds of the injection, where there was one.
    pub injected_s: Option<f64>,
    /// Seconds from the injection to the recovery; null if it never came.
    pub recovered_after_s: Option<f64>,
    /// Whether success stayed near its level all the time, so that there was nothing to recover from.
    pub held: bool,
    /// Verdicts as expected.
    pub verdicts_as_expected: u64,
    /// Verdicts that are not.
    pub verdicts_missed: u64,
    /// Verdicts that cannot be said.
    pub verdicts_invalid: u64,
    /// The first station that was full as a whole.
    pub first_saturated: Option<Saturated>,
    /// Where none was: a station of which some pods or shards were, the one with the longest queue.
    pub saturated_in_part: Option<String>,
    /// The station that was busiest at its busiest.
    pub busiest: Option<Busiest>,
    /// What the busiest station had to spare at its busiest, from 0 to 1.
    pub headroom: Option<f64>,
}

/// A station at its busiest.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Busiest {
    /// Its name.
    pub station: String,
    /// Its utilization in its busiest ten seconds (cores) or window (workers, pools), over all of its pods and shards.
    pub utilization: f64,
}

impl Row {
    /// The row of a run.
    #[must_use]
    pub fn of(value: &str, folder: &str, result: &RunResult) -> Self {
        let note = (!result.complete).then(|| {
            let played = crate::format::duration(f64::from(result.scale.virtual_s));
            format!("ended early, after {played} of virtual time")
        });
        Self { value: value.to_owned(), folder: folder.to_owned(), note, figures: Some(figures(result)) }
    }

    /// The figures, where the row was played to its end: a part of a run has other windows.
    pub(crate) fn told(&self) -> Option<&RowFigures> {
        self.figures.as_ref().filter(|_| self.note.is_none())
    }
}

fn figures(result: &RunResult) -> RowFigures {
    let window = if result.timeline.windows.contains_key("during") { "during" } else { "run" };
    let name = |stats: &EndpointStats| format!("{}.{}", stats.service, stats.endpoint);
    let edge = focus(result).map(|focus| focus.edge.to_owned());
    let is_watched = |stats: &&EndpointStats| match &edge {
        Some(edge) => name(stats) == *edge,
        None => stats.edge,
    };
    let first_edge = || result.endpoints.iter().find(|stats| stats.edge).map(name);
    let operation = focus(result).map(|focus| focus.operation.to_owned()).or_else(first_edge);
    let of_window = |window: &'static str| result.endpoints.iter().filter(move |stats| stats.window == window);
    let (success, success_attempts) = success(of_window(window).filter(is_watched));
    let (success_after, _) = self::success(of_window("after").filter(is_watched));
    let watched = of_window(window).find(|stats| Some(name(stats)) == operation);
    let p99_attempts = watched.map_or(0, |stats| stats.attempts);
    let p99_s = watched.and_then(|stats| stats.latency_s.as_ref()).map(|latency| latency.p99);
    let succeeded: u64 = of_window(window).filter(|stats| stats.edge).map(|one| one.succeeded).sum();
    let length_s = result.timeline.windows.get(window).map(|[from_s, to_s]| to_s - from_s).filter(|s| *s > 0.0);
    let tally = Tally::of(result);
    let injected_s = result.timeline.injected_s;
    let busiest = busiest(result);
    RowFigures {
        fingerprint: result.fingerprint.clone(),
        scale: result.scale.clone(),
        window: window.to_owned(),
        edge,
        operation,
        success,
        success_attempts,
        p99_s: p99_s.filter(|_| p99_attempts >= FEWEST_P99),
        p99_attempts,
        throughput_per_s: length_s.map(|length_s| succeeded as f64 * result.scale.factor / length_s),
        success_after,
        injected_s,
        recovered_after_s: result
            .timeline
            .recovered_s
            .zip(injected_s)
            .map(|(recovered, injected)| recovered - injected),
        held: held(result),
        verdicts_as_expected: tally.as_expected as u64,
        verdicts_missed: tally.missed as u64,
        verdicts_invalid: tally.invalid as u64,
        first_saturated: first_saturated(result),
        saturated_in_part: queues(result).first().map(|(_, during)| during.name.clone()),
        headroom: busiest.as_ref().map(|station| (1.0 - station.utilization).max(0.0)),
        busiest,
    }
}

/// The first station by time that was full as a whole.
fn first_saturated(result: &RunResult) -> Option<Saturated> {
    result.saturated.iter().min_by(|a, b| a.from_s.total_cmp(&b.from_s)).cloned()
}

/// Successful over all attempts, where there are enough, and those attempts.
fn success<'a>(endpoints: impl Iterator<Item = &'a EndpointStats>) -> (Option<f64>, u64) {
    let (mut succeeded, mut attempts) = (0, 0);
    for stats in endpoints {
        succeeded += stats.succeeded;
        attempts += stats.attempts;
    }
    ((attempts >= FEWEST).then(|| succeeded as f64 / attempts as f64), attempts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn an_incidents_row_tells_the_fault_and_a_quiet_days_the_run() {
        let row = Row::of("25%", "25", &examples::incident());
        let figures = row.figures.expect("it was played");
        assert_eq!((figures.window.as_str(), figures.edge.as_deref()), ("during", Some("gateway.pay")));
        assert!(figures.success.is_some_and(|success| (success - 0.7042).abs() < 1e-4));
        assert_eq!((figures.p99_s, figures.recovered_after_s), (Some(5.003), Some(950.0)));
        assert_eq!((figures.verdicts_as_expected, figures.verdicts_missed, figures.held), (14, 0, false));
        assert_eq!(row.note, None);
        let quiet = Row::of("1", "1", &examples::quiet_day()).figures.expect("it was played");
        assert_eq!((quiet.window.as_str(), quiet.edge, quiet.success_after), ("run", None, None));
        assert_eq!(quiet.operation.as_deref(), Some("gateway.browse"));
        assert_eq!(quiet.success_attempts, 8_232_000, "the whole edge");
    }

    #[test]
    fn a_figure_on_too_few_samples_is_missing_and_an_early_end_is_said() {
        let mut result = examples::ended_early();
        for stats in &mut result.endpoints {
            (stats.attempts, stats.succeeded) = (99, 99);
        }
        let row = Row::of("1", "1", &result);
        let figures = row.figures.clone().expect("a part was played");
        assert_eq!((figures.success, figures.p99_s, figures.success_attempts), (None, None, 99));
        assert_eq!(Row::of("1", "1", &examples::ended_early()).told(), None, "a part is not told beside whole ones");
        assert_eq!(row.note.as_deref(), Some("ended early, after 6 min 40 s of virtual time"));
        let nothing = Row::of("1", "1", &examples::empty()).figures.expect("nothing is something");
        assert_eq!((nothing.success, nothing.operation, nothing.headroom), (None, None, None));
    }
}
