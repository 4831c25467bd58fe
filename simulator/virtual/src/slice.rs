//! What truly happened: counts since the run began, and since the present slice of time did.
//!
//! Owns truth as integers that merge over cells and follow each other over time. Refuses windows: whoever looks
//! at a run closes slices where its windows begin and end, and adds them up.

use crate::engine::{Engine, Pod};
use crate::frame::State;
use crate::latencies::{AT_ONCE, Ended};
use crate::station::StationTotals;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{EndpointId, Plan};
use doorbuster_model::time::Ticks;
use hdrhistogram::Histogram;

/// Three significant digits: a percentile is within 0.1 %.
pub(crate) const SIGNIFICANT_DIGITS: u8 = 3;

/// Counts since the run began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Requests that shoppers made.
    pub arrivals: u64,
    /// Requests that ended, by outcome.
    pub ended: [u64; Outcome::COUNT],
    /// Of those with success: nobody waited for the answer any more.
    pub abandoned: u64,
    /// Events of the engine.
    pub events: u64,
}

impl Ledger {
    #[inline]
    pub(crate) fn request_ended(&mut self, outcome: Outcome, abandoned: bool) {
        self.ended[outcome as usize] += 1;
        self.abandoned += u64::from(abandoned);
    }

    /// Requests that were answered with success while somebody waited.
    #[must_use]
    pub const fn succeeded(&self) -> u64 {
        self.ended[Outcome::Ok as usize] - self.abandoned
    }

    /// Requests in the shop.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.arrivals - self.ended.iter().sum::<u64>()
    }

    /// Adds another cell's counts.
    pub fn merge(&mut self, other: &Self) {
        self.arrivals += other.arrivals;
        self.abandoned += other.abandoned;
        self.events += other.events;
        for (mine, theirs) in self.ended.iter_mut().zip(other.ended) {
            *mine += theirs;
        }
    }
}

/// What happened in one slice of time.
#[derive(Clone, Debug)]
pub struct Slice {
    /// By endpoint.
    pub endpoints: Vec<EndpointSlice>,
    /// By statement.
    pub statements: Vec<StatementSlice>,
    /// By consumer group.
    pub consumers: Vec<ConsumerSlice>,
    /// By cached step.
    pub caches: Vec<CacheSlice>,
    /// Ticks for which pods paused, by service; each pause is counted where it begins.
    pub paused_ticks: Vec<u64>,
    /// Core-ticks in use at each shard: those of all stores of one cell, then of the next; filled when the slice is closed.
    pub shard_ticks: Vec<u64>,
    /// Pods that are there, and that live, by service at the end.
    pub pods: Vec<(u64, u64)>,
    /// By station, in the order of [`stations`]; filled when the slice is closed.
    pub stations: Vec<StationTotals>,
    /// Requests in hand by service at the end, those on their way included.
    pub in_flight: Vec<u64>,
    /// The same, summed over the ticks of the slice.
    pub in_flight_ticks: Vec<u64>,
}

/// An endpoint's requests.
#[derive(Clone, Debug)]
pub struct EndpointSlice {
    /// Ended, by outcome.
    pub outcomes: [u64; Outcome::COUNT],
    /// Sum of latencies in ticks, from arrival at the pod to the answer.
    pub latency_ticks: u64,
    /// Greatest latency in ticks.
    pub max_ticks: u64,
    /// Latencies in ticks; filled when the slice is closed.
    pub latencies: Histogram<u64>,
    /// Of those with success, at the shop's edge: nobody waited for the answer any more.
    pub abandoned: u64,
    /// Shoppers whose request here failed for the first time.
    pub affected: u64,
    /// Shoppers who gave up after a failure here.
    pub given_up: u64,
}

impl EndpointSlice {
    pub(crate) fn new() -> Self {
        let mut latencies = Histogram::new(SIGNIFICANT_DIGITS).expect("invariant: 3 digits are allowed");
        latencies.auto(true);
        Self {
            outcomes: [0; Outcome::COUNT],
            latency_ticks: 0,
            max_ticks: 0,
            latencies,
            abandoned: 0,
            affected: 0,
            given_up: 0,
        }
    }

    /// Counts a request; its latency goes into the histogram when the slice is closed.
    #[inline]
    pub(crate) fn record(&mut self, outcome: Outcome, ticks: u32) {
        let ticks = u64::from(ticks);
        self.outcomes[outcome as usize] += 1;
        self.latency_ticks += ticks;
        self.max_ticks = self.max_ticks.max(ticks);
    }

    /// Requests ended.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Requests that were answered with success while somebody waited.
    #[must_use]
    pub const fn succeeded(&self) -> u64 {
        self.outcomes[Outcome::Ok as usize] - self.abandoned
    }

