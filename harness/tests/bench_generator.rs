//! `doorbuster bench generator`, small: so that it cannot rot, and its JSON stays what scripts read.

mod workbench;

use serde_json::Value;
use workbench::Folder;

/// *Scenario*: two virtual seconds of simulation, encoding, and delivery over each protocol, at a low rate.
///
/// *Guarantees*: a row each, with the keys that scripts read; counts hang together; what is not measured is null and not 0.
#[test]
fn every_stage_has_its_row() {
    let folder = Folder::new("bench-generator");
    for stage in ["simulate", "encode", "deliver-grpc", "deliver-http", "deliver-zstd"] {
        let args =
            ["bench", "generator", "--stage", stage, "--rate", "20k/s", "--warm-up", "1", "--seconds", "1", "--json"];
        let told = folder.doorbuster(&args).ends_with(0);
        let json: Value = serde_json::from_str(&told.stdout).expect("JSON");
        let rows = json["rows"].as_array().expect("rows");
        assert_eq!(rows.len(), 1, "{told}");
        let row = &rows[0];
        assert_eq!(
            (row["stage"].as_str(), row["asked_requests_per_s"].as_u64()),
            (Some(stage), Some(20_000)),
            "{told}"
        );
        let number = |key: &str| row[key].as_f64().unwrap_or_else(|| panic!("{key} is no number: {told}"));
        assert!(number("spans_per_s") > number("requests_per_s") && number("requests_per_s") > 0.0, "{told}");
        assert!(number("realtime_factor") > 0.0 && number("cpu_s_per_million_spans") >= 0.0, "{told}");
        assert!(number("peak_rss_bytes") > 1e6, "{told}");
        let delivers = stage.starts_with("deliver");
        assert_eq!(row["sink_cpu_s_per_million_spans"].is_null(), !delivers, "{told}");
        match stage {
            "simulate" => assert!(row["bytes_per_span"].is_null(), "{told}"),
            "deliver-zstd" => assert!((5.0..150.0).contains(&number("bytes_per_span")), "{told}"),
            _ => assert!((150.0..600.0).contains(&number("bytes_per_span")), "{told}"),
        }
    }
}
