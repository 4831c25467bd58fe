//! The figures of every endpoint and window, held against those of the baseline.
//!
//! Owns which figures there are, when one may be judged, and their order. Refuses a judgement on too few samples.

use super::noise::{self, Estimate};
use super::{Figure, FigureTally, Judgement, What, configuration};
use crate::figures::edges;
use crate::result::{EndpointStats, RunResult};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A share, a median or a rate needs so many attempts: chosen, for an interval of a few points.
const FEWEST: u64 = 100;
/// A p99 needs so many: ten beyond it.
const FEWEST_P99: u64 = 1_000;

/// What came of all figures.
#[derive(Default)]
pub(super) struct Figures {
    /// Beyond tolerance and chance, in the order of telling.
    pub(super) differing: Vec<Figure>,
    pub(super) tally: FigureTally,
    /// What only one of the runs has.
    pub(super) unmatched: Vec<String>,
}

/// Compares every endpoint and window that both runs have.
pub(super) fn compare(baseline: &RunResult, here: &RunResult, tolerance: f64) -> Figures {
    let mut figures = Figures { unmatched: unmatched(baseline, here), ..Figures::default() };
    let edges = edges(here);
    let load = ["/traffic", "/journeys", "/cells/fleet"];
    let same_load = load.iter().all(|pointer| configuration::agree_on(baseline, here, pointer));
    for new in &here.endpoints {
        let same = |old: &&EndpointStats| {
            (&old.service, &old.endpoint, &old.window) == (&new.service, &new.endpoint, &new.window)
        };
        let Some(old) = baseline.endpoints.iter().find(same) else { continue };
        let is_edge = edges.contains(&format!("{}.{}", new.service, new.endpoint));
        let pair = Pair { old, new, is_edge, tolerance };
        pair.success(&mut figures);
        pair.percentile(&mut figures, What::P99, 0.99, FEWEST_P99);
        pair.percentile(&mut figures, What::P50, 0.5, FEWEST);
        if let (Some(old_s), Some(new_s)) = (seconds(baseline, new), seconds(here, new)) {
            let per_s = [baseline.scale.factor / old_s, here.scale.factor / new_s];
            let judged = is_edge && same_load && has_same_load(baseline, here, &new.window);
            pair.rates(&mut figures, per_s, judged);
        }
    }
    let is_edge = |figure: &Figure| edges.contains(&format!("{}.{}", figure.service, figure.endpoint));
    // Worse first; then what shoppers see; then by what is told, and by how much.
    figures.differing.sort_by(|a, b| {
        let key = |figure: &Figure| (figure.judgement, Reverse(is_edge(figure)), figure.what);
        key(a).cmp(&key(b)).then_with(|| change(b).total_cmp(&change(a)))
    });
    figures
}

/// The size of a difference, comparable among figures of one kind: in points for shares, in doublings for the others.
fn change(figure: &Figure) -> f64 {
    match figure.what {
        What::Success | What::Failed => (figure.here - figure.baseline).abs(),
        What::Throughput | What::P99 | What::P50 | What::Attempts => (figure.here / figure.baseline).log2().abs(),
    }
}

/// How long the window of an endpoint was.
fn seconds(result: &RunResult, stats: &EndpointStats) -> Option<f64> {
    let [from_s, to_s] = result.timeline.windows.get(&stats.window)?;
    (to_s > from_s).then_some(to_s - from_s)
}

/// Whether a window met the same load in both runs, if the traffic is the same: a curve is not the same everywhere.
fn has_same_load(baseline: &RunResult, here: &RunResult, window: &str) -> bool {
    let is_curve = here.resolved.pointer("/traffic/curve").is_some();
    !is_curve || baseline.timeline.windows.get(window) == here.timeline.windows.get(window)
}

/// One endpoint in one window of both runs.
struct Pair<'a> {
    old: &'a EndpointStats,
    new: &'a EndpointStats,
    is_edge: bool,
    tolerance: f64,
}

