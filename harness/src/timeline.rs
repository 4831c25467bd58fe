//! The resolved timeline of a run, `timeline.json`: everything that was decided by looking at the whole fleet, in absolute seconds.
//!
//! Owns the file, and which run it belongs to. Machines that play some cells each cannot look at the whole fleet; they take the
//! decisions from here. Refuses to be edited into another story: faults and remedies must come out as it says.

use crate::detection::{AlertEvent, Cause, Symptom};
use crate::drill::{Record, Story};
use crate::failure::Failure;
use doorbuster_model::plan::Plan;
use doorbuster_reports::folder::{self, ReportError};
use doorbuster_scenarios::Loaded;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_128;

/// Version of this format; raised when a reader of the one before would go wrong.
pub(crate) const FORMAT_VERSION: u32 = 1;
/// Its name in a report folder.
const FILE: &str = "timeline.json";
/// A larger file is refused: the longest timelines have some hundred kilobytes.
const LARGEST_FILE_BYTES: u64 = 64 << 20;

/// What a run decided, and which run that was.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Timeline {
    /// Version of this format.
    pub(crate) format_version: u32,
    /// Version of doorbuster.
    pub(crate) version: String,
    /// Name of the scenario.
    pub(crate) scenario: String,
    /// Hash of the scenario with every override applied.
    pub(crate) scenario_hash: String,
    /// The seed of all draws.
    pub(crate) seed: u64,
    /// Cells that were played.
    pub(crate) cells: u32,
    /// Virtual seconds that were played.
    pub(crate) played_s: u32,
    /// Whether that was all of them.
    pub(crate) complete: bool,
    /// Fingerprint of the stream.
    pub(crate) fingerprint: String,
    /// Faults: when they came, and when they went.
    pub(crate) faults: Vec<Times>,
    /// Remedies: when they started, took effect and were taken back.
    pub(crate) remedies: Vec<Times>,
    /// What the change detector saw first.
    pub(crate) symptom: Option<Symptom>,
    /// The alert after the injection.
    pub(crate) alert: Option<AlertEvent>,
    /// The cause that was named.
    pub(crate) cause: Option<Cause>,
    /// Alerts without a fault.
    pub(crate) false_alerts: Vec<AlertEvent>,
    /// When success came back.
    pub(crate) recovery: Option<Recovery>,
    /// From which duration on, in ticks of 1,024 ns, a trace counts as slow, by endpoint of the edge.
    pub(crate) slow_ticks: Vec<Option<u64>>,
}

/// When something began and ended, in virtual seconds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Times {
    /// Its name in the scenario.
    pub(crate) name: String,
    /// What it does, in words.
    pub(crate) what: String,
    /// When it began; never, for a remedy whose time did not come.
    pub(crate) from_s: Option<u32>,
    /// When it ended (a fault) or took effect (a remedy).
    pub(crate) to_s: Option<u32>,
    /// When a remedy was taken back.
    pub(crate) lifted_s: Option<u32>,
}

/// When success came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recovery {
    /// First second from which success stays near its old level.
    pub(crate) at_s: u32,
    /// When that was known.
    pub(crate) known_s: u32,
}

impl Timeline {
    /// What a run decided.
    pub(crate) fn of(loaded: &Loaded, plan: &Plan, record: &Record) -> Self {
        let (faults, remedies) = record.story.times();
        Self {
            format_version: FORMAT_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: loaded.name.clone(),
            scenario_hash: hash(loaded),
            seed: plan.seed,
            cells: record.cells,
            played_s: record.played_s,
            complete: record.complete,
            fingerprint: record.fingerprint.clone(),
            faults,
            remedies,
            symptom: record.story.symptom.clone(),
            alert: record.story.alert,
            cause: record.story.cause.clone(),
            false_alerts: record.story.false_alerts.clone(),
            recovery: record.recovery,
            slow_ticks: record.slow_ticks.clone(),
        }
    }

    /// Reads a timeline and holds that it is one of this run.
    ///
    /// # Errors
    /// The user's mistake, with the file, the cause and the cure.
    pub(crate) fn read(path: &Path, loaded: &Loaded, plan: &Plan, cells: u32) -> Result<Self, Failure> {
        let fault =
            |(message, help): Fault| Failure::Argument { message: format!("{}: {message}", path.display()), help };
        let timeline = bytes(path).and_then(|bytes| parse(&bytes)).map_err(fault)?;
        timeline.belongs(loaded, plan, cells).map_err(fault)?;
        Ok(timeline)
    }

