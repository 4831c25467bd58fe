//! The cases: systems that theory has solved, each as a scenario and the values that it must give.
//!
//! Owns which systems are looked at, and at which load. The scenarios are the files in `cases/`; rates and times
//! stand there and here, in theory's units, so that neither side is computed from the other.
//!
//! Utilizations are 0.5 to 0.8: an engine that is wrong is wrong there too, and the customers that an interval of
//! one percent needs grow with the inverse square of the idle part. Service takes a thousand ticks and more, so
//! that a statement's end on a shared core, which falls on a whole tick, comes late by less than 0.02 %. First
//! come, first served needs no such care: arrivals at the beginning of their tick and work rounded at random
//! leave the mean wait of M/G/1 as it is.

use super::formulas::{
    ClosedStation, arrivals_needed, closed_network, mg1, mg1_ps_response_s, mg1_wait_variance, mm1,
    mm1_response_variance, mmc, mmc_wait_variance, mmcc, mmcc_blocking_variance,
};
use super::measure::Measure;

/// Widest half of an interval, as a part of the mean.
pub(super) const HALF_WIDTH: f64 = 0.01;

/// A system with a known answer.
pub(super) struct Case {
    /// Its name, and that of its file.
    pub(super) name: &'static str,
    /// The scenario.
    pub(super) text: &'static str,
    /// What must come out.
    pub(super) rows: Vec<Row>,
}

/// One quantity of a case.
pub(super) struct Row {
    pub(super) measure: Measure,
    /// What theory says, in seconds, per second or as a number.
    pub(super) theory: f64,
    /// Requests that the interval needs by the asymptotic variance, where there is a formula for it.
    pub(super) needed: Option<u64>,
    /// Where the theory stands.
    pub(super) source: &'static str,
}

impl Row {
    fn new(measure: Measure, theory: f64, source: &'static str) -> Self {
        Self { measure, theory, needed: None, source }
    }

    /// With the asymptotic variance of the mean over customers.
    fn varying(self, variance: f64) -> Self {
        Self { needed: Some(arrivals_needed(HALF_WIDTH, self.theory, variance)), ..self }
    }
}

macro_rules! case {
    ($name:literal, $rows:expr) => {
        Case { name: $name, text: include_str!(concat!("cases/", $name, ".yaml")), rows: $rows }
    };
}

/// All cases. A case's draws follow from its place here, so that a new one goes to the end.
pub(super) fn all() -> Vec<Case> {
    let mut cases = exponential_servers();
    cases.extend(loss());
    cases.extend(general_service());
    cases.extend(processor_sharing());
    cases.extend(networks());
    cases
}

const KLEINROCK_3_2: &str = "M/M/1, Kleinrock I, 3.2";
const ERLANG_C: &str = "Erlang C, Kleinrock I, 3.5";
const ERLANG_B: &str = "Erlang B, Kleinrock I, 3.6";
const POLLACZEK_KHINCHINE: &str = "Pollaczek-Khinchine, Kleinrock I, 5.6";
const INSENSITIVE: &str = "M/G/1-PS, Kleinrock II, 4.4";
const BURKE: &str = "Burke 1956";
const MVA: &str = "MVA, Reiser and Lavenberg 1980";

fn exponential_servers() -> Vec<Case> {
    let wait = |station, servers, per_s| {
        Row::new(Measure::Wait(station), mmc(servers, per_s, 1e-3).wait_s, ERLANG_C)
            .varying(mmc_wait_variance(servers, per_s, 1e-3))
    };
    let one = |per_s| Row { source: KLEINROCK_3_2, ..wait("shop.cores", 1, per_s) };
    let present = Row::new(Measure::Present("shop.cores"), mm1(800.0, 1e-3).present, KLEINROCK_3_2);
    vec![
        case!("mm1-50", vec![one(500.0)]),
        case!("mm1-80", vec![one(800.0), present]),
        case!("mm2", vec![wait("shop.cores", 2, 1_400.0)]),
        case!("mm4", vec![wait("shop.cores", 4, 2_400.0)]),
        case!("pool", vec![wait("shop.pool.db", 3, 1_800.0)]),
    ]
}

