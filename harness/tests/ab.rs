//! A run against a baseline, and a sweep over values: what differs is named, what is worse ends with 99, mistakes with 78.

mod workbench;

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use workbench::{Folder, GATE, SMALL_DRILL, SMALLEST, Told, edited, entry, number, wait};

/// A mistake is told within this time: nothing is played before.
const SOON: Duration = Duration::from_secs(20);

/// A folder with `gate.yaml`, and the report of its run in `base`.
fn with_baseline(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("gate.yaml", GATE);
    folder.doorbuster(&["run", "gate.yaml", "--quiet", "--out", "base"]).ends_with(0);
    folder
}

/// Plays `gate.yaml` against a baseline.
fn against(folder: &Folder, baseline: &str, args: &[&str]) -> Told {
    let mut all = vec!["run", "gate.yaml", "--baseline", baseline];
    all.extend(args);
    if !args.contains(&"--out") {
        all.extend(["--out", "report"]);
    }
    folder.doorbuster(&all)
}

/// *Scenario*: the same scenario twice, and once more with a tolerance of nothing.
///
/// *Guarantees*: exit code 0; terminal, page and summary say that nothing differs; the verdict `regression.worse` is
/// there and holds; the command that replays the run has its baseline.
#[test]
fn a_run_against_itself_differs_in_nothing() {
    let folder = with_baseline("itself");
    for args in [&[][..], &["--tolerance", "0%"]] {
        let told = against(&folder, "base/result.json", args).ends_with(0);
        assert!(told.stdout.contains("  baseline    nothing differs: same configuration, same stream, "), "{told}");
    }
    for file in ["summary.md", "report.html", "junit.xml"] {
        assert!(folder.read(&format!("report/{file}")).contains("nothing differs"), "{file} does not say so");
    }
    let result = folder.json("report/result.json");
    let verdict = entry(&result["verdicts"], &[("id", "regression.worse"), ("kind", "regression"), ("status", "pass")]);
    assert_eq!(verdict["value"], 0.0);
    assert_eq!(result["comparison"]["figures"], Value::Array(Vec::new()));
    let command = folder.json("report/run.json")["command"].as_str().expect("a text").to_owned();
    assert_eq!(command, "doorbuster run gate.yaml --seed 1 --baseline base/result.json --tolerance 0%");
    // A result that was compared is a baseline like any other.
    folder.doorbuster(&["run", "gate.yaml", "--baseline", "report/result.json", "--out", "again"]).ends_with(0);
}

/// *Scenario*: half of the cores of a service; the other way round; and a change that a wide tolerance forgives, though
/// not the verdict that misses.
///
/// *Guarantees*: exit code 99 and what is worse, with the setting that differs by its path, in terminal, result, page,
/// JUnit and summary; what got better is told and is no miss; a missed verdict is worse whatever the tolerance.
#[test]
fn fewer_cores_are_worse_and_are_named() {
    let folder = with_baseline("worse");
    let slow = ["--set", "services.order.cores=1"];
    let told = against(&folder, "base/result.json", &slow).ends_with(99);
    for line in ["  changed     services.order.cores 2 -> 1\n", "  worse       gateway.buy, run: success 100 % -> "] {
        assert!(told.stdout.contains(line), "{line} is not told\n{told}");
    }
    for (file, words) in [
        ("summary.md", ["| services.order.cores | 2 | 1 |", "| worse | gateway.buy | run | success | 100 % |"]),
        ("junit.xml", ["services.order.cores 2 -&gt; 1\"/>", "\nworse: run.success: 100 % as expected -&gt; "]),
        ("report.html", ["<code>services.<wbr>order.<wbr>cores</code>", "<span class=\"chip bad\">worse</span>"]),
    ] {
        let text = folder.read(&format!("report/{file}"));
        for word in words {
            assert!(text.contains(word), "{file} has no {word}");
        }
    }
    let comparison = &folder.json("report/result.json")["comparison"];
    let setting =
        entry(&comparison["configuration"], &[("path", "services.order.cores"), ("baseline", "2"), ("here", "1")]);
    let keys = [("service", "gateway"), ("endpoint", "buy"), ("what", "success"), ("judgement", "worse")];
    assert!(number(&entry(&comparison["figures"], &keys)["here"]) < 0.5, "{setting}");

    let told = against(&folder, "report/result.json", &["--out", "back"]).ends_with(0);
    assert!(told.stdout.contains("  better      gateway.buy, run: success "), "{told}");

    let told =
        against(&folder, "base/result.json", &["--set", "services.order.cores=1", "--tolerance", "100%"]).ends_with(99);
    assert!(told.stdout.contains("1 of 2 verdicts worse"), "{told}");
}

