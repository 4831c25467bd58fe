//! What truly happened when, in the times that the telemetry bears: for whoever was drilled, afterwards.
//!
//! Owns `truth.json`. Refuses to overwrite another sending's: those times exist nowhere else.

use super::asked::Asked;
use super::pace::Begun;
use crate::drill::Story;
use crate::failure::Failure;
use crate::run::quoted;
use crate::timeline;
use doorbuster_scenarios::types::{Action, FaultKind};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// Version of this format; raised when a reader of the one before would go wrong.
const FORMAT_VERSION: u32 = 1;

/// What truly happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Truth {
    /// Version of this format.
    pub(crate) format_version: u32,
    /// Version of doorbuster.
    pub(crate) version: &'static str,
    /// Name of the scenario.
    pub(crate) scenario: String,
    /// Its title.
    pub(crate) title: String,
    /// Hash of the scenario with every override applied.
    pub(crate) scenario_hash: String,
    /// The seed of all draws.
    pub(crate) seed: u64,
    /// Cells that were played.
    pub(crate) cells: u32,
    /// The command, without the values of headers.
    pub(crate) command: String,
    /// Whether it was sent to its end. A file of a sending that was killed says no, and what was known by then.
    pub(crate) complete: bool,
    /// The first second that was sent.
    pub(crate) began: Moment,
    /// Faults, in the scenario's order.
    pub(crate) faults: Vec<Fault>,
    /// Remedies, in the scenario's order.
    pub(crate) remedies: Vec<Remedy>,
    /// First second from which success stayed near its old level.
    pub(crate) recovered: Option<Moment>,
    /// Whether recovery was looked for: only where the scenario has a focus.
    pub(crate) looked_for_recovery: bool,
}

/// A moment of the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Moment {
    /// Second of the scenario.
    pub(crate) scenario_s: u32,
    /// Milliseconds since 1970.
    pub(crate) unix_ms: u64,
    /// The same by RFC 3339.
    pub(crate) time: String,
    /// Whether it was played; one that was not is a plan.
    pub(crate) played: bool,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Fault {
    /// Its name in the scenario.
    pub(crate) name: String,
    /// What it changes: the kind.
    pub(crate) kind: String,
    /// The same in words.
    pub(crate) what: String,
    /// What may rightly be named as its cause: service, operation where only one is right, resource and kind.
    pub(crate) causes: serde_json::Value,
    /// When it came.
    pub(crate) injected: Moment,
    /// When it went, by itself or by a remedy.
    pub(crate) undone: Option<Moment>,
}

/// A remedy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Remedy {
    /// Its name in the scenario.
    pub(crate) name: String,
    /// What is done: the kind.
    pub(crate) kind: String,
    /// The same in words.
    pub(crate) what: String,
    /// When it was started; `None` if its time did not come.
    pub(crate) started: Option<Moment>,
    /// When it took effect.
    pub(crate) effective: Option<Moment>,
    /// When it was taken back.
    pub(crate) lifted: Option<Moment>,
}

/// How far a sending has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached {
    /// Seconds of the scenario that were played.
    pub(crate) played_s: u32,
    /// Whether that is all.
    pub(crate) complete: bool,
    /// Second of recovery.
    pub(crate) recovered_s: Option<u32>,
}

impl Truth {
    /// What a story has decided so far.
    pub(crate) fn of(asked: &Asked, story: &Story, begun: &Begun, reached: Reached) -> Self {
        let moment = |second: u32| {
            let unix_ms = begun.epoch_unix_ns / 1_000_000 + u64::from(second) * 1_000;
            Moment { scenario_s: second, unix_ms, time: rfc3339(unix_ms), played: second < reached.played_s }
        };
        let scenario = &asked.loaded.scenario;
        let faults = story.faults.iter().map(|fault| Fault {
            name: fault.name.clone(),
            kind: kind_of(&scenario.faults[&fault.name].change),
            what: fault.what.clone(),
            causes: serde_json::to_value(&fault.labels).expect("invariant: labels are JSON"),
            injected: moment(fault.from_s),
            undone: fault.to_s.map(moment),
        });
        let remedies = story.remedies.iter().map(|remedy| Remedy {
            name: remedy.name.clone(),
            kind: kind_of_action(&scenario.remedies[&remedy.name].action),
            what: remedy.what.clone(),
            started: remedy.from_s.map(moment),
            effective: remedy.done_s().map(moment),
            lifted: remedy.lifted_s.map(moment),
        });
        Self {
            format_version: FORMAT_VERSION,
            version: env!("CARGO_PKG_VERSION"),
            scenario: asked.loaded.name.clone(),
            title: scenario.title.clone(),
            scenario_hash: timeline::hash(&asked.loaded),
            seed: asked.plan.seed,
            cells: asked.cells,
            command: command(std::env::args()),
            complete: reached.complete,
            began: moment(asked.from_s),
            faults: faults.collect(),
            remedies: remedies.collect(),
            recovered: reached.recovered_s.map(moment),
            looked_for_recovery: scenario.focus.is_some(),
        }
    }