fn loss() -> Vec<Case> {
    let rows = |servers, per_s| {
        let (refused, busy) = mmcc(servers, per_s, 0.01);
        let variance = mmcc_blocking_variance(servers, per_s, 0.01);
        vec![
            Row::new(Measure::Refused, refused, ERLANG_B).varying(variance),
            Row::new(Measure::Busy("shop.workers"), busy, ERLANG_B),
        ]
    };
    vec![case!("loss4", rows(4, 300.0)), case!("loss20", rows(20, 1_800.0))]
}

/// Moments of the sum of two exponentials' laws with weights.
fn hyper_exponential(branches: [(f64, f64); 2]) -> [f64; 4] {
    let moment = |n: i32, factorial: f64| branches.iter().map(|(weight, mean)| factorial * weight * mean.powi(n)).sum();
    [moment(1, 1.0), moment(2, 2.0), moment(3, 6.0), moment(4, 24.0)]
}

fn general_service() -> Vec<Case> {
    let row = |per_s, moments: [f64; 4]| {
        let theory = mg1(per_s, moments[0], moments[1]).wait_s;
        vec![
            Row::new(Measure::Wait("shop.cores"), theory, POLLACZEK_KHINCHINE)
                .varying(mg1_wait_variance(per_s, moments)),
        ]
    };
    let powers = |mean_s: f64, factors: [f64; 4]| -> [f64; 4] {
        std::array::from_fn(|n| factors[n] * mean_s.powi(n as i32 + 1))
    };
    // Erlang-4 of mean 1: products of (1 + i / 4). Log-normal: median^n exp(n^2 sigma^2 / 2).
    let erlang = [1.0, 1.25, 1.25 * 1.5, 1.25 * 1.5 * 1.75];
    let log_normal = [0.5_f64.exp(), 2_f64.exp(), 4.5_f64.exp(), 8_f64.exp()];
    vec![
        case!("md1", row(700.0, powers(1e-3, [1.0; 4]))),
        case!("me4", row(700.0, powers(1e-3, erlang))),
        case!("mh2", row(500.0, hyper_exponential([(0.2, 3.45e-3), (0.8, 387.5e-6)]))),
        case!("mln1", row(500.0, powers(606.531e-6, log_normal))),
    ]
}

fn processor_sharing() -> Vec<Case> {
    // The variance is that of exponential costs; of others it is a guide. Constant costs need less, and these
    // hyper-exponential ones four times as many requests (found by trial, and given).
    let one = |per_s| {
        let theory = mg1_ps_response_s(per_s, 5e-3);
        vec![Row::new(Measure::Response, theory, INSENSITIVE).varying(mm1_response_variance(per_s, 5e-3))]
    };
    // As many are present as with M/M/2, first come first served; its wait and the service together spread
    // no more than both spreads added up.
    let spread_s = mmc_wait_variance(2, 240.0, 5e-3).sqrt() + 5e-3;
    let two = Row::new(Measure::Response, mmc(2, 240.0, 5e-3).response_s, ERLANG_C).varying(spread_s * spread_s);
    vec![
        case!("ps-exponential", one(120.0)),
        case!("ps-constant", one(120.0)),
        case!("ps-hyper", one(100.0)),
        case!("ps-2cores", vec![two]),
    ]
}

fn networks() -> Vec<Case> {
    let store = mm1(500.0, 1.2e-3);
    let response_s = mm1(500.0, 1e-3).response_s + store.response_s;
    let tandem = vec![
        Row::new(Measure::Wait("cache.cores"), store.wait_s, BURKE).varying(mmc_wait_variance(1, 500.0, 1.2e-3)),
        Row::new(Measure::Response, response_s, BURKE),
    ];
    let stations = [(2, 4e-3), (1, 2e-3), (1, 3e-3)];
    let stations = stations.map(|(servers, demand_s)| ClosedStation { servers, demand_s });
    let network = closed_network(6, 0.01, &stations);
    let closed = vec![
        Row::new(Measure::Throughput, network.throughput_per_s, MVA),
        Row::new(Measure::Response, network.response_s, MVA),
        Row::new(Measure::Utilization("shop.cores"), network.utilization[0], MVA),
        Row::new(Measure::Present("cache.cores"), network.present[1], MVA),
        Row::new(Measure::Present("db.cores"), network.present[2], MVA),
    ];
    vec![case!("tandem", tandem), case!("closed", closed)]
}
