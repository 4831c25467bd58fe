//! The shop's map: who asks whom, how often, with how many errors, how long it takes.
//!
//! Owns those types. Refuses the truth: all of it is counted from spans that reached the sink.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who asks whom, as seen from the spans that reached the sink.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct ShopMap {
    /// Shoppers, services and stores, in this order. One that no span speaks of isn't there.
    pub nodes: Vec<MapNode>,
    /// Who asks whom, by the places of both in `nodes`.
    pub edges: Vec<MapEdge>,
}

/// Somebody who asks or is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct MapNode {
    /// Name; `shoppers` for all of them.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// For a store its `db.system.name`, `external` for somebody else's service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

/// What a node of the map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// All shoppers.
    Shoppers,
    /// A service of the shop.
    Service,
    /// A store, or somebody else's service.
    Store,
}

/// One asks another: all calls and statements between the two.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct MapEdge {
    /// Place in `nodes` of the one that asks.
    pub from: u32,
    /// Place in `nodes` of the one that is asked.
    pub to: u32,
    /// What was seen in each window of [`super::Timeline::windows`], in the order of the story.
    pub windows: Vec<EdgeTraffic>,
}

/// What was seen of an edge in a window, by the time of arrival at the sink: server spans of the roots for shoppers, client
/// spans for all others, each try one span.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct EdgeTraffic {
    /// Window.
    pub window: String,
    /// Spans that arrived, over the cells that were played.
    pub spans: u64,
    /// Those with status error.
    pub errors: u64,
    /// Spans per second, fleet-scaled.
    pub per_s: f64,
    /// 99th percentile of their durations, within 3.2 %; null under a hundred spans.
    pub p99_s: Option<f64>,
}
