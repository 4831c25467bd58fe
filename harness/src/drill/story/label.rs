//! What a fault truly is: the label that a named cause must equal.

use crate::detection::Cause;
use doorbuster_model::plan::{Instr, Plan, StatementId, Target};

/// A cause from the closed list, as truth knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    service: String,
    operation: String,
    resource: String,
    kind: &'static str,
}

impl Label {
    /// Whether a named cause is this one, in all four parts.
    pub(crate) fn is(&self, cause: &Cause) -> bool {
        (&self.service, &self.operation, &self.resource, self.kind)
            == (&cause.service, &cause.operation, &cause.resource, cause.kind.name())
    }
}

/// A pool that is too small: any statement that goes through it may be named.
pub(super) fn pool_exhausted(plan: &Plan, pool: u16) -> Vec<Label> {
    let of = &plan.pools[usize::from(pool)];
    let statements = plan.statements.iter().filter(|statement| statement.store == of.store);
    let label = |statement: &doorbuster_model::plan::Statement| Label {
        service: plan.services[usize::from(of.service)].name.clone(),
        operation: statement.name.clone(),
        resource: plan.stores[usize::from(of.store)].name.clone(),
        kind: "pool_exhausted",
    };
    statements.map(label).collect()
}

/// A lost index: every service that makes one of the statements may be named, with that statement.
pub(super) fn missing_index(plan: &Plan, statements: &[StatementId]) -> Vec<Label> {
    let mut labels = Vec::new();
    for (instr, endpoint) in plan.code.iter().zip(&plan.endpoint_of) {
        let Instr::Query(site) = instr else { continue };
        let Target::Statement { statement, .. } = plan.sites[usize::from(*site)].target else { continue };
        if !statements.contains(&statement) {
            continue;
        }
        let service = plan.endpoints[usize::from(*endpoint)].service;
        let statement = &plan.statements[usize::from(statement)];
        labels.push(Label {
            service: plan.services[usize::from(service)].name.clone(),
            operation: statement.name.clone(),
            resource: plan.stores[usize::from(statement.store)].name.clone(),
            kind: "missing_index",
        });
    }
    labels.dedup();
    labels
}