/// *Scenario*: a run that differs in a number, in a key that was left out and in an item of a list; then a run in which
/// each of the paths that were named is set to the baseline's value.
///
/// *Guarantees*: paths and values are those of `--set`: set back by them, nothing differs.
#[test]
fn settings_that_differ_are_told_as_set_takes_them() {
    let folder = with_baseline("paths");
    let sets = [
        "--set",
        "stores.orders.cores=4",
        "--set",
        "services.gateway.endpoints.buy.do.1.call.timeout=300ms",
        "--set",
        "expect.run.success.at_least=98%",
        "--set",
        "services.order.workers=9k",
    ];
    against(&folder, "base/result.json", &sets);
    let told = folder.json("report/result.json")["comparison"]["configuration"].clone();
    let paths: Vec<&str> =
        told.as_array().expect("a list").iter().map(|one| one["path"].as_str().expect("a text")).collect();
    assert_eq!(
        paths,
        [
            "services.gateway.endpoints.buy.do.1.call.timeout",
            "services.order.workers",
            "stores.orders.cores",
            "expect.\"run.success\".at_least"
        ]
    );
    let mut back: Vec<String> = sets.iter().map(|word| (*word).to_owned()).collect();
    for one in told.as_array().expect("a list") {
        let value = one["baseline"].as_str().unwrap_or("null");
        back.extend(["--set".to_owned(), format!("{}={value}", one["path"].as_str().expect("a text"))]);
    }
    let back: Vec<&str> = back.iter().map(String::as_str).collect();
    let told = against(&folder, "base/result.json", &back).ends_with(0);
    assert!(told.stdout.contains("nothing differs"), "{told}");
}

/// *Scenario*: another seed, another duration, other traffic.
///
/// *Guarantees*: each is compared and named as a difference; that seeds differ is said where chance is told; throughput
/// is not judged under other traffic.
#[test]
fn seed_duration_and_traffic_are_differences_like_others() {
    let folder = with_baseline("differences");
    let told = against(&folder, "base/result.json", &["--seed", "2", "--tolerance", "50%"]).ends_with(0);
    assert!(told.stdout.contains("  changed     --seed 1 -> 2\n"), "{told}");
    assert!(folder.read("report/summary.md").contains("different numbers (seeds 1 and 2)"));
    let told = against(&folder, "base/result.json", &["--set", "duration=60s", "--tolerance", "50%"]).ends_with(0);
    assert!(told.stdout.contains("  changed     duration 30s -> 1min\n"), "{told}");
    against(&folder, "base/result.json", &["--set", "traffic.poisson=200/s"]).ends_with(0);
    let comparison = &folder.json("report/result.json")["comparison"];
    entry(&comparison["figures"], &[("what", "throughput"), ("judgement", "different")]);
}

