//! Arguments of `bench generator`.

use clap::{Args, ValueEnum};
use doorbuster_scenarios::units::Rate;

/// Arguments of `bench generator`.
#[derive(Args, Debug)]
pub(crate) struct GeneratorArgs {
    /// Seed of all random draws
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads to play on; one for each core when left out
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Only this stage
    #[arg(long, value_name = "STAGE")]
    pub(crate) stage: Option<Stage>,
    /// Only this rate, in requests of shoppers
    #[arg(long, value_name = "RATE")]
    pub(crate) rate: Option<Rate>,
    /// Seconds of the scenario's time that count
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) seconds: u32,
    /// Seconds before them, which fill the shop: journeys take a minute to come to their rate
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) warm_up: u32,
    /// Print the table as JSON and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

impl GeneratorArgs {
    /// Threads to play on.
    pub(crate) fn threads(&self) -> usize {
        self.threads.map_or_else(crate::run::threads, usize::from)
    }
}

/// What is done with what is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// Nothing.
    Simulate,
    /// Every span is encoded.
    Encode,
    /// Sent to a null sink in another process over gRPC.
    DeliverGrpc,
    /// Over HTTP.
    DeliverHttp,
    /// Over gRPC, compressed by zstd.
    DeliverZstd,
}

impl Stage {
    /// Its name on the command line and in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Simulate => "simulate",
            Self::Encode => "encode",
            Self::DeliverGrpc => "deliver-grpc",
            Self::DeliverHttp => "deliver-http",
            Self::DeliverZstd => "deliver-zstd",
        }
    }
}
