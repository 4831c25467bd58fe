//! The `doorbuster` command: drills, measurements, and how they are told.
//!
//! Owns everything that touches the outside: arguments, files, threads, the wall clock, the exit code.

mod allocator;
mod bench;
mod check;
mod cli;
mod completions;
mod deliver;
mod detection;
mod drill;
mod drills;
mod explain;
mod failure;
mod list;
mod operational;
mod otlp;
mod page;
mod part;
mod plan_names;
mod process;
mod progress;
mod report;
mod result;
mod run;
mod schema;
mod send;
mod sink;
mod theory;
mod timeline;
mod verdicts;

use clap::Parser;
use cli::{Benchmark, Cli, Command, Measurement};
use failure::Failure;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

/// Exit code of our own bug.
const BUG: u8 = 70;

fn main() -> ExitCode {
    allocator::keep_pages();
    let cli = Cli::parse();
    let played = std::panic::catch_unwind(AssertUnwindSafe(|| match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Report(args) => report::report(args),
        Command::Send(args) => send::send(args),
        Command::Check(args) => check::check(args),
        Command::List(args) => list::list(args),
        Command::Explain(args) => explain::explain(args),
        Command::Schema(args) => schema::schema(args),
        Command::Completions(args) => completions::completions(args),
        Command::Sink(args) => sink::sink(args),
        Command::Bench(args) => match &args.benchmark {
            Benchmark::Engine(args) => bench::engine(args),
            Benchmark::Generator(args) => bench::generator(args),
        },
        Command::Measure(args) => match &args.measurement {
            Measurement::Theory(args) => theory::measure(args),
            Measurement::Detection(args) => drills::measure(args),
        },
    }));
    match played {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(failure)) => {
            process::tell_error(&failure);
            ExitCode::from(failure.exit_code())
        }
        Err(_) => {
            let command: Vec<String> = std::env::args().skip(1).collect();
            process::tell_error(&Failure::Bug { command: command.join(" ") });
            ExitCode::from(BUG)
        }
    }
}
