//! The measurement told: a table for people, JSON for programs.

use super::cases::{Case, Row};
use super::measure::Unit;
use super::{Judged, Verdict};
use doorbuster_model::time::TICK_NS;
use serde_json::{Value, json};

/// What stands above the rows.
pub(super) fn head(seed: u64) -> String {
    format!(
        "The engine against queueing theory: seed {seed}, tick {TICK_NS} ns\n\n{:<15} {:<29} {:>9} {:>9}  {:^19} {:>7} {:>10}  {:<8} {}\n",
        "case", "quantity", "theory", "simulated", "99 % interval", "half", "requests", "verdict", "source"
    )
}

/// The rows of a case.
pub(super) fn rows(case: &Case, judged: &Judged) -> String {
    case.rows.iter().zip(&judged.verdicts).map(|(row, verdict)| line(case, row, verdict, judged.requests)).collect()
}

fn line(case: &Case, row: &Row, verdict: &Verdict, requests: u64) -> String {
    let (factor, unit) = match row.measure.unit() {
        Unit::Seconds => (1e3, ", ms"),
        Unit::PerSecond => (1.0, ", /s"),
        Unit::Number => (1.0, ""),
    };
    let number = |value: f64| digits(value * factor);
    let (low, high) = verdict.interval();
    format!(
        "{:<15} {:<29} {:>9} {:>9}  {:>9}-{:<9} {:>5.2} % {:>10}  {:<8} {}\n",
        case.name,
        row.measure.name() + unit,
        number(row.theory),
        number(verdict.estimate.mean),
        number(low),
        number(high),
        verdict.relative_half_width() * 100.0,
        requests,
        verdict.name(),
        row.source
    )
}

/// Five digits.
fn digits(value: f64) -> String {
    let before_point = value.abs().max(1e-9).log10().floor() as i32 + 1;
    format!("{value:.*}", (5 - before_point).clamp(0, 6) as usize)
}

/// What stands below the rows.
pub(super) fn foot(cases: &[(Case, Judged)]) -> String {
    let rows: usize = cases.iter().map(|(case, _)| case.rows.len()).sum();
    let missed = missed(cases);
    let identities: u64 = cases.iter().map(|(_, judged)| judged.identities).sum();
    let mut text = format!(
        "\n{} of {rows} as theory says: inside the 99 % interval, its half-width at most 1 %.\nBy chance alone {:.2} of {rows} lie outside, on average over seeds; the same seed always gives this table.\n",
        rows - missed,
        rows as f64 / 100.0
    );
    let broken: Vec<&String> = cases.iter().flat_map(|(_, judged)| &judged.broken).collect();
    text += &match broken.first() {
        None => format!("Little's law held to the tick in all {identities} identities.\n"),
        Some(first) => format!("Little's law was broken {} times; first: {first}\n", broken.len()),
    };
    text + "To play a case yourself: --json has each scenario's text and the command that gives the same means.\n"
}

/// Rows that are not as theory says.
pub(super) fn missed(cases: &[(Case, Judged)]) -> usize {
    cases.iter().flat_map(|(_, judged)| &judged.verdicts).filter(|verdict| !verdict.holds()).count()
}

/// Everything, for programs. Times in seconds, rates per second.
pub(super) fn json(seed: u64, cases: &[(Case, Judged)]) -> String {
    let rows: usize = cases.iter().map(|(case, _)| case.rows.len()).sum();
    let told = json!({
        "seed": seed,
        "tick_ns": TICK_NS,
        "confidence": 0.99,
        "cases": cases.iter().map(|(case, judged)| json_case(case, judged)).collect::<Vec<Value>>(),
        "quantities": rows,
        "missed": missed(cases),
        "expected_outside_by_chance": rows as f64 / 100.0,
    });
    format!("{told:#}\n")
}

fn json_case(case: &Case, judged: &Judged) -> Value {
    let row = |(row, verdict): (&Row, &Verdict)| {
        let (low, high) = verdict.interval();
        json!({
            "quantity": row.measure.name(),
            "unit": match row.measure.unit() {
                Unit::Seconds => "s",
                Unit::PerSecond => "1/s",
                Unit::Number => "1",
            },
            "theory": row.theory,
            "source": row.source,
            "simulated": verdict.estimate.mean,
            "low": low,
            "high": high,
            "relative_half_width": verdict.relative_half_width(),
            "requests_needed": row.needed,
            "inside": verdict.inside(),
            "verdict": verdict.name(),
        })
    };
    json!({
        "case": case.name,
        "scenario": case.text,
        "command": format!("doorbuster run {}.yaml --seed {}", case.name, judged.seed),
        "replications": judged.replications,
        "requests": judged.requests,
        "rows": case.rows.iter().zip(&judged.verdicts).map(row).collect::<Vec<Value>>(),
        "little_identities": judged.identities,
        "little_broken": judged.broken,
    })
}
