//! Programs: what a frame is, and what each instruction does.

use super::messages::PartitionPlace;
use super::{Event, FrameNumber, Reference, StatementNumber, Worker};
use crate::slice::StationId;
use doorbuster_model::key::{Key, happens, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::Instr;
use doorbuster_model::time::Ticks;
use doorbuster_telemetry::record::SpanRecord;

/// A program that runs: of a call, of a strand, or of a shopper.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) role: Role,
    pub(super) state: State,
    /// The service and the pod it runs on; a shopper is nowhere.
    pub(super) place: Option<(u16, u16)>,
    pub(super) key: Key,
    pub(super) user: u32,
    /// A trace word; of a shopper, without its number.
    pub(super) trace: u64,
    /// Index of the program's own span.
    pub(super) span: u32,
    pub(super) pc: u16,
    /// The site that is being tried.
    pub(super) site: u16,
    pub(super) attempt: u8,
    /// When this try began.
    pub(super) asked_at: Ticks,
    /// The shard that the last statement went to.
    pub(super) asked_shard: u16,
    /// A shopper's repeats so far.
    pub(super) repeats: u32,
    pub(super) declined: bool,
    /// A shopper's last request failed.
    pub(super) affected: bool,
    pub(super) cancelled: bool,
    /// Its pod has died.
    pub(super) killed: bool,
}

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Shopper,
    /// The caller is gone when nobody waits for the answer.
    Call {
        caller: Option<FrameNumber>,
        endpoint: u16,
        arrived: Ticks,
        began: Ticks,
    },
    Strand {
        of: FrameNumber,
    },
    /// Of a consumer group and a partition.
    Message {
        of: PartitionPlace,
        began: Ticks,
    },
}

/// What a frame does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    OnItsWay,
    InAcceptQueue,
    /// A worker is free for it, and its beginning is scheduled.
    AboutToBegin,
    /// On a core, or in the run queue: for the program, to be turned away, on a timeout, on a further try.
    Working,
    Rejecting(Outcome),
    TimingOut,
    Retrying,
    /// In a wait, a backoff or a pause.
    Pausing {
        then: After,
    },
    ForAnswer(FrameNumber),
    ForStatement(StatementNumber),
    /// What it asked was lost on the way.
    ForNobody,
    Forked {
        left: u16,
        join: u16,
        failure: Option<Outcome>,
    },
    /// Its answer is on the way.
    Answering(Outcome),
}

/// What follows a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    NextStep,
    NextTry,
}

