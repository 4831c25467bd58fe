//! `doorbuster check`: what it says of a scenario comes true when the scenario is played.

mod workbench;

use serde_json::Value;
use std::process::Stdio;
use workbench::{Folder, LONGEST_RUN, SMALL_DRILL, edited, entry, number, wait};

/// Stations in a row with different laws, so little busy that hardly anybody waits: a wait would hold workers and
/// connections for longer.
const TANDEM: &str = "
title: A core, then a cache, then a database
duration: 3min
network: {hop: 250us}
services:
  shop:
    cores: 2
    workers: 200
    pools: {cache: {size: 50}, db: {size: 50}}
    endpoints:
      ask:
        do:
          - compute: {exponential: {mean: 2ms}}
          - query: {store: cache, statement: get}
          - branch:
              probability: 20%
              do: [query: {store: db, statement: read}, wait: {uniform: {min: 5ms, max: 15ms}}]
stores:
  cache: {kind: redis, shards: 8, statements: {get: {text: GET, cost: {exponential: {mean: 1ms}}}}}
  db: {kind: mysql, cores: 4, statements: {read: {text: SELECT 1, cost: {log_normal: {mean: 8ms, p99: 30ms}}}}}
traffic: {poisson: 200/s}
";

/// What `check` says of a scenario.
fn checked(folder: &Folder, scenario: &str, sets: &[&str]) -> Value {
    let mut args = vec!["check", scenario, "--json"];
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    let told = folder.doorbuster(&args).ends_with(0);
    let all: Value = serde_json::from_str(&told.stdout).expect("JSON");
    all[0].clone()
}

/// Stations whose utilization in a run is not what was predicted. Those that served few have room for chance: an error of
/// one over the root of them, five times.
fn strayed(predicted: &Value, result: &Value) -> Vec<String> {
    let mut strayed = Vec::new();
    for station in predicted["stations"].as_array().expect("a list") {
        let name = station["name"].as_str().expect("a name");
        let played = entry(&result["stations"], &[("name", name), ("window", "run")]);
        let (said, seen) = (number(&station["utilization_at_peak"]), number(&played["utilization"]));
        let tolerance = 0.03 + 5.0 / number(&played["served"]).max(1.0).sqrt();
        if (seen - said).abs() > tolerance * said {
            strayed.push(format!("{name}: predicted {said}, played {seen}, tolerance {tolerance}"));
        }
    }
    strayed
}

/// Mean of the requests in flight after the warm-up, with the tolerance that so many looks at so many need.
fn in_flight(result: &Value) -> (f64, f64) {
    let warm = number(&result["timeline"]["windows"]["run"][0]);
    let series = result["series"].as_array().expect("a list");
    let looks = series.iter().filter(|point| number(&point["at_s"]) > warm).map(|point| number(&point["in_flight"]));
    let looks: Vec<f64> = looks.collect();
    let sum: f64 = looks.iter().sum();
    (sum / looks.len() as f64, 0.03 + 5.0 / (sum / number(&result["scale"]["factor"])).sqrt())
}

/// *Scenario*: a small shop with little load; the library's shop at a weekday's traffic, one cell of it.
///
/// *Guarantees*: cores, workers, pools and shards are as busy in the run as `check` said: within 3 % and what chance
/// makes of the number served; so are requests, spans and requests in flight.
#[test]
fn what_it_predicts_comes_true() {
    let folder = Folder::new("comes-true");
    folder.write("tandem.yaml", TANDEM);
    let library: &[&str] = &["duration=2min", "cells.play=1"];
    for (scenario, sets) in [
        ("tandem.yaml", &[][..]),
        ("quiet-day", library),
        ("flash-sale", &["traffic={poisson: 30k/s}", library[0], library[1]]),
    ] {
        let predicted = checked(&folder, scenario, sets);
        let result = folder.result(scenario, sets);
        let strayed = strayed(&predicted, &result);
        assert!(strayed.is_empty(), "{scenario}:\n{}", strayed.join("\n"));
        let ratio = number(&result["scale"]["requests_per_s"]) / number(&predicted["peak_requests_per_s"]);
        assert!((ratio - 1.0).abs() < 0.03, "{scenario}: {ratio} times the requests that were predicted");
        let (in_flight, seen) = (number(&predicted["requests_in_flight"]), in_flight(&result));
        assert!((seen.0 / in_flight - 1.0).abs() < seen.1, "{scenario}: {seen:?} requests in flight, not {in_flight}");
        let spans = number(&result["accounting"]["spans_made"]) / number(&result["accounting"]["arrivals"]);
        let said = number(&predicted["spans_per_request"]);
        assert!((spans / said - 1.0).abs() < 0.03, "{scenario}: {spans} spans a request, not {said}");
    }
}

