//! What happens at a pod's door: workers, accept queue, rate limit, the choice of a pod, and shoppers who come again.

use super::*;
use crate::faults::Command;

/// Ten users ask at the same moment: two workers, three places in the queue.
const DOOR: &str = r"
services:
  shop:
    cores: 2
    workers: 2
    accept_queue: 3
    costs: {admission: <1>, rejection: <2>}
    endpoints: {serve: {do: [{wait: <10>}, {compute: <3>}]}}
traffic: {closed: {users: 10, think: <1000>}}
";

/// *Scenario* Ten requests at one moment, two workers, three places to wait; taking one in costs 1, turning one away 2.
/// *Guarantees* Two begin at once, three wait, five are refused; CPU is 5 x (1 + 3) + 5 x 2. The five rejections take
/// the two cores first come, first served, beside two admissions: 1, 1, then 2 each in pairs, the last alone.
#[test]
fn workers_and_the_accept_queue_bound_what_is_let_in() {
    let plan = plan(DOOR);
    let slice = played(&plan, 1_500);
    assert_eq!(ended(&plan, &slice, "serve", Outcome::Ok), 5);
    assert_eq!(ended(&plan, &slice, "serve", Outcome::Refused), 5);
    close(busy_units(&plan, &slice, StationId::Cores(0)), 5.0 * 4.0 + 5.0 * 2.0);
    let workers = totals(&plan, &slice, StationId::Workers(0));
    assert_eq!((workers.served, workers.max_waiting, workers.gave_up), (5, 3, 0));
    // The first two: admitted by 1, waited by 11, done by 14. Two of those who wait: by 28; the last: by 42.
    let answered = 2.0 * 14.0 + 2.0 * 28.0 + 42.0;
    // Cores are free from 1 on: rejections are done by 3, 3, 5, 5, 7.
    let refused = 3.0 + 3.0 + 5.0 + 5.0 + 7.0;
    close(latency_units(&plan, &slice, "serve"), answered + refused);
}

/// *Scenario* A request every 10 units for 10,000 units, at a limit of one in 25 with a burst of 5.
/// *Guarantees* The burst and the rate pass: 5 + 10,000 / 25, up to one at either end; the others are rate limited, each
/// with a server span; and once the limit is lifted all pass.
#[test]
fn a_rate_limit_lets_through_its_burst_and_its_rate() {
    // 1 in 25 units of 1.024 ms is 39.0625 a second; 1 in 10 is 97.65625.
    let plan = plan(
        "services: {shop: {rate_limit: {rate: 39.0625/s, burst: 5}, endpoints: {serve: {do: [{compute: <1>}]}}}}\n\
         traffic: {constant: 97.65625/s}\n",
    );
    let mut cell = cell(&plan);
    cell.play(10_000 * UNIT).expect("a small shop holds little");
    let slice = seen(&mut cell);
    let passed = ended(&plan, &slice, "serve", Outcome::Ok);
    assert!((404..=406).contains(&passed), "{passed}");
    let limited = ended(&plan, &slice, "serve", Outcome::RateLimited);
    assert!((998..=1_000).contains(&(passed + limited)), "{passed} and {limited}");
    cell.apply(&Command::RateLimit { service: 0, limit: None });
    cell.play(20_000 * UNIT).expect("a small shop holds little");
    let slice = seen(&mut cell);
    assert!(ended(&plan, &slice, "serve", Outcome::RateLimited) >= 590, "the service's own limit holds again");
    cell.drain().expect("a small shop holds little");
    assert_eq!(cell.consumer.spans() as u64, cell.ledger().arrivals, "whoever is turned away by a limit leaves a span");
}

fn balanced(balancer: &str) -> String {
    format!(
        "services: {{shop: {{pods: 100, balancer: {balancer}, endpoints: {{serve: {{do: [{{wait: <1000>}}]}}}}}}}}\n\
         traffic: {{closed: {{users: 10000, think: <10>}}}}\n"
    )
}

/// *Scenario* Ten thousand requests at one moment, over a hundred pods.
/// *Guarantees* One after the other, and to the least busy: a hundred at each pod. The less busy of two at random: at most
/// ln ln 100 / ln 2 and a few over a hundred (Mitzenmacher 2001), where one at random would be thirty over.
#[test]
fn balancers_spread_as_they_say() {
    for (balancer, most) in [("round_robin", 100), ("least_connections", 100), ("two_random", 106)] {
        let plan = plan(&balanced(balancer));
        let mut cell = cell(&plan);
        cell.play(20 * UNIT).expect("a small shop holds little");
        let levels: Vec<u32> = cell.pods.iter().map(|pod| pod.in_flight.level).collect();
        assert_eq!(levels.iter().sum::<u32>(), 10_000);
        assert!(levels.iter().all(|level| *level <= most), "{balancer}: {levels:?}");
    }
}

