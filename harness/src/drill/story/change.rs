//! Faults as commands: what each kind changes, in words and for the engine, and what takes it back.
//!
//! Owns the intensity: at nothing every kind changes nothing. Refuses times (`episode`) and what the fault is called (`label`).

use super::episode::{pool, service, statements_with};
use super::label::{self, Label};
use crate::plan_names::store;
use doorbuster_model::key::threshold;
use doorbuster_model::plan::{ConsumerId, Plan, ServiceId, StatementId, StoreId};
use doorbuster_model::time::{Ticks, ticks_from_ns};
use doorbuster_reports::format::{duration, percent};
use doorbuster_scenarios::types::{
    AlertRule, BadRelease, CacheFlush, ClockSkew, CpuHog, Fault, FaultKind, GcPauses, HotKey, Lock, LostIndex,
    NetworkFault, Partition, PodCrash, PoolSize, RetryStorm, Scenario, SensitiveAlerts, SlowStore, StoreDown,
    StoreErrors, StuckConsumer, Surge,
};
use doorbuster_scenarios::units::{Amount, Share, Time};
use doorbuster_virtual::faults::{Command, End, Haste, Way, partitions_hit, pods_hit, shards_hit};

/// What a change comes to.
pub(super) struct Change {
    /// In words.
    pub(super) what: String,
    /// What may be named as its cause.
    pub(super) labels: Vec<Label>,
    /// What changes, so many seconds after the injection.
    pub(super) commands: Vec<(u32, Command)>,
    /// What takes it back, in the same order as far as it is the same thing.
    pub(super) undo: Vec<Command>,
    /// The paging rule meanwhile, if it is another.
    pub(super) rule: Option<AlertRule>,
}

impl Change {
    fn new(what: String, labels: Vec<Label>, command: Command, undo: Command) -> Self {
        Self { what, labels, commands: vec![(0, command)], undo: vec![undo], rule: None }
    }
}

/// What a fault changes.
pub(super) fn of(name: &str, fault: &Fault, scenario: &Scenario, plan: &Plan) -> Change {
    let strength = fault.intensity.ratio;
    match &fault.change {
        FaultKind::LostIndex(lost) => lost_index(lost, strength, plan),
        FaultKind::PoolSize(size) => smaller_pool(size, strength, plan),
        FaultKind::PodCrash(crash) => pod_crash(crash, strength, plan),
        FaultKind::CpuHog(hog) => cpu_hog(hog, strength, plan),
        FaultKind::SlowStore(slow) => slow_store(slow, strength, plan),
        FaultKind::Network(network) => way(network, strength, plan),
        FaultKind::Partition(cut) => partition(cut, strength, plan),
        FaultKind::CacheFlush(flush) => cache_flush(flush, strength, plan),
        FaultKind::HotKey(hot) => hot_key(hot, strength, plan),
        FaultKind::StoreDown(down) => store_down(down, strength, plan),
        FaultKind::StoreErrors(errors) => store_errors(errors, strength, plan),
        FaultKind::Lock(held) => lock(held, strength, plan),
        FaultKind::StuckConsumer(stuck) => stuck_consumer(stuck, strength, plan),
        FaultKind::BadRelease(bad) => bad_release(name, bad, strength, plan),
        FaultKind::GcPauses(gc) => gc_pauses(gc, strength, plan),
        FaultKind::ClockSkew(skew) => clock_skew(skew, strength, plan),
        FaultKind::RetryStorm(storm) => retry_storm(storm, strength, plan),
        FaultKind::Surge(surge) => more_shoppers(surge, strength, plan),
        FaultKind::SensitiveAlerts(alerts) => tight_rule(alerts, strength, &scenario.alert),
    }
}

fn cpu_hog(hog: &CpuHog, strength: f64, plan: &Plan) -> Change {
    let id = service(plan, &hog.service);
    let pods = pods_hit(plan, id, hog.pods.ratio);
    let all = plan.services[usize::from(id)].cores;
    let cores = (f64::from(all) * hog.cores.ratio * strength).round() as u32;
    let what = format!("something else takes {cores} of {all} cores at {} of {}", some(&pods, plan, id), hog.service);
    let hog = |cores| Command::Hog { service: id, pods: pods.clone(), cores };
    Change::new(what, label::service(plan, id, "cpu_saturated"), hog(cores), hog(0))
}

