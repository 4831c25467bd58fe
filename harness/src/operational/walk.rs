//! Programs walked on paper: what one run of each comes to, on average, where nobody ever waits.
//!
//! Owns the probabilities: branches, `fail` and `decline` steps and the further tries that follow from them, `repeat`
//! and `reach` of journeys. Refuses queues: no timeout, no refusal and no failed acquire ever happens here.

use doorbuster_model::plan::{Costs, DrawId, EndpointId, Instr, Pc, Plan, ServiceId, Site, SiteId, Target};
use doorbuster_model::time::s_from_ticks;
use std::collections::BTreeMap;

/// Probabilities of the plan are in units of 2^-32.
const WHOLE: f64 = (1_u64 << 32) as f64;

/// One run of a program, on average. The three ends sum to 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    /// Probability that it ends well.
    pub(super) ok: f64,
    /// Probability that it ends with a declined answer.
    pub(super) declined: f64,
    /// Probability that it fails.
    pub(super) failed: f64,
    /// Seconds from its start to its end. Of parallel strands the one with the longest mean counts, so that with
    /// strands this is a lower bound.
    pub(super) stay_s: f64,
    /// Seconds on a core of its own pod.
    pub(super) cpu_s: f64,
    /// Times that it takes a core.
    pub(super) computes: f64,
    /// Seconds of all its strands together.
    pub(super) strands_s: f64,
    /// Tries at each site of the program.
    pub(super) tries: BTreeMap<SiteId, f64>,
}

impl Path {
    /// Takes in what happens with this probability on the way: everything but how it ends and how long it takes.
    fn take_in(&mut self, probability: f64, part: &Self) {
        self.cpu_s += probability * part.cpu_s;
        self.computes += probability * part.computes;
        self.strands_s += probability * part.strands_s;
        for (site, tries) in &part.tries {
            *self.tries.entry(*site).or_default() += probability * tries;
        }
    }
}

/// The paths of a plan's endpoints.
pub(super) struct Walker<'p> {
    plan: &'p Plan,
    /// By endpoint; those that are not walked yet stand at their default.
    pub(super) paths: Vec<Path>,
    /// Endpoints in an order in which whoever is called stands before who calls.
    pub(super) callees_first: Vec<EndpointId>,
}

/// The probability with which a program comes to an instruction, by what its answer is marked as so far.
#[derive(Clone, Copy, Debug, Default)]
struct Mass {
    ok: f64,
    declined: f64,
}

impl Mass {
    fn all(self) -> f64 {
        self.ok + self.declined
    }

    fn times(self, probability: f64) -> Self {
        Self { ok: self.ok * probability, declined: self.declined * probability }
    }

    /// Part of what came marked as declined, with this probability of what was not.
    fn marked(self, probability: f64) -> Self {
        Self { ok: self.ok * (1.0 - probability), declined: self.declined + self.ok * probability }
    }
}

/// What comes of asking at a site, tries that follow from failures included.
struct Asked {
    tries: f64,
    ok: f64,
    declined: f64,
    failed: f64,
    stay_s: f64,
    /// Seconds on a core of the asking pod.
    cpu_s: f64,
}

impl<'p> Walker<'p> {
    /// Walks every endpoint of the plan.
    pub(super) fn new(plan: &'p Plan) -> Self {
        let mut walker =
            Self { plan, paths: vec![Path::default(); plan.endpoints.len()], callees_first: callees_first(plan) };
        for id in walker.callees_first.clone() {
            let of = &plan.endpoints[usize::from(id)];
            let mut path = walker.walk(of.entry, Some(of.service));
            let admission_s = cost_s(plan, walker.costs(Some(of.service)).admission);
            path.cpu_s += admission_s;
            path.stay_s += admission_s;
            walker.paths[usize::from(id)] = path;
        }
        walker
    }

    /// One journey of a shopper, thinking included.
    pub(super) fn journey(&self, entry: Pc) -> Path {
        self.walk(entry, None)
    }

    /// One request to an endpoint, from the moment at which a worker takes it.
    pub(super) fn endpoint(&self, id: EndpointId) -> &Path {
        &self.paths[usize::from(id)]
    }

