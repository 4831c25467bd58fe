//! What a run says of the machine and the clock: `run.json`, different every time.

use serde::{Deserialize, Serialize};

/// Machine, build and timings of one run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RunInfo {
    /// The command that replays the run.
    pub command: String,
    /// Version of doorbuster.
    pub version: String,
    /// Build profile.
    pub profile: String,
    /// Operating system and architecture.
    pub target: String,
    /// Threads that played.
    pub threads: u32,
    /// When the run began, in seconds since 1970.
    pub started_unix_s: u64,
    /// Wall-clock seconds spent playing.
    pub wall_s: f64,
    /// CPU seconds of the process, where the system says.
    pub cpu_s: Option<f64>,
    /// Most memory held, in bytes, where the system says.
    pub peak_memory_bytes: Option<u64>,
    /// Requests played.
    pub requests: u64,
    /// Spans made.
    pub spans: u64,
    /// Events of the engine.
    pub events: u64,
}
