//! The shop's map: the picture, and below it every edge with its figures.
//!
//! Owns that section. Refuses to say with the picture alone what a reader of tables must know too.

use super::{note, open_section};
use crate::escape::Html;
use crate::format::{NOTHING, count, duration, percent, rate};
use crate::map::{Edge, drawing, edges, error_share, windows};
use crate::result::{EdgeTraffic, RunResult};

/// Rows that are seen at once: those that changed, but no fewer and no more than these.
const ROWS_AT_ONCE: (usize, usize) = (8, 20);
/// A rate that changed by less than this share need not be told twice. Chosen.
const ALIKE: f64 = 0.1;

/// The section.
pub(super) fn section(html: &mut String, result: &RunResult) {
    open_section(html, "map", "The shop's map: who asks whom");
    let Some(drawing) = drawing(result) else {
        note(html, "No span reached the sink that could tell who asks whom.");
        html.push_str("</section>\n");
        return;
    };
    let is_incident = windows(result).0.is_some();
    let when = if is_incident {
        "Figures are of the window during; a line that changed much says what changed, before \u{2192} during: p99, errors or rate."
    } else {
        "Figures are of the whole run."
    };
    note(
        html,
        &format!(
            "Drawn from the spans that reached the sink: each box asks those to its right. {when} A line is the thicker the \
             more calls or statements there are in the whole fleet, and dashed where many fail; a request that is refused at \
             the door leaves no span."
        ),
    );
    html.push_str("<div class=\"scroll sheet\" tabindex=\"0\" role=\"region\" aria-label=\"Map\">\n");
    html.push_str(&drawing.svg);
    html.push_str("</div>\n");
    if drawing.left_out != (0, 0) {
        note(
            html,
            &format!(
                "Drawn are the busiest and those that changed: {} services and stores and {} lines are left out here, and stand \
                 in the table.",
                drawing.left_out.0, drawing.left_out.1
            ),
        );
    }
    tables(html, &edges(result), result, is_incident);
    html.push_str("</section>\n");
}

/// All edges: those that changed most at once, the others folded away.
fn tables(html: &mut String, edges: &[Edge<'_>], result: &RunResult, is_incident: bool) {
    let changed = edges.iter().filter(|edge| edge.has_changed()).count();
    let at_once = changed.clamp(ROWS_AT_ONCE.0, ROWS_AT_ONCE.1).min(edges.len());
    // One row behind a fold would only be in the way.
    let at_once = if edges.len() - at_once == 1 { edges.len() } else { at_once };
    let order = if is_incident {
        "Most changed first: a doubling or halving of rate or p99 weighs as much as ten points of errors."
    } else {
        "Busiest first."
    };
    note(html, &format!("{order} A p99 is within 3.2 %, and left out under a hundred spans."));
    table(html, "Edges", &edges[..at_once], result, is_incident);
    if at_once < edges.len() {
        html.push_str(&format!("<details><summary>{} more</summary>\n", edges.len() - at_once));
        table(html, "Edges, continued", &edges[at_once..], result, is_incident);
        html.push_str("</details>\n");
    }
}

fn table(html: &mut String, label: &str, edges: &[Edge<'_>], result: &RunResult, is_incident: bool) {
    html.push_str(&format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><table class=\"tight\">\n<thead><tr>\
         <th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\" class=\"num\">Rate</th>\
         <th scope=\"col\" class=\"num\">Errors</th>"
    ));
    let columns: &[&str] = if is_incident { &["p99 before", "p99 during"] } else { &["p99"] };
    for column in columns {
        html.push_str(&format!("<th scope=\"col\" class=\"num\">{column}</th>"));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for edge in edges {
        row(html, edge, result);
    }
    html.push_str("</tbody>\n</table></div>\n");
}

fn row(html: &mut String, edge: &Edge<'_>, result: &RunResult) {
    let name = |node: usize| Html(&result.map.nodes[node].name);
    html.push_str(&format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"num\">{}",
        name(edge.from),
        name(edge.to),
        rate(edge.now.per_s)
    ));
    if let Some(before) = edge.before.filter(|before| (before.per_s - edge.now.per_s).abs() > ALIKE * before.per_s) {
        html.push_str(&format!("<span class=\"sub\">{} before</span>", rate(before.per_s)));
    }
    html.push_str(&format!("</td><td class=\"num\">{}", error_share(edge.now).map_or(NOTHING.to_owned(), percent)));
    if edge.now.errors > 0 {
        let (errors, spans) = (count(edge.now.errors as f64), count(edge.now.spans as f64));
        html.push_str(&format!("<span class=\"sub\">{errors} of {spans}</span>"));
    }
    html.push_str("</td>");
    let p99 = |traffic: &EdgeTraffic| traffic.p99_s.map_or(NOTHING.to_owned(), duration);
    for traffic in edge.before.into_iter().chain([edge.now]) {
        html.push_str(&format!("<td class=\"num\">{}</td>", p99(traffic)));
    }
    html.push_str("</tr>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::result::{MapEdge, MapNode, NodeKind};

    fn told(result: &RunResult) -> String {
        let mut html = String::new();
        section(&mut html, result);
        // Where a line may not break is not what is looked at here.
        html.replace('\u{a0}', " ")
    }

    #[test]
    fn every_edge_is_in_the_table() {
        let result = examples::incident();
        let html = told(&result);
        assert_eq!(html.matches("<th scope=\"row\">").count(), result.map.edges.len());
        for text in [
            "<th scope=\"row\">payment</th><td>payments</td><td class=\"num\">1.11k/s</td><td class=\"num\">28.9 %",
            "11,548 of 39,960",
            "<td class=\"num\">2.9 ms</td><td class=\"num\">5.1 s</td>",
            "Most changed first",
        ] {
            assert!(html.contains(text), "{text}\n{html}");
        }
        assert!(!html.contains("left out here"));
        let html = told(&examples::quiet_day());
        assert!(html.contains("Busiest first") && !html.contains("p99 before"), "{html}");
        assert!(told(&examples::empty()).contains("No span reached the sink"));
    }

    /// *Scenario* A shop of two hundred services in a chain of ten times twenty.
    ///
    /// *Guarantees* The picture is bounded and says what it leaves out; the table has every edge, most of them folded away.
    #[test]
    fn a_great_shop_is_drawn_in_part_and_told_whole() {
        let mut result = examples::incident();
        let template = result.map.edges[1].clone();
        let (nodes, edges) = (&mut result.map.nodes, &mut result.map.edges);
        for n in 0..200_u32 {
            let place = nodes.len() as u32;
            nodes.push(MapNode { name: format!("service-{n}"), kind: NodeKind::Service, system: None });
            let from = if n % 10 == 0 { 1 } else { place - 1 };
            edges.push(MapEdge { from, to: place, ..template.clone() });
        }
        let html = told(&result);
        assert!(html.matches("class=\"node ").count() <= 40, "{}", html.matches("class=\"node ").count());
        assert_eq!(html.matches("<th scope=\"row\">").count(), 207);
        assert!(html.contains("<summary>199 more</summary>"), "{html:.3000}");
        assert!(html.contains("services and stores and") && html.contains("lines are left out here"));
    }
}
