//! The paging rule of design section 7: too many failures of one edge endpoint, over a long and a short window.
//!
//! Owns windows, the rule and who is firing. Refuses to say why (`cause`) and who is told when (the drill).
//!
//! A window that ends now holds the exports with a timestamp in (now - window, now]. No answer in the short
//! window is no news: what fires goes on firing, what doesn't stays quiet, for requests that hang
//! until their timeout leave exports empty in the middle of an incident.

use super::names::Names;
use doorbuster_scenarios::types::AlertRule;
use doorbuster_scenarios::units::Time;
use doorbuster_telemetry::observed::{EXPORT_EVERY_S, Export};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Longest window that is kept, in seconds: a day. A rule that asks for more gets a day.
pub(crate) const LONGEST_WINDOW_S: u32 = 86_400;

/// Requests of an edge endpoint in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Counts {
    /// Requests ended.
    pub(crate) attempts: u64,
    /// With an error; a declined answer is none.
    pub(crate) failures: u64,
}

impl Counts {
    /// Failures over attempts; 0 without attempts.
    pub(crate) fn ratio(self) -> f64 {
        if self.attempts == 0 { 0.0 } else { self.failures as f64 / self.attempts as f64 }
    }

    fn add(&mut self, other: Self) {
        self.attempts += other.attempts;
        self.failures += other.failures;
    }
}

/// The rule began or ceased to hold for an edge endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct AlertEvent {
    /// Index of the endpoint.
    pub(crate) edge: usize,
    /// When the rule was evaluated, in virtual seconds.
    pub(crate) at_s: u32,
    /// What the long window held.
    pub(crate) long: Counts,
    /// What the short window held.
    pub(crate) short: Counts,
    /// How often this endpoint has begun to fire, from 1.
    pub(crate) firing: u32,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlertChange {
    /// It fires.
    Fired(AlertEvent),
    /// It fires no more.
    Resolved(AlertEvent),
}

/// The rule over all edge endpoints, and over the backlog of all consumer groups.
#[derive(Debug)]
pub(crate) struct Alerts {
    failures_above: f64,
    long_s: u32,
    short_s: u32,
    min_attempts: u64,
    every_s: u32,
    next_s: u32,
    edges: Vec<Edge>,
    /// Counts of each edge by export; no older than the long window.
    exports: VecDeque<(u32, Vec<Counts>)>,
}

#[derive(Debug)]
struct Edge {
    endpoint: usize,
    /// The consumer group whose program it is: its failures are the messages by which it falls behind.
    consumer: Option<usize>,
    is_firing: bool,
    firings: u32,
}

impl Alerts {
    /// The rule for every edge endpoint of the fleet.
    pub(crate) fn new(names: &Names, rule: &AlertRule) -> Self {
        let edge = |(endpoint, consumer)| Edge { endpoint, consumer, is_firing: false, firings: 0 };
        let consumers = names.consumers.iter().enumerate().map(|(consumer, endpoint)| (*endpoint, Some(consumer)));
        Self {
            failures_above: rule.failures_above.ratio,
            long_s: window_s(rule.long_window),
            short_s: window_s(rule.short_window),
            min_attempts: rule.min_attempts.count,
            every_s: window_s(rule.every),
            next_s: 0,
            edges: names.edges().map(|endpoint| (endpoint, None)).chain(consumers).map(edge).collect(),
            exports: VecDeque::new(),
        }
    }

    /// Another rule from now on, on what is known.
    pub(crate) fn set_rule(&mut self, rule: &AlertRule) {
        self.failures_above = rule.failures_above.ratio;
        self.long_s = window_s(rule.long_window);
        self.short_s = window_s(rule.short_window);
        self.min_attempts = rule.min_attempts.count;
        self.every_s = window_s(rule.every);
    }

