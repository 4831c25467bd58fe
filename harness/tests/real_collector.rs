//! `doorbuster send` through a real OpenTelemetry Collector into our counting sink: its decoder is not ours, and must accept all we make.
//!
//! The collector is built by `.ci/peers`. Without it these tests say so and hold nothing; with `DOORBUSTER_NEEDS_PEERS=1` they fail.

mod workbench;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use workbench::{Folder, LONGEST_RUN, Told, gather, number, wait};

/// A shop that is soon played and now and then fails, so that there are spans, metrics and logs.
const SHOP: &str = "\
services:
  edge:
    endpoints:
      open: {method: GET, route: /open, do: [{call: {endpoint: back.answer}}]}
  back:
    endpoints:
      answer: {do: [{compute: 1ms}, {fail: {probability: 10%, error: broken}}]}
journeys:
  look: {weight: 1, steps: [{request: edge.open}]}
traffic: {poisson: 400/s}
duration: 13s
warmup: 0s
cells: {fleet: 2, play: 1}
";

/// How long a collector may take to listen, and telemetry to come through it, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The collector, or a word on why it is not there.
fn collector() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers/otelcol"));
    if path.exists() {
        return Some(path);
    }
    let is_needed = std::env::var("DOORBUSTER_NEEDS_PEERS").is_ok_and(|value| value == "1");
    assert!(!is_needed, "there is no {}: build it with .ci/peers", path.display());
    let word = format!("SKIPPED: there is no {}: build it with .ci/peers\n", path.display());
    // Not through the macro, which the test runner swallows.
    let _ = std::io::stderr().write_all(word.as_bytes());
    None
}

/// A counting sink; it ends with the test.
struct Sink {
    child: Child,
    grpc: SocketAddr,
    http: SocketAddr,
}

