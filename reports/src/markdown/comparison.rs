//! The part of `summary.md` on the baseline.
//!
//! Owns that text. Refuses to be long: the page has all of it.

use crate::comparison::{
    Comparison, chance_text, change_text, figure_name, figure_values, headline, judgement_word, none_changed,
    verdict_states,
};
use crate::escape::Markdown;
use crate::format::count;
use crate::result::RunResult;

/// Figures that are told.
const MOST_FIGURES: usize = 20;
/// Settings that are told.
const MOST_SETTINGS: usize = 20;

/// The part, where the run was compared.
pub(super) fn part(text: &mut String, result: &RunResult) {
    let Some(told) = &result.comparison else { return };
    text.push_str(&format!("\n## Against the baseline\n\n{}.\n", Markdown(&headline(told))));
    if told.nothing_differs() {
        return;
    }
    configuration(text, told);
    if !told.verdicts.is_empty() {
        text.push_str("\n| | Verdict | Baseline | This run |\n|---|---|---|---|\n");
    }
    for change in &told.verdicts {
        let [old, new] = verdict_states(change);
        let word = judgement_word(change.judgement);
        text.push_str(&format!("| {word} | {} | {old} | {new} |\n", Markdown(&change.id)));
    }
    figures(text, told);
    text.push_str(&format!("\n{}\n", Markdown(&chance_text(told, result.seed))));
    for line in &told.unmatched {
        text.push_str(&format!("- {}\n", Markdown(line)));
    }
}

fn configuration(text: &mut String, told: &Comparison) {
    if told.configuration.is_empty() {
        text.push_str(&format!("\nConfiguration: {}.\n", none_changed(told)));
        return;
    }
    text.push_str("\n| Configuration | Baseline | This run |\n|---|---|---|\n");
    for setting in told.configuration.iter().take(MOST_SETTINGS) {
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "not there".to_owned());
        text.push_str(&format!(
            "| {} | {} | {} |\n",
            Markdown(&setting.path),
            Markdown(&side(&setting.baseline)),
            Markdown(&side(&setting.here))
        ));
    }
    more(text, told.configuration.len().saturating_sub(MOST_SETTINGS) as u64 + told.configuration_left_out);
}

fn figures(text: &mut String, told: &Comparison) {
    if told.figures.is_empty() {
        return;
    }
    text.push_str(
        "\n| | Endpoint | Window | Figure | Baseline | This run | Change |\n|---|---|---|---|---:|---:|---:|\n",
    );
    for figure in told.figures.iter().take(MOST_FIGURES) {
        let [old, new] = figure_values(figure);
        text.push_str(&format!(
            "| {} | {} | {} | {} | {old} | {new} | {} |\n",
            judgement_word(figure.judgement),
            Markdown(&format!("{}.{}", figure.service, figure.endpoint)),
            Markdown(&figure.window),
            Markdown(&figure_name(figure)),
            change_text(figure)
        ));
    }
    more(text, told.figures.len().saturating_sub(MOST_FIGURES) as u64 + told.figures_left_out);
}

fn more(text: &mut String, left_out: u64) {
    if left_out > 0 {
        text.push_str(&format!("\n{} more are not listed.\n", count(left_out as f64)));
    }
}
