//! A row of the table: one stage at one rate.
//!
//! Owns the clock of a measurement, and how its rows are told. What happens before the warm-up is over does not count.

use super::sink::{NullSink, cpu_s_of};
use crate::cli::{GeneratorArgs, Stage};
use crate::drill::Barrier;
use crate::process;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::Instant;

/// All rows, as `--json` prints them.
#[derive(Deserialize, Serialize)]
pub(super) struct Rows {
    /// One for each stage and rate.
    pub(super) rows: Vec<Row>,
}

/// A stage at a rate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Row {
    /// `simulate`, `encode`, `deliver-grpc`, `deliver-http` or `deliver-zstd`.
    pub(super) stage: String,
    /// Requests of shoppers per second of the scenario's time.
    pub(super) asked_requests_per_s: u32,
    /// Requests per second of the wall clock.
    pub(super) requests_per_s: f64,
    /// Spans per second of the wall clock.
    pub(super) spans_per_s: f64,
    /// Events of the engine per second of the wall clock.
    pub(super) events_per_s: f64,
    /// The scenario's time over the wall clock's.
    pub(super) realtime_factor: f64,
    /// CPU of the generator, all threads.
    pub(super) cpu_s_per_million_spans: f64,
    /// CPU of the null sink, where there is one.
    pub(super) sink_cpu_s_per_million_spans: Option<f64>,
    /// Bytes of a span as it is sent; of one that is only encoded before compression. `None` where nothing is encoded.
    pub(super) bytes_per_span: Option<f64>,
    /// Most memory that the generator held.
    pub(super) peak_rss_bytes: Option<u64>,
}

/// Looks at the barriers of a measurement.
pub(super) struct Watch {
    warm_up_s: u32,
    sink: Option<u32>,
    began: Option<Mark>,
    last: Option<Mark>,
}

/// A moment of it.
#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    second: u32,
    cpu_s: f64,
    sink_cpu_s: Option<f64>,
    requests: u64,
    spans: u64,
    events: u64,
}

impl Watch {
    /// A watch that counts from the end of the warm-up.
    pub(super) fn new(warm_up_s: u32) -> Self {
        Self { warm_up_s, sink: None, began: None, last: None }
    }

    /// Looks at a sink's CPU too.
    pub(super) fn beside(&mut self, sink: &NullSink) {
        self.sink = Some(sink.id());
    }

    /// Takes a barrier.
    pub(super) fn look(&mut self, barrier: &Barrier<'_>) -> ControlFlow<()> {
        let progress = &barrier.progress;
        let mark = Mark {
            at: Instant::now(),
            second: progress.second,
            cpu_s: process::cpu_s().unwrap_or_default(),
            sink_cpu_s: self.sink.and_then(cpu_s_of),
            requests: progress.requests,
            spans: progress.spans,
            events: progress.events,
        };
        if progress.second == self.warm_up_s {
            self.began = Some(mark);
        }
        self.last = Some(mark);
        ControlFlow::Continue(())
    }

    /// What it came to.
    pub(super) fn row(&self, stage: Stage, asked: u32, bytes_per_span: Option<f64>) -> Row {
        let (Some(began), Some(last)) = (self.began, self.last) else {
            unreachable!("invariant: a measurement is longer than its warm-up");
        };
        let wall_s = last.at.duration_since(began.at).as_secs_f64();
        let spans = (last.spans - began.spans) as f64;
        let sink_cpu_s = last.sink_cpu_s.zip(began.sink_cpu_s).map(|(last, began)| last - began);
        Row {
            stage: stage.name().to_owned(),
            asked_requests_per_s: asked,
            requests_per_s: (last.requests - began.requests) as f64 / wall_s,
            spans_per_s: spans / wall_s,
            events_per_s: (last.events - began.events) as f64 / wall_s,
            realtime_factor: f64::from(last.second - began.second) / wall_s,
            cpu_s_per_million_spans: (last.cpu_s - began.cpu_s) * 1e6 / spans,
            sink_cpu_s_per_million_spans: sink_cpu_s.map(|cpu_s| cpu_s * 1e6 / spans),
            bytes_per_span,
            peak_rss_bytes: process::peak_memory_bytes(),
        }
    }
}

/// The rows as JSON.
pub(super) fn json(rows: &[Row]) -> String {
    let rows = Rows { rows: rows.to_vec() };
    let json = serde_json::to_string_pretty(&rows).expect("invariant: figures are JSON");
    format!("{json}\n")
}

/// The rows for people.
pub(super) fn table(rows: &[Row], args: &GeneratorArgs) -> String {
    let mut text = format!(
        "{} threads; {} s of the shop's day after {} s of warm-up; CPU in s per million spans\n\n{:<13}{:>9}{:>11}{:>10}{:>10}{:>9}{:>8}{:>8}{:>8}{:>9}\n",
        args.threads(),
        args.seconds,
        args.warm_up,
        "stage",
        "asked/s",
        "requests/s",
        "spans/s",
        "events/s",
        "realtime",
        "CPU",
        "sink",
        "bytes",
        "memory"
    );
    let or_none = |told: Option<String>| told.unwrap_or_else(|| "-".to_owned());
    for row in rows {
        let _ = writeln!(
            text,
            "{:<13}{:>8}k{:>10.0}k{:>9.2}M{:>9.2}M{:>9.2}{:>8.3}{:>8}{:>8}{:>9}",
            row.stage,
            row.asked_requests_per_s / 1_000,
            row.requests_per_s / 1e3,
            row.spans_per_s / 1e6,
            row.events_per_s / 1e6,
            row.realtime_factor,
            row.cpu_s_per_million_spans,
            or_none(row.sink_cpu_s_per_million_spans.map(|cpu_s| format!("{cpu_s:.3}"))),
            or_none(row.bytes_per_span.map(|bytes| format!("{bytes:.0}"))),
            or_none(row.peak_rss_bytes.map(|bytes| format!("{:.0} MB", bytes as f64 / 1e6))),
        );
    }
    text
}
