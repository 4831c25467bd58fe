//! `doorbuster measure detection` through the command: faults that are found, and some that can't be.

mod workbench;

use serde_json::Value;
use workbench::{Folder, SMALL_DRILL, edited};

/// A shop whose payments lose an index; the same with a rule that never pages; a clock that is wrong, of which no request
/// knows.
fn folder(test: &str) -> Folder {
    let folder = Folder::with_small_drill(test);
    let fault = "lost_index: {store: payments, table: payments, index: user_id, shards: 50%}";
    folder.write("blind.yaml", edited(SMALL_DRILL, &[("\nfaults:", "\nalert: {min_attempts: 1G}\nfaults:")]));
    folder.write("clock.yaml", edited(SMALL_DRILL, &[(fault, "clock_skew: {service: payment, ahead: 2s}")]));
    folder
}

fn measure(folder: &Folder, scenario: &str, more: &[&str]) -> Value {
    let told = folder.doorbuster(&[&["measure", "detection", scenario, "--json"], more].concat()).ends_with(0);
    assert!(told.stderr.is_empty(), "{told}");
    let measured: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!((&measured["complete"], &measured["confidence"]), (&Value::from(true), &Value::from(0.95)));
    measured
}

/// *Scenario*: an index that is lost on a third to a half of the shards, four times.
///
/// *Guarantees*: exit code 0; the fault is hard in every drill, is paged and named rightly, and each drill ends there; starts
/// and intensities differ; quiet time is what was asked for and what lies before the injections; the trivial detectors
/// are told beside it.
#[test]
fn a_fault_that_can_be_found_is_found() {
    let folder = folder("found");
    let measured = measure(&folder, "small-drill.yaml", &["--runs", "4", "--quiet-time", "1min"]);
    let hard = &measured["hard"];
    assert_eq!(hard["drills"], 4, "{measured:#}");
    assert_eq!((&hard["right"]["count"], &hard["page"]["never"]["count"]), (&Value::from(4), &Value::from(0)));
    assert_eq!(hard["static_thresholds"][1]["page"]["never"]["count"], 0);
    // The gateway has more error spans than payment, for it answers all that fails.
    assert_eq!(hard["most_error_spans"]["service_right"]["of"], 4);
    let drills = measured["scenarios"][0]["drills"].as_array().expect("a list");
    let of = |name: &str| drills.iter().map(|drill| drill[name].to_string()).collect::<std::collections::BTreeSet<_>>();
    assert!(of("seed").len() == 4 && of("injected_s").len() > 1 && of("intensity_scale").len() > 1, "{drills:#?}");
    let mut quiet_s = 4 * 60;
    for drill in drills {
        let (page_s, cause) = (drill["page_s"].as_u64().expect("a time"), &drill["cause"]);
        assert!(page_s <= 90 && cause["s"].as_u64().expect("a time") >= page_s, "{drill:#}");
        assert!(cause["what"].as_str().is_some_and(|what| what.starts_with("missing_index at payment")), "{drill:#}");
        quiet_s += drill["injected_s"].as_u64().expect("a time") - 60;
    }
    assert_eq!(measured["false_pages"]["pages"]["quiet_s"], quiet_s);
}

/// *Scenario*: the same shop with a rule that never pages, so that nobody asks for a cause.
///
/// *Guarantees*: the fault is as hard as ever, for truth is not asked by that rule; page and cause never come, which is told
/// as missing in all drills and misses the goals; the exit code is still 0.
#[test]
fn a_detector_that_never_names_misses_all() {
    let measured = measure(&folder("blind"), "blind.yaml", &["--runs", "2", "--quiet-time", "0s"]);
    let hard = &measured["hard"];
    assert_eq!(hard["drills"], 2, "{measured:#}");
    assert_eq!((&hard["missing"]["share"], &hard["page"]["never"]["share"]), (&Value::from(1.0), &Value::from(1.0)));
    assert_eq!(hard["page"]["p50"]["s"], Value::Null);
    let goal = |id: &str| workbench::entry(&measured["goals"], &[("id", id)])["standing"].clone();
    assert_eq!([goal("alert.p50"), goal("alert.p95"), goal("cause.right")], ["missed", "missed", "missed"]);
    assert_eq!(goal("false_pages"), "open");
}

