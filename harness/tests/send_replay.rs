//! `doorbuster send --replay`: a stretch that is simulated once and sent again and again, over real sockets.

mod workbench;

use workbench::Folder;
use workbench::sending::{SHOP, Sink, count, sent};

/// *Scenario*: two seconds of a small shop after one of warm-up, sent three times at their own pace.
///
/// *Guarantees*: every span arrives once and both ends agree by service and second; traces are whole, and as many in each pass, with other
/// ids; the rate is the shop's; it says that it is a replay and has no story.
#[test]
fn a_stretch_is_sent_again_and_again() {
    let folder = Folder::new("send-replay");
    folder.write("shop.yaml", SHOP);
    let sink = Sink::start(&folder);
    let words = ["send", "./shop.yaml", "--set", "warmup=1s", "--replay", "2s", "--for", "6s", "--to", &sink.grpc];
    let told = folder.doorbuster(&[&words[..], &["--counted-by", &sink.http, "--json"]].concat());
    let json = sent(&told, 0);
    assert_eq!(json["accepted"], json["due"], "{told}");
    assert_eq!(json["gaps"].as_array().map(Vec::len), Some(0), "{told}");
    let counted = sink.counted();
    let (requests, spans) = (count(&json, "shop_requests"), count(&json, "spans"));
    assert_eq!((count(&counted, "ours"), count(&counted["duplicates"], "spans")), (spans, 0), "{told}");
    assert_eq!(count(&counted, "traces"), requests, "passes have the same ids: {told}");
    assert!(requests.is_multiple_of(3) && spans == 3 * requests, "a trace is cut: {told}");
    assert!((2_100..2_700).contains(&requests), "400 requests/s for 6 s: {told}");
    assert_eq!((count(&json["replay"], "length_s"), count(&json["replay"], "passes")), (2, 3), "{told}");
    let seconds: Vec<u64> = counted["tally"].as_array().expect("rows").iter().map(|row| count(row, "second")).collect();
    let (first, last) = (seconds.iter().min().expect("rows"), seconds.iter().max().expect("rows"));
    assert!((5..=6).contains(&(last - first)), "times do not move on: {first} to {last}");
}

/// *Scenario*: the same as fast as it goes, by one process and by two workers, each into a sink of its own and in words.
///
/// *Guarantees*: the workers' spans are those of the one process; the summary says what it was.
#[test]
fn workers_replay_one_stream() {
    let folder = Folder::new("send-replay-workers");
    folder.write("shop.yaml", SHOP);
    let [one, many] = [Sink::start(&folder), Sink::start(&folder)];
    let words = ["send", "./shop.yaml", "--replay", "2s", "--for", "40s", "--speed", "max"];
    let told = folder.doorbuster(&[&words[..], &["--to", &one.grpc]].concat()).ends_with(0);
    assert!(told.stdout.contains("the same 2 s, 20 times"), "{told}");
    for worker in ["1/2", "2/2"] {
        folder.doorbuster(&[&words[..], &["--to", &many.grpc, "--worker", worker]].concat()).ends_with(0);
    }
    let (one, many) = (one.counted(), many.counted());
    assert!(count(&one, "ours") > 40_000, "{one}");
    assert_eq!(count(&one, "ours"), count(&many, "ours"));
    assert_eq!(count(&one, "traces"), count(&many, "traces"));
    assert_eq!(count(&many["duplicates"], "spans"), 0);
}

/// *Scenario*: a time that is no whole number of passes, more passes than ids tell apart, metrics only, and a head sampler.
///
/// *Guarantees*: each is refused before anything is played, with what would be right.
#[test]
fn what_cannot_be_replayed_is_refused() {
    let folder = Folder::new("send-replay-refused");
    folder.write("shop.yaml", SHOP);
    let send = |words: &[&str]| {
        folder.doorbuster(&[&["send", "./shop.yaml", "--to", "http://127.0.0.1:1", "--replay", "2s"], words].concat())
    };
    for (words, cause, cure) in [
        (&["--for", "5s"][..], "5 s are no whole number of passes of 2 s", "say --for 4s or --for 6s"),
        (&["--for", "131074s"], "131074 s take 65537 passes of 2 s", "replay at least 3s"),
        (&["--for", "4s", "--signals", "metrics"], "metrics", "--signals"),
    ] {
        let told = send(words).ends_with(78);
        assert!(told.stderr.contains(cause) && told.stderr.contains(cure), "{told}");
    }
    send(&["--head", "10%"]).ends_with(2);
}
