//! A scenario of one's own: the smallest file is complete, and its numbers are those of queueing theory.

mod workbench;

use serde_json::Value;
use workbench::{Folder, SMALLEST, edited, entry, number};

/// Sampling error of the longest run here is about 0.5 %.
const TOLERANCE: f64 = 0.03;

fn near(what: &str, value: &Value, theory: f64) {
    let value = number(value);
    assert!((value / theory - 1.0).abs() < TOLERANCE, "{what} is {value}, theory says {theory}");
}

/// *Scenario*: one service, one endpoint, one arrival rate, and not a word more; run as a newcomer would.
///
/// *Guarantees*: it is complete: exit code 0, a report, a summary that names it, books that balance.
#[test]
fn the_smallest_file_is_complete() {
    let folder = Folder::new("smallest");
    folder.write("smallest.yaml", SMALLEST);
    let told = folder.doorbuster(&["run", "smallest.yaml"]).ends_with(0);
    assert!(told.stdout.starts_with("smallest\n") && told.stdout.contains("simulated 5 min at"), "{told}");
    let result = folder.json("doorbuster-report/result.json");
    assert_eq!(result["verdicts"][0]["id"], "accounting.conservation");
    assert_eq!(result["verdicts"][0]["status"], "pass");
    assert_eq!(result["verdicts"].as_array().expect("a list").len(), 1);
}

/// *Scenario*: that file is an M/M/1 queue; at 50 % load for 20 virtual minutes, at 80 % for an hour.
///
/// *Guarantees*: mean and percentiles of the latency, utilization, waiting and throughput are within 3 % of theory:
/// T = 1 / (mu - lambda), exponential; Lq = rho^2 / (1 - rho); Wq = Lq / lambda.
#[test]
fn its_statistics_are_those_of_an_mm1_queue() {
    let folder = Folder::new("mm1");
    for (rate, duration) in [(500.0, "duration=20min"), (800.0, "duration=1h")] {
        folder.write("mm1.yaml", edited(SMALLEST, &[("500/s", &format!("{rate}/s"))]));
        let result = folder.result("mm1.yaml", &[duration]);
        let (mu, lambda): (f64, f64) = (1_000.0, rate);
        let (rho, sojourn_s) = (lambda / mu, 1.0 / (mu - lambda));
        let buy = entry(&result["endpoints"], &[("service", "shop"), ("endpoint", "buy"), ("window", "run")]);
        near("mean", &buy["latency_s"]["mean"], sojourn_s);
        near("p50", &buy["latency_s"]["p50"], sojourn_s * 2f64.ln());
        near("p90", &buy["latency_s"]["p90"], sojourn_s * 10f64.ln());
        near("p99", &buy["latency_s"]["p99"], sojourn_s * 100f64.ln());
        near("throughput", &result["scale"]["requests_per_s"], lambda);
        let cores = entry(&result["stations"], &[("name", "shop.cores"), ("window", "run")]);
        near("utilization", &cores["utilization"], rho);
        near("mean wait", &cores["mean_wait_s"], rho * sojourn_s);
        near("mean waiting", &cores["mean_waiting"], rho * rho / (1.0 - rho));
    }
}

/// *Scenario*: the M/M/1 file with a second endpoint and no journey, which makes it unclear what a shopper does.
///
/// *Guarantees*: that is said, instead of guessed.
#[test]
fn two_endpoints_need_a_journey() {
    let folder = Folder::new("journeys");
    let second = "      buy:\n        do: []\n      look:";
    folder.write("two.yaml", edited(SMALLEST, &[("      buy:", second)]));
    let told = folder.doorbuster(&["run", "two.yaml"]).ends_with(78);
    assert!(told.stderr.contains("journey"), "{told}");
}
