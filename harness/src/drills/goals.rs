//! What detection is to reach, and whether it does.
//!
//! Owns the goals, which look at hard faults and at quiet time. Refuses to call a goal reached that the time played can't
//! show: such a goal is open.

use super::figures::{FalsePages, Figures, Quantile, Share};
use doorbuster_reports::result::Unit;

/// How a goal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Reached,
    Missed,
    /// It cannot be said.
    Open,
}

impl Standing {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Missed => "missed",
            Self::Open => "open",
        }
    }
}

/// On which side of its bound a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    AtMost,
    AtLeast,
}

/// A goal and its figure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Goal {
    pub(super) id: &'static str,
    pub(super) what: &'static str,
    pub(super) unit: Unit,
    pub(super) side: Side,
    pub(super) bound: f64,
    /// Nothing where it never came, or where there is nothing to look at.
    pub(super) value: Option<f64>,
    pub(super) interval: [Option<f64>; 2],
    pub(super) standing: Standing,
}

/// Design section 7 and its issue: the goals of detection. `hard` holds the figures of all hard drills, if there are any.
pub(super) fn goals(hard: Option<&Figures>, quiet: Option<&FalsePages>) -> Vec<Goal> {
    vec![
        time("alert.p50", "page for a hard fault, p50", 20.0, hard.map(|hard| hard.alert.p50)),
        time("alert.p95", "page for a hard fault, p95", 60.0, hard.map(|hard| hard.alert.p95)),
        rate(quiet),
        share("cause.right", "causes of hard faults named rightly", Side::AtLeast, 0.85, hard.map(|hard| hard.right)),
        share(
            "cause.trivial",
            "the service with the most error spans is the right one",
            Side::AtMost,
            0.5,
            hard.map(|hard| hard.most_errors_right),
        ),
    ]
}

fn time(id: &'static str, what: &'static str, bound: f64, found: Option<Quantile>) -> Goal {
    let value = found.and_then(|found| found.value_s).map(f64::from);
    let standing = match (found, value) {
        (None, _) => Standing::Open,
        (Some(_), Some(value)) if value <= bound => Standing::Reached,
        (Some(_), _) => Standing::Missed,
    };
    let interval = found.map_or([None; 2], |found| [found.low_s, found.high_s].map(|end| end.map(f64::from)));
    Goal { id, what, unit: Unit::S, side: Side::AtMost, bound, value, interval, standing }
}

fn share(id: &'static str, what: &'static str, side: Side, bound: f64, found: Option<Share>) -> Goal {
    let value = found.and_then(|found| found.ratio());
    let standing = match (value, side) {
        (None, _) => Standing::Open,
        (Some(value), Side::AtLeast) if value >= bound => Standing::Reached,
        (Some(value), Side::AtMost) if value <= bound => Standing::Reached,
        (Some(_), _) => Standing::Missed,
    };
    let interval = found.and_then(|found| found.interval).map_or([None; 2], |ends| ends.map(Some));
    Goal { id, what, unit: Unit::Ratio, side, bound, value, interval, standing }
}

/// Few quiet hours can show that there are too many false pages, but not that there are few enough: for that the whole
/// interval has to lie under the bound.
fn rate(quiet: Option<&FalsePages>) -> Goal {
    const PER_DAY: f64 = 0.1;
    let found = quiet.map(|quiet| &quiet.pages);
    let value = found.map(super::figures::Rate::per_day);
    let standing = match found {
        Some(found) if found.per_day() > PER_DAY => Standing::Missed,
        Some(found) if found.interval_per_day[1] <= PER_DAY => Standing::Reached,
        _ => Standing::Open,
    };
    let interval = found.map_or([None; 2], |found| found.interval_per_day.map(Some));
    let what = "false pages a day";
    Goal { id: "false_pages", what, unit: Unit::Count, side: Side::AtMost, bound: PER_DAY, value, interval, standing }
}

#[cfg(test)]
mod tests {
    use super::super::play::Quiet;
    use super::*;

    fn pages(pages: u64, days: u64) -> Standing {
        rate(FalsePages::of(&Quiet { seconds: days * 86_400, pages, ..Quiet::default() }).as_ref()).standing
    }

    /// *Scenario* No page in a day, none in forty days, one in a day, no quiet time.
    ///
    /// *Guarantees* Only forty days can show a rate of 0.1 a day; one page in a day is too many.
    #[test]
    fn a_low_rate_takes_many_days() {
        assert_eq!(pages(0, 1), Standing::Open);
        assert_eq!(pages(0, 40), Standing::Reached);
        assert_eq!(pages(1, 1), Standing::Missed);
        assert_eq!(pages(0, 0), Standing::Open);
    }

    #[test]
    fn a_time_that_never_came_misses_its_goal_and_none_leaves_it_open() {
        let found = |value_s| Some(Quantile { value_s, low_s: Some(10), high_s: None });
        let standing = |found| time("alert.p50", "", 20.0, found).standing;
        assert_eq!(standing(found(Some(20))), Standing::Reached);
        assert_eq!(standing(found(Some(21))), Standing::Missed);
        assert_eq!(standing(found(None)), Standing::Missed);
        assert_eq!(standing(None), Standing::Open);
    }

    #[test]
    fn a_share_has_its_good_side() {
        let standing = |side, hits| share("", "", side, 0.5, Some(Share::new(hits, 4))).standing;
        assert_eq!(standing(Side::AtLeast, 2), Standing::Reached);
        assert_eq!(standing(Side::AtLeast, 1), Standing::Missed);
        assert_eq!(standing(Side::AtMost, 3), Standing::Missed);
        assert_eq!(share("", "", Side::AtMost, 0.5, Some(Share::new(0, 0))).standing, Standing::Open);
    }
}
