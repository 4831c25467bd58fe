//! What a reader sees of an incident beside its figures: the exemplars, what was full, the losses by cause.

mod workbench;

use serde_json::Value;
use workbench::{Folder, SMALLEST, entry, number};

/// A text of a result.
fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is no text in {value:#}"))
}

/// The spans of an exemplar with this name.
fn spans<'v>(exemplar: &'v Value, name: &str) -> Vec<&'v Value> {
    let spans = exemplar["spans"].as_array().expect("a list");
    spans.iter().filter(|span| span["name"] == name).collect()
}

/// Holds that a tree is one: each span after its parent, one step deeper, and no count is lost.
fn is_a_tree(exemplar: &Value) {
    let spans = exemplar["spans"].as_array().expect("a list");
    assert_eq!(spans[0]["parent"], Value::Null, "{exemplar:#}");
    for (place, span) in spans.iter().enumerate().skip(1) {
        let parent = span["parent"].as_u64().expect("only the root has none") as usize;
        assert!(parent < place, "{span:#} comes before its parent");
        assert_eq!(span["depth"].as_u64(), spans[parent]["depth"].as_u64().map(|depth| depth + 1), "{span:#}");
    }
    let told = spans.len() as u64 + exemplar["spans_left_out"].as_u64().expect("a count");
    assert_eq!(exemplar["spans_arrived"].as_u64(), Some(told), "{exemplar:#}");
}

/// *Scenario*: the small drill, half of whose payments scan a table until their caller's second is over; on one thread
/// and on two.
///
/// *Guarantees*: *before* shows a payment that succeeded within milliseconds, *during* one that timed out, with the
/// statement that took nearly all of it, its text and how it ended; both are the same for any number of threads; the page
/// has both.
#[test]
fn exemplars_show_the_fault() {
    let folder = Folder::with_small_drill("exemplars");
    let sets = ["cells.fleet=2", "cells.play=2", "traffic.poisson=400/s"];
    let result = folder.result("small-drill.yaml", &sets);
    let before = entry(&result["exemplars"], &[("edge", "gateway.pay"), ("window", "before")]);
    let during = entry(&result["exemplars"], &[("edge", "gateway.pay"), ("window", "during")]);
    assert_eq!((text(before, "outcome"), text(during, "outcome")), ("ok", "timeout"));
    assert!(number(&before["duration_s"]) < 0.02, "{before:#}");
    assert!((0.99..1.05).contains(&number(&during["duration_s"])), "{during:#}");
    for exemplar in [before, during] {
        is_a_tree(exemplar);
        assert_eq!(text(exemplar, "edge"), "gateway.pay");
        assert_eq!(text(exemplar, "trace_id").len(), 32);
    }
    let alike = [&during["alike"], &during["sampled"]].map(number);
    assert!((0.35..0.65).contains(&(alike[0] / alike[1])), "about half of the payments time out: {alike:?}");
    let scan = spans(during, "SELECT payments")[0];
    assert!(number(&scan["duration_s"]) > 0.9, "{scan:#}");
    assert_ne!(text(scan, "outcome"), "ok");
    let says = scan["attributes"].to_string();
    assert!(says.contains("SELECT * FROM payments WHERE user_id = ?") && says.contains("payments-"), "{says}");
    assert!(number(&spans(before, "SELECT payments")[0]["duration_s"]) < 0.02, "{before:#}");
    let page = folder.read("report/report.html");
    // Two endpoints in three windows, the watched one first.
    assert_eq!(page.matches("<figure class=\"trace\">").count(), 6);
    let told = result["exemplars"].as_array().expect("a list");
    let of: Vec<_> = told.iter().map(|exemplar| (text(exemplar, "edge"), text(exemplar, "window"))).collect();
    let windows = |edge| ["before", "during", "after"].map(|window| (edge, window));
    assert_eq!(of, [windows("gateway.pay"), windows("gateway.browse")].concat());
    assert!(told[3..].iter().all(|exemplar| exemplar["outcome"] == "ok"), "browsing does not use the index");
    let mut args = vec!["run", "small-drill.yaml", "--quiet", "--threads", "2", "--out", "other"];
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    folder.doorbuster(&args).ends_with(0);
    assert_eq!(folder.json("other/result.json")["exemplars"], result["exemplars"]);
}

/// *Scenario*: the small drill without its fault.
///
/// *Guarantees*: there is one exemplar of each endpoint, of the run, and it succeeded.
#[test]
fn a_run_without_a_fault_shows_one_request_to_each_endpoint() {
    let folder = Folder::with_small_drill("one-exemplar");
    let result = folder.result("small-drill.yaml", &["duration=1min", "faults={}", "remedies={}", "expect={}"]);
    let exemplars = result["exemplars"].as_array().expect("a list");
    assert_eq!(exemplars.len(), 2, "{exemplars:#?}");
    for exemplar in exemplars {
        assert_eq!((text(exemplar, "window"), text(exemplar, "outcome")), ("run", "ok"));
        is_a_tree(exemplar);
    }
}

