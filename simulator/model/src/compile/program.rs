//! Steps to instructions.

use super::Compiler;
use crate::key::{name_hash, threshold};
use crate::plan::{Cache, CacheId, EndpointId, Instr, NONE, Pc, PerPod, Shape, Site, SiteId, StatementId, Target};
use crate::policies::{BreakerRule, BudgetRule};
use crate::popularity::Popularity;
use crate::time::ticks_from_ns;
use doorbuster_scenarios::types::{Breaker, Cached, Call, Publish, Query, Retry, Step};
use doorbuster_scenarios::units::Time;

/// The layout of one endpoint's program.
pub(super) struct Layout<'c, 'a> {
    compiler: &'c mut Compiler<'a>,
    endpoint: EndpointId,
    /// Index, within the endpoint's tree, of the next span: 0 is the server span itself.
    next_span: u32,
}

impl<'c, 'a> Layout<'c, 'a> {
    pub(super) fn new(compiler: &'c mut Compiler<'a>, endpoint: EndpointId) -> Self {
        Self { compiler, endpoint, next_span: 1 }
    }

    pub(super) fn lay_out(mut self, steps: &[Step]) {
        self.block(steps, "");
        self.emit(Instr::End);
        let tree = self.compiler.plan.endpoints[usize::from(self.endpoint)].tree;
        assert_eq!(self.next_span, tree, "invariant: the layout numbers the spans that the tree counted");
    }

    /// Lays out a list of steps. `path` names the block within the endpoint, for the places of draws.
    fn block(&mut self, steps: &[Step], path: &str) {
        let mut seen: Vec<String> = Vec::new();
        for step in steps {
            let name = step_name(step);
            let nth = seen.iter().filter(|other| **other == name).count();
            let place = format!("{path}/{name}#{nth}");
            seen.push(name);
            self.step(step, &place);
        }
    }

    fn step(&mut self, step: &Step, place: &str) {
        let hash = name_hash(place);
        match step {
            Step::Compute(draw) => {
                let draw = self.compiler.draw(draw);
                self.emit(Instr::Compute { draw, place: hash });
            }
            Step::Wait(draw) => {
                let draw = self.compiler.draw(draw);
                self.emit(Instr::Wait { draw, place: hash });
            }
            Step::Fail(fail) => {
                self.emit(Instr::Fail { threshold: threshold(fail.probability.ratio), place: hash as u32 });
            }
            Step::Decline(decline) => {
                self.emit(Instr::Decline { threshold: threshold(decline.probability.ratio), place: hash as u32 });
            }
            Step::Branch(branch) => {
                let unless = self.emit(Instr::End);
                self.block(&branch.then, &format!("{place}/do"));
                let skip = (!branch.otherwise.is_empty()).then(|| self.emit(Instr::End));
                self.compiler.plan.code[usize::from(unless)] =
                    Instr::Unless { threshold: threshold(branch.probability.ratio), place: hash as u32, to: self.pc() };
                if let Some(skip) = skip {
                    self.block(&branch.otherwise, &format!("{place}/else"));
                    self.compiler.plan.code[usize::from(skip)] = Instr::Jump(self.pc());
                }
            }
            Step::Parallel(strands) => self.parallel(strands, place),
            Step::Call(call) => self.call(call, place),
            Step::Query(query) => {
                let statement = self.compiler.statement_id(&query.store, &query.statement);
                let Query { timeout, retry, breaker, .. } = query;
                let site = self.query(statement, *timeout, retry.as_ref(), breaker.as_ref(), place);
                self.after_failure(site, query.optional, &query.fallback, place);
            }
            Step::Publish(publish) => {
                let topic = self.compiler.topic_id(&publish.store, &publish.topic);
                let Publish { timeout, retry, breaker, .. } = publish;
                let site = self.query(topic, *timeout, retry.as_ref(), breaker.as_ref(), place);
                self.after_failure(site, publish.optional, &publish.fallback, place);
            }
            Step::Cached(cached) => self.cached(cached, place),
        }
    }

