//! The words of a JSON schema: every key, every one-key map and every closed word, with what the schema says of it.
//!
//! Owns the walk from a schema to entries. Refuses texts of its own: what a word means is written once, at its type, so a
//! new kind of fault, step or remedy explains itself.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A word of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The word.
    pub(crate) name: String,
    /// What kind of word it is.
    pub(crate) kind: Kind,
    /// What it belongs to, in the schema's words: the description of the map or list of words that it stands in.
    pub(crate) of: String,
    /// What it means.
    pub(crate) description: String,
    /// What stands behind it: `a time such as 250ms`; empty for a closed word.
    pub(crate) value: String,
    /// Its default, as it is written; empty if there is none.
    pub(crate) default: String,
    /// Whether it can't be left out.
    pub(crate) needed: bool,
    /// Where it may stand, as paths for `--set`, with `NAME` for any name and `N` for any place of a list.
    pub(crate) places: Vec<String>,
    /// The keys below it.
    pub(crate) keys: Vec<Key>,
}

/// What kind of word an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A key of a map.
    Key,
    /// The one key of a map that says which of several kinds a thing is.
    Choice,
    /// A word of a closed list.
    Word,
}

/// A key below an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: String,
    /// As [`Entry::value`].
    pub(crate) value: String,
    /// As [`Entry::default`].
    pub(crate) default: String,
    /// As [`Entry::needed`].
    pub(crate) needed: bool,
    /// As [`Entry::description`].
    pub(crate) description: String,
}

/// Every word of a schema, in the order in which one comes to it from the top.
pub(crate) fn entries(schema: &Value) -> Vec<Entry> {
    let walk = Walk { definitions: schema["$defs"].as_object() };
    let places = walk.places(schema);
    let mut entries = walk.words(schema, &[String::new()]);
    let empty = Map::new();
    let definitions = walk.definitions.unwrap_or(&empty);
    let mut ordered: Vec<(&String, &Vec<String>)> = places.iter().collect();
    // Near the top before far below, and as written among equals.
    ordered.sort_by_key(|(name, places)| (depth(&places[0]), definitions.keys().position(|key| key == *name)));
    for (name, places) in ordered {
        entries.extend(walk.words(&definitions[name], places));
    }
    entries
}

fn depth(path: &str) -> usize {
    path.matches('.').count()
}

struct Walk<'s> {
    definitions: Option<&'s Map<String, Value>>,
}

impl<'s> Walk<'s> {
    /// Where each definition is used, the nearest place first. Nothing is followed twice: a step may hold steps. A
    /// definition that only leads on to another (a draw to its family) hands on all of its places.
    fn places(&self, schema: &'s Value) -> BTreeMap<String, Vec<String>> {
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut followed = BTreeSet::new();
        let mut leads_on: Vec<(String, String)> = Vec::new();
        let mut open = VecDeque::from([(schema, String::new(), None)]);
        while let Some((node, path, name)) = open.pop_front() {
            for (to, at) in references(node, &path) {
                match &name {
                    Some(name) if at == path => leads_on.push((String::clone(name), to.clone())),
                    _ => places.entry(to.clone()).or_default().push(at.clone()),
                }
                if followed.insert(to.clone())
                    && let Some(definition) = self.definitions.and_then(|all| all.get(&to))
                {
                    open.push_back((definition, at, Some(to)));
                }
            }
        }
        for (from, to) in leads_on {
            let handed_on = places.get(&from).cloned().unwrap_or_default();
            places.entry(to).or_default().extend(handed_on);
        }
        for found in places.values_mut() {
            found.sort_by_key(|path| depth(path));
        }
        places
    }

    /// The words of one map or list of words that stands at these places.
    fn words(&self, node: &Value, places: &[String]) -> Vec<Entry> {
        let below = |name: &str| places.iter().map(|place| joined(place, name)).collect::<Vec<String>>();
        let mut entries = Vec::new();
        for (name, value) in properties(node) {
            entries.push(self.entry(name, Kind::Key, node, value, value, below(name)));
        }
        for choice in list(node, "oneOf") {
            if let Some(word) = choice["const"].as_str() {
                entries.push(Entry {
                    name: word.to_owned(),
                    kind: Kind::Word,
                    of: text(node, "description"),
                    description: text(choice, "description"),
                    value: String::new(),
                    default: String::new(),
                    needed: false,
                    places: places.to_vec(),
                    keys: Vec::new(),
                });
            }
            for (name, value) in properties(choice) {
                entries.push(self.entry(name, Kind::Choice, node, choice, value, below(name)));
            }
        }
        entries
    }

    /// An entry: `said` has its description, `value` what stands behind it.
    fn entry(&self, name: &str, kind: Kind, node: &Value, said: &Value, value: &Value, places: Vec<String>) -> Entry {
        Entry {
            name: name.to_owned(),
            kind,
            of: text(node, "description"),
            description: text(said, "description"),
            value: self.value(value),
            default: default(value),
            needed: kind == Kind::Key && is_required(node, name),
            places,
            keys: self.keys(value),
        }
    }

    /// The keys of the map that stands behind a word.
    fn keys(&self, value: &Value) -> Vec<Key> {
        let map = self.resolved(value);
        let key = |(name, value): (&String, &Value)| Key {
            name: name.clone(),
            value: self.value(value),
            default: default(value),
            needed: is_required(map, name),
            description: text(value, "description"),
        };
        properties(map).map(key).collect()
    }

