//! The rows of a sweep as texts, for terminal, page and Markdown alike.
//!
//! Owns columns and cells. Refuses to escape them: each telling does that for itself.

use super::{Row, RowFigures, Sweep};
use crate::format::{clock_at, duration, percent, rate};

/// What stands where a figure is missing.
const MISSING: &str = "-";

/// The heads of the columns; those of an incident only where there was one.
pub(crate) fn columns(sweep: &Sweep) -> Vec<&'static str> {
    let mut columns = vec!["value", "success", "p99", "throughput"];
    if has_incident(sweep) {
        columns.extend(["after", "recovered"]);
    }
    columns.extend(["verdicts", "headroom", "first full station"]);
    columns
}

/// The cells of a row, as many as there are columns.
pub(crate) fn cells(sweep: &Sweep, row: &Row) -> Vec<String> {
    let mut cells = vec![row.value.clone()];
    let Some(figures) = &row.figures else {
        cells.resize(columns(sweep).len(), MISSING.to_owned());
        return cells;
    };
    let text = |number: Option<f64>, text: fn(f64) -> String| number.map_or(MISSING.to_owned(), text);
    cells.push(text(figures.success, percent));
    cells.push(text(figures.p99_s, duration));
    cells.push(text(figures.throughput_per_s, rate));
    if has_incident(sweep) {
        cells.push(text(figures.success_after, percent));
        cells.push(recovered(figures));
    }
    let all = figures.verdicts_as_expected + figures.verdicts_missed + figures.verdicts_invalid;
    cells.push(format!("{} of {all}", figures.verdicts_as_expected));
    cells.push(text(figures.headroom, percent));
    cells.push(station(figures));
    cells
}

/// The least and the greatest of a figure, with their values: `41.9 % (at 8) to 84.2 % (at 32)`.
pub(crate) fn range(sweep: &Sweep, of: fn(&RowFigures) -> Option<f64>, text: fn(f64) -> String) -> Option<String> {
    let rows = || {
        sweep
            .rows
            .iter()
            .filter_map(move |row| Some((row, of(row.figures.as_ref()?).filter(|value| value.is_finite())?)))
    };
    let least = rows().min_by(|a, b| a.1.total_cmp(&b.1))?;
    // From the end, so that of equal ones the first is told here too.
    let greatest = rows().rev().max_by(|a, b| a.1.total_cmp(&b.1))?;
    if text(least.1) == text(greatest.1) {
        return Some(format!("{} throughout", text(least.1)));
    }
    let told = |(row, value): (&Row, f64)| format!("{} (at {})", text(value), row.value);
    Some(format!("{} to {}", told(least), told(greatest)))
}

fn has_incident(sweep: &Sweep) -> bool {
    sweep.rows.iter().any(|row| row.figures.as_ref().is_some_and(|figures| figures.injected_s.is_some()))
}

fn recovered(figures: &RowFigures) -> String {
    match (figures.injected_s, figures.recovered_after_s) {
        (None, _) => MISSING.to_owned(),
        (Some(_), Some(after_s)) => duration(after_s),
        (Some(_), None) => "no".to_owned(),
    }
}

fn station(figures: &RowFigures) -> String {
    match (&figures.first_saturated, &figures.saturated_in_part, &figures.busiest) {
        (Some(first), ..) => format!("{} at {}", first.name, clock_at(&figures.scale.clock, first.from_s)),
        (None, Some(station), _) => format!("in part: {station}"),
        (None, None, Some(busiest)) => format!("none (busiest: {})", busiest.station),
        (None, None, None) => MISSING.to_owned(),
    }
}
