//! The few figures that every telling leads with: what the focus did before, during and after, and the busiest stations.
//!
//! Owns where in the result they stand. A verdict's value comes first, the truth's statistics second, so that no
//! two places of a report can differ. Refuses to say a figure that rests on nothing.

use crate::result::{EndpointStats, RunResult, StationStats};
use std::collections::BTreeSet;

/// The operation that the incident is about, as the scenario names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Focus<'a> {
    /// Whose success is watched.
    pub(crate) edge: &'a str,
    /// Whose latency is watched.
    pub(crate) operation: &'a str,
}

/// The focus of the scenario, if it has one.
pub(crate) fn focus(result: &RunResult) -> Option<Focus<'_>> {
    let focus = result.resolved.get("focus")?;
    Some(Focus { edge: focus.get("edge")?.as_str()?, operation: focus.get("operation")?.as_str()? })
}

/// What the focus did in one window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) window: &'static str,
    pub(crate) success: Option<f64>,
    pub(crate) p50_s: Option<f64>,
    pub(crate) p99_s: Option<f64>,
    pub(crate) succeeded_per_s: Option<f64>,
}

impl Figures {
    /// Whether there is nothing to say.
    pub(crate) fn is_empty(&self) -> bool {
        let figures = [self.success, self.p50_s, self.p99_s, self.succeeded_per_s];
        figures.iter().all(Option::is_none)
    }
}

/// The figures of each window that was played, in the order of the story.
pub(crate) fn figures(result: &RunResult) -> Vec<Figures> {
    let mut told = Vec::new();
    for window in windows(result) {
        let edge = focus(result).and_then(|focus| endpoint(result, focus.edge, window));
        let operation = focus(result).and_then(|focus| endpoint(result, focus.operation, window));
        let latency = operation.and_then(|stats| stats.latency_s.as_ref());
        told.push(Figures {
            window,
            success: verdict_value(result, "success", window).or_else(|| edge.and_then(success)),
            p50_s: latency.map(|latency| latency.p50),
            p99_s: verdict_value(result, "p99", window).or_else(|| latency.map(|latency| latency.p99)),
            succeeded_per_s: verdict_value(result, "throughput", window).or_else(|| throughput(result, window)),
        });
    }
    told
}

/// The windows that tell the story: before, during and after, or the whole run where nothing was broken.
pub(crate) fn windows(result: &RunResult) -> Vec<&'static str> {
    let mut there = Vec::new();
    for window in ["before", "during", "after"] {
        if result.timeline.windows.contains_key(window) {
            there.push(window);
        }
    }
    if there.is_empty() { vec!["run"] } else { there }
}

fn verdict_value(result: &RunResult, what: &str, window: &str) -> Option<f64> {
    let id = format!("incident.{what}.{window}");
    result.verdicts.iter().find(|verdict| verdict.id == id)?.value
}

/// The statistics of `service.endpoint` in a window.
fn endpoint<'a>(result: &'a RunResult, name: &str, window: &str) -> Option<&'a EndpointStats> {
    let (service, endpoint) = name.split_once('.')?;
    result
        .endpoints
        .iter()
        .find(|stats| stats.service == service && stats.endpoint == endpoint && stats.window == window)
}

/// Successes over attempts.
pub(crate) fn success(stats: &EndpointStats) -> Option<f64> {
    (stats.attempts > 0).then(|| stats.succeeded as f64 / stats.attempts as f64)
}

/// Successful answers per second, averaged over the points of the series that lie within the window.
fn throughput(result: &RunResult, window: &str) -> Option<f64> {
    let [from_s, to_s] = *result.timeline.windows.get(window)?;
    let mut sum = 0.0;
    let mut points = 0.0;
    for point in &result.series {
        let at_s = f64::from(point.at_s);
        if at_s > from_s && at_s <= to_s {
            sum += point.succeeded_per_s;
            points += 1.0;
        }
    }
    (points > 0.0).then(|| sum / points)
}

/// The endpoints that shoppers ask, as `service.endpoint`: those of the journeys, or all of them where there are none.
pub(crate) fn edges(result: &RunResult) -> BTreeSet<String> {
    let journeys = result.resolved.get("journeys").and_then(serde_json::Value::as_object);
    let steps =
        journeys.into_iter().flat_map(|map| map.values()).filter_map(|journey| journey.get("steps")?.as_array());
    let asked: BTreeSet<String> =
        steps.flatten().filter_map(|step| Some(step.get("request")?.as_str()?.to_owned())).collect();
    if !asked.is_empty() {
        return asked;
    }
    result.endpoints.iter().map(|stats| format!("{}.{}", stats.service, stats.endpoint)).collect()
}

/// Success at the shop's edge over the whole run, warm-up and drain included.
pub(crate) fn edge_success(result: &RunResult) -> Option<f64> {
    let answered = result.accounting.succeeded + result.accounting.failed;
    (answered > 0).then(|| result.accounting.succeeded as f64 / answered as f64)
}

/// The endpoint with the greatest p99 in the whole run, where there are enough requests for one to mean something.
pub(crate) fn slowest_endpoint(result: &RunResult) -> Option<(&EndpointStats, f64)> {
    let mut slowest: Option<(&EndpointStats, f64)> = None;
    for stats in &result.endpoints {
        let Some(latency) = &stats.latency_s else { continue };
        if stats.window == "run" && stats.attempts >= 1000 && slowest.is_none_or(|(_, p99)| latency.p99 > p99) {
            slowest = Some((stats, latency.p99));
        }
    }
    slowest
}

/// The stations by how busy they were while it mattered: during the incident, or in the whole run.
pub(crate) fn busiest_stations(result: &RunResult) -> (&'static str, Vec<&StationStats>) {
    let window = if result.timeline.windows.contains_key("during") { "during" } else { "run" };
    let mut stations: Vec<_> = result.stations.iter().filter(|station| station.window == window).collect();
    stations.sort_by(|a, b| b.utilization.total_cmp(&a.utilization).then_with(|| a.name.cmp(&b.name)));
    (window, stations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn an_incident_has_three_windows_and_its_verdicts_come_first() {
        let mut result = examples::incident();
        let told = figures(&result);
        assert_eq!(told.iter().map(|figures| figures.window).collect::<Vec<_>>(), ["before", "during", "after"]);
        assert_eq!(told[1].success, verdict_value(&result, "success", "during"));
        result.verdicts.clear();
        assert!(figures(&result)[1].success.is_some(), "without a verdict the endpoint's own counts are told");
        assert!(figures(&result)[0].succeeded_per_s.is_some());
    }

    #[test]
    fn a_quiet_day_has_one_window_and_no_focus() {
        let result = examples::quiet_day();
        assert_eq!(focus(&result), None);
        assert_eq!(figures(&result).len(), 1);
        assert!(edge_success(&result).is_some_and(|success| success > 0.9));
        assert_eq!(busiest_stations(&result).0, "run");
    }
}
