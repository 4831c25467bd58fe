//! The section `fleet` made into services: who there is, who calls whom, what it costs, how many pods each has.
//!
//! Owns the generation. It is a function of the section and of the services written by hand: every choice is made from the
//! section's seed with integers alone. Refuses to judge the section (`check` did), and bad input but for one thing that only
//! shows here: more spans than the generated services can make.

mod draws;
mod graph;
mod program;
mod weights;

use crate::Scenario;
use crate::types::{Endpoint, Exponential, Family, Fleet, Pool, Service, Statement, Step, Store, StoreKind};
use crate::units::{Amount, Time};
use draws::Draws;
use graph::Graph;
use indexmap::IndexMap;
use weights::Weights;

/// Business lines, chosen from what a large shop has. Each is the team and the cost centre of its services, which are called
/// after it and numbered: `pricing-1`.
const LINES: [&str; 24] = [
    "pricing",
    "promotion",
    "coupon",
    "search",
    "recommendation",
    "advertising",
    "review",
    "content",
    "media",
    "merchant",
    "category",
    "brand",
    "logistics",
    "warehouse",
    "delivery",
    "returns",
    "invoice",
    "tax",
    "risk",
    "loyalty",
    "notification",
    "support",
    "analytics",
    "localization",
];
/// Names of endpoints; no generated service has more of them.
const ENDPOINTS: [&str; 4] = ["get", "list", "check", "rank"];
/// Caches and databases that generated services share: chosen, as few as spare each of them a station of its own in every table.
const STORES: [&str; 4] = ["fleet-cache-1", "fleet-cache-2", "fleet-db-1", "fleet-db-2"];
/// Cores of a generated pod: chosen, the smallest that work of one request does not block for others.
const CORES: u64 = 2;
/// Connections of a generated pod to each shard: chosen, several times what its cores can use.
const CONNECTIONS: u64 = 8;

/// The generated services cannot make as many spans as the section asks for.
pub(crate) struct TooManySpans {
    /// Spans for each call of an endpoint under `from` if every one of its requests asked.
    pub(crate) most: f64,
}

/// Name of a generated service, by its number from 0.
pub(crate) fn service_name(number: usize) -> String {
    format!("{}-{}", LINES[number % LINES.len()], number / LINES.len() + 1)
}

/// Names of the stores that generated services may have.
pub(crate) fn store_names() -> [&'static str; 4] {
    STORES
}

/// Puts the services that a scenario's checked section `fleet` stands for behind those written by hand.
pub(crate) fn expand(scenario: &mut Scenario) -> Result<(), TooManySpans> {
    let Some(fleet) = scenario.fleet.clone() else { return Ok(()) };
    let draws = Draws::new(fleet.seed.count);
    let count = fleet.services.count as usize - scenario.services.len();
    let graph = Graph::new(&fleet, count, draws);
    let weights = Weights::new(&fleet, &graph, draws)?;
    let written: u64 = scenario.services.values().map(|service| service.pods.count).sum();
    let pods = weights.pods(&graph, draws, fleet.pods.count - written);
    for (number, pods) in pods.into_iter().enumerate() {
        scenario.services.insert(service_name(number), service(&fleet, &graph, draws, number, pods));
    }
    for (nth, from) in fleet.from.iter().enumerate() {
        let (service, endpoint) = from.split_once('.').expect("invariant: a checked reference");
        let program = &mut scenario.services[service].endpoints[endpoint].program;
        program.push(program::ask(weights.ask_ratio(nth), weights.entries(nth)));
    }
    for name in STORES {
        let is_used = scenario.services.values().any(|service| service.pools.contains_key(name));
        if is_used {
            scenario.stores.insert(name.to_owned(), store(name));
        }
    }
    Ok(())
}

fn service(fleet: &Fleet, graph: &Graph, draws: Draws, number: usize, pods: u64) -> Service {
    let line = LINES[number % LINES.len()];
    let mut pools = IndexMap::new();
    let mut endpoints = IndexMap::new();
    for (nth, name) in ENDPOINTS.iter().enumerate().take(graph.endpoints(number)) {
        let id = graph::Id { service: number, endpoint: nth };
        let query = graph.store(id, draws);
        if let Some(store) = query {
            let size = Amount { count: CONNECTIONS };
            // Chosen: under half of the query's timeout, so that a statement has time left.
            let pool = Pool { size, acquire_timeout: Some(Time::from_ms(100)), acquire_again: false };
            pools.insert(STORES[store].to_owned(), pool);
        }
        // A third over HTTP, the others gRPC: chosen.
        let is_http = draws.of("http", number, nth).is_multiple_of(3);
        let endpoint = Endpoint {
            method: None,
            route: is_http.then(|| format!("/{line}/v1/{name}")),
            program: program::program(fleet, graph, draws, id, query.map(|store| STORES[store])),
        };
        endpoints.insert((*name).to_owned(), endpoint);
    }
    let version = draws.of("version", number, 0);
    Service {
        pods: Amount { count: pods },
        cores: Amount { count: CORES },
        version: format!("1.{}.{}", version % 20, (version >> 32) % 10),
        team: line.to_owned(),
        cost_center: line.to_owned(),
        pools,
        endpoints,
        ..Service::default()
    }
}

/// A store of the size of the shop's own smaller ones: chosen, such that it is idle at what `spans: 1` brings.
fn store(name: &str) -> Store {
    let is_cache = name.contains("cache");
    let (kind, shards, cores) = if is_cache { (StoreKind::Redis, 8, 1) } else { (StoreKind::Mysql, 4, 8) };
    let (text, mean_us) = if is_cache { ("GET", 40) } else { ("SELECT * FROM records WHERE id = ?", 1_000) };
    let statement = Statement {
        text: text.to_owned(),
        cost: exponential(mean_us),
        table: None,
        index: None,
        rows: Amount { count: 1 },
    };
    Store {
        kind,
        shards: Amount { count: shards },
        cores: Amount { count: cores },
        discipline: None,
        cancel: None,
        tables: IndexMap::new(),
        topics: IndexMap::new(),
        statements: IndexMap::from([(program::STATEMENT.to_owned(), statement)]),
    }
}

fn exponential(mean_us: u64) -> crate::types::Draw {
    crate::types::Draw::Family(Family::Exponential(Exponential { mean: Time { ns: mean_us * 1_000 } }))
}

/// Work of a generated endpoint.
fn compute(draws: Draws, id: graph::Id) -> Step {
    Step::Compute(exponential(compute_us(draws, id)))
}

/// Mean work of a generated endpoint in microseconds: chosen, hundreds of them, as handlers have that mostly ask others.
fn compute_us(draws: Draws, id: graph::Id) -> u64 {
    const MEANS_US: [u64; 6] = [100, 150, 200, 300, 500, 800];
    MEANS_US[draws.below("compute", id.service, id.endpoint, MEANS_US.len())]
}
