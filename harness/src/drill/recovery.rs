//! The focus' edge second by second, and the moment of recovery.

use doorbuster_virtual::slice::EndpointSlice;
use serde::{Deserialize, Serialize};

/// Success has to stay at or above this share of what it was before.
const NEAR: f64 = 0.97;
/// For so many seconds.
const STAYS_S: usize = 60;
/// Judged in spans of so many seconds: a single second may hold too few attempts to be judged alone.
const SPAN_S: usize = 10;
/// With so many attempts it can be, and then the first second of a recovery has to be good itself.
const ENOUGH: u64 = 100;

/// What ended at the focus' edge within a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct FocusSecond {
    /// Requests ended.
    pub(crate) attempts: u64,
    /// With success.
    pub(crate) succeeded: u64,
    /// Shoppers who met their first failure in this request.
    pub(crate) affected: u64,
    /// Shoppers who gave up.
    pub(crate) given_up: u64,
}

impl FocusSecond {
    pub(super) fn add(&mut self, slice: &EndpointSlice) {
        self.attempts += slice.attempts();
        self.succeeded += slice.succeeded();
        self.affected += slice.affected;
        self.given_up += slice.given_up;
    }

    pub(super) const fn since(&self, before: &Self) -> Self {
        Self {
            attempts: self.attempts - before.attempts,
            succeeded: self.succeeded - before.succeeded,
            affected: self.affected - before.affected,
            given_up: self.given_up - before.given_up,
        }
    }

    pub(crate) const fn plus(&self, other: &Self) -> Self {
        Self {
            attempts: self.attempts + other.attempts,
            succeeded: self.succeeded + other.succeeded,
            affected: self.affected + other.affected,
            given_up: self.given_up + other.given_up,
        }
    }
}

/// Sum over some seconds.
pub(crate) fn sum(seconds: &[FocusSecond]) -> FocusSecond {
    seconds.iter().fold(FocusSecond::default(), |sum, second| sum.plus(second))
}

/// The first second after the trouble began from which success stayed near its old level, as soon as that is known.
/// There is none while success has not left that level.
pub(super) fn recovered(seconds: &[FocusSecond], before: (u32, u32), injected_s: u32) -> Option<u32> {
    let before = sum(&seconds[before.0 as usize..(before.1 as usize).min(seconds.len())]);
    let level = NEAR * before.succeeded as f64 / before.attempts as f64;
    let is_good = |seen: &FocusSecond| seen.attempts > 0 && seen.succeeded as f64 >= level * seen.attempts as f64;
    let is_near = |from: usize| is_good(&sum(&seconds[from..from + SPAN_S]));
    let last = seconds.len().checked_sub(SPAN_S)?;
    let first_bad = (injected_s as usize..=last).find(|from| !is_near(*from))?;
    // Only a second whose whole stay is over can be judged; earlier ones were judged at earlier barriers.
    let from = seconds.len().checked_sub(STAYS_S)?;
    let begins = seconds[from].attempts < ENOUGH || is_good(&seconds[from]);
    let stays = (from..=last).step_by(SPAN_S).all(is_near);
    (from > first_bad && begins && stays).then_some(from as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(success: &[(usize, u64)]) -> Vec<FocusSecond> {
        let second = |percent| FocusSecond { attempts: 100, succeeded: percent, ..FocusSecond::default() };
        success.iter().flat_map(|(count, percent)| vec![second(*percent); *count]).collect()
    }

    /// *Scenario* Success falls from 98 % to 70 % at second 100 and comes back at second 200.
    /// *Guarantees* Recovery is at second 200, and known at second 260, not before.
    #[test]
    fn recovery_is_the_first_good_second_of_a_good_minute() {
        let all = seconds(&[(100, 98), (100, 70), (100, 98)]);
        assert_eq!(recovered(&all[..259], (0, 100), 100), None);
        assert_eq!(recovered(&all[..260], (0, 100), 100), Some(200));
    }

    /// *Scenario* Success comes back for half a minute and falls again.
    /// *Guarantees* That is no recovery.
    #[test]
    fn recovery_has_to_last() {
        let all = seconds(&[(100, 98), (50, 70), (30, 98), (50, 70), (59, 98)]);
        assert!((150..=all.len()).all(|end| recovered(&all[..end], (0, 100), 100).is_none()));
    }

    /// *Scenario* A fault that hurts nobody.
    /// *Guarantees* Nothing recovers from it.
    #[test]
    fn recovery_needs_trouble() {
        assert_eq!(recovered(&seconds(&[(400, 98)]), (0, 100), 100), None);
    }
}
