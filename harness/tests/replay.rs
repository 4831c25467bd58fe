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

/// *Scenario* The same till with generated services behind it, and its `scenario.yaml`.
/// *Guarantees* The report has the section and not what was made of it; it is not made twice, and gives the same stream.
#[test]
fn generated_services_play_again() {
    let folder = std::env::temp_dir().join(format!("doorbuster-replay-fleet-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("till.yaml");
    let fleet = "fleet: {services: 60, pods: 150, seed: 3, spans: 2, from: [till.buy]}\n";
    std::fs::write(
        &file,
        format!("{SCENARIO}{fleet}journeys: {{one: {{weight: 1, steps: [{{request: till.buy}}]}}}}\n"),
    )
    .expect("a file");
    let first = fingerprint(&file, &folder.join("first"));
    let written = folder.join("first/scenario.yaml");
    assert!(!std::fs::read_to_string(&written).expect("a scenario").contains("pricing-1"));
    let second = fingerprint(&written, &folder.join("second"));
    assert_eq!(first, second);
    // Another seed of the section is another shop.
    let other = std::fs::read_to_string(&file).expect("a scenario").replace("seed: 3", "seed: 4");
    std::fs::write(&file, other).expect("a file");
    assert_ne!(first, fingerprint(&file, &folder.join("third")));
    std::fs::remove_dir_all(&folder).expect("removed");
}
