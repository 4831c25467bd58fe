//! Random faults: what the commands of one kind of fault are, in a shop that need not have what they ask for.
//!
//! Owns the road from a few random numbers to commands: the numbers are scaled to what the plan has, so that they can
//! be made small.

use crate::faults::{Command, End, Haste, Way};
use doorbuster_model::key::threshold;
use doorbuster_model::plan::{Plan, Target};
use doorbuster_model::time::{Ticks, ticks_from_ns};
use proptest::prelude::*;

/// A fault by random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    kind: Kind,
    /// Which of those things there are.
    pub(super) target: u16,
    other: u16,
    /// Which pods, shards or partitions: a bit for each. None stands for all.
    parts: u16,
    /// How much, in tenths.
    strength: u64,
    /// How long, in units, and how often.
    length: u64,
    every: u64,
    flag: bool,
    unit: Ticks,
}

/// The kinds of fault: every command, and those that come together.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Rotation,
    Crash,
    CrashThatIsNoticed,
    Hog,
    Pauses,
    Skew,
    Release,
    Slow,
    Errors,
    Lock,
    Shards,
    HotKey,
    SlowWay,
    LossyWay,
    Flush,
    Stick,
    Haste,
    Surge,
}

const KINDS: [Kind; 18] = [
    Kind::Rotation,
    Kind::Crash,
    Kind::CrashThatIsNoticed,
    Kind::Hog,
    Kind::Pauses,
    Kind::Skew,
    Kind::Release,
    Kind::Slow,
    Kind::Errors,
    Kind::Lock,
    Kind::Shards,
    Kind::HotKey,
    Kind::SlowWay,
    Kind::LossyWay,
    Kind::Flush,
    Kind::Stick,
    Kind::Haste,
    Kind::Surge,
];

/// Any fault; times are whole units.
pub(super) fn trouble(unit_ns: u64) -> impl Strategy<Value = Trouble> {
    let kind = proptest::sample::select(&KINDS[..]);
    let sizes = (0..11_u64, 1..60_u64, 1..200_u64);
    (kind, (0..12_u16, 0..12_u16, 0..16_u16), sizes, any::<bool>()).prop_map(
        move |(kind, (target, other, parts), (strength, length, every), flag)| Trouble {
            kind,
            target,
            other,
            parts,
            strength,
            length,
            every,
            flag,
            unit: ticks_from_ns(unit_ns),
        },
    )
}

impl Trouble {
    /// What is given at the beginning, and at the end; nothing where the plan has nothing to break.
    pub(crate) fn commands(&self, plan: &Plan) -> (Vec<Command>, Vec<Command>) {
        self.given(plan).unwrap_or_default()
    }

