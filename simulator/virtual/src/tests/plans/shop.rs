//! Random services and stores, and how they are connected: in layers, so that no call cycle occurs.

use super::messages::{consumer, within_language};
use super::steps::program;
use super::{Scenario, Service, Store, draw, named, time};
use doorbuster_scenarios::types::{
    Balancer, Costs, Discipline, Endpoint, Pool, RateLimit, Statement, Step, StoreKind, Table,
};
use doorbuster_scenarios::units::{Amount, Rate};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Rows that a scan of a random table passes in one unit of time.
const ROWS_PER_UNIT: u64 = 1_000;

fn amount(counts: std::ops::Range<u64>) -> impl Strategy<Value = Amount> {
    counts.prop_map(|count| Amount { count })
}

/// A service; its pools are by the number of the store.
pub(super) fn service(unit_ns: u64) -> impl Strategy<Value = Service> {
    let balancer = prop_oneof![Just(Balancer::RoundRobin), Just(Balancer::LeastConnections), Just(Balancer::TwoRandom)];
    let pool =
        (amount(1..4), option::of(time(unit_ns, 1..30)), any::<bool>()).prop_map(|(size, acquire_timeout, again)| {
            Pool { size, acquire_timeout, acquire_again: again && acquire_timeout.is_some() }
        });
    let workers = option::weighted(0.6, (amount(1..5), amount(0..4)));
    let pods = (amount(1..4), amount(1..4), workers, balancer);
    let guards = (costs(unit_ns), option::weighted(0.15, rate_limit(unit_ns)));
    let programs = (vec(program(unit_ns), 1..3), vec(consumer(unit_ns), 0..3));
    (pods, guards, vec(option::weighted(0.6, pool), 4), programs).prop_map(
        |((pods, cores, workers, balancer), (costs, rate_limit), pools, (programs, consumers))| {
            let endpoint = |program| Endpoint { program, ..Endpoint::default() };
            Service {
                pods,
                cores,
                workers: workers.map(|(workers, _)| workers),
                accept_queue: workers.map_or(Service::default().accept_queue, |(_, queue)| queue),
                balancer,
                costs,
                rate_limit,
                pools: (0..).zip(pools).filter_map(|(nth, pool)| Some((format!("d{nth}"), pool?))).collect(),
                endpoints: named("e", programs.into_iter().map(endpoint).collect()),
                consumers: named("c", consumers),
                ..Service::default()
            }
        },
    )
}

/// What handling requests costs: nothing, or some of it.
fn costs(unit_ns: u64) -> impl Strategy<Value = Costs> {
    let some = || option::weighted(0.4, draw(unit_ns, 6));
    let all = (some(), some(), some(), some(), some(), some()).prop_map(
        |(admission, rejection, failed_acquire, timeout, retry, answer)| Costs {
            admission,
            rejection,
            failed_acquire,
            timeout,
            retry,
            answer,
        },
    );
    option::weighted(0.5, all).prop_map(Option::unwrap_or_default)
}

fn rate_limit(unit_ns: u64) -> impl Strategy<Value = RateLimit> {
    (5..100_u32, amount(1..6)).prop_map(move |(units, burst)| RateLimit {
        rate: Rate { per_s: 1e9 / unit_ns as f64 / f64::from(units) },
        burst,
    })
}

/// A store.
pub(super) fn store(unit_ns: u64) -> impl Strategy<Value = Store> {
    let kind = prop_oneof![Just(StoreKind::Mysql), Just(StoreKind::Redis), Just(StoreKind::External)];
    let statement = (draw(unit_ns, 24), any::<bool>()).prop_map(|(cost, indexed)| Statement {
        text: "SELECT 1".to_owned(),
        cost,
        table: indexed.then(|| "t".to_owned()),
        index: indexed.then(|| "user_id".to_owned()),
        rows: Amount { count: 1 },
    });
    let statements = vec(statement, 1..3);
    (kind, amount(1..5), amount(1..4), any::<bool>(), option::of(any::<bool>()), 1..60_u64, statements).prop_map(
        move |(kind, shards, cores, fifo, cancel, scan, statements)| {
            let table = Table {
                rows: Amount { count: scan * ROWS_PER_UNIT },
                indexes: vec!["user_id".to_owned()],
                scan_rate: Rate { per_s: ROWS_PER_UNIT as f64 * 1e9 / unit_ns as f64 },
                build_rate: Rate { per_s: 1e6 },
            };
            Store {
                kind,
                shards,
                cores,
                discipline: Some(if fifo { Discipline::Fifo } else { Discipline::Ps }),
                cancel: if fifo { None } else { cancel },
                tables: [("t".to_owned(), table)].into_iter().collect(),
                statements: named("q", statements),
                topics: named("t", Vec::new()),
            }
        },
    )
}