    /// Holds that this is a timeline of this run.
    ///
    /// # Errors
    /// What differs, and the cure.
    pub(crate) fn belongs(&self, loaded: &Loaded, plan: &Plan, cells: u32) -> Result<(), Fault> {
        self.is_of_this_run(loaded, plan, cells)
            .map_err(|differs| (format!("is the timeline of another run: {differs}"), PLAY_AGAIN.to_owned()))?;
        let is_whole = self.complete && self.played_s == plan.duration_s;
        if !is_whole {
            let message = format!("is the timeline of a run that was ended after {} s", self.played_s);
            return Err((message, "play the whole run once more, to its end".to_owned()));
        }
        let edges: Vec<usize> = self.alert.iter().chain(&self.false_alerts).map(|alert| alert.edge).collect();
        let fits = edges.iter().all(|edge| *edge < plan.endpoints.len())
            && self.slow_ticks.len() == crate::plan_names::edges(plan).len()
            && self
                .recovery
                .is_none_or(|recovery| recovery.at_s <= recovery.known_s && recovery.known_s <= plan.duration_s)
            && Story::told(&loaded.scenario, plan, cells, self).is_some();
        if fits {
            return Ok(());
        }
        Err((
            "contradicts itself: its faults and remedies do not follow from each other".to_owned(),
            PLAY_AGAIN.to_owned(),
        ))
    }

    /// Holds that the stream that was played is that of the run that wrote this.
    ///
    /// # Errors
    /// When it is not, though all values are the same.
    pub(crate) fn is_of_stream(&self, fingerprint: &str) -> Result<(), Failure> {
        if self.fingerprint == fingerprint {
            return Ok(());
        }
        Err(Failure::Argument {
            message: format!(
                "the timeline is of the stream {}, and {fingerprint} was played from the same scenario and seed",
                self.fingerprint
            ),
            help: "play both with one build of doorbuster, on machines of one architecture".to_owned(),
        })
    }

    /// Writes `timeline.json` into a folder that is there.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), ReportError> {
        let mut json = serde_json::to_vec_pretty(self)
            .map_err(|source| ReportError::Encode { path: dir.join(FILE), source: source.into() })?;
        json.push(b'\n');
        folder::write_file(dir, FILE, &json)
    }

    fn is_of_this_run(&self, loaded: &Loaded, plan: &Plan, cells: u32) -> Result<(), String> {
        if self.version != env!("CARGO_PKG_VERSION") {
            return Err(format!("doorbuster {} wrote it, this is {}", self.version, env!("CARGO_PKG_VERSION")));
        }
        if self.scenario != loaded.name {
            return Err(format!("it is of the scenario `{}`, not `{}`", self.scenario, loaded.name));
        }
        if self.seed != plan.seed {
            return Err(format!("it is of seed {}, not {}", self.seed, plan.seed));
        }
        if self.cells != cells {
            return Err(format!("it is of {} cells, not {cells}", self.cells));
        }
        if self.scenario_hash != hash(loaded) {
            return Err(format!("`{}` had other values there", self.scenario));
        }
        Ok(())
    }
}

const PLAY_AGAIN: &str =
    "give the `timeline.json` that `run` writes with the same scenario, --set, --seed and --cells, by the same version";

/// A message and its help.
pub(crate) type Fault = (String, String);

/// The hash of a scenario with every override applied, as 32 hex digits.
pub(crate) fn hash(loaded: &Loaded) -> String {
    format!("{:032x}", xxh3_128(loaded.resolved.to_string().as_bytes()))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    let help = || "a timeline is the `timeline.json` of a report folder, which `run` writes".to_owned();
    let refuse = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ("no such file".to_owned(), help()),
        _ => (format!("cannot be read: {}", error.to_string().to_lowercase()), help()),
    };
    let metadata = std::fs::metadata(path).map_err(refuse)?;
    if !metadata.is_file() {
        return Err(("not a file".to_owned(), help()));
    }
    if metadata.len() > LARGEST_FILE_BYTES {
        return Err((format!("the file has {} bytes, more than 64 MiB", metadata.len()), help()));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(refuse)?.take(LARGEST_FILE_BYTES).read_to_end(&mut bytes).map_err(refuse)?;
    Ok(bytes)
}

/// Reads a timeline. The version comes before the shape, since another version has another shape.
fn parse(bytes: &[u8]) -> Result<Timeline, Fault> {
    let again = || PLAY_AGAIN.to_owned();
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
        let message = if error.is_eof() { "is cut off" } else { "is not JSON" };
        (format!("{message}: {error}"), again())
    })?;
    match value.get("format_version").and_then(serde_json::Value::as_u64) {
        None => return Err(("is JSON, but no timeline: it has no `format_version`".to_owned(), again())),
        Some(version) if version != u64::from(FORMAT_VERSION) => {
            let message =
                format!("has format version {version}, and this version of doorbuster reads {FORMAT_VERSION}");
            return Err((message, again()));
        }
        Some(_) => {}
    }
    serde_json::from_value(value).map_err(|error| (format!("is no timeline: {error}"), again()))
}
