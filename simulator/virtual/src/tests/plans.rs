//! Random small scenarios.
//!
//! Owns what a random shop looks like: small, coarse in time so that ties within a tick are frequent, and short
//! of everything so that queues, timeouts and refusals are. Refuses to play them.

mod messages;
mod shop;
mod steps;
mod troubles;

use doorbuster_model::compile::compile;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::{Ticks, ticks_from_ns};
use doorbuster_scenarios::types::{
    Action, Closed, CurvePoint, Draw, Exponential, Family, Journey, JourneyStep, OnFailure, Remedy, ScaleOut, Scenario,
    Service, Start, Store, Traffic, Uniform,
};
use doorbuster_scenarios::units::{Amount, Rate, Share, Time};
use proptest::collection::vec;
use proptest::prelude::*;
pub(crate) use troubles::at_no_strength;
use troubles::{Trouble, trouble};

/// The units of time of random scenarios, whole ticks, so that different paths often meet in one tick: one hundred
/// ticks; one, where nearly everything that happens shares its tick; and ten thousand, where timeouts outlive the
/// engine's blocks of 268 ms and spans wait for the SDK's timer.
const UNITS_NS: [u64; 3] = [102_400, 1_024, 10_240_000];
/// Spans in a unit of time, about, with every branch taken and every try used up.
const SPANS_PER_UNIT: f64 = 20.0;

/// A scenario, and how it is played.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    pub(crate) cell: u32,
    /// How long the doors are open.
    pub(crate) length: Ticks,
    pub(crate) changes: Vec<Change>,
}

/// Something is different for a while, of every service or store that has it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) from: Ticks,
    pub(crate) to: Ticks,
    pub(crate) what: What,
}

/// What is different.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// All indexes of these shards are lost.
    LostIndexes(Vec<u16>),
    /// All pools have this size.
    PoolSize(u32),
    /// All pods that a remedy may add are there, and stay.
    MorePods,
    /// Every service lets in a request in so many ticks.
    RateLimit(u64),
    /// A fault.
    Trouble(Trouble),
    /// Every command at no strength.
    Nothing,
}

impl Case {
    pub(crate) fn plan(&self) -> Plan {
        compile("random", &self.scenario, self.seed)
    }
}

/// Any case.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    proptest::sample::select(&UNITS_NS[..]).prop_flat_map(cases_of)
}

/// A case whose times are multiples of a unit.
fn cases_of(unit_ns: u64) -> impl Strategy<Value = Case> {
    let length = (1..20_u64).prop_map(move |many| ticks_from_ns(many * 500 * unit_ns));
    let what = prop_oneof![
        2 => vec(0..4_u16, 1..4).prop_map(What::LostIndexes),
        1 => (1..6_u32).prop_map(What::PoolSize),
        1 => Just(What::MorePods),
        1 => (5..200_u64).prop_map(move |units| What::RateLimit(ticks_from_ns(units * unit_ns))),
        20 => trouble(unit_ns).prop_map(What::Trouble),
    ];
    // Often at the same moment as another one.
    let moment = || prop_oneof![2 => 0..3_000_u64, 1 => (0..6_u64).prop_map(|many| many * 500)];
    let change = (moment(), moment(), what).prop_map(move |(from, lasts, what)| Change {
        from: ticks_from_ns(from * unit_ns),
        to: ticks_from_ns((from + lasts.max(1)) * unit_ns),
        what,
    });
    // Often faults that meet at one thing.
    let changes = (vec(change, 0..5), proptest::option::of(0..12_u16)).prop_map(|(mut changes, target)| {
        for change in &mut changes {
            if let (What::Trouble(trouble), Some(target)) = (&mut change.what, target) {
                trouble.target = target;
            }
        }
        changes
    });
    (scenarios(unit_ns), any::<u64>(), 0..2_u32, length, changes)
        .prop_map(|(scenario, seed, cell, length, changes)| Case { scenario, seed, cell, length, changes })
}

fn scenarios(unit_ns: u64) -> impl Strategy<Value = Scenario> {
    let hop = prop_oneof![Just(0), Just(unit_ns), Just(5 * unit_ns), 0..10 * unit_ns];
    let frame = (1..3_u64, hop.prop_map(|ns| Time { ns }));
    let people = (journeys(unit_ns), traffic(unit_ns), prop_oneof![Just(vec![]), Just(vec![0.5, 0.25, 0.25])]);
    let more_pods = vec(prop_oneof![2 => Just(0), 1 => 1..3_u64], 6);
    (frame, (vec(shop::service(unit_ns), 1..6), more_pods), stores(unit_ns), people).prop_map(
        move |((fleet, hop), (services, more_pods), stores, (journeys, traffic, tiers))| {
            let mut scenario = Scenario { duration: Time::from_s(2), warmup: Time::from_s(0), ..Scenario::default() };
            scenario.cells.fleet.count = fleet;
            scenario.cells.play.count = fleet;
            scenario.network.hop = hop;
            scenario.services = named("s", services);
            scenario.remedies = scenario
                .services
                .iter()
                .zip(more_pods)
                .filter(|(_, more)| *more > 0)
                .map(|((name, service), more)| (name.clone(), more_of(name, service.pods.count + more)))
                .collect();
            scenario.stores = named("d", stores);
            scenario.journeys = named("j", journeys);
            scenario.tiers = ["normal", "vip", "svip"]
                .into_iter()
                .map(str::to_owned)
                .zip(tiers.into_iter().map(|ratio| Share { ratio }))
                .collect();
            scenario.traffic = Some(traffic);
            shop::connect(&mut scenario);
            within_budget(scenario, unit_ns)
        },
    )
}