impl Sink {
    fn start(folder: &Folder) -> Self {
        let mut command = folder.command();
        command.args(["sink", "--count", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the command was built");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut address = |door: &str| -> SocketAddr {
            let mut line = String::new();
            out.read_line(&mut line).expect("an address");
            line.trim().strip_prefix(door).expect("the door's name").trim().parse().expect("an address")
        };
        let (grpc, http) = (address("grpc"), address("http"));
        Self { child, grpc, http }
    }

    /// What it counted up to now.
    fn counted(&self) -> Value {
        let mut stream = TcpStream::connect(self.http).expect("it listens");
        stream.write_all(b"GET /record HTTP/1.1\r\nhost: sink\r\nconnection: close\r\n\r\n").expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an end of headers");
        let record: Value = serde_json::from_slice(&answer[end + 4..]).expect("JSON");
        record["counted"].clone()
    }

    /// What it counted, as soon as it has a number of items, or when patience is over.
    fn counted_from(&self, items: u64) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counted = self.counted();
            if arrived(&counted) >= items || Instant::now() >= deadline {
                return counted;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Items of all three signals, as the sender counts them.
fn arrived(counted: &Value) -> u64 {
    ["spans", "points", "log_records"].iter().map(|&kind| integer(&counted[kind])).sum()
}

fn integer(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

/// What lies between a collector's receiver and its exporter.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Nothing: a request is answered when the sink has answered, so whatever is accepted has arrived.
    Direct,
    /// What collectors have: a batch processor and the exporter's queue. A request is answered before it has gone on.
    Queued,
}

/// A collector on ports of its own; it ends with the test.
struct Collector {
    child: Child,
    program: PathBuf,
    config: PathBuf,
    grpc: SocketAddr,
    http: SocketAddr,
}

impl Collector {
    fn start(program: PathBuf, folder: &Folder, way: Way, sink: &Sink) -> Self {
        let (grpc, http) = (free_port(), free_port());
        let (processors, queue) = match way {
            Way::Direct => ("[]", "{enabled: false}"),
            Way::Queued => ("[batch]", "{enabled: true}"),
        };
        let pipeline = format!("{{receivers: [otlp], processors: {processors}, exporters: [otlp]}}");
        let config = format!(
            "\
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '{grpc}', max_recv_msg_size_mib: 16}}, http: {{endpoint: '{http}'}}}}}}}}
processors: {{batch: {{timeout: 200ms}}}}
exporters: {{otlp: {{endpoint: '{}', tls: {{insecure: true}}, sending_queue: {queue}}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {pipeline}, metrics: {pipeline}, logs: {pipeline}}}
",
            sink.grpc
        );
        folder.write("collector.yaml", config);
        let config = folder.path("collector.yaml");
        let child = Self::run(&program, &config);
        let mut collector = Self { child, program, config, grpc, http };
        collector.await_doors();
        collector
    }

    fn run(program: &PathBuf, config: &PathBuf) -> Child {
        let mut command = Command::new(program);
        command.arg("--config").arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().expect("it was built for this machine")
    }

    /// Waits until both ports take connections; fails with the collector's own words if it ends.
    fn await_doors(&mut self) {
        let told = gather(self.child.stderr.take());
        let deadline = Instant::now() + PATIENCE;
        while [self.grpc, self.http].iter().any(|door| TcpStream::connect(door).is_err()) {
            let has_ended = self.child.try_wait().expect("it is our child").is_some();
            if has_ended || Instant::now() >= deadline {
                let _ = self.child.kill();
                let told = told.join().expect("reading does not panic");
                panic!("the collector does not listen:\n{}", String::from_utf8_lossy(&told));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Takes requests no more, and answers none, but keeps its connections: whatever is sent from now on stays under way.
    fn halt(&self) {
        let told = Command::new("kill").args(["-STOP", &self.child.id().to_string()]).status();
        assert!(told.expect("there is a `kill`").success());
    }

    /// Ends at once, as a machine does: without an answer to what is under way.
    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is our child");
    }

    fn start_again(&mut self) {
        self.child = Self::run(&self.program, &self.config);
        self.await_doors();
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    listener.local_addr().expect("it is bound")
}

/// What was sent, as JSON. On a machine with much else to do it may be invalid, and has to say so.
fn sent(told: &Told, otherwise: i32) -> Value {
    let json: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|wrong| panic!("{wrong}: {told}"));
    let is_invalid = json["invalid"].as_array().is_some_and(|reasons| !reasons.is_empty());
    assert_eq!(told.code, Some(if is_invalid { 75 } else { otherwise }), "{told}");
    json
}

/// *Scenario*: twelve seconds of a small shop in three (metrics come every ten), over each protocol and compression, to a real collector that hands each request on at once.
///
/// *Guarantees*: it accepts all that was due, of all three signals; every span arrives once behind it, and sender and sink agree on every
/// service and second.
#[test]
fn a_real_collector_accepts_all() {
    let Some(program) = collector() else { return };
    let folder = Folder::new("real");
    folder.write("shop.yaml", SHOP);
    for (protocol, compression) in [("grpc", "none"), ("grpc", "zstd"), ("http", "gzip")] {
        let sink = Sink::start(&folder);
        let collector = Collector::start(program.clone(), &folder, Way::Direct, &sink);
        let to = if protocol == "grpc" { collector.grpc } else { collector.http };
        let (to, counted_by) = (format!("http://{to}"), format!("http://{}", sink.http));
        let mut args = vec!["send", "./shop.yaml", "--to", &to, "--for", "12s", "--json", "--counted-by", &counted_by];
        args.extend(["--speed", "4", "--protocol", protocol, "--compression", compression]);
        let told = folder.doorbuster(&args);
        let json = sent(&told, 0);
        assert_eq!(json["accepted"], json["due"], "{told}");
        assert_eq!(json["gaps"], Value::Array(Vec::new()), "{told}");
        let counted = sink.counted();
        assert_eq!(counted["spans"], json["spans"], "{told}");
        assert_eq!(arrived(&counted), integer(&json["due"]), "{told}");
        for kind in ["spans", "points", "log_records"] {
            assert!(number(&counted[kind]) > 10.0, "{kind} over {protocol}: {}", counted[kind]);
        }
    }
}

/// *Scenario*: the same, to a collector with a batch processor and a queue, which answers before anything has gone on.
///
/// *Guarantees*: once it has gone on, everything is there: every span once, none damaged, none that is not the run's.
#[test]
fn a_collectors_batches_lose_nothing() {
    let Some(program) = collector() else { return };
    let folder = Folder::new("real-batches");
    folder.write("shop.yaml", SHOP);
    let sink = Sink::start(&folder);
    let collector = Collector::start(program, &folder, Way::Queued, &sink);
    let told = folder.doorbuster(&[
        "send",
        "./shop.yaml",
        "--to",
        &format!("http://{}", collector.grpc),
        "--for",
        "3s",
        "--json",
    ]);
    let json = sent(&told, 0);
    assert_eq!(json["accepted"], json["due"], "{told}");
    let counted = sink.counted_from(integer(&json["due"]));
    assert_eq!(arrived(&counted), integer(&json["due"]), "{told}");
    // The sink inverts ids, so as many of ours as were sent, none of them twice, are all of them.
    assert_eq!(counted["ours"], json["spans"], "{told}");
    assert_eq!(integer(&counted["duplicates"]["spans"]), 0, "{told}");
    assert_eq!(integer(&counted["foreign_spans"]), 0, "{told}");
    assert_eq!(integer(&counted["corrupt"]["bodies"]), 0, "{told}");
}

/// *Scenario*: the collector stops in mid-sending, is killed with requests under way, is away for a second, and comes back at the same
/// address.
///
/// *Guarantees*: the sender ends by itself, has tried again, has delivered after the gap, and has counted each item that was due in one way;
/// whatever it says was accepted has arrived.
#[test]
fn a_collector_that_dies_and_comes_back_is_survived() {
    let Some(program) = collector() else { return };
    let folder = Folder::new("real-death");
    folder.write("shop.yaml", SHOP);
    let sink = Sink::start(&folder);
    let mut collector = Collector::start(program, &folder, Way::Direct, &sink);
    let mut command = folder.command();
    command.args(["send", "./shop.yaml", "--to", &format!("http://{}", collector.grpc), "--for", "10s", "--json"]);
    command.args(["--timeout", "2s", "--retry-for", "20s"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut sender = command.spawn().expect("the command was built");
    let (stdout, stderr) = (gather(sender.stdout.take()), gather(sender.stderr.take()));
    assert!(arrived(&sink.counted_from(500)) >= 500, "nothing came before the death");
    collector.halt();
    // Long enough for requests to be under way, and less than their timeout.
    std::thread::sleep(Duration::from_millis(1_200));
    collector.kill();
    std::thread::sleep(Duration::from_secs(1));
    let before = arrived(&sink.counted());
    collector.start_again();
    let code = wait(&mut sender, LONGEST_RUN);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let told = text(stderr.join().expect("reading does not panic"));
    let json = text(stdout.join().expect("reading does not panic"));
    assert!(matches!(code, Some(0 | 75 | 99)), "{code:?}: {json}{told}");
    let json: Value = serde_json::from_str(&json).unwrap_or_else(|wrong| panic!("{wrong}: {json}{told}"));
    let failed: u64 = json["failed"].as_object().expect("by cause").values().map(integer).sum();
    let counted_ways = ["accepted", "rejected", "unanswered", "not_sent"].iter().map(|&way| integer(&json[way]));
    assert_eq!(counted_ways.sum::<u64>() + failed, integer(&json["due"]), "{json}");
    assert!(integer(&json["retried"]) > 0, "{json}");
    let counted = sink.counted();
    assert!(arrived(&counted) > before, "nothing came after the death: {json}");
    assert!(arrived(&counted) >= integer(&json["accepted"]), "accepted, and not there: {json}");
    let once = integer(&counted["ours"]) - integer(&counted["duplicates"]["spans"]);
    assert!(once <= integer(&json["spans"]), "{once} spans of {}", json["spans"]);
}