/// *Scenario*: a fault that changes no request.
///
/// *Guarantees*: it is soft in every drill and told apart; there is no hard fault, so the goals on them are open.
#[test]
fn a_fault_that_hurts_nobody_is_soft() {
    let folder = folder("soft");
    let measured = measure(&folder, "clock.yaml", &["--runs", "2", "--quiet-time", "0s"]);
    assert_eq!((&measured["hard"], &measured["scenarios"][0]["hard"]), (&Value::Null, &Value::Null));
    let soft = &measured["scenarios"][0]["soft"];
    assert_eq!((&soft["drills"], &soft["page"]["never"]["count"]), (&Value::from(2), &Value::from(2)));
    let goal = |id: &str| workbench::entry(&measured["goals"], &[("id", id)])["standing"].clone();
    assert_eq!([goal("alert.p50"), goal("cause.right"), goal("cause.trivial")], ["open", "open", "open"]);
}

/// *Scenario*: three scenarios, on one, two and three threads; then another seed.
///
/// *Guarantees*: the table is the same to the last byte, and so is the JSON; another seed draws other drills.
#[test]
fn threads_change_nothing_in_a_measurement() {
    let folder = folder("threads-of-drills");
    let told = |more: &[&str]| {
        let words = ["measure", "detection", "small-drill.yaml", "clock.yaml", "--runs", "2", "--quiet-time", "30s"];
        folder.doorbuster(&[&words, more].concat()).ends_with(0).stdout
    };
    let (table, json) = (told(&["--threads", "1"]), told(&["--threads", "1", "--json"]));
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    for word in ["hard faults", "soft faults", "goals", "static 1 %", "most error spans"] {
        assert!(table.contains(word), "`{word}` is missing\n{table}");
    }
    for threads in ["2", "3"] {
        assert_eq!(table, told(&["--threads", threads]));
        assert_eq!(json, told(&["--threads", threads, "--json"]));
    }
    assert_ne!(json, told(&["--seed", "2", "--json"]));
    assert_eq!(told(&["--quiet"]), "");
}

/// *Scenario*: a drill of the measurement, played again by the command that it tells, with `--json` and without a remedy.
///
/// *Guarantees*: the command is understood, and alert and cause come when the measurement said.
#[test]
fn a_drill_can_be_played_again() {
    let folder = folder("drill-again");
    let measured = measure(&folder, "small-drill.yaml", &["--runs", "1", "--quiet-time", "0s"]);
    let drill = &measured["scenarios"][0]["drills"][0];
    let command = drill["command"].as_str().expect("a text").replace('\'', "");
    let mut words: Vec<&str> = command.split(' ').skip(1).collect();
    words.push("--json");
    let told = folder.doorbuster(&words).ends_with(0);
    let result: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let timeline = &result["timeline"];
    let since = |at: &Value| workbench::number(at) - workbench::number(&timeline["injected_s"]);
    assert_eq!(Some(since(&timeline["alert"]["at_s"])), drill["page_s"].as_f64());
    assert_eq!(Some(since(&timeline["evidence_ready_s"])), drill["cause"]["s"].as_f64());
}

/// *Scenario*: a scenario without a fault, one that is not there.
///
/// *Guarantees*: exit code 78, the cause and the cure on standard error, nothing played.
#[test]
fn there_has_to_be_a_fault() {
    let folder = Folder::new("no-fault");
    let told = folder.doorbuster(&["measure", "detection", "quiet-day"]).ends_with(78);
    assert!(told.stdout.is_empty() && told.stderr.contains("no fault") && told.stderr.contains("help"), "{told}");
    folder.doorbuster(&["measure", "detection", "nowhere.yaml"]).ends_with(78);
}
