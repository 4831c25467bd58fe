//! A report rendered again from its `result.json` and `run.json`: by a newer version, or after its page was lost.
//!
//! Owns reading them. The histograms of `latency.hlog` are in neither, so that file is kept as it is.

use crate::cli::ReportArgs;
use crate::failure::Failure;
use crate::run;
use doorbuster_reports::folder::{self, ReportError};
use doorbuster_reports::outcome::outcome;
use doorbuster_reports::result::{RunResult, SCHEMA_VERSION};
use doorbuster_reports::run::RunInfo;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A larger file is refused: the series of a run of 1,000 virtual hours fills about half of it.
const LARGEST_FILE_BYTES: u64 = 512 << 20;
/// The file that is kept.
const LOG: &str = "latency.hlog";

/// Renders the report of a folder again; returns the exit code of its run.
pub(super) fn again(folder: &Path, args: &ReportArgs) -> Result<u8, Failure> {
    let result: RunResult = read(&folder.join("result.json"))?;
    if result.schema_version != SCHEMA_VERSION {
        return Err(Failure::Argument {
            message: format!(
                "{}: has schema version {}, and this version of doorbuster reads {SCHEMA_VERSION}",
                folder.join("result.json").display(),
                result.schema_version
            ),
            help: "play the run again with this version".to_owned(),
        });
    }
    let info: RunInfo = read(&folder.join("run.json"))?;
    let out = args.out.as_deref().unwrap_or(folder);
    folder::render(out, &result, &info)?;
    let (from, to) = (folder.join(LOG), out.join(LOG));
    if out != folder && from.exists() {
        std::fs::copy(&from, &to).map_err(|source| ReportError::Io { action: "copy to", path: to, source })?;
    }
    run::print(&result, &info, out, args.json, args.quiet)?;
    Ok(outcome(&result).exit_code())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let refuse = |message: String| Failure::Argument {
        message: format!("{}: {message}", path.display()),
        help: "a report folder holds `result.json` and `run.json`, as `run` writes them".to_owned(),
    };
    let unreadable = |error: std::io::Error| refuse(format!("cannot be read: {}", error.to_string().to_lowercase()));
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(LARGEST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE_BYTES {
        return Err(refuse("holds more than 512 MiB".to_owned()));
    }
    serde_json::from_slice(&bytes).map_err(|error| refuse(format!("is not what it should be: {error}")))
}
