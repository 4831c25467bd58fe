//! What differs between two resolved scenarios, by the path that `--set` takes.
//!
//! Owns paths and values in the syntax of the scenario language. Refuses words: title and story play no part.

use super::Setting;
use crate::result::RunResult;
use serde_json::Value;

/// Characters of a value that are told; `result.json` has both scenarios whole.
const LONGEST_VALUE: usize = 160;

/// Everything that differs: what stands outside the scenario first, then in the order of the baseline's scenario.
pub(super) fn differences(baseline: &RunResult, here: &RunResult) -> Vec<Setting> {
    let mut told = Vec::new();
    if baseline.seed != here.seed {
        told.push(Setting {
            path: "--seed".to_owned(),
            baseline: Some(baseline.seed.to_string()),
            here: Some(here.seed.to_string()),
        });
    }
    if baseline.scale.pipeline != here.scale.pipeline {
        told.push(Setting {
            path: "--pipeline".to_owned(),
            baseline: Some(baseline.scale.pipeline.clone()),
            here: Some(here.scale.pipeline.clone()),
        });
    }
    walk("", Some(&baseline.resolved), Some(&here.resolved), &mut told);
    told
}

/// Whether the two have the same at a JSON pointer.
pub(super) fn agree_on(baseline: &RunResult, here: &RunResult, pointer: &str) -> bool {
    let of = |result: &RunResult| result.resolved.pointer(pointer).filter(|value| !value.is_null()).cloned();
    of(baseline) == of(here)
}

fn walk(path: &str, baseline: Option<&Value>, here: Option<&Value>, told: &mut Vec<Setting>) {
    // What a version of the language does not know yet and what it leaves out are the same.
    let there = |value: Option<&'_ Value>| value.is_some_and(|value| !value.is_null());
    if baseline == here || (!there(baseline) && !there(here)) || matches!(path, "title" | "story") {
        return;
    }
    match (baseline, here) {
        (Some(Value::Object(old)), Some(Value::Object(new))) if !are_other_variants(old, new) => {
            for (key, value) in old {
                walk(&joined(path, key), Some(value), new.get(key), told);
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                walk(&joined(path, key), None, Some(value), told);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                walk(&joined(path, &index.to_string()), Some(old), Some(new), told);
            }
        }
        _ => told.push(Setting { path: path.to_owned(), baseline: text(baseline), here: text(here) }),
    }
}

/// A one-key map that has another key is another variant: `{poisson: 1/s}` and `{constant: 1/s}` are changed as a whole.
fn are_other_variants(old: &serde_json::Map<String, Value>, new: &serde_json::Map<String, Value>) -> bool {
    old.len() == 1 && new.len() == 1 && old.keys().next() != new.keys().next()
}

fn joined(path: &str, key: &str) -> String {
    let key = if key.contains('.') || key.contains('=') { format!("\"{key}\"") } else { key.to_owned() };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn text(value: Option<&Value>) -> Option<String> {
    let text = flow(value?);
    if text.chars().count() <= LONGEST_VALUE {
        return Some(text);
    }
    let cut: String = text.chars().take(LONGEST_VALUE).collect();
    Some(format!("{cut}..."))
}

/// A value on one line of YAML.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        // A JSON string is a double-quoted one of YAML.
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let there = map.iter().filter(|(_, value)| !value.is_null());
            let entries: Vec<String> =
                there.map(|(key, value)| format!("{}: {}", flow(&Value::String(key.clone())), flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// Whether a text needs no quotes. A number needs none: amounts are texts in a resolved scenario.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/')
        && text.ends_with(|c: char| !matches!(c, ' ' | ':'))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./%: ".contains(c))
        && !text.contains(": ")
        && !matches!(text, "true" | "false" | "null")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use serde_json::json;

    fn told(baseline: Value, here: Value) -> Vec<(String, Option<String>, Option<String>)> {
        let of = |resolved| RunResult { resolved, ..examples::empty() };
        let list = differences(&of(baseline), &of(here));
        list.into_iter().map(|setting| (setting.path, setting.baseline, setting.here)).collect()
    }

    fn some(path: &str, baseline: &str, here: &str) -> (String, Option<String>, Option<String>) {
        let text = |text: &str| (text != "-").then(|| text.to_owned());
        (path.to_owned(), text(baseline), text(here))
    }

    #[test]
    fn a_changed_value_has_its_path() {
        let old = json!({"stores": {"payments": {"shards": 16, "cores": 4}}, "traffic": {"poisson": "60k/s"}});
        let new = json!({"stores": {"payments": {"shards": 8, "cores": 4}}, "traffic": {"poisson": "66k/s"}});
        assert_eq!(
            told(old.clone(), new),
            [some("stores.payments.shards", "16", "8"), some("traffic.poisson", "60k/s", "66k/s")]
        );
        assert_eq!(told(old.clone(), old), []);
    }

    #[test]
    fn keys_that_came_and_went_are_told_and_null_is_not_there() {
        let old = json!({"a": {"x": 1, "gone": "5s", "none": null}});
        let new = json!({"a": {"x": 1, "come": {"y": "2/s", "z": null}}, "b": null});
        assert_eq!(told(old, new), [some("a.gone", "5s", "-"), some("a.come", "-", "{y: 2/s}")]);
        assert_eq!(told(json!({"a": {"t": null}}), json!({"a": {"t": "5s"}})), [some("a.t", "null", "5s")]);
    }

    #[test]
    fn lists_go_item_by_item_unless_their_length_differs() {
        let steps =
            |think: &str| json!({"steps": [{"request": "a.b", "think": "1s"}, {"request": "a.c", "think": think}]});
        assert_eq!(told(steps("1s"), steps("2s")), [some("steps.1.think", "1s", "2s")]);
        assert_eq!(told(json!({"l": [1, 2]}), json!({"l": [1, 2, "a, b"]})), [some("l", "[1, 2]", "[1, 2, \"a, b\"]")]);
    }

    #[test]
    fn another_variant_is_a_change_of_the_whole() {
        let old = json!({"traffic": {"poisson": "1/s"}});
        let new = json!({"traffic": {"closed": {"users": 5, "think": "1s"}}});
        assert_eq!(told(old, new), [some("traffic", "{poisson: 1/s}", "{closed: {users: 5, think: 1s}}")]);
    }

    #[test]
    fn keys_with_dots_are_quoted_and_values_that_would_be_misread() {
        let of = |bound: &str, clock: &str, name: &str| json!({"expect": {"incident.p99.during": {"at_most": bound}}, "clock": clock, "name": name, "story": bound});
        assert_eq!(
            told(of("5s", "09:00", "7"), of("6s", "10:00", "true")),
            [
                some("expect.\"incident.p99.during\".at_most", "5s", "6s"),
                some("clock", "09:00", "10:00"),
                some("name", "7", "\"true\""),
            ]
        );
    }

    #[test]
    fn a_long_value_is_cut_and_the_seed_comes_first() {
        let long = json!({"a": "x".repeat(500)});
        let list = told(long, json!({"a": 1}));
        assert_eq!(list[0].1.as_deref().map(str::len), Some(LONGEST_VALUE + 3));
        let (old, mut new) = (examples::incident(), examples::incident());
        new.seed = 2;
        new.scale.pipeline = "corrected".to_owned();
        let list = differences(&old, &new);
        assert_eq!(list[0].path, "--seed");
        assert_eq!((list[1].path.as_str(), list[1].here.as_deref()), ("--pipeline", Some("corrected")));
    }
}
