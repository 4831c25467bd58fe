//! What was expected of a sending, held against what came of it.
//!
//! Owns the verdicts of `--expect`, and what they leave to be demanded without being asked for. Refuses to pass anything where the
//! generator was the limit.

use super::condition::{Condition, Quantity};
use crate::deliver::{Counts, Histograms};
use serde::Serialize;

/// Whether something is as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It is.
    Pass,
    /// It is not.
    Fail,
    /// Nobody can say: the generator was the limit.
    Invalid,
}

/// An expectation and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Verdict {
    /// The quantity.
    pub(crate) id: &'static str,
    /// Its value over the whole sending; `None` where there is nothing to take it from.
    pub(crate) value: Option<f64>,
    /// `%` of what was due, or `ms`.
    pub(crate) unit: &'static str,
    /// Comparison and bound, as they were said.
    pub(crate) bound: String,
    /// Whether it holds.
    pub(crate) status: Status,
    /// The value in words.
    #[serde(skip)]
    pub(crate) told: String,
}

/// Judges every expectation.
pub(crate) fn verdicts(
    expected: &[Condition],
    counts: &Counts,
    histograms: &Histograms,
    is_invalid: bool,
) -> Vec<Verdict> {
    let verdict = |condition: &Condition| {
        let quantity = condition.quantity;
        let value = value(quantity, counts, histograms);
        let status = match value {
            _ if is_invalid => Status::Invalid,
            Some(value) if condition.holds(value) => Status::Pass,
            _ => Status::Fail,
        };
        Verdict {
            id: quantity.name(),
            value,
            unit: quantity.unit(),
            bound: condition.bound_text.clone(),
            status,
            told: value.map_or_else(|| "there was none".to_owned(), |value| quantity.told(value)),
        }
    };
    expected.iter().map(verdict).collect()
}

fn value(quantity: Quantity, counts: &Counts, histograms: &Histograms) -> Option<f64> {
    if let Some(times) = quantity.times(histograms) {
        return (!times.is_empty()).then(|| times.value_at_quantile(0.99) as f64 / 1e3);
    }
    let items = quantity.items(counts)?;
    (counts.due.items > 0).then(|| items as f64 * 100.0 / counts.due.items as f64)
}

/// Items that were due, were not accepted, and are bounded by no expectation.
pub(crate) fn unexpected(expected: &[Condition], counts: &Counts) -> u64 {
    let is_bounded = |quantity: Quantity| expected.iter().any(|condition| condition.quantity == quantity);
    if is_bounded(Quantity::Accepted) {
        return 0;
    }
    let ends = [Quantity::Rejected, Quantity::Failed, Quantity::NotSent];
    let bounded = ends.into_iter().filter(|end| is_bounded(*end)).filter_map(|end| end.items(counts)).sum::<u64>();
    counts.due.items.saturating_sub(counts.accepted.items + bounded)
}

#[cfg(test)]
mod tests {
    use super::super::condition;
    use super::*;
    use crate::deliver::Amount;

    fn seen() -> (Counts, Histograms) {
        let counts = Counts {
            due: Amount { bodies: 10, items: 1_000 },
            accepted: Amount { bodies: 10, items: 990 },
            rejected: Amount { bodies: 1, items: 10 },
            ..Counts::default()
        };
        let mut histograms = Histograms::default();
        histograms.ack_us.record_n(20_000, 100).unwrap();
        (counts, histograms)
    }

    fn expected(texts: &[&str]) -> Vec<Condition> {
        texts.iter().map(|text| condition::expected(text).unwrap()).collect()
    }

    /// *Scenario*: expectations that hold, that do not, and one of times that nobody has. *Guarantees*: each is told apart; where the
    /// generator was the limit none is passed or failed.
    #[test]
    fn expectations_are_judged() {
        let (counts, histograms) = seen();
        let expected = expected(&["accepted>=99%", "rejected<1%", "ack.p99<=50ms", "ack.p99<1ms", "answer.p99<=1s"]);
        let judged = |is_invalid| {
            let verdicts = verdicts(&expected, &counts, &histograms, is_invalid);
            verdicts.iter().map(|verdict| verdict.status).collect::<Vec<Status>>()
        };
        use Status::{Fail, Invalid, Pass};
        assert_eq!(judged(false), [Pass, Fail, Pass, Fail, Fail]);
        assert_eq!(judged(true), [Invalid; 5]);
    }

    /// *Scenario*: a sending of which a hundredth was rejected, with expectations of this and of that. *Guarantees*: it has to be accepted
    /// unless somebody bounded it.
    #[test]
    fn what_nobody_bounded_must_not_be() {
        let (counts, _) = seen();
        let left = |texts: &[&str]| unexpected(&expected(texts), &counts);
        assert_eq!((left(&[]), left(&["ack.p99<=1s"]), left(&["failed<=1%"])), (10, 10, 10));
        assert_eq!((left(&["rejected<=5%"]), left(&["accepted>=90%"])), (0, 0));
    }
}
