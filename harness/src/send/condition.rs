//! Conditions on a sending, as the command line says them: `rejected>5% for 10s`, `ack.p99<=500ms`.
//!
//! Owns their words, and how a quantity is read off counts and times. Refuses to know what follows from one: `watch` stops, `expect` judges.

use super::asked::Mistake;
use super::from::{time, whole_seconds};
use crate::deliver::{Counts, Histograms};
use doorbuster_reports::format;
use doorbuster_scenarios::units::Share;
use hdrhistogram::Histogram;

/// The longest window of a condition.
const LONGEST_S: u32 = 600;
/// Shares and times closer than this, relative to the bound, are equal: 99.9 % has no exact binary number.
const EQUAL: f64 = 1e-9;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// Items accepted, over those that were due.
    Accepted,
    /// Items rejected within answers.
    Rejected,
    /// Items whose request failed for good.
    Failed,
    /// Items that found no room.
    NotSent,
    /// Items that were sent late.
    Late,
    /// Answered with success after it was due, 99th percentile.
    Ack,
    /// Answered after it was sent, 99th percentile.
    Answer,
    /// Sent after it was due, 99th percentile.
    Lateness,
}

/// All of them.
const QUANTITIES: [Quantity; 8] = [
    Quantity::Accepted,
    Quantity::Rejected,
    Quantity::Failed,
    Quantity::NotSent,
    Quantity::Late,
    Quantity::Ack,
    Quantity::Answer,
    Quantity::Lateness,
];

impl Quantity {
    /// Its name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::NotSent => "not_sent",
            Self::Late => "late",
            Self::Ack => "ack.p99",
            Self::Answer => "answer.p99",
            Self::Lateness => "lateness.p99",
        }
    }

    /// Whether it is a time, and not a share.
    pub(crate) const fn is_time(self) -> bool {
        matches!(self, Self::Ack | Self::Answer | Self::Lateness)
    }

    /// The unit in which it is told.
    pub(crate) const fn unit(self) -> &'static str {
        if self.is_time() { "ms" } else { "%" }
    }

    /// Its items among these; `None` for a time.
    pub(crate) fn items(self, counts: &Counts) -> Option<u64> {
        match self {
            Self::Accepted => Some(counts.accepted.items),
            Self::Rejected => Some(counts.rejected.items),
            Self::Failed => Some(counts.failed_total().items),
            Self::NotSent => Some(counts.not_sent.items),
            Self::Late => Some(counts.late.items),
            Self::Ack | Self::Answer | Self::Lateness => None,
        }
    }

    /// Its times among these; `None` for a share.
    pub(crate) const fn times(self, histograms: &Histograms) -> Option<&Histogram<u64>> {
        match self {
            Self::Ack => Some(&histograms.ack_us),
            Self::Answer => Some(&histograms.answer_us),
            Self::Lateness => Some(&histograms.lateness_us),
            _ => None,
        }
    }

    /// Its value in its unit, in words.
    pub(crate) fn told(self, value: f64) -> String {
        if self.is_time() { format::duration(value / 1e3) } else { format::percent(value / 100.0) }
    }
}

/// How it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// A quantity against a bound.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    /// What is looked at.
    pub(crate) quantity: Quantity,
    comparison: Comparison,
    /// In the quantity's unit.
    bound: f64,
    /// Comparison and bound as they were said, without spaces.
    pub(crate) bound_text: String,
}

/// A condition over a window that ends now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lasting {
    /// What has to hold.
    pub(crate) condition: Condition,
    /// Over the last so many seconds taken together.
    pub(crate) for_s: u32,
}

impl Condition {
    /// Whether a value in the quantity's unit fulfils it.
    pub(crate) fn holds(&self, value: f64) -> bool {
        let is_equal = (value - self.bound).abs() <= EQUAL * self.bound.abs();
        match self.comparison {
            Comparison::Above => value > self.bound && !is_equal,
            Comparison::AtLeast => value > self.bound || is_equal,
            Comparison::Below => value < self.bound && !is_equal,
            Comparison::AtMost => value < self.bound || is_equal,
        }
    }

    /// As it may be said again.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.quantity.name(), self.bound_text)
    }

    fn looks_up(&self) -> bool {
        matches!(self.comparison, Comparison::Above | Comparison::AtLeast)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let at = text.find(['<', '>']).ok_or("it compares nothing: there is no >, >=, < or <=")?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let (comparison, sign, bound) = if let Some(bound) = rest.strip_prefix(">=") {
            (Comparison::AtLeast, ">=", bound)
        } else if let Some(bound) = rest.strip_prefix("<=") {
            (Comparison::AtMost, "<=", bound)
        } else if let Some(bound) = rest.strip_prefix('>') {
            (Comparison::Above, ">", bound)
        } else {
            (Comparison::Below, "<", &rest[1..])
        };
        let quantity = QUANTITIES.into_iter().find(|quantity| quantity.name() == name).ok_or_else(|| {
            let names: Vec<&str> = QUANTITIES.iter().map(|quantity| quantity.name()).collect();
            format!("`{name}` is no quantity; there are {}", names.join(", "))
        })?;
        let bound = bound.trim();
        let value =
            if quantity.is_time() { time(bound)?.ns as f64 / 1e6 } else { bound.parse::<Share>()?.ratio * 100.0 };
        Ok(Self { quantity, comparison, bound: value, bound_text: format!("{sign}{bound}") })
    }
}

