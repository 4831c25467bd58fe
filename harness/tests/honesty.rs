//! Whether the generator says when it is the limit: twenty tries of each kind, on this machine.
//!
//! They take some minutes and need a machine that has nothing else to do, so they run only when asked for:
//! `cargo test --release -p doorbuster --test honesty -- --ignored --nocapture --test-threads 1`. Tries during which others took over 5 % of the machine
//! are counted apart and repeated.

#![expect(clippy::print_stdout, reason = "what each try came to is the result")]

mod workbench;

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use workbench::Folder;

/// Tries that count.
const TRIES: u32 = 20;
/// What others may take of the machine during one.
const OTHERS: f64 = 0.05;
/// Seconds of load in a try.
const LOAD_S: u64 = 10;
/// Tries in all, before it is said that the machine has no quiet minute.
const MOST_TRIES: u32 = 60;
/// Rate of requests that comes to 50,000 spans a second, and when journeys have come to it.
const STEADY: (&str, &str) = ("4k/s", "1min");
/// Linux counts in hundredths of a second.
const TICKS_PER_S: f64 = 100.0;

/// A sink; it ends with its try.
struct Sink {
    child: Child,
    url: String,
}

impl Sink {
    fn start(folder: &Folder, args: &[&str]) -> Self {
        let mut command = folder.command();
        command.args(["sink", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]).args(args);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the command was built");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("an address");
        let url = format!("http://{}", line.trim().strip_prefix("grpc").expect("its door").trim());
        Self { child, url }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU seconds of this process and of the children that it has waited for: those of a try are over, its sink included.
fn ours() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let values: Vec<&str> = stat[stat.rfind(')').expect("a name") + 2..].split(' ').collect();
    values[11..15].iter().map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / TICKS_PER_S
}

/// CPU seconds of the whole machine, and of all processes that are ours.
fn machine() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/stat").expect("Linux");
    let line = stat.lines().next().expect("a line");
    let ticks: Vec<f64> = line.split_whitespace().skip(1).map(|ticks| ticks.parse().expect("a number")).collect();
    // user, nice, system, then idle and waiting for disks, then interrupts and what the host took.
    let busy = ticks[..3].iter().sum::<f64>() + ticks[5..8].iter().sum::<f64>();
    (busy / TICKS_PER_S, ours())
}

/// Makes quiet tries until there are enough; how many were called invalid.
fn invalid_of(kind: &str, attempt: impl Fn() -> i32) -> u32 {
    let cores = std::thread::available_parallelism().expect("cores").get() as f64;
    let (mut invalid, mut quiet, mut noisy) = (0, 0, 0);
    while quiet < TRIES && quiet + noisy < MOST_TRIES {
        let ((before, ours_before), began) = (machine(), Instant::now());
        let code = attempt();
        let (after, ours_after) = machine();
        let others = (after - before - (ours_after - ours_before)) / (began.elapsed().as_secs_f64() * cores);
        assert!(code == 75 || code == 0, "exit code {code}");
        println!("{kind}: {code}, others took {:.1} % of the machine", others * 100.0);
        if others > OTHERS {
            noisy += 1;
        } else {
            quiet += 1;
            invalid += u32::from(code == 75);
        }
    }
    println!("{kind}: invalid in {invalid} of {quiet} tries; {noisy} more had others on the machine");
    assert_eq!(quiet, TRIES, "the machine had no quiet minute");
    invalid
}

/// Sends at a rate, from a second of the scenario on; the exit code.
fn send(folder: &Folder, (rate, from): (&str, &str), sink: &Sink) -> i32 {
    let length = format!("{LOAD_S}s");
    let told = folder.doorbuster_within(
        Duration::from_secs(180),
        &[
            "send",
            "quiet-day",
            "--to",
            &sink.url,
            "--rate",
            rate,
            "--from",
            from,
            "--for",
            &length,
            "--signals",
            "traces",
            "--json",
        ],
    );
    if told.code != Some(0) && told.code != Some(75) {
        println!("{told}");
    }
    told.code.unwrap_or(-1)
}

/// *Scenario*: 50,000 spans a second for ten seconds into a null sink.
/// *Guarantees*: none of twenty tries is invalid.
#[test]
#[ignore = "takes minutes on a quiet machine"]
fn a_healthy_generator_is_not_called_invalid() {
    let folder = Folder::new("honesty-healthy");
    let invalid = invalid_of("healthy", || send(&folder, STEADY, &Sink::start(&folder, &[])));
    assert_eq!(invalid, 0);
}

/// *Scenario*: a load that takes most of two cores, some 300,000 requests a second while journeys come to their rate, and something else
/// that keeps one of them busy.
/// *Guarantees*: all of twenty tries are invalid.
#[test]
#[ignore = "takes minutes on a quiet machine"]
fn a_stolen_core_is_seen() {
    let folder = Folder::new("honesty-stolen");
    let invalid = invalid_of("stolen core", || {
        let stop = Arc::new(AtomicBool::new(false));
        let thief = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || while !stop.load(Ordering::Relaxed) {}
        });
        let seen = send(&folder, ("450k/s", "20s"), &Sink::start(&folder, &[]));
        stop.store(true, Ordering::Relaxed);
        thief.join().expect("it ends");
        seen
    });
    assert_eq!(invalid, TRIES);
}

/// *Scenario*: 50,000 spans a second, some 13 MB, into a sink that reads 8 MB a second.
/// *Guarantees*: all of twenty tries are invalid.
#[test]
#[ignore = "takes minutes on a quiet machine"]
fn a_slow_sink_is_seen() {
    let folder = Folder::new("honesty-slow");
    let invalid = invalid_of("slow sink", || send(&folder, STEADY, &Sink::start(&folder, &["--slow", "8M/s"])));
    assert_eq!(invalid, TRIES);
}
