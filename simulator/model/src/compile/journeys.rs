//! Journeys and traffic.

use super::Compiler;
use crate::key::{name_hash, threshold};
use crate::plan::{Arrivals, Instr, Journey, NO_ENDPOINT, NONE, Pc, Site, SiteId, Target};
use crate::time::ticks_from_ns;
use doorbuster_scenarios::types::{Journey as JourneyOf, JourneyStep, Traffic};

impl Compiler<'_> {
    /// Lays out every journey, then the arrivals that start them.
    pub(super) fn journeys(&mut self) {
        let scenario = self.scenario;
        let closed = matches!(scenario.traffic, Some(Traffic::Closed(_)));
        let alone = self.only_endpoint();
        let journeys: Vec<(&str, &JourneyOf)> = match &alone {
            Some(journey) => vec![("only", journey)],
            None => scenario.journeys.iter().map(|(name, journey)| (name.as_str(), journey)).collect(),
        };
        let total: f64 = journeys.iter().map(|(_, journey)| journey.weight).sum();
        let (mut upto, mut requests_per_start) = (0.0, 0.0);
        for (name, journey) in journeys {
            upto += journey.weight / total;
            requests_per_start += journey.weight / total * requests_of(journey);
            let entry = self.journey(name, journey, closed);
            self.plan.journeys.push(Journey { name: name.to_owned(), entry, upto: threshold(upto) });
        }
        if let Some(last) = self.plan.journeys.last_mut() {
            last.upto = 1 << 32;
        }
        self.plan.arrivals = self.arrivals(requests_per_start);
    }

    /// The journey of a scenario that names none: one request to its only endpoint.
    fn only_endpoint(&self) -> Option<JourneyOf> {
        if !self.scenario.journeys.is_empty() {
            return None;
        }
        let only = self.endpoint_ids.keys().next().expect("invariant: a checked scenario has an endpoint");
        let step = JourneyStep {
            request: only.clone(),
            think: None,
            reach: doorbuster_scenarios::units::Share { ratio: 1.0 },
            repeat: doorbuster_scenarios::units::Amount { count: 1 },
        };
        Some(JourneyOf { weight: 1.0, steps: vec![step], patience: None, disconnect: false, on_failure: None })
    }

    fn journey(&mut self, name: &str, journey: &JourneyOf, closed: bool) -> Pc {
        let entry = self.plan.code.len() as Pc;
        let mut leaves: Vec<usize> = Vec::new();
        let mut sites: Vec<SiteId> = Vec::new();
        for (nth, step) in journey.steps.iter().enumerate() {
            let place = format!("{name}/{nth}:{}", step.request);
            if step.reach.ratio < 1.0 {
                let unless = Instr::Unless {
                    threshold: threshold(step.reach.ratio),
                    place: name_hash(&format!("{place}/reach")) as u32,
                    to: 0,
                };
                leaves.push(usize::from(self.emit(unless, NO_ENDPOINT)));
            }
            sites.push(self.journey_step(&place, step, journey, nth == 0));
        }
        let leave = self.plan.code.len() as Pc;
        for index in leaves {
            if let Instr::Unless { to, .. } = &mut self.plan.code[index] {
                *to = leave;
            }
        }
        for site in sites {
            self.plan.sites[usize::from(site)].on_failure = Some(leave);
        }
        self.emit(if closed { Instr::Restart } else { Instr::End }, NO_ENDPOINT);
        entry
    }

    fn journey_step(&mut self, place: &str, step: &JourneyStep, journey: &JourneyOf, first: bool) -> SiteId {
        let repeats = step.repeat.count > 1;
        let over_think = (first && step.think.is_some()).then(|| self.emit(Instr::End, NO_ENDPOINT));
        let again = self.plan.code.len() as Pc;
        if let Some(think) = &step.think {
            let draw = self.draw(think);
            self.emit(Instr::Wait { draw, place: name_hash(&format!("{place}/think")) }, NO_ENDPOINT);
        }
        if let Some(jump) = over_think {
            self.plan.code[usize::from(jump)] = Instr::Jump(self.plan.code.len() as Pc);
        }
        let on_failure = journey.on_failure.as_ref();
        let backoff = on_failure.map(|reaction| self.draw(&reaction.after));
        let site = self.plan.sites.len() as SiteId;
        let request = self.emit(Instr::Request(site), NO_ENDPOINT);
        self.plan.sites.push(Site {
            target: Target::Endpoint(self.endpoint_id(&step.request)),
            timeout: journey.patience.map(|patience| ticks_from_ns(patience.ns).max(1)),
            attempts: on_failure.map_or(1, |reaction| reaction.attempts.count as u8),
            backoff,
            growth: 1,
            budget: None,
            breaker: None,
            retry_threshold: on_failure.map_or(0, |reaction| threshold(reaction.retry.ratio)),
            cancel: journey.disconnect,
            on_failure: None,
            next: request + 1,
            place: name_hash(place),
            span_offset: 0,
            span_stride: 0,
            shape: NONE,
        });
        if repeats {
            self.emit(Instr::Repeat { to: again, times: step.repeat.count as u32 }, NO_ENDPOINT);
        }
        site
    }

    fn arrivals(&mut self, requests_per_start: f64) -> Arrivals {
        let fleet = f64::from(self.plan.cells_fleet);
        let open = |curve: Vec<(f64, f64)>, random: bool| Arrivals::Open { curve, random, requests_per_start };
        match self.scenario.traffic.as_ref().expect("invariant: a checked scenario has traffic") {
            Traffic::Poisson(rate) => open(vec![(0.0, rate.per_s / fleet)], true),
            Traffic::Constant(rate) => open(vec![(0.0, rate.per_s / fleet)], false),
            Traffic::Curve(points) => {
                open(points.iter().map(|point| (point.at.s(), point.rate.per_s / fleet)).collect(), true)
            }
            Traffic::Closed(closed) => {
                let think = self.draw(&closed.think);
                let (users, cells) = (closed.users.count as u32, self.plan.cells_fleet);
                Arrivals::Closed { users: users / cells, extra: users % cells, think }
            }
        }
    }
}

/// Requests that a journey makes on average when nothing fails.
fn requests_of(journey: &JourneyOf) -> f64 {
    let mut reach = 1.0;
    let mut requests = 0.0;
    for step in &journey.steps {
        reach *= step.reach.ratio;
        requests += reach * step.repeat.count as f64;
    }
    requests
}
