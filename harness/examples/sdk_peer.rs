//! The Rust SDK as a load generator, for `docs/head-to-head.sh`: trees of 12 spans through its batch processor to OTLP/gRPC.
//!
//!     cargo run --release -p doorbuster --example sdk_peer -- http://127.0.0.1:4317 10 [SPANS_PER_S]
//!
//! All settings are the SDK's defaults. Without a rate it makes spans as fast as it goes, and drops what its queue does not hold; it says
//! only what it made, and the sink says what came. Its allocator is the one that Doorbuster has.
#![allow(clippy::disallowed_types, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, reason = "it tells what it made")]

use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::error::Error;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Spans of a trace: a root and eleven below it, about what a request of the shop has.
const SPANS_OF_TRACE: u64 = 12;
/// How often a paced run makes what is due: small against the SDK's queue of 2,048 spans.
const PACE: Duration = Duration::from_millis(2);

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: sdk_peer URL SECONDS [SPANS_PER_S]";
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or(usage)?;
    let length = Duration::from_secs_f64(args.next().ok_or(usage)?.parse()?);
    let spans_per_s: Option<f64> = args.next().map(|rate| rate.parse()).transpose()?;
    // The exporter's connection lives on this runtime; the batch processor has a thread of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let entered = runtime.enter();
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(url).build()?;
    let resource = Resource::builder().with_service_name("sdk-peer").build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let traces = make(&provider.tracer("sdk-peer"), length, spans_per_s);
    // It waits at most five seconds for what its queue still holds; what it loses then is seen at the sink.
    let end = provider.shutdown();
    println!("made {}", traces * SPANS_OF_TRACE);
    drop(entered);
    Ok(end?)
}

/// Makes traces for a time; returns how many.
fn make(tracer: &SdkTracer, length: Duration, spans_per_s: Option<f64>) -> u64 {
    let began = Instant::now();
    let mut made = 0;
    loop {
        let passed = began.elapsed();
        if passed >= length {
            return made;
        }
        match spans_per_s {
            None => {
                trace(tracer);
                made += 1;
            }
            Some(rate) => {
                let due = (passed.as_secs_f64() * rate / SPANS_OF_TRACE as f64) as u64;
                while made < due {
                    trace(tracer);
                    made += 1;
                }
                std::thread::sleep(PACE);
            }
        }
    }
}

/// One request: a server's span, and below it calls and statements with the attributes that instrumentations set.
fn trace(tracer: &SdkTracer) {
    let root = tracer
        .span_builder("POST /orders")
        .with_kind(SpanKind::Server)
        .with_attributes([
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("http.route", "/orders"),
            KeyValue::new("http.response.status_code", 200),
            KeyValue::new("url.scheme", "https"),
            KeyValue::new("url.path", "/orders"),
        ])
        .start(tracer);
    let context = Context::new().with_span(root);
    for number in 1..SPANS_OF_TRACE {
        let (name, kind) =
            if number % 2 == 0 { ("SELECT orders", SpanKind::Client) } else { ("reserve", SpanKind::Internal) };
        let child = tracer
            .span_builder(name)
            .with_kind(kind)
            .with_attributes([
                KeyValue::new("db.system.name", "mysql"),
                KeyValue::new("db.namespace", "shop"),
                KeyValue::new("db.operation.name", "SELECT"),
                KeyValue::new("db.query.text", "SELECT * FROM orders WHERE id = ?"),
                KeyValue::new("server.address", "orders-db"),
            ])
            .start_with_context(tracer, &context);
        // It ends here.
        drop(child);
    }
}
