//! `doorbuster send --worker i/n`: shares of the cells, sent by several processes, are one stream.

mod workbench;

use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};
use workbench::sending::{SHOP, Sink, count, sent};
use workbench::{Folder, Told};

/// Sends as one process into one sink, and as several workers, one after the other, into another; what the sinks counted, and what the
/// one process told.
fn both_ways(folder: &Folder, words: &[&str], of: usize, of_workers: &[&str]) -> (Value, Value, Value) {
    let [one, many] = [Sink::start(folder), Sink::start(folder)];
    let whole = sent(&folder.doorbuster(&[words, &["--to", &one.grpc, "--json"]].concat()), 0);
    assert!(whole["worker"].is_null(), "{whole}");
    let mut spans = 0;
    for number in 1..=of {
        let worker = format!("{number}/{of}");
        let told =
            folder.doorbuster(&[words, of_workers, &["--to", &many.grpc, "--worker", &worker, "--json"]].concat());
        let json = sent(&told, 0);
        assert_eq!(json["worker"].as_str(), Some(&worker[..]), "{told}");
        assert_eq!(json["cells"], whole["cells"], "{told}");
        spans += count(&json, "spans");
    }
    assert_eq!(spans, count(&whole, "spans"));
    (whole, one.counted(), many.counted())
}

/// The sinks have the same spans, once each.
fn are_one_stream((whole, one, many): &(Value, Value, Value)) {
    assert_eq!(count(many, "ours"), count(whole, "spans"));
    for name in ["ours", "traces", "log_records", "foreign_spans"] {
        assert_eq!(count(one, name), count(many, name), "{name}");
    }
    assert_eq!(count(&many["duplicates"], "spans"), 0, "{many}");
}

/// *Scenario*: a small shop of two cells without a fault, by one process and by two workers.
///
/// *Guarantees*: the workers' spans together are those of the one process, each once; every worker says which it is.
#[test]
fn two_workers_send_one_stream() {
    let folder = Folder::new("send-workers");
    folder.write("shop.yaml", SHOP);
    let words = ["send", "./shop.yaml", "--for", "3s", "--signals", "traces,logs"];
    are_one_stream(&both_ways(&folder, &words, 2, &[]));
}

/// *Scenario*: the small drill (fault, alert, remedy by cause) on three cells as fast as it goes, by one process that decides and by three
/// workers with the timeline of a run.
///
/// *Guarantees*: the same.
#[test]
fn workers_take_decisions_from_a_timeline() {
    let folder = Folder::with_small_drill("send-workers-timeline");
    let sets = ["--set", "cells.fleet=3", "--set", "cells.play=3", "--set", "traffic.poisson=300/s"];
    let told = folder.doorbuster(&[&["run", "small-drill.yaml", "--quiet", "--out", "decided"], &sets[..]].concat());
    assert!(matches!(told.code, Some(0 | 75 | 99)), "{told}");
    let words = [&["send", "small-drill.yaml", "--speed", "max", "--signals", "traces,logs"], &sets[..]].concat();
    let both = both_ways(&folder, &words, 3, &["--timeline", "decided/timeline.json"]);
    are_one_stream(&both);
    assert!(count(&both.1, "log_records") > 0, "the drill has become dull: nothing is raised");
}

/// *Scenario*: a worker that is to begin in five seconds.
///
/// *Guarantees*: the first second of the scenario is the one that was asked for.
#[test]
fn workers_begin_when_they_are_told() {
    let folder = Folder::new("send-workers-start");
    folder.write("shop.yaml", SHOP);
    let sink = Sink::start(&folder);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let start_at = now.as_secs() + 5;
    let words = ["send", "./shop.yaml", "--to", &sink.grpc, "--worker", "1/2", "--for", "1s", "--json"];
    let told =
        folder.doorbuster(&[&words[..], &["--signals", "traces,logs", "--start-at", &start_at.to_string()]].concat());
    assert!(matches!(told.code, Some(0 | 75)), "{told}");
    let json: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(json["truth"]["began"]["unix_ms"].as_u64(), Some(start_at * 1_000), "{told}");
}

/// A refusal: bad input, and these words in what is told.
fn refused(told: Told, words: &[&str]) {
    let told = told.ends_with(78);
    for word in words {
        assert!(told.stderr.contains(word), "`{word}` is not told\n{told}");
    }
}

/// *Scenario*: more workers than cells, a fault without a timeline, a timeline beside another rate, metrics of a share, a timeline that is
/// not there.
///
/// *Guarantees*: each is refused before anything is sent, with what would be right.
#[test]
fn a_worker_that_cannot_know_is_refused() {
    let folder = Folder::with_small_drill("send-workers-refused");
    folder.write("shop.yaml", SHOP);
    let send = |scenario: &str, words: &[&str]| {
        folder.doorbuster(&[&["send", scenario, "--to", "http://127.0.0.1:1"], words].concat())
    };
    refused(send("./shop.yaml", &["--worker", "1/3"]), &["`--worker 1/3`: 2 cells are too few", "at most 2 workers"]);
    refused(
        send("small-drill.yaml", &["--worker", "1/1"]),
        &["`--worker` without `--timeline`", "doorbuster run small-drill.yaml --seed 1 --cells", "timeline.json"],
    );
    let by = ["--worker", "1/1", "--timeline", "none.json"];
    refused(
        send("small-drill.yaml", &[&by[..], &["--rate", "10/s"]].concat()),
        &["`--rate` beside `--timeline`", "--set"],
    );
    refused(send("small-drill.yaml", &by), &["none.json: no such file"]);
    refused(
        send("./shop.yaml", &["--worker", "1/2", "--signals", "metrics"]),
        &["a worker has no metrics", "--signals"],
    );
    refused(send("./shop.yaml", &["--start-at", "1000"]), &["`--start-at 1000` lies", "in the past", "date +%s"]);
}
