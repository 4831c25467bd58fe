//! What was measured to choose how draws are made: `cargo run -p doorbuster-model --example draws`.
//!
//! Prints, for each way of making a table, the error of its mean and second moment and the time of a draw;
//! then the time to build a table of each family. `docs/decisions/0003-draws.md` keeps the figures.
#![allow(clippy::disallowed_types, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, reason = "it tells what it measured")]

use doorbuster_model::draws::Table;
use doorbuster_model::key::mix;
use doorbuster_model::time::TICK_NS;
use doorbuster_scenarios::types::{
    Branched, Draw, Erlang, Exponential, Family, Gamma, LogNormal, Pareto, Quantile, Uniform,
};
use doorbuster_scenarios::units::{Amount, Share, Time};
use std::hint::black_box;
use std::time::Instant;

const DRAWS: u64 = 20_000_000;
/// Tables in turn, as a scenario has them, so that they compete for the cache.
const TABLES: u64 = 40;

fn main() {
    println!(
        "log-normal of median 2 ms; errors are relative, a draw costs ns with one table and with {TABLES} in turn\n"
    );
    println!("| sigma | way | mean | second moment | bytes | ns, one | ns, {TABLES} |");
    println!("|---|---|---|---|---|---|---|");
    for sigma in [0.5, 1.0, 2.0, 2.5] {
        losers(sigma);
        let draw = log_normal(sigma);
        let table = Table::build(&draw);
        let truth = truth(sigma);
        let errors = (
            table.mean_ns() / TICK_NS as f64 / truth.0,
            table.second_moment_ns2() / (TICK_NS * TICK_NS) as f64 / truth.1,
        );
        let tables: Vec<Table> = (0..TABLES).map(|_| Table::build(&draw)).collect();
        row(sigma, "matched moments, 5 levels of 256", errors, 5 * 256 * 8, |i, bits| tables[i].ticks(bits));
    }
    println!("\n| family | build, ms | ns a draw | longest, ticks |");
    println!("|---|---|---|---|");
    for (name, draw) in families() {
        let table = Table::build(&draw);
        let start = Instant::now();
        for _ in 0..20 {
            black_box(Table::build(black_box(&draw)));
        }
        let build_ms = start.elapsed().as_secs_f64() * 1e3 / 20.0;
        println!(
            "| {name} | {build_ms:.2} | {:.2} | {} |",
            ns_a_draw(|_, bits| table.ticks(bits), 1),
            table.max_ticks()
        );
    }
    let logarithm = |_: usize, bits: u64| (-700.0 * libm::log((bits >> 11) as f64 + 0.5)) as u64;
    println!("\nan exponential by its logarithm instead of a table: {:.2} ns", ns_a_draw(logarithm, 1));
    let overhead = |i: usize, bits: u64| (bits >> 40) + i as u64;
    println!("choosing a table, mixing the bits and summing up, in each figure: {:.2} ns", ns_a_draw(overhead, TABLES));
}

/// The ways that were not taken.
fn losers(sigma: f64) {
    let quantile = |tail: f64| 2e6 / TICK_NS as f64 * libm::exp(sigma * normal_quantile(tail));
    let truth = truth(sigma);

    let midpoints: Vec<f64> = (0..4096).map(|i| quantile(1.0 - (f64::from(i) + 0.5) / 4096.0)).collect();
    let mean = midpoints.iter().sum::<f64>() / 4096.0;
    let second = midpoints.iter().map(|x| x * x).sum::<f64>() / 4096.0;
    let tables: Vec<Vec<u32>> = (0..TABLES).map(|_| midpoints.iter().map(|x| *x as u32).collect()).collect();
    let draw = |i: usize, bits: u64| u64::from(tables[i][(bits >> 52) as usize]);
    row(sigma, "4,096 midpoints", (mean / truth.0, second / truth.1), 4096 * 4, draw);

    let plain = interpolated(1, 4096, quantile);
    let tables: Vec<Vec<(u32, u32)>> = (0..TABLES).map(|_| whole(&plain)).collect();
    let draw = |i: usize, bits: u64| even(tables[i][(bits >> 52) as usize], bits);
    row(sigma, "straight lines, 4,096 cells", relative(&plain, 4096, truth), 4096 * 8, draw);

    let refined = interpolated(5, 256, quantile);
    let tables: Vec<Vec<(u32, u32)>> = (0..TABLES).map(|_| whole(&refined)).collect();
    let draw = |i: usize, bits: u64| {
        let level = (bits.leading_ones() as usize / 8).min(4);
        even(tables[i][level * 256 + ((bits >> (56 - 8 * level)) & 255) as usize], bits)
    };
    row(sigma, "straight lines, 5 levels of 256", relative(&refined, 256, truth), 5 * 256 * 8, draw);
}

/// Mean and second moment in ticks.
fn truth(sigma: f64) -> (f64, f64) {
    let median = 2e6 / TICK_NS as f64;
    (median * libm::exp(sigma * sigma / 2.0), median * median * libm::exp(2.0 * sigma * sigma))
}

