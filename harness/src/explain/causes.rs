//! The kinds of cause that the detector names, and the evidence on which it does.

use crate::detection::CauseKind;

/// What a kind of cause means. A new kind is a new arm.
pub(super) const fn cause(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::MissingIndex => {
            "A statement examines whole tables. Named when the rows that a call examines have gone up many times over; asked \
             first, since a lost index also fills the store, slows the statement and drains the pool."
        }
        CauseKind::PoolExhausted => {
            "The connections of a pool are used up while the store behind them has room. A pool that is empty because its \
             store is slow is an effect, and the store is named."
        }
        CauseKind::StoreSaturated => "The cores of a store are in use, and nobody's rows have changed.",
        CauseKind::SlowStatement => {
            "A statement has become slower in its store, and neither rows nor connections nor cores say why: locks, or \
             somebody else's load."
        }
        CauseKind::CpuSaturated => {
            "The cores of a service are in use. Asked before its workers, which are held while one waits for a core."
        }
        CauseKind::WorkersExhausted => {
            "The workers of a service are held and its accept queue is full, while its cores have room."
        }
        CauseKind::DependencyFailing => {
            "Somebody else's service fails or is slow. Only its answers are known, so nothing more can be said."
        }
        CauseKind::PodDown => {
            "Pods of a service are not up, as the orchestrator counts them, and what is asked of it fails."
        }
        CauseKind::StoreDown => "Shards of a store (or brokers) refuse what they are asked: they are down.",
        CauseKind::HotShard => {
            "The cores of one shard of a store are in use while those of all shards together are not half as busy: one key is \
             asked for by everybody, or one shard has less to give."
        }
        CauseKind::LockContention => {
            "A call of a statement waits for locks, as the store's own statistics tell, three times as long as before."
        }
        CauseKind::CacheMisses => {
            "Lookups in a cache miss much more often than before; what is behind it has to answer them. Asked before the store \
             behind, which suffers from it."
        }
        CauseKind::Network => {
            "The asking side waits for a call or statement, while whoever is asked takes no longer than before, or never hears \
             of it. Asked after everything that would show at the asked side."
        }
        CauseKind::BadRelease => {
            "The pods of one version of a service fail more requests than those of the other, or take twice as long, as \
             service.version of their spans' resources tells."
        }
        CauseKind::GcPauses => {
            "Pods of a service pause to collect garbage for a part of the time that requests notice."
        }
        CauseKind::ConsumerStuck => {
            "A consumer group finishes nothing while messages come: its lag grows. It fails no request, so the page comes from \
             the lag and not from failures."
        }
        CauseKind::TrafficSurge => {
            "The shop is asked at least twice as much (or one route three times as much) as before and the cores of whoever is suspected are full, while \
             nothing broke."
        }
        CauseKind::Unknown => {
            "The place is known, the reason is not: told when an alert has been on for five minutes and nothing explains \
             its suspect."
        }
    }
}
