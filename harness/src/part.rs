//! The part of one worker, `part.json.zst`: what its cells left behind, and of which run they are.
//!
//! Owns the file: a head that says what it is, and rows of integers, as JSON in one zstd frame with a checksum, so that a
//! file that was cut off or damaged is known. Refuses to merge: that is [`crate::report`].

use crate::drill::PartRows;
use crate::failure::Failure;
use crate::timeline::{Fault, Timeline};
use doorbuster_reports::folder::{self, ReportError};
use doorbuster_reports::run::RunInfo;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// Version of this format; raised when a reader of the one before would go wrong.
const FORMAT_VERSION: u32 = 1;
/// Its name in a worker's folder.
pub(crate) const FILE: &str = "part.json.zst";
/// More than this is refused before it is unpacked further: ten times the largest part of a library scenario.
const LARGEST_PART_BYTES: u64 = 2 << 30;
/// Integers in JSON come down to about a tenth at this level; more takes longer and gives little.
const LEVEL: i32 = 3;

/// Which of how many workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Worker {
    /// From 1.
    pub(crate) number: u32,
    /// How many there are.
    pub(crate) of: u32,
}

/// What a part is of: the same for all parts of a run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Head {
    /// Version of doorbuster.
    pub(crate) version: String,
    /// Name of the scenario.
    pub(crate) scenario: String,
    /// The scenario with every override applied, as JSON: as text, since a number that is read and written may be another.
    pub(crate) resolved: String,
    /// The seed of all draws.
    pub(crate) seed: u64,
    /// Cells of the run.
    pub(crate) cells: u32,
    /// What the whole fleet decided.
    pub(crate) timeline: Option<Timeline>,
}

/// The part of one worker.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct PartFile {
    /// Version of this format.
    format_version: u32,
    /// Whose part it is.
    pub(crate) worker: Worker,
    /// What it is of.
    pub(crate) head: Head,
    /// Machine, build and timings.
    pub(crate) info: RunInfo,
    /// What was left behind.
    pub(crate) rows: PartRows,
}

impl Worker {
    /// Its cells: a stretch of them, so that parts in the order of workers are in the order of cells.
    pub(crate) fn cells(self, all: u32) -> std::ops::Range<u32> {
        let from = |number: u32| (u64::from(all) * u64::from(number) / u64::from(self.of)) as u32;
        from(self.number - 1)..from(self.number)
    }
}

impl std::fmt::Display for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl std::str::FromStr for Worker {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("a worker is `i/n`, from 1/n to n/n, such as 2/3".to_owned()),
        }
    }
}

impl PartFile {
    /// The part of a worker.
    pub(crate) const fn new(worker: Worker, head: Head, info: RunInfo, rows: PartRows) -> Self {
        Self { format_version: FORMAT_VERSION, worker, head, info, rows }
    }

    /// Writes the part into a folder that is there.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), ReportError> {
        let encode = |source: std::io::Error| ReportError::Encode { path: dir.join(FILE), source: source.into() };
        let mut packed = zstd::Encoder::new(Vec::new(), LEVEL).map_err(encode)?;
        packed.include_checksum(true).map_err(encode)?;
        let json = serde_json::to_vec(self)
            .map_err(|source| ReportError::Encode { path: dir.join(FILE), source: source.into() })?;
        packed.write_all(&json).map_err(encode)?;
        folder::write_file(dir, FILE, &packed.finish().map_err(encode)?)
    }

    /// Reads the part of a worker's folder.
    ///
    /// # Errors
    /// The user's mistake, with the file, the cause and the cure.
    pub(crate) fn read(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(FILE);
        unpack(&path)
            .and_then(|json| parse(&json))
            .map_err(|(message, help)| Failure::Argument { message: format!("{}: {message}", path.display()), help })
    }
}

fn unpack(path: &Path) -> Result<Vec<u8>, Fault> {
    let help = "a worker's folder is what `run --worker i/n --out FOLDER` writes; copy it whole, or play it again";
    let damaged = |error: std::io::Error| {
        let cause = if error.kind() == std::io::ErrorKind::UnexpectedEof { "is cut off" } else { "is damaged" };
        (format!("{cause}: {}", error.to_string().to_lowercase()), help.to_owned())
    };
    let file = File::open(path)
        .map_err(|error| (format!("cannot be read: {}", error.to_string().to_lowercase()), help.to_owned()))?;
    let mut json = Vec::new();
    let unpacked = zstd::Decoder::new(file).map_err(damaged)?;
    unpacked.take(LARGEST_PART_BYTES + 1).read_to_end(&mut json).map_err(damaged)?;
    if json.len() as u64 > LARGEST_PART_BYTES {
        return Err(("holds more than 2 GiB".to_owned(), help.to_owned()));
    }
    Ok(json)
}

fn parse(json: &[u8]) -> Result<PartFile, Fault> {
    let help = || "play the worker again with this version of doorbuster".to_owned();
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    let found: Version = serde_json::from_slice(json).map_err(|error| (format!("is no part: {error}"), help()))?;
    if found.format_version != FORMAT_VERSION {
        let message = format!(
            "has format version {}, and this version of doorbuster reads {FORMAT_VERSION}",
            found.format_version
        );
        return Err((message, help()));
    }
    let part: PartFile = serde_json::from_slice(json).map_err(|error| (format!("is no part: {error}"), help()))?;
    let Worker { number, of } = part.worker;
    if !(1..=of).contains(&number) || of > part.head.cells {
        return Err((format!("is of worker {}, and there is none", part.worker), help()));
    }
    if part.head.version != env!("CARGO_PKG_VERSION") {
        let message = format!("is of doorbuster {}, this is {}", part.head.version, env!("CARGO_PKG_VERSION"));
        return Err((message, help()));
    }
    Ok(part)
}

#[cfg(test)]
mod tests;
