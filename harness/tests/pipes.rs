//! The command among others: closed pipes, silence, colours, signals.

mod workbench;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use workbench::{Folder, LONGEST_RUN, entry, tell, wait};

/// An escape begins every colour and every movement of a cursor.
const ESCAPE: char = '\u{1b}';

/// *Scenario*: readers that go away at once: of the JSON, of the summary, of the help, of progress.
///
/// *Guarantees*: no panic and the exit code of the run; the report is there.
#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let folder = Folder::with_small_drill("closed");
    let cases: &[&[&str]] = &[
        &["run", "small-drill.yaml", "--json", "--out", "json"],
        &["run", "small-drill.yaml", "--out", "plain"],
        &["run", "--help"],
    ];
    for args in cases {
        let mut command = folder.command();
        let mut child =
            command.args(*args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command was built");
        drop(child.stdout.take());
        let stderr = workbench::gather(child.stderr.take());
        assert_eq!(wait(&mut child, LONGEST_RUN), Some(0), "{args:?}");
        let stderr = String::from_utf8(stderr.join().expect("reading does not panic")).expect("UTF-8");
        assert!(!stderr.contains("panicked") && !stderr.contains("error"), "{args:?}: {stderr}");
    }
    assert_eq!(folder.json("json/result.json")["complete"], true);
    assert_eq!(folder.read("json/result.json"), folder.read("plain/result.json"));
    let mut command = folder.command();
    let mut child = command
        .args(["run", "small-drill.yaml", "--out", "deaf"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command was built");
    drop(child.stderr.take());
    assert_eq!(wait(&mut child, LONGEST_RUN), Some(0), "with standard error closed");
}

/// *Scenario*: a disk that is full, in place of the file into which `--json` is led.
///
/// *Guarantees*: unlike a reader who had enough, that is a failure: exit code 75 with the cause, never half a result
/// and a 0.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_not_a_closed_pipe() {
    let folder = Folder::with_small_drill("full");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let mut command = folder.command();
    command.args(["run", "small-drill.yaml", "--json"]).stdout(full).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command was built");
    let stderr = workbench::gather(child.stderr.take());
    assert_eq!(wait(&mut child, LONGEST_RUN), Some(75));
    let stderr = String::from_utf8(stderr.join().expect("reading does not panic")).expect("UTF-8");
    assert!(stderr.contains("cannot write to standard output") && stderr.contains("No space left"), "{stderr}");
}

/// *Scenario*: `--quiet`, for a run as expected and for one that misses.
///
/// *Guarantees*: not a byte on either stream; the exit code tells; the report is written.
#[test]
fn quiet_prints_nothing() {
    let folder = Folder::with_small_drill("quiet");
    for (set, code) in [("seed_is=no", 78), ("warmup=10s", 0), ("expect.detection.alert.at_most=1s", 99)] {
        let told = folder.doorbuster(&["run", "small-drill.yaml", "--quiet", "--set", set]).ends_with(code);
        // A mistake is told even so: an exit code alone would not say where it is.
        let silent = told.stdout.is_empty() && told.stderr.is_empty() == (code != 78);
        assert!(silent, "{told}");
    }
    assert!(folder.path("doorbuster-report/report.html").is_file());
}

/// *Scenario*: output into a pipe, with and without `NO_COLOR`; with `--json`.
///
/// *Guarantees*: no escape sequences; progress goes to standard error only, in a few whole lines; JSON stands alone.
#[test]
fn a_pipe_gets_plain_lines() {
    let folder = Folder::with_small_drill("plain");
    for no_color in [None, Some(""), Some("1")] {
        let mut command = folder.command();
        command.args(["run", "small-drill.yaml"]).envs(no_color.map(|value| ("NO_COLOR", value)));
        let told = tell(&mut command, LONGEST_RUN).ends_with(0);
        assert!(!told.stdout.contains(ESCAPE) && !told.stderr.contains(ESCAPE), "{told}");
        assert!(!told.stderr.contains('\r') && (2..=10).contains(&told.stderr.lines().count()), "{told}");
        assert!(told.stderr.contains("requests/s") && told.stdout.contains("10 of 10 as expected"), "{told}");
    }
    let told = folder.doorbuster(&["run", "small-drill.yaml", "--json"]).ends_with(0);
    assert_eq!(told.stdout, folder.read("doorbuster-report/result.json"));
    assert!(told.stderr.is_empty(), "{told}");
}

/// *Scenario*: Ctrl-C, and a request to terminate, in the middle of two virtual hours.
///
/// *Guarantees*: the run ends at once with exit code 75 and a whole report that is marked as partial: not complete,
/// every verdict invalid, the words say so; the books of what was played balance.
#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_a_marked_report() {
    let folder = Folder::with_small_drill("interrupted");
    for signal in ["-INT", "-TERM"] {
        let mut command = folder.command();
        command.args(["run", "small-drill.yaml", "--set", "duration=2h", "--threads", "1", "--out", "report"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command was built");
        let stdout = workbench::gather(child.stdout.take());
        let mut progress = BufReader::new(child.stderr.take().expect("it is piped"));
        // After the first line of progress a fifth of the run is over, and whoever catches signals is in place.
        progress.read_line(&mut String::new()).expect("progress is text");
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(kill.expect("kill is there").success());
        let rest = workbench::gather(Some(progress));
        assert_eq!(wait(&mut child, Duration::from_secs(20)), Some(75), "after kill {signal}");
        let rest = String::from_utf8(rest.join().expect("reading does not panic")).expect("UTF-8");
        assert!(!rest.contains("error"), "it ended for another reason than kill {signal}: {rest}");
        let stdout = String::from_utf8(stdout.join().expect("reading does not panic")).expect("UTF-8");
        assert!(stdout.contains("ended early"), "{stdout}");
        assert!(folder.path("report/junit.xml").is_file(), "the report is not whole");
        let result = folder.json("report/result.json");
        assert_eq!(result["complete"], false);
        assert!(result["scale"]["virtual_s"].as_u64().is_some_and(|s| (1_440..7_200).contains(&s)));
        for verdict in result["verdicts"].as_array().expect("a list") {
            assert_eq!(verdict["status"], "invalid", "{verdict:#}");
        }
        let books = entry(&result["verdicts"], &[("id", "accounting.conservation")]);
        assert_eq!(books["value"], 0.0, "{books:#}");
        assert!(folder.read("report/summary.md").contains("early"), "the summary does not say that it is partial");
        assert!(folder.read("report/report.html").contains("early"), "the page does not say that it is partial");
    }
}
