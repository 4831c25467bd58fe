//! Expected verdicts: which there are, in which unit, and what they need.

use super::Check;
use crate::load::Spot;
use crate::types::{Bound, Expectation};

/// The unit in which a verdict is told.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Share,
    Time,
    Rate,
    Number,
    /// Yes or no: a share (100%) or a number (0 violations).
    Truth,
}

/// Verdicts that a scenario may expect, with their units (design, section 8).
const VERDICTS: &[(&str, Unit)] = &[
    ("incident.success.before", Unit::Share),
    ("incident.success.during", Unit::Share),
    ("incident.success.after", Unit::Share),
    ("incident.p99.before", Unit::Time),
    ("incident.p99.during", Unit::Time),
    ("incident.p99.after", Unit::Time),
    ("incident.throughput.before", Unit::Rate),
    ("incident.throughput.during", Unit::Rate),
    ("incident.throughput.after", Unit::Rate),
    ("incident.cpu.before", Unit::Share),
    ("incident.cpu.during", Unit::Share),
    ("incident.cpu.after", Unit::Share),
    ("incident.in_flight.before", Unit::Number),
    ("incident.in_flight.during", Unit::Number),
    ("incident.in_flight.after", Unit::Number),
    ("incident.orders_lost", Unit::Number),
    ("incident.users_affected", Unit::Number),
    ("incident.gmv_lost", Unit::Number),
    ("detection.symptom", Unit::Time),
    ("detection.alert", Unit::Time),
    ("detection.notified", Unit::Time),
    ("detection.evidence_ready", Unit::Time),
    ("detection.cause", Unit::Time),
    ("detection.human", Unit::Time),
    ("detection.repair", Unit::Time),
    ("detection.recovered", Unit::Time),
    ("detection.false_alerts", Unit::Number),
    ("run.success", Unit::Share),
    ("run.p99", Unit::Time),
    ("run.throughput", Unit::Rate),
    ("accounting.conservation", Unit::Truth),
];

/// Ids of the verdicts that a scenario may expect.
pub fn verdict_ids() -> impl Iterator<Item = &'static str> {
    VERDICTS.iter().map(|(id, _)| *id)
}

pub(super) fn expectations(check: &mut Check<'_>, spot: Spot<'_>) {
    for (id, expectation) in &check.scenario.expect {
        let spot = spot.key(id);
        let Some((_, unit)) = VERDICTS.iter().find(|(known, _)| known == id) else {
            let known = VERDICTS.iter().map(|(known, _)| *known);
            check.unknown(spot.name_at, format!("unknown verdict `{id}`"), id, "verdicts", known);
            continue;
        };
        needs(check, spot, id);
        bounds(check, spot, id, expectation, *unit);
        if expectation.source.trim().is_empty() {
            check.report(spot.key("source").at, "`source` is empty", "say where the bound comes from");
        }
    }
}

/// Verdicts on an incident need one.
fn needs(check: &mut Check<'_>, spot: Spot<'_>, id: &str) {
    let is_of_an_incident = id.starts_with("incident.") || id.starts_with("detection.");
    if !is_of_an_incident || id == "detection.false_alerts" {
        return;
    }
    if check.scenario.focus.is_none() {
        let help = "`focus` names the operation that the incident is about";
        check.report(spot.name_at, format!("`{id}` needs `focus`"), help);
    }
    if check.scenario.faults.is_empty() {
        let help = "a scenario without faults has the verdicts `run.success`, `run.p99` and `run.throughput`";
        check.report(spot.name_at, format!("`{id}` needs a fault"), help);
    }
}

fn bounds(check: &mut Check<'_>, spot: Spot<'_>, id: &str, expectation: &Expectation, unit: Unit) {
    let mut given: Vec<(&str, Spot<'_>, Bound)> = Vec::new();
    if let Some(bound) = expectation.at_least {
        given.push(("at_least", spot.key("at_least"), bound));
    }
    if let Some(bound) = expectation.at_most {
        given.push(("at_most", spot.key("at_most"), bound));
    }
    let singles = given.len();
    if let Some([low, high]) = expectation.between {
        let spot = spot.key("between");
        given.push(("between", spot.item(0), low));
        given.push(("between", spot.item(1), high));
        if fits(low, unit) && fits(high, unit) && value(low) > value(high) {
            check.report(spot.item(1).at, "the second bound of `between` is under the first", "");
        }
    }
    if singles + usize::from(expectation.between.is_some()) != 1 {
        let message = format!("`{id}` must have exactly one of `at_least`, `at_most` and `between`");
        check.report(spot.name_at, message, "");
    }
    for (name, spot, bound) in given {
        if !fits(bound, unit) {
            let wanted = match unit {
                Unit::Share => "a share such as 97%",
                Unit::Time => "a time such as 60s",
                Unit::Rate => "a rate such as 60k/s",
                Unit::Number => "a plain number",
                Unit::Truth => "a share or a plain number",
            };
            check.report(spot.at, format!("`{name}` of `{id}` must be {wanted}"), "");
        }
    }
    if let Some([low, high]) = expectation.between
        && unit == Unit::Truth
        && std::mem::discriminant(&low) != std::mem::discriminant(&high)
    {
        check.report(spot.key("between").at, "the bounds of `between` have different units", "");
    }
}

fn fits(bound: Bound, unit: Unit) -> bool {
    match bound {
        Bound::Time(_) => unit == Unit::Time,
        Bound::Share(_) => matches!(unit, Unit::Share | Unit::Truth),
        Bound::Rate(_) => unit == Unit::Rate,
        Bound::Number(_) => matches!(unit, Unit::Number | Unit::Truth),
    }
}

fn value(bound: Bound) -> f64 {
    match bound {
        Bound::Time(time) => time.s(),
        Bound::Share(share) => share.ratio,
        Bound::Rate(rate) => rate.per_s,
        Bound::Number(number) => number,
    }
}
