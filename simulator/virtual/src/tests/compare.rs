//! One case played by both engines, and what they have to agree on.
//!
//! Owns the list of what is compared: the stream, the counters, the stations, and that nothing is left over.
//! Refuses to say who is right.

use super::plans::{Case, Change, What, at_no_strength};
use super::planted::Bug;
use super::reference::{Books, Reference};
use super::stream::Stream;
use crate::cell::Cell;
use crate::faults::Command;
use crate::slice::{Slice, StationId, stations};
use crate::station::StationTotals;
use doorbuster_model::plan::{Plan, ServiceId, StatementId};
use doorbuster_model::policies::BucketRule;
use doorbuster_model::time::{Ticks, ns_from_ticks};

/// What the engine made of a case.
pub(crate) struct Played {
    pub(crate) stream: Stream,
    pub(crate) slice: Slice,
    pub(crate) leftovers: Vec<String>,
    /// How things stood when the doors closed.
    standing: Standing,
    arrivals: u64,
    ended: Vec<u64>,
    end: Ticks,
}

/// Levels: what each consumer group has not finished, pods that are there and that live, requests in hand of each service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) lags: Vec<u64>,
    pub(super) pods: Vec<(u64, u64)>,
    pub(super) in_flight: Vec<u64>,
}

/// Plays a case by the engine, in turns of so many ticks, and drains it.
pub(crate) fn by_engine(plan: &Plan, case: &Case, turn: Ticks, bug: Option<Bug>) -> Played {
    let mut cell = Cell::new(plan, case.cell, Stream::default());
    cell.planted = bug;
    let mut commands = commands(plan, &case.changes);
    while cell.now() < case.length {
        while commands.first().is_some_and(|(at, _)| *at == cell.now()) {
            cell.apply(&commands.remove(0).1);
        }
        let next = commands.first().map_or(Ticks::MAX, |(at, _)| *at);
        let until = (cell.now() / turn + 1).saturating_mul(turn).min(next).min(case.length);
        cell.play(until).expect("a small shop holds little");
    }
    let (mut slice, mut rest) = (Slice::new(plan), Slice::new(plan));
    cell.close_slice(&mut slice);
    let standing = Standing {
        lags: slice.consumers.iter().map(|consumer| consumer.lag).collect(),
        pods: slice.pods.clone(),
        in_flight: slice.in_flight.clone(),
    };
    cell.drain().expect("a small shop holds little");
    let end = cell.now();
    cell.close_slice(&mut rest);
    slice.follow(&rest);
    let ledger = cell.ledger();
    let (arrivals, ended) = (ledger.arrivals, ledger.ended.to_vec());
    let (leftovers, stream) = (cell.leftovers(), std::mem::take(&mut cell.consumer));
    Played { leftovers, stream, slice, standing, arrivals, ended, end }
}

/// Plays a case by both, the reference up to the engine's end, and says what differs or is left over.
pub(crate) fn difference(plan: &Plan, case: &Case, bug: Option<Bug>) -> Result<Played, String> {
    let played = by_engine(plan, case, Ticks::MAX, bug);
    let mut reference = Reference::new(plan, case.cell);
    for (at, command) in commands(plan, &case.changes) {
        if at < case.length {
            reference.play(at);
            reference.apply(&command);
        }
    }
    reference.play(case.length);
    let standing = reference.standing();
    let left = reference.drain(played.end);
    if let Some(parts) = played.stream.parts_from(&reference.stream, plan) {
        return Err(parts);
    }
    if !left.is_empty() || !played.leftovers.is_empty() {
        return Err(format!("left over: {:?} {left:?}", played.leftovers));
    }
    if standing != played.standing {
        return Err(format!(
            "when the doors close the engine has\n  {:?}\nand the reference has\n  {standing:?}",
            played.standing
        ));
    }
    counters(plan, &played, &reference.books)?;
    Ok(played)
}

