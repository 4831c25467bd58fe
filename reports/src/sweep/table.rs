//! The rows of a sweep as texts, for terminal, page and Markdown alike.
//!
//! Owns columns and cells. Refuses to escape them: each telling does that for itself.

use super::{Row, RowFigures, Sweep};
use crate::format::{clock_at, duration, percent, rate};

/// What stands where a figure is missing.
const MISSING: &str = "-";

/// The heads of the columns; those of an incident only where there was one.
pub(crate) fn columns(sweep: &Sweep) -> Vec<&'static str> {
    let mut columns = vec!["value"];
    if window(sweep).is_none() {
        columns.push("window");
    }
    columns.extend(["success", "p99", "throughput"]);
    if has_incident(sweep) {
        columns.extend(["after", "recovered"]);
    }
    columns.extend(["verdicts", "headroom", "first full station"]);
    columns
}

/// The cells of a row, as many as there are columns.
pub(crate) fn cells(sweep: &Sweep, row: &Row) -> Vec<String> {
    let mut cells = vec![row.value.clone()];
    let Some(figures) = row.told() else {
        cells.resize(columns(sweep).len(), MISSING.to_owned());
        return cells;
    };
    if window(sweep).is_none() {
        cells.push(figures.window.clone());
    }
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
    let rows =
        || sweep.rows.iter().filter_map(move |row| Some((row, of(row.told()?).filter(|value| value.is_finite())?)));
    let least = rows().min_by(|a, b| a.1.total_cmp(&b.1))?;
    // From the end, so that of equal ones the first is told here too.
    let greatest = rows().rev().max_by(|a, b| a.1.total_cmp(&b.1))?;
    if text(least.1) == text(greatest.1) {
        return Some(format!("{} throughout", text(least.1)));
    }
    let told = |(row, value): (&Row, f64)| format!("{} (at {})", text(value), row.value);
    Some(format!("{} to {}", told(least), told(greatest)))
}

/// The window that all rows tell; nothing where they differ, as a sweep over `faults` can make them.
fn window(sweep: &Sweep) -> Option<&str> {
    let mut windows = sweep.rows.iter().filter_map(|row| Some(row.told()?.window.as_str()));
    let first = windows.next().unwrap_or("run");
    windows.all(|window| window == first).then_some(first)
}

/// What success, p99 and throughput are of.
pub(crate) fn watched(sweep: &Sweep) -> Option<String> {
    let figures = sweep.rows.iter().find_map(Row::told)?;
    let edge = figures.edge.as_deref().unwrap_or("the whole edge");
    let operation = figures.operation.as_deref().unwrap_or("nothing");
    let window = window(sweep).map_or_else(|| "each in its window".to_owned(), |window| format!("window {window}"));
    Some(format!("{window}: success of {edge}, p99 of {operation}, throughput of the edge"))
}

fn has_incident(sweep: &Sweep) -> bool {
    sweep.rows.iter().any(|row| row.told().is_some_and(|figures| figures.injected_s.is_some()))
}

fn recovered(figures: &RowFigures) -> String {
    match (figures.injected_s, figures.recovered_after_s) {
        (None, _) => MISSING.to_owned(),
        (Some(_), Some(after_s)) => duration(after_s),
        (Some(_), None) if figures.held => "held".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn rows_of_several_windows_say_which() {
        let mut sweep = examples::sweep();
        assert_eq!(columns(&sweep)[1], "success");
        sweep.rows.push(Row::of("none", "none", &examples::quiet_day()));
        assert_eq!(columns(&sweep)[1], "window");
        for row in &sweep.rows {
            assert_eq!(cells(&sweep, row).len(), columns(&sweep).len());
        }
        assert_eq!(cells(&sweep, &sweep.rows[3])[1], "run");
        assert!(watched(&sweep).is_some_and(|text| text.starts_with("each in its window: ")));
    }

    #[test]
    fn a_part_of_a_run_has_no_cells_and_no_place_in_a_range() {
        let mut sweep = examples::sweep();
        sweep.rows = vec![sweep.rows[0].clone(), Row::of("x", "x", &examples::ended_early())];
        let dashes = vec!["-".to_owned(); columns(&sweep).len() - 1];
        assert_eq!(cells(&sweep, &sweep.rows[1])[1..], dashes);
        assert_eq!(range(&sweep, |figures| figures.success, percent).as_deref(), Some("70.4 % throughout"));
        sweep.rows.remove(0);
        assert_eq!(range(&sweep, |figures| figures.success, percent), None);
    }
}
