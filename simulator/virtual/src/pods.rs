//! Pods: dying and coming back, cores that are taken, pauses, other versions.
//!
//! Owns what happens at a pod when it changes. What is on a core when its pod dies (or pauses) leaves it at the end of that piece of
//! work; a dead pod's work answers nobody and leaves no span.

use crate::engine::{Engine, at};
use crate::event::{Event, Kind};
use crate::frame::{CANCELLED, FrameId, KILLED, State};
use doorbuster_model::key::mix;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{PodId, ServiceId};
use doorbuster_model::time::Ticks;

impl Engine<'_> {
    /// The pods of a service with these numbers within it.
    pub(crate) fn pods_of(&self, service: ServiceId, numbers: &[u16]) -> Vec<PodId> {
        let first = self.plan.services[usize::from(service)].first_pod;
        numbers.iter().map(|number| first + number).collect()
    }

    /// Pods die: those who wait for an answer of theirs get none, spans that were not exported are lost.
    pub(crate) fn crash(&mut self, pods: &[PodId]) {
        for pod in pods {
            self.pods[at(*pod)].is_down = true;
            self.sdk.crash(*pod);
        }
        let mut hit: Vec<(bool, u64, u32, u16, FrameId)> = Vec::new();
        for (id, frame) in self.frames.all().iter().enumerate() {
            let is_program = !matches!(
                frame.state,
                State::Free
                    | State::Transit
                    | State::Returning
                    | State::Ended
                    | State::PoolQueue
                    | State::Failing
                    | State::HeldUp
                    | State::Lost
                    | State::AtStore
                    | State::Receiving
            );
            if is_program && pods.contains(&frame.pod) {
                let waits = frame.state != State::AcceptQueue;
                hit.push((waits, frame.trace, frame.span, frame.pc, id as FrameId));
            }
        }
        // Those who wait for a worker first: nobody is to get one any more. Then by trace, span and place in the program.
        hit.sort_unstable();
        for (.., id) in &hit {
            self.frames[*id].flags |= KILLED | CANCELLED;
        }
        for (.., id) in hit {
            self.kill_program(id);
        }
    }

    /// What a program does whose pod has died: it ends now if it waits, else when what it does is done.
    fn kill_program(&mut self, id: FrameId) {
        let frame = self.frames[id];
        match frame.state {
            State::AcceptQueue => {
                let pod = &mut self.pods[at(frame.pod)];
                pod.accept_queue.remove(&mut self.frames, id);
                pod.workers.give_up(self.now);
                self.conclude(id, Outcome::Unavailable);
            }
            State::Awaiting => {
                self.frames[id].timer = 0;
                let (_, site) = self.site_of(id);
                self.abandon(id, site);
                self.untell_breaker(id, site);
                self.frames[id].work = 0;
                self.finish(id, Outcome::Unavailable);
            }
            // A strand's parent ends with its last strand; whatever else is under way comes to an end by itself.
            _ => {}
        }
    }

    /// Pods live again, empty.
    pub(crate) fn restart_pods(&mut self, pods: &[PodId]) {
        for pod in pods {
            self.pods[at(*pod)].is_down = false;
        }
        self.find_pods();
    }

    /// What would keep work for ever ends: the run is over.
    pub(crate) fn recover(&mut self) {
        let all: Vec<PodId> = (0..self.pods.len() as PodId).collect();
        self.restart_pods(&all);
        self.hog(&all, 0);
    }

    /// Callers no longer choose some pods, and choose others. One stays at least.
    pub(crate) fn rotate(&mut self, service: ServiceId, out: &[PodId], into: &[PodId]) {
        let rotation = &mut self.rotation[usize::from(service)];
        for pod in into {
            if let Err(place) = rotation.binary_search(pod) {
                rotation.insert(place, *pod);
            }
        }
        if rotation.iter().any(|pod| !out.contains(pod)) {
            rotation.retain(|pod| !out.contains(pod));
        }
        self.find_pods();
    }

    /// Something else takes so many cores of pods.
    pub(crate) fn hog(&mut self, pods: &[PodId], cores: u32) {
        let now = self.now;
        for pod in pods {
            let ailment = self.pods[at(*pod)].ailment.get_or_insert_default();
            ailment.hogged_ticks += u64::from(ailment.hogged) * (now - ailment.hogged_since);
            (ailment.hogged, ailment.hogged_since) = (cores, now);
            self.set_limit(*pod);
        }
    }

    /// Pods begin to pause again and again, each at its own times; a length of 0 ends it.
    pub(crate) fn set_pauses(&mut self, pods: &[PodId], pause: Ticks, every: Ticks) {
        for pod in pods {
            let ailment = self.pods[at(*pod)].ailment.get_or_insert_default();
            ailment.series += 1;
            (ailment.pause, ailment.every, ailment.is_paused) = (pause, every, false);
            if pause > 0 {
                let first = self.now + mix(u64::from(*pod) ^ self.plan.seed) % every;
                let event = Event::stamped(Kind::Pause, u32::from(*pod), ailment.series);
                self.wheel.schedule(first, event);
            }
            self.set_limit(*pod);
        }
    }

    /// A pod stops the world, or goes on. After the doors are closed there are no more pauses.
    pub(crate) fn pause_turns(&mut self, index: u32, series: u32) {
        let pod = index as PodId;
        let closed = self.shoppers.doors_closed();
        let service = self.pods[at(pod)].service;
        let ailment = self.pods[at(pod)].ailment.get_or_insert_default();
        if ailment.series != series || closed && !ailment.is_paused {
            return;
        }
        ailment.is_paused = !ailment.is_paused;
        let (is_paused, pause, every) = (ailment.is_paused, ailment.pause, ailment.every);
        if is_paused {
            self.slice.paused_ticks[usize::from(service)] += pause;
        }
        if is_paused || !closed {
            let next = self.now + if is_paused { pause } else { every - pause };
            self.wheel.schedule(next, Event::stamped(Kind::Pause, index, series));
        }
        self.set_limit(pod);
    }

    /// Cores that a pod may use have changed: work that waited may begin.
    fn set_limit(&mut self, pod_id: PodId) {
        let now = self.now;
        let pod = &mut self.pods[at(pod_id)];
        let cores = self.plan.services[usize::from(pod.service)].cores;
        let hogged = pod.ailment.as_ref().map_or(0, |ailment| ailment.hogged);
        pod.limit = if pod.is_paused() { 0 } else { cores - hogged.min(cores) };
        loop {
            let pod = &mut self.pods[at(pod_id)];
            if pod.cores.busy.level >= pod.limit {
                return;
            }
            let Some(next) = pod.run_queue.pop(&mut self.frames) else { return };
            let waited = (now as u32).wrapping_sub(self.frames[next].since);
            pod.cores.take_waiting(now, u64::from(waited));
            let ticks = u64::from(std::mem::take(&mut self.frames[next].work));
            self.schedule(now + ticks, Kind::CoreDone, next);
        }
    }
}
