//! The JSON schema read as shapes: what a place of a scenario may hold.
//!
//! Owns the part of JSON schema that `schemars` writes for our types. A form that it doesn't know is `Any`,
//! which serde then judges; a test holds that our schema has none but where it says so.

use serde_json::{Map, Value as Json};

/// The schema of a scenario file.
pub(crate) struct Shapes {
    schema: Json,
}

/// What a place may hold.
pub(crate) enum Shape<'s> {
    /// A map with these keys.
    Fields(&'s Map<String, Json>),
    /// A map from names of the user's to values of one shape.
    Names(&'s Json),
    /// One of some words, or a map with one of some keys.
    Variants {
        words: Vec<&'s str>,
        keys: Vec<(&'s str, &'s Json)>,
    },
    /// A list, with how many items it may have.
    List {
        items: &'s Json,
        least: u64,
        most: u64,
    },
    /// A value with a unit: the `format` names it.
    Unit(&'s str),
    Text,
    Number,
    Bool,
    /// One of several shapes, told apart by what is written.
    Either(Vec<&'s Json>),
    Any,
}

static NOTHING: Json = Json::Null;

impl Shapes {
    pub(crate) fn new() -> Self {
        Self { schema: crate::schema::schema() }
    }

    pub(crate) fn root(&self) -> &Json {
        &self.schema
    }

    /// The shape, and whether nothing at all may stand there too.
    pub(crate) fn shape<'s>(&'s self, schema: &'s Json) -> (Shape<'s>, bool) {
        let schema = self.resolve(schema);
        if let Some(options) = schema.get("anyOf").and_then(Json::as_array) {
            let some: Vec<&Json> = options.iter().filter(|option| !is_null(option)).collect();
            let nullable = some.len() < options.len();
            if let [only] = some[..] {
                return (self.shape(only).0, nullable);
            }
            return (Shape::Either(some), nullable);
        }
        if let Some(options) = schema.get("oneOf").and_then(Json::as_array) {
            return (variants(options), false);
        }
        let types = types(schema);
        (self.plain(schema, &types), types.contains(&"null"))
    }

    fn plain<'s>(&'s self, schema: &'s Json, types: &[&str]) -> Shape<'s> {
        if let Some(words) = schema.get("enum").and_then(Json::as_array) {
            return Shape::Variants { words: words.iter().filter_map(Json::as_str).collect(), keys: Vec::new() };
        }
        if types.contains(&"object") {
            return match (schema.get("properties").and_then(Json::as_object), schema.get("additionalProperties")) {
                (Some(properties), _) => Shape::Fields(properties),
                (None, Some(values)) if values.is_object() => Shape::Names(values),
                (None, _) => Shape::Any,
            };
        }
        if types.contains(&"array") {
            let bound = |name: &str| schema.get(name).and_then(Json::as_u64);
            let items = schema.get("items").unwrap_or(&NOTHING);
            return Shape::List {
                items,
                least: bound("minItems").unwrap_or(0),
                most: bound("maxItems").unwrap_or(u64::MAX),
            };
        }
        let format = schema.get("format").and_then(Json::as_str).unwrap_or_default();
        if matches!(format, "time" | "rate" | "share" | "amount") {
            return Shape::Unit(format);
        }
        if types.contains(&"string") {
            return Shape::Text;
        }
        if types.contains(&"number") || types.contains(&"integer") {
            return Shape::Number;
        }
        if types.contains(&"boolean") { Shape::Bool } else { Shape::Any }
    }

    /// Follows references. Our definitions refer to each other only from inside lists and maps.
    fn resolve<'s>(&'s self, mut schema: &'s Json) -> &'s Json {
        while let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let name = reference.trim_start_matches("#/$defs/");
            schema = self.schema.get("$defs").and_then(|defs| defs.get(name)).unwrap_or(&NOTHING);
        }
        schema
    }

    /// The description of a place: its own, or else that of the type it refers to; its first line.
    pub(crate) fn description<'s>(&'s self, schema: &'s Json) -> Option<&'s str> {
        let own = schema.get("description").or_else(|| self.resolve(schema).get("description"));
        own.and_then(Json::as_str).and_then(|text| text.lines().next())
    }

    /// Keys without which a map is not complete.
    pub(crate) fn required<'s>(&'s self, schema: &'s Json) -> Vec<&'s str> {
        let mut required = Vec::new();
        let schema = self.resolve(schema);
        // An optional struct stands in an `anyOf` with null.
        let options = schema.get("anyOf").and_then(Json::as_array).map_or(vec![schema], |some| some.iter().collect());
        for option in options {
            let names = self.resolve(option).get("required").and_then(Json::as_array);
            required.extend(names.into_iter().flatten().filter_map(Json::as_str));
        }
        required
    }

    /// The schema of a list's items.
    pub(crate) fn item<'s>(&'s self, schema: &'s Json) -> &'s Json {
        match self.shape(schema).0 {
            Shape::List { items, .. } => items,
            _ => &NOTHING,
        }
    }

    /// The schema of the value under a key, whatever kind of map this is.
    pub(crate) fn member<'s>(&'s self, schema: &'s Json, key: &str) -> &'s Json {
        match self.shape(schema).0 {
            Shape::Fields(fields) => fields.get(key).unwrap_or(&NOTHING),
            Shape::Names(values) => values,
            Shape::Variants { keys, .. } => {
                keys.iter().find(|(name, _)| *name == key).map_or(&NOTHING, |(_, schema)| schema)
            }
            Shape::Either(options) => options
                .into_iter()
                .map(|option| self.member(option, key))
                .find(|found| !found.is_null())
                .unwrap_or(&NOTHING),
            _ => &NOTHING,
        }
    }

    /// The schema of a field that a map with fixed keys may have.
    pub(crate) fn field<'s>(&'s self, schema: &'s Json, key: &str) -> Option<&'s Json> {
        match self.shape(schema).0 {
            Shape::Fields(fields) => fields.get(key),
            _ => None,
        }
    }

    /// The keys of a map with fixed keys; none for others.
    pub(crate) fn fields<'s>(&'s self, schema: &'s Json) -> Vec<&'s str> {
        match self.shape(schema).0 {
            Shape::Fields(fields) => fields.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn has_variants(&self, schema: &Json) -> bool {
        matches!(self.shape(schema).0, Shape::Variants { .. } | Shape::Either(_))
    }

    pub(crate) fn has_fields(&self, schema: &Json) -> bool {
        matches!(self.shape(schema).0, Shape::Fields(_))
    }
}

/// An enum: each option is a word, or an object with one key.
fn variants(options: &[Json]) -> Shape<'_> {
    let (mut words, mut keys) = (Vec::new(), Vec::new());
    for option in options {
        if let Some(word) = option.get("const").and_then(Json::as_str) {
            words.push(word);
        } else if let Some(several) = option.get("enum").and_then(Json::as_array) {
            words.extend(several.iter().filter_map(Json::as_str));
        } else if let Some(properties) = option.get("properties").and_then(Json::as_object) {
            keys.extend(properties.iter().map(|(name, schema)| (name.as_str(), schema)));
        }
    }
    Shape::Variants { words, keys }
}

fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_null(schema: &Json) -> bool {
    types(schema) == ["null"]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every place of the schema has a shape that the validator knows; only the values of `set` are open.
    #[test]
    fn the_schema_has_no_unknown_form() {
        let shapes = Shapes::new();
        let mut roots: Vec<&Json> = vec![shapes.root()];
        roots.extend(shapes.root()["$defs"].as_object().into_iter().flat_map(|defs| defs.values()));
        let mut unknown = Vec::new();
        while let Some(schema) = roots.pop() {
            if schema.get("$ref").is_some() {
                continue;
            }
            match shapes.shape(schema).0 {
                Shape::Fields(fields) => {
                    roots.extend(fields.iter().filter(|(key, _)| *key != "set").map(|(_, one)| one));
                }
                Shape::Names(values) => roots.push(values),
                Shape::Variants { keys, words } => {
                    assert!(keys.len() + words.len() > 0);
                    roots.extend(keys.iter().map(|(_, one)| *one));
                }
                Shape::List { items, .. } => roots.push(items),
                Shape::Either(options) => roots.extend(options),
                Shape::Unit(_) | Shape::Text | Shape::Number | Shape::Bool => {}
                Shape::Any => unknown.push(schema),
            }
        }
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
