//! Verdicts that changed since the baseline.
//!
//! Owns when such a change is for the worse: from as expected to missed, whatever the values are. Refuses to judge what
//! cannot be said: an invalid verdict ends the run with its own exit code.

use super::{Judgement, VerdictChange, VerdictState};
use crate::result::{Expect, RunResult, Status, Verdict, VerdictKind};

/// What changed, in the order of this run's verdicts, then those that are gone; and how many both runs have.
pub(super) fn changes(baseline: &RunResult, here: &RunResult) -> (Vec<VerdictChange>, u64) {
    let mut told = Vec::new();
    let mut compared = 0;
    for verdict in own(here) {
        let old = own(baseline).find(|old| old.id == verdict.id).map(state);
        let new = state(verdict);
        compared += u64::from(old.is_some());
        if old.is_some_and(|old| same(old, new)) {
            continue;
        }
        told.push(VerdictChange {
            id: verdict.id.clone(),
            unit: verdict.unit,
            baseline: old,
            here: Some(new),
            judgement: old.map_or(Judgement::Different, |old| judged(old, new)),
        });
    }
    for verdict in own(baseline).filter(|old| !own(here).any(|verdict| verdict.id == old.id)) {
        told.push(VerdictChange {
            id: verdict.id.clone(),
            unit: verdict.unit,
            baseline: Some(state(verdict)),
            here: None,
            judgement: Judgement::Different,
        });
    }
    told.sort_by_key(|change| change.judgement);
    (told, compared)
}

/// Verdicts of the run itself: a baseline may have had a baseline.
fn own(result: &RunResult) -> impl Iterator<Item = &Verdict> {
    result.verdicts.iter().filter(|verdict| verdict.kind != VerdictKind::Regression)
}

fn state(verdict: &Verdict) -> VerdictState {
    VerdictState { status: verdict.status, expect: verdict.expect, value: verdict.value }
}

fn same(old: VerdictState, new: VerdictState) -> bool {
    let bits = |state: VerdictState| state.value.map(f64::to_bits);
    (old.status, old.expect, bits(old)) == (new.status, new.expect, bits(new))
}

fn judged(old: VerdictState, new: VerdictState) -> Judgement {
    match (old.stands(), new.stands()) {
        (Some(true), Some(false)) => Judgement::Worse,
        (Some(false), Some(true)) => Judgement::Better,
        _ => Judgement::Different,
    }
}

impl VerdictState {
    /// Whether it is as expected; nothing where that cannot be said.
    pub(super) fn stands(self) -> Option<bool> {
        match (self.status, self.expect) {
            (Status::Invalid, _) => None,
            (Status::Pass, Expect::Pass) | (Status::Fail, Expect::Fail) => Some(true),
            (Status::Pass, Expect::Fail) | (Status::Fail, Expect::Pass) => Some(false),
        }
    }
}
