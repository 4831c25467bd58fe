//! What a sink says of what arrived, as JSON.
//!
//! Owns the format that the sender and scripts read. Refuses figures that were not counted: they are left out, not 0.

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

impl Record {
    /// As one line of JSON.
    pub(crate) fn to_json(&self) -> String {
        let mut text = serde_json::to_string(self).expect("invariant: a record has a JSON form");
        text.push('\n');
        text
    }
}
