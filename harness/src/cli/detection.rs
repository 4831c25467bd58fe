//! Arguments of `doorbuster measure detection`.

use super::Simulation;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use doorbuster_scenarios::units::Time;

/// Arguments of `measure detection`.
#[derive(Args, Debug)]
pub(crate) struct DetectionArgs {
    /// Scenarios whose faults are played, built-in ones or the paths of files; every built-in with a fault when left out
    #[arg(value_name = "SCENARIO", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) scenarios: Vec<String>,
    /// Drills of each scenario
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// Virtual time without any fault that is played beside each drill, to count false pages; at most 1h
    #[arg(long, value_name = "TIME", default_value = "5min")]
    pub(crate) quiet_time: Time,
    #[command(flatten)]
    pub(crate) simulation: Simulation,
    /// Cells of each drill
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) cells: u32,
    /// Print the measurement as JSON and nothing else
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print nothing; the exit code tells
    #[arg(long)]
    pub(crate) quiet: bool,
}
