//! A case on the engine: its replications, what is counted in each, and Little's law on the way.
//!
//! Owns the road from a case file to counts. A replication is a cell of the scenario, and what is counted is
//! what `doorbuster run` counts in its window `run`, so that the same file played by that command gives the
//! same means. Refuses to judge.

use super::cases::Case;
use super::estimate::Count;
use super::measure::Measure;
use crate::failure::Failure;
use doorbuster_model::compile::compile;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::tick_of_second;
use doorbuster_scenarios::types::Discipline;
use doorbuster_scenarios::{Loaded, Source, load};
use doorbuster_virtual::cell::{Cell, Overload};
use doorbuster_virtual::slice::{Slice, StationId, stations};
use std::thread;

/// What a case's replications counted.
pub(super) struct Played {
    /// By row of the case, then by replication.
    pub(super) counts: Vec<Vec<Count>>,
    /// Requests that ended in the windows.
    pub(super) requests: u64,
    /// Identities of Little's law that were looked at.
    pub(super) identities: u64,
    /// Those that do not hold, in words.
    pub(super) broken: Vec<String>,
}

/// Loads a case as any scenario is loaded, with overrides.
pub(super) fn scenario(case: &Case, sets: &[String]) -> Result<Loaded, Failure> {
    let source = Source::Text { name: case.name.to_owned(), text: case.text.to_owned() };
    load(&source, sets).map_err(Failure::Input)
}

/// Plays a case's replications on so many threads; the counts do not depend on how many.
pub(super) fn play(case: &Case, loaded: &Loaded, seed: u64, threads: usize) -> Result<Played, Failure> {
    let plan = compile(&loaded.name, &loaded.scenario, seed);
    let cells = loaded.scenario.cells.play.count as usize;
    let mut replications: Vec<Option<Result<Replication, Overload>>> = (0..cells).map(|_| None).collect();
    thread::scope(|scope| {
        let share = cells.div_ceil(threads.max(1));
        for (nth, places) in replications.chunks_mut(share).enumerate() {
            let (plan, first) = (&plan, nth * share);
            scope.spawn(move || {
                for (place, number) in places.iter_mut().zip(first..) {
                    *place = Some(replication(plan, case, number as u32));
                }
            });
        }
    });
    let mut played =
        Played { counts: vec![Vec::new(); case.rows.len()], requests: 0, identities: 0, broken: Vec::new() };
    for replication in replications.into_iter().flatten() {
        let replication = replication.map_err(Failure::Overload)?;
        played.counts.iter_mut().zip(replication.counts).for_each(|(all, count)| all.push(count));
        played.requests += replication.requests;
        played.identities += replication.identities;
        played.broken.extend(replication.broken);
    }
    Ok(played)
}

struct Replication {
    counts: Vec<Count>,
    requests: u64,
    identities: u64,
    broken: Vec<String>,
}

/// Plays one cell: the warm-up, which nobody looks at; the window; and the drain, for Little's law.
fn replication(plan: &Plan, case: &Case, number: u32) -> Result<Replication, Overload> {
    let mut cell = Cell::new(plan, number, ());
    let (mut whole, mut window, mut rest) = (Slice::new(plan), Slice::new(plan), Slice::new(plan));
    let (from, to) = (tick_of_second(u64::from(plan.warmup_s)), tick_of_second(u64::from(plan.duration_s)));
    cell.play(from)?;
    cell.close_slice(&mut whole);
    cell.play(to)?;
    cell.close_slice(&mut window);
    cell.drain()?;
    cell.close_slice(&mut rest);
    whole.follow(&window);
    whole.follow(&rest);
    let (identities, mut broken) = little(plan, &whole);
    broken.extend(cell.leftovers());
    Ok(Replication {
        counts: case.rows.iter().map(|row| row.measure.count(plan, &window, to - from)).collect(),
        requests: Measure::requests(&window),
        identities,
        broken: broken.into_iter().map(|what| format!("{}, cell {number}: {what}", case.name)).collect(),
    })
}

/// Little's law on a path that begins and ends empty, where it is an identity of integers: customers counted
/// over time are their times counted over customers. Returns how many identities there are, and those broken.
pub(super) fn little(plan: &Plan, whole: &Slice) -> (u64, Vec<String>) {
    let mut identities = 0;
    let mut broken = Vec::new();
    let mut same = |what: String, over_time: u64, over_customers: u64| {
        identities += 1;
        if over_time != over_customers {
            broken.push(format!("{what}: {over_time} ticks over time, {over_customers} over customers"));
        }
    };
    let (mut in_shop, mut at_workers) = (0, None);
    for (id, total) in stations(plan).into_iter().zip(&whole.stations) {
        let name = crate::plan_names::station(plan, id);
        let present = total.busy_ticks + total.waiting_ticks;
        // Processor sharing has no queue: its `waiting` is what sharing costs, known per customer to the tick only.
        let sharing =
            matches!(id, StationId::Store(store) if plan.stores[usize::from(store)].discipline == Discipline::Ps);
        if !sharing {
            same(format!("waiting at {name}"), total.waiting_ticks, total.wait_ticks);
        }
        match id {
            StationId::Cores(_) => in_shop += present,
            StationId::Workers(_) => at_workers = Some(present),
            // Messages are no part of a request's way.
            StationId::Consumer(_) => {}
            // Who holds a connection is counted at the store.
            StationId::Pool(_) => in_shop += total.waiting_ticks,
            StationId::Store(store) => {
                in_shop += present;
                let store = &plan.stores[usize::from(store)];
                let first = usize::from(store.first_statement);
                let statements = &whole.statements[first..first + usize::from(store.statement_count)];
                same(format!("present at {name}"), present, statements.iter().map(|statement| statement.ticks).sum());
            }
        }
    }
    let latencies = whole.endpoints.iter().map(|endpoint| endpoint.latency_ticks).sum();
    same("present in the shop".to_owned(), at_workers.unwrap_or(in_shop), latencies);
    (identities, broken)
}
