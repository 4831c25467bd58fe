//! `doorbuster bench`: what this machine does.
//!
//! Goals: CPU time for a request, with its spread, and what the parts cost in ratio to each other within one run.
//! No goal: wall-clock time, since other work on the machine would be in it. A hash of the stream is printed, so the
//! work can't be left out.

mod generator;

pub(crate) use generator::generator;

use crate::cli::EngineArgs;
use crate::drill::sink::Sink;
use crate::failure::Failure;
use crate::process;
use doorbuster_model::compile::compile;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::tick_of_second;
use doorbuster_scenarios::{Source, load};
use doorbuster_telemetry::fingerprint::{Fingerprint, combine};
use doorbuster_telemetry::record::Consumer;
use doorbuster_virtual::cell::Cell;

/// Virtual seconds that fill the shop before the clock starts.
const WARM_UP_S: u64 = 30;

/// A load on one cell.
struct Load {
    name: &'static str,
    traffic: &'static str,
    /// Virtual seconds that are timed.
    timed_s: u64,
}

/// The case study's weekday and its peak, for a tenth of the fleet.
const LOADS: [Load; 2] = [
    Load { name: "weekday, 6k requests/s", traffic: "60k/s", timed_s: 120 },
    Load { name: "peak, 50k requests/s", traffic: "500k/s", timed_s: 20 },
];

/// What one run showed.
struct Timed {
    cpu_s: f64,
    requests: u64,
    events: u64,
    spans: u64,
    hash: String,
}

/// Plays one cell on one thread under each load, with the batches thrown away, hashed, or taken by a run's own sink.
pub(crate) fn engine(args: &EngineArgs) -> Result<u8, Failure> {
    process::tell(&format!(
        "one cell on one thread, CPU time, {} runs each: least, median, most\n\n{:<24}{:<14}{:>26}{:>12}{:>14}{:>12}  {}\n",
        args.runs, "load", "batches", "ns a request", "events/s", "events/request", "spans/req.", "stream"
    ))?;
    for load in &LOADS {
        let plan = plan(load, args.seed)?;
        for (name, play) in [
            ("thrown away", &thrown_away as &dyn Fn(&Plan, u64) -> Result<Timed, Failure>),
            ("hashed", &hashed),
            ("a run's sink", &taken),
        ] {
            let runs: Result<Vec<Timed>, Failure> = (0..args.runs).map(|_| play(&plan, load.timed_s)).collect();
            process::tell(&row(load.name, name, &runs?))?;
        }
    }
    Ok(0)
}

fn plan(load_of: &Load, seed: u64) -> Result<Plan, Failure> {
    let traffic = format!("traffic.poisson={}", load_of.traffic);
    let loaded = load(&Source::Builtin("quiet-day".to_owned()), &[traffic]).map_err(Failure::Input)?;
    Ok(compile(&loaded.name, &loaded.scenario, seed))
}

fn thrown_away(plan: &Plan, timed_s: u64) -> Result<Timed, Failure> {
    time(Cell::new(plan, 0, ()), timed_s, |()| String::new())
}

fn hashed(plan: &Plan, timed_s: u64) -> Result<Timed, Failure> {
    time(Cell::new(plan, 0, Fingerprint::default()), timed_s, |hash| combine(&[hash.finish()]))
}

fn taken(plan: &Plan, timed_s: u64) -> Result<Timed, Failure> {
    time(Cell::new(plan, 0, Sink::new(plan, 0, ())), timed_s, |sink| combine(&[sink.fingerprint.finish()]))
}

fn time<C: Consumer>(mut cell: Cell<'_, C>, timed_s: u64, hash: impl Fn(&C) -> String) -> Result<Timed, Failure> {
    cell.play(tick_of_second(WARM_UP_S)).map_err(Failure::Overload)?;
    let (before, spans) = (cell.ledger().clone(), cell.span_counts().made);
    let began_s = process::cpu_s().unwrap_or_default();
    cell.play(tick_of_second(WARM_UP_S + timed_s)).map_err(Failure::Overload)?;
    Ok(Timed {
        cpu_s: process::cpu_s().unwrap_or_default() - began_s,
        requests: cell.ledger().arrivals - before.arrivals,
        events: cell.ledger().events - before.events,
        spans: cell.span_counts().made - spans,
        hash: hash(&cell.consumer),
    })
}

fn row(load: &str, batches: &str, runs: &[Timed]) -> String {
    let per_request = |timed: &Timed| timed.cpu_s * 1e9 / timed.requests as f64;
    let mut ns: Vec<f64> = runs.iter().map(per_request).collect();
    ns.sort_by(f64::total_cmp);
    let median_ns = ns[ns.len() / 2];
    let last = &runs[runs.len() - 1];
    let events_per_request = last.events as f64 / last.requests as f64;
    let spread = format!("{:.0} {:.0} {:.0}", ns[0], median_ns, ns[ns.len() - 1]);
    format!(
        "{load:<24}{batches:<14}{spread:>26}{:>11.1}M{events_per_request:>14.1}{:>12.1}  {}\n",
        events_per_request / median_ns * 1e3,
        last.spans as f64 / last.requests as f64,
        last.hash,
    )
}
