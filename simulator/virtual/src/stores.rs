//! Stores: shards with finite cores, reached through pools.
//!
//! Owns the cost of a statement and its way to a shard and back. A shard's clock runs one hop ahead of the pods': a
//! statement is served from the tick in which it is sent, and its answer is back two hops after it is
//! done. Every distance to a shard is the same, so the order and the waits are those of the real clock.

use crate::engine::{Engine, planted};
use crate::event::{Event, Kind};
use crate::frame::{Frame, FrameId, NIL, SCANS, State};
use crate::program::slowed;
use crate::shard::{Queueing, SERVICE_BITS};
use doorbuster_model::key::{Key, happens, mix, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Ask, Site, SiteId, StatementId, StoreId};
use doorbuster_model::time::Ticks;
use std::cmp::Reverse;

/// Purpose of the draw of a statement's cost.
const COST: u64 = name_hash("cost");
/// Whether a failing store answers it with an error, and whether it asks for the hot key.
const ERRORS: u64 = name_hash("errors");
const HOT: u64 = name_hash("hot key");
/// The number of a statement whose answer is on its way back.
const NOT_TO_BE_KILLED: Key = Key(u64::MAX);
/// And of what its answer costs the asking pod.
const ANSWER: u64 = name_hash("answer");

impl Engine<'_> {
    /// Makes the statement at which the frame's program stands, or a further try of it.
    #[inline(always)]
    pub(crate) fn query(&mut self, id: FrameId, site_id: SiteId) {
        let ask = self.ask_of(site_id);
        let now = self.now;
        let op = self.frames.alloc(State::AtStore);
        let caller = &mut self.frames[id];
        caller.state = State::Awaiting;
        caller.child = op;
        caller.since = now as u32;
        let (user, pod) = (caller.user, caller.pod);
        let key = caller.key.child(ask.place, u64::from(caller.attempt));
        let shard = self.shard_of_try(ask, user, key);
        caller_keeps(&mut self.frames[id], shard);
        let mut work = self.draw(ask.cost, Key(key.bits(COST)));
        let (mut scans, mut fails) = (false, false);
        if self.is_strained {
            let strain = self.strains[usize::from(ask.target)][usize::from(shard)];
            scans = strain.is_lost;
            work = slowed(self.scanned(ask.target, scans, work), strain.slower);
            fails = strain.errors > 0 && happens(key.bits(ERRORS), strain.errors);
        }
        let answer = self.costs(id).answer.map_or(0, |draw| self.draw(draw, Key(key.bits(ANSWER))));
        let frame = &mut self.frames[op];
        frame.parent = id;
        frame.pod = pod;
        frame.pc = site_id;
        frame.user = u32::from(shard);
        frame.arrived = work as u32;
        frame.span = answer as u32;
        frame.flags = if scans { SCANS } else { 0 };
        frame.outcome = if fails { Outcome::Error } else { Outcome::Ok };
        frame.since = now as u32;
        self.connect(id, op, ask);
    }

    /// Time that a statement needs on a core of its shard, with a lost index or without.
    fn scanned(&self, statement: StatementId, scans: bool, work: Ticks) -> Ticks {
        match &self.plan.statements[usize::from(statement)].scan {
            Some(scan) if scans => (work + scan.work).min(crate::program::MAX_DRAW_TICKS),
            _ => work,
        }
    }

    /// The shard, within its store, that holds the user's data.
    #[inline]
    fn shard_within(ask: &Ask, user: u32) -> u16 {
        if ask.shards == 1 {
            return 0;
        }
        let part = part_of(user, ask.store_place, ask.parts);
        if ask.appends() { part % ask.shards } else { part }
    }

    /// The shard that a try goes to: the user's, or that of a hot key.
    #[inline]
    fn shard_of_try(&self, ask: &Ask, user: u32, key: Key) -> u16 {
        if self.is_hot {
            let (often, shard) = self.hot[usize::from(self.plan.statements[usize::from(ask.target)].store)];
            if often > 0 && happens(key.bits(HOT), often) {
                return shard;
            }
        }
        Self::shard_within(ask, user)
    }

    /// Sends a statement, which has its connection, to its shard.
    #[inline(always)]
    pub(crate) fn send(&mut self, op: FrameId) {
        if self.ask_of(self.frames[op].pc).appends() {
            self.write_message(op);
        }
        match self.delay_of_statement(op) {
            Some(0) => self.reach(op),
            Some(delay) => {
                self.frames[op].state = State::HeldUp;
                self.schedule(self.now + delay, Kind::Reach, op);
            }
            None => self.frames[op].state = State::Lost,
        }
    }

    /// A statement that was held up on its way reaches its shard, if it is still wanted.
    pub(crate) fn reach_late(&mut self, op: FrameId) {
        if self.frames[op].outcome == Outcome::Cancelled {
            return self.frames.free(op);
        }
        self.reach(op);
    }

    /// A statement is at its shard: it is refused, waits for a lock, or is served.
    #[inline(always)]
    fn reach(&mut self, op: FrameId) {
        let now = self.now;
        let shard_index = self.shard_of(op);
        let frame = &mut self.frames[op];
        frame.started = now as u32;
        let statement = self.statement_of(op);
        if self.shards[shard_index].is_down {
            let frame = &mut self.frames[op];
            frame.state = State::AtStore;
            frame.outcome = Outcome::Unavailable;
            frame.key = NOT_TO_BE_KILLED;
            return self.schedule(now + 2 * self.plan.hop, Kind::QueryDone, op);
        }
        let lock = |cell: &Self| cell.strains[usize::from(statement)][cell.frames[op].user as usize].lock;
        let lock = if self.is_strained { lock(self) } else { None };
        if let Some(free) = lock.and_then(|lock| lock.free_at(now)).filter(|_| !planted!(self, IgnoredLock)) {
            self.frames[op].state = State::HeldUp;
            self.slice.statements[usize::from(statement)].lock_ticks += free - now;
            return self.schedule(free, Kind::Unlock, op);
        }
        self.serve(op);
    }

    /// The lock that a statement waited for is free.
    pub(crate) fn unlock(&mut self, op: FrameId) {
        if self.frames[op].outcome == Outcome::Cancelled {
            return self.frames.free(op);
        }
        if self.shards[self.shard_of(op)].is_down {
            return self.reach(op);
        }
        self.serve(op);
    }

    #[inline(always)]
    fn serve(&mut self, op: FrameId) {
        let now = self.now;
        let shard_index = self.shard_of(op);
        let frame = &mut self.frames[op];
        frame.state = State::AtStore;
        frame.since = now as u32;
        let work = u64::from(frame.arrived);
        let shard = &mut self.shards[shard_index];
        match &mut shard.discipline {
            Queueing::Fifo(fifo) => {
                let done = fifo.serve(&mut shard.station, now, work);
                self.frames[op].since = done as u32;
                self.schedule(done + 2 * self.plan.hop, Kind::QueryDone, op);
            }
            Queueing::Sharing(sharing) => {
                sharing.advance(now, shard.cores);
                let mark = sharing.received + (work << SERVICE_BITS);
                let number = self.last_number + 1;
                self.last_number = number;
                frame.key = Key(number);
                frame.trace = mark;
                sharing.marks.push(Reverse((mark, number, op)));
                sharing.running += 1;
                if shard.station.busy.level < shard.cores {
                    shard.station.take(now);
                } else {
                    shard.station.enqueue(now);
                    shard.station.served += 1;
                }
                self.rearm(shard_index);
            }
        }
    }

    /// Sets the wake-up of a processor-sharing shard to when its next statement is done.
    fn rearm(&mut self, shard_index: usize) {
        let (now, frames) = (self.now, &self.frames);
        let shard = &mut self.shards[shard_index];
        let Queueing::Sharing(sharing) = &mut shard.discipline else {
            unreachable!("invariant: only a processor-sharing shard wakes up");
        };
        let next = loop {
            match sharing.marks.peek() {
                Some(Reverse((_, number, op))) if !is_running(&frames[*op], *number) => {
                    sharing.marks.pop();
                }
                Some(Reverse((mark, _, _))) => break Some(*mark),
                None => break None,
            }
        };
        let Some(mark) = next else {
            sharing.wake_at = Ticks::MAX;
            sharing.wake_stamp = sharing.wake_stamp.wrapping_add(1);
            return;
        };
        let wake_at = now + sharing.ticks_until(mark, shard.cores);
        if wake_at != sharing.wake_at {
            sharing.wake_at = wake_at;
            sharing.wake_stamp = sharing.wake_stamp.wrapping_add(1);
            let event = Event::stamped(Kind::Wake, shard_index as u32, sharing.wake_stamp);
            self.wheel.schedule(wake_at, event);
        }
    }

    /// A processor-sharing shard wakes up: what is done goes back.
    pub(crate) fn wake(&mut self, index: u32, stamp: u32) {
        let shard_index = index as usize;
        let now = self.now;
        loop {
            let frames = &self.frames;
            let shard = &mut self.shards[shard_index];
            let Queueing::Sharing(sharing) = &mut shard.discipline else {
                unreachable!("invariant: only a processor-sharing shard wakes up");
            };
            if sharing.wake_stamp != stamp {
                return;
            }
            sharing.advance(now, shard.cores);
            let Some(&Reverse((mark, number, op))) = sharing.marks.peek() else { break };
            let running = is_running(&frames[op], number);
            if running && mark > sharing.received {
                break;
            }
            sharing.marks.pop();
            if running {
                self.leave(op, shard_index);
                self.frames[op].key = NOT_TO_BE_KILLED;
                self.schedule(now + 2 * self.plan.hop, Kind::QueryDone, op);
            }
        }
        if let Queueing::Sharing(sharing) = &mut self.shards[shard_index].discipline {
            sharing.wake_at = Ticks::MAX;
        }
        self.rearm(shard_index);
    }

    /// A statement leaves a processor-sharing shard, done or killed.
    fn leave(&mut self, op: FrameId, shard_index: usize) {
        let now = self.now;
        let shard = &mut self.shards[shard_index];
        let Queueing::Sharing(sharing) = &mut shard.discipline else {
            unreachable!("invariant: only a processor-sharing shard is left early");
        };
        sharing.running -= 1;
        if shard.station.waiting.level > 0 {
            shard.station.waiting.fall(now);
        } else {
            shard.station.release(now);
        }
        let frame = &self.frames[op];
        // A wait for a lock is none for a core.
        let stay = u64::from((now as u32).wrapping_sub(frame.since));
        shard.station.wait_ticks += stay.saturating_sub(u64::from(frame.arrived));
    }

    /// A store's answer reaches the pod, which may have to work to take it in.
    pub(crate) fn query_done(&mut self, op: FrameId) {
        let frame = self.frames[op];
        let ask = self.ask_of(frame.pc);
        let (statement, pool) = (ask.target, ask.pool);
        let stay = u64::from(self.now32().wrapping_sub(frame.started)) - 2 * self.plan.hop;
        let outcome = frame.outcome;
        if outcome == Outcome::Unavailable {
            self.slice.statements[usize::from(statement)].unavailable += 1;
        } else {
            let rows = self.rows(ask, &frame);
            self.slice.statements[usize::from(statement)].record(stay, rows, false);
            if ask.appends() && outcome == Outcome::Ok {
                self.append(&frame, statement);
            }
        }
        if self.costs(op).answer.is_none() {
            return self.taken_in(op);
        }
        if planted!(self, EarlyRelease) {
            self.release(op, pool);
        }
        self.work_on(op, u64::from(frame.span), State::Receiving);
    }

    /// A store's answer is taken in: the connection is free, and the program goes on.
    #[inline(always)]
    pub(crate) fn taken_in(&mut self, op: FrameId) {
        let frame = self.frames[op];
        let pool = self.ask_of(frame.pc).pool;
        let is_lost = planted!(self, LostConnection) && frame.arrived.is_multiple_of(11);
        let is_back = planted!(self, EarlyRelease) && frame.state == State::Receiving;
        if !is_lost && !is_back {
            self.release(op, pool);
        }
        self.frames.free(op);
        if frame.parent != NIL {
            self.frames[frame.parent].child = NIL;
            self.frames[frame.parent].timer = 0;
            self.answered(frame.parent, frame.outcome);
        }
    }

    /// Shards of a store go down, or are there again.
    pub(crate) fn set_down(&mut self, store: StoreId, shards: &[u16], is_down: bool) {
        for shard in shards {
            let index = self.first_shard[usize::from(store)] as usize + usize::from(*shard);
            self.shards[index].is_down = is_down;
            if is_down {
                self.break_off(index);
                self.take_back(index);
            }
        }
    }

    /// What a first-come shard has promised for later is not done; that is told when it would have been.
    fn take_back(&mut self, shard_index: usize) {
        if !matches!(self.shards[shard_index].discipline, Queueing::Fifo(_)) || planted!(self, AnswerOfTheDown) {
            return;
        }
        for op in 0..self.frames.all().len() as FrameId {
            let frame = &self.frames[op];
            let is_late = (frame.since.wrapping_sub(self.now32()) as i32) > 0;
            if frame.state == State::AtStore && is_late && self.shard_of(op) == shard_index {
                self.frames[op].outcome = Outcome::Unavailable;
            }
        }
    }

    /// What a processor-sharing shard was working on breaks off.
    fn break_off(&mut self, shard_index: usize) {
        let now = self.now;
        let shard = &mut self.shards[shard_index];
        let Queueing::Sharing(sharing) = &mut shard.discipline else { return };
        sharing.advance(now, shard.cores);
        let mut all: Vec<(u64, FrameId)> = sharing.marks.drain().map(|Reverse((_, number, op))| (number, op)).collect();
        all.sort_unstable();
        for (number, op) in all {
            if is_running(&self.frames[op], number) {
                self.leave(op, shard_index);
                self.frames[op].key = NOT_TO_BE_KILLED;
                self.frames[op].outcome = Outcome::Unavailable;
                self.schedule(now + 2 * self.plan.hop, Kind::QueryDone, op);
            }
        }
        self.rearm(shard_index);
    }

    /// The asking side lets go of a statement.
    pub(crate) fn abandon_statement(&mut self, op: FrameId, site: &Site, statement: StatementId, pool: u16) {
        match self.frames[op].state {
            State::PoolQueue => {
                self.leave_queue(op);
                self.frames.free(op);
            }
            State::Lost => {
                self.release(op, pool);
                self.frames.free(op);
            }
            State::HeldUp if site.cancel => {
                if !planted!(self, KeptWhenGivenUp) {
                    self.release(op, pool);
                }
                self.frames[op].outcome = Outcome::Cancelled;
            }
            // An answer on its way back can't be stopped any more.
            State::AtStore if site.cancel && self.frames[op].key != NOT_TO_BE_KILLED => {
                self.kill(op, statement);
                self.release(op, pool);
                self.frames.free(op);
            }
            _ => self.frames[op].parent = NIL,
        }
    }

    /// Stops a statement at its shard.
    fn kill(&mut self, op: FrameId, statement: StatementId) {
        let now = self.now;
        let shard_index = self.shard_of(op);
        let shard = &mut self.shards[shard_index];
        let Queueing::Sharing(sharing) = &mut shard.discipline else {
            unreachable!("invariant: only a processor-sharing store kills");
        };
        sharing.advance(now, shard.cores);
        let frame = self.frames[op];
        let left = frame.trace.saturating_sub(sharing.received);
        self.leave(op, shard_index);
        self.frames[op].key = NOT_TO_BE_KILLED;
        self.rearm(shard_index);
        let whole = u128::from(frame.arrived.max(1)) << SERVICE_BITS;
        let rows = u128::from(self.rows(self.ask_of(frame.pc), &frame)) * (whole - u128::from(left)) / whole;
        let stay = u64::from((now as u32).wrapping_sub(frame.started));
        self.slice.statements[usize::from(statement)].record(stay, rows as u64, true);
    }

    /// Rows that a statement examines.
    #[inline]
    fn rows(&self, ask: &Ask, op: &Frame) -> u64 {
        let scan = op.has(SCANS).then(|| self.plan.statements[usize::from(ask.target)].scan.as_ref()).flatten();
        scan.map_or(ask.rows, |scan| scan.rows)
    }

    #[inline]
    pub(crate) fn statement_of(&self, op: FrameId) -> StatementId {
        self.ask_of(self.frames[op].pc).target
    }

    #[inline]
    fn shard_of(&self, op: FrameId) -> usize {
        let frame = &self.frames[op];
        (self.ask_of(frame.pc).first_shard + frame.user) as usize
    }
}

/// The part of a store that a user's data lies on, of so many of equal size.
#[inline]
pub(crate) fn part_of(user: u32, store_place: u64, parts: u16) -> u16 {
    (((mix(u64::from(user) ^ store_place) >> 32) * u64::from(parts)) >> 32) as u16
}

/// Whoever waits for a statement remembers where it went.
fn caller_keeps(caller: &mut Frame, shard: u16) {
    caller.work = u32::from(shard);
}

fn is_running(op: &Frame, number: u64) -> bool {
    op.state == State::AtStore && op.key == Key(number)
}
