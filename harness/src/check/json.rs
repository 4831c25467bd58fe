//! What a run would do, for programs. Times in seconds, rates per second of the whole fleet.

use super::tell::FRAME_BYTES;
use super::{Checked, story};
use crate::operational::{Analysis, Traffic};
use doorbuster_virtual::cell::MAX_FRAMES;
use serde_json::{Value, json};

/// A list with an object for each scenario, and in each its shape if shapes were measured.
pub(super) fn json(checked: &[Checked], shapes: &[Value]) -> String {
    let mut all: Vec<Value> = checked.iter().map(scenario).collect();
    for (one, shape) in all.iter_mut().zip(shapes) {
        one["shape"] = shape.clone();
    }
    format!("{:#}\n", Value::Array(all))
}

fn scenario(checked: &Checked) -> Value {
    let Checked { loaded, plan, analysis, .. } = checked;
    let of = &loaded.scenario;
    json!({
        "scenario": loaded.name,
        "title": of.title,
        "virtual_s": plan.duration_s,
        "warmup_s": plan.warmup_s,
        "cells_fleet": plan.cells_fleet,
        "cells_played": of.cells.play.count,
        "traffic": traffic(&analysis.traffic),
        "peak_requests_per_s": analysis.peak_requests_per_s,
        "requests_in_flight": analysis.requests_in_flight,
        "shoppers": analysis.shoppers,
        "spans_per_s": analysis.spans_per_s,
        "spans_per_request": analysis.spans_per_request,
        "frames_of_a_cell": analysis.frames_of_a_cell,
        "frames_of_a_cell_bytes": analysis.frames_of_a_cell * FRAME_BYTES,
        "frames_of_a_cell_at_most": MAX_FRAMES,
        "bottleneck": analysis.bottleneck().map(|station| &station.name),
        "endpoints": endpoints(analysis),
        "statements": statements(analysis),
        "stations": stations(analysis),
        "hopeless": hopeless(analysis),
        "faults": of.faults.iter().map(|(name, fault)| {
            json!({"name": name, "what": story::fault(of, plan, analysis, name, fault)})
        }).collect::<Vec<Value>>(),
        "remedies": of.remedies.iter().map(|(name, remedy)| {
            json!({"name": name, "what": story::remedy(of, plan, remedy)})
        }).collect::<Vec<Value>>(),
        "expects": of.expect.keys().collect::<Vec<&String>>(),
    })
}

fn traffic(traffic: &Traffic) -> Value {
    match traffic {
        Traffic::Open(offered) => json!({
            "open": {
                "points": offered.points.iter().map(|(at_s, per_s)| {
                    json!({"at_s": at_s, "requests_per_s": per_s})
                }).collect::<Vec<Value>>(),
                "random": offered.random,
                "peak_at_s": offered.peak_at_s,
                "requests": offered.requests,
            }
        }),
        Traffic::Closed(closed) => json!({
            "closed": {
                "users": closed.users,
                "round_s": closed.round_s,
                "unhindered_requests_per_s": closed.unhindered_per_s,
                "knee_users": closed.knee_users,
            }
        }),
    }
}

fn endpoints(analysis: &Analysis) -> Vec<Value> {
    let endpoint = |one: &crate::operational::EndpointLoad| {
        json!({
            "name": one.name,
            "from_shoppers_per_s": one.from_shoppers_per_s,
            "per_s": one.per_s,
            "per_request": one.per_request,
            "alone_s": one.alone_s,
        })
    };
    analysis.endpoints.iter().map(endpoint).collect()
}

fn statements(analysis: &Analysis) -> Vec<Value> {
    let statement = |one: &crate::operational::StatementLoad| json!({"name": one.name, "per_s": one.per_s, "per_request": one.per_request, "cost_s": one.cost_s});
    analysis.statements.iter().map(statement).collect()
}

fn stations(analysis: &Analysis) -> Vec<Value> {
    let station = |one: &crate::operational::StationLoad| {
        json!({
            "name": one.name,
            "servers_of_a_cell": one.servers,
            "capacity": one.capacity,
            "visits_per_request": one.visits_per_request,
            "visit_s": one.visit_s(),
            "demand_s": one.demand_s,
            "utilization_at_peak": one.utilization_at_peak,
            "full_at_requests_per_s": one.full_at_requests_per_s,
            "headroom": one.headroom(),
        })
    };
    analysis.stations.iter().map(station).collect()
}

fn hopeless(analysis: &Analysis) -> Vec<Value> {
    let place = |one: &crate::operational::Hopeless| json!({"asker": one.asker, "asked": one.asked, "takes_s": one.takes_s, "timeout_s": one.timeout_s});
    analysis.hopeless.iter().map(place).collect()
}
