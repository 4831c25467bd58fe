//! The forced flow law: what one arriving shopper asks of every endpoint and every statement, on average.
//!
//! Owns visit counts. Refuses time, but for what a path takes where nobody waits.

use super::walk::{Path, Walker, cost_s, mean_s};
use doorbuster_model::plan::{NONE, Plan, SiteId, StatementId, Target};
use doorbuster_model::time::s_from_ticks;
use std::collections::BTreeMap;

/// What comes of one shopper who arrives (in a closed loop: of one journey of a user).
pub(super) struct Flow {
    /// Requests to each endpoint.
    pub(super) visits: Vec<f64>,
    /// Those of them that shoppers make.
    pub(super) edge: Vec<f64>,
    /// Calls of each statement.
    pub(super) calls: Vec<f64>,
    /// Statements that go through each pool.
    pub(super) through: Vec<f64>,
    /// Seconds that those hold their connections: on the way, at the store, and back.
    pub(super) held_s: Vec<f64>,
    /// Seconds of the journey, thinking included.
    pub(super) journey_s: f64,
    /// Spans.
    pub(super) spans: f64,
    /// The path of each endpoint.
    pub(super) paths: Vec<Path>,
    /// Places that take longer than their asker waits, even where nobody else is.
    pub(super) hopeless: Vec<Hopeless>,
}

/// A call, a statement or a request that takes longer than it may, on average and with the shop to itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hopeless {
    /// Who asks: `service.endpoint`, or a shopper.
    pub(crate) asker: String,
    /// What is asked: `service.endpoint`, or `store.statement`.
    pub(crate) asked: String,
    /// Seconds that it takes.
    pub(crate) takes_s: f64,
    /// Seconds that the asker waits.
    pub(crate) timeout_s: f64,
}

impl Flow {
    pub(super) fn of(plan: &Plan) -> Self {
        let walker = Walker::new(plan);
        let (asked, journey_s) = journeys(plan, &walker);
        let mut flow = Self {
            visits: vec![0.0; plan.endpoints.len()],
            edge: vec![0.0; plan.endpoints.len()],
            calls: vec![0.0; plan.statements.len()],
            through: vec![0.0; plan.pools.len()],
            held_s: vec![0.0; plan.pools.len()],
            journey_s,
            spans: 0.0,
            hopeless: hopeless(plan, &walker, &asked),
            paths: walker.paths,
        };
        for (site, tries) in &asked {
            flow.ask(plan, *site, *tries);
        }
        flow.edge.clone_from(&flow.visits);
        // Callers before whom they call, so that all visits of an endpoint are known when its own calls are counted.
        for id in walker.callees_first.iter().rev() {
            let visits = flow.visits[usize::from(*id)];
            flow.spans += visits;
            let tries = std::mem::take(&mut flow.paths[usize::from(*id)].tries);
            for (site, tries) in &tries {
                flow.ask(plan, *site, visits * tries);
            }
            flow.paths[usize::from(*id)].tries = tries;
        }
        flow
    }

    fn ask(&mut self, plan: &Plan, site: SiteId, tries: f64) {
        let site = &plan.sites[usize::from(site)];
        if site.shape != NONE {
            self.spans += tries;
        }
        match site.target {
            Target::Endpoint(endpoint) => self.visits[usize::from(endpoint)] += tries,
            Target::Statement { statement, pool } => {
                self.calls[usize::from(statement)] += tries;
                for consumer in plan.consumers.iter().filter(|consumer| consumer.topic == statement) {
                    self.visits[usize::from(consumer.endpoint)] += tries;
                }
                if pool != NONE {
                    self.through[usize::from(pool)] += tries;
                    let of = &plan.services[usize::from(plan.pools[usize::from(pool)].service)];
                    let held_s = statement_s(plan, statement) + cost_s(plan, of.costs.answer);
                    self.held_s[usize::from(pool)] += tries * held_s;
                }
            }
        }
    }

    /// Requests that shoppers make.
    pub(super) fn requests(&self) -> f64 {
        self.edge.iter().sum()
    }

    /// Seconds that those requests are in the shop, together: from being asked to being answered at the edge, as a result
    /// counts them.
    pub(super) fn in_shop_s(&self, plan: &Plan) -> f64 {
        self.edge.iter().zip(&self.paths).map(|(visits, path)| visits * (path.stay_s + s_from_ticks(plan.hop))).sum()
    }

    /// Seconds that the engine keeps a frame for a call, a strand or a statement, together.
    pub(super) fn frames_s(&self, plan: &Plan) -> f64 {
        let hops_s = there_and_back_s(plan);
        let calls =
            self.visits.iter().zip(&self.paths).map(|(visits, path)| visits * (path.stay_s + hops_s + path.strands_s));
        let statements = self.calls.iter().enumerate().map(|(id, calls)| calls * statement_s(plan, id as StatementId));
        calls.sum::<f64>() + statements.sum::<f64>()
    }
}

/// Requests at each site of the journeys and seconds of a journey, over the shoppers' choice of journeys.
fn journeys(plan: &Plan, walker: &Walker<'_>) -> (BTreeMap<SiteId, f64>, f64) {
    let (mut asked, mut journey_s, mut below) = (BTreeMap::new(), 0.0, 0);
    for journey in &plan.journeys {
        let share = (journey.upto - below) as f64 / (1_u64 << 32) as f64;
        below = journey.upto;
        let path = walker.journey(journey.entry);
        journey_s += share * path.stay_s;
        for (site, tries) in path.tries {
            *asked.entry(site).or_default() += share * tries;
        }
    }
    (asked, journey_s)
}

/// Seconds of a statement, its way there and back included.
fn statement_s(plan: &Plan, statement: StatementId) -> f64 {
    mean_s(plan, plan.statements[usize::from(statement)].cost) + there_and_back_s(plan)
}

fn there_and_back_s(plan: &Plan) -> f64 {
    2.0 * s_from_ticks(plan.hop)
}

/// The sites, journeys' and endpoints', at which the asker gives up before the answer can be there.
fn hopeless(plan: &Plan, walker: &Walker<'_>, asked: &BTreeMap<SiteId, f64>) -> Vec<Hopeless> {
    let mut askers: Vec<(SiteId, String)> = asked.keys().map(|site| (*site, "a shopper".to_owned())).collect();
    for id in &walker.callees_first {
        let name = crate::plan_names::endpoint_name(plan, *id);
        askers.extend(walker.endpoint(*id).tries.keys().map(|site| (*site, name.clone())));
    }
    let mut hopeless = Vec::new();
    for (id, asker) in askers {
        let site = &plan.sites[usize::from(id)];
        let takes_s = walker.try_s(site);
        let Some(timeout_s) = site.timeout.map(s_from_ticks).filter(|timeout_s| takes_s > *timeout_s) else { continue };
        let asked = match site.target {
            Target::Endpoint(endpoint) => crate::plan_names::endpoint_name(plan, endpoint),
            Target::Statement { statement, .. } => crate::plan_names::statement_name(plan, statement),
        };
        hopeless.push(Hopeless { asker, asked, takes_s, timeout_s });
    }
    hopeless
}