    /// Seconds that a try at a site takes, there and back.
    pub(super) fn try_s(&self, site: &Site) -> f64 {
        let there_and_back_s = 2.0 * s_from_ticks(self.plan.hop);
        there_and_back_s
            + match site.target {
                Target::Endpoint(endpoint) => self.endpoint(endpoint).stay_s,
                Target::Statement { statement, .. } => {
                    mean_s(self.plan, self.plan.statements[usize::from(statement)].cost)
                }
            }
    }

    /// Instructions lead forward, so the least one that is still to be looked at has all that will ever come to it. Only
    /// a journey's `repeat` leads back, and everything that is in its loop comes to its end together.
    fn walk(&self, entry: Pc, service: Option<ServiceId>) -> Path {
        let plan = self.plan;
        let mut path = Path::default();
        let mut repeats = 0;
        let mut open = BTreeMap::from([(entry, Mass { ok: 1.0, declined: 0.0 })]);
        while let Some((pc, mass)) = open.pop_first() {
            let mut pass = |to: Pc, part: Mass| {
                let there = open.entry(to).or_default();
                there.ok += part.ok;
                there.declined += part.declined;
            };
            match plan.code[usize::from(pc)] {
                Instr::Compute { draw, .. } => {
                    let work_s = mean_s(plan, draw) * mass.all();
                    path.cpu_s += work_s;
                    path.stay_s += work_s;
                    path.computes += mass.all();
                    pass(pc + 1, mass);
                }
                Instr::Wait { draw, .. } => {
                    path.stay_s += mean_s(plan, draw) * mass.all();
                    pass(pc + 1, mass);
                }
                Instr::Call(id) | Instr::Query(id) | Instr::Request(id) => {
                    let site = &plan.sites[usize::from(id)];
                    let asked = self.ask(site, service);
                    path.cpu_s += mass.all() * asked.cpu_s;
                    *path.tries.entry(id).or_default() += mass.all() * asked.tries;
                    path.stay_s += mass.all() * asked.stay_s;
                    let answered = asked.ok + asked.declined;
                    if answered > 0.0 {
                        pass(site.next, mass.times(answered).marked(asked.declined / answered));
                    }
                    match site.on_failure {
                        Some(to) => pass(to, mass.times(asked.failed)),
                        None => path.failed += mass.all() * asked.failed,
                    }
                }
                Instr::Unless { threshold, to, .. } => {
                    let goes_on = threshold as f64 / WHOLE;
                    pass(pc + 1, mass.times(goes_on));
                    pass(to, mass.times(1.0 - goes_on));
                }
                Instr::UnlessMiss { cache, to } => {
                    let misses = plan.caches[usize::from(cache)].threshold as f64 / WHOLE;
                    pass(pc + 1, mass.times(misses));
                    pass(to, mass.times(1.0 - misses));
                }
                Instr::Filled(_) => pass(pc + 1, mass),
                Instr::Jump(to) => pass(to, mass),
                Instr::Fork { strands, join } => {
                    let strands: Vec<Path> = (1..=strands).map(|nth| self.walk(pc + nth, service)).collect();
                    let (mut ok, mut answered, mut longest_s) = (1.0, 1.0, 0.0);
                    for strand in &strands {
                        path.take_in(mass.all(), strand);
                        path.strands_s += mass.all() * strand.stay_s;
                        ok *= strand.ok;
                        answered *= strand.ok + strand.declined;
                        longest_s = f64::max(longest_s, strand.stay_s);
                    }
                    path.stay_s += mass.all() * longest_s;
                    path.failed += mass.all() * (1.0 - answered);
                    if answered > 0.0 {
                        pass(join, mass.times(answered).marked(1.0 - ok / answered));
                    }
                }
                Instr::Fail { threshold, .. } => {
                    let fails = threshold as f64 / WHOLE;
                    path.failed += mass.all() * fails;
                    pass(pc + 1, mass.times(1.0 - fails));
                }
                Instr::Decline { threshold, .. } => pass(pc + 1, mass.marked(threshold as f64 / WHOLE)),
                Instr::Repeat { to, times } => {
                    repeats += 1;
                    if repeats < times {
                        pass(to, mass);
                    } else {
                        repeats = 0;
                        pass(pc + 1, mass);
                    }
                }
                Instr::Join | Instr::End | Instr::Restart => {
                    path.ok += mass.ok;
                    path.declined += mass.declined;
                }
            }
        }
        path
    }

