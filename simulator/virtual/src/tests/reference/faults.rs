//! Commands: what faults and remedies change, and what happens at pods then.

use super::programs::{Frame, State};
use super::{Event, EventNumber, FrameNumber, Reference};
use crate::faults::{Command, End, Way};
use crate::slice::StationId;
use doorbuster_model::key::{Key, happens, mix, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::policies::TokenBucket;
use doorbuster_model::time::{Ticks, ticks_from_ns};

/// Pauses of a pod.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pauses {
    pause: Ticks,
    every: Ticks,
    pub(super) is_paused: bool,
    /// The event that begins or ends the next one.
    next: Option<EventNumber>,
}

impl Reference<'_> {
    /// As [`crate::cell::Cell::apply`].
    pub(crate) fn apply(&mut self, command: &Command) {
        match command {
            Command::Rotation { service, out, into, retires } => {
                for pod in self.pods_of(*service, into) {
                    self.pods[usize::from(pod)].is_present = true;
                }
                for pod in self.pods_of(*service, out) {
                    self.pods[usize::from(pod)].is_present &= !retires;
                }
                self.rotates(*service, out, into);
                self.looks_for_pods();
            }
            Command::Crash { service, pods } => self.die(&self.pods_of(*service, pods)),
            Command::Restart { service, pods } => self.live_again(&self.pods_of(*service, pods)),
            Command::Hog { service, pods, cores } => {
                for pod in self.pods_of(*service, pods) {
                    self.takes_cores(pod, *cores);
                }
            }
            Command::Pauses { service, pods, pause, every } => {
                for pod in self.pods_of(*service, pods) {
                    let first = self.now + mix(u64::from(pod) ^ self.plan.seed) % (*every).max(1);
                    let begins = *pause > 0;
                    let next = begins.then(|| self.schedule(first - self.now, Event::PauseTurns(pod)));
                    self.pods[usize::from(pod)].pauses =
                        Pauses { pause: *pause, every: *every, is_paused: false, next };
                    self.cores_change(pod);
                }
            }
            Command::Skew { service, pods, ticks } => {
                for pod in self.pods_of(*service, pods) {
                    self.pods[usize::from(pod)].skew = *ticks;
                }
            }
            Command::Defect { service, pods, slower, errors } => {
                for pod in self.pods_of(*service, pods) {
                    (self.pods[usize::from(pod)].slower, self.pods[usize::from(pod)].errors) = (*slower, *errors);
                }
            }
            Command::Way(way) => {
                self.ways.retain(|other| other.from != way.from || other.to != way.to);
                self.ways.push(*way);
            }
            Command::Stick { consumer, partitions, is_stuck } => {
                for partition in partitions {
                    self.sticks((*consumer, *partition), *is_stuck);
                }
            }
            Command::Haste(haste) => self.haste = *haste,
            Command::Surge { journey, extra_thousandths } => self.surges(*journey, *extra_thousandths),
            Command::RateLimit { service, limit } => {
                let of = &self.plan.services[usize::from(*service)];
                for pod in of.first_pod..of.first_pod + of.pods {
                    let limit = limit.or(of.rate_limit);
                    self.pods[usize::from(pod)].bucket = limit.map(|rule| TokenBucket::new(rule, self.now));
                }
            }
            of_store => self.applies_to_store(of_store),
        }
    }

    fn applies_to_store(&mut self, command: &Command) {
        let on = |statements: &[u16], shards: &[u16]| -> Vec<(u16, u16)> {
            statements.iter().flat_map(|statement| shards.iter().map(|shard| (*statement, *shard))).collect()
        };
        match command {
            Command::Index { statements, shards, lost } => {
                for place in on(statements, shards) {
                    if *lost {
                        self.lost.insert(place);
                    } else {
                        self.lost.remove(&place);
                    }
                }
            }
            Command::PoolSize { pool, size } => self.changes_size(*pool, *size),
            Command::Slow { statements, shards, factor } => {
                self.slow.extend(on(statements, shards).into_iter().map(|place| (place, *factor)));
            }
            Command::Errors { statements, threshold } => {
                self.failing.extend(statements.iter().map(|statement| (*statement, *threshold)));
            }
            Command::Lock { statements, shards, held } => {
                for place in on(statements, shards) {
                    self.locks.remove(&place);
                    if let Some((hold, every)) = held {
                        self.locks.insert(place, (self.now, *hold, *every));
                    }
                }
            }
            Command::Shards { store, shards, is_down } => {
                for shard in shards {
                    self.shard_changes((*store, *shard), *is_down);
                }
            }
            Command::HotKey { store, shard, threshold } => {
                self.hot.insert(*store, (*threshold, *shard));
            }
            Command::Flush { store, threshold } => {
                for (cache, of) in (0_u16..).zip(&self.plan.caches).filter(|(_, of)| of.store == *store) {
                    let gone = (0..of.popularity.keys())
                        .filter(|entry| happens(mix(u64::from(*entry) ^ of.place), *threshold));
                    self.absent.extend(gone.map(|entry| (cache, entry)));
                }
            }
            other => panic!("{other:?} is no store's"),
        }
    }

    fn pods_of(&self, service: u16, numbers: &[u16]) -> Vec<u16> {
        numbers.iter().map(|number| self.plan.services[usize::from(service)].first_pod + number).collect()
    }

    /// Pods die, with what they had not exported and with their programs.
    fn die(&mut self, pods: &[u16]) {
        for pod in pods {
            self.pods[usize::from(*pod)].is_down = true;
            self.sdk.crash(*pod);
        }
        let mut there: Vec<(u64, u32, u16, FrameNumber)> = Vec::new();
        for (id, frame) in &mut self.frames {
            let is_there = frame.place.is_some_and(|(_, pod)| pods.contains(&pod));
            if is_there && !matches!(frame.state, State::OnItsWay | State::Answering(_)) {
                (frame.killed, frame.cancelled) = (true, true);
                there.push((frame.trace, frame.span, frame.pc, *id));
            }
        }
        there.sort_unstable();
        for (.., id) in &there {
            if self.frames[id].state == State::InAcceptQueue {
                self.leaves_accept_queue(*id, Outcome::Unavailable);
            }
        }
        for (.., id) in &there {
            let waits =
                |frame: &Frame| matches!(frame.state, State::ForAnswer(_) | State::ForStatement(_) | State::ForNobody);
            if self.frames.get(id).is_some_and(waits) {
                self.lets_go_of_try(*id);
                self.ends(*id, Outcome::Unavailable);
            }
        }
    }

    fn live_again(&mut self, pods: &[u16]) {
        for pod in pods {
            self.pods[usize::from(*pod)].is_down = false;
        }
        self.looks_for_pods();
    }

    /// The doors are closed: whatever could keep something for ever ends.
    pub(super) fn recovers(&mut self) {
        self.unsticks();
        let all: Vec<u16> = (0..self.pods.len() as u16).collect();
        self.live_again(&all);
        for pod in all {
            self.takes_cores(pod, 0);
        }
    }

    /// How a program ends whose pod may be dead or have a defect.
    pub(super) fn outcome_at_pod(&self, id: FrameNumber, outcome: Outcome) -> Outcome {
        let frame = &self.frames[&id];
        let (_, pod) = frame.place.expect("programs have a pod");
        let fails = happens(frame.key.bits(name_hash("defect")), self.pods[usize::from(pod)].errors);
        match outcome {
            _ if frame.killed => Outcome::Unavailable,
            Outcome::Ok | Outcome::Declined if fails => Outcome::Error,
            other => other,
        }
    }

    /// Something else takes so many cores of a pod.
    fn takes_cores(&mut self, pod: u16, cores: u32) {
        let now = self.now;
        let service = self.pods[usize::from(pod)].service;
        let (hogged, since) = std::mem::replace(&mut self.pods[usize::from(pod)].hogged, (cores, now));
        self.books.busy(StationId::Cores(service), u64::from(hogged) * (now - since));
        self.cores_change(pod);
    }

    /// Cores that the programs of a pod may use.
    pub(super) fn usable_cores(&self, pod: u16) -> u32 {
        let pod = &self.pods[usize::from(pod)];
        let cores = self.plan.services[usize::from(pod.service)].cores;
        if pod.pauses.is_paused { 0 } else { cores.saturating_sub(pod.hogged.0) }
    }

    /// Those who wait take the cores that have become free, in order.
    pub(super) fn cores_change(&mut self, pod: u16) {
        while self.pods[usize::from(pod)].working < self.usable_cores(pod) {
            let of = &mut self.pods[usize::from(pod)];
            let Some((next, ticks, since)) = of.run_queue.pop_front() else { return };
            of.working += 1;
            let service = of.service;
            self.books.served(StationId::Cores(service), self.now - since);
            self.schedule(ticks, Event::WorkEnds(next));
        }
    }

    /// A pause begins or ends.
    pub(super) fn pause_turns(&mut self, pod: u16, event: EventNumber) {
        let Pauses { pause, every, is_paused, next } = self.pods[usize::from(pod)].pauses;
        if next != Some(event) || !is_paused && self.door.closed {
            return;
        }
        let next = if !is_paused {
            let service = self.pods[usize::from(pod)].service;
            self.books.paused_ticks[usize::from(service)] += pause;
            Some(self.schedule(pause, Event::PauseTurns(pod)))
        } else if self.door.closed {
            None
        } else {
            Some(self.schedule(every - pause, Event::PauseTurns(pod)))
        };
        self.pods[usize::from(pod)].pauses = Pauses { pause, every, is_paused: !is_paused, next };
        self.cores_change(pod);
    }

    /// How long a try from a service is held up; `None` if it is lost.
    pub(super) fn held_up(&self, from: u16, to: End, key: Key) -> Option<Ticks> {
        let Some(Way { delay, loss, .. }) = self.ways.iter().find(|way| way.from == from && way.to == to) else {
            return Some(0);
        };
        let bits = key.bits(name_hash("loss"));
        let losses = (0..7_u32).take_while(|n| happens(mix(bits ^ u64::from(*n)), *loss)).count() as u32;
        (losses < 7).then(|| delay + ((1 << losses) - 1) * ticks_from_ns(200_000_000))
    }
}
