//! The engine of a cell: its pods, pools, shards and shoppers, and the loop that plays them.
//!
//! Owns the state of one cell and the order in which its events are handled. Refuses to know who takes the batches, so that it is compiled
//! once, here, and as this crate is.

use crate::cell::{MAX_AGE_TICKS, MAX_FRAMES, Overload};
use crate::event::{Event, Kind};
use crate::frame::{Arena, Frame, FrameId, KILLED, NIL, NO_POD, Queue, State};
use crate::latencies::{AT_ONCE, Ended, Latencies};
use crate::messages::Partition;
use crate::network::Way;
use crate::shard::{Shard, Strain};
use crate::shoppers::{Haste, Shoppers};
use crate::slice::{Ledger, Slice, stations};
use crate::station::{Gauge, Station, StationTotals};
use crate::wheel::Wheel;
use doorbuster_model::key::{Key, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Ask, Instr, PerPod, Plan, PodId, Site, SiteId};
use doorbuster_model::policies::{Breaker, RetryBudget, TokenBucket};
use doorbuster_model::time::Ticks;
use doorbuster_telemetry::head::Head;
use doorbuster_telemetry::record::{Consumer, SpanRecord};
use doorbuster_telemetry::sdk::{Counts, Sdk, Settings};

/// How often the number of frames is looked at, at least.
const LOOK_TICKS: Ticks = 1 << 16;
/// How often ages are looked at.
const AGE_CHECK_TICKS: Ticks = 1 << 28;

/// A pod: cores with a run queue, workers with an accept queue. Three cache lines, since every event of a call looks at one.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Pod {
    pub(crate) cores: Station,
    pub(crate) workers: Station,
    /// Requests on their way to it or in it; what balancers look at.
    pub(crate) in_flight: Gauge,
    pub(crate) run_queue: Queue,
    pub(crate) accept_queue: Queue,
    /// What ails it; nothing, mostly.
    pub(crate) ailment: Option<Box<Ailment>>,
    /// The limit on what it lets in.
    pub(crate) bucket: Option<Box<TokenBucket>>,
    /// Cores that it may use: fewer while something else takes them, none while it pauses.
    pub(crate) limit: u32,
    pub(crate) service: u16,
    /// Whether it was started; one that was replaced by a release is no longer.
    pub(crate) is_present: bool,
    /// Whether it has died.
    pub(crate) is_down: bool,
}

const _: () = assert!(size_of::<Pod>() == 192);

impl Pod {
    /// Computing takes so many times as long, in 2^-16.
    #[inline]
    pub(crate) fn slower(&self) -> u64 {
        self.ailment.as_ref().map_or(ONE_Q16, |ailment| ailment.slower)
    }

    /// Requests that it fails beside those that fail anyway, in 2^-32.
    #[inline]
    pub(crate) fn errors(&self) -> u64 {
        self.ailment.as_ref().map_or(0, |ailment| ailment.errors)
    }

    /// Whether it has stopped the world.
    pub(crate) fn is_paused(&self) -> bool {
        self.ailment.as_ref().is_some_and(|ailment| ailment.is_paused)
    }
}

/// What faults do to a pod.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ailment {
    /// Cores that something else takes, since when, and core-ticks taken before.
    pub(crate) hogged: u32,
    pub(crate) hogged_since: Ticks,
    pub(crate) hogged_ticks: u64,
    /// Length and distance of its pauses; the length is 0 for none.
    pub(crate) pause: Ticks,
    pub(crate) every: Ticks,
    /// Number of the series of pauses that counts.
    pub(crate) series: u32,
    pub(crate) is_paused: bool,
    /// Its clock shows so many ticks more.
    pub(crate) skew: i64,
    /// Computing takes so many times as long, in 2^-16.
    pub(crate) slower: u64,
    /// Requests that it fails beside those that fail anyway, in 2^-32.
    pub(crate) errors: u64,
}