    fn ask(&self, site: &Site, service: Option<ServiceId>) -> Asked {
        // Every field is named, so that whoever gives a site another mechanism has to say here what it does in a healthy shop.
        #[rustfmt::skip]
        let Site {
            target, attempts, backoff, growth, retry_threshold, budget: _, breaker: _,
            timeout: _, cancel: _, on_failure: _, next: _, place: _, span_offset: _, span_stride: _, shape: _,
        } = site;
        let try_s = self.try_s(site);
        let (ok, declined, failed) = match *target {
            Target::Endpoint(endpoint) => {
                let callee = self.endpoint(endpoint);
                (callee.ok, callee.declined, callee.failed)
            }
            // A statement fails by a timeout only.
            Target::Statement { .. } => (1.0, 0.0, 0.0),
        };
        // A shopper takes a declined answer for a failure; a program marks its own answer and goes on.
        let (declined, unwell) = if service.is_none() { (0.0, failed + declined) } else { (declined, failed) };
        let again = unwell * *retry_threshold as f64 / WHOLE;
        let tries: f64 = (0..i32::from(*attempts)).map(|nth| again.powi(nth)).sum();
        let backoff_s = backoff.map_or(0.0, |draw| mean_s(self.plan, draw));
        // The nth further try comes with this probability, after a wait that has grown so often.
        let waits_s: f64 =
            (1..i32::from(*attempts)).map(|nth| again.powi(nth) * backoff_s * f64::from(*growth).powi(nth - 1)).sum();
        let costs = self.costs(service);
        let answer_s = if matches!(target, Target::Statement { .. }) { cost_s(self.plan, costs.answer) } else { 0.0 };
        let cpu_s = tries * answer_s + (tries - 1.0) * cost_s(self.plan, costs.retry);
        let (ok, declined) = (ok * tries, declined * tries);
        Asked {
            tries,
            ok,
            declined,
            failed: (1.0 - ok - declined).max(0.0),
            stay_s: tries * try_s + waits_s + cpu_s,
            cpu_s,
        }
    }

    /// What handling requests costs a service; nothing for shoppers.
    fn costs(&self, service: Option<ServiceId>) -> Costs {
        service.map_or_else(Costs::default, |id| self.plan.services[usize::from(id)].costs)
    }
}

/// Mean of a cost in seconds.
pub(super) fn cost_s(plan: &Plan, cost: Option<DrawId>) -> f64 {
    cost.map_or(0.0, |draw| mean_s(plan, draw))
}

/// The endpoints of a plan, callees before callers. A chain of calls may be as long as a file, so nothing here recurs; the
/// check refuses calls that run in a circle.
fn callees_first(plan: &Plan) -> Vec<EndpointId> {
    let mut callees: Vec<Vec<EndpointId>> = vec![Vec::new(); plan.endpoints.len()];
    for (instr, endpoint) in plan.code.iter().zip(&plan.endpoint_of) {
        let (Instr::Call(site) | Instr::Query(site)) = instr else { continue };
        let callees = &mut callees[usize::from(*endpoint)];
        match plan.sites[usize::from(*site)].target {
            Target::Endpoint(callee) => callees.push(callee),
            // Whoever consumes a message comes after who publishes it.
            Target::Statement { statement, .. } => {
                let consumers = plan.consumers.iter().filter(|consumer| consumer.topic == statement);
                callees.extend(consumers.map(|consumer| consumer.endpoint));
            }
        }
    }
    let mut order = Vec::new();
    let mut is_seen = vec![false; plan.endpoints.len()];
    for first in 0..plan.endpoints.len() as EndpointId {
        // An endpoint stands on the stack once to go down to its callees, and once to be told when those are.
        let mut stack = vec![(first, false)];
        while let Some((id, is_told)) = stack.pop() {
            if is_told {
                order.push(id);
            } else if !std::mem::replace(&mut is_seen[usize::from(id)], true) {
                stack.push((id, true));
                stack.extend(callees[usize::from(id)].iter().map(|callee| (*callee, false)));
            }
        }
    }
    order
}

/// Mean of a draw in seconds.
pub(super) fn mean_s(plan: &Plan, draw: DrawId) -> f64 {
    plan.draws[usize::from(draw)].mean_ns() / 1e9
}
