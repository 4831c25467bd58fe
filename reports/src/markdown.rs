//! `summary.md`: what a pull request or a chat shows of a run.
//!
//! Owns that text. Refuses HTML: it must read well as plain text too.

mod comparison;
mod sweep;

pub use sweep::sweep_markdown;

use crate::escape::Markdown;
use crate::figures::{figures, queues};
use crate::format::{bound, clock_at, count, duration, percent, rate, short};
use crate::losses::losses;
use crate::outcome::{Tally, misses_first};
use crate::replay::{command, scale_text};
use crate::result::RunResult;
use crate::run::RunInfo;
use crate::sentence::sentence;
use crate::story::after_injection;
use crate::words;

/// Queues that are told at most.
const MOST_QUEUES: usize = 4;

/// The summary of a run in Markdown.
#[must_use]
pub fn markdown(result: &RunResult, run: &RunInfo) -> String {
    let mut text = format!("# {}: {}\n\n", Markdown(&result.scenario), Tally::of(result).text());
    if !result.complete {
        text.push_str("**Ended early:** no verdict is valid.\n\n");
    }
    text.push_str(&format!("{}\n\n", Markdown(&sentence(result))));
    text.push_str(&format!("Simulated {}.\n", scale_text(&result.scale)));
    verdict_table(&mut text, result);
    figure_table(&mut text, result);
    saturated_list(&mut text, result);
    loss_list(&mut text, result);
    comparison::part(&mut text, result);
    text.push_str("\n## How to replay\n\n");
    // Indented code needs no fence that a hostile name could close.
    text.push_str(&format!("    {}\n\n", crate::escape::terminal(&command(result, run))));
    text.push_str(&format!("Seed {}, fingerprint `{}`.\n", result.seed, Markdown(&result.fingerprint)));
    text
}

fn verdict_table(text: &mut String, result: &RunResult) {
    if result.verdicts.is_empty() {
        return;
    }
    text.push_str("\n## Verdicts\n\n");
    text.push_str("| | Verdict | Value | Bound | Expected | Basis | Source |\n|---|---|---:|---|---|---|---|\n");
    for (standing, verdict) in misses_first(result) {
        let mut source = verdict.source.clone();
        if let Some(note) = &verdict.note {
            source.push_str(&format!("; {note}"));
        }
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            words::standing(standing),
            Markdown(&verdict.id),
            words::value(verdict),
            bound(&verdict.bound, verdict.unit),
            words::expect(verdict.expect),
            words::basis(verdict.basis),
            Markdown(&source)
        ));
    }
}

fn figure_table(text: &mut String, result: &RunResult) {
    let told = figures(result);
    if result.timeline.injected_s.is_none() {
        return;
    }
    text.push_str("\n## Before, during, after\n\n");
    text.push_str("| Window | Success | p99 | Succeeded at the edge |\n|---|---:|---:|---:|\n");
    for figures in &told {
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            figures.window,
            figures.success.map_or("-".to_owned(), percent),
            figures.p99_s.map_or("-".to_owned(), duration),
            figures.succeeded_per_s.map_or("-".to_owned(), rate),
        ));
    }
    if let Some(loss) = &result.loss {
        text.push_str(&format!(
            "\nLost: {} orders worth {} CNY; {} shoppers met a failure.\n",
            count(loss.orders),
            count(loss.gmv_cny),
            count(loss.users)
        ));
    }
}

/// What was full, one station a line, in the order of time.
fn saturated_list(text: &mut String, result: &RunResult) {
    let queues = queues(result);
    if result.timeline.injected_s.is_none() && result.saturated.is_empty() {
        return;
    }
    text.push_str("\n## What was full, in order of time\n\n");
    if result.saturated.is_empty() {
        text.push_str("No station as a whole.\n");
    }
    for saturated in &result.saturated {
        let after = after_injection(&result.timeline, saturated.from_s);
        text.push_str(&format!(
            "- {}{}: {}, for {}; at most {} waited at one pod or shard\n",
            clock_at(&result.scale.clock, saturated.from_s),
            after.map_or_else(String::new, |after| format!(" (+{after})")),
            Markdown(&saturated.name),
            duration(saturated.full_s),
            count(saturated.max_waiting as f64)
        ));
    }
    for (before, during) in queues.iter().take(MOST_QUEUES) {
        text.push_str(&format!(
            "- in part: {}, {} waited on average ({} before)\n",
            Markdown(&during.name),
            short(during.mean_waiting),
            short(before.mean_waiting)
        ));
    }
}

