//! Faults and remedies as commands: what each changes, for how long, and how it is taken back.
//!
//! Owns the step from the scenario's words to the engine's commands. A remedy is known to mend a fault by what both change.

use super::change::{self, Change};
use super::label::Label;
use doorbuster_model::compile::pod_limit;
use doorbuster_model::plan::{Plan, ServiceId, StatementId};
use doorbuster_model::time::ns_from_ticks;
use doorbuster_reports::format::rate;
use doorbuster_scenarios::types::{
    Action, AlertRule, Condition, Fault, LimitRate, PoolSize, RebuildIndex, Remedy, ScaleOut, Scenario, Start,
};
use doorbuster_virtual::faults::Command;

/// A fault and its time.
pub(crate) struct FaultEpisode {
    /// Its name.
    pub(crate) name: String,
    /// What it does, in words.
    pub(crate) what: String,
    /// What it is, for whoever has to name it.
    pub(crate) labels: Vec<Label>,
    /// Second of the injection.
    pub(crate) from_s: u32,
    /// Second at which it goes by itself, or a remedy took it away.
    pub(crate) to_s: Option<u32>,
    /// What changes, so many seconds after the injection.
    pub(super) commands: Vec<(u32, Command)>,
    /// What takes it back.
    pub(super) undo: Vec<Command>,
    /// The paging rule meanwhile, if it is another.
    pub(super) rule: Option<AlertRule>,
}

/// A remedy and its time.
pub(crate) struct RemedyEpisode {
    /// Its name.
    pub(crate) name: String,
    /// What it does, in words.
    pub(crate) what: String,
    /// When it starts, as the scenario says.
    pub(crate) start: Start,
    /// When it is taken back, as the scenario says.
    pub(super) until: Option<Condition>,
    /// Second at which it was started, once that is known.
    pub(crate) from_s: Option<u32>,
    /// Seconds until it takes effect.
    pub(crate) takes_s: u32,
    /// Second at which it was taken back.
    pub(crate) lifted_s: Option<u32>,
    pub(super) command: Command,
    pub(super) undo: Option<Command>,
}

impl FaultEpisode {
    pub(super) fn new(name: &str, fault: &Fault, scenario: &Scenario, plan: &Plan) -> Self {
        let Change { what, labels, commands, undo, rule } = change::of(name, fault, scenario, plan);
        let (from_s, to_s) = (fault.at.s() as u32, fault.until.map(|until| until.s() as u32));
        Self { name: name.to_owned(), what, labels, from_s, to_s, commands, undo, rule }
    }
}

impl RemedyEpisode {
    pub(super) fn new(name: &str, remedy: &Remedy, plan: &Plan) -> Self {
        let (what, takes_s, command, undo) = match &remedy.action {
            Action::RebuildIndex(rebuild) => rebuild_index(rebuild, plan),
            Action::PoolSize(size) => {
                let pool = pool(plan, size);
                let what = format!("{} connections of {} to {}", size.size, size.service, size.store);
                (what, 0, Command::PoolSize { pool, size: size.size.count as u32 }, None)
            }
            Action::ScaleOut(scale) => scale_out(scale, plan),
            Action::RateLimit(limit) => rate_limit(limit, plan),
        };
        Self {
            name: name.to_owned(),
            what,
            start: remedy.start.clone(),
            until: remedy.until.clone(),
            from_s: None,
            takes_s,
            lifted_s: None,
            command,
            undo,
        }
    }

    /// Second at which it takes effect.
    pub(crate) fn done_s(&self) -> Option<u32> {
        self.from_s.map(|from| from + self.takes_s)
    }

    /// Whether it takes a fault away.
    pub(super) fn mends(&self, fault: &FaultEpisode) -> bool {
        let mut changes = fault.commands.iter().map(|(_, command)| command).zip(&fault.undo);
        changes.any(|(broken, usual)| match (&self.command, broken, usual) {
            (Command::Index { statements: mended, .. }, Command::Index { statements: broken, .. }, _) => {
                broken.iter().all(|statement| mended.contains(statement))
            }
            (
                Command::PoolSize { pool, size },
                Command::PoolSize { pool: broken, .. },
                Command::PoolSize { size: usual, .. },
            ) => pool == broken && size >= usual,
            _ => false,
        })
    }
}

/// What a remedy does in words, how long that takes in seconds, and its commands.
type Means = (String, u32, Command, Option<Command>);

fn rebuild_index(rebuild: &RebuildIndex, plan: &Plan) -> Means {
    let statements = statements_with(plan, &rebuild.store, &rebuild.table, &rebuild.index);
    let scans = statements.iter().filter_map(|id| plan.statements[usize::from(*id)].scan.as_ref());
    let ticks = scans.map(|scan| scan.rebuild).max().unwrap_or_default();
    let store = plan.stores.iter().find(|store| store.name == rebuild.store).expect("invariant: a checked store");
    let what = format!("rebuild index {} of {}", rebuild.index, rebuild.table);
    let command = Command::Index { statements, shards: (0..store.shards).collect(), lost: false };
    (what, ns_from_ticks(ticks).div_ceil(1_000_000_000) as u32, command, None)
}

fn scale_out(scale: &ScaleOut, plan: &Plan) -> Means {
    let id = service(plan, &scale.service);
    let fleet = |pods: u64| pods * u64::from(plan.cells_fleet);
    let at_first = fleet(u64::from(plan.services[usize::from(id)].pods_at_first));
    let what = format!("scale {} out from {at_first} to {} pods", scale.service, fleet(scale.pods.count));
    let into = (0..scale.pods.count as u16).collect();
    let command = Command::Rotation { service: id, out: Vec::new(), into, retires: false };
    (what, scale.start_up.s() as u32, command, None)
}

fn rate_limit(limit: &LimitRate, plan: &Plan) -> Means {
    let id = service(plan, &limit.service);
    let pods = plan.services[usize::from(id)].pods_at_first;
    let rule = pod_limit(limit.rate, limit.burst, plan.cells_fleet, pods);
    let what = format!("limit {} to {}", limit.service, rate(limit.rate.per_s).replace("/s", " requests/s"));
    let command = |limit| Command::RateLimit { service: id, limit };
    (what, 0, command(Some(rule)), Some(command(None)))
}

pub(super) fn service(plan: &Plan, name: &str) -> ServiceId {
    let found = plan.services.iter().position(|service| service.name == name);
    found.expect("invariant: a checked service") as ServiceId
}

pub(super) fn pool(plan: &Plan, size: &PoolSize) -> u16 {
    let is_it = |pool: &doorbuster_model::plan::Pool| {
        plan.services[usize::from(pool.service)].name == size.service
            && plan.stores[usize::from(pool.store)].name == size.store
    };
    plan.pools.iter().position(is_it).expect("invariant: a checked pool") as u16
}

/// The statements of a store that use an index.
pub(super) fn statements_with(plan: &Plan, store: &str, table: &str, index: &str) -> Vec<StatementId> {
    let uses = |id: &StatementId| {
        let statement = &plan.statements[usize::from(*id)];
        plan.stores[usize::from(statement.store)].name == store
            && statement.scan.as_ref().is_some_and(|scan| scan.table == table && scan.index == index)
    };
    (0..plan.statements.len() as StatementId).filter(uses).collect()
}
