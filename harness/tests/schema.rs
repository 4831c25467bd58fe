//! The schemas that `doorbuster schema` prints, and a real result against its own.

mod workbench;

use serde_json::{Value, json};
use std::path::Path;
use workbench::Folder;

/// *Scenario*: both schemas, asked of the command.
///
/// *Guarantees*: each is the one that is checked in, byte for byte; the scenario's when nothing is said.
#[test]
fn the_schemas_are_those_checked_in() {
    let folder = Folder::new("schemas");
    for (args, file) in [
        (&["schema"][..], "scenarios/schema/scenario.schema.json"),
        (&["schema", "scenario"], "scenarios/schema/scenario.schema.json"),
        (&["schema", "result"], "reports/schema/result.schema.json"),
    ] {
        let told = folder.doorbuster(args).ends_with(0);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let there = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(told.stdout == there, "`doorbuster {}` is not {file}", args.join(" "));
    }
}

/// *Scenario*: the result of a drill with alert, cause and recovery, and that of a run without any.
///
/// *Guarantees*: both are as the schema says: every value of the kind and from the list that it names, every key that it
/// needs there, no key that it does not know.
#[test]
fn a_real_result_is_as_its_schema_says() {
    let folder = Folder::with_small_drill("result");
    folder.write("smallest.yaml", workbench::SMALLEST);
    let schema = schema(&folder);
    for scenario in ["small-drill.yaml", "smallest.yaml"] {
        let result = folder.result(scenario, &[]);
        let strayed = strayed(&schema, &schema, &result, "result");
        assert!(strayed.is_empty(), "{scenario}:\n{}", strayed.join("\n"));
    }
}

/// *Scenario*: a result with a number for a text, an unknown word, a missing key, an unknown key, a null too many.
///
/// *Guarantees*: the check above sees each, with its place.
#[test]
fn a_wrong_result_is_seen() {
    let folder = Folder::with_small_drill("wrong-result");
    let schema = schema(&folder);
    let result = folder.result("small-drill.yaml", &[]);
    let edits: [(&str, Value, &str); 5] = [
        ("/seed", json!("one"), "result.seed"),
        ("/verdicts/0/unit", json!("furlong"), "result.verdicts.0.unit"),
        ("/verdicts/0", json!({"id": "run.success"}), "needs `kind`"),
        ("/scale/colour", json!("blue"), "`colour`"),
        ("/fingerprint", Value::Null, "result.fingerprint"),
    ];
    for (at, value, told) in edits {
        let mut wrong = result.clone();
        let (parent, key) = at.rsplit_once('/').expect("a path");
        match wrong.pointer_mut(parent).expect("it is there") {
            Value::Array(list) => list[key.parse::<usize>().expect("a place")] = value,
            map => map[key] = value,
        }
        let strayed = strayed(&schema, &schema, &wrong, "result");
        assert!(strayed.iter().any(|one| one.contains(told)), "{at}: {strayed:?}");
    }
}

fn schema(folder: &Folder) -> Value {
    serde_json::from_str(&folder.doorbuster(&["schema", "result"]).ends_with(0).stdout).expect("JSON")
}

/// Where a value is not as a schema says. Knows the keywords that our schemas use; another one is told as unknown, so
/// that nothing passes because it was not looked at.
fn strayed(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut strayed_at = Vec::new();
    let Some(keywords) = schema.as_object() else { return strayed_at };
    for (keyword, said) in keywords {
        match keyword.as_str() {
            "description" | "title" | "format" | "default" | "$schema" | "$defs" => {}
            "$ref" => {
                let name = said.as_str().and_then(|to| to.strip_prefix("#/$defs/")).expect("a definition");
                strayed_at.extend(strayed(root, &root["$defs"][name], value, at));
            }
            "type" => {
                let kinds: Vec<&Value> = said.as_array().map_or_else(|| vec![said], |kinds| kinds.iter().collect());
                if !kinds.iter().any(|kind| is_a(value, kind.as_str().unwrap_or_default())) {
                    strayed_at.push(format!("{at} is {value}, not {said}"));
                }
            }
            "const" if value != said => strayed_at.push(format!("{at} is {value}, not {said}")),
            "enum" if !said.as_array().is_some_and(|words| words.contains(value)) => {
                strayed_at.push(format!("{at} is {value}, not one of {said}"));
            }
            "minimum" if value.as_f64().is_some_and(|number| number < said.as_f64().expect("a number")) => {
                strayed_at.push(format!("{at} is {value}, under {said}"));
            }
            "minItems" | "maxItems" => {
                let most = said.as_u64().expect("a number") as usize;
                let wrong =
                    |list: &Vec<Value>| if keyword == "minItems" { list.len() < most } else { list.len() > most };
                if value.as_array().is_some_and(wrong) {
                    strayed_at.push(format!("{at} has not {said} items"));
                }
            }
            "const" | "enum" | "minimum" => {}
            "oneOf" | "anyOf" => {
                let fits = |one: &&Value| strayed(root, one, value, at).is_empty();
                let fitting = said.as_array().expect("a list").iter().filter(fits).count();
                if fitting == 0 || keyword == "oneOf" && fitting > 1 {
                    strayed_at.push(format!("{at} is {value}, which fits {fitting} of {keyword}"));
                }
            }
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    strayed_at.extend(strayed(root, said, item, &format!("{at}.{place}")));
                }
            }
            "prefixItems" => {
                let items = value.as_array().into_iter().flatten();
                for (place, (said, item)) in said.as_array().expect("a list").iter().zip(items).enumerate() {
                    strayed_at.extend(strayed(root, said, item, &format!("{at}.{place}")));
                }
            }
            "properties" => {
                let known = said.as_object().expect("a map");
                for (name, item) in value.as_object().into_iter().flatten() {
                    match known.get(name) {
                        Some(said) => strayed_at.extend(strayed(root, said, item, &format!("{at}.{name}"))),
                        None => strayed_at.push(format!("{at} has `{name}`, which its schema does not know")),
                    }
                }
            }
            "required" => {
                for name in said.as_array().expect("a list").iter().filter_map(Value::as_str) {
                    if value.is_object() && value.get(name).is_none() {
                        strayed_at.push(format!("{at} needs `{name}`"));
                    }
                }
            }
            "additionalProperties" => {
                for (name, item) in value.as_object().into_iter().flatten() {
                    strayed_at.extend(strayed(root, said, item, &format!("{at}.{name}")));
                }
            }
            unknown => strayed_at.push(format!("the schema says `{unknown}` at {at}, which this test does not know")),
        }
    }
    strayed_at
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
