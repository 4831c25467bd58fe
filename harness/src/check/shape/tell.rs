//! A shape for people.

use super::Shape;
use super::published::{Row, Unit};
use super::spread::Spread;
use crate::check::Checked;
use crate::page::{Page, Paint, Table};
use doorbuster_reports::format::{NOTHING, count, duration, percent, rate, short};

/// Tells the shapes of some scenarios.
pub(in crate::check) fn tell(shapes: &[(&Checked, Shape)], colour: bool) -> String {
    let mut page = Page::new(colour);
    for (nth, (checked, shape)) in shapes.iter().enumerate() {
        if nth > 0 {
            page.gap();
        }
        page.line(Paint::Bold, &checked.loaded.name);
        if !checked.loaded.scenario.title.is_empty() {
            page.paragraph(2, Paint::None, &checked.loaded.scenario.title);
        }
        page.gap();
        one(&mut page, shape);
    }
    page.text
}

fn one(page: &mut Page, shape: &Shape) {
    piece(page, shape);
    if shape.traces == 0 {
        return page.row("traces", Paint::Bad, "none was whole: there is nothing to measure");
    }
    page.gap();
    counts(page, shape);
    page.gap();
    times(page, shape);
    page.gap();
    repeated(page, shape);
    wire(page, shape);
    page.gap();
    edges(page, shape);
    page.gap();
    published(page, &shape.rows);
}

fn piece(page: &mut Page, shape: &Shape) {
    let text = format!(
        "one cell, without faults: after a warm-up of {} so many requests as came in {}, {} of them ({})",
        duration(f64::from(shape.warm_up_s)),
        duration(shape.seconds),
        count(shape.requests as f64),
        rate(shape.requests as f64 / shape.seconds),
    );
    page.row("the piece", Paint::None, &text);
    let mut text = match shape.one_in {
        1 => format!("{} traces, all of them", count(shape.traces as f64)),
        one_in => format!("{} traces, one in {one_in} by a hash", count(shape.traces as f64)),
    };
    if shape.incomplete > 0 {
        text += &format!("; {} more lack a span that others hang on and are left out", count(shape.incomplete as f64));
    }
    page.row("", Paint::None, &text);
    if shape.lost > 0 {
        let text =
            format!("{} spans were lost in full queues: traces look smaller than they are", count(shape.lost as f64));
        page.row("", Paint::Bad, &text);
    }
}

fn counts(page: &mut Page, shape: &Shape) {
    let mut table = Table::new(&["", "mean", "p50", "p90", "p99", "most"]);
    let empty = || vec![String::new(); 5];
    let head = |table: &mut Table, text: &str| {
        table.row(Paint::Bold, [vec![text.to_owned()], empty()].concat());
    };
    let row = |table: &mut Table, name: &str, spread: &Spread| {
        let whole = |value: Option<u64>| value.map_or_else(|| NOTHING.to_owned(), |value| count(value as f64));
        let mut cells = vec![format!("  {name}"), spread.mean().map_or_else(|| NOTHING.to_owned(), short)];
        cells.extend([500, 900, 990].map(|per_mille| whole(spread.quantile(per_mille))));
        cells.push(whole(spread.most()));
        table.row(Paint::None, cells);
    };
    head(&mut table, "a trace");
    row(&mut table, "spans", &shape.spans);
    row(&mut table, "depth in services", &shape.depth_services);
    row(&mut table, "depth with stores", &shape.depth_with_stores);
    row(&mut table, "depth in spans", &shape.depth_spans);
    head(&mut table, "a request that a service serves");
    row(&mut table, "calls and statements", &shape.children);
    row(&mut table, "different services and stores asked", &shape.callees);
    head(&mut table, "a service that asks any, by its programs");
    row(&mut table, "services and stores that it may ask", &shape.may_ask);
    page.table(&table);
}

fn times(page: &mut Page, shape: &Shape) {
    let mut table = Table::new(&["latency", "mean", "p50", "p90", "p95", "p99", "p99.9", "most", "p99/p50"]);
    for (name, spread) in [("the root", &shape.root_ns), ("a call or statement", &shape.call_ns)] {
        let time = |ns: Option<f64>| ns.map_or_else(|| NOTHING.to_owned(), |ns| duration(ns / 1e9));
        let at = |per_mille: usize| spread.quantile(per_mille).map(|ns| ns as f64);
        let mut cells = vec![format!("  {name}"), time(spread.mean())];
        cells.extend([500, 900, 950, 990, 999].map(|per_mille| time(at(per_mille))));
        cells.push(time(spread.most().map(|ns| ns as f64)));
        let ratio = at(990).zip(at(500).filter(|p50| *p50 > 0.0)).map(|(p99, p50)| short(p99 / p50));
        cells.push(ratio.unwrap_or_else(|| NOTHING.to_owned()));
        table.row(Paint::None, cells);
    }
    page.table(&table);
}

