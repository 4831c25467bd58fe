//! The measurement told to programs: every figure with its counts and interval, and every drill with the command that
//! plays it again.

use super::figures::{FalsePages, Figures, Quantile, Rate, Share, Times};
use super::goals::{self, Goal, Side};
use super::play::{Drilled, Naming, Quiet};
use super::trivial::BOUNDS;
use super::{Measured, OfScenario};
use doorbuster_reports::result::Unit;
use serde_json::{Value, json};

/// All of it. Times are seconds from the injection; what is null never came, or has no such end.
pub(super) fn json(measured: &Measured) -> String {
    let hard = measured.hard();
    let figures = (!hard.is_empty()).then(|| Figures::of(&hard));
    let quiet = FalsePages::of(&measured.quiet());
    let goals = goals::goals(figures.as_ref(), quiet.as_ref());
    let told = json!({
        "seed": measured.seed,
        "runs": measured.runs,
        "cells": measured.cells,
        "quiet_s": measured.quiet_s,
        "confidence": 0.95,
        "complete": measured.is_whole(),
        "played": measured.played,
        "to_play": measured.jobs,
        "goals": goals.iter().map(goal).collect::<Vec<Value>>(),
        "hard": figures.as_ref().map(self::figures),
        "false_pages": quiet.as_ref().map(false_pages),
        "scenarios": measured.scenarios.iter().map(|one| scenario(measured, one)).collect::<Vec<Value>>(),
    });
    format!("{told:#}\n")
}

fn goal(goal: &Goal) -> Value {
    json!({
        "id": goal.id,
        "what": goal.what,
        "unit": match goal.unit {
            Unit::S => "s",
            Unit::Ratio => "1",
            Unit::PerS | Unit::Count | Unit::Cny => "1/d",
        },
        "side": match goal.side {
            Side::AtMost => "at_most",
            Side::AtLeast => "at_least",
        },
        "bound": goal.bound,
        "value": goal.value,
        "interval": goal.interval,
        "standing": goal.standing.name(),
    })
}

fn scenario(measured: &Measured, scenario: &OfScenario) -> Value {
    let of = |is_hard| {
        let drills = scenario.of(is_hard);
        (!drills.is_empty()).then(|| figures(&Figures::of(&drills)))
    };
    let invalid = |(why, command): &(String, String)| json!({"why": why, "command": command});
    json!({
        "scenario": scenario.case.name,
        "title": scenario.case.title,
        "hard": of(true),
        "soft": of(false),
        "false_pages": FalsePages::of(&scenario.quiet).as_ref().map(false_pages),
        "drills": scenario.drills.iter().map(|one| drill(measured, scenario, one)).collect::<Vec<Value>>(),
        "invalid": scenario.invalid.iter().map(invalid).collect::<Vec<Value>>(),
    })
}

fn figures(figures: &Figures) -> Value {
    let statics =
        BOUNDS.iter().zip(&figures.statics).map(|(bound, pages)| json!({"above": bound, "page": times(pages)}));
    json!({
        "drills": figures.right.of,
        "symptom": times(&figures.symptom),
        "page": times(&figures.alert),
        "cause": times(&figures.cause),
        "right": share(&figures.right),
        "wrong": share(&figures.wrong),
        "missing": share(&figures.missing),
        "static_thresholds": statics.collect::<Vec<Value>>(),
        "most_error_spans": {"service_right": share(&figures.most_errors_right), "names_resource": false},
    })
}

fn times(times: &Times) -> Value {
    let quantile =
        |quantile: &Quantile| json!({"s": quantile.value_s, "interval_s": [quantile.low_s, quantile.high_s]});
    json!({"p50": quantile(&times.p50), "p95": quantile(&times.p95), "never": share(&times.never)})
}

fn share(share: &Share) -> Value {
    json!({"count": share.hits, "of": share.of, "share": share.ratio(), "interval": share.interval})
}

fn false_pages(pages: &FalsePages) -> Value {
    let statics = BOUNDS.iter().zip(&pages.statics).map(|(bound, pages)| json!({"above": bound, "pages": rate(pages)}));
    json!({"pages": rate(&pages.pages), "static_thresholds": statics.collect::<Vec<Value>>()})
}

fn rate(rate: &Rate) -> Value {
    json!({
        "count": rate.events,
        "quiet_s": rate.seconds,
        "per_day": rate.per_day(),
        "interval_per_day": rate.interval_per_day,
    })
}

fn drill(measured: &Measured, scenario: &OfScenario, drill: &Drilled) -> Value {
    let worst = drill
        .worst
        .as_ref()
        .map(|(edge, minute)| json!({"edge": edge, "failures": minute.failures, "attempts": minute.attempts}));
    let cause = drill.cause.as_ref().map(|cause| json!({"s": cause.at_s, "what": cause.what}));
    let most_errors = drill.most_errors.as_ref();
    let Quiet { seconds, pages, .. } = drill.before;
    json!({
        "seed": drill.short.seed,
        "injected_s": drill.short.start_s,
        "intensity_scale": drill.short.scale,
        "hard": drill.is_hard(),
        "worst_minute": worst,
        "symptom_s": drill.symptom_s,
        "page_s": drill.alert_s,
        "cause": cause,
        "naming": match drill.naming() {
            Naming::Right => "right",
            Naming::Wrong => "wrong",
            Naming::Missing => "missing",
        },
        "can_be_named": drill.has_label,
        "static_pages_s": drill.statics_s,
        "most_error_spans": most_errors.map(|(service, is_right)| json!({"service": service, "right": is_right})),
        "before": {"quiet_s": seconds, "false_pages": pages},
        "command": scenario.case.command(&drill.short, measured.cells),
    })
}
