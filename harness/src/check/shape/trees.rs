//! Traces as trees: how large, how deep, how wide, and what is asked twice.
//!
//! Owns the counting. A trace counts only when its root and every span that others hang on came; of a leaf nobody can tell.

use doorbuster_model::plan::{EndpointId, Instr, Plan, ServiceId, Shape, SiteId, Target};
use doorbuster_telemetry::record::SpanRecord;
use doorbuster_telemetry::shapes::parent_index;
use std::collections::BTreeSet;

/// What was counted: a value for each trace, for each server span, or for each call.
#[derive(Default)]
pub(super) struct Trees {
    /// Traces of which the root or a parent is missing.
    pub(super) incomplete: u64,
    /// Of each trace: the endpoint that shoppers asked, its spans, its depths, its latency.
    pub(super) roots: Vec<EndpointId>,
    pub(super) spans: Vec<u64>,
    pub(super) depth_services: Vec<u64>,
    pub(super) depth_with_stores: Vec<u64>,
    pub(super) depth_spans: Vec<u64>,
    pub(super) root_ticks: Vec<u64>,
    /// Of each server span: calls and statements, and distinct services and stores among them.
    pub(super) children: Vec<u64>,
    pub(super) callees: Vec<u64>,
    /// Latency of each call and statement, as its caller sees it.
    pub(super) call_ticks: Vec<u64>,
    /// Calls and statements that repeat one of the same server span, tries after a failure included.
    pub(super) repeated: u64,
}

/// What a span is.
#[derive(Clone, Copy)]
enum Role {
    /// A service answers.
    Server(EndpointId),
    /// A service asks another, or a store.
    Asks(Target),
}

/// A service or a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Service(u16),
    Store(u16),
}

/// A span on its way from the root: services, stores below them, spans.
#[derive(Clone, Copy, Default)]
struct Depth {
    services: u64,
    stores: u64,
    spans: u64,
}

impl Trees {
    /// Counts traces whose spans are sorted by index.
    pub(super) fn measure(plan: &Plan, traces: &[Vec<SpanRecord>]) -> Self {
        let mut trees = Self::default();
        for trace in traces {
            if let Some(parents) = parents(plan, trace) {
                trees.count(plan, trace, &parents);
            } else {
                trees.incomplete += 1;
            }
        }
        trees
    }

    fn count(&mut self, plan: &Plan, trace: &[SpanRecord], parents: &[Option<usize>]) {
        let mut depths: Vec<Depth> = Vec::with_capacity(trace.len());
        // What each server span asks, by its place in the trace.
        let mut asked: Vec<Vec<Target>> = vec![Vec::new(); trace.len()];
        for (span, parent) in trace.iter().zip(parents) {
            let mut depth = parent.map_or(Depth::default(), |parent| depths[parent]);
            depth.spans += 1;
            match role(plan, span) {
                Role::Server(_) => depth.services += 1,
                Role::Asks(target) => {
                    depth.stores += u64::from(matches!(target, Target::Statement { .. }));
                    self.call_ticks.push(u64::from(span.duration));
                    asked[parent.expect("invariant: a root is a server's span")].push(target);
                }
            }
            depths.push(depth);
        }
        for (span, asked) in trace.iter().zip(&asked) {
            if matches!(role(plan, span), Role::Server(_)) {
                self.children.push(asked.len() as u64);
                self.callees.push(distinct(asked.iter().map(|target| party(plan, *target))));
                self.repeated += asked.len() as u64 - distinct(asked.iter().map(|target| thing(*target)));
            }
        }
        let most = |of: fn(&Depth) -> u64| depths.iter().map(of).max().unwrap_or_default();
        let Role::Server(root) = role(plan, &trace[0]) else { unreachable!("invariant: a root is a server's span") };
        self.roots.push(root);
        self.spans.push(trace.len() as u64);
        self.depth_services.push(most(|depth| depth.services));
        self.depth_with_stores.push(most(|depth| depth.services + depth.stores));
        self.depth_spans.push(most(|depth| depth.spans));
        self.root_ticks.push(u64::from(trace[0].duration));
    }
}

/// Distinct services and stores that each service asks in any of its programs; services that ask none are left out.
pub(super) fn may_ask(plan: &Plan) -> Vec<u64> {
    let mut parties: Vec<BTreeSet<Party>> = vec![BTreeSet::new(); plan.services.len()];
    for (instr, endpoint) in plan.code.iter().zip(&plan.endpoint_of) {
        if let Instr::Call(site) | Instr::Query(site) = *instr {
            let service: ServiceId = plan.endpoints[usize::from(*endpoint)].service;
            parties[usize::from(service)].insert(party(plan, target(plan, site)));
        }
    }
    parties.iter().map(|parties| parties.len() as u64).filter(|count| *count > 0).collect()
}

/// Place of each span's parent; nothing if the root or a parent is missing.
fn parents(plan: &Plan, trace: &[SpanRecord]) -> Option<Vec<Option<usize>>> {
    let place = |index: u32| trace.binary_search_by_key(&index, |span| span.index).ok();
    place(0)?;
    let parent = |span: &SpanRecord| match parent_index(plan, span) {
        None => Some(None),
        Some(index) => place(index).map(Some),
    };
    trace.iter().map(parent).collect()
}

fn role(plan: &Plan, span: &SpanRecord) -> Role {
    match plan.shapes[usize::from(span.shape)] {
        Shape::Server(endpoint) => Role::Server(endpoint),
        Shape::Client(site) | Shape::Statement(site) => Role::Asks(target(plan, site)),
    }
}

fn target(plan: &Plan, site: SiteId) -> Target {
    plan.sites[usize::from(site)].target
}

fn party(plan: &Plan, target: Target) -> Party {
    match target {
        Target::Endpoint(endpoint) => Party::Service(plan.endpoints[usize::from(endpoint)].service),
        Target::Statement { statement, .. } => Party::Store(plan.statements[usize::from(statement)].store),
    }
}

/// What is asked: the endpoint or the statement, whatever the pool.
fn thing(target: Target) -> (bool, u16) {
    match target {
        Target::Endpoint(endpoint) => (false, endpoint),
        Target::Statement { statement, .. } => (true, statement),
    }
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> u64 {
    all.collect::<BTreeSet<T>>().len() as u64
}
