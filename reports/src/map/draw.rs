//! The map as SVG.
//!
//! Owns strokes, words and the key. Refuses to place anything: that is the layout's.

use super::choice::part;
use super::edge::{Edge, doublings, edges, error_share};
use super::label::{LINE_HEIGHT, Labels};
use super::layout::{BOX_HEIGHT, BOX_WIDTH, Layout, Place, Point, layout};
use crate::escape::Html;
use crate::format::{NOTHING, duration, percent, rate};
use crate::result::{MapNode, NodeKind, RunResult};

/// Edges with a label at most: those that changed most.
const MOST_LABELS: usize = 24;
/// Edges that a listener hears of at most.
const MOST_TOLD: usize = 5;
/// Thickness of the line of a rate of nothing, and what the busiest has more.
const THIN: f64 = 1.2;
const THICK: f64 = 6.3;
/// Shares of errors from which on an edge has some, and many.
const SOME: f64 = 0.01;
const MANY: f64 = 0.1;
/// Doublings from which on a label says what was doubled or halved. Chosen.
const WORTH_SAYING: f64 = 0.5;
/// Characters of a name that fit into a box.
const FITTING: usize = 17;
/// Room for the key, and its least width.
const KEY_HEIGHT: f64 = 40.0;
const KEY_WIDTH: f64 = 560.0;

/// A map, drawn.
pub(crate) struct Drawing {
    /// The SVG.
    pub(crate) svg: String,
    /// Nodes and edges that are not in it.
    pub(crate) left_out: (usize, usize),
}

/// The map; nothing where no span told of anybody.
pub(crate) fn drawing(result: &RunResult) -> Option<Drawing> {
    let edges = edges(result);
    if edges.is_empty() {
        return None;
    }
    let part = part(result.map.nodes.len(), &edges);
    let nodes: Vec<&MapNode> = part.nodes.iter().map(|node| &result.map.nodes[*node]).collect();
    let drawn: Vec<&Edge<'_>> = part.edges.iter().map(|edge| &edges[*edge]).collect();
    let place = |node: usize| part.nodes.binary_search(&node).expect("invariant: both ends of a drawn edge are drawn");
    let pairs: Vec<(usize, usize)> = drawn.iter().map(|edge| (place(edge.from), place(edge.to))).collect();
    let layout = layout(nodes.len(), &pairs);
    let (width, height) = (layout.width.max(KEY_WIDTH), layout.height + KEY_HEIGHT);
    let mut svg = format!(
        "<svg class=\"chart map\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         role=\"img\" aria-labelledby=\"map-title map-desc\">\n<title id=\"map-title\">The shop's map</title>\n\
         <desc id=\"map-desc\">{}</desc>\n",
        Html(&description(result, &edges))
    );
    let most_per_s = drawn.iter().map(|edge| edge.per_s()).fold(0.0, f64::max);
    // Those that changed least first: what matters lies on top.
    for (edge, way) in drawn.iter().zip(&layout.ways).rev() {
        line(&mut svg, result, edge, way, most_per_s);
    }
    for (node, place) in nodes.iter().zip(&layout.boxes) {
        draw_box(&mut svg, node, *place);
    }
    labels(&mut svg, &drawn, &layout);
    key(&mut svg, layout.height + KEY_HEIGHT - 12.0, most_per_s);
    svg.push_str("</svg>\n");
    Some(Drawing { svg, left_out: (result.map.nodes.len() - nodes.len(), edges.len() - drawn.len()) })
}