    fn add(&mut self, other: &Self) {
        self.abandoned += other.abandoned;
        for (mine, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            *mine += theirs;
        }
        self.latency_ticks += other.latency_ticks;
        self.max_ticks = self.max_ticks.max(other.max_ticks);
        self.latencies.add(&other.latencies).expect("invariant: the histogram grows");
        self.affected += other.affected;
        self.given_up += other.given_up;
    }

    fn clear(&mut self) {
        self.latencies.reset();
        self.outcomes = [0; Outcome::COUNT];
        (self.latency_ticks, self.max_ticks) = (0, 0);
        (self.abandoned, self.affected, self.given_up) = (0, 0, 0);
    }
}

/// A statement in its store's own statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatementSlice {
    /// Ended, killed ones included.
    pub calls: u64,
    /// Killed because their client went away.
    pub killed: u64,
    /// Ticks in the store.
    pub ticks: u64,
    /// Rows examined; of a killed scan, the part it came to.
    pub rows: u64,
    /// Refused or broken off because the shard was down; not among `calls`.
    pub unavailable: u64,
    /// Ticks waited for locks, counted where the wait begins.
    pub lock_ticks: u64,
}

/// A consumer group's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsumerSlice {
    /// Appended to its topic.
    pub appended: u64,
    /// Finished.
    pub consumed: u64,
    /// Ticks from append to end, of those that were finished.
    pub age_ticks: u64,
    /// Not finished at the end of the slice.
    pub lag: u64,
}

/// Lookups of a cached step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheSlice {
    /// Found.
    pub hits: u64,
    /// Not found.
    pub misses: u64,
}

impl StatementSlice {
    pub(crate) fn record(&mut self, ticks: u64, rows: u64, killed: bool) {
        self.calls += 1;
        self.killed += u64::from(killed);
        self.ticks += ticks;
        self.rows += rows;
    }
}

impl Slice {
    /// An empty slice of a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            endpoints: plan.endpoints.iter().map(|_| EndpointSlice::new()).collect(),
            statements: vec![StatementSlice::default(); plan.statements.len()],
            consumers: vec![ConsumerSlice::default(); plan.consumers.len()],
            caches: vec![CacheSlice::default(); plan.caches.len()],
            paused_ticks: vec![0; plan.services.len()],
            shard_ticks: Vec::new(),
            pods: vec![(0, 0); plan.services.len()],
            stations: vec![StationTotals::default(); stations(plan).len()],
            in_flight: vec![0; plan.services.len()],
            in_flight_ticks: vec![0; plan.services.len()],
        }
    }

    /// Adds another cell's slice of the same time.
    pub fn merge(&mut self, other: &Self) {
        self.add_counts(other);
        self.stations.iter_mut().zip(&other.stations).for_each(|(mine, theirs)| mine.merge(theirs));
        self.in_flight.iter_mut().zip(&other.in_flight).for_each(|(mine, theirs)| *mine += theirs);
        self.consumers.iter_mut().zip(&other.consumers).for_each(|(mine, theirs)| mine.lag += theirs.lag);
        self.shard_ticks.extend(&other.shard_ticks);
        for (mine, theirs) in self.pods.iter_mut().zip(&other.pods) {
            *mine = (mine.0 + theirs.0, mine.1 + theirs.1);
        }
    }

    /// Adds the slice that follows this one in time.
    pub fn follow(&mut self, later: &Self) {
        self.add_counts(later);
        for (mine, theirs) in self.stations.iter_mut().zip(&later.stations) {
            mine.follow(theirs);
            (mine.capacity, mine.busy_now, mine.waiting_now) = (theirs.capacity, theirs.busy_now, theirs.waiting_now);
        }
        self.in_flight.clone_from(&later.in_flight);
        self.pods.clone_from(&later.pods);
        self.shard_ticks.resize(later.shard_ticks.len(), 0);
        self.shard_ticks.iter_mut().zip(&later.shard_ticks).for_each(|(mine, theirs)| *mine += theirs);
        self.consumers.iter_mut().zip(&later.consumers).for_each(|(mine, theirs)| mine.lag = theirs.lag);
    }

    fn add_counts(&mut self, other: &Self) {
        self.in_flight_ticks.iter_mut().zip(&other.in_flight_ticks).for_each(|(mine, theirs)| *mine += theirs);
        self.endpoints.iter_mut().zip(&other.endpoints).for_each(|(mine, theirs)| mine.add(theirs));
        for (mine, theirs) in self.statements.iter_mut().zip(&other.statements) {
            mine.calls += theirs.calls;
            mine.killed += theirs.killed;
            mine.ticks += theirs.ticks;
            mine.rows += theirs.rows;
            mine.unavailable += theirs.unavailable;
            mine.lock_ticks += theirs.lock_ticks;
        }
        for (mine, theirs) in self.consumers.iter_mut().zip(&other.consumers) {
            mine.appended += theirs.appended;
            mine.consumed += theirs.consumed;
            mine.age_ticks += theirs.age_ticks;
        }
        for (mine, theirs) in self.caches.iter_mut().zip(&other.caches) {
            mine.hits += theirs.hits;
            mine.misses += theirs.misses;
        }
        self.paused_ticks.iter_mut().zip(&other.paused_ticks).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Empties the slice.
    pub fn clear(&mut self) {
        self.endpoints.iter_mut().for_each(EndpointSlice::clear);
        self.statements.fill(StatementSlice::default());
        self.consumers.fill(ConsumerSlice::default());
        self.caches.fill(CacheSlice::default());
        self.paused_ticks.fill(0);
        self.shard_ticks.clear();
        self.pods.fill((0, 0));
        self.stations.fill(StationTotals::default());
        self.in_flight.fill(0);
        self.in_flight_ticks.fill(0);
    }
}

