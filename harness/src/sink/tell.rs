//! A record told to people.
//!
//! Owns a few lines on a terminal. Refuses to print them.

use super::record::{Counted, Record, Rows};
use crate::otlp::Signal;
use std::fmt::Write as _;

/// Rows of a list that are told; the JSON has all of them.
const TOLD_ROWS: usize = 3;

/// A record in a few lines.
pub(super) fn summary(record: &Record) -> String {
    let mut text = String::new();
    let requests = [record.requests.traces, record.requests.metrics, record.requests.logs];
    let of = |(signal, requests): (Signal, u64)| format!("{requests} with {}", signal.items());
    let requests: Vec<String> = Signal::ALL.into_iter().zip(requests).map(of).collect();
    let _ = writeln!(text, "requests: {}; {} bytes", requests.join(", "), record.bytes);
    if record.refused + record.broken_off > 0 {
        let _ = writeln!(text, "not taken: {} refused, {} broken off", record.refused, record.broken_off);
    }
    if let Some(counted) = &record.counted {
        tell_counted(counted, &mut text);
    }
    if let (Some(first), Some(last)) = (record.first_unix_ns, record.last_unix_ns) {
        let _ = writeln!(text, "from the first request to the last: {:.1} s", last.saturating_sub(first) as f64 / 1e9);
    }
    if let (Some(cpu_s), Some(bytes)) = (record.cpu_s, record.peak_memory_bytes) {
        let _ = writeln!(text, "cost: {cpu_s:.2} CPU s, at most {} MiB of memory", bytes >> 20);
    }
    text
}

fn tell_counted(counted: &Counted, text: &mut String) {
    let Counted { spans, ours, traces, foreign_spans, points, log_records, seed, .. } = counted;
    let _ =
        writeln!(text, "spans: {spans}, of these {ours} of seed {seed} in {traces} traces, {foreign_spans} foreign");
    if points + log_records > 0 {
        let _ = writeln!(text, "points: {points}; log records: {log_records}");
    }
    tell_rows("arrived before", &counted.duplicates, text);
    tell_rows("late", &counted.late, text);
    if let Some(greatest_s) = counted.greatest_lateness_s {
        let _ = writeln!(text, "latest: {greatest_s:.1} s after its end");
    }
    if counted.corrupt.bodies > 0 {
        let _ = writeln!(text, "bodies that nobody can read: {}", counted.corrupt.bodies);
        for unread in counted.corrupt.first.iter().take(TOLD_ROWS) {
            let of = if unread.services.is_empty() { "no service".to_owned() } else { unread.services.join(", ") };
            let _ = writeln!(text, "  {} (names {of})", unread.cause);
        }
    }
}

fn tell_rows(what: &str, rows: &Rows, text: &mut String) {
    if rows.spans == 0 {
        return;
    }
    let _ = writeln!(text, "{what}: {} spans", rows.spans);
    for row in rows.rows.iter().take(TOLD_ROWS) {
        let _ = writeln!(text, "  {} of {} that began in second {}", row.spans, row.service, row.second);
    }
    if rows.rows.len() > TOLD_ROWS {
        let _ = writeln!(text, "  and {} other seconds of services", rows.rows.len() - TOLD_ROWS);
    }
}
