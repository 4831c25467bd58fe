//! Calls: pods, workers, answers, further tries, timeouts and cancellation.

use super::faults::Pauses;
use super::programs::{After, Frame, Role, State};
use super::{Event, FrameNumber, Reference, StatementNumber, Worker, scaled};
use crate::faults::End;
use crate::slice::StationId;
use doorbuster_model::key::{Key, happens, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Costs, EndpointId, NONE, Service, ServiceId, Target};
use doorbuster_model::policies::{Breaker, RetryBudget, TokenBucket};
use doorbuster_model::time::Ticks;
use doorbuster_scenarios::types::Balancer;
use doorbuster_telemetry::record::SpanRecord;
use std::collections::VecDeque;

/// A pod.
#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub(super) service: ServiceId,
    pub(super) is_present: bool,
    pub(super) is_down: bool,
    /// Cores that something else takes, and since when.
    pub(super) hogged: (u32, Ticks),
    pub(super) pauses: Pauses,
    /// Its clock shows so many ticks more.
    pub(super) skew: i64,
    /// Computing takes so many times as long, in 2^-16; programs that fail, in 2^-32.
    pub(super) slower: u64,
    pub(super) errors: u64,
    pub(super) bucket: Option<TokenBucket>,
    /// Calls on their way to it, at it, or waiting there.
    pub(super) in_flight: u32,
    pub(super) busy_workers: u32,
    pub(super) accept_queue: VecDeque<FrameNumber>,
    pub(super) working: u32,
    /// Who waits for a core, for how much work, since when.
    pub(super) run_queue: VecDeque<(Worker, Ticks, Ticks)>,
}

impl Pod {
    /// The `nth` of a service.
    pub(super) fn new(of: &Service, service: ServiceId, nth: u16) -> Self {
        Self {
            service,
            is_present: nth < of.pods_at_first,
            is_down: false,
            hogged: (0, 0),
            pauses: Pauses::default(),
            skew: 0,
            slower: 1 << 16,
            errors: 0,
            bucket: of.rate_limit.map(|rule| TokenBucket::new(rule, 0)),
            in_flight: 0,
            busy_workers: 0,
            accept_queue: VecDeque::new(),
            working: 0,
            run_queue: VecDeque::new(),
        }
    }
}

