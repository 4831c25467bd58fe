//! What users get wrong, through the command line: each mistake ends in a diagnostic, never in a panic or a run.

mod workbench;

use std::time::Duration;
use workbench::{Folder, SMALL_DRILL, edited};

/// A mistake is told within this time, however large or crooked the input is.
const SOON: Duration = Duration::from_secs(20);

/// One mistake in the small drill: its text before and after, and what must be told of it.
struct Mistake {
    name: &'static str,
    edit: (&'static str, &'static str),
    /// Line and column in the edited file.
    at: &'static str,
    told: &'static [&'static str],
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "an unknown key",
        edit: ("cores: 2", "coers: 2"),
        at: "my.yaml:14:5",
        told: &["unknown key `coers`", "^^^^^", "did you mean `cores`?"],
    },
    Mistake {
        name: "an unknown service",
        edit: ("endpoint: product.detail", "endpoint: produkt.detail"),
        at: "my.yaml:20:30",
        told: &["unknown service `produkt`", "^", "did you mean `product`?"],
    },
    Mistake {
        name: "a negative rate",
        edit: ("poisson: 200/s", "poisson: -200/s"),
        at: "my.yaml:66:12",
        told: &["`-200/s` is negative", "^^^^^^", "a rate is at least 0/s"],
    },
    Mistake {
        name: "a call cycle",
        edit: ("- compute: {exponential: {mean: 500us}}", "- call: {endpoint: gateway.browse}"),
        at: "my.yaml:33:30",
        told: &[
            "calls run in a circle: gateway.browse -> product.detail -> gateway.browse",
            "one of these calls must go",
        ],
    },
    Mistake {
        name: "a call cycle through generated services",
        edit: (
            "journeys:\n",
            "fleet:\n  services: 20\n  pods: 60\n  from: [gateway.browse]\n  to: [gateway.browse]\njourneys:\n",
        ),
        at: "my.yaml:63:8",
        told: &[
            "calls run in a circle: gateway.browse -> ",
            " -> gateway.browse",
            "asked by what `from` names and ask what `to` names",
        ],
    },
    Mistake {
        name: "a fault on a missing store",
        edit: ("lost_index: {store: payments,", "lost_index: {store: paymints,"),
        at: "my.yaml:71:34",
        told: &["unknown store `paymints`", "^", "did you mean `payments`?"],
    },
    Mistake {
        name: "a fault on a missing index",
        edit: ("index: user_id, shards", "index: usr_id, shards"),
        at: "my.yaml:71:68",
        told: &["table `payments` has no index `usr_id`", "did you mean `user_id`?"],
    },
    Mistake {
        name: "a fault after the end",
        edit: ("at: 90s", "at: 90min"),
        at: "my.yaml:72:9",
        told: &["the fault begins at", "the scenario ends at"],
    },
    Mistake {
        name: "a duration without unit",
        edit: ("duration: 8min", "duration: 8"),
        at: "my.yaml:8:11",
        told: &["`8` has no unit", "8min"],
    },
    Mistake {
        name: "an unknown verdict",
        edit: ("incident.success.during", "incident.sucess.during"),
        at: "my.yaml:83:3",
        told: &["unknown verdict `incident.sucess.during`", "did you mean `incident.success.during`?"],
    },
];

/// Plays something that must be refused: exit code 78, every one of the words told, nothing written.
fn refused(folder: &Folder, args: &[&str], words: &[&str]) {
    let there = folder.names(".");
    let mut all = vec!["run", "--out", "report"];
    all.extend(args);
    let told = folder.doorbuster_within(SOON, &all).ends_with(78);
    assert_eq!(told.stdout, "", "a diagnostic goes to standard error\n{told}");
    assert!(told.stderr.starts_with("error: "), "{told}");
    for word in words {
        assert!(told.stderr.contains(word), "`{word}` is not told\n{told}");
    }
    assert_eq!(folder.names("."), there, "something was written\n{told}");
}

/// *Scenario*: one of ten scenarios, each wrong in one way: names, units, signs, circles, times.
///
/// *Guarantees*: exit code 78; file, line and column, a caret, the cause and the nearest valid name or the cure;
/// nothing is played or written.
#[test]
fn a_mistake_in_a_file_is_told_with_its_place_and_cure() {
    for mistake in MISTAKES {
        let folder = Folder::new(&mistake.name.replace(' ', "-"));
        folder.write("my.yaml", edited(SMALL_DRILL, &[mistake.edit]));
        let place = format!("--> {}\n", mistake.at);
        let words: Vec<&str> = [place.as_str(), "^"].into_iter().chain(mistake.told.iter().copied()).collect();
        refused(&folder, &["my.yaml"], &words);
    }
}

/// *Scenario*: a file with three mistakes in three places, one of them on the command line.
///
/// *Guarantees*: all are told at once.
#[test]
fn all_mistakes_are_told_at_once() {
    let folder = Folder::new("mistakes");
    let edits = [("duration: 8min", "duration: 8"), ("poisson: 200/s", "poisson: -200/s")];
    folder.write("my.yaml", edited(SMALL_DRILL, &edits));
    let words = ["`8` has no unit", "`-200/s` is negative", "no `nowhere` in", "--> --set:1:1"];
    refused(&folder, &["my.yaml", "--set", "services.nowhere.pods=2"], &words);
}

