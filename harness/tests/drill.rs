//! A whole drill through the command: fault, symptom, alert, evidence, cause, remedy, recovery, verdicts, report.

mod workbench;

use serde_json::Value;
use workbench::{Folder, SHOP_DRILL, SMALLEST, edited, entry, number};

/// All that a report folder holds, in order.
const REPORT: [&str; 8] = [
    "junit.xml",
    "latency.hlog",
    "report.html",
    "result.json",
    "run.json",
    "scenario.yaml",
    "summary.md",
    "timeline.json",
];

fn verdict<'r>(result: &'r Value, id: &str) -> &'r Value {
    entry(&result["verdicts"], &[("id", id)])
}

/// A time that is told in whole seconds.
fn whole(value: &Value) -> u64 {
    let seconds = number(value);
    assert!(seconds.fract().abs() < 1e-9, "{seconds} s are not whole");
    seconds as u64
}

/// Holds that a run's story is told in its order: nothing is seen before it is there, or mended before it is known.
fn in_order(timeline: &Value) {
    let remedy = &timeline["remedies"][0];
    let marks = [
        ("injected", &timeline["injected_s"]),
        ("alert", &timeline["alert"]["at_s"]),
        ("evidence ready", &timeline["evidence_ready_s"]),
        ("cause", &timeline["cause_s"]),
        ("remedy started", &remedy["from_s"]),
        ("remedy in effect", &remedy["to_s"]),
        ("recovered", &timeline["recovered_s"]),
    ];
    for pair in marks.windows(2) {
        assert!(number(pair[0].1) <= number(pair[1].1), "{} comes before {}: {timeline:#}", pair[1].0, pair[0].0);
    }
    let symptom = number(&timeline["symptom"]["at_s"]);
    assert!(number(marks[0].1) <= symptom && symptom <= number(marks[2].1), "the symptom at {symptom}: {timeline:#}");
}

/// *Scenario*: a shop of three services loses an index on half of its shards; an alert fires, the cause is named,
/// people take their declared minute, the index is built again.
///
/// *Guarantees*: exit code 0; every verdict as expected; half of the payments fail while it lasts and the rest of the
/// shop does not notice; the story is in order; the repair takes rows over build rate.
#[test]
fn a_drill_runs_as_its_scenario_says() {
    let folder = Folder::with_small_drill("drill");
    folder.doorbuster(&["run", "small-drill.yaml", "--quiet", "--out", "report"]).ends_with(0);
    let result = folder.json("report/result.json");
    assert_eq!(result["complete"], true);
    for verdict in result["verdicts"].as_array().expect("a list") {
        assert_eq!(verdict["status"], "pass", "{verdict:#}");
    }
    let timeline = &result["timeline"];
    in_order(timeline);
    assert_eq!(timeline["injected_s"], 90.0);
    assert_eq!(timeline["false_alerts"], serde_json::json!([]));
    let remedy = &timeline["remedies"][0];
    // 4M rows at 300k/s, in whole seconds.
    assert_eq!(whole(&remedy["to_s"]) - whole(&remedy["from_s"]), 14);
    assert_eq!(timeline["faults"][0]["to_s"], remedy["to_s"]);
    let browse = entry(&result["endpoints"], &[("endpoint", "browse"), ("window", "during")]);
    assert_eq!(browse["attempts"], browse["succeeded"], "the fault reached an endpoint that does not use the index");
    let pay = entry(&result["endpoints"], &[("service", "payment"), ("endpoint", "pay"), ("window", "during")]);
    let failed: u64 = pay["failed"].as_object().expect("counts").values().filter_map(Value::as_u64).sum();
    let (attempts, succeeded) = (pay["attempts"].as_u64(), pay["succeeded"].as_u64());
    assert_eq!(attempts, succeeded.map(|succeeded| succeeded + failed), "{pay:#}");
}

