//! Paths into a scenario, and putting a value at one: `set:` in a file and `--set` on the command line.
//!
//! Owns the syntax of a path and which places it may name: values that are there, and fields that the
//! schema knows at a place that is there. Refuses to invent names: services, faults and the like.

use super::files::Findings;
use super::node::{Entry, Node, Position, Value};
use super::parse::DEEPEST;
use super::shape::Shapes;
use crate::nearest::{hint, listed};
use indexmap::IndexMap;
use serde_json::Value as Json;

/// A part of a path between dots. A quoted one is a key as it stands.
#[derive(Debug, PartialEq)]
struct Segment {
    text: String,
    is_quoted: bool,
}

/// Splits `journeys.browse.steps.2.think` at its dots; `expect."a.b".at_least` keeps quoted ones.
fn segments(path: &str) -> Result<Vec<Segment>, String> {
    let mut list = Vec::new();
    let mut rest = path;
    loop {
        let (segment, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').ok_or("a quote in the path is not closed")?;
                (Segment { text: quoted[..end].to_owned(), is_quoted: true }, &quoted[end + 1..])
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (Segment { text: rest[..end].to_owned(), is_quoted: false }, &rest[end..])
            }
        };
        if segment.text.is_empty() {
            return Err(format!("the path `{path}` has an empty part"));
        }
        list.push(segment);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(list),
            None => return Err(format!("in the path `{path}` a quote is not followed by a dot")),
        }
    }
}

/// A value to be put at a path.
pub(crate) struct Override<'a> {
    pub(crate) path: &'a str,
    /// Where the path is written.
    pub(crate) path_at: Position,
    pub(crate) value: Node,
}

/// Puts a value at its path, or reports why it cannot be there.
pub(crate) fn put(root: &mut Node, shapes: &Shapes, change: Override<'_>, findings: &mut Findings) {
    let segments = match segments(change.path) {
        Ok(segments) => segments,
        Err(message) => {
            findings.report(change.path_at, message, "write it like `services.payment.pods`");
            return;
        }
    };
    if matches!(segments[0].text.as_str(), "use" | "set") {
        let message = format!("`{}` cannot be set", segments[0].text);
        findings.report(change.path_at, message, "it is read before values are set");
        return;
    }
    if segments.len() + change.value.depth() > DEEPEST {
        findings.report(change.path_at, format!("nested deeper than {DEEPEST} levels"), "");
        return;
    }
    let mut walk = Walk { shapes, path_at: change.path_at, done: String::new() };
    match walk.place(root, shapes.root(), &segments) {
        Ok(place) => *place = change.value,
        Err((message, help)) => findings.report(change.path_at, message, help),
    }
}

struct Walk<'s> {
    shapes: &'s Shapes,
    path_at: Position,
    /// The path so far, for messages.
    done: String,
}

