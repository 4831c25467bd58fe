//! The schema and the library that are checked in, against what the program holds.

mod workbench;

use doorbuster_scenarios::{Source, library, load, schema};
use std::path::Path;

/// *Scenario* the types of the language have changed.
///
/// *Guarantees* the schema that is checked in is theirs; `UPDATE_SCHEMA=1 cargo test -p doorbuster-scenarios` writes it.
#[test]
fn the_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/scenario.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "run `UPDATE_SCHEMA=1 cargo test -p doorbuster-scenarios` and look at the difference");
}

/// *Scenario* a file was put into `library/`, or taken out.
///
/// *Guarantees* the program holds exactly those files, in alphabetical order, and the text of each.
#[test]
fn the_library_is_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("library");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    files.sort();
    assert_eq!(library::names(), files);
    for name in library::names() {
        let text = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        assert_eq!(library::text(name), Some(text.as_str()));
    }
    assert_eq!(library::text("shpo"), None);
}

/// Built-in scenarios that only others use, and what they may leave to those.
const BASES: [&str; 1] = ["shop"];
const LEFT_TO_OTHERS: [&str; 3] = ["`traffic` is missing", "and no `journeys`", "the file holds no scenario"];

/// *Scenario* each built-in scenario is loaded, and what it resolves to is loaded again.
///
/// *Guarantees* all are good, but for those without traffic, which others build on; a resolved scenario is the same
/// scenario.
#[test]
fn every_built_in_loads_and_resolves_to_itself() {
    let folder = workbench::Folder::new("built_ins");
    for name in library::names() {
        let loaded = match load(&Source::Builtin(name.to_owned()), &[]) {
            Ok(loaded) => loaded,
            Err(diagnostics) => {
                assert!(BASES.contains(&name), "{name}:\n{diagnostics}");
                for diagnostic in &diagnostics {
                    let told = &diagnostic.message;
                    assert!(LEFT_TO_OTHERS.iter().any(|left| told.contains(left)), "{name}:\n{diagnostics}");
                }
                continue;
            }
        };
        folder.write("again.yaml", serde_json::to_string_pretty(&loaded.resolved).unwrap());
        let again = folder.load("again.yaml", &[]).unwrap_or_else(|told| panic!("{name}:\n{told}"));
        assert_eq!(again.scenario, loaded.scenario, "{name}");
        assert_eq!(again.resolved, loaded.resolved, "{name}");
    }
}

/// *Scenario* the valid scenario of these tests.
///
/// *Guarantees* it loads, and what it resolves to loads as the same scenario.
#[test]
fn the_valid_scenario_is_valid() {
    let folder = workbench::Folder::new("valid");
    folder.write("my.yaml", workbench::VALID);
    let loaded = folder.load("my.yaml", &[]).unwrap_or_else(|told| panic!("{told}"));
    assert_eq!(loaded.name, "my");
    folder.write("again.yaml", serde_json::to_string(&loaded.resolved).unwrap());
    let again = folder.load("again.yaml", &[]).unwrap_or_else(|told| panic!("{told}"));
    assert_eq!(again.scenario, loaded.scenario);
    // Nothing but one service, one endpoint and one rate.
    folder
        .write("small.yaml", "services: {shop: {endpoints: {buy: {do: [compute: 1ms]}}}}\ntraffic: {poisson: 40/s}\n");
    folder.load("small.yaml", &[]).unwrap_or_else(|told| panic!("{told}"));
}