/// *Scenario*: the same drill, looking at what the detector says of the cause.
///
/// *Guarantees*: service, statement, store and kind are those of the fault; the evidence names the statement and the
/// rows that it examines.
#[test]
fn the_cause_is_the_faults_with_its_evidence() {
    let folder = Folder::with_small_drill("cause");
    let result = folder.result("small-drill.yaml", &[]);
    let cause = &result["timeline"]["cause"];
    assert_eq!(cause["right"], true);
    let named = ["service", "operation", "resource", "kind"].map(|part| cause[part].as_str().expect("a text"));
    assert_eq!(named, ["payment", "by_user", "payments", "missing_index"]);
    let evidence: Vec<&str> = cause["evidence"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(evidence.iter().any(|fact| fact.contains("SELECT * FROM payments")), "{evidence:?}");
    assert!(evidence.iter().any(|fact| fact.contains("rows examined")), "{evidence:?}");
}

/// *Scenario*: the same drill's report folder, written twice into one place.
///
/// *Guarantees*: it holds its seven files and nothing half written; `junit.xml` is well formed and has a case for each
/// verdict; the page is one file that loads nothing; the books balance, in counts that are there.
#[test]
fn the_report_folder_is_whole() {
    let folder = Folder::with_small_drill("report");
    for _ in 0..2 {
        folder.doorbuster(&["run", "small-drill.yaml", "--quiet", "--out", "deep/report"]).ends_with(0);
    }
    assert_eq!(folder.names("deep/report"), REPORT);
    let result = folder.json("deep/report/result.json");
    let junit = folder.read("deep/report/junit.xml");
    let elements = elements(&junit);
    let cases = elements.iter().filter(|name| *name == "testcase").count();
    assert_eq!(cases, result["verdicts"].as_array().expect("a list").len(), "{junit}");
    let page = folder.read("deep/report/report.html");
    for word in ["http://", "https://", "src=", "@import", "url("] {
        let places: Vec<&str> =
            page.lines().filter(|line| line.contains(word) && !line.contains("www.w3.org")).collect();
        assert!(places.is_empty(), "the page loads something: {places:?}");
    }
    assert!(folder.read("deep/report/summary.md").contains("incident.success.during"));
    let books = &result["accounting"];
    let count = |name: &str| books[name].as_u64().expect("a count");
    assert_eq!(verdict(&result, "accounting.conservation")["status"], "pass");
    assert!(count("arrivals") > 90_000 && count("spans_made") > 3 * count("arrivals"), "{books:#}");
    assert_eq!(count("arrivals"), count("succeeded") + count("failed") + count("in_flight"));
    assert_eq!(count("spans_made"), count("spans_delivered"));
    let run = folder.json("deep/report/run.json");
    assert_eq!(run["requests"], books["arrivals"]);
    assert_eq!(run["spans"], books["spans_made"]);
}

/// *Scenario*: the small drill with overrides; then the `scenario.yaml` of its report, in another folder, without any.
///
/// *Guarantees*: a report can be played again from what it holds alone: same stream, same verdicts, same story.
#[test]
fn a_report_holds_what_plays_it_again() {
    let folder = Folder::with_small_drill("again");
    let first = folder.result("small-drill.yaml", &["traffic.poisson=150/s", "faults.index_lost.at=80s", "humans={}"]);
    let again = Folder::new("again-elsewhere");
    again.write("mine.yaml", folder.read("report/scenario.yaml"));
    let second = again.result("mine.yaml", &[]);
    for what in ["fingerprint", "verdicts", "timeline", "endpoints", "stations", "accounting", "resolved"] {
        assert_eq!(first[what], second[what], "{what} differs");
    }
}

/// *Scenario*: the drill with an expectation that does not come true, and with one that was expected to fail and
/// comes true.
///
/// *Guarantees*: 99 for both: an unexpected pass is a miss too; the verdict that missed is told.
#[test]
fn a_miss_and_an_unexpected_pass_end_with_99() {
    let folder = Folder::with_small_drill("misses");
    for (set, id) in [
        ("expect.incident.success.during.between=[10%, 20%]", "incident.success.during"),
        ("expect.incident.success.before.outcome=fail", "incident.success.before"),
    ] {
        let told = folder.doorbuster(&["run", "small-drill.yaml", "--out", "report", "--set", set]).ends_with(99);
        assert!(told.stdout.contains("9 of 10 as expected") && told.stdout.contains(id), "{told}");
        let result = folder.json("report/result.json");
        let unexpected = |verdict: &&Value| verdict["status"] != verdict["expect"];
        let missed: Vec<&Value> =
            result["verdicts"].as_array().expect("a list").iter().filter(unexpected).map(|v| &v["id"]).collect();
        assert_eq!(missed, [id], "{told}");
    }
    let told = folder.doorbuster(&[
        "run",
        "small-drill.yaml",
        "--quiet",
        "--set",
        "expect.incident.success.during.between=[10%, 20%]",
        "--set",
        "expect.incident.success.during.outcome=fail",
    ]);
    told.ends_with(0);
}

/// *Scenario*: a tenth of the traffic, so that a p99 rests on some hundred payments; then with a miss beside it.
///
/// *Guarantees*: too few samples are 75 and never a pass; the verdict says how many it has and needs; but a certain
/// miss outweighs what cannot be said.
#[test]
fn too_few_samples_end_with_75() {
    let folder = Folder::with_small_drill("few");
    let few = ["run", "small-drill.yaml", "--quiet", "--out", "report", "--set", "traffic.poisson=20/s"];
    folder.doorbuster(&few).ends_with(75);
    let result = folder.json("report/result.json");
    let p99 = verdict(&result, "incident.p99.before");
    assert_eq!(p99["status"], "invalid");
    assert!(p99["note"].as_str().is_some_and(|note| note.contains("needs 1000")), "{p99:#}");
    assert_eq!(verdict(&result, "accounting.conservation")["status"], "pass");
    let mut missed = few.to_vec();
    missed.extend(["--set", "expect.detection.alert.at_most=1s"]);
    folder.doorbuster(&missed).ends_with(99);
}

/// *Scenario*: the drill without a remedy.
///
/// *Guarantees*: it does not recover: no time of recovery, *after* is the run's end, the targets fail with 99.
#[test]
fn without_a_remedy_it_does_not_recover() {
    let folder = Folder::with_small_drill("unmended");
    let told = folder.doorbuster(&["run", "small-drill.yaml", "--quiet", "--out", "report", "--set", "remedies={}"]);
    told.ends_with(99);
    let result = folder.json("report/result.json");
    assert_eq!(result["timeline"]["recovered_s"], Value::Null);
    assert_eq!(result["timeline"]["windows"]["after"], serde_json::json!([300.0, 480.0]));
    let recovered = verdict(&result, "detection.recovered");
    assert_eq!((&recovered["status"], &recovered["value"]), (&Value::from("fail"), &Value::Null));
    assert_eq!(verdict(&result, "incident.success.after")["status"], "fail");
}

/// *Scenario*: the drill's shop on a day without faults, two hours long: past 27 and 73 minutes, after which the 32-bit
/// ages of its requests would be taken for too old, or come round.
///
/// *Guarantees*: length alone is no overload: the run is complete, its books balance, its success is what it was.
#[test]
fn a_long_run_is_no_overload() {
    let folder = Folder::with_small_drill("long");
    let sets = ["duration=2h", "traffic.poisson=20/s", "faults={}", "remedies={}", "expect={}"];
    let mut args = vec!["run", "small-drill.yaml", "--quiet", "--out", "report"];
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    folder.doorbuster(&args).ends_with(0);
    let result = folder.json("report/result.json");
    assert_eq!(verdict(&result, "accounting.conservation")["status"], "pass");
    let last = &result["series"].as_array().expect("a list")[719];
    assert_eq!(last["at_s"], 7_200);
    let pay = entry(&result["endpoints"], &[("service", "payment"), ("endpoint", "pay"), ("window", "run")]);
    assert!(number(&pay["latency_s"]["max"]) < 1.0, "{pay:#}");
}

/// *Scenario*: the drill with a fault that goes by itself, before any remedy, at a stated time.
///
/// *Guarantees*: success recovers within seconds of that time, without a remedy.
#[test]
fn a_fault_that_goes_by_itself_is_over_then() {
    let folder = Folder::with_small_drill("until");
    let result = folder.result("small-drill.yaml", &["faults.index_lost.until=180s", "remedies={}", "expect={}"]);
    assert_eq!(result["timeline"]["faults"][0]["to_s"], 180.0);
    let recovered = number(&result["timeline"]["recovered_s"]);
    assert!((180.0..=185.0).contains(&recovered), "recovered at {recovered}");
}

/// *Scenario*: the library's shop by `use: shop`, one cell of ten, half of the payment shards without index, the
/// remedy started by the alert.
///
/// *Guarantees*: exit code 0; the shop's own services are in the result; figures are scaled by ten; the story is in
/// order but for the cause, for which nobody waited.
#[test]
fn a_drill_of_the_librarys_shop() {
    let folder = Folder::new("shop");
    folder.write("shop-drill.yaml", SHOP_DRILL);
    folder.doorbuster(&["run", "shop-drill.yaml", "--quiet", "--out", "report"]).ends_with(0);
    let result = folder.json("report/result.json");
    assert_eq!(result["scale"]["factor"], 10.0);
    // Journeys that began before the end of the warm-up have not all reached their last request.
    let rate = number(&result["scale"]["requests_per_s"]);
    assert!((17_000.0..=21_000.0).contains(&rate), "{rate} requests/s");
    entry(&result["endpoints"], &[("service", "inventory"), ("endpoint", "checkInventory"), ("window", "run")]);
    let timeline = &result["timeline"];
    assert_eq!(timeline["cause"]["right"], true, "{timeline:#}");
    let (alert, remedy) = (whole(&timeline["alert"]["at_s"]), whole(&timeline["remedies"][0]["from_s"]));
    assert_eq!(remedy, alert + 20);
}

/// *Scenario*: a scenario without faults that expects more than it can give.
///
/// *Guarantees*: `run.*` verdicts work without focus and fault, and miss with 99.
#[test]
fn a_run_without_fault_has_verdicts_too() {
    let folder = Folder::new("plain");
    let expect = "expect:\n  run.success: {at_least: 99%, source: x}\n  run.p99: {at_most: 1ms, source: x}\n";
    folder.write("plain.yaml", format!("{SMALLEST}{expect}"));
    folder.doorbuster(&["run", "plain.yaml", "--quiet", "--out", "report"]).ends_with(99);
    let result = folder.json("report/result.json");
    assert_eq!(verdict(&result, "run.success")["status"], "pass");
    assert_eq!(verdict(&result, "run.p99")["status"], "fail");
    folder.write("plain.yaml", edited(&format!("{SMALLEST}{expect}"), &[("at_most: 1ms", "at_most: 1s")]));
    folder.doorbuster(&["run", "plain.yaml", "--quiet", "--out", "report"]).ends_with(0);
}

/// The names of a text's elements, which must be well formed XML: tags nest, attributes are quoted, no stray `<`, `&`.
fn elements(xml: &str) -> Vec<String> {
    let (mut names, mut open) = (Vec::new(), Vec::new());
    let mut rest = xml.trim();
    while let Some(start) = rest.find('<') {
        escaped(&rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "a tag ends that is not the last one");
        } else if !tag.starts_with('?') {
            let name: String = tag.chars().take_while(|c| c.is_alphanumeric()).collect();
            assert!(!name.is_empty() && !tag.contains('<') && tag.matches('"').count().is_multiple_of(2), "<{tag}>");
            escaped(tag);
            names.push(name.clone());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} stay open, then `{rest}`");
    names
}

fn escaped(text: &str) {
    for (at, _) in text.match_indices('&') {
        let entity: String = text[at + 1..].chars().take_while(|c| *c != ';').take(8).collect();
        let known = ["amp", "lt", "gt", "quot", "apos"].contains(&entity.as_str()) || entity.starts_with('#');
        assert!(known, "`&{entity}` is not an entity");
    }
}

/// *Scenario*: texts that are nearly XML: a tag that stays open, one that ends too early, a bare `&`, two roots' worth
/// of text behind the end.
///
/// *Guarantees*: the check above sees each of them.
#[test]
fn the_check_for_xml_sees_what_is_wrong() {
    assert_eq!(elements("<?xml version=\"1.0\"?><a b=\"&lt;\"><c/>&amp;</a>"), ["a", "c"]);
    for wrong in ["<a><b></a></b>", "<a>", "<a>&</a>", "<a b=\"1></a>", "<a></a>text", "<a b=\"&x;\"/>"] {
        assert!(std::panic::catch_unwind(|| elements(wrong)).is_err(), "`{wrong}` was taken for XML");
    }
}
