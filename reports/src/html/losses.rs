//! Losses by cause: what became of the requests that did not succeed, and the orders that went with them.
//!
//! Owns that section. Refuses a count without its share: windows differ in length.

use super::{note, open_section};
use crate::escape::Html;
use crate::format::{NOTHING, count, percent, short};
use crate::losses::{Losses, losses};
use crate::result::RunResult;
use crate::words;

/// The section.
pub(super) fn section(html: &mut String, result: &RunResult) {
    open_section(html, "losses", "Losses by cause");
    let told = losses(result);
    if told.is_empty() {
        note(html, "No request to the shop ended in a window, so none was lost there.");
    } else {
        let scale = &result.scale;
        let whose = if scale.cells_played < scale.cells_fleet {
            format!("scaled x{} to the whole fleet", short(scale.factor))
        } else {
            "of the whole fleet".to_owned()
        };
        note(
            html,
            &format!(
                "Requests at the shop's edge that did not succeed, as a share of all that ended in the window and as \
                 a number, {whose}. A request that a shopper tries again counts again. The whole run is without its warm-up."
            ),
        );
    }
    for losses in &told {
        table(html, losses);
    }
    orders(html, result);
    html.push_str("</section>\n");
}

fn table(html: &mut String, losses: &Losses<'_>) {
    let caption = losses.edge.map_or_else(|| "the whole edge".to_owned(), |edge| Html(edge).to_string());
    html.push_str(&format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Losses, {caption}\"><table class=\"losses\">\n\
         <thead><tr><th scope=\"col\">Requests to {caption}</th>"
    ));
    for window in &losses.windows {
        html.push_str(&format!("<th scope=\"col\" class=\"num\">{}</th>", words::window(window)));
    }
    html.push_str("</tr></thead>\n<tbody>\n<tr><th scope=\"row\">ended</th>");
    for requests in &losses.requests {
        html.push_str(&format!("<td class=\"num\">{}</td>", short(*requests)));
    }
    html.push_str("</tr>\n");
    let lost: Vec<f64> = (0..losses.windows.len()).map(|window| losses.lost(window)).collect();
    row(html, losses, "did not succeed", &lost, "all");
    for cause in &losses.causes {
        row(html, losses, &words::loss(cause.name), &cause.requests, "");
    }
    html.push_str("</tbody>\n</table></div>\n");
}

fn row(html: &mut String, losses: &Losses<'_>, name: &str, requests: &[f64], class: &str) {
    html.push_str(&format!("<tr class=\"{class}\"><th scope=\"row\">{}</th>", Html(name)));
    for (window, requests) in requests.iter().enumerate() {
        let share = match losses.share(window, *requests) {
            Some(_) if *requests <= 0.0 => "0".to_owned(),
            Some(share) => percent(share),
            None => NOTHING.to_owned(),
        };
        let number = if *requests > 0.0 { short(*requests) } else { String::new() };
        html.push_str(&format!("<td class=\"num\">{share}<span class=\"sub\">{number}</span></td>"));
    }
    html.push_str("</tr>\n");
}

/// Orders and shoppers, where there is a fault and a focus.
fn orders(html: &mut String, result: &RunResult) {
    let Some(loss) = &result.loss else {
        if result.timeline.injected_s.is_some() {
            note(
                html,
                "What it cost in orders cannot be said: the scenario names no focus, or there is nothing to compare with.",
            );
        }
        return;
    };
    let text = format!(
        "Orders lost: {} at {} CNY each, {} CNY in all; {} shoppers met a failure. For the whole fleet, from the \
         injection until service was back, beyond what is usual.",
        count(loss.orders),
        count(loss.order_value_cny),
        count(loss.gmv_cny),
        count(loss.users)
    );
    note(html, &text);
}
