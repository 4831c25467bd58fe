//! The command line: raw arguments and their help.

mod check;
mod detection;
mod generator;
mod look_up;
mod report;
mod send;
mod sink;

#[cfg(test)]
mod tests;

pub(crate) use check::CheckArgs;
pub(crate) use detection::DetectionArgs;
pub(crate) use generator::{GeneratorArgs, Stage};
pub(crate) use look_up::{CompletionsArgs, ExplainArgs, ListArgs, SchemaArgs, SchemaOf, Shell};
pub(crate) use report::ReportArgs;
pub(crate) use send::{Balance, CompressionName, ProtocolName, SendArgs, SignalName, Speed};
pub(crate) use sink::SinkArgs;

use crate::part::Worker;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use doorbuster_scenarios::units::Share;
use std::path::PathBuf;

/// An end-to-end load generator and synthetic shop for people who run OpenTelemetry pipelines.
#[derive(Debug, Parser)]
#[command(
    name = "doorbuster",
    version,
    arg_required_else_help = true,
    after_help = "Example: doorbuster run payment-index-loss\n\nExit codes: 0 as expected; 99 a verdict not as expected, or worse than the baseline; 75 invalid or inconclusive; 78 bad input; 70 a bug of ours; 2 usage"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play a scenario: shop, faults, detection; print the verdicts and write a report folder
    #[command(
        after_help = "Example: doorbuster run payment-index-loss --set faults.index_lost.change.lost_index.shards=50%\nExample: doorbuster run payment-index-loss --baseline main/result.json --tolerance 1%\nExample: doorbuster run payment-index-loss --sweep stores.payments.shards=8,16,32\nExample: doorbuster run flash-sale --cells 10 --timeline timeline.json --worker 3/10 --out part-3"
    )]
    Run(RunArgs),
    /// Merge the parts of workers into the report of one run, or render a report again
    #[command(
        after_help = "Example: doorbuster report part-1 part-2 part-3 --out merged\nExample: doorbuster report doorbuster-report"
    )]
    Report(ReportArgs),
    /// Load a real OTLP endpoint with a scenario's telemetry, at the times that the scenario says
    #[command(
        after_help = "Example: doorbuster send flash-sale --to http://127.0.0.1:4317 --rate 10k/s --for 60s\nExample: doorbuster send quiet-day --to https://otel.example.com --yes-load otel.example.com --header api-key=${env:API_KEY} --rate 500/s --for 5min\nExample: doorbuster send payment-index-loss --to http://127.0.0.1:4317 --from 2m-before-fault --for 10min --blind"
    )]
    Send(Box<SendArgs>),
    /// Find mistakes in scenarios, and say what a run would do: rates, the load of every station, which one is full first
    #[command(
        after_help = "Example: doorbuster check flash-sale --set services.payment.pods=3\nExample: doorbuster check sale-warmup --shape"
    )]
    Check(CheckArgs),
    /// What there is: scenarios, faults, remedies, verdicts
    #[command(after_help = "Example: doorbuster list")]
    List(ListArgs),
    /// What a name means, where its number comes from, and where it stands in a scenario
    #[command(after_help = "Example: doorbuster explain detection.alert")]
    Explain(ExplainArgs),
    /// Print the JSON schema of a scenario file or of a result
    #[command(after_help = "Example: doorbuster schema result")]
    Schema(SchemaArgs),
    /// Print what a shell needs to complete this command's words
    #[command(after_help = "Example: doorbuster completions bash")]
    Completions(CompletionsArgs),
    /// Receive OTLP over gRPC and HTTP: throw it away, or count it against a run's seed
    #[command(
        after_help = "Example: doorbuster sink\nExample: doorbuster sink --count --seed 7 --for 10min --out record.json"
    )]
    Sink(SinkArgs),
    /// What this machine does
    #[command(after_help = "Example: doorbuster bench engine")]
    Bench(BenchArgs),
    /// Make one measurement on its own
    #[command(after_help = "Example: doorbuster measure theory")]
    Measure(MeasureArgs),
}

