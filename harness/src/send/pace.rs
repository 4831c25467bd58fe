//! When things are due: the scenario's time on the wall clock.
//!
//! Owns the one line between both clocks. Refuses to know what is due.

use crate::cli::Speed;
use doorbuster_model::time::{Ticks, ns_from_ticks};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Bodies are made at most so long before they are due: chosen; a hiccup of the machine that is shorter delays nothing, and at
/// 500,000 requests/s it holds some 200 MB.
const LEAD: Duration = Duration::from_millis(100);

/// The scenario's time on the wall clock.
#[derive(Debug)]
pub(crate) struct Pace {
    speed: Speed,
    start: OnceLock<Instant>,
}

impl Pace {
    /// A pace whose time has not begun.
    pub(crate) const fn new(speed: Speed) -> Self {
        Self { speed, start: OnceLock::new() }
    }

    /// Tick 0 is now.
    pub(crate) fn begin(&self, now: Instant) {
        assert!(self.start.set(now).is_ok(), "invariant: time begins once");
    }

    /// When something at a tick is due.
    pub(crate) fn due(&self, at: Ticks) -> Instant {
        let start = *self.start.get().expect("invariant: time has begun");
        match self.speed {
            Speed::Times(times) => start + Duration::from_nanos((ns_from_ticks(at) as f64 / times) as u64),
            Speed::Max => Instant::now(),
        }
    }

    /// Waits until a tick is near enough to be played.
    pub(crate) fn wait(&self, at: Ticks) {
        if matches!(self.speed, Speed::Max) {
            return;
        }
        let Some(until) = self.due(at).checked_sub(LEAD) else { return };
        let left = until.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            std::thread::sleep(left);
        }
    }

    /// Whether nothing is due at a time of its own.
    pub(crate) const fn is_unbounded(&self) -> bool {
        matches!(self.speed, Speed::Max)
    }

    /// What virtual time zero is called in the telemetry, for a piece of `length`, so that nothing lies in the future of its receiver.
    pub(crate) fn epoch_unix_ns(&self, now_unix_ns: u64, length: Duration) -> u64 {
        let ahead = match self.speed {
            Speed::Times(times) => length.as_nanos() as f64 * (1.0 - 1.0 / times).max(0.0),
            Speed::Max => length.as_nanos() as f64,
        };
        now_unix_ns.saturating_sub(ahead as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorbuster_model::time::tick_of_second;

    /// *Scenario*: ten seconds at three speeds. *Guarantees*: they are due after so long, and no time stamp lies in the future when it is
    /// sent.
    #[test]
    fn both_clocks_are_one_line() {
        let now = Instant::now();
        for (times, after_s) in [(1.0, 10.0), (2.5, 4.0), (0.5, 20.0)] {
            let pace = Pace::new(Speed::Times(times));
            pace.begin(now);
            let due_s = pace.due(tick_of_second(10)).duration_since(now).as_secs_f64();
            assert!((due_s - after_s).abs() < 1e-3, "{due_s}");
            let epoch = pace.epoch_unix_ns(1_000_000_000_000, Duration::from_secs(10));
            assert!(epoch + 10_000_000_000 <= 1_000_000_000_000 + (after_s * 1e9) as u64 + 1_000, "{epoch}");
        }
        let pace = Pace::new(Speed::Max);
        assert_eq!(pace.epoch_unix_ns(1_000_000_000_000, Duration::from_secs(10)), 990_000_000_000);
    }
}
