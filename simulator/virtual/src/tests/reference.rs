//! The reference engine: the rules of `docs/engine.md`, played as naively as they are written.
//!
//! Owns a second, independent reading of that document: one heap of events that hold their data, maps by id,
//! queues that are searched from end to end. Refuses speed, and refuses to look at the engine: what the two
//! share is the plan, its draws and policies, and the SDK. Where they differ, one of them contradicts the document.

mod books;
mod calls;
mod faults;
mod messages;
mod programs;
mod shoppers;
mod statements;

use super::compare::Standing;
use super::stream::Stream;
use crate::faults::{Haste, Way};
use crate::slice::stations;
pub(crate) use books::Books;
use calls::Pod;
use doorbuster_model::key::{Key, name_hash};
use doorbuster_model::plan::{Plan, StatementId};
use doorbuster_model::policies::{Breaker, RetryBudget};
use doorbuster_model::time::Ticks;
use doorbuster_telemetry::sdk::{Sdk, Settings};
use messages::{Partition, PartitionPlace};
use programs::Frame;
use shoppers::Door;
use statements::{Pool, Shard, Statement};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Frames are numbered in the order in which they were made, and no number is used again.
type FrameNumber = u64;
/// So are statements.
type StatementNumber = u64;
/// And events: in the order in which they were scheduled or armed.
type EventNumber = u64;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    ShopperArrives,
    /// One more than usual, of a journey.
    OneMoreArrives(u16),
    CallArrives(FrameNumber),
    /// One who waited in the accept queue begins.
    CallBegins(FrameNumber),
    WorkEnds(Worker),
    /// A wait, a backoff or a pause is over.
    PauseEnds(FrameNumber),
    /// The answer of a callee is at its caller.
    AnswerArrives(FrameNumber),
    CancellationArrives(FrameNumber),
    ShardWakes(u16, u16),
    StatementReturns(StatementNumber),
    /// A statement that was held up is at its shard.
    StatementArrives(StatementNumber),
    LockIsFree(StatementNumber),
    /// The message of a group and partition whose turn it is starts.
    Consumes(PartitionPlace),
    /// A pod's pause begins or ends.
    PauseTurns(u16),
    Timeout(FrameNumber),
}

/// Who works on a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worker {
    Program(FrameNumber),
    /// What a statement costs the pod that asks it.
    Client(StatementNumber),
}

/// Timeouts of a tick come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Event,
    Timeout,
}

/// An event in the agenda; the first one is the next to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Ticks,
    class: Class,
    number: EventNumber,
    event: Event,
}

/// One cell, played naively.
pub(crate) struct Reference<'p> {
    plan: &'p Plan,
    key: Key,
    now: Ticks,
    agenda: BinaryHeap<Reverse<Entry>>,
    scheduled: EventNumber,
    made: u64,
    /// The timeout that a frame still wants.
    timeouts: BTreeMap<FrameNumber, EventNumber>,
    frames: BTreeMap<FrameNumber, Frame>,
    pods: Vec<Pod>,
    /// Pods of each service that callers choose from, in order.
    rotation: Vec<Vec<u16>>,
    /// Entries of caches that were flushed and not filled since.
    absent: BTreeSet<(u16, u32)>,
    /// By site and pod.
    breakers: BTreeMap<(u16, u16), Breaker>,
    budgets: BTreeMap<(u16, u16), RetryBudget>,
    /// Sizes of the plan's pools.
    sizes: Vec<u32>,
    /// The next pod of each service in turn.
    turns: Vec<usize>,
    /// By pool of the plan, pod and shard.
    pools: BTreeMap<(u16, u16, u16), Pool>,
    /// By store and shard.
    shards: BTreeMap<(u16, u16), Shard>,
    statements: BTreeMap<StatementNumber, Statement>,
    /// Statements and shards without their index.
    lost: BTreeSet<(StatementId, u16)>,
    /// And how much longer they take, in 2^-16; since when a lock is held, for how long, how often.
    slow: BTreeMap<(StatementId, u16), u64>,
    locks: BTreeMap<(StatementId, u16), (Ticks, Ticks, Ticks)>,
    /// How often a statement is answered with an error, in 2^-32.
    failing: BTreeMap<StatementId, u64>,
    /// How often a store is asked for its hot key, in 2^-32, and the shard of that.
    hot: BTreeMap<u16, (u64, u16)>,
    ways: Vec<Way>,
    partitions: BTreeMap<PartitionPlace, Partition>,
    haste: Option<Haste>,
    door: Door,
    sdk: Sdk,
    pub(crate) stream: Stream,
    pub(crate) books: Books,
}