/// The bounds of cells between quantiles; the last cell of the last level ends where it starts.
fn interpolated(levels: i32, cells: usize, quantile: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut bounds = Vec::new();
    let mut upper = 1.0;
    for _ in 0..levels {
        let width = upper / cells as f64;
        for cell in 0..cells {
            let tail = upper - cell as f64 * width;
            let from = if tail < 1.0 { quantile(tail) } else { 0.0 };
            bounds.push((from, if cell + 1 < cells { quantile(tail - width) } else { from }));
        }
        upper = width;
    }
    bounds
}

fn whole(bounds: &[(f64, f64)]) -> Vec<(u32, u32)> {
    bounds.iter().map(|(from, to)| (*from as u32, (to - from) as u32)).collect()
}

fn even((base, width): (u32, u32), bits: u64) -> u64 {
    u64::from(base) + ((u64::from(width) * (bits & 0xff_ffff)) >> 24)
}

fn relative(bounds: &[(f64, f64)], cells: usize, truth: (f64, f64)) -> (f64, f64) {
    let (mut mean, mut second, mut weight) = (0.0, 0.0, 1.0);
    for (i, (from, to)) in bounds.iter().enumerate() {
        if i % cells == 0 {
            weight /= cells as f64;
        }
        if i % cells == cells - 1 && i + 1 < bounds.len() {
            continue;
        }
        mean += weight * (from + to) / 2.0;
        second += weight * (from * from + from * to + to * to) / 3.0;
    }
    (mean / truth.0, second / truth.1)
}

/// By bisection: slow, and independent of the tables' own.
fn normal_quantile(tail: f64) -> f64 {
    let (mut low, mut high) = (-12.0, 12.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if 0.5 * libm::erfc(middle / std::f64::consts::SQRT_2) > tail { low = middle } else { high = middle }
    }
    low
}

fn row(sigma: f64, way: &str, (mean, second): (f64, f64), bytes: usize, draw: impl Fn(usize, u64) -> u64) {
    let percent = |ratio: f64| (ratio - 1.0) * 100.0;
    let (one, many) = (ns_a_draw(&draw, 1), ns_a_draw(&draw, TABLES));
    println!(
        "| {sigma} | {way} | {:+.5} % | {:+.5} % | {bytes} | {one:.2} | {many:.2} |",
        percent(mean),
        percent(second)
    );
}

/// The best of five runs.
fn ns_a_draw(draw: impl Fn(usize, u64) -> u64, tables: u64) -> f64 {
    let run = || {
        let start = Instant::now();
        let sum = (0..DRAWS / 5)
            .map(|i| draw((((mix(!i) >> 32) * tables) >> 32) as usize, mix(i)))
            .fold(0, u64::wrapping_add);
        black_box(sum);
        start.elapsed().as_nanos() as f64 / (DRAWS / 5) as f64
    };
    (0..5).map(|_| run()).fold(f64::INFINITY, f64::min)
}

fn log_normal(sigma: f64) -> Draw {
    let median = Some(Time { ns: 2_000_000 });
    Draw::Family(Family::LogNormal(LogNormal { mean: None, p99: None, median, sigma: Some(sigma) }))
}

fn families() -> Vec<(&'static str, Draw)> {
    let mean = Time { ns: 2_000_000 };
    let branch = |ratio, ns| Branched { weight: Share { ratio }, mean: Time { ns } };
    let point = |ratio, ns| Quantile { share: Share { ratio }, time: Time { ns } };
    let family = Draw::Family;
    vec![
        ("constant", Draw::Fixed(mean)),
        ("uniform", family(Family::Uniform(Uniform { min: Time { ns: 1000 }, max: mean }))),
        ("exponential", family(Family::Exponential(Exponential { mean }))),
        ("Erlang, 3 stages", family(Family::Erlang(Erlang { mean, stages: Amount { count: 3 } }))),
        ("Erlang, 1,000 stages", family(Family::Erlang(Erlang { mean, stages: Amount { count: 1000 } }))),
        (
            "hyper-exponential, 2",
            family(Family::HyperExponential(vec![branch(0.9, 1_000_000), branch(0.1, 11_000_000)])),
        ),
        ("gamma, shape 0.1", family(Family::Gamma(Gamma { mean, shape: 0.1 }))),
        ("gamma, shape 2.5", family(Family::Gamma(Gamma { mean, shape: 2.5 }))),
        ("log-normal, sigma 1", log_normal(1.0)),
        ("Pareto, alpha 1.5", family(Family::Pareto(Pareto { min: mean, alpha: 1.5 }))),
        (
            "empirical, 4",
            family(Family::Empirical(vec![
                point(0.0, 0),
                point(0.5, 1_000_000),
                point(0.99, 5_000_000),
                point(1.0, 90_000_000),
            ])),
        ),
    ]
}
