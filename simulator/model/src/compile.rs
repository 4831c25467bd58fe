//! Scenario to plan.
//!
//! Owns the numbering and the layout of programs. Refuses bad input: the scenario was checked, so a
//! name that leads nowhere here is our own bug.

mod journeys;
mod origins;
mod program;

use crate::draws::Table;
use crate::key::name_hash;
use crate::plan::{
    Ask, Consumer, ConsumerId, Costs, Endpoint, EndpointId, Instr, NONE, Plan, Pool, Release, Scan, Service, Shape,
    Stand, Statement, Store,
};
use crate::policies::BucketRule;
use crate::time::{Ticks, ticks_from_ns};
use doorbuster_scenarios::Scenario;
use doorbuster_scenarios::types::{
    Action, Consumer as ConsumerOf, Costs as CostsOf, Discipline, Draw, FaultKind, Service as ServiceOf, Step,
    StoreKind, Table as TableOf,
};
use doorbuster_scenarios::units::{Amount, Rate};
use indexmap::IndexMap;

/// Compiles a checked scenario for one seed.
///
/// # Panics
/// If the scenario was not checked.
#[must_use]
pub fn compile(name: &str, scenario: &Scenario, seed: u64) -> Plan {
    let mut compiler = Compiler::new(name, scenario, seed);
    compiler.stores();
    compiler.services();
    compiler.programs();
    compiler.journeys();
    compiler.origins();
    compiler.for_engines();
    compiler.plan
}

/// A plan in the making.
struct Compiler<'a> {
    scenario: &'a Scenario,
    plan: Plan,
    endpoint_ids: IndexMap<String, EndpointId>,
    trees: IndexMap<String, u32>,
}

impl<'a> Compiler<'a> {
    fn new(name: &str, scenario: &'a Scenario, seed: u64) -> Self {
        let plan = Plan {
            name: name.to_owned(),
            seed,
            cells_fleet: scenario.cells.fleet.count as u32,
            duration_s: (scenario.duration.ns / 1_000_000_000) as u32,
            warmup_s: (scenario.warmup.ns / 1_000_000_000) as u32,
            hop: ticks_from_ns(scenario.network.hop.ns),
            code: Vec::new(),
            endpoint_of: Vec::new(),
            stands: Vec::new(),
            services: Vec::new(),
            endpoints: Vec::new(),
            sites: Vec::new(),
            asks: Vec::new(),
            stores: Vec::new(),
            statements: Vec::new(),
            pools: Vec::new(),
            pool_instances: 0,
            breaker_instances: 0,
            budget_instances: 0,
            consumers: Vec::new(),
            partition_instances: 0,
            origins: Vec::new(),
            caches: Vec::new(),
            draws: Vec::new(),
            journeys: Vec::new(),
            arrivals: crate::plan::Arrivals::Open { curve: vec![(0.0, 0.0)], random: true, requests_per_start: 1.0 },
            shapes: Vec::new(),
            tiers: shares(&scenario.tiers, "normal"),
            touch_points: shares(&scenario.touch_points, "web"),
        };
        let mut endpoint_ids = IndexMap::new();
        for (service, body) in &scenario.services {
            for endpoint in body.endpoints.keys().chain(body.consumers.keys()) {
                endpoint_ids.insert(format!("{service}.{endpoint}"), endpoint_ids.len() as EndpointId);
            }
        }
        Self { scenario, plan, endpoint_ids, trees: IndexMap::new() }
    }

    /// The tables that follow from the others.
    fn for_engines(&mut self) {
        let endpoints = &self.plan.endpoints;
        let stand = |(instr, endpoint): (&Instr, &EndpointId)| Stand {
            endpoint: *endpoint,
            shape: endpoints.get(usize::from(*endpoint)).map_or(NONE, |endpoint| endpoint.shape),
            site: match *instr {
                Instr::Call(site) | Instr::Query(site) | Instr::Request(site) => site,
                _ => NONE,
            },
        };
        self.plan.stands = self.plan.code.iter().zip(&self.plan.endpoint_of).map(stand).collect();
        self.plan.asks = Ask::all(&self.plan);
    }

