//! Files that cannot be a scenario, and files that build on others.

mod workbench;

use doorbuster_scenarios::{Source, load};
use std::time::{Duration, Instant};
use workbench::{Folder, VALID, edited};

/// The message and place of a refusal, without its frame.
#[track_caller]
fn refused(folder: &Folder, name: &str, told: &str) {
    let started = Instant::now();
    let refusal = folder.load(name, &[]).expect_err(name);
    assert_eq!(refusal.trim_end(), told.trim(), "{refusal}");
    assert!(started.elapsed() < Duration::from_secs(5), "a bad file must be refused at once");
}

/// *Scenario* a file is missing, is a folder, is empty, or holds nothing but comments.
///
/// *Guarantees* a diagnostic with the file's name, and a hint at what would do.
#[test]
fn files_without_a_scenario() {
    let folder = Folder::new("files_without_a_scenario");
    refused(&folder, "missing.yaml", FILE_MISSING);
    std::fs::create_dir(folder.path("folder.yaml")).unwrap();
    refused(&folder, "folder.yaml", FILE_FOLDER);
    folder.write("empty.yaml", "");
    refused(&folder, "empty.yaml", FILE_EMPTY);
    folder.write("comments.yaml", "# later\n\n# much later\n");
    refused(&folder, "comments.yaml", FILE_COMMENTS);
    folder.write("list.yaml", "- a\n- b\n");
    refused(&folder, "list.yaml", FILE_LIST);
}

/// *Scenario* a file has 50 MB, or one byte more than 1 MiB.
///
/// *Guarantees* it is refused by its size, before it is read; a file of 1 MiB is read.
#[test]
fn large_files() {
    let folder = Folder::new("large_files");
    let file = std::fs::File::create(folder.path("large.yaml")).unwrap();
    file.set_len(50_000_000).unwrap();
    refused(&folder, "large.yaml", FILE_LARGE);
    file.set_len((1 << 20) + 1).unwrap();
    assert!(folder.load("large.yaml", &[]).unwrap_err().contains("more than 1 MiB"));
    let mut text = VALID.to_owned();
    text.push_str(&"#".repeat((1 << 20) - VALID.len()));
    folder.write("full.yaml", text);
    folder.load("full.yaml", &[]).unwrap();
}

/// *Scenario* a file is not UTF-8, or holds a character that YAML forbids.
///
/// *Guarantees* line, column and value of the first bad byte; nothing that would reach a terminal as it is.
#[test]
fn bad_bytes() {
    let folder = Folder::new("bad_bytes");
    folder.write("latin.yaml", b"title: ok\nstory: caf\xe9 au lait\n");
    refused(&folder, "latin.yaml", FILE_LATIN);
    folder.write("nul.yaml", "title: a\0b\n");
    refused(&folder, "nul.yaml", FILE_NUL);
    folder.write("escape.yaml", "title: \"\u{1b}[31mred\"\n");
    assert!(!folder.load("escape.yaml", &[]).unwrap_err().contains('\u{1b}'));
    folder.write("mark.yaml", format!("\u{feff}{VALID}"));
    folder.load("mark.yaml", &[]).unwrap();
    folder.write("windows.yaml", VALID.replace('\n', "\r\n"));
    folder.load("windows.yaml", &[]).unwrap();
}

/// *Scenario* a file uses what YAML has beyond maps, lists and scalars: the billion laughs among them.
///
/// *Guarantees* each use is named, with its caret; nothing is expanded.
#[test]
fn anchors_tags_and_documents() {
    let folder = Folder::new("anchors_tags_and_documents");
    let mut laughs = "a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n".to_owned();
    for (before, name) in ["a", "b"].into_iter().zip(["b", "c"]) {
        laughs.push_str(&format!("{name}: &{name} [*{before}, *{before}]\n"));
    }
    folder.write("laughs.yaml", &laughs);
    refused(&folder, "laughs.yaml", FILE_LAUGHS);
    folder.write("alias.yaml", "duration: *later\n");
    refused(&folder, "alias.yaml", FILE_ALIAS);
    folder.write("tags.yaml", "duration: !!str 5min\nclock: &c !now \"12:00\"\n");
    refused(&folder, "tags.yaml", FILE_TAGS);
    folder.write("documents.yaml", "title: a\n---\ntitle: b\n");
    refused(&folder, "documents.yaml", FILE_DOCUMENTS);
    folder.write("keys.yaml", "5: a\n[x]: b\n<<: c\ntrue: d\n");
    refused(&folder, "keys.yaml", FILE_KEYS);
    folder.write("broken.yaml", "title: a\n services: b\n");
    refused(&folder, "broken.yaml", FILE_BROKEN);
}

