//! The cause of an alert: service, operation, resource and kind, with the evidence in words.
//!
//! Owns the closed list of kinds and the order in which they are considered. Refuses to guess: without enough evidence
//! there is no cause yet, and the drill asks again with the next export.
//!
//! First the suspect: where do the bad traces of the edge end (`walk`, `vote`), or without traces, which spans' sums
//! changed most (`shapes`). Then its resources are asked, and the first of these answers stands (`checks`):
//!
//! 1. **Missing index**: rows per call. A lost index also saturates the store, slows the statement and drains the pool,
//!    while none of these makes a call examine more rows: the most specific explanation comes first. All statements of the
//!    suspected store are asked, for the victims of a scan are more than its own callers.
//! 2. **What says itself outright**: shards that refuse what they are asked (*store down*), pods that are not up (*pod down*), time waited for
//!    *locks*, time paused for *garbage*, another *version* whose requests fail or last longer than the others', lookups that miss (*cache
//!    misses*, before the store behind the cache, which suffers from them). Each has a counter of its own, so they come before all that is inferred.
//! 3. **Pool exhausted**, if the store behind it has room: a pool that is empty because its store is slow is an
//!    effect and falls through to the store; one that is empty while the store idles is a cause. Before
//!    cores: retries for a connection cost them. A service whose cores ended first holds its connections too long; that
//!    is cores.
//! 4. **Dependency failing**, for somebody else's store, of which only the answers are known.
//! 5. **Hot shard**: one shard's cores are at their end, those of all are not. Before the store as a whole, whose mean hides it.
//! 6. **Traffic**: cores or stores that are full because the edge is asked much more than before.
//! 7. **Store saturated**, before its statement being slow: that follows from it.
//! 8. **Service's cores saturated**, before its workers: they are held while waiting for a core.
//! 9. **Workers exhausted**: the accept queue of a service that has cores. Refusals at an edge are suspected only
//!    when no accepted request is in trouble: workers are held by whatever is slow behind them.
//! 10. **Network**: the asking side waits, while whoever is asked is as fast as before or never hears of it.
//! 11. **Slow statement**: slower in the store, for none of the reasons above (locks, somebody else's load).
//!
//! An alert that is still on after [`GIVE_UP_S`] with a suspect that nothing explains is told as
//! [`CauseKind::Unknown`], with what is known.

mod checks;
mod shapes;
mod vote;
mod walk;

use super::history::History;
use super::names::{Names, What};
use super::window::Window;
use checks::{Explained, Scene};
use doorbuster_reports::format::duration;
use serde::{Deserialize, Serialize};
use vote::Suspect;

/// How long after its alert a suspect that nothing explains is told as unknown, in seconds. Chosen: half of the target for causes.
pub(crate) const GIVE_UP_S: u32 = 300;
/// Exports that show how things are now, in seconds: short, for the first may be half healthy.
const NOW_S: u32 = 30;

/// A consumer is slowed down, not stuck, when a message takes it so many times the time of before. Chosen.
const SLOWED_TIMES: f64 = 2.0;

/// Kinds of cause: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CauseKind {
    /// A statement examines whole tables.
    MissingIndex,
    /// Connections are used up while the store behind them has room.
    PoolExhausted,
    /// A store's cores are in use.
    StoreSaturated,
    /// A statement is slow in its store, and nothing says why.
    SlowStatement,
    /// A service's cores are in use.
    CpuSaturated,
    /// A service's workers are held, and its accept queue is full.
    WorkersExhausted,
    /// Somebody else's service fails or is slow.
    DependencyFailing,
    /// Pods of a service are down.
    PodDown,
    /// Shards of a store are down.
    StoreDown,
    /// One shard of a store gets what should be spread over all.
    HotShard,
    /// Statements wait for locks.
    LockContention,
    /// A cache no longer has what it is asked for.
    CacheMisses,
    /// The way between two is slow, or loses what is sent.
    Network,
    /// A new version fails more, or is slower.
    BadRelease,
    /// Pods pause to collect garbage.
    GcPauses,
    /// A consumer group takes no messages.
    ConsumerStuck,
    /// More is asked than usual, and that alone is wrong.
    TrafficSurge,
    /// The place is known, the reason is not.
    Unknown,
}