impl Pair<'_> {
    fn success(&self, figures: &mut Figures) {
        let enough = self.old.attempts.min(self.new.attempts) >= FEWEST;
        let share = |count: fn(&EndpointStats) -> u64| {
            enough.then(|| [self.old, self.new].map(|stats| noise::share(count(stats), stats.attempts)))
        };
        self.take(figures, What::Success, None, share(|stats| stats.succeeded), Some(Side::Less));
        if !enough {
            return;
        }
        let causes: BTreeSet<&String> = self.old.failed.keys().chain(self.new.failed.keys()).collect();
        for cause in causes {
            let of = |stats: &EndpointStats| {
                noise::share(stats.failed.get(cause).copied().unwrap_or(0).min(stats.attempts), stats.attempts)
            };
            self.take(figures, What::Failed, Some(cause), Some([of(self.old), of(self.new)]), None);
        }
    }

    fn percentile(&self, figures: &mut Figures, what: What, share: f64, fewest: u64) {
        let of = |stats: &EndpointStats| {
            let latency = stats.latency_s.as_ref().filter(|_| stats.attempts >= fewest)?;
            noise::percentile(latency, share, stats.attempts)
        };
        let estimates = of(self.old).zip(of(self.new)).map(|(old, new)| [old, new]);
        self.take(figures, what, None, estimates, Some(Side::More));
    }

    /// Throughput and attempts. One of the runs must have enough: that the other has none is what there is to see.
    fn rates(&self, figures: &mut Figures, per_s: [f64; 2], judged: bool) {
        let rates = |count: fn(&EndpointStats) -> u64| {
            let counts = [count(self.old), count(self.new)];
            let enough = counts[0].max(counts[1]) >= FEWEST;
            enough.then(|| [noise::count(counts[0]).times(per_s[0]), noise::count(counts[1]).times(per_s[1])])
        };
        if self.is_edge {
            self.take(figures, What::Throughput, None, rates(|stats| stats.succeeded), judged.then_some(Side::Less));
        }
        self.take(figures, What::Attempts, None, rates(|stats| stats.attempts), None);
    }

    /// Counts a figure, and keeps it where it differs. `worse` is the side on which it is worse, if it has one.
    fn take(
        &self,
        figures: &mut Figures,
        what: What,
        cause: Option<&String>,
        estimates: Option<[Estimate; 2]>,
        worse: Option<Side>,
    ) {
        let tally = &mut figures.tally;
        let Some([old, new]) = estimates else {
            tally.too_few += u64::from(worse.is_some());
            return;
        };
        tally.compared += u64::from(worse.is_some());
        let interval = noise::difference(old, new);
        let side = self.beyond(what, old.value, new.value, interval);
        let judgement = match (side, worse) {
            (None, None) => return,
            (None, Some(_)) if old.value.to_bits() == new.value.to_bits() => {
                tally.same += 1;
                return;
            }
            (None, Some(_)) => {
                tally.within += 1;
                return;
            }
            (Some(_), None) => Judgement::Different,
            (Some(side), Some(worse)) if side == worse => Judgement::Worse,
            (Some(_), Some(_)) => Judgement::Better,
        };
        match judgement {
            Judgement::Worse => tally.worse += 1,
            Judgement::Better => tally.better += 1,
            Judgement::Different => tally.different += 1,
        }
        figures.differing.push(Figure {
            service: self.new.service.clone(),
            endpoint: self.new.endpoint.clone(),
            window: self.new.window.clone(),
            what,
            cause: cause.cloned(),
            baseline: old.value,
            here: new.value,
            interval,
            samples: [self.old.attempts, self.new.attempts],
            judgement,
        });
    }

    /// The side to which a figure went, if it went beyond tolerance and chance.
    fn beyond(&self, what: What, old: f64, new: f64, interval: [f64; 2]) -> Option<Side> {
        let allowed = match what {
            What::Success | What::Failed => self.tolerance,
            What::Throughput | What::P99 | What::P50 | What::Attempts => self.tolerance * old,
        };
        // A share of 98 % minus one of 96 % is a hair over 2 points.
        let allowed = allowed + 1e-12 * old.abs().max(1.0);
        if new - old > allowed && interval[0] > 0.0 {
            Some(Side::More)
        } else if old - new > allowed && interval[1] < 0.0 {
            Some(Side::Less)
        } else {
            None
        }
    }
}

/// To which side a value went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Less,
    More,
}

/// Windows, and endpoints in windows that both have, that only one of the runs has.
fn unmatched(baseline: &RunResult, here: &RunResult) -> Vec<String> {
    let windows =
        |result: &RunResult| result.endpoints.iter().map(|stats| stats.window.clone()).collect::<BTreeSet<_>>();
    let names = |result: &RunResult| {
        result.endpoints.iter().map(|stats| format!("{}.{}", stats.service, stats.endpoint)).collect::<BTreeSet<_>>()
    };
    let mut told = Vec::new();
    for (kind, old, new) in [("window", windows(baseline), windows(here)), ("endpoint", names(baseline), names(here))] {
        told.extend(old.difference(&new).map(|name| format!("{kind} {name}: only in the baseline")));
        told.extend(new.difference(&old).map(|name| format!("{kind} {name}: only in this run")));
    }
    told
}
