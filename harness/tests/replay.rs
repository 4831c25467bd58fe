//! A report replays its run.

use std::path::Path;
use std::process::Command;

const SCENARIO: &str = r#"
title: "a till: with \"quotes\", and # signs"
duration: 90s
warmup: 10s
services:
  till:
    cores: 2
    workers: 5
    endpoints:
      buy:
        do:
          - compute: {log_normal: {median: 3ms, sigma: 0.7}}
          - branch: {probability: 12.5%, do: [{query: {store: db, statement: read}}]}
stores:
  db: {kind: mysql, statements: {read: {text: "SELECT 'a: b' FROM t", cost: {exponential: {mean: 2ms}}}}}
traffic: {poisson: 100/s}
"#;

fn fingerprint(scenario: &Path, out: &Path) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["run", "--quiet", "--out"])
        .args([out, scenario])
        .output()
        .expect("the binary starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let result = std::fs::read_to_string(out.join("result.json")).expect("a result");
    let result: serde_json::Value = serde_json::from_str(&result).expect("JSON");
    result["fingerprint"].as_str().expect("a fingerprint").to_owned()
}

/// *Scenario* A run's `scenario.yaml` is played in its turn.
/// *Guarantees* It is a whole scenario, and gives the same stream.
#[test]
fn the_scenario_in_a_report_plays_again() {
    let folder = std::env::temp_dir().join(format!("doorbuster-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("till.yaml");
    std::fs::write(&file, SCENARIO).expect("a file");
    let first = fingerprint(&file, &folder.join("first"));
    let second = fingerprint(&folder.join("first/scenario.yaml"), &folder.join("second"));
    assert_eq!(first, second);
    std::fs::remove_dir_all(&folder).expect("removed");
}
