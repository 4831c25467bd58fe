//! Many machines: shares of the cells, played by a timeline and merged, come to the run of one process.

mod workbench;

use std::path::Path;
use workbench::{Folder, Told};

/// The small drill on three cells.
const CELLS: [&str; 3] = ["cells.fleet=3", "cells.play=3", "traffic.poisson=300/s"];

/// A run with these words, into a folder; it must have been played.
fn run(folder: &Folder, scenario: &str, sets: &[&str], out: &str, words: &[&str]) -> Told {
    let told = folder.doorbuster(&args(scenario, sets, out, words));
    assert!(matches!(told.code, Some(0 | 75 | 99)), "{told}");
    told
}

fn args<'a>(scenario: &'a str, sets: &[&'a str], out: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["run", scenario, "--quiet", "--out", out];
    args.extend(sets.iter().flat_map(|set| ["--set", *set]));
    args.extend(words);
    args
}

/// A refusal: bad input, and these words in what is told.
fn refused(told: Told, words: &[&str]) {
    let told = told.ends_with(78);
    for word in words {
        assert!(told.stderr.contains(word), "`{word}` is not told\n{told}");
    }
}

/// Plays workers 1 to `of` into `part-1` and so on, and merges them, last first, into `merged`.
fn many(folder: &Folder, scenario: &str, sets: &[&str], of: usize, words: &[&str]) -> Told {
    let mut merge = vec!["report".to_owned()];
    for number in (1..=of).rev() {
        let (worker, out) = (format!("{number}/{of}"), format!("part-{number}"));
        let words = [words, &["--worker", &worker]].concat();
        folder.doorbuster(&args(scenario, sets, &out, &words)).ends_with(0);
        merge.push(out);
    }
    merge.extend(["--out", "merged", "--quiet"].map(str::to_owned));
    let merge: Vec<&str> = merge.iter().map(String::as_str).collect();
    folder.doorbuster(&merge)
}

/// *Scenario*: the small drill (fault, alert, cause, remedy by cause, recovery) on three cells: by one process that decides,
/// by one that is given the timeline, by three workers and by two.
///
/// *Guarantees*: `result.json` and `timeline.json` are the same to the last byte, and so is the exit code.
#[test]
fn three_workers_are_one_run() {
    let folder = Folder::with_small_drill("workers");
    let decided = run(&folder, "small-drill.yaml", &CELLS, "decided", &[]);
    let by_timeline = ["--timeline", "decided/timeline.json"];
    let one = run(&folder, "small-drill.yaml", &CELLS, "one", &by_timeline);
    let result = folder.read("decided/result.json");
    let told = &folder.json("decided/result.json")["timeline"];
    for what in ["symptom", "alert", "cause", "recovered_s"] {
        assert!(!told[what].is_null(), "the drill has become dull: it has no {what}\n{decided}");
    }
    assert!(result == folder.read("one/result.json"), "the timeline changes the result\n{one}");
    assert_eq!(folder.read("decided/timeline.json"), folder.read("one/timeline.json"));
    for of in [3, 2] {
        let merged = many(&folder, "small-drill.yaml", &CELLS, of, &by_timeline);
        assert!(result == folder.read("merged/result.json"), "{of} workers give another result\n{merged}");
        assert_eq!(folder.read("decided/timeline.json"), folder.read("merged/timeline.json"));
        assert_eq!(merged.code, decided.code, "{merged}");
    }
    assert_eq!(folder.names("merged"), folder.names("decided"));
}

/// *Scenario*: the library's lost index, moved into the first half minute of 100 s on three cells, and 40 s of its quiet day
/// without a timeline, each by one process and by three workers.
///
/// *Guarantees*: the results are the same to the last byte.
#[test]
fn the_librarys_shop_merges_too() {
    let folder = Folder::new("workers-library");
    let moved = ["duration=100s", "warmup=5s", "faults.index_lost.at=25s", "cells.play=3"];
    let fast = ["--cells", "3"];
    run(&folder, "payment-index-loss", &moved, "decided", &fast);
    let words = ["--cells", "3", "--timeline", "decided/timeline.json"];
    let merged = many(&folder, "payment-index-loss", &moved, 3, &words);
    assert!(folder.read("decided/result.json") == folder.read("merged/result.json"), "{merged}");
    let short = ["duration=40s", "warmup=10s"];
    run(&folder, "quiet-day", &short, "quiet", &fast);
    let merged = many(&folder, "quiet-day", &short, 3, &fast);
    assert!(folder.read("quiet/result.json") == folder.read("merged/result.json"), "{merged}");
}

