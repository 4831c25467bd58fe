//! When things are due: the scenario's time on the wall clock.
//!
//! Owns the one line between both clocks, and the stretch of it on which anything is sent: from where it begins to where it is stopped.
//! Refuses to know what is due.

use crate::cli::Speed;
use crate::process;
use doorbuster_model::time::{Ticks, ns_from_ticks, tick_of_second};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bodies are made at most so long before they are due: chosen. A hiccup that is shorter delays nothing, such as the export of the fleet's
/// metrics every ten seconds, and at 500,000 requests/s it holds some 400 MB.
pub(super) const LEAD: Duration = Duration::from_millis(250);

/// The scenario's time on the wall clock.
#[derive(Debug)]
pub(crate) struct Pace {
    speed: Speed,
    from_s: u32,
    begun: OnceLock<Begun>,
    stopped: AtomicBool,
}

/// Where both clocks met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    /// When the first second that is sent began.
    pub(crate) at: Instant,
    /// Virtual time zero in the telemetry, in nanoseconds since 1970.
    pub(crate) epoch_unix_ns: u64,
    /// How long that was after it was asked for.
    pub(crate) behind: Duration,
}

impl Pace {
    /// A pace that begins at a second of the scenario, and has not yet.
    pub(crate) const fn new(speed: Speed, from_s: u32) -> Self {
        Self { speed, from_s, begun: OnceLock::new(), stopped: AtomicBool::new(false) }
    }

    /// Its second is now, which the telemetry calls by a time such that nothing of the next `length` lies in the future of its receiver.
    pub(crate) fn begin(&self, now: Instant, now_unix_ns: u64, length: Duration, behind: Duration) -> Begun {
        let begun = Begun { at: now, epoch_unix_ns: self.epoch_unix_ns(now_unix_ns, length), behind };
        assert!(self.begun.set(begun).is_ok(), "invariant: time begins once");
        begun
    }

    /// Where it began, if it has.
    pub(crate) fn begun(&self) -> Option<Begun> {
        self.begun.get().copied()
    }

    /// Where it began, while things are sent.
    pub(crate) fn running(&self) -> Option<Begun> {
        self.begun().filter(|_| !self.is_stopped())
    }

    /// Nothing is made or waited for any more.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it was stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// When something at a tick is due.
    pub(crate) fn due(&self, at: Ticks) -> Instant {
        let start = self.begun().expect("invariant: time has begun").at;
        let after = at.saturating_sub(tick_of_second(self.from_s.into()));
        match self.speed {
            Speed::Times(times) => start + Duration::from_nanos((ns_from_ticks(after) as f64 / times) as u64),
            Speed::Max => Instant::now(),
        }
    }

    /// Waits until a tick is near enough to be played; not after it was stopped. The thread gives way to whoever sends from then on.
    pub(crate) fn wait(&self, at: Ticks) {
        if self.is_unbounded() || self.running().is_none() {
            return;
        }
        process::give_way();
        if let Some(until) = self.not_before(at) {
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
    }

    /// When a tick may be played. What is due first is made before time begins, so that making it takes nothing from sending it.
    fn not_before(&self, at: Ticks) -> Option<Instant> {
        let begun = self.begun()?;
        self.due(at).checked_sub(LEAD).filter(|until| *until > begun.at)
    }

    /// Whether nothing is due at a time of its own.
    pub(crate) const fn is_unbounded(&self) -> bool {
        matches!(self.speed, Speed::Max)
    }

    fn epoch_unix_ns(&self, now_unix_ns: u64, length: Duration) -> u64 {
        let ahead = match self.speed {
            Speed::Times(times) => length.as_nanos() as f64 * (1.0 - 1.0 / times).max(0.0),
            Speed::Max => length.as_nanos() as f64,
        };
        now_unix_ns.saturating_sub(ahead as u64 + u64::from(self.from_s) * 1_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: what is due at the beginning, at the end of the first lead, and a second later. *Guarantees*: the first lead may be made before
    /// time begins, and what follows a lead before it is due.
    #[test]
    fn the_first_lead_is_made_before_time_begins() {
        let pace = Pace::new(Speed::Times(1.0), 5);
        let begins = Instant::now() + Duration::from_secs(3_600);
        pace.begin(begins, 1_000_000_000_000, Duration::from_secs(10), Duration::ZERO);
        assert_eq!(pace.not_before(tick_of_second(5)), None);
        assert_eq!(pace.not_before(tick_of_second(5) + tick_of_second(1) / 4), None);
        let after = pace.not_before(tick_of_second(6)).expect("it is later than a lead").duration_since(begins);
        assert!(after.abs_diff(Duration::from_secs(1) - LEAD) < Duration::from_millis(1), "{after:?}");
    }

    /// *Scenario*: ten seconds at three speeds, from the beginning and from the hundredth second on. *Guarantees*: they are due after so
    /// long, and no time stamp lies in the future when it is sent.
    #[test]
    fn both_clocks_are_one_line() {
        let now = Instant::now();
        for (times, after_s) in [(1.0, 10.0), (2.5, 4.0), (0.5, 20.0)] {
            for from_s in [0, 100] {
                let pace = Pace::new(Speed::Times(times), from_s);
                let begun = pace.begin(now, 1_000_000_000_000, Duration::from_secs(10), Duration::ZERO);
                let due_s = pace.due(tick_of_second(u64::from(from_s) + 10)).duration_since(now).as_secs_f64();
                assert!((due_s - after_s).abs() < 1e-3, "{due_s}");
                let end = begun.epoch_unix_ns + (u64::from(from_s) + 10) * 1_000_000_000;
                assert!(end <= 1_000_000_000_000 + (after_s * 1e9) as u64 + 1_000, "{end}");
            }
        }
        let begun = Pace::new(Speed::Max, 0).begin(now, 1_000_000_000_000, Duration::from_secs(10), Duration::ZERO);
        assert_eq!(begun.epoch_unix_ns, 990_000_000_000);
    }

    /// *Scenario*: a pace of normal speed. *Guarantees*: the second from which it is played is now, in the telemetry too; nothing runs before
    /// it begins or after it was stopped.
    #[test]
    fn its_second_is_now() {
        let pace = Pace::new(Speed::Times(1.0), 480);
        assert!(pace.running().is_none());
        let now = Instant::now();
        let begun = pace.begin(now, 1_000_000_000_000, Duration::from_secs(60), Duration::ZERO);
        assert_eq!(begun.epoch_unix_ns + 480_000_000_000, 1_000_000_000_000);
        assert_eq!(pace.due(tick_of_second(480)), now);
        assert!(pace.running().is_some());
        pace.stop();
        assert!(pace.running().is_none() && pace.begun().is_some());
    }
}
