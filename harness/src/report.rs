//! `doorbuster report`: parts of workers merged into the report of one run, or a report rendered again.
//!
//! Owns which parts belong together, and that none is missing. Refuses to judge: a merged run is told as one that was played
//! by one process.

mod render;

use crate::cli::ReportArgs;
use crate::drill::{Part, Story, TenSeconds, names};
use crate::failure::Failure;
use crate::part::{self, Head, PartFile};
use crate::run::{self, Played};
use doorbuster_model::compile::compile;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::Plan;
use doorbuster_reports::folder;
use doorbuster_reports::outcome::outcome;
use doorbuster_reports::run::RunInfo;
use doorbuster_scenarios::{Loaded, Source, load};
use doorbuster_telemetry::observed::{ConsumerPoint, EXPORT_EVERY_S, EndpointPoint, Export};
use std::path::{Path, PathBuf};

/// Where a merged report goes when nobody says where.
const OUT: &str = "doorbuster-report";

/// Merges or renders; returns the exit code.
pub(crate) fn report(args: &ReportArgs) -> Result<u8, Failure> {
    if let [folder] = args.folders.as_slice()
        && !folder.join(part::FILE).exists()
        && folder.join("result.json").exists()
    {
        return render::again(folder, args);
    }
    let played = merged(&args.folders)?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(OUT));
    folder::prepare(&out)?;
    played.write(&out)?;
    run::print(&played.result, &played.info, &out, args.json, args.quiet)?;
    Ok(outcome(&played.result).exit_code())
}

/// The run of which these folders hold the parts.
fn merged(folders: &[PathBuf]) -> Result<Played, Failure> {
    let mut parts: Vec<(&Path, PartFile)> = Vec::new();
    for folder in folders {
        parts.push((folder, PartFile::read(folder)?));
    }
    parts.sort_by_key(|(_, part)| part.worker.number);
    belong_together(&parts)?;
    let head = parts[0].1.head.clone();
    let (loaded, plan) = scenario(parts[0].0, &head)?;
    if let Some(timeline) = &head.timeline {
        timeline.belongs(&loaded, &plan, head.cells).map_err(|(message, help)| {
            let message = format!("{}: its timeline {message}", parts[0].0.join(part::FILE).display());
            Failure::Argument { message, help }
        })?;
    }
    let info = whole_info(&parts);
    let mut whole: Option<Part> = None;
    for (folder, file) in parts {
        let worker = file.worker;
        let refuse = |message: String| Failure::Argument {
            message: format!("{}: {message}", folder.join(part::FILE).display()),
            help: format!("play worker {worker} again, with what the others were played with"),
        };
        let next = Part::from_rows(&loaded.scenario, &plan, file.rows)
            .ok_or_else(|| refuse("its rows are not those of its scenario".to_owned()))?;
        if !next.complete {
            return Err(refuse(format!("worker {worker} was ended early, after {} s", next.played_s)));
        }
        match &mut whole {
            None => whole = Some(next),
            Some(whole) => whole.merge(next).map_err(|why| refuse(format!("does not fit the parts before: {why}")))?,
        }
    }
    let mut whole = whole.expect("invariant: there is a first part");
    whole.settle_series();
    let story = story(&loaded, &plan, &head, &whole);
    let recovery = head.timeline.as_ref().and_then(|timeline| timeline.recovery);
    let record = whole.record(head.cells, story, recovery);
    if let Some(timeline) = &head.timeline {
        timeline.is_of_stream(&record.fingerprint)?;
    }
    Ok(Played::tell(&loaded, &plan, record, info))
}

