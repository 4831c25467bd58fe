//! Ways between a service and whoever it asks, when they are slow or lose packets.
//!
//! Owns how long a request or statement is held up. Refuses answers: they take their usual hop.

use crate::engine::{Engine, at};
use crate::frame::{FrameId, NO_POD};
use doorbuster_model::key::{Key, happens, mix, name_hash};
use doorbuster_model::plan::{PodId, ServiceId, StoreId};
use doorbuster_model::time::{Ticks, ticks_from_ns};

/// Which packets are lost.
const LOSS: u64 = name_hash("loss");
/// The least wait for a retransmission: `TCP_RTO_MIN` of Linux, 200 ms. It doubles each time (RFC 6298, 5.5).
const RETRANSMISSION: Ticks = ticks_from_ns(200_000_000);
/// Losses in a row after which a request is given up for lost: 25 s of retransmissions.
const MOST_LOSSES: u32 = 7;

/// Whom a way leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A service.
    Service(ServiceId),
    /// A store.
    Store(StoreId),
}

/// A way that is slow or loses packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The service that asks.
    pub from: ServiceId,
    /// Whom it asks.
    pub to: End,
    /// Added to the way there.
    pub delay: Ticks,
    /// Packets that are lost, in 2^-32.
    pub loss: u64,
}

impl Way {
    /// How long a request is held up; `None` if it never arrives.
    fn held_up(&self, key: Key) -> Option<Ticks> {
        let mut losses = 0;
        while losses < MOST_LOSSES && happens(mix(key.bits(LOSS) ^ u64::from(losses)), self.loss) {
            losses += 1;
        }
        (losses < MOST_LOSSES).then(|| self.delay + RETRANSMISSION * ((1 << losses) - 1))
    }
}

impl Engine<'_> {
    /// How long a call is held up; `None` if it never arrives.
    pub(crate) fn delay_of_call(&self, from: PodId, to: PodId, key: Key) -> Option<Ticks> {
        if self.ways.is_empty() || from == NO_POD {
            return Some(0);
        }
        self.delay(self.pods[at(from)].service, End::Service(self.pods[at(to)].service), key)
    }

    /// The same of a statement, by its asker's key.
    pub(crate) fn delay_of_statement(&self, op: FrameId) -> Option<Ticks> {
        if self.ways.is_empty() {
            return Some(0);
        }
        let (frame, asker) = (&self.frames[op], &self.frames[self.frames[op].parent]);
        let site = &self.plan.sites[usize::from(frame.pc)];
        let store = self.plan.statements[usize::from(self.statement_of(op))].store;
        let key = asker.key.child(site.place, u64::from(asker.attempt));
        self.delay(self.pods[at(frame.pod)].service, End::Store(store), key)
    }

    fn delay(&self, from: ServiceId, to: End, key: Key) -> Option<Ticks> {
        match self.ways.iter().find(|way| way.from == from && way.to == to) {
            Some(way) => way.held_up(key),
            None => Some(0),
        }
    }
}
