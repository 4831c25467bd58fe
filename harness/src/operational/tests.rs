//! Numbers by hand.

use super::*;
use doorbuster_model::compile::compile;
use doorbuster_scenarios::{Source, load};

fn analysed(text: &str, sets: &[&str]) -> Analysis {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let source = Source::Text { name: "by-hand".to_owned(), text: text.to_owned() };
    let loaded = load(&source, &sets).unwrap_or_else(|told| panic!("{told}"));
    analyse(&compile(&loaded.name, &loaded.scenario, 1))
}

fn station<'a>(analysis: &'a Analysis, name: &str) -> &'a StationLoad {
    analysis.stations.iter().find(|station| station.name == name).unwrap_or_else(|| panic!("no station {name}"))
}

/// Tables of draws keep their means to a few parts in a million.
fn same(what: &str, value: f64, by_hand: f64) {
    assert!((value - by_hand).abs() <= by_hand.abs() * 3e-6, "{what} is {value}, by hand it is {by_hand}");
}

/// *Scenario* the tandem of the theory tests: 500/s a cell, a core with 1 ms, then a cache with 1.2 ms.
///
/// *Guarantees* loads of 0.5 and 0.6; the cache is full first, at 100 cells / 1.2 ms.
#[test]
fn a_tandem_is_as_computed_by_hand() {
    let analysis = analysed(include_str!("../theory/cases/tandem.yaml"), &[]);
    same("the peak", analysis.peak_requests_per_s, 50_000.0);
    same("cores", station(&analysis, "shop.cores").utilization_at_peak, 0.5);
    same("cache", station(&analysis, "cache.cores").utilization_at_peak, 0.6);
    let first = analysis.bottleneck().expect("there is one");
    assert_eq!(first.name, "cache.cores");
    same("full at", first.full_at_requests_per_s.unwrap(), 100.0 / 1.2e-3);
    same("headroom", first.headroom().unwrap(), 1.0 / 0.6);
    same("in flight", analysis.requests_in_flight, 50_000.0 * 2.2e-3);
    same("spans", analysis.spans_per_request, 2.0);
}

/// A hop of 1.024 ms is 1,000 ticks.
const SHOP: &str = "
network: {hop: 1024us}
services:
  edge:
    pods: 2
    cores: 4
    workers: 10
    pools: {db: {size: 4}}
    endpoints:
      show:
        do:
          - compute: 2ms
          - branch:
              probability: 25%
              do: [call: {endpoint: inner.ask, optional: true, retry: {attempts: 3, backoff: 10ms}}]
              else: [wait: 4ms]
          - parallel: [[wait: 6ms], [query: {store: db, statement: get}]]
          - decline: {probability: 10%}
          - fail: {probability: 20%, error: bad_luck}
  inner:
    endpoints:
      ask: {do: [compute: 1ms, fail: {probability: 50%, error: coin}]}
      idle: {do: [compute: 1ms]}
stores:
  db:
    kind: mysql
    shards: 2
    statements: {get: {text: SELECT 1, cost: 3ms}}
journeys:
  look:
    weight: 3
    steps: [{request: edge.show, repeat: 2, think: 1s}, {request: edge.show, reach: 50%}]
  glance:
    weight: 1
    steps: [request: edge.show]
traffic: {poisson: 100/s}
";

/// *Scenario* a branch, tries after a `fail`, an optional call, strands, a declined and a failed answer, `repeat` and
/// `reach`, two journeys.
///
/// *Guarantees* visits, stays and utilizations as computed by hand, those by Little's law included.
#[test]
fn every_mechanism_of_a_program_is_as_computed_by_hand() {
    let analysis = analysed(SHOP, &[]);
    // Asked up to three times, each time failing for one in two: 1 + 1/2 + 1/4 tries, 3/4 backoffs.
    let tries = 1.75;
    let ask_s = tries * (2.048e-3 + 1e-3) + 0.75 * 10e-3;
    let show_s = 2e-3 + 0.25 * ask_s + 0.75 * 4e-3 + 6e-3;
    // Ends well for 0.9 * 0.8; a shopper goes on only then.
    let well = 0.72;
    let look = 1.0 + well + well * well * 0.5;
    let shows_per_start = 0.75 * look + 0.25;
    let stated_per_start = 0.75 * 2.5 + 0.25;
    let starts_per_s = 100.0 / stated_per_start;
    let shows_per_s = starts_per_s * shows_per_start;

    let [show, ask, idle] = analysis.endpoints.as_slice() else { panic!("three endpoints") };
    same("shows", show.per_s, shows_per_s);
    same("shows of shoppers", show.from_shoppers_per_s, shows_per_s);
    same("a show alone", show.alone_s, show_s);
    same("asks", ask.per_s, shows_per_s * 0.25 * tries);
    assert_eq!((ask.from_shoppers_per_s.to_bits(), idle.per_s.to_bits()), (0.0_f64.to_bits(), 0.0_f64.to_bits()));
    same("statements", analysis.statements[0].per_s, shows_per_s);
    same("cores", station(&analysis, "edge.cores").utilization_at_peak, shows_per_s * 2e-3 / 8.0);
    same("workers", station(&analysis, "edge.workers").utilization_at_peak, shows_per_s * show_s / 20.0);
    same("pool", station(&analysis, "edge.pool.db").utilization_at_peak, shows_per_s * 5.048e-3 / 16.0);
    same("inner cores", station(&analysis, "inner.cores").utilization_at_peak, shows_per_s * 0.4375 * 1e-3);
    same("shards", station(&analysis, "db.cores").utilization_at_peak, shows_per_s * 3e-3 / 2.0);
    let shards = station(&analysis, "db.cores");
    same("full at", shards.full_at_requests_per_s.unwrap(), 100.0 / shards.utilization_at_peak);
    same("visits", shards.visits_per_request, shows_per_start / stated_per_start);
    same("each", shards.visit_s(), 3e-3);
    let look_s = look * (2.048e-3 + show_s) + well * 1.0;
    let journey_s = 0.75 * look_s + 0.25 * (2.048e-3 + show_s);
    same("shoppers", analysis.shoppers, starts_per_s * journey_s);
    same("in flight", analysis.requests_in_flight, shows_per_s * (1.024e-3 + show_s));
    // A server span; for each try at `inner` a client's and a server's; the statement's.
    same("spans", analysis.spans_per_s, shows_per_s * (2.0 + 2.0 * 0.4375));
    let frames_s = (2.048e-3 + show_s + 6e-3 + 5.048e-3) + 0.4375 * 3.048e-3 + 5.048e-3;
    same("frames", analysis.frames_of_a_cell, analysis.shoppers + shows_per_s * frames_s);
    assert!(analysis.hopeless.is_empty(), "{:?}", analysis.hopeless);
}

