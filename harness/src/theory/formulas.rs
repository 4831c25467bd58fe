//! What queueing theory says of stations that have closed forms, and how long one must look to see it.
//!
//! Owns the formulas, each with its source. Refuses to know the simulator: arguments are rates per
//! second and times in seconds. Stations are stable (less work comes than the servers can do) unless said
//! otherwise; of an overloaded one the figures mean nothing.

/// Means of a station in its steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Steady {
    /// Part of its servers that is busy, 0 to 1.
    pub(crate) utilization: f64,
    /// Time from arrival to the start of service.
    pub(crate) wait_s: f64,
    /// Customers that wait.
    pub(crate) waiting: f64,
    /// Time from arrival to departure.
    pub(crate) response_s: f64,
    /// Customers that wait or are served.
    pub(crate) present: f64,
}

impl Steady {
    /// The rest follows from the mean wait by Little's law.
    fn of_wait(servers: u32, arrivals_per_s: f64, service_s: f64, wait_s: f64) -> Self {
        Self {
            utilization: arrivals_per_s * service_s / f64::from(servers),
            wait_s,
            waiting: arrivals_per_s * wait_s,
            response_s: wait_s + service_s,
            present: arrivals_per_s * (wait_s + service_s),
        }
    }
}

/// Erlang's loss formula: the part of arrivals that finds all servers busy and leaves; `offered` is the
/// arrival rate times the mean service time, and may exceed the servers.
/// `B(0) = 1, B(c) = a B(c - 1) / (c + a B(c - 1))` (Kleinrock, Queueing Systems I, section 3.6).
pub(crate) fn erlang_b(servers: u32, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |blocked, c| offered * blocked / (f64::from(c) + offered * blocked))
}

/// Erlang's delay formula: the part of arrivals that has to wait.
/// `C = B / (1 - a/c (1 - B))` (Kleinrock, Queueing Systems I, section 3.5).
pub(crate) fn erlang_c(servers: u32, offered: f64) -> f64 {
    let blocked = erlang_b(servers, offered);
    blocked / (1.0 - offered / f64::from(servers) * (1.0 - blocked))
}

/// M/M/1, FIFO: `W = rho s / (1 - rho)` (Kleinrock, Queueing Systems I, section 3.2).
pub(crate) fn mm1(arrivals_per_s: f64, service_s: f64) -> Steady {
    let busy = arrivals_per_s * service_s;
    Steady::of_wait(1, arrivals_per_s, service_s, busy * service_s / (1.0 - busy))
}

/// M/M/c, FIFO: `W = C s / (c - a)` (Kleinrock, Queueing Systems I, section 3.5).
pub(crate) fn mmc(servers: u32, arrivals_per_s: f64, service_s: f64) -> Steady {
    let offered = arrivals_per_s * service_s;
    let wait_s = erlang_c(servers, offered) * service_s / (f64::from(servers) - offered);
    Steady::of_wait(servers, arrivals_per_s, service_s, wait_s)
}

/// M/M/c/c: arrivals that find all servers busy leave. Holds for any law of service (Kleinrock, Queueing
/// Systems I, section 3.6; Sevastyanov 1957). Gives the part that leaves, and the mean of busy servers.
pub(crate) fn mmcc(servers: u32, arrivals_per_s: f64, service_s: f64) -> (f64, f64) {
    let offered = arrivals_per_s * service_s;
    let blocked = erlang_b(servers, offered);
    (blocked, offered * (1.0 - blocked))
}

/// M/G/1, FIFO, by Pollaczek and Khinchine: `W = lambda E[S^2] / (2 (1 - rho))` (Kleinrock, Queueing
/// Systems I, section 5.6).
pub(crate) fn mg1(arrivals_per_s: f64, service_s: f64, service_second_moment_s2: f64) -> Steady {
    let wait_s = arrivals_per_s * service_second_moment_s2 / (2.0 * (1.0 - arrivals_per_s * service_s));
    Steady::of_wait(1, arrivals_per_s, service_s, wait_s)
}

/// Mean response of M/G/1 with processor sharing: `s / (1 - rho)`, whatever the law of service
/// (Kleinrock, Queueing Systems II, section 4.4).
pub(crate) fn mg1_ps_response_s(arrivals_per_s: f64, service_s: f64) -> f64 {
    service_s / (1.0 - arrivals_per_s * service_s)
}

/// A station of a closed network: FIFO with exponential service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClosedStation {
    /// Its servers.
    pub(crate) servers: u32,
    /// Mean service a cycle: visits times service time.
    pub(crate) demand_s: f64,
}

