//! The measurement as a whole, from outcomes.

use super::play::Named;
use super::*;
use crate::cli::{Cli, Command, Measurement};
use crate::drills::play::Naming;
use crate::drills::truth::Minute;
use clap::Parser;
use serde_json::Value;
use std::sync::atomic::AtomicBool;

fn args(words: &str) -> DetectionArgs {
    let cli = Cli::try_parse_from(format!("doorbuster measure detection {words}").split_whitespace()).unwrap();
    match cli.command {
        Command::Measure(measure) => match measure.measurement {
            Measurement::Detection(args) => args,
            Measurement::Theory(_) => unreachable!("it was asked for detection"),
        },
        _ => unreachable!("it was asked for a measurement"),
    }
}

/// A drill of a hard fault that was paged after so many seconds, with its cause at once.
fn drilled(case: &Case, run: u32, naming: Option<Naming>) -> Drilled {
    let job = Job { case: 0, run, sort: Sort::Drill };
    Drilled {
        short: case.short(1, &job),
        worst: Some(("gateway.pay".to_owned(), Minute { edge: 0, failures: 300, attempts: 1_000 })),
        symptom_s: Some(8),
        alert_s: Some(20 + run),
        cause: naming.map(|naming| Named { at_s: 20 + run, what: "slow_statement at payment".to_owned(), naming }),
        has_label: true,
        statics_s: [Some(8), Some(8)],
        most_errors: Some(("gateway".to_owned(), false)),
        before: Quiet { seconds: 60, ..Quiet::default() },
    }
}

fn measured(args: &DetectionArgs, outcome: impl Fn(&Case, &Job) -> Option<Outcome>) -> Measured {
    let cases = cases(args).unwrap();
    let jobs = jobs(cases.len(), args.runs, 300);
    let outcomes = jobs.iter().map(|job| outcome(&cases[job.case], job)).collect();
    Measured::new(args, 300, cases, &jobs, outcomes)
}

fn told(measured: &Measured) -> Value {
    serde_json::from_str(&json::json(measured)).unwrap()
}

fn standing<'v>(told: &'v Value, goal: &str) -> &'v str {
    let goals = told["goals"].as_array().unwrap();
    goals.iter().find(|one| one["id"] == goal).unwrap()["standing"].as_str().unwrap()
}

/// *Scenario* Detectors made by hand: one that is always right, one that is always wrong, one that never names.
///
/// *Guarantees* The share that each is about is all; a wrong cause has a time, a missing one has none; the goal on causes
/// is reached by the first alone.
#[test]
fn right_wrong_and_missing_are_told_apart() {
    let args = args("payment-index-loss --runs 10");
    for (naming, full, times) in [
        (Some(Naming::Right), "right", 0),
        (Some(Naming::Wrong), "wrong", 0),
        (None, "missing", 10),
        // Told as unknown.
        (Some(Naming::Missing), "missing", 10),
    ] {
        let measured = measured(&args, |case, job| {
            Some(match job.sort {
                Sort::Drill => Outcome::Drilled(drilled(case, job.run, naming)),
                Sort::Quiet(seconds) => Outcome::Quiet(Quiet { seconds: seconds.into(), ..Quiet::default() }),
            })
        });
        let told = told(&measured);
        for name in ["right", "wrong", "missing"] {
            assert_eq!(told["hard"][name]["count"], if name == full { 10 } else { 0 }, "{name} of {full}");
        }
        assert_eq!(told["hard"]["cause"]["never"]["count"], times);
        assert_eq!(standing(&told, "cause.right"), if full == "right" { "reached" } else { "missed" });
        assert_eq!((standing(&told, "alert.p50"), standing(&told, "alert.p95")), ("missed", "reached"));
        assert_eq!(told["false_pages"]["pages"]["quiet_s"], 10 * 360);
        assert_eq!((standing(&told, "false_pages"), &told["complete"]), ("open", &Value::from(true)));
        let page = table::tell(&measured, false);
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
        let what = page.contains("not right: slow_statement at payment (10)");
        assert_eq!(what, full == "wrong" || naming == Some(Naming::Missing), "{page}");
    }
}

/// *Scenario* A measurement that was ended early; one with a run that the engine could not hold.
///
/// *Guarantees* Neither is whole: what was played is told, and what does not count, with the command that plays it.
#[test]
fn what_was_not_played_is_not_passed_over() {
    let args = args("payment-index-loss --runs 2");
    let early = measured(&args, |case, job| {
        (job.run == 0 && job.sort == Sort::Drill).then(|| Outcome::Drilled(drilled(case, 0, Some(Naming::Right))))
    });
    assert!(!early.is_whole());
    let page = table::tell(&early, false);
    assert!(page.contains("ended early: 1 of 4 short runs were played"), "{page}");
    let overload = measured(&args, |_, _| Some(Outcome::Invalid("too much".to_owned())));
    assert!(!overload.is_whole());
    let page = table::tell(&overload, false);
    assert!(page.contains("does not count, too much") && page.contains("doorbuster run payment-index-loss"), "{page}");
    assert!(["alert.p50", "cause.right", "false_pages"].iter().all(|goal| standing(&told(&overload), goal) == "open"));
}

/// *Scenario* Told to stop before the first run.
///
/// *Guarantees* Nothing is played, on any number of threads.
#[test]
fn a_raised_flag_plays_nothing() {
    let args = args("payment-index-loss --runs 3");
    let (cases, jobs, stop) = (cases(&args).unwrap(), jobs(1, 3, 300), AtomicBool::new(true));
    for threads in [1, 5] {
        let way = Way { seed: 1, cells: 1, threads, stop: &stop };
        let outcomes = play::play(&cases, &jobs, &way, &mut progress::Display::new(true, false)).unwrap();
        assert!(outcomes.len() == 6 && outcomes.iter().all(Option::is_none));
    }
}

/// *Scenario* No scenario is named; one is named twice; more cells than there are; a quiet time that is none.
///
/// *Guarantees* Every built-in with a fault, and only those; each once; mistakes are the user's, with a cure.
#[test]
fn what_is_measured_follows_from_the_arguments() {
    let all: Vec<String> = cases(&args("")).unwrap().into_iter().map(|case| case.name).collect();
    assert!(all.contains(&"payment-index-loss".to_owned()) && !all.contains(&"quiet-day".to_owned()), "{all:?}");
    assert_eq!(cases(&args("inventory-avalanche inventory-avalanche")).unwrap().len(), 1);
    let told = cases(&args("payment-index-loss --cells 11")).err().unwrap();
    assert!(told.exit_code() == 78 && told.to_string().contains("at most 10"), "{told}");
    for time in ["1500ms", "2h"] {
        let told = quiet_s(&args(&format!("--quiet-time {time}"))).err().unwrap();
        assert!(told.exit_code() == 78 && told.to_string().contains("--runs"), "{told}");
    }
    assert_eq!(quiet_s(&args("--quiet-time 0s")).unwrap(), 0);
    assert_eq!(jobs(2, 3, 0).len(), 6);
}
