//! A shape for programs. Times in seconds, shares from 0 to 1; what cannot be said is null.

use super::Shape;
use super::published::{Row, Unit};
use super::spread::Spread;
use serde_json::{Value, json};

/// The object of one scenario.
pub(in crate::check) fn json(shape: &Shape) -> Value {
    let wire = &shape.wire;
    json!({
        "warm_up_s": shape.warm_up_s,
        "seconds": shape.seconds,
        "requests": shape.requests,
        "one_trace_in": shape.one_in,
        "traces": shape.traces,
        "traces_incomplete": shape.incomplete,
        "spans_lost": shape.lost,
        "spans": counts(&shape.spans),
        "depth_in_services": counts(&shape.depth_services),
        "depth_with_stores": counts(&shape.depth_with_stores),
        "depth_in_spans": counts(&shape.depth_spans),
        "children_of_a_server_span": counts(&shape.children),
        "callees_of_a_server_span": counts(&shape.callees),
        "callees_of_a_service": counts(&shape.may_ask),
        "calls": shape.calls,
        "calls_repeated": shape.repeated,
        "calls_repeated_share": shape.repeated_share(),
        "root_s": times(&shape.root_ns),
        "call_s": times(&shape.call_ns),
        "spans_per_request_by_law": shape.spans_by_law,
        "edges": shape.edges.iter().map(|edge| {
            json!({"endpoint": edge.name, "traces": edge.traces, "spans": counts(&edge.spans)})
        }).collect::<Vec<Value>>(),
        "wire": {
            "batches": wire.batches,
            "spans": wire.spans,
            "bytes": wire.plain_bytes,
            "gzip_bytes": wire.gzip_bytes,
            "zstd_bytes": wire.zstd_bytes,
            "bytes_per_span": wire.bytes_per_span(wire.plain_bytes),
            "gzip_ratio": wire.ratio(wire.gzip_bytes),
            "zstd_ratio": wire.ratio(wire.zstd_bytes),
        },
        "published": shape.rows.iter().map(row).collect::<Vec<Value>>(),
    })
}

fn counts(spread: &Spread) -> Value {
    json!({
        "mean": spread.mean(),
        "p50": spread.quantile(500),
        "p90": spread.quantile(900),
        "p99": spread.quantile(990),
        "max": spread.most(),
        "samples": spread.count(),
    })
}

fn times(spread: &Spread) -> Value {
    let at = |per_mille: usize| spread.quantile(per_mille).map(|ns| ns as f64 / 1e9);
    json!({
        "mean": spread.mean().map(|ns| ns / 1e9),
        "p50": at(500),
        "p90": at(900),
        "p95": at(950),
        "p99": at(990),
        "p99_9": at(999),
        "max": spread.most().map(|ns| ns as f64 / 1e9),
        "p99_over_p50": at(990).zip(at(500).filter(|p50| *p50 > 0.0)).map(|(p99, p50)| p99 / p50),
        "samples": spread.count(),
    })
}

fn row(row: &Row) -> Value {
    let unit = match row.unit {
        Unit::Number => "number",
        Unit::Time => "s",
        Unit::Share => "share",
    };
    json!({
        "source": row.source,
        "quantity": row.quantity,
        "unit": unit,
        "published": [row.published.0, row.published.1],
        "here": [row.ours.0, row.ours.1],
        "rule": row.rule,
        "is": if row.reason.is_some() { "difference" } else { "match" },
        "reason": row.reason,
    })
}