/// *Scenario*: files that are no baseline of this run: not there, a folder, empty, cut off, not JSON, another file of
/// the report, another schema, a shape that is not ours, another scenario, ended early, other cells, in the report's way.
///
/// *Guarantees*: exit code 78 with the file, the cause and the cure, before anything is played or written.
#[test]
fn a_bad_baseline_is_told_with_its_cause_and_cure() {
    let folder = with_baseline("bad-baseline");
    let whole = folder.read("base/result.json");
    folder.write("empty.json", "");
    folder.write("cut.json", &whole[..whole.len() / 2]);
    folder.write("page.json", folder.read("base/report.html"));
    folder.write("other-schema.json", edited(&whole, &[("\"schema_version\": 1", "\"schema_version\": 7")]));
    folder.write("other-shape.json", "{\"schema_version\": 1, \"scenario\": \"gate\"}");
    folder.write("other-scenario.json", edited(&whole, &[("\"scenario\": \"gate\"", "\"scenario\": \"door\"")]));
    folder.write("early.json", edited(&whole, &[("\"complete\": true", "\"complete\": false")]));
    folder.write("cells.json", edited(&whole, &[("\"cells_played\": 1", "\"cells_played\": 4")]));
    let again = "doorbuster run gate.yaml --seed 1 --out FOLDER";
    let cut_at = format!("ends at line {}, column ", whole[..whole.len() / 2].lines().count());
    let cases: &[(&str, &[&str])] = &[
        ("nowhere.json", &["no such file", "`result.json` of a report folder"]),
        ("base", &["is a folder", "--baseline base/result.json"]),
        ("/dev/null", &["not a file"]),
        ("empty.json", &["the file is empty", again]),
        ("cut.json", &[&cut_at, "it seems to be cut off", again]),
        ("page.json", &["is not JSON", "at line 1 column 1", "`result.json` of a report folder"]),
        ("base/run.json", &["no `schema_version`", "not another of its files"]),
        (
            "other-schema.json",
            &["has schema version 7", "this version of doorbuster reads 1", "with this version", again],
        ),
        ("other-shape.json", &["is no result of a run: missing field `title`", again]),
        ("other-scenario.json", &["of the scenario `door`", "this run is of `gate`", "the same scenario", again]),
        ("early.json", &["ended early", "play the baseline to its end", again]),
        ("cells.json", &["was played on 4 cells", "this run plays 1 cell", "--cells 4"]),
    ];
    let there = folder.names(".");
    for (file, words) in cases {
        let args = ["run", "gate.yaml", "--baseline", file, "--out", "report"];
        let told = folder.doorbuster_within(SOON, &args).ends_with(78);
        assert!(told.stderr.starts_with(&format!("error: {file}: ")) && told.stdout.is_empty(), "{told}");
        for word in [&["= help: "], *words].concat() {
            assert!(told.stderr.contains(word), "`{word}` is not told\n{told}");
        }
        assert!(!told.stderr.contains(" virtual, "), "it was played first\n{told}");
    }
    let told = against(&folder, "base/result.json", &["--out", "./base"]).ends_with(78);
    assert!(told.stderr.contains("would replace its baseline") && told.stderr.contains("--out FOLDER"), "{told}");
    assert_eq!(folder.read("base/result.json"), whole);
    assert_eq!(folder.names("."), there, "something was written");
}

/// *Scenario*: arguments that do not go together, or are no share.
///
/// *Guarantees*: exit code 2.
#[test]
fn a_tolerance_needs_a_baseline_and_a_sweep_has_none() {
    let folder = Folder::new("ab-usage");
    let cases: &[(&[&str], &str)] = &[
        (&["--tolerance", "2%"], "--baseline"),
        (&["--baseline", "x.json", "--tolerance", "2"], "has no percent sign"),
        (&["--baseline", "x.json", "--tolerance", "-1%"], "-1"),
        (&["--baseline", "x.json", "--sweep", "a=1,2"], "cannot be used with"),
        (&["--sweep", "a=1", "--sweep", "b=1"], "cannot be used multiple times"),
    ];
    for (args, word) in cases {
        let told = folder.doorbuster_within(SOON, &[&["run", "quiet-day"], *args].concat()).ends_with(2);
        assert!(told.stderr.contains(word), "{told}");
    }
}

