//! `doorbuster run`: plays a scenario and tells it.

mod baseline;
mod sweep;
pub(crate) mod worker;

use crate::cli::RunArgs;
use crate::drill::{self, Barrier, Decided, Part, Record, Settings, Share};
use crate::failure::Failure;
use crate::timeline::Timeline;
use crate::{process, progress, result};
use doorbuster_model::compile::compile;
use doorbuster_model::plan::Plan;
use doorbuster_reports::outcome::outcome;
use doorbuster_reports::result::RunResult;
use doorbuster_reports::run::RunInfo;
use doorbuster_reports::{comparison, folder, terminal};
use doorbuster_scenarios::{Loaded, Source, load};
use hdrhistogram::Histogram;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Plays a scenario; returns the exit code.
pub(crate) fn run(args: &RunArgs) -> Result<u8, Failure> {
    if let Some(told) = &args.sweep {
        return sweep::sweep(args, told);
    }
    if let Some(worker) = args.worker {
        return worker::work(args, worker);
    }
    let loaded = load(&Source::from_arg(&args.scenario), &args.set).map_err(Failure::Input)?;
    let settings = settings(args, &loaded)?;
    // Before the run is played: nobody waits for minutes to hear of a typing error.
    let baseline = baseline(args, &loaded, &settings)?;
    folder::prepare(&args.out)?;
    let stop = process::stop_flag();
    let mut display = progress::Display::new(args.quiet, args.json);
    let played = play(args, &loaded, settings, &stop, &mut display);
    display.end();
    let mut played = played?;
    if let Some(baseline) = &baseline {
        comparison::hold_against(&mut played.result, baseline, args.tolerance.ratio);
    }
    played.write(&args.out)?;
    print(&played.result, &played.info, &args.out, args.json, args.quiet)?;
    Ok(outcome(&played.result).exit_code())
}

/// A run that was played, with all that its report holds.
pub(crate) struct Played {
    pub(crate) result: RunResult,
    pub(crate) info: RunInfo,
    pub(crate) histograms: Vec<(String, Histogram<u64>)>,
    /// What other machines may take to play it.
    pub(crate) timeline: Timeline,
}

impl Played {
    /// Tells a record.
    pub(crate) fn tell(loaded: &Loaded, plan: &Plan, record: Record, info: RunInfo) -> Self {
        let result = result::tell(loaded, plan, &record);
        let timeline = Timeline::of(loaded, plan, &record);
        Self { result, info, histograms: result::histograms(plan, record), timeline }
    }

    pub(crate) fn write(&self, out: &Path) -> Result<(), Failure> {
        folder::prepare(out)?;
        self.timeline.write(out)?;
        Ok(folder::write_report(out, &self.result, &self.info, &self.histograms)?)
    }
}

fn play(
    args: &RunArgs,
    loaded: &Loaded,
    settings: Settings,
    stop: &AtomicBool,
    display: &mut progress::Display,
) -> Result<Played, Failure> {
    let plan = compile(&loaded.name, &loaded.scenario, args.simulation.seed);
    let timeline = timeline(args, loaded, &plan, &settings)?;
    let started = SystemTime::now();
    let clock = Instant::now();
    let share = Share { cells: 0..settings.cells, timeline: timeline.as_ref(), is_merged: false };
    let (part, decided) = play_share(loaded, &plan, settings, &share, stop, display)?;
    let info = info(args, &settings, &part, started, clock.elapsed());
    let record = part.record(settings.cells, decided.story, decided.recovery);
    if let Some(timeline) = timeline.filter(|_| record.complete) {
        timeline.is_of_stream(&record.fingerprint)?;
    }
    Ok(Played::tell(loaded, &plan, record, info))
}