/// What somebody hears who can't see the map.
fn description(result: &RunResult, edges: &[Edge<'_>]) -> String {
    let of_kind = |kind: NodeKind| result.map.nodes.iter().filter(|node| node.kind == kind).count();
    let mut text = format!(
        "{} services and {} stores, from the shoppers at the left; {} ask another.",
        of_kind(NodeKind::Service),
        of_kind(NodeKind::Store),
        edges.len()
    );
    for edge in edges.iter().filter(|edge| edge.has_changed()).take(MOST_TOLD) {
        text.push_str(&format!(" {}.", in_words(result, edge)));
    }
    text
}

/// All that an edge says, in one line.
fn in_words(result: &RunResult, edge: &Edge<'_>) -> String {
    let name = |node: usize| result.map.nodes[node].name.as_str();
    let p99 = |p99_s: Option<f64>| p99_s.map_or(NOTHING.to_owned(), duration);
    let mut text = format!("{} to {}: {}", name(edge.from), name(edge.to), rate(edge.now.per_s));
    text.push_str(&error_share(edge.now).map_or(String::new(), |share| format!(", {} errors", percent(share))));
    text.push_str(&format!(", p99 {}", p99(edge.now.p99_s)));
    if let Some(before) = edge.before {
        text.push_str(&format!(", {} before", p99(before.p99_s)));
    }
    text
}

/// How many errors an edge has, as the class of its line.
fn tone(edge: &Edge<'_>) -> &'static str {
    match error_share(edge.now) {
        Some(share) if share >= MANY => "e-many",
        Some(share) if share >= SOME => "e-some",
        _ => "e-few",
    }
}

/// The area of a circle grows like a rate; so does a line's thickness, by its square root: a tenth can still be seen.
fn thickness(per_s: f64, most_per_s: f64) -> f64 {
    THIN + THICK * (per_s / most_per_s.max(1e-9)).clamp(0.0, 1.0).sqrt()
}

fn line(svg: &mut String, result: &RunResult, edge: &Edge<'_>, way: &[Point], most_per_s: f64) {
    let mut path = String::new();
    let is_loop = edge.from == edge.to;
    for (step, (x, y)) in way.iter().enumerate() {
        match way.get(step.wrapping_sub(1)).filter(|_| step > 0) {
            None => path.push_str(&format!("M{x:.1} {y:.1}")),
            Some((before_x, before_y)) if is_loop => {
                let out = before_x + 30.0;
                path.push_str(&format!("C{out:.1} {before_y:.1} {out:.1} {y:.1} {x:.1} {y:.1}"));
            }
            // Over a gap a curve, through a column a straight line.
            Some((before_x, before_y)) if step % 2 == 1 => {
                let middle = f64::midpoint(*before_x, *x);
                path.push_str(&format!("C{middle:.1} {before_y:.1} {middle:.1} {y:.1} {x:.1} {y:.1}"));
            }
            Some(_) => path.push_str(&format!("L{x:.1} {y:.1}")),
        }
    }
    // Who reads from left to right needs no arrow, but against that direction one is.
    let leads_back = way.first().zip(way.last()).is_some_and(|(first, last)| first.0 > last.0);
    if let Some((x, y)) = way.last().filter(|_| leads_back) {
        path.push_str(&format!("m8 -5L{x:.1} {y:.1}l8 5"));
    }
    svg.push_str(&format!(
        "<path class=\"edge {}\" d=\"{path}\" style=\"stroke-width:{:.1}px\"><title>{}</title></path>\n",
        tone(edge),
        thickness(edge.per_s(), most_per_s),
        Html(&in_words(result, edge))
    ));
}

fn draw_box(svg: &mut String, node: &MapNode, place: Place) {
    let (class, radius) = match node.kind {
        NodeKind::Shoppers => ("n-shoppers", BOX_HEIGHT / 2.0),
        NodeKind::Service => ("n-service", 4.0),
        NodeKind::Store => ("n-store", 12.0),
    };
    let (x, y, middle) = (place.x, place.y, place.x + BOX_WIDTH / 2.0);
    svg.push_str(&format!(
        "<g class=\"node {class}\"><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" \
         rx=\"{radius}\"/>",
        Html(&node.name)
    ));
    let name_y = if node.system.is_some() { y + 15.0 } else { y + 21.5 };
    let text = |class: &str, y: f64, text: &str| {
        let text = shortened(text);
        format!("<text class=\"{class}\" x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>", Html(&text))
    };
    svg.push_str(&text("name", name_y, &node.name));
    if let Some(system) = &node.system {
        svg.push_str(&text("unit", y + 28.0, system));
    }
    svg.push_str("</g>\n");
}

/// A name that fits into a box; the whole of it is in the box's title, and in the table.
fn shortened(name: &str) -> String {
    if name.chars().count() <= FITTING {
        return name.to_owned();
    }
    name.chars().take(FITTING - 1).chain(['\u{2026}']).collect()
}

/// What the edges that changed much say.
fn labels(svg: &mut String, drawn: &[&Edge<'_>], layout: &Layout) {
    let mut labels = Labels::new(layout);
    let changed = drawn.iter().zip(&layout.ways).enumerate().filter(|(_, (edge, _))| edge.has_changed());
    for (number, (edge, way)) in changed.take(MOST_LABELS) {
        let lines = label(edge);
        let Some([left, top, right, bottom]) = labels.place(number, way, &lines) else { continue };
        svg.push_str(&format!(
            "<rect class=\"plate\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"3\"/>\n",
            right - left,
            bottom - top
        ));
        for (number, line) in lines.iter().enumerate() {
            svg.push_str(&format!(
                "<text class=\"says\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
                f64::midpoint(left, right),
                top + (number as f64 + 0.78) * LINE_HEIGHT,
                Html(line)
            ));
        }
    }
}

/// The lines of a label: what changed, two of them at most: the 99th percentile, errors, the rate.
fn label(edge: &Edge<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(before) = edge.before else { return lines };
    if let (Some(before_s), Some(now_s)) = (before.p99_s, edge.now.p99_s)
        && doublings(before_s, now_s) >= WORTH_SAYING
    {
        lines.push(format!("{} \u{2192} {}", duration(before_s), duration(now_s)));
    }
    if let Some(share) = error_share(edge.now).filter(|share| *share >= SOME) {
        lines.push(format!("{} errors", percent(share)));
    }
    if doublings(before.per_s, edge.now.per_s) >= WORTH_SAYING && lines.len() < 2 {
        lines.push(format!("{} \u{2192} {}", rate(before.per_s), rate(edge.now.per_s)));
    }
    lines
}

/// What strokes mean.
fn key(svg: &mut String, y: f64, most_per_s: f64) {
    let mut x = 8.0;
    let mut entry = |class: &str, width: f64, text: &str| {
        svg.push_str(&format!(
            "<path class=\"edge {class}\" d=\"M{x:.1} {:.1}h30\" style=\"stroke-width:{width:.1}px\"/>\
             <text class=\"axis\" x=\"{:.1}\" y=\"{y:.1}\">{text}</text>\n",
            y - 4.0,
            x + 36.0
        ));
        x += 36.0 + text.len() as f64 * 6.2 + 18.0;
    };
    entry("e-few", thickness(most_per_s, most_per_s), &rate(most_per_s));
    entry("e-few", thickness(most_per_s / 100.0, most_per_s), &rate(most_per_s / 100.0));
    entry("e-some", 2.0, &format!("{} errors or more", percent(SOME).replace(".0 %", " %")));
    entry("e-many", 3.0, &format!("{} or more", percent(MANY).replace(".0 %", " %")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::wellformed::assert_well_formed;

    #[test]
    fn every_example_draws() {
        for result in examples::all() {
            let Some(drawing) = drawing(&result) else {
                assert!(result.map.edges.is_empty());
                continue;
            };
            assert_well_formed(&drawing.svg);
            assert!(!drawing.svg.contains("NaN") && !drawing.svg.contains("inf"), "{}", drawing.svg);
            assert_eq!(drawing.left_out, (0, 0));
            assert!(drawing.svg.contains("<title ") && drawing.svg.contains("<desc "));
        }
    }

    #[test]
    fn an_incident_says_where_it_is() {
        let svg = drawing(&examples::incident()).expect("it has a map").svg;
        for text in [
            ">2.9 ms \u{2192} 5.1 s</text>",
            ">28.9 % errors</text>",
            "payment to payments: 1.11k/s, 28.9 % errors, p99 5.1 s, 2.9 ms before",
            "class=\"edge e-many\"",
            "class=\"edge e-some\"",
            ">mysql</text>",
        ] {
            assert!(svg.contains(text), "{text}\n{svg}");
        }
        assert!(
            !drawing(&examples::quiet_day()).expect("it has a map").svg.contains("class=\"says\""),
            "nothing changed"
        );
    }

    #[test]
    fn a_label_says_what_changed() {
        let result = examples::incident();
        let edges = edges(&result);
        let edge = edges.iter().find(|edge| edge.per_s() > 20_000.0 && !edge.has_changed()).expect("authentication");
        assert_eq!(label(edge), [] as [String; 0]);
        let now = crate::result::EdgeTraffic { per_s: 210.0, ..edge.now.clone() };
        let less = Edge { now: &now, ..*edge };
        assert_eq!(label(&less), ["21k/s \u{2192} 210/s"]);
    }

    #[test]
    fn a_rate_is_seen_in_the_thickness() {
        assert!(thickness(10.0, 100.0) > 2.0 * THIN && thickness(100.0, 100.0) < 8.0);
        assert_eq!((thickness(0.0, 100.0), thickness(0.0, 0.0)), (THIN, THIN));
    }

    #[test]
    fn a_long_name_is_shortened() {
        assert_eq!(shortened("recommendation"), "recommendation");
        assert_eq!(shortened("a-very-long-name-of-a-service").chars().count(), FITTING);
    }
}
