//! Messages: from a broker's acknowledgement to the end of each consumer's program.
//!
//! Owns partitions: what waits in them, and that one message at a time is worked on. A message is there when its broker has appended
//! it; the acknowledgement reaches the producer, and the message the consumer, one hop later, in the same tick.

use crate::engine::{Engine, at, planted};
use crate::event::Kind;
use crate::frame::{Frame, FrameId, KILLED, MESSAGE, State};
use crate::station::Station;
use crate::stores::part_of;
use doorbuster_model::key::{Key, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{ConsumerId, ORIGIN_SHIFT, Plan, Stand, StatementId, way};
use doorbuster_model::time::Ticks;
use std::collections::VecDeque;

/// The key of a message below that of its publication.
const OF_MESSAGE: u64 = name_hash("message");

/// A partition of a topic as one consumer group sees it.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    consumer: ConsumerId,
    /// Its number within the topic.
    number: u16,
    /// Messages in order; the first one is worked on while the partition is busy.
    queue: VecDeque<Message>,
    is_busy: bool,
    is_stuck: bool,
    /// The group's pods are all dead: the first message waits for one.
    lacks_pod: bool,
    pub(crate) station: Station,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    trace: u64,
    key: Key,
    user: u32,
    appended: Ticks,
}

impl Partition {
    /// The partitions of a cell.
    pub(crate) fn all(plan: &Plan) -> Vec<Self> {
        let mut all = Vec::new();
        for (id, consumer) in plan.consumers.iter().enumerate() {
            for number in 0..plan.statements[usize::from(consumer.topic)].partitions {
                all.push(Self {
                    consumer: id as ConsumerId,
                    number,
                    queue: VecDeque::new(),
                    is_busy: false,
                    is_stuck: false,
                    lacks_pod: false,
                    station: Station::default(),
                });
            }
        }
        all
    }

    pub(crate) fn consumer(&self) -> usize {
        usize::from(self.consumer)
    }

    /// Messages that the group has not finished.
    pub(crate) fn lag(&self) -> u64 {
        self.queue.len() as u64
    }
}

