//! The merged tree held against the schema: unknown and missing keys, kinds of values, units. All faults at once.
//!
//! Owns what can be said of a value by its place alone. Refuses to know what names refer to (`check`).

use super::files::Findings;
use super::node::{Entry, Kind, Node, Position, Scalar, Value};
use super::shape::{Shape, Shapes};
use crate::nearest::{hint, listed, nearest};
use crate::units::{Amount, Rate, Share, Time};
use indexmap::IndexMap;
use serde_json::Value as Json;

/// Reports everything in the tree that the schema refuses.
pub(crate) fn validate(root: &Node, shapes: &Shapes, findings: &mut Findings) {
    let place = Place { name: "the scenario", owner: root.at, schema: shapes.root() };
    Validator { shapes, findings }.node(root, place);
}

/// A place in the tree: the key that leads to it and what it may hold.
#[derive(Clone, Copy)]
struct Place<'s> {
    name: &'s str,
    /// Where something missing is shown.
    owner: Position,
    schema: &'s Json,
}

struct Validator<'s, 'f> {
    shapes: &'s Shapes,
    findings: &'f mut Findings,
}

impl Validator<'_, '_> {
    fn node(&mut self, node: &Node, place: Place<'_>) {
        let shapes = self.shapes;
        let (shape, may_be_nothing) = shapes.shape(place.schema);
        if may_be_nothing && node.is_null() {
            return;
        }
        match (shape, &node.value) {
            (Shape::Any, _) => {}
            (Shape::Fields(fields), Value::Map(map)) => {
                let fields: Vec<(&str, &Json)> = fields.iter().map(|(name, schema)| (name.as_str(), schema)).collect();
                self.fields(map, &fields, place);
            }
            (Shape::Names(values), Value::Map(map)) => {
                for (name, entry) in map {
                    self.node(&entry.node, Place { name, owner: entry.key_at, schema: values });
                }
            }
            (Shape::List { items, least, most }, Value::List(list)) => {
                let count = list.len() as u64;
                if count < least || count > most {
                    let bounds = if least == most { format!("{least}") } else { format!("{least} to {most}") };
                    let message = format!("`{}` must have {bounds} items, not {count}", place.name);
                    self.findings.report(place.owner, message, self.about(place));
                }
                for item in list {
                    self.node(item, Place { name: place.name, owner: item.at, schema: items });
                }
            }
            (Shape::Variants { words, keys }, _) => self.variant(node, &words, &keys, place),
            (Shape::Unit(format), Value::Scalar(scalar)) => self.unit(node, scalar, format, place),
            (Shape::Text, Value::Scalar(Scalar { kind: Kind::Text, .. })) => {}
            (Shape::Bool, Value::Scalar(Scalar { kind: Kind::Bool(_), .. })) => {}
            (Shape::Number, Value::Scalar(Scalar { kind: Kind::Int(_), .. })) => {}
            (Shape::Number, Value::Scalar(Scalar { kind: Kind::Float(number), text })) => {
                if !number.is_finite() {
                    let message = format!("`{}` must be a finite number, not {text}", place.name);
                    self.findings.report(node.at, message, self.about(place));
                }
            }
            (Shape::Either(options), _) => self.either(node, &options, place),
            (shape, _) => self.wrong_kind(node, &shape, place),
        }
    }

    fn fields(&mut self, map: &IndexMap<String, Entry>, fields: &[(&str, &Json)], place: Place<'_>) {
        // Keys that a misspelt one probably stands for: they are not reported as missing, too.
        let mut meant = Vec::new();
        for (key, entry) in map {
            match fields.iter().find(|(name, _)| name == key) {
                Some((name, schema)) => self.node(&entry.node, Place { name, owner: entry.key_at, schema }),
                None if self.findings.are_full() => return,
                None => {
                    let known = fields.iter().map(|(name, _)| *name);
                    meant.extend(nearest(key, known.clone()));
                    self.findings.report(entry.key_at, format!("unknown key `{key}`"), hint(key, "known keys", known));
                }
            }
        }
        for required in self.shapes.required(place.schema) {
            if !map.contains_key(required) && !meant.contains(&required) {
                let schema =
                    fields.iter().find(|(name, _)| *name == required).map_or(place.schema, |(_, schema)| schema);
                let about = self.about(Place { name: required, schema, ..place });
                self.findings.report(place.owner, format!("`{}` has no `{required}`", place.name), about);
            }
        }
    }

