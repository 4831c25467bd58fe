//! A record told to people.
//!
//! Owns a few lines on a terminal. Refuses to print them.

use super::record::Record;
use std::fmt::Write as _;

/// A record in a few lines.
pub(super) fn summary(record: &Record) -> String {
    let mut text = String::new();
    let requests = record.requests;
    let _ = writeln!(
        text,
        "received {} requests with spans, {} with metrics, {} with logs; {} bytes",
        requests.traces, requests.metrics, requests.logs, record.bytes
    );
    if record.refused + record.broken_off > 0 {
        let _ = writeln!(text, "refused {} requests; {} were broken off", record.refused, record.broken_off);
    }
    if let (Some(first), Some(last)) = (record.first_unix_ns, record.last_unix_ns) {
        let _ = writeln!(text, "the last came {:.1} s after the first", last.saturating_sub(first) as f64 / 1e9);
    }
    if let (Some(cpu_s), Some(bytes)) = (record.cpu_s, record.peak_memory_bytes) {
        let _ = writeln!(text, "cost {cpu_s:.2} CPU seconds; at most {} MiB of memory", bytes >> 20);
    }
    text
}
