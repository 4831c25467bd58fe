//! A run against its baseline, and a sweep, made by hand from the others.

use super::{endpoint, incident};
use crate::result::{RunResult, Status, VerdictKind};
use crate::sweep::{Row, Sweep};

/// The incident on half as many shards, against the incident.
pub(crate) fn compared() -> RunResult {
    let mut result = incident();
    result.fingerprint = "0f0f8c0de2a94d7730aa51c4be9f2e18".to_owned();
    let mut baseline = incident();
    baseline.resolved["stores"] = serde_json::json!({"payments": {"shards": 16}});
    result.resolved["stores"] = serde_json::json!({"payments": {"shards": 8}});
    for stats in result.endpoints.iter_mut().filter(|stats| stats.window == "during" && stats.endpoint == "pay") {
        *stats = endpoint(&stats.service, "pay", "during", stats.attempts, 0.562, 5.003);
    }
    for verdict in result.verdicts.iter_mut().filter(|verdict| verdict.id == "incident.success.during") {
        verdict.value = Some(0.562);
        verdict.status = Status::Fail;
    }
    for stats in result.endpoints.iter_mut().filter(|stats| stats.window == "after" && stats.endpoint == "browse") {
        *stats = endpoint("gateway", "browse", "after", stats.attempts, 0.9981, 0.025);
    }
    crate::comparison::hold_against(&mut result, &baseline, 0.02);
    result
}

/// Three intensities of the incident, the last of which was more than the engine can hold.
pub(crate) fn sweep() -> Sweep {
    let too_much = Row {
        value: "100%".to_owned(),
        folder: "100".to_owned(),
        note: Some("a cell holds too much".to_owned()),
        figures: None,
    };
    let mut half = compared();
    for point in half.series.iter_mut().filter(|point| (310..=1220).contains(&point.at_s)) {
        point.cpu.insert("payments".to_owned(), 0.98);
    }
    half.verdicts.retain(|verdict| verdict.kind != VerdictKind::Regression);
    Sweep {
        schema_version: crate::sweep::SCHEMA_VERSION,
        scenario: "payment-index-loss".to_owned(),
        path: "faults.index-lost.intensity".to_owned(),
        seed: 1,
        complete: false,
        rows: vec![Row::of("25%", "25", &incident()), Row::of("50%", "50", &half), too_much],
        not_played: Vec::new(),
    }
}
