//! What a sink says of what arrived, as JSON.
//!
//! Owns the format that the sender and scripts read. Refuses figures that were not counted: they are left out, not 0.

use doorbuster_telemetry::tally::{Heap, Tally};
use serde::{Deserialize, Serialize};

/// Version of the format.
pub(crate) const VERSION: u32 = 1;

/// What arrived since the sink started, or was reset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// [`VERSION`].
    pub(crate) version: u32,
    /// Requests that were taken whole and answered so.
    pub(crate) requests: BySignal,
    /// Requests that were answered with an error.
    pub(crate) refused: u64,
    /// Requests whose body did not come to its end.
    pub(crate) broken_off: u64,
    /// Bytes of bodies as they came: compressed or not, with gRPC's prefixes, of all three kinds of requests.
    pub(crate) bytes: u64,
    /// When the first request was taken, in nanoseconds since 1970; nothing if there was none.
    pub(crate) first_unix_ns: Option<u64>,
    /// When the last one was.
    pub(crate) last_unix_ns: Option<u64>,
    /// CPU seconds of this process, user and system, where the system says.
    pub(crate) cpu_s: Option<f64>,
    /// Most memory that this process held since it started, where the system says.
    pub(crate) peak_memory_bytes: Option<u64>,
    /// What a counting sink found; nothing from one that throws bodies away.
    pub(crate) counted: Option<Counted>,
}

/// A number for each signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BySignal {
    /// Requests with spans.
    pub(crate) traces: u64,
    /// Requests with metrics.
    pub(crate) metrics: u64,
    /// Requests with logs.
    pub(crate) logs: u64,
}

/// What a counting sink found in the requests that it took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// Seed of the run whose spans are ours.
    pub(crate) seed: u64,
    /// Bytes of messages, decompressed and without prefixes.
    pub(crate) decoded_bytes: u64,
    /// Spans in all, with duplicates and foreign ones.
    pub(crate) spans: u64,
    /// Spans of the run, with duplicates.
    pub(crate) ours: u64,
    /// Traces of the run of which anything arrived.
    pub(crate) traces: u64,
    /// Spans that are not the run's.
    pub(crate) foreign_spans: u64,
    /// The same by service; of very many services not all are listed.
    pub(crate) foreign: Vec<Foreign>,
    /// Spans of the run that had arrived before.
    pub(crate) duplicates: Rows,
    /// From which time after its end a span is late, in seconds.
    pub(crate) late_after_s: f64,
    /// Late spans of the run, duplicates apart.
    pub(crate) late: Rows,
    /// The longest time after its end that a late span arrived, in seconds.
    pub(crate) greatest_lateness_s: Option<f64>,
    /// Arrival after end of the run's spans, duplicates apart; nothing if there were none.
    pub(crate) lateness_s: Option<Lateness>,
    /// Bodies that nobody can read; nothing of them is counted above.
    pub(crate) corrupt: Corrupted,
    /// Points of metrics.
    pub(crate) points: u64,
    /// Log records.
    pub(crate) log_records: u64,
    /// The run's spans, duplicates apart.
    pub(crate) tally: Vec<TallyRow>,
}

/// Foreign spans of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Foreign {
    /// `service.name`.
    pub(crate) service: String,
    /// How many.
    pub(crate) spans: u64,
}

/// Spans by service and second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rows {
    /// How many in all.
    pub(crate) spans: u64,
    /// Where; past ten thousand rows no new ones are listed.
    pub(crate) rows: Vec<Row>,
}

/// Spans of one service that began in one second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// `service.name`.
    pub(crate) service: String,
    /// Second since 1970 in which they began.
    pub(crate) second: u64,
    /// How many.
    pub(crate) spans: u64,
}

/// Quantiles of a time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lateness {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

/// Bodies that nobody can read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Corrupted {
    /// How many.
    pub(crate) bodies: u64,
    /// The first of them.
    pub(crate) first: Vec<Unread>,
}

/// A body that nobody can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unread {
    /// Why.
    pub(crate) cause: String,
    /// Its bytes on the wire.
    pub(crate) bytes: u64,
    /// Services that are named in what can be read of it.
    pub(crate) services: Vec<String>,
}

/// A heap of a tally. The sums of ids are written in hexadecimal digits: JSON's numbers are too small for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TallyRow {
    /// `service.name`.
    pub(crate) service: String,
    /// Second since 1970 in which the spans began.
    pub(crate) second: u64,
    /// How many.
    pub(crate) spans: u64,
    /// Exclusive or of their trace ids.
    pub(crate) traces: String,
    /// Exclusive or of their span ids.
    pub(crate) ids: String,
}

impl TallyRow {
    /// A heap as it is written.
    pub(crate) fn of((service, second, heap): (&str, u64, Heap)) -> Self {
        let (traces, ids) = (format!("{:032x}", heap.traces), format!("{:016x}", heap.ids));
        Self { service: service.to_owned(), second, spans: heap.spans, traces, ids }
    }
}

impl Counted {
    /// The tally, to be held against the sender's; nothing if a sum is no hexadecimal number.
    pub(crate) fn to_tally(&self) -> Option<Tally> {
        let mut tally = Tally::default();
        for row in &self.tally {
            let traces = u128::from_str_radix(&row.traces, 16).ok()?;
            let ids = u64::from_str_radix(&row.ids, 16).ok()?;
            tally.put(&row.service, row.second, &Heap { spans: row.spans, traces, ids });
        }
        Some(tally)
    }
}

impl Record {
    /// As one line of JSON.
    pub(crate) fn to_json(&self) -> String {
        let mut text = serde_json::to_string(self).expect("invariant: a record has a JSON form");
        text.push('\n');
        text
    }
}
