//! Arguments of `doorbuster sink`.

use clap::Args;
use doorbuster_scenarios::units::{Rate, Time};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Arguments of `sink`.
#[derive(Args, Clone, Debug)]
pub(crate) struct SinkArgs {
    /// Where to receive OTLP/gRPC; port 0 for any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4317")]
    pub(crate) grpc: SocketAddr,
    /// Where to receive OTLP/HTTP with protobuf bodies, and to answer `GET /record` and `POST /reset`; port 0 for any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4318")]
    pub(crate) http: SocketAddr,
    /// Allow addresses that other machines reach; the sink asks nobody who they are
    #[arg(long)]
    pub(crate) expose: bool,
    /// Read every body and count lost, duplicate, late and corrupt; without it bodies are thrown away unread
    #[arg(long)]
    pub(crate) count: bool,
    /// Seed of the run whose spans are counted; all others are foreign
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "count")]
    pub(crate) seed: u64,
    /// A span is late that arrives longer than this after its end
    #[arg(long, value_name = "TIME", default_value = "30s", requires = "count")]
    pub(crate) late_after: Time,
    /// Read at most so many bytes a second (`10M/s`), with the small windows of a default server: what a slow endpoint does to a sender
    #[arg(long, value_name = "RATE")]
    pub(crate) slow: Option<Rate>,
    /// End after this time; at Ctrl-C when left out
    #[arg(long = "for", value_name = "TIME")]
    pub(crate) duration: Option<Time>,
    /// Threads to receive on; a connection stays on one
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: u16,
    /// Write the record as JSON to this file at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print the record as JSON at the end and nothing else; the addresses go to standard error
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print the addresses and nothing else
    #[arg(long)]
    pub(crate) quiet: bool,
}
