//! Calls: from a site to a pod and back, with timeouts, tries and cancellation.
//!
//! Owns the life of a call. Caller and callee know each other by frame until one of them lets go; whoever is
//! let go of is told by a missing parent, never by a stale number.

use crate::engine::{Engine, at, planted};
use crate::event::Kind;
use crate::frame::{
    AFFECTED, CANCEL_PENDING, CANCELLED, DECLINED, Frame, FrameId, KILLED, MESSAGE, NIL, NO_POD, STRAND, State,
};
use crate::program::MAX_DRAW_TICKS;
use doorbuster_model::key::{Key, happens, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Ask, EndpointId, NONE, Site, SiteId, Stand, Target};
use doorbuster_model::time::Ticks;
use doorbuster_scenarios::types::Balancer;

/// Purposes of draws at a call.
const BALANCE: u64 = name_hash("balance");
const BACKOFF: u64 = name_hash("backoff");
const RETRY: u64 = name_hash("retry");
/// Requests that a pod's version fails.
const DEFECT: u64 = name_hash("defect");
/// Draws of what it costs a pod.
const ADMISSION: u64 = name_hash("admission");
const REJECTION: u64 = name_hash("rejection");
const TIMING_OUT: u64 = name_hash("timing out");
const RETRYING: u64 = name_hash("retrying");