impl<'p> Reference<'p> {
    /// A cell at time zero, with its doors open.
    pub(crate) fn new(plan: &'p Plan, cell: u32) -> Self {
        let key = Key::of_seed(plan.seed).child(name_hash("cell"), u64::from(cell));
        let pods: u16 = plan.services.iter().map(|service| service.pods).sum();
        let shards = (0..plan.stores.len() as u16)
            .flat_map(|store| (0..plan.stores[usize::from(store)].shards).map(move |shard| (store, shard)));
        let mut reference = Self {
            plan,
            key,
            now: 0,
            agenda: BinaryHeap::new(),
            scheduled: 0,
            made: 0,
            timeouts: BTreeMap::new(),
            frames: BTreeMap::new(),
            pods: plan
                .services
                .iter()
                .zip(0..)
                .flat_map(|(of, id)| (0..of.pods).map(move |nth| Pod::new(of, id, nth)))
                .collect(),
            rotation: plan
                .services
                .iter()
                .map(|of| (of.first_pod..of.first_pod + of.pods_at_first).collect())
                .collect(),
            absent: BTreeSet::new(),
            breakers: BTreeMap::new(),
            budgets: BTreeMap::new(),
            sizes: plan.pools.iter().map(|pool| pool.size).collect(),
            turns: vec![0; plan.services.len()],
            pools: BTreeMap::new(),
            shards: shards.map(|place| (place, Shard::new(&plan.stores[usize::from(place.0)]))).collect(),
            statements: BTreeMap::new(),
            lost: BTreeSet::new(),
            slow: BTreeMap::new(),
            locks: BTreeMap::new(),
            failing: BTreeMap::new(),
            hot: BTreeMap::new(),
            ways: Vec::new(),
            partitions: BTreeMap::new(),
            haste: None,
            door: Door::default(),
            sdk: Sdk::new(pods, Settings::CASE_STUDY, key),
            stream: Stream::default(),
            books: Books::new(plan, stations(plan)),
        };
        reference.open_doors(cell);
        reference
    }

    /// Plays everything before tick `until`, then moves there.
    pub(crate) fn play(&mut self, until: Ticks) {
        loop {
            let next_event = self.agenda.peek().map_or(Ticks::MAX, |Reverse(entry)| entry.at);
            let tick = next_event.min(self.sdk.next_timer());
            if tick >= until {
                break;
            }
            self.now = tick;
            while let Some(&Reverse(entry)) = self.agenda.peek().filter(|Reverse(entry)| entry.at == tick) {
                self.agenda.pop();
                self.happens(entry);
            }
            self.sdk.end_of_tick(tick, &mut self.stream);
        }
        self.now = until;
    }

    /// How things stand now.
    pub(super) fn standing(&self) -> Standing {
        let mut lags = vec![0; self.plan.consumers.len()];
        for ((group, _), partition) in &self.partitions {
            lags[usize::from(*group)] += partition.lag();
        }
        let of = |count: fn(&Pod) -> u64| -> Vec<u64> {
            let services = 0..self.plan.services.len();
            let pods = |service: usize| self.pods.iter().filter(move |pod| usize::from(pod.service) == service);
            services.map(|service| pods(service).map(count).sum()).collect()
        };
        let there = of(|pod| u64::from(pod.is_present));
        let alive = of(|pod| u64::from(pod.is_present && !pod.is_down));
        Standing { lags, pods: there.into_iter().zip(alive).collect(), in_flight: of(|pod| u64::from(pod.in_flight)) }
    }

    /// Closes the doors, plays until `end` and exports the rest. What is still there then is told in words.
    pub(crate) fn drain(&mut self, end: Ticks) -> Vec<String> {
        self.door.closed = true;
        self.recovers();
        self.play(end);
        self.sdk.shutdown(end, &mut self.stream);
        let frames = self.frames.values().map(|frame| format!("the reference still has {frame:?}"));
        frames
            .chain(self.statements.values().map(|statement| format!("the reference still has {statement:?}")))
            .chain(self.partitions.values().filter(|one| one.lag() > 0).map(|one| format!("and messages: {one:?}")))
            .collect()
    }

    fn happens(&mut self, entry: Entry) {
        match entry.event {
            Event::ShopperArrives => self.shopper_arrives(),
            Event::OneMoreArrives(journey) => self.one_more_arrives(journey, entry.number),
            Event::CallArrives(frame) => self.call_arrives(frame),
            Event::CallBegins(frame) => self.call_begins(frame),
            Event::WorkEnds(worker) => self.work_ends(worker),
            Event::PauseEnds(frame) => self.pause_ends(frame),
            Event::AnswerArrives(callee) => self.answer_arrives(callee),
            Event::CancellationArrives(callee) => self.cancellation_arrives(callee),
            Event::ShardWakes(store, shard) => self.shard_wakes((store, shard), entry.number),
            Event::StatementReturns(statement) => self.statement_returns(statement),
            Event::StatementArrives(statement) => self.statement_arrives(statement),
            Event::LockIsFree(statement) => self.lock_is_free(statement),
            Event::Consumes(place) => self.consumes(place),
            Event::PauseTurns(pod) => self.pause_turns(pod, entry.number),
            Event::Timeout(frame) => {
                if self.timeouts.get(&frame) == Some(&entry.number) {
                    self.timeouts.remove(&frame);
                    self.timeout(frame);
                }
            }
        }
    }

    fn schedule(&mut self, after: Ticks, event: Event) -> EventNumber {
        self.enter(after, Class::Event, event)
    }

    /// Arms the timeout of a frame, in place of the one it had.
    fn arm(&mut self, frame: FrameNumber, after: Ticks) {
        let number = self.enter(after, Class::Timeout, Event::Timeout(frame));
        self.timeouts.insert(frame, number);
    }

    fn enter(&mut self, after: Ticks, class: Class, event: Event) -> EventNumber {
        self.scheduled += 1;
        self.agenda.push(Reverse(Entry { at: self.now + after, class, number: self.scheduled, event }));
        self.scheduled
    }

    fn next_number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// A duration drawn from a table of the plan.
    fn draw(&self, draw: u16, key: Key) -> Ticks {
        self.plan.draws[usize::from(draw)].ticks(key.0).min(1 << 30)
    }
}

/// `n` things, one of them chosen by 32 random bits.
fn scaled(bits: u64, n: usize) -> usize {
    assert!(bits >> 32 == 0, "invariant: 32 bits choose");
    ((bits * n as u64) >> 32) as usize
}