fn play_share(
    loaded: &Loaded,
    plan: &Plan,
    settings: Settings,
    share: &Share<'_>,
    stop: &AtomicBool,
    display: &mut progress::Display,
) -> Result<(Part, Decided), Failure> {
    let mut look = |barrier: &Barrier<'_>| {
        display.show(&barrier.progress);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let outlets = vec![(); share.cells.len()];
    let played = drill::play_share(&loaded.scenario, plan, settings, share, outlets, &mut look);
    played.map(|(part, decided, _)| (part, decided)).map_err(Failure::Overload)
}

fn timeline(args: &RunArgs, loaded: &Loaded, plan: &Plan, settings: &Settings) -> Result<Option<Timeline>, Failure> {
    args.timeline.as_ref().map(|path| Timeline::read(path, loaded, plan, settings.cells)).transpose()
}

fn baseline(args: &RunArgs, loaded: &Loaded, settings: &Settings) -> Result<Option<RunResult>, Failure> {
    let Some(path) = &args.baseline else { return Ok(None) };
    let command = command(&RunArgs { baseline: None, ..args.clone() });
    let wanted = baseline::Wanted { scenario: &loaded.name, cells: settings.cells, out: &args.out, command: &command };
    baseline::read(path, &wanted).map(Some)
}

fn settings(args: &RunArgs, loaded: &Loaded) -> Result<Settings, Failure> {
    if args.pipeline != "none" {
        return Err(Failure::Argument {
            message: format!("there is no pipeline `{}`", args.pipeline),
            help: "the only pipeline so far is `none`, which loses and samples nothing".to_owned(),
        });
    }
    let fleet = loaded.scenario.cells.fleet.count as u32;
    let cells = args.cells.unwrap_or(loaded.scenario.cells.play.count as u32);
    if cells > fleet {
        return Err(Failure::Argument {
            message: format!("`--cells {cells}` is more than the fleet's {fleet}"),
            help: format!("play at most {fleet} cells, or change the fleet: --set cells.fleet={cells}"),
        });
    }
    let threads = args.simulation.threads.map_or_else(threads, usize::from);
    Ok(Settings { cells, threads, head: None })
}

/// A thread for each core.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn info(args: &RunArgs, settings: &Settings, part: &Part, started: SystemTime, wall: Duration) -> RunInfo {
    RunInfo {
        command: command(args),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        profile: if cfg!(debug_assertions) { "dev" } else { "release" }.to_owned(),
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        threads: settings.threads.min(settings.cells as usize) as u32,
        started_unix_s: started.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        wall_s: wall.as_secs_f64(),
        cpu_s: process::cpu_s(),
        peak_memory_bytes: process::peak_memory_bytes(),
        requests: part.ledger.arrivals,
        spans: part.spans.made,
        events: part.ledger.events,
    }
}

/// The command that replays the run.
fn command(args: &RunArgs) -> String {
    let mut words = vec!["doorbuster".to_owned(), "run".to_owned(), quoted(&args.scenario)];
    words.extend(args.set.iter().map(|set| format!("--set {}", quoted(set))));
    words.push(format!("--seed {}", args.simulation.seed));
    if let Some(cells) = args.cells {
        words.push(format!("--cells {cells}"));
    }
    if let Some(timeline) = &args.timeline {
        words.push(format!("--timeline {}", quoted(&timeline.display().to_string())));
    }
    if let Some(baseline) = &args.baseline {
        words.push(format!("--baseline {} --tolerance {}", quoted(&baseline.display().to_string()), args.tolerance));
    }
    words.join(" ")
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:%,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Prints a result as it was asked for.
pub(crate) fn print(told: &RunResult, info: &RunInfo, out: &Path, json: bool, quiet: bool) -> Result<(), Failure> {
    if json {
        process::tell(&folder::to_json(told)?)?;
    } else if !quiet {
        let style = terminal::Style { colour: process::takes_colour(), width: 100 };
        process::tell(&terminal::summary(told, info, Some(out), style))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("a.b=25%"), "a.b=25%");
        assert_eq!(quoted("traffic={poisson: 2/s}"), "'traffic={poisson: 2/s}'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
