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
use doorbuster_scenarios::{Loaded, Scenario, Source, load};
use std::time::{Instant, SystemTime};

/// The share was ended before its time.
const PARTIAL: u8 = 75;

/// Plays a worker's share and writes its part; returns the exit code.
pub(super) fn work(args: &RunArgs, worker: Worker) -> Result<u8, Failure> {
    let loaded = load(&Source::from_arg(&args.scenario), &args.set).map_err(Failure::Input)?;
    let settings = settings(args, &loaded)?;
    if worker.of > settings.cells {
        return Err(Failure::Argument {
            message: format!("`--worker {worker}`: {} cells are too few for {} workers", settings.cells, worker.of),
            help: format!("start at most {} workers, or play more cells: --cells {}", settings.cells, worker.of),
        });
    }
    let plan = compile(&loaded.name, &loaded.scenario, args.simulation.seed);
    let timeline = timeline(args, &loaded, &plan, &settings)?;
    if timeline.is_none() && decides(&loaded.scenario) {
        return Err(needs_a_timeline(args, &loaded, settings.cells));
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

/// Whether anything in a scenario is decided by looking at the whole fleet. Alerts of a run without a fault are found when
/// the parts are merged.
fn decides(scenario: &Scenario) -> bool {
    !scenario.faults.is_empty() || !scenario.remedies.is_empty()
}

fn needs_a_timeline(args: &RunArgs, loaded: &Loaded, cells: u32) -> Failure {
    let whole = RunArgs { cells: Some(cells), worker: None, ..args.clone() };
    Failure::Argument {
        message: format!(
            "`--worker` without `--timeline`: alerts and remedies of `{}` depend on the whole fleet, and a worker sees its cells only",
            loaded.name
        ),
        help: format!(
            "play the run once on one machine, and give its timeline to all workers: {} --out FOLDER, then --timeline FOLDER/timeline.json",
            super::command(&whole)
        ),
    }
}