impl Default for Ailment {
    /// Nothing that would be felt.
    fn default() -> Self {
        Self {
            hogged: 0,
            hogged_since: 0,
            hogged_ticks: 0,
            pause: 0,
            every: 0,
            series: 0,
            is_paused: false,
            skew: 0,
            slower: ONE_Q16,
            errors: 0,
        }
    }
}

impl Ailment {
    /// Core-ticks that something else took up to `now`.
    pub(crate) fn hogged_until(&self, now: Ticks) -> u64 {
        self.hogged_ticks + u64::from(self.hogged) * (now - self.hogged_since)
    }
}

/// 1 in 2^-16.
pub(crate) const ONE_Q16: u64 = 1 << 16;

/// A connection pool of one pod to one shard. Who gets a connection at once finds all of it in the first cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct PoolInstance {
    pub(crate) size: u32,
    pub(crate) waiters: Queue,
    pub(crate) connections: Station,
}

/// One cell of the fleet in virtual time.
pub struct Engine<'p> {
    pub(crate) plan: &'p Plan,
    /// The tick that is being played.
    pub(crate) now: Ticks,
    pub(crate) wheel: Wheel,
    pub(crate) frames: Arena,
    pub(crate) pods: Vec<Pod>,
    /// Pods of each service that callers choose from.
    pub(crate) rotation: Vec<Vec<PodId>>,
    /// Next place in the rotation of each service, for round robin.
    pub(crate) turns: Vec<u16>,
    /// Breakers and retry budgets: site by site, one for each pod.
    pub(crate) breakers: Vec<Breaker>,
    pub(crate) budgets: Vec<RetryBudget>,
    pub(crate) pools: Vec<PoolInstance>,
    /// Shards of all stores, store by store.
    pub(crate) shards: Vec<Shard>,
    pub(crate) first_shard: Vec<u32>,
    /// What faults do to a statement on a shard, by statement and shard; and whether they do anything to any.
    pub(crate) strains: Vec<Vec<Strain>>,
    pub(crate) is_strained: bool,
    /// Hot keys by store: how often in 2^-32, and the shard.
    pub(crate) hot: Vec<(u64, u16)>,
    /// Whether there are any.
    pub(crate) is_hot: bool,
    /// Ways that are slow or lose packets.
    pub(crate) ways: Vec<Way>,
    /// Partitions, consumer group by consumer group.
    pub(crate) partitions: Vec<Partition>,
    /// Messages in all partitions.
    pub(crate) messages: usize,
    /// Entries that were flushed, by cached step: a bit for each key, or none at all.
    pub(crate) absent: Vec<Vec<u64>>,
    /// How shoppers' apps try again, if not as the journeys say.
    pub(crate) haste: Option<Haste>,
    pub(crate) shoppers: Shoppers,
    pub(crate) sdk: Sdk,
    pub(crate) ledger: Ledger,
    pub(crate) slice: Slice,
    /// Latencies in the slice, by endpoint, and requests that are not counted yet.
    pub(crate) latencies: Vec<Latencies>,
    pub(crate) uncounted: Vec<Ended>,
    /// When the slice began, and the totals of the stations and of requests in hand at that time.
    pub(crate) slice_began: Ticks,
    pub(crate) ledger_stations: Vec<StationTotals>,
    pub(crate) ledger_in_flight: Vec<u64>,
    due: Vec<Event>,
    last_stamp: u32,
    /// Number of the last statement sent to a processor-sharing shard.
    pub(crate) last_number: u64,
    next_age_check: Ticks,
    #[cfg(test)]
    pub(crate) planted: Option<crate::tests::planted::Bug>,
}

/// Whether a bug is planted here, in the tests that see the checks catch it; never in a build for use.
macro_rules! planted {
    ($cell:expr, $bug:ident) => {{
        #[cfg(test)]
        let planted = $cell.planted == Some(crate::tests::planted::Bug::$bug);
        #[cfg(not(test))]
        let planted = false;
        planted
    }};
}
pub(crate) use planted;

