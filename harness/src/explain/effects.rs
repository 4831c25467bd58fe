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
