//! A shard: the finite cores of one part of a store, and how statements share them.
//!
//! Owns both disciplines and their integer arithmetic. Refuses frames and events: what is done with a statement that
//! has ended is [`crate::stores`]' business.

use crate::frame::FrameId;
use crate::station::Station;
use doorbuster_model::plan::Store;
use doorbuster_model::time::Ticks;
use doorbuster_scenarios::types::Discipline;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Service received is kept in 2^-16 of a tick.
pub(crate) const SERVICE_BITS: u32 = 16;

/// What faults do to one statement on one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strain {
    /// Its index is gone.
    pub(crate) is_lost: bool,
    /// It takes so many times as long, in 2^-16.
    pub(crate) slower: u64,
    /// It is answered with an error so often, in 2^-32.
    pub(crate) errors: u64,
    /// It waits for a lock.
    pub(crate) lock: Option<Lock>,
}

impl Strain {
    pub(crate) const NONE: Self = Self { is_lost: false, slower: crate::engine::ONE_Q16, errors: 0, lock: None };
}

/// A lock that is held for `hold` of every `every` ticks, from `since` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) since: Ticks,
    pub(crate) hold: Ticks,
    pub(crate) every: Ticks,
}

impl Lock {
    /// When it is free, if it is held at `now`.
    pub(crate) fn free_at(self, now: Ticks) -> Option<Ticks> {
        let phase = (now - self.since) % self.every;
        (phase < self.hold).then(|| now - phase + self.hold)
    }
}

/// One shard of a store.
#[repr(C, align(64))]
pub(crate) struct Shard {
    pub(crate) station: Station,
    pub(crate) cores: u32,
    pub(crate) is_down: bool,
    pub(crate) discipline: Queueing,
    /// Core-ticks in use up to the slice's begin.
    pub(crate) busy_ticks_before: u64,
}

pub(crate) enum Queueing {
    Fifo(Fifo),
    Sharing(Sharing),
}

/// First come, first served, without cancellation: everything is known when a statement comes.
pub(crate) struct Fifo {
    /// When each core is free.
    free_at: Vec<Ticks>,
    /// When those who wait will start.
    starts: VecDeque<Ticks>,
}

/// Processor sharing: each of `n` statements on `c` cores runs at `min(1, c / n)`.
pub(crate) struct Sharing {
    pub(crate) running: u32,
    /// Service that each statement would have received had it been there from the start, in 2^-16 ticks.
    pub(crate) received: u64,
    /// When `received` was brought up to date.
    at: Ticks,
    /// Finishing mark, number and frame of each statement; those of killed ones are dropped when met.
    pub(crate) marks: BinaryHeap<Reverse<(u64, u64, FrameId)>>,
    /// Tick and stamp of the wake-up that counts.
    pub(crate) wake_at: Ticks,
    pub(crate) wake_stamp: u32,
}

impl Shard {
    pub(crate) fn new(store: &Store) -> Self {
        let discipline = match store.discipline {
            Discipline::Fifo => {
                Queueing::Fifo(Fifo { free_at: vec![0; store.cores as usize], starts: VecDeque::new() })
            }
            Discipline::Ps => Queueing::Sharing(Sharing {
                running: 0,
                received: 0,
                at: 0,
                marks: BinaryHeap::new(),
                wake_at: Ticks::MAX,
                wake_stamp: 0,
            }),
        };
        Self { cores: store.cores, is_down: false, busy_ticks_before: 0, station: Station::default(), discipline }
    }

    /// The station as it stands at `now`. What a first-come shard has promised beyond `now` is taken out.
    pub(crate) fn station_at(&self, now: Ticks) -> Station {
        let mut station = self.station;
        if let Queueing::Fifo(fifo) = &self.discipline {
            for free_at in &fifo.free_at {
                station.busy.promise(now, *free_at);
            }
            for start in &fifo.starts {
                station.waiting.promise(now, *start);
            }
        }
        station
    }
}

impl Fifo {
    /// Serves a statement of `work` ticks that comes now. Returns when it is done.
    #[inline(always)]
    pub(crate) fn serve(&mut self, station: &mut Station, now: Ticks, work: Ticks) -> Ticks {
        while self.starts.front().is_some_and(|start| *start <= now) {
            self.starts.pop_front();
        }
        let core =
            (0..self.free_at.len()).min_by_key(|core| self.free_at[*core]).expect("invariant: a shard has a core");
        let start = self.free_at[core].max(now);
        let done = start + work;
        self.free_at[core] = done;
        station.promised(start - now, work);
        if start > now {
            self.starts.push_back(start);
            station.max_waiting = station.max_waiting.max(self.starts.len() as u32);
        }
        done
    }
}

impl Sharing {
    /// Brings the service received up to `now`.
    pub(crate) fn advance(&mut self, now: Ticks, cores: u32) {
        let ticks = now - self.at;
        self.at = now;
        if ticks == 0 || self.running == 0 {
            return;
        }
        self.received += if self.running <= cores {
            ticks << SERVICE_BITS
        } else {
            ((u128::from(ticks) << SERVICE_BITS) * u128::from(cores) / u128::from(self.running)) as u64
        };
    }

    /// Ticks until a statement with this mark is done if nothing comes or goes.
    pub(crate) fn ticks_until(&self, mark: u64, cores: u32) -> Ticks {
        let left = mark.saturating_sub(self.received);
        let scaled = if self.running <= cores {
            u128::from(left)
        } else {
            (u128::from(left) * u128::from(self.running)).div_ceil(u128::from(cores))
        };
        scaled.div_ceil(1 << SERVICE_BITS) as Ticks
    }
}
