//! What is counted at a station: busy servers, those who wait, how long they waited.
//!
//! Owns exact integer integrals over time. A level that rises at tick `t` subtracts `t` from its moment and
//! one that falls adds `t`, so the integral up to `T` is `level * T + moment` with no history kept.

/// A level and its integral over time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gauge {
    moment: u64,
    /// The level now.
    pub(crate) level: u32,
}

impl Gauge {
    #[inline]
    pub(crate) fn rise(&mut self, now: u64) {
        self.level += 1;
        self.moment = self.moment.wrapping_sub(now);
    }

    #[inline]
    pub(crate) fn fall(&mut self, now: u64) {
        assert!(self.level > 0, "invariant: what is released was taken");
        self.level -= 1;
        self.moment = self.moment.wrapping_add(now);
    }

    /// Takes one who is there from before `now` until `end`, counted to the end already, back to `now`.
    pub(crate) fn promise(&mut self, now: u64, end: u64) {
        if end > now {
            self.level += 1;
            self.moment = self.moment.wrapping_sub(end);
        }
    }

    /// Level-ticks up to `now`.
    pub(crate) fn integral(&self, now: u64) -> u64 {
        u64::from(self.level).wrapping_mul(now).wrapping_add(self.moment)
    }
}

/// Servers with a queue before them: a cache line, of which the first half serves whoever does not wait.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Station {
    /// Servers in use.
    pub(crate) busy: Gauge,
    /// Those who began service.
    pub(crate) served: u64,
    /// Those who wait.
    pub(crate) waiting: Gauge,
    /// Ticks waited by those who began service.
    pub(crate) wait_ticks: u64,
    /// Those who gave up waiting.
    pub(crate) gave_up: u64,
    /// Most who waited at a time since the slice began.
    pub(crate) max_waiting: u32,
}

const _: () = assert!(size_of::<Station>() == 64);

impl Station {
    /// A server is taken by one who did not wait.
    #[inline]
    pub(crate) fn take(&mut self, now: u64) {
        self.busy.rise(now);
        self.served += 1;
    }

    /// A server is given back.
    #[inline]
    pub(crate) fn release(&mut self, now: u64) {
        self.busy.fall(now);
    }

    /// One begins to wait.
    #[inline]
    pub(crate) fn enqueue(&mut self, now: u64) {
        self.waiting.rise(now);
        self.max_waiting = self.max_waiting.max(self.waiting.level);
    }

    /// One who waited takes a server that was added.
    pub(crate) fn take_waiting(&mut self, now: u64, waited: u64) {
        self.busy.rise(now);
        self.hand_over(now, waited);
    }

    /// One who waited takes over a server that stays in use.
    #[inline]
    pub(crate) fn hand_over(&mut self, now: u64, waited: u64) {
        self.waiting.fall(now);
        self.served += 1;
        self.wait_ticks += waited;
    }

    /// One is served whose wait and work are known beforehand.
    #[inline]
    pub(crate) fn promised(&mut self, wait: u64, work: u64) {
        self.busy.moment = self.busy.moment.wrapping_add(work);
        self.waiting.moment = self.waiting.moment.wrapping_add(wait);
        self.served += 1;
        self.wait_ticks += wait;
    }

    /// One gives up waiting.
    #[inline]
    pub(crate) fn give_up(&mut self, now: u64) {
        self.waiting.fall(now);
        self.gave_up += 1;
    }
}

/// Sums over the stations of one kind: all pods of a service, all shards of a store. Cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationTotals {
    /// Servers at the end.
    pub capacity: u64,
    /// Server-ticks there.
    pub capacity_ticks: u64,
    /// Server-ticks in use.
    pub busy_ticks: u64,
    /// Waiter-ticks.
    pub waiting_ticks: u64,
    /// Those who began service.
    pub served: u64,
    /// Ticks waited by those who began service.
    pub wait_ticks: u64,
    /// Those who gave up waiting.
    pub gave_up: u64,
    /// Those in service at the end.
    pub busy_now: u64,
    /// Those who wait at the end.
    pub waiting_now: u64,
    /// Most who waited at one pod or shard at a time since the slice began.
    pub max_waiting: u64,
}

impl StationTotals {
    pub(crate) fn add(&mut self, station: &Station, capacity: u64, now: u64) {
        self.capacity += capacity;
        self.busy_ticks += station.busy.integral(now);
        self.waiting_ticks += station.waiting.integral(now);
        self.served += station.served;
        self.wait_ticks += station.wait_ticks;
        self.gave_up += station.gave_up;
        self.busy_now += u64::from(station.busy.level);
        self.waiting_now += u64::from(station.waiting.level);
        self.max_waiting = self.max_waiting.max(u64::from(station.max_waiting));
    }

    /// What happened since `before`; levels and the maximum are those of the end.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            busy_ticks: self.busy_ticks - before.busy_ticks,
            waiting_ticks: self.waiting_ticks - before.waiting_ticks,
            served: self.served - before.served,
            wait_ticks: self.wait_ticks - before.wait_ticks,
            gave_up: self.gave_up - before.gave_up,
            ..*self
        }
    }

    /// Adds another cell's totals for the same time.
    pub fn merge(&mut self, other: &Self) {
        self.capacity += other.capacity;
        self.busy_now += other.busy_now;
        self.waiting_now += other.waiting_now;
        self.follow(other);
    }

    /// Adds the totals of a later slice of the same stations.
    pub fn follow(&mut self, later: &Self) {
        self.capacity_ticks += later.capacity_ticks;
        self.busy_ticks += later.busy_ticks;
        self.waiting_ticks += later.waiting_ticks;
        self.served += later.served;
        self.wait_ticks += later.wait_ticks;
        self.gave_up += later.gave_up;
        self.max_waiting = self.max_waiting.max(later.max_waiting);
    }
}