    fn stores(&mut self) {
        for (name, store) in &self.scenario.stores {
            let discipline = store.discipline.unwrap_or(match store.kind {
                StoreKind::Redis | StoreKind::Kafka => Discipline::Fifo,
                StoreKind::Mysql
                | StoreKind::Mongodb
                | StoreKind::Elasticsearch
                | StoreKind::ObjectStorage
                | StoreKind::External => Discipline::Ps,
            });
            let first_statement = self.plan.statements.len() as u16;
            for (statement_name, statement) in &store.statements {
                let cost = self.draw(&statement.cost);
                let scan = statement.index.as_ref().map(|index| {
                    let table = statement.table.as_ref().expect("invariant: an index has its table");
                    scan(table, &store.tables[table], index)
                });
                self.plan.statements.push(Statement {
                    store: self.plan.stores.len() as u16,
                    name: statement_name.clone(),
                    text: statement.text.clone(),
                    partitions: 0,
                    cost,
                    rows: statement.rows.count,
                    scan,
                });
            }
            for (topic_name, topic) in &store.topics {
                let cost = self.draw(&topic.cost);
                self.plan.statements.push(Statement {
                    store: self.plan.stores.len() as u16,
                    name: topic_name.clone(),
                    text: String::new(),
                    partitions: topic.partitions.count as u16,
                    cost,
                    rows: 1,
                    scan: None,
                });
            }
            self.plan.stores.push(Store {
                name: name.clone(),
                kind: store.kind,
                shards: store.shards.count as u16,
                cores: store.cores.count as u32,
                discipline,
                cancel: store.cancel.unwrap_or(discipline == Discipline::Ps),
                first_statement,
                statement_count: (store.statements.len() + store.topics.len()) as u16,
                place: name_hash(name),
            });
        }
    }

    fn services(&mut self) {
        let mut first_pod = 0_u16;
        for (name, service) in &self.scenario.services {
            let id = self.plan.services.len() as u16;
            let scaled = self.most_pods(name, service);
            let releases = self.releases(name, service, scaled);
            let pods = scaled + releases.iter().map(|release| release.pods).sum::<u16>();
            for (store_name, pool) in &service.pools {
                let store = self.store_id(store_name);
                let first_instance = self.plan.pool_instances;
                self.plan.pool_instances += u32::from(pods) * u32::from(self.plan.stores[usize::from(store)].shards);
                self.plan.pools.push(Pool {
                    service: id,
                    store,
                    size: pool.size.count as u32,
                    acquire_timeout: pool.acquire_timeout.map(|time| ticks_from_ns(time.ns).max(1)),
                    acquire_again: pool.acquire_again,
                    first_instance,
                });
            }
            let costs = self.costs(&service.costs);
            self.plan.services.push(Service {
                name: name.clone(),
                first_pod,
                pods,
                pods_at_first: service.pods.count as u16,
                cores: service.cores.count as u32,
                workers: service.workers.map_or(u32::MAX, |workers| workers.count as u32),
                accept_queue: service.accept_queue.count as u32,
                balancer: service.balancer,
                costs,
                rate_limit: service
                    .rate_limit
                    .as_ref()
                    .map(|limit| pod_limit(limit.rate, limit.burst, self.plan.cells_fleet, service.pods.count as u16)),
                version: service.version.clone(),
                releases,
                team: if service.team.is_empty() { name.clone() } else { service.team.clone() },
                cost_center: if service.cost_center.is_empty() {
                    "shop".to_owned()
                } else {
                    service.cost_center.clone()
                },
                place: name_hash(name),
            });
            first_pod = first_pod.checked_add(pods).expect("invariant: a cell has at most 65,535 pods");
        }
    }

    /// Pods of a service in a cell once every remedy has scaled it out.
    fn most_pods(&self, name: &str, service: &ServiceOf) -> u16 {
        let scaled = self.scenario.remedies.values().filter_map(|remedy| match &remedy.action {
            Action::ScaleOut(scale) if scale.service == name => Some(scale.pods.count),
            _ => None,
        });
        scaled.fold(service.pods.count, u64::max) as u16
    }

