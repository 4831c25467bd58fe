//! The baseline told at a terminal, in two to five lines.
//!
//! Owns those lines. Refuses to list what the page lists.

use super::{Page, Paint, plain};
use crate::comparison::{Judgement, cause_text, configuration_text, headline, verdict_states};
use crate::result::RunResult;
use std::collections::BTreeSet;

/// Worse ones that are told.
const MOST_WORSE: usize = 2;
/// Settings that are told.
const MOST_SETTINGS: usize = 3;

/// The lines, where the run was compared.
pub(super) fn rows(page: &mut Page, result: &RunResult) {
    let Some(told) = &result.comparison else { return };
    let paint = if told.worse() > 0 { Paint::Bad } else { Paint::Good };
    page.row("baseline", paint, &plain(&headline(told)));
    if told.nothing_differs() {
        return;
    }
    let figures = |judgement| told.figures.iter().filter(move |figure| figure.judgement == judgement);
    let changed = told.verdicts.iter().filter(|change| change.judgement == Judgement::Worse).map(|change| {
        let [old, new] = verdict_states(change);
        format!("{}: {old} -> {new}", change.id)
    });
    // One figure of an endpoint: the same in another window says little more.
    let mut names = BTreeSet::new();
    let first = figures(Judgement::Worse).filter(|figure| names.insert((&figure.service, &figure.endpoint)));
    let worse = first.map(|figure| cause_text(told, figure)).chain(changed);
    for text in worse.take(MOST_WORSE) {
        page.row("worse", Paint::Bad, &plain(&text));
    }
    if let Some(figure) = figures(Judgement::Better).next() {
        page.row("better", Paint::Good, &plain(&cause_text(told, figure)));
    }
    page.row("changed", Paint::None, &plain(&configuration_text(told, MOST_SETTINGS)));
}
