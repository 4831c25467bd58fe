//! Faults and remedies before they happen: what each changes, and when.
//!
//! Owns these words. A new kind of fault, remedy or start is a new arm here, and nothing compiles before it is there.

use doorbuster_model::plan::{Plan, Scan, Statement};
use doorbuster_model::time::{ns_from_ticks, s_from_ticks};
use doorbuster_reports::format::{clock_at, count, duration, percent, rate};
use doorbuster_scenarios::types::{
    Action, Condition, ConditionMetric, Fault, FaultKind, Level, LostIndex, PoolSize, RebuildIndex, Remedy, Scenario,
    Start,
};
use doorbuster_scenarios::units::Time;
use doorbuster_virtual::faults::shards_hit;

use crate::operational::Analysis;
use crate::plan_names;

/// When a fault comes and goes, and what it changes.
pub(super) fn fault(scenario: &Scenario, plan: &Plan, analysis: &Analysis, name: &str, fault: &Fault) -> String {
    let Fault { change, at, until, intensity } = fault;
    let when = match until {
        Some(until) => format!("from {} to {}", moment(scenario, *at), moment(scenario, *until)),
        None => format!("from {} until it is mended", moment(scenario, *at)),
    };
    let what = match change {
        FaultKind::LostIndex(lost) => lost_index(plan, analysis, lost, intensity.ratio),
        FaultKind::PoolSize(size) => {
            let usual = scenario.services[&size.service].pools[&size.store].size.count as f64;
            let left = usual + (size.size.count as f64 - usual) * intensity.ratio;
            format!("the {}, instead of {}", connections(size, left.round()), count(usual))
        }
        _ => crate::drill::what_changes(name, fault, scenario, plan),
    };
    format!("{when}: {what}")
}

fn lost_index(plan: &Plan, analysis: &Analysis, lost: &LostIndex, intensity: f64) -> String {
    let LostIndex { store: store_name, table, index, shards } = lost;
    let store = plan_names::store(plan, store_name);
    let hit = shards_hit(plan, store, shards.ratio * intensity).len();
    let body = &plan.stores[usize::from(store)];
    let mut text = format!("index {index} of {table} is gone on {hit} of {} shards", body.shards);
    let cells = f64::from(plan.cells_fleet);
    for (id, statement, scan) in scans(plan, store, table, index) {
        let load = &analysis.statements[id];
        let of_a_shard_per_s = load.per_s / cells / f64::from(body.shards);
        let can_per_s = f64::from(body.cores) / (load.cost_s + s_from_ticks(scan.work));
        text += &format!(
            "; there `{}` examines {} rows for {}, which takes {} of a core more: {} come to such a shard at the peak, and its cores could do {}",
            statement.name,
            count(scan.rows as f64),
            count(statement.rows as f64),
            duration(s_from_ticks(scan.work)),
            rate(of_a_shard_per_s),
            rate(can_per_s),
        );
    }
    text
}

/// When a remedy starts, what it changes, and how long that takes.
pub(super) fn remedy(scenario: &Scenario, plan: &Plan, remedy: &Remedy) -> String {
    let Remedy { action, start, until } = remedy;
    let when = match start {
        Start::At(at) => format!("at {}", moment(scenario, *at)),
        Start::AfterAlert(delay) => format!("{} after the alert", duration(delay.s())),
        Start::AfterCause(delay) => format!("{} after the people have the cause", duration(delay.s())),
        Start::When(condition) => format!("when {}", crosses(condition)),
    };
    let what = match action {
        Action::RebuildIndex(rebuild) => rebuild_index(plan, rebuild),
        Action::PoolSize(size) => format!("the {}", connections(size, size.size.count as f64)),
        Action::ScaleOut(scale) => format!(
            "{} has {} pods in each cell instead of {}, {} later",
            scale.service,
            scale.pods,
            scenario.services[&scale.service].pods,
            duration(scale.start_up.s())
        ),
        Action::RateLimit(limit) => {
            format!("{} lets in {}, the others are turned away", limit.service, requests(limit.rate.per_s))
        }
    };
    let until = until.as_ref().map_or_else(String::new, |until| format!(", until {}", crosses(until)));
    format!("{when}: {what}{until}")
}

fn connections(size: &PoolSize, connections: f64) -> String {
    format!("pools of {} to {} have {} connections each", size.service, size.store, count(connections))
}

/// `40k requests/s`.
fn requests(per_s: f64) -> String {
    rate(per_s).replace("/s", " requests/s")
}

fn rebuild_index(plan: &Plan, rebuild: &RebuildIndex) -> String {
    let RebuildIndex { store, table, index } = rebuild;
    let scans = scans(plan, plan_names::store(plan, store), table, index);
    let ns = scans.map(|(_, _, scan)| ns_from_ticks(scan.rebuild)).max().unwrap_or(0);
    let takes_s = ns.div_ceil(1_000_000_000) as f64;
    format!("index {index} of {table} is built again on all shards, which takes {}", duration(takes_s))
}

fn crosses(condition: &Condition) -> String {
    let Condition { service, metric, above, below } = condition;
    let metric = match metric {
        ConditionMetric::CpuUtilization => "CPU utilization",
        ConditionMetric::FailureRatio => "failure ratio",
        ConditionMetric::RequestRate => "request rate",
        ConditionMetric::InFlight => "number of requests in hand",
        ConditionMetric::InFlightRatio => "number of requests in hand over the usual",
    };
    let level = |level: &Level| match level {
        Level::Share(share) => percent(share.ratio),
        Level::Rate(per_s) => rate(per_s.per_s),
        Level::Number(number) => number.to_string(),
    };
    let side = match (above, below) {
        (Some(above), _) => format!("over {}", level(above)),
        (None, Some(below)) => format!("under {}", level(below)),
        (None, None) => unreachable!("invariant: a checked condition has one of the two"),
    };
    format!("the {metric} of {service} is {side} (looked at every 10 s)")
}

/// A virtual time with the story's clock: `4 min (14:30:00)`.
fn moment(scenario: &Scenario, at: Time) -> String {
    format!("{} ({})", duration(at.s()), clock_at(&scenario.clock, at.s()))
}

/// The statements of a store that scan without this index, with their place in the plan.
fn scans<'p>(
    plan: &'p Plan,
    store: u16,
    table: &'p str,
    index: &'p str,
) -> impl Iterator<Item = (usize, &'p Statement, &'p Scan)> {
    let statements = plan.statements.iter().enumerate().filter(move |(_, statement)| statement.store == store);
    statements
        .filter_map(|(id, statement)| Some((id, statement, statement.scan.as_ref()?)))
        .filter(move |(_, _, scan)| scan.table == table && scan.index == index)
}
