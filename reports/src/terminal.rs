//! A run told to a person at a terminal, in about a dozen lines.
//!
//! Owns that text, with colour where it is wanted. Refuses to print it, to look at the terminal, and to say `pass`:
//! the shop did fail.

mod comparison;
mod sweep;

pub use sweep::sweep_summary;

use crate::escape::terminal as plain;
use crate::figures::{Figures, busiest_stations, edge_success, figures, focus, held, slowest_endpoint};
use crate::format::{bound, clock_at, count, duration, percent, rate};
use crate::outcome::{Outcome, Standing, Tally, misses_first, outcome};
use crate::replay::{quoted, scale_text, variation};
use crate::result::{Expect, RunResult, Verdict};
use crate::run::RunInfo;
use crate::story::{Kind, Moment, after_injection, moments};
use crate::words;
use std::path::Path;

/// How the text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are used.
    pub colour: bool,
    /// Columns of the terminal; lines are broken there, at 40 at the least.
    pub width: usize,
}

/// The summary of a run, lines with a newline each. `report_dir` is where the report was written, if it was.
#[must_use]
pub fn summary(result: &RunResult, run: &RunInfo, report_dir: Option<&Path>, style: Style) -> String {
    let mut page = Page { text: String::new(), style };
    played(&mut page, result, run);
    if result.timeline.injected_s.is_some() {
        timeline(&mut page, result);
        table(&mut page, result);
        loss(&mut page, result);
    } else {
        quiet(&mut page, result);
    }
    comparison::rows(&mut page, result);
    verdicts(&mut page, result);
    next(&mut page, result, run, report_dir);
    page.text
}

/// Widest label of a row, `false alert`.
const LABEL: usize = 11;
/// Lines of evidence; the page has all of them.
const MOST_EVIDENCE: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paint {
    None,
    Bold,
    Dim,
    Good,
    Bad,
    Doubt,
}

struct Page {
    text: String,
    style: Style,
}

impl Page {
    /// Text in a colour, if there are any.
    fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::None => return text.to_owned(),
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Good => "32",
            Paint::Bad => "1;31",
            Paint::Doubt => "33",
        };
        if self.style.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Text after a head of so many columns, broken at the width with a hanging indent.
    fn hanging(&mut self, head: &str, columns: usize, paint: Paint, text: &str) {
        let room = self.style.width.max(40).saturating_sub(columns).max(20);
        for (index, line) in broken(text, room).iter().enumerate() {
            if index == 0 {
                self.text.push_str(head);
            } else {
                self.text.push_str(&" ".repeat(columns));
            }
            self.text.push_str(&self.paint(paint, line));
            self.text.push('\n');
        }
    }

    /// A row of a label and its text.
    fn row(&mut self, label: &str, paint: Paint, text: &str) {
        let head = format!("  {} ", self.paint(Paint::Dim, &format!("{label:<LABEL$}")));
        self.hanging(&head, LABEL + 3, paint, text);
    }
}

/// Breaks a text at spaces so that no line is longer than `room`, unless one word is.
fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

fn played(page: &mut Page, result: &RunResult, run: &RunInfo) {
    let name = page.paint(Paint::Bold, &plain(&result.scenario));
    page.text.push_str(&format!("{name}\n"));
    let text = format!("simulated {}, in {}", scale_text(&result.scale), duration(run.wall_s));
    page.hanging("  ", 2, Paint::None, &text);
    if !result.complete {
        page.hanging("  ", 2, Paint::Bad, "ended early: what follows is a part of the story, and no verdict is valid");
    }
}

fn timeline(page: &mut Page, result: &RunResult) {
    page.text.push('\n');
    for moment in moments(result) {
        // The page tells these too; here they would say the same thing twice.
        if matches!(moment.kind, Kind::Symptom | Kind::CauseKnown | Kind::Remedy) {
            continue;
        }
        moment_row(page, result, &moment);
    }
    if result.timeline.recovered_s.is_none() {
        let head = format!("  {:8}  {:<LABEL$} ", "", "");
        let (paint, text) = if held(result) {
            (Paint::Good, "success stayed near its level all the time")
        } else {
            (Paint::Bad, "not recovered by the end")
        };
        page.hanging(&head, LABEL + 13, paint, text);
    }
}

fn moment_row(page: &mut Page, result: &RunResult, moment: &Moment) {
    let paint = match moment.kind {
        Kind::Fault | Kind::FalseAlert => Paint::Bad,
        Kind::Alert => Paint::Doubt,
        Kind::AtOnce | Kind::Done | Kind::Lifted | Kind::Fixed | Kind::Recovered | Kind::FaultEnds => Paint::Good,
        Kind::Symptom | Kind::Evidence | Kind::CauseKnown | Kind::Remedy => Paint::Bold,
    };
    let clock = page.paint(Paint::Dim, &clock_at(&result.scale.clock, moment.at_s));
    let word = page.paint(paint, &format!("{:<LABEL$}", moment.label()));
    let columns = LABEL + 13;
    let after = after_injection(&result.timeline, moment.at_s).filter(|_| moment.kind.is_seen_after());
    let text = match (moment.kind, after) {
        (Kind::Recovered, Some(after)) => format!("after {after}"),
        (_, Some(after)) => format!("after {after}: {}", moment.text),
        (_, None) => moment.text.clone(),
    };
    page.hanging(&format!("  {clock}  {word} "), columns, Paint::None, &plain(&text));
    if matches!(moment.kind, Kind::Evidence | Kind::Fixed) {
        let indent = " ".repeat(columns);
        for line in moment.lines.iter().take(MOST_EVIDENCE) {
            page.hanging(&indent, columns, Paint::Dim, &plain(line));
        }
    }
}