fn slow_store(slow: &SlowStore, strength: f64, plan: &Plan) -> Change {
    let store = store(plan, &slow.store);
    let statements = statements(plan, store, slow.statement.as_deref());
    let shards = shards_hit(plan, store, slow.shards.ratio);
    let factor = 1.0 + (slow.factor - 1.0) * strength;
    let what = format!(
        "{} takes {factor:.1} times as long on {}",
        which(&slow.store, slow.statement.as_deref()),
        of_shards(plan, store, &shards)
    );
    let mut labels = label::statements(plan, &statements, "slow_statement");
    labels.extend(label::store(plan, store, "store_saturated"));
    if plan.stores[usize::from(store)].kind == doorbuster_scenarios::types::StoreKind::External {
        labels.extend(label::store(plan, store, "dependency_failing"));
    }
    let slow = |factor| Command::Slow { statements: statements.clone(), shards: shards.clone(), factor };
    Change::new(what, labels, slow(q16(factor)), slow(q16(1.0)))
}

fn cache_flush(flush: &CacheFlush, strength: f64, plan: &Plan) -> Change {
    let store = store(plan, &flush.store);
    let share = flush.entries.ratio * strength;
    let what = format!("{} of the entries of {} are gone", percent(share), flush.store);
    let command = Command::Flush { store, threshold: threshold(share) };
    let labels = label::caches(plan, store);
    Change { what, labels, commands: vec![(0, command)], undo: Vec::new(), rule: None }
}

fn hot_key(hot: &HotKey, strength: f64, plan: &Plan) -> Change {
    let store = store(plan, &hot.store);
    let shard = shards_hit(plan, store, 1.0 / f64::from(plan.stores[usize::from(store)].shards))[0];
    let share = hot.share.ratio * strength;
    let what = format!("{} of what is asked of {} goes to shard {shard}", percent(share), hot.store);
    let hot = |share| Command::HotKey { store, shard, threshold: threshold(share) };
    Change::new(what, label::store(plan, store, "hot_shard"), hot(share), hot(0.0))
}

fn store_down(down: &StoreDown, strength: f64, plan: &Plan) -> Change {
    let store = store(plan, &down.store);
    let shards = shards_hit(plan, store, down.shards.ratio * strength);
    let what = format!("{} is down on {}", down.store, of_shards(plan, store, &shards));
    let down = |is_down| Command::Shards { store, shards: shards.clone(), is_down };
    Change::new(what, label::store(plan, store, "store_down"), down(true), down(false))
}

fn store_errors(errors: &StoreErrors, strength: f64, plan: &Plan) -> Change {
    let store = store(plan, &errors.store);
    let statements = statements(plan, store, errors.statement.as_deref());
    let share = errors.share.ratio * strength;
    let what =
        format!("{} answers {} with an error", which(&errors.store, errors.statement.as_deref()), percent(share));
    let errors = |share| Command::Errors { statements: statements.clone(), threshold: threshold(share) };
    Change::new(what, label::store(plan, store, "dependency_failing"), errors(share), errors(0.0))
}

fn lock(lock: &Lock, strength: f64, plan: &Plan) -> Change {
    let store = store(plan, &lock.store);
    let statements = statements(plan, store, lock.statement.as_deref());
    let shards = shards_hit(plan, store, lock.shards.ratio);
    let hold = ticks_from_ns((lock.hold.ns as f64 * strength) as u64);
    let what = format!(
        "{} waits for a lock that is held for {} of every {} on {}",
        which(&lock.store, lock.statement.as_deref()),
        duration(lock.hold.s() * strength),
        lock.every,
        of_shards(plan, store, &shards)
    );
    let every = ticks(lock.every);
    let lock = |held| Command::Lock { statements: statements.clone(), shards: shards.clone(), held };
    let held = (hold > 0).then_some((hold, every));
    Change::new(what, label::statements(plan, &statements, "lock_contention"), lock(held), lock(None))
}

fn gc_pauses(gc: &GcPauses, strength: f64, plan: &Plan) -> Change {
    let id = service(plan, &gc.service);
    let pods = pods_hit(plan, id, gc.pods.ratio);
    let pause_s = gc.pause.s() * strength;
    let what =
        format!("{} of {} pause for {} every {}", some(&pods, plan, id), gc.service, duration(pause_s), gc.every);
    let every = ticks(gc.every);
    let pause = |pause| Command::Pauses { service: id, pods: pods.clone(), pause, every };
    let pause_ticks = ticks_from_ns((pause_s * 1e9) as u64);
    Change::new(what, label::service(plan, id, "gc_pauses"), pause(pause_ticks), pause(0))
}

fn retry_storm(storm: &RetryStorm, strength: f64, plan: &Plan) -> Change {
    let what = format!(
        "{} of the shoppers' apps try up to {} times, {} after each failure",
        percent(strength),
        storm.attempts,
        storm.after
    );
    let haste = Haste {
        attempts: storm.attempts.count as u8,
        after: ticks(storm.after).max(1),
        threshold: threshold(strength),
    };
    let command = Command::Haste((strength > 0.0).then_some(haste));
    Change::new(what, label::traffic(plan), command, Command::Haste(None))
}