impl CauseKind {
    /// All of them.
    pub(crate) const ALL: [Self; 18] = [
        Self::MissingIndex,
        Self::PoolExhausted,
        Self::StoreSaturated,
        Self::SlowStatement,
        Self::CpuSaturated,
        Self::WorkersExhausted,
        Self::DependencyFailing,
        Self::PodDown,
        Self::StoreDown,
        Self::HotShard,
        Self::LockContention,
        Self::CacheMisses,
        Self::Network,
        Self::BadRelease,
        Self::GcPauses,
        Self::ConsumerStuck,
        Self::TrafficSurge,
        Self::Unknown,
    ];

    /// Its name in results and in the labels of faults.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MissingIndex => "missing_index",
            Self::PoolExhausted => "pool_exhausted",
            Self::StoreSaturated => "store_saturated",
            Self::SlowStatement => "slow_statement",
            Self::CpuSaturated => "cpu_saturated",
            Self::WorkersExhausted => "workers_exhausted",
            Self::DependencyFailing => "dependency_failing",
            Self::PodDown => "pod_down",
            Self::StoreDown => "store_down",
            Self::HotShard => "hot_shard",
            Self::LockContention => "lock_contention",
            Self::CacheMisses => "cache_misses",
            Self::Network => "network",
            Self::BadRelease => "bad_release",
            Self::GcPauses => "gc_pauses",
            Self::ConsumerStuck => "consumer_stuck",
            Self::TrafficSurge => "traffic_surge",
            Self::Unknown => "unknown",
        }
    }
}

// A new kind stands before `Unknown`, and in `ALL`.
const _: () = assert!(CauseKind::ALL.len() == CauseKind::Unknown as usize + 1);

/// A cause, named.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Cause {
    /// When it was named, in virtual seconds.
    pub(crate) at_s: u32,
    /// Index of the edge endpoint whose alert it explains.
    pub(crate) edge: usize,
    /// Name of the service in which the trouble sits.
    pub(crate) service: String,
    /// Name of the statement, or of the endpoint.
    pub(crate) operation: String,
    /// Name of the store, or of the service for its own cores and workers.
    pub(crate) resource: String,
    /// What is wrong.
    pub(crate) kind: CauseKind,
    /// Why, one fact a line.
    pub(crate) evidence: Vec<String>,
}

impl Cause {
    /// Whether both say the same. What is shared (cores, workers, connections, somebody else's service) is one cause,
    /// whichever of its users was looked at.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let is_shared = match self.kind {
            CauseKind::MissingIndex
            | CauseKind::SlowStatement
            | CauseKind::LockContention
            | CauseKind::ConsumerStuck
            | CauseKind::Unknown => false,
            CauseKind::PoolExhausted
            | CauseKind::StoreSaturated
            | CauseKind::CpuSaturated
            | CauseKind::WorkersExhausted
            | CauseKind::DependencyFailing
            | CauseKind::PodDown
            | CauseKind::StoreDown
            | CauseKind::HotShard
            | CauseKind::CacheMisses
            | CauseKind::Network
            | CauseKind::BadRelease
            | CauseKind::GcPauses
            | CauseKind::TrafficSurge => true,
        };
        (self.kind, &self.service, &self.resource) == (other.kind, &other.service, &other.resource)
            && (is_shared || self.operation == other.operation)
    }
}

/// What is asked: whose alert, since when, against what.
pub(crate) struct Question<'a> {
    /// Index of the edge endpoint that fires.
    pub(crate) edge: usize,
    /// When it began to, in virtual seconds.
    pub(crate) fired_s: u32,
    /// Now, in virtual seconds.
    pub(crate) now_s: u32,
    /// End of the baseline, in virtual seconds: whatever came later may be bad already.
    pub(crate) changed_after_s: u32,
    /// From here on the change was seen, in virtual seconds: between the two it may be one or the other.
    pub(crate) seen_after_s: u32,
    /// The baseline.
    pub(crate) before: &'a Window,
}

/// The cause; `None` as long as the evidence is not enough.
pub(crate) fn name_cause(names: &Names, history: &History, question: &Question<'_>) -> Option<Cause> {
    let now = history.window(question.seen_after_s.max(question.now_s.saturating_sub(NOW_S)), question.now_s);
    let mut unexplained = None;
    for suspect in suspects(names, history, question, &now) {
        let scene = Scene {
            names,
            suspect: &suspect,
            before: question.before,
            now: &now,
            history,
            changed_after_s: question.changed_after_s,
        };
        if let Some(explained) = checks::explain(&scene) {
            return Some(told(names, question, &suspect, explained));
        }
        unexplained.get_or_insert(suspect);
    }
    if let Some(stuck) = stuck_consumer(names, question, &now) {
        return Some(stuck);
    }
    if question.now_s < question.fired_s + GIVE_UP_S {
        return None;
    }
    unexplained.map(|suspect| told(names, question, &suspect, unknown(names, question, &suspect)))
}

