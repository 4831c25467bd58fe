//! `doorbuster send` as a drill of a real team: where it begins, what it keeps to itself, what stops it, what is expected of it.

mod workbench;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;
use workbench::{Folder, LONGEST_RUN, Told, gather, wait};

/// A shop that is soon played: one service that asks another, which stops for a while.
const SHOP: &str = "\
title: A giveaway of a title
services:
  edge:
    endpoints:
      open: {method: GET, route: /open, do: [{call: {endpoint: back.answer}}]}
  back:
    endpoints:
      answer: {do: [{compute: 1ms}]}
journeys:
  look: {weight: 1, steps: [{request: edge.open}]}
traffic: {poisson: 200/s}
duration: 60s
warmup: 0s
cells: {fleet: 1, play: 1}
faults:
  secret_pauses: {change: {gc_pauses: {service: back, pause: 100ms, every: 1s}}, at: 33s, until: 35s}
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

fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("shop.yaml", SHOP);
    folder
}

fn sent(folder: &Folder, to: &str, args: &[&str]) -> Told {
    folder.doorbuster(&[&["send", "./shop.yaml", "--to", to], args].concat())
}

/// What was sent, as JSON. On a machine with much else to do it may be invalid, and has to say so.
fn json(told: &Told, otherwise: i32) -> Value {
    let json: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|wrong| panic!("{wrong}: {told}"));
    assert_eq!(told.code, Some(if is_invalid(&json) { 75 } else { otherwise }), "{told}");
    json
}

fn is_invalid(json: &Value) -> bool {
    json["invalid"].as_array().is_some_and(|reasons| !reasons.is_empty())
}

fn unix_ms(moment: &Value) -> u64 {
    moment["unix_ms"].as_u64().unwrap_or_else(|| panic!("{moment} has no time"))
}

/// *Scenario*: a scenario whose fault comes after 33 s, sent from 2 s before it on for 4 s, into a sink that counts.
///
/// *Guarantees*: only those seconds are sent, stamped with the time at which they are (the fault two seconds after the beginning, which is
/// after the command was called); both ends agree on every span, and none is stamped before that by more than what a span takes; the truth
/// is told.
#[test]
fn a_sending_begins_before_the_fault() {
    let folder = folder("drill-from");
    let sink = Sink::start(&folder);
    let called = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    let told =
        sent(&folder, &sink.grpc, &["--from", "2s-before-fault", "--for", "4s", "--counted-by", &sink.http, "--json"]);
    let json = json(&told, 0);
    assert_eq!((&json["gaps"], &json["accepted"]), (&Value::Array(Vec::new()), &json["due"]), "{told}");
    let requests = json["shop_requests"].as_u64().unwrap_or_default();
    assert!((500..=1_100).contains(&requests), "4 s of 200/s, and not 35 s of them: {requests}");
    let (truth, fault) = (&json["truth"], &json["truth"]["faults"][0]);
    assert_eq!(truth["began"]["scenario_s"].as_u64(), Some(31), "{told}");
    assert!(u128::from(unix_ms(&truth["began"])) >= called.as_millis(), "{told}");
    assert_eq!(unix_ms(&fault["injected"]), unix_ms(&truth["began"]) + 2_000, "{told}");
    assert_eq!(unix_ms(&fault["undone"]), unix_ms(&truth["began"]) + 4_000, "{told}");
    assert_eq!(
        (&fault["kind"], &fault["injected"]["played"]),
        (&Value::from("gc_pauses"), &Value::from(true)),
        "{told}"
    );
    assert!(folder.names(".").iter().all(|name| name != "truth.json"), "nobody asked for a file");
}

