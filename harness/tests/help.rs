//! The help of the command, and the commands that look something up.

mod workbench;

use workbench::Folder;

/// Commands whose examples are run here: they take no time.
const QUICK: [&str; 5] = ["check", "list", "explain", "schema", "completions"];

/// The subcommands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned));
    names.filter(|name| !name.is_empty() && name != "help").collect()
}

/// *Scenario*: a newcomer asks every command for help, and copies the examples.
///
/// *Guarantees*: every command and subcommand has one; those of the commands that only tell end with exit code 0 and say
/// something. That the others are understood is held beside the parser.
#[test]
fn every_help_has_an_example_and_those_that_only_tell_work() {
    let folder = Folder::new("help");
    let (mut seen, mut ran) = (0, 0);
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.push("--help");
        let told = folder.doorbuster(&args).ends_with(0);
        assert!(told.stdout.lines().all(|line| line.chars().count() <= 100), "{told}");
        let examples: Vec<&str> =
            told.stdout.lines().filter_map(|line| line.strip_prefix("Example: doorbuster ")).collect();
        assert!(!examples.is_empty(), "{told}");
        seen += 1;
        if words.first().is_some_and(|first| QUICK.contains(&first.as_str())) {
            for example in examples {
                let told = folder.doorbuster(&example.split(' ').collect::<Vec<&str>>()).ends_with(0);
                assert!(!told.stdout.is_empty() && told.stderr.is_empty(), "{told}");
                ran += 1;
            }
        }
        open.extend(subcommands(&told.stdout).into_iter().map(|sub| [words.clone(), vec![sub]].concat()));
    }
    assert!(seen >= 11 && ran >= QUICK.len(), "{seen} commands, {ran} examples");
}

/// *Scenario*: `list`, in words and as JSON.
///
/// *Guarantees*: every built-in stands under its use, with faults, remedies and verdicts; the page is 100 columns wide.
#[test]
fn the_list_has_everything() {
    let folder = Folder::new("list");
    let told = folder.doorbuster(&["list"]).ends_with(0);
    for word in [
        "incidents: a fault",
        "chaos drills",
        "pod-crash",
        "payment-index-loss",
        "quiet-day",
        "to build on",
        "shop",
        "lost_index",
        "rebuild_index",
        "detection.alert",
        "doorbuster explain",
    ] {
        assert!(told.stdout.contains(word), "`{word}` is not listed\n{told}");
    }
    assert!(told.stdout.lines().all(|line| line.chars().count() <= 100), "{told}");
    let told = folder.doorbuster(&["list", "--json"]).ends_with(0);
    let list: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    let quiet = workbench::entry(&list["scenarios"], &[("name", "quiet-day")]);
    assert_eq!((quiet["use"].as_str(), quiet["virtual_s"].as_f64()), (Some("quiet"), Some(900.0)));
    assert!(list["verdicts"].as_array().is_some_and(|verdicts| verdicts.len() >= 25), "{told}");
}

/// *Scenario*: a name that is nearly one.
///
/// *Guarantees*: exit code 78, the nearest names on standard error, nothing on standard output.
#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let told = Folder::new("explain").doorbuster(&["explain", "missing_indx"]).ends_with(78);
    assert!(told.stdout.is_empty(), "{told}");
    assert!(told.stderr.starts_with("error: ") && told.stderr.contains("did you mean `missing_index`"), "{told}");
}

/// *Scenario*: the script for each shell.
///
/// *Guarantees*: it knows every command; bash's completes scenarios, and bash itself reads it.
#[test]
fn completions_know_the_commands() {
    let folder = Folder::new("completions");
    for shell in ["bash", "zsh", "fish"] {
        let told = folder.doorbuster(&["completions", shell]).ends_with(0);
        for command in ["run", "check", "list", "explain", "schema", "measure", "bench"] {
            assert!(told.stdout.contains(command), "{shell} does not know {command}");
        }
        if shell == "bash" {
            assert!(told.stdout.contains("payment-index-loss"), "bash does not complete scenarios");
            folder.write("doorbuster.bash", told.stdout);
        }
    }
    let read = std::process::Command::new("bash").arg("-n").arg(folder.path("doorbuster.bash")).status();
    // A machine without bash has nobody who would read it.
    assert!(read.is_err() || read.is_ok_and(|status| status.success()));
}
