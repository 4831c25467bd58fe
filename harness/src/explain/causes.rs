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
        CauseKind::Unknown => {
            "The place is known, the reason is not: told when an alert has been on for five minutes and nothing explains \
             its suspect."
        }
    }
}
