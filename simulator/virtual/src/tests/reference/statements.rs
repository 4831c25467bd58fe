//! Statements: pools of connections, and stores.

use super::messages::Message;
use super::programs::State;
use super::{Event, EventNumber, FrameNumber, Reference, StatementNumber, Worker, scaled};
use crate::faults::End;
use crate::slice::StationId;
use doorbuster_model::key::{Key, happens, mix, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{NONE, StatementId, Store};
use doorbuster_model::time::Ticks;
use doorbuster_scenarios::types::Discipline;
use std::collections::VecDeque;

/// A statement that was asked.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// Who waits for it, if anybody still does.
    asker: Option<FrameNumber>,
    of: StatementId,
    /// Its shard: the store, and which.
    at: (u16, u16),
    /// The service and the pod that ask it.
    from: (u16, u16),
    /// Its pool, if its service has one: of the plan, the pod, the shard.
    pool: Option<(u16, u16, u16)>,
    work: Ticks,
    /// What it costs the pod to take its answer in, if that costs anything.
    answer: Option<Ticks>,
    /// Waits for a connection in vain.
    in_vain: u64,
    /// Rows that it examines if it is not killed.
    rows: u64,
    /// The key of its try, for the way.
    key: Key,
    /// How it will be answered.
    outcome: Outcome,
    /// What it publishes.
    message: Option<Message>,
    /// When it reached its shard.
    reached: Ticks,
    stage: Stage,
}

/// Where a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    InPoolQueue {
        since: Ticks,
    },
    /// After a wait in vain: on a core of the pod, or in the run queue.
    Failing,
    /// On a slow way, or waiting for a lock at its shard.
    HeldUp,
    /// It never arrives.
    Lost,
    /// At its shard. With processor sharing it is done when `R` reaches `mark`, in 2^-16 ticks; else the tick is known.
    AtStore {
        mark: u64,
        sent: Ticks,
        done: Option<Ticks>,
    },
    OnItsWayBack,
    /// On a core of the pod, or in the run queue.
    Receiving,
}

/// The connections of a pod to a shard.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// Who holds a connection, since when.
    held: Vec<(StatementNumber, Ticks)>,
    waiting: VecDeque<StatementNumber>,
}

/// A shard of a store.
#[derive(Clone, Debug, Default)]
pub(super) struct Shard {
    is_down: bool,
    /// With `fifo`: when each core will be free.
    free_at: Vec<Ticks>,
    /// With `ps`: what runs, in order of sending.
    running: Vec<StatementNumber>,
    /// With `ps`: `R` at the last change, in 2^-16 ticks.
    received: u64,
    changed_at: Ticks,
    wake: Option<(Ticks, EventNumber)>,
}

impl Shard {
    pub(super) fn new(store: &Store) -> Self {
        Self { free_at: vec![0; store.cores as usize], ..Self::default() }
    }
}