/// A place with servers and a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StationId {
    /// The cores of a service's pods.
    Cores(u16),
    /// The workers of a service's pods.
    Workers(u16),
    /// A service's pools to a store, by index in the plan.
    Pool(u16),
    /// The cores of a store's shards.
    Store(u16),
    /// The partitions of a consumer group, each with one message at a time.
    Consumer(u16),
}

/// All stations of a plan, in the order of [`Slice::stations`].
#[must_use]
pub fn stations(plan: &Plan) -> Vec<StationId> {
    let mut all = Vec::new();
    for (id, service) in plan.services.iter().enumerate() {
        all.push(StationId::Cores(id as u16));
        if service.workers != u32::MAX {
            all.push(StationId::Workers(id as u16));
        }
    }
    all.extend((0..plan.pools.len()).map(|id| StationId::Pool(id as u16)));
    all.extend((0..plan.stores.len()).map(|id| StationId::Store(id as u16)));
    all.extend((0..plan.consumers.len()).map(|id| StationId::Consumer(id as u16)));
    all
}

impl Engine<'_> {
    /// Closes the slice that began with the last call (or with the run) and begins the next one; to be called before
    /// a command changes how many servers there are. `into` receives what happened; it is cleared first.
    pub fn close_slice(&mut self, into: &mut Slice) {
        into.clear();
        self.count_ended();
        std::mem::swap(into, &mut self.slice);
        for (endpoint, latencies) in into.endpoints.iter_mut().zip(&mut self.latencies) {
            latencies.move_to(&mut endpoint.latencies);
        }
        let totals = self.totals(self.now);
        let ticks = self.now - self.slice_began;
        for ((filled, now), before) in into.stations.iter_mut().zip(&totals).zip(&self.ledger_stations) {
            *filled = StationTotals { capacity_ticks: now.capacity * ticks, ..now.since(before) };
        }
        self.ledger_stations = totals;
        self.slice_began = self.now;
        self.note_shards(into);
        for partition in &self.partitions {
            into.consumers[partition.consumer()].lag += partition.lag();
        }
        for pod in &self.pods {
            let (present, alive) = (u64::from(pod.is_present), u64::from(pod.is_present && !pod.is_down));
            let pods = &mut into.pods[usize::from(pod.service)];
            *pods = (pods.0 + present, pods.1 + alive);
            into.in_flight[usize::from(pod.service)] += u64::from(pod.in_flight.level);
        }
        let in_flight_ticks = self.in_flight_ticks();
        for ((sum, now), before) in into.in_flight_ticks.iter_mut().zip(&in_flight_ticks).zip(&self.ledger_in_flight) {
            *sum = now - before;
        }
        self.ledger_in_flight = in_flight_ticks;
        self.forget_maxima();
    }

    /// What each shard did since the slice began.
    fn note_shards(&mut self, into: &mut Slice) {
        let now = self.now;
        for shard in &mut self.shards {
            let busy_ticks = shard.station_at(now).busy.integral(now);
            into.shard_ticks.push(busy_ticks - shard.busy_ticks_before);
            shard.busy_ticks_before = busy_ticks;
        }
    }

    /// What has been counted since the slice began; its stations and latencies are filled when it is closed.
    #[must_use]
    pub fn slice_so_far(&mut self) -> &Slice {
        self.count_ended();
        &self.slice
    }

    /// A request has ended; it is counted with others.
    #[inline]
    pub(crate) fn ended(&mut self, endpoint: EndpointId, outcome: Outcome, ticks: u32) {
        self.uncounted.push(Ended { ticks, endpoint, outcome });
        if self.uncounted.len() == AT_ONCE {
            self.count_ended();
        }
    }

    #[inline(never)]
    fn count_ended(&mut self) {
        for Ended { ticks, endpoint, outcome } in self.uncounted.drain(..) {
            self.slice.endpoints[usize::from(endpoint)].record(outcome, ticks);
            self.latencies[usize::from(endpoint)].record(ticks);
        }
    }

    /// Counts since the run began.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Requests in hand by service, summed over all ticks so far.
    fn in_flight_ticks(&self) -> Vec<u64> {
        let mut sums = vec![0; self.plan.services.len()];
        for pod in &self.pods {
            sums[usize::from(pod.service)] += pod.in_flight.integral(self.now);
        }
        sums
    }

    /// Totals of every station up to a tick.
    fn totals(&self, at: Ticks) -> Vec<StationTotals> {
        let shards_of = |store: u16| {
            let first = self.first_shard[usize::from(store)] as usize;
            &self.shards[first..first + usize::from(self.plan.stores[usize::from(store)].shards)]
        };
        let pods_of = |service: u16| {
            let service = &self.plan.services[usize::from(service)];
            &self.pods[usize::from(service.first_pod)..][..usize::from(service.pods)]
        };
        // Pods that were not started, were replaced or are dead are no capacity.
        let is_there = |pod: &Pod| u64::from(pod.is_present && !pod.is_down);
        let mut all = Vec::new();
        for station in stations(self.plan) {
            let mut total = StationTotals::default();
            match station {
                StationId::Cores(service) => {
                    let cores = u64::from(self.plan.services[usize::from(service)].cores);
                    for pod in pods_of(service) {
                        total.add(&pod.cores, cores * is_there(pod), at);
                        total.busy_ticks += pod.ailment.as_ref().map_or(0, |ailment| ailment.hogged_until(at));
                    }
                }
                StationId::Workers(service) => {
                    let workers = u64::from(self.plan.services[usize::from(service)].workers);
                    pods_of(service).iter().for_each(|pod| total.add(&pod.workers, workers * is_there(pod), at));
                }
                StationId::Pool(pool) => {
                    let of = &self.plan.pools[usize::from(pool)];
                    let shards = usize::from(self.plan.stores[usize::from(of.store)].shards);
                    let mut instances = self.pools[of.first_instance as usize..].iter();
                    for pod in pods_of(of.service) {
                        for instance in instances.by_ref().take(shards) {
                            total.add(&instance.connections, u64::from(instance.size) * is_there(pod), at);
                        }
                    }
                }
                StationId::Store(store) => {
                    for shard in shards_of(store) {
                        total.add(&shard.station_at(at), u64::from(shard.cores), at);
                    }
                }
                StationId::Consumer(consumer) => {
                    for partition in self.partitions.iter().filter(|one| one.consumer() == usize::from(consumer)) {
                        total.add(&partition.station, 1, at);
                    }
                }
            }
            all.push(total);
        }
        all
    }

    /// The greatest queue of the next slice starts from the queue that is there.
    fn forget_maxima(&mut self) {
        let now = self.now;
        for pod in &mut self.pods {
            pod.cores.max_waiting = pod.cores.waiting.level;
            pod.workers.max_waiting = pod.workers.waiting.level;
        }
        for pool in &mut self.pools {
            pool.connections.max_waiting = pool.connections.waiting.level;
        }
        for partition in &mut self.partitions {
            partition.station.max_waiting = partition.station.waiting.level;
        }
        for shard in &mut self.shards {
            shard.station.max_waiting = shard.station_at(now).waiting.level;
        }
    }

    /// Whatever should have come back after the drain and did not, in words; empty when all is well.
    #[must_use]
    pub fn leftovers(&self) -> Vec<String> {
        let mut left = Vec::new();
        if self.in_use() > 0 {
            let states: Vec<State> = self
                .frames
                .all()
                .iter()
                .map(|frame| frame.state)
                .filter(|state| *state != State::Free)
                .take(5)
                .collect();
            left.push(format!("{} frames in use, among them {states:?}", self.in_use()));
        }
        if self.ledger.in_flight() > 0 {
            left.push(format!("{} requests in flight", self.ledger.in_flight()));
        }
        for (station, total) in stations(self.plan).iter().zip(self.totals(self.now)) {
            if total.busy_now > 0 || total.waiting_now > 0 {
                left.push(format!("{station:?}: {} busy, {} waiting", total.busy_now, total.waiting_now));
            }
        }
        for pod in self.pods.iter().filter(|pod| pod.in_flight.level > 0) {
            left.push(format!("{} in flight at a pod of service {}", pod.in_flight.level, pod.service));
        }
        if self.messages > 0 {
            left.push(format!("{} messages in partitions", self.messages));
        }
        let spans = self.sdk.counts();
        if !spans.add_up() {
            left.push(format!("{spans:?}: made is not delivered and lost"));
        }
        left
    }
}