/// What every command that simulates takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Simulation {
    /// Seed of all random draws
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads to play on; one for each core when left out. The result does not depend on it
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// Arguments of `run`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// A built-in scenario (quiet-day, flash-sale, payment-index-loss), or the path of a file
    #[arg(value_name = "SCENARIO", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) scenario: String,
    /// Override one value of the scenario; may be given several times
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Play once for each value of a path (values are split at commas outside brackets), and tell a row for each
    #[arg(long, value_name = "PATH=V1,V2,...", conflicts_with = "baseline")]
    pub(crate) sweep: Option<String>,
    /// Hold the run against an earlier one, by its result.json; exit code 99 if anything is worse
    #[arg(long, value_name = "RESULT.json")]
    pub(crate) baseline: Option<PathBuf>,
    /// What may differ from the baseline: a part of times and rates, points of success
    #[arg(long, value_name = "SHARE", default_value = "2%", requires = "baseline")]
    pub(crate) tolerance: Share,
    /// Take what the whole fleet decides (alert, cause, remedies, recovery) from an earlier run of the same, by the timeline.json
    /// in its folder
    #[arg(long, value_name = "TIMELINE.json", conflicts_with = "sweep")]
    pub(crate) timeline: Option<PathBuf>,
    /// Play one of n shares of the cells, for `report` to merge; with a fault or a remedy it takes a timeline
    #[arg(long, value_name = "I/N", conflicts_with_all = ["sweep", "baseline", "json"])]
    pub(crate) worker: Option<Worker>,
    #[command(flatten)]
    pub(crate) simulation: Simulation,
    /// Cells to play; as the scenario says when left out. Fleet figures are scaled from them
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) cells: Option<u32>,
    /// The pipeline under test; only `none`, which loses and samples nothing, is there yet
    #[arg(long, value_name = "NAME", default_value = "none")]
    pub(crate) pipeline: String,
    /// Folder of the report
    #[arg(long, value_name = "FOLDER", default_value = "doorbuster-report")]
    pub(crate) out: PathBuf,
    /// Print the result as JSON and nothing else
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print nothing; the exit code tells
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Arguments of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub(crate) benchmark: Benchmark,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Benchmark {
    /// CPU time of the engine for a request, at the shop's weekday and at its peak
    #[command(after_help = "Example: doorbuster bench engine --runs 5")]
    Engine(EngineArgs),
    /// Requests and spans that this machine simulates, encodes and delivers per second, and the CPU that each takes
    #[command(
        after_help = "Example: doorbuster bench generator --seconds 10\nExample: doorbuster bench generator --stage encode --rate 500k/s --json"
    )]
    Generator(GeneratorArgs),
}

/// Arguments of `bench engine`.
#[derive(Args, Debug)]
pub(crate) struct EngineArgs {
    /// Seed of all random draws
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Times that each load is played
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) runs: u32,
}

/// Arguments of `measure`.
#[derive(Args, Debug)]
pub(crate) struct MeasureArgs {
    #[command(subcommand)]
    pub(crate) measurement: Measurement,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Measurement {
    /// Hold the engine against queueing theory
    #[command(after_help = "Example: doorbuster measure theory --seed 7")]
    Theory(TheoryArgs),
    /// How fast faults are seen and how often they are named rightly: many short drills, and trivial detectors beside them
    #[command(after_help = "Example: doorbuster measure detection payment-index-loss --runs 5")]
    Detection(DetectionArgs),
}

/// Arguments of `measure theory`.
#[derive(Args, Debug)]
pub(crate) struct TheoryArgs {
    #[command(flatten)]
    pub(crate) simulation: Simulation,
    /// Print the table as JSON and nothing else
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print nothing; the exit code tells
    #[arg(long)]
    pub(crate) quiet: bool,
}
