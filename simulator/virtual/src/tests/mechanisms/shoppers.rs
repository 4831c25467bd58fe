//! Shoppers under faults: apps that try again and again, and more of them.

use super::*;
use crate::faults::{Command, Haste};
use crate::slice::EndpointSlice;

/// *Scenario* A request every 100 always fails; the journey tries up to three times after 20, half of the shoppers' apps five times
/// after 3, or twice.
/// *Guarantees* Five tries, or two, of those with the app, whatever the journey says; three of the others.
#[test]
fn a_retry_storm_makes_its_tries_and_no_others() {
    let plan = plan(
        "services: {shop: {cores: 8, endpoints: {serve: {do: [{fail: {probability: 100%, error: broken}}]}}}}\n\
         journeys: {ask: {weight: 1, steps: [{request: shop.serve}], on_failure: {retry: 100%, attempts: 3, after: <20>}}}\n\
         traffic: {constant: 9.765625/s}\n",
    );
    let tries = |attempts, share: f64| {
        let mut cell = cell(&plan);
        cell.apply(&Command::Haste(Some(Haste { attempts, after: 3 * UNIT, threshold: threshold(share) })));
        cell.play(100_090 * UNIT).expect("a small shop holds little");
        let slice = seen(&mut cell);
        assert_eq!((slice.endpoints[0].affected, slice.endpoints[0].given_up), (1_000, 1_000));
        ended(&plan, &slice, "serve", Outcome::Error)
    };
    assert_eq!(tries(5, 1.0), 5_000);
    assert_eq!(tries(2, 1.0), 2_000);
    assert_eq!(tries(5, 0.0), 3_000);
    let half = tries(5, 0.5);
    assert!(half.abs_diff(4_000) < 3 * 32, "{half}: each has two more with probability 1/2");
    let mut cell = cell(&plan);
    cell.apply(&Command::Haste(Some(Haste { attempts: 5, after: 3 * UNIT, threshold: threshold(1.0) })));
    cell.play(1_090 * UNIT).expect("a small shop holds little");
    cell.drain().expect("a small shop holds little");
    let starts: Vec<u64> = cell.consumer.records().iter().map(|record| (record.start + 1) / UNIT).collect();
    let expected: Vec<u64> = (1..=10).flat_map(|nth| (0..5).map(move |further| 100 * nth + 3 * further)).collect();
    assert_eq!(starts, expected);
}

/// *Scenario* Two journeys of equal weight, a shopper every 10; one of them is taken three times as often from 1,000 to 11,000.
/// *Guarantees* The usual shoppers are the same ones; beside them come half as many (the journey's) times two, at even distances.
#[test]
fn a_surge_brings_its_journeys_rate_times_its_factor() {
    let plan = plan(
        "services: {shop: {cores: 8, endpoints: {look: {do: [{compute: <1>}]}, buy: {do: [{compute: <1>}]}}}}\n\
         journeys: {look: {weight: 1, steps: [{request: shop.look}]}, buy: {weight: 1, steps: [{request: shop.buy}]}}\n\
         traffic: {constant: 97.65625/s}\n",
    );
    let surge = |extra_thousandths| Command::Surge { journey: 1, extra_thousandths };
    let asked = |extra: u32| {
        let mut cell = cell(&plan);
        cell.play(1_005 * UNIT).expect("a small shop holds little");
        seen(&mut cell);
        cell.apply(&surge(extra));
        cell.play(11_005 * UNIT).expect("a small shop holds little");
        cell.apply(&surge(0));
        let during = seen(&mut cell).endpoints.iter().map(EndpointSlice::attempts).collect::<Vec<u64>>();
        cell.play(12_005 * UNIT).expect("a small shop holds little");
        let after = seen(&mut cell).endpoints.iter().map(EndpointSlice::attempts).sum::<u64>();
        assert!((99..=101).contains(&after), "nobody more comes afterwards: {after}");
        during
    };
    let (usual, more) = (asked(0), asked(2_000));
    assert_eq!(usual.iter().sum::<u64>(), 1_000);
    assert_eq!(usual[0], more[0]);
    assert!((more[1] - usual[1]).abs_diff(1_000) <= 1, "{usual:?} and {more:?}");
}
