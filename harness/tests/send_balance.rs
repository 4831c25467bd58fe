//! `doorbuster send --balance trace` into two of our own sinks, over real sockets.

mod workbench;

use serde_json::Value;
use std::collections::BTreeMap;
use workbench::Folder;
use workbench::sending::{SHOP, Sink, count, sent};

/// Spans by service and second, with the names that each side has for both.
fn heaps(rows: &Value, second: &str, spans: &str) -> BTreeMap<(String, u64), u64> {
    let rows = rows.as_array().expect("a list").iter();
    rows.map(|row| ((row["service"].as_str().expect("a name").to_owned(), count(row, second)), count(row, spans)))
        .collect()
}

/// *Scenario*: a small shop for three seconds into two counting sinks, by trace, in two protocols; the first sink is asked what it lacks.
///
/// *Guarantees*: no trace has spans on both sinks, no span is missing or doubled, both sinks have a good part of them, and what one lacks is
/// what the other has, by service and second.
#[test]
fn a_trace_goes_to_one_endpoint() {
    let folder = Folder::new("send-balance");
    folder.write("shop.yaml", SHOP);
    for protocol in ["grpc", "http"] {
        let sinks = [Sink::start(&folder), Sink::start(&folder)];
        let [to, and_to] = sinks.each_ref().map(|sink| if protocol == "grpc" { &sink.grpc } else { &sink.http });
        let told = folder.doorbuster(&[
            "send",
            "./shop.yaml",
            "--to",
            to,
            "--to",
            and_to,
            "--protocol",
            protocol,
            "--balance",
            "trace",
            "--for",
            "3s",
            "--counted-by",
            &sinks[0].http,
            "--json",
        ]);
        let json = sent(&told, 99);
        assert_eq!(json["accepted"], json["due"], "{told}");
        let counted = sinks.each_ref().map(Sink::counted);
        let sum = |name: &str| counted.iter().map(|counted| count(counted, name)).sum::<u64>();
        assert_eq!(sum("traces"), count(&json, "shop_requests"), "a trace is on both sinks, or on none\n{told}");
        assert_eq!(sum("ours"), count(&json, "spans"), "{told}");
        assert!(counted.iter().all(|counted| count(&counted["duplicates"], "spans") == 0), "{counted:?}");
        let least = counted.iter().map(|counted| count(counted, "traces")).min();
        assert!(least > Some(count(&json, "shop_requests") / 4), "one sink has nearly all: {told}");
        let lacks = heaps(&json["gaps"], "unix_s", "missing");
        assert_eq!(lacks, heaps(&counted[1]["tally"], "second", "spans"), "{told}");
    }
}

/// *Scenario*: the same in turn, as without the option.
///
/// *Guarantees*: the test above can fail: traces are torn.
#[test]
fn requests_in_turn_tear_traces() {
    let folder = Folder::new("send-in-turn");
    folder.write("shop.yaml", SHOP);
    let sinks = [Sink::start(&folder), Sink::start(&folder)];
    let told = folder.doorbuster(&[
        "send",
        "./shop.yaml",
        "--to",
        &sinks[0].grpc,
        "--to",
        &sinks[1].grpc,
        "--for",
        "3s",
        "--json",
    ]);
    let json = sent(&told, 0);
    let traces: u64 = sinks.iter().map(|sink| count(&sink.counted(), "traces")).sum();
    assert!(traces > count(&json, "shop_requests"), "{traces}: {told}");
}