impl Reference<'_> {
    /// The partition of a topic that a user's messages are on.
    pub(super) fn part_of(&self, user: u32, topic: StatementId) -> u16 {
        let topic = &self.plan.statements[usize::from(topic)];
        let of = &self.plan.stores[usize::from(topic.store)];
        scaled(mix(u64::from(user) ^ of.place) >> 32, usize::from(topic.partitions)) as u16
    }

    /// The shard that a try goes to: that of a hot key, the broker that leads the partition, or that of the user's data.
    fn shard_of(&self, user: u32, statement: StatementId, key: Key) -> (u16, u16) {
        let store = self.plan.statements[usize::from(statement)].store;
        let of = &self.plan.stores[usize::from(store)];
        if let Some((often, shard)) = self.hot.get(&store)
            && happens(key.bits(name_hash("hot key")), *often)
        {
            return (store, *shard);
        }
        if self.plan.statements[usize::from(statement)].partitions > 0 {
            return (store, self.part_of(user, statement) % of.shards);
        }
        (store, scaled(mix(u64::from(user) ^ of.place) >> 32, usize::from(of.shards)) as u16)
    }

    /// Draws the work, then sends the statement or queues for a connection, and arms the timeout.
    pub(super) fn asks_statement(&mut self, id: FrameNumber, of: StatementId, pool: u16) {
        let frame = self.frame(id).clone();
        let site = &self.plan.sites[usize::from(frame.site)];
        let key = frame.key.child(site.place, u64::from(frame.attempt));
        let at = self.shard_of(frame.user, of, key);
        self.frame(id).asked_shard = at.1;
        let what = &self.plan.statements[usize::from(of)];
        let mut work = self.plan.draws[usize::from(what.cost)].ticks(key.bits(name_hash("cost"))).min(1 << 30);
        let mut rows = what.rows;
        if let Some(scan) = what.scan.as_ref().filter(|_| self.lost.contains(&(of, at.1))) {
            work = (work + scan.work).min(1 << 30);
            rows = scan.rows;
        }
        if let Some(factor) = self.slow.get(&(of, at.1)) {
            work = ((work * factor) >> 16).min(1 << 30);
        }
        let errors = self.failing.get(&of).copied().unwrap_or(0);
        let outcome = if happens(key.bits(name_hash("errors")), errors) { Outcome::Error } else { Outcome::Ok };
        let from = frame.place.expect("statements are asked at a pod");
        let cost = self.plan.services[usize::from(from.0)].costs.answer;
        let answer = cost.map(|draw| self.draw(draw, Key(key.bits(name_hash("answer")))));
        let number = self.next_number();
        let pool = (pool != NONE).then_some((pool, from.1, at.1));
        let stage = Stage::InPoolQueue { since: self.now };
        let message = (what.partitions > 0).then(|| self.message_of(&frame, of));
        let asker = Some(id);
        let statement = Statement {
            asker,
            of,
            at,
            from,
            pool,
            work,
            answer,
            in_vain: 0,
            rows,
            key,
            outcome,
            message,
            reached: 0,
            stage,
        };
        self.statements.insert(number, statement);
        self.frame(id).state = State::ForStatement(number);
        self.waits_for(id, number);
    }

    /// Sends a statement if there is a connection, else it waits; then its timeout is armed.
    fn waits_for(&mut self, id: FrameNumber, number: StatementNumber) {
        let frame = self.frame(id).clone();
        let site_timeout = self.plan.sites[usize::from(frame.site)].timeout;
        let rest = site_timeout.map(|timeout| (frame.asked_at + timeout - self.now).max(1));
        self.statements.get_mut(&number).expect("it is asked").stage = Stage::InPoolQueue { since: self.now };
        let timeout = if self.connects(number) {
            self.sends(number);
            rest
        } else {
            [rest, self.acquire_timeout(number)].into_iter().flatten().min()
        };
        if let Some(timeout) = timeout {
            self.arm(id, timeout);
        }
    }

    pub(super) fn waits_for_connection(&self, number: StatementNumber) -> bool {
        matches!(self.statements[&number].stage, Stage::InPoolQueue { .. })
    }

    /// The service and the pod that ask a statement.
    pub(super) fn place_of(&self, number: StatementNumber) -> (u16, u16) {
        self.statements[&number].from
    }

    /// A statement leaves the queue for a connection; says how often it had waited in vain before.
    pub(super) fn leaves_pool_queue(&mut self, number: StatementNumber) -> u64 {
        let Statement { pool, stage, .. } = self.statements[&number];
        let Stage::InPoolQueue { since } = stage else { panic!("it waits in the queue") };
        let place = pool.expect("it waits for a pool");
        self.pools.get_mut(&place).expect("the pool was used").waiting.retain(|other| *other != number);
        self.books.gave_up(StationId::Pool(place.0), self.now - since);
        let statement = self.statements.get_mut(&number).expect("it is asked");
        statement.stage = Stage::Failing;
        statement.in_vain += 1;
        statement.in_vain - 1
    }

    /// The work that a statement costs its pod is done.
    pub(super) fn client_work_ends(&mut self, number: StatementNumber) {
        match self.statements[&number].stage {
            Stage::Failing => self.acquire_failed(number),
            Stage::Receiving => self.taken_in(number),
            other => panic!("no work in {other:?}"),
        }
    }

    /// After a wait in vain: nobody cares any more, or the next wait begins, or the try has failed.
    pub(super) fn acquire_failed(&mut self, number: StatementNumber) {
        let Statement { asker, pool, .. } = self.statements[&number];
        let Some(asker) = asker else {
            self.statements.remove(&number);
            return;
        };
        let (pool, ..) = pool.expect("it waited for a pool");
        if self.plan.pools[usize::from(pool)].acquire_again {
            self.waits_for(asker, number);
            return;
        }
        self.statements.remove(&number);
        self.timeouts.remove(&asker);
        self.try_ends(asker, Outcome::PoolTimeout);
    }

    /// Pools have another size: those who wait get what comes on top, pool by pool.
    pub(super) fn changes_size(&mut self, pool: u16, size: u32) {
        self.sizes[usize::from(pool)] = size;
        let places: Vec<(u16, u16, u16)> = self.pools.keys().copied().filter(|place| place.0 == pool).collect();
        for place in places {
            while self.pools[&place].held.len() < size as usize && !self.pools[&place].waiting.is_empty() {
                self.hands_over(place);
            }
        }
    }

    /// The first in the queue gets a connection.
    fn hands_over(&mut self, place: (u16, u16, u16)) {
        let pool = self.pools.get_mut(&place).expect("the pool was used");
        let next = pool.waiting.pop_front().expect("somebody waits");
        pool.held.push((next, self.now));
        let Stage::InPoolQueue { since } = self.statements[&next].stage else { panic!("it waits in the queue") };
        self.books.served(StationId::Pool(place.0), self.now - since);
        self.sends(next);
        let asker = self.statements[&next].asker.expect("one who lets go leaves the queue");
        let frame = self.frame(asker).clone();
        self.timeouts.remove(&asker);
        if let Some(timeout) = self.plan.sites[usize::from(frame.site)].timeout {
            self.arm(asker, (frame.asked_at + timeout).saturating_sub(self.now).max(1));
        }
    }

    fn acquire_timeout(&self, number: StatementNumber) -> Option<Ticks> {
        let (pool, ..) = self.statements[&number].pool?;
        self.plan.pools[usize::from(pool)].acquire_timeout
    }

    /// Takes a free connection, or queues for one; whether the statement can be sent.
    fn connects(&mut self, number: StatementNumber) -> bool {
        let Some(place) = self.statements[&number].pool else { return true };
        let pool = self.pools.entry(place).or_default();
        if pool.held.len() < self.sizes[usize::from(place.0)] as usize {
            pool.held.push((number, self.now));
            self.books.served(StationId::Pool(place.0), 0);
            return true;
        }
        pool.waiting.push_back(number);
        self.books.queue(StationId::Pool(place.0), pool.waiting.len());
        false
    }

    /// A statement's connection goes to the first in the queue, or becomes free.
    fn gives_back(&mut self, number: StatementNumber) {
        let Some(place) = self.statements[&number].pool else { return };
        let pool = self.pools.get_mut(&place).expect("the pool was used");
        let held = pool.held.iter().position(|(holder, _)| *holder == number).expect("it holds a connection");
        let (_, since) = pool.held.remove(held);
        self.books.busy(StationId::Pool(place.0), self.now - since);
        let is_wanted = !pool.waiting.is_empty() && pool.held.len() < self.sizes[usize::from(place.0)] as usize;
        if is_wanted {
            self.hands_over(place);
        }
    }

    /// A statement is on its way, which may take longer than usual, or for ever.
    fn sends(&mut self, number: StatementNumber) {
        let Statement { at, from, key, .. } = self.statements[&number];
        let held_up = self.held_up(from.0, End::Store(at.0), key);
        self.stage(number, if held_up.is_some() { Stage::HeldUp } else { Stage::Lost });
        match held_up {
            Some(0) => self.arrives(number),
            Some(ticks) => {
                self.schedule(ticks, Event::StatementArrives(number));
            }
            None => {}
        }
    }

    fn stage(&mut self, number: StatementNumber, stage: Stage) {
        self.statements.get_mut(&number).expect("it is under way").stage = stage;
    }

    /// A statement that was held up arrives, unless it was given up meanwhile.
    pub(super) fn statement_arrives(&mut self, number: StatementNumber) {
        if self.statements.contains_key(&number) {
            self.arrives(number);
        }
    }

    /// A statement is at its shard.
    fn arrives(&mut self, number: StatementNumber) {
        let now = self.now;
        let statement = self.statements.get_mut(&number).expect("it is under way");
        statement.reached = now;
        let Statement { at, of, .. } = *statement;
        if self.shards[&at].is_down {
            statement.outcome = Outcome::Unavailable;
            self.goes_back(number);
            return;
        }
        if let Some((since, hold, every)) = self.locks.get(&(of, at.1)) {
            let held = (now - since) % every;
            if held < *hold {
                self.books.statements[usize::from(of)].lock_ticks += hold - held;
                self.schedule(hold - held, Event::LockIsFree(number));
                return;
            }
        }
        self.is_served(number);
    }

    /// A lock's end: the statement is served, or refused.
    pub(super) fn lock_is_free(&mut self, number: StatementNumber) {
        let Some(statement) = self.statements.get_mut(&number) else { return };
        if self.shards[&statement.at].is_down {
            statement.outcome = Outcome::Unavailable;
            statement.reached = self.now;
            self.goes_back(number);
        } else {
            self.is_served(number);
        }
    }

    fn goes_back(&mut self, number: StatementNumber) {
        self.stage(number, Stage::OnItsWayBack);
        self.schedule(2 * self.plan.hop, Event::StatementReturns(number));
    }

    fn is_served(&mut self, number: StatementNumber) {
        let Statement { at, work, .. } = self.statements[&number];
        let store = &self.plan.stores[usize::from(at.0)];
        let station = StationId::Store(at.0);
        let (mut mark, mut done) = (0, None);
        match store.discipline {
            Discipline::Fifo => {
                let shard = self.shards.get_mut(&at).expect("the shard is there");
                let core = (0..shard.free_at.len()).min_by_key(|core| shard.free_at[*core]).expect("a shard has cores");
                let start = self.now.max(shard.free_at[core]);
                shard.free_at[core] = start + work;
                done = Some(start + work);
                self.books.served(station, start - self.now);
                self.books.busy(station, work);
                self.schedule(start + work - self.now + 2 * self.plan.hop, Event::StatementReturns(number));
            }
            Discipline::Ps => {
                self.books.served(station, 0);
                self.receives(at);
                let shard = self.shards.get_mut(&at).expect("the shard is there");
                mark = shard.received + (work << 16);
                shard.running.push(number);
            }
        }
        self.stage(number, Stage::AtStore { mark, sent: self.now, done });
        if store.discipline == Discipline::Ps {
            self.wakes_when(at);
        }
    }

    /// A shard goes down, or is there again.
    pub(super) fn shard_changes(&mut self, at: (u16, u16), is_down: bool) {
        let now = self.now;
        self.shards.get_mut(&at).expect("the shard is there").is_down = is_down;
        if !is_down {
            return;
        }
        for statement in self.statements.values_mut().filter(|statement| statement.at == at) {
            if matches!(statement.stage, Stage::AtStore { done: Some(done), .. } if done > now) {
                statement.outcome = Outcome::Unavailable;
            }
        }
        if self.plan.stores[usize::from(at.0)].discipline == Discipline::Ps {
            self.receives(at);
            for number in self.shards[&at].running.clone() {
                self.leaves_shard(number);
                self.statements.get_mut(&number).expect("it runs").outcome = Outcome::Unavailable;
                self.goes_back(number);
            }
            self.wakes_when(at);
        }
    }

    /// Brings `R` of a shard up to now, before something changes there.
    fn receives(&mut self, at: (u16, u16)) {
        let cores = u64::from(self.plan.stores[usize::from(at.0)].cores);
        let shard = self.shards.get_mut(&at).expect("the shard is there");
        let (ticks, n) = (self.now - shard.changed_at, shard.running.len() as u64);
        shard.received += if n <= cores { ticks << 16 } else { (ticks << 16) * cores / n };
        shard.changed_at = self.now;
        self.books.busy(StationId::Store(at.0), ticks * n.min(cores));
        self.books.waiting(StationId::Store(at.0), ticks * n.saturating_sub(cores));
    }

    fn mark_of(&self, number: StatementNumber) -> u64 {
        let Stage::AtStore { mark, .. } = self.statements[&number].stage else { panic!("it runs") };
        mark
    }

    /// Schedules the shard's next wake-up if its tick differs from the one scheduled.
    fn wakes_when(&mut self, at: (u16, u16)) {
        let cores = u64::from(self.plan.stores[usize::from(at.0)].cores);
        let shard = &self.shards[&at];
        let Some(next) = shard.running.iter().map(|number| self.mark_of(*number)).min() else {
            self.shards.get_mut(&at).expect("the shard is there").wake = None;
            return;
        };
        let (left, n) = (next.saturating_sub(shard.received), shard.running.len() as u64);
        let needed = if n <= cores { left } else { (left * n).div_ceil(cores) };
        let after = needed.div_ceil(1 << 16);
        if shard.wake.is_none_or(|(wake, _)| wake != self.now + after) {
            let event = self.schedule(after, Event::ShardWakes(at.0, at.1));
            self.shards.get_mut(&at).expect("the shard is there").wake = Some((self.now + after, event));
        }
    }

    /// All that are done go back, in order of their marks, then of sending.
    pub(super) fn shard_wakes(&mut self, at: (u16, u16), event: EventNumber) {
        if self.shards[&at].wake.is_none_or(|(_, wanted)| wanted != event) {
            return;
        }
        self.shards.get_mut(&at).expect("the shard is there").wake = None;
        self.receives(at);
        let received = self.shards[&at].received;
        let mut done: Vec<StatementNumber> = self.shards[&at].running.clone();
        done.retain(|number| self.mark_of(*number) <= received);
        done.sort_by_key(|number| self.mark_of(*number));
        for number in done {
            self.leaves_shard(number);
            self.goes_back(number);
        }
        self.wakes_when(at);
    }

    fn leaves_shard(&mut self, number: StatementNumber) {
        let Statement { at, stage, work, .. } = self.statements[&number];
        let Stage::AtStore { sent, .. } = stage else { panic!("it runs") };
        self.books.stayed(StationId::Store(at.0), (self.now - sent).saturating_sub(work));
        self.shards.get_mut(&at).expect("the shard is there").running.retain(|other| *other != number);
    }

    /// A statement is killed. It has examined as much of its rows as it has received of its work.
    fn is_killed(&mut self, number: StatementNumber) {
        let Statement { at, of, work, rows, reached, .. } = self.statements[&number];
        self.receives(at);
        let left = self.mark_of(number).saturating_sub(self.shards[&at].received);
        self.leaves_shard(number);
        let whole = work.max(1) << 16;
        self.books.statement(of, self.now - reached, rows * (whole - left) / whole, true);
        self.wakes_when(at);
        self.gives_back(number);
        self.statements.remove(&number);
    }

    /// The answer is back, and may cost the pod work.
    pub(super) fn statement_returns(&mut self, number: StatementNumber) {
        let Statement { of, answer, from, outcome, message, reached, rows, .. } = self.statements[&number];
        if outcome == Outcome::Unavailable {
            self.books.statements[usize::from(of)].unavailable += 1;
        } else {
            self.books.statement(of, self.now - 2 * self.plan.hop - reached, rows, false);
        }
        if let Some(message) = message.filter(|_| outcome == Outcome::Ok) {
            self.appends(message, of);
        }
        match answer {
            Some(ticks) => {
                self.stage(number, Stage::Receiving);
                self.works_for(Worker::Client(number), from, ticks);
            }
            None => self.taken_in(number),
        }
    }

    /// The answer is taken in: the connection first, then the program.
    fn taken_in(&mut self, number: StatementNumber) {
        self.gives_back(number);
        let statement = self.statements.remove(&number).expect("it was under way");
        if let Some(asker) = statement.asker {
            self.timeouts.remove(&asker);
            self.try_ends(asker, statement.outcome);
        }
    }

    /// Nobody waits for a statement any more.
    pub(super) fn lets_go_of_statement(&mut self, number: StatementNumber) {
        let Statement { at, stage, .. } = self.statements[&number];
        let store = &self.plan.stores[usize::from(at.0)];
        let kills = store.cancel && store.discipline == Discipline::Ps;
        match stage {
            Stage::InPoolQueue { .. } => {
                self.leaves_pool_queue(number);
                self.statements.remove(&number);
            }
            Stage::Lost => {
                self.gives_back(number);
                self.statements.remove(&number);
            }
            Stage::HeldUp if kills => {
                self.gives_back(number);
                self.statements.remove(&number);
            }
            Stage::AtStore { .. } if kills => self.is_killed(number),
            Stage::Failing | Stage::HeldUp | Stage::AtStore { .. } | Stage::OnItsWayBack | Stage::Receiving => {
                self.statements.get_mut(&number).expect("it was asked").asker = None;
            }
        }
    }
}
