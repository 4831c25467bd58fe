//! Figures over drills: quantiles of times, shares, rates, each with its exact interval.
//!
//! Owns what a figure means. A time that never came is later than all others, so it moves the quantiles. Refuses
//! words and goals.

use super::interval;
use super::play::{Drilled, Naming, Quiet};
use super::trivial::BOUNDS;

/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

/// A share with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    pub(super) hits: u64,
    pub(super) of: u64,
    /// Nothing without trials.
    pub(super) interval: Option<[f64; 2]>,
}

impl Share {
    pub(super) fn new(hits: usize, of: usize) -> Self {
        let (hits, of) = (hits as u64, of as u64);
        Self { hits, of, interval: interval::share(hits, of) }
    }

    pub(super) fn ratio(&self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }
}

/// A quantile of times that may never come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quantile {
    /// `None` where it never came.
    pub(super) value_s: Option<u32>,
    /// Where the interval begins; `None` where that is among those that never came.
    pub(super) low_s: Option<u32>,
    /// Where it ends; `None` where so few drills have no end, or it is among those that never came.
    pub(super) high_s: Option<u32>,
}

/// Times of something in several drills.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Times {
    pub(super) p50: Quantile,
    pub(super) p95: Quantile,
    pub(super) never: Share,
}

impl Times {
    pub(super) fn of(times: impl Iterator<Item = Option<u32>>) -> Self {
        // `None` sorts first, and never is last.
        let mut sorted: Vec<u32> = times.map(|time| time.unwrap_or(u32::MAX)).collect();
        sorted.sort_unstable();
        let never = sorted.iter().filter(|time| **time == u32::MAX).count();
        Self { p50: quantile(&sorted, 0.5), p95: quantile(&sorted, 0.95), never: Share::new(never, sorted.len()) }
    }
}

fn quantile(sorted: &[u32], quantile: f64) -> Quantile {
    let of = sorted.len() as u64;
    let at = |rank: u64| sorted.get(rank as usize - 1).copied().filter(|time| *time < u32::MAX);
    let [low, high] = interval::ranks(quantile, of);
    Quantile {
        value_s: at(((quantile * of as f64).ceil() as u64).max(1)),
        // No time is before the injection.
        low_s: low.map_or(Some(0), at),
        high_s: high.and_then(at),
    }
}

/// How often something false comes in quiet time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    pub(super) events: u64,
    pub(super) seconds: u64,
    /// A day; the interval is that of a Poisson count.
    pub(super) interval_per_day: [f64; 2],
}

impl Rate {
    fn new(events: u64, seconds: u64) -> Self {
        let days = seconds as f64 / DAY_S;
        Self { events, seconds, interval_per_day: interval::mean(events).map(|mean| mean / days) }
    }

    pub(super) fn per_day(&self) -> f64 {
        self.events as f64 / (self.seconds as f64 / DAY_S)
    }
}

/// All figures of some drills.
pub(super) struct Figures {
    pub(super) symptom: Times,
    pub(super) alert: Times,
    pub(super) cause: Times,
    pub(super) right: Share,
    pub(super) wrong: Share,
    pub(super) missing: Share,
    /// First pages of the static thresholds.
    pub(super) statics: [Times; BOUNDS.len()],
    /// How often the service with the most error spans is a label's.
    pub(super) most_errors_right: Share,
}

impl Figures {
    pub(super) fn of(drills: &[&Drilled]) -> Self {
        let times = |time: fn(&Drilled) -> Option<u32>| Times::of(drills.iter().map(|drill| time(drill)));
        let share =
            |is: &dyn Fn(&Drilled) -> bool| Share::new(drills.iter().filter(|drill| is(drill)).count(), drills.len());
        Self {
            symptom: times(|drill| drill.symptom_s),
            alert: times(|drill| drill.alert_s),
            cause: times(Drilled::cause_s),
            right: share(&|drill| drill.naming() == Naming::Right),
            wrong: share(&|drill| drill.naming() == Naming::Wrong),
            missing: share(&|drill| drill.naming() == Naming::Missing),
            statics: std::array::from_fn(|place| Times::of(drills.iter().map(|drill| drill.statics_s[place]))),
            most_errors_right: share(&|drill| drill.most_errors.as_ref().is_some_and(|(_, is_right)| *is_right)),
        }
    }
}

/// False pages in quiet time: the detector's and the static thresholds'.
pub(super) struct FalsePages {
    pub(super) pages: Rate,
    pub(super) statics: [Rate; BOUNDS.len()],
}

impl FalsePages {
    /// Nothing without quiet time.
    pub(super) fn of(quiet: &Quiet) -> Option<Self> {
        let rate = |events| Rate::new(events, quiet.seconds);
        (quiet.seconds > 0).then(|| Self { pages: rate(quiet.pages), statics: quiet.statics.map(rate) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario* Ten drills, in one of which nothing came.
    ///
    /// *Guarantees* Never is later than all: p95 is never, p50 is the fifth; the intervals are the ranks'.
    #[test]
    fn what_never_came_is_the_latest() {
        let times: Vec<Option<u32>> = (1..=10).map(|n| (n != 3).then_some(n * 10)).collect();
        let found = Times::of(times.into_iter());
        assert_eq!(found.p50, Quantile { value_s: Some(60), low_s: Some(20), high_s: Some(100) });
        assert_eq!(found.p95, Quantile { value_s: None, low_s: Some(90), high_s: None });
        assert_eq!((found.never.hits, found.never.of), (1, 10));
    }

    /// *Scenario* Nothing ever came, and nothing was played.
    ///
    /// *Guarantees* No figure is made up.
    #[test]
    fn nothing_gives_nothing() {
        let never = Times::of([None; 20].into_iter());
        assert_eq!(never.p50, Quantile { value_s: None, low_s: None, high_s: None });
        assert_eq!(never.never.ratio(), Some(1.0));
        let none = Times::of(std::iter::empty());
        assert_eq!((none.p50.value_s, none.never.ratio()), (None, None));
        assert!(FalsePages::of(&Quiet::default()).is_none());
    }

    /// *Scenario* Half a day without a page, and with two.
    ///
    /// *Guarantees* The rate is per day, with Garwood's interval.
    #[test]
    fn a_rate_is_per_day() {
        let quiet = |pages| Quiet { seconds: 43_200, pages, statics: [0; BOUNDS.len()] };
        let none = FalsePages::of(&quiet(0)).unwrap().pages;
        assert!(none.per_day() < 1e-9 && (none.interval_per_day[1] - 7.378).abs() < 1e-3, "{none:?}");
        assert!((FalsePages::of(&quiet(2)).unwrap().pages.per_day() - 4.0).abs() < 1e-9);
    }
}