impl Reference<'_> {
    pub(super) fn frame(&mut self, id: FrameNumber) -> &mut Frame {
        self.frames.get_mut(&id).expect("the frame is there")
    }

    /// Goes on with a program, unless it was cancelled meanwhile.
    pub(super) fn goes_on(&mut self, id: FrameNumber) {
        self.frame(id).state = State::Running;
        if self.frame(id).cancelled {
            self.ends(id, Outcome::Cancelled);
            return;
        }
        while self.step(id) {}
    }

    /// Takes one step; whether the program can take another at once.
    fn step(&mut self, id: FrameNumber) -> bool {
        let frame = self.frame(id).clone();
        let instr = self.plan.code[usize::from(frame.pc)];
        let drawn = |place: u64| frame.key.child(place, 0);
        let mut next = frame.pc + 1;
        match instr {
            Instr::Compute { draw, place } => {
                self.frame(id).pc = next;
                let (_, pod) = frame.place.expect("programs with work run on a pod");
                let slower = self.pods[usize::from(pod)].slower;
                let ticks = ((self.draw(draw, drawn(place)) * slower) >> 16).min(1 << 30);
                self.works(id, ticks, State::Working);
                return false;
            }
            Instr::Wait { draw, place } => {
                self.frame(id).pc = next;
                let ticks = self.draw(draw, frame.key.child(place, u64::from(frame.repeats)));
                self.pauses(id, ticks, After::NextStep);
                return false;
            }
            Instr::Call(site) | Instr::Query(site) | Instr::Request(site) => {
                self.frame(id).site = site;
                self.frame(id).attempt = 0;
                self.asks(id);
                return false;
            }
            Instr::Unless { threshold, place, to } => {
                if !happens(drawn(u64::from(place)).0, threshold) {
                    next = to;
                }
            }
            Instr::UnlessMiss { cache, to } => {
                if !self.misses(cache, frame.key) {
                    next = to;
                }
            }
            Instr::Filled(cache) => {
                self.absent.remove(&(cache, self.entry(cache, frame.key)));
            }
            Instr::Jump(to) => next = to,
            Instr::Fork { strands, join } => {
                self.forks(id, strands, join);
                return false;
            }
            Instr::Fail { threshold, place } => {
                if happens(drawn(u64::from(place)).0, threshold) {
                    self.ends(id, Outcome::Error);
                    return false;
                }
            }
            Instr::Decline { threshold, place } => {
                if happens(drawn(u64::from(place)).0, threshold) {
                    self.frame(id).declined = true;
                }
            }
            Instr::Join | Instr::End => {
                self.ends(id, if frame.declined { Outcome::Declined } else { Outcome::Ok });
                return false;
            }
            Instr::Repeat { to, times } => {
                let made = frame.repeats + 1;
                self.frame(id).repeats = if made < times { made } else { 0 };
                if made < times {
                    next = to;
                }
            }
            Instr::Restart => {
                self.starts_over(id);
                return false;
            }
        }
        self.frame(id).pc = next;
        true
    }

    /// The entry that a cached step of a frame asks for.
    fn entry(&self, cache: u16, frame: Key) -> u32 {
        let of = &self.plan.caches[usize::from(cache)];
        of.popularity.key(frame.child(of.place, 0).bits(name_hash("entry")))
    }

    /// Whether a lookup that was answered found nothing: by chance, or because of a flush.
    fn misses(&mut self, cache: u16, frame: Key) -> bool {
        let of = &self.plan.caches[usize::from(cache)];
        let missed = happens(frame.child(of.place, 0).0, of.threshold)
            || self.absent.contains(&(cache, self.entry(cache, frame)));
        let book = &mut self.books.caches[usize::from(cache)];
        *(if missed { &mut book.misses } else { &mut book.hits }) += 1;
        missed
    }

    /// Needs a core of its pod for so long.
    pub(super) fn works(&mut self, id: FrameNumber, ticks: Ticks, state: State) {
        self.frame(id).state = state;
        let place = self.frame(id).place.expect("programs with work run on a pod");
        self.works_for(Worker::Program(id), place, ticks);
    }

    /// Gives work to a core of a pod, or to its run queue.
    pub(super) fn works_for(&mut self, worker: Worker, (service, pod): (u16, u16), ticks: Ticks) {
        self.books.busy(StationId::Cores(service), ticks);
        let is_free = self.pods[usize::from(pod)].working < self.usable_cores(pod);
        let pod = &mut self.pods[usize::from(pod)];
        if is_free {
            pod.working += 1;
            self.books.served(StationId::Cores(service), 0);
            self.schedule(ticks, Event::WorkEnds(worker));
        } else {
            pod.run_queue.push_back((worker, ticks, self.now));
            self.books.queue(StationId::Cores(service), pod.run_queue.len());
        }
    }

    /// The next in the run queue gets the core, then the program goes on.
    pub(super) fn work_ends(&mut self, worker: Worker) {
        let (_, pod) = match worker {
            Worker::Program(id) => self.frame(id).place.expect("programs with work run on a pod"),
            Worker::Client(statement) => self.place_of(statement),
        };
        self.pods[usize::from(pod)].working -= 1;
        self.cores_change(pod);
        let id = match worker {
            Worker::Program(id) => id,
            Worker::Client(statement) => return self.client_work_ends(statement),
        };
        let Frame { state, cancelled, .. } = self.frames[&id];
        match state {
            State::Rejecting(outcome) => self.turned_away(id, outcome),
            State::TimingOut => self.try_failed(id, Outcome::Timeout),
            State::Retrying if !cancelled => self.asks(id),
            _ => self.goes_on(id),
        }
    }

    /// Lets time pass; a shopper leaves instead when the doors are closed.
    pub(super) fn pauses(&mut self, id: FrameNumber, ticks: Ticks, then: After) {
        if self.frame(id).role == Role::Shopper && self.door.closed {
            self.frames.remove(&id);
            return;
        }
        self.frame(id).state = State::Pausing { then };
        self.schedule(ticks, Event::PauseEnds(id));
    }

    pub(super) fn pause_ends(&mut self, id: FrameNumber) {
        let State::Pausing { then } = self.frame(id).state else { panic!("a pause that was not begun") };
        if then == After::NextTry && !self.frame(id).cancelled {
            self.tries_again(id);
        } else {
            self.goes_on(id);
        }
    }

    /// Starts strands one after the other; the last to end lets the program go on.
    fn forks(&mut self, id: FrameNumber, strands: u16, join: u16) {
        self.frame(id).state = State::Forked { left: strands, join, failure: None };
        let (first, strand) = (self.frame(id).pc + 1, self.frame(id).clone());
        for nth in 0..strands {
            let number = self.next_number();
            let frame = Frame { role: Role::Strand { of: id }, pc: first + nth, declined: false, ..strand.clone() };
            self.frames.insert(number, frame);
            self.goes_on(number);
        }
    }

    fn strand_ends(&mut self, id: FrameNumber, outcome: Outcome, declined: bool) {
        let State::Forked { left, join, failure } = self.frame(id).state else { panic!("a strand of no fork") };
        self.frame(id).declined |= declined;
        let failure = failure.or((!outcome.answered()).then_some(outcome));
        if left > 1 {
            self.frame(id).state = State::Forked { left: left - 1, join, failure };
            return;
        }
        self.frame(id).pc = join;
        match failure {
            Some(outcome) if !self.frame(id).cancelled => self.ends(id, outcome),
            _ => self.goes_on(id),
        }
    }

    /// Ends a program.
    pub(super) fn ends(&mut self, id: FrameNumber, outcome: Outcome) {
        match self.frame(id).role {
            Role::Shopper => {
                self.frames.remove(&id);
            }
            Role::Strand { of } => {
                let declined = self.frame(id).declined;
                self.frames.remove(&id);
                self.strand_ends(of, outcome, declined);
            }
            Role::Call { .. } => self.call_ends(id, self.outcome_at_pod(id, outcome)),
            Role::Message { .. } => self.message_ends(id, self.outcome_at_pod(id, outcome)),
        }
    }

    /// Marks a program as cancelled, and its strands.
    pub(super) fn mark(&mut self, id: FrameNumber) {
        self.frame(id).cancelled = true;
        let strands: Vec<FrameNumber> =
            self.frames.iter().filter(|(_, frame)| frame.role == Role::Strand { of: id }).map(|(id, _)| *id).collect();
        for strand in strands {
            self.mark(strand);
        }
    }

    /// A span of a frame's pod ends now.
    pub(super) fn span(&mut self, id: FrameNumber, mut record: SpanRecord) {
        let frame = &self.frames[&id];
        if frame.killed {
            return;
        }
        record.trace = frame.trace;
        record.pod = frame.place.expect("spans end at a pod").1;
        record.duration = (self.now - record.start) as u32;
        record.start = record.start.saturating_add_signed(self.pods[usize::from(record.pod)].skew);
        self.sdk.push(record);
    }
}
