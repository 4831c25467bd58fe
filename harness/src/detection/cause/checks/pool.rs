//! Connection pools: exhausted as a cause, or only as an effect.
//!
//! A pool is exhausted when connections are in use and requests wait in vain or long. That alone explains nothing: a
//! slow store holds connections, and so does a service that is out of cores, for it is slow to give them back.
//! So a pool is the cause when its store answers as fast as before with cores to spare, and the
//! service's cores are not at their end either, or came to it after the pool did, or the pool has shrunk.

use super::{Explained, SATURATED, Scene};
use crate::detection::cause::CauseKind;
use crate::detection::names::What;
use crate::detection::window::Window;
use doorbuster_reports::format::{count, duration, percent};

/// Connections in use from which waits are the pool's own. Chosen: averages over pods never reach all.
const FULL: f64 = 0.90;
/// Share of waits in vain from which the pool is exhausted whatever its average use says: one shard's pool
/// can be at its end while the others idle. Chosen.
const IN_VAIN: f64 = 0.01;
/// Mean wait that is long, in seconds, and over so many times the usual. Chosen.
const WAIT_LEAST_S: f64 = 0.010;
const WAIT_TIMES: f64 = 10.0;
/// Cores in use up to which a store has some to spare. Chosen.
const SPARE: f64 = 0.80;
/// Part of its size under which a pool has shrunk. Chosen: pods come and go.
const SHRUNK: f64 = 0.80;

pub(super) fn pool_exhausted(scene: &Scene<'_>) -> Option<Explained> {
    let pool = pools(scene).into_iter().find(|pool| is_cause(scene, *pool))?;
    let name = scene.names.pools[pool];
    let mut evidence = vec![words(scene, pool)];
    if let Some((usual, size)) = shrunk(scene, pool) {
        evidence.push(format!("it has {} of the connections of before", percent(size / usual)));
    }
    let cores = scene.cores_of_store(name.store).unwrap_or_else(|| "its cores are unknown".to_owned());
    evidence.push(format!("{cores}: the store has room"));
    let operation = operation(scene, pool);
    Some(scene.found(CauseKind::PoolExhausted, name.service, operation, name.store, evidence))
}

/// That a pool is exhausted, told as an effect of something worse; `None` if it isn't.
pub(super) fn as_effect(scene: &Scene<'_>, pool: usize) -> Option<String> {
    is_exhausted(scene.now, scene.before, pool).then(|| format!("{}: an effect", words(scene, pool)))
}

/// The suspect's own pool, or all of the suspected service.
fn pools(scene: &Scene<'_>) -> Vec<usize> {
    match scene.suspect.what {
        What::Statement { pool, .. } => pool.into_iter().collect(),
        What::Server { .. } | What::Call { .. } => {
            let pools = scene.names.pools.iter().enumerate();
            pools.filter(|(_, pool)| pool.service == scene.suspect.service).map(|(index, _)| index).collect()
        }
    }
}

fn is_cause(scene: &Scene<'_>, pool: usize) -> bool {
    let name = scene.names.pools[pool];
    if !is_exhausted(scene.now, scene.before, pool) || !has_room(scene, name.store) {
        return false;
    }
    let is_busy = scene.now.service_cpu(name.service).is_some_and(|cpu| cpu >= SATURATED);
    !is_busy || shrunk(scene, pool).is_some() || came_first(scene, pool, name.service)
}

fn is_exhausted(now: &Window, before: &Window, pool: usize) -> bool {
    let (in_vain, ended) = now.pool_timeouts(pool);
    let waits_in_vain = ended > 0 && in_vain as f64 >= IN_VAIN * ended as f64;
    let usual_s = before.pool_wait_s(pool).unwrap_or(0.0);
    let waits_long = now.pool_wait_s(pool).is_some_and(|s| s >= WAIT_LEAST_S && s >= WAIT_TIMES * usual_s);
    let is_full = now.pool_use(pool).is_some_and(|share| share >= FULL);
    let is_waited_for = now.pool_waiting(pool).is_some_and(|waiting| waiting >= 1.0);
    waits_in_vain || (is_full && (waits_long || is_waited_for))
}

/// Whether a store answers as fast as before (so there must be a before), with cores to spare. Of somebody else's store only the answers are known.
fn has_room(scene: &Scene<'_>, store: usize) -> bool {
    let is_idle = scene.names.is_external(store) || scene.now.store_cpu(store).is_none_or(|cpu| cpu < SPARE);
    let statements = scene.names.statements.iter().enumerate().filter(|(_, statement)| statement.store == store);
    let is_as_fast = statements.map(|(index, _)| index).all(|statement| scene.slower(statement).is_none());
    is_idle && is_as_fast && !scene.before.is_empty()
}

/// The pool's size before and now, if it has shrunk.
fn shrunk(scene: &Scene<'_>, pool: usize) -> Option<(f64, f64)> {
    let (usual, size) = (scene.before.pool_size(pool)?, scene.now.pool_size(pool)?);
    (size < SHRUNK * usual).then_some((usual, size))
}

/// Whether the pool was exhausted in an export before the service's cores were.
fn came_first(scene: &Scene<'_>, pool: usize, service: usize) -> bool {
    for export in scene.history.exports_in(scene.changed_after_s, u32::MAX) {
        let mut one = Window::default();
        one.add(export);
        if one.service_cpu(service).is_some_and(|cpu| cpu >= SATURATED) {
            return false;
        }
        if is_exhausted(&one, scene.before, pool) {
            return true;
        }
    }
    false
}

fn words(scene: &Scene<'_>, pool: usize) -> String {
    let name = scene.names.pools[pool];
    // A pool that was made smaller has more in use than it may, for a moment.
    let share = |window: &Window| window.pool_use(pool).map_or_else(|| "n/a".to_owned(), |used| percent(used.min(1.0)));
    let wait = |window: &Window| window.pool_wait_s(pool).map_or_else(|| "n/a".to_owned(), duration);
    let (in_vain, ended) = scene.now.pool_timeouts(pool);
    format!(
        "connections of {} to {} in use {} -> {}, mean wait {} -> {}, {} of {} waits in vain",
        scene.names.services[name.service],
        scene.names.stores[name.store].name,
        share(scene.before),
        share(scene.now),
        wait(scene.before),
        wait(scene.now),
        count(in_vain as f64),
        count(ended as f64),
    )
}

/// The suspected statement; for a suspected service the first that goes through the pool.
fn operation(scene: &Scene<'_>, pool: usize) -> String {
    if let Some((statement, _)) = scene.suspected_statement() {
        return scene.names.statements[statement].name.clone();
    }
    let through = scene.names.shapes.iter().find_map(|shape| match shape.what {
        What::Statement { statement, pool: Some(its) } if its == pool => Some(statement),
        _ => None,
    });
    through.map_or_else(String::new, |statement| scene.names.statements[statement].name.clone())
}
