//! From text to a checked [`Scenario`].
//!
//! Owns the order of things: read, parse, merge (`use`, `set`, `--set`), validate by the schema, give to
//! serde, generate the services of `fleet`, check. Reading, merging and validating report all that they find together; serde and the check need
//! a tree in which nothing was found.

mod files;
mod merge;
mod node;
mod parse;
mod path;
mod shape;
mod validate;

pub(crate) use files::Findings;
pub(crate) use node::{Position, Spot};

use crate::Scenario;
use crate::check;
use crate::diagnostic::Diagnostics;
use files::Files;
use shape::Shapes;
use std::path::PathBuf;

/// Where a scenario comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One of [`crate::library`], by name.
    Builtin(String),
    /// A file.
    Path(PathBuf),
    /// A text that the program brings along.
    Text {
        /// What diagnostics and the scenario are called by.
        name: String,
        /// The YAML.
        text: String,
    },
}

impl Source {
    /// Reads a name as people write it: a path has a `/` or ends in `.yaml`, anything else is a built-in.
    #[must_use]
    pub fn from_arg(arg: &str) -> Self {
        let is_path = arg.contains('/') || arg.contains(std::path::MAIN_SEPARATOR) || arg.ends_with(".yaml");
        if is_path { Self::Path(PathBuf::from(arg)) } else { Self::Builtin(arg.to_owned()) }
    }

    /// The built-in's name, or the file's name without its ending.
    fn name(&self) -> String {
        match self {
            Self::Builtin(name) | Self::Text { name, .. } => name.clone(),
            Self::Path(path) => path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        }
    }
}

/// A scenario that was found good.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The scenario, with the services that its section `fleet` stands for.
    pub scenario: Scenario,
    /// Its name: that of the built-in, or the file's without its ending.
    pub name: String,
    /// The scenario with all that it used and all that was set in it, every default written out. Of generated services it has
    /// the section `fleet`, which makes the same ones again.
    pub resolved: serde_json::Value,
}

/// Loads a scenario, with overrides in the form `PATH=VALUE`.
///
/// # Errors
/// Everything that is wrong with it, each with its place; at least one diagnostic.
pub fn load(source: &Source, sets: &[String]) -> Result<Loaded, Diagnostics> {
    let mut files = Files::default();
    match loaded(source, sets, &mut files) {
        Some((scenario, resolved)) if files.is_clean() => Ok(Loaded { scenario, name: source.name(), resolved }),
        _ => Err(files.diagnostics()),
    }
}

fn loaded(source: &Source, sets: &[String], files: &mut Files) -> Option<(Scenario, serde_json::Value)> {
    let shapes = Shapes::new();
    let mut root = merge::read(source, &shapes, files)?;
    merge::set_from_command_line(&mut root, sets, &shapes, files);
    validate::validate(&root, &shapes, &mut files.findings);
    if !files.is_clean() {
        return None;
    }
    match serde_json::from_value::<Scenario>(root.to_json()) {
        Ok(mut scenario) => {
            let resolved = serde_json::to_value(&scenario).expect("invariant: a scenario is JSON");
            check::expanded(&mut scenario, Spot::root(&root), &mut files.findings);
            check::check(&scenario, Spot::root(&root), &mut files.findings);
            Some((scenario, resolved))
        }
        // A test holds that the validator leaves nothing to serde. Should it, the user still gets his diagnostic.
        Err(error) => {
            files.findings.report(root.at, format!("not understood: {error}"), "");
            None
        }
    }
}
