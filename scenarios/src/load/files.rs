//! The texts that a scenario was made from, and what was found wrong in them.
//!
//! Owns reading (size, encoding, characters) and the way from a position to a [`Diagnostic`].

use super::node::Position;
use crate::diagnostic::{Diagnostic, Diagnostics};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// A larger file is refused before it is read.
pub(crate) const LARGEST_FILE_BYTES: u64 = 1 << 20;

/// A text and the name under which its user knows it.
struct Text {
    name: String,
    text: String,
}

/// Something wrong at a place.
struct Finding {
    at: Position,
    message: String,
    help: Option<String>,
}

/// Everything found wrong so far, up to a bound: a bad file of a megabyte could hold half a million faults.
#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    const MOST: usize = 1_000;

    /// Takes a finding; an empty help is none.
    pub(crate) fn report(&mut self, at: Position, message: impl Into<String>, help: impl Into<String>) {
        if self.are_full() {
            return;
        }
        let help: String = help.into();
        self.0.push(Finding { at, message: message.into(), help: (!help.is_empty()).then_some(help) });
    }

    /// Whether further ones are dropped, so that their help needs no search.
    pub(crate) fn are_full(&self) -> bool {
        self.0.len() >= Self::MOST
    }

    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }
}

/// The texts of a scenario and the findings in them.
#[derive(Default)]
pub(crate) struct Files {
    texts: Vec<Text>,
    pub(crate) findings: Findings,
    /// Faults of whole files, which have no place to show.
    unplaced: Vec<Diagnostic>,
}

impl Files {
    /// Takes a text that is in memory; its number is the `file` of positions.
    pub(crate) fn add(&mut self, name: &str, text: &str) -> usize {
        // A byte order mark is no part of the text; the parser doesn't count it either.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.texts.push(Text { name: name.to_owned(), text: text.to_owned() });
        self.texts.len() - 1
    }

    /// Reads a file. `told_by` is where another file names it; without one the user named it.
    pub(crate) fn read(&mut self, path: &Path, told_by: Option<Position>) -> Option<usize> {
        let name = path.display().to_string();
        let bytes = match read_bytes(path) {
            Ok(bytes) => bytes,
            Err((message, help)) => {
                match told_by {
                    Some(at) => self.findings.report(at, format!("`{name}`: {message}"), help),
                    None => self.whole_file(&name, &message, help),
                }
                return None;
            }
        };
        match std::str::from_utf8(&bytes) {
            Ok(text) => Some(self.add(&name, text)),
            Err(error) => {
                let bad = bytes[error.valid_up_to()];
                let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                let (line, column) = end_of(before.strip_prefix('\u{feff}').unwrap_or(&before));
                let file = self.add(&name, &String::from_utf8_lossy(&bytes));
                let at = Position { file, line, column, length: 1 };
                let message = format!("byte 0x{bad:02X} at line {line}, column {column} is not UTF-8");
                self.findings.report(at, message, "save the file as UTF-8");
                None
            }
        }
    }

    pub(crate) fn whole_file(&mut self, name: &str, message: &str, help: &str) {
        self.unplaced.push(Diagnostic {
            file: name.to_owned(),
            line: 0,
            column: 0,
            length: 1,
            source_line: Arc::from(""),
            message: message.to_owned(),
            help: (!help.is_empty()).then(|| help.to_owned()),
        });
    }

    pub(crate) fn text(&self, file: usize) -> &str {
        &self.texts[file].text
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.findings.are_none() && self.unplaced.is_empty()
    }

    /// All that was found, with the lines it was found in.
    pub(crate) fn diagnostics(self) -> Diagnostics {
        let mut list = self.unplaced;
        let lines: Vec<Vec<&str>> = self.texts.iter().map(|text| lines_of(&text.text)).collect();
        // Line and its length in characters, once for all findings on it.
        let mut shown: BTreeMap<(usize, usize), (Arc<str>, usize)> = BTreeMap::new();
        for finding in self.findings.0 {
            let file = finding.at.file;
            let line = finding.at.line.clamp(1, lines[file].len());
            let (source_line, length) = shown.entry((file, line)).or_insert_with(|| {
                let text = lines[file][line - 1];
                (Arc::from(text), text.chars().count())
            });
            // The parser reports the end of a text behind its last line: show the last place that is there.
            let last_column = *length + 1;
            let is_past_end = finding.at.line > lines[file].len();
            let column = if is_past_end { last_column } else { finding.at.column.clamp(1, last_column) };
            list.push(Diagnostic {
                file: self.texts[file].name.clone(),
                line,
                column,
                length: finding.at.length.clamp(1, (last_column - column).max(1)),
                source_line: Arc::clone(source_line),
                message: finding.message,
                help: finding.help,
            });
        }
        Diagnostics::new(list)
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, (String, &'static str)> {
    let refuse = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            ("no such file".to_owned(), "a built-in scenario is named without `/` and `.yaml`")
        }
        _ => (format!("cannot be read: {}", error.to_string().to_lowercase()), ""),
    };
    // From metadata, before it is opened: opening a pipe would wait, reading a device would never end.
    let metadata = std::fs::metadata(path).map_err(refuse)?;
    if !metadata.is_file() {
        return Err(("not a file".to_owned(), "a scenario is one YAML file"));
    }
    let help = "a scenario file has at most 1 MiB";
    if metadata.len() > LARGEST_FILE_BYTES {
        return Err((format!("the file has {} bytes, more than 1 MiB", metadata.len()), help));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(refuse)?;
    file.take(LARGEST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(refuse)?;
    if bytes.len() as u64 > LARGEST_FILE_BYTES {
        return Err(("the file grew past 1 MiB while it was read".to_owned(), help));
    }
    Ok(bytes)
}

/// Lines as YAML counts them: ended by `\n`, `\r\n` or `\r`; at least one.
pub(crate) fn lines_of(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\n', '\r']) {
        lines.push(&rest[..end]);
        let width = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end + width..];
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest);
    }
    lines
}

/// Line and column, from 1, of the place behind a text.
pub(crate) fn end_of(text: &str) -> (usize, usize) {
    let lines = lines_of(text);
    let last = lines[lines.len() - 1];
    if text.ends_with(['\n', '\r']) { (lines.len() + 1, 1) } else { (lines.len(), last.chars().count() + 1) }
}