    /// Pods that releases bring; they are numbered after all others.
    fn releases(&self, name: &str, service: &ServiceOf, mut first: u16) -> Vec<Release> {
        let mut releases = Vec::new();
        for (fault_name, fault) in &self.scenario.faults {
            let FaultKind::BadRelease(bad) = &fault.change else { continue };
            let pods = (bad.pods.ratio * fault.intensity.ratio * service.pods.count as f64).round() as u16;
            if bad.service == name && pods > 0 {
                releases.push(Release { fault: fault_name.clone(), version: bad.version.clone(), first, pods });
                first += pods;
            }
        }
        releases
    }

    fn costs(&mut self, costs: &CostsOf) -> Costs {
        let mut cost = |draw: &Option<Draw>| draw.as_ref().map(|draw| self.draw(draw));
        Costs {
            admission: cost(&costs.admission),
            rejection: cost(&costs.rejection),
            failed_acquire: cost(&costs.failed_acquire),
            timeout: cost(&costs.timeout),
            retry: cost(&costs.retry),
            answer: cost(&costs.answer),
        }
    }

    /// Lays out the program of every endpoint and consumer. Entries are filled in order, so ids hold before code exists.
    fn programs(&mut self) {
        for (service_index, (service, body)) in self.scenario.services.iter().enumerate() {
            for (name, endpoint) in &body.endpoints {
                let http = endpoint
                    .route
                    .as_ref()
                    .map(|route| (endpoint.method.clone().unwrap_or_else(|| "GET".to_owned()), route.clone()));
                self.program(service_index, service, name, &endpoint.program, http, None);
            }
            for (name, consumer) in &body.consumers {
                let id = self.consumer(service, name, consumer);
                self.program(service_index, service, name, &consumer.program, None, Some(id));
            }
        }
    }

    fn program(
        &mut self,
        service_index: usize,
        service: &str,
        name: &str,
        steps: &[Step],
        http: Option<(String, String)>,
        consumes: Option<ConsumerId>,
    ) {
        let id = self.plan.endpoints.len() as EndpointId;
        let shape = self.shape(Shape::Server(id));
        let tree = self.tree(&format!("{service}.{name}"));
        let entry = self.plan.code.len() as u16;
        let service = service_index as u16;
        self.plan.endpoints.push(Endpoint { service, name: name.to_owned(), http, consumes, entry, tree, shape });
        program::Layout::new(self, id).lay_out(steps);
    }

    fn consumer(&mut self, service: &str, name: &str, consumer: &ConsumerOf) -> ConsumerId {
        let topic = self.topic_id(&consumer.store, &consumer.topic);
        let nth = self.plan.consumers.iter().filter(|other| other.topic == topic).count() as u8;
        self.plan.consumers.push(Consumer {
            endpoint: self.plan.endpoints.len() as EndpointId,
            topic,
            first_partition: self.plan.partition_instances,
            nth,
            place: name_hash(&format!("{service}.{name}")),
        });
        self.plan.partition_instances += u32::from(self.plan.statements[usize::from(topic)].partitions);
        (self.plan.consumers.len() - 1) as ConsumerId
    }

    /// Spans that one call of an endpoint makes at most, its own included.
    fn tree(&mut self, endpoint: &str) -> u32 {
        if let Some(size) = self.trees.get(endpoint) {
            return *size;
        }
        let (service, name) = endpoint.split_once('.').expect("invariant: an endpoint is service.endpoint");
        let scenario = self.scenario;
        let body = &scenario.services[service];
        let program = body.endpoints.get(name).map(|endpoint| &endpoint.program);
        let program = program.unwrap_or_else(|| &body.consumers[name].program);
        let size = 1 + self.tree_of_steps(program);
        self.trees.insert(endpoint.to_owned(), size);
        size
    }

