//! What is told to a person whose scenario has a fault: file, line, caret, cause, help.
//!
//! Owns the form of a diagnostic and how it is rendered. Refuses to decide what is a fault
//! (`load`, `check`), and to print: whoever asked for the scenario does that.

mod render;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// Diagnostics that are shown at a time; the rest is counted.
const SHOWN: usize = 50;

/// One fault of a scenario, where it stands and what may be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file as the user named it; `library/NAME.yaml` for a built-in, `--set` for an override of the command line.
    pub file: String,
    /// Line, from 1; 0 when the file as a whole is meant and cannot be shown.
    pub line: usize,
    /// Column in characters, from 1; 0 together with `line`.
    pub column: usize,
    /// How many characters are meant, at least 1.
    pub length: usize,
    /// The line's text, without its end; shared by all diagnostics of a line, which may be a megabyte long.
    pub source_line: Arc<str>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What may be done about it.
    pub help: Option<String>,
}

impl Diagnostic {
    fn order(&self, other: &Self) -> Ordering {
        (&self.file, self.line, self.column, &self.message, self.length, &self.help, &self.source_line).cmp(&(
            &other.file,
            other.line,
            other.column,
            &other.message,
            other.length,
            &other.help,
            &other.source_line,
        ))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        render::render(self, f)
    }
}

/// Everything that is wrong with a scenario, at once; never empty when it is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Sorted by file, line and column; each fault once.
    #[must_use]
    pub fn new(mut list: Vec<Diagnostic>) -> Self {
        list.sort_by(Diagnostic::order);
        list.dedup();
        Self(list)
    }

    /// Each of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// How many there are, those included that are not shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().take(SHOWN).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more\n"),
        }
    }
}

impl std::error::Error for Diagnostics {}