    fn given(&self, plan: &Plan) -> Option<(Vec<Command>, Vec<Command>)> {
        let share = threshold(self.strength as f64 / 10.0);
        let (length, every) = (self.length * self.unit, (self.length + self.every) * self.unit);
        let service = self.target % plan.services.len() as u16;
        let of = &plan.services[usize::from(service)];
        let pods = self.some(of.pods);
        let rotation = |out: &[u16], into: &[u16], retires: bool| Command::Rotation {
            service,
            out: out.to_vec(),
            into: into.to_vec(),
            retires,
        };
        let both = |at_first: Command, then: Command| Some((vec![at_first], vec![then]));
        match self.kind {
            Kind::Rotation => {
                let others: Vec<u16> = (0..of.pods).filter(|pod| !pods.contains(pod)).collect();
                both(rotation(&pods, &others, self.flag), rotation(&others, &pods, false))
            }
            Kind::Crash => both(Command::Crash { service, pods: pods.clone() }, Command::Restart { service, pods }),
            Kind::CrashThatIsNoticed => Some((
                vec![Command::Crash { service, pods: pods.clone() }, rotation(&pods, &[], false)],
                vec![Command::Restart { service, pods: pods.clone() }, rotation(&[], &pods, false)],
            )),
            Kind::Hog => {
                let cores = (u64::from(of.cores) * self.strength).div_ceil(10) as u32;
                let hog = |cores| Command::Hog { service, pods: pods.clone(), cores };
                both(hog(cores), hog(0))
            }
            Kind::Pauses => {
                let pauses = |pause| Command::Pauses { service, pods: pods.clone(), pause, every };
                both(pauses(length), pauses(0))
            }
            Kind::Skew => {
                let ticks = if self.flag { length as i64 } else { -(length as i64) };
                let skew = |ticks| Command::Skew { service, pods: pods.clone(), ticks };
                both(skew(ticks), skew(0))
            }
            Kind::Release => {
                let slower = (1 << 16) + (self.length << 13);
                let defect = |slower, errors| Command::Defect { service, pods: pods.clone(), slower, errors };
                both(defect(slower, share), defect(1 << 16, 0))
            }
            Kind::Haste => {
                let haste = Haste { attempts: 2 + (self.every % 5) as u8, after: length, threshold: share };
                both(Command::Haste(Some(haste)), Command::Haste(None))
            }
            Kind::Surge => {
                let journey = self.target % plan.journeys.len() as u16;
                let surge = |extra_thousandths| Command::Surge { journey, extra_thousandths };
                both(surge(self.strength as u32 * 200), surge(0))
            }
            Kind::Stick => {
                let consumer = self.chosen(self.target, plan.consumers.len())?;
                let topic = &plan.statements[usize::from(plan.consumers[usize::from(consumer)].topic)];
                let partitions = self.some(topic.partitions);
                let stick = |is_stuck| Command::Stick { consumer, partitions: partitions.clone(), is_stuck };
                both(stick(true), stick(false))
            }
            Kind::SlowWay | Kind::LossyWay => self.way(plan, service, length, share),
            _ => self.at_store(plan, share, length, every),
        }
    }

    /// A fault of a store.
    fn at_store(&self, plan: &Plan, share: u64, length: Ticks, every: Ticks) -> Option<(Vec<Command>, Vec<Command>)> {
        let store = self.chosen(self.target, plan.stores.len())?;
        let of = &plan.stores[usize::from(store)];
        let shards = self.some(of.shards);
        let all = of.first_statement..of.first_statement + of.statement_count;
        let statements: Vec<u16> =
            if self.flag { all.collect() } else { all.skip(usize::from(self.other % 2)).collect() };
        let (first, then) = match self.kind {
            Kind::Slow => {
                let slow = |factor| Command::Slow { statements: statements.clone(), shards: shards.clone(), factor };
                (slow((1 << 16) + (self.length << 14)), slow(1 << 16))
            }
            Kind::Errors => {
                let errors = |threshold| Command::Errors { statements: statements.clone(), threshold };
                (errors(share), errors(0))
            }
            Kind::Lock => {
                let lock = |held| Command::Lock { statements: statements.clone(), shards: shards.clone(), held };
                (lock(Some((length, every))), lock(None))
            }
            Kind::Shards => {
                let down = |is_down| Command::Shards { store, shards: shards.clone(), is_down };
                (down(true), down(false))
            }
            Kind::HotKey => {
                let hot = |threshold| Command::HotKey { store, shard: self.other % of.shards, threshold };
                (hot(share), hot(0))
            }
            _ => {
                let store = plan.caches.get(usize::from(self.target) % plan.caches.len().max(1))?.store;
                return Some((vec![Command::Flush { store, threshold: share }], Vec::new()));
            }
        };
        Some((vec![first], vec![then]))
    }

    /// A way that something goes: it loses packets only where whoever asks does not wait for ever.
    fn way(&self, plan: &Plan, service: u16, length: Ticks, share: u64) -> Option<(Vec<Command>, Vec<Command>)> {
        let mut ends: Vec<(End, bool)> = Vec::new();
        for (instr, endpoint) in plan.code.iter().zip(&plan.endpoint_of) {
            let (doorbuster_model::plan::Instr::Call(site) | doorbuster_model::plan::Instr::Query(site)) = instr else {
                continue;
            };
            if plan.endpoints[usize::from(*endpoint)].service != service {
                continue;
            }
            let site = &plan.sites[usize::from(*site)];
            let end = match site.target {
                Target::Endpoint(callee) => End::Service(plan.endpoints[usize::from(callee)].service),
                Target::Statement { statement, .. } => End::Store(plan.statements[usize::from(statement)].store),
            };
            match ends.iter_mut().find(|(other, _)| *other == end) {
                Some((_, is_bounded)) => *is_bounded &= site.timeout.is_some(),
                None => ends.push((end, site.timeout.is_some())),
            }
        }
        let (to, is_bounded) = ends[usize::from(self.chosen(self.other, ends.len())?)];
        let is_lossy = matches!(self.kind, Kind::LossyWay) && is_bounded;
        let way = |delay, loss| Command::Way(Way { from: service, to, delay, loss });
        let delay = if is_lossy && self.flag { 0 } else { length };
        Some((vec![way(delay, if is_lossy { share } else { 0 })], vec![way(0, 0)]))
    }

