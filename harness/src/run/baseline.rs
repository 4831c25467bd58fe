//! The baseline of a run: the `result.json` of an earlier one.
//!
//! Owns what may be a baseline: this version's schema, the same scenario, a run that was played to its end on as many
//! cells. All of it is held before the run is played. Refuses to compare: that is [`doorbuster_reports::comparison`].
//! Another seed, duration or pipeline is a difference like others, which the comparison names.

use crate::failure::Failure;
use doorbuster_reports::result::{RunResult, SCHEMA_VERSION};
use serde_json::error::Category;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A larger file is refused before it is read: the series of a run of 1,000 virtual hours fills about half of it.
const LARGEST_FILE_BYTES: u64 = 512 << 20;

/// What a run must share with its baseline.
pub(super) struct Wanted<'a> {
    /// Name of the scenario.
    pub(super) scenario: &'a str,
    /// Cells that are played.
    pub(super) cells: u32,
    /// Folder of the report.
    pub(super) out: &'a Path,
    /// The command that plays such a run, without `--out`.
    pub(super) command: &'a str,
}

/// Reads a baseline, and holds that the run can be compared with it.
///
/// # Errors
/// The user's mistake, with the file, the cause and the cure.
pub(super) fn read(path: &Path, wanted: &Wanted<'_>) -> Result<RunResult, Failure> {
    let name = path.display();
    let fault = |message: String, help: String| Failure::Argument { message: format!("{name}: {message}"), help };
    let again = format!("play the baseline again with this version: {} --out FOLDER", wanted.command);
    let bytes = bytes(path).map_err(|(message, help)| fault(message, help))?;
    let result = parse(&bytes, &again).map_err(|(message, help)| fault(message, help))?;
    fits(&result, wanted).map_err(|(message, help)| fault(message, help))?;
    if is_same_file(path, &wanted.out.join("result.json")) {
        return Err(fault(
            "the report of this run would replace its baseline".to_owned(),
            "give the report another folder: --out FOLDER".to_owned(),
        ));
    }
    Ok(result)
}

/// A message and its help.
type Fault = (String, String);

fn bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    let refuse = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => (
            "no such file".to_owned(),
            "a baseline is the `result.json` of a report folder, which `run` writes".to_owned(),
        ),
        _ => (
            format!("cannot be read: {}", error.to_string().to_lowercase()),
            "name a file that you may read".to_owned(),
        ),
    };
    // From metadata, before it is opened: opening a pipe would wait, reading a device would never end.
    let metadata = std::fs::metadata(path).map_err(refuse)?;
    if metadata.is_dir() {
        let help = format!("name the file in it: --baseline {}", path.join("result.json").display());
        return Err(("is a folder, not a file".to_owned(), help));
    }
    let help = "a baseline is the `result.json` of a report folder".to_owned();
    if !metadata.is_file() {
        return Err(("not a file".to_owned(), help));
    }
    if metadata.len() > LARGEST_FILE_BYTES {
        return Err((format!("the file has {} bytes, more than 512 MiB", metadata.len()), help));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(refuse)?.take(LARGEST_FILE_BYTES).read_to_end(&mut bytes).map_err(refuse)?;
    Ok(bytes)
}

/// Reads a result. The version comes before the shape, since another version has another shape.
fn parse(bytes: &[u8], again: &str) -> Result<RunResult, Fault> {
    let map: Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| not_json(&error, again))?;
    let help = "a baseline is the `result.json` of a report folder, not another of its files".to_owned();
    let Some(version) = map.get("schema_version") else {
        return Err(("is JSON, but no result of a run: it has no `schema_version`".to_owned(), help));
    };
    if version.as_u64() != Some(u64::from(SCHEMA_VERSION)) {
        let message = format!("has schema version {version}, and this version of doorbuster reads {SCHEMA_VERSION}");
        return Err((message, again.to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("has schema version {SCHEMA_VERSION}, but is no result of a run: {error}");
        (message, again.to_owned())
    })
}

fn not_json(error: &serde_json::Error, again: &str) -> Fault {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof if line <= 1 && column == 0 => ("the file is empty".to_owned(), again.to_owned()),
        Category::Eof => {
            let message =
                format!("ends at line {line}, column {column} in the middle of a value: it seems to be cut off");
            (message, again.to_owned())
        }
        Category::Data => {
            let help = "a baseline is the `result.json` of a report folder".to_owned();
            (format!("is JSON, but no result of a run: {error}"), help)
        }
        Category::Syntax | Category::Io => {
            let help = "a baseline is the `result.json` of a report folder".to_owned();
            (format!("is not JSON: {error}"), help)
        }
    }
}

/// Whether the run can be held against this result.
fn fits(result: &RunResult, wanted: &Wanted<'_>) -> Result<(), Fault> {
    if result.scenario != wanted.scenario {
        let message = format!("is of the scenario `{}`, and this run is of `{}`", result.scenario, wanted.scenario);
        return Err((message, format!("play a baseline of the same scenario: {} --out FOLDER", wanted.command)));
    }
    if !result.complete {
        let message = format!("is of a run that was ended early, after {} virtual seconds", result.scale.virtual_s);
        return Err((message, format!("play the baseline to its end: {} --out FOLDER", wanted.command)));
    }
    let cells = result.scale.cells_played;
    if cells != wanted.cells {
        // Another number of cells is another shop.
        let message = format!("was played on {}, and this run plays {}", counted(cells), counted(wanted.cells));
        return Err((message, format!("play as many: --cells {cells}")));
    }
    Ok(())
}

fn counted(cells: u32) -> String {
    if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") }
}

fn is_same_file(path: &Path, other: &Path) -> bool {
    match (path.canonicalize(), other.canonicalize()) {
        (Ok(path), Ok(other)) => path == other,
        _ => false,
    }
}
