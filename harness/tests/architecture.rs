//! The house as it was drawn: which crate may know which, what the pure ones may not touch, how files begin and end.
//!
//! Reads the manifests through `cargo metadata` and the sources as text; runs nothing.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Design section 2: `scenarios <- model <- telemetry <- virtual <- harness -> reports`. An arrow to a crate further
/// left is one to its types; none points right, and nothing but the harness knows the reports.
const ARROWS: &[(&str, &[&str])] = &[
    ("scenarios", &[]),
    ("model", &["scenarios"]),
    ("telemetry", &["model", "scenarios"]),
    ("virtual", &["model", "scenarios", "telemetry"]),
    ("reports", &[]),
    ("harness", &["model", "reports", "scenarios", "telemetry", "virtual"]),
];

/// Crates without I/O, async and wall clock (invariant 1).
const PURE: &[&str] = &["model", "telemetry", "virtual"];

/// Dependencies through which a pure crate would reach the outside.
const BANNED: &[&str] = &[
    "async-std",
    "chrono",
    "clap",
    "crossbeam",
    "ctrlc",
    "futures",
    "getrandom",
    "hyper",
    "jiff",
    "log",
    "mio",
    "nix",
    "parking_lot",
    "rayon",
    "reqwest",
    "rustix",
    "smol",
    "socket2",
    "tempfile",
    "time",
    "tokio",
    "tonic",
    "tracing",
    "ureq",
];

/// What the sources of a pure crate, its tests apart, do not name.
const UNSPOKEN: &[&str] = &[
    "std::fs",
    "std::net",
    "std::io",
    "std::process",
    "std::thread",
    "std::env",
    "std::time::Instant",
    "std::time::SystemTime",
    "async fn",
    "async move",
    "HashMap",
    "println!",
];

/// No source file is longer.
const LONGEST_FILE: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// The workspace's packages by the name of their folder.
fn packages() -> BTreeMap<String, Value> {
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo is there");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let metadata: Value = serde_json::from_slice(&told.stdout).expect("cargo speaks JSON");
    let packages = metadata["packages"].as_array().expect("a list").iter().map(|package| {
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
        let folder = manifest.parent().and_then(Path::file_name).expect("a folder").to_string_lossy().into_owned();
        (folder, package.clone())
    });
    packages.collect()
}

/// Names of what a package depends on: for its product, or (with `dev`) for its tests alone.
fn dependencies(package: &Value, dev: bool) -> BTreeSet<&str> {
    let all = package["dependencies"].as_array().expect("a list").iter();
    all.filter(|one| (one["kind"] == "dev") == dev).map(|one| one["name"].as_str().expect("a name")).collect()
}

/// Those of a package's dependencies that are ours, by folder.
fn arrows(package: &Value, dev: bool) -> BTreeSet<&str> {
    dependencies(package, dev).into_iter().filter_map(|name| name.strip_prefix("doorbuster-")).collect()
}

/// *Scenario*: the manifests of the workspace, as cargo reads them.
///
/// *Guarantees*: the arrows are exactly those of design section 2; tests add none that points the other way; so
/// `virtual` never names `collector`, and no crate but the harness knows the reports.
#[test]
fn the_crates_know_each_other_as_drawn() {
    let packages = packages();
    let drawn: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let there: BTreeSet<&str> = packages.keys().map(String::as_str).collect();
    assert_eq!(there, drawn.iter().copied().collect(), "the crates of the workspace");
    for (name, allowed) in ARROWS {
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert_eq!(arrows(&packages[*name], false), allowed, "what `{name}` depends on");
        let by_tests = arrows(&packages[*name], true);
        assert!(by_tests.is_subset(&allowed), "the tests of `{name}` depend on {by_tests:?}");
    }
}

/// *Scenario*: manifests and sources of model, telemetry and virtual.
///
/// *Guarantees*: no dependency does I/O, async or threads; no source names them or a clock, and
/// `virtual` does not know what a collector is; each has the `clippy.toml` that says so to whoever writes there.
#[test]
fn the_pure_crates_touch_nothing_outside() {
    let packages = packages();
    for name in PURE {
        let banned: Vec<&str> =
            dependencies(&packages[*name], false).into_iter().filter(|one| BANNED.contains(one)).collect();
        assert!(banned.is_empty(), "`{name}` depends on {banned:?}");
        let folder = root().join("simulator").join(name);
        let lints = std::fs::read_to_string(folder.join("clippy.toml")).expect("a pure crate has its clippy.toml");
        for word in ["std::time::Instant", "std::time::SystemTime", "HashMap", "std::thread::sleep"] {
            assert!(lints.contains(word), "clippy.toml of `{name}` does not ban {word}");
        }
        for file in sources(&folder.join("src")).into_iter().filter(|file| !is_test(file)) {
            let text = read(&file);
            let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            for (number, line) in code.enumerate() {
                // A name within quotes is text: the exception that somebody else raises.
                let line: String = line.split('"').step_by(2).collect();
                let said = UNSPOKEN.iter().find(|word| line.contains(**word));
                assert!(said.is_none(), "{}:{} names {}", file.display(), number + 1, said.unwrap_or(&""));
                let collects = *name == "virtual" && line.contains("collector");
                assert!(!collects, "{}:{} names the collector", file.display(), number + 1);
            }
        }
    }
}

/// *Scenario*: every Rust source of the workspace: products, tests, examples, benchmarks.
///
/// *Guarantees*: each begins with a head that says what it owns, and none is over 600 lines.
#[test]
fn every_source_has_a_head_and_an_end() {
    let mut all = Vec::new();
    for name in ["scenarios", "simulator", "harness", "reports"] {
        all.extend(sources(&root().join(name)));
    }
    assert!(all.len() > 100, "only {} sources were found", all.len());
    let mut wrong = String::new();
    for file in all {
        let text = read(&file);
        if !text.starts_with("//! ") {
            wrong.push_str(&format!("{}: no `//!` head\n", file.display()));
        }
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push_str(&format!("{}: {lines} lines\n", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// *Scenario*: `docs/architecture.md` against the folders.
///
/// *Guarantees*: every crate is named there by its folder, and every folder or file that it names in code font is
/// there: a map of a house that was rebuilt is worse than none.
#[test]
fn the_map_shows_the_house() {
    let path = root().join("docs/architecture.md");
    let map = std::fs::read_to_string(&path).expect("docs/architecture.md is there");
    for (name, package) in packages() {
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
        let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root()).ok()).expect("inside");
        let told = map.contains(&*folder.to_string_lossy()) || map.contains(&format!("`{name}"));
        assert!(told, "docs/architecture.md does not name {}", folder.display());
    }
    let mut missing = BTreeSet::new();
    for named in paths_named(&map) {
        let bases = ["", "docs", "simulator", "harness/src", "simulator/virtual/src", "scenarios"];
        if !bases.iter().any(|base| root().join(base).join(named).exists()) {
            missing.insert(named);
        }
    }
    assert!(missing.is_empty(), "docs/architecture.md names what is not there: {missing:?}");
}

/// The words in code font that read as paths of the repository: with a `/`, made of names only.
fn paths_named(text: &str) -> Vec<&str> {
    let is_path = |word: &&str| {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c));
        plain && word.contains('/') && !word.starts_with('/') && !word.starts_with("..")
    };
    text.split('`').skip(1).step_by(2).filter(is_path).collect()
}

/// The Rust files below a folder, in order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Whether a file below `src` holds tests: `tests.rs`, or anything below a folder `tests`.
fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
