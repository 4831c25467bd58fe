//! `doorbuster sink` over real sockets: official clients, raw requests, its record.

mod workbench;

use bytes::Bytes;
use doorbuster_model::ids::{Ids, trace_number};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tonic::codec::CompressionEncoding;
use workbench::{Folder, LONGEST_RUN, wait};

const SEED: u64 = 7;
const TRACE_PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A sink that runs until the test ends.
struct Sink {
    child: Child,
    out: BufReader<ChildStdout>,
    grpc: SocketAddr,
    http: SocketAddr,
    _folder: Folder,
}

impl Sink {
    fn start(args: &[&str]) -> Self {
        let folder = Folder::new("sink");
        let mut command = folder.command();
        command.args(["sink", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]).args(args);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the command was built");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut address = |door: &str| -> SocketAddr {
            let mut line = String::new();
            out.read_line(&mut line).expect("an address");
            line.trim().strip_prefix(door).expect("the door's name").trim().parse().expect("an address")
        };
        let (grpc, http) = (address("grpc"), address("http"));
        Self { child, out, grpc, http, _folder: folder }
    }

    fn record(&self) -> Value {
        let (status, body) = http(self.http, "GET", "/record", "", b"");
        assert_eq!(status, 200);
        serde_json::from_slice(&body).expect("JSON")
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request of HTTP/1.1; status and body.
fn http(address: SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: sink\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.write_all(body).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an end of headers");
    let status = String::from_utf8_lossy(&answer[9..12]).parse().expect("a status");
    (status, answer[end + 4..].to_vec())
}

/// One request of gRPC with a body as it is; its status.
async fn grpc(address: SocketAddr, path: &str, body: Vec<u8>) -> String {
    let stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://sink{path}"))
        .header("content-type", "application/grpc")
        .body(Full::new(Bytes::from(body)))
        .expect("a request");
    let answer = sender.send_request(request).await.expect("an answer");
    let status =
        |headers: &http::HeaderMap| headers.get("grpc-status").map(|value| value.to_str().expect("ASCII").to_owned());
    let at_once = status(answer.headers());
    let trailers = answer.into_body().collect().await.expect("a body").trailers().cloned().unwrap_or_default();
    at_once.or_else(|| status(&trailers)).expect("a status")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Spans of one service that end now, a trace each.
fn request(service: &str, seed: u64, sequences: std::ops::Range<u64>) -> ExportTraceServiceRequest {
    let ids = Ids::new(seed);
    let now_unix_ns = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64;
    let span = |sequence| Span {
        trace_id: ids.trace_id(0, sequence, 0).to_be_bytes().to_vec(),
        span_id: ids.span_id(trace_number(0, sequence), 0).to_be_bytes().to_vec(),
        name: "checkout".to_owned(),
        start_time_unix_nano: now_unix_ns - 1_000_000,
        end_time_unix_nano: now_unix_ns,
        ..Span::default()
    };
    let value = AnyValue { value: Some(any_value::Value::StringValue(service.to_owned())) };
    let attributes = vec![KeyValue { key: "service.name".to_owned(), value: Some(value), ..KeyValue::default() }];
    let scope = ScopeSpans { spans: sequences.map(span).collect(), ..ScopeSpans::default() };
    let resource = Resource { attributes, ..Resource::default() };
    let resource_spans =
        vec![ResourceSpans { resource: Some(resource), scope_spans: vec![scope], ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

/// A message with gRPC's prefix.
fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend((message.len() as u32).to_be_bytes());
    bytes.extend(message);
    bytes
}

/// *Scenario*: the official client of OTLP/gRPC, plain, with gzip, with zstd; then the last batch again, and one of another seed.
///
/// *Guarantees*: all are taken; spans, traces, duplicates and foreign spans are told, with their service.
#[test]
fn the_official_client_is_understood() {
    let sink = Sink::start(&["--count", "--seed", "7", "--threads", "2"]);
    runtime().block_on(async {
        let client = TraceServiceClient::connect(format!("http://{}", sink.grpc)).await.expect("it listens");
        for (compression, from) in
            [(None, 0), (Some(CompressionEncoding::Gzip), 100), (Some(CompressionEncoding::Zstd), 200)]
        {
            let mut client = client.clone();
            if let Some(compression) = compression {
                client = client.send_compressed(compression);
            }
            let answer = client.export(request("order", SEED, from..from + 100)).await.expect("it is taken");
            assert_eq!(answer.into_inner().partial_success, None);
        }
        let mut client = client;
        client.export(request("order", SEED, 200..300)).await.expect("it is taken");
        client.export(request("elsewhere", SEED + 1, 0..5)).await.expect("it is taken");
    });
    let record = sink.record();
    assert_eq!(record["requests"]["traces"], 5, "{record}");
    let counted = &record["counted"];
    assert_eq!(counted["spans"], 405, "{record}");
    assert_eq!((&counted["ours"], &counted["traces"]), (&400.into(), &300.into()), "{record}");
    assert_eq!(counted["duplicates"]["spans"], 100, "{record}");
    assert_eq!(counted["duplicates"]["rows"][0]["service"], "order", "{record}");
    assert_eq!(counted["foreign"], serde_json::json!([{"service": "elsewhere", "spans": 5}]));
    assert_eq!((&counted["late"]["spans"], &counted["corrupt"]["bodies"]), (&0.into(), &0.into()), "{record}");
}

/// *Scenario*: OTLP/HTTP, plain and with gzip; a damaged body, JSON, a wrong path; then `POST /reset`.
///
/// *Guarantees*: 200 for the first two, 400, 415 and 404 for the others; the record has each, and is empty after the reset.
#[test]
fn http_with_protobuf_is_understood() {
    let sink = Sink::start(&["--count", "--seed", "7", "--late-after", "0s"]);
    let post = |path, headers: &str, body: &[u8]| http(sink.http, "POST", path, headers, body).0;
    let protobuf = "content-type: application/x-protobuf\r\n";
    let body = request("order", SEED, 0..50).encode_to_vec();
    assert_eq!(post("/v1/traces", protobuf, &body), 200);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&request("user", SEED, 50..90).encode_to_vec()).expect("memory");
    let gzip = gzip.finish().expect("memory");
    let compressed = format!("{protobuf}content-encoding: gzip\r\n");
    assert_eq!(post("/v1/traces", &compressed, &gzip), 200);
    assert_eq!(post("/v1/traces", &compressed, &gzip[..gzip.len() - 9]), 400);
    assert_eq!(post("/v1/traces", protobuf, &body[..body.len() - 1]), 400);
    assert_eq!(post("/v1/traces", "content-type: application/json\r\n", b"{}"), 415);
    assert_eq!(post("/v1/traces", "content-encoding: br\r\n", b""), 415);
    assert_eq!(post("/v1/spans", protobuf, &body), 404);
    let record = sink.record();
    let counted = &record["counted"];
    assert_eq!((&record["requests"]["traces"], &record["refused"]), (&2.into(), &5.into()), "{record}");
    assert_eq!((&counted["spans"], &counted["corrupt"]["bodies"]), (&90.into(), &2.into()), "{record}");
    assert_eq!(counted["corrupt"]["first"][1]["services"], serde_json::json!(["order"]), "{record}");
    // Nothing arrives in the moment of its end.
    assert_eq!(counted["late"]["spans"], 90, "{record}");
    assert_eq!(post("/reset", "", b""), 200);
    let record = sink.record();
    assert_eq!((&record["bytes"], &record["counted"]["spans"]), (&0.into(), &0.into()), "{record}");
}

/// *Scenario*: gRPC bodies that are shorter and longer than announced, shorter than a prefix; an unknown method.
///
/// *Guarantees*: INVALID_ARGUMENT for each body, which is corrupt, and nothing of it counted; UNIMPLEMENTED for the method.
#[test]
fn a_body_shorter_than_announced_is_corrupt() {
    let sink = Sink::start(&["--count", "--seed", "7"]);
    // The cut falls between two resources, where protobuf alone sees nothing wrong.
    let message = [request("order", SEED, 0..3), request("user", SEED, 3..6)].map(|half| half.encode_to_vec());
    let whole = framed(&message.concat());
    runtime().block_on(async {
        let between = whole.len() - message[1].len();
        assert_eq!(grpc(sink.grpc, TRACE_PATH, whole[..between].to_vec()).await, "3");
        assert_eq!(grpc(sink.grpc, TRACE_PATH, [whole.as_slice(), b"x"].concat()).await, "3");
        assert_eq!(grpc(sink.grpc, TRACE_PATH, vec![0; 4]).await, "3");
        assert_eq!(grpc(sink.grpc, "/x/Export", whole.clone()).await, "12");
        assert_eq!(grpc(sink.grpc, TRACE_PATH, whole.clone()).await, "0");
    });
    let record = sink.record();
    let corrupt = &record["counted"]["corrupt"];
    assert_eq!((&corrupt["bodies"], &record["counted"]["spans"]), (&3.into(), &6.into()), "{record}");
    let cause = corrupt["first"][0]["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("shorter than announced"), "{record}");
    assert_eq!(corrupt["first"][0]["services"], serde_json::json!(["order"]), "{record}");
}

/// *Scenario*: a null sink takes what is no message, over both doors; a body is broken off; Ctrl-C.
///
/// *Guarantees*: requests and bytes are counted, nothing is looked into; exit code 0, and the record is told in words.
#[cfg(unix)]
#[test]
fn a_null_sink_counts_requests_and_bytes() {
    let mut sink = Sink::start(&[]);
    let noise = vec![0xff; 300_000];
    assert_eq!(http(sink.http, "POST", "/v1/logs", "", &noise).0, 200);
    runtime().block_on(async {
        assert_eq!(grpc(sink.grpc, TRACE_PATH, noise.clone()).await, "0");
    });
    let mut stream = TcpStream::connect(sink.http).expect("it listens");
    stream.write_all(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc").expect("it reads");
    drop(stream);
    let mut record = sink.record();
    // When the sink hears of it is the system's affair.
    while record["broken_off"] == 0 {
        std::thread::sleep(Duration::from_millis(5));
        record = sink.record();
    }
    assert_eq!(record["requests"], serde_json::json!({"traces": 1, "metrics": 0, "logs": 1}), "{record}");
    assert_eq!((&record["bytes"], &record["counted"]), (&600_003.into(), &Value::Null), "{record}");
    let killed = std::process::Command::new("kill").args(["-INT", &sink.child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success());
    assert_eq!(wait(&mut sink.child, LONGEST_RUN), Some(0));
    let mut told = String::new();
    sink.out.read_to_string(&mut told).expect("UTF-8");
    assert!(told.contains("1 with spans, 0 with points, 1 with log records; 600003 bytes"), "{told}");
}

/// *Scenario*: a slow sink, and one that ends by itself and writes its record.
///
/// *Guarantees*: the slow one takes everything; the file and `--json` have the same format, and addresses do not stand in it.
#[test]
fn a_sink_ends_by_itself_and_writes_its_record() {
    let sink = Sink::start(&["--slow", "1M/s"]);
    assert_eq!(http(sink.http, "POST", "/v1/metrics", "", &[0; 100_000]).0, 200);
    assert_eq!(sink.record()["bytes"], 100_000);
    let folder = Folder::new("sink-ends");
    let any = ["sink", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--for", "50ms", "--json", "--out", "r.json"];
    let told = folder.doorbuster(&any).ends_with(0);
    let printed: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!((&printed["version"], &printed), (&1.into(), &folder.json("r.json")));
    assert!(told.stderr.starts_with("grpc 127.0.0.1:"), "{told}");
}

/// *Scenario*: an address that other machines reach; one that is taken; a pace at which nothing is read.
///
/// *Guarantees*: exit codes 78, 75 and 78, with the cure.
#[test]
fn bad_addresses_are_refused() {
    let folder = Folder::new("sink-bad");
    let told = folder.doorbuster(&["sink", "--grpc", "0.0.0.0:0", "--for", "1ms"]).ends_with(78);
    assert!(told.stderr.contains("--expose"), "{told}");
    let taken = Sink::start(&[]);
    let told = folder.doorbuster(&["sink", "--grpc", &taken.grpc.to_string(), "--for", "1ms"]).ends_with(75);
    assert!(told.stderr.contains("cannot listen on") && told.stderr.contains("port 0"), "{told}");
    let told = folder.doorbuster(&["sink", "--slow", "0/s", "--for", "1ms"]).ends_with(78);
    assert!(told.stderr.contains("--slow"), "{told}");
}

/// *Scenario*: 4 GB of bodies of 1 MB over one connection of HTTP/2, eight under way, to a null sink and to a counting one whose
/// bodies have spans of 350 bytes. `cargo test --release --test sink -- --ignored --nocapture`
///
/// *Guarantees*: every body is taken; what the sink's process cost is printed, and nothing is demanded of it.
#[test]
#[ignore = "a measurement, for a machine that is quiet"]
#[allow(clippy::print_stderr, reason = "it is there for what it prints")]
fn what_a_million_spans_cost() {
    const SPAN_BYTES: usize = 350;
    const BODY_SPANS: u64 = 3_000;
    const BODIES: u64 = 4_000;
    for args in [&[][..], &["--count", "--seed", "7"]] {
        let sink = Sink::start(args);
        runtime().block_on(async {
            let stream = tokio::net::TcpStream::connect(sink.grpc).await.expect("it listens");
            let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
                .max_frame_size(1 << 20)
                .max_send_buf_size(16 << 20)
                .handshake(TokioIo::new(stream))
                .await
                .expect("HTTP/2");
            tokio::spawn(connection);
            let mut tasks = Vec::new();
            for lane in 0..8 {
                let mut sender = sender.clone();
                tasks.push(tokio::spawn(async move {
                    // The same body again and again: its spans are duplicates, which cost a little less than new ones.
                    let mut request = request("order", SEED, lane * BODY_SPANS..(lane + 1) * BODY_SPANS);
                    let empty = request.resource_spans[0].scope_spans[0].spans[0].encoded_len();
                    for span in &mut request.resource_spans[0].scope_spans[0].spans {
                        let text =
                            |length| Some(AnyValue { value: Some(any_value::Value::StringValue("v".repeat(length))) });
                        let attribute =
                            |length| KeyValue { key: "k".repeat(10), value: text(length), ..KeyValue::default() };
                        span.attributes = (0..7).map(|_| attribute((SPAN_BYTES - empty) / 7 - 20)).collect();
                    }
                    let body = Bytes::from(framed(&request.encode_to_vec()));
                    for _ in 0..BODIES / 8 {
                        let request = http::Request::post(format!("http://sink{TRACE_PATH}"))
                            .body(Full::new(body.clone()))
                            .expect("a request");
                        let answer = sender.send_request(request).await.expect("an answer");
                        answer.into_body().collect().await.expect("a body");
                    }
                }));
            }
            for task in tasks {
                task.await.expect("no panic");
            }
        });
        let record = sink.record();
        assert_eq!(record["requests"]["traces"], BODIES, "{record}");
        let (bytes, cpu_s) = (record["bytes"].as_f64().expect("a number"), record["cpu_s"].as_f64().expect("a number"));
        let spans = (BODIES * BODY_SPANS) as f64;
        let memory = record["peak_memory_bytes"].as_f64().unwrap_or_default() / 1e6;
        eprintln!(
            "{args:?}: {:.0} bytes a span, {:.3} CPU s per million spans, {memory:.0} MB",
            bytes / spans,
            cpu_s / spans * 1e6
        );
    }
}
