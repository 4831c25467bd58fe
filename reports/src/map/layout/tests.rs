//! Layouts of small graphs, of one that could be a shop, and of random ones.

use super::*;

/// A shop: shoppers, a gateway, fourteen services behind it, of which some ask others, and fourteen stores.
fn shop() -> (usize, Vec<(usize, usize)>) {
    let mut edges = vec![(0, 1)];
    edges.extend((2..16).map(|service| (1, service)));
    edges.extend((2..16).map(|service| (service, 14 + service)));
    edges.extend([(2, 3), (2, 4), (3, 5), (5, 6), (7, 6), (6, 22), (9, 10), (10, 9), (11, 11)]);
    (30, edges)
}

/// A graph by a fixed rule: so many nodes, so many edges.
fn scattered(nodes: usize, edges: usize, seed: usize) -> (usize, Vec<(usize, usize)>) {
    let mut state = seed as u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    (nodes, (0..edges).map(|_| (draw(nodes), draw(nodes))).collect())
}

/// What is wrong with a layout; nothing if boxes are apart, within the sheet, and all ends are on their boxes.
fn faults(layout: &Layout, edges: &[(usize, usize)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (a, first) in layout.boxes.iter().enumerate() {
        for (b, second) in layout.boxes.iter().enumerate().skip(a + 1) {
            let over = |from: f64, other: f64, size: f64| (from - other).abs() < size - 1e-6;
            if over(first.x, second.x, BOX_WIDTH) && over(first.y, second.y, BOX_HEIGHT) {
                faults.push(format!("boxes {a} and {b} overlap"));
            }
        }
        let is_within = first.x >= 0.0
            && first.y >= 0.0
            && first.x + BOX_WIDTH <= layout.width
            && first.y + BOX_HEIGHT <= layout.height;
        if !is_within {
            faults.push(format!("box {a} is beyond the sheet"));
        }
    }
    for ((from, to), way) in edges.iter().zip(&layout.ways) {
        for (node, end) in [(from, way.first()), (to, way.last())] {
            let place = layout.boxes[*node];
            let is_on = end.is_some_and(|(x, y)| {
                let at_side = (x - place.x).abs() < 1e-6 || (x - place.x - BOX_WIDTH).abs() < 1e-6;
                at_side && *y > place.y && *y < place.y + BOX_HEIGHT
            });
            if !is_on {
                faults.push(format!("an end of {from} -> {to} is not on box {node}"));
            }
        }
    }
    faults
}

/// *Scenario* A graph without anything, one node, a shop, and random graphs with circles and loops.
///
/// *Guarantees* No box is over another, all ends are on their boxes, and the same graph has the same layout.
#[test]
fn boxes_are_apart_and_ends_are_on_them() {
    let mut graphs = vec![(0, Vec::new()), (1, Vec::new()), shop()];
    graphs.extend((1..40).map(|seed| scattered(2 + seed, 3 * seed, seed)));
    for (nodes, edges) in &graphs {
        let found = layout(*nodes, edges);
        assert_eq!((found.boxes.len(), found.ways.len()), (*nodes, edges.len()));
        assert_eq!(faults(&found, edges), [] as [String; 0], "{nodes} nodes, {edges:?}");
        assert_eq!(found, layout(*nodes, edges));
    }
}

/// *Scenario* A box moved onto another, and an end moved off its box.
///
/// *Guarantees* The check above sees both.
#[test]
fn a_planted_overlap_is_seen() {
    let (nodes, edges) = shop();
    let mut moved = layout(nodes, &edges);
    moved.boxes[5] = moved.boxes[6];
    assert!(faults(&moved, &edges).iter().any(|fault| fault == "boxes 5 and 6 overlap"));
    let mut moved = layout(nodes, &edges);
    moved.ways[0][0].1 += BOX_HEIGHT;
    assert_eq!(faults(&moved, &edges), ["an end of 0 -> 1 is not on box 0"]);
}

/// *Scenario* A chain with a shortcut.
///
/// *Guarantees* Columns go by the longest way; the shortcut passes between without touching a box.
#[test]
fn columns_go_by_the_longest_way() {
    let edges = [(0, 1), (1, 2), (2, 3), (0, 3)];
    let found = layout(4, &edges);
    let columns: Vec<f64> = found.boxes.iter().map(|place| (place.x - MARGIN) / (BOX_WIDTH + GAP_X)).collect();
    assert_eq!(columns, [0.0, 1.0, 2.0, 3.0]);
    let shortcut = &found.ways[3];
    assert_eq!(shortcut.len(), 6, "two columns are passed: {shortcut:?}");
    for (x, y) in &shortcut[1..5] {
        let is_clear = |place: &Place| {
            !(place.x..=place.x + BOX_WIDTH).contains(x) || !(place.y..=place.y + BOX_HEIGHT).contains(y)
        };
        assert!(found.boxes.iter().all(is_clear), "({x}, {y}) is on a box");
    }
}

/// *Scenario* Two nodes that ask each other, and one that asks itself.
///
/// *Guarantees* One of the two edges leads back, from the left side of the right box to the right side of the left one.
#[test]
fn a_circle_has_a_way_back() {
    let edges = [(0, 1), (1, 2), (2, 1), (2, 2)];
    let found = layout(3, &edges);
    assert_eq!(faults(&found, &edges), [] as [String; 0]);
    let (back, there) = (&found.ways[2], &found.ways[1]);
    assert!(back[0].0 > back[1].0 && there[0].0 < there[1].0, "{back:?} {there:?}");
    assert!((back[0].1 - there[1].1).abs() > 1.0, "the two have ends of their own");
}
