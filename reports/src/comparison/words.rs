//! A comparison in words, for every way of telling it.
//!
//! Owns the sentences. Refuses to escape them: each telling does that for itself.

use super::{Comparison, Figure, Judgement, Setting, VerdictChange, VerdictState, What};
use crate::format::{NOTHING, count, value};
use crate::result::Unit;

/// What came of it, in a sentence without its full stop.
pub(crate) fn headline(told: &Comparison) -> String {
    let tally = &told.tally;
    if told.nothing_differs() {
        return format!(
            "nothing differs: same configuration, same stream, {} and {} equal",
            counted(tally.compared, "figure"),
            counted(told.verdicts_compared, "verdict")
        );
    }
    let worse = told.verdicts_that_are(Judgement::Worse);
    let mut text = format!("{} of {} worse", count(tally.worse as f64), counted(tally.compared, "figure"));
    if worse > 0 {
        let verdicts = counted(told.verdicts_compared, "verdict");
        text.push_str(&format!(", {} of {verdicts} worse", count(worse as f64)));
    }
    let better = tally.better + told.verdicts_that_are(Judgement::Better);
    if better > 0 {
        text.push_str(&format!(", {} better", count(better as f64)));
    }
    text.push_str(&format!(" (beyond {} and chance)", tolerance_text(told.tolerance)));
    if tally.too_few > 0 {
        text.push_str(&format!(", {} with too few samples to be compared", count(tally.too_few as f64)));
    }
    text
}

/// `1 figure`, `41 figures`.
fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", count(number as f64), if number == 1 { "" } else { "s" })
}

/// What chance may have done, in a sentence.
pub(crate) fn chance_text(told: &Comparison, seed: u64) -> String {
    if told.baseline.seed == seed {
        return format!(
            "Both runs draw the same numbers (seed {seed}), so what differs follows from what was changed."
        );
    }
    format!(
        "The runs draw different numbers (seeds {old} and {seed}), and the intervals take samples as independent, which those \
         of a busy queue are not: of {} figures some may look worse by chance. Runs of one seed are free of that: --seed {old}.",
        count(told.tally.compared as f64),
        old = told.baseline.seed,
    )
}

/// Everything that is worse and the configuration that differs, one a line.
pub(crate) fn worse_lines(told: &Comparison) -> String {
    let mut lines = format!("{}\n", headline(told));
    for change in told.verdicts.iter().filter(|change| change.judgement == Judgement::Worse) {
        let [old, new] = verdict_states(change);
        lines.push_str(&format!("worse: {}: {old} -> {new}\n", change.id));
    }
    for figure in told.figures.iter().filter(|figure| figure.judgement == Judgement::Worse) {
        lines.push_str(&format!("worse: {}\n", cause_text(told, figure)));
    }
    for setting in &told.configuration {
        lines.push_str(&format!("configuration: {}\n", setting_text(setting)));
    }
    lines
}

/// What may have been changed where the configuration was not.
pub(crate) fn none_changed(told: &Comparison) -> &'static str {
    if told.same_stream {
        "nothing in the scenario"
    } else {
        "nothing in the scenario, yet the streams differ: the baseline is of another version or another platform"
    }
}

/// The first settings that differ, and how many more: `stores.payments.shards 16 -> 8; 2 more`.
pub(crate) fn configuration_text(told: &Comparison, most: usize) -> String {
    if told.configuration.is_empty() {
        return none_changed(told).to_owned();
    }
    let mut parts: Vec<String> = told.configuration.iter().take(most).map(setting_text).collect();
    let more = told.configuration.len().saturating_sub(most) as u64 + told.configuration_left_out;
    if more > 0 {
        parts.push(format!("{} more", count(more as f64)));
    }
    parts.join("; ")
}

/// `stores.payments.shards 16 -> 8`.
pub(crate) fn setting_text(setting: &Setting) -> String {
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "not there".to_owned());
    format!("{} {} -> {}", setting.path, side(&setting.baseline), side(&setting.here))
}

/// What a figure is called beside its endpoint: `success`, `p99`, `failed by timeout`.
pub(crate) fn figure_name(figure: &Figure) -> String {
    match (figure.what, &figure.cause) {
        (What::Success, _) => "success".to_owned(),
        (What::Throughput, _) => "throughput".to_owned(),
        (What::P99, _) => "p99".to_owned(),
        (What::P50, _) => "p50".to_owned(),
        (What::Attempts, _) => "attempts".to_owned(),
        (What::Failed, Some(cause)) => format!("failed by {cause}"),
        (What::Failed, None) => "failed".to_owned(),
    }
}