/// Holds that all parts are of one run, and each of its workers is there once.
fn belong_together(parts: &[(&Path, PartFile)]) -> Result<(), Failure> {
    let (first_folder, first) = &parts[0];
    let refuse = |message: String, help: &str| Err(Failure::Argument { message, help: help.to_owned() });
    for (folder, part) in &parts[1..] {
        if let Some(differs) = difference(&first.head, &part.head) {
            return refuse(
                format!("{} and {} are of different runs: {differs}", first_folder.display(), folder.display()),
                "give the folders of one run: same scenario, --set, --seed, --cells, --timeline and version",
            );
        }
        if part.worker.of != first.worker.of {
            return refuse(
                format!(
                    "{} is of worker {}, {} of worker {}: they share the cells otherwise",
                    first_folder.display(),
                    first.worker,
                    folder.display(),
                    part.worker
                ),
                "give the folders of one split",
            );
        }
    }
    for pair in parts.windows(2) {
        if pair[0].1.worker == pair[1].1.worker {
            let (one, other) = (pair[0].0.display(), pair[1].0.display());
            return refuse(
                format!("{one} and {other} are both of worker {}", pair[0].1.worker),
                "give the folder of each worker once",
            );
        }
    }
    let of = first.worker.of;
    let is_there = |number: u32| parts.iter().any(|(_, part)| part.worker.number == number);
    let missing: Vec<String> = (1..=of).filter(|number| !is_there(*number)).map(|n| format!("{n}/{of}")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    refuse(format!("no folder is of worker {}", missing.join(", ")), "give the folders of all workers")
}

/// What differs between the runs of two parts, in words.
fn difference(one: &Head, other: &Head) -> Option<String> {
    let differs = |what: &str, one: &dyn std::fmt::Display, other: &dyn std::fmt::Display| {
        Some(format!("{what} {one} and {what} {other}"))
    };
    if one.scenario != other.scenario {
        return differs("scenario", &one.scenario, &other.scenario);
    }
    if one.seed != other.seed {
        return differs("seed", &one.seed, &other.seed);
    }
    if one.cells != other.cells {
        return differs("cells", &one.cells, &other.cells);
    }
    if one.resolved != other.resolved {
        return Some("the scenario has other values".to_owned());
    }
    (one.timeline != other.timeline).then(|| "they were played with other timelines".to_owned())
}

/// The scenario and the plan of a part.
fn scenario(folder: &Path, head: &Head) -> Result<(Loaded, Plan), Failure> {
    let source = Source::Text { name: head.scenario.clone(), text: head.resolved.clone() };
    let loaded = load(&source, &[]).map_err(Failure::Input)?;
    let read = loaded.resolved.to_string();
    if read != head.resolved {
        return Err(Failure::Argument {
            message: format!("{}: its scenario is another once it is read", folder.join(part::FILE).display()),
            help: "play the workers again with this version of doorbuster".to_owned(),
        });
    }
    let plan = compile(&loaded.name, &loaded.scenario, head.seed);
    Ok((loaded, plan))
}

/// The story of a run: its timeline's, or, where there is nothing but traffic, that of its alerts.
fn story(loaded: &Loaded, plan: &Plan, head: &Head, whole: &Part) -> Story {
    let scenario = &loaded.scenario;
    if let Some(timeline) = &head.timeline {
        return Story::told(scenario, plan, head.cells, timeline).expect("invariant: a checked timeline");
    }
    let exports: Vec<Export> =
        whole.series().iter().filter(|ten| ten.at_s.is_multiple_of(EXPORT_EVERY_S)).map(export).collect();
    let alerts = crate::detection::fired(&names(plan), &scenario.alert, &exports, whole.played_s);
    Story::quiet(scenario, plan, head.cells, alerts)
}

/// As much of an export as the paging rule looks at.
fn export(ten: &TenSeconds) -> Export {
    let endpoint = |outcomes: &[u64; Outcome::COUNT]| {
        let attempts: u64 = outcomes.iter().sum();
        let declined = outcomes[Outcome::Declined as usize];
        let errors = attempts - outcomes[Outcome::Ok as usize] - declined;
        EndpointPoint { attempts, errors, declined, ..EndpointPoint::default() }
    };
    let consumer = |(appended, consumed): &(u64, u64)| ConsumerPoint {
        appended: *appended,
        consumed: *consumed,
        ..ConsumerPoint::default()
    };
    Export {
        at_s: ten.at_s,
        endpoints: ten.attempts.iter().map(endpoint).collect(),
        consumers: ten.consumers.iter().map(consumer).collect(),
        ..Export::default()
    }
}

/// Machine, build and timings of all workers: from the first start, as long as the longest, as much as all together.
fn whole_info(parts: &[(&Path, PartFile)]) -> RunInfo {
    let mut whole = parts[0].1.info.clone();
    for (_, part) in &parts[1..] {
        let info = &part.info;
        whole.threads += info.threads;
        whole.started_unix_s = whole.started_unix_s.min(info.started_unix_s);
        whole.wall_s = whole.wall_s.max(info.wall_s);
        whole.cpu_s = whole.cpu_s.zip(info.cpu_s).map(|(sum, more)| sum + more);
        whole.peak_memory_bytes = whole.peak_memory_bytes.max(info.peak_memory_bytes);
        whole.requests += info.requests;
        whole.spans += info.spans;
        whole.events += info.events;
    }
    whole
}
