//! The shop's map, from the spans that reached the sinks.
//!
//! Owns who is at either end of a span, and the sums between two of them. Refuses plan and truth: it is given the names that
//! anybody could read off the spans, and what arrived.

use crate::detection::{Names, What};
use crate::drill::{Traffic, WindowSlice};
use doorbuster_model::time::s_from_ticks;
use doorbuster_reports::result::{EdgeTraffic, MapEdge, MapNode, NodeKind, ShopMap};
use doorbuster_telemetry::observed::durations::{BUCKETS, quantile};
use std::collections::{BTreeMap, BTreeSet};

/// Under so many spans a 99th percentile is the longest of them, and is not told.
const ENOUGH: u64 = 100;

/// Somebody who asks or is asked, in the order of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Shoppers,
    Service(usize),
    Store(usize),
}

/// All that arrived between two nodes in a window.
struct Sum {
    spans: u64,
    errors: u64,
    durations: Box<[u64; BUCKETS]>,
}

impl Default for Sum {
    fn default() -> Self {
        Self { spans: 0, errors: 0, durations: Box::new([0; BUCKETS]) }
    }
}

/// The map, with every window in the order of the story. `factor` scales rates from the cells that were played to the fleet.
pub(super) fn map(names: &Names, windows: &[WindowSlice], factor: f64) -> ShopMap {
    let sums: Vec<BTreeMap<(Node, Node), Sum>> = windows.iter().map(|window| sums(names, &window.traffic)).collect();
    let mut nodes: BTreeSet<Node> = BTreeSet::new();
    for window in windows {
        nodes.extend(
            window
                .traffic
                .arrived()
                .filter_map(|arrived| Some(Node::Service(names.shapes.get(arrived.shape)?.service))),
        );
    }
    let pairs: BTreeSet<(Node, Node)> = sums.iter().flat_map(|sums| sums.keys().copied()).collect();
    nodes.extend(pairs.iter().flat_map(|(from, to)| [*from, *to]));
    let place = |node: &Node| nodes.range(..node).count() as u32;
    let edge = |pair: &(Node, Node)| {
        let traffic = windows.iter().zip(&sums).map(|(window, sums)| {
            let seconds = f64::from(window.to_s - window.from_s);
            told(window.window.name(), sums.get(pair), factor / seconds)
        });
        MapEdge { from: place(&pair.0), to: place(&pair.1), windows: traffic.collect() }
    };
    ShopMap { edges: pairs.iter().map(edge).collect(), nodes: nodes.iter().map(|node| node_of(names, *node)).collect() }
}

/// What arrived in a window, by who asked whom.
fn sums(names: &Names, traffic: &Traffic) -> BTreeMap<(Node, Node), Sum> {
    let mut sums: BTreeMap<(Node, Node), Sum> = BTreeMap::new();
    for arrived in traffic.arrived() {
        let Some(pair) = ends(names, arrived.shape, arrived.is_root) else { continue };
        let sum = sums.entry(pair).or_default();
        sum.spans += arrived.point.spans;
        sum.errors += arrived.point.errors;
        sum.durations.iter_mut().zip(arrived.durations).for_each(|(sum, count)| *sum += count);
    }
    sums
}

/// Who asks and who is asked, by a span of this shape. A server span within a trace says nothing that its caller's client
/// span does not.
fn ends(names: &Names, shape: usize, is_root: bool) -> Option<(Node, Node)> {
    let shape = names.shapes.get(shape)?;
    let service = Node::Service(shape.service);
    match shape.what {
        What::Server { endpoint } => is_root.then(|| {
            let consumer = names.consumers.iter().position(|consumed| *consumed == endpoint);
            // A consumer's trace begins with a message, which comes from the store of its topic.
            (consumer.map_or(Node::Shoppers, |consumer| Node::Store(names.topics[consumer])), service)
        }),
        What::Call { callee } => Some((service, Node::Service(names.endpoints[callee].service))),
        What::Statement { statement, .. } => Some((service, Node::Store(names.statements[statement].store))),
    }
}

fn told(window: &str, sum: Option<&Sum>, per_span: f64) -> EdgeTraffic {
    let spans = sum.map_or(0, |sum| sum.spans);
    let p99 = sum.filter(|sum| sum.spans >= ENOUGH).and_then(|sum| quantile(&sum.durations, 0.99));
    EdgeTraffic {
        window: window.to_owned(),
        spans,
        errors: sum.map_or(0, |sum| sum.errors),
        per_s: spans as f64 * per_span,
        p99_s: p99.map(s_from_ticks),
    }
}

fn node_of(names: &Names, node: Node) -> MapNode {
    let (name, kind, system) = match node {
        Node::Shoppers => ("shoppers", NodeKind::Shoppers, None),
        Node::Service(id) => (names.services[id].as_str(), NodeKind::Service, None),
        Node::Store(id) => (names.stores[id].name.as_str(), NodeKind::Store, Some(names.stores[id].kind.clone())),
    };
    MapNode { name: name.to_owned(), kind, system }
}

#[cfg(test)]
mod tests;
