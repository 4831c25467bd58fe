//! Where nodes and edges of a directed graph stand on a sheet: layers from left to right, as Sugiyama, Tagawa and Toda have it
//! (1981): layers by the longest way, order within them by barycentres, heights by least squares.
//!
//! Owns coordinates. Refuses to know what a node is, what is drawn, and how. The same graph always has the same layout.

mod heights;
mod layers;
mod order;

use heights::heights;
use layers::Layers;

/// A box's size, in px.
pub(crate) const BOX_WIDTH: f64 = 120.0;
pub(crate) const BOX_HEIGHT: f64 = 34.0;
/// Between two columns: room for a label such as `12.5 ms -> 4.98 s`.
const GAP_X: f64 = 124.0;
/// Between two boxes of a column, and around a line that passes through it.
const GAP_Y: f64 = 16.0;
const LINE_HEIGHT: f64 = 8.0;
/// Around everything, so that no stroke is cut.
const MARGIN: f64 = 6.0;

/// A box, by its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// A point.
pub(crate) type Point = (f64, f64);

/// A laid out graph.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    /// The boxes, by node.
    pub(crate) boxes: Vec<Place>,
    /// The edges' ways, by edge: from the side of one box to the side of the other. Two points each for every gap between
    /// columns: curves join them, and straight lines the gaps.
    pub(crate) ways: Vec<Vec<Point>>,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// What stands in a column: a box, or a line that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Node,
    Line,
}

impl Item {
    const fn height(self) -> f64 {
        match self {
            Self::Node => BOX_HEIGHT,
            Self::Line => LINE_HEIGHT,
        }
    }
}

/// Lays out nodes 0 to `nodes` with these edges. Node 0 comes first if nobody asks it.
pub(crate) fn layout(nodes: usize, edges: &[(usize, usize)]) -> Layout {
    let mut layers = Layers::new(nodes, edges);
    order::settle(&mut layers);
    let middles = heights(&layers);
    let x_of = |layer: usize| MARGIN + layer as f64 * (BOX_WIDTH + GAP_X);
    let boxes: Vec<Place> = (0..nodes)
        .map(|node| Place { x: x_of(layers.layer_of[node]), y: middles[node] - BOX_HEIGHT / 2.0 + MARGIN })
        .collect();
    let bottom = boxes.iter().map(|place| place.y + BOX_HEIGHT);
    let lines = middles.iter().map(|middle| middle + LINE_HEIGHT / 2.0 + MARGIN);
    let columns = layers.columns.len().max(1) as f64;
    Layout {
        ways: ways(&layers, edges, &boxes, &middles),
        height: bottom.chain(lines).fold(0.0, f64::max) + MARGIN,
        width: columns * (BOX_WIDTH + GAP_X) - GAP_X + 2.0 * MARGIN,
        boxes,
    }
}

/// The way of each edge, from who asks to who is asked.
fn ways(layers: &Layers, edges: &[(usize, usize)], boxes: &[Place], middles: &[f64]) -> Vec<Vec<Point>> {
    let mut ways: Vec<Vec<Point>> = Vec::with_capacity(edges.len());
    for (edge, (from, to)) in edges.iter().enumerate() {
        if from == to {
            // Who asks itself: a loop at the right side, through the gap.
            let (right, middle) = (boxes[*from].x + BOX_WIDTH, boxes[*from].y + BOX_HEIGHT / 2.0);
            ways.push(vec![(right, middle - BOX_HEIGHT / 4.0), (right, middle + BOX_HEIGHT / 4.0)]);
            continue;
        }
        let chain = &layers.chains[edge];
        let mut way = Vec::with_capacity(2 * chain.len());
        for (step, item) in chain.iter().enumerate() {
            let x = MARGIN + layers.layer_of[*item] as f64 * (BOX_WIDTH + GAP_X);
            if step > 0 {
                way.push((x, port(layers, middles, edge, step, Side::Left)));
            }
            if step + 1 < chain.len() {
                way.push((x + BOX_WIDTH, port(layers, middles, edge, step, Side::Right)));
            }
        }
        if layers.is_reversed[edge] {
            way.reverse();
        }
        ways.push(way);
    }
    ways
}

/// A side of a box.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// How high an edge meets an item: at a box, spread over its side in the order of the other ends.
fn port(layers: &Layers, middles: &[f64], edge: usize, step: usize, side: Side) -> f64 {
    let item = layers.chains[edge][step];
    let middle = middles[item] + MARGIN;
    if layers.items[item] == Item::Line {
        return middle;
    }
    // The other ends of all that meet this side, with the edge's number for equal ones.
    let mut others: Vec<(f64, usize)> = Vec::new();
    for (other, chain) in layers.chains.iter().enumerate() {
        let next = match side {
            Side::Left => {
                chain.last().filter(|last| **last == item).and_then(|_| chain.get(chain.len().wrapping_sub(2)))
            }
            Side::Right => chain.first().filter(|first| **first == item).and_then(|_| chain.get(1)),
        };
        others.extend(next.map(|next| (middles[*next], other)));
    }
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let place = others.iter().position(|(_, other)| *other == edge).unwrap_or_default();
    middle - BOX_HEIGHT / 2.0 + BOX_HEIGHT * (place as f64 + 1.0) / (others.len() as f64 + 1.0)
}

#[cfg(test)]
mod tests;
