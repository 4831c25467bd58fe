//! Which cells this process sends: all of them, or the share of `--worker i/n`.
//!
//! Owns what a worker of `send` may do alone, by the rules of `run --worker`. Refuses metrics of a share: a stream of metrics is one of a
//! whole service, so shares of it would overwrite each other.

use crate::cli::{SendArgs, SignalName};
use crate::drill;
use crate::failure::Failure;
use crate::run::{quoted, worker};
use crate::timeline::Timeline;
use doorbuster_model::plan::Plan;
use doorbuster_scenarios::Loaded;
use std::ops::Range;

/// The cells that this process sends.
pub(crate) struct SentShare {
    /// Their numbers.
    pub(crate) cells: Range<u32>,
    /// What the whole fleet decided, for a worker.
    timeline: Option<Timeline>,
    is_worker: bool,
}

impl SentShare {
    /// The share that was asked for, of a plan at the scenario's own rate and length.
    ///
    /// # Errors
    /// When a worker cannot play it alone.
    pub(crate) fn new(args: &SendArgs, loaded: &Loaded, plan: &Plan, cells: u32) -> Result<Self, Failure> {
        let Some(worker) = args.worker else {
            return Ok(Self { cells: 0..cells, timeline: None, is_worker: false });
        };
        worker::has_cells(worker, cells)?;
        if args.signals.contains(&SignalName::Metrics) {
            return Err(Failure::Argument {
                message: "a worker has no metrics: they are sums over all cells of the fleet".to_owned(),
                help: "leave `metrics` out of --signals, or send all cells from one machine".to_owned(),
            });
        }
        let timeline = timeline(args, loaded, plan, cells)?;
        if timeline.is_none() && worker::decides(&loaded.scenario) {
            if args.replay.is_some() {
                return Err(Failure::Argument {
                    message: format!(
                        "workers cannot replay `{}`: its faults and remedies need a timeline, which a replay has not",
                        loaded.name
                    ),
                    help: "take a scenario without faults, such as quiet-day, or replay on one machine".to_owned(),
                });
            }
            return Err(worker::needs_a_timeline(&loaded.name, &run_command(args, cells)));
        }
        Ok(Self { cells: worker.cells(cells), timeline, is_worker: true })
    }

    /// How many cells there are in it.
    pub(crate) fn len(&self) -> u32 {
        self.cells.end - self.cells.start
    }

    /// As the drill takes it.
    pub(crate) fn to_drill(&self) -> drill::Share<'_> {
        drill::Share { cells: self.cells.clone(), timeline: self.timeline.as_ref(), is_merged: self.is_worker }
    }
}

/// The timeline that was named, which is one of the scenario as it is written.
fn timeline(args: &SendArgs, loaded: &Loaded, plan: &Plan, cells: u32) -> Result<Option<Timeline>, Failure> {
    let Some(path) = &args.timeline else { return Ok(None) };
    for (option, is_given, path) in
        [("--rate", args.rate.is_some(), "traffic.poisson"), ("--for", args.length.is_some(), "duration")]
    {
        if is_given {
            return Err(Failure::Argument {
                message: format!("`{option}` beside `--timeline`: the timeline is of the scenario as `run` played it"),
                help: format!("change the scenario for both, `run` and `send`, such as --set {path}=..."),
            });
        }
    }
    Timeline::read(path, loaded, plan, cells).map(Some)
}

/// The run whose timeline the workers take.
fn run_command(args: &SendArgs, cells: u32) -> String {
    let mut words = vec!["doorbuster run".to_owned(), quoted(&args.scenario)];
    words.extend(args.set.iter().map(|set| format!("--set {}", quoted(set))));
    words.push(format!("--seed {} --cells {cells}", args.simulation.seed));
    words.join(" ")
}
