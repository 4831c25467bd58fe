//! Shoppers: arrivals, who they are, journeys, and the pauses of closed traffic.

use super::programs::{After, Frame, Role, State};
use super::{Event, EventNumber, FrameNumber, Reference};
use doorbuster_model::key::{Key, mix, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Arrivals, NONE, Target};
use doorbuster_model::time::TICK_NS;
use doorbuster_telemetry::record::TraceWord;
use std::collections::BTreeMap;

/// The door of the cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Door {
    pub(super) closed: bool,
    /// Shoppers so far.
    arrived: u64,
    /// Traces so far.
    pub(super) traces: u64,
    /// Virtual time of the last arrival that was drawn, in nanoseconds.
    drawn_ns: f64,
    /// By journey.
    surges: BTreeMap<u16, Surge>,
}

/// More shoppers than usual who take a journey.
#[derive(Clone, Copy, Debug, Default)]
struct Surge {
    /// In shares of all the usual ones.
    extra: f64,
    arrived: u64,
    drawn_ns: f64,
    /// The next arrival.
    next: Option<EventNumber>,
}

impl Reference<'_> {
    pub(super) fn open_doors(&mut self, cell: u32) {
        let Arrivals::Closed { users, extra, think } = self.plan.arrivals else {
            self.schedules_next();
            return;
        };
        for _ in 0..users + u32::from(cell < extra) {
            let id = self.new_shopper();
            let ticks = self.draw(think, self.frames[&id].key.child(name_hash("think"), 0));
            self.pauses(id, ticks, After::NextStep);
        }
    }

    pub(super) fn shopper_arrives(&mut self) {
        if self.door.closed {
            return;
        }
        let id = self.new_shopper();
        self.schedules_next();
        self.goes_on(id);
    }

    /// Schedules the next arrival of open traffic, if anybody still comes.
    fn schedules_next(&mut self) {
        let Arrivals::Open { curve, random, requests_per_start } = &self.plan.arrivals else { return };
        let starts = if *random { exponential(self.key.child(name_hash("gap"), self.door.arrived)) } else { 1.0 };
        let Some(at_s) = after(curve, self.door.drawn_ns / 1e9, starts * requests_per_start) else { return };
        self.door.drawn_ns = at_s * 1e9;
        let tick = self.door.drawn_ns as u64 / TICK_NS;
        self.schedule(tick.saturating_sub(self.now), Event::ShopperArrives);
    }

    /// From now on there are so many more shoppers of a journey, as a second stream of arrivals.
    pub(super) fn surges(&mut self, journey: u16, extra_thousandths: u32) {
        let ends: Vec<u64> = self.plan.journeys.iter().map(|journey| journey.upto).collect();
        let begins = if journey == 0 { 0 } else { ends[usize::from(journey) - 1] };
        let share = (ends[usize::from(journey)] - begins) as f64 / 4_294_967_296.0;
        let surge = self.door.surges.entry(journey).or_default();
        surge.extra = share * f64::from(extra_thousandths) / 1_000.0;
        surge.drawn_ns = (self.now * TICK_NS) as f64;
        surge.next = None;
        self.schedules_one_more(journey);
    }

    pub(super) fn one_more_arrives(&mut self, journey: u16, event: EventNumber) {
        let key = self.key.child(name_hash("surge"), u64::from(journey));
        let surge = self.door.surges.get_mut(&journey).expect("there is a surge");
        if self.door.closed || surge.next != Some(event) {
            return;
        }
        let key = key.child(name_hash("shopper"), surge.arrived);
        surge.arrived += 1;
        let id = self.shopper(key);
        self.frame(id).pc = self.plan.journeys[usize::from(journey)].entry;
        self.schedules_one_more(journey);
        self.goes_on(id);
    }

    fn schedules_one_more(&mut self, journey: u16) {
        let Arrivals::Open { curve, random, requests_per_start } = &self.plan.arrivals else { return };
        let surge = self.door.surges[&journey];
        if surge.extra == 0.0 {
            return;
        }
        let key = self.key.child(name_hash("surge"), u64::from(journey));
        let starts = if *random { exponential(key.child(name_hash("gap"), surge.arrived)) } else { 1.0 };
        let Some(at_s) = after(curve, surge.drawn_ns / 1e9, starts * requests_per_start / surge.extra) else { return };
        let tick = (at_s * 1e9) as u64 / TICK_NS;
        let next = Some(self.schedule(tick.saturating_sub(self.now), Event::OneMoreArrives(journey)));
        self.door.surges.insert(journey, Surge { drawn_ns: at_s * 1e9, next, ..surge });
    }

    fn new_shopper(&mut self) -> FrameNumber {
        let key = self.key.child(name_hash("shopper"), self.door.arrived);
        self.door.arrived += 1;
        self.shopper(key)
    }

    fn shopper(&mut self, key: Key) -> FrameNumber {
        let user = key.bits(name_hash("user")) as u32;
        let id = self.next_number();
        let frame = Frame {
            role: Role::Shopper,
            state: State::Running,
            place: None,
            key,
            user,
            trace: self.trace_word(user),
            span: 0,
            pc: self.journey(key),
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
        self.frames.insert(id, frame);
        id
    }

    /// The user's tier and touch point.
    fn trace_word(&self, user: u32) -> u64 {
        let choose = |purpose: &str, shares: &[(String, u64)]| {
            let at = mix(u64::from(user) ^ name_hash(purpose) ^ self.key.0) >> 32;
            shares.iter().position(|(_, upto)| at < *upto).expect("shares reach 2^32") as u8
        };
        TraceWord::new(0, choose("tier", &self.plan.tiers), choose("touch point", &self.plan.touch_points)).0
    }

    /// Where the program of the journey begins that a key chooses.
    fn journey(&self, key: Key) -> u16 {
        let at = key.bits(name_hash("journey")) >> 32;
        self.plan.journeys.iter().find(|journey| at < journey.upto).expect("shares reach 2^32").entry
    }

    /// A closed user's journey is over: the next one begins after a pause.
    pub(super) fn starts_over(&mut self, id: FrameNumber) {
        let Arrivals::Closed { think, .. } = self.plan.arrivals else { panic!("only closed traffic starts over") };
        let key = self.frames[&id].key.child(name_hash("again"), 0);
        let pc = self.journey(key);
        let frame = self.frame(id);
        (frame.key, frame.pc, frame.repeats, frame.affected) = (key, pc, 0, false);
        let ticks = self.draw(think, key.child(name_hash("think"), 0)).max(1);
        self.pauses(id, ticks, After::NextStep);
    }

    /// What a shopper makes of a failure: the first since a success counts the shopper as affected,
    /// unless it is a declined answer.
    pub(super) fn count_failure(&mut self, id: FrameNumber, outcome: Outcome, again: bool) {
        let frame = self.frame(id).clone();
        let (Role::Shopper, Target::Endpoint(endpoint)) = (frame.role, self.plan.sites[usize::from(frame.site)].target)
        else {
            return;
        };
        let book = &mut self.books.endpoints[usize::from(endpoint)];
        let newly = outcome != Outcome::Declined && !frame.affected;
        book.affected += u64::from(newly);
        book.given_up += u64::from(!again);
        self.frame(id).affected |= newly;
    }
}

/// A draw from the exponential distribution of mean 1.
fn exponential(key: Key) -> f64 {
    -libm::log(((key.0 >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0)
}

/// The second by which `amount` more requests than by second `from` have come.
///
/// The one place where floats decide a tick, so the arithmetic has to be the engine's to the last bit.
fn after(curve: &[(f64, f64)], mut from: f64, mut amount: f64) -> Option<f64> {
    for (nth, &(at, rate)) in curve.iter().enumerate() {
        let Some(&(next_at, next_rate)) = curve.get(nth + 1) else {
            return (rate > 0.0).then(|| from.max(at) + amount / rate);
        };
        if next_at <= from {
            continue;
        }
        let slope = (next_rate - rate) / (next_at - at);
        let rate_here = rate + slope * (from - at);
        let until_next = next_at - from;
        let within = (rate_here + next_rate) / 2.0 * until_next;
        if amount < within {
            let root = (rate_here * rate_here + 2.0 * slope * amount).max(0.0).sqrt();
            return Some(from + (2.0 * amount / (rate_here + root)).min(until_next));
        }
        amount -= within;
        from = next_at;
    }
    None
}