impl<'p> Engine<'p> {
    /// Cell number `number` of the fleet at virtual time zero, with its doors open.
    #[must_use]
    pub(crate) fn new(plan: &'p Plan, number: u32) -> Self {
        let key = Key::of_seed(plan.seed).child(name_hash("cell"), u64::from(number));
        let mut pods = Vec::new();
        for (id, service) in plan.services.iter().enumerate() {
            for nth in 0..service.pods {
                pods.push(Pod {
                    service: id as u16,
                    is_present: nth < service.pods_at_first,
                    is_down: false,
                    limit: service.cores,
                    ailment: None,
                    in_flight: Gauge::default(),
                    bucket: service.rate_limit.map(|rule| Box::new(TokenBucket::new(rule, 0))),
                    cores: Station::default(),
                    run_queue: Queue::new(),
                    workers: Station::default(),
                    accept_queue: Queue::new(),
                });
            }
        }
        let pools = plan.pools.iter().flat_map(|pool| {
            let shards = usize::from(plan.stores[usize::from(pool.store)].shards);
            let instances = usize::from(plan.services[usize::from(pool.service)].pods) * shards;
            let instance = PoolInstance { size: pool.size, connections: Station::default(), waiters: Queue::new() };
            std::iter::repeat_n(instance, instances)
        });
        let mut first_shard = Vec::new();
        let mut shards = Vec::new();
        for store in &plan.stores {
            first_shard.push(shards.len() as u32);
            shards.extend((0..store.shards).map(|_| Shard::new(store)));
        }
        let strains = plan
            .statements
            .iter()
            .map(|statement| vec![Strain::NONE; usize::from(plan.stores[usize::from(statement.store)].shards)]);
        let rotation = plan
            .services
            .iter()
            .map(|service| (service.first_pod..service.first_pod + service.pods_at_first).collect());
        let mut cell = Self {
            plan,
            now: 0,
            wheel: Wheel::new(),
            frames: Arena::new(),
            rotation: rotation.collect(),
            turns: vec![0; plan.services.len()],
            breakers: for_each_pod(plan, |site| site.breaker).map(Breaker::new).collect(),
            budgets: for_each_pod(plan, |site| site.budget).map(RetryBudget::new).collect(),
            pools: pools.collect(),
            first_shard,
            strains: strains.collect(),
            is_strained: false,
            hot: vec![(0, 0); plan.stores.len()],
            is_hot: false,
            ways: Vec::new(),
            partitions: Partition::all(plan),
            messages: 0,
            absent: vec![Vec::new(); plan.caches.len()],
            haste: None,
            shoppers: Shoppers::new(plan, key, number),
            sdk: Sdk::new(pods.len() as u16, Settings::CASE_STUDY, key),
            ledger: Ledger::default(),
            slice: Slice::new(plan),
            latencies: vec![Latencies::default(); plan.endpoints.len()],
            uncounted: Vec::with_capacity(AT_ONCE),
            slice_began: 0,
            ledger_in_flight: vec![0; plan.services.len()],
            ledger_stations: vec![StationTotals::default(); stations(plan).len()],
            pods,
            shards,
            due: Vec::new(),
            last_stamp: 0,
            last_number: 0,
            next_age_check: AGE_CHECK_TICKS,
            #[cfg(test)]
            planted: None,
        };
        cell.open_doors();
        cell
    }

    /// The SDKs of the cell's pods sample at the head; to be said before anything is played.
    pub fn sample(&mut self, head: Head) {
        self.sdk.sample(head);
    }

    /// Plays everything before tick `until`.
    ///
    /// # Errors
    /// When the shop holds more than the engine can tell the truth about.
    pub(crate) fn play(&mut self, until: Ticks, consumer: &mut dyn Consumer) -> Result<(), Overload> {
        while self.now < until {
            let limit = (until - 1).min(self.sdk.next_timer()).min(self.now + LOOK_TICKS);
            while self.advance(limit) {
                self.play_tick();
                if self.sdk.has_due() || self.now == limit {
                    self.export_due(consumer);
                }
            }
            self.export_due(consumer);
            if limit == until - 1 {
                self.now = until;
            }
            if self.frames.used() + self.messages > MAX_FRAMES {
                return Err(Overload::TooMany);
            }
            if self.now >= self.next_age_check {
                self.next_age_check += AGE_CHECK_TICKS;
                self.check_ages()?;
            }
        }
        Ok(())
    }

