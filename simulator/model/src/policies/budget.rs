//! The retry budget: further tries in proportion to first ones (Finagle's `RetryBudget`, gRPC's retry throttling).

use crate::key::threshold;

/// `log2` of the parts of a token.
const PART_BITS: u32 = 32;

/// What a budget takes in and holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetRule {
    /// What a first try puts in, in 2^-32 of a token.
    deposit_parts: u64,
    /// Parts that it holds.
    burst_parts: u64,
}

impl BudgetRule {
    /// A budget of `ratio` (0 to 1) further tries for each first one, holding `burst` (at most 2^31).
    #[must_use]
    pub fn new(ratio: f64, burst: u32) -> Self {
        Self { deposit_parts: threshold(ratio), burst_parts: u64::from(burst) << PART_BITS }
    }
}

/// Tokens for further tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    rule: BudgetRule,
    parts: u64,
}

impl RetryBudget {
    /// A full budget.
    #[must_use]
    pub const fn new(rule: BudgetRule) -> Self {
        Self { rule, parts: rule.burst_parts }
    }

    /// A first try is made.
    pub fn deposit(&mut self) {
        self.parts = (self.parts + self.rule.deposit_parts).min(self.rule.burst_parts);
    }

    /// Takes what a further try costs, if it is there.
    pub fn withdraw(&mut self) -> bool {
        let is_there = self.parts >= 1 << PART_BITS;
        if is_there {
            self.parts -= 1 << PART_BITS;
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::{BudgetRule, RetryBudget};

    /// *Scenario* Every one of 1,000 calls fails and asks for another try, under a budget of 20 % with a burst of 10.
    /// *Guarantees* 210 further tries: the burst, and one for every five first tries.
    #[test]
    fn a_budget_bounds_the_load_that_retries_add() {
        let mut budget = RetryBudget::new(BudgetRule::new(0.2, 10));
        let mut tries = 0;
        for _ in 0..1_000 {
            budget.deposit();
            tries += u32::from(budget.withdraw());
        }
        // The first deposit runs over: the bucket was full.
        assert!((208..=210).contains(&tries), "{tries}");
    }

    #[test]
    fn good_times_save_up_a_burst_and_no_more() {
        let mut budget = RetryBudget::new(BudgetRule::new(0.5, 3));
        (0..1_000).for_each(|_| budget.deposit());
        assert!((0..3).all(|_| budget.withdraw()) && !budget.withdraw());
    }
}