/// Turns numbers into names: of callees in later services, of statements, of the endpoints that journeys ask.
pub(super) fn connect(scenario: &mut Scenario) {
    let topics = topics_of(scenario);
    let stores = &scenario.stores;
    let statements: Vec<(String, String)> = stores
        .iter()
        .flat_map(|(name, store)| store.statements.keys().map(move |statement| (name.clone(), statement.clone())))
        .collect();
    let endpoints: Vec<Vec<String>> = scenario
        .services
        .iter()
        .map(|(name, service)| service.endpoints.keys().map(|endpoint| format!("{name}.{endpoint}")).collect())
        .collect();
    for (nth, service) in scenario.services.values_mut().enumerate() {
        let callees: Vec<String> = endpoints[nth + 1..].concat();
        service.pools.retain(|store, _| stores.contains_key(store));
        let known = Known { callees: &callees, statements: &statements, topics: &topics };
        service.endpoints.values_mut().for_each(|endpoint| known.connect(&mut endpoint.program));
        service.consumers.values_mut().for_each(|consumer| known.connect(&mut consumer.program));
        let programs: Vec<&[Step]> = service
            .endpoints
            .values()
            .map(|endpoint| &endpoint.program[..])
            .chain(service.consumers.values().map(|consumer| &consumer.program[..]))
            .collect();
        for (store, pool) in &mut service.pools {
            // Without a timeout it would wait for ever.
            pool.acquire_again &= !programs.iter().any(|steps| waits_for_ever(steps, store));
        }
    }
    for journey in scenario.journeys.values_mut() {
        for step in &mut journey.steps {
            // Mostly those of the first service.
            let edge = if step.request == "3" { endpoints.concat() } else { endpoints[0].clone() };
            step.request = edge[number(&step.request) % edge.len()].clone();
        }
    }
    within_language(scenario);
}

/// All topics: the store, and the name.
pub(super) fn topics_of(scenario: &Scenario) -> Vec<(String, String)> {
    let of = |(name, store): (&String, &Store)| -> Vec<(String, String)> {
        store.topics.keys().map(|topic| (name.clone(), topic.clone())).collect()
    };
    scenario.stores.iter().flat_map(of).collect()
}

/// What a program can ask.
struct Known<'a> {
    callees: &'a [String],
    statements: &'a [(String, String)],
    topics: &'a [(String, String)],
}

impl Known<'_> {
    fn connect(&self, steps: &mut Vec<Step>) {
        for step in &mut *steps {
            match step {
                Step::Call(call) => {
                    if let Some(callee) = self.callees.get(number(&call.endpoint) % self.callees.len().max(1)) {
                        call.endpoint = callee.clone();
                    }
                    self.connect(&mut call.fallback);
                }
                Step::Query(query) => {
                    self.name(self.statements, &mut query.store, &mut query.statement);
                    self.connect(&mut query.fallback);
                }
                Step::Publish(publish) => {
                    self.name(self.topics, &mut publish.store, &mut publish.topic);
                    self.connect(&mut publish.fallback);
                }
                Step::Cached(cached) => {
                    self.name(self.statements, &mut cached.store, &mut cached.get);
                    // Another statement of the same store, or the same one.
                    cached.put = cached.put.take().and_then(|put| {
                        let of_store: Vec<_> =
                            self.statements.iter().filter(|(store, _)| *store == cached.store).collect();
                        Some(of_store.get(number(&put) % of_store.len().max(1))?.1.clone())
                    });
                    self.connect(&mut cached.on_miss);
                }
                Step::Branch(branch) => {
                    self.connect(&mut branch.then);
                    self.connect(&mut branch.otherwise);
                }
                Step::Parallel(strands) => strands.iter_mut().for_each(|strand| self.connect(strand)),
                Step::Compute(_) | Step::Wait(_) | Step::Fail(_) | Step::Decline(_) => {}
            }
        }
        steps.retain(|step| match step {
            Step::Call(_) => !self.callees.is_empty(),
            Step::Query(_) => !self.statements.is_empty(),
            Step::Publish(_) => !self.topics.is_empty(),
            Step::Cached(cached) => !self.statements.is_empty() && !cached.on_miss.is_empty(),
            _ => true,
        });
    }

    /// Puts names in the place of a number.
    fn name(&self, among: &[(String, String)], store: &mut String, name: &mut String) {
        if !among.is_empty() {
            (*store, *name) = among[number(name) % among.len()].clone();
        }
    }
}

/// Whether a statement to the store has no timeout.
fn waits_for_ever(steps: &[Step], store: &str) -> bool {
    steps.iter().any(|step| match step {
        Step::Call(call) => waits_for_ever(&call.fallback, store),
        Step::Query(query) => query.store == store && query.timeout.is_none() || waits_for_ever(&query.fallback, store),
        Step::Publish(publish) => {
            publish.store == store && publish.timeout.is_none() || waits_for_ever(&publish.fallback, store)
        }
        Step::Cached(cached) => {
            cached.store == store && cached.timeout.is_none() || waits_for_ever(&cached.on_miss, store)
        }
        Step::Branch(branch) => waits_for_ever(&branch.then, store) || waits_for_ever(&branch.otherwise, store),
        Step::Parallel(strands) => strands.iter().any(|strand| waits_for_ever(strand, store)),
        Step::Compute(_) | Step::Wait(_) | Step::Fail(_) | Step::Decline(_) => false,
    })
}

fn number(placeholder: &str) -> usize {
    placeholder.parse().expect("a placeholder is a number")
}
