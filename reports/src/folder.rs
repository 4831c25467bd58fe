//! The report folder: `result.json`, `run.json`, `report.html`, `junit.xml`, `summary.md`, `scenario.yaml`, `latency.hlog`;
//! and that of a sweep: `sweep.json`, `sweep.html`, `sweep.md`, with the report of each row in a folder below.
//!
//! Owns the files, their names and their bytes; each is written beside its place and renamed, so that no reader ever
//! sees half of one. Refuses to choose the folder.

use crate::html::{page, sweep_page};
use crate::junit::junit;
use crate::markdown::{markdown, sweep_markdown};
use crate::result::RunResult;
use crate::run::RunInfo;
use crate::sweep::Sweep;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use serde::Serialize;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a report could not be written: the environment's failure, with the path.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The folder's path is a file.
    #[error("{} is a file; a report needs a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was to be written has no such form.
    #[error("cannot encode {}: {source}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Makes the folder of a report if it isn't there, so that a run that can't be told fails before it is played.
///
/// # Errors
/// When the path is a file, or the system refuses to make it.
pub fn prepare(dir: &Path) -> Result<(), ReportError> {
    if dir.exists() && !dir.is_dir() {
        return Err(ReportError::NotAFolder { path: dir.to_owned() });
    }
    fs::create_dir_all(dir).map_err(|source| ReportError::Io { action: "make", path: dir.to_owned(), source })
}

/// A result as the text of `result.json`.
///
/// # Errors
/// When a value has no JSON form.
pub fn to_json(result: &RunResult) -> Result<String, ReportError> {
    let bytes = json(Path::new(""), "result.json", result)?;
    Ok(String::from_utf8(bytes).expect("invariant: JSON is UTF-8"))
}

/// Writes the report of a run into a folder, which is made if it isn't there. Files of an earlier report are replaced
/// one by one; others are left alone.
///
/// A histogram's name is `service.endpoint/window`, its values are in ticks of 1,024 ns.
///
/// # Errors
/// When the path is a file, or the system refuses to make, write or rename.
pub fn write_report(
    dir: &Path,
    result: &RunResult,
    run: &RunInfo,
    histograms: &[(String, Histogram<u64>)],
) -> Result<(), ReportError> {
    prepare(dir)?;
    let log = latency_log(result, histograms)
        .map_err(|source| ReportError::Encode { path: dir.join("latency.hlog"), source })?;
    replace(&dir.join("latency.hlog"), &log)?;
    render(dir, result, run)
}

/// Renders a report again that was written before, or by another version: everything but `latency.hlog`, whose histograms are
/// not in the result.
///
/// # Errors
/// When the path is a file, or the system refuses to make, write or rename.
pub fn render(dir: &Path, result: &RunResult, run: &RunInfo) -> Result<(), ReportError> {
    prepare(dir)?;
    replace(&dir.join("run.json"), &json(dir, "run.json", run)?)?;
    replace(&dir.join("scenario.yaml"), &scenario(dir, result)?)?;
    replace(&dir.join("report.html"), page(result, run).as_bytes())?;
    replace(&dir.join("junit.xml"), junit(result, run).as_bytes())?;
    replace(&dir.join("summary.md"), markdown(result, run).as_bytes())?;
    // Last, so that a folder with a new result has all the rest of it.
    replace(&dir.join("result.json"), &json(dir, "result.json", result)?)
}

/// Writes a file into a folder that is there, as all files of a report are written.
///
/// # Errors
/// When the system refuses to write or rename.
pub fn write_file(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), ReportError> {
    replace(&dir.join(name), bytes)
}

/// A sweep as the text of `sweep.json`.
///
/// # Errors
/// When a value has no JSON form.
pub fn sweep_to_json(sweep: &Sweep) -> Result<String, ReportError> {
    let bytes = json(Path::new(""), "sweep.json", sweep)?;
    Ok(String::from_utf8(bytes).expect("invariant: JSON is UTF-8"))
}

/// Writes `sweep.html`, `sweep.md` and `sweep.json` into a folder that is there. `command` plays the sweep again.
///
/// # Errors
/// When the system refuses to write or rename.
pub fn write_sweep(dir: &Path, sweep: &Sweep, command: &str) -> Result<(), ReportError> {
    replace(&dir.join("sweep.html"), sweep_page(sweep, command).as_bytes())?;
    replace(&dir.join("sweep.md"), sweep_markdown(sweep, command).as_bytes())?;
    // Last, as of a report.
    replace(&dir.join("sweep.json"), &json(dir, "sweep.json", sweep)?)
}

fn json<T: Serialize>(dir: &Path, name: &str, value: &T) -> Result<Vec<u8>, ReportError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|source| ReportError::Encode { path: dir.join(name), source: source.into() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The scenario with every override applied, as a file that plays again.
fn scenario(dir: &Path, result: &RunResult) -> Result<Vec<u8>, ReportError> {
    let text = serde_yaml::to_string(&result.resolved)
        .map_err(|source| ReportError::Encode { path: dir.join("scenario.yaml"), source: source.into() })?;
    let head = format!("# {} as it was played, with every override and default written out\n", result.scenario);
    Ok((head + &text).into_bytes())
}

/// Writes beside the file and renames.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    let temporary = PathBuf::from(temporary);
    if let Err(source) = fs::write(&temporary, bytes) {
        // Half of a file is no use to anybody; that it can't be removed either is the smaller trouble.
        let _ = fs::remove_file(&temporary);
        return Err(ReportError::Io { action: "write", path: path.to_owned(), source });
    }
    fs::rename(&temporary, path).map_err(|source| ReportError::Io { action: "replace", path: path.to_owned(), source })
}

/// Ticks in a second; a tick is 1,024 ns.
const TICKS_PER_S: f64 = 1e9 / 1024.0;