/// Means of a closed network.
#[derive(Clone, Debug)]
pub(crate) struct Closed {
    /// Cycles per second.
    pub(crate) throughput_per_s: f64,
    /// A cycle without the pause.
    pub(crate) response_s: f64,
    /// Users at each station, those in service included.
    pub(crate) present: Vec<f64>,
    /// Part of each station's servers that is busy.
    pub(crate) utilization: Vec<f64>,
}

/// A fixed number of users (at least one) who pause for `think_s` on average, then visit the stations.
///
/// The values are those of exact mean value analysis (Reiser and Lavenberg 1980; Lazowska et al.,
/// Quantitative System Performance, chapters 6 and 20). They are computed by convolution (Buzen 1973) in
/// logarithms, since the recursion of MVA loses its digits at stations with several busy servers.
pub(crate) fn closed_network(users: u32, think_s: f64, stations: &[ClosedStation]) -> Closed {
    let users = users as usize;
    // Weights of 0 to all users at a place: a pause is a place with a server for each.
    let pause = ln_weights(users, u32::MAX, think_s);
    let places: Vec<Vec<f64>> = stations.iter().map(|at| ln_weights(users, at.servers, at.demand_s)).collect();
    let together = |without: Option<usize>| {
        let others = places.iter().enumerate().filter(|(i, _)| Some(*i) != without);
        others.fold(pause.clone(), |sum, (_, place)| ln_convolve(&sum, place))
    };
    let all = together(None);
    let throughput_per_s = (all[users - 1] - all[users]).exp();
    let present = |i: usize| {
        let others = together(Some(i));
        let share = |n: usize| (places[i][n] + others[users - n] - all[users]).exp();
        (1..=users).map(|n| n as f64 * share(n)).sum()
    };
    Closed {
        throughput_per_s,
        response_s: users as f64 / throughput_per_s - think_s,
        present: (0..stations.len()).map(present).collect(),
        utilization: stations.iter().map(|at| throughput_per_s * at.demand_s / f64::from(at.servers)).collect(),
    }
}

/// Logarithms of `demand^n / (a(1) ... a(n))`, where a(j) servers are busy with j users.
fn ln_weights(users: usize, servers: u32, demand_s: f64) -> Vec<f64> {
    let mut weights = vec![0.0];
    for n in 1..=users {
        let busy = (n as f64).min(f64::from(servers));
        weights.push(weights[n - 1] + (demand_s / busy).ln());
    }
    weights
}

/// The convolution of two sequences that are given and wanted as logarithms.
fn ln_convolve(a: &[f64], b: &[f64]) -> Vec<f64> {
    let sum = |n: usize| {
        let terms = || (0..=n).map(|i| a[i] + b[n - i]);
        let most = terms().fold(f64::NEG_INFINITY, f64::max);
        if most == f64::NEG_INFINITY { most } else { most + terms().map(|term| (term - most).exp()).sum::<f64>().ln() }
    };
    (0..a.len()).map(sum).collect()
}

// How long to look. The mean over the first n customers of a run in steady state has a variance that
// falls as `asymptotic variance / n`; customers that follow each other wait alike, so that it is far
// above a single customer's variance near saturation. Each formula below is exact. They follow from the martingale
// that solves Poisson's equation of the chain (Whitt 1992, Asymptotic formulas for Markov processes;
// Asmussen, Applied Probability and Queues, section I.7), as the tests confirm against the known case
// and against simulation.

/// Asymptotic variance of the mean wait over customers of M/G/1 FIFO, from the first four moments of
/// the service time, in square seconds: `E[(V - w + lambda (2 V S + S^2) / (2 (1 - rho)))^2]`, V the work
/// found on arrival (its moments by Takacs 1962), S the service time, w the mean wait.
/// For M/M/1 it is `rho (2 + 5 rho - 4 rho^2 + rho^3) s^2 / (1 - rho)^4` (Daley 1968).
pub(crate) fn mg1_wait_variance(arrivals_per_s: f64, service_moments: [f64; 4]) -> f64 {
    let [s1, s2, s3, s4] = service_moments;
    let idle = 1.0 - arrivals_per_s * s1;
    let work = arrivals_per_s * s2 / (2.0 * idle);
    let work_squared = 2.0 * work * work + arrivals_per_s * s3 / (3.0 * idle);
    let variance = work_squared - work * work;
    let c = arrivals_per_s / (2.0 * idle);
    variance + 4.0 * c * variance * s1 + c * c * (4.0 * work_squared * s2 + 4.0 * work * s3 + s4)
}

