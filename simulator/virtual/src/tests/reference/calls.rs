//! Calls: pods, workers, answers, further tries, timeouts and cancellation.

use super::programs::{After, Frame, Role, State};
use super::{Event, FrameNumber, Reference, scaled};
use crate::slice::StationId;
use doorbuster_model::key::{Key, happens, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{EndpointId, NONE, ServiceId, Target};
use doorbuster_model::time::Ticks;
use doorbuster_scenarios::types::Balancer;
use doorbuster_telemetry::record::SpanRecord;
use std::collections::VecDeque;

/// A pod.
#[derive(Clone, Debug, Default)]
pub(super) struct Pod {
    /// Calls on their way to it, at it, or waiting there.
    pub(super) in_flight: u32,
    pub(super) busy_workers: u32,
    pub(super) accept_queue: VecDeque<FrameNumber>,
    pub(super) working: u32,
    /// Who waits for a core, for how much work, since when.
    pub(super) run_queue: VecDeque<(FrameNumber, Ticks, Ticks)>,
}

impl Reference<'_> {
    /// Begins a try of the frame's site.
    pub(super) fn asks(&mut self, id: FrameNumber) {
        self.frame(id).asked_at = self.now;
        let frame = self.frame(id).clone();
        let site = &self.plan.sites[usize::from(frame.site)];
        match site.target {
            Target::Statement { statement, pool } => self.asks_statement(id, statement, pool),
            Target::Endpoint(endpoint) if frame.role == Role::Shopper => {
                if self.door.closed {
                    self.frames.remove(&id);
                    return;
                }
                let key = frame.key.child(site.place, u64::from(frame.attempt) + 256 * u64::from(frame.repeats));
                let trace = frame.trace | self.door.traces;
                self.door.traces += 1;
                self.books.arrivals += 1;
                self.calls(id, endpoint, key, trace, 0);
            }
            Target::Endpoint(endpoint) => {
                let key = frame.key.child(site.place, u64::from(frame.attempt));
                self.calls(id, endpoint, key, frame.trace, self.client_index(&frame) + 1);
            }
        }
    }

    /// Index of the client span of the frame's present try.
    fn client_index(&self, frame: &Frame) -> u32 {
        let site = &self.plan.sites[usize::from(frame.site)];
        frame.span + site.span_offset + u32::from(frame.attempt) * site.span_stride
    }

    /// Makes the callee, sends it on its way, and arms the timeout.
    fn calls(&mut self, id: FrameNumber, endpoint: EndpointId, key: Key, trace: u64, span: u32) {
        let service = self.plan.endpoints[usize::from(endpoint)].service;
        let pod = self.chooses_pod(service, key);
        self.pods[usize::from(pod)].in_flight += 1;
        let callee = self.next_number();
        let frame = Frame {
            role: Role::Call { caller: Some(id), endpoint, arrived: 0, began: 0 },
            state: State::OnItsWay,
            place: Some((service, pod)),
            key,
            user: self.frame(id).user,
            trace,
            span,
            pc: self.plan.endpoints[usize::from(endpoint)].entry,
            site: NONE,
            attempt: 0,
            asked_at: 0,
            repeats: 0,
            declined: false,
            affected: false,
            cancelled: false,
        };
        self.frames.insert(callee, frame);
        self.frame(id).state = State::ForAnswer(callee);
        self.schedule(self.plan.hop, Event::CallArrives(callee));
        if let Some(timeout) = self.plan.sites[usize::from(self.frames[&id].site)].timeout {
            self.arm(id, timeout);
        }
    }

    fn chooses_pod(&mut self, service: ServiceId, callee: Key) -> u16 {
        let Self { plan, pods, turns, .. } = self;
        let of = &plan.services[usize::from(service)];
        let (first, count) = (usize::from(of.first_pod), usize::from(of.pods));
        let in_flight = |nth: &usize| pods[first + nth].in_flight;
        let nth = match of.balancer {
            Balancer::RoundRobin => {
                let turn = turns[usize::from(service)];
                turns[usize::from(service)] = (turn + 1) % count;
                turn
            }
            Balancer::LeastConnections => (0..count).min_by_key(in_flight).expect("a service has pods"),
            Balancer::TwoRandom => {
                let bits = callee.bits(name_hash("balance"));
                let one = scaled(bits & 0xffff_ffff, count);
                let others: Vec<usize> = (0..count).filter(|nth| *nth != one).collect();
                let other = if others.is_empty() { one } else { others[scaled(bits >> 32, others.len())] };
                if in_flight(&other) < in_flight(&one) { other } else { one }
            }
        };
        (first + nth) as u16
    }

    pub(super) fn call_arrives(&mut self, id: FrameNumber) {
        let now = self.now;
        let frame = self.frame(id);
        let Role::Call { arrived, .. } = &mut frame.role else { panic!("only calls arrive") };
        *arrived = now;
        let (service, pod) = frame.place.expect("calls have a pod");
        let of = &self.plan.services[usize::from(service)];
        let pod = &mut self.pods[usize::from(pod)];
        if pod.busy_workers < of.workers {
            pod.busy_workers += 1;
            self.books.served(StationId::Workers(service), 0);
            self.call_begins(id);
        } else if pod.accept_queue.len() < of.accept_queue as usize {
            pod.accept_queue.push_back(id);
            self.books.queue(StationId::Workers(service), pod.accept_queue.len());
            self.frame(id).state = State::InAcceptQueue;
        } else {
            self.call_is_over(id, Outcome::Refused);
        }
    }

    pub(super) fn call_begins(&mut self, id: FrameNumber) {
        let now = self.now;
        let Role::Call { began, .. } = &mut self.frame(id).role else { panic!("only calls begin") };
        *began = now;
        self.goes_on(id);
    }

    /// A call whose program has begun ends.
    pub(super) fn call_ends(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        let Role::Call { endpoint, began, .. } = frame.role else { panic!("only calls end so") };
        let shape = self.plan.endpoints[usize::from(endpoint)].shape;
        self.span(id, span(began, frame.span, shape, outcome));
        let (service, pod) = frame.place.expect("calls have a pod");
        self.books.busy(StationId::Workers(service), self.now - began);
        let pod = &mut self.pods[usize::from(pod)];
        if let Some(next) = pod.accept_queue.pop_front() {
            let Role::Call { arrived, .. } = self.frames[&next].role else { panic!("only calls queue") };
            self.books.served(StationId::Workers(service), self.now - arrived);
            self.frame(next).state = State::AboutToBegin;
            self.schedule(0, Event::CallBegins(next));
        } else {
            pod.busy_workers -= 1;
        }
        self.call_is_over(id, outcome);
    }

    /// A call leaves its pod, and answers if anybody still waits.
    fn call_is_over(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        let Role::Call { caller, endpoint, arrived, .. } = frame.role else { panic!("only calls are over") };
        self.pods[usize::from(frame.place.expect("calls have a pod").1)].in_flight -= 1;
        self.books.endpoint(endpoint, outcome, self.now - arrived);
        // Only a shopper's request is the root of its trace.
        self.books.ended[outcome as usize] += u64::from(frame.span == 0);
        if caller.is_some() {
            self.frame(id).state = State::Answering(outcome);
            self.schedule(self.plan.hop, Event::AnswerArrives(id));
        } else {
            self.frames.remove(&id);
        }
    }

    pub(super) fn answer_arrives(&mut self, callee: FrameNumber) {
        let Some(frame) = self.frames.remove(&callee) else { panic!("an answer of nobody") };
        let State::Answering(outcome) = frame.state else { panic!("an answer that was not given") };
        let Role::Call { caller, .. } = frame.role else { panic!("only calls answer") };
        if let Some(caller) = caller {
            self.timeouts.remove(&caller);
            self.try_ends(caller, outcome);
        }
    }

    /// A try is over: the client span, then the next step, another try, or the end.
    pub(super) fn try_ends(&mut self, id: FrameNumber, outcome: Outcome) {
        self.client_span(id, outcome);
        self.frame(id).state = State::Running;
        let frame = self.frame(id).clone();
        let site = &self.plan.sites[usize::from(frame.site)];
        let shopper = frame.role == Role::Shopper;
        if frame.cancelled {
            self.ends(id, Outcome::Cancelled);
        } else if outcome == Outcome::Ok || outcome == Outcome::Declined && !shopper {
            self.frame(id).declined |= outcome == Outcome::Declined;
            self.frame(id).affected = false;
            self.frame(id).pc = site.next;
            self.goes_on(id);
        } else {
            self.try_failed(id, outcome);
        }
    }

    fn try_failed(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        let site = &self.plan.sites[usize::from(frame.site)];
        let key = frame.key.child(site.place, u64::from(frame.attempt) + 256 * u64::from(frame.repeats));
        let again = frame.attempt + 1 < site.attempts && happens(key.bits(name_hash("retry")), site.retry_threshold);
        self.count_failure(id, outcome, again);
        if again {
            self.frame(id).attempt += 1;
            match site.backoff {
                Some(draw) => {
                    let ticks = self.draw(draw, Key(key.bits(name_hash("backoff"))));
                    self.pauses(id, ticks, After::NextTry);
                }
                None => self.asks(id),
            }
        } else if let Some(pc) = site.on_failure {
            self.frame(id).pc = pc;
            self.goes_on(id);
        } else {
            self.ends(id, outcome);
        }
    }

    /// The client span of a try ends now. A shopper's request has none.
    fn client_span(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        if frame.role == Role::Shopper {
            return;
        }
        let site = &self.plan.sites[usize::from(frame.site)];
        let shard = match site.target {
            Target::Statement { statement, .. } => self.shard_of(&frame, statement).1,
            Target::Endpoint(_) => 0,
        };
        let index = self.client_index(&frame);
        let record = span(frame.asked_at, index, site.shape, outcome);
        self.span(id, SpanRecord { attempt: frame.attempt, shard, ..record });
    }

    /// The timeout of a frame's try comes first.
    pub(super) fn timeout(&mut self, id: FrameNumber) {
        let outcome = match self.frame(id).state {
            State::ForStatement(statement) => self.timeout_of_statement(statement),
            _ => Outcome::Timeout,
        };
        self.lets_go(id);
        self.try_ends(id, outcome);
    }

    /// A frame waits no longer for what it asked.
    fn lets_go(&mut self, id: FrameNumber) {
        match self.frame(id).state {
            State::ForStatement(statement) => self.lets_go_of_statement(statement),
            State::ForAnswer(callee) => {
                let cancels = self.plan.sites[usize::from(self.frames[&id].site)].cancel;
                let frame = self.frame(callee);
                let Role::Call { caller, .. } = &mut frame.role else { panic!("only calls are asked") };
                *caller = None;
                if cancels && !matches!(frame.state, State::Answering(_)) {
                    self.schedule(self.plan.hop, Event::CancellationArrives(callee));
                }
            }
            other => panic!("nothing to let go of in {other:?}"),
        }
    }

    pub(super) fn cancellation_arrives(&mut self, id: FrameNumber) {
        let Some(frame) = self.frames.get(&id).cloned() else { return };
        match frame.state {
            State::InAcceptQueue => {
                let (service, pod) = frame.place.expect("calls have a pod");
                let Role::Call { arrived, .. } = frame.role else { panic!("only calls queue") };
                self.pods[usize::from(pod)].accept_queue.retain(|other| *other != id);
                self.books.gave_up(StationId::Workers(service), self.now - arrived);
                self.call_is_over(id, Outcome::Cancelled);
            }
            State::ForAnswer(_) | State::ForStatement(_) => {
                self.timeouts.remove(&id);
                self.lets_go(id);
                self.client_span(id, Outcome::Cancelled);
                self.ends(id, Outcome::Cancelled);
            }
            State::AboutToBegin | State::Working | State::Pausing { .. } | State::Forked { .. } => self.mark(id),
            State::Answering(_) => {}
            State::OnItsWay | State::Running => panic!("cancelled before it arrived: {frame:?}"),
        }
    }
}

fn span(start: Ticks, index: u32, shape: u16, outcome: Outcome) -> SpanRecord {
    SpanRecord { trace: 0, start, duration: 0, index, shape, pod: 0, outcome: outcome as u8, attempt: 0, shard: 0 }
}
