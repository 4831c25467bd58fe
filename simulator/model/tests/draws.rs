//! Tables of draws against what is known of their distributions: moments, tails, edges, and golden values.

mod laws;

use doorbuster_model::draws::Table;
use doorbuster_model::key::{Key, mix};
use doorbuster_model::time::TICK_NS;
use doorbuster_scenarios::types::{Draw, Erlang, Exponential, Family, Gamma, LogNormal, Pareto, Uniform};
use doorbuster_scenarios::units::{Amount, Time};
use laws::Case;

/// Scenario: every family over its range of parameters. Guarantees: the mean of what is drawn, summed
/// exactly over the table, is right to 1e-5, and the second moment to 1e-4.
#[test]
fn moments_are_those_of_the_distribution() {
    let mut wrong = String::new();
    for Case { name, draw, mean_ns, second_moment_ns2, .. } in laws::all() {
        let table = Table::build(&draw);
        let mean = table.mean_ns() / mean_ns - 1.0;
        let second = table.second_moment_ns2() / second_moment_ns2 - 1.0;
        if mean.abs() > 1e-5 || second.abs() > 1e-4 {
            wrong += &format!("{name}: mean {mean:+.2e}, second moment {second:+.2e}\n");
        }
    }
    assert!(wrong.is_empty(), "relative errors:\n{wrong}");
}

/// Scenario: a log-normal of sigma 3, the widest allowed, whose second moment is made by values rarer
/// than one in 10^12. Guarantees: the mean is still right, and the second moment is not above the truth
/// and at most 5 % below.
#[test]
fn the_widest_log_normal_has_its_mean() {
    let Case { draw, mean_ns, second_moment_ns2, .. } = laws::log_normal(3.0, Time { ns: 2_000_000 });
    let table = Table::build(&draw);
    assert!((table.mean_ns() / mean_ns - 1.0).abs() < 1e-5);
    let second = table.second_moment_ns2() / second_moment_ns2;
    assert!((0.95..1.0).contains(&second), "{second}");
}

/// Scenario: 4 million draws from four tables, one of times below a tick. Guarantees: the figures that a
/// table states are those of its draws.
#[test]
fn stated_moments_are_those_of_the_draws() {
    let times = [Draw::Fixed(Time { ns: 700_000 }), Draw::Fixed(Time { ns: 300 }), exponential(700), erlang(20_000, 3)];
    for draw in times {
        let table = Table::build(&draw);
        let (mut sum, mut squares, n) = (0, 0, 4_000_000);
        for i in 0..n {
            let ticks = table.ticks(Key::of_seed(3).child(1, i).bits(2));
            sum += ticks;
            squares += ticks * ticks;
        }
        let (n, tick_ns) = (n as f64, TICK_NS as f64);
        let (mean, second) = (sum as f64 / n, squares as f64 / n);
        let (stated, stated_second) = (table.mean_ns() / tick_ns, table.second_moment_ns2() / tick_ns / tick_ns);
        let deviation = libm::sqrt((stated_second - stated * stated) / n);
        assert!((mean - stated).abs() < 4.5 * deviation, "{draw:?}: mean {mean}, stated {stated}");
        assert!((second / stated_second - 1.0).abs() < 0.01, "{draw:?}: second {second}, stated {stated_second}");
    }
}

/// Scenario: constant times on and between ticks. Guarantees: draws are the ticks below and above, and
/// the mean is the time that was written.
#[test]
fn constants_round_to_both_sides() {
    for (ns, below, above) in
        [(0, 0, 0), (1, 0, 1), (1024, 1, 1), (700_000, 683, 684), (60_000_000_000, 58_593_750, 58_593_750)]
    {
        let table = Table::build(&Draw::Fixed(Time { ns }));
        assert!((table.mean_ns() - ns as f64).abs() <= 1e-6 * ns as f64);
        assert_eq!(table.max_ticks(), above);
        for i in 0..10_000 {
            let ticks = table.ticks(mix(i));
            assert!(ticks == below || ticks == above, "{ns} ns gave {ticks} ticks");
        }
    }
}

