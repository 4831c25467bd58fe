//! What the tests of `doorbuster send` share: a small shop, counting sinks, and what either end says.
//!
//! Owns the sink's process and its record over HTTP. Refuses to judge.

use super::{Folder, Told};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// A shop that is soon played: one service that asks another.
pub(crate) const SHOP: &str = "\
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
pub(crate) struct Sink {
    child: Child,
    pub(crate) grpc: String,
    pub(crate) http: String,
}

impl Sink {
    pub(crate) fn start(folder: &Folder) -> Self {
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

    /// What it has counted so far.
    pub(crate) fn counted(&self) -> Value {
        let authority = self.http.strip_prefix("http://").expect("it is HTTP");
        let mut stream = TcpStream::connect(authority).expect("the sink listens");
        let request = format!("GET /record HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the sink reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the sink answers");
        let body = answer.split_once("\r\n\r\n").expect("a head and a body").1;
        let mut record: Value = serde_json::from_str(body).unwrap_or_else(|wrong| panic!("{wrong}: {answer}"));
        record["counted"].take()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was sent, as JSON. On a machine with much else to do it may be invalid, and has to say so.
pub(crate) fn sent(told: &Told, otherwise: i32) -> Value {
    let json: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|wrong| panic!("{wrong}: {told}"));
    let is_invalid = json["invalid"].as_array().is_some_and(|reasons| !reasons.is_empty());
    assert_eq!(told.code, Some(if is_invalid { 75 } else { otherwise }), "{told}");
    json
}

/// A count in what was told.
pub(crate) fn count(json: &Value, name: &str) -> u64 {
    json[name].as_u64().unwrap_or_else(|| panic!("no {name} in {json}"))
}