/// *Scenario* a file nests 65 levels, or a hundred thousand.
///
/// *Guarantees* it is refused at the first level too many, without recursion into it.
#[test]
fn deep_files() {
    let folder = Folder::new("deep_files");
    for (name, text) in [
        ("flow.yaml", format!("title: {}", "[".repeat(100_000))),
        ("maps.yaml", format!("title: {}", "{a: ".repeat(100_000))),
        ("blocks.yaml", "- ".repeat(100_000)),
        ("keys.yaml", "? ".repeat(100_000)),
        ("edge.yaml", format!("title: {}{}", "[".repeat(65), "]".repeat(65))),
    ] {
        folder.write(name, text);
        let started = Instant::now();
        let refusal = folder.load(name, &[]).unwrap_err();
        assert!(refusal.contains("nested deeper than 64") || refusal.contains("not valid YAML"), "{name}: {refusal}");
        assert!(started.elapsed() < Duration::from_secs(5), "{name}");
    }
    folder.write("edge.yaml", format!("title: {}{}", "[".repeat(63), "]".repeat(63)));
    assert!(folder.load("edge.yaml", &[]).unwrap_err().contains("must be text"));
}

/// *Scenario* a file of a megabyte holds nothing but mistakes.
///
/// *Guarantees* it is refused in seconds; 50 are shown and the rest is counted.
#[test]
fn a_megabyte_of_mistakes() {
    let folder = Folder::new("a_megabyte_of_mistakes");
    let list = |open: &str, item: &str, close: &str| {
        let count = ((1 << 20) - open.len() - close.len()) / item.len();
        format!("{open}{}{close}", item.repeat(count))
    };
    let calls = "        - call: {endpoint: a.c}\n";
    for (name, text) in [
        ("steps.yaml", list("services: {a: {endpoints: {b: {do: [", "x: 1,", "]}}}}")),
        (
            "indexes.yaml",
            list(
                "stores: {a: {kind: mysql, statements: {}, tables: {b: {rows: 1, scan_rate: 1/s, build_rate: 1/s, indexes: [",
                "i,",
                "]}}}}",
            ),
        ),
        ("calls.yaml", list("services:\n  a:\n    endpoints:\n      b:\n       do:\n", calls, "")),
        ("anchors.yaml", list("title: [", "&a b,", "]")),
        ("twice.yaml", list("", "title: a\n", "")),
        ("names.yaml", unknown_names()),
        ("dots.yaml", list("set: {", "a.", "b: 1}")),
    ] {
        folder.write(name, text);
        let started = Instant::now();
        let refusal = folder.load(name, &[]).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(20), "{name} took {:?}", started.elapsed());
        assert!(refusal.len() < 200_000, "{name}: {} bytes are told", refusal.len());
    }
    assert!(folder.load("steps.yaml", &[]).unwrap_err().trim_end().ends_with("and 950 more"));
}