/// Both values of a figure, with as many digits as it takes to tell them apart.
pub(crate) fn figure_values(figure: &Figure) -> [String; 2] {
    pair(figure.baseline, figure.here, figure.what.unit())
}

/// How much a figure changed: `-6.8 points`, `+12 %`.
pub(crate) fn change_text(figure: &Figure) -> String {
    match figure.what.unit() {
        Unit::Ratio => format!("{} points", signed((figure.here - figure.baseline) * 100.0)),
        _ if figure.baseline > 0.0 => format!("{} %", signed((figure.here / figure.baseline - 1.0) * 100.0)),
        _ => NOTHING.to_owned(),
    }
}

/// The 99 % interval of the difference, in the unit of [`change_text`].
pub(crate) fn interval_text(figure: &Figure) -> String {
    let scale = match figure.what.unit() {
        Unit::Ratio => 100.0,
        _ if figure.baseline > 0.0 => 100.0 / figure.baseline,
        _ => return NOTHING.to_owned(),
    };
    let [low, high] = figure.interval;
    format!("{} to {}", signed(low * scale), signed(high * scale))
}

/// A figure in one line: `gateway.pay, during: success 98.0 % -> 91.2 % (failed by timeout 0.1 % -> 5.0 %)`.
pub(crate) fn cause_text(told: &Comparison, figure: &Figure) -> String {
    let [old, new] = figure_values(figure);
    let name = format!("{}.{}, {}", figure.service, figure.endpoint, figure.window);
    let mut text = format!("{name}: {} {old} -> {new}", figure_name(figure));
    if figure.what == What::Success
        && let Some(cause) = moved_most(told, figure)
    {
        let [old, new] = figure_values(cause);
        text.push_str(&format!(" ({} {old} -> {new})", figure_name(cause)));
    }
    text
}

/// The cause of failures that took most of a change of success, where it is listed.
fn moved_most<'a>(told: &'a Comparison, figure: &Figure) -> Option<&'a Figure> {
    let of_it = |other: &&Figure| {
        other.what == What::Failed
            && (&other.service, &other.endpoint, &other.window) == (&figure.service, &figure.endpoint, &figure.window)
            && (other.here > other.baseline) == (figure.here < figure.baseline)
    };
    let size = |other: &Figure| (other.here - other.baseline).abs();
    told.figures.iter().filter(of_it).max_by(|a, b| size(a).total_cmp(&size(b)))
}

/// How a verdict stood in both runs: `30 s as expected`, `1 min 5 s missed`, `not there`.
pub(crate) fn verdict_states(change: &VerdictChange) -> [String; 2] {
    let values = match (change.baseline.and_then(|state| state.value), change.here.and_then(|state| state.value)) {
        (Some(old), Some(new)) => pair(old, new, change.unit),
        (old, new) => [old, new].map(|number| number.map_or("none".to_owned(), |number| value(number, change.unit))),
    };
    let text = |state: Option<VerdictState>, value: &str| match state {
        None => "not there".to_owned(),
        Some(state) => match state.stands() {
            Some(true) => format!("{value} as expected"),
            Some(false) => format!("{value} missed"),
            None => format!("{value} invalid"),
        },
    };
    [text(change.baseline, &values[0]), text(change.here, &values[1])]
}

/// A judgement in a word.
pub(crate) const fn judgement_word(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Worse => "worse",
        Judgement::Better => "better",
        Judgement::Different => "different",
    }
}

/// The tolerance as it is written on the command line, with a space: `2 %`.
pub(super) fn tolerance_text(tolerance: f64) -> String {
    let text = format!("{:.6}", tolerance * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Two values of one unit; where they read the same without being so, with more digits.
fn pair(old: f64, new: f64, unit: Unit) -> [String; 2] {
    let told = [value(old, unit), value(new, unit)];
    if told[0] != told[1] || old.to_bits() == new.to_bits() {
        return told;
    }
    [exact(old, unit), exact(new, unit)]
}

fn exact(number: f64, unit: Unit) -> String {
    if !number.is_finite() {
        return NOTHING.to_owned();
    }
    let (scaled, name) = match unit {
        Unit::Ratio => (number * 100.0, " %"),
        Unit::S => (number, " s"),
        Unit::PerS => (number, "/s"),
        Unit::Count => (number, ""),
        Unit::Cny => (number, " CNY"),
    };
    let text = format!("{scaled:.9}");
    format!("{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A number with its sign and about three digits.
fn signed(number: f64) -> String {
    if !number.is_finite() {
        return NOTHING.to_owned();
    }
    let decimals = match number.abs() {
        size if size < 0.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    format!("{number:+.decimals$}")
}
