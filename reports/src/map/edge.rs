//! What an edge of the map says: what passes now, and what passed before the fault.
//!
//! Owns which windows are held against each other, and how much an edge has changed. Refuses a change that rests on few spans.

use crate::result::{EdgeTraffic, RunResult};

/// Under so many spans in both windows a change of rate says nothing. Chosen, as for a 99th percentile.
const ENOUGH: u64 = 100;
/// A rate or a 99th percentile counts as changed by so many doublings at most: from nothing to something is endless.
const MOST_DOUBLINGS: f64 = 10.0;
/// So much of a share of errors weighs as much as a doubling. Chosen.
const LIKE_A_DOUBLING: f64 = 0.1;
/// From this change on an edge has changed much: a doubling, or ten points of errors.
const MUCH: f64 = 1.0;

/// One asks another.
pub(crate) struct Edge<'a> {
    /// Places of both in the map's nodes.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Before the fault, where there was one.
    pub(crate) before: Option<&'a EdgeTraffic>,
    /// During it, or in the whole run without one.
    pub(crate) now: &'a EdgeTraffic,
    /// How much it has changed: doublings or halvings of rate and of the 99th percentile, and tenths of errors.
    pub(crate) change: f64,
}

impl Edge<'_> {
    /// Whether it has changed much.
    pub(crate) fn has_changed(&self) -> bool {
        self.change >= MUCH
    }

    /// Spans per second now; nothing where that is no number.
    pub(crate) fn per_s(&self) -> f64 {
        finite(self.now.per_s)
    }
}

/// The windows that are held against each other: before and during, or nothing and the run.
pub(crate) fn windows(result: &RunResult) -> (Option<&'static str>, &'static str) {
    let is_there = |window: &str| result.timeline.windows.contains_key(window);
    if is_there("before") && is_there("during") { (Some("before"), "during") } else { (None, "run") }
}

/// The edges, those that changed most first, then the busiest.
pub(crate) fn edges(result: &RunResult) -> Vec<Edge<'_>> {
    let (before, now) = windows(result);
    let nodes = result.map.nodes.len();
    let mut edges = Vec::new();
    for edge in &result.map.edges {
        let of = |window: &str| edge.windows.iter().find(|traffic| traffic.window == window);
        let (from, to) = (edge.from as usize, edge.to as usize);
        // A result that was made elsewhere may name nodes that are not there.
        let Some(now) = of(now).filter(|_| from < nodes && to < nodes) else { continue };
        let before = before.and_then(of);
        edges.push(Edge { from, to, before, now, change: before.map_or(0.0, |before| change(before, now)) });
    }
    edges.sort_by(|a, b| {
        let by_change = b.change.total_cmp(&a.change);
        by_change.then_with(|| b.per_s().total_cmp(&a.per_s())).then_with(|| (a.from, a.to).cmp(&(b.from, b.to)))
    });
    edges
}

/// Errors over spans; nothing without spans.
pub(crate) fn error_share(traffic: &EdgeTraffic) -> Option<f64> {
    (traffic.spans > 0).then(|| traffic.errors as f64 / traffic.spans as f64)
}

fn change(before: &EdgeTraffic, now: &EdgeTraffic) -> f64 {
    let mut change = 0.0;
    if let (Some(before_s), Some(now_s)) = (before.p99_s, now.p99_s) {
        change += doublings(before_s, now_s);
    }
    if before.spans.max(now.spans) >= ENOUGH {
        change += doublings(before.per_s, now.per_s);
    }
    if let (Some(before), Some(now)) = (error_share(before), error_share(now)) {
        change += (now - before).abs() / LIKE_A_DOUBLING;
    }
    change
}

/// How often one number must be doubled or halved to become the other.
pub(super) fn doublings(before: f64, now: f64) -> f64 {
    // Of nothing and nothing this is none; of nothing and something it is endless.
    let doublings = (finite(now) / finite(before)).log2().abs();
    if doublings.is_nan() { 0.0 } else { doublings.min(MOST_DOUBLINGS) }
}

fn finite(number: f64) -> f64 {
    if number.is_finite() { number.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    fn traffic(spans: u64, errors: u64, p99_s: Option<f64>) -> EdgeTraffic {
        EdgeTraffic { window: "run".to_owned(), spans, errors, per_s: spans as f64, p99_s }
    }

    #[test]
    fn a_doubling_and_a_tenth_of_errors_weigh_the_same() {
        let before = traffic(1_000, 0, Some(0.01));
        for (now, expected) in [
            (traffic(1_000, 0, Some(0.01)), 0.0),
            (traffic(1_000, 0, Some(0.02)), 1.0),
            (traffic(500, 0, Some(0.01)), 1.0),
            (traffic(1_000, 100, Some(0.01)), 1.0),
            (traffic(2_000, 600, Some(0.08)), 7.0),
            (traffic(0, 0, None), MOST_DOUBLINGS),
            (traffic(1_000, 0, Some(f64::NAN)), MOST_DOUBLINGS),
        ] {
            assert!((change(&before, &now) - expected).abs() < 1e-9, "{now:?}: {}", change(&before, &now));
        }
        assert!(change(&traffic(3, 0, None), &traffic(99, 0, None)) < 1e-9, "few spans say nothing of a rate");
    }

    #[test]
    fn what_changed_most_comes_first() {
        let result = examples::incident();
        let edges = edges(&result);
        let name = |place: usize| result.map.nodes[place].name.as_str();
        assert_eq!((name(edges[0].from), name(edges[0].to)), ("payment", "payments"));
        assert!(edges.windows(2).all(|pair| pair[0].change >= pair[1].change));
        assert!(edges[0].has_changed() && !edges[edges.len() - 1].has_changed());
        let quiet = examples::quiet_day();
        let edges = super::edges(&quiet);
        assert!(edges.iter().all(|edge| edge.before.is_none() && !edge.has_changed()));
        assert!(edges.windows(2).all(|pair| pair[0].per_s() >= pair[1].per_s()));
    }
}