/// *Scenario* one endpoint has 20,000 things to do at a time.
///
/// *Guarantees* it is refused where the instructions of all programs pass what the engine can count.
#[test]
fn programs_that_are_too_large() {
    let folder = Folder::new("programs_that_are_too_large");
    let program = |arms: usize| {
        let arms = "[wait: 1ms],".repeat(arms);
        format!("services: {{a: {{endpoints: {{b: {{do: [parallel: [{arms}]]}}}}}}}}\ntraffic: {{poisson: 1/s}}\n")
    };
    folder.write("large.yaml", program(20_000));
    let refusal = folder.load("large.yaml", &[]).unwrap_err();
    assert!(refusal.starts_with("error: with `a.b` all programs together have over 60000 instructions\n"), "{refusal}");
    folder.write("small.yaml", program(19_999));
    folder.load("small.yaml", &[]).unwrap_or_else(|told| panic!("{told}"));
}

/// Half a megabyte of services, and half a megabyte of requests to none of them.
fn unknown_names() -> String {
    let mut text = "services:\n".to_owned();
    for index in 0..40_000 {
        text.push_str(&format!("  s{index}: {{}}\n"));
    }
    text.push_str("journeys:\n  a:\n    weight: 1\n    steps:\n");
    for index in 0..17_000 {
        text.push_str(&format!("    - request: t{index}.e\n"));
    }
    text
}

/// *Scenario* a file uses another one, which uses a third; each sets values.
///
/// *Guarantees* a section comes from the nearest file that has it; `set` of a file comes after what it uses,
/// and `--set` after all.
#[test]
fn use_takes_sections_and_set_changes_values() {
    let folder = Folder::new("use_takes_sections");
    folder.write("base.yaml", VALID);
    folder.write(
        "middle.yaml",
        "use: ./base.yaml\ntitle: Middle\nset:\n  services.payment.cores: 3\n  services.payment.pods: 3\n",
    );
    let last = "use: ./middle.yaml\ntraffic: {poisson: 7/s}\nset:\n  services.payment.pods: 4\n  services.payment.workers: 64\n  alert.every: 5s\n";
    folder.write("last.yaml", last);
    let loaded = folder
        .load("last.yaml", &["services.payment.workers=65", "expect.incident.success.before.at_least=90%"])
        .unwrap();
    assert_eq!(loaded.name, "last");
    assert_eq!(loaded.scenario.title, "Middle");
    assert_eq!(loaded.resolved["traffic"], serde_json::json!({"poisson": "7/s"}));
    let payment = &loaded.resolved["services"]["payment"];
    assert_eq!((&payment["cores"], &payment["pods"], &payment["workers"]), (&"3".into(), &"4".into(), &"65".into()));
    assert_eq!(loaded.resolved["alert"]["every"], "5s");
    assert_eq!(loaded.resolved["expect"]["incident.success.before"]["at_least"], "90%");
    assert!(loaded.resolved.get("use").is_none() && loaded.resolved.get("set").is_none());
}

/// *Scenario* `use` names a file that is missing, a built-in that is none, itself, or a chain without end.
///
/// *Guarantees* the caret stands under the name; a circle is named in full.
#[test]
fn use_of_what_is_not_there() {
    let folder = Folder::new("use_of_what_is_not_there");
    folder.write("missing.yaml", "use: ./other.yaml\n");
    refused(&folder, "missing.yaml", USE_MISSING);
    folder.write("builtin.yaml", "use: shpo\n");
    let refusal = folder.load("builtin.yaml", &[]).unwrap_err();
    assert!(refusal.contains("no built-in scenario is called `shpo`"), "{refusal}");
    assert!(refusal.contains("did you mean `shop`?"), "{refusal}");
    folder.write("list.yaml", "use: [shop]\n");
    refused(&folder, "list.yaml", USE_LIST);
    folder.write("a.yaml", "use: ./b.yaml\n");
    folder.write("b.yaml", "use: ./a.yaml\n");
    refused(&folder, "a.yaml", USE_CIRCLE);
    for index in 0..9 {
        folder.write(&format!("chain{index}.yaml"), format!("use: ./chain{}.yaml\n", index + 1));
    }
    refused(&folder, "chain0.yaml", USE_CHAIN);
}

