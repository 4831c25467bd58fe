//! One scenario and one seed give one stream and one result: for any number of threads, any folder, any build profile.
//!
//! Owns the checked-in fingerprints in `harness/fingerprints/`: the same file holds for the dev and the release
//! profile, so that running this test in both is the proof that they agree: `DOORBUSTER_PROGRAM=$PWD/target/release/doorbuster` has it
//! look at a program that is there already.

mod workbench;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use workbench::{Folder, Told};

/// What renews the fingerprints after a change of the stream that is meant.
const RENEW: &str = "UPDATE_FINGERPRINTS=1 cargo test --release -p doorbuster --test determinism";

/// Overrides of a scenario that has no fingerprint yet. What is special about it must lie inside: add to its file where
/// the fault, or the rise of the curve, is moved to.
const FIRST_60_S: &[&str] = &["duration=60s", "warmup=5s", "expect={}"];

/// Fewer requests in 60 s would make a dull fingerprint.
const FEWEST_REQUESTS: u64 = 100_000;

fn play(folder: &Folder, scenario: &str, threads: &str, seed: &str, sets: &[&str]) -> (Told, String) {
    let mut args = vec!["run", scenario, "--quiet", "--seed", seed, "--threads", threads, "--out", "report"];
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    let told = folder.doorbuster(&args);
    assert!(matches!(told.code, Some(0 | 75 | 99)), "{told}");
    let result = folder.read("report/result.json");
    (told, result)
}

/// *Scenario*: the small drill (fault, alert, cause, remedy, recovery) cut into four cells, and 40 s of the library's
/// quiet day on two, each on 1, 2 and 3 threads.
///
/// *Guarantees*: `result.json` is the same to the last byte, its fingerprint included.
#[test]
fn threads_change_nothing() {
    let folder = Folder::with_small_drill("threads");
    let cells = ["cells.fleet=4", "cells.play=4", "traffic.poisson=400/s"];
    let short = ["duration=40s", "warmup=10s"];
    for (scenario, sets) in [("small-drill.yaml", cells.as_slice()), ("quiet-day", short.as_slice())] {
        let (told, one) = play(&folder, scenario, "1", "1", sets);
        assert!(one.contains("\"complete\": true"), "{told}");
        for threads in ["2", "3"] {
            let (told, other) = play(&folder, scenario, threads, "1", sets);
            assert!(one == other, "the result differs from that of one thread\n{told}");
        }
    }
}

/// *Scenario*: 50 s of the avalanche on one and on two threads, ended in the midst of the collapse.
///
/// *Guarantees*: the result is the same to the last byte, tens of thousands of requests hang in it, and when the doors close
/// everything comes back: the books balance.
#[test]
fn a_collapse_is_determined_and_drains() {
    let folder = Folder::new("collapse");
    let sets = ["duration=50s", "warmup=5s", "faults.pool_cut.at=10s", "remedies={}", "expect={}"];
    let (told, one) = play(&folder, "inventory-avalanche", "1", "1", &sets);
    let (_, two) = play(&folder, "inventory-avalanche", "2", "1", &sets);
    assert!(one == two, "the result differs from that of one thread\n{told}");
    let result: Value = serde_json::from_str(&one).expect("a result is JSON");
    let last = result["series"].as_array().and_then(|series| series.last()).expect("a series");
    assert!(last["in_flight"].as_f64().expect("a number") > 100_000.0, "{last}");
    let books = workbench::entry(&result["verdicts"], &[("id", "accounting.conservation")]);
    assert_eq!(books["status"], "pass", "{books:#}");
}

/// *Scenario*: the small drill with three seeds, the first of them twice.
///
/// *Guarantees*: the same seed gives the same result, another seed another stream.
#[test]
fn the_seed_decides_the_stream() {
    let folder = Folder::with_small_drill("seeds");
    let fingerprint = |seed: &str| {
        let (told, result) = play(&folder, "small-drill.yaml", "1", seed, &["duration=3min"]);
        let result: Value = serde_json::from_str(&result).expect("a result is JSON");
        assert_eq!(result["seed"].to_string(), seed, "{told}");
        result["fingerprint"].as_str().expect("a text").to_owned()
    };
    let first = fingerprint("1");
    assert_eq!(first.len(), 32, "{first}");
    assert_eq!(first, fingerprint("1"));
    assert_ne!(first, fingerprint("2"));
    assert_ne!(first, fingerprint("18446744073709551615"));
}

