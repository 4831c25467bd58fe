//! The documents against the program: their examples run, their links lead somewhere, their tables are complete.
//!
//! An example is a `yaml` fence whose first line is `# run` (it ends as expected) or `# run, exit 99` (with that code).
//! Other fences are parts of a scenario and are not played.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files with examples, and how many each has at least: a marker that is misspelt would play nothing.
const WITH_EXAMPLES: [(&str, usize); 2] = [("README.md", 1), ("docs/scenario.md", 8)];

/// *Scenario* A reader copies an example into a file and runs it.
///
/// *Guarantees* Every example ends with exit code 0, or the one it states; so its own `expect:` holds.
#[test]
fn examples_run() {
    let mut failures = Vec::new();
    for (file, least) in WITH_EXAMPLES {
        let examples: Vec<Example> = fences(&read(file)).into_iter().filter_map(|fence| example(&fence)).collect();
        assert!(examples.len() >= least, "{file} has {} examples, not {least}", examples.len());
        for example in examples {
            if let Err(failure) = run(file, &example) {
                failures.push(failure);
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// *Scenario* An example with a bound that cannot hold, one with an unknown key.
///
/// *Guarantees* The check above fails for them: it tells 99 and 78 from 0.
#[test]
fn broken_examples_are_seen() {
    let smallest =
        "duration: 2s\nwarmup: 1s\nservices: {a: {endpoints: {x: {do: [compute: 1ms]}}}}\ntraffic: {constant: 200/s}\n";
    let missed = format!("# run\n{smallest}expect: {{run.success: {{at_most: 50%, source: chosen}}}}\n");
    let unknown = format!("# run\n{smallest}sevices: {{}}\n");
    for (text, told) in [(missed, "exit code 99"), (unknown, "exit code 78")] {
        let failure = run("a test", &example(&text).unwrap()).unwrap_err();
        assert!(failure.contains(told), "{failure}");
    }
    let stated = format!("# run, exit 78\n{smallest}sevices: {{}}\n");
    assert_eq!(run("a test", &example(&stated).unwrap()), Ok(()));
}

/// *Scenario* A key was added to the language.
///
/// *Guarantees* The reference has a word on it: every key of the schema stands in `docs/scenario.md` as code.
#[test]
fn the_reference_has_every_key() {
    let text = read("scenarios/schema/scenario.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut keys = BTreeSet::new();
    collect_keys(&schema, &mut keys);
    assert!(keys.len() > 80, "the schema has become small: {} keys", keys.len());
    let reference = read("docs/scenario.md");
    let missing: Vec<&String> = keys.iter().filter(|key| !reference.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/scenario.md does not have {missing:?}");
}

/// *Scenario* A crate or a module was added, renamed or taken away.
///
/// *Guarantees* The table of rooms has every crate and every module that lies directly in a crate's `src`, and no other.
#[test]
fn the_table_of_rooms_is_the_workspace() {
    let architecture = read("docs/architecture.md");
    let manifest = read("Cargo.toml");
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    for member in members.split('"').skip(1).step_by(2) {
        let heading = format!("### `{member}`");
        let room = architecture.split(&heading).nth(1);
        let room = room.unwrap_or_else(|| panic!("docs/architecture.md has no heading {heading}"));
        let room = room.split("\n### ").next().unwrap().split("\n## ").next().unwrap();
        let told: BTreeSet<&str> =
            room.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let there = modules(member);
        let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
        assert_eq!(told, there, "modules of {member} in docs/architecture.md (left) and in its `src` (right)");
    }
}

/// *Scenario* A test that a document relies on was renamed or taken away.
///
/// *Guarantees* Every name in code font with three underscores or more is a function of the workspace.
#[test]
fn tests_that_documents_name_are_there() {
    let mut sources = String::new();
    for folder in ["scenarios", "simulator", "harness", "reports"] {
        append_sources(&root().join(folder), &mut sources);
    }
    let mut named = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        let is_name = |word: &&str| {
            word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                && word.matches('_').count() >= 3
        };
        for word in text.split('`').filter(is_name) {
            named += 1;
            assert!(
                sources.contains(&format!("fn {word}(")),
                "{} names `{word}`, which is no function",
                document.display()
            );
        }
    }
    assert!(named > 20, "only {named} names were found");
}

/// *Scenario* A file that a document links to was moved.
///
/// *Guarantees* Every link in README.md and docs/ that is no web address leads to a file or folder.
#[test]
fn links_lead_somewhere() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap();
            if path.is_empty() || link.contains("://") {
                continue;
            }
            let target = document.parent().unwrap().join(path);
            assert!(target.exists(), "{} links to {link}, which is not there", document.display());
        }
    }
}

/// An example: its text and the exit code it states.
struct Example {
    text: String,
    code: i32,
}

/// The texts of all `yaml` fences.
fn fences(text: &str) -> Vec<String> {
    text.split("\n```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap_or(rest).to_owned()).collect()
}

/// The example in a fence, if its first line says that it is one.
fn example(fence: &str) -> Option<Example> {
    let marker = fence.lines().next()?.strip_prefix("# run")?;
    let code = match marker.strip_prefix(", exit ") {
        Some(code) => code.trim().parse().unwrap_or_else(|_| panic!("`# run{marker}` states no exit code")),
        None => {
            assert!(marker.is_empty(), "`# run{marker}` is no marker; write `# run` or `# run, exit 99`");
            0
        }
    };
    Some(Example { text: fence.to_owned(), code })
}

/// Runs an example as a reader would.
fn run(file: &str, example: &Example) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("docs-{:016x}", hash(&example.text)));
    std::fs::create_dir_all(&folder).expect("a folder below target");
    let scenario = folder.join("example.yaml");
    std::fs::write(&scenario, &example.text).expect("a file below target");
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.arg("run").arg(&scenario).arg("--quiet").arg("--out").arg(folder.join("report"));
    let output = command.output().expect("the binary is there");
    let code = output.status.code().unwrap_or(-1);
    if code == example.code {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let wanted = example.code;
    Err(format!("{file}: exit code {code}, not {wanted}\n{told}replay: {command:?}\n{}", example.text))
}

/// FNV-1a: one folder for each text, so that tests may run at the same time.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn collect_keys(schema: &serde_json::Value, keys: &mut BTreeSet<String>) {
    if let Some(list) = schema.as_array() {
        list.iter().for_each(|one| collect_keys(one, keys));
    }
    let Some(map) = schema.as_object() else { return };
    if let Some(properties) = map.get("properties").and_then(serde_json::Value::as_object) {
        keys.extend(properties.keys().cloned());
    }
    map.values().for_each(|one| collect_keys(one, keys));
}

/// Names of the files directly in a crate's `src`, without the crate's root and its tests.
fn modules(member: &str) -> Vec<String> {
    let files = std::fs::read_dir(root().join(member).join("src")).expect("a crate has its `src`");
    let names = files.map(|file| file.expect("it can be read").file_name().to_string_lossy().into_owned());
    let stems = names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned));
    stems.filter(|stem| !matches!(stem.as_str(), "lib" | "main" | "tests")).collect()
}

/// Appends every Rust source below a folder.
fn append_sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            append_sources(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push_str(&std::fs::read_to_string(&path).expect("a source is text"));
        }
    }
}

/// README.md and everything in docs/ that is Markdown.
fn documents() -> Vec<PathBuf> {
    let mut all = vec![root().join("README.md")];
    for folder in ["docs", "docs/decisions"] {
        let files = std::fs::read_dir(root().join(folder))
            .expect("the folder is there")
            .map(|file| file.expect("it can be read").path());
        all.extend(files.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    all
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