/// Asymptotic variance of the mean wait over customers of M/M/c FIFO, in square seconds:
/// `sum over j of p(j) ((D(j) - w)^2 + D(j)^2)`, where j customers are present with probability p(j) and
/// D(j) is the waiting, in customer seconds, that one customer more will bring about.
pub(crate) fn mmc_wait_variance(servers: u32, arrivals_per_s: f64, service_s: f64) -> f64 {
    let Steady { utilization, wait_s, waiting, .. } = mmc(servers, arrivals_per_s, service_s);
    let spread = |more: f64| (more - wait_s) * (more - wait_s) + more * more;
    // Below c customers D(j) grows from one state to the next; weights are relative to p(0).
    let (mut weight, mut weights, mut sum, mut more) = (1.0, 0.0, 0.0, 0.0);
    for j in 0..servers {
        more = (f64::from(j) / service_s * more + waiting) / arrivals_per_s;
        weights += weight;
        sum += weight * spread(more);
        weight *= arrivals_per_s * service_s / f64::from(j + 1);
    }
    // From c on it is a straight line, and p(c + k) = p(c) rho^k.
    let spare_per_s = f64::from(servers) / service_s - arrivals_per_s;
    let slope = 1.0 / spare_per_s;
    let start = (f64::from(servers) / service_s * slope - waiting) / spare_per_s;
    let rho = utilization;
    let powers = [1.0 / (1.0 - rho), rho / (1.0 - rho).powi(2), rho * (1.0 + rho) / (1.0 - rho).powi(3)];
    let square = |at_c: f64| at_c * at_c * powers[0] + 2.0 * at_c * slope * powers[1] + slope * slope * powers[2];
    sum += weight * (square(start - wait_s) + square(start));
    weights += weight * powers[0];
    sum / weights
}

/// Asymptotic variance of the mean response over customers of M/M/1, in square seconds: the same for FIFO
/// and for processor sharing, whose customers present are the same process. With processor sharing other
/// laws of service have the same mean response but not this variance: take it as a guide.
pub(crate) fn mm1_response_variance(arrivals_per_s: f64, service_s: f64) -> f64 {
    // As for M/M/c, counting all customers: D(j) = (j + 1) / ((1 - rho) mu), p(j) = (1 - rho) rho^j.
    let rho = arrivals_per_s * service_s;
    let unit = service_s / (1.0 - rho);
    let squares = (1.0 + rho) / (1.0 - rho).powi(2);
    let firsts = 1.0 / (1.0 - rho);
    unit * unit * (2.0 * squares - 2.0 * firsts + 1.0)
}

/// Asymptotic variance of the share of customers that M/M/c/c turns away.
pub(crate) fn mmcc_blocking_variance(servers: u32, arrivals_per_s: f64, service_s: f64) -> f64 {
    let offered = arrivals_per_s * service_s;
    let blocked = erlang_b(servers, offered);
    // `more` is what one customer more adds to the number turned away later.
    let (mut weight, mut weights, mut sum, mut more) = (1.0, 0.0, 0.0, 0.0);
    for j in 0..servers {
        more = f64::from(j) / offered * more + blocked;
        weights += weight;
        sum += weight * ((more - blocked) * (more - blocked) + more * more);
        weight *= offered / f64::from(j + 1);
    }
    sum += weight * (1.0 - blocked) * (1.0 - blocked);
    sum / (weights + weight)
}

/// Two-sided 99 % quantile of the standard normal.
pub(crate) const Z_99: f64 = 2.575_829_303_548_901;

