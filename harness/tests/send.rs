//! `doorbuster send` into our own sink, over real sockets.

mod workbench;

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use workbench::{Folder, Told};

/// A shop that is soon played: one service that asks another.
const SHOP: &str = "\
services:
  edge:
    endpoints:
      open: {method: GET, route: /open, do: [{call: {endpoint: back.answer}}]}
  back:
    endpoints:
      answer: {do: [{compute: 1ms}]}
journeys:
  look: {weight: 1, steps: [{request: edge.open}]}
traffic: {poisson: 400/s}
duration: 13s
warmup: 0s
cells: {fleet: 2, play: 1}
";

/// A counting sink; it ends with the test.
struct Sink {
    child: Child,
    grpc: String,
    http: String,
}

impl Sink {
    fn start(folder: &Folder) -> Self {
        let mut command = folder.command();
        command.args(["sink", "--count", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the command was built");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut address = |door: &str| {
            let mut line = String::new();
            out.read_line(&mut line).expect("an address");
            format!("http://{}", line.trim().strip_prefix(door).expect("the door's name").trim())
        };
        let (grpc, http) = (address("grpc"), address("http"));
        Self { child, grpc, http }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was sent, as JSON. On a machine with much else to do it may be invalid, and has to say so.
fn sent(told: &Told, otherwise: i32) -> Value {
    let json: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|wrong| panic!("{wrong}: {told}"));
    let is_invalid = json["invalid"].as_array().is_some_and(|reasons| !reasons.is_empty());
    assert_eq!(told.code, Some(if is_invalid { 75 } else { otherwise }), "{told}");
    json
}

/// *Scenario*: a small shop for three seconds, over each protocol and compression, into a sink that counts.
///
/// *Guarantees*: all that was due is accepted, every span arrives once, and the two ends agree on every service and second.
#[test]
fn everything_that_is_sent_arrives() {
    let folder = Folder::new("send");
    folder.write("shop.yaml", SHOP);
    for (protocol, compression) in [("grpc", "none"), ("grpc", "zstd"), ("http", "gzip")] {
        let sink = Sink::start(&folder);
        let to = if protocol == "grpc" { &sink.grpc } else { &sink.http };
        let told = folder.doorbuster(&[
            "send",
            "./shop.yaml",
            "--to",
            to,
            "--protocol",
            protocol,
            "--compression",
            compression,
            "--for",
            "3s",
            "--counted-by",
            &sink.http,
            "--json",
        ]);
        let json = sent(&told, 0);
        assert_eq!(json["accepted"], json["due"], "{told}");
        assert_eq!(json["gaps"], Value::Array(Vec::new()), "{told}");
        assert!(json["spans"].as_u64() > Some(1_000), "{told}");
    }
}

/// *Scenario*: nobody at the address; a sink with another seed; half of the traces.
///
/// *Guarantees*: nothing counts as accepted that nobody took; a sink that knows other ids misses everything, by service; the head keeps about
/// its share.
#[test]
fn what_goes_wrong_is_told() {
    let folder = Folder::new("send-wrong");
    folder.write("shop.yaml", SHOP);
    let nobody = ["send", "./shop.yaml", "--to", "http://127.0.0.1:1", "--for", "2s", "--retry-for", "0s", "--json"];
    let told = folder.doorbuster(&nobody);
    let json = sent(&told, 99);
    assert_eq!(json["accepted"].as_u64(), Some(0), "{told}");
    let other = Sink::start(&folder);
    let told = folder.doorbuster(&[
        "send",
        "./shop.yaml",
        "--to",
        &other.grpc,
        "--for",
        "2s",
        "--seed",
        "5",
        "--counted-by",
        &other.http,
        "--json",
    ]);
    let json = sent(&told, 99);
    let missing =
        |service: &str| json["gaps"].as_array().is_some_and(|gaps| gaps.iter().any(|gap| gap["service"] == service));
    assert!(missing("edge") && missing("back"), "{told}");
    let sink = Sink::start(&folder);
    let told =
        folder.doorbuster(&["send", "./shop.yaml", "--to", &sink.grpc, "--for", "3s", "--head", "50%", "--json"]);
    let json = sent(&told, 0);
    let (kept, dropped) = (json["spans"].as_f64().unwrap_or(0.0), json["sampled_out"].as_f64().unwrap_or(0.0));
    let share = kept / (kept + dropped);
    assert!((0.4..0.6).contains(&share), "{share}: {told}");
}

/// *Scenario*: a machine that is not this one, a rate above the ceiling, a closed loop with a rate, a plan only.
///
/// *Guarantees*: nothing is sent, the cure is told, and the exit codes are those of bad input (78) and of success.
#[test]
fn nothing_is_loaded_by_a_slip() {
    let folder = Folder::new("send-slip");
    folder.write("shop.yaml", SHOP);
    let told = folder.doorbuster(&["send", "./shop.yaml", "--to", "http://192.0.2.1:4317"]).ends_with(78);
    assert!(told.stderr.contains("--yes-load 192.0.2.1"), "{told}");
    let told =
        folder.doorbuster(&["send", "./shop.yaml", "--to", "http://127.0.0.1:1", "--ceiling", "10/s"]).ends_with(78);
    assert!(told.stderr.contains("ceiling"), "{told}");
    let told =
        folder.doorbuster(&["send", "./shop.yaml", "--to", "http://192.0.2.1", "--yes-load", "192.0.2.1", "--dry-run"]);
    assert!(told.ends_with(0).stdout.contains("nothing was sent"));
}
