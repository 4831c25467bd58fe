//! What moves when a fault or a remedy acts: the one thing that its type doesn't say.

/// What moves, by the name of the kind. A test fails for a kind that is not here.
const EFFECTS: &[(&str, &str)] = &[
    (
        "lost_index",
        "Rows examined for each call of the statements that use the index, and the time of these calls on a core of their \
         shards; then the cores of those shards, the pools that lead there, and success and p99 of whoever waits for them. Its \
         cause is missing_index.",
    ),
    (
        "pool_size",
        "As a fault: connections in use over connections there, waits for one and waits in vain, while the store behind has \
         room; then, if waits in vain cost CPU, the cores of the service, and success and p99 of whoever waits for it. Its \
         cause is pool_exhausted. As a remedy: who waits gets the added connections at once; a shop whose cores are at \
         their end by then may stay there.",
    ),
    (
        "pod_crash",
        "Pods up over pods there; requests there end as unavailable until callers have noticed, spans that were not exported are lost; then the load of the pods that are left. Its cause is pod_down.",
    ),
    (
        "cpu_hog",
        "Utilization and run queue of the service's cores, then p99 of its endpoints and success of whoever waits for them. Its cause is cpu_saturated.",
    ),
    (
        "slow_store",
        "Time of the statements in their store and its cores, then the pools that lead there and p99 of whoever waits. Its cause is slow_statement, or store_saturated when the cores are full.",
    ),
    (
        "network",
        "Time that the asking side waits, while the asked side is as fast as ever; with losses, calls that end by timeout. Its cause is network.",
    ),
    (
        "partition",
        "Calls and statements on that way end by timeout, all of them; whoever is asked has less to do. Its cause is network.",
    ),
    (
        "cache_flush",
        "Lookups that miss, and the statements behind them, until the keys that are asked for are filled again. Its cause is cache_misses.",
    ),
    ("hot_key", "One shard's cores and queue, while the others have room. Its cause is hot_shard."),
    (
        "store_down",
        "Statements that are refused or break off at the shards that are down; publications, if it is a broker. Its cause is store_down.",
    ),
    (
        "store_errors",
        "Failed statements of the store, while its time and cores stay as they are. Its cause is dependency_failing.",
    ),
    (
        "lock",
        "Time waited for locks by each call, and the connections held meanwhile; the store's cores stay idle. Its cause is lock_contention.",
    ),
    (
        "stuck_consumer",
        "Lag of the consumer group, by the rate at which messages come; nothing at the edge. Its cause is consumer_stuck.",
    ),
    (
        "bad_release",
        "Failures and time of the requests at pods of the new version, beside those of the old one. Its cause is bad_release.",
    ),
    ("gc_pauses", "Time for which pods pause, and p99 of what arrives meanwhile. Its cause is gc_pauses."),
    (
        "clock_skew",
        "Start times of the spans of those pods: children begin before their parents, or after they end. No duration, no rate, no failure changes.",
    ),
    (
        "retry_storm",
        "Requests for each request that fails; alone it is small where little fails, beside another fault it multiplies that. Its cause is traffic_surge, if the shop fills up.",
    ),
    (
        "surge",
        "Arrivals of the journey by the factor, and what they use all the way down. Its cause is traffic_surge, if the shop fills up.",
    ),
    ("sensitive_alerts", "Pages: they are sent for what nobody needs to get up for. Nothing in the shop changes."),
    (
        "scale_out",
        "After the start-up time new requests go to the added pods too: cores and connections there, utilization of the \
         service. What the old pods hold stays with them.",
    ),
    (
        "rate_limit",
        "Requests above the limit end at once as rate_limited, at the price of a rejection: success at the edge falls by \
         them, and what lies behind gets room. Taken back, they come in again.",
    ),
    (
        "rebuild_index",
        "Nothing while it runs; when it is done, rows and times of the statements are as before on all shards, and what was \
         queued behind them drains. It takes the rows of the table over its build_rate.",
    ),
];

/// What moves when a fault or a remedy of this kind acts.
pub(super) fn effect(kind: &str) -> Option<&'static str> {
    EFFECTS.iter().find(|(known, _)| *known == kind).map(|(_, effect)| *effect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::lexicon::entries;
    use crate::list::{FAULTS, REMEDIES, choices};

    /// A new kind of fault or remedy needs a word on what moves: add it to `EFFECTS`.
    #[test]
    fn every_fault_and_every_remedy_says_what_moves() {
        let words = entries(&doorbuster_scenarios::schema());
        let kinds: Vec<String> = [choices(&words, FAULTS), choices(&words, REMEDIES)].concat();
        assert!(kinds.len() >= 2, "{kinds:?}");
        let silent: Vec<&String> = kinds.iter().filter(|kind| effect(kind).is_none()).collect();
        assert!(silent.is_empty(), "explain/effects.rs says nothing of {silent:?}");
        let gone: Vec<&str> =
            EFFECTS.iter().map(|(kind, _)| *kind).filter(|kind| !kinds.iter().any(|known| known == kind)).collect();
        assert!(gone.is_empty(), "explain/effects.rs speaks of {gone:?}, which the language does not have");
    }
}
