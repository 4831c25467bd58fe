//! What a fault truly is: the label that a named cause must equal.

use crate::detection::Cause;
use doorbuster_model::plan::{ConsumerId, Instr, Plan, ServiceId, StatementId, StoreId, Target};
use serde::Serialize;

/// A cause from the closed list, as truth knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Label {
    service: String,
    /// `None` where the resource is shared: whichever of its users is named is right.
    operation: Option<String>,
    resource: String,
    kind: &'static str,
}

impl Label {
    /// The service that may be named.
    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    /// Whether a named cause is this one, in all parts.
    pub(crate) fn is(&self, cause: &Cause) -> bool {
        (&self.service, &self.resource, self.kind) == (&cause.service, &cause.resource, cause.kind.name())
            && self.operation.as_ref().is_none_or(|operation| *operation == cause.operation)
    }
}

/// A pool that is too small: any statement that goes through it may be named.
pub(super) fn pool_exhausted(plan: &Plan, pool: u16) -> Vec<Label> {
    let of = &plan.pools[usize::from(pool)];
    vec![Label {
        service: plan.services[usize::from(of.service)].name.clone(),
        operation: None,
        resource: plan.stores[usize::from(of.store)].name.clone(),
        kind: "pool_exhausted",
    }]
}

/// Statements: every service that makes one of them may be named, with that statement.
pub(super) fn statements(plan: &Plan, statements: &[StatementId], kind: &'static str) -> Vec<Label> {
    let mut labels = Vec::new();
    for (service, statement) in askers(plan) {
        if statements.contains(&statement) {
            let statement = &plan.statements[usize::from(statement)];
            labels.push(Label {
                service: plan.services[usize::from(service)].name.clone(),
                operation: Some(statement.name.clone()),
                resource: plan.stores[usize::from(statement.store)].name.clone(),
                kind,
            });
        }
    }
    labels.dedup();
    labels
}

/// A whole store: every service that asks it may be named.
pub(super) fn store(plan: &Plan, store: StoreId, kind: &'static str) -> Vec<Label> {
    let mut labels = Vec::new();
    for (service, statement) in askers(plan) {
        if plan.statements[usize::from(statement)].store == store {
            labels.push(Label {
                service: plan.services[usize::from(service)].name.clone(),
                operation: None,
                resource: plan.stores[usize::from(store)].name.clone(),
                kind,
            });
        }
    }
    labels.dedup();
    labels
}

/// A service's own pods.
pub(super) fn service(plan: &Plan, service: ServiceId, kind: &'static str) -> Vec<Label> {
    let name = &plan.services[usize::from(service)].name;
    vec![Label { service: name.clone(), operation: None, resource: name.clone(), kind }]
}

/// The way from a service to somebody.
pub(super) fn network(plan: &Plan, from: ServiceId, to: &str) -> Vec<Label> {
    let service = plan.services[usize::from(from)].name.clone();
    vec![Label { service, operation: None, resource: to.to_owned(), kind: "network" }]
}

/// A store's cached values: every service that looks up there may be named.
pub(super) fn caches(plan: &Plan, store: StoreId) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    for cache in plan.caches.iter().filter(|cache| cache.store == store) {
        let service = plan.endpoints[usize::from(cache.endpoint)].service;
        let label = Label {
            service: plan.services[usize::from(service)].name.clone(),
            operation: None,
            resource: plan.stores[usize::from(store)].name.clone(),
            kind: "cache_misses",
        };
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}

/// A consumer group.
pub(super) fn consumer(plan: &Plan, consumer: ConsumerId) -> Vec<Label> {
    let of = &plan.consumers[usize::from(consumer)];
    let endpoint = &plan.endpoints[usize::from(of.endpoint)];
    let store = plan.statements[usize::from(of.topic)].store;
    vec![Label {
        service: plan.services[usize::from(endpoint.service)].name.clone(),
        operation: Some(endpoint.name.clone()),
        resource: plan.stores[usize::from(store)].name.clone(),
        kind: "consumer_stuck",
    }]
}

/// More requests than the shop is made for: at each service that shoppers ask.
pub(super) fn traffic(plan: &Plan) -> Vec<Label> {
    let mut services: Vec<ServiceId> =
        crate::plan_names::edges(plan).iter().map(|edge| plan.endpoints[usize::from(*edge)].service).collect();
    services.dedup();
    services.into_iter().flat_map(|id| service(plan, id, "traffic_surge")).collect()
}

/// Who makes which statement.
fn askers(plan: &Plan) -> impl Iterator<Item = (ServiceId, StatementId)> {
    plan.code.iter().zip(&plan.endpoint_of).filter_map(|(instr, endpoint)| {
        let Instr::Query(site) = instr else { return None };
        let Target::Statement { statement, .. } = plan.sites[usize::from(*site)].target else { return None };
        Some((plan.endpoints[usize::from(*endpoint)].service, statement))
    })
}
