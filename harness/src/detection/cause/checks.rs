//! What ails a suspect: questions to the metrics of its resources, asked in an order that is argued in `cause`.
//!
//! Owns thresholds and the words of each finding. Each check answers for itself and knows of the others only through
//! the order; refuses to choose the suspect (`vote`, `shapes`).

mod network;
mod outright;
mod pool;

use super::CauseKind;
use super::vote::Suspect;
use crate::detection::history::History;
use crate::detection::names::{Names, What};
use crate::detection::window::Window;
use doorbuster_reports::format::{count, duration, percent, short};

/// An index is missed when a call examines so many times the rows of before. Design brief: ten.
const ROWS_TIMES: f64 = 10.0;
/// And at least so many: under it a scan costs less than a millisecond. Chosen.
const ROWS_LEAST: f64 = 1_000.0;
/// Cores in use from which they are saturated.
const SATURATED: f64 = 0.95;
/// A statement is slow when a call spends so many times the time of before in its store. Chosen.
const SLOW_TIMES: f64 = 3.0;
/// And at least so much, in seconds: less does not fail requests. Chosen.
const SLOW_LEAST_S: f64 = 0.010;
/// Cores that are so much busier than before, in points, are on their way to be full: what that explains is asked again. Chosen.
const FILLING: f64 = 0.3;
/// Of the busiest shard's utilization what the store's may be at most, for the shard to be hot. Chosen.
const HOT_AMONG: f64 = 0.5;
/// Failed spans matter from so many points more than before. Chosen.
const FAILED_MORE: f64 = 0.05;

/// All that may be asked.
pub(super) struct Scene<'a> {
    pub(super) names: &'a Names,
    pub(super) suspect: &'a Suspect,
    /// From before the symptom.
    pub(super) before: &'a Window,
    /// Since the symptom, the latest.
    pub(super) now: &'a Window,
    /// Export by export, for what came first.
    pub(super) history: &'a History,
    /// End of `before`, in virtual seconds.
    pub(super) changed_after_s: u32,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Explained {
    pub(super) kind: CauseKind,
    pub(super) service: usize,
    pub(super) operation: String,
    pub(super) resource: String,
    pub(super) evidence: Vec<String>,
}