    /// A few lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        let at = |what: &str, moment: &Moment| {
            let planned = if moment.played { "" } else { " (planned, not played)" };
            format!("{what} {}{planned}", moment.time)
        };
        let mut lines =
            vec![format!("  began        {}, at {} s of the scenario", self.began.time, self.began.scenario_s)];
        for fault in &self.faults {
            let undone = fault.undone.as_ref().map_or_else(String::new, |undone| at(", undone", undone));
            lines.push(format!("  fault        {}: {}{undone}", at(&fault.name, &fault.injected), fault.what));
        }
        for remedy in &self.remedies {
            let started = remedy.started.as_ref().map_or_else(|| "not started".to_owned(), |at_s| at("started", at_s));
            let more = [("effective", &remedy.effective), ("taken back", &remedy.lifted)];
            let more = more.into_iter().filter_map(|(what, moment)| moment.as_ref().map(|moment| at(what, moment)));
            let times: Vec<String> = std::iter::once(started).chain(more).collect();
            lines.push(format!("  remedy       {}: {}, {}", remedy.name, remedy.what, times.join(", ")));
        }
        match &self.recovered {
            Some(recovered) => lines.push(format!("  recovered    {}", recovered.time)),
            None if self.looked_for_recovery && self.faults.iter().any(|fault| fault.injected.played) => {
                lines.push("  recovered    not while it was played".to_owned());
            }
            None => {}
        }
        lines
    }

    /// Writes it: to a file that is not there yet, or over this sending's own.
    ///
    /// # Errors
    /// When the system refuses, or another's file appeared meanwhile.
    pub(crate) fn write(&self, path: &Path, is_ours: bool) -> Result<(), Failure> {
        let mut json = serde_json::to_vec_pretty(self).expect("invariant: times and words are JSON");
        json.push(b'\n');
        let written = if is_ours {
            // Never half a file, whenever the process ends.
            let beside = path.with_extension("json.part");
            std::fs::write(&beside, &json).and_then(|()| std::fs::rename(&beside, path))
        } else {
            let file = std::fs::File::create_new(path);
            file.and_then(|mut file| file.write_all(&json))
        };
        written.map_err(|error| Failure::Environment {
            message: format!("cannot write {}: {}", path.display(), error.to_string().to_lowercase()),
            help: "name a file that can be written, in a folder that is there: --truth FILE".to_owned(),
        })
    }
}

/// Holds that a truth may be written there.
///
/// # Errors
/// When something lies there, or the folder does not.
pub(crate) fn may_be_written(path: &Path) -> Result<(), Failure> {
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(Failure::Argument {
            message: format!("{} is there already, and may hold the only truth about another sending", path.display()),
            help: "move it away, or name another file: --truth FILE".to_owned(),
        });
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() && path.file_name().is_some() {
        return Ok(());
    }
    Err(Failure::Argument {
        message: format!("{} cannot be written: {} is no folder", path.display(), folder.display()),
        help: "name a file in a folder that is there: --truth FILE".to_owned(),
    })
}

/// The key under which a scenario writes a change.
fn kind_of(change: &FaultKind) -> String {
    key(serde_json::to_value(change))
}

fn kind_of_action(action: &Action) -> String {
    key(serde_json::to_value(action))
}

fn key(change: Result<serde_json::Value, serde_json::Error>) -> String {
    let change = change.expect("invariant: a scenario is JSON");
    let keys = change.as_object().and_then(|change| change.keys().next().cloned());
    keys.expect("invariant: a change is a map of one key")
}

/// The command as it may be said again, but for what headers hold: those may be secrets.
fn command(mut words: impl Iterator<Item = String>) -> String {
    let mut told = vec!["doorbuster".to_owned()];
    words.next();
    while let Some(word) = words.next() {
        if let Some(header) = word.strip_prefix("--header=") {
            told.push(quoted(&format!("--header={}", hidden(header))));
        } else if word == "--header" {
            told.push(word);
            told.extend(words.next().map(|header| quoted(&hidden(&header))));
        } else {
            told.push(quoted(&word));
        }
    }
    told.join(" ")
}

fn hidden(header: &str) -> String {
    let name = header.split('=').next().unwrap_or_default();
    format!("{name}=...")
}

/// A time of UTC by RFC 3339, in milliseconds.
fn rfc3339(unix_ms: u64) -> String {
    let (day, ms) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days, for days since 1970.
    let z = day + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: moments around leap days and the ends of years. *Guarantees*: they are what `date -u --rfc-3339=ns` says.
    #[test]
    fn times_are_told_in_utc() {
        for (unix_ms, told) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
            (1_764_099_107_000, "2025-11-25T19:31:47.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(unix_ms), told);
        }
    }

    /// *Scenario*: a command with secrets in its headers. *Guarantees*: it is told without them, and otherwise as a shell takes it.
    #[test]
    fn a_command_is_told_without_secrets() {
        let words =
            ["./doorbuster", "send", "my shop.yaml", "--header", "api-key=s3cret", "--header=x=s3cret", "--blind"];
        let told = command(words.map(str::to_owned).into_iter());
        assert_eq!(told, "doorbuster send 'my shop.yaml' --header api-key=... --header=x=... --blind");
    }
}
