//! Verdict ids, kinds and bases in plain words.
//!
//! Owns the short names that stand beside an id. Refuses to invent one: an id it doesn't know stands alone.

use crate::outcome::Standing;
use crate::result::{Basis, Expect, Verdict, VerdictKind};

/// What a verdict speaks of, in a few words, for the ids of design section 8.
pub(crate) fn title(id: &str) -> Option<&'static str> {
    Some(match id {
        "incident.success.before" => "Success before",
        "incident.success.during" => "Success during",
        "incident.success.after" => "Success after",
        "incident.p99.before" => "p99 before",
        "incident.p99.during" => "p99 during",
        "incident.p99.after" => "p99 after",
        "incident.throughput.before" => "Throughput before",
        "incident.throughput.during" => "Throughput during",
        "incident.throughput.after" => "Throughput after",
        "incident.cpu.before" => "CPU before",
        "incident.cpu.during" => "CPU during",
        "incident.cpu.after" => "CPU after",
        "incident.in_flight.before" => "Requests in hand before",
        "incident.in_flight.during" => "Requests in hand during",
        "incident.in_flight.after" => "Requests in hand after",
        "incident.orders_lost" => "Orders lost",
        "incident.users_affected" => "Shoppers who met a failure",
        "incident.gmv_lost" => "Sales lost",
        "detection.symptom" => "First symptom seen after",
        "detection.alert" => "Alert fired after",
        "detection.notified" => "People told after",
        "detection.evidence_ready" => "Evidence ready after",
        "detection.cause" => "Cause known after",
        "detection.human" => "Work of people",
        "detection.repair" => "Repair",
        "detection.recovered" => "Recovered after",
        "detection.false_alerts" => "False alerts",
        "accounting.conservation" => "Not accounted for",
        crate::comparison::REGRESSION => "Worse than the baseline",
        _ => return None,
    })
}

/// How a verdict's value was got.
pub(crate) const fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Modelled => "modelled",
        Basis::Measured => "measured",
        Basis::Declared => "declared",
    }
}

/// What kind of statement a verdict is.
pub(crate) const fn kind(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Reproduction => "reproduction",
        VerdictKind::Target => "target",
        VerdictKind::Regression => "regression",
        VerdictKind::Accounting => "accounting",
    }
}

/// What the scenario expects of the bound.
pub(crate) const fn expect(expect: Expect) -> &'static str {
    match expect {
        Expect::Pass => "holds",
        Expect::Fail => "does not hold",
    }
}

/// How a verdict stands to what was expected.
pub(crate) const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::AsExpected => "as expected",
        Standing::Missed => "missed",
        Standing::Invalid => "invalid",
    }
}

/// The value as it is told beside its bound; `none` where there is none.
pub(crate) fn value(verdict: &Verdict) -> String {
    match verdict.value {
        Some(value) => crate::format::value_beside_bound(value, verdict.unit, &verdict.bound),
        None => "none".to_owned(),
    }
}

/// How a request or a span ended, in a word or two, by its name in results.
pub(crate) fn outcome(name: &str) -> String {
    outcome_words(name).map_or_else(|| name.replace('_', " "), |words| words.0.to_owned())
}

/// What became of a request, in a line, by its name in results.
pub(crate) fn loss(name: &str) -> String {
    outcome_words(name).map_or_else(|| name.replace('_', " "), |words| words.1.to_owned())
}

/// The words for an outcome; a name that isn't known stands for itself.
fn outcome_words(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "ok" => ("ok", "succeeded"),
        "declined" => ("declined", "declined: answered, but not granted"),
        "timeout" => ("timed out", "timed out: no answer in time"),
        "refused" => ("refused", "refused: the accept queue was full"),
        "pool_timeout" => ("no connection", "no connection of a pool came free in time"),
        "error" => ("error", "failed by itself"),
        "cancelled" => ("cancelled", "cancelled: whoever asked went away"),
        "rate_limited" => ("rate limited", "turned away by a rate limit"),
        "abandoned" => ("abandoned", "answered after the shopper had left"),
        "circuit_open" => ("circuit open", "not tried: a breaker was open"),
        _ => return None,
    })
}

/// A window in a word or two, by its name in results.
pub(crate) fn window(name: &str) -> &str {
    match name {
        "run" => "whole run",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_without_words_stands_for_itself() {
        assert_eq!(outcome("pool_timeout"), "no connection");
        assert_eq!(loss("brand_new"), "brand new");
    }
}
