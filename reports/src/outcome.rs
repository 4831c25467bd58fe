//! What the whole of the verdicts comes to, and in which order they are told.
//!
//! Owns the exit code's meaning. Refuses to call anything passed: a shop that fails as expected has failed.

use crate::result::{RunResult, Status, Verdict};

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every verdict is what the scenario expects.
    AsExpected,
    /// At least one is not.
    NotAsExpected,
    /// It cannot be said.
    Invalid,
}

impl Outcome {
    /// The exit code of the command: 0, 99 or 75.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::AsExpected => 0,
            Self::NotAsExpected => 99,
            Self::Invalid => 75,
        }
    }
}

/// What a run comes to.
///
/// A run that was ended early says nothing, whatever its verdicts are: invalid. In a run that was played to its
/// end a miss is certain and outweighs what could not be said: not as expected wins over invalid.
#[must_use]
pub fn outcome(result: &RunResult) -> Outcome {
    if !result.complete {
        return Outcome::Invalid;
    }
    let tally = Tally::of(result);
    if tally.missed > 0 {
        Outcome::NotAsExpected
    } else if tally.invalid > 0 {
        Outcome::Invalid
    } else {
        Outcome::AsExpected
    }
}

/// How one verdict stands to what was expected of it. The order is the one in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    Missed,
    Invalid,
    AsExpected,
}

/// How one verdict stands; in a run that was ended early none says anything.
pub(crate) fn standing(result: &RunResult, verdict: &Verdict) -> Standing {
    if !result.complete || verdict.status == Status::Invalid {
        Standing::Invalid
    } else if verdict.as_expected() {
        Standing::AsExpected
    } else {
        Standing::Missed
    }
}

/// The verdicts, those that missed first, then the invalid ones, otherwise in their order.
pub(crate) fn misses_first(result: &RunResult) -> Vec<(Standing, &Verdict)> {
    let mut told: Vec<_> = result.verdicts.iter().map(|verdict| (standing(result, verdict), verdict)).collect();
    told.sort_by_key(|(standing, _)| *standing);
    told
}

/// How many verdicts stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) as_expected: usize,
    pub(crate) missed: usize,
    pub(crate) invalid: usize,
}

impl Tally {
    /// Counts the verdicts of a result.
    pub(crate) fn of(result: &RunResult) -> Self {
        let mut tally = Self::default();
        for verdict in &result.verdicts {
            match standing(result, verdict) {
                Standing::AsExpected => tally.as_expected += 1,
                Standing::Missed => tally.missed += 1,
                Standing::Invalid => tally.invalid += 1,
            }
        }
        tally
    }

    /// In words: `12 of 12 as expected`, `10 of 12 as expected, 1 missed, 1 invalid`.
    pub(crate) fn text(self) -> String {
        let all = self.as_expected + self.missed + self.invalid;
        if all == 0 {
            return "no verdicts".to_owned();
        }
        let mut text = format!("{} of {all} as expected", self.as_expected);
        if self.missed > 0 {
            text.push_str(&format!(", {} missed", self.missed));
        }
        if self.invalid > 0 {
            text.push_str(&format!(", {} invalid", self.invalid));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::result::Expect;

    #[test]
    fn a_miss_outweighs_invalid_but_an_early_end_outweighs_all() {
        let mut result = examples::incident();
        assert_eq!(outcome(&result), Outcome::AsExpected);
        assert_eq!(outcome(&result).exit_code(), 0);
        result.verdicts[0].status = Status::Invalid;
        assert_eq!(outcome(&result).exit_code(), 75);
        result.verdicts[1].status = Status::Fail;
        assert_eq!(outcome(&result).exit_code(), 99);
        let told: Vec<_> = misses_first(&result).iter().map(|(_, verdict)| verdict.id.clone()).collect();
        assert_eq!(told[..2], [result.verdicts[1].id.clone(), result.verdicts[0].id.clone()]);
        result.complete = false;
        assert_eq!(outcome(&result), Outcome::Invalid);
    }

    #[test]
    fn an_unexpected_pass_is_a_miss() {
        let mut result = examples::incident();
        result.verdicts[0].expect = Expect::Fail;
        assert_eq!(outcome(&result), Outcome::NotAsExpected);
        let all = result.verdicts.len();
        assert_eq!(Tally::of(&result).text(), format!("{} of {all} as expected, 1 missed", all - 1));
    }
}
