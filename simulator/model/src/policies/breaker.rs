//! The circuit breaker, on failures and on slow calls (after Resilience4j's, with a window of time).
//!
//! ```text
//!          share of failed or slow calls reaches its bound
//! closed ────────────────────────────────────────────────▶ open ◀──┐
//!    ▲                                                       │      │ the trials reach a bound
//!    │ they do not                    its time is over       ▼      │
//!    └───────────────────────────────────────────────── half open ──┘
//! ```
//!
//! A call counts when it ends, so a breaker learns of a slow call no earlier. Calls that began before the present state
//! did are not counted: they speak of another time.

use crate::key::threshold;
use crate::time::Ticks;
use std::collections::VecDeque;

/// The window moves in tenths of its length.
const PARTS: u64 = 10;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRule {
    /// Opens at this share of failed calls, in 2^-32.
    failures: Option<u64>,
    /// Opens at this share of slow calls, in 2^-32.
    slow: Option<u64>,
    /// A call that took longer is slow.
    slow_over: Ticks,
    min_calls: u32,
    part: Ticks,
    open: Ticks,
    trials: u32,
}

impl BreakerRule {
    /// Opens at a share (over 0, at most 1) of `failures` or of calls `slow` over some ticks, among at least `min_calls` calls
    /// (from 1) of the last `window` ticks (from 1); then, after `open` ticks (from 1), lets `trials` calls (from 1) decide.
    #[must_use]
    pub fn new(
        failures: Option<f64>,
        slow: Option<(f64, Ticks)>,
        min_calls: u32,
        window: Ticks,
        open: Ticks,
        trials: u32,
    ) -> Self {
        Self {
            failures: failures.map(|share| threshold(share).max(1)),
            slow: slow.map(|(share, _)| threshold(share).max(1)),
            slow_over: slow.map_or(Ticks::MAX, |(_, over)| over),
            min_calls,
            part: window.div_ceil(PARTS).max(1),
            open: open.max(1),
            trials,
        }
    }

    fn trips(&self, seen: &Seen) -> bool {
        let reaches = |count: u32, share: Option<u64>| {
            share.is_some_and(|share| u64::from(count) << 32 >= share * u64::from(seen.calls))
        };
        reaches(seen.failed, self.failures) || reaches(seen.slow, self.slow)
    }
}

/// Calls that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    calls: u32,
    failed: u32,
    slow: u32,
}

impl Seen {
    const fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.failed += other.failed;
        self.slow += other.slow;
    }

    const fn remove(&mut self, other: &Self) {
        self.calls -= other.calls;
        self.failed -= other.failed;
        self.slow -= other.slow;
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Closed {
        /// Calls by the part of the window in which they ended, oldest first, and their sum.
        parts: VecDeque<(u64, Seen)>,
        sum: Seen,
    },
    Open {
        until: Ticks,
    },
    HalfOpen {
        /// Calls let through that may still end.
        let_through: u32,
        seen: Seen,
    },
}

const CLOSED: State = State::Closed { parts: VecDeque::new(), sum: Seen { calls: 0, failed: 0, slow: 0 } };

/// A breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    rule: BreakerRule,
    state: State,
    /// When the present state began.
    since: Ticks,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub const fn new(rule: BreakerRule) -> Self {
        Self { rule, state: CLOSED, since: 0 }
    }

    /// Whether a call may be made now. One that may has to be told of by [`Self::ended`] or [`Self::taken_back`].
    pub fn lets_through(&mut self, now: Ticks) -> bool {
        if let State::Open { until } = self.state
            && now >= until
        {
            self.turn(State::HalfOpen { let_through: 0, seen: Seen::default() }, now);
        }
        match &mut self.state {
            State::Closed { .. } => true,
            State::Open { .. } => false,
            State::HalfOpen { let_through, .. } => {
                let may = *let_through < self.rule.trials;
                *let_through += u32::from(may);
                may
            }
        }
    }

    /// A call that was let through at `began` has ended.
    pub fn ended(&mut self, began: Ticks, now: Ticks, failed: bool) {
        if began < self.since {
            return;
        }
        let rule = self.rule;
        let one = Seen { calls: 1, failed: u32::from(failed), slow: u32::from(now - began > rule.slow_over) };
        match &mut self.state {
            State::Closed { parts, sum } => {
                let part = now / rule.part;
                while parts.front().is_some_and(|(old, _)| old + PARTS <= part) {
                    let (_, old) = parts.pop_front().expect("invariant: not empty");
                    sum.remove(&old);
                }
                match parts.back_mut() {
                    Some((last, seen)) if *last == part => seen.add(&one),
                    _ => parts.push_back((part, one)),
                }
                sum.add(&one);
                if sum.calls >= rule.min_calls && rule.trips(sum) {
                    self.turn(State::Open { until: now + rule.open }, now);
                }
            }
            State::Open { .. } => {}
            State::HalfOpen { seen, .. } => {
                seen.add(&one);
                if seen.calls >= rule.trials {
                    let next = if rule.trips(seen) { State::Open { until: now + rule.open } } else { CLOSED };
                    self.turn(next, now);
                }
            }
        }
    }

    /// A call that was let through at `began` was given up by its own caller: it says nothing.
    pub fn taken_back(&mut self, began: Ticks) {
        if let State::HalfOpen { let_through, .. } = &mut self.state
            && began >= self.since
        {
            *let_through -= 1;
        }
    }

    fn turn(&mut self, state: State, now: Ticks) {
        self.state = state;
        self.since = now;
    }
}

#[cfg(test)]
mod tests;
