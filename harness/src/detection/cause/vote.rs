//! Whom the bad traces of an edge blame.
//!
//! Owns the counting: first for the resource (a store, a service), then for what on it. Victims share a resource with
//! the culprit (statements that wait for a connection which a scan holds), so votes split over operations
//! and agree on the resource. Refuses to say what ails it (`checks`).

use super::walk::{Blamed, blame};
use crate::detection::history::BadTrace;
use crate::detection::names::{Names, What};
use crate::detection::window::Window;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::time::s_from_ticks;
use doorbuster_reports::format::{count, duration};
use std::collections::BTreeMap;

/// Fewest bad traces that a vote is taken of. Chosen.
pub(super) const LEAST_TRACES: usize = 5;
/// Share of the votes that the winning resource needs, at least. Chosen: a majority.
pub(super) const MAJORITY: f64 = 0.5;

/// Where the trouble seems to sit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suspect {
    /// The service that makes the blamed spans; for a call without an answer the one that is called.
    pub(super) service: usize,
    /// What they stand for.
    pub(super) what: What,
    /// The endpoint of that service in whose program they are, or that is called; `None` if that isn't known.
    pub(super) endpoint: Option<usize>,
    /// The service that makes the blamed spans, if another is called.
    pub(super) caller: Option<usize>,
    /// Whether they were refused at a full accept queue.
    pub(super) is_refused: bool,
    /// What led there, in words.
    pub(super) evidence: String,
}

/// What is short or broken: many operations may share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Resource {
    Store(usize),
    Service(usize),
}

/// The traces' suspect; `None` if there are too few or they don't agree.
pub(super) fn suspect<'a>(
    names: &Names,
    edge: usize,
    traces: impl Iterator<Item = &'a BadTrace>,
    before: &Window,
) -> Option<Suspect> {
    let (mut failed, mut slow) = (Vec::new(), Vec::new());
    for trace in traces {
        let list = if trace.has_failed { &mut failed } else { &mut slow };
        list.extend(blame(names, &trace.spans));
    }
    // Failures are what was paged for; slow answers are asked when they alone are there.
    let (votes, word) = if failed.len() >= LEAST_TRACES { (failed, "failing") } else { (slow, "slow") };
    if votes.len() < LEAST_TRACES {
        return None;
    }
    let leader = leader(names, &votes)?;
    let evidence = words(names, edge, &votes, &leader, word, before);
    let is_refused = leader.iter().filter(|vote| vote.outcome == Outcome::Refused).count() * 2 > leader.len();
    let endpoint = most_frequent(leader.iter().filter_map(|vote| called_or_own(vote)));
    let what = leader[0].what;
    let caller = matches!(what, What::Call { .. }).then_some(leader[0].service);
    Some(Suspect { service: seat(names, leader[0]), what, endpoint, caller, is_refused, evidence })
}

/// Refusal at the edge's own door, which may leave no span: most of the edge's failures are in its metrics only.
/// A pipeline that drops spans looks the same, so this is no more than a suspicion.
pub(super) fn unseen(names: &Names, edge: usize, now: &Window) -> Option<Suspect> {
    let what = What::Server { endpoint: edge };
    let root = names.shapes.iter().position(|shape| shape.what == what)?;
    let (failures, requests) = now.failures(edge);
    let seen = now.spans(root).map_or(0.0, |means| means.spans * means.error_ratio);
    let unseen = failures as f64 - seen;
    (failures >= LEAST_TRACES as u64 && unseen > MAJORITY * failures as f64).then(|| Suspect {
        service: names.endpoints[edge].service,
        what,
        endpoint: Some(edge),
        caller: None,
        is_refused: true,
        evidence: format!(
            "{} of {} requests of {} failed, {} of them without a span",
            count(failures as f64),
            count(requests as f64),
            names.operation(edge),
            count(unseen)
        ),
    })
}

/// The votes for the operation that leads on the leading resource.
fn leader<'a>(names: &Names, votes: &'a [Blamed]) -> Option<Vec<&'a Blamed>> {
    let mut resources: BTreeMap<Resource, BTreeMap<(usize, What), Vec<&Blamed>>> = BTreeMap::new();
    for vote in votes {
        let operations = resources.entry(resource(names, vote)).or_default();
        operations.entry((vote.service, vote.what)).or_default().push(vote);
    }
    let size = |operations: &BTreeMap<_, Vec<&Blamed>>| operations.values().map(Vec::len).sum::<usize>();
    // Of equals the first in order, so that a tie is decided the same way everywhere.
    let first_most = resources.into_values().rev().max_by_key(size)?;
    if size(&first_most) as f64 <= MAJORITY * votes.len() as f64 {
        return None;
    }
    first_most.into_values().rev().max_by_key(Vec::len)
}

fn called_or_own(vote: &Blamed) -> Option<usize> {
    match vote.what {
        What::Call { callee } => Some(callee),
        What::Server { .. } | What::Statement { .. } => vote.endpoint,
    }
}

fn most_frequent(endpoints: impl Iterator<Item = usize>) -> Option<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    endpoints.for_each(|endpoint| *counts.entry(endpoint).or_default() += 1);
    counts.into_iter().rev().max_by_key(|(_, votes)| *votes).map(|(endpoint, _)| endpoint)
}

fn resource(names: &Names, vote: &Blamed) -> Resource {
    match vote.what {
        What::Statement { statement, .. } => Resource::Store(names.statements[statement].store),
        What::Server { .. } | What::Call { .. } => Resource::Service(seat(names, vote)),
    }
}

/// The service in which a blamed span's trouble sits: a call that nobody answered is the callee's.
fn seat(names: &Names, vote: &Blamed) -> usize {
    match vote.what {
        What::Call { callee } => names.endpoints[callee].service,
        What::Server { .. } | What::Statement { .. } => vote.service,
    }
}

fn words(names: &Names, edge: usize, votes: &[Blamed], leader: &[&Blamed], word: &str, before: &Window) -> String {
    let mut ticks: Vec<u32> = leader.iter().map(|vote| vote.duration).collect();
    ticks.sort_unstable();
    let median_s = s_from_ticks(u64::from(ticks[ticks.len() / 2]));
    let usual = before
        .mean_s(names, leader[0].service, leader[0].what)
        .map_or_else(String::new, |usual_s| format!(" (before: {})", duration(usual_s)));
    format!(
        "{} of {} {word} traces of {} end in {} after {}{usual}",
        count(leader.len() as f64),
        count(votes.len() as f64),
        names.operation(edge),
        place(names, leader[0].service, leader[0].what),
        duration(median_s),
    )
}

/// A kind of span in words: `SELECT payments` of payment.
pub(super) fn place(names: &Names, service: usize, what: What) -> String {
    match what {
        What::Statement { statement, .. } => {
            format!("`{}` of {}", names.statements[statement].name, names.services[service])
        }
        What::Server { endpoint } => format!("{} itself", names.operation(endpoint)),
        What::Call { callee } => {
            format!("the call from {} to {}", names.services[service], names.operation(callee))
        }
    }
}
