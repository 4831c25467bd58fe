//! The detector's names, from the plan.

use crate::detection::{EndpointName, Names, Parent, PoolName, ShapeName, StatementName, StoreName, What};
use crate::plan_names;
use doorbuster_model::plan::{NONE, Plan, Shape, Target};
use doorbuster_scenarios::types::StoreKind;
use doorbuster_telemetry::shapes::Shapes;

/// What anybody could read off the fleet's spans and resources.
pub(crate) fn names(plan: &Plan) -> Names {
    let edges = plan_names::edges(plan);
    let spans = Shapes::new(plan);
    let endpoint = |(id, endpoint): (usize, &doorbuster_model::plan::Endpoint)| EndpointName {
        service: usize::from(endpoint.service),
        name: endpoint.name.clone(),
        is_edge: edges.contains(&(id as u16)),
    };
    let statement = |statement: &doorbuster_model::plan::Statement| StatementName {
        store: usize::from(statement.store),
        name: statement.name.clone(),
        text: statement.text.clone(),
    };
    let shape = |(shape, span): (&Shape, &doorbuster_telemetry::shapes::SpanShape)| {
        let (what, parent) = match *shape {
            Shape::Server(endpoint) => (What::Server { endpoint: usize::from(endpoint) }, Parent::Caller),
            Shape::Client(site) | Shape::Statement(site) => {
                let site = &plan.sites[usize::from(site)];
                let what = match site.target {
                    Target::Endpoint(callee) => What::Call { callee: usize::from(callee) },
                    Target::Statement { statement, pool } => What::Statement {
                        statement: usize::from(statement),
                        pool: (pool != NONE).then_some(usize::from(pool)),
                    },
                };
                (what, Parent::Program { offset: site.span_offset, stride: site.span_stride })
            }
        };
        ShapeName { service: usize::from(span.service), span: span.name.clone(), what, parent }
    };
    Names {
        services: plan.services.iter().map(|service| service.name.clone()).collect(),
        endpoints: plan.endpoints.iter().enumerate().map(endpoint).collect(),
        stores: plan
            .stores
            .iter()
            .map(|store| StoreName { name: store.name.clone(), kind: kind(store.kind).to_owned() })
            .collect(),
        statements: plan.statements.iter().map(statement).collect(),
        pools: plan
            .pools
            .iter()
            .map(|pool| PoolName { service: usize::from(pool.service), store: usize::from(pool.store) })
            .collect(),
        consumers: plan.consumers.iter().map(|consumer| usize::from(consumer.endpoint)).collect(),
        topics: plan
            .consumers
            .iter()
            .map(|consumer| usize::from(plan.statements[usize::from(consumer.topic)].store))
            .collect(),
        caches: plan
            .caches
            .iter()
            .map(|cache| (usize::from(plan.endpoints[usize::from(cache.endpoint)].service), usize::from(cache.store)))
            .collect(),
        shapes: plan.shapes.iter().zip(spans.all()).map(shape).collect(),
    }
}

/// `db.system.name` of a store.
const fn kind(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Mysql => "mysql",
        StoreKind::Mongodb => "mongodb",
        StoreKind::Redis => "redis",
        StoreKind::Elasticsearch => "elasticsearch",
        StoreKind::ObjectStorage => "aws.s3",
        StoreKind::Kafka => "kafka",
        StoreKind::External => crate::detection::EXTERNAL,
    }
}
