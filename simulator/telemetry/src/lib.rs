//! Span shapes (semantic conventions live here), records, SDK batching, observations and the OTLP encoders
//! of spans, logs and metrics.
//!
//! Owns everything between "a span has ended" and "these are its bytes". Refuses I/O, async and wall clocks.

pub mod conventions;
pub mod encode;
pub mod fingerprint;
pub mod head;
pub mod logs;
pub mod metrics;
pub mod observed;
pub mod record;
pub mod resource;
pub mod sdk;
pub mod shapes;
pub mod tally;
pub mod templates;
