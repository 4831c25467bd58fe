//! Connection pools: one for each pod and shard, first come, first served.

use crate::cell::Cell;
use crate::frame::{FrameId, State};
use doorbuster_model::plan::NONE;
use doorbuster_model::time::Ticks;
use doorbuster_telemetry::record::Consumer;

/// Whether a statement has to wait for its connection.
pub(crate) enum Wait {
    /// It has one.
    No,
    /// It stands in the queue, for so long at most.
    Yes(Option<Ticks>),
}

impl<C: Consumer> Cell<'_, C> {
    /// Takes a connection for a statement, or puts it into the queue for one.
    pub(crate) fn acquire(&mut self, op: FrameId, pool: u16) -> Wait {
        if pool == NONE {
            return Wait::No;
        }
        let now = self.now;
        let instance = self.pool_instance(op, pool);
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
    pub(crate) fn release(&mut self, op: FrameId, pool: u16) {
        if pool == NONE {
            return;
        }
        let now = self.now;
        let index = self.pool_instance(op, pool);
        let instance = &mut self.pools[index];
        let Some(next) = instance.waiters.pop(&mut self.frames) else {
            return instance.connections.release(now);
        };
        instance.connections.hand_over(now, u64::from((now as u32).wrapping_sub(self.frames[next].since)));
        self.send(next);
        let asker = self.frames[next].parent;
        let (_, site) = self.site_of(asker);
        self.frames[asker].timer = 0;
        if let Some(timeout) = site.timeout {
            // The statement's own timeout runs from when it was asked, the wait for the connection included.
            let waited = u64::from((now as u32).wrapping_sub(self.frames[asker].since));
            self.arm(asker, now + timeout.saturating_sub(waited).max(1));
        }
    }

    /// A statement gives up waiting for a connection.
    pub(crate) fn leave_queue(&mut self, op: FrameId, pool: u16) {
        let now = self.now;
        let index = self.pool_instance(op, pool);
        let instance = &mut self.pools[index];
        instance.waiters.remove(&mut self.frames, op);
        instance.connections.give_up(now);
    }

    fn pool_instance(&self, op: FrameId, pool: u16) -> usize {
        let pool = &self.plan.pools[usize::from(pool)];
        let shards = u32::from(self.plan.stores[usize::from(pool.store)].shards);
        let frame = &self.frames[op];
        let pod = u32::from(frame.pod - self.plan.services[usize::from(pool.service)].first_pod);
        (pool.first_instance + pod * shards + frame.user) as usize
    }
}
