//! Maps made by hand.

use crate::result::{EdgeTraffic, MapEdge, MapNode, NodeKind, ShopMap};

const NODES: [(&str, NodeKind, Option<&str>); 7] = [
    ("shoppers", NodeKind::Shoppers, None),
    ("gateway", NodeKind::Service, None),
    ("user", NodeKind::Service, None),
    ("payment", NodeKind::Service, None),
    ("product", NodeKind::Service, None),
    ("payments", NodeKind::Store, Some("mysql")),
    ("psp", NodeKind::Store, Some("external")),
];

/// From, to, spans a second, and both p99 in ms and shares of errors: before and during.
type Row = (u32, u32, f64, [f64; 2], [f64; 2]);

const ROWS: [Row; 7] = [
    (0, 1, 60_000.0, [48.0, 4_900.0], [0.002, 0.02]),
    (1, 2, 21_000.0, [1.4, 1.4], [0.0, 0.0]),
    (1, 3, 252.0, [48.0, 5_002.0], [0.0, 0.296]),
    (1, 4, 9_800.0, [12.0, 12.5], [0.0, 0.0]),
    (3, 5, 1_110.0, [2.9, 5_100.0], [0.0, 0.289]),
    (3, 6, 248.0, [31.0, 31.0], [0.001, 0.001]),
    (4, 4, 40.0, [2.0, 2.0], [0.0, 0.0]),
];

fn map(windows: &[(&str, usize)]) -> ShopMap {
    let node = |(name, kind, system): &(&str, NodeKind, Option<&str>)| MapNode {
        name: (*name).to_owned(),
        kind: *kind,
        system: system.map(str::to_owned),
    };
    let edge = |(from, to, per_s, p99_ms, errors): &Row| {
        let traffic = |(window, of): &(&str, usize)| {
            let spans = (per_s * 36.0) as u64;
            EdgeTraffic {
                window: (*window).to_owned(),
                spans,
                errors: (spans as f64 * errors[*of]).round() as u64,
                per_s: *per_s,
                p99_s: Some(p99_ms[*of] / 1e3),
            }
        };
        MapEdge { from: *from, to: *to, windows: windows.iter().map(traffic).collect() }
    };
    ShopMap { nodes: NODES.iter().map(node).collect(), edges: ROWS.iter().map(edge).collect() }
}

/// Of the incident: payments are slow, and a quarter of them fails.
pub(super) fn of_an_incident() -> ShopMap {
    map(&[("run", 1), ("before", 0), ("during", 1), ("after", 0)])
}

/// Of a day on which nothing broke.
pub(super) fn of_a_quiet_day() -> ShopMap {
    map(&[("run", 0)])
}

/// Puts a text wherever a scenario can put some, and numbers that lead nowhere.
pub(super) fn spoil(map: &mut ShopMap, text: &str) {
    for node in &mut map.nodes {
        text.clone_into(&mut node.name);
        node.system = Some(text.to_owned());
    }
    let strange = MapEdge { from: 99, to: 1, ..map.edges[0].clone() };
    map.edges.push(strange);
}

/// Puts numbers that are none wherever there can be one.
pub(super) fn without_numbers(map: &mut ShopMap) {
    for traffic in map.edges.iter_mut().flat_map(|edge| &mut edge.windows) {
        (traffic.per_s, traffic.p99_s) = (f64::NAN, Some(f64::INFINITY));
    }
}
