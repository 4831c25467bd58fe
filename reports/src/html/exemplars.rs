//! Traces that stand for others: before and during, side by side, each as a tree on a time axis of its own.
//!
//! Owns that section. Refuses to draw what can't be read: a tree has a greatest number of rows, and what is left out
//! is counted where it would stand.

use super::{note, open_section, prose};
use crate::escape::Html;
use crate::figures::focus;
use crate::format::{clock_at, count, duration, percent};
use crate::result::{Exemplar, ExemplarSpan, RunResult};
use crate::words;

/// Rows of one tree at most. A result of ours has fewer; one that was made elsewhere may not.
const MOST_ROWS: usize = 100;
/// Rows that are seen at once; the others are folded away.
const ROWS_AT_ONCE: usize = 24;
/// Deeper rows are indented no further: on a telephone nothing would be left of the line.
const DEEPEST: u32 = 12;
/// Parts of the time axis, about.
const PARTS: f64 = 4.0;

/// The section.
pub(super) fn section(html: &mut String, result: &RunResult) {
    let title = if result.exemplars.len() > 1 { "One request before, one during" } else { "One request" };
    open_section(html, "exemplars", title);
    if result.exemplars.is_empty() {
        note(html, "No sampled request reached the sink in a window of which one could be shown.");
        html.push_str("</section>\n");
        return;
    }
    let edge = &result.exemplars[0].edge;
    note(
        html,
        &format!(
            "Traces of {edge} as they reached the sink, each chosen to stand for others; a request that is refused at the \
             door leaves none. A solid bar is work that a service was asked for, a pale one a call or a statement that \
             it waits for; each tree has a time scale of its own."
        ),
    );
    // Two need more room than the column of text has.
    let class = if result.exemplars.len() > 1 { "traces pair" } else { "traces" };
    html.push_str(&format!("<div class=\"{class}\">\n"));
    for exemplar in &result.exemplars {
        figure(html, result, exemplar);
    }
    html.push_str("</div>\n");
    let is_there = |window: &str| result.exemplars.iter().any(|exemplar| exemplar.window == window);
    for window in ["before", "during"].iter().filter(|window| result.timeline.windows.contains_key(**window)) {
        if !is_there(window) {
            let edge = focus(result).map_or(edge.as_str(), |focus| focus.edge);
            note(html, &format!("No sampled request to {edge} that fits was seen {window}."));
        }
    }
    html.push_str("</section>\n");
}

fn figure(html: &mut String, result: &RunResult, exemplar: &Exemplar) {
    let shown = &exemplar.spans[..exemplar.spans.len().min(MOST_ROWS)];
    let extent_s = extent(exemplar, shown);
    let title = match exemplar.window.as_str() {
        "before" => "Before",
        "during" => "During",
        _ => "In this run",
    };
    html.push_str(&format!(
        "<figure class=\"trace\"><figcaption><h3>{title}: {} <span class=\"chip {}\">{}</span></h3>\n<p class=\"note\">{}</p>\n\
         </figcaption>\n",
        prose(&duration(exemplar.duration_s)),
        tone(&exemplar.outcome),
        Html(&words::outcome(&exemplar.outcome)),
        prose(&facts(result, exemplar)),
    ));
    axis(html, extent_s);
    let (first, folded) = shown.split_at(shown.len().min(ROWS_AT_ONCE));
    let label = title.to_lowercase();
    rows(html, &label, first, extent_s);
    if !folded.is_empty() {
        html.push_str(&format!("<details><summary>{} spans after these</summary>\n", folded.len()));
        rows(html, &format!("{label}, continued"), folded, extent_s);
        html.push_str("</details>\n");
    }
    let hidden = exemplar.spans_left_out + (exemplar.spans.len() - shown.len()) as u64;
    let mut told = format!("{} spans arrived", count(exemplar.spans_arrived as f64));
    if hidden > 0 {
        told.push_str(&format!("; {} of them are left out here", count(hidden as f64)));
    }
    html.push_str(&format!(
        "<p class=\"note\">{}. Trace <code>{}</code></p></figure>\n",
        prose(&told),
        Html(&exemplar.trace_id)
    ));
}

/// When it was, and for whom it stands.
fn facts(result: &RunResult, exemplar: &Exemplar) -> String {
    let share = exemplar.alike as f64 / (exemplar.sampled as f64).max(1.0);
    format!(
        "At {}, {}: {} of {} sampled traces ({}).",
        clock_at(&result.scale.clock, exemplar.at_s),
        exemplar.chosen,
        count(exemplar.alike as f64),
        count(exemplar.sampled as f64),
        percent(share)
    )
}

/// The end of the time axis: the last end of any span, in seconds from the root's start.
fn extent(exemplar: &Exemplar, spans: &[ExemplarSpan]) -> f64 {
    let ends = spans.iter().map(|span| span.start_s + span.duration_s).filter(|s| s.is_finite());
    let root = if exemplar.duration_s.is_finite() { exemplar.duration_s } else { 0.0 };
    ends.fold(root, f64::max).max(1e-6)
}

/// The time axis, from the root's start.
fn axis(html: &mut String, extent_s: f64) {
    html.push_str("<div class=\"scale\" aria-hidden=\"true\"><b>0</b>");
    let step_s = round_step(extent_s / PARTS);
    let mut at_s = step_s;
    // A label needs room, and so does the last one.
    while at_s < extent_s * 0.76 {
        html.push_str(&format!("<b style=\"left:{:.2}%\">{}</b>", at_s / extent_s * 100.0, duration(at_s)));
        at_s += step_s;
    }
    html.push_str(&format!("<b class=\"last\">{}</b></div>\n", duration(extent_s)));
}

