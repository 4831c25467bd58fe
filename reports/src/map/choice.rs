//! Which part of a shop is drawn where it is too great to be seen at once.
//!
//! Owns that choice: what changed and what is busiest, each with the way that leads there from the shoppers. Refuses to leave
//! out anything of a shop that fits.

use super::edge::Edge;
use std::collections::BTreeSet;

/// Boxes that are drawn at most. Chosen: sixteen services, fourteen stores and the shoppers fit, with some room.
pub(super) const MOST_NODES: usize = 40;
/// Lines that are drawn at most. Chosen: of more, none can be followed.
pub(super) const MOST_EDGES: usize = 110;

/// What is drawn, by places.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// In the order of the map's nodes.
    pub(super) nodes: Vec<usize>,
    /// In the order of the edges.
    pub(super) edges: Vec<usize>,
}

/// Chooses from edges that are sorted by how much they changed.
pub(super) fn part(nodes: usize, edges: &[Edge<'_>]) -> Part {
    let leading = leading(nodes, edges);
    let mut by_rate: Vec<usize> = (0..edges.len()).collect();
    by_rate.sort_by(|a, b| edges[*b].per_s().total_cmp(&edges[*a].per_s()).then(a.cmp(b)));
    let changed = || (0..edges.len()).filter(|edge| edges[*edge].has_changed());
    let mut chosen: BTreeSet<usize> = BTreeSet::new();
    // What changed may fill half of the sheet; the other half shows where it belongs.
    for edge in changed() {
        add(&mut chosen, edges, &leading, edge, MOST_NODES / 2);
    }
    for edge in by_rate.iter().copied().chain(changed()) {
        add(&mut chosen, edges, &leading, edge, MOST_NODES);
    }
    // First the lines without which a box would hang nowhere, then those that changed, then the busiest.
    let mut lines: Vec<usize> = chosen.iter().filter_map(|node| leading[*node]).collect();
    for edge in changed().chain(by_rate) {
        let is_seen = chosen.contains(&edges[edge].from) && chosen.contains(&edges[edge].to);
        if is_seen && !lines.contains(&edge) {
            lines.push(edge);
        }
    }
    lines.truncate(MOST_EDGES);
    lines.sort_unstable();
    Part { nodes: chosen.into_iter().collect(), edges: lines }
}

/// Adds both ends of an edge and the way that leads to it, if there is room.
fn add(chosen: &mut BTreeSet<usize>, edges: &[Edge<'_>], leading: &[Option<usize>], edge: usize, most: usize) {
    let mut new = BTreeSet::new();
    for end in [edges[edge].to, edges[edge].from] {
        let mut at = Some(end);
        while let Some(node) = at.filter(|node| !chosen.contains(node) && new.insert(*node)) {
            at = leading[node].map(|edge| edges[edge].from);
        }
    }
    if chosen.len() + new.len() <= most {
        chosen.extend(new);
    }
}

/// For each node the edge by which it is reached from a node that nobody asks, always by the busiest edge that leads on.
fn leading(nodes: usize, edges: &[Edge<'_>]) -> Vec<Option<usize>> {
    let mut leading = vec![None; nodes];
    let mut is_reached = vec![true; nodes];
    edges.iter().filter(|edge| edge.from != edge.to).for_each(|edge| is_reached[edge.to] = false);
    // Each round reaches a node, so that this ends.
    for _ in 0..nodes {
        let leads_on = |edge: &usize| is_reached[edges[*edge].from] && !is_reached[edges[*edge].to];
        let by_rate = |a: &usize, b: &usize| edges[*a].per_s().total_cmp(&edges[*b].per_s()).then(b.cmp(a));
        let Some(edge) = (0..edges.len()).filter(leads_on).max_by(by_rate) else { break };
        is_reached[edges[edge].to] = true;
        leading[edges[edge].to] = Some(edge);
    }
    leading
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::EdgeTraffic;

    fn traffic(per_s: f64) -> EdgeTraffic {
        EdgeTraffic { window: "during".to_owned(), spans: 1_000, errors: 0, per_s, p99_s: None }
    }

    /// Shoppers, a gateway, and so many services in rows of four behind it, each row slower than the one before.
    fn great_shop(rows: usize) -> (usize, Vec<(usize, usize, f64)>) {
        let mut edges = vec![(0, 1, 10_000.0)];
        for row in 0..rows {
            let first = 2 + 4 * row;
            edges.push((1, first, 1_000.0 / (row + 1) as f64));
            edges.extend((1..4).map(|step| (first + step - 1, first + step, 500.0 / (row + 1) as f64)));
        }
        (2 + 4 * rows, edges)
    }

    fn choose(nodes: usize, edges: &[(usize, usize, f64)], changed: &[usize]) -> (Part, Vec<(usize, usize)>) {
        let traffics: Vec<EdgeTraffic> = edges.iter().map(|(_, _, per_s)| traffic(*per_s)).collect();
        let edge = |(number, ((from, to, _), now)): (usize, (&(usize, usize, f64), _))| Edge {
            from: *from,
            to: *to,
            before: None,
            now,
            change: if changed.contains(&number) { 3.0 } else { 0.0 },
        };
        let mut told: Vec<Edge<'_>> = edges.iter().zip(&traffics).enumerate().map(edge).collect();
        told.sort_by(|a, b| b.change.total_cmp(&a.change));
        (part(nodes, &told), told.iter().map(|edge| (edge.from, edge.to)).collect())
    }

    #[test]
    fn a_shop_that_fits_is_drawn_whole() {
        let (nodes, edges) = great_shop(7);
        let (part, _) = choose(nodes, &edges, &[]);
        assert_eq!((part.nodes.len(), part.edges.len()), (30, edges.len()));
    }

    /// *Scenario* Two hundred services; the last one, behind the slowest row, has changed.
    ///
    /// *Guarantees* The sheet is bounded and full, the changed one and the whole way to it are on it, the busiest rows too, and
    /// no box hangs nowhere.
    #[test]
    fn of_a_great_shop_the_changed_and_the_busiest_are_drawn() {
        let (nodes, edges) = great_shop(50);
        let (part, told) = choose(nodes, &edges, &[edges.len() - 1]);
        assert!(part.nodes.len() <= MOST_NODES && part.nodes.len() > MOST_NODES - 4, "{}", part.nodes.len());
        for node in [0, 1, 198, 199, 200, 201, 2, 3, 4, 5, 6] {
            assert!(part.nodes.contains(&node), "{node} is not drawn: {part:?}");
        }
        for node in part.nodes.iter().filter(|node| **node > 0) {
            assert!(part.edges.iter().any(|edge| told[*edge].1 == *node), "nothing leads to {node}");
        }
        let all: Vec<usize> = (0..edges.len()).collect();
        let (part, _) = choose(nodes, &edges, &all);
        assert!(part.nodes.len() <= MOST_NODES && part.nodes.len() > MOST_NODES - 4, "where all changed");
    }

    #[test]
    fn lines_are_bounded_too() {
        let edges: Vec<(usize, usize, f64)> =
            (0..30).flat_map(|from| (0..30).map(move |to| (from, to, (from * to) as f64))).collect();
        let (part, _) = choose(30, &edges, &[]);
        assert_eq!((part.nodes.len(), part.edges.len()), (30, MOST_EDGES));
        assert_eq!(choose(0, &[], &[]).0, Part { nodes: Vec::new(), edges: Vec::new() });
    }
}