impl<'s> Walk<'s> {
    /// The node at the end of the path, made if the schema knows it.
    fn place<'n>(
        &mut self,
        node: &'n mut Node,
        shape: &'s Json,
        segments: &[Segment],
    ) -> Result<&'n mut Node, (String, String)> {
        let Some(segment) = segments.first() else {
            return Ok(node);
        };
        let path_at = self.path_at;
        if node.is_null() && self.shapes.has_fields(shape) {
            node.value = Value::Map(IndexMap::new()); // `alert:` with nothing behind it
        }
        match &mut node.value {
            Value::List(items) => {
                let there = items.len();
                let index: Option<usize> = segment.text.parse().ok().filter(|index| *index < there);
                let Some(index) = index else {
                    let message = format!("no item `{}` in {}", segment.text, self.here());
                    let help = match there {
                        0 => "the list is empty".to_owned(),
                        _ => format!("items are counted from 0; the last one is {}", there - 1),
                    };
                    return Err((message, help));
                };
                self.step(&segment.text);
                let shape = self.shapes.item(shape);
                self.place(&mut items[index], shape, &segments[1..])
            }
            Value::Map(map) => {
                if let Some((key, used)) = existing(map, segments) {
                    let shape = self.shapes.member(shape, &key);
                    self.step(&key);
                    let entry = map.get_mut(&key).expect("invariant: the key was just found");
                    return self.place(&mut entry.node, shape, &segments[used..]);
                }
                let Some(field) = self.shapes.field(shape, &segment.text) else {
                    return Err(self.missing(map, shape, segments));
                };
                // A field that was left out. What lies between it and the path's end is made on the way.
                let made = Node { at: path_at, value: Value::Map(IndexMap::new()) };
                self.step(&segment.text);
                let entry = map.entry(segment.text.clone()).or_insert(Entry { key_at: path_at, node: made });
                self.place(&mut entry.node, field, &segments[1..])
            }
            Value::Scalar(scalar) => {
                let message = format!("no `{}` in {}", segment.text, self.here());
                Err((message, format!("{} is a single value: `{}`", self.here(), scalar.text)))
            }
        }
    }

    fn missing(&self, map: &IndexMap<String, Entry>, shape: &'s Json, segments: &[Segment]) -> (String, String) {
        let there: Vec<&str> = map.keys().map(String::as_str).collect();
        let mut known = self.shapes.fields(shape);
        known.retain(|name| !matches!(*name, "use" | "set"));
        for name in &there {
            if !known.contains(name) {
                known.push(name);
            }
        }
        // Keys of verdicts hold dots: what was meant may be several parts.
        let dots = known.iter().map(|name| name.matches('.').count()).max().unwrap_or(0);
        let texts: Vec<&str> = segments.iter().take(dots + 1).map(|segment| segment.text.as_str()).collect();
        let wanted = if dots == 0 { segments[0].text.clone() } else { texts.join(".") };
        let message = format!("no `{wanted}` in {}", self.here());
        if self.shapes.has_variants(shape)
            && let Some(list) = listed(there.iter().copied())
        {
            return (message, format!("it is {list} now; set {} itself to make it another", self.here()));
        }
        if known.is_empty() {
            return (message, listed(there).map_or("nothing is there".to_owned(), |list| format!("there is {list}")));
        }
        (message, hint(&wanted, "names there", known.iter().copied()))
    }

    fn step(&mut self, key: &str) {
        if !self.done.is_empty() {
            self.done.push('.');
        }
        self.done.push_str(key);
    }

    fn here(&self) -> String {
        if self.done.is_empty() { "the scenario".to_owned() } else { format!("`{}`", self.done) }
    }
}

/// The longest key of the map that the path's next parts spell, and how many parts it takes.
fn existing(map: &IndexMap<String, Entry>, segments: &[Segment]) -> Option<(String, usize)> {
    let mut key = segments[0].text.clone();
    let mut found = map.contains_key(&key).then(|| (key.clone(), 1));
    if segments[0].is_quoted {
        return found;
    }
    for (index, segment) in segments.iter().enumerate().skip(1) {
        if segment.is_quoted {
            break;
        }
        key = format!("{key}.{}", segment.text);
        if map.contains_key(&key) {
            found = Some((key.clone(), index + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_at_dots_outside_quotes() {
        let texts = |path: &str| segments(path).map(|list| list.into_iter().map(|part| part.text).collect::<Vec<_>>());
        assert_eq!(texts("a.b.2"), Ok(vec!["a".to_owned(), "b".to_owned(), "2".to_owned()]));
        assert_eq!(texts("a.\"b.c\".d"), Ok(vec!["a".to_owned(), "b.c".to_owned(), "d".to_owned()]));
        assert!(texts("").is_err());
        assert!(texts("a..b").is_err());
        assert!(texts("a.").is_err());
        assert!(texts("a.\"b").is_err());
        assert!(texts("a.\"b\"c").is_err());
    }
}