/// *Scenario* A service of one pod, at the limit of its core, gets three more.
/// *Guarantees* Requests go round all four from then on, and the capacity that is told grows with them.
#[test]
fn added_pods_take_their_part() {
    let plan = plan(
        "services: {shop: {endpoints: {serve: {do: [{compute: <8>}]}}}}\n\
         remedies: {more: {action: {scale_out: {service: shop, pods: 4, start_up: 1s}}, start: {at: 1s}}}\n\
         traffic: {constant: 97.65625/s}\n",
    );
    let mut cell = cell(&plan);
    cell.play(1_000 * UNIT).expect("a small shop holds little");
    let alone = totals(&plan, &seen(&mut cell), StationId::Cores(0));
    assert_eq!((alone.capacity, alone.capacity_ticks), (1, 1_000 * UNIT));
    cell.apply(&Command::Rotation { service: 0, out: Vec::new(), into: (0..4).collect(), retires: false });
    cell.play(5_000 * UNIT).expect("a small shop holds little");
    let slice = seen(&mut cell);
    let four = totals(&plan, &slice, StationId::Cores(0));
    assert_eq!((four.capacity, four.capacity_ticks), (4, 4 * 4_000 * UNIT));
    // A request every 10 units, 8 of work each, over four cores.
    let utilization = four.busy_ticks as f64 / four.capacity_ticks as f64;
    assert!((utilization - 0.2).abs() < 0.001, "{utilization}");
    let served: Vec<u64> = cell.pods.iter().map(|pod| pod.workers.served).collect();
    assert_eq!(served[1..], [100, 100, 100], "{served:?}");
}

/// *Scenario* Ten users ask what always fails, and try three times in all, or never again.
/// *Guarantees* Three attempts or one for each user, all of them affected, all of them giving up; and time passes between.
#[test]
fn shoppers_come_again_or_give_up() {
    for (retry, tries) in [("100%", 3), ("0%", 1)] {
        let plan = plan(&format!(
            "services: {{shop: {{endpoints: {{serve: {{do: [{{fail: {{probability: 100%, error: broken}}}}]}}}}}}}}\n\
             journeys: {{ask: {{weight: 1, steps: [{{request: shop.serve}}], on_failure: {{retry: {retry}, attempts: 3, after: <20>}}}}}}\n\
             traffic: {{closed: {{users: 10, think: <1000>}}}}\n"
        ));
        let slice = played(&plan, 1_500);
        assert_eq!(ended(&plan, &slice, "serve", Outcome::Error), 10 * tries);
        assert_eq!((slice.endpoints[0].affected, slice.endpoints[0].given_up), (10, 10));
        // Before the second half of the first pause, only the first tries are made.
        let mut early = cell(&plan);
        early.play(1_010 * UNIT).expect("a small shop holds little");
        assert_eq!(ended(&plan, &seen(&mut early), "serve", Outcome::Error), 10);
    }
}

fn impatient(disconnect: bool) -> String {
    format!(
        "services:\n  gateway: {{endpoints: {{serve: {{do: [{{call: {{endpoint: shop.work}}}}]}}}}}}\n  \
         shop: {{endpoints: {{work: {{do: [{{wait: <60>}}, {{compute: <10>}}]}}}}}}\n\
         journeys: {{ask: {{weight: 1, patience: <50>, disconnect: {disconnect}, steps: [{{request: gateway.serve}}]}}}}\n\
         traffic: {{closed: {{users: 1, think: <1000>}}}}\n"
    )
}

/// *Scenario* A shopper walks away after 50 from a request that takes 70.
/// *Guarantees* If the shop is not told, it finishes what nobody waits for, which counts as answered and as abandoned,
/// never as a success; if it is told, the work behind the gateway is never done.
#[test]
fn a_disconnect_reaches_the_shop_or_not() {
    let unaware = plan(&impatient(false));
    let slice = played(&unaware, 1_500);
    assert_eq!(ended(&unaware, &slice, "serve", Outcome::Ok), 1);
    let gateway = &slice.endpoints[0];
    assert_eq!((gateway.abandoned, gateway.succeeded(), gateway.affected), (1, 0, 1));
    close(busy_units(&unaware, &slice, StationId::Cores(1)), 10.0);
    let told = plan(&impatient(true));
    let slice = played(&told, 1_500);
    assert_eq!(ended(&told, &slice, "serve", Outcome::Cancelled), 1);
    assert_eq!(ended(&told, &slice, "work", Outcome::Cancelled), 1);
    close(busy_units(&told, &slice, StationId::Cores(1)), 0.0);
}
