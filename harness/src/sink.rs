//! `doorbuster sink`: receives OTLP over gRPC and HTTP, throws it away or counts it.
//!
//! Owns the command from arguments to record. Refuses to judge: a sink says what arrived, and the sender, who knows what was sent,
//! holds it against that.

mod answer;
mod body;
mod meter;
pub(crate) mod record;
mod server;
mod service;
mod tell;

use crate::cli::SinkArgs;
use crate::failure::Failure;
use crate::process;
use doorbuster_reports::folder::ReportError;
use meter::{Intake, Settings};
use server::{Door, Listening};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often the command looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Receives until Ctrl-C or until its time is over; returns the exit code.
pub(crate) fn sink(args: &SinkArgs) -> Result<u8, Failure> {
    for address in [args.grpc, args.http] {
        check_exposure(address, args.expose)?;
    }
    let intake = Arc::new(Intake::new(settings(args)?));
    let stop = process::stop_flag();
    let ends = args.duration.map(|time| Instant::now() + Duration::from_nanos(time.ns));
    let listening = Listening::start(&[(Door::Grpc, args.grpc), (Door::Http, args.http)], args.threads, &intake)?;
    tell_addresses(args, &listening)?;
    while !stop.load(Ordering::Relaxed) && ends.is_none_or(|ends| Instant::now() < ends) {
        std::thread::sleep(LOOK_EVERY);
    }
    listening.end();
    let record = intake.record();
    if let Some(path) = &args.out {
        write(path, &record.to_json())?;
    }
    if args.json {
        process::tell(&record.to_json())?;
    } else if !args.quiet {
        process::tell(&tell::summary(&record))?;
    }
    Ok(0)
}

fn check_exposure(address: SocketAddr, is_allowed: bool) -> Result<(), Failure> {
    if is_allowed || address.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::Argument {
        message: format!("{address} is no address of the loopback: other machines could send to this sink"),
        help: "if that is what you want, add `--expose`".to_owned(),
    })
}

fn settings(args: &SinkArgs) -> Result<Settings, Failure> {
    if args.slow.is_some_and(|rate| rate.per_s < 1.0) {
        return Err(Failure::Argument {
            message: "`--slow` below 1/s would never read anything".to_owned(),
            help: "give bytes a second, such as 10M/s".to_owned(),
        });
    }
    Ok(Settings { slow_bytes_per_s: args.slow.map(|rate| rate.per_s) })
}

/// One line for each door, for programs that start a sink: `grpc 127.0.0.1:4317`.
fn tell_addresses(args: &SinkArgs, listening: &Listening) -> Result<(), Failure> {
    for (door, address) in listening.addresses() {
        let line = format!("{} {address}", door.name());
        if args.json { process::tell_error(&line) } else { process::tell(&format!("{line}\n"))? }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|source| Failure::Report(ReportError::Io { action: "write", path: path.to_owned(), source }))
}
