//! The shape of a scenario's traces: a short piece is played, measured, and held against published shops.
//!
//! Owns what is measured and how. A piece is one cell at the scenario's own rate, without its faults; see [`piece`]. Refuses to judge:
//! a difference from another company's shop is told with its reason, and is no mistake.

mod json;
mod piece;
mod published;
mod spread;
mod tell;
mod trees;
mod wire;

#[cfg(test)]
mod tests;

pub(super) use json::json;
pub(super) use tell::tell;

use super::Checked;
use crate::failure::Failure;
use crate::plan_names::endpoint_name;
use doorbuster_model::plan::{EndpointId, Plan};
use doorbuster_model::time::ns_from_ticks;
use published::Row;
use spread::Spread;
use trees::Trees;
use wire::Wire;

/// What a piece of a scenario showed.
pub(super) struct Shape {
    /// Virtual seconds before the piece.
    warm_up_s: u32,
    /// Virtual seconds in which requests were looked at.
    seconds: f64,
    /// Requests that were made in them.
    requests: u64,
    /// One of so many had its trace kept, chosen by a hash.
    one_in: u64,
    /// Traces that were kept whole.
    traces: u64,
    /// Kept traces of which a span did not come that others hang on.
    incomplete: u64,
    /// Spans that were lost in full queues: with any, traces look smaller than they are.
    lost: u64,
    spans: Spread,
    /// Services on the longest way from the root, the first included.
    depth_services: Spread,
    /// The same, with a store as one more.
    depth_with_stores: Spread,
    /// Spans on the longest way.
    depth_spans: Spread,
    /// Calls and statements of one server span.
    children: Spread,
    /// Distinct services and stores among them.
    callees: Spread,
    /// Distinct services and stores that each service may ask, by its programs, of those that ask any.
    may_ask: Spread,
    /// Calls and statements.
    calls: u64,
    /// Those that ask what the same server span has asked before.
    repeated: u64,
    /// Latency of the root in nanoseconds.
    root_ns: Spread,
    /// Latency of every call and statement, as its caller sees it, in nanoseconds.
    call_ns: Spread,
    edges: Vec<Edge>,
    /// Spans of a request by operational laws, at the peak and without chance.
    spans_by_law: f64,
    wire: Wire,
    rows: Vec<Row>,
}

/// The traces of one endpoint at the edge.
struct Edge {
    name: String,
    traces: u64,
    spans: Spread,
}

/// Plays a piece of a scenario and measures it.
pub(super) fn shape(checked: &Checked) -> Result<Shape, Failure> {
    let plan = &checked.plan;
    let piece = piece::play(plan).map_err(Failure::Overload)?;
    let trees = Trees::measure(plan, &piece.traces);
    let mut shape = Shape {
        warm_up_s: piece.warm_up_s,
        seconds: piece.seconds,
        requests: piece.requests,
        one_in: piece.one_in,
        traces: trees.spans.len() as u64,
        incomplete: trees.incomplete,
        lost: piece.lost,
        spans: Spread::of(&trees.spans),
        depth_services: Spread::of(&trees.depth_services),
        depth_with_stores: Spread::of(&trees.depth_with_stores),
        depth_spans: Spread::of(&trees.depth_spans),
        children: Spread::of(&trees.children),
        callees: Spread::of(&trees.callees),
        may_ask: Spread::of(&trees::may_ask(plan)),
        calls: trees.call_ticks.len() as u64,
        repeated: trees.repeated,
        root_ns: Spread::of(&nanoseconds(&trees.root_ticks)),
        call_ns: Spread::of(&nanoseconds(&trees.call_ticks)),
        edges: edges(plan, &trees),
        spans_by_law: checked.analysis.spans_per_request,
        wire: Wire::of(plan, &piece.batches),
        rows: Vec::new(),
    };
    shape.rows = published::rows(&shape);
    Ok(shape)
}

impl Shape {
    /// Share of calls that repeat one; nothing without calls.
    fn repeated_share(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.repeated as f64 / self.calls as f64)
    }
}

fn nanoseconds(ticks: &[u64]) -> Vec<u64> {
    ticks.iter().map(|ticks| ns_from_ticks(*ticks)).collect()
}

/// Spans by edge endpoint, in the order of the scenario.
fn edges(plan: &Plan, trees: &Trees) -> Vec<Edge> {
    let mut edges = Vec::new();
    for endpoint in 0..plan.endpoints.len() as EndpointId {
        let of_edge = trees.roots.iter().zip(&trees.spans).filter(|(root, _)| **root == endpoint);
        let spans: Vec<u64> = of_edge.map(|(_, spans)| *spans).collect();
        if !spans.is_empty() {
            let name = endpoint_name(plan, endpoint);
            edges.push(Edge { name, traces: spans.len() as u64, spans: Spread::of(&spans) });
        }
    }
    edges
}