/// What changes when, in order.
fn commands(plan: &Plan, changes: &[Change]) -> Vec<(Ticks, Command)> {
    let mut all = Vec::new();
    for Change { from, to, what } in changes {
        let mut both = |at_first: Command, then: Command| all.extend([(*from, at_first), (*to, then)]);
        match what {
            What::LostIndexes(shards) => {
                for (nth, statement) in plan.statements.iter().enumerate().filter(|(_, of)| of.scan.is_some()) {
                    let there = plan.stores[usize::from(statement.store)].shards;
                    let shards: Vec<u16> = shards.iter().copied().filter(|shard| *shard < there).collect();
                    let index =
                        |lost| Command::Index { statements: vec![nth as StatementId], shards: shards.clone(), lost };
                    both(index(true), index(false));
                }
            }
            What::PoolSize(size) => {
                for (pool, of) in (0..).zip(&plan.pools) {
                    both(Command::PoolSize { pool, size: *size }, Command::PoolSize { pool, size: of.size });
                }
            }
            What::MorePods => {
                for (service, of) in (0..).zip(&plan.services) {
                    let into = of.pods_at_first..of.pods;
                    let into = Command::Rotation { service, out: Vec::new(), into: into.collect(), retires: false };
                    all.push((*from, into));
                }
            }
            What::Trouble(trouble) => {
                let (first, then) = trouble.commands(plan);
                all.extend(first.into_iter().map(|command| (*from, command)));
                all.extend(then.into_iter().map(|command| (*to, command)));
            }
            What::Nothing => all.extend(at_no_strength(plan).into_iter().map(|command| (*from, command))),
            What::RateLimit(ticks) => {
                let rule = BucketRule::new(1e9 / ns_from_ticks(*ticks) as f64, 2);
                for service in 0..plan.services.len() as ServiceId {
                    both(
                        Command::RateLimit { service, limit: Some(rule) },
                        Command::RateLimit { service, limit: None },
                    );
                }
            }
        }
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

fn counters(plan: &Plan, played: &Played, books: &Books) -> Result<(), String> {
    let differ = |what: &str, engine: &dyn std::fmt::Debug, reference: &dyn std::fmt::Debug| {
        let (engine, reference) = (format!("{engine:?}"), format!("{reference:?}"));
        if engine == reference {
            Ok(())
        } else {
            Err(format!("{what}: the engine has\n  {engine}\nand the reference has\n  {reference}"))
        }
    };
    differ("arrivals", &played.arrivals, &books.arrivals)?;
    differ("requests ended", &played.ended, &books.ended.to_vec())?;
    for (endpoint, (slice, book)) in plan.endpoints.iter().zip(played.slice.endpoints.iter().zip(&books.endpoints)) {
        let engine =
            (slice.outcomes, slice.latency_ticks, slice.max_ticks, slice.abandoned, slice.affected, slice.given_up);
        let reference =
            (book.outcomes, book.latency_ticks, book.max_ticks, book.abandoned, book.affected, book.given_up);
        differ(&format!("endpoint {}", endpoint.name), &engine, &reference)?;
    }
    for (statement, (slice, book)) in plan.statements.iter().zip(played.slice.statements.iter().zip(&books.statements))
    {
        differ(&format!("statement {}", statement.name), slice, book)?;
    }
    differ("consumers", &played.slice.consumers, &books.consumers)?;
    differ("caches", &played.slice.caches, &books.caches)?;
    differ("pauses", &played.slice.paused_ticks, &books.paused_ticks)?;
    for (station, (slice, book)) in stations(plan).into_iter().zip(played.slice.stations.iter().zip(&books.totals)) {
        differ(&format!("{station:?}"), &counted(station, *slice), &counted(station, *book))?;
    }
    Ok(())
}

/// What both count at a station. Queues of stores have no length of their own.
fn counted(station: StationId, totals: StationTotals) -> StationTotals {
    let max_waiting = if matches!(station, StationId::Store(_)) { 0 } else { totals.max_waiting };
    StationTotals { capacity: 0, capacity_ticks: 0, busy_now: 0, waiting_now: 0, max_waiting, ..totals }
}