    /// One of so many things.
    fn chosen(&self, number: u16, among: usize) -> Option<u16> {
        (among > 0).then(|| number % among as u16)
    }

    /// Some of so many things.
    fn some(&self, all: u16) -> Vec<u16> {
        let some: Vec<u16> = (0..all).filter(|nth| self.parts >> (nth % 4) & 1 == 1).collect();
        if some.is_empty() { (0..all).collect() } else { some }
    }
}

/// Every command there is, for everything that there is, with nothing to change: no cores, no share, no delay, the usual
/// factor, what lives already.
pub(crate) fn at_no_strength(plan: &Plan) -> Vec<Command> {
    let mut all = vec![Command::Haste(None), Command::Haste(Some(Haste { attempts: 9, after: 0, threshold: 0 }))];
    for (service, of) in (0..).zip(&plan.services) {
        let pods: Vec<u16> = (0..of.pods).collect();
        all.push(Command::Rotation { service, out: vec![], into: vec![], retires: true });
        all.push(Command::Rotation { service, out: vec![], into: (0..of.pods_at_first).collect(), retires: false });
        all.push(Command::Crash { service, pods: vec![] });
        all.push(Command::Restart { service, pods: pods.clone() });
        all.push(Command::Hog { service, pods: pods.clone(), cores: 0 });
        all.push(Command::Pauses { service, pods: pods.clone(), pause: 0, every: 100 });
        all.push(Command::Skew { service, pods: pods.clone(), ticks: 0 });
        all.push(Command::Defect { service, pods, slower: 1 << 16, errors: 0 });
        let ends =
            (0..plan.services.len() as u16).map(End::Service).chain((0..plan.stores.len() as u16).map(End::Store));
        all.extend(ends.map(|to| Command::Way(Way { from: service, to, delay: 0, loss: 0 })));
    }
    for (store, of) in (0..).zip(&plan.stores) {
        let statements: Vec<u16> = (of.first_statement..of.first_statement + of.statement_count).collect();
        let shards: Vec<u16> = (0..of.shards).collect();
        let of_all = (statements.clone(), shards.clone());
        all.push(Command::Index { statements: of_all.0.clone(), shards: of_all.1.clone(), lost: false });
        all.push(Command::Slow { statements: of_all.0.clone(), shards: of_all.1.clone(), factor: 1 << 16 });
        all.push(Command::Lock { statements: of_all.0.clone(), shards: of_all.1.clone(), held: None });
        all.push(Command::Lock { statements: of_all.0, shards: of_all.1, held: Some((0, 100)) });
        all.push(Command::Errors { statements, threshold: 0 });
        all.push(Command::Shards { store, shards: vec![], is_down: true });
        all.push(Command::Shards { store, shards, is_down: false });
        all.push(Command::HotKey { store, shard: 0, threshold: 0 });
        all.push(Command::Flush { store, threshold: 0 });
    }
    for (consumer, of) in (0..).zip(&plan.consumers) {
        let partitions = (0..plan.statements[usize::from(of.topic)].partitions).collect();
        all.push(Command::Stick { consumer, partitions: vec![], is_stuck: true });
        all.push(Command::Stick { consumer, partitions, is_stuck: false });
    }
    all.extend((0..plan.journeys.len() as u16).map(|journey| Command::Surge { journey, extra_thousandths: 0 }));
    all.extend((0..).zip(&plan.pools).map(|(pool, of)| Command::PoolSize { pool, size: of.size }));
    all
}