/// *Scenario*: the same drill, blind, in words; then once more.
///
/// *Guarantees*: not a word of scenario, fault or success is printed; the file holds the cause and the times; a second drill does not
/// overwrite it and sends nothing.
#[test]
fn a_blind_drill_keeps_its_secret() {
    let folder = folder("drill-blind");
    let sink = Sink::start(&folder);
    let args = ["--from", "1s-before-fault", "--for", "3s", "--blind", "--header", "api-key=hush"];
    let told = sent(&folder, &sink.grpc, &args);
    assert!(matches!(told.code, Some(0 | 75)), "{told}");
    let all = format!("{}{}", told.stdout, told.stderr).to_lowercase();
    for word in ["secret", "pause", "gc_", "shop.yaml", "giveaway", "success", "fault", "undone"] {
        assert!(!all.contains(word), "`{word}` is said: {told}");
    }
    assert!(all.contains("a blind drill"), "{told}");
    let truth = folder.json("truth.json");
    assert_eq!((&truth["scenario"], &truth["complete"]), (&Value::from("shop"), &Value::from(true)), "{truth}");
    assert_eq!(truth["faults"][0]["name"], "secret_pauses");
    let cause = &truth["faults"][0]["causes"][0];
    assert_eq!((&cause["service"], &cause["kind"]), (&Value::from("back"), &Value::from("gc_pauses")), "{truth}");
    let command = truth["command"].as_str().unwrap_or_default();
    assert!(command.contains("--blind") && !command.contains("hush"), "{command}");
    let before = folder.read("truth.json");
    let again = sent(&folder, &sink.grpc, &args).ends_with(78);
    assert!(again.stderr.contains("is there already") && again.stdout.is_empty(), "{again}");
    assert_eq!(folder.read("truth.json"), before);
    let json: Value = serde_json::from_str(
        &sent(&folder, &sink.grpc, &["--for", "2s", "--blind", "--truth", "other.json", "--json"]).stdout,
    )
    .expect("JSON");
    assert_eq!((&json["scenario"], &json["truth"]), (&Value::Null, &Value::Null), "{json}");
    assert_eq!(folder.json("other.json")["faults"][0]["injected"]["played"], false, "it ended before");
}