    /// Takes what an export says of the edges.
    pub(crate) fn observe(&mut self, export: &Export) {
        let counts = |edge: &Edge| match edge.consumer {
            Some(consumer) => {
                let point = &export.consumers[consumer];
                Counts { attempts: point.appended, failures: point.appended.saturating_sub(point.consumed) }
            }
            None => {
                let point = &export.endpoints[edge.endpoint];
                Counts { attempts: point.attempts, failures: point.errors }
            }
        };
        self.exports.push_back((export.at_s, self.edges.iter().map(counts).collect()));
        let oldest_s = export.at_s.saturating_sub(self.long_s.max(self.short_s) + EXPORT_EVERY_S);
        while self.exports.front().is_some_and(|(at_s, _)| *at_s < oldest_s) {
            self.exports.pop_front();
        }
    }

    /// Evaluates the rule if it is due, and says for whom it began or ceased to hold.
    pub(crate) fn evaluate(&mut self, now_s: u32) -> Vec<AlertChange> {
        if now_s < self.next_s {
            return Vec::new();
        }
        self.next_s = (now_s / self.every_s + 1) * self.every_s;
        (0..self.edges.len()).filter_map(|place| self.evaluate_edge(place, now_s)).collect()
    }

    /// The long window, in seconds.
    pub(crate) const fn long_s(&self) -> u32 {
        self.long_s
    }

    /// The edge endpoints that fire.
    pub(crate) fn firing(&self) -> impl Iterator<Item = usize> {
        self.edges.iter().filter(|edge| edge.is_firing).map(|edge| edge.endpoint)
    }

    fn evaluate_edge(&mut self, place: usize, now_s: u32) -> Option<AlertChange> {
        let long = self.window(place, self.long_s, now_s);
        let short = self.window(place, self.short_s, now_s);
        let exceeds = |counts: Counts| counts.ratio() > self.failures_above;
        let holds = exceeds(long) && exceeds(short) && long.attempts >= self.min_attempts;
        let edge = &mut self.edges[place];
        let event = |firing| AlertEvent { edge: edge.endpoint, at_s: now_s, long, short, firing };
        match (edge.is_firing, holds) {
            (false, true) => {
                let fired = event(edge.firings + 1);
                edge.is_firing = true;
                edge.firings += 1;
                Some(AlertChange::Fired(fired))
            }
            (true, false) if short.attempts > 0 => {
                let resolved = event(edge.firings);
                edge.is_firing = false;
                Some(AlertChange::Resolved(resolved))
            }
            _ => None,
        }
    }

    fn window(&self, place: usize, window_s: u32, now_s: u32) -> Counts {
        let mut sum = Counts::default();
        for (at_s, counts) in self.exports.iter().rev() {
            // In signed numbers: a window may reach back before the start.
            if i64::from(*at_s) <= i64::from(now_s) - i64::from(window_s) {
                break;
            }
            if *at_s <= now_s {
                sum.add(counts[place]);
            }
        }
        sum
    }
}

/// The alerts of a whole run of `duration_s` seconds from its exports, in order of time: what [`Alerts`] says when it is asked
/// every second, as the detector asks it.
pub(crate) fn fired(names: &Names, rule: &AlertRule, exports: &[Export], duration_s: u32) -> Vec<AlertEvent> {
    let mut alerts = Alerts::new(names, rule);
    let mut exports = exports.iter().peekable();
    let mut all = Vec::new();
    for now_s in 1..=duration_s {
        while let Some(export) = exports.next_if(|export| export.at_s <= now_s) {
            alerts.observe(export);
        }
        all.extend(alerts.evaluate(now_s).into_iter().filter_map(|change| match change {
            AlertChange::Fired(event) => Some(event),
            AlertChange::Resolved(_) => None,
        }));
    }
    all
}

/// A window in whole seconds, rounded up, from 1 s to [`LONGEST_WINDOW_S`].
fn window_s(time: Time) -> u32 {
    let s = time.ns.div_ceil(1_000_000_000).clamp(1, u64::from(LONGEST_WINDOW_S));
    u32::try_from(s).expect("invariant: a window is no longer than a day")
}

#[cfg(test)]
mod tests;
