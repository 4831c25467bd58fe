//! Names of a plan, both ways.

use doorbuster_model::plan::{EndpointId, Plan, StatementId, StoreId, Target};
use doorbuster_virtual::slice::StationId;

/// The endpoint that a checked scenario calls `service.endpoint`.
pub(crate) fn endpoint(plan: &Plan, name: &str) -> EndpointId {
    let found = (0..plan.endpoints.len() as EndpointId).find(|id| endpoint_name(plan, *id) == name);
    found.expect("invariant: a checked scenario names endpoints that are there")
}

/// An endpoint as `service.endpoint`.
pub(crate) fn endpoint_name(plan: &Plan, id: EndpointId) -> String {
    let endpoint = &plan.endpoints[usize::from(id)];
    format!("{}.{}", plan.services[usize::from(endpoint.service)].name, endpoint.name)
}

/// A statement as `store.statement`.
pub(crate) fn statement_name(plan: &Plan, id: StatementId) -> String {
    let statement = &plan.statements[usize::from(id)];
    format!("{}.{}", plan.stores[usize::from(statement.store)].name, statement.name)
}

/// The endpoints that shoppers ask.
pub(crate) fn edges(plan: &Plan) -> Vec<EndpointId> {
    let mut edges: Vec<EndpointId> = Vec::new();
    for site in &plan.sites {
        if let (Target::Endpoint(endpoint), doorbuster_model::plan::NONE) = (site.target, site.shape) {
            edges.push(endpoint);
        }
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// A store by its name, which a check has found.
pub(crate) fn store(plan: &Plan, name: &str) -> StoreId {
    let found = plan.stores.iter().position(|store| store.name == name);
    found.expect("invariant: a checked scenario names stores that are there") as StoreId
}

/// A station's name in results.
pub(crate) fn station(plan: &Plan, id: StationId) -> String {
    let service = |id: u16| &plan.services[usize::from(id)].name;
    let store = |id: u16| &plan.stores[usize::from(id)].name;
    match id {
        StationId::Cores(id) => format!("{}.cores", service(id)),
        StationId::Workers(id) => format!("{}.workers", service(id)),
        StationId::Pool(id) => {
            let pool = &plan.pools[usize::from(id)];
            format!("{}.pool.{}", service(pool.service), store(pool.store))
        }
        StationId::Store(id) => format!("{}.cores", store(id)),
        StationId::Consumer(id) => {
            let endpoint = &plan.endpoints[usize::from(plan.consumers[usize::from(id)].endpoint)];
            format!("{}.consumer.{}", service(endpoint.service), endpoint.name)
        }
    }
}
