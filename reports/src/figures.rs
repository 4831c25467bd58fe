//! The few figures that every telling leads with: what the focus did before, during and after, and the busiest stations.
//!
//! Owns where in the result they stand. A verdict's value comes first, the truth's statistics second, so that no
//! two places of a report can differ. Refuses to say a figure that rests on nothing.

use crate::result::{EndpointStats, RunResult, StationStats};

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

/// The share of its level before at which success counts as near it (design section 8).
const NEAR: f64 = 0.97;

/// Whether success stayed near its level all the time: then there was nothing to recover from.
pub(crate) fn held(result: &RunResult) -> bool {
    let told = figures(result);
    let Some(before) = told.iter().find(|figures| figures.window == "before").and_then(|figures| figures.success)
    else {
        return false;
    };
    result.timeline.recovered_s.is_none()
        && told.len() > 1
        && told.iter().all(|figures| figures.success.is_some_and(|success| success >= NEAR * before))
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

/// Whose CPU is watched, in words, and the services and stores, two at most: those of the cause that was named, else those
/// that the faults change, else the one behind the focus; where none of them has a CPU of its own, the busiest.
pub(crate) fn watched_cpu(result: &RunResult) -> (&'static str, Vec<String>) {
    let mut named: Vec<&str> = Vec::new();
    if let Some(cause) = &result.timeline.cause {
        named.extend([cause.resource.as_str(), cause.service.as_str()]);
    }
    if named.is_empty()
        && let Some(faults) = result.resolved.get("faults")
    {
        texts(faults, &mut named);
    }
    if result.timeline.injected_s.is_some()
        && let Some(focus) = focus(result)
    {
        named.extend(focus.operation.split_once('.').map(|(service, _)| service));
    }
    let mut watched: Vec<String> = Vec::new();
    for name in named {
        let has_cpu = result.series.iter().any(|point| point.cpu.contains_key(name));
        if has_cpu && watched.len() < 2 && !watched.iter().any(|other| other == name) {
            watched.push(name.to_owned());
        }
    }
    if watched.is_empty() {
        return ("busiest", busiest_cpu(result));
    }
    let is_wrong = result.timeline.cause.as_ref().is_some_and(|cause| !cause.right);
    (if is_wrong { "of the named cause" } else { "of the culprit" }, watched)
}

/// All texts of a value, in their order.
fn texts<'a>(value: &'a serde_json::Value, into: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::String(text) => into.push(text),
        serde_json::Value::Array(values) => values.iter().for_each(|value| texts(value, into)),
        serde_json::Value::Object(values) => values.values().for_each(|value| texts(value, into)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// The two services or stores with the most CPU in use on average while it mattered.
fn busiest_cpu(result: &RunResult) -> Vec<String> {
    let [from_s, to_s] = result.timeline.windows.get("during").copied().unwrap_or([0.0, f64::MAX]);
    let mut sums: std::collections::BTreeMap<&str, f64> = std::collections::BTreeMap::new();
    for point in &result.series {
        let weight = if (from_s..=to_s).contains(&f64::from(point.at_s)) { 1.0 } else { 1e-6 };
        for (name, load) in &point.cpu {
            *sums.entry(name).or_default() += if load.is_finite() { load * weight } else { 0.0 };
        }
    }
    let mut sorted: Vec<_> = sums.into_iter().collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    sorted.into_iter().take(2).map(|(name, _)| name.to_owned()).collect()
}

/// Waiting before a station, averaged over time, from which on it is a queue worth telling.
const QUEUE: f64 = 1.0;
/// By so much it must have grown, for the fault to have made it.
const QUEUE_GROWS: f64 = 10.0;

/// Stations with room as a whole, before which a queue stood during the incident that wasn't there before: its windows
/// *before* and *during*, the longest queue first. Who waits at a pod or shard waits because that one is full.
pub(crate) fn queues(result: &RunResult) -> Vec<(&StationStats, &StationStats)> {
    let mut found = Vec::new();
    for during in result.stations.iter().filter(|station| station.window == "during" && station.mean_waiting >= QUEUE) {
        let same = |station: &&StationStats| station.name == during.name && station.window == "before";
        let Some(before) = result.stations.iter().find(same) else { continue };
        let is_full = result.saturated.iter().any(|saturated| saturated.name == during.name);
        if !is_full && during.mean_waiting >= before.mean_waiting * QUEUE_GROWS {
            found.push((before, during));
        }
    }
    found.sort_by(|a, b| b.1.mean_waiting.total_cmp(&a.1.mean_waiting));
    found
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
    fn the_culprits_cpu_is_watched() {
        let mut result = examples::incident();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(watched_cpu(&result), ("of the culprit", names(&["payments", "payment"])));
        result.timeline.cause = None;
        assert_eq!(watched_cpu(&result), ("of the culprit", names(&["payments", "payment"])), "by the fault's target");
        result.resolved["faults"] = serde_json::json!({});
        assert_eq!(watched_cpu(&result), ("of the culprit", names(&["payment"])), "by the focus");
        assert_eq!(watched_cpu(&examples::quiet_day()).0, "busiest");
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
