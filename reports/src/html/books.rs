//! What the page rests on: the accounting, and the scenario as it was played.
//!
//! Owns those two sections. Refuses to say that books balance: it shows the sums.

use super::{note, open_section};
use crate::escape::Html;
use crate::format::count;
use crate::result::RunResult;

/// Requests and spans, from what was made to what became of it.
pub(super) fn accounting_section(html: &mut String, result: &RunResult) {
    let books = &result.accounting;
    open_section(html, "accounting", "Accounting");
    note(
        html,
        "Of the cells that were played, warm-up and drain included. Each bold figure is the sum of those below it.",
    );
    html.push_str("<table class=\"few\">\n<tbody>\n");
    row(html, "Requests made by shoppers", books.arrivals, true);
    row(html, "answered with success", books.succeeded, false);
    row(html, "failed, refused ones included", books.failed, false);
    row(html, "still in the shop after the drain", books.in_flight, false);
    row(html, "Spans made", books.spans_made, true);
    row(html, "delivered to the sink", books.spans_delivered, false);
    row(html, "sampled out on purpose", books.spans_sampled_out, false);
    for (place, lost) in &books.spans_lost {
        row(html, &format!("lost: {place}"), *lost, false);
    }
    if books.spans_lost.is_empty() {
        row(html, "lost", 0, false);
    }
    html.push_str("</tbody>\n</table>\n</section>\n");
}

fn row(html: &mut String, name: &str, number: u64, sum: bool) {
    let (open, class) = if sum { ("<strong>", "num value") } else { ("<span class=\"small\">", "num") };
    let close = if sum { "</strong>" } else { "</span>" };
    html.push_str(&format!(
        "<tr><th scope=\"row\">{open}{}{close}</th><td class=\"{class}\">{}</td></tr>\n",
        Html(name),
        count(number as f64)
    ));
}

/// The story, and the resolved scenario as text.
pub(super) fn scenario_section(html: &mut String, result: &RunResult) {
    open_section(html, "scenario", "The scenario");
    if result.story.is_empty() {
        note(html, "The scenario tells no story of its own.");
    } else {
        note(html, &result.story);
    }
    // The alternate form of a JSON value is indented; it has no error but the formatter's.
    let resolved = format!("{:#}", result.resolved);
    html.push_str(&format!(
        "<details><summary>As it was played, with every override applied</summary>\n<pre tabindex=\"0\">{}</pre></details>\n\
         </section>\n",
        Html(&resolved)
    ));
}