/// *Scenario*: a prediction for a shop whose cache is a tenth slower than the one that is played, and whose branch is
/// taken a tenth more often.
///
/// *Guarantees*: the comparison above sees it, at the stations in question.
#[test]
fn a_wrong_prediction_is_seen() {
    let folder = Folder::new("wrong");
    folder.write("tandem.yaml", TANDEM);
    let result = folder.result("tandem.yaml", &[]);
    for (set, station) in [
        ("stores.cache.statements.get.cost={exponential: {mean: 1100us}}", "cache.cores"),
        ("services.shop.endpoints.ask.do.2.branch.probability=24%", "db.cores"),
    ] {
        let strayed = strayed(&checked(&folder, "tandem.yaml", &[set]), &result);
        assert!(strayed.iter().any(|told| told.starts_with(station)), "{set}: {strayed:?}");
    }
}

/// *Scenario*: the sale's curve, and the same sale with too few pods for payments and a tenth of the cache.
///
/// *Guarantees*: the peak is the curve's; what is full first is named with the traffic at which it is, and told when that
/// is under the peak. Exit code 0 all the same: the scenario is good.
#[test]
fn what_is_full_first_is_named() {
    let folder = Folder::new("first");
    let sale = checked(&folder, "flash-sale", &[]);
    assert_eq!(
        (number(&sale["peak_requests_per_s"]), sale["traffic"]["open"]["peak_at_s"].as_f64()),
        (500_000.0, Some(240.0))
    );
    assert_eq!(sale["bottleneck"], "catalogue_cache.cores");
    let cache = entry(&sale["stations"], &[("name", "catalogue_cache.cores")]);
    let (full_at, headroom) = (number(&cache["full_at_requests_per_s"]), number(&cache["headroom"]));
    assert!((full_at / 500_000.0 - headroom).abs() < 1e-9 && headroom > 2.5, "{cache:#}");
    let sets = ["--set", "stores.catalogue_cache.shards=1", "--set", "services.product.pods=2"];
    let told = folder.doorbuster(&[&["check", "flash-sale"], &sets[..]].concat()).ends_with(0);
    let flat = told.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("full first catalogue_cache.cores at 182k requests/s (0.36 x the peak)"), "{told}");
    assert!(flat.contains("it can't keep up with the peak, nor can one more"), "{told}");
}

/// *Scenario*: three files, two of them with mistakes, one of these in an override.
///
/// *Guarantees*: exit code 78; all mistakes of all files at once; nothing on standard output.
#[test]
fn the_mistakes_of_all_files_are_told() {
    let folder = Folder::with_small_drill("mistakes");
    folder.write("one.yaml", edited(SMALL_DRILL, &[("cores: 2", "coers: 2")]));
    folder.write("two.yaml", edited(SMALL_DRILL, &[("duration: 8min", "duration: 8")]));
    for quiet in [&[][..], &["--quiet"], &["--json"]] {
        let args = [&["check", "one.yaml", "small-drill.yaml", "two.yaml", "no-such-scenario"], quiet].concat();
        let told = folder.doorbuster(&args).ends_with(78);
        assert_eq!(told.stdout, "", "{told}");
        for word in
            ["--> one.yaml:14:5", "did you mean `cores`?", "--> two.yaml:8:11", "`8` has no unit", "no-such-scenario"]
        {
            assert!(told.stderr.contains(word), "`{word}` is not told\n{told}");
        }
    }
    let told = folder.doorbuster(&["check", "small-drill.yaml", "--set", "services.nowhere.pods=2"]).ends_with(78);
    assert!(told.stderr.contains("--> --set:1:1"), "{told}");
}