/// Scenario: a million draws from the tail beyond 1/256, then beyond 2^-24. Guarantees: the quantiles
/// 99.99 % and 1 - 2^-30 are exceeded so often that they are right within 2 %.
#[test]
fn tail_quantiles_are_right() {
    for Case { name, draw, cdf, .. } in laws::shapes() {
        let table = Table::build(&draw);
        for (level, tail) in [(1, 1e-4), (3, 1.0 / f64::from(1 << 30))] {
            if name == "uniform" {
                continue; // a single cell: no bits lead to its tail
            }
            if tail < 1e-5 && !name.contains("exponential") && !name.contains("Pareto") {
                continue; // the other distribution functions lose their digits so far out
            }
            let head = u64::MAX << (64 - 8 * level);
            let mut drawn: Vec<u64> = (0..1_000_000).map(|i| table.ticks(head | (mix(i) >> (8 * level)))).collect();
            drawn.sort_unstable();
            let beyond = tail * libm::ldexp(1.0, 8 * level);
            let quantile_ns = (drawn[((1.0 - beyond) * drawn.len() as f64) as usize] * TICK_NS) as f64;
            // Within 2 % of the quantile: the distribution function brackets the tail there.
            let (above, below) = (1.0 - cdf(quantile_ns * 1.02), 1.0 - cdf(quantile_ns * 0.98));
            assert!(above <= tail && tail <= below, "{name}: {tail} is outside {above} to {below} at {quantile_ns} ns");
        }
    }
}

/// Scenario: the greatest times that a scenario may name, and the smallest, in the widest families.
/// Guarantees: nothing overflows, no draw passes the stated maximum, and that is within the range of tables.
#[test]
fn extremes_stay_in_range() {
    let longest = Time { ns: Time::MAX_NS };
    let zero = Time { ns: 0 };
    let log_normal = |median| LogNormal { mean: None, p99: None, median: Some(median), sigma: Some(3.0) };
    let families = [
        Family::Constant(longest),
        Family::Uniform(Uniform { min: zero, max: longest }),
        Family::LogNormal(log_normal(longest)),
        Family::LogNormal(log_normal(Time { ns: 1 })),
        Family::LogNormal(log_normal(zero)),
        Family::Pareto(Pareto { min: longest, alpha: 1.01 }),
        Family::Pareto(Pareto { min: Time { ns: 1 }, alpha: 100.0 }),
        Family::Gamma(Gamma { mean: longest, shape: 0.05 }),
        Family::Gamma(Gamma { mean: Time { ns: 1 }, shape: 1000.0 }),
        Family::Exponential(Exponential { mean: longest }),
    ];
    for family in families {
        let name = format!("{family:?}");
        let table = Table::build(&Draw::Family(family));
        assert!(table.max_ticks() <= Table::LONGEST_TICKS + 1, "{name}: {}", table.max_ticks());
        assert!(table.mean_ns().is_finite() && table.second_moment_ns2().is_finite(), "{name}");
        let edges = (0..=64)
            .flat_map(|bits| [u64::MAX.checked_shl(bits).unwrap_or(0), u64::MAX.checked_shr(bits).unwrap_or(0)]);
        for bits in edges.chain((0..100_000).map(mix)) {
            assert!(table.ticks(bits) <= table.max_ticks(), "{name}: {bits:x}");
        }
    }
}

/// Scenario: bounded families. Guarantees: no draw leaves the bounds by more than rounding to ticks, and
/// 2^-31 of the longest time.
#[test]
fn bounds_hold() {
    for Case { name, draw, cdf, .. } in laws::all() {
        if !(name.starts_with("uniform") || name.starts_with("empirical") || name.starts_with("Pareto")) {
            continue;
        }
        let table = Table::build(&draw);
        let most = (table.max_ticks() * TICK_NS) as f64;
        let slack = TICK_NS as f64 + if name.starts_with("Pareto") { 1.0 } else { most / f64::from(1_u32 << 31) };
        for i in 0..200_000 {
            let ns = (table.ticks(mix(i)) * TICK_NS) as f64;
            assert!(cdf(ns + slack) > 0.0, "{name}: {ns} is too low");
        }
        assert!(name.starts_with("Pareto") || cdf(most - slack) < 1.0, "{name}: {most} is too high");
    }
}

fn exponential(ns: u64) -> Draw {
    Draw::Family(Family::Exponential(Exponential { mean: Time { ns } }))
}

fn erlang(ns: u64, count: u64) -> Draw {
    Draw::Family(Family::Erlang(Erlang { mean: Time { ns }, stages: Amount { count } }))
}
