//! `doorbuster check --shape` through the command line: what it prints, and how it ends.

mod workbench;

use serde_json::Value;
use workbench::{Folder, SMALL_DRILL, edited};

/// *Scenario* the small drill, whose fault would make a quarter of its payments wait, as a page and as JSON; twice with one seed,
/// once with another.
///
/// *Guarantees* exit code 0; the fault is not played; one seed gives one page; every comparison has its label, and a reason if it
/// is a difference.
#[test]
fn a_shape_is_told_without_the_fault() {
    let folder = Folder::with_small_drill("shape");
    let page =
        |seed: &str| folder.doorbuster(&["check", "small-drill.yaml", "--shape", "--seed", seed]).ends_with(0).stdout;
    let first = page("1");
    assert_eq!(first, page("1"));
    assert_ne!(first, page("2"));
    for word in ["the piece", "depth in services", "repeated", "on the wire", "gateway.browse", "difference", "Meta"] {
        assert!(first.contains(word), "`{word}` is not told\n{first}");
    }
    let told = folder.doorbuster(&["check", "small-drill.yaml", "--shape", "--json"]).ends_with(0);
    let all: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let shape = &all[0]["shape"];
    assert!(all[0]["stations"].is_array(), "the analysis is there too");
    // At the drill's fault a payment waits for seconds.
    assert!(shape["root_s"]["max"].as_f64().expect("a time") < 1.0, "{shape:#}");
    let rows = shape["published"].as_array().expect("a list");
    assert!(rows.len() >= 10, "{rows:?}");
    for row in rows {
        assert!(
            row["is"] == "match" && row["reason"].is_null() || row["is"] == "difference" && row["reason"].is_string()
        );
    }
    let by_law = shape["spans_per_request_by_law"].as_f64().expect("a number");
    let mean = shape["spans"]["mean"].as_f64().expect("a number");
    assert!((mean / by_law - 1.0).abs() < 0.03, "{mean} spans a request, {by_law} by operational laws");
}

/// *Scenario* a mistake in the file; `--seed` without anything to play; `--quiet`.
///
/// *Guarantees* 78 with the place; 2; nothing is told.
#[test]
fn a_shape_of_a_mistake_is_refused() {
    let folder = Folder::with_small_drill("shape-mistake");
    folder.write("bad.yaml", edited(SMALL_DRILL, &[("endpoint: product.detail", "endpoint: produkt.detail")]));
    let told = folder.doorbuster(&["check", "bad.yaml", "--shape"]).ends_with(78);
    assert!(told.stdout.is_empty() && told.stderr.contains("--> bad.yaml:20:30"), "{told}");
    folder.doorbuster(&["check", "small-drill.yaml", "--seed", "3"]).ends_with(2);
    let told = folder.doorbuster(&["check", "small-drill.yaml", "--shape", "--quiet"]).ends_with(0);
    assert!(told.stdout.is_empty(), "{told}");
}