/// *Scenario* a strand that fails, and one whose answer is declined.
///
/// *Guarantees* the program fails as often as a strand does, and is declined if it lives and a strand was.
#[test]
fn a_fork_ends_as_its_strands_do() {
    let text = "
services:
  a:
    endpoints:
      x: {do: [parallel: [[fail: {probability: 50%, error: e}], [decline: {probability: 20%}]], compute: 1ms]}
      y: {do: [call: {endpoint: a.x, retry: {attempts: 2}}, compute: 1ms]}
journeys: {j: {weight: 1, steps: [request: a.y], on_failure: {retry: 100%, attempts: 2, after: 1s}}}
traffic: {constant: 10/s}
";
    let analysis = analysed(text, &[]);
    // x ends well for 0.4, declined for 0.1, so y does for 0.6 and 0.15 with two tries each; shoppers repeat all but the first.
    let requests_per_s = 10.0 * (1.0 + (1.0 - 0.6));
    same("y", analysis.endpoints[1].per_s, requests_per_s);
    same("x", analysis.endpoints[0].per_s, requests_per_s * 1.5);
    same("cores", station(&analysis, "a.cores").utilization_at_peak, requests_per_s * 1e-3 * (1.5 * 0.5 + 0.75));
}

/// *Scenario* the closed network of the theory tests, with few users and with many.
///
/// *Guarantees* the asymptotic bounds: `N / (D + Z)` below the knee, `1 / Dmax` above it, and where they meet.
#[test]
fn a_closed_loop_has_its_asymptotic_bounds() {
    let text = include_str!("../theory/cases/closed.yaml");
    let analysis = analysed(text, &[]);
    let Traffic::Closed(closed) = analysis.traffic else { panic!("it is closed") };
    let stations_s =
        [("shop.cores", 4e-3 / 2.0), ("cache.cores", 2e-3), ("db.cores", station(&analysis, "db.cores").demand_s)];
    let round_s = 10e-3 + 4e-3 + 2e-3 + stations_s[2].1;
    same("a round", closed.round_s, round_s);
    same("unhindered", closed.unhindered_per_s, 600.0 / round_s);
    let most = stations_s.iter().map(|(_, demand_s)| *demand_s).fold(0.0, f64::max);
    same("knee", closed.knee_users.unwrap(), 100.0 * round_s / most);
    same("the most", analysis.peak_requests_per_s, (600.0 / round_s).min(100.0 / most));
    let crowded = analysed(text, &["traffic.closed.users=60k"]);
    same("crowded", crowded.peak_requests_per_s, 100.0 / most);
    same("full", crowded.bottleneck().unwrap().utilization_at_peak, 1.0);
}

/// *Scenario* a curve whose highest point lies beyond the end of the run.
///
/// *Guarantees* the peak is the rate at the end; requests are the area under the curve.
#[test]
fn what_comes_after_the_end_does_not_count() {
    let curve = "{curve: [{at: 0s, rate: 10/s}, {at: 100s, rate: 10/s}, {at: 500s, rate: 410/s}]}";
    let analysis = analysed(SHOP, &[&format!("traffic={curve}"), "duration=300s"]);
    let Traffic::Open(offered) = &analysis.traffic else { panic!("it is open") };
    assert_eq!(offered.points, [(0.0, 10.0), (100.0, 10.0), (300.0, 210.0)]);
    same("the peak", analysis.peak_requests_per_s, 210.0);
    same("when", offered.peak_at_s, 300.0);
    same("requests", offered.requests, 1_000.0 + 200.0 * 110.0);
    let flat = analysed(SHOP, &[]);
    let Traffic::Open(offered) = &flat.traffic else { panic!("it is open") };
    assert_eq!(offered.points.len(), 2, "a flat rate lasts to the end");
}

/// *Scenario* a call whose callee waits for longer than its timeout.
///
/// *Guarantees* that is said, with both times: averages of a healthy shop mean nothing there.
#[test]
fn a_call_that_can_only_time_out_is_told() {
    let analysis = analysed(SHOP, &["services.edge.endpoints.show.do.1.branch.do.0.call.timeout=2ms"]);
    let [place] = analysis.hopeless.as_slice() else { panic!("{:?}", analysis.hopeless) };
    assert_eq!((place.asker.as_str(), place.asked.as_str()), ("edge.show", "inner.ask"));
    same("takes", place.takes_s, 3.048e-3);
}