/// *Scenario*: a blind drill that is ended by Ctrl-C once its truth is there.
///
/// *Guarantees*: the truth is kept, and says that it is not complete.
#[test]
fn ctrl_c_leaves_the_truth() {
    let folder = folder("drill-ctrl-c");
    let sink = Sink::start(&folder);
    let mut command = folder.command();
    command.args(["send", "./shop.yaml", "--to", &sink.grpc, "--from", "30s", "--blind", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the command was built");
    let out = gather(child.stdout.take());
    let truth = folder.path("truth.json");
    while !truth.exists() && child.try_wait().expect("it is our child").is_none() {
        thread::sleep(Duration::from_millis(20));
    }
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-INT", &child.id().to_string()]).status().expect("there is a kill").success());
    assert_eq!(wait(&mut child, LONGEST_RUN), Some(75));
    let json: Value = serde_json::from_slice(&out.join().expect("it was read")).expect("JSON");
    assert!(json["invalid"].to_string().contains("ended early") && json["scenario"].is_null(), "{json}");
    let truth = folder.json("truth.json");
    assert_eq!((&truth["complete"], &truth["began"]["scenario_s"]), (&Value::from(false), &Value::from(30)), "{truth}");
    assert_eq!(truth["recovered"], Value::Null);
}

/// An endpoint of OTLP/HTTP that refuses everything for good; it ends with the process.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(|| refuse(stream)))));
    format!("http://{address}")
}

fn refuse(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}

/// *Scenario*: an endpoint that answers everything with 400, and a condition on failures beside ones that don't hold; then a sink that takes
/// everything, with the same conditions.
///
/// *Guarantees*: the sending ends long before its hour, with exit code 99, the condition and its value; the good sink is not deserted.
#[test]
fn a_condition_stops_it() {
    let folder = folder("drill-abort");
    let conditions = [
        "--abort-if",
        "lateness.p99>30s for 1s",
        "--abort-if",
        "failed>50% for 2s",
        "--abort-if",
        "rejected>0% for 1s",
    ];
    let bad = refusing();
    let args = [&["--protocol", "http", "--for", "1h", "--json"], &conditions[..]].concat();
    let told = sent(&folder, &bad, &args).ends_with(99);
    let json: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(json["aborted"]["condition"], "failed>50% for 2s", "{told}");
    assert!(json["aborted"]["value"].as_f64() > Some(50.0), "{told}");
    assert!(!json["invalid"].to_string().contains("ended early"), "{told}");
    let told = sent(&folder, &bad, &[&["--protocol", "http", "--for", "1h"], &conditions[..]].concat()).ends_with(99);
    assert!(told.stdout.contains("ABORTED") && told.stdout.contains("`failed>50% for 2s`"), "{told}");
    let sink = Sink::start(&folder);
    let told = sent(&folder, &sink.grpc, &[&["--for", "4s", "--json"], &conditions[..]].concat());
    assert_eq!(self::json(&told, 0)["aborted"], Value::Null, "{told}");
}

/// *Scenario*: expectations that hold at a good sink and at a bad endpoint, and ones that cannot hold.
///
/// *Guarantees*: each verdict is told; one that does not hold is exit code 99; failures that somebody expects are no fault.
#[test]
fn expectations_are_verdicts() {
    let folder = folder("drill-expect");
    let sink = Sink::start(&folder);
    let good = ["--expect", "ack.p99<=1h", "--expect", "accepted>=100%", "--for", "3s", "--json"];
    let told = sent(&folder, &sink.grpc, &good);
    let first = json(&told, 0);
    let status = if is_invalid(&first) { "invalid" } else { "pass" };
    assert_eq!((&first["verdicts"][0]["id"], &first["verdicts"][0]["bound"]), (&"ack.p99".into(), &"<=1h".into()));
    for verdict in first["verdicts"].as_array().expect("a list") {
        assert_eq!(verdict["status"], status, "{told}");
    }
    let told = sent(&folder, &sink.grpc, &["--expect", "answer.p99<1us", "--for", "3s", "--json"]);
    let second = json(&told, 99);
    assert!(matches!(second["verdicts"][0]["status"].as_str(), Some("fail" | "invalid")), "{told}");
    let bad = refusing();
    let told = sent(&folder, &bad, &["--protocol", "http", "--expect", "failed<=100%", "--for", "3s", "--json"]);
    assert_eq!(json(&told, 0)["accepted"].as_u64(), Some(0), "{told}");
    let told = sent(&folder, &bad, &["--protocol", "http", "--expect", "accepted>=1%", "--for", "3s", "--json"]);
    json(&told, 99);
}

/// *Scenario*: several mistakes at once; a scenario without a fault; a beginning before the scenario's; a folder that is not there.
///
/// *Guarantees*: bad input (78), every mistake with cause and cure, nothing sent, and no truth written.
#[test]
fn mistakes_are_told_together() {
    let folder = folder("drill-mistakes");
    let nobody = "http://127.0.0.1:1";
    let wrong = ["--from", "soon", "--abort-if", "refused>5% for 10s", "--expect", "ack.p99>=1s", "--blind"];
    let told = sent(&folder, nobody, &wrong).ends_with(78);
    for said in ["--from soon", "`refused` is no quantity", "good when it is low"] {
        assert!(told.stderr.contains(said), "{told}");
    }
    assert_eq!((told.stderr.matches("error: ").count(), told.stderr.matches("= help: ").count()), (3, 3), "{told}");
    let told = sent(&folder, nobody, &["--from", "34s-before-fault", "--blind"]).ends_with(78);
    assert!(told.stderr.contains("--from 33s-before-fault"), "{told}");
    let told = sent(&folder, nobody, &["--blind", "--truth", "nowhere/truth.json"]).ends_with(78);
    assert!(told.stderr.contains("no folder"), "{told}");
    let (quiet, _) = SHOP.split_once("faults:").expect("there are faults");
    folder.write("shop.yaml", quiet);
    let told = sent(&folder, nobody, &["--from", "1s-before-fault"]).ends_with(78);
    assert!(told.stderr.contains("the scenario has none"), "{told}");
    assert_eq!(folder.names("."), ["shop.yaml"]);
}