/// *Scenario*: the small drill from two folders, into two reports, by two paths, told as JSON and not at all, with
/// another environment.
///
/// *Guarantees*: `result.json` is the same, and names no thread, path, clock, machine or build.
#[test]
fn a_result_knows_nothing_of_where_and_when() {
    let (here, there) = (Folder::with_small_drill("here"), Folder::with_small_drill("there"));
    let drill = there.path("small-drill.yaml");
    here.doorbuster(&["run", "small-drill.yaml", "--quiet", "--threads", "1"]).ends_with(0);
    let mut command = there.command();
    command
        .args(["run", &drill.to_string_lossy(), "--json", "--threads", "2", "--out", "a/b/c"])
        .env("TZ", "Asia/Shanghai");
    let told = workbench::tell(&mut command, workbench::LONGEST_RUN).ends_with(0);
    let result = here.read("doorbuster-report/result.json");
    assert!(result == there.read("a/b/c/result.json"), "the results differ\n{told}");
    assert!(result == told.stdout, "--json tells another result than the folder holds");
    let folder = here.path("").to_string_lossy().into_owned();
    for word in
        [folder.as_str(), "/tmp", ".yaml", "threads", "wall", "unix", "memory", "profile", "x86_64", "version\": \"0"]
    {
        assert!(!result.contains(word), "`{word}` stands in result.json");
    }
    // run.json is the place for these.
    let run = here.json("doorbuster-report/run.json");
    assert_eq!(run["threads"], 1);
    let is_given = std::env::var_os("DOORBUSTER_PROGRAM").is_some();
    assert_eq!(run["profile"], if is_given || !cfg!(debug_assertions) { "release" } else { "dev" });
}

/// *Scenario*: the first 60 virtual seconds of every library scenario that has traffic, on two threads; what
/// comes later in a scenario (a fault, a rise) is moved into them, so that its mechanism is in the stream.
///
/// *Guarantees*: the streams are those that are checked in, in the profile of the program under test: run for dev
/// and for release it holds them equal. A change of the stream is seen, and is then either meant or a bug.
#[test]
fn the_librarys_fingerprints_are_those_checked_in() {
    let folder = Folder::new("fingerprints");
    let renews = std::env::var_os("UPDATE_FINGERPRINTS").is_some();
    let mut differ = String::new();
    for name in scenarios_with_traffic() {
        let path = fingerprints().join(format!("{name}.txt"));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let (sets, expected) = parse(&text);
        let (told, result) = play(&folder, &name, "2", "1", &sets);
        let result: Value = serde_json::from_str(&result).expect("a result is JSON");
        let requests = result["accounting"]["arrivals"].as_u64().expect("a count");
        assert!(requests >= FEWEST_REQUESTS, "{name} has become dull: {requests} requests\n{told}");
        let found = stream(&result);
        if found == expected {
            continue;
        }
        if renews {
            std::fs::write(&path, written(&name, &sets, &found)).expect("the repository takes files");
        } else {
            differ.push_str(&format!("== {name}\n-- checked in\n{expected}-- found\n{found}{told}\n"));
        }
    }
    assert!(differ.is_empty(), "streams differ; if that is meant, renew them with\n  {RENEW}\n{differ}");
}

/// *Scenario*: the folder of fingerprints against the library.
///
/// *Guarantees*: none is left of a scenario that is gone, and no two say the same: each shows what only its scenario
/// does, be it by moving it into the first 60 s.
#[test]
fn each_fingerprint_is_of_one_scenario() {
    let names = scenarios_with_traffic();
    let mut streams = BTreeSet::new();
    for entry in std::fs::read_dir(fingerprints()).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(names.contains(&name), "{} belongs to no scenario", path.display());
        let text = std::fs::read_to_string(&path).expect("it is text");
        let (_, stream) = parse(&text);
        assert!(streams.insert(stream), "{} is the stream of another scenario", path.display());
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fingerprints() -> PathBuf {
    root().join("fingerprints")
}

/// Names of the library's scenarios; the bare shop, which has no traffic, is not played.
fn scenarios_with_traffic() -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("../scenarios/library")).expect("the library is there") {
        let path = entry.expect("it can be read").path();
        let text = std::fs::read_to_string(&path).expect("a scenario is text");
        if text.lines().any(|line| line.starts_with("traffic:") || line.starts_with("use:") && line != "use: shop") {
            names.push(path.file_stem().expect("a name").to_string_lossy().into_owned());
        }
    }
    names.sort();
    assert!(names.len() >= 3, "the library has become small: {names:?}");
    names
}

/// The overrides that a fingerprint's file names, and what it says of the stream.
fn parse(text: &str) -> (Vec<&str>, String) {
    let sets: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("set ")).collect();
    let stream = text.lines().filter(|line| !line.starts_with("set ") && !line.starts_with('#'));
    (if sets.is_empty() { FIRST_60_S.to_vec() } else { sets }, stream.map(|line| format!("{line}\n")).collect())
}

/// The stream in a few lines; the counts say how far apart two streams are.
fn stream(result: &Value) -> String {
    let books = &result["accounting"];
    let fingerprint = result["fingerprint"].as_str().expect("a text");
    format!(
        "requests {}\nsucceeded {}\nspans {}\nfingerprint {fingerprint}\n",
        books["arrivals"], books["succeeded"], books["spans_made"]
    )
}

fn written(name: &str, sets: &[&str], stream: &str) -> String {
    let sets: String = sets.iter().map(|set| format!("set {set}\n")).collect();
    format!(
        "# The stream of `doorbuster run {name} --seed 1` with these overrides. Renew with:\n# {RENEW}\n{sets}{stream}"
    )
}