/// *Scenario*: files that are no scenario at all: empty, 50 MB of nothing (sparse), not UTF-8, missing, a folder, a
/// list, a device that never ends.
///
/// *Guarantees*: each is named and refused at once, without being read to its end.
#[test]
fn files_that_are_no_scenarios_are_refused() {
    let folder = Folder::new("files");
    folder.write("empty.yaml", "");
    folder.write("latin.yaml", b"title: x\nstory: caf\xe9\n");
    folder.write("list.yaml", "- a\n- b\n");
    let large = std::fs::File::create(folder.path("large.yaml")).expect("the target folder takes files");
    large.set_len(50 << 20).expect("a sparse file takes no room");
    refused(&folder, &["empty.yaml"], &["the file is empty", "--> empty.yaml:1:1", "`services`"]);
    refused(&folder, &["large.yaml"], &["52428800 bytes", "more than 1 MiB", "--> large.yaml"]);
    refused(&folder, &["latin.yaml"], &["byte 0xE9", "not UTF-8", "--> latin.yaml:2:11", "save the file as UTF-8"]);
    refused(&folder, &["list.yaml"], &["a scenario must be a map", "--> list.yaml:1:1", "`services:`"]);
    refused(&folder, &["nowhere.yaml"], &["no such file", "--> nowhere.yaml", "= help: "]);
    refused(&folder, &["./"], &["not a file", "--> ./", "= help: "]);
    refused(&folder, &["/dev/zero"], &["not a file", "--> /dev/zero"]);
}

/// *Scenario*: a billion laughs: nine levels of anchors, each nine times the one before; and a very deep list.
///
/// *Guarantees*: refused by its first anchor, or its depth, before anything is multiplied.
#[test]
fn exploding_yaml_is_refused() {
    let folder = Folder::new("laughs");
    let mut laughs = "title: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}", level - 1);
        laughs.push_str(&format!("l{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", ")));
    }
    folder.write("laughs.yaml", laughs);
    let words = ["anchor `&a0` is not allowed", "--> laughs.yaml:1:8", "= help: "];
    refused(&folder, &["laughs.yaml"], &words);
    folder.write("deep.yaml", format!("title: {}", "[".repeat(500_000)));
    refused(&folder, &["deep.yaml"], &["--> deep.yaml:1:"]);
}

/// *Scenario*: overrides without `=`, on paths that are not there, with values of the wrong kind; a built-in's name
/// misspelt; more cells than there are; a pipeline that is not there.
///
/// *Guarantees*: exit code 78 with the argument, the cause and the nearest valid name or the cure.
#[test]
fn a_mistake_in_an_argument_is_told_with_its_cure() {
    let folder = Folder::new("arguments");
    let cases: &[(&[&str], &[&str])] = &[
        (&["quiet-day", "--set", "duration"], &["`duration` has no `=`", "--> --set:1:1", "write PATH=VALUE"]),
        (&["quiet-day", "--set", "nowhere.x=1"], &["no `nowhere` in the scenario", "--> --set:1:1", "`traffic`"]),
        (
            &["quiet-day", "--set", "services.paymant.pods=1"],
            &["no `paymant` in `services`", "did you mean `payment`?", "--> --set:1:1"],
        ),
        (&["quiet-day", "--set", "duration=30"], &["`30` has no unit", "--> --set:1:10"]),
        (
            &["payment-index-loss", "--set", "remedies.rebuild.start={at: 1min}"],
            &["the remedy starts at 1min, before the first fault", "--> --set:1:"],
        ),
        (&["quiet-day", "--set", "=1"], &["--> --set:1:1", "= help: "]),
        (&["quiet-day", "--cells", "11"], &["`--cells 11`", "the fleet's 10", "cells.fleet=11"]),
        (&["quiet-day", "--pipeline", "corrected"], &["no pipeline `corrected`", "`none`"]),
        (&["quiet-dya"], &["`quiet-dya`", "did you mean `quiet-day`?"]),
        (&["shop"], &["traffic"]),
    ];
    for (args, words) in cases {
        refused(&folder, args, words);
    }
}

/// *Scenario*: arguments that no scenario could make right: none at all, an unknown flag, numbers that are none.
///
/// *Guarantees*: exit code 2 with what is wrong and how to get help; nothing is written.
#[test]
fn usage_errors_end_with_2() {
    let folder = Folder::new("usage");
    let cases: &[(&[&str], &[&str])] = &[
        (&[], &["Usage: doorbuster"]),
        (&["mesure"], &["'mesure'", "'measure'"]),
        (&["run"], &["<SCENARIO>"]),
        (&["run", ""], &["<SCENARIO>"]),
        (&["run", "quiet-day", "--theads", "1"], &["'--theads'", "'--threads'"]),
        (&["run", "quiet-day", "--threads", "0"], &["'--threads <NUMBER>'", "1..=1024"]),
        (&["run", "quiet-day", "--cells", "0"], &["'--cells <NUMBER>'", "1..=1000"]),
        (&["run", "quiet-day", "--seed", "-1"], &["-1"]),
        (&["run", "quiet-day", "--json", "--quiet"], &["'--json'", "'--quiet'"]),
        (&["measure"], &["theory"]),
    ];
    for (args, words) in cases {
        let told = folder.doorbuster_within(SOON, args).ends_with(2);
        for word in *words {
            assert!(told.stderr.contains(word), "`{word}` is not told\n{told}");
        }
        assert!(folder.names(".").is_empty(), "something was written\n{told}");
    }
}

/// *Scenario*: the report's folder is a file, or lies below one.
///
/// *Guarantees*: the environment's failure, not the scenario's: exit code 75, told before anything is played; the
/// file is left alone.
#[test]
fn a_file_in_the_reports_way_ends_with_75() {
    let folder = Folder::new("out");
    folder.write("taken", "mine");
    for (out, word) in [("taken", "taken is a file"), ("taken/report", "cannot make taken/report")] {
        let told = folder.doorbuster_within(SOON, &["run", "payment-index-loss", "--out", out]).ends_with(75);
        assert!(told.stderr.contains(word) && told.stdout.is_empty(), "{told}");
    }
    assert_eq!(folder.read("taken"), "mine");
}