    fn parallel(&mut self, strands: &[Vec<Step>], place: &str) {
        let fork = self.emit(Instr::End);
        let jumps: Vec<Pc> = strands.iter().map(|_| self.emit(Instr::End)).collect();
        for (nth, (strand, jump)) in strands.iter().zip(jumps).enumerate() {
            self.compiler.plan.code[usize::from(jump)] = Instr::Jump(self.pc());
            self.block(strand, &format!("{place}/{nth}"));
            self.emit(Instr::Join);
        }
        self.compiler.plan.code[usize::from(fork)] = Instr::Fork { strands: strands.len() as u16, join: self.pc() };
    }

    fn call(&mut self, call: &Call, place: &str) {
        let callee = self.compiler.endpoint_id(&call.endpoint);
        let stride = 1 + self.compiler.tree(&call.endpoint);
        let site = self.site(Target::Endpoint(callee), call.timeout, call.retry.as_ref(), stride, place);
        self.guard(site, call.retry.as_ref(), call.breaker.as_ref());
        self.compiler.plan.sites[usize::from(site)].cancel = call.cancel;
        self.compiler.plan.sites[usize::from(site)].shape = self.compiler.shape(Shape::Client(site));
        self.emit(Instr::Call(site));
        self.after_failure(site, call.optional, &call.fallback, place);
    }

    /// A statement, or the publication of a message.
    fn query(
        &mut self,
        statement: StatementId,
        timeout: Option<Time>,
        retry: Option<&Retry>,
        breaker: Option<&Breaker>,
        place: &str,
    ) -> SiteId {
        let store = self.compiler.plan.statements[usize::from(statement)].store;
        let service = self.compiler.plan.endpoints[usize::from(self.endpoint)].service;
        let pool = self.compiler.pool_id(service, store);
        let site = self.site(Target::Statement { statement, pool }, timeout, retry, 1, place);
        self.guard(site, retry, breaker);
        self.compiler.plan.sites[usize::from(site)].cancel = self.compiler.plan.stores[usize::from(store)].cancel;
        self.compiler.plan.sites[usize::from(site)].shape = self.compiler.shape(Shape::Statement(site));
        self.emit(Instr::Query(site));
        site
    }

    /// A lookup, and what a miss takes. A lookup that fails is a miss; a filling that fails fills nothing.
    fn cached(&mut self, cached: &Cached, place: &str) {
        let cache = self.compiler.plan.caches.len() as CacheId;
        self.compiler.plan.caches.push(Cache {
            store: self.compiler.store_id(&cached.store),
            endpoint: self.endpoint,
            threshold: threshold(cached.miss.ratio),
            place: name_hash(place),
            popularity: Popularity::new(cached.keys.count as u32, cached.skew),
        });
        let get = self.compiler.statement_id(&cached.store, &cached.get);
        let lookup = self.query(get, cached.timeout, None, None, &format!("{place}/get"));
        let unless = self.emit(Instr::End);
        self.compiler.plan.sites[usize::from(lookup)].next = unless;
        self.compiler.plan.sites[usize::from(lookup)].on_failure = Some(self.pc());
        self.block(&cached.on_miss, &format!("{place}/miss"));
        if let Some(put) = &cached.put {
            let put = self.compiler.statement_id(&cached.store, put);
            let fill = self.query(put, cached.timeout, None, None, &format!("{place}/put"));
            self.compiler.plan.sites[usize::from(fill)].next = self.emit(Instr::Filled(cache));
            self.compiler.plan.sites[usize::from(fill)].on_failure = Some(self.pc());
        }
        self.compiler.plan.code[usize::from(unless)] = Instr::UnlessMiss { cache, to: self.pc() };
    }