/// *Scenario*: a shop without a fault of which most payments time out, so that it pages at once; three workers without a
/// timeline.
///
/// *Guarantees*: the alerts that no worker could see are in the merged result, which is that of one process.
#[test]
fn alerts_of_a_quiet_run_are_found_when_it_is_merged() {
    let folder = Folder::with_small_drill("workers-alerts");
    let failing = [&CELLS[..], &["faults={}", "remedies={}", "humans={}", "expect={}", "duration=3min"]].concat();
    let slow = ["stores.payments.statements.by_user.cost={exponential: {mean: 1500ms}}"];
    let failing = [&failing[..], &slow].concat();
    run(&folder, "small-drill.yaml", &failing, "one", &[]);
    let merged = many(&folder, "small-drill.yaml", &failing, 3, &[]);
    assert!(folder.read("one/result.json") == folder.read("merged/result.json"), "{merged}");
    let alerts = &folder.json("merged/result.json")["timeline"]["false_alerts"];
    assert!(!alerts.as_array().expect("a list").is_empty(), "the scenario has become dull: nobody is paged\n{merged}");
}

/// *Scenario*: a worker with a fault and no timeline, more workers than cells, and workers that are none.
///
/// *Guarantees*: each is refused before it plays, with what would be right.
#[test]
fn a_worker_that_cannot_know_is_refused() {
    let folder = Folder::with_small_drill("workers-refused");
    let play = |words: &[&str]| folder.doorbuster(&args("small-drill.yaml", &CELLS, "part", words));
    refused(
        play(&["--worker", "1/3"]),
        &["`--worker` without `--timeline`", "doorbuster run small-drill.yaml --set", "timeline.json"],
    );
    refused(play(&["--worker", "1/4"]), &["`--worker 1/4`: 3 cells are too few", "at most 3 workers"]);
    for worker in ["0/3", "4/3", "3", "a/b"] {
        let told = play(&["--worker", worker]).ends_with(2);
        assert!(told.stderr.contains("such as 2/3"), "{told}");
    }
}

/// *Scenario*: a timeline that is not there, was cut off, is another file, is of another seed, of other values, of fewer cells
/// or of a run that was ended early, or in which a fault ends when it does not.
///
/// *Guarantees*: each is refused, with its file and what is wrong with it.
#[test]
fn a_foreign_timeline_is_refused() {
    let folder = Folder::with_small_drill("workers-timeline");
    let short = [&CELLS[..], &["duration=2min", "expect={}"]].concat();
    run(&folder, "small-drill.yaml", &short, "decided", &[]);
    let play = |file: &str, words: &[&str]| {
        let words = [&["--timeline", file, "--worker", "2/3"], words].concat();
        folder.doorbuster(&args("small-drill.yaml", &short, "part", &words))
    };
    play("decided/timeline.json", &[]).ends_with(0);
    let whole = folder.read("decided/timeline.json");
    folder.write("cut.json", &whole[..whole.len() / 2]);
    folder.write("early.json", workbench::edited(&whole, &[("\"complete\": true", "\"complete\": false")]));
    folder.write("edited.json", workbench::edited(&whole, &[("\"from_s\": 90", "\"from_s\": 91")]));
    folder.write("newer.json", workbench::edited(&whole, &[("\"format_version\": 1", "\"format_version\": 2")]));
    refused(play("nowhere.json", &[]), &["nowhere.json: no such file"]);
    refused(play("cut.json", &[]), &["cut.json: is cut off"]);
    refused(play("decided/result.json", &[]), &["result.json: is JSON, but no timeline"]);
    refused(play("early.json", &[]), &["early.json: is the timeline of a run that was ended after 120 s"]);
    refused(play("edited.json", &[]), &["edited.json: contradicts itself"]);
    refused(play("newer.json", &[]), &["format version 2", "reads 1"]);
    let foreign = |words: &[&str], told: &str| refused(play("decided/timeline.json", words), &["another run", told]);
    foreign(&["--seed", "2"], "it is of seed 1, not 2");
    foreign(&["--set", "traffic.poisson=301/s"], "`small-drill` had other values there");
    foreign(&["--set", "cells.fleet=4", "--cells", "4"], "it is of 3 cells, not 4");
    folder.write("stream.json", workbench::edited(&whole, &[("\"fingerprint\": \"", "\"fingerprint\": \"f")]));
    let one = folder.doorbuster(&args("small-drill.yaml", &short, "one", &["--timeline", "stream.json"]));
    refused(one, &["the timeline is of the stream f"]);
}

