//! What was lost, by cause: requests at the shop's edge that did not succeed, window by window.
//!
//! Owns the choice of rows and columns for page and Markdown. Counts are those of the result's endpoints, for the whole
//! fleet. Refuses to compare counts of windows that differ in length: each has its share of the requests beside it.

use crate::figures::{focus, windows};
use crate::result::{EndpointStats, RunResult};
use std::collections::BTreeMap;

/// Losses of one part of the edge.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Losses<'a> {
    /// Which part: the name of the focus' edge; `None` for all of it.
    pub(crate) edge: Option<&'a str>,
    /// The windows, in the order of the story.
    pub(crate) windows: Vec<&'static str>,
    /// Requests that ended, by window; scaled to the fleet.
    pub(crate) requests: Vec<f64>,
    /// By cause, the greatest first.
    pub(crate) causes: Vec<Cause<'a>>,
}

/// One cause of losses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause<'a> {
    /// Its name in results.
    pub(crate) name: &'a str,
    /// Requests that ended so, by window; scaled to the fleet.
    pub(crate) requests: Vec<f64>,
}

impl Losses<'_> {
    /// Requests that did not succeed, by window.
    pub(crate) fn lost(&self, window: usize) -> f64 {
        self.causes.iter().map(|cause| cause.requests[window]).sum()
    }

    /// A number of requests as a share of all that ended in a window; nothing where none did.
    pub(crate) fn share(&self, window: usize, requests: f64) -> Option<f64> {
        (self.requests[window] > 0.0).then(|| requests / self.requests[window])
    }
}

/// Losses of the focus' edge, then of the whole edge, where each has any requests.
pub(crate) fn losses(result: &RunResult) -> Vec<Losses<'_>> {
    let mut told = Vec::new();
    let focused = focus(result).map(|focus| focus.edge);
    if let Some(edge) = focused {
        told.extend(of_part(result, Some(edge), |stats| {
            edge.split_once('.')
                .is_some_and(|(service, endpoint)| stats.service == service && stats.endpoint == endpoint)
        }));
    }
    let mut edges: Vec<(&str, &str)> = Vec::new();
    for stats in result.endpoints.iter().filter(|stats| stats.edge) {
        let name = (stats.service.as_str(), stats.endpoint.as_str());
        if !edges.contains(&name) {
            edges.push(name);
        }
    }
    // A shop with one door has nothing to add.
    let is_all = edges.len() == 1 && focused.and_then(|edge| edge.split_once('.')) == Some(edges[0]);
    if !is_all {
        told.extend(of_part(result, None, |stats| stats.edge));
    }
    told
}

fn of_part<'a>(
    result: &'a RunResult,
    edge: Option<&'a str>,
    is_part: impl Fn(&EndpointStats) -> bool,
) -> Option<Losses<'a>> {
    let mut windows = windows(result);
    if !windows.contains(&"run") {
        windows.push("run");
    }
    let mut requests = vec![0.0; windows.len()];
    let mut causes: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for stats in result.endpoints.iter().filter(|stats| is_part(stats)) {
        let Some(column) = windows.iter().position(|window| *window == stats.window) else { continue };
        requests[column] += stats.attempts as f64 * result.scale.factor;
        for (name, failed) in &stats.failed {
            let row = causes.entry(name).or_insert_with(|| vec![0.0; windows.len()]);
            row[column] += *failed as f64 * result.scale.factor;
        }
    }
    let mut causes: Vec<Cause<'_>> = causes.into_iter().map(|(name, requests)| Cause { name, requests }).collect();
    let most = |cause: &Cause<'_>| cause.requests.last().copied().unwrap_or_default();
    causes.sort_by(|a, b| most(b).total_cmp(&most(a)));
    // Not finite: a result with numbers that are none is still told.
    let is_asked = requests.iter().any(|requests| *requests > 0.0 || !requests.is_finite());
    is_asked.then_some(Losses { edge, windows, requests, causes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn losses_are_those_of_the_endpoints_for_the_fleet() {
        let result = examples::incident();
        let told = losses(&result);
        assert_eq!(told.iter().map(|losses| losses.edge).collect::<Vec<_>>(), [Some("gateway.pay"), None]);
        assert_eq!(told[0].windows, ["before", "during", "after", "run"]);
        let during = result.endpoints.iter().find(|stats| {
            (stats.service.as_str(), stats.endpoint.as_str(), stats.window.as_str()) == ("gateway", "pay", "during")
        });
        let during = during.expect("it is there");
        let lost = (during.attempts - during.succeeded) as f64 * 5.0;
        assert!((told[0].lost(1) - lost).abs() < 1e-6);
        assert!(told[0].share(1, told[0].lost(1)).is_some_and(|share| (share - 0.2958).abs() < 1e-3));
        assert!(
            told[1].requests[1] > told[0].requests[1],
            "the whole edge has more requests than one of its endpoints"
        );
        assert_eq!(told[0].causes[0].name, "timeout", "the greatest comes first");
    }

    #[test]
    fn a_new_cause_comes_by_itself_and_an_old_result_has_its_focus() {
        let mut result = examples::incident();
        for stats in &mut result.endpoints {
            stats.edge = false;
            stats.failed.insert("brand_new".to_owned(), 1 << 40);
        }
        let told = losses(&result);
        assert_eq!(told.len(), 1, "without marks the whole edge cannot be told");
        assert_eq!(told[0].causes[0].name, "brand_new");
        assert!(losses(&examples::empty()).is_empty());
    }
}