fn repeated(page: &mut Page, shape: &Shape) {
    let text = match shape.repeated_share() {
        Some(share) => format!(
            "{} of {} calls and statements ask what the same request of a service has asked before ({})",
            count(shape.repeated as f64),
            count(shape.calls as f64),
            percent(share)
        ),
        None => "there are no calls and no statements".to_owned(),
    };
    page.row("repeated", Paint::None, &text);
}

fn wire(page: &mut Page, shape: &Shape) {
    let wire = &shape.wire;
    let (Some(plain), Some(gzip), Some(zstd)) =
        (wire.bytes_per_span(wire.plain_bytes), wire.ratio(wire.gzip_bytes), wire.ratio(wire.zstd_bytes))
    else {
        return page.row("on the wire", Paint::None, "no batch left a pod during the piece");
    };
    let text = format!(
        "{plain:.0} bytes a span as OTLP protobuf; gzip makes {gzip:.1} times less of it ({:.0} bytes), zstd {zstd:.1} times ({:.0})",
        plain / gzip,
        plain / zstd,
    );
    page.row("on the wire", Paint::None, &text);
    let text = format!(
        "{} batches as they left their pods, of at most 512 spans and {:.0} on average, each compressed on its own",
        count(wire.batches as f64),
        wire.spans as f64 / wire.batches as f64
    );
    page.row("", Paint::None, &text);
}

fn edges(page: &mut Page, shape: &Shape) {
    let mut table = Table::new(&["spans of a request to", "traces", "mean", "p50", "p90", "p99", "most"]);
    let whole = |value: Option<u64>| value.map_or_else(|| NOTHING.to_owned(), |value| count(value as f64));
    let mut row = |paint: Paint, name: &str, traces: u64, spans: &Spread| {
        let mean = spans.mean().map_or_else(|| NOTHING.to_owned(), short);
        let mut cells = vec![name.to_owned(), count(traces as f64), mean];
        cells.extend([500, 900, 990].map(|per_mille| whole(spans.quantile(per_mille))));
        cells.push(whole(spans.most()));
        table.row(paint, cells);
    };
    row(Paint::Bold, "the whole mix", shape.traces, &shape.spans);
    for edge in &shape.edges {
        row(Paint::None, &format!("  {}", edge.name), edge.traces, &edge.spans);
    }
    page.table(&table);
    let text = format!("by operational laws a request makes {} spans at the peak", short(shape.spans_by_law));
    page.paragraph(2, Paint::Dim, &text);
}

fn published(page: &mut Page, rows: &[Row]) {
    let mut table = Table::new(&["beside what is published", "published", "here", ""]);
    let mut source = "";
    for row in rows {
        if row.source != source {
            source = row.source;
            table.row(Paint::Bold, vec![source.to_owned(), String::new(), String::new(), String::new()]);
        }
        let verdict = if row.reason.is_some() { "difference" } else { "match" };
        let cells = vec![
            format!("  {}", row.quantity),
            figure(row.published, row.unit),
            figure(row.ours, row.unit),
            verdict.to_owned(),
        ];
        table.row(Paint::None, cells);
    }
    page.table(&table);
    let text = "match: a figure within a factor of two, a range inside the published one. Why there are differences:";
    page.paragraph(2, Paint::Dim, text);
    let mut told: Vec<&str> = Vec::new();
    for row in rows {
        if let Some(reason) = row.reason.as_deref()
            && !told.contains(&reason)
        {
            told.push(reason);
            let is_alone = rows.iter().filter(|other| other.reason.as_deref() == Some(reason)).count() == 1;
            let quantity = if is_alone { Some(row.quantity.as_str()) } else { row.quantity.split(", ").next() };
            let quantity = quantity.unwrap_or_default();
            page.paragraph(4, Paint::Dim, &format!("{quantity}: {reason}"));
        }
    }
    if told.is_empty() {
        page.paragraph(4, Paint::Dim, "there are none");
    }
}

fn figure((low, high): (f64, f64), unit: Unit) -> String {
    let one = |value: f64| match unit {
        Unit::Number => short(value),
        Unit::Time => duration(value),
        Unit::Share => percent(value),
    };
    if low.to_bits() == high.to_bits() { one(low) } else { format!("{} to {}", one(low), one(high)) }
}