impl Engine<'_> {
    /// Makes the call at which the frame's program stands, or a further try of it.
    #[inline(always)]
    pub(crate) fn call(&mut self, id: FrameId, site_id: SiteId) {
        let plan = self.plan;
        let ask = self.ask_of(site_id);
        let endpoint = ask.target;
        let (now, hop) = (self.now, plan.hop);
        let from_shopper = self.frames[id].pod == NO_POD;
        let trace = if from_shopper { self.next_trace(id, endpoint) } else { self.frames[id].trace };
        let caller = &mut self.frames[id];
        let try_number = u64::from(caller.attempt) | u64::from(if from_shopper { caller.work } else { 0 }) << 8;
        let key = caller.key.child(ask.place, try_number);
        caller.state = State::Awaiting;
        caller.since = now as u32;
        let (user, span, caller_pod) = (caller.user, ask.span_index(caller.span, caller.attempt), caller.pod);
        let pod = self.balance(endpoint, key);
        let delay = self.delay_of_call(caller_pod, pod, key);
        if ask.timeout != Ticks::MAX {
            self.arm(id, now + ask.timeout);
        }
        let Some(delay) = delay else {
            // Lost on the way: its timeout ends the wait.
            self.frames[id].child = NIL;
            return;
        };
        let child = self.frames.alloc(State::Transit);
        self.frames[id].child = child;
        self.pods[at(pod)].in_flight.rise(now);
        let callee = &mut self.frames[child];
        callee.key = key;
        callee.trace = trace;
        callee.user = user;
        callee.parent = id;
        callee.span = if from_shopper { 0 } else { span + 1 };
        callee.pc = plan.endpoints[usize::from(endpoint)].entry;
        callee.pod = pod;
        // Until it arrives its age counts from here.
        callee.arrived = now as u32;
        self.schedule(now + hop + delay, Kind::Arrive, child);
    }

    /// The pod that a call goes to.
    fn balance(&mut self, endpoint: EndpointId, key: Key) -> u16 {
        let service_id = self.plan.endpoints[usize::from(endpoint)].service;
        let service = &self.plan.services[usize::from(service_id)];
        let rotation = &self.rotation[usize::from(service_id)];
        let count = rotation.len() as u16;
        if count == 1 {
            return rotation[0];
        }
        match service.balancer {
            Balancer::RoundRobin => {
                let turn = &mut self.turns[usize::from(service_id)];
                let now = if *turn < count { *turn } else { 0 };
                *turn = now + 1;
                rotation[usize::from(now)]
            }
            Balancer::LeastConnections => rotation
                .iter()
                .copied()
                .min_by_key(|pod| self.pods[at(*pod)].in_flight.level)
                .expect("invariant: a rotation has a pod"),
            Balancer::TwoRandom => {
                let bits = key.bits(BALANCE);
                let pick = |bits: u64, among: u16| (((bits & 0xffff_ffff) * u64::from(among)) >> 32) as u16;
                let one = pick(bits, count);
                let other = pick(bits >> 32, count - 1);
                let other = other + u16::from(other >= one);
                let (one, other) = (rotation[usize::from(one)], rotation[usize::from(other)]);
                let in_flight = |pod: u16| self.pods[at(pod)].in_flight.level;
                if in_flight(other) < in_flight(one) { other } else { one }
            }
        }
    }

    /// A call reaches its pod: a worker takes it, or it waits for one, or it is refused.
    pub(crate) fn arrive(&mut self, id: FrameId) {
        let now = self.now;
        self.frames[id].arrived = now as u32;
        let is_cancelled = self.frames[id].has(CANCELLED);
        let pod = &mut self.pods[at(self.frames[id].pod)];
        let service = &self.plan.services[usize::from(pod.service)];
        if pod.is_down {
            return self.conclude(id, Outcome::Unavailable);
        }
        if is_cancelled {
            return self.conclude(id, Outcome::Cancelled);
        }
        if pod.bucket.as_mut().is_some_and(|bucket| !bucket.take(now)) {
            self.turn_away(id, Outcome::RateLimited);
        } else if pod.workers.busy.level < service.workers {
            pod.workers.take(now);
            self.begin(id);
        } else if pod.workers.waiting.level < service.accept_queue {
            pod.workers.enqueue(now);
            pod.accept_queue.push(&mut self.frames, id);
            self.frames[id].state = State::AcceptQueue;
        } else {
            self.turn_away(id, Outcome::Refused);
        }
    }

    /// A call is not let in: that is said at once, or after the work that it takes.
    fn turn_away(&mut self, id: FrameId, outcome: Outcome) {
        self.frames[id].outcome = outcome;
        match self.costs(id).rejection {
            Some(draw) => {
                let ticks = self.draw(draw, self.frames[id].key.child(REJECTION, 0));
                self.work_on(id, ticks, State::Rejecting);
            }
            None => self.turned_away(id),
        }
    }

    /// The answer to a call that is not let in. A limit is the application's, so it leaves a span; a full queue is not.
    pub(crate) fn turned_away(&mut self, id: FrameId) {
        let frame = self.frames[id];
        let outcome = if frame.has(KILLED) { Outcome::Unavailable } else { frame.outcome };
        if outcome == Outcome::RateLimited {
            let Stand { shape, .. } = self.plan.stands[usize::from(frame.pc)];
            self.span(id, frame.arrived, frame.span, shape, outcome, (0, 0));
        }
        self.conclude(id, outcome);
    }

    /// A worker starts on a call: its server span begins.
    #[inline(always)]
    pub(crate) fn begin(&mut self, id: FrameId) {
        self.frames[id].started = self.now32();
        if self.is_cancelled(id) {
            return self.finish(id, Outcome::Cancelled);
        }
        match self.costs(id).admission {
            Some(draw) => {
                let ticks = self.draw(draw, self.frames[id].key.child(ADMISSION, 0));
                self.work_on(id, ticks, State::Computing);
            }
            None => self.run(id),
        }
    }

    /// The program of a frame has ended.
    pub(crate) fn finish(&mut self, id: FrameId, outcome: Outcome) {
        let frame = self.frames[id];
        if frame.has(STRAND) {
            return self.join(id, outcome);
        }
        if frame.pod == NO_POD {
            return self.frames.free(id);
        }
        let outcome = self.outcome_at_pod(&frame, outcome);
        if frame.has(MESSAGE) {
            return self.consumed(id, outcome);
        }
        let Stand { shape, .. } = self.plan.stands[usize::from(frame.pc)];
        self.span(id, frame.started, frame.span, shape, outcome, (0, 0));
        if !planted!(self, KeptWorker) || !frame.span.is_multiple_of(5) {
            self.release_worker(frame.pod);
        }
        self.conclude(id, outcome);
    }

    /// How a program ends whose pod may have died, or fails some of its requests.
    fn outcome_at_pod(&self, frame: &Frame, outcome: Outcome) -> Outcome {
        if frame.has(KILLED) {
            return Outcome::Unavailable;
        }
        let errors = self.pods[at(frame.pod)].errors();
        if errors > 0 && outcome.answered() && happens(frame.key.bits(DEFECT), errors) {
            return Outcome::Error;
        }
        outcome
    }

    /// A worker is free: the next in the accept queue takes it over from this tick on.
    #[inline(always)]
    fn release_worker(&mut self, pod: u16) {
        let now = self.now;
        let pod = &mut self.pods[at(pod)];
        if let Some(next) = pod.accept_queue.pop(&mut self.frames) {
            pod.workers.hand_over(now, u64::from((now as u32).wrapping_sub(self.frames[next].arrived)));
            self.frames[next].state = State::Beginning;
            self.schedule(now, Kind::Begin, next);
        } else {
            pod.workers.release(now);
        }
    }

    /// The call is over at its pod: it is counted, and the answer goes back.
    #[inline(always)]
    pub(crate) fn conclude(&mut self, id: FrameId, outcome: Outcome) {
        let (now, hop) = (self.now, self.plan.hop);
        let frame = self.frames[id];
        let Stand { endpoint, .. } = self.plan.stands[usize::from(frame.pc)];
        self.pods[at(frame.pod)].in_flight.fall(now);
        let latency = (now as u32).wrapping_sub(frame.arrived);
        self.ended(endpoint, outcome, latency);
        if frame.span == 0 {
            let abandoned = outcome == Outcome::Ok && frame.parent == NIL;
            self.ledger.request_ended(outcome, abandoned);
            self.slice.endpoints[usize::from(endpoint)].abandoned += u64::from(abandoned);
        }
        let frame = &mut self.frames[id];
        frame.outcome = outcome;
        if frame.parent != NIL {
            frame.state = State::Returning;
            self.schedule(now + hop, Kind::Return, id);
        } else {
            self.let_go(id);
        }
    }

    /// Nobody waits for the frame any more: it is freed, at the latest when a pending cancellation arrives.
    fn let_go(&mut self, id: FrameId) {
        if self.frames[id].has(CANCEL_PENDING) {
            self.frames[id].state = State::Ended;
        } else {
            self.frames.free(id);
        }
    }

    /// An answer reaches the caller, if it still waits.
    #[inline(always)]
    pub(crate) fn return_to_caller(&mut self, id: FrameId) {
        let (parent, outcome) = (self.frames[id].parent, self.frames[id].outcome);
        self.let_go(id);
        if parent != NIL {
            self.frames[parent].child = NIL;
            self.frames[parent].timer = 0;
            self.answered(parent, outcome);
        }
    }

    /// What a frame waited for has ended: its program goes on, tries again, or fails.
    pub(crate) fn answered(&mut self, id: FrameId, outcome: Outcome) {
        let site_id = self.site_at(id);
        let ask = self.ask_of(site_id);
        if ask.is_guarded() {
            self.tell_breaker(id, &self.plan.sites[usize::from(site_id)], outcome);
        }
        self.client_span(id, ask, outcome);
        let from_shopper = self.frames[id].pod == NO_POD;
        if outcome == Outcome::Ok || outcome == Outcome::Declined && !from_shopper {
            if outcome == Outcome::Declined {
                self.frames[id].flags |= DECLINED;
            }
            if self.is_cancelled(id) {
                return self.finish(id, Outcome::Cancelled);
            }
            self.frames[id].flags &= !AFFECTED;
            self.frames[id].pc = ask.next;
            return self.run(id);
        }
        self.failed(id, site_id, &self.plan.sites[usize::from(site_id)], outcome);
    }

    /// The span of a call or statement, seen from the side that waited.
    pub(crate) fn client_span(&mut self, id: FrameId, ask: &Ask, outcome: Outcome) {
        if ask.shape == NONE {
            return;
        }
        let frame = self.frames[id];
        let shard = if ask.is_call() { 0 } else { std::mem::take(&mut self.frames[id].work) as u16 };
        let index = ask.span_index(frame.span, frame.attempt);
        self.span(id, frame.since, index, ask.shape, outcome, (frame.attempt, shard));
    }

    /// A try has failed: another one, the steps for this case, or the failure goes up.
    pub(crate) fn failed(&mut self, id: FrameId, site_id: SiteId, site: &Site, outcome: Outcome) {
        if self.is_cancelled(id) {
            return self.finish(id, Outcome::Cancelled);
        }
        let from_shopper = self.frames[id].pod == NO_POD;
        if from_shopper {
            self.shopper_failed(id, site, outcome);
        }
        let frame = &self.frames[id];
        let key = frame.key.child(site.place, u64::from(frame.attempt) | u64::from(frame.work) << 8);
        if from_shopper && let Some(haste) = self.hurries(id) {
            if self.frames[id].attempt + 1 >= haste.attempts {
                self.shopper_leaves(id, site);
                return self.give_up(id, site, outcome);
            }
            self.frames[id].attempt += 1;
            self.frames[id].state = State::Backoff;
            return self.schedule(self.now + haste.after, Kind::Resume, id);
        }
        let frame = &self.frames[id];
        let has_try = frame.attempt + 1 < site.attempts && happens(key.bits(RETRY), site.retry_threshold);
        if has_try && self.budget_allows(id, site) {
            return self.back_off(id, site_id, site, key);
        }
        if from_shopper {
            self.shopper_leaves(id, site);
        }
        self.give_up(id, site, outcome);
    }

    /// No further try is made: the steps for this case, or the failure goes up.
    pub(crate) fn give_up(&mut self, id: FrameId, site: &Site, outcome: Outcome) {
        match site.on_failure {
            Some(pc) => {
                self.frames[id].pc = pc;
                self.run(id);
            }
            None => self.finish(id, outcome),
        }
    }

    /// Waits before a further try, if the site says so.
    fn back_off(&mut self, id: FrameId, site_id: SiteId, site: &Site, key: Key) {
        let failed_tries = u32::from(self.frames[id].attempt);
        self.frames[id].attempt += 1;
        let Some(backoff) = site.backoff else {
            return self.try_again(id, site_id);
        };
        self.frames[id].state = State::Backoff;
        let grown = u64::from(site.growth).saturating_pow(failed_tries);
        let ticks = self.draw(backoff, Key(key.bits(BACKOFF))).saturating_mul(grown).min(MAX_DRAW_TICKS);
        self.schedule(self.now + ticks, Kind::Resume, id);
    }

    /// A further try of the site at which the frame stands, after the work that it takes.
    pub(crate) fn try_again(&mut self, id: FrameId, site_id: SiteId) {
        let frame = &self.frames[id];
        let cost = if frame.pod == NO_POD { None } else { self.costs(id).retry };
        let Some(cost) = cost else {
            return self.ask(id, site_id);
        };
        let site = &self.plan.sites[usize::from(site_id)];
        let ticks = self.draw(cost, frame.key.child(site.place, u64::from(frame.attempt)).child(RETRYING, 0));
        self.work_on(id, ticks, State::Retrying);
    }

    /// What a frame waits for has not come in time.
    pub(crate) fn time_out(&mut self, id: FrameId) {
        let (site_id, site) = self.site_of(id);
        self.frames[id].timer = 0;
        if self.waited_in_vain(id, site) {
            return self.fail_to_acquire(id, site);
        }
        self.abandon(id, site);
        self.tell_breaker(id, site, Outcome::Timeout);
        self.client_span(id, self.ask_of(site_id), Outcome::Timeout);
        let frame = &self.frames[id];
        let cost = if frame.pod == NO_POD { None } else { self.costs(id).timeout };
        let Some(cost) = cost else {
            return self.failed(id, site_id, site, Outcome::Timeout);
        };
        let ticks = self.draw(cost, frame.key.child(site.place, u64::from(frame.attempt)).child(TIMING_OUT, 0));
        self.work_on(id, ticks, State::TimingOut);
    }

    /// The work that a timeout takes is done.
    pub(crate) fn timed_out(&mut self, id: FrameId) {
        let (site_id, site) = self.site_of(id);
        self.failed(id, site_id, site, Outcome::Timeout);
    }

    /// Lets go of what a frame waits for.
    pub(crate) fn abandon(&mut self, id: FrameId, site: &Site) {
        let child = std::mem::replace(&mut self.frames[id].child, NIL);
        if child == NIL {
            return;
        }
        if let Target::Statement { statement, pool } = site.target {
            return self.abandon_statement(child, site, statement, pool);
        }
        self.frames[child].parent = NIL;
        if site.cancel && self.frames[child].state != State::Returning {
            self.frames[child].flags |= CANCEL_PENDING;
            self.schedule(self.now + self.plan.hop, Kind::Cancel, child);
        }
    }

    /// The caller's cancellation reaches the callee: it stops at the next point at which it can.
    pub(crate) fn cancel_arrives(&mut self, id: FrameId) {
        let now = self.now;
        let frame = &mut self.frames[id];
        frame.flags &= !CANCEL_PENDING;
        match frame.state {
            State::Ended => self.frames.free(id),
            State::AcceptQueue => {
                let pod = &mut self.pods[at(frame.pod)];
                pod.accept_queue.remove(&mut self.frames, id);
                pod.workers.give_up(now);
                self.conclude(id, Outcome::Cancelled);
            }
            // One that is held up on its way has been overtaken: it ends as cancelled when it arrives.
            State::Transit
            | State::Beginning
            | State::Computing
            | State::Waiting
            | State::Backoff
            | State::Forked
            | State::TimingOut
            | State::Retrying => frame.flags |= CANCELLED,
            State::Awaiting => {
                frame.flags |= CANCELLED;
                frame.timer = 0;
                let (site_id, site) = self.site_of(id);
                self.abandon(id, site);
                self.untell_breaker(id, site);
                self.client_span(id, self.ask_of(site_id), Outcome::Cancelled);
                self.finish(id, Outcome::Cancelled);
            }
            State::Returning | State::Rejecting => {}
            State::Free
            | State::PoolQueue
            | State::Failing
            | State::HeldUp
            | State::Lost
            | State::AtStore
            | State::Receiving => {
                unreachable!("invariant: a cancellation follows its call, which is {:?}", frame.state)
            }
        }
    }
}
