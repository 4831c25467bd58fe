//! Shoppers: when they arrive, whom each of them is, and what they make of failures.
//!
//! Owns arrivals and the shopper's side of a request. A shopper is a frame without a pod whose program is the
//! journey, so waiting, tries and timeouts work as they do between pods.

use crate::engine::Engine;
use crate::event::{Event, Kind};
use crate::frame::{AFFECTED, FrameId, State};
use doorbuster_model::key::{Key, happens, mix, name_hash};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Arrivals, EndpointId, NO_ENDPOINT, Plan, Site, Target};
use doorbuster_model::time::{TICK_SHIFT, Ticks};
use doorbuster_telemetry::record::TraceWord;

const SHOPPER: u64 = name_hash("shopper");
const GAP: u64 = name_hash("gap");
const USER: u64 = name_hash("user");
const JOURNEY: u64 = name_hash("journey");
const TIER: u64 = name_hash("tier");
const TOUCH_POINT: u64 = name_hash("touch point");
const AGAIN: u64 = name_hash("again");
const THINK: u64 = name_hash("think");

const SURGE: u64 = name_hash("surge");
const HASTE: u64 = name_hash("haste");

/// How shoppers' apps try again after a failure, in place of what the journeys say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Haste {
    /// Tries in all.
    pub attempts: u8,
    /// Time before each further one.
    pub after: Ticks,
    /// Shoppers with such an app, in 2^-32.
    pub threshold: u64,
}

/// More shoppers of one journey.
#[derive(Clone, Debug, Default)]
struct Surge {
    /// So many more than usual, over the usual ones of all journeys.
    extra: f64,
    /// How many came so far.
    arrived: u64,
    /// When the next one arrives, in nanoseconds.
    next_ns: f64,
    /// Which surge of the journey it is.
    series: u32,
}

/// The door of a cell.
pub(crate) struct Shoppers {
    key: Key,
    closed: bool,
    /// Shoppers so far.
    arrived: u64,
    /// Traces so far.
    traces: u64,
    /// When the next one arrives, in nanoseconds.
    next_ns: f64,
    /// Users of a closed loop in this cell.
    users: u32,
    /// By journey.
    surges: Vec<Surge>,
}

impl Shoppers {
    pub(crate) fn new(plan: &Plan, key: Key, cell: u32) -> Self {
        let users = match plan.arrivals {
            Arrivals::Closed { users, extra, .. } => users + u32::from(cell < extra),
            Arrivals::Open { .. } => 0,
        };
        let surges = vec![Surge::default(); plan.journeys.len()];
        Self { key, closed: false, arrived: 0, traces: 0, next_ns: 0.0, users, surges }
    }

    pub(crate) const fn doors_closed(&self) -> bool {
        self.closed
    }

    /// Moves to the next arrival; `None` when nobody comes any more.
    fn advance(&mut self, plan: &Plan) -> Option<Ticks> {
        let Arrivals::Open { curve, random, requests_per_start } = &plan.arrivals else {
            return None;
        };
        let starts = if *random { exponential(self.key, self.arrived) } else { 1.0 };
        let seconds = after(curve, self.next_ns / 1e9, starts * requests_per_start)?;
        self.next_ns = seconds * 1e9;
        Some((self.next_ns as u64) >> TICK_SHIFT)
    }

    /// Moves to the next arrival of a surge; `None` when nobody comes any more.
    fn advance_surge(&mut self, plan: &Plan, journey: usize) -> Option<Ticks> {
        let Arrivals::Open { curve, random, requests_per_start } = &plan.arrivals else {
            return None;
        };
        let surge = &mut self.surges[journey];
        let key = self.key.child(SURGE, journey as u64);
        let starts = if *random { exponential(key, surge.arrived) } else { 1.0 };
        let seconds = after(curve, surge.next_ns / 1e9, starts * requests_per_start / surge.extra)?;
        surge.next_ns = seconds * 1e9;
        Some((surge.next_ns as u64) >> TICK_SHIFT)
    }
}

/// A draw from the exponential distribution of mean 1: the gap before the `arrived`-th.
fn exponential(key: Key, arrived: u64) -> f64 {
    let bits = key.child(GAP, arrived).0;
    // 53 bits and a half, so that the logarithm's argument is never 0.
    let uniform = ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    -libm::log(uniform)
}

