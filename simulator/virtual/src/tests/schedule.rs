//! When shoppers come: the schedule by itself, against the process that it claims to be.
//!
//! Owns the test of its distribution. Refuses what becomes of a request.

use super::stream::Stream;
use crate::cell::Cell;
use doorbuster_model::compile::compile;
use doorbuster_model::time::tick_of_second;
use doorbuster_scenarios::{Source, load};

/// Gaps that are looked at.
const GAPS: usize = 10_000;
/// Mean gap in ticks: 1,024 requests/s are far enough apart that the tick of 1,024 ns does not show.
const MEAN_TICKS: f64 = 1e9 / 1_024.0 / 1_024.0;
/// The Anderson-Darling statistic against a distribution without free parameters: one sample in a hundred is above it (Stephens 1974).
const ONE_IN_HUNDRED: f64 = 3.857;

/// Gaps between the first requests of a traffic, in ticks.
fn gaps(traffic: &str, seed: u64) -> Vec<f64> {
    let text = format!("services: {{s: {{endpoints: {{e: {{do: [{{compute: 1us}}]}}}}}}}}\ntraffic: {{{traffic}}}");
    let loaded =
        load(&Source::Text { name: "schedule".to_owned(), text }, &[]).unwrap_or_else(|wrong| panic!("{wrong}"));
    let plan = compile("schedule", &loaded.scenario, seed);
    let mut cell = Cell::new(&plan, 0, Stream::default());
    cell.play(tick_of_second(12)).expect("a small shop holds little");
    cell.drain().expect("a small shop holds little");
    let mut starts: Vec<u64> = cell.consumer.records().iter().map(|record| record.start).collect();
    starts.sort_unstable();
    starts.windows(2).take(GAPS).map(|two| (two[1] - two[0]) as f64).collect()
}

/// Anderson and Darling's statistic of gaps against the exponential distribution of this mean.
fn anderson_darling(mut gaps: Vec<f64>, mean: f64) -> f64 {
    gaps.sort_by(f64::total_cmp);
    let n = gaps.len() as f64;
    // A gap of less than a tick was cut to 0: it stands for its middle.
    let below = |gap: f64| 1.0 - libm::exp(-(gap + 0.5) / mean);
    let sum: f64 = (0..gaps.len())
        .map(|i| {
            let (low, high) = (below(gaps[i]), 1.0 - below(gaps[gaps.len() - 1 - i]));
            (2 * i + 1) as f64 * (libm::log(low) + libm::log(high))
        })
        .sum();
    -n - sum / n
}

/// *Scenario*: ten thousand gaps of the Poisson traffic of a cell, with a fixed seed; the same of a traffic at even distances, and of a Poisson
/// one at a rate that is 5 % higher.
///
/// *Guarantees*: they are exponential with the mean that was asked for (Anderson-Darling, 1 %); the test sees a wrong process and a
/// wrong rate.
#[test]
fn gaps_are_those_of_a_poisson_process() {
    let found = gaps("poisson: 1024/s", 1);
    assert_eq!(found.len(), GAPS);
    let statistic = anderson_darling(found, MEAN_TICKS);
    assert!(statistic < ONE_IN_HUNDRED, "A2 = {statistic:.3}");
    for (wrong, traffic) in [("even distances", "constant: 1024/s"), ("5 % more", "poisson: 1075.2/s")] {
        let statistic = anderson_darling(gaps(traffic, 1), MEAN_TICKS);
        assert!(statistic > ONE_IN_HUNDRED, "{wrong} pass for a Poisson process: A2 = {statistic:.3}");
    }
}