    fn tree_of_steps(&mut self, steps: &[Step]) -> u32 {
        let mut size = 0;
        for step in steps {
            size += match step {
                Step::Call(call) => {
                    let attempts = call.retry.as_ref().map_or(1, |retry| retry.attempts.count as u32);
                    attempts * (1 + self.tree(&call.endpoint)) + self.tree_of_steps(&call.fallback)
                }
                Step::Query(query) => {
                    let attempts = query.retry.as_ref().map_or(1, |retry| retry.attempts.count as u32);
                    attempts + self.tree_of_steps(&query.fallback)
                }
                Step::Publish(publish) => {
                    let attempts = publish.retry.as_ref().map_or(1, |retry| retry.attempts.count as u32);
                    attempts + self.tree_of_steps(&publish.fallback)
                }
                Step::Cached(cached) => 1 + self.tree_of_steps(&cached.on_miss) + u32::from(cached.put.is_some()),
                Step::Branch(branch) => self.tree_of_steps(&branch.then) + self.tree_of_steps(&branch.otherwise),
                Step::Parallel(strands) => strands.iter().map(|strand| self.tree_of_steps(strand)).sum(),
                Step::Compute(_) | Step::Wait(_) | Step::Fail(_) | Step::Decline(_) => 0,
            };
        }
        size
    }

    fn draw(&mut self, draw: &Draw) -> u16 {
        self.plan.draws.push(Table::build(draw));
        (self.plan.draws.len() - 1) as u16
    }

    fn shape(&mut self, shape: Shape) -> u16 {
        self.plan.shapes.push(shape);
        (self.plan.shapes.len() - 1) as u16
    }

    fn store_id(&self, name: &str) -> u16 {
        self.scenario.stores.get_index_of(name).expect("invariant: a checked store") as u16
    }

    fn statement_id(&self, store: &str, statement: &str) -> u16 {
        let store_id = self.store_id(store);
        let within = self.scenario.stores[store].statements.get_index_of(statement);
        self.plan.stores[usize::from(store_id)].first_statement + within.expect("invariant: a checked statement") as u16
    }

    /// The topics of a store are numbered after its statements.
    fn topic_id(&self, store: &str, topic: &str) -> u16 {
        let store_id = self.store_id(store);
        let body = &self.scenario.stores[store];
        let within = body.topics.get_index_of(topic).expect("invariant: a checked topic");
        self.plan.stores[usize::from(store_id)].first_statement + (body.statements.len() + within) as u16
    }

    fn endpoint_id(&self, name: &str) -> EndpointId {
        *self.endpoint_ids.get(name).expect("invariant: a checked endpoint")
    }

    /// The pool of a service to a store, or [`NONE`].
    fn pool_id(&self, service: u16, store: u16) -> u16 {
        let found = self.plan.pools.iter().position(|pool| pool.service == service && pool.store == store);
        found.map_or(NONE, |index| index as u16)
    }
}

/// One pod's part of a limit on the fleet's requests.
#[must_use]
pub fn pod_limit(rate: Rate, burst: Amount, cells_fleet: u32, pods: u16) -> BucketRule {
    BucketRule::new(rate.per_s / f64::from(cells_fleet) / f64::from(pods), burst.count as u32)
}

/// What a statement does without its index.
fn scan(table: &str, body: &TableOf, index: &str) -> Scan {
    let ticks = |rows: u64, per_s: f64| -> Ticks { ticks_from_ns((rows as f64 / per_s * 1e9) as u64).max(1) };
    Scan {
        table: table.to_owned(),
        index: index.to_owned(),
        rows: body.rows.count,
        work: ticks(body.rows.count, body.scan_rate.per_s),
        rebuild: ticks(body.rows.count, body.build_rate.per_s),
    }
}

/// Names with the upper end of each one's share of 2^32; `alone` takes everything when none is given.
fn shares(shares: &IndexMap<String, doorbuster_scenarios::units::Share>, alone: &str) -> Vec<(String, u64)> {
    if shares.is_empty() {
        return vec![(alone.to_owned(), 1 << 32)];
    }
    let mut upto = 0.0;
    let mut ends: Vec<(String, u64)> = shares
        .iter()
        .map(|(name, share)| {
            upto += share.ratio;
            (name.clone(), crate::key::threshold(upto))
        })
        .collect();
    ends.last_mut().expect("invariant: not empty").1 = 1 << 32;
    ends
}