/// The histograms as an HDR interval log, by the virtual time of their windows.
fn latency_log(
    result: &RunResult,
    histograms: &[(String, Histogram<u64>)],
) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment("values are latencies in ticks of 1,024 ns; the greatest of each interval is in seconds")
        .add_comment("times are virtual seconds from the start of the run; a tag is service.endpoint/window")
        .with_max_value_divisor(TICKS_PER_S)
        .begin_log_with(&mut bytes, &mut serializer)?;
    let mut entries: Vec<_> =
        histograms.iter().map(|(name, histogram)| (span(result, name), name, histogram)).collect();
    // Readers expect intervals by their start; the name settles the rest, whatever the caller's order is.
    entries.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    for ((from, length), name, histogram) in entries {
        let name = tag(name);
        log.write_histogram(histogram, from, length, Tag::new(&name)).map_err(|error| error.to_string())?;
    }
    Ok(bytes)
}

/// Start and length of the window that a histogram's name ends with; all that was played if there is none.
fn span(result: &RunResult, name: &str) -> (Duration, Duration) {
    let window = name.rsplit_once('/').and_then(|(_, window)| result.timeline.windows.get(window));
    let [from_s, to_s] = window.copied().unwrap_or([0.0, f64::from(result.scale.virtual_s)]);
    let from = Duration::try_from_secs_f64(from_s).unwrap_or_default();
    (from, Duration::try_from_secs_f64(to_s - from_s).unwrap_or_default())
}

/// A name without what a tag may not hold.
fn tag(name: &str) -> String {
    name.chars().map(|c| if c == ',' || c.is_whitespace() || c.is_control() { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A folder of its own for each test, gone at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let name = format!("doorbuster-report-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn histograms() -> Vec<(String, Histogram<u64>)> {
        let mut histogram = Histogram::new(3).expect("three digits");
        histogram.record_n(46_875, 100).expect("48 ms fits");
        ["payment.pay/run", "payment.pay/during", "a b,c/nowhere"]
            .map(|name| (name.to_owned(), histogram.clone()))
            .to_vec()
    }

    #[test]
    fn every_file_is_there_and_nothing_else() {
        let folder = Folder::new();
        let result = examples::incident();
        for _ in 0..2 {
            write_report(&folder.0, &result, &examples::run_info(), &histograms()).expect("a temporary folder");
        }
        let mut names: Vec<_> =
            fs::read_dir(&folder.0).expect("it is there").map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        assert_eq!(
            names,
            ["junit.xml", "latency.hlog", "report.html", "result.json", "run.json", "scenario.yaml", "summary.md"]
        );
        let text = fs::read_to_string(folder.0.join("result.json")).expect("it is there");
        assert!(text.ends_with("}\n"));
        assert_eq!(serde_json::from_str::<RunResult>(&text).expect("it is ours"), result);
        let text = fs::read_to_string(folder.0.join("run.json")).expect("it is there");
        assert_eq!(serde_json::from_str::<RunInfo>(&text).expect("it is ours"), examples::run_info());
    }

    #[test]
    fn a_result_of_an_older_version_is_read() {
        let mut value = serde_json::to_value(examples::avalanche()).expect("it is JSON");
        let fields = value.as_object_mut().expect("an object");
        fields.remove("exemplars");
        fields.remove("saturated");
        for stats in fields["endpoints"].as_array_mut().expect("a list") {
            stats.as_object_mut().expect("an object").remove("edge");
        }
        let old: RunResult = serde_json::from_value(value).expect("what is missing has a default");
        assert!(old.exemplars.is_empty() && old.saturated.is_empty() && !old.endpoints[0].edge);
        assert!(page(&old, &examples::run_info()).contains("gateway.create_order"));
    }

    #[test]
    fn the_latency_log_is_by_virtual_time_and_the_same_each_time() {
        let result = examples::incident();
        let log = latency_log(&result, &histograms()).expect("memory takes it");
        let mut reversed = histograms();
        reversed.reverse();
        assert_eq!(log, latency_log(&result, &reversed).expect("memory takes it"));
        let mut told = Vec::new();
        for entry in IntervalLogIterator::new(&log) {
            if let LogEntry::Interval(interval) = entry.expect("it parses") {
                let tag = interval.tag().expect("each has one").as_str().to_owned();
                told.push((tag, interval.start_timestamp().as_secs(), interval.duration().as_secs()));
                assert!((interval.max() - 0.048).abs() < 0.001, "{}", interval.max());
            }
        }
        let expected = [("a_b_c/nowhere", 0, 1440), ("payment.pay/run", 60, 1380), ("payment.pay/during", 360, 830)];
        assert_eq!(told, expected.map(|(tag, from, length)| (tag.to_owned(), from, length)));
        assert!(String::from_utf8(log).expect("it is text").contains("ticks of 1,024 ns"));
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = Folder::new();
        fs::create_dir_all(&folder.0).expect("a temporary folder");
        let path = folder.0.join("taken");
        fs::write(&path, "x").expect("a temporary file");
        let write = |dir: &Path| write_report(dir, &examples::empty(), &examples::run_info(), &[]);
        let error = write(&path).expect_err("it is a file");
        assert_eq!(error.to_string(), format!("{} is a file; a report needs a folder", path.display()));
        let below = path.join("below");
        let error = write(&below).expect_err("its parent is a file");
        assert!(error.to_string().starts_with(&format!("cannot make {}: ", below.display())), "{error}");
        fs::create_dir_all(folder.0.join("run.json")).expect("a temporary folder");
        let error = write(&folder.0).expect_err("a folder is in the way");
        assert!(error.to_string().contains("cannot replace") && error.to_string().contains("run.json"), "{error}");
    }
}
