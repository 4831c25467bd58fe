//! A trace that stands for others, as a tree of spans.
//!
//! Owns those types. Refuses record and plan: names and times are written out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A trace that stands for others of its endpoint and window, as it reached the sink.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Exemplar {
    /// The window it stands for: `before`, `during` and `after`, or `run` without a fault.
    pub window: String,
    /// The endpoint that was asked, as `service.endpoint`.
    pub edge: String,
    /// Its trace id, as 32 hex digits.
    pub trace_id: String,
    /// When it began, in virtual seconds from the start of the run.
    pub at_s: f64,
    /// From the start to the end of its root.
    pub duration_s: f64,
    /// How its root ended: a name as in [`super::EndpointStats::failed`], or `ok`.
    pub outcome: String,
    /// Why it was chosen, in words.
    pub chosen: String,
    /// Sampled traces of the endpoint in this window that are like it.
    pub alike: u64,
    /// Sampled traces of the endpoint in this window. A request that finds the accept queue full leaves none.
    pub sampled: u64,
    /// Spans of it that reached the sink.
    pub spans_arrived: u64,
    /// Those of them that are not in `spans`.
    pub spans_left_out: u64,
    /// Its spans, each after its parent, brothers in the order of their start.
    pub spans: Vec<ExemplarSpan>,
}

/// A span of an exemplar.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct ExemplarSpan {
    /// Its name.
    pub name: String,
    /// The service that made it.
    pub service: String,
    /// `server` or `client`.
    pub kind: String,
    /// Steps from the root; 0 is the root itself.
    pub depth: u32,
    /// Place of its parent in the list; null for the root.
    pub parent: Option<u32>,
    /// Whether its own parent had not reached the sink, so that it hangs under the next span above that is known.
    #[serde(default)]
    pub detached: bool,
    /// From the start of the root to its own.
    pub start_s: f64,
    /// From its start to its end.
    pub duration_s: f64,
    /// How it ended: a name as in [`super::EndpointStats::failed`], or `ok`.
    pub outcome: String,
    /// Whether its status is an error.
    pub error: bool,
    /// Which try it is, from 1.
    pub attempt: u32,
    /// Attributes worth reading, in order: the statement, the error's type, the exception.
    pub attributes: Vec<(String, String)>,
    /// Spans below it that are not in the list.
    #[serde(default)]
    pub left_out: u64,
}
