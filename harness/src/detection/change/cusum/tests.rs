//! Run lengths by simulation where they can be simulated, and what must alarm at once.

use super::*;
use crate::detection::tests::shop::Noise as Random;

/// Mean readings to a false alarm over many fresh series, each given up after `most`: a lower bound.
fn run_length(
    noise: Noise,
    threshold: f64,
    most: u32,
    mut reading: impl FnMut(u64, u32) -> Reading,
    shift: f64,
) -> f64 {
    const RUNS: u64 = 400;
    let mut readings = 0;
    for run in 0..RUNS {
        let mut cusum = Cusum::with_threshold(noise, threshold);
        for number in 0..most {
            if cusum.step(reading(run, number), shift) {
                break;
            }
            readings += u64::from(number >= LEARN_READINGS);
        }
    }
    readings as f64 / RUNS as f64
}

/// The bound of the module's head, with a baseline that each series learns for itself: from many requests to a handful.
#[test]
fn shares_run_at_least_as_long_as_promised() {
    let threshold = 5.0_f64;
    for (requests, share) in [(2_000, 0.002), (200, 0.02), (50, 0.02), (20, 0.002), (20, 0.1), (5, 0.02)] {
        let mut random = Random::seeded(requests + 7);
        let reading = |_, _| Reading { sum: random.part(requests, share) as f64, count: requests as f64 };
        let readings = run_length(Noise::Share, threshold, 2_000, reading, 0.03);
        assert!(readings >= threshold.exp(), "{readings} readings with {requests} requests at {share}");
    }
}

#[test]
fn means_run_at_least_as_long_as_promised() {
    let threshold = 5.0_f64;
    for spread in [0.1, 0.5, 1.0] {
        let mut random = Random::seeded(11);
        // A mean of 10 whose readings scatter by `spread` of the shift.
        let reading = |_, _| Reading { sum: 1_000.0 * 10.0 * random.factor(spread), count: 1_000.0 };
        let readings = run_length(Noise::Mean, threshold, 2_000, reading, 10.0);
        assert!(readings >= threshold.exp(), "{readings} readings at a spread of {spread}");
    }
}

/// At the real threshold: 300 series for a day each.
#[test]
fn a_day_of_noise_raises_no_alarm() {
    for (requests, share) in [(2_400_u64, 0.002), (100, 0.01), (10, 0.02)] {
        let mut random = Random::seeded(requests);
        for series in 0..100 {
            let mut cusum = Cusum::new(Noise::Share);
            for reading in 0..8_640 {
                let sum = random.part(requests, share) as f64;
                let is_alarmed = cusum.step(Reading { sum, count: requests as f64 }, 0.03);
                assert!(!is_alarmed, "series {series} of {requests} requests, reading {reading}");
            }
        }
    }
}

fn learned(noise: Noise, value: f64, count: f64) -> Cusum {
    let mut cusum = Cusum::new(noise);
    for _ in 0..LEARN_READINGS {
        assert!(!cusum.step(Reading { sum: value * count, count }, 1.0));
    }
    cusum
}

#[test]
fn a_jump_alarms_with_its_first_reading() {
    let mut failures = learned(Noise::Share, 0.002, 2_400.0);
    assert!(failures.step(Reading { sum: 360.0, count: 2_400.0 }, 0.03));
    let mut rows = learned(Noise::Mean, 3.0, 2_400.0);
    assert!(rows.step(Reading { sum: 2_400.0 * 900.0, count: 2_400.0 }, 100.0));
}

#[test]
fn few_requests_need_more_failures_to_be_believed() {
    let readings = |count: f64| {
        let mut cusum = learned(Noise::Share, 0.0, count);
        (0..30).for_each(|_| assert!(!cusum.step(Reading { sum: 0.0, count }, 0.03)));
        (1..100).find(|_| cusum.step(Reading { sum: 0.4 * count, count }, 0.03))
    };
    assert_eq!((readings(2_400.0), readings(20.0), readings(10.0)), (Some(1), Some(2), Some(6)), "40 % fail");
}

#[test]
fn an_increase_that_does_not_matter_is_learned_instead() {
    let mut cusum = learned(Noise::Share, 0.002, 24_000.0);
    for _ in 0..100 {
        assert!(!cusum.step(Reading { sum: 192.0, count: 24_000.0 }, 0.03), "0.8 % are certain, and no matter");
    }
    assert!((cusum.usual() - 0.008).abs() < 0.001, "{}", cusum.usual());
}

#[test]
fn a_fault_is_not_learned_and_its_end_ends_the_alarm() {
    let mut cusum = learned(Noise::Share, 0.002, 2_400.0);
    for _ in 0..100 {
        assert!(cusum.step(Reading { sum: 720.0, count: 2_400.0 }, 0.03));
    }
    assert!((cusum.usual() - 0.002).abs() < 1e-9, "{}", cusum.usual());
    assert!(cusum.step(Reading { sum: 0.0, count: 0.0 }, 0.03), "no requests are no news");
    assert!(!cusum.step(Reading { sum: 5.0, count: 2_400.0 }, 0.03));
}