/// Stores, some of them brokers.
fn stores(unit_ns: u64) -> impl Strategy<Value = Vec<Store>> {
    vec(prop_oneof![3 => shop::store(unit_ns).boxed(), 1 => messages::brokers(unit_ns).boxed()], 0..4)
}

/// A remedy that makes room in the plan for more pods.
fn more_of(service: &str, count: u64) -> Remedy {
    let scale = ScaleOut { service: service.to_owned(), pods: Amount { count }, start_up: Time::from_s(0) };
    Remedy { action: Action::ScaleOut(scale), start: Start::At(Time::from_s(1)), until: None }
}

/// Takes the rate down to what a naive engine plays in little time.
fn within_budget(mut scenario: Scenario, unit_ns: u64) -> Scenario {
    let plan = compile("random", &scenario, 0);
    let tree = plan.endpoints.iter().map(|endpoint| endpoint.tree).max().expect("there is an endpoint");
    let consumers = plan.consumers.iter().map(|consumer| {
        let ways = plan.origins.iter().filter(|origin| origin.topic == consumer.topic).count() as u32;
        ways * plan.endpoints[usize::from(consumer.endpoint)].tree
    });
    let tree = tree + consumers.sum::<u32>();
    let most = (SPANS_PER_UNIT / f64::from(tree)).max(0.0005) * 1e9 / unit_ns as f64;
    // Powers of two keep the even distances whole units.
    let fit = |rate: &mut Rate| {
        while rate.per_s > most {
            rate.per_s /= 2.0;
        }
    };
    match scenario.traffic.as_mut().expect("there is traffic") {
        Traffic::Poisson(rate) | Traffic::Constant(rate) => fit(rate),
        Traffic::Curve(points) => points.iter_mut().for_each(|point| fit(&mut point.rate)),
        Traffic::Closed(closed) => closed.users.count = closed.users.count.min(200 / u64::from(tree) + 2),
    }
    scenario
}

fn journeys(unit_ns: u64) -> impl Strategy<Value = Vec<Journey>> {
    let step = (0..4_usize, proptest::option::of(draw(unit_ns, 20)), share(), 1..4_u64).prop_map(
        |(to, think, reach, count)| JourneyStep { request: to.to_string(), think, reach, repeat: Amount { count } },
    );
    let on_failure = (share(), 2..4_u64, draw(unit_ns, 10)).prop_map(|(retry, count, after)| OnFailure {
        retry,
        attempts: Amount { count },
        after,
    });
    let patience = (proptest::option::of(time(unit_ns, 5..100)), any::<bool>());
    let journey = (1..4_u8, vec(step, 1..4), patience, proptest::option::of(on_failure));
    let journey = journey.prop_map(|(weight, mut steps, (patience, disconnect), on_failure)| {
        // Whoever takes a journey makes its first request.
        steps[0].reach.ratio = 1.0;
        Journey { weight: f64::from(weight), steps, patience, disconnect, on_failure }
    });
    vec(journey, 1..3)
}

fn traffic(unit_ns: u64) -> impl Strategy<Value = Traffic> {
    // A rate whose distances are whole units.
    let even = (3..60_u32).prop_map(move |units| Rate { per_s: 1e9 / unit_ns as f64 / f64::from(units) });
    let any_rate = || (20..500_u32).prop_map(move |milli| Rate { per_s: f64::from(milli) * 1e6 / unit_ns as f64 });
    let curve = vec(prop_oneof![1 => Just(Rate { per_s: 0.0 }), 3 => any_rate()], 1..5).prop_map(move |rates| {
        let point = |(nth, rate)| CurvePoint { at: Time { ns: nth as u64 * 1_500 * unit_ns }, rate };
        let mut points: Vec<CurvePoint> = rates.into_iter().enumerate().map(point).collect();
        points[0].rate.per_s += 1e7 / unit_ns as f64;
        points
    });
    // A user who never paused would make a million requests a second.
    let think = prop_oneof![
        time(unit_ns, 20..60).prop_map(Draw::Fixed),
        time(unit_ns, 20..60).prop_map(|mean| Draw::Family(Family::Exponential(Exponential { mean }))),
    ];
    let closed = (2..40_u64, think).prop_map(|(count, think)| Closed { users: Amount { count }, think });
    prop_oneof![
        any_rate().prop_map(Traffic::Poisson),
        even.prop_map(Traffic::Constant),
        curve.prop_map(Traffic::Curve),
        closed.prop_map(Traffic::Closed),
    ]
}

/// Things under the names `s0`, `s1` and so on.
fn named<T, M: FromIterator<(String, T)>>(prefix: &str, things: Vec<T>) -> M {
    things.into_iter().enumerate().map(|(nth, thing)| (format!("{prefix}{nth}"), thing)).collect()
}

/// A time of whole units.
fn time(unit_ns: u64, units: std::ops::Range<u64>) -> impl Strategy<Value = Time> {
    units.prop_map(move |units| Time { ns: units * unit_ns })
}

/// A draw: mostly the same whole number of units, below `most`.
fn draw(unit_ns: u64, most: u64) -> impl Strategy<Value = Draw> {
    prop_oneof![
        6 => time(unit_ns, 0..most).prop_map(Draw::Fixed),
        1 => time(unit_ns, 1..most).prop_map(|mean| Draw::Family(Family::Exponential(Exponential { mean }))),
        1 => (time(unit_ns, 0..1), time(unit_ns, 1..most)).prop_map(|(min, max)| Draw::Family(Family::Uniform(Uniform { min, max }))),
    ]
}

fn share() -> impl Strategy<Value = Share> {
    prop_oneof![2 => Just(1.0), 1 => Just(0.5), 1 => Just(0.0), 1 => (1..1_000_u32).prop_map(|tenths| f64::from(tenths) / 10.0 / 100.0)].prop_map(|ratio: f64| Share { ratio })
}