fn table(page: &mut Page, result: &RunResult) {
    let told = figures(result);
    let Some(focus) = focus(result) else { return };
    page.text.push('\n');
    let mut head = format!("  {:<LABEL$} ", "");
    for figures in &told {
        head.push_str(&format!("{:<10}", figures.window));
    }
    let head = page.paint(Paint::Dim, head.trim_end());
    page.text.push_str(&format!("{head}\n"));
    let cells =
        |of: fn(&Figures) -> String| told.iter().map(|figures| format!("{:<10}", of(figures))).collect::<String>();
    let success = cells(|figures| figures.success.map_or("-".to_owned(), percent));
    let p99 = cells(|figures| figures.p99_s.map_or("-".to_owned(), duration));
    page.row("success", Paint::None, &format!("{success}{}", plain(focus.edge)));
    page.row("p99", Paint::None, &format!("{p99}{}", plain(focus.operation)));
}

fn loss(page: &mut Page, result: &RunResult) {
    let Some(loss) = &result.loss else { return };
    let worth = if loss.order_value_cny > 0.0 { format!(" worth {} CNY", count(loss.gmv_cny)) } else { String::new() };
    let text = format!("{} orders{worth}; {} shoppers met a failure", count(loss.orders), count(loss.users));
    page.row("lost", Paint::None, &text);
}

fn quiet(page: &mut Page, result: &RunResult) {
    page.text.push('\n');
    if let Some(success) = edge_success(result) {
        page.row(
            "success",
            Paint::None,
            &format!("{} of all requests at the edge, warm-up included", percent(success)),
        );
    }
    let told = figures(result);
    if let Some(per_s) = told.first().and_then(|figures| figures.succeeded_per_s) {
        page.row("throughput", Paint::None, &format!("{} answered with success", rate(per_s)));
    }
    if let Some((stats, p99_s)) = slowest_endpoint(result) {
        let text = format!("{} at most, in {}.{}", duration(p99_s), stats.service, stats.endpoint);
        page.row("p99", Paint::None, &plain(&text));
    }
    let (_, stations) = busiest_stations(result);
    let busiest: Vec<_> =
        stations.iter().take(3).map(|station| format!("{} {}", station.name, percent(station.utilization))).collect();
    if !busiest.is_empty() {
        page.row("busiest", Paint::None, &plain(&busiest.join(", ")));
    }
    for alert in &result.timeline.false_alerts {
        let text = format!("{} {}", clock_at(&result.scale.clock, alert.at_s), plain(&alert.what));
        page.row("false alert", Paint::Bad, &text);
    }
}

fn verdicts(page: &mut Page, result: &RunResult) {
    for (standing, verdict) in misses_first(result) {
        match standing {
            Standing::Missed => page.row("missed", Paint::Bad, &verdict_text(verdict)),
            // An early end makes all of them invalid, which has been said.
            Standing::Invalid if result.complete => page.row("invalid", Paint::Doubt, &verdict_text(verdict)),
            Standing::Invalid | Standing::AsExpected => {}
        }
    }
    let paint = match outcome(result) {
        Outcome::AsExpected => Paint::Good,
        Outcome::NotAsExpected => Paint::Bad,
        Outcome::Invalid => Paint::Doubt,
    };
    page.row("verdicts", paint, &Tally::of(result).text());
}

fn verdict_text(verdict: &Verdict) -> String {
    let mut text = format!(
        "{}: {}, expected {}{} ({})",
        verdict.id,
        words::value(verdict),
        if verdict.expect == Expect::Fail { "not to be " } else { "" },
        bound(&verdict.bound, verdict.unit),
        verdict.source
    );
    if let Some(note) = &verdict.note {
        text.push_str(&format!("; {note}"));
    }
    plain(&text)
}