    /// A word, or a map with one key.
    fn variant(&mut self, node: &Node, words: &[&str], keys: &[(&str, &Json)], place: Place<'_>) {
        let names = || words.iter().copied().chain(keys.iter().map(|(key, _)| *key)).collect::<Vec<_>>();
        match &node.value {
            Value::Scalar(Scalar { kind: Kind::Text, text }) => {
                if words.contains(&text.as_str()) {
                    return;
                }
                if keys.iter().any(|(key, _)| key == text) {
                    let message = format!("`{text}` needs a value");
                    self.findings.report(node.at, message, format!("write `{text}: ...`"));
                    return;
                }
                let message = format!("`{}` cannot be `{text}`", place.name);
                self.findings.report(node.at, message, hint(text, "it is one of", names()));
            }
            Value::Map(map) if !keys.is_empty() => {
                let mut known = 0;
                for (key, entry) in map {
                    let Some((name, schema)) = keys.iter().find(|(name, _)| name == key) else {
                        let message = format!("unknown key `{key}`");
                        self.findings.report(entry.key_at, message, hint(key, "it is one of", names()));
                        continue;
                    };
                    known += 1;
                    if known > 1 {
                        let first = map.keys().next().map_or("", String::as_str);
                        let message = format!("`{key}` stands beside `{first}`; only one key is allowed here");
                        self.findings.report(entry.key_at, message, "in a list, begin each of them with `- `");
                        continue;
                    }
                    self.node(&entry.node, Place { name, owner: entry.key_at, schema });
                }
                if map.is_empty() {
                    let message = format!("`{}` is empty", place.name);
                    self.findings.report(place.owner, message, hint("", "it is one of", names()));
                }
            }
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                let what = node.what();
                let form = if keys.is_empty() { "a word" } else { "a map with one key" };
                let message = format!("`{}` must be {form}, not {what}", place.name);
                let help = listed(names()).map_or(String::new(), |list| format!("it is one of {list}"));
                self.findings.report(self.shown(node, place), message, help);
            }
        }
    }

    /// One of several shapes: chosen by what is written, so that one good message comes instead of several bad ones.
    fn either(&mut self, node: &Node, options: &[&Json], place: Place<'_>) {
        let mut units = Vec::new();
        let mut others = Vec::new();
        for option in options {
            match self.shapes.shape(option).0 {
                Shape::Unit(format) => units.push((format, *option)),
                shape => others.push((shape, *option)),
            }
        }
        let of = |schema| Place { schema, ..place };
        match &node.value {
            Value::Scalar(scalar) if !units.is_empty() => {
                let takes_numbers = others.iter().any(|(shape, _)| matches!(shape, Shape::Number));
                let is_number = matches!(scalar.kind, Kind::Int(_) | Kind::Float(_));
                if let Some((_, option)) = others.iter().find(|(shape, _)| matches!(shape, Shape::Number))
                    && is_number
                {
                    return self.node(node, of(option));
                }
                if units.iter().any(|(format, _)| scalar.kind == Kind::Text && unit(format, &scalar.text).is_ok()) {
                    return;
                }
                // The unit that was probably meant.
                let meant = if scalar.text.contains('%') {
                    "share"
                } else if scalar.text.contains('/') {
                    "rate"
                } else {
                    units[0].0
                };
                let (format, _) = units.iter().find(|(format, _)| *format == meant).unwrap_or(&units[0]);
                if is_number && units.len() > 1 && !takes_numbers {
                    let message = format!("`{}` has no unit", scalar.text);
                    return self.findings.report(node.at, message, self.about(place));
                }
                self.unit(node, scalar, format, place);
            }
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => match others.first() {
                Some((_, option)) => self.node(node, of(option)),
                None => self.wrong_kind(node, &Shape::Unit(units[0].0), place),
            },
        }
    }

    /// A value with a unit.
    fn unit(&mut self, node: &Node, scalar: &Scalar, format: &str, place: Place<'_>) {
        let result = match scalar.kind {
            Kind::Null | Kind::Bool(_) => return self.wrong_kind(node, &Shape::Unit(format), place),
            Kind::Int(int) => unit(format, &int.to_string()),
            // `2.0` would be read as a float, of which serde makes no number of things.
            Kind::Float(_) => unit(format, &scalar.text)
                .and_then(|()| Err(format!("`{}` has a decimal point; write a whole number", scalar.text))),
            Kind::Text => unit(format, &scalar.text),
        };
        if let Err(message) = result {
            self.findings.report(node.at, message, self.about(place));
        }
    }

    fn wrong_kind(&mut self, node: &Node, shape: &Shape<'_>, place: Place<'_>) {
        let form = match shape {
            Shape::Fields(_) | Shape::Names(_) => "a map",
            Shape::List { .. } => "a list",
            Shape::Unit("time") => "a time such as 250ms",
            Shape::Unit("rate") => "a rate such as 40k/s",
            Shape::Unit("share") => "a share such as 25%",
            Shape::Unit(_) | Shape::Number => "a number",
            Shape::Text => "text",
            Shape::Bool => "true or false",
            Shape::Variants { .. } | Shape::Either(_) | Shape::Any => "something else",
        };
        let name =
            if place.schema == self.shapes.root() { "a scenario".to_owned() } else { format!("`{}`", place.name) };
        let message = format!("{name} must be {form}, not {}", node.what());
        let help = match (shape, &node.value) {
            (Shape::Text, Value::Scalar(scalar)) if scalar.kind != Kind::Null => {
                format!("put it in quotes: \"{}\"", scalar.text)
            }
            _ => self.about(place),
        };
        self.findings.report(self.shown(node, place), message, help);
    }

    /// The scalar itself, or the key of a list or map.
    fn shown(&self, node: &Node, place: Place<'_>) -> Position {
        if matches!(node.value, Value::Scalar(_)) { node.at } else { place.owner }
    }

    /// The schema's own words on a place.
    fn about(&self, place: Place<'_>) -> String {
        match self.shapes.description(place.schema) {
            Some(text) => format!("`{}`: {}", place.name, text.trim_end_matches('.')),
            None => String::new(),
        }
    }
}

/// Whether a text is a value with this unit.
fn unit(format: &str, text: &str) -> Result<(), String> {
    match format {
        "time" => text.parse::<Time>().map(|_| ()),
        "rate" => text.parse::<Rate>().map(|_| ()),
        "share" => text.parse::<Share>().map(|_| ()),
        _ => text.parse::<Amount>().map(|_| ()),
    }
}