/// *Scenario*: the parts of three workers, one of them missing, doubled, of another seed, of another split, cut off, changed in
/// one byte, or not there at all.
///
/// *Guarantees*: none of these is merged; each is told with the folder or the worker that is wrong.
#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let folder = Folder::with_small_drill("workers-parts");
    let quiet = [&CELLS[..], &["faults={}", "remedies={}", "humans={}", "expect={}", "duration=30s"]].concat();
    many(&folder, "small-drill.yaml", &quiet, 3, &[]).ends_with(0);
    let part = |out: &str, words: &[&str]| {
        folder.doorbuster(&args("small-drill.yaml", &quiet, out, words)).ends_with(0);
    };
    part("again", &["--worker", "2/3"]);
    part("seed", &["--worker", "2/3", "--seed", "2"]);
    part("half", &["--worker", "2/2"]);
    let bytes = std::fs::read(folder.path("part-2/part.json.zst")).expect("a worker wrote it");
    let damaged = |name: &str, bytes: &[u8]| {
        std::fs::create_dir_all(folder.path(name)).expect("the target folder takes files");
        folder.write(&Path::new(name).join("part.json.zst").to_string_lossy(), bytes);
    };
    damaged("cut", &bytes[..bytes.len() / 2]);
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    damaged("flipped", &flipped);
    damaged("other", b"{}");
    let merge = |second: &[&str]| {
        let mut args = vec!["report", "part-1", "part-3", "--out", "refused"];
        args.extend(second);
        folder.doorbuster(&args)
    };
    refused(merge(&[]), &["no folder is of worker 2/3"]);
    refused(merge(&["part-2", "again"]), &["part-2 and again are both of worker 2/3"]);
    refused(merge(&["seed"]), &["part-1 and seed are of different runs", "seed 1 and seed 2"]);
    refused(merge(&["half"]), &["part-1 is of worker 1/3, half of worker 2/2"]);
    refused(merge(&["cut"]), &["cut/part.json.zst: is cut off"]);
    refused(merge(&["flipped"]), &["flipped/part.json.zst: is damaged"]);
    refused(merge(&["other"]), &["other/part.json.zst: is damaged"]);
    refused(merge(&["nowhere"]), &["nowhere/part.json.zst: cannot be read"]);
    assert!(!folder.path("refused").exists(), "something was written");
    merge(&["part-2"]).ends_with(0);
}

/// *Scenario*: a report whose page was deleted is rendered again, in place and into another folder.
///
/// *Guarantees*: every file is there again, with the same bytes; a folder without a report is refused.
#[test]
fn a_report_is_rendered_again() {
    let folder = Folder::new("rendered");
    folder.write("smallest.yaml", workbench::SMALLEST);
    run(&folder, "smallest.yaml", &[], "report", &[]);
    let page = folder.read("report/report.html");
    std::fs::remove_file(folder.path("report/report.html")).expect("it is there");
    folder.doorbuster(&["report", "report", "--quiet"]).ends_with(0);
    assert!(page == folder.read("report/report.html"), "the page differs");
    let told = folder.doorbuster(&["report", "report", "--out", "copy", "--json"]).ends_with(0);
    assert!(told.stdout == folder.read("copy/result.json") && told.stdout == folder.read("report/result.json"));
    let log = |name: &str| folder.read(&format!("{name}/latency.hlog"));
    assert_eq!(log("copy"), log("report"));
    refused(folder.doorbuster(&["report", "nowhere"]), &["nowhere/part.json.zst: cannot be read"]);
}
