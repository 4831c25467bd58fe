//! The catalogue: the names behind a plan's numbers, for whoever reads observations.
//!
//! Owns plain names of what was observed (the detector and the report are given nothing else of the plan).
//! Refuses times, rates and anything that tells what is wrong.

use crate::shapes::{Kind, Shapes};
use doorbuster_model::plan::{Plan, Shape, Target};

/// Names by the plan's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    /// Services.
    pub services: Vec<String>,
    /// Endpoints.
    pub endpoints: Vec<EndpointName>,
    /// Stores.
    pub stores: Vec<String>,
    /// Statements.
    pub statements: Vec<StatementName>,
    /// Pools.
    pub pools: Vec<PoolName>,
    /// Shapes.
    pub shapes: Vec<ShapeName>,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointName {
    /// Its service.
    pub service: String,
    /// Its name within the service.
    pub name: String,
    /// Number of its server span's shape.
    pub shape: u16,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementName {
    /// Its store.
    pub store: String,
    /// Its name within the store.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Connection pools of a service to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolName {
    /// The service.
    pub service: String,
    /// The store.
    pub store: String,
}

/// A kind of span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeName {
    /// The service that makes it.
    pub service: String,
    /// The span's name.
    pub span: String,
    /// The span's kind.
    pub kind: Kind,
    /// What it asks, or answers as.
    pub what: What,
}

/// What a kind of span asks, or answers as; numbers are places in the [`Catalogue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The endpoint that answers.
    Answer {
        /// Which.
        endpoint: u16,
    },
    /// A call.
    Call {
        /// Of which endpoint.
        endpoint: u16,
    },
    /// A statement.
    Statement {
        /// Which.
        statement: u16,
    },
}

impl Catalogue {
    /// The names behind a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let service = |id: u16| plan.services[usize::from(id)].name.clone();
        let store = |id: u16| plan.stores[usize::from(id)].name.clone();
        let endpoints = plan.endpoints.iter().map(|endpoint| EndpointName {
            service: service(endpoint.service),
            name: endpoint.name.clone(),
            shape: endpoint.shape,
        });
        let statements = plan.statements.iter().map(|statement| StatementName {
            store: store(statement.store),
            name: statement.name.clone(),
            text: statement.text.clone(),
        });
        let pools = plan.pools.iter().map(|pool| PoolName { service: service(pool.service), store: store(pool.store) });
        Self {
            services: plan.services.iter().map(|service| service.name.clone()).collect(),
            endpoints: endpoints.collect(),
            stores: plan.stores.iter().map(|store| store.name.clone()).collect(),
            statements: statements.collect(),
            pools: pools.collect(),
            shapes: shapes(plan),
        }
    }
}

fn shapes(plan: &Plan) -> Vec<ShapeName> {
    let looks = Shapes::new(plan);
    let names = looks.all().iter().zip(&plan.shapes).map(|(look, &shape)| ShapeName {
        service: plan.services[usize::from(look.service)].name.clone(),
        span: look.name.clone(),
        kind: look.kind,
        what: what(plan, shape),
    });
    names.collect()
}

fn what(plan: &Plan, shape: Shape) -> What {
    match shape {
        Shape::Server(endpoint) => What::Answer { endpoint },
        Shape::Client(site) | Shape::Statement(site) => match plan.sites[usize::from(site)].target {
            Target::Endpoint(endpoint) => What::Call { endpoint },
            Target::Statement { statement, .. } => What::Statement { statement },
        },
    }
}
