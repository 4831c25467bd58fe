//! Causes between services: the way from one to the other, and more traffic than the shop is made for.
//!
//! Owns what an asking side's time is set against: the asked side's own.

use super::{Explained, FILLING, SATURATED, SLOW_LEAST_S, SLOW_TIMES, Scene, operation};
use crate::detection::cause::CauseKind;
use crate::detection::names::What;
use doorbuster_reports::format::{duration, percent, rate};

/// Much more traffic, in times of before. Chosen: shoppers who try a request again and again make less than 1.8 of one.
const MORE_TRAFFIC: f64 = 2.0;
/// The same for one edge alone: more than retries of failing requests would make of it. Chosen.
const MORE_OF_ONE: f64 = 3.0;
/// Of the time that the asking side waits more, the part that the asked side may explain at most. Chosen.
const EXPLAINED: f64 = 0.5;

pub(super) fn network(scene: &Scene<'_>) -> Option<Explained> {
    let (from, usual_s, now_s, asked) = match scene.suspect.what {
        What::Call { callee } => {
            let from = scene.suspect.caller?;
            let what = What::Call { callee };
            let own = What::Server { endpoint: callee };
            let seat = scene.names.endpoints[callee].service;
            // Cores that fill up show themselves fully with the next export.
            let usual_cpu = scene.before.service_cpu(seat).unwrap_or_default();
            if scene.now.service_cpu(seat).unwrap_or_default() > usual_cpu + FILLING {
                return None;
            }
            let usual_s = scene.before.mean_s(scene.names, from, what)?;
            let now_s = scene.now.mean_s(scene.names, from, what)?;
            let own_usual_s = scene.before.mean_s(scene.names, seat, own).unwrap_or_default();
            let own_now_s = scene.now.mean_s(scene.names, seat, own).unwrap_or_default();
            (from, usual_s, now_s, (own_usual_s, own_now_s, scene.names.services[seat].clone()))
        }
        What::Statement { statement, pool } => {
            let from = scene.suspect.service;
            let usual_s = scene.before.mean_s(scene.names, from, scene.suspect.what)?;
            let now_s = scene.now.mean_s(scene.names, from, scene.suspect.what)?;
            let wait_s = |window: &crate::detection::window::Window| {
                pool.and_then(|pool| window.pool_wait_s(pool)).unwrap_or_default()
            };
            let own_usual_s = scene.before.store_s_per_call(statement).unwrap_or_default() + wait_s(scene.before);
            let own_now_s = scene.now.store_s_per_call(statement).unwrap_or_default() + wait_s(scene.now);
            (from, usual_s, now_s, (own_usual_s, own_now_s, scene.names.store_of(statement).name.clone()))
        }
        What::Server { .. } => return None,
    };
    let (own_usual_s, own_now_s, to) = asked;
    let more_s = now_s - usual_s;
    let is_slower = more_s >= SLOW_LEAST_S && now_s >= SLOW_TIMES * usual_s;
    if !is_slower || own_now_s - own_usual_s > EXPLAINED * more_s {
        return None;
    }
    let evidence = vec![format!(
        "{} waits {} for {to} instead of {}, which takes {} itself (before: {})",
        scene.names.services[from],
        duration(now_s),
        duration(usual_s),
        duration(own_now_s),
        duration(own_usual_s),
    )];
    let operation = match scene.suspect.what {
        What::Statement { statement, .. } => scene.names.statements[statement].name.clone(),
        _ => operation(scene.names, scene.suspect),
    };
    Some(Explained { kind: CauseKind::Network, service: from, operation, resource: to, evidence })
}

/// More is asked, and the cores of somebody are full. Retries of a shop in trouble ask more, too: what broke it comes before.
pub(super) fn traffic_surge(scene: &Scene<'_>) -> Option<Explained> {
    let edges: Vec<usize> = scene.names.edges().collect();
    let sum = |window: &crate::detection::window::Window| -> f64 {
        edges.iter().filter_map(|edge| window.rate_per_s(*edge)).sum()
    };
    let (usual, now) = (sum(scene.before), sum(scene.now));
    let cpu = match scene.suspect.what {
        What::Statement { statement, .. } => scene.now.store_cpu(scene.names.statements[statement].store),
        What::Server { .. } | What::Call { .. } => scene.now.service_cpu(scene.suspect.service),
    };
    let times = |edge: &usize| -> f64 {
        scene.now.rate_per_s(*edge).unwrap_or_default() / scene.before.rate_per_s(*edge).unwrap_or(1.0)
    };
    let busiest = edges.iter().max_by(|a, b| times(a).total_cmp(&times(b)))?;
    if now < MORE_TRAFFIC * usual && times(busiest) < MORE_OF_ONE || cpu? < SATURATED {
        return None;
    }
    let service = scene.names.endpoints[*busiest].service;
    let evidence = vec![format!(
        "{} asked {} instead of {}, most of it more by {}, and {} of the cores are in use",
        scene.names.services[service],
        rate(now),
        rate(usual),
        scene.names.operation(*busiest),
        percent(cpu?),
    )];
    Some(Explained {
        kind: CauseKind::TrafficSurge,
        service,
        operation: scene.names.endpoints[*busiest].name.clone(),
        resource: scene.names.services[service].clone(),
        evidence,
    })
}
