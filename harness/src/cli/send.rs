//! Arguments of `send`.

use super::Simulation;
use crate::part::Worker;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use doorbuster_scenarios::units::{Rate, Share, Time};
use std::path::PathBuf;
use std::str::FromStr;

/// Arguments of `send`.
#[derive(Args, Clone, Debug)]
pub(crate) struct SendArgs {
    /// A built-in scenario, or the path of a file
    #[arg(value_name = "SCENARIO", value_parser = NonEmptyStringValueParser::new(), value_hint = clap::ValueHint::FilePath)]
    pub(crate) scenario: String,
    /// Where to: http:// or https://, a host, a port (4317 for gRPC, 4318 for HTTP when left out); several take turns
    #[arg(long, value_name = "URL", required = true)]
    pub(crate) to: Vec<String>,
    /// Override one value of the scenario; may be given several times
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) simulation: Simulation,

    /// Requests of shoppers per second of the whole fleet at the traffic's highest; as the scenario says when left out
    #[arg(long, value_name = "RATE", help_heading = "Load")]
    pub(crate) rate: Option<Rate>,
    /// How long shoppers arrive from there, in the scenario's time; as the scenario says when left out
    #[arg(long = "for", value_name = "TIME", help_heading = "Load")]
    pub(crate) length: Option<Time>,
    /// Begin here: a time of the scenario, or one before or after its first fault; what comes before is played unsent
    #[arg(long, value_name = "TIME|TIME-before-fault", help_heading = "Load")]
    pub(crate) from: Option<String>,
    /// Begin at this second since 1970, so that workers begin together: `--start-at $(($(date +%s) + 60))`; what is played unsent has to be
    /// ready by then
    #[arg(long, value_name = "UNIX-SECONDS", help_heading = "Load")]
    pub(crate) start_at: Option<u64>,
    /// Scenario's seconds per second, or `max` to seek the limit; faster than 1, policies that wait see squeezed traces
    #[arg(long, value_name = "FACTOR", default_value = "1", help_heading = "Load")]
    pub(crate) speed: Speed,
    /// Cells of the fleet to play; all of them when left out
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Load")]
    pub(crate) cells: Option<u32>,
    /// Send one of n shares of the cells, so that n machines send one stream of traces and logs; rate and cells are those of the whole.
    /// With a fault or a remedy it takes a timeline
    #[arg(long, value_name = "I/N", help_heading = "Load")]
    pub(crate) worker: Option<Worker>,
    /// What the whole fleet decides (alert, cause, remedies, recovery), from the timeline.json of a `run` of the same
    #[arg(long, value_name = "TIMELINE.json", requires = "worker", help_heading = "Load")]
    pub(crate) timeline: Option<PathBuf>,
    /// Simulate so much once, after the scenario's warm-up, and send it again and again: traces have other ids each time, and there is no
    /// story. --for is a whole number of passes
    #[arg(long, value_name = "TIME", conflicts_with_all = ["head", "timeline", "from", "blind", "truth", "abort_if"], help_heading = "Load")]
    pub(crate) replay: Option<Time>,
    /// Share of the traces that the shop's SDKs keep, by trace id, before anything is sent; all when left out
    #[arg(long, value_name = "SHARE", help_heading = "Load")]
    pub(crate) head: Option<Share>,
    /// Signals to send; all when left out
    #[arg(long, value_name = "SIGNAL", value_delimiter = ',', help_heading = "Load")]
    pub(crate) signals: Vec<SignalName>,
    /// Mark every resource with an attribute; may be given several times
    #[arg(
        long,
        value_name = "KEY=VALUE",
        default_value = "deployment.environment.name=doorbuster",
        help_heading = "Load"
    )]
    pub(crate) resource: Vec<String>,

    /// OTLP over gRPC, or over HTTP with protobuf
    #[arg(long, value_name = "PROTOCOL", default_value = "grpc", help_heading = "Transport")]
    pub(crate) protocol: ProtocolName,
    /// How bodies are compressed
    #[arg(long, value_name = "WAY", default_value = "none", help_heading = "Transport")]
    pub(crate) compression: CompressionName,
    /// A header of every request; `NAME=${env:VARIABLE}` takes a secret from the environment, and nothing prints it
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Transport")]
    pub(crate) header: Vec<String>,
    /// Certificates (PEM) to trust instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Transport")]
    pub(crate) ca: Option<PathBuf>,
    /// Our own certificate (PEM), for endpoints that ask for one
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "Transport")]
    pub(crate) cert: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "Transport")]
    pub(crate) key: Option<PathBuf>,
    /// The name that the endpoint's certificate must have, if it is not the host's
    #[arg(long, value_name = "NAME", help_heading = "Transport")]
    pub(crate) server_name: Option<String>,
    /// Size at which a request is closed; a batch of one pod is never split
    #[arg(long, value_name = "KIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=16_384), help_heading = "Transport")]
    pub(crate) request_kib: u32,
    /// How several endpoints share the load: requests in turn, or every trace to the one that a collector's load-balancing exporter
    /// chooses (metrics take turns)
    #[arg(long, value_name = "WAY", default_value = "round-robin", help_heading = "Transport")]
    pub(crate) balance: Balance,
    /// How long an answer is waited for
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = "Transport")]
    pub(crate) timeout: Time,
    /// How long a request is tried again, where the protocol allows it
    #[arg(long, value_name = "TIME", default_value = "30s", help_heading = "Transport")]
    pub(crate) retry_for: Time,

    /// Say nothing of scenario, fault or success; what truly happened is written to a file for afterwards
    #[arg(long, help_heading = "Judgement")]
    pub(crate) blind: bool,
    /// Write what truly happened, and when, to this file; `truth.json` with --blind
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    pub(crate) truth: Option<PathBuf>,
    /// Stop when something is too high over the last seconds taken together: 'rejected>5% for 10s', or failed, not_sent,
    /// late (of what was due), ack.p99, answer.p99, lateness.p99; may be given several times
    #[arg(long, value_name = "CONDITION", help_heading = "Judgement")]
    pub(crate) abort_if: Vec<String>,
    /// Expect something of the whole: 'ack.p99<=500ms', 'accepted>=99.9%', or a quantity of --abort-if; may be given several
    /// times; what is bounded here needs not be zero
    #[arg(long, value_name = "CONDITION", help_heading = "Judgement")]
    pub(crate) expect: Vec<String>,
    /// Compare with what a counting `doorbuster sink` recorded: the URL of its HTTP port
    #[arg(long, value_name = "URL", help_heading = "Judgement")]
    pub(crate) counted_by: Option<String>,
    /// Load a host that is not this machine: its name as in the URL, as a promise that it may be loaded
    #[arg(long, value_name = "HOST", help_heading = "Judgement")]
    pub(crate) yes_load: Vec<String>,
    /// Requests of shoppers per second that are never exceeded: a higher load is refused before it begins
    #[arg(long, value_name = "RATE", default_value = "1M/s", help_heading = "Judgement")]
    pub(crate) ceiling: Rate,
    /// Say what would be sent, and send nothing
    #[arg(long, help_heading = "Judgement")]
    pub(crate) dry_run: bool,
    /// Print the result as JSON and nothing else
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print nothing; the exit code tells
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// How fast the scenario's time runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// So many of its seconds in one.
    Times(f64),
    /// As fast as it goes.
    Max,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times: f64 = text.parse().map_err(|_| "a number such as 1 or 2.5, or max".to_owned())?;
        if (0.01..=1_000.0).contains(&times) {
            Ok(Self::Times(times))
        } else {
            Err("at least 0.01 and at most 1000, or max".to_owned())
        }
    }
}

/// A signal, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignalName {
    /// Spans.
    Traces,
    /// Metrics, every ten seconds.
    Metrics,
    /// Log records of exceptions.
    Logs,
}

/// How endpoints share the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Balance {
    /// Requests go to the endpoints in turn.
    RoundRobin,
    /// A trace goes to one endpoint, by its id on a consistent ring.
    Trace,
}

/// A protocol, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtocolName {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP with protobuf.
    Http,
}

/// A compression, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompressionName {
    /// As they are.
    None,
    /// gzip, level 1.
    Gzip,
    /// zstd, level 1.
    Zstd,
}
