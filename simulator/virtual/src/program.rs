//! Programs: the instructions of a frame, run until something has to be waited for.

use crate::engine::{Engine, ONE_Q16, at, planted};
use crate::event::Kind;
use crate::frame::{CANCELLED, DECLINED, FrameId, KILLED, NIL, NO_POD, STRAND, State};
use doorbuster_model::key::{Key, happens, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{CacheId, Costs, DrawId, Instr};
use doorbuster_model::time::Ticks;

/// Draws end here: 18 minutes, a quarter of what a frame's 32-bit ticks can tell apart.
pub(crate) const MAX_DRAW_TICKS: Ticks = 1 << 30;

/// Which entry of a cache is asked for.
const ENTRY: u64 = name_hash("entry");

/// A time that takes `factor` times as long, in 2^-16.
#[inline]
pub(crate) fn slowed(ticks: Ticks, factor: u64) -> Ticks {
    if factor == ONE_Q16 { ticks } else { (ticks.saturating_mul(factor) >> 16).min(MAX_DRAW_TICKS) }
}

impl<'p> Engine<'p> {
    /// Runs the program of a frame from where it stands.
    pub(crate) fn run(&mut self, id: FrameId) {
        let plan = self.plan;
        loop {
            let frame = &mut self.frames[id];
            match plan.code[usize::from(frame.pc)] {
                Instr::Compute { draw, place } => {
                    frame.pc += 1;
                    let (key, pod) = (frame.key.child(place, 0), frame.pod);
                    let ticks = slowed(self.draw(draw, key), self.pods[at(pod)].slower());
                    return self.work_on(id, ticks, State::Computing);
                }
                Instr::Wait { .. } | Instr::Request(_) if frame.pod == NO_POD && self.shoppers.doors_closed() => {
                    return self.frames.free(id);
                }
                Instr::Wait { draw, place } => {
                    frame.pc += 1;
                    frame.state = State::Waiting;
                    // A shopper's repeats of a request are told apart by their number.
                    let key = frame.key.child(place, u64::from(frame.work));
                    let ticks = self.draw(draw, key);
                    return self.schedule(self.now + ticks, Kind::Resume, id);
                }
                Instr::Call(site) | Instr::Request(site) | Instr::Query(site) => {
                    frame.attempt = 0;
                    return self.ask(id, site);
                }
                Instr::Unless { threshold, place, to } => {
                    let goes_on = happens(frame.key.child(u64::from(place), 0).0, threshold);
                    frame.pc = if goes_on { frame.pc + 1 } else { to };
                }
                Instr::UnlessMiss { cache, to } => {
                    let key = frame.key;
                    let goes_on = self.misses(cache, key);
                    let frame = &mut self.frames[id];
                    frame.pc = if goes_on { frame.pc + 1 } else { to };
                }
                Instr::Filled(cache) => {
                    frame.pc += 1;
                    let key = frame.key;
                    self.fill(cache, key);
                }
                Instr::Jump(to) => frame.pc = to,
                Instr::Fail { threshold, place } => {
                    if happens(frame.key.child(u64::from(place), 0).0, threshold) {
                        return self.finish(id, Outcome::Error);
                    }
                    frame.pc += 1;
                }
                Instr::Decline { threshold, place } => {
                    if happens(frame.key.child(u64::from(place), 0).0, threshold) {
                        frame.flags |= DECLINED;
                    }
                    frame.pc += 1;
                }
                Instr::Fork { strands, .. } => return self.fork(id, strands),
                Instr::Repeat { to, times } => {
                    frame.work += 1;
                    if frame.work < times {
                        frame.pc = to;
                    } else {
                        frame.work = 0;
                        frame.pc += 1;
                    }
                }
                Instr::Join | Instr::End => {
                    let outcome = if frame.has(DECLINED) { Outcome::Declined } else { Outcome::Ok };
                    return self.finish(id, outcome);
                }
                Instr::Restart => return self.restart(id),
            }
        }
    }

    /// A time from a table, bounded by [`MAX_DRAW_TICKS`].
    #[inline]
    pub(crate) fn draw(&self, draw: DrawId, key: Key) -> Ticks {
        self.plan.draws[usize::from(draw)].ticks(key.0).min(MAX_DRAW_TICKS)
    }

    /// Work on a core of the pod: at once if one is free, else after those who came before. `state` says what for.
    #[inline(always)]
    pub(crate) fn work_on(&mut self, id: FrameId, ticks: Ticks, state: State) {
        let now = self.now;
        self.frames[id].state = state;
        let pod = &mut self.pods[at(self.frames[id].pod)];
        let is_free = pod.cores.busy.level < pod.limit;
        if is_free || planted!(self, WorkInPause) && pod.is_paused() {
            pod.cores.take(now);
            self.schedule(now + ticks, Kind::CoreDone, id);
        } else {
            pod.cores.enqueue(now);
            self.frames[id].work = ticks as u32;
            self.frames[id].since = now as u32;
            pod.run_queue.push(&mut self.frames, id);
        }
    }

    /// What the frame's pod pays for.
    pub(crate) fn costs(&self, id: FrameId) -> &'p Costs {
        &self.plan.services[usize::from(self.pods[at(self.frames[id].pod)].service)].costs
    }

    /// A core is free: the next in the run queue takes it over, then the frame goes on.
    pub(crate) fn core_done(&mut self, id: FrameId) {
        let now = self.now;
        let pod = &mut self.pods[at(self.frames[id].pod)];
        let is_free = pod.cores.busy.level <= pod.limit;
        if let Some(next) = is_free.then(|| pod.run_queue.pop(&mut self.frames)).flatten() {
            let frame = &self.frames[next];
            pod.cores.hand_over(now, u64::from((now as u32).wrapping_sub(frame.since)));
            let ticks = u64::from(frame.work) + u64::from(planted!(self, LateWork));
            self.frames[next].work = 0;
            self.schedule(now + ticks, Kind::CoreDone, next);
        } else {
            pod.cores.release(now);
        }
        match self.frames[id].state {
            State::Rejecting => self.turned_away(id),
            State::TimingOut => self.timed_out(id),
            State::Retrying if !self.is_cancelled(id) => {
                let (site, _) = self.site_of(id);
                self.ask(id, site);
            }
            State::Failing => self.acquire_failed(id),
            State::Receiving => self.taken_in(id),
            _ => self.go_on(id),
        }
    }

    /// A wait or a backoff is over.
    pub(crate) fn resume(&mut self, id: FrameId) {
        if self.frames[id].pod == NO_POD && self.shoppers.doors_closed() {
            return self.frames.free(id);
        }
        if self.frames[id].state == State::Backoff && !self.is_cancelled(id) {
            let (site, _) = self.site_of(id);
            return self.try_again(id, site);
        }
        self.go_on(id);
    }

    fn go_on(&mut self, id: FrameId) {
        if self.is_cancelled(id) && !planted!(self, ForgottenCancel) {
            self.finish(id, Outcome::Cancelled);
        } else {
            self.run(id);
        }
    }

    /// Whether the frame, or the one whose strand it is, was told to stop.
    pub(crate) fn is_cancelled(&self, id: FrameId) -> bool {
        let frame = &self.frames[id];
        frame.has(CANCELLED) || frame.has(STRAND) && self.is_cancelled(frame.parent)
    }

    /// Whether a lookup misses, by chance or because its entry was flushed.
    fn misses(&mut self, cache: CacheId, key: Key) -> bool {
        let of = &self.plan.caches[usize::from(cache)];
        let key = key.child(of.place, 0);
        let missed = happens(key.0, of.threshold) || {
            let absent = &self.absent[usize::from(cache)];
            !absent.is_empty() && {
                let entry = of.popularity.key(key.bits(ENTRY)) as usize;
                absent[entry / 64] >> (entry % 64) & 1 == 1
            }
        };
        let lookups = &mut self.slice.caches[usize::from(cache)];
        lookups.hits += u64::from(!missed);
        lookups.misses += u64::from(missed);
        missed
    }

    /// The entry that was missed is there again.
    fn fill(&mut self, cache: CacheId, key: Key) {
        let absent = &mut self.absent[usize::from(cache)];
        if !absent.is_empty() && !planted!(self, ForgottenFill) {
            let of = &self.plan.caches[usize::from(cache)];
            let entry = of.popularity.key(key.child(of.place, 0).bits(ENTRY)) as usize;
            absent[entry / 64] &= !(1 << (entry % 64));
        }
    }

    /// Starts strands at the instructions after the fork; each is a frame of its own with the same key and span.
    fn fork(&mut self, id: FrameId, strands: u16) {
        self.frames[id].state = State::Forked;
        self.frames[id].attempt = 0;
        self.frames[id].work = u32::from(strands);
        for nth in 0..strands {
            let strand = self.frames.alloc(State::Computing);
            let parent = self.frames[id];
            let frame = &mut self.frames[strand];
            frame.key = parent.key;
            frame.trace = parent.trace;
            frame.arrived = parent.arrived;
            frame.user = parent.user;
            frame.parent = id;
            frame.span = parent.span;
            frame.pc = parent.pc + 1 + nth;
            frame.pod = parent.pod;
            frame.flags = STRAND | parent.flags & KILLED;
            self.run(strand);
        }
    }

    /// A strand has ended. The last one lets the program go on, or fails it with the first failure.
    pub(crate) fn join(&mut self, strand: FrameId, outcome: Outcome) {
        let id = self.frames[strand].parent;
        self.frames.free(strand);
        let frame = &mut self.frames[id];
        frame.work -= 1;
        if outcome == Outcome::Declined {
            frame.flags |= DECLINED;
        } else if !outcome.answered() && frame.attempt == 0 {
            frame.attempt = outcome as u8;
        }
        if frame.work > 0 {
            return;
        }
        let failure = Outcome::ALL[usize::from(frame.attempt)];
        let Instr::Fork { join, .. } = self.plan.code[usize::from(frame.pc)] else {
            unreachable!("invariant: a forked frame stands at its fork");
        };
        frame.pc = join;
        frame.child = NIL;
        if failure == Outcome::Ok || self.is_cancelled(id) {
            self.go_on(id);
        } else {
            self.finish(id, failure);
        }
    }
}