/// *Scenario*: a sweep over the cores of a service, of which one is too few; its first row then serves as a baseline.
///
/// *Guarantees*: exit code 0 though a verdict misses; a row for each value in table, JSON, Markdown and page, in
/// order; the figures are those of the row's own report; progress names the row; the whole is deterministic.
#[test]
fn a_sweep_tells_a_row_for_each_value() {
    let folder = Folder::new("sweep");
    folder.write("gate.yaml", GATE);
    let args = ["run", "gate.yaml", "--sweep", "services.order.cores=2,1,4", "--out", "sweep"];
    let told = folder.doorbuster(&args).ends_with(0);
    assert!(told.stdout.starts_with("gate: services.order.cores\n  3 of 3 values in "), "{told}");
    assert!(told.stdout.contains("\n  1      0 % "), "{told}");
    assert!(told.stderr.contains("2 of 3, services.order.cores=1  "), "{told}");
    assert_eq!(folder.names("sweep"), ["1", "2", "4", "sweep.html", "sweep.json", "sweep.md"]);
    let sweep = folder.json("sweep/sweep.json");
    assert_eq!((&sweep["schema_version"], &sweep["complete"]), (&Value::from(1), &Value::from(true)));
    let rows = sweep["rows"].as_array().expect("a list");
    let values: Vec<&str> = rows.iter().map(|row| row["value"].as_str().expect("a text")).collect();
    assert_eq!(values, ["2", "1", "4"]);
    for row in rows {
        let result = folder.json(&format!("sweep/{}/result.json", row["folder"].as_str().expect("a text")));
        let keys = [("service", "gateway"), ("endpoint", "buy"), ("window", "run")];
        let edge = entry(&result["endpoints"], &keys);
        let figures = &row["figures"];
        assert_eq!(figures["success"], Value::from(number(&edge["succeeded"]) / number(&edge["attempts"])));
        assert_eq!(figures["p99_s"], edge["latency_s"]["p99"]);
        assert_eq!(figures["fingerprint"], result["fingerprint"]);
        assert!((number(&figures["throughput_per_s"]) - number(&edge["succeeded"]) / 25.0).abs() < 1e-9);
    }
    let full = &rows[1]["figures"];
    assert_eq!(full["first_saturated"]["name"], "order.cores");
    assert!(number(&full["headroom"]) < 0.01 && number(&rows[2]["figures"]["headroom"]) > 0.5, "{full}");
    assert_eq!((&full["verdicts_as_expected"], &full["verdicts_missed"]), (&Value::from(1), &Value::from(1)));
    assert_eq!(rows[0]["figures"]["first_saturated"], Value::Null);
    for (file, word) in
        [("sweep.md", "| 1 | 0 % |"), ("sweep.html", "<a href=\"1/report.html\">1</a>"), ("sweep.html", "<circle ")]
    {
        assert!(folder.read(&format!("sweep/{file}")).contains(word), "{file} has no {word}");
    }
    let text = folder.read("sweep/sweep.json");
    let told = folder.doorbuster(&[&args[..], &["--json", "--threads", "1"]].concat()).ends_with(0);
    assert!(told.stdout == text && told.stderr.is_empty(), "the second sweep differs\n{told}");
    folder.doorbuster(&["run", "gate.yaml", "--baseline", "sweep/2/result.json", "--out", "report"]).ends_with(0);
}