    /// A site whose spans follow those of the sites before it.
    fn site(
        &mut self,
        target: Target,
        timeout: Option<Time>,
        retry: Option<&Retry>,
        stride: u32,
        place: &str,
    ) -> SiteId {
        let attempts = retry.map_or(1, |retry| retry.attempts.count as u8);
        let backoff = retry.and_then(|retry| retry.backoff.as_ref()).map(|draw| self.compiler.draw(draw));
        let site = Site {
            target,
            timeout: timeout.map(|time| ticks_from_ns(time.ns).max(1)),
            attempts,
            backoff,
            growth: retry.map_or(1, |retry| retry.growth.count as u32),
            budget: None,
            breaker: None,
            retry_threshold: 1 << 32,
            cancel: true,
            on_failure: None,
            next: 0,
            place: name_hash(place),
            span_offset: self.next_span,
            span_stride: stride,
            shape: NONE,
        };
        self.next_span += u32::from(attempts) * stride;
        self.compiler.plan.sites.push(site);
        (self.compiler.plan.sites.len() - 1) as SiteId
    }

    /// Gives a site its retry budget and its breaker, one for each pod.
    fn guard(&mut self, site: SiteId, retry: Option<&Retry>, breaker: Option<&Breaker>) {
        let plan = &mut self.compiler.plan;
        let service = plan.endpoints[usize::from(self.endpoint)].service;
        let pods = u32::from(plan.services[usize::from(service)].pods);
        if let Some(budget) = retry.and_then(|retry| retry.budget.as_ref()) {
            let rule = BudgetRule::new(budget.ratio.ratio, budget.burst.count as u32);
            plan.sites[usize::from(site)].budget = Some(PerPod { rule, first_instance: plan.budget_instances });
            plan.budget_instances += pods;
        }
        if let Some(breaker) = breaker {
            let rule = breaker_rule(breaker);
            plan.sites[usize::from(site)].breaker = Some(PerPod { rule, first_instance: plan.breaker_instances });
            plan.breaker_instances += pods;
        }
    }

    /// Where a site's program goes on: after success, and after the last failure.
    fn after_failure(&mut self, site: SiteId, optional: bool, fallback: &[Step], place: &str) {
        let index = usize::from(site);
        if fallback.is_empty() {
            self.compiler.plan.sites[index].next = self.pc();
            self.compiler.plan.sites[index].on_failure = optional.then(|| self.pc());
            return;
        }
        self.compiler.plan.sites[index].on_failure = Some(self.pc());
        self.block(fallback, &format!("{place}/fallback"));
        self.compiler.plan.sites[index].next = self.pc();
    }

    fn emit(&mut self, instr: Instr) -> Pc {
        self.compiler.emit(instr, self.endpoint)
    }

    fn pc(&self) -> Pc {
        self.compiler.plan.code.len() as Pc
    }
}

impl Compiler<'_> {
    pub(super) fn emit(&mut self, instr: Instr, endpoint: EndpointId) -> Pc {
        let pc = Pc::try_from(self.plan.code.len()).expect("invariant: programs fit 65,535 instructions");
        self.plan.code.push(instr);
        self.plan.endpoint_of.push(endpoint);
        pc
    }
}

fn breaker_rule(breaker: &Breaker) -> BreakerRule {
    let ticks = |time: Time| ticks_from_ns(time.ns).max(1);
    let slow = breaker.slow.zip(breaker.slow_over).map(|(share, over)| (share.ratio, ticks(over)));
    BreakerRule::new(
        breaker.failures.map(|share| share.ratio),
        slow,
        breaker.min_calls.count as u32,
        ticks(breaker.window),
        ticks(breaker.open),
        breaker.trials.count as u32,
    )
}

/// What a step is called in the place of its draws: stable under changes elsewhere in the program.
fn step_name(step: &Step) -> String {
    match step {
        Step::Compute(_) => "compute".to_owned(),
        Step::Wait(_) => "wait".to_owned(),
        Step::Branch(_) => "branch".to_owned(),
        Step::Parallel(_) => "parallel".to_owned(),
        Step::Fail(fail) => format!("fail:{}", fail.error),
        Step::Decline(_) => "decline".to_owned(),
        Step::Call(call) => format!("call:{}", call.endpoint),
        Step::Query(query) => format!("query:{}.{}", query.store, query.statement),
        Step::Publish(publish) => format!("publish:{}.{}", publish.store, publish.topic),
        Step::Cached(cached) => format!("cached:{}.{}", cached.store, cached.get),
    }
}
