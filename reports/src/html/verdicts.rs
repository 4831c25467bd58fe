//! The verdicts of the page, misses first.
//!
//! Owns that table, which becomes cards on a narrow screen. Refuses to hide a verdict.

use super::{note, open_section, prose};
use crate::escape::Html;
use crate::format::{bound, count, value};
use crate::outcome::{Standing, misses_first};
use crate::result::{RunResult, Verdict};
use crate::words;

/// The section.
pub(super) fn section(html: &mut String, result: &RunResult) {
    open_section(html, "verdicts", "Verdicts");
    if result.verdicts.is_empty() {
        note(html, "This scenario expects nothing, so there is nothing to hold it against.");
        html.push_str("</section>\n");
        return;
    }
    note(html, "What the scenario expects, against what happened. As expected doesn't mean that the shop did well.");
    html.push_str(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"verdicts\"><table class=\"cards\">\n<thead><tr><th scope=\"col\">Verdict</th><th scope=\"col\"></th>\
         <th scope=\"col\" class=\"num\">Value</th><th scope=\"col\">Bound</th><th scope=\"col\">Expected</th>\
         <th scope=\"col\">Basis</th><th scope=\"col\">Source of the bound</th></tr></thead>\n<tbody>\n",
    );
    for (standing, verdict) in misses_first(result) {
        row(html, standing, verdict);
    }
    html.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn row(html: &mut String, standing: Standing, verdict: &Verdict) {
    let (class, chip) = match standing {
        Standing::AsExpected => ("", "good"),
        Standing::Missed => ("missed", "bad"),
        Standing::Invalid => ("invalid", "doubt"),
    };
    html.push_str(&format!("<tr class=\"{class}\"><th scope=\"row\" class=\"what\">"));
    if let Some(title) = words::title(&verdict.id) {
        html.push_str(title);
    }
    // A long id may break after its dots, and nowhere else.
    let id = Html(&verdict.id).to_string().replace('.', ".<wbr>");
    html.push_str(&format!("<span class=\"id\">{id}</span></th>\n"));
    html.push_str(&format!(
        "<td class=\"how\"><span class=\"chip {chip}\">{}</span></td>\n",
        words::standing(standing)
    ));
    html.push_str(&format!(
        "<td class=\"num value fact\" data-label=\"value\"{}>{}</td>\n",
        rests_on(verdict),
        words::value(verdict)
    ));
    html.push_str(&format!(
        "<td class=\"fact\" data-label=\"bound\">{}</td>\n",
        prose(&bound(&verdict.bound, verdict.unit))
    ));
    html.push_str(&format!("<td class=\"fact\" data-label=\"expected\">{}</td>\n", words::expect(verdict.expect)));
    html.push_str(&format!("<td class=\"fact\" data-label=\"basis\">{}</td>\n", words::basis(verdict.basis)));
    html.push_str(&format!("<td class=\"small fact\" data-label=\"source\">{}", Html(&verdict.source)));
    if let Some(note) = &verdict.note {
        html.push_str(&format!("<br><strong>{}</strong>", Html(note)));
    }
    html.push_str("</td></tr>\n");
}

/// Samples and interval, for those who hover.
fn rests_on(verdict: &Verdict) -> String {
    if verdict.samples == 0 {
        return String::new();
    }
    let mut text = format!("{} observations", count(verdict.samples as f64));
    if let Some([from, to]) = verdict.interval {
        text.push_str(&format!(", 95 % interval {} to {}", value(from, verdict.unit), value(to, verdict.unit)));
    }
    format!(" title=\"{text}\"")
}