impl Engine<'_> {
    /// A statement that is sent: if it publishes, it takes with it what its message has to say.
    pub(crate) fn write_message(&mut self, op: FrameId) {
        let frame = &self.frames[op];
        let ask = self.ask_of(frame.pc);
        let statement = ask.target;
        let asker = self.frames[frame.parent];
        let span = ask.span_index(asker.span, asker.attempt);
        let frame = &mut self.frames[op];
        frame.key = asker.key.child(ask.place, u64::from(asker.attempt)).child(OF_MESSAGE, 0);
        frame.trace = asker.trace | way(self.plan, span, statement).unwrap_or_default();
        frame.child = asker.user;
    }

    /// The broker has a message: each consumer group of its topic gets it.
    pub(crate) fn append(&mut self, op: &Frame, topic: StatementId) {
        let plan = self.plan;
        let of = &plan.statements[usize::from(topic)];
        let number = part_of(op.child, plan.stores[usize::from(of.store)].place, of.partitions);
        for consumer in plan.consumers.iter().filter(|consumer| consumer.topic == topic) {
            let index = consumer.first_partition + u32::from(number);
            let trace = op.trace + (u64::from(consumer.nth) << ORIGIN_SHIFT);
            let message = Message { trace, key: op.key, user: op.child, appended: self.now };
            let partition = &mut self.partitions[index as usize];
            partition.queue.push_back(message);
            self.messages += 1;
            if planted!(self, ConsumedTwice) && op.trace.is_multiple_of(5) {
                partition.queue.push_back(message);
                partition.station.enqueue(self.now);
                self.messages += 1;
            }
            self.slice.consumers[usize::from(partition.consumer)].appended += 1;
            if partition.is_busy || partition.is_stuck && !planted!(self, StuckStarts) {
                partition.station.enqueue(self.now);
            } else {
                partition.is_busy = true;
                partition.station.take(self.now);
                self.consume(index);
            }
        }
    }

    /// The first message of a busy partition starts its program, at a pod that lives.
    pub(crate) fn consume(&mut self, index: u32) {
        let plan = self.plan;
        let partition = &mut self.partitions[index as usize];
        let consumer = &plan.consumers[usize::from(partition.consumer)];
        let service = plan.endpoints[usize::from(consumer.endpoint)].service;
        let rotation = &self.rotation[usize::from(service)];
        let first = usize::from(partition.number) % rotation.len();
        let from_first = rotation[first..].iter().chain(&rotation[..first]);
        let Some(pod) = from_first.copied().find(|pod| !self.pods[at(*pod)].is_down) else {
            partition.lacks_pod = true;
            return;
        };
        partition.lacks_pod = false;
        let message = *partition.queue.front().expect("invariant: a busy partition has a message");
        self.pods[at(pod)].in_flight.rise(self.now);
        let id = self.frames.alloc(State::Beginning);
        let frame = &mut self.frames[id];
        frame.key = message.key.child(consumer.place, 0);
        frame.trace = message.trace;
        frame.user = message.user;
        frame.parent = index;
        frame.pc = plan.endpoints[usize::from(consumer.endpoint)].entry;
        frame.pod = pod;
        frame.flags = MESSAGE;
        frame.arrived = self.now as u32;
        frame.started = self.now as u32;
        self.run(id);
    }

    /// The program of a message has ended: the next one follows in this tick. A message whose pod died is taken up again.
    pub(crate) fn consumed(&mut self, id: FrameId, outcome: Outcome) {
        let (now, frame) = (self.now, self.frames[id]);
        let Stand { endpoint, shape, .. } = self.plan.stands[usize::from(frame.pc)];
        let number = self.partitions[frame.parent as usize].number;
        self.span(id, frame.started, frame.span, shape, outcome, (0, number));
        self.pods[at(frame.pod)].in_flight.fall(now);
        let took = (now as u32).wrapping_sub(frame.started);
        self.ended(endpoint, outcome, took);
        self.frames.free(id);
        let partition = &mut self.partitions[frame.parent as usize];
        if frame.has(KILLED) {
            return self.schedule(now, Kind::Consume, frame.parent);
        }
        let done = partition.queue.pop_front().expect("invariant: a busy partition has a message");
        self.messages -= 1;
        let consumer = &mut self.slice.consumers[usize::from(partition.consumer)];
        consumer.consumed += 1;
        consumer.age_ticks += now - done.appended;
        match partition.queue.front() {
            Some(next) if !partition.is_stuck => {
                partition.station.hand_over(now, now - next.appended);
                self.schedule(now, Kind::Consume, frame.parent);
            }
            _ => {
                partition.is_busy = false;
                partition.station.release(now);
            }
        }
    }

    /// Partitions of a consumer group are stuck, or go on.
    pub(crate) fn stick(&mut self, consumer: ConsumerId, numbers: &[u16], is_stuck: bool) {
        let first = self.plan.consumers[usize::from(consumer)].first_partition;
        for number in numbers {
            let index = first + u32::from(*number);
            self.partitions[index as usize].is_stuck = is_stuck;
            self.go_on_with(index);
        }
    }

    /// Everything that is stuck goes on: the run is over.
    pub(crate) fn unstick(&mut self) {
        for index in 0..self.partitions.len() as u32 {
            self.partitions[index as usize].is_stuck = false;
            self.go_on_with(index);
        }
    }

    fn go_on_with(&mut self, index: u32) {
        let now = self.now;
        let partition = &mut self.partitions[index as usize];
        if partition.is_busy || partition.is_stuck {
            return;
        }
        if let Some(next) = partition.queue.front() {
            partition.is_busy = true;
            partition.station.take_waiting(now, now - next.appended);
            self.schedule(now, Kind::Consume, index);
        }
    }

    /// Pods live again, or others are asked: messages that waited for one start.
    pub(crate) fn find_pods(&mut self) {
        for index in 0..self.partitions.len() as u32 {
            if std::mem::take(&mut self.partitions[index as usize].lacks_pod) {
                self.schedule(self.now, Kind::Consume, index);
            }
        }
    }
}
