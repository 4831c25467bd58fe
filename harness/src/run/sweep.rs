//! `doorbuster run --sweep`: a scenario played once for each value of one path.
//!
//! Owns the rows: splitting the values, loading all of them before the first is played, one folder for each. Refuses
//! to judge: the exit code says whether every row was played, not what it showed.

mod values;

use super::{Played, command, play, quoted, settings};
use crate::cli::RunArgs;
use crate::drill::Settings;
use crate::failure::Failure;
use crate::{process, progress};
use doorbuster_reports::sweep::{Row, SCHEMA_VERSION, Sweep};
use doorbuster_reports::{folder, terminal};
use doorbuster_scenarios::{Diagnostic, Diagnostics, Loaded, Source, load};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Not every row was played to its end.
const PARTIAL: u8 = 75;

/// A value that was found good, before it is played.
struct Prepared {
    value: String,
    folder: String,
    args: RunArgs,
    loaded: Loaded,
    settings: Settings,
}

/// Plays a sweep; returns the exit code.
pub(super) fn sweep(args: &RunArgs, told: &str) -> Result<u8, Failure> {
    let (path, values) = values::split(told)?;
    let prepared = prepare(args, &path, &values)?;
    folder::prepare(&args.out)?;
    let clock = Instant::now();
    let stop = process::stop_flag();
    let mut display = progress::Display::new(args.quiet, args.json);
    let rows = play_rows(args, &path, &prepared, &stop, &mut display);
    display.end();
    let rows = rows?;
    let sweep = Sweep {
        schema_version: SCHEMA_VERSION,
        scenario: prepared[0].loaded.name.clone(),
        path,
        seed: args.simulation.seed,
        complete: rows.len() == prepared.len() && rows.iter().all(|row| row.note.is_none()),
        not_played: prepared[rows.len()..].iter().map(|row| row.value.clone()).collect(),
        rows,
    };
    let command = format!("{} --sweep {}", command(args), quoted(told));
    folder::write_sweep(&args.out, &sweep, &command)?;
    if args.json {
        process::tell(&folder::sweep_to_json(&sweep)?)?;
    } else if !args.quiet {
        let style = terminal::Style { colour: process::takes_colour(), width: 100 };
        let wall_s = clock.elapsed().as_secs_f64();
        process::tell(&terminal::sweep_summary(&sweep, wall_s, &args.out, style))?;
    }
    Ok(if sweep.complete { 0 } else { PARTIAL })
}

/// Loads and checks the scenario with every value. All mistakes are told together, each with its value.
fn prepare(args: &RunArgs, path: &str, values: &[String]) -> Result<Vec<Prepared>, Failure> {
    let source = Source::from_arg(&args.scenario);
    let mut prepared: Vec<Prepared> = Vec::new();
    let mut mistakes = Vec::new();
    for value in values {
        let set = format!("{path}={value}");
        let row = RunArgs { set: [args.set.clone(), vec![set.clone()]].concat(), sweep: None, ..args.clone() };
        match load(&source, &row.set) {
            Ok(loaded) => {
                let settings = settings(&row, &loaded)?;
                let taken = |name: &str| prepared.iter().any(|other| other.folder == name);
                let folder = values::folder(value, taken);
                prepared.push(Prepared { value: value.clone(), folder, args: row, loaded, settings });
            }
            Err(diagnostics) => mistakes.push((set, diagnostics)),
        }
    }
    if mistakes.is_empty() { Ok(prepared) } else { Err(Failure::Input(diagnostics(&mistakes, path, values))) }
}

/// The mistakes of all values. One in the path, or one that every value has and so is the scenario's own, is told once.
fn diagnostics(mistakes: &[(String, Diagnostics)], path: &str, values: &[String]) -> Diagnostics {
    let whole: Arc<str> = format!("{path}={}", values.join(",")).into();
    let of_all = |diagnostic: &Diagnostic| {
        let with = mistakes.iter().filter(|(_, list)| list.iter().any(|other| other == diagnostic));
        values.len() > 1 && with.count() == values.len()
    };
    let mut list = Vec::new();
    for (set, diagnostics) in mistakes {
        for diagnostic in diagnostics {
            let mut diagnostic = diagnostic.clone();
            if diagnostic.file == "--set" && *diagnostic.source_line == **set {
                diagnostic.file = "--sweep".to_owned();
                if diagnostic.column <= path.chars().count() {
                    diagnostic.source_line = Arc::clone(&whole);
                }
            } else if !of_all(&diagnostic) {
                diagnostic.message = format!("with `{set}`: {}", diagnostic.message);
                let help = "leave the value out, or set what it does not go with: --set PATH=VALUE";
                diagnostic.help.get_or_insert_with(|| help.to_owned());
            }
            list.push(diagnostic);
        }
    }
    Diagnostics::new(list)
}

/// Plays the rows one after the other, each on all threads, and writes the report of each. Ends after the row in
/// which it was told to stop.
fn play_rows(
    args: &RunArgs,
    path: &str,
    prepared: &[Prepared],
    stop: &AtomicBool,
    display: &mut progress::Display,
) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (index, row) in prepared.iter().enumerate() {
        display.row(&format!("{} of {}, {path}={}", index + 1, prepared.len(), row.value));
        let cpu_before_s = process::cpu_s();
        match play(&row.args, &row.loaded, row.settings, stop, display) {
            Ok(played) => {
                let mut played: Played = played;
                // The process has played other rows.
                played.info.cpu_s = played.info.cpu_s.zip(cpu_before_s).map(|(after, before)| after - before);
                played.write(&args.out.join(&row.folder))?;
                rows.push(Row::of(&row.value, &row.folder, &played.result));
            }
            // The next value may be one that the engine can hold.
            Err(failure @ Failure::Overload(_)) => {
                let text = failure.to_string();
                let note = text.lines().next().unwrap_or(&text).trim_start_matches("error: ").to_owned();
                rows.push(Row {
                    value: row.value.clone(),
                    folder: row.folder.clone(),
                    note: Some(note),
                    figures: None,
                });
            }
            Err(failure) => return Err(failure),
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(rows)
}