fn partition(cut: &Partition, strength: f64, plan: &Plan) -> Change {
    let all = Share { ratio: 1.0 };
    let network = NetworkFault { from: cut.from.clone(), to: cut.to.clone(), delay: Time::default(), loss: all };
    way(&network, strength, plan)
}

fn lost_index(lost: &LostIndex, strength: f64, plan: &Plan) -> Change {
    let store = store(plan, &lost.store);
    let shards = shards_hit(plan, store, lost.shards.ratio * strength);
    let statements = statements_with(plan, &lost.store, &lost.table, &lost.index);
    let what = format!("index {} of {} lost on {}", lost.index, lost.table, of_shards(plan, store, &shards));
    let index = |lost| Command::Index { statements: statements.clone(), shards: shards.clone(), lost };
    Change::new(what, label::statements(plan, &statements, "missing_index"), index(true), index(false))
}

fn smaller_pool(size: &PoolSize, strength: f64, plan: &Plan) -> Change {
    let pool = pool(plan, size);
    let usual = plan.pools[usize::from(pool)].size;
    let change = (f64::from(usual) - size.size.count as f64) * strength;
    let left = (f64::from(usual) - change).round() as u32;
    let what = format!("connection pool of {} to {} cut from {usual} to {left}", size.service, size.store);
    let of = |size| Command::PoolSize { pool, size };
    Change::new(what, label::pool_exhausted(plan, pool), of(left), of(usual))
}

fn pod_crash(crash: &PodCrash, strength: f64, plan: &Plan) -> Change {
    let id = service(plan, &crash.service);
    let pods = pods_hit(plan, id, crash.pods.ratio * strength);
    let rotation = |out: &[u16], into: &[u16]| Command::Rotation {
        service: id,
        out: out.to_vec(),
        into: into.to_vec(),
        retires: false,
    };
    let what = format!("{} of {} die", some(&pods, plan, id), crash.service);
    Change {
        what,
        labels: label::service(plan, id, "pod_down"),
        commands: vec![
            (0, Command::Crash { service: id, pods: pods.clone() }),
            (crash.noticed.s() as u32, rotation(&pods, &[])),
        ],
        undo: vec![Command::Restart { service: id, pods: pods.clone() }, rotation(&[], &pods)],
        rule: None,
    }
}

fn way(network: &NetworkFault, strength: f64, plan: &Plan) -> Change {
    let from = service(plan, &network.from);
    let to = match plan.services.iter().position(|service| service.name == network.to) {
        Some(id) => End::Service(id as ServiceId),
        None => End::Store(store(plan, &network.to)),
    };
    let (delay_s, loss) = (network.delay.s() * strength, network.loss.ratio * strength);
    let what = match (delay_s > 0.0, loss > 0.0) {
        (true, true) => format!("takes {} more and loses {} of the packets", duration(delay_s), percent(loss)),
        (true, false) => format!("takes {} more", duration(delay_s)),
        _ => format!("loses {} of the packets", percent(loss)),
    };
    let what = format!("the way from {} to {} {what}", network.from, network.to);
    let of = |delay, loss| Command::Way(Way { from, to, delay, loss: threshold(loss) });
    let labels = label::network(plan, from, &network.to);
    Change::new(what, labels, of(ticks_from_ns((delay_s * 1e9) as u64), loss), of(0, 0.0))
}

fn stuck_consumer(stuck: &StuckConsumer, strength: f64, plan: &Plan) -> Change {
    let is_it = |id: &ConsumerId| {
        let endpoint = &plan.endpoints[usize::from(plan.consumers[usize::from(*id)].endpoint)];
        plan.services[usize::from(endpoint.service)].name == stuck.service && endpoint.name == stuck.consumer
    };
    let consumer = (0..plan.consumers.len() as ConsumerId).find(is_it).expect("invariant: a checked consumer");
    let topic = plan.consumers[usize::from(consumer)].topic;
    let partitions = partitions_hit(plan, consumer, stuck.partitions.ratio * strength);
    let all = plan.statements[usize::from(topic)].partitions;
    let what =
        format!("{}.{} takes no messages from {} of {all} partitions", stuck.service, stuck.consumer, partitions.len());
    let stick = |is_stuck| Command::Stick { consumer, partitions: partitions.clone(), is_stuck };
    Change::new(what, label::consumer(plan, consumer), stick(true), stick(false))
}