/// *Scenario* a fault stands in a section that was taken from another file.
///
/// *Guarantees* the diagnostic names that file.
#[test]
fn a_fault_is_shown_in_its_own_file() {
    let folder = Folder::new("a_fault_in_its_own_file");
    folder.write("base.yaml", edited(&[("    cores: 2\n", "    cores: 0\n")]));
    folder.write("my.yaml", "use: ./base.yaml\n");
    let refusal = folder.load("my.yaml", &[]).unwrap_err();
    assert!(refusal.contains("--> base.yaml:25:12"), "{refusal}");
}

/// *Scenario* a scenario is named as on the command line.
///
/// *Guarantees* a path has a slash or ends in `.yaml`; an unknown built-in is told with the nearest one.
#[test]
fn names_and_paths() {
    assert_eq!(Source::from_arg("shop"), Source::Builtin("shop".to_owned()));
    assert_eq!(Source::from_arg("shop.yaml"), Source::Path("shop.yaml".into()));
    assert_eq!(Source::from_arg("./shop"), Source::Path("./shop".into()));
    let refusal = load(&Source::from_arg("shpo"), &[]).unwrap_err().to_string();
    assert!(refusal.starts_with("error: no built-in scenario is called `shpo`\n"), "{refusal}");
    assert!(refusal.contains("did you mean `shop`?"), "{refusal}");
    assert!(refusal.contains("a path is written with `/` or ends in `.yaml`"), "{refusal}");
}

const FILE_MISSING: &str = r#"
error: no such file
  --> missing.yaml
   = help: a built-in scenario is named without `/` and `.yaml`
"#;
const FILE_FOLDER: &str = r#"
error: not a file
  --> folder.yaml
   = help: a scenario is one YAML file
"#;
const FILE_EMPTY: &str = r#"
error: the file is empty
  --> empty.yaml:1:1
   |
 1 |
   | ^
   = help: the smallest scenario has one of `services`, with one endpoint, and `traffic`
"#;
const FILE_COMMENTS: &str = r#"
error: the file holds no scenario
  --> comments.yaml:1:1
   |
 1 | # later
   | ^
   = help: the smallest scenario has one of `services`, with one endpoint, and `traffic`
"#;
const FILE_LIST: &str = r#"
error: a scenario must be a map, not a list
  --> list.yaml:1:1
   |
 1 | - a
   | ^
   = help: begin with `services:`
"#;
const FILE_LARGE: &str = r#"
error: the file has 50000000 bytes, more than 1 MiB
  --> large.yaml
   = help: a scenario file has at most 1 MiB
"#;
const FILE_LATIN: &str = r#"
error: byte 0xE9 at line 2, column 11 is not UTF-8
  --> latin.yaml:2:11
   |
 2 | story: caf� au lait
   |           ^
   = help: save the file as UTF-8
"#;
const FILE_NUL: &str = r#"
error: control character U+0000 at line 1, column 9
  --> nul.yaml:1:9
   |
 1 | title: a�b
   |         ^
   = help: write it as an escape in double quotes, or leave it out
"#;
const FILE_LAUGHS: &str = r#"
error: unknown key `a`
  --> laughs.yaml:1:1
   |
 1 | a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]
   | ^
   = help: known keys: `title`, `story`, `clock`, `duration`, `warmup`, `cells`, `network`, `services`, `stores`, `fleet`, `tiers`, `touch_points`, `journeys`, `traffic`, `focus`, `faults`, `remedies`, `humans`, `alert`, `expect`, `use`, `set`

error: anchor `&a` is not allowed
  --> laughs.yaml:1:4
   |
 1 | a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]
   |    ^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`

error: unknown key `b`
  --> laughs.yaml:2:1
   |
 2 | b: &b [*a, *a]
   | ^
   = help: known keys: `title`, `story`, `clock`, `duration`, `warmup`, `cells`, `network`, `services`, `stores`, `fleet`, `tiers`, `touch_points`, `journeys`, `traffic`, `focus`, `faults`, `remedies`, `humans`, `alert`, `expect`, `use`, `set`

error: anchor `&b` is not allowed
  --> laughs.yaml:2:4
   |
 2 | b: &b [*a, *a]
   |    ^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`