/// The second at which `amount` more requests than at second `from` have come, under a rate given by straight lines.
fn after(curve: &[(f64, f64)], from: f64, amount: f64) -> Option<f64> {
    let mut left = amount;
    let mut from = from;
    let first = curve.partition_point(|(at, _)| *at <= from).saturating_sub(1);
    for (index, &(at, rate)) in curve.iter().enumerate().skip(first) {
        let Some(&(next_at, next_rate)) = curve.get(index + 1) else {
            return (rate > 0.0).then(|| from.max(at) + left / rate);
        };
        let slope = (next_rate - rate) / (next_at - at);
        let rate_here = rate + slope * (from - at);
        let until_next = next_at - from;
        let within = (rate_here + next_rate) / 2.0 * until_next;
        if left < within {
            // rate_here x + slope x^2 / 2 = left, in the form that does not cancel.
            let root = (rate_here * rate_here + 2.0 * slope * left).max(0.0).sqrt();
            return Some(from + (2.0 * left / (rate_here + root)).min(until_next));
        }
        left -= within;
        from = next_at;
    }
    None
}

impl Engine<'_> {
    /// Lets the first shoppers in: the first arrival, or every user of a closed loop after a first pause.
    pub(crate) fn open_doors(&mut self) {
        if let Arrivals::Closed { think, .. } = self.plan.arrivals {
            for _ in 0..self.shoppers.users {
                let id = self.new_shopper();
                let ticks = self.draw(think, self.frames[id].key.child(THINK, 0));
                self.frames[id].state = State::Waiting;
                self.schedule(self.now + ticks, Kind::Resume, id);
            }
        } else {
            self.next_shopper();
        }
    }

    /// Nobody arrives or asks for anything more; who waits for an answer still gets it.
    pub(crate) fn close_doors(&mut self) {
        self.shoppers.closed = true;
    }

    fn next_shopper(&mut self) {
        if let Some(at) = self.shoppers.advance(self.plan) {
            self.schedule(at.max(self.now), Kind::Shopper, 0);
        }
    }

    /// A shopper arrives and begins the journey at once: of the usual ones (0), or of a surge.
    pub(crate) fn shopper_arrives(&mut self, index: u32, series: u32) {
        if self.shoppers.closed {
            return;
        }
        let id = match index.checked_sub(1).map(|journey| journey as usize) {
            None => {
                let id = self.new_shopper();
                self.next_shopper();
                id
            }
            Some(journey) if self.shoppers.surges[journey].series == series => {
                let surge = &mut self.shoppers.surges[journey];
                let key = self.shoppers.key.child(SURGE, journey as u64).child(SHOPPER, surge.arrived);
                surge.arrived += 1;
                let id = self.shopper_of(key);
                self.frames[id].pc = self.plan.journeys[journey].entry;
                self.next_of_surge(journey);
                id
            }
            Some(_) => return,
        };
        self.run(id);
    }

    /// Begins or ends a surge of a journey.
    pub(crate) fn surge(&mut self, journey: u16, extra_thousandths: u32) {
        let journey = usize::from(journey);
        let upto = |index: usize| self.plan.journeys[index].upto;
        let before = if journey == 0 { 0 } else { upto(journey - 1) };
        let usual = (upto(journey) - before) as f64 / (1_u64 << 32) as f64;
        let surge = &mut self.shoppers.surges[journey];
        surge.series += 1;
        surge.extra = usual * f64::from(extra_thousandths) / 1_000.0;
        surge.next_ns = (self.now << TICK_SHIFT) as f64;
        if surge.extra > 0.0 {
            self.next_of_surge(journey);
        }
    }

    fn next_of_surge(&mut self, journey: usize) {
        if let Some(at) = self.shoppers.advance_surge(self.plan, journey) {
            let series = self.shoppers.surges[journey].series;
            let event = Event::stamped(Kind::Shopper, journey as u32 + 1, series);
            self.wheel.schedule(at.max(self.now), event);
        }
    }

    /// How a hasty shopper tries again; `None` for one who does as the journey says.
    pub(crate) fn hurries(&self, id: FrameId) -> Option<Haste> {
        self.haste.filter(|haste| happens(self.frames[id].key.bits(HASTE), haste.threshold))
    }

    fn new_shopper(&mut self) -> FrameId {
        let key = self.shoppers.key.child(SHOPPER, self.shoppers.arrived);
        self.shoppers.arrived += 1;
        self.shopper_of(key)
    }

    fn shopper_of(&mut self, key: Key) -> FrameId {
        let id = self.frames.alloc(State::Waiting);
        let user = key.bits(USER) as u32;
        self.frames[id].key = key;
        self.frames[id].user = user;
        self.frames[id].trace = self.who(user).0;
        self.frames[id].pc = self.journey(key);
        id
    }

    /// Tier and touch point of a user, always the same.
    fn who(&self, user: u32) -> TraceWord {
        let place = |purpose: u64, shares: &[(String, u64)]| {
            let at = mix(u64::from(user) ^ purpose ^ self.shoppers.key.0) >> 32;
            shares.iter().position(|(_, upto)| at < *upto).expect("invariant: shares reach 2^32") as u8
        };
        TraceWord::new(0, place(TIER, &self.plan.tiers), place(TOUCH_POINT, &self.plan.touch_points))
    }

    fn journey(&self, key: Key) -> u16 {
        let at = key.bits(JOURNEY) >> 32;
        let found = self.plan.journeys.iter().find(|journey| at < journey.upto);
        found.expect("invariant: shares reach 2^32").entry
    }

    /// A closed user starts over after a pause, at the earliest in the next tick, as somebody with new luck.
    pub(crate) fn restart(&mut self, id: FrameId) {
        let Arrivals::Closed { think, .. } = self.plan.arrivals else {
            unreachable!("invariant: only a closed user starts over");
        };
        if self.shoppers.closed {
            return self.frames.free(id);
        }
        let key = self.frames[id].key.child(AGAIN, 0);
        let entry = self.journey(key);
        let ticks = self.draw(think, key.child(THINK, 0)).max(1);
        let frame = &mut self.frames[id];
        frame.key = key;
        frame.work = 0;
        frame.flags = 0;
        frame.pc = entry;
        frame.state = State::Waiting;
        self.schedule(self.now + ticks, Kind::Resume, id);
    }

    /// A request starts a trace of its own.
    pub(crate) fn next_trace(&mut self, shopper: FrameId, endpoint: EndpointId) -> u64 {
        debug_assert_ne!(endpoint, NO_ENDPOINT);
        let sequence = self.shoppers.traces;
        self.shoppers.traces += 1;
        self.ledger.arrivals += 1;
        sequence | self.frames[shopper].trace
    }

    /// A shopper's request failed: the first time, the shopper counts as affected (a declined answer hurts nobody).
    pub(crate) fn shopper_failed(&mut self, id: FrameId, site: &Site, outcome: Outcome) {
        let frame = &mut self.frames[id];
        if outcome == Outcome::Declined || frame.has(AFFECTED) {
            return;
        }
        frame.flags |= AFFECTED;
        if let Target::Endpoint(endpoint) = site.target {
            self.slice.endpoints[usize::from(endpoint)].affected += 1;
        }
    }

    /// A shopper gives the journey up after a failed request.
    pub(crate) fn shopper_leaves(&mut self, id: FrameId, site: &Site) {
        self.frames[id].flags &= !AFFECTED;
        self.frames[id].work = 0;
        if let Target::Endpoint(endpoint) = site.target {
            self.slice.endpoints[usize::from(endpoint)].given_up += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn a_ramp_is_inverted_exactly() {
        // From 0 to 10 a second within 10 s: 50 requests; half of them after 7.07 s.
        let curve = [(0.0, 0.0), (10.0, 10.0), (20.0, 0.0), (30.0, 0.0)];
        assert!((after(&curve, 0.0, 25.0).unwrap() - 50_f64.sqrt()).abs() < 1e-12);
        assert!((after(&curve, 0.0, 50.0).unwrap() - 10.0).abs() < 1e-12);
        assert!((after(&curve, 0.0, 75.0).unwrap() - (20.0 - 50_f64.sqrt())).abs() < 1e-9);
        assert_eq!(after(&curve, 0.0, 100.1), None, "nobody comes after the rate has fallen to nothing");
    }

    #[test]
    fn a_flat_rate_goes_on_for_ever() {
        assert!((after(&[(0.0, 4.0)], 100.0, 2.0).unwrap() - 100.5).abs() < 1e-12);
        assert_eq!(after(&[(0.0, 0.0)], 0.0, 1.0), None);
    }
}
