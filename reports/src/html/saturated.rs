//! The stations that were full, in the order of time: the story of a collapse reads off it.
//!
//! Owns that section. Refuses to call a queue at one pod or shard a full station: it tells it apart.

use super::{note, open_section, prose};
use crate::escape::Html;
use crate::figures::queues;
use crate::format::{clock_at, count, duration, percent, short};
use crate::result::{RunResult, Saturated};
use crate::story::after_injection;

/// Queues that are told at most.
const MOST_QUEUES: usize = 4;

/// The section.
pub(super) fn section(html: &mut String, result: &RunResult) {
    open_section(html, "saturated", "What was full, in order of time");
    let is_incident = result.timeline.injected_s.is_some();
    let when = if is_incident { "after the injection" } else { "in this run" };
    let queues = queues(result);
    if result.saturated.is_empty() {
        let whole = if queues.is_empty() { "" } else { " as a whole" };
        note(
            html,
            &format!(
                "No station was full{whole} {when}: none had 95 % of its servers busy for twenty seconds or more."
            ),
        );
    } else {
        note(
            html,
            &format!(
                "Stations (cores, workers, connections; all pods or shards of a kind together) with 95 % of their \
                 servers busy for twenty seconds or more {when}; times are to ten seconds."
            ),
        );
        table(html, result);
    }
    if !queues.is_empty() {
        note(
            html,
            "Full only in part: some pods or shards had a queue that was not there before, while others had room.",
        );
        html.push_str("<ul class=\"facts\">\n");
        for (before, during) in queues.iter().take(MOST_QUEUES) {
            html.push_str(&format!(
                "<li><strong>{}</strong> {}</li>\n",
                Html(&during.name),
                prose(&format!(
                    "{} waited on average ({} before), at most {} at one of them, with {} of all its servers busy",
                    short(during.mean_waiting),
                    short(before.mean_waiting),
                    count(during.max_waiting as f64),
                    percent(during.utilization)
                ))
            ));
        }
        html.push_str("</ul>\n");
    }
    html.push_str("</section>\n");
}

fn table(html: &mut String, result: &RunResult) {
    html.push_str(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"saturated\"><table class=\"tight\">\n<thead><tr>\
         <th scope=\"col\">Full at</th><th scope=\"col\">Station</th><th scope=\"col\">For</th><th scope=\"col\" class=\"num\">Most waiting</th>\
         </tr></thead>\n<tbody>\n",
    );
    for saturated in &result.saturated {
        row(html, result, saturated);
    }
    html.push_str("</tbody>\n</table></div>\n");
    note(html, "Most waiting: at one pod or shard at a time.");
}

fn row(html: &mut String, result: &RunResult, saturated: &Saturated) {
    html.push_str(&format!("<tr><td>{}", clock_at(&result.scale.clock, saturated.from_s)));
    if let Some(after) = after_injection(&result.timeline, saturated.from_s) {
        html.push_str(&format!("<span class=\"sub\">+{after}</span>"));
    }
    html.push_str(&format!("</td><th scope=\"row\">{}</th><td>{}", Html(&saturated.name), prose(&lasted(saturated))));
    if saturated.already {
        html.push_str("<span class=\"sub\">full before the fault too</span>");
    }
    html.push_str(&format!("</td><td class=\"num\">{}</td></tr>\n", count(saturated.max_waiting as f64)));
}

/// For how long it was full.
fn lasted(saturated: &Saturated) -> String {
    let mut text = duration(saturated.full_s);
    if saturated.stretches > 1 {
        text.push_str(&format!(" in {} stretches", count(saturated.stretches as f64)));
    } else if saturated.to_s.is_none() {
        text.push_str(", to the end");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    fn told(result: &RunResult) -> String {
        let mut html = String::new();
        section(&mut html, result);
        // Where a line may not break is not what is looked at here.
        html.replace('\u{a0}', " ")
    }

    #[test]
    fn a_collapse_reads_off_it() {
        let html = told(&examples::avalanche());
        let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is not in {html}"));
        assert!(place("inventory.pool.stock") < place("inventory.cores"));
        assert!(place("inventory.cores") < place("gateway.workers"));
        for text in ["20:05:10", "+10 s", "in 14 stretches", "full before the fault too", "to the end"] {
            assert!(html.contains(text), "{text}\n{html}");
        }
    }

    #[test]
    fn a_queue_at_some_shards_is_told_apart() {
        let html = told(&examples::incident());
        assert!(html.contains("No station was full as a whole after the injection"), "{html}");
        assert!(html.contains("<strong>payments.cores</strong>"), "{html}");
        assert!(told(&examples::quiet_day()).contains("No station was full in this run"));
    }
}