impl Reference<'_> {
    /// Begins a try of the frame's site, if its breaker lets it.
    pub(super) fn asks(&mut self, id: FrameNumber) {
        self.frame(id).asked_at = self.now;
        let frame = self.frame(id).clone();
        let site = &self.plan.sites[usize::from(frame.site)];
        if let Some(breaker) = self.breaker(&frame)
            && !breaker.0.lets_through(breaker.1)
        {
            self.gives_up(id, Outcome::CircuitOpen);
            return;
        }
        if frame.attempt == 0
            && let Some(budget) = self.budget(&frame)
        {
            budget.deposit();
        }
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

    /// The breaker of the frame's site at its pod, and the time.
    fn breaker(&mut self, frame: &Frame) -> Option<(&mut Breaker, Ticks)> {
        let rule = self.plan.sites[usize::from(frame.site)].breaker?.rule;
        let place = (frame.site, frame.place.expect("a shopper has no breaker").1);
        Some((self.breakers.entry(place).or_insert(Breaker::new(rule)), self.now))
    }

    /// The retry budget of the frame's site at its pod.
    fn budget(&mut self, frame: &Frame) -> Option<&mut RetryBudget> {
        let rule = self.plan.sites[usize::from(frame.site)].budget?.rule;
        let place = (frame.site, frame.place.expect("a shopper has no budget").1);
        Some(self.budgets.entry(place).or_insert(RetryBudget::new(rule)))
    }

    /// What handling requests costs at the frame's pod.
    fn costs(&self, frame: &Frame) -> Costs {
        frame.place.map_or_else(Costs::default, |(service, _)| self.plan.services[usize::from(service)].costs)
    }

    /// Index of the client span of the frame's present try.
    pub(super) fn client_index(&self, frame: &Frame) -> u32 {
        let site = &self.plan.sites[usize::from(frame.site)];
        frame.span + site.span_offset + u32::from(frame.attempt) * site.span_stride
    }

    /// Makes the callee, sends it on its way, and arms the timeout.
    fn calls(&mut self, id: FrameNumber, endpoint: EndpointId, key: Key, trace: u64, span: u32) {
        let service = self.plan.endpoints[usize::from(endpoint)].service;
        let pod = self.chooses_pod(service, key);
        let from = self.frame(id).place;
        let held_up = from.map_or(Some(0), |(from, _)| self.held_up(from, End::Service(service), key));
        if let Some(held_up) = held_up {
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
                asked_shard: 0,
                repeats: 0,
                declined: false,
                affected: false,
                cancelled: false,
                killed: false,
            };
            self.frames.insert(callee, frame);
            self.frame(id).state = State::ForAnswer(callee);
            self.schedule(self.plan.hop + held_up, Event::CallArrives(callee));
        } else {
            self.frame(id).state = State::ForNobody;
        }
        if let Some(timeout) = self.plan.sites[usize::from(self.frames[&id].site)].timeout {
            self.arm(id, timeout);
        }
    }

    fn chooses_pod(&mut self, service: ServiceId, callee: Key) -> u16 {
        let Self { plan, pods, turns, rotation, .. } = self;
        let rotation = &rotation[usize::from(service)];
        let count = rotation.len();
        let in_flight = |place: &usize| pods[usize::from(rotation[*place])].in_flight;
        let place = match plan.services[usize::from(service)].balancer {
            // A rotation of one is not counted.
            _ if count == 1 => 0,
            Balancer::RoundRobin => {
                let turn = turns[usize::from(service)];
                let place = if turn < count { turn } else { 0 };
                turns[usize::from(service)] = place + 1;
                place
            }
            Balancer::LeastConnections => (0..count).min_by_key(in_flight).expect("a rotation has a pod"),
            Balancer::TwoRandom => {
                let bits = callee.bits(name_hash("balance"));
                let one = scaled(bits & 0xffff_ffff, count);
                let others: Vec<usize> = (0..count).filter(|place| *place != one).collect();
                let other = others[scaled(bits >> 32, others.len())];
                if in_flight(&other) < in_flight(&one) { other } else { one }
            }
        };
        rotation[place]
    }

    /// Callers choose from other pods, in order of number; if none would be left, none goes.
    pub(super) fn rotates(&mut self, service: ServiceId, out: &[u16], into: &[u16]) {
        let first = self.plan.services[usize::from(service)].first_pod;
        let rotation = &mut self.rotation[usize::from(service)];
        rotation.extend(into.iter().map(|nth| first + nth));
        rotation.sort_unstable();
        rotation.dedup();
        let left: Vec<u16> = rotation.iter().copied().filter(|pod| !out.contains(&(pod - first))).collect();
        if !left.is_empty() {
            *rotation = left;
        }
    }

    pub(super) fn call_arrives(&mut self, id: FrameNumber) {
        let now = self.now;
        let frame = self.frame(id);
        let Role::Call { arrived, .. } = &mut frame.role else { panic!("only calls arrive") };
        *arrived = now;
        let (service, pod) = frame.place.expect("calls have a pod");
        let is_cancelled = frame.cancelled;
        let of = &self.plan.services[usize::from(service)];
        let pod = &mut self.pods[usize::from(pod)];
        if pod.is_down {
            self.call_is_over(id, Outcome::Unavailable);
        } else if is_cancelled {
            self.call_is_over(id, Outcome::Cancelled);
        } else if pod.bucket.as_mut().is_some_and(|bucket| !bucket.take(now)) {
            self.turns_away(id, Outcome::RateLimited);
        } else if pod.busy_workers < of.workers {
            pod.busy_workers += 1;
            self.books.served(StationId::Workers(service), 0);
            self.call_begins(id);
        } else if pod.accept_queue.len() < of.accept_queue as usize {
            pod.accept_queue.push_back(id);
            self.books.queue(StationId::Workers(service), pod.accept_queue.len());
            self.frame(id).state = State::InAcceptQueue;
        } else {
            self.turns_away(id, Outcome::Refused);
        }
    }

    /// A call is not let in, which may take work.
    fn turns_away(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        match self.costs(&frame).rejection {
            Some(draw) => {
                let ticks = self.draw(draw, frame.key.child(name_hash("rejection"), 0));
                self.works(id, ticks, State::Rejecting(outcome));
            }
            None => self.turned_away(id, outcome),
        }
    }

    pub(super) fn turned_away(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        let Role::Call { arrived, endpoint, .. } = frame.role else { panic!("only calls are turned away") };
        let outcome = if frame.killed { Outcome::Unavailable } else { outcome };
        if outcome == Outcome::RateLimited {
            let shape = self.plan.endpoints[usize::from(endpoint)].shape;
            self.span(id, span(arrived, frame.span, shape, outcome));
        }
        self.call_is_over(id, outcome);
    }

    pub(super) fn call_begins(&mut self, id: FrameNumber) {
        let now = self.now;
        let Role::Call { began, .. } = &mut self.frame(id).role else { panic!("only calls begin") };
        *began = now;
        let frame = self.frame(id).clone();
        match self.costs(&frame).admission {
            Some(draw) if !frame.cancelled => {
                let ticks = self.draw(draw, frame.key.child(name_hash("admission"), 0));
                self.works(id, ticks, State::Working);
            }
            _ => self.goes_on(id),
        }
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
        let abandoned = frame.span == 0 && outcome == Outcome::Ok && caller.is_none();
        self.books.endpoints[usize::from(endpoint)].abandoned += u64::from(abandoned);
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
        self.try_is_over(id, outcome);
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

    /// The breaker is told, and the client span ends.
    fn try_is_over(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        if let Some((breaker, now)) = self.breaker(&frame) {
            breaker.ended(frame.asked_at, now, !outcome.answered());
        }
        self.client_span(id, outcome);
        self.frame(id).state = State::Running;
    }

    pub(super) fn try_failed(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        let site = &self.plan.sites[usize::from(frame.site)];
        let shopper = frame.role == Role::Shopper;
        let key = frame.key.child(site.place, u64::from(frame.attempt) + 256 * u64::from(frame.repeats));
        if frame.cancelled {
            self.ends(id, Outcome::Cancelled);
            return;
        }
        let hasty = self.haste.filter(|haste| shopper && happens(frame.key.bits(name_hash("haste")), haste.threshold));
        let mut again =
            frame.attempt + 1 < site.attempts && happens(key.bits(name_hash("retry")), site.retry_threshold);
        if let Some(haste) = hasty {
            again = frame.attempt + 1 < haste.attempts;
        } else if again && let Some(budget) = self.budget(&frame) {
            again = budget.withdraw();
        }
        self.count_failure(id, outcome, again);
        if again {
            self.frame(id).attempt += 1;
            match (hasty, site.backoff) {
                (Some(haste), _) => self.pauses(id, haste.after, After::NextTry),
                (None, Some(draw)) => {
                    let ticks = self.draw(draw, Key(key.bits(name_hash("backoff"))));
                    let longer =
                        (0..frame.attempt).fold(ticks, |ticks, _| ticks.saturating_mul(u64::from(site.growth)));
                    self.pauses(id, longer.min(1 << 30), After::NextTry);
                }
                (None, None) => self.tries_again(id),
            }
        } else {
            self.gives_up(id, outcome);
        }
    }

    /// A further try, after the work that it takes.
    pub(super) fn tries_again(&mut self, id: FrameNumber) {
        let frame = self.frame(id).clone();
        match self.costs(&frame).retry {
            Some(draw) => {
                let ticks = self.draw(draw, self.try_key(&frame).child(name_hash("retrying"), 0));
                self.works(id, ticks, State::Retrying);
            }
            None => self.asks(id),
        }
    }

    /// The key of a program's present try.
    fn try_key(&self, frame: &Frame) -> Key {
        frame.key.child(self.plan.sites[usize::from(frame.site)].place, u64::from(frame.attempt))
    }

    /// No further try: the steps for failure, or the failure goes up.
    fn gives_up(&mut self, id: FrameNumber, outcome: Outcome) {
        let site = &self.plan.sites[usize::from(self.frames[&id].site)];
        if let Some(pc) = site.on_failure {
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
            Target::Statement { .. } => frame.asked_shard,
            Target::Endpoint(_) => 0,
        };
        let index = self.client_index(&frame);
        let record = span(frame.asked_at, index, site.shape, outcome);
        self.span(id, SpanRecord { attempt: frame.attempt, shard, ..record });
    }

    /// The timeout of a frame's try comes first, or that of its wait for a connection.
    pub(super) fn timeout(&mut self, id: FrameNumber) {
        let frame = self.frame(id).clone();
        let site_timeout = self.plan.sites[usize::from(frame.site)].timeout.unwrap_or(Ticks::MAX);
        if let State::ForStatement(statement) = frame.state
            && self.waits_for_connection(statement)
            && self.now - frame.asked_at < site_timeout
        {
            self.waited_in_vain(id, statement);
            return;
        }
        self.lets_go(id);
        self.try_is_over(id, Outcome::Timeout);
        match self.costs(&frame).timeout {
            Some(draw) => {
                let ticks = self.draw(draw, self.try_key(&frame).child(name_hash("timing out"), 0));
                self.works(id, ticks, State::TimingOut);
            }
            None => self.try_failed(id, Outcome::Timeout),
        }
    }

    /// A statement of the frame has waited for a connection in vain.
    fn waited_in_vain(&mut self, id: FrameNumber, statement: StatementNumber) {
        let frame = self.frame(id).clone();
        let nth = self.leaves_pool_queue(statement);
        let Some(draw) = self.costs(&frame).failed_acquire else {
            self.acquire_failed(statement);
            return;
        };
        if let Some(timeout) = self.plan.sites[usize::from(frame.site)].timeout {
            self.arm(id, (frame.asked_at + timeout - self.now).max(1));
        }
        let key = self.try_key(&frame).child(name_hash("failed acquire"), nth);
        let ticks = self.draw(draw, key);
        self.works_for(Worker::Client(statement), frame.place.expect("statements are asked at a pod"), ticks);
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
            State::ForNobody => {}
            other => panic!("nothing to let go of in {other:?}"),
        }
    }

    /// Whoever waits for an answer lets go of the try before it has ended.
    pub(super) fn lets_go_of_try(&mut self, id: FrameNumber) {
        let frame = self.frame(id).clone();
        self.timeouts.remove(&id);
        self.lets_go(id);
        if let Some((breaker, _)) = self.breaker(&frame) {
            breaker.taken_back(frame.asked_at);
        }
    }

    /// A call ends that has not got a worker yet.
    pub(super) fn leaves_accept_queue(&mut self, id: FrameNumber, outcome: Outcome) {
        let frame = self.frame(id).clone();
        let (service, pod) = frame.place.expect("calls have a pod");
        let Role::Call { arrived, .. } = frame.role else { panic!("only calls queue") };
        self.pods[usize::from(pod)].accept_queue.retain(|other| *other != id);
        self.books.gave_up(StationId::Workers(service), self.now - arrived);
        self.call_is_over(id, outcome);
    }

    pub(super) fn cancellation_arrives(&mut self, id: FrameNumber) {
        let Some(frame) = self.frames.get(&id).cloned() else { return };
        match frame.state {
            State::InAcceptQueue => self.leaves_accept_queue(id, Outcome::Cancelled),
            State::ForAnswer(_) | State::ForStatement(_) | State::ForNobody => {
                self.lets_go_of_try(id);
                self.client_span(id, Outcome::Cancelled);
                self.ends(id, Outcome::Cancelled);
            }
            State::OnItsWay
            | State::AboutToBegin
            | State::Working
            | State::TimingOut
            | State::Retrying
            | State::Pausing { .. }
            | State::Forked { .. } => self.mark(id),
            State::Answering(_) | State::Rejecting(_) => {}
            State::Running => panic!("cancelled before it arrived: {frame:?}"),
        }
    }
}

pub(super) fn span(start: Ticks, index: u32, shape: u16, outcome: Outcome) -> SpanRecord {
    SpanRecord { trace: 0, start, duration: 0, index, shape, pod: 0, outcome: outcome as u8, attempt: 0, shard: 0 }
}
