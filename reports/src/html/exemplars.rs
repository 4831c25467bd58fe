//! Traces that stand for others, endpoint by endpoint: before and during, side by side, each as a tree on a time axis of its
//! own.
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
    let is_incident = result.timeline.injected_s.is_some();
    let title = if is_incident { "One request before, one during" } else { "One request" };
    open_section(html, "exemplars", title);
    if result.exemplars.is_empty() {
        note(html, "No sampled request reached the sink in a window of which one could be shown.");
        html.push_str("</section>\n");
        return;
    }
    note(
        html,
        "Of each endpoint that shoppers ask, traces as they reached the sink, each chosen to stand for others; a request that \
         is refused at the door leaves none. A solid bar is work that a service was asked for, a pale one a call or a \
         statement that it waits for; each tree has a time scale of its own.",
    );
    let mut edges: Vec<&str> = Vec::new();
    for exemplar in &result.exemplars {
        if !edges.contains(&exemplar.edge.as_str()) {
            edges.push(&exemplar.edge);
        }
    }
    let focus = focus(result).map(|focus| focus.edge);
    for (place, edge) in edges.iter().enumerate() {
        // The watched endpoint comes first in the result, if there are traces of it.
        endpoint(html, result, edge, place == 0 && focus.is_none_or(|focus| focus == *edge));
    }
    missing(html, result, &edges);
    html.push_str("</section>\n");
}

/// One endpoint's traces: before and during side by side, what came after folded away.
fn endpoint(html: &mut String, result: &RunResult, edge: &str, is_open: bool) {
    let told: Vec<&Exemplar> = result.exemplars.iter().filter(|exemplar| exemplar.edge == edge).collect();
    let open = if is_open { " open" } else { "" };
    html.push_str(&format!("<details{open}><summary>{}: ", Html(edge)));
    let short = |exemplar: &&Exemplar| format!("{} {}", title(exemplar).to_lowercase(), in_short(exemplar));
    html.push_str(&told.iter().map(short).collect::<Vec<_>>().join(", "));
    html.push_str("</summary>\n");
    let (later, first): (Vec<&Exemplar>, Vec<&Exemplar>) = told.iter().partition(|exemplar| exemplar.window == "after");
    // Two need more room than the column of text has.
    html.push_str(if first.len() > 1 { "<div class=\"traces pair\">\n" } else { "<div class=\"traces\">\n" });
    first.iter().for_each(|exemplar| figure(html, result, exemplar));
    html.push_str("</div>\n");
    for window in ["before", "during"].iter().filter(|window| result.timeline.windows.contains_key(**window)) {
        if !told.iter().any(|exemplar| exemplar.window == *window) {
            note(html, &format!("No sampled request to {edge} that fits was seen {window}."));
        }
    }
    for exemplar in later {
        html.push_str(&format!("<details><summary>After: {}</summary><div class=\"traces\">\n", in_short(exemplar)));
        figure(html, result, exemplar);
        html.push_str("</div></details>\n");
    }
    html.push_str("</details>\n");
}

/// The endpoints that shoppers ask of which there is no trace.
fn missing(html: &mut String, result: &RunResult, shown: &[&str]) {
    let mut missing: Vec<String> = Vec::new();
    for stats in result.endpoints.iter().filter(|stats| stats.edge) {
        let name = format!("{}.{}", stats.service, stats.endpoint);
        if !shown.contains(&name.as_str()) && !missing.contains(&name) {
            missing.push(name);
        }
    }
    if !missing.is_empty() {
        note(html, &format!("No sampled request was seen of {}.", missing.join(", ")));
    }
}

/// How long it took, and how it ended if not well.
fn in_short(exemplar: &Exemplar) -> String {
    let took = prose(&duration(exemplar.duration_s));
    if exemplar.outcome == "ok" { took } else { format!("{took} {}", Html(&words::outcome(&exemplar.outcome))) }
}

fn title(exemplar: &Exemplar) -> &'static str {
    match exemplar.window.as_str() {
        "before" => "Before",
        "during" => "During",
        "after" => "After",
        _ => "In this run",
    }
}

fn figure(html: &mut String, result: &RunResult, exemplar: &Exemplar) {
    let shown = &exemplar.spans[..exemplar.spans.len().min(MOST_ROWS)];
    let extent_s = extent(exemplar, shown);
    let title = title(exemplar);
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
    let label = format!("{}, {}", Html(&exemplar.edge), title.to_lowercase());
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
    fn each_endpoint_is_folded_but_the_watched_one() {
        let mut result = examples::incident();
        let mut after = result.exemplars[0].clone();
        after.window = "after".to_owned();
        result.exemplars.push(after);
        let mut other = result.exemplars[0].clone();
        other.edge = "gateway.browse".to_owned();
        result.exemplars.push(other);
        let html = told(&result);
        let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is not in {html}"));
        let watched =
            place("<details open><summary>gateway.pay: before 36 ms, during 5 s timed out, after 36 ms</summary>");
        let after = place("<details><summary>After: 36 ms</summary>");
        let other = place("<details><summary>gateway.browse: before 36 ms</summary>");
        assert!(watched < after && after < other);
        assert_eq!(html.matches("<figure class=\"trace\">").count(), 4);
        assert!(html.contains("aria-label=\"Spans, gateway.browse, before\""), "{html}");
        assert!(!html.contains("No sampled request was seen of"));
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
        let html = told(&result);
        assert!(html.contains("No sampled request to gateway.pay that fits was seen during."), "{html}");
        assert!(html.contains("No sampled request was seen of gateway.browse."), "{html}");
        assert!(told(&examples::empty()).contains("No sampled request reached the sink"));
    }

    #[test]
    fn the_axis_has_round_steps() {
        for (s, step) in [(1.25, 2.0), (0.009, 0.01), (0.02, 0.02), (0.7, 1.0), (0.0021, 0.005)] {
            assert!((round_step(s) - step).abs() < 1e-12, "{s}: {}", round_step(s));
        }
    }
}
