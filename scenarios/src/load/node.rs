//! A YAML tree in which every node knows where it stands.
//!
//! Owns positions, the plain scalars of YAML 1.2's core schema, and the way to JSON, which serde reads.

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};

/// Where something stands: a file of [`super::files::Files`], line and column from 1, length in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) file: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) length: usize,
}

/// A node of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The scalar itself; the first character of a list or a map.
    pub(crate) at: Position,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(IndexMap<String, Entry>),
}

/// A value of a map, with the place of its key.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key_at: Position,
    pub(crate) node: Node,
}

/// A scalar: as it is written, and what it is.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text,
}

impl Scalar {
    /// A plain scalar, by the core schema of YAML 1.2 (section 10.3.2): `no` and `12:30` are text.
    pub(crate) fn plain(text: String) -> Self {
        let kind = plain_kind(&text);
        Self { text, kind }
    }

    pub(crate) fn quoted(text: String) -> Self {
        Self { text, kind: Kind::Text }
    }
}

fn plain_kind(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Kind::Float(f64::NAN),
        _ => {}
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Kind::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.starts_with(['+', '-'])
            && let Ok(int) = i64::from_str_radix(digits, radix)
        {
            return Kind::Int(int);
        }
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Kind::Text; // Rust would also read `infinity` as a number.
    }
    if let Ok(int) = text.parse() {
        return Kind::Int(int);
    }
    match text.parse() {
        Ok(float) => Kind::Float(float),
        Err(_) => Kind::Text,
    }
}

impl Node {
    pub(crate) fn map(&self) -> Option<&IndexMap<String, Entry>> {
        match &self.value {
            Value::Map(map) => Some(map),
            Value::Scalar(_) | Value::List(_) => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(Scalar { kind: Kind::Null, .. }))
    }

    /// What it is, for "must be a list, not ...".
    pub(crate) fn what(&self) -> &'static str {
        match &self.value {
            Value::Map(_) => "a map",
            Value::List(_) => "a list",
            Value::Scalar(scalar) => match scalar.kind {
                Kind::Null => "nothing",
                Kind::Bool(_) => "true or false",
                Kind::Int(_) | Kind::Float(_) => "a number",
                Kind::Text => "text",
            },
        }
    }

    /// Levels of lists and maps in it; 0 for a scalar.
    pub(crate) fn depth(&self) -> usize {
        match &self.value {
            Value::Scalar(_) => 0,
            Value::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Value::Map(map) => 1 + map.values().map(|entry| entry.node.depth()).max().unwrap_or(0),
        }
    }

    /// The same without positions. A number that JSON cannot hold was refused before.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Scalar(scalar) => match scalar.kind {
                Kind::Null => Json::Null,
                Kind::Bool(bool) => Json::Bool(bool),
                Kind::Int(int) => Json::Number(int.into()),
                Kind::Float(float) => Number::from_f64(float).map_or(Json::Null, Json::Number),
                Kind::Text => Json::String(scalar.text.clone()),
            },
            Value::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Map(map) => {
                Json::Object(map.iter().map(|(key, entry)| (key.clone(), entry.node.to_json())).collect())
            }
        }
    }
}

/// A node reached on a known way through the tree; where the way ends early, the last place on it.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'a> {
    node: Option<&'a Node>,
    /// The key that led here, or the node.
    pub(crate) name_at: Position,
    /// The scalar itself; the key of a list or map.
    pub(crate) at: Position,
}

impl<'a> Spot<'a> {
    pub(crate) fn root(node: &'a Node) -> Self {
        Self { node: Some(node), name_at: node.at, at: node.at }
    }

    pub(crate) fn key(self, key: &str) -> Self {
        match self.node.and_then(Node::map).and_then(|map| map.get(key)) {
            Some(entry) => Self::of(&entry.node, entry.key_at),
            None => Self { node: None, ..self },
        }
    }

    pub(crate) fn item(self, index: usize) -> Self {
        match self.node.map(|node| &node.value) {
            Some(Value::List(items)) if index < items.len() => Self::of(&items[index], items[index].at),
            _ => Self { node: None, ..self },
        }
    }

    pub(crate) fn has(self, key: &str) -> bool {
        self.node.and_then(Node::map).is_some_and(|map| map.contains_key(key))
    }

    /// Whether the whole way was there; what was generated stands in no file.
    pub(crate) fn is_written(self) -> bool {
        self.node.is_some()
    }

    fn of(node: &'a Node, name_at: Position) -> Self {
        let at = if matches!(node.value, Value::Scalar(_)) { node.at } else { name_at };
        Self { node: Some(node), name_at, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for text in ["", "~", "null", "NULL"] {
            assert_eq!(plain_kind(text), Kind::Null, "{text}");
        }
        assert_eq!(plain_kind("True"), Kind::Bool(true));
        assert_eq!(plain_kind("0x1F"), Kind::Int(31));
        assert_eq!(plain_kind("0o17"), Kind::Int(15));
        assert_eq!(plain_kind("-012"), Kind::Int(-12));
        assert_eq!(plain_kind("1e3"), Kind::Float(1000.0));
        assert_eq!(plain_kind(".5"), Kind::Float(0.5));
        assert_eq!(plain_kind("99999999999999999999"), Kind::Float(1e20));
        assert_eq!(plain_kind("-.inf"), Kind::Float(f64::NEG_INFINITY));
        for text in ["no", "yes", "on", "12:30", "5ms", "inf", "nan", "infinity", "-", ".", "1_000", "0x", "0xg", "+-1"]
        {
            assert_eq!(plain_kind(text), Kind::Text, "{text}");
        }
    }
}
