//! In which column each node stands, and through which columns each edge passes.
//!
//! Owns the longest way from the left. Refuses heights and orders.

use super::Item;

/// A graph in columns. Items are the nodes, then the lines that long edges are in the columns they pass.
pub(super) struct Layers {
    pub(super) items: Vec<Item>,
    /// By item.
    pub(super) layer_of: Vec<usize>,
    /// The items of each edge from left to right, both ends included; nothing for one from a node to itself.
    pub(super) chains: Vec<Vec<usize>>,
    /// Whether an edge leads from right to left.
    pub(super) is_reversed: Vec<bool>,
    /// The items of each column, from top to bottom.
    pub(super) columns: Vec<Vec<usize>>,
}

impl Layers {
    pub(super) fn new(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let is_reversed = reversed(nodes, edges);
        let turned = |edge: usize| if is_reversed[edge] { (edges[edge].1, edges[edge].0) } else { edges[edge] };
        let lines: Vec<(usize, usize)> = (0..edges.len()).map(turned).filter(|(from, to)| from != to).collect();
        let mut layer_of = longest_ways(nodes, &lines);
        let mut items = vec![Item::Node; nodes];
        let mut chains = Vec::with_capacity(edges.len());
        for edge in 0..edges.len() {
            let (from, to) = turned(edge);
            let mut chain = Vec::new();
            if from != to {
                chain.push(from);
                for layer in layer_of[from] + 1..layer_of[to] {
                    chain.push(items.len());
                    items.push(Item::Line);
                    layer_of.push(layer);
                }
                chain.push(to);
            }
            chains.push(chain);
        }
        let mut columns = vec![Vec::new(); layer_of.iter().max().map_or(0, |last| last + 1)];
        for (item, layer) in layer_of.iter().enumerate() {
            columns[*layer].push(item);
        }
        Self { items, layer_of, chains, is_reversed, columns }
    }

    /// The neighbours of every item, to the left and to the right.
    pub(super) fn neighbours(&self) -> Vec<[Vec<usize>; 2]> {
        let mut neighbours = vec![[Vec::new(), Vec::new()]; self.items.len()];
        for pair in self.chains.iter().flat_map(|chain| chain.windows(2)) {
            neighbours[pair[0]][1].push(pair[1]);
            neighbours[pair[1]][0].push(pair[0]);
        }
        neighbours
    }
}

/// The edges that close a circle, when one goes down from each node in turn: turned around, no circle is left.
fn reversed(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut reversed = vec![false; edges.len()];
    let mut leaving = vec![Vec::new(); nodes];
    for (edge, (from, _)) in edges.iter().enumerate() {
        leaving[*from].push(edge);
    }
    // Not met, on the way that is being gone, left behind.
    let mut state = vec![0_u8; nodes];
    for first in 0..nodes {
        let mut way = if state[first] == 0 { vec![(first, 0)] } else { Vec::new() };
        while let Some((node, next)) = way.last_mut() {
            state[*node] = 1;
            let Some(edge) = leaving[*node].get(*next) else {
                state[*node] = 2;
                way.pop();
                continue;
            };
            *next += 1;
            match state[edges[*edge].1] {
                0 => way.push((edges[*edge].1, 0)),
                1 => reversed[*edge] = true,
                _ => {}
            }
        }
    }
    reversed
}

/// Length of the longest way to each node. There is no circle.
fn longest_ways(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut ways = vec![0; nodes];
    // A way has fewer edges than there are nodes, so that this ends.
    for _ in 0..nodes {
        let mut is_settled = true;
        for (from, to) in edges {
            if ways[*to] <= ways[*from] {
                ways[*to] = ways[*from] + 1;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    ways
}