fn bad_release(name: &str, bad: &BadRelease, strength: f64, plan: &Plan) -> Change {
    let id = service(plan, &bad.service);
    let of = &plan.services[usize::from(id)];
    let mut labels = label::service(plan, id, "bad_release");
    let Some(release) = of.releases.iter().find(|release| release.fault == name) else {
        labels.clear();
        let what = format!("no pod of {} gets version {}", bad.service, bad.version);
        return Change { what, labels, commands: Vec::new(), undo: Vec::new(), rule: None };
    };
    let new: Vec<u16> = (release.first..release.first + release.pods).collect();
    let old = pods_hit(plan, id, f64::from(release.pods) / f64::from(of.pods_at_first));
    let slower = 1.0 + (bad.slower - 1.0) * strength;
    let errors = bad.errors.ratio * strength;
    let what = format!(
        "version {} on {} of {} pods of {}: it fails {} more and computes {slower:.1} times as long",
        bad.version,
        new.len(),
        of.pods_at_first,
        bad.service,
        percent(errors)
    );
    let rotation = |out: &[u16], into: &[u16]| Command::Rotation {
        service: id,
        out: out.to_vec(),
        into: into.to_vec(),
        retires: true,
    };
    let defect = Command::Defect { service: id, pods: new.clone(), slower: q16(slower), errors: threshold(errors) };
    Change {
        what,
        labels,
        commands: vec![(0, defect), (0, rotation(&old, &new))],
        undo: vec![rotation(&new, &old)],
        rule: None,
    }
}

fn clock_skew(skew: &ClockSkew, strength: f64, plan: &Plan) -> Change {
    let id = service(plan, &skew.service);
    let pods = pods_hit(plan, id, skew.pods.ratio);
    let (by, side) = match (skew.ahead, skew.behind) {
        (Some(ahead), _) => (ahead.s(), "ahead"),
        (None, behind) => (behind.unwrap_or_default().s(), "behind"),
    };
    let what =
        format!("the clock of {} of {} is {} {side}", some(&pods, plan, id), skew.service, duration(by * strength));
    let magnitude = ticks_from_ns((by * strength * 1e9) as u64).cast_signed();
    let ticks = if side == "ahead" { magnitude } else { -magnitude };
    let skew = |ticks| Command::Skew { service: id, pods: pods.clone(), ticks };
    Change::new(what, Vec::new(), skew(ticks), skew(0))
}

fn more_shoppers(surge: &Surge, strength: f64, plan: &Plan) -> Change {
    let journey = plan.journeys.iter().position(|journey| journey.name == surge.journey);
    let journey = journey.expect("invariant: a checked journey") as u16;
    let extra = (surge.factor - 1.0) * strength;
    let what = format!("{:.1} times as many shoppers take {}", 1.0 + extra, surge.journey);
    let of = |extra: f64| Command::Surge { journey, extra_thousandths: (extra * 1_000.0).round() as u32 };
    Change::new(what, label::traffic(plan), of(extra), of(0.0))
}

fn tight_rule(alerts: &SensitiveAlerts, strength: f64, usual: &AlertRule) -> Change {
    let between = |from: f64, to: f64| from + (to - from) * strength;
    let ratio = between(usual.failures_above.ratio, alerts.failures_above.ratio);
    let least = alerts.min_attempts.unwrap_or(usual.min_attempts).count as f64;
    let count = between(usual.min_attempts.count as f64, least).round() as u64;
    let rule = AlertRule { failures_above: Share { ratio }, min_attempts: Amount { count }, ..usual.clone() };
    let what = format!("pages are sent from {} of failures on", percent(ratio));
    Change { what, labels: Vec::new(), commands: Vec::new(), undo: Vec::new(), rule: Some(rule) }
}

/// A factor in 2^-16.
fn q16(factor: f64) -> u64 {
    (factor * 65_536.0).round() as u64
}

fn ticks(time: Time) -> Ticks {
    ticks_from_ns(time.ns)
}

fn some(pods: &[u16], plan: &Plan, service: ServiceId) -> String {
    format!("{} of {} pods", pods.len(), plan.services[usize::from(service)].pods_at_first)
}

fn of_shards(plan: &Plan, store: StoreId, shards: &[u16]) -> String {
    format!("{} of {} shards", shards.len(), plan.stores[usize::from(store)].shards)
}

fn which(store: &str, statement: Option<&str>) -> String {
    statement.map_or_else(|| store.to_owned(), |statement| format!("{statement} of {store}"))
}

/// A statement of a store, or all of them.
fn statements(plan: &Plan, store: StoreId, name: Option<&str>) -> Vec<StatementId> {
    let is_it = |id: &StatementId| {
        let statement = &plan.statements[usize::from(*id)];
        statement.store == store && name.is_none_or(|name| statement.name == name)
    };
    (0..plan.statements.len() as StatementId).filter(is_it).collect()
}