impl Lasting {
    /// Reads a condition that stops.
    ///
    /// # Errors
    /// What is wrong, and the cure.
    pub(crate) fn parse(text: &str) -> Result<Self, Mistake> {
        let parsed = || {
            let (condition, length) = text.rsplit_once(" for ").ok_or("it says no `for` and how long")?;
            let condition = Condition::parse(condition)?;
            if condition.quantity == Quantity::Accepted || !condition.looks_up() {
                return Err(
                    "it stops when something is too high: > or >= of rejected, failed, not_sent, late or a time"
                        .to_owned(),
                );
            }
            let for_s = whole_seconds(length)?;
            if !(1..=LONGEST_S).contains(&for_s) {
                return Err(format!("`for {}`: at least 1s, at most {LONGEST_S}s", length.trim()));
            }
            Ok(Self { condition, for_s })
        };
        parsed().map_err(|cause: String| {
            Mistake::new(
                format!("`--abort-if {text}`: {cause}"),
                "write it like --abort-if 'rejected>5% for 10s' or --abort-if 'ack.p99>=2s for 30s'",
            )
        })
    }

    /// As it may be said again.
    pub(crate) fn text(&self) -> String {
        format!("{} for {}s", self.condition.text(), self.for_s)
    }
}

/// Reads a condition that is expected to hold in the end.
///
/// # Errors
/// What is wrong, and the cure.
pub(crate) fn expected(text: &str) -> Result<Condition, Mistake> {
    let parsed = || {
        let condition = Condition::parse(text)?;
        if (condition.quantity == Quantity::Accepted) == condition.looks_up() {
            return Ok(condition);
        }
        let name = condition.quantity.name();
        Err(match condition.quantity {
            Quantity::Accepted => format!("`{name}` is good when it is high: compare it with >= or >"),
            _ => format!("`{name}` is good when it is low: compare it with <= or <"),
        })
    };
    parsed().map_err(|cause: String| {
        Mistake::new(
            format!("`--expect {text}`: {cause}"),
            "write it like --expect 'ack.p99<=500ms' or --expect 'accepted>=99.9%'",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: conditions as people write them. *Guarantees*: they are understood, and say themselves again.
    #[test]
    fn conditions_are_understood() {
        for (text, again) in [
            ("rejected>5% for 10s", "rejected>5% for 10s"),
            ("not_sent >= 0.1% for 2m", "not_sent>=0.1% for 120s"),
            ("lateness.p99>250ms for 1s", "lateness.p99>250ms for 1s"),
            ("failed>0% for 5s", "failed>0% for 5s"),
        ] {
            let lasting = Lasting::parse(text).unwrap();
            assert_eq!((lasting.text(), Lasting::parse(again)), (again.to_owned(), Ok(lasting)));
        }
        let met = |text: &str, value: f64| expected(text).unwrap().holds(value);
        assert!(met("accepted>=99.9%", 999.0 * 100.0 / 1_000.0) && !met("accepted>=99.9%", 99.899));
        assert!(met("ack.p99<=500ms", 500.0) && !met("ack.p99<500ms", 500.0) && !met("ack.p99<=500ms", 500.1));
        assert!(met("rejected<=0%", 0.0) && !met("rejected<=0%", 0.001));
    }

    /// *Scenario*: conditions with every part wrong. *Guarantees*: each is refused with what is wrong in it, and with an example.
    #[test]
    fn what_is_no_condition_is_refused() {
        for (text, cause) in [
            ("rejected>5%", "says no `for`"),
            ("rejected 5% for 10s", "compares nothing"),
            ("refused>5% for 10s", "`refused` is no quantity; there are accepted, rejected"),
            ("rejected>5 for 10s", "percent sign"),
            ("rejected>500ms for 10s", "percent sign"),
            ("ack.p99>5% for 10s", "unit of time"),
            ("rejected<5% for 10s", "too high"),
            ("accepted>5% for 10s", "too high"),
            ("rejected>5% for 500ms", "whole seconds"),
            ("rejected>5% for 0s", "at least 1s"),
            ("rejected>5% for 1h", "at most 600s"),
        ] {
            let mistake = Lasting::parse(text).unwrap_err();
            assert!(mistake.message.contains(cause) && mistake.help.contains("--abort-if '"), "{text}: {mistake:?}");
        }
        for (text, cause) in [
            ("ack.p99>=500ms", "good when it is low"),
            ("accepted<=99%", "good when it is high"),
            ("", "compares nothing"),
            ("ack.p99<=fast", "is not a time"),
        ] {
            let mistake = expected(text).unwrap_err();
            assert!(mistake.message.contains(cause) && mistake.help.contains("--expect '"), "{text}: {mistake:?}");
        }
    }
}