/// The first check that explains the suspect.
pub(super) fn explain(scene: &Scene<'_>) -> Option<Explained> {
    const CHECKS: [fn(&Scene<'_>) -> Option<Explained>; 16] = [
        missing_index,
        outright::store_down,
        outright::pod_down,
        outright::lock_contention,
        outright::gc_pauses,
        outright::bad_release,
        outright::cache_misses,
        pool::pool_exhausted,
        dependency_failing,
        hot_shard,
        network::traffic_surge,
        store_saturated,
        cpu_saturated,
        workers_exhausted,
        network::network,
        slow_statement,
    ];
    CHECKS.iter().find_map(|check| check(scene))
}

fn missing_index(scene: &Scene<'_>) -> Option<Explained> {
    let scans = scene.statements().into_iter().filter_map(|(service, statement)| {
        let usual = scene.before.rows_per_call(statement)?;
        let rows = scene.now.rows_per_call(statement)?;
        let is_scan = rows >= ROWS_LEAST && rows >= ROWS_TIMES * usual;
        is_scan.then_some((rows * scene.now.calls(statement) as f64, service, statement, usual, rows))
    });
    let (_, service, statement, usual, rows) = scans.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let times = if usual > 0.0 { format!(" (x{})", count(rows / usual)) } else { String::new() };
    let name = &scene.names.statements[statement];
    let mut evidence = vec![
        format!("`{}` is {}", name.name, name.text),
        format!("rows examined per call {} -> {}{times}", short(usual), short(rows)),
    ];
    evidence.extend(scene.cores_of_store(name.store));
    evidence.extend(scene.pool().and_then(|pool| pool::as_effect(scene, pool)));
    Some(scene.found(CauseKind::MissingIndex, service, name.name.clone(), name.store, evidence))
}

fn dependency_failing(scene: &Scene<'_>) -> Option<Explained> {
    let (statement, store) = scene.suspected_statement()?;
    if !scene.names.is_external(store) {
        return None;
    }
    let slower = scene.slower(statement);
    let failing = scene.failing_more();
    if slower.is_none() && failing.is_none() {
        return None;
    }
    let evidence = [slower, failing].into_iter().flatten().collect();
    let operation = scene.names.statements[statement].name.clone();
    Some(scene.found(CauseKind::DependencyFailing, scene.suspect.service, operation, store, evidence))
}

fn store_saturated(scene: &Scene<'_>) -> Option<Explained> {
    let (statement, store) = scene.suspected_statement()?;
    if scene.names.is_external(store) || scene.now.store_cpu(store)? < SATURATED {
        return None;
    }
    let evidence = scene.cores_of_store(store).into_iter().chain(scene.slower(statement)).collect();
    let operation = scene.names.statements[statement].name.clone();
    Some(scene.found(CauseKind::StoreSaturated, scene.suspect.service, operation, store, evidence))
}

fn hot_shard(scene: &Scene<'_>) -> Option<Explained> {
    let (statement, store) = scene.suspected_statement()?;
    let (hottest, all) = (scene.now.hottest_shard(store)?, scene.now.store_cpu(store)?);
    if scene.names.is_external(store) || hottest < SATURATED || all > HOT_AMONG * hottest {
        return None;
    }
    let usual = scene.before.hottest_shard(store).map_or_else(|| "n/a".to_owned(), percent);
    let evidence = vec![format!("busiest shard's cores {usual} -> {}, all shards' {}", percent(hottest), percent(all))]
        .into_iter()
        .chain(scene.slower(statement))
        .collect();
    let operation = scene.names.statements[statement].name.clone();
    Some(scene.found(CauseKind::HotShard, scene.suspect.service, operation, store, evidence))
}

fn cpu_saturated(scene: &Scene<'_>) -> Option<Explained> {
    let service = scene.suspect.service;
    if scene.now.service_cpu(service)? < SATURATED {
        return None;
    }
    Some(scene.of_service(CauseKind::CpuSaturated, scene.suspect.service, vec![scene.cores_of_service()?]))
}

fn workers_exhausted(scene: &Scene<'_>) -> Option<Explained> {
    if matches!(scene.suspect.what, What::Statement { .. }) {
        return None;
    }
    let service = scene.suspect.service;
    let usual = scene.before.accept_queue(service).unwrap_or(0.0);
    let waiting = scene.now.accept_queue(service)?;
    if waiting < 1.0 || waiting < SLOW_TIMES * usual {
        return None;
    }
    let name = &scene.names.services[service];
    let mut evidence = vec![format!(
        "{} requests wait for a worker of {name} (before: {}), {} in hand (before: {})",
        short(waiting),
        short(usual),
        short(scene.now.in_flight(service)?),
        short(scene.before.in_flight(service).unwrap_or(0.0)),
    )];
    evidence.extend(scene.cores_of_service());
    Some(scene.of_service(CauseKind::WorkersExhausted, scene.suspect.service, evidence))
}

fn slow_statement(scene: &Scene<'_>) -> Option<Explained> {
    let (statement, store) = scene.suspected_statement()?;
    // A shard that fills up shows itself fully with the next export.
    let rise = |now: Option<f64>, usual: Option<f64>| now.unwrap_or_default() - usual.unwrap_or_default();
    if rise(scene.now.hottest_shard(store), scene.before.hottest_shard(store)) > FILLING {
        return None;
    }
    let mut evidence = vec![scene.slower(statement)?];
    evidence.extend(scene.cores_of_store(store));
    let operation = scene.names.statements[statement].name.clone();
    Some(scene.found(CauseKind::SlowStatement, scene.suspect.service, operation, store, evidence))
}

impl Scene<'_> {
    /// The statement that is suspected, and its store.
    fn suspected_statement(&self) -> Option<(usize, usize)> {
        match self.suspect.what {
            What::Statement { statement, .. } => Some((statement, self.names.statements[statement].store)),
            What::Server { .. } | What::Call { .. } => None,
        }
    }

    /// The pool of the statement that is suspected.
    fn pool(&self) -> Option<usize> {
        match self.suspect.what {
            What::Statement { pool, .. } => pool,
            What::Server { .. } | What::Call { .. } => None,
        }
    }

    /// Statements that may be at fault, with the service that runs them: of a statement all of its store, for one can
    /// starve the others; of a service those that it runs. Those of others' stores can't be looked into.
    fn statements(&self) -> Vec<(usize, usize)> {
        let store = self.suspected_statement().map(|(_, store)| store);
        let mut all: Vec<(usize, usize)> = Vec::new();
        for shape in &self.names.shapes {
            let What::Statement { statement, .. } = shape.what else { continue };
            let its_store = self.names.statements[statement].store;
            let is_near = store.map_or(shape.service == self.suspect.service, |store| store == its_store);
            if is_near && !self.names.is_external(its_store) {
                all.push((shape.service, statement));
            }
        }
        // The suspect's own service first: where several run a statement, it is the one to name.
        all.sort_by_key(|(service, statement)| (*service != self.suspect.service, *service, *statement));
        let mut seen = vec![false; self.names.statements.len()];
        all.retain(|(_, statement)| !std::mem::replace(&mut seen[*statement], true));
        all
    }

    /// That a statement's calls take much longer in its store, in words; `None` if they don't.
    fn slower(&self, statement: usize) -> Option<String> {
        let usual = self.before.store_s_per_call(statement)?;
        let took = self.now.store_s_per_call(statement)?;
        let name = &self.names.statements[statement].name;
        let store = &self.names.store_of(statement).name;
        (took >= SLOW_TIMES * usual && took >= SLOW_LEAST_S)
            .then(|| format!("`{name}` takes {} in {store} (before: {})", duration(took), duration(usual)))
    }

    /// That the suspect's spans fail more often than before, in words; `None` if they don't.
    fn failing_more(&self) -> Option<String> {
        let (mut now, mut before) = (Tally::default(), Tally::default());
        for (index, shape) in self.names.shapes.iter().enumerate() {
            if shape.service == self.suspect.service && shape.what == self.suspect.what {
                now.add(self.now, index);
                before.add(self.before, index);
            }
        }
        (now.ratio() >= before.ratio() + FAILED_MORE).then(|| {
            format!(
                "{} of {} calls failed (before: {})",
                percent(now.ratio()),
                count(now.spans),
                percent(before.ratio())
            )
        })
    }

    fn cores_of_store(&self, store: usize) -> Option<String> {
        cores(&self.names.stores[store].name, self.before.store_cpu(store), self.now.store_cpu(store))
    }

    fn cores_of_service(&self) -> Option<String> {
        let service = self.suspect.service;
        cores(&self.names.services[service], self.before.service_cpu(service), self.now.service_cpu(service))
    }

    fn found(
        &self,
        kind: CauseKind,
        service: usize,
        operation: String,
        store: usize,
        evidence: Vec<String>,
    ) -> Explained {
        Explained { kind, service, operation, resource: self.names.stores[store].name.clone(), evidence }
    }

    /// A finding about a service itself: the suspected one, or the one that calls it.
    fn of_service(&self, kind: CauseKind, service: usize, evidence: Vec<String>) -> Explained {
        let operation = operation(self.names, self.suspect);
        Explained { kind, service, operation, resource: self.names.services[service].clone(), evidence }
    }
}

/// The endpoint whose requests suffer at the suspected service: cores and workers are used by endpoints, not by statements.
pub(super) fn operation(names: &Names, suspect: &Suspect) -> String {
    suspect.endpoint.map_or_else(String::new, |endpoint| names.endpoints[endpoint].name.clone())
}

fn cores(name: &str, usual: Option<f64>, now: Option<f64>) -> Option<String> {
    let usual = usual.map_or_else(|| "n/a".to_owned(), percent);
    let s = if name.ends_with('s') { "" } else { "s" };
    Some(format!("{name}'{s} cores {usual} -> {}", percent(now?)))
}

#[derive(Default)]
struct Tally {
    spans: f64,
    failed: f64,
}

impl Tally {
    fn add(&mut self, window: &Window, shape: usize) {
        if let Some(means) = window.spans(shape) {
            self.spans += means.spans;
            self.failed += means.spans * means.error_ratio;
        }
    }

    fn ratio(&self) -> f64 {
        if self.spans > 0.0 { self.failed / self.spans } else { 0.0 }
    }
}

#[cfg(test)]
mod tests;
