//! `use:` and `set:`: one tree from a file and the files that it builds on.
//!
//! Owns which file gives which section and in which order values are set. A file takes every top-level
//! section that it does not have itself; its own `set` comes after that.

use super::Source;
use super::files::Files;
use super::node::{Kind, Node, Position, Scalar, Value};
use super::parse::parse;
use super::path::{Override, put};
use super::shape::Shapes;
use crate::library;
use crate::nearest::hint;
use std::path::{Path, PathBuf};

/// Files that may build on each other, the first included.
const LONGEST_CHAIN: usize = 8;

/// Reads a source and all that it uses. Nothing when there is nothing to look at; findings may stand beside a tree.
pub(crate) fn read(source: &Source, shapes: &Shapes, files: &mut Files) -> Option<Node> {
    let mut chain = Vec::new();
    match source {
        Source::Builtin(name) => match library::text(name) {
            Some(text) => builtin(name, text, shapes, files, &mut chain),
            None => {
                let help = unknown_builtin(name);
                files.whole_file(name, &format!("no built-in scenario is called `{name}`"), &help);
                None
            }
        },
        Source::Path(path) => {
            let file = files.read(path, None)?;
            chain.push(identity(path));
            merged(file, Some(path), shapes, files, &mut chain)
        }
        Source::Text { name, text } => {
            let file = files.add(name, text);
            merged(file, None, shapes, files, &mut chain)
        }
    }
}

/// Sets what the command line says, in its order.
pub(crate) fn set_from_command_line(root: &mut Node, sets: &[String], shapes: &Shapes, files: &mut Files) {
    for text in sets {
        let file = files.add("--set", text);
        let whole = Position { file, line: 1, column: 1, length: text.chars().count() };
        let Some(equals) = outside_quotes(text, '=') else {
            files.findings.report(
                whole,
                format!("`{text}` has no `=`"),
                "write PATH=VALUE, such as `traffic.poisson=40/s`",
            );
            continue;
        };
        let path = &text[..equals];
        let path_at = Position { length: path.chars().count(), ..whole };
        let Some(value) = parse(files, file, equals + 1) else { continue };
        put(root, shapes, Override { path: path.trim(), path_at, value }, &mut files.findings);
    }
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut is_quoted = false;
    for (index, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c == wanted && !is_quoted => return Some(index),
            _ => {}
        }
    }
    None
}

fn builtin(name: &str, text: &str, shapes: &Shapes, files: &mut Files, chain: &mut Vec<String>) -> Option<Node> {
    let file = files.add(&format!("library/{name}.yaml"), text);
    chain.push(name.to_owned());
    merged(file, None, shapes, files, chain)
}

/// The tree of a file with what it uses and sets. `path` is its own place, if it has one.
fn merged(
    file: usize,
    path: Option<&Path>,
    shapes: &Shapes,
    files: &mut Files,
    chain: &mut Vec<String>,
) -> Option<Node> {
    let mut root = parse(files, file, 0)?;
    let Value::Map(sections) = &mut root.value else {
        let message = format!("a scenario must be a map, not {}", root.what());
        files.findings.report(root.at, message, "begin with `services:`");
        return None;
    };
    let used = sections.shift_remove("use");
    let set = sections.shift_remove("set");
    if let Some(entry) = used {
        let base = base(&entry.node, path, shapes, files, chain)?;
        if let (Value::Map(sections), Value::Map(others)) = (&mut root.value, base.value) {
            for (name, other) in others {
                sections.entry(name).or_insert(other);
            }
        }
    }
    if let Some(entry) = set {
        let Value::Map(changes) = entry.node.value else {
            let message = format!("`set` must be a map, not {}", entry.node.what());
            files.findings.report(entry.key_at, message, "write it as PATH: VALUE, one a line");
            return Some(root);
        };
        for (path, change) in changes {
            let change = Override { path: &path, path_at: change.key_at, value: change.node };
            put(&mut root, shapes, change, &mut files.findings);
        }
    }
    Some(root)
}

/// The tree of the file that `use` names.
fn base(node: &Node, path: Option<&Path>, shapes: &Shapes, files: &mut Files, chain: &mut Vec<String>) -> Option<Node> {
    let Value::Scalar(Scalar { text, kind: Kind::Text }) = &node.value else {
        let message = format!("`use` must be the name of a scenario, not {}", node.what());
        files.findings.report(node.at, message, "write the name of a built-in, or a path with `/` or `.yaml`");
        return None;
    };
    let (source, name) = match Source::from_arg(text) {
        Source::Builtin(name) => (None, name),
        Source::Path(told) => {
            let Some(path) = path else {
                files.findings.report(node.at, "a built-in scenario can use only built-in ones", "");
                return None;
            };
            // Through its components, so that `folder/./other.yaml` is shown as people write it.
            let there: PathBuf = path.parent().unwrap_or(Path::new("")).join(told).components().collect();
            let name = identity(&there);
            (Some(there), name)
        }
        Source::Text { .. } => unreachable!("invariant: a name is a built-in's or a path"),
    };
    if let Some(first) = chain.iter().position(|other| *other == name) {
        let mut around: Vec<&str> = chain[first..].iter().map(String::as_str).collect();
        around.push(&name);
        let message = format!("`use` runs in a circle: {}", around.join(" -> "));
        files.findings.report(node.at, message, "");
        return None;
    }
    if chain.len() >= LONGEST_CHAIN {
        let message = format!("more than {LONGEST_CHAIN} scenarios build on each other");
        files.findings.report(node.at, message, "");
        return None;
    }
    match source {
        Some(there) => {
            let file = files.read(&there, Some(node.at))?;
            chain.push(name);
            merged(file, Some(&there), shapes, files, chain)
        }
        None => {
            let Some(text) = library::text(&name) else {
                let help = unknown_builtin(&name);
                files.findings.report(node.at, format!("no built-in scenario is called `{name}`"), help);
                return None;
            };
            builtin(&name, text, shapes, files, chain)
        }
    }
}

/// One name for one file, however it is reached.
fn identity(path: &Path) -> String {
    let there: PathBuf = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    there.display().to_string()
}

fn unknown_builtin(name: &str) -> String {
    let help = hint(name, "built-in scenarios", library::names());
    format!("{help}; a path is written with `/` or ends in `.yaml`")
}