/// What was lost by cause, in the window that matters.
fn loss_list(text: &mut String, result: &RunResult) {
    let told = losses(result);
    if told.is_empty() {
        return;
    }
    text.push_str("\n## Losses by cause\n\n");
    for losses in &told {
        let window = losses.windows.iter().position(|window| *window == "during").unwrap_or(losses.windows.len() - 1);
        let share = |requests: f64| losses.share(window, requests).map_or("-".to_owned(), percent);
        let mut causes = Vec::new();
        for cause in losses.causes.iter().filter(|cause| cause.requests[window] > 0.0) {
            let words = words::outcome(cause.name);
            causes.push(format!("{} {}", Markdown(&words), share(cause.requests[window])));
        }
        let causes = if causes.is_empty() { String::new() } else { format!(": {}", causes.join(", ")) };
        text.push_str(&format!(
            "- {}, {}: {} of {} requests did not succeed{causes}\n",
            losses.edge.map_or_else(|| "the whole edge".to_owned(), |edge| Markdown(edge).to_string()),
            words::window(losses.windows[window]),
            share(losses.lost(window)),
            short(losses.requests[window])
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn an_incident_in_markdown() {
        let text = markdown(&examples::missed(), &examples::run_info());
        assert!(text.starts_with("# payment-index-loss: 11 of 14 as expected, 2 missed, 1 invalid\n"), "{text}");
        let first = text.lines().find(|line| line.starts_with("| missed")).expect("a miss is told");
        assert_eq!(
            first,
            "| missed | incident.success.after | 96.98 % | at least 97 % | holds | modelled \
             | case study 9.1: 98 % -&gt; 70 % |"
        );
        assert!(text.contains("| during | 70.4 % | 5 s | "), "{text}");
        assert!(text.contains("\n    doorbuster run payment-index-loss --seed 1\n"), "{text}");
    }

    #[test]
    fn what_was_full_and_what_was_lost_are_told_shortly() {
        let text = markdown(&examples::avalanche(), &examples::run_info());
        assert!(text.contains("\n- 20:05:10 (+10 s): inventory.pool.stock, for 12 min 20 s; at most 2,114 "), "{text}");
        let text = markdown(&examples::incident(), &examples::run_info());
        assert!(
            text.contains(
                "\nNo station as a whole.\n- in part: payments.cores, 11.3 waited on average (0.04 before)\n"
            ),
            "{text}"
        );
        assert!(
            text.contains(
                "\n- gateway.pay, during: 29.6 % of 1.05M requests did not succeed: timed out 26.6 %, declined 3.0 %\n"
            ),
            "{text}"
        );
        let text = markdown(&examples::quiet_day(), &examples::run_info());
        assert!(!text.contains("What was full") && text.contains("- the whole edge, whole run: 0.19 % of"), "{text}");
    }

    #[test]
    fn a_baseline_in_markdown() {
        let text = markdown(&examples::compared(), &examples::run_info());
        for line in [
            "| stores.payments.shards | 16 | 8 |",
            "| worse | gateway.pay | during | success | 70.4 % | 56.2 % | -14.2 points |",
            "| worse | incident.success.during | 70.4 % as expected | 56.2 % missed |",
            "| better | gateway.browse | after | p99 | 31 ms | 25 ms | -19.4 % |",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in {text}");
        }
        assert!(!markdown(&examples::incident(), &examples::run_info()).contains("baseline"));
    }

    #[test]
    fn hostile_names_break_no_table_and_no_number_is_missing() {
        let text = markdown(&examples::hostile(), &examples::run_info());
        assert!(!text.contains("<script") && !text.contains('\u{1b}'), "{text}");
        for line in text.lines().filter(|line| line.starts_with("| missed")) {
            let bars = line.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 8, "{line}");
        }
        let text = markdown(&examples::not_numbers(), &examples::run_info());
        assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
    }

    #[test]
    fn quiet_empty_and_ended_early() {
        assert!(!markdown(&examples::quiet_day(), &examples::run_info()).contains("Before, during"));
        assert!(markdown(&examples::ended_early(), &examples::run_info()).contains("**Ended early:**"));
        assert!(markdown(&examples::empty(), &examples::run_info()).starts_with("# empty: no verdicts\n"));
    }
}