/// *Scenario*: values that hold commas, brackets and quotes; an incident.
///
/// *Guarantees*: a value is split from the next at the outermost commas only; an incident's rows tell its window, what
/// came after, and the recovery.
#[test]
fn values_may_hold_commas_and_an_incident_has_its_columns() {
    let folder = Folder::with_small_drill("commas");
    folder.write("gate.yaml", GATE);
    let sweep = "traffic={poisson: 100/s},{closed: {users: 5, think: 1s}},{curve: [{at: 0s, rate: 50/s}, {at: 9s, rate: 99/s}]}";
    folder.doorbuster(&["run", "gate.yaml", "--sweep", sweep, "--out", "sweep", "--quiet"]).ends_with(0);
    let rows = folder.json("sweep/sweep.json")["rows"].clone();
    let folders: Vec<&str> =
        rows.as_array().expect("a list").iter().map(|row| row["folder"].as_str().expect("a text")).collect();
    assert_eq!(folders, ["poisson_100_s", "closed_users_5_think_1s", "curve_at_0s_rate_50_s_at_9s_rate_99_s"]);
    assert_eq!(rows[1]["value"], "{closed: {users: 5, think: 1s}}");
    assert_eq!(rows[1]["figures"]["p99_s"], Value::Null, "five users make under 1,000 requests");

    let sweep = "faults.index_lost.intensity=50%,100%";
    let told = folder.doorbuster(&["run", "small-drill.yaml", "--sweep", sweep, "--out", "drill"]).ends_with(0);
    let head = "  value  success  p99  throughput  after ";
    assert!(
        told.stdout.contains(head) && told.stdout.contains("window during: success of gateway.pay, p99 of payment.pay"),
        "{told}"
    );
    let rows = folder.json("drill/sweep.json")["rows"].clone();
    let success = |row: usize| number(&rows[row]["figures"]["success"]);
    assert!(success(0) > 0.65 && success(1) < 0.6, "{rows:#}");
    assert!(number(&rows[0]["figures"]["success_after"]) > 0.97);
    assert!(number(&rows[0]["figures"]["recovered_after_s"]) > 60.0);
}

/// *Scenario*: sweeps without `=`, with a path that is not there, values of the wrong type, an empty one, one twice,
/// an open bracket, a value that does not fit the rest; a scenario that is wrong itself; more cells than there are.
///
/// *Guarantees*: exit code 78 with the value, the cause and the cure, all mistakes at once and each once, before the first
/// row is played; nothing is written.
#[test]
fn a_bad_sweep_is_told_before_anything_is_played() {
    let folder = Folder::with_small_drill("bad-sweep");
    folder.write("gate.yaml", GATE);
    folder.write("wrong.yaml", edited(GATE, &[("cores: 2", "coers: 2")]));
    let there = folder.names(".");
    let gate = |sweep: &'static str| vec!["gate.yaml", sweep];
    // With how many mistakes are told.
    let cases: &[(Vec<&str>, usize, &[&str])] = &[
        (gate("services.order.cores"), 1, &["has no `=`", "PATH=V1,V2"]),
        (
            gate("services.odrer.cores=1,2"),
            1,
            &["no `odrer` in `services`", "--> --sweep:1:1", "odrer.cores=1,2\n", "did you mean `order`?"],
        ),
        (
            gate("services.order.cores=1,x,-2"),
            2,
            &["`x` is not a number", "`-2` is negative", "--> --sweep:1:22", "cores=x\n"],
        ),
        (gate("duration=30s,3"), 1, &["`3` has no unit", "duration=3\n"]),
        (gate("services.order.cores=1,,2"), 1, &["value 2 is empty"]),
        (gate("services.order.cores=1,2,1"), 1, &["the value `1` is there twice"]),
        (gate("traffic={poisson: 1/s,{constant: 1/s}"), 1, &["is not closed"]),
        (vec!["small-drill.yaml", "duration=8min,1min"], 1, &["with `duration=1min`: the fault begins at"]),
        (vec!["wrong.yaml", "services.order.cores=1,2"], 1, &["unknown key `coers`", "--> wrong.yaml:"]),
        (vec!["gate.yaml", "cells.fleet=4,1", "--cells", "2"], 1, &["`--cells 2` is more than the fleet's 1"]),
    ];
    for (args, mistakes, words) in cases {
        let mut all = vec!["run", args[0], "--out", "sweep", "--sweep", args[1]];
        all.extend(&args[2..]);
        let told = folder.doorbuster_within(SOON, &all).ends_with(78);
        assert!(told.stderr.starts_with("error: ") && told.stdout.is_empty(), "{told}");
        assert_eq!(
            told.stderr.matches("error: ").count(),
            *mistakes,
            "mistakes are told more or less than once\n{told}"
        );
        for word in *words {
            assert!(told.stderr.contains(word), "`{word}` is not told\n{told}");
        }
        assert!(told.stderr.contains("= help: ") && !told.stderr.contains(" virtual, "), "{told}");
        assert_eq!(folder.names("."), there, "something was written\n{told}");
    }
}

