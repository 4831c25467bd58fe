//! Arguments of `check`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Arguments of `check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Built-in scenarios, or paths of files
    #[arg(value_name = "SCENARIO", required = true, value_parser = NonEmptyStringValueParser::new(), value_hint = clap::ValueHint::FilePath)]
    pub(crate) scenarios: Vec<String>,
    /// Override one value of every scenario; may be given several times
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Play a short piece of one cell, without faults, and measure its traces: size, depth, fan-out, latency, bytes; beside published ones
    #[arg(long)]
    pub(crate) shape: bool,
    /// Seed of the piece that --shape plays
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "shape")]
    pub(crate) seed: u64,
    /// Print the analysis as JSON and nothing else
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print nothing but mistakes; the exit code tells
    #[arg(long)]
    pub(crate) quiet: bool,
}