fn next(page: &mut Page, result: &RunResult, run: &RunInfo, report_dir: Option<&Path>) {
    if let Some(dir) = report_dir {
        let path = quoted(&dir.join("report.html").display().to_string());
        page.row("report", Paint::None, &plain(&format!("open {path}")));
    }
    if let Some(command) = variation(result, run) {
        page.row("try next", Paint::None, &plain(&command));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    const PLAIN: Style = Style { colour: false, width: 100 };

    fn told(result: &RunResult) -> String {
        summary(result, &examples::run_info(), Some(Path::new("out/payment-index-loss")), PLAIN)
    }

    #[test]
    fn an_incident_as_expected() {
        let expected = "\
payment-index-loss
  simulated 24 min at 60k requests/s, 2 of 10 cells, scaled x5, in 14.2 s

  14:35:00  fault       index user_id of payments lost on 4 of 16 shards
  14:35:45  alert       after 45 s: 27 % of gateway.pay failed over 1 min (page above 10 %)
  14:36:10  evidence    after 1 min 10 s: missing index: payments.by_user of payment
                        rows examined by the statement: 2.25M on average, 1.1 before
                        97 % of the slow payments' time is in this statement
                        shards 0, 4, 8 and 12 only; the other twelve are as before
  14:50:20  fixed       after 15 min 20 s: rebuild index user_id of payments
                        people took 14 min 5 s (declared), the repair itself took 30 s (modelled)
  14:50:50  recovered   after 15 min 50 s

              before    during    after
  success     98.0 %    70.4 %    98.1 %    gateway.pay
  p99         48 ms     5 s       47 ms     payment.pay
  lost        4,840 orders worth 130,680 CNY; 5,214 shoppers met a failure
  verdicts    14 of 14 as expected
  report      open out/payment-index-loss/report.html
  try next    doorbuster run payment-index-loss --seed 1 --set faults.index-lost.intensity=50%
";
        assert_eq!(told(&examples::incident()), expected);
    }

    #[test]
    fn misses_come_before_the_count() {
        let text = told(&examples::missed());
        let tail = "\
  missed      incident.success.after: 96.98 %, expected at least 97 % (case study 9.1: 98 % -> 70 %)
  missed      detection.recovered: none, expected at most 16 min (design section 7: incident 1);
              success never stayed at 97 % of before for 60 s
  invalid     detection.false_alerts: 0, expected at most 0 (design section 7); 12 samples, 3,688
              are needed
  verdicts    11 of 14 as expected, 2 missed, 1 invalid
";
        assert!(text.contains(tail), "{text}");
        assert!(text.contains("                        not recovered by the end\n"), "{text}");
    }

    #[test]
    fn a_baseline_takes_a_few_lines() {
        let expected = "\
  baseline    3 of 44 figures worse, 1 of 14 verdicts worse, 2 better (beyond 2 % and chance)
  worse       gateway.pay, during: success 70.4 % -> 56.2 % (failed by timeout 26.6 % -> 39.4 %)
  worse       payment.pay, during: success 70.4 % -> 56.2 % (failed by timeout 26.6 % -> 39.4 %)
  better      gateway.browse, after: p99 31 ms -> 25 ms
  changed     stores.payments.shards 16 -> 8
";
        let text = told(&examples::compared());
        assert!(text.contains(expected), "{text}");
        let mut same = examples::incident();
        crate::comparison::hold_against(&mut same, &examples::incident(), 0.02);
        let text = told(&same);
        let line = "  baseline    nothing differs: same configuration, same stream, 44 figures and 14 verdicts equal\n";
        assert!(text.contains(line) && text.contains("15 of 15 as expected"), "{text}");
    }

    #[test]
    fn a_quiet_day() {
        let expected = "\
quiet-day
  simulated 15 min at 60k requests/s, 2 of 10 cells, scaled x5, in 14.2 s

  success     98.9 % of all requests at the edge, warm-up included
  throughput  59.6k/s answered with success
  p99         49 ms at most, in payment.pay
  busiest     gateway.cores 41.0 %, product.cores 37.0 %, payment.cores 18.0 %
  verdicts    1 of 1 as expected
  try next    doorbuster run quiet-day --seed 1 --set traffic.poisson=120k/s
";
        let mut run = examples::run_info();
        run.command.clear();
        assert_eq!(summary(&examples::quiet_day(), &run, None, PLAIN), expected);
    }

    #[test]
    fn an_early_end_lists_no_verdicts() {
        let text = told(&examples::ended_early());
        assert!(text.contains("  ended early: what follows is a part of the story"), "{text}");
        assert!(text.contains("  verdicts    0 of 14 as expected, 14 invalid\n"), "{text}");
        assert!(!text.contains("incident.success.before"), "{text}");
    }

    #[test]
    fn a_hostile_name_cannot_drive_the_terminal_and_the_width_holds() {
        for result in examples::all() {
            let style = Style { colour: false, width: 80 };
            let text = summary(&result, &examples::run_info(), None, style);
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains("NaN"), "{text}");
            for line in text.lines().filter(|_| result.scenario != examples::HOSTILE) {
                // A command is not broken within a word.
                assert!(line.chars().count() <= 80 || line.contains("--set"), "{line}");
            }
        }
    }

    #[test]
    fn colour_only_where_it_is_wanted() {
        let style = Style { colour: true, width: 100 };
        let text = summary(&examples::incident(), &examples::run_info(), None, style);
        assert!(text.contains("\u{1b}[32m14 of 14 as expected\u{1b}[0m"), "{text}");
        let mut plain = String::new();
        for (index, part) in text.split('\u{1b}').enumerate() {
            plain.push_str(if index == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) });
        }
        assert_eq!(plain, summary(&examples::incident(), &examples::run_info(), None, PLAIN));
    }
}