/// *Scenario*: a sweep whose second value is more than the engine can tell the truth about: one core, ten minutes a
/// request, one request a second.
///
/// *Guarantees*: that row says why it has no figures, the others are played; exit code 75.
#[test]
fn a_row_that_cannot_be_played_does_not_end_the_sweep() {
    let folder = Folder::new("overload");
    folder.write("smallest.yaml", edited(SMALLEST, &[("500/s", "1/s")]));
    let sweep = "services.shop.endpoints.buy.do.0.compute=1ms,10min,2ms";
    let args = ["run", "smallest.yaml", "--set", "duration=40min", "--sweep", sweep, "--out", "sweep"];
    let told = folder.doorbuster(&args).ends_with(75);
    assert!(
        told.stdout.contains("  note        10min: a request has been in the shop for over 27 minutes\n"),
        "{told}"
    );
    let sweep = folder.json("sweep/sweep.json");
    let rows = sweep["rows"].as_array().expect("a list");
    let played: Vec<bool> = rows.iter().map(|row| row["figures"].is_object()).collect();
    assert_eq!((played, &sweep["complete"]), (vec![true, false, true], &Value::from(false)));
    assert_eq!(folder.names("sweep"), ["1ms", "2ms", "sweep.html", "sweep.json", "sweep.md"]);
}

/// *Scenario*: a sweep of three values, interrupted in the second.
///
/// *Guarantees*: exit code 75; the first row is whole, the second is marked as ended early, the third is named as not
/// played, in JSON, terminal and page.
#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_the_rows_that_were_played() {
    let folder = Folder::new("interrupted-sweep");
    folder.write("drill.yaml", edited(SMALL_DRILL, &[("duration: 8min", "duration: 2h")]));
    let mut command = folder.command();
    command.args([
        "run",
        "drill.yaml",
        "--sweep",
        "faults.index_lost.intensity=10%,20%,30%",
        "--threads",
        "1",
        "--out",
        "sweep",
    ]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command was built");
    let stdout = workbench::gather(child.stdout.take());
    let mut progress = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.starts_with("2 of 3, ") {
        line.clear();
        assert!(progress.read_line(&mut line).expect("progress is text") > 0, "it ended before its second row");
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill is there").success());
    let rest = workbench::gather(Some(progress));
    assert_eq!(wait(&mut child, Duration::from_secs(20)), Some(75));
    drop(rest.join());
    let stdout = String::from_utf8(stdout.join().expect("reading does not panic")).expect("UTF-8");
    assert!(stdout.contains("partial: ") && stdout.contains("  not played  30%\n"), "{stdout}");
    let sweep = folder.json("sweep/sweep.json");
    assert_eq!(sweep["complete"], false);
    let rows = sweep["rows"].as_array().expect("a list");
    assert_eq!((rows.len(), &rows[0]["note"], &sweep["not_played"][0]), (2, &Value::Null, &Value::from("30%")));
    assert!(rows[1]["note"].as_str().is_some_and(|note| note.starts_with("ended early, after ")), "{rows:#?}");
    assert_eq!(folder.json("sweep/10/result.json")["complete"], true);
    assert_eq!(folder.json("sweep/20/result.json")["complete"], false);
    assert!(folder.read("sweep/sweep.html").contains("<strong>Partial.</strong>"));
}
