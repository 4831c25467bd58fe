//! Delivery against real servers on loopback: the official one, and small ones that misbehave.
//!
//! No test holds a duration against a bound: times here are only nets below.

mod answers;
mod connections;
mod official;
mod schedule;
mod server;
mod told;

use super::*;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

/// Far longer than anything here takes.
const NET: Duration = Duration::from_secs(60);

/// Settings for one server on loopback, with short waits.
fn settings(protocol: Protocol, ports: &[u16]) -> Settings {
    let endpoints =
        ports.iter().map(|port| Endpoint::parse(&format!("http://127.0.0.1:{port}"), protocol).unwrap()).collect();
    Settings { connections: 1, retry_window: NET, timeout: NET, ..Settings::new(protocol, endpoints) }
}

/// A request of so many spans, each with `name`.
fn request(name: &str, spans: usize) -> ExportTraceServiceRequest {
    let span = |number: usize| Span {
        trace_id: vec![1; 16],
        span_id: (number as u64 + 1).to_be_bytes().to_vec(),
        name: name.to_owned(),
        ..Span::default()
    };
    let scope = ScopeSpans { spans: (0..spans).map(span).collect(), ..ScopeSpans::default() };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() }],
    }
}

/// A body of so many spans that is due now.
fn body(name: &str, spans: usize) -> Body {
    Body {
        signal: Signal::Traces,
        bytes: request(name, spans).encode_to_vec().into(),
        items: spans as u64,
        due: Instant::now(),
        endpoint: None,
    }
}

/// The end of a delivery, once all bodies have theirs.
fn finish(delivery: Delivery) -> Outcome {
    let outcome = delivery.finish(NET);
    assert!(outcome.counts.is_conserved(), "{:#?}", outcome.counts);
    outcome
}

/// Waits for something that will be.
fn wait_until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < NET, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(2));
    }
}
