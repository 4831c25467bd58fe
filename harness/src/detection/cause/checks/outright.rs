//! Causes with a counter of their own: whatever it counts is there, or it is not.
//!
//! Owns how much of each is too much.

use super::{Explained, FAILED_MORE, Scene, operation};
use crate::detection::cause::CauseKind;
use crate::detection::names::What;
use doorbuster_reports::format::{duration, percent};

/// Share of a statement's calls that shards refuse, from which they are down.
const REFUSED: f64 = 0.01;
/// Time waited for locks by one call, in seconds, and over before. Chosen.
const LOCK_LEAST_S: f64 = 0.010;
const LOCK_TIMES: f64 = 3.0;
/// Share of the time that pods pause. Chosen: at 2 % one request in fifty meets a pause.
const PAUSED: f64 = 0.02;
/// Another version is slower from so many times the time of the others. Chosen.
const SLOWER_TIMES: f64 = 2.0;
/// Lookups that miss, in points over before and in times of before. Chosen.
const MISSES_MORE: f64 = 0.10;
const MISSES_TIMES: f64 = 2.0;

pub(super) fn store_down(scene: &Scene<'_>) -> Option<Explained> {
    let (_, store) = scene.suspected_statement()?;
    let of_store = scene.statements().into_iter();
    let refused =
        of_store.filter_map(|(service, statement)| Some((scene.now.unavailable(statement)?, service, statement)));
    let (share, service, statement) = refused.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let usual = scene.before.unavailable(statement).unwrap_or_default();
    if share < REFUSED || share < LOCK_TIMES * usual {
        return None;
    }
    let name = scene.names.statements[statement].name.clone();
    let evidence = vec![format!(
        "{} of the calls of {name} are refused by a shard that is down (before: {})",
        percent(share),
        percent(usual)
    )];
    Some(scene.found(CauseKind::StoreDown, service, name, store, evidence))
}

pub(super) fn pod_down(scene: &Scene<'_>) -> Option<Explained> {
    let services = [Some(scene.suspect.service), scene.suspect.caller];
    let down = services.into_iter().flatten().find_map(|service| {
        let up = scene.now.pods_up(service)?;
        (up < 1.0 && up < scene.before.pods_up(service)?).then_some((service, up))
    });
    let (service, up) = down?;
    let evidence = vec![format!("{} of the pods of {} are up", percent(up), scene.names.services[service])];
    Some(scene.of_service(CauseKind::PodDown, service, evidence))
}

pub(super) fn lock_contention(scene: &Scene<'_>) -> Option<Explained> {
    let (_, store) = scene.suspected_statement()?;
    let waits = scene.statements().into_iter().filter_map(|(service, statement)| {
        let wait_s = scene.now.lock_s_per_call(statement)?;
        let usual_s = scene.before.lock_s_per_call(statement).unwrap_or_default();
        let is_long = wait_s >= LOCK_LEAST_S && wait_s >= LOCK_TIMES * usual_s;
        is_long.then_some((wait_s, usual_s, service, statement))
    });
    let (wait_s, usual_s, service, statement) = waits.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let name = scene.names.statements[statement].name.clone();
    let evidence =
        vec![format!("a call of {name} waits {} for locks (before: {})", duration(wait_s), duration(usual_s))];
    Some(scene.found(CauseKind::LockContention, service, name, store, evidence))
}

pub(super) fn gc_pauses(scene: &Scene<'_>) -> Option<Explained> {
    let services = [Some(scene.suspect.service), scene.suspect.caller];
    let paused = services.into_iter().flatten().find_map(|service| {
        let paused = scene.now.paused(service)?;
        let usual = scene.before.paused(service).unwrap_or_default();
        (paused >= PAUSED && paused >= LOCK_TIMES * usual).then_some((service, paused, usual))
    });
    let (service, paused, usual) = paused?;
    let name = &scene.names.services[service];
    let evidence = vec![format!("pods of {name} pause {} of the time (before: {})", percent(paused), percent(usual))];
    Some(scene.of_service(CauseKind::GcPauses, service, evidence))
}

pub(super) fn bad_release(scene: &Scene<'_>) -> Option<Explained> {
    let services = [Some(scene.suspect.service), scene.suspect.caller];
    services.into_iter().flatten().find_map(|service| {
        let (released, others) = scene.now.versions(scene.names, service)?;
        let fails = released.error_ratio > others.error_ratio + FAILED_MORE;
        let slower = released.duration_s >= SLOWER_TIMES * others.duration_s;
        if !fails && !slower {
            return None;
        }
        let name = &scene.names.services[service];
        let evidence = vec![format!(
            "the other version of {name} fails {} and takes {}, the usual one {} and {}",
            percent(released.error_ratio),
            duration(released.duration_s),
            percent(others.error_ratio),
            duration(others.duration_s),
        )];
        Some(scene.of_service(CauseKind::BadRelease, service, evidence))
    })
}

pub(super) fn cache_misses(scene: &Scene<'_>) -> Option<Explained> {
    let asks = match scene.suspect.what {
        What::Statement { .. } => Some(scene.suspect.service),
        What::Server { endpoint } | What::Call { callee: endpoint } => Some(scene.names.endpoints[endpoint].service),
    };
    let caches = scene.names.caches.iter().enumerate().filter(|(_, (service, _))| Some(*service) == asks);
    let missed = caches.filter_map(|(cache, (service, store))| {
        let now = scene.now.misses(cache)?;
        let usual = scene.before.misses(cache)?;
        let more = now > usual + MISSES_MORE && now >= MISSES_TIMES * usual;
        more.then_some((now - usual, now, usual, *service, *store))
    });
    let (_, now, usual, service, store) = missed.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let name = &scene.names.stores[store].name;
    let evidence = vec![format!("lookups in {name} that miss {} -> {}", percent(usual), percent(now))];
    let operation = operation(scene.names, scene.suspect);
    Some(scene.found(CauseKind::CacheMisses, service, operation, store, evidence))
}
