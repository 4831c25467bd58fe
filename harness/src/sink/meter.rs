//! What every thread of a sink adds to.
//!
//! Owns the totals since the start or the last reset, and the pace of a slow sink. Refuses anything that needs a body's content: that is
//! in `count`.

use super::record::{BySignal, Record};
use crate::otlp::Signal;
use crate::process;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a sink is told before it starts.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Bytes a second that a slow sink reads.
    pub(super) slow_bytes_per_s: Option<f64>,
}

/// The totals.
pub(super) struct Intake {
    settings: Settings,
    /// Requests taken whole, by [`Signal::ALL`].
    requests: [AtomicU64; Signal::ALL.len()],
    refused: AtomicU64,
    broken_off: AtomicU64,
    bytes: AtomicU64,
    /// Of requests that were taken, in nanoseconds since 1970; `u64::MAX` and 0 while there is none.
    first_unix_ns: AtomicU64,
    last_unix_ns: AtomicU64,
    /// CPU seconds of the process that are not this record's.
    cpu_before_s: Mutex<f64>,
    /// Until when a slow sink has read what it has.
    busy_until: Mutex<Instant>,
}

impl Intake {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            requests: Default::default(),
            refused: AtomicU64::new(0),
            broken_off: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            first_unix_ns: AtomicU64::new(u64::MAX),
            last_unix_ns: AtomicU64::new(0),
            cpu_before_s: Mutex::new(0.0),
            busy_until: Mutex::new(Instant::now()),
        }
    }

    /// Whether the sink reads slowly on purpose.
    pub(super) const fn is_slow(&self) -> bool {
        self.settings.slow_bytes_per_s.is_some()
    }

    /// Notes a piece of a body; a slow sink has not read it before this returns.
    pub(super) async fn read(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        let Some(bytes_per_s) = self.settings.slow_bytes_per_s else { return };
        let until = {
            let mut busy_until = locked(&self.busy_until);
            *busy_until = (*busy_until).max(Instant::now()) + Duration::from_secs_f64(bytes as f64 / bytes_per_s);
            *busy_until
        };
        tokio::time::sleep_until(until.into()).await;
    }

    /// Notes a request that was taken whole; returns when, in nanoseconds since 1970.
    pub(super) fn take(&self, signal: Signal) -> u64 {
        let now_unix_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        self.requests[signal as usize].fetch_add(1, Relaxed);
        self.first_unix_ns.fetch_min(now_unix_ns, Relaxed);
        self.last_unix_ns.fetch_max(now_unix_ns, Relaxed);
        now_unix_ns
    }

    /// Notes a request that was answered with an error.
    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// Notes a body that did not come to its end.
    pub(super) fn break_off(&self) {
        self.broken_off.fetch_add(1, Relaxed);
    }

    /// All of it so far.
    pub(super) fn record(&self) -> Record {
        let [traces, metrics, logs] = [0, 1, 2].map(|signal: usize| self.requests[signal].load(Relaxed));
        let first_unix_ns = self.first_unix_ns.load(Relaxed);
        let any = first_unix_ns != u64::MAX;
        Record {
            version: super::record::VERSION,
            requests: BySignal { traces, metrics, logs },
            refused: self.refused.load(Relaxed),
            broken_off: self.broken_off.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            first_unix_ns: any.then_some(first_unix_ns),
            last_unix_ns: any.then(|| self.last_unix_ns.load(Relaxed)),
            cpu_s: process::cpu_s().map(|cpu_s| cpu_s - *locked(&self.cpu_before_s)),
            peak_memory_bytes: process::peak_memory_bytes(),
        }
    }

    /// Begins a new record. What arrives meanwhile is in one of the two.
    pub(super) fn reset(&self) {
        for total in self.requests.iter().chain([&self.refused, &self.broken_off, &self.bytes, &self.last_unix_ns]) {
            total.store(0, Relaxed);
        }
        self.first_unix_ns.store(u64::MAX, Relaxed);
        *locked(&self.cpu_before_s) = process::cpu_s().unwrap_or_default();
    }
}

/// A thread that panics ends the process, so what it left half done is nobody's business.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
