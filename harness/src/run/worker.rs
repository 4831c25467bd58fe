//! `doorbuster run --worker i/n`: a share of the cells, left behind as a part for `report` to merge.
//!
//! Owns what a worker may play alone. Refuses to tell anything: a share of the fleet has no verdicts.

use super::{info, play_share, settings, timeline};
use crate::cli::RunArgs;
use crate::drill::Share;
use crate::failure::Failure;
use crate::part::{FILE, Head, PartFile, Worker};
use crate::{process, progress};
use doorbuster_model::compile::compile;
use doorbuster_reports::folder;
use doorbuster_scenarios::{Scenario, Source, load};
use std::time::{Instant, SystemTime};

/// The share was ended before its time.
const PARTIAL: u8 = 75;

/// Plays a worker's share and writes its part; returns the exit code.
pub(super) fn work(args: &RunArgs, worker: Worker) -> Result<u8, Failure> {
    let loaded = load(&Source::from_arg(&args.scenario), &args.set).map_err(Failure::Input)?;
    let settings = settings(args, &loaded)?;
    has_cells(worker, settings.cells)?;
    let plan = compile(&loaded.name, &loaded.scenario, args.simulation.seed);
    let timeline = timeline(args, &loaded, &plan, &settings)?;
    if timeline.is_none() && decides(&loaded.scenario) {
        let whole = RunArgs { cells: Some(settings.cells), worker: None, ..args.clone() };
        return Err(needs_a_timeline(&loaded.name, &super::command(&whole)));
    }
    folder::prepare(&args.out)?;
    let stop = process::stop_flag();
    let mut display = progress::Display::new(args.quiet, false);
    let (started, clock) = (SystemTime::now(), Instant::now());
    let cells = worker.cells(settings.cells);
    let share = Share { cells: cells.clone(), timeline: timeline.as_ref(), is_merged: true };
    let played = play_share(&loaded, &plan, settings, &share, &stop, &mut display);
    display.end();
    let (part, _) = played?;
    let head = Head {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: loaded.name.clone(),
        resolved: loaded.resolved.to_string(),
        seed: plan.seed,
        cells: settings.cells,
        timeline,
    };
    let info = info(args, &settings, &part, started, clock.elapsed());
    PartFile::new(worker, head, info, part.rows()).write(&args.out)?;
    if !args.quiet {
        let (first, last) = (cells.start + 1, cells.end);
        let file = args.out.join(FILE);
        process::tell(&format!(
            "worker {worker} played {} of {} cells ({first} to {last}): {}\nmerge: doorbuster report FOLDER... with the folders of all {} workers\n",
            cells.len(),
            settings.cells,
            file.display(),
            worker.of
        ))?;
    }
    Ok(if part.complete { 0 } else { PARTIAL })
}

/// Holds that there is a cell for every worker.
///
/// # Errors
/// When there are too few.
pub(crate) fn has_cells(worker: Worker, cells: u32) -> Result<(), Failure> {
    if worker.of <= cells {
        return Ok(());
    }
    Err(Failure::Argument {
        message: format!("`--worker {worker}`: {cells} cells are too few for {} workers", worker.of),
        help: format!("start at most {cells} workers, or play more cells: --cells {}", worker.of),
    })
}

/// Whether anything in a scenario is decided by looking at the whole fleet. Alerts of a run without a fault are found when
/// the parts are merged.
pub(crate) fn decides(scenario: &Scenario) -> bool {
    !scenario.faults.is_empty() || !scenario.remedies.is_empty()
}

/// What a worker without a timeline is told; `run` is the command that makes one.
pub(crate) fn needs_a_timeline(scenario: &str, run: &str) -> Failure {
    Failure::Argument {
        message: format!(
            "`--worker` without `--timeline`: alerts and remedies of `{scenario}` depend on the whole fleet, and a worker sees its cells only"
        ),
        help: format!(
            "play the run once on one machine, and give its timeline to all workers: {run} --out FOLDER, then --timeline FOLDER/timeline.json"
        ),
    }
}