/// Suspects, the most telling first: traces in trouble, refusals (and what those that got in met), counts of spans.
fn suspects(names: &Names, history: &History, question: &Question<'_>, now: &Window) -> Vec<Suspect> {
    let after_s = question.changed_after_s;
    let of_edge = history.troubled(after_s).filter(|bad| bad.edge == question.edge);
    let in_trouble = vote::suspect(names, question.edge, of_edge, question.before);
    let of_edge = history.refused(after_s).filter(|bad| bad.edge == question.edge);
    let refused = vote::suspect(names, question.edge, of_edge, question.before)
        .or_else(|| vote::unseen(names, question.edge, now));
    let is_refused = |suspect: &&Suspect| suspect.is_refused;
    // Who holds the workers: those that got in, through any edge.
    let behind = [&in_trouble, &refused].into_iter().flatten().find(is_refused).and_then(|refused| {
        let inside = history.troubled(after_s).filter(|bad| walk::touches(names, &bad.spans, refused.service));
        vote::suspect(names, question.edge, inside, question.before).filter(|suspect| !suspect.is_refused)
    });
    let by_count = shapes::suspect(names, question.edge, question.before, now);
    let is_door = |suspect: &Suspect| suspect.is_refused;
    let (doors, inside): (Vec<_>, Vec<_>) = [in_trouble, behind, refused].into_iter().flatten().partition(is_door);
    let mut all = inside;
    all.extend(doors);
    // Counts are asked last, and only where traces say nothing: they can't tell whose children are whose.
    if all.is_empty() {
        all.extend(by_count);
    }
    all
}

fn told(names: &Names, question: &Question<'_>, suspect: &Suspect, explained: Explained) -> Cause {
    let mut evidence = vec![suspect.evidence.clone()];
    evidence.extend(explained.evidence);
    Cause {
        at_s: question.now_s,
        edge: question.edge,
        service: names.services[explained.service].clone(),
        operation: explained.operation,
        resource: explained.resource,
        kind: explained.kind,
        evidence,
    }
}

/// A consumer group that falls behind, of which no trace says why: it takes no messages, or too few.
fn stuck_consumer(names: &Names, question: &Question<'_>, now: &Window) -> Option<Cause> {
    let consumer = names.consumers.iter().position(|endpoint| *endpoint == question.edge)?;
    let point = now.consumer(consumer)?;
    if point.consumed >= point.appended {
        return None;
    }
    let name = &names.endpoints[question.edge];
    // Who works on messages, but longer than before, is slowed down by something that other alerts have to name.
    let own = What::Server { endpoint: question.edge };
    let usual_s = question.before.mean_s(names, name.service, own);
    if now.mean_s(names, name.service, own).zip(usual_s).is_some_and(|(now_s, usual_s)| now_s >= SLOWED_TIMES * usual_s)
    {
        return None;
    }
    Some(Cause {
        at_s: question.now_s,
        edge: question.edge,
        service: names.services[name.service].clone(),
        operation: name.name.clone(),
        resource: names.stores[names.topics[consumer]].name.clone(),
        kind: CauseKind::ConsumerStuck,
        evidence: vec![format!(
            "{} of {} messages that came were taken; its lag is {}",
            point.consumed, point.appended, point.lag
        )],
    })
}

fn unknown(names: &Names, question: &Question<'_>, suspect: &Suspect) -> Explained {
    let (operation, resource) = match suspect.what {
        What::Statement { statement, .. } => {
            (names.statements[statement].name.clone(), names.store_of(statement).name.clone())
        }
        What::Server { .. } | What::Call { .. } => {
            (checks::operation(names, suspect), names.services[suspect.service].clone())
        }
    };
    let alerted_s = f64::from(question.now_s - question.fired_s);
    Explained {
        kind: CauseKind::Unknown,
        service: suspect.service,
        operation,
        resource,
        evidence: vec![format!(
            "neither rows, connections nor cores explain it {} after the alert",
            duration(alerted_s)
        )],
    }
}