/// *Scenario*: every scenario of the library that has traffic, and a drill with fault, remedy and people.
///
/// *Guarantees*: no line is over 100 columns, none has an escape sequence in a pipe; faults and remedies say what they
/// change and when; what the analysis can't see is said. `--quiet` prints nothing.
#[test]
fn it_is_told_within_the_page() {
    let folder = Folder::with_small_drill("page");
    let told =
        folder.doorbuster(&["check", "payment-index-loss", "quiet-day", "flash-sale", "small-drill.yaml"]).ends_with(0);
    assert!(told.stdout.lines().all(|line| line.chars().count() <= 100 && !line.contains('\u{1b}')), "{told}");
    let flat = told.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "fault index_lost, from 4 min (14:30:00) until it is mended: index user_id of payments is gone on 4 of 16 shards",
        "examines 9,000,000 rows for 12, which takes 4.5 s of a core more",
        "remedy rebuild, 4 min after the people have the cause",
        "which takes 30 s",
        "They can't see queues",
        "doorbuster run quiet-day",
    ] {
        assert!(flat.contains(words), "`{words}` is not told\n{told}");
    }
    let told = folder.doorbuster(&["check", "quiet-day", "--quiet"]).ends_with(0);
    assert!(told.stdout.is_empty() && told.stderr.is_empty(), "{told}");
}

/// *Scenario*: a chain of twenty thousand calls, nearly as long as a file can hold.
///
/// *Guarantees*: it is analysed like any other; nothing recurs along it.
#[test]
fn a_chain_of_calls_may_be_as_long_as_a_file() {
    let folder = Folder::new("chain");
    let mut text = "services:\n  a:\n    endpoints:\n".to_owned();
    for nth in 0..20_000 {
        text += &format!("      e{nth}: {{do: [call: {{endpoint: a.e{}}}]}}\n", nth + 1);
    }
    text += "      e20000: {do: [compute: 1us]}\n";
    text += "journeys: {j: {weight: 1, steps: [request: a.e0]}}\ntraffic: {poisson: 1/s}\n";
    folder.write("chain.yaml", text);
    let chain = checked(&folder, "chain.yaml", &[]);
    assert_eq!((number(&chain["spans_per_request"]), chain["bottleneck"].as_str()), (40_001.0, Some("a.cores")));
}

/// *Scenario*: a reader that goes away before the first word, of each command that only tells.
///
/// *Guarantees*: no panic, no error, exit code 0.
#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let folder = Folder::new("deaf");
    let cases: &[&[&str]] = &[
        &["check", "quiet-day"],
        &["check", "quiet-day", "--json"],
        &["list"],
        &["explain", "cores"],
        &["schema", "result"],
        &["completions", "zsh"],
    ];
    for args in cases {
        let mut command = folder.command();
        let mut child =
            command.args(*args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command was built");
        drop(child.stdout.take());
        let stderr = workbench::gather(child.stderr.take());
        assert_eq!(wait(&mut child, LONGEST_RUN), Some(0), "{args:?}");
        let stderr = String::from_utf8(stderr.join().expect("reading does not panic")).expect("UTF-8");
        assert_eq!(stderr, "", "{args:?}");
    }
}

/// *Scenario*: the example of `docs/check.md`, copied by a reader.
///
/// *Guarantees*: the command prints every line that the page shows; should it not, put the new lines there.
#[test]
fn the_page_shows_what_the_command_prints() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/check.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let (_, example) = page.split_once("\n## An example\n").expect("the page has an example");
    let (example, _) = example.split_once("\n## ").expect("and something after it");
    let command = example.lines().find_map(|line| line.strip_prefix("    cargo run --release -- ")).expect("a command");
    let told = Folder::new("page-example").doorbuster(&command.split(' ').collect::<Vec<&str>>()).ends_with(0);
    let shown: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix("    ")).skip(1).collect();
    assert!(shown.len() >= 10, "only {} lines are shown", shown.len());
    for line in shown {
        assert!(told.stdout.lines().any(|printed| printed == line), "`{line}` is not printed\n{told}");
    }
}