    /// The definition behind a reference, also of one that may be null.
    fn resolved<'v>(&self, value: &'v Value) -> &'v Value
    where
        's: 'v,
    {
        let value =
            list(value, "anyOf").find(|one| one["type"] != "null").filter(|_| is_optional(value)).unwrap_or(value);
        let definition = value["$ref"].as_str().and_then(|to| self.definitions?.get(to.rsplit('/').next()?));
        definition.unwrap_or(value)
    }

    /// What may stand there, in words.
    fn value(&self, value: &Value) -> String {
        let is_reference = value["$ref"].is_string() || is_optional(value);
        let value = self.resolved(value);
        if let Some(format) = value["format"].as_str().filter(|_| value["examples"].is_array()) {
            let example = value["examples"][0].as_str().unwrap_or_default();
            return format!("{} {format} such as {example}", article(format));
        }
        let choices: Vec<String> = list(value, "oneOf")
            .flat_map(|one| {
                one["const"]
                    .as_str()
                    .map(str::to_owned)
                    .into_iter()
                    .chain(properties(one).map(|(name, _)| name.clone()))
            })
            .map(|name| format!("`{name}`"))
            .collect();
        if !choices.is_empty() {
            return format!("one of {}", choices.join(", "));
        }
        let alternatives: Vec<String> = list(value, "anyOf").map(|one| self.value(one)).collect();
        if !alternatives.is_empty() {
            return alternatives.join(", or ");
        }
        let kind = value["type"]
            .as_str()
            .or_else(|| list(value, "type").find_map(|one| one.as_str().filter(|one| *one != "null")));
        match kind {
            Some("string") => "text".to_owned(),
            Some("boolean") => "true or false".to_owned(),
            Some("integer") => "a whole number".to_owned(),
            Some("number") => "a number".to_owned(),
            Some("array") => format!("a list; each of {}", self.item(value)),
            Some("object") if value["additionalProperties"].is_object() => {
                format!("a map by name; each of {}", self.value(&value["additionalProperties"]))
            }
            Some("object") if is_reference && value["properties"].is_object() => {
                let names: Vec<String> = properties(value).map(|(name, _)| format!("`{name}`")).collect();
                format!("a map with {}", names.join(", "))
            }
            _ => "a map".to_owned(),
        }
    }

    fn item(&self, value: &Value) -> String {
        let several: Vec<String> = list(value, "prefixItems").map(|one| self.value(one)).collect();
        if several.is_empty() { self.value(&value["items"]) } else { several.join(" and ") }
    }
}

/// The definitions that a node names, with the paths at which it does.
fn references(node: &Value, path: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some(name) = node["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        found.push((name.to_owned(), path.to_owned()));
    }
    for (name, value) in properties(node) {
        found.extend(references(value, &joined(path, name)));
    }
    for one in list(node, "oneOf").chain(list(node, "anyOf")) {
        found.extend(references(one, path));
    }
    if node["items"].is_object() {
        found.extend(references(&node["items"], &joined(path, "N")));
    }
    if node["additionalProperties"].is_object() {
        found.extend(references(&node["additionalProperties"], &joined(path, "NAME")));
    }
    found
}

fn properties(node: &Value) -> impl Iterator<Item = (&String, &Value)> {
    node["properties"].as_object().into_iter().flatten()
}

fn list<'v>(node: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    node[key].as_array().into_iter().flatten()
}

/// Whether null may stand there too.
fn is_optional(value: &Value) -> bool {
    list(value, "anyOf").any(|one| one["type"] == "null")
}

fn is_required(node: &Value, name: &str) -> bool {
    list(node, "required").any(|one| one == name)
}

fn text(node: &Value, key: &str) -> String {
    node[key].as_str().unwrap_or_default().replace('\n', " ")
}

/// A default as a file would have it; nothing for null and for what is empty.
fn default(value: &Value) -> String {
    match &value["default"] {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'e>(entries: &'e [Entry], name: &str) -> Vec<&'e Entry> {
        entries.iter().filter(|entry| entry.name == name).collect()
    }

    #[test]
    fn a_fault_a_step_a_word_and_a_key_of_the_language() {
        let entries = entries(&doorbuster_scenarios::schema());
        let fault = named(&entries, "lost_index")[0];
        assert_eq!(
            (fault.kind, fault.places.as_slice()),
            (Kind::Choice, ["faults.NAME.change.lost_index".to_owned()].as_slice())
        );
        assert!(fault.description.starts_with("An index is gone"));
        assert_eq!(
            fault.keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(),
            ["store", "table", "index", "shards"]
        );
        assert_eq!((fault.keys[3].value.as_str(), fault.keys[3].default.as_str()), ("a share such as 25%", "100%"));
        assert!(fault.keys[0].needed && !fault.keys[3].needed);
        let step = named(&entries, "compute")[0];
        assert_eq!(step.places[0], "services.NAME.endpoints.NAME.do.N.compute");
        assert!(step.value.starts_with("a time such as 250ms, or one of `constant`, `uniform`"), "{}", step.value);
        let balancer = named(&entries, "two_random")[0];
        assert_eq!((balancer.kind, balancer.places[0].as_str()), (Kind::Word, "services.NAME.balancer"));
        let law = named(&entries, "log_normal")[0];
        assert!(
            law.places.contains(&"services.NAME.endpoints.NAME.do.N.wait.log_normal".to_owned()),
            "{:?}",
            law.places
        );
        let workers = named(&entries, "workers")[0];
        assert_eq!((workers.value.as_str(), workers.default.as_str()), ("an amount such as 9M", ""));
    }

    #[test]
    fn every_word_says_what_it_means() {
        for schema in [doorbuster_scenarios::schema(), doorbuster_reports::schema::schema()] {
            for entry in entries(&schema) {
                assert!(!entry.description.is_empty() && !entry.places.is_empty(), "{entry:?}");
            }
        }
    }
}
