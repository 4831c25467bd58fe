//! The utilization law at every station: what a shopper asks of it, and how much it has to give.
//!
//! Owns service demands and capacities. A new station is a new variant of the engine's `StationId`, and a new mechanism of
//! a service, a pool or a store is a new field; both have to be answered here before it compiles.

use super::flow::Flow;
use super::walk::mean_s;
use doorbuster_model::plan::{Consumer, Plan, Pool, Service, Store};
use doorbuster_virtual::slice::StationId;

/// What one cell's station has to give, and what one shopper asks of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Demand {
    /// Servers of a cell, by what they are made of: pods, shards, and servers of each.
    pub(super) servers: Vec<u32>,
    /// Visits of one shopper.
    pub(super) visits: f64,
    /// Seconds of one server that those take together.
    pub(super) demand_s: f64,
}

impl Demand {
    /// Servers of a cell.
    pub(super) fn capacity(&self) -> f64 {
        self.servers.iter().map(|servers| f64::from(*servers)).product()
    }
}

pub(super) fn demand(plan: &Plan, flow: &Flow, station: StationId) -> Demand {
    match station {
        StationId::Cores(id) => cores(plan, flow, id),
        StationId::Workers(id) => workers(plan, flow, id),
        StationId::Pool(id) => pool(plan, flow, id),
        StationId::Store(id) => store(plan, flow, id),
        StationId::Consumer(id) => consumer(plan, flow, id),
    }
}

/// The programs' work on cores, and what handling requests costs beside it.
fn cores(plan: &Plan, flow: &Flow, id: u16) -> Demand {
    #[rustfmt::skip]
    let Service {
        pods_at_first: pods, cores,
        pods: _, releases: _, costs: _, rate_limit: _, name: _, first_pod: _, workers: _, accept_queue: _, balancer: _, version: _, team: _, cost_center: _, place: _,
    } = &plan.services[usize::from(id)];
    let (mut visits, mut demand_s) = (0.0, 0.0);
    for (requests, path) in requests_of(plan, flow, id) {
        visits += requests * path.computes;
        demand_s += requests * path.cpu_s;
    }
    Demand { servers: vec![u32::from(*pods), *cores], visits, demand_s }
}

/// A worker is held from the beginning of a program to its end, whatever it waits for: Little's law with the time that
/// it takes where nobody waits.
fn workers(plan: &Plan, flow: &Flow, id: u16) -> Demand {
    let service = &plan.services[usize::from(id)];
    let (mut visits, mut demand_s) = (0.0, 0.0);
    for (requests, path) in requests_of(plan, flow, id) {
        visits += requests;
        demand_s += requests * path.stay_s;
    }
    Demand { servers: vec![u32::from(service.pods_at_first), service.workers], visits, demand_s }
}

/// A connection is held from sending until the answer is taken in, hops included: Little's law again.
fn pool(plan: &Plan, flow: &Flow, id: u16) -> Demand {
    let Pool { service, store, size, acquire_timeout: _, acquire_again: _, first_instance: _ } =
        &plan.pools[usize::from(id)];
    let pods = u32::from(plan.services[usize::from(*service)].pods_at_first);
    let shards = u32::from(plan.stores[usize::from(*store)].shards);
    Demand {
        servers: vec![pods, shards, *size],
        visits: flow.through[usize::from(id)],
        demand_s: flow.held_s[usize::from(id)],
    }
}

/// The statements' work on the cores of shards, all indexes being there. Users are spread evenly over shards.
fn store(plan: &Plan, flow: &Flow, id: u16) -> Demand {
    #[rustfmt::skip]
    let Store {
        shards, cores, first_statement, statement_count,
        name: _, kind: _, discipline: _, cancel: _, place: _,
    } = &plan.stores[usize::from(id)];
    let first = usize::from(*first_statement);
    let (mut visits, mut demand_s) = (0.0, 0.0);
    for statement in first..first + usize::from(*statement_count) {
        visits += flow.calls[statement];
        demand_s += flow.calls[statement] * mean_s(plan, plan.statements[statement].cost);
    }
    Demand { servers: vec![u32::from(*shards), *cores], visits, demand_s }
}

/// One message at a time on each partition: the program's stay. Users are spread evenly over partitions.
fn consumer(plan: &Plan, flow: &Flow, id: u16) -> Demand {
    let Consumer { endpoint, topic, first_partition: _, nth: _, place: _ } = &plan.consumers[usize::from(id)];
    let visits = flow.visits[usize::from(*endpoint)];
    let partitions = u32::from(plan.statements[usize::from(*topic)].partitions);
    Demand { servers: vec![partitions], visits, demand_s: visits * flow.paths[usize::from(*endpoint)].stay_s }
}

/// Requests to each endpoint of a service, with its path.
fn requests_of<'f>(plan: &'f Plan, flow: &'f Flow, service: u16) -> impl Iterator<Item = (f64, &'f super::walk::Path)> {
    let all = plan.endpoints.iter().zip(&flow.visits).zip(&flow.paths);
    all.filter(move |((endpoint, _), _)| endpoint.service == service).map(|((_, visits), path)| (*visits, path))
}