    /// Closes the doors. Stuck consumers go on, dead pods live again, and cores that something else took are free: else some of what is
    /// there would stay for ever. Whoever plays a drain in turns plays on in steps of [`DRAIN_STEP_TICKS`](crate::cell::DRAIN_STEP_TICKS)
    /// while the cell is not empty, then shuts it down.
    pub fn close(&mut self) {
        self.close_doors();
        self.unstick();
        self.recover();
    }

    /// Whether nothing is left to happen in a closed cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wheel.is_idle(|event| is_live(&self.frames, event))
    }

    /// Whether no further span can leave a closed cell: only shoppers are left in it, who think and will not ask any more.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let works = |frame: &Frame| frame.state != State::Free && frame.pod != NO_POD;
        self.messages == 0 && self.sdk.held() == 0 && !self.frames.all().iter().any(works)
    }

    /// Exports all spans that the pods of an empty cell hold.
    pub(crate) fn shut_down(&mut self, consumer: &mut dyn Consumer) {
        self.sdk.shutdown(self.now, consumer);
    }

    /// Tick up to which the cell has been played.
    #[must_use]
    pub const fn now(&self) -> Ticks {
        self.now
    }

    /// What became of the spans so far.
    #[must_use]
    pub fn span_counts(&self) -> Counts {
        self.sdk.counts()
    }

    /// Moves to the next tick that has an event, at most to `limit`; true if that tick has one.
    #[inline]
    fn advance(&mut self, limit: Ticks) -> bool {
        let frames = &self.frames;
        let some = self.wheel.advance(limit, |event| is_live(frames, event), |event| frames.soon(event.index()));
        self.now = self.wheel.now();
        some
    }

    /// Exports what is due at the end of this tick.
    fn export_due(&mut self, consumer: &mut dyn Consumer) {
        if self.sdk.has_due() || self.sdk.next_timer() == self.now {
            self.sdk.end_of_tick(self.now, consumer);
        }
    }

    #[inline]
    fn play_tick(&mut self) {
        loop {
            while let Some(event) = self.wheel.pop() {
                self.handle(event);
            }
            if self.due.is_empty() {
                return;
            }
            // Stamps count up and wrap; seen from the last one given, the oldest is the furthest back.
            let last = self.last_stamp;
            self.due.sort_unstable_by_key(|event| last.wrapping_sub(event.stamp()));
            let timer = self.due.pop().expect("invariant: not empty");
            if is_live(&self.frames, timer) || planted!(self, StaleTimer) && self.frames[timer.index()].child != NIL {
                self.time_out(timer.index());
            }
        }
    }

    #[inline]
    fn handle(&mut self, event: Event) {
        if event.is_timer() {
            return self.due.push(event);
        }
        self.ledger.events += 1;
        let index = event.index();
        match event.kind() {
            Kind::Shopper => self.shopper_arrives(index, event.stamp()),
            Kind::Arrive => self.arrive(index),
            Kind::Begin => self.begin(index),
            Kind::CoreDone => self.core_done(index),
            Kind::Resume => self.resume(index),
            Kind::Return => self.return_to_caller(index),
            Kind::QueryDone => self.query_done(index),
            Kind::Cancel => self.cancel_arrives(index),
            Kind::Wake => self.wake(index, event.stamp()),
            Kind::Reach => self.reach_late(index),
            Kind::Unlock => self.unlock(index),
            Kind::Consume => self.consume(index),
            Kind::Pause => self.pause_turns(index, event.stamp()),
            Kind::Timer => unreachable!("invariant: timers are played last"),
        }
    }

    /// Arms the frame's timeout, in place of one it may have.
    pub(crate) fn arm(&mut self, frame: FrameId, at: Ticks) {
        self.last_stamp = self.last_stamp.wrapping_add(1).max(1);
        self.frames[frame].timer = self.last_stamp;
        self.wheel.arm(at, frame, self.last_stamp);
    }

    #[inline(always)]
    pub(crate) fn schedule(&mut self, at: Ticks, kind: Kind, index: u32) {
        self.wheel.schedule(at, Event::new(kind, index));
    }

    /// Now, as frames keep it.
    #[inline]
    pub(crate) const fn now32(&self) -> u32 {
        self.now as u32
    }

    /// The site at which a frame's program stands.
    #[inline]
    pub(crate) fn site_of(&self, frame: FrameId) -> (SiteId, &'p Site) {
        let site = self.site_at(frame);
        (site, &self.plan.sites[usize::from(site)])
    }

    /// Its number.
    #[inline]
    pub(crate) fn site_at(&self, frame: FrameId) -> SiteId {
        self.plan.stands[usize::from(self.frames[frame].pc)].site
    }

    /// What a site needs to ask.
    #[inline]
    pub(crate) fn ask_of(&self, site: SiteId) -> &'p Ask {
        &self.plan.asks[usize::from(site)]
    }

    /// Hands an ended span to the pod's SDK; it began at `start` (modulo 2^32) and ends now.
    #[inline]
    pub(crate) fn span(
        &mut self,
        frame: FrameId,
        start: u32,
        index: u32,
        shape: u16,
        outcome: Outcome,
        place: (u8, u16),
    ) {
        if planted!(self, LostSpan) && index % 7 == 3 {
            return;
        }
        let duration = self.now32().wrapping_sub(start);
        let tells = planted!(self, SpanOfTheDead);
        let Self { ref frames, ref mut sdk, ref pods, now, .. } = *self;
        let frame = &frames[frame];
        if frame.has(KILLED) && !tells {
            return;
        }
        let start = now - u64::from(duration);
        let ailment = pods[at(frame.pod)].ailment.as_ref();
        sdk.push(SpanRecord {
            trace: frame.trace,
            start: ailment.map_or(start, |ailment| start.saturating_add_signed(ailment.skew)),
            duration,
            index,
            shape,
            pod: frame.pod,
            outcome: outcome as u8,
            attempt: place.0,
            shard: place.1,
        });
    }

    /// Requests, statements and shoppers that are under way.
    pub(crate) fn in_use(&self) -> usize {
        self.frames.used()
    }

    fn check_ages(&self) -> Result<(), Overload> {
        let now = self.now32();
        let too_old = self.frames.all().iter().any(|frame| {
            !matches!(frame.state, State::Free | State::PoolQueue | State::AtStore)
                && !matches!(frame.state, State::Failing | State::Receiving | State::HeldUp | State::Lost)
                && frame.pod != NO_POD
                && u64::from(now.wrapping_sub(frame.arrived)) > MAX_AGE_TICKS - 2 * AGE_CHECK_TICKS
        });
        if too_old { Err(Overload::TooOld) } else { Ok(()) }
    }
}

/// The rules of all sites in order, each as often as its service has pods.
fn for_each_pod<R: Copy>(plan: &Plan, of: impl Fn(&Site) -> Option<PerPod<R>>) -> impl Iterator<Item = R> {
    let mut all = Vec::new();
    for (instr, endpoint) in plan.code.iter().zip(&plan.endpoint_of) {
        let (Instr::Call(site) | Instr::Query(site)) = instr else { continue };
        let Some(PerPod { rule, first_instance }) = of(&plan.sites[usize::from(*site)]) else { continue };
        let service = plan.endpoints[usize::from(*endpoint)].service;
        all.push((first_instance, rule, usize::from(plan.services[usize::from(service)].pods)));
    }
    all.sort_by_key(|(first_instance, ..)| *first_instance);
    all.into_iter().flat_map(|(_, rule, pods)| std::iter::repeat_n(rule, pods))
}

/// Whether a timeout is still wanted.
#[inline]
pub(crate) fn is_live(frames: &Arena, timer: Event) -> bool {
    frames[timer.index()].timer == timer.stamp()
}

/// Index of a pod, for arrays.
#[inline]
pub(crate) const fn at(pod: PodId) -> usize {
    pod as usize
}
