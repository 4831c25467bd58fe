//! A fault at zero intensity is no fault: everything but its name equals a run without it.

mod workbench;

use serde_json::{Value, json};
use workbench::Folder;

/// What truth and detector say of a run, without the windows that only a fault opens.
fn seen(result: &Value) -> Value {
    let of_run = |list: &str| -> Vec<Value> {
        let entries = result[list].as_array().expect("a list");
        entries.iter().filter(|entry| entry["window"] == "run").cloned().collect()
    };
    let timeline = &result["timeline"];
    json!({
        "fingerprint": result["fingerprint"],
        "accounting": result["accounting"],
        "series": result["series"],
        "endpoints": of_run("endpoints"),
        "stations": of_run("stations"),
        "seen": [timeline["symptom"], timeline["alert"], timeline["cause"], timeline["remedies"], timeline["false_alerts"]],
    })
}

/// *Scenario*: the small drill at a fault's `intensity=0%`, then with the fault on `shards=0%`, each against the same
/// drill without faults; then with a fault that is there.
///
/// *Guarantees*: stream, ledger, statistics, metrics and what the detector saw are equal to the last digit, so a
/// fault adds nothing but its mechanism; and the comparison can fail, for with the real fault all of them differ.
#[test]
fn a_fault_at_zero_intensity_is_no_fault() {
    let folder = Folder::with_small_drill("zero");
    let play = |sets: &[&str]| {
        let mut all = vec!["duration=4min", "expect={}"];
        all.extend(sets);
        seen(&folder.result("small-drill.yaml", &all))
    };
    let without = play(&["faults={}"]);
    for zero in ["faults.index_lost.intensity=0%", "faults.index_lost.change.lost_index.shards=0%"] {
        let with = play(&[zero]);
        for (what, value) in without.as_object().expect("an object") {
            assert_eq!(&with[what], value, "{what} differs with --set {zero}");
        }
    }
    let broken = play(&[]);
    for (what, value) in without.as_object().expect("an object") {
        assert_ne!(&broken[what], value, "{what} does not show the fault");
    }
}

/// *Scenario*: the library's shop with its fault at zero, against the same without.
///
/// *Guarantees*: the same holds for the shop that all library scenarios share.
#[test]
fn zero_intensity_in_the_librarys_shop() {
    let folder = Folder::new("zero-shop");
    folder.write("shop-drill.yaml", workbench::SHOP_DRILL);
    let play = |set: &str| {
        let sets = ["duration=110s", "warmup=10s", "faults.index_lost.at=20s", "expect={}", set];
        seen(&folder.result("shop-drill.yaml", &sets))
    };
    let zero = play("faults.index_lost.intensity=0%");
    let without = {
        let sets = ["duration=110s", "warmup=10s", "expect={}", "faults={}"];
        seen(&folder.result("shop-drill.yaml", &sets))
    };
    assert_eq!(zero, without);
    assert_ne!(play("faults.index_lost.intensity=100%")["fingerprint"], without["fingerprint"]);
}
