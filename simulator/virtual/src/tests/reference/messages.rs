//! Messages: what waits in the partitions of consumer groups, and the programs that they start.

use super::programs::{Frame, Role, State};
use super::{Event, FrameNumber, Reference};
use crate::slice::StationId;
use doorbuster_model::key::{Key, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{NONE, ORIGIN_SHIFT, way};
use doorbuster_model::time::Ticks;
use doorbuster_telemetry::record::SpanRecord;
use std::collections::VecDeque;

/// A consumer group and a number of a partition.
pub(super) type PartitionPlace = (u16, u16);

/// A partition of a topic, as one consumer group sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Partition {
    waiting: VecDeque<Message>,
    /// The one that is worked on, and since when it is its turn.
    at_work: Option<(Message, Ticks)>,
    is_stuck: bool,
    /// All pods that could take it were dead.
    lacks_pod: bool,
}

impl Partition {
    pub(super) fn lag(&self) -> u64 {
        self.waiting.len() as u64 + u64::from(self.at_work.is_some())
    }
}

/// A message as a publication carries it, or a group has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    trace: u64,
    key: Key,
    user: u32,
    appended: Ticks,
}

impl Reference<'_> {
    /// What a try that publishes has to say.
    pub(super) fn message_of(&self, frame: &Frame, topic: u16) -> Message {
        let place = self.plan.sites[usize::from(frame.site)].place;
        let key = frame.key.child(place, u64::from(frame.attempt)).child(name_hash("message"), 0);
        let above = way(self.plan, self.client_index(frame), topic).unwrap_or(0);
        Message { trace: frame.trace + above, key, user: frame.user, appended: 0 }
    }

    /// A broker has a message: the groups of its topic get it, one after the other.
    pub(super) fn appends(&mut self, message: Message, topic: u16) {
        let partition = self.part_of(message.user, topic);
        for (group, of) in (0_u16..).zip(&self.plan.consumers).filter(|(_, of)| of.topic == topic) {
            let trace = message.trace + (u64::from(of.nth) << ORIGIN_SHIFT);
            let message = Message { trace, appended: self.now, ..message };
            let place = (group, partition);
            self.books.consumers[usize::from(group)].appended += 1;
            let there = self.partitions.entry(place).or_default();
            if there.at_work.is_some() || there.is_stuck {
                there.waiting.push_back(message);
                let waiting = there.waiting.len();
                self.books.queue(StationId::Consumer(group), waiting);
            } else {
                self.takes_turn(place, message);
                self.consumes(place);
            }
        }
    }

    fn takes_turn(&mut self, place: PartitionPlace, message: Message) {
        self.books.served(StationId::Consumer(place.0), self.now - message.appended);
        self.partitions.get_mut(&place).expect("it was used").at_work = Some((message, self.now));
    }

    /// The message whose turn it is starts its program, if a pod lives.
    pub(super) fn consumes(&mut self, place: PartitionPlace) {
        let of = &self.plan.consumers[usize::from(place.0)];
        let endpoint = &self.plan.endpoints[usize::from(of.endpoint)];
        let rotation = &self.rotation[usize::from(endpoint.service)];
        let mut in_order = (0..rotation.len()).map(|nth| rotation[(usize::from(place.1) + nth) % rotation.len()]);
        let pod = in_order.find(|pod| !self.pods[usize::from(*pod)].is_down);
        let partition = self.partitions.get_mut(&place).expect("it was used");
        partition.lacks_pod = pod.is_none();
        let (message, _) = partition.at_work.expect("it is a message's turn");
        let Some(pod) = pod else { return };
        self.pods[usize::from(pod)].in_flight += 1;
        let id = self.next_number();
        let frame = Frame {
            role: Role::Message { of: place, began: self.now },
            state: State::Running,
            place: Some((endpoint.service, pod)),
            key: message.key.child(of.place, 0),
            user: message.user,
            trace: message.trace,
            span: 0,
            pc: endpoint.entry,
            site: NONE,
            attempt: 0,
            asked_at: 0,
            asked_shard: 0,
            repeats: 0,
            declined: false,
            affected: false,
            cancelled: false,
            killed: false,
        };
        self.frames.insert(id, frame);
        self.goes_on(id);
    }

    /// The program of a message has ended; if its pod has not died, the next message has its turn.
    pub(super) fn message_ends(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        let Role::Message { of: place, began } = frame.role else { panic!("only messages end so") };
        let endpoint = self.plan.consumers[usize::from(place.0)].endpoint;
        let shape = self.plan.endpoints[usize::from(endpoint)].shape;
        let record = super::calls::span(began, 0, shape, outcome);
        self.span(id, SpanRecord { shard: place.1, ..record });
        self.pods[usize::from(frame.place.expect("programs have a pod").1)].in_flight -= 1;
        self.books.endpoint(endpoint, outcome, self.now - began);
        self.frames.remove(&id);
        if frame.killed {
            self.schedule(0, Event::Consumes(place));
            return;
        }
        let partition = self.partitions.get_mut(&place).expect("it was used");
        let (message, since) = partition.at_work.take().expect("it was its turn");
        let book = &mut self.books.consumers[usize::from(place.0)];
        book.consumed += 1;
        book.age_ticks += self.now - message.appended;
        self.books.busy(StationId::Consumer(place.0), self.now - since);
        self.next_message(place);
    }

    /// An idle partition that is not stuck gives the next message its turn; it starts by an event.
    fn next_message(&mut self, place: PartitionPlace) {
        let Some(partition) = self.partitions.get_mut(&place) else { return };
        if partition.at_work.is_some() || partition.is_stuck {
            return;
        }
        if let Some(next) = partition.waiting.pop_front() {
            self.takes_turn(place, next);
            self.schedule(0, Event::Consumes(place));
        }
    }

    /// Partitions are stuck, or go on.
    pub(super) fn sticks(&mut self, place: PartitionPlace, is_stuck: bool) {
        self.partitions.entry(place).or_default().is_stuck = is_stuck;
        self.next_message(place);
    }

    /// The doors are closed: all partitions go on.
    pub(super) fn unsticks(&mut self) {
        let places: Vec<PartitionPlace> = self.partitions.keys().copied().collect();
        for place in places {
            self.sticks(place, false);
        }
    }

    /// Pods have changed: messages that lacked one start.
    pub(super) fn looks_for_pods(&mut self) {
        let mut lacking: Vec<PartitionPlace> = Vec::new();
        for (place, partition) in self.partitions.iter_mut().filter(|(_, partition)| partition.lacks_pod) {
            partition.lacks_pod = false;
            lacking.push(*place);
        }
        for place in lacking {
            self.schedule(0, Event::Consumes(place));
        }
    }
}
