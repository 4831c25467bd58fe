//! The null sink of a measurement: `doorbuster sink` in another process, on the same cores.
//!
//! Owns the child from its start to its end.

use crate::cli::ProtocolName;
use crate::failure::Failure;
use crate::process;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running sink; it ends with this value.
pub(super) struct NullSink {
    child: Child,
    grpc: String,
    http: String,
}

impl NullSink {
    /// Starts a sink on free ports of the loopback.
    pub(super) fn start() -> Result<Self, Failure> {
        let failed = |cause: String| Failure::Environment {
            message: format!("the null sink did not start: {cause}"),
            help: "see what it says: doorbuster sink --grpc 127.0.0.1:0 --http 127.0.0.1:0".to_owned(),
        };
        let this = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
        let mut command = Command::new(this);
        command.args(["sink", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]).stdin(Stdio::null());
        let child = command.stdout(Stdio::piped()).spawn().map_err(|error| failed(error.to_string()))?;
        let mut sink = Self { child, grpc: String::new(), http: String::new() };
        let out = sink.child.stdout.take().expect("invariant: it is piped");
        for line in BufReader::new(out).lines() {
            let line = line.map_err(|error| failed(error.to_string()))?;
            match line.split_once(' ') {
                Some(("grpc", address)) => sink.grpc = address.to_owned(),
                Some(("http", address)) => sink.http = address.to_owned(),
                _ => {}
            }
            if !sink.grpc.is_empty() && !sink.http.is_empty() {
                return Ok(sink);
            }
        }
        Err(failed("it ended without saying where it listens".to_owned()))
    }

    /// Where it listens.
    pub(super) fn url(&self, protocol: ProtocolName) -> String {
        match protocol {
            ProtocolName::Grpc => format!("http://{}", self.grpc),
            ProtocolName::Http => format!("http://{}", self.http),
        }
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for NullSink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU seconds of a process, user and system, where the system says.
pub(super) fn cpu_s_of(id: u32) -> Option<f64> {
    process::cpu_s_at(&format!("/proc/{id}/stat"))
}
