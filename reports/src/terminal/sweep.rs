//! A sweep told at a terminal: one line a value.
//!
//! Owns that table. Refuses colours for figures: a sweep explores, nothing in it is good or bad.

use super::{Page, Paint, Style, plain};
use crate::format::{duration, percent};
use crate::replay::{quoted, scale_text};
use crate::sweep::{Row, Sweep, cells, columns, range, watched};
use std::path::Path;

/// Characters of a value that are told.
const LONGEST_VALUE: usize = 28;

/// The summary of a sweep, lines with a newline each. `dir` is where it was written.
#[must_use]
pub fn sweep_summary(sweep: &Sweep, wall_s: f64, dir: &Path, style: Style) -> String {
    let mut page = Page { text: String::new(), style };
    let name = page.paint(Paint::Bold, &plain(&format!("{}: {}", sweep.scenario, sweep.path)));
    page.text.push_str(&format!("{name}\n"));
    let all = sweep.rows.len() + sweep.not_played.len();
    let mut text = format!("{} of {all} values in {}", sweep.rows.len(), duration(wall_s));
    if let Some(figures) = sweep.rows.iter().find_map(Row::told) {
        text.push_str(&format!(", each simulated {}", scale_text(&figures.scale)));
    }
    page.hanging("  ", 2, Paint::None, &text);
    if !sweep.complete {
        page.hanging("  ", 2, Paint::Bad, "partial: not every value was played to its end");
    }
    page.text.push('\n');
    table(&mut page, sweep);
    for row in &sweep.rows {
        if let Some(note) = &row.note {
            page.row("note", Paint::Doubt, &plain(&format!("{}: {note}", row.value)));
        }
    }
    if !sweep.not_played.is_empty() {
        page.row("not played", Paint::Doubt, &plain(&sweep.not_played.join(", ")));
    }
    page.text.push('\n');
    if let Some(what) = watched(sweep) {
        page.row("columns", Paint::Dim, &plain(&what));
    }
    if let Some(text) = range(sweep, |figures| figures.success, percent) {
        page.row("success", Paint::None, &plain(&text));
    }
    if let Some(text) = range(sweep, |figures| figures.p99_s, duration) {
        page.row("p99", Paint::None, &plain(&text));
    }
    let path = quoted(&dir.join("sweep.html").display().to_string());
    page.row("report", Paint::None, &plain(&format!("open {path}")));
    page.text
}

fn table(page: &mut Page, sweep: &Sweep) {
    let mut lines: Vec<Vec<String>> = vec![columns(sweep).iter().map(|head| (*head).to_owned()).collect()];
    for row in &sweep.rows {
        let mut cells: Vec<String> = cells(sweep, row).iter().map(|cell| plain(cell)).collect();
        cells[0] = shortened(&cells[0]);
        lines.push(cells);
    }
    let width = |column: usize| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    for (index, cells) in lines.iter().enumerate() {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            text.push_str(&format!("{cell:<width$}  "));
        }
        let paint = if index == 0 { Paint::Dim } else { Paint::None };
        let line = page.paint(paint, text.trim_end());
        page.text.push_str(&format!("  {line}\n"));
    }
}

fn shortened(value: &str) -> String {
    if value.chars().count() <= LONGEST_VALUE {
        return value.to_owned();
    }
    let cut: String = value.chars().take(LONGEST_VALUE - 3).collect();
    format!("{cut}...")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    const PLAIN: Style = Style { colour: false, width: 100 };

    #[test]
    fn an_incidents_sweep() {
        let expected = "\
payment-index-loss: faults.index-lost.intensity
  3 of 3 values in 42 s, each simulated 24 min at 60k requests/s, 2 of 10 cells, scaled x5
  partial: not every value was played to its end

  value  success  p99  throughput  after   recovered    verdicts  headroom  first full station
  25%    70.4 %   5 s  49.8k/s     98.1 %  15 min 50 s  14 of 14  5.0 %     in part: payments.cores
  50%    56.2 %   5 s  49.6k/s     98.1 %  15 min 50 s  13 of 14  2.0 %     payments.cores at 14:35:10
  100%   -        -    -           -       -            -         -         -
  note        100%: a cell holds too much

  columns     window during: success of gateway.pay, p99 of payment.pay, throughput of the edge
  success     56.2 % (at 50%) to 70.4 % (at 25%)
  p99         5 s throughout
  report      open out/sweep.html
";
        assert_eq!(sweep_summary(&examples::sweep(), 42.0, Path::new("out"), PLAIN), expected);
    }

    #[test]
    fn an_early_end_and_hostile_values() {
        let mut sweep = examples::sweep();
        sweep.not_played = vec!["x\u{1b}[31m".to_owned()];
        sweep.rows[0].value = format!("{}{}", examples::HOSTILE, "y".repeat(200));
        let text = sweep_summary(&sweep, 1.0, Path::new("out"), PLAIN);
        assert!(text.contains("3 of 4 values") && text.contains("partial: not every value"), "{text}");
        assert!(text.contains("not played  x") && !text.contains('\u{1b}') && !text.contains("yyyyyyyyyy  "), "{text}");
    }
}