/// The least of 1, 2 and 5 times a power of ten that is no less.
fn round_step(s: f64) -> f64 {
    let power = 10.0_f64.powf(s.log10().floor());
    for step in [1.0, 2.0, 5.0] {
        if s <= step * power * (1.0 + 1e-9) {
            return step * power;
        }
    }
    10.0 * power
}

fn rows(html: &mut String, label: &str, spans: &[ExemplarSpan], extent_s: f64) {
    html.push_str(&format!("<ol class=\"spans\" aria-label=\"Spans, {label}\">\n"));
    let mut above: Option<&ExemplarSpan> = None;
    for span in spans {
        // A row that says the same as the one above it need not say it again.
        let is_said = above.is_some_and(|above| above.name == span.name && above.attributes == span.attributes);
        row(html, span, extent_s, is_said);
        above = Some(span);
    }
    html.push_str("</ol>\n");
}

fn row(html: &mut String, span: &ExemplarSpan, extent_s: f64, is_said: bool) {
    let is_bad = span.error && tone(&span.outcome) == "bad";
    html.push_str(&format!(
        "<li class=\"{}\" style=\"--depth:{}\"><div class=\"line\"><span class=\"name\">{}</span> \
         <span class=\"service\">{}</span>",
        if is_bad { "failed" } else { "" },
        span.depth.min(DEEPEST),
        Html(&span.name),
        Html(&span.service)
    ));
    if span.attempt > 1 {
        html.push_str(&format!(" <span class=\"service\">try {}</span>", span.attempt));
    }
    html.push_str(&format!(
        "<span class=\"end\">{} <span class=\"{}\">{}</span></span></div>\n",
        prose(&duration(span.duration_s)),
        tone(&span.outcome),
        Html(&words::outcome(&span.outcome))
    ));
    bar(html, span, extent_s);
    html.push_str(&attributes(span, is_said));
    if span.left_out > 0 {
        html.push_str(&format!("<p class=\"more\">{} more below it are left out</p>", count(span.left_out as f64)));
    }
    html.push_str("</li>\n");
}

fn bar(html: &mut String, span: &ExemplarSpan, extent_s: f64) {
    let share = |s: f64| if s.is_finite() { (s / extent_s).clamp(0.0, 1.0) * 100.0 } else { 0.0 };
    let from = share(span.start_s);
    let width = share(span.start_s + span.duration_s) - from;
    let kind = if span.kind == "server" { "server" } else { "client" };
    html.push_str(&format!(
        "<div class=\"track\"><i class=\"{kind} {}\" style=\"left:{from:.2}%;width:{width:.2}%\"></i></div>\n",
        tone(&span.outcome)
    ));
}

/// What the span says of itself: the statement first, as code.
fn attributes(span: &ExemplarSpan, is_said: bool) -> String {
    let mut parts = Vec::new();
    for (key, value) in span.attributes.iter().filter(|_| !is_said) {
        parts.push(if key == "db.query.text" {
            format!("<code>{}</code>", Html(value))
        } else {
            format!("<span>{} <b>{}</b></span>", Html(key), Html(value))
        });
    }
    if span.detached {
        parts.push("<span>its own caller had not arrived yet</span>".to_owned());
    }
    if parts.is_empty() { String::new() } else { format!("<p class=\"says\">{}</p>", parts.join(" ")) }
}

/// The colour of an outcome.
fn tone(outcome: &str) -> &'static str {
    match outcome {
        "ok" => "good",
        "declined" | "cancelled" => "doubt",
        _ => "bad",
    }
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
    fn before_and_during_stand_side_by_side() {
        let html = told(&examples::incident());
        assert_eq!(html.matches("<figure class=\"trace\">").count(), 2);
        for text in [
            "<h3>Before: 36 ms <span class=\"chip good\">ok</span></h3>",
            "<h3>During: 5 s <span class=\"chip bad\">timed out</span></h3>",
            "<code>SELECT * FROM payments WHERE user_id = ?</code>",
            "<span class=\"doubt\">cancelled</span>",
            "<b class=\"last\">5 s</b>",
            "287 of 968 sampled traces (29.6 %)",
        ] {
            assert!(html.contains(text), "{text}\n{html}");
        }
    }

    #[test]
    fn a_great_tree_is_bounded_and_says_so() {
        let mut result = examples::incident();
        let exemplar = &mut result.exemplars[1];
        let span = exemplar.spans[3].clone();
        exemplar.spans.extend(std::iter::repeat_n(span, 5_000));
        exemplar.spans_arrived = 5_400;
        exemplar.spans_left_out = 393;
        let html = told(&result);
        let rows = html.matches("<li ").count();
        assert!(rows <= MOST_ROWS + 7, "{rows} rows");
        assert!(html.contains("5,400 spans arrived; 5,299 of them are left out here"), "{html:.4000}");
    }

    #[test]
    fn what_is_missing_is_said() {
        let mut result = examples::incident();
        result.exemplars.truncate(1);
        assert!(told(&result).contains("No sampled request to gateway.pay that fits was seen during."));
        assert!(told(&examples::empty()).contains("No sampled request reached the sink"));
    }

    #[test]
    fn the_axis_has_round_steps() {
        for (s, step) in [(1.25, 2.0), (0.009, 0.01), (0.02, 0.02), (0.7, 1.0), (0.0021, 0.005)] {
            assert!((round_step(s) - step).abs() < 1e-12, "{s}: {}", round_step(s));
        }
    }
}
