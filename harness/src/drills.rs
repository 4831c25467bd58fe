//! `doorbuster measure detection`: how fast faults are seen, how often they are named rightly, how often a page is false.
//!
//! Owns the measurement: each scenario's faults in many short drills that differ in seed, start and intensity, and quiet
//! stretches of the same shops, with trivial detectors beside ours on the same exports. Begin at [`measure()`]; what is
//! drawn is in `short.rs`, what is played in `play.rs`, what a figure means in `figures.rs`. Refuses to be a gate: goals
//! are told as reached, missed or open, and the exit code says only whether the measurement was made.

mod figures;
mod goals;
mod interval;
mod json;
mod play;
mod short;
mod table;
mod trivial;
mod truth;

use crate::cli::DetectionArgs;
use crate::failure::Failure;
use crate::list::library::{self, Use};
use crate::{process, progress};
use play::{Drilled, Job, Outcome, Quiet, Sort, Way};
use short::Case;

/// The measurement was not made as a whole.
const PARTIAL: u8 = 75;
/// Longest quiet stretch beside a drill, in seconds. Chosen: an hour, so that a typing error doesn't play for days.
const LONGEST_QUIET_S: u64 = 3_600;

/// Measures; returns the exit code.
pub(crate) fn measure(args: &DetectionArgs) -> Result<u8, Failure> {
    let cases = cases(args)?;
    let quiet_s = quiet_s(args)?;
    let stop = process::stop_flag();
    let way = Way {
        seed: args.simulation.seed,
        cells: args.cells,
        threads: args.simulation.threads.map_or_else(crate::run::threads, usize::from),
        stop: &stop,
    };
    let jobs = jobs(cases.len(), args.runs, quiet_s);
    let mut display = progress::Display::new(args.quiet, args.json);
    let outcomes = play::play(&cases, &jobs, &way, &mut display);
    display.end();
    let measured = Measured::new(args, quiet_s, cases, &jobs, outcomes?);
    if args.json {
        process::tell(&json::json(&measured))?;
    } else if !args.quiet {
        process::tell(&table::tell(&measured, process::takes_colour()))?;
    }
    Ok(if measured.is_whole() { 0 } else { PARTIAL })
}

/// A measurement that was made, as far as it was.
struct Measured {
    seed: u64,
    runs: u32,
    cells: u32,
    quiet_s: u32,
    /// Short runs that were to be played, and those that were.
    jobs: usize,
    played: usize,
    scenarios: Vec<OfScenario>,
}

/// What was measured of one scenario.
struct OfScenario {
    case: Case,
    /// In order of number.
    drills: Vec<Drilled>,
    /// Stretches without a fault, those before injections included.
    quiet: Quiet,
    /// Why a run does not count, and the command that plays it again.
    invalid: Vec<(String, String)>,
}

impl Measured {
    fn new(args: &DetectionArgs, quiet_s: u32, cases: Vec<Case>, jobs: &[Job], outcomes: Vec<Option<Outcome>>) -> Self {
        let of = |case| OfScenario { case, drills: Vec::new(), quiet: Quiet::default(), invalid: Vec::new() };
        let mut measured = Self {
            seed: args.simulation.seed,
            runs: args.runs,
            cells: args.cells,
            quiet_s,
            jobs: jobs.len(),
            played: outcomes.iter().flatten().count(),
            scenarios: cases.into_iter().map(of).collect(),
        };
        for (job, outcome) in jobs.iter().zip(outcomes) {
            let scenario = &mut measured.scenarios[job.case];
            match outcome {
                None => {}
                Some(Outcome::Quiet(quiet)) => scenario.quiet.add(&quiet),
                Some(Outcome::Drilled(drilled)) => {
                    scenario.quiet.add(&drilled.before);
                    scenario.drills.push(drilled);
                }
                Some(Outcome::Invalid(why)) => {
                    let short = scenario.case.short(measured.seed, job);
                    let command = scenario.case.command(&short, args.cells);
                    scenario.invalid.push((why, command));
                }
            }
        }
        measured
    }

    /// Whether every run was played and counts.
    fn is_whole(&self) -> bool {
        self.played == self.jobs && self.scenarios.iter().all(|scenario| scenario.invalid.is_empty())
    }

    /// All drills in which the fault was hard.
    fn hard(&self) -> Vec<&Drilled> {
        self.scenarios.iter().flat_map(|scenario| scenario.of(true)).collect()
    }

    /// All quiet stretches.
    fn quiet(&self) -> Quiet {
        let mut sum = Quiet::default();
        self.scenarios.iter().for_each(|scenario| sum.add(&scenario.quiet));
        sum
    }
}

impl OfScenario {
    /// The drills in which its fault was hard, or those in which it was not.
    fn of(&self, is_hard: bool) -> Vec<&Drilled> {
        self.drills.iter().filter(|drill| drill.is_hard() == is_hard).collect()
    }
}

/// The scenarios that were named, each once; else every built-in in which something breaks.
fn cases(args: &DetectionArgs) -> Result<Vec<Case>, Failure> {
    let mut names: Vec<String> = Vec::new();
    if args.scenarios.is_empty() {
        names.extend(library::all().into_iter().filter(|one| one.used == Use::Incident).map(|one| one.name));
    }
    for name in &args.scenarios {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let cases: Vec<Case> = names.iter().map(|name| Case::new(name)).collect::<Result<_, _>>()?;
    for case in &cases {
        let fleet = case.fleet();
        if u64::from(args.cells) > fleet {
            return Err(Failure::Argument {
                message: format!("`--cells {}` is more than the {fleet} of the fleet of `{}`", args.cells, case.arg),
                help: format!("play at most {fleet}"),
            });
        }
    }
    Ok(cases)
}

fn quiet_s(args: &DetectionArgs) -> Result<u32, Failure> {
    let time = args.quiet_time;
    match time.whole_s() {
        Some(seconds) if seconds <= LONGEST_QUIET_S => Ok(seconds as u32),
        _ => Err(Failure::Argument {
            message: format!("`--quiet-time {time}` is not whole seconds up to an hour"),
            help: "more quiet time comes from more drills: --runs NUMBER".to_owned(),
        }),
    }
}

/// Drills and quiet stretches by turns, scenario by scenario.
fn jobs(cases: usize, runs: u32, quiet_s: u32) -> Vec<Job> {
    let mut jobs = Vec::new();
    for case in 0..cases {
        for run in 0..runs {
            jobs.push(Job { case, run, sort: Sort::Drill });
            if quiet_s > 0 {
                jobs.push(Job { case, run, sort: Sort::Quiet(quiet_s) });
            }
        }
    }
    jobs
}

#[cfg(test)]
mod tests;