/// Customers to look at, after the warm-up, for a 99 % interval of their mean whose half-width is this
/// part of the mean.
pub(crate) fn arrivals_needed(relative_half_width: f64, mean: f64, asymptotic_variance: f64) -> u64 {
    let ratio = Z_99 / (relative_half_width * mean);
    (asymptotic_variance * ratio * ratio).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64, relative: f64) {
        assert!((value / expected - 1.0).abs() <= relative, "{value}, expected {expected}");
    }

    /// Scenario: the loads that standard Erlang B tables give for a blocking of 1 % (four digits), and
    /// textbook values of Erlang C. Guarantees: the formulas give them back.
    #[test]
    fn erlang_tables() {
        for (servers, offered) in [(1, 0.0101), (5, 1.361), (10, 4.461), (20, 12.03), (50, 37.90), (100, 84.06)] {
            close(erlang_b(servers, offered), 0.01, 6e-3);
        }
        close(erlang_b(1, 3.0), 0.75, 1e-12);
        close(erlang_c(1, 0.3), 0.3, 1e-12);
        close(erlang_c(2, 1.0), 1.0 / 3.0, 1e-12);
        close(erlang_c(3, 2.0), 4.0 / 9.0, 1e-12);
        close(erlang_c(10, 8.0), 0.4092, 1e-4);
    }

    /// Scenario: the county hospital of Hillier and Lieberman (Introduction to Operations Research, section
    /// 17.6): 2 patients an hour, 20 minutes each, one doctor or two. Guarantees: its table's values.
    #[test]
    fn county_hospital() {
        let one = mm1(2.0, 1.0 / 3.0);
        close(one.waiting, 4.0 / 3.0, 1e-12);
        close(one.present, 2.0, 1e-12);
        close(one.wait_s, 2.0 / 3.0, 1e-12);
        close(one.response_s, 1.0, 1e-12);
        let two = mmc(2, 2.0, 1.0 / 3.0);
        close(two.utilization, 1.0 / 3.0, 1e-12);
        close(two.waiting, 1.0 / 12.0, 1e-12);
        close(two.present, 3.0 / 4.0, 1e-12);
        close(two.wait_s, 1.0 / 24.0, 1e-12);
        close(two.response_s, 3.0 / 8.0, 1e-12);
    }

    /// Scenario: laws of service with known results. Guarantees: exponential service gives M/M/1, constant service half its
    /// wait, processor sharing M/M/1's response.
    #[test]
    fn general_service() {
        let exponential = mg1(3.0, 0.25, 2.0 * 0.25 * 0.25);
        close(exponential.wait_s, mm1(3.0, 0.25).wait_s, 1e-12);
        close(mg1(3.0, 0.25, 0.25 * 0.25).wait_s, exponential.wait_s / 2.0, 1e-12);
        close(mg1_ps_response_s(3.0, 0.25), exponential.response_s, 1e-12);
        let (blocked, busy) = mmcc(2, 1.0, 1.0);
        close(blocked, 0.2, 1e-12);
        close(busy, 0.8, 1e-12);
    }

    /// Exact mean value analysis of single servers, as the textbook's algorithm 6.2 has it.
    fn single_server_mva(users: u32, think_s: f64, demands_s: &[f64]) -> (f64, Vec<f64>) {
        let mut present = vec![0.0; demands_s.len()];
        let mut throughput = 0.0;
        for n in 1..=users {
            let times: Vec<f64> = demands_s.iter().zip(&present).map(|(d, q)| d * (1.0 + q)).collect();
            throughput = f64::from(n) / (think_s + times.iter().sum::<f64>());
            present = times.iter().map(|time| throughput * time).collect();
        }
        (throughput, present)
    }

    /// Scenario: the example of Lazowska et al. (Quantitative System Performance, section 6.4): demands of
    /// 0.605, 2.1 and 1.35 s, a pause of 15 s; then many users. Guarantees: its printed throughputs, and
    /// those of mean value analysis.
    #[test]
    fn closed_network_of_single_servers() {
        let demands_s = [0.605, 2.1, 1.35];
        let stations = demands_s.map(|demand_s| ClosedStation { servers: 1, demand_s });
        close(closed_network(1, 15.0, &stations).throughput_per_s, 0.0525, 1e-3);
        close(closed_network(3, 15.0, &stations).throughput_per_s, 0.152, 4e-3);
        for users in [1, 2, 7, 100, 1000] {
            let network = closed_network(users, 15.0, &stations);
            let (throughput, present) = single_server_mva(users, 15.0, &demands_s);
            close(network.throughput_per_s, throughput, 1e-9);
            close(network.response_s, f64::from(users) / throughput - 15.0, 1e-8);
            for (value, expected) in network.present.iter().zip(present) {
                close(*value, expected, 1e-8);
            }
        }
    }

    /// Scenario: one station of 4 servers and a pause (the machine repair model), solved as a birth and
    /// death process; and stations without a pause. Guarantees: the same throughput, and Little's law.
    #[test]
    fn closed_network_of_several_servers() {
        for users in [2_u32, 5, 40, 300] {
            let (think_s, station) = (2.0, ClosedStation { servers: 4, demand_s: 0.3 });
            let (mut weight, mut weights, mut busy) = (1.0, 0.0, 0.0);
            for j in 0..=users {
                weights += weight;
                busy += weight * f64::from(j.min(4));
                let left = f64::from(users - j);
                weight *= left / think_s * station.demand_s / f64::from((j + 1).min(4));
                if weights > 1e200 {
                    (weight, weights, busy) = (weight / 1e200, weights / 1e200, busy / 1e200);
                }
            }
            let network = closed_network(users, think_s, &[station]);
            close(network.throughput_per_s, busy / weights / station.demand_s, 1e-9);
            close(network.utilization[0], busy / weights / 4.0, 1e-9);
            close(network.present[0], network.throughput_per_s * network.response_s, 1e-9);
        }
        let without_pause = closed_network(1, 0.0, &[ClosedStation { servers: 3, demand_s: 0.5 }]);
        close(without_pause.throughput_per_s, 2.0, 1e-12);
    }

    /// Scenario: M/M/1 from light to heavy load. Guarantees: Daley's formula for the wait, from both general
    /// ones; and the growth that Whitt (1989, Planning queueing simulations) gives for heavy traffic.
    #[test]
    fn variance_of_the_known_case() {
        for rho in [0.1_f64, 0.5, 0.8, 0.95] {
            let daley = rho * (2.0 + 5.0 * rho - 4.0 * rho * rho + rho.powi(3)) / (1.0 - rho).powi(4) * 0.04;
            let moments = [0.2, 2.0 * 0.04, 6.0 * 0.008, 24.0 * 0.0016];
            close(mg1_wait_variance(rho / 0.2, moments), daley, 1e-10);
            close(mmc_wait_variance(1, rho / 0.2, 0.2), daley, 1e-10);
        }
        close(mmc_wait_variance(1, 0.999, 1.0), 4.0 / 0.001_f64.powi(4), 0.01);
        close(mm1_response_variance(0.999, 1.0), 4.0 / 0.001_f64.powi(4), 0.01);
        close(mmcc_blocking_variance(1, 1e-9, 1.0), 1e-9, 1e-6);
        // 29 million customers show the wait of M/M/1 at a load of 90 % within 1 %.
        let needed = arrivals_needed(0.01, mm1(0.9, 1.0).wait_s, mmc_wait_variance(1, 0.9, 1.0));
        close(needed as f64, 35_901.0 / 81.0 * 66_349.0, 1e-4);
    }

    /// Random numbers by SplitMix64.
    struct Random(u64);

    impl Random {
        fn exponential(&mut self, mean: f64) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = self.0;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let uniform = (((x ^ (x >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
            -uniform.ln() * mean
        }
    }

    /// A customer as a simulation sees him.
    struct Customer {
        wait_s: f64,
        service_s: f64,
    }

    /// `n` times the variance of the mean over n customers of a figure, from many runs of FIFO servers.
    /// With `loss`, customers who would wait leave.
    fn simulated(
        (servers, per_s, loss): (usize, f64, bool),
        service: impl Fn(&mut Random) -> f64,
        figure: impl Fn(&Customer) -> f64,
    ) -> f64 {
        const CUSTOMERS: u32 = 4_000;
        const RUNS: u32 = 1_500;
        let mut random = Random(1);
        let mut free_in_s = vec![0.0; servers];
        let (mut sum, mut squares) = (0.0, 0.0);
        // Runs follow each other without a break; the first only warms up.
        for run in 0..=RUNS {
            let mut total = 0.0;
            for _ in 0..CUSTOMERS {
                let gap_s = random.exponential(1.0 / per_s);
                free_in_s.iter_mut().for_each(|free| *free = f64::max(*free - gap_s, 0.0));
                let next = (0..servers).min_by(|a, b| free_in_s[*a].total_cmp(&free_in_s[*b])).unwrap();
                let customer = Customer { wait_s: free_in_s[next], service_s: service(&mut random) };
                total += figure(&customer);
                if !loss || customer.wait_s <= 0.0 {
                    free_in_s[next] += customer.service_s;
                }
            }
            if run > 0 {
                sum += total;
                squares += total * total;
            }
        }
        let runs = f64::from(RUNS);
        (squares - sum * sum / runs) / (runs - 1.0) / f64::from(CUSTOMERS)
    }

    /// Scenario: 1,500 runs of 4,000 customers each. Guarantees: the variance of their means is the
    /// formula's within 15 % (four standard errors).
    #[test]
    fn variance_by_simulation() {
        let unit = |random: &mut Random| random.exponential(1.0);
        let wait = |customer: &Customer| customer.wait_s;
        let response = |customer: &Customer| customer.wait_s + customer.service_s;
        let lost = |customer: &Customer| f64::from(u8::from(customer.wait_s > 0.0));
        close(simulated((1, 0.6, false), |_| 1.0, wait), mg1_wait_variance(0.6, [1.0; 4]), 0.15);
        close(simulated((3, 2.1, false), unit, wait), mmc_wait_variance(3, 2.1, 1.0), 0.15);
        close(simulated((1, 0.6, false), unit, response), mm1_response_variance(0.6, 1.0), 0.15);
        close(simulated((3, 2.1, true), unit, lost), mmcc_blocking_variance(3, 2.1, 1.0), 0.15);
    }
}
