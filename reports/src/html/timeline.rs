//! The timeline of the page: the chart, and the moments in words.
//!
//! Owns that section. Refuses to say with the chart alone what a reader of words must know too.

use super::{note, open_section, prose};
use crate::chart::{Screen, chart};
use crate::figures::held;
use crate::format::clock_at;
use crate::result::RunResult;
use crate::story::{Kind, Moment, after_injection, moments};

/// The section.
pub(super) fn section(html: &mut String, result: &RunResult) {
    open_section(html, "timeline", "Timeline");
    note(html, "Throughput and requests in flight are those of the whole fleet; times are clock times of the story.");
    html.push_str("<figure>\n");
    match (chart(result, Screen::Wide), chart(result, Screen::Narrow)) {
        (Some(wide), Some(narrow)) => {
            html.push_str(&wide);
            html.push_str(&narrow);
        }
        _ => note(html, "There is no series to draw: the run was over before its first ten seconds."),
    }
    html.push_str("</figure>\n");
    let told = moments(result);
    if told.is_empty() {
        note(html, "Nothing was broken and nothing was done, so there are no moments to mark.");
    } else {
        html.push_str("<ol class=\"story\">\n");
        for moment in &told {
            item(html, result, moment);
        }
        html.push_str("</ol>\n");
    }
    if held(result) {
        html.push_str("<p class=\"good\"><strong>Success stayed near its level all the time.</strong></p>\n");
    } else if result.timeline.injected_s.is_some() && result.timeline.recovered_s.is_none() {
        html.push_str("<p class=\"bad\"><strong>Not recovered by the end.</strong></p>\n");
    }
    html.push_str("</section>\n");
}

fn item(html: &mut String, result: &RunResult, moment: &Moment) {
    let class = match moment.kind {
        Kind::Fault | Kind::FalseAlert => "bad",
        Kind::Symptom | Kind::Alert => "doubt",
        Kind::Evidence | Kind::CauseKnown => "known",
        Kind::Remedy | Kind::AtOnce | Kind::Done | Kind::Lifted | Kind::Fixed | Kind::FaultEnds | Kind::Recovered => {
            "good"
        }
    };
    let after = after_injection(&result.timeline, moment.at_s).filter(|_| moment.kind.is_seen_after());
    html.push_str(&format!(
        "<li><time>{}</time><span class=\"after\">{}</span><span class=\"word {class}\">{}</span>\
         <div class=\"what\">{}",
        clock_at(&result.scale.clock, moment.at_s),
        after.map_or_else(String::new, |after| format!("+{after}")),
        moment.label(),
        prose(&moment.text)
    ));
    if !moment.lines.is_empty() {
        html.push_str("<ul>");
        for line in &moment.lines {
            html.push_str(&format!("<li>{}</li>", prose(line)));
        }
        html.push_str("</ul>");
    }
    html.push_str("</div></li>\n");
}