error: alias `*a` is not allowed
  --> laughs.yaml:2:8
   |
 2 | b: &b [*a, *a]
   |        ^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`

error: alias `*a` is not allowed
  --> laughs.yaml:2:12
   |
 2 | b: &b [*a, *a]
   |            ^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`

error: unknown key `c`
  --> laughs.yaml:3:1
   |
 3 | c: &c [*b, *b]
   | ^
   = help: known keys: `title`, `story`, `clock`, `duration`, `warmup`, `cells`, `network`, `services`, `stores`, `fleet`, `tiers`, `touch_points`, `journeys`, `traffic`, `focus`, `faults`, `remedies`, `humans`, `alert`, `expect`, `use`, `set`

error: anchor `&c` is not allowed
  --> laughs.yaml:3:4
   |
 3 | c: &c [*b, *b]
   |    ^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`

error: alias `*b` is not allowed
  --> laughs.yaml:3:8
   |
 3 | c: &c [*b, *b]
   |        ^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`

error: alias `*b` is not allowed
  --> laughs.yaml:3:12
   |
 3 | c: &c [*b, *b]
   |            ^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`
"#;
const FILE_ALIAS: &str = r#"
error: alias `*later` is not allowed
  --> alias.yaml:1:11
   |
 1 | duration: *later
   |           ^^^^^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`
"#;
const FILE_TAGS: &str = r#"
error: tag `!!str` is not allowed
  --> tags.yaml:1:11
   |
 1 | duration: !!str 5min
   |           ^^^^^
   = help: a scenario has no types of its own; leave the tag out

error: anchor `&c` is not allowed
  --> tags.yaml:2:8
   |
 2 | clock: &c !now "12:00"
   |        ^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`

error: tag `!now` is not allowed
  --> tags.yaml:2:11
   |
 2 | clock: &c !now "12:00"
   |           ^^^^
   = help: a scenario has no types of its own; leave the tag out
"#;
const FILE_DOCUMENTS: &str = r#"
error: a second document starts here
  --> documents.yaml:2:1
   |
 2 | ---
   | ^^^
   = help: one file holds one scenario; put the second into a file of its own
"#;
const FILE_KEYS: &str = r#"
error: a key must be text, `5` is a number
  --> keys.yaml:1:1
   |
 1 | 5: a
   | ^
   = help: put it in quotes: "5"

error: a key must be text, not a list
  --> keys.yaml:2:1
   |
 2 | [x]: b
   | ^
   = help: text that begins with a brace needs quotes

error: merge keys (`<<`) are not allowed
  --> keys.yaml:3:1
   |
 3 | <<: c
   | ^^
   = help: take sections of another scenario with `use:`

error: a key must be text, `true` is true or false
  --> keys.yaml:4:1
   |
 4 | true: d
   | ^^^^
   = help: put it in quotes: "true"
"#;
const FILE_BROKEN: &str = r#"
error: not valid YAML: mapping values are not allowed in this context
  --> broken.yaml:2:10
   |
 2 |  services: b
   |          ^
"#;
const USE_MISSING: &str = r#"
error: `other.yaml`: no such file
  --> missing.yaml:1:6
   |
 1 | use: ./other.yaml
   |      ^^^^^^^^^^^^
   = help: a built-in scenario is named without `/` and `.yaml`
"#;
const USE_LIST: &str = r#"
error: `use` must be the name of a scenario, not a list
  --> list.yaml:1:6
   |
 1 | use: [shop]
   |      ^
   = help: write the name of a built-in, or a path with `/` or `.yaml`
"#;
const USE_CIRCLE: &str = r#"
error: `use` runs in a circle: a.yaml -> b.yaml -> a.yaml
  --> b.yaml:1:6
   |
 1 | use: ./a.yaml
   |      ^^^^^^^^
"#;
const USE_CHAIN: &str = r#"
error: more than 8 scenarios build on each other
  --> chain7.yaml:1:6
   |
 1 | use: ./chain8.yaml
   |      ^^^^^^^^^^^^^
"#;
