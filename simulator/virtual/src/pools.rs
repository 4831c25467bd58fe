//! Connection pools: one for each pod and shard, first come, first served.
//!
//! Owns the wait for a connection: how long, what it costs in vain, and whether it is followed by another.

use crate::engine::Engine;
use crate::frame::{FrameId, NIL, State};
use doorbuster_model::key::name_hash;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Ask, NONE, Site, Target};
use doorbuster_model::time::Ticks;

/// Draws of what a wait in vain costs.
const FAILED_ACQUIRE: u64 = name_hash("failed acquire");

/// Whether a statement has to wait for its connection.
enum Wait {
    /// It has one.
    No,
    /// It stands in the queue, for so long at most.
    Yes(Option<Ticks>),
}

impl Engine<'_> {
    /// Takes a connection for a statement, or puts it into the queue for one.
    #[inline(always)]
    fn acquire(&mut self, op: FrameId, pool: u16) -> Wait {
        if pool == NONE {
            return Wait::No;
        }
        let now = self.now;
        let instance = self.pool_instance(op);
        let instance = &mut self.pools[instance];
        if instance.connections.busy.level < instance.size {
            instance.connections.take(now);
            return Wait::No;
        }
        instance.connections.enqueue(now);
        instance.waiters.push(&mut self.frames, op);
        self.frames[op].state = State::PoolQueue;
        Wait::Yes(self.plan.pools[usize::from(pool)].acquire_timeout)
    }

    /// Gives a statement's connection back: the first in the queue gets it and is sent.
    #[inline(always)]
    pub(crate) fn release(&mut self, op: FrameId, pool: u16) {
        if pool == NONE {
            return;
        }
        let now = self.now;
        let index = self.pool_instance(op);
        let instance = &mut self.pools[index];
        if instance.connections.busy.level > instance.size {
            // The pool was made smaller meanwhile: the connection is closed.
            return instance.connections.release(now);
        }
        let Some(next) = instance.waiters.pop(&mut self.frames) else {
            return instance.connections.release(now);
        };
        instance.connections.hand_over(now, u64::from((now as u32).wrapping_sub(self.frames[next].since)));
        self.connected(next);
    }

    /// A statement that waited has got its connection.
    fn connected(&mut self, op: FrameId) {
        self.send(op);
        let asker = self.frames[op].parent;
        self.frames[asker].timer = 0;
        self.arm_rest(asker, self.ask_of(self.site_at(asker)));
    }

    /// Arms what is left of a statement's own timeout, which runs from when it was asked.
    #[inline(always)]
    pub(crate) fn arm_rest(&mut self, asker: FrameId, ask: &Ask) {
        if let Some(rest) = self.rest(asker, ask) {
            self.arm(asker, self.now + rest);
        }
    }

    /// What is left of a statement's own timeout, at least a tick.
    fn rest(&self, asker: FrameId, ask: &Ask) -> Option<Ticks> {
        let waited = u64::from(self.now32().wrapping_sub(self.frames[asker].since));
        (ask.timeout != Ticks::MAX).then(|| ask.timeout.saturating_sub(waited).max(1))
    }

    /// Sends a statement, or puts it into the queue for a connection, and arms the timeout of that.
    #[inline(always)]
    pub(crate) fn connect(&mut self, asker: FrameId, op: FrameId, ask: &Ask) {
        match self.acquire(op, ask.pool) {
            Wait::No => {
                self.send(op);
                self.arm_rest(asker, ask);
            }
            Wait::Yes(acquire_timeout) => {
                if let Some(timeout) = [acquire_timeout, self.rest(asker, ask)].into_iter().flatten().min() {
                    self.arm(asker, self.now + timeout);
                }
            }
        }
    }

    /// Whether a timeout that comes now is that of the wait for a connection, and not yet the statement's own.
    pub(crate) fn waited_in_vain(&self, asker: FrameId, site: &Site) -> bool {
        let Target::Statement { .. } = site.target else { return false };
        let waited = u64::from(self.now32().wrapping_sub(self.frames[asker].since));
        self.frames[self.frames[asker].child].state == State::PoolQueue
            && site.timeout.is_none_or(|timeout| waited < timeout)
    }

    /// A statement has waited for a connection in vain; that takes work, if the service says so.
    pub(crate) fn fail_to_acquire(&mut self, asker: FrameId, site: &Site) {
        let op = self.frames[asker].child;
        self.leave_queue(op);
        let nth = self.frames[op].started;
        self.frames[op].started += 1;
        let Some(cost) = self.costs(op).failed_acquire else {
            return self.acquire_failed(op);
        };
        self.arm_rest(asker, self.ask_of(self.site_at(asker)));
        let frame = &self.frames[asker];
        let key = frame.key.child(site.place, u64::from(frame.attempt)).child(FAILED_ACQUIRE, u64::from(nth));
        let ticks = self.draw(cost, key);
        self.work_on(op, ticks, State::Failing);
    }

    /// After a wait in vain: the statement waits again, or has failed.
    pub(crate) fn acquire_failed(&mut self, op: FrameId) {
        let asker = self.frames[op].parent;
        if asker == NIL {
            return self.frames.free(op);
        }
        let (site_id, site) = self.site_of(asker);
        let Target::Statement { pool, .. } = site.target else {
            unreachable!("invariant: only a statement waits for a connection");
        };
        if self.plan.pools[usize::from(pool)].acquire_again {
            self.frames[op].since = self.now32();
            return self.connect(asker, op, self.ask_of(site_id));
        }
        self.frames.free(op);
        self.frames[asker].child = NIL;
        self.frames[asker].timer = 0;
        self.tell_breaker(asker, site, Outcome::PoolTimeout);
        self.client_span(asker, self.ask_of(site_id), Outcome::PoolTimeout);
        self.failed(asker, site_id, site, Outcome::PoolTimeout);
    }

    /// Changes the size of all instances of a pool: those who wait get the connections that come on top.
    pub(crate) fn resize(&mut self, pool: u16, size: u32) {
        let of = &self.plan.pools[usize::from(pool)];
        let shards = u32::from(self.plan.stores[usize::from(of.store)].shards);
        let pods = u32::from(self.plan.services[usize::from(of.service)].pods);
        let now = self.now;
        for index in of.first_instance..of.first_instance + pods * shards {
            self.pools[index as usize].size = size;
            loop {
                let instance = &mut self.pools[index as usize];
                if instance.connections.busy.level >= size {
                    break;
                }
                let Some(next) = instance.waiters.pop(&mut self.frames) else { break };
                let waited = u64::from((now as u32).wrapping_sub(self.frames[next].since));
                instance.connections.take_waiting(now, waited);
                self.connected(next);
            }
        }
    }

    /// A statement gives up waiting for a connection.
    pub(crate) fn leave_queue(&mut self, op: FrameId) {
        let now = self.now;
        let index = self.pool_instance(op);
        let instance = &mut self.pools[index];
        instance.waiters.remove(&mut self.frames, op);
        instance.connections.give_up(now);
    }

    #[inline]
    fn pool_instance(&self, op: FrameId) -> usize {
        let frame = &self.frames[op];
        self.ask_of(frame.pc).instance(frame.pod, frame.user)
    }
}