/// *Scenario*: one server that is asked for half of what it can do, then for twice as much.
///
/// *Guarantees*: it is not full, then it is, from the start and to the end, with a queue; nothing else is.
#[test]
fn a_server_that_is_asked_too_much_is_full() {
    let folder = Folder::new("full");
    folder.write("smallest.yaml", SMALLEST);
    let full = |set: &str| folder.result("smallest.yaml", &["duration=2min", "warmup=10s", set])["saturated"].clone();
    assert_eq!(full("traffic.poisson=500/s"), serde_json::json!([]));
    let full = full("traffic.poisson=2k/s");
    let full = full.as_array().expect("a list");
    assert_eq!(full.len(), 1, "{full:#?}");
    assert_eq!(text(&full[0], "name"), "shop.cores");
    assert_eq!((number(&full[0]["from_s"]), &full[0]["to_s"]), (0.0, &Value::Null));
    assert!(number(&full[0]["max_waiting"]) > 50_000.0, "{:#}", full[0]);
}

/// *Scenario*: the small drill.
///
/// *Guarantees*: the gateway's endpoints are the edge and no other is; what failed there, by cause, adds up to what did not
/// succeed; page and summary tell the timeouts.
#[test]
fn losses_by_cause_add_up() {
    let folder = Folder::with_small_drill("losses");
    let result = folder.result("small-drill.yaml", &[]);
    for stats in result["endpoints"].as_array().expect("a list") {
        assert_eq!(stats["edge"], stats["service"] == "gateway", "{stats:#}");
    }
    let pay = entry(&result["endpoints"], &[("service", "gateway"), ("endpoint", "pay"), ("window", "during")]);
    let failed: u64 = pay["failed"].as_object().expect("counts").values().filter_map(Value::as_u64).sum();
    assert_eq!(pay["attempts"].as_u64(), pay["succeeded"].as_u64().map(|succeeded| succeeded + failed));
    assert!(failed > 1_000 && number(&pay["failed"]["timeout"]) > 0.9 * failed as f64, "{pay:#}");
    assert!(folder.read("report/report.html").contains("timed out: no answer in time"));
    let summary = folder.read("report/summary.md");
    assert!(summary.contains("- gateway.pay, during: ") && summary.contains("timed out "), "{summary}");
}

/// *Scenario*: the small drill, on one thread and on two.
///
/// *Guarantees*: the map shows the fault where it is: payment's statements take a second and half of them fail, and after the
/// remedy they are as before; shoppers ask as much as is offered; the map is the same for any number of threads; the page
/// draws it, and its table begins with the edges of the fault.
#[test]
fn the_map_shows_the_fault() {
    let folder = Folder::with_small_drill("map");
    let sets = ["cells.fleet=2", "cells.play=2", "traffic.poisson=400/s"];
    let result = folder.result("small-drill.yaml", &sets);
    let nodes = result["map"]["nodes"].as_array().expect("a list");
    let place = |name: &str| nodes.iter().position(|node| node["name"] == name).expect("it is on the map");
    let of = |from: &str, to: &str, window: &str| {
        let edges = result["map"]["edges"].as_array().expect("a list");
        let is_it = |edge: &&Value| edge["from"] == place(from) && edge["to"] == place(to);
        let edge = edges.iter().find(is_it).unwrap_or_else(|| panic!("nothing leads from {from} to {to}"));
        entry(&edge["windows"], &[("window", window)]).clone()
    };
    let share = |traffic: &Value| number(&traffic["errors"]) / number(&traffic["spans"]);
    let (before, during) = (of("payment", "payments", "before"), of("payment", "payments", "during"));
    assert!(number(&before["p99_s"]) < 0.03 && share(&before) < 0.01, "{before:#}");
    assert!((0.95..1.05).contains(&number(&during["p99_s"])), "{during:#}");
    assert!((0.3..0.7).contains(&share(&during)), "{during:#}");
    let after = of("payment", "payments", "after");
    assert!(number(&after["p99_s"]) < 0.03 && share(&after) < 0.01, "{after:#}");
    let asked = of("shoppers", "gateway", "run");
    let offered = number(&result["scale"]["requests_per_s"]);
    assert!((number(&asked["per_s"]) / offered - 1.0).abs() < 0.02, "{asked:#} where {offered}/s are offered");
    let page = folder.read("report/report.html");
    let table = page.split("aria-label=\"Edges\"").nth(1).expect("the table of edges is there");
    let rows: Vec<&str> = table.split("<tr>").skip(2).take(2).collect();
    assert!(rows.iter().any(|row| row.contains("payments")) && rows.iter().any(|row| row.contains(">gateway<")));
    assert!(page.contains("<svg class=\"chart map\""));
    let mut args = vec!["run", "small-drill.yaml", "--quiet", "--threads", "2", "--out", "other"];
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    folder.doorbuster(&args).ends_with(0);
    assert_eq!(folder.json("other/result.json")["map"], result["map"]);
}
