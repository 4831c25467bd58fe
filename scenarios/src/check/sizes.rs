//! How large programs and the trees of requests are: they must end, and fit the engine's integers.
//!
//! Owns the search for circles among calls, and the bounds on instructions and spans. What generated services do wrong is
//! reported at the line of the section `fleet` that they come from.

use super::Check;
use crate::Scenario;
use crate::load::{Position, Spot};
use crate::types::{Action, FaultKind, Fleet, Retry, Service, Step};
use std::collections::BTreeMap;

/// Instructions of all programs together: the engine counts them in 16 bits, and adds some of its own.
const MOST_INSTRUCTIONS: u64 = 60_000;
/// Pods of a cell, all services together: the engine numbers them in 16 bits.
const MOST_PODS: u64 = 60_000;
/// Instructions of a journey's request at most: reach, skip the pause, pause, ask, repeat.
const OF_A_REQUEST: u64 = 5;
/// Spans that one request may have at most, every branch taken and every try used up: their index has 24 bits.
const MOST_SPANS: u64 = 1 << 24;
/// Ways from a shopper's request to a message of a consumer group: the engine numbers them in 8 bits.
const MOST_WAYS: u64 = 255;

/// An endpoint in the graph of calls.
struct Room<'a> {
    name: String,
    at: Position,
    calls: Vec<Asked>,
    /// Messages that it may publish for a consumer group each, every try used up.
    messages: u64,
    queries: u64,
    instructions: u64,
    steps: &'a [Step],
    is_generated: bool,
}

/// A call in a program.
struct Asked {
    callee: String,
    at: Position,
    is_written: bool,
    tries: u64,
}

pub(super) fn sizes(check: &mut Check<'_>, root: Spot<'_>) {
    let services = root.key("services");
    let mut rooms = Vec::new();
    let scenario = check.scenario;
    for (service, one) in &scenario.services {
        let is_generated = !services.key(service).is_written();
        let endpoints = one.endpoints.iter().map(|(name, endpoint)| ("endpoints", name, &endpoint.program));
        let consumers = one.consumers.iter().map(|(name, consumer)| ("consumers", name, &consumer.program));
        for (group, name, steps) in endpoints.chain(consumers) {
            let spot = services.key(service).key(group).key(name);
            // One instruction more: the answer.
            let mut room = Room {
                name: format!("{service}.{name}"),
                at: if is_generated { root.key("fleet").at } else { spot.name_at },
                calls: Vec::new(),
                messages: 0,
                queries: 0,
                instructions: 1,
                steps,
                is_generated,
            };
            room.count(scenario, spot.key("do"), room.steps);
            if let Some(fleet) = &scenario.fleet {
                room.place_generated(fleet, root.key("fleet"));
            }
            rooms.push(room);
        }
    }
    let at_most = |(name, service): (&String, &Service)| most_pods(scenario, name, service);
    let pods = scenario.services.iter().map(at_most).fold(0, u64::saturating_add);
    if pods > MOST_PODS {
        let message = format!("the services have {pods} pods together, over the {MOST_PODS} of a cell");
        check.report(services.at, message, "cut the fleet into more cells; `pods` are those of one cell");
    }
    let steps = check.scenario.journeys.values().map(|journey| journey.steps.len() as u64);
    let mut instructions: u64 = steps.map(|steps| steps * OF_A_REQUEST + 1).sum();
    if instructions > MOST_INSTRUCTIONS {
        let message = format!("the journeys together have over {MOST_INSTRUCTIONS} instructions");
        check.report(services.at, message, "a request of a journey is up to five instructions");
        return;
    }
    for room in &rooms {
        let before = instructions;
        instructions += room.instructions;
        if before <= MOST_INSTRUCTIONS && instructions > MOST_INSTRUCTIONS {
            let message =
                format!("with `{}` all programs together have over {MOST_INSTRUCTIONS} instructions", room.name);
            let help = if room.is_generated {
                "a call of a generated service is up to four instructions; make fewer `services`, or a smaller `fan_out`"
            } else {
                "a step is one to three instructions"
            };
            check.report(room.at, message, help);
        }
    }
    let search =
        Search { numbers: numbers(&rooms), rooms: &rooms, state: vec![State::New; rooms.len()], told: Vec::new() };
    let ways = search.run(check);
    messages(check, services, &rooms, &ways);
}

/// Pods of a service once every remedy has scaled it out.
fn most_pods(scenario: &Scenario, name: &str, service: &Service) -> u64 {
    let scaled = scenario.remedies.values().filter_map(|remedy| match &remedy.action {
        Action::ScaleOut(scale) if scale.service == name => Some(scale.pods.count),
        _ => None,
    });
    let released = scenario.faults.values().filter_map(|fault| match &fault.change {
        FaultKind::BadRelease(bad) if bad.service == name => Some((bad.pods.ratio * service.pods.count as f64).ceil()),
        _ => None,
    });
    scaled.fold(service.pods.count, u64::max).saturating_add(released.sum::<f64>() as u64)
}

/// Messages: how many ways there are to one that is consumed, and none from a consumer. `ways` are those of each room.
fn messages(check: &mut Check<'_>, services: Spot<'_>, rooms: &[Room<'_>], ways: &BTreeMap<&str, u64>) {
    let scenario = check.scenario;
    let of = |name: &str| ways.get(name).copied().unwrap_or_default();
    for (service, one) in &scenario.services {
        for name in one.consumers.keys().filter(|name| of(&format!("{service}.{name}")) > 0) {
            let at = services.key(service).key("consumers").key(name).name_at;
            let message = format!("what `{service}.{name}` does may publish a message that is consumed in turn");
            check.report(
                at,
                message,
                "messages that follow from messages are not modelled; consume the first topic twice",
            );
        }
    }
    let mut edges: Vec<&str> =
        scenario.journeys.values().flat_map(|journey| &journey.steps).map(|step| step.request.as_str()).collect();
    edges.sort_unstable();
    edges.dedup();
    let all = edges.iter().map(|edge| of(edge)).fold(0, u64::saturating_add);
    if all > MOST_WAYS {
        let most = edges.iter().copied().max_by_key(|edge| of(edge)).unwrap_or_default();
        let at = rooms.iter().find(|room| room.name == most).map_or(services.at, |room| room.at);
        let message =
            format!("there are {all} ways to a message for a consumer, over {MOST_WAYS}; `{most}` has {}", of(most));
        check.report(at, message, "each try, call path and consumer group counts; use fewer of them");
    }
}

fn numbers(rooms: &[Room<'_>]) -> BTreeMap<String, usize> {
    rooms.iter().enumerate().map(|(number, room)| (room.name.clone(), number)).collect()
}

impl Room<'_> {
    /// Gives calls that nobody wrote the place of what they come from: the endpoint under `from` that makes them, or the one
    /// under `to` that is called.
    fn place_generated(&mut self, fleet: &Fleet, spot: Spot<'_>) {
        let item = |list: &str, names: &[String], name: &str| {
            let index = names.iter().position(|other| other == name);
            index.map_or(spot.at, |index| spot.key(list).item(index).at)
        };
        for call in &mut self.calls {
            if self.is_generated {
                call.at = item("to", &fleet.to, &call.callee);
            } else if !call.is_written {
                call.at = item("from", &fleet.from, &self.name);
            }
        }
    }

    /// Counts the steps of a part of the program.
    fn count(&mut self, scenario: &Scenario, spot: Spot<'_>, steps: &[Step]) {
        for (index, step) in steps.iter().enumerate() {
            let spot = spot.item(index);
            self.instructions += 1;
            match step {
                Step::Compute(_) | Step::Wait(_) | Step::Fail(_) | Step::Decline(_) => {}
                Step::Call(call) => {
                    let spot = spot.key("call");
                    let endpoint = spot.key("endpoint");
                    self.calls.push(Asked {
                        callee: call.endpoint.clone(),
                        at: endpoint.at,
                        is_written: endpoint.is_written(),
                        tries: tries(call.retry.as_ref()),
                    });
                    self.instructions += u64::from(!call.fallback.is_empty());
                    self.count(scenario, spot.key("fallback"), &call.fallback);
                }
                Step::Query(query) => {
                    self.queries = self.queries.saturating_add(tries(query.retry.as_ref()));
                    self.instructions += u64::from(!query.fallback.is_empty());
                    self.count(scenario, spot.key("query").key("fallback"), &query.fallback);
                }
                Step::Publish(publish) => {
                    let tries = tries(publish.retry.as_ref());
                    self.queries = self.queries.saturating_add(tries);
                    let groups = groups(scenario, &publish.store, &publish.topic);
                    self.messages = self.messages.saturating_add(tries.saturating_mul(groups));
                    self.instructions += u64::from(!publish.fallback.is_empty());
                    self.count(scenario, spot.key("publish").key("fallback"), &publish.fallback);
                }
                Step::Cached(cached) => {
                    self.queries = self.queries.saturating_add(2);
                    self.instructions += 3;
                    self.count(scenario, spot.key("cached").key("on_miss"), &cached.on_miss);
                }
                Step::Branch(branch) => {
                    self.instructions += 1;
                    self.count(scenario, spot.key("branch").key("do"), &branch.then);
                    self.count(scenario, spot.key("branch").key("else"), &branch.otherwise);
                }
                Step::Parallel(arms) => {
                    for (index, arm) in arms.iter().enumerate() {
                        self.instructions += 2;
                        self.count(scenario, spot.key("parallel").item(index), arm);
                    }
                }
            }
        }
    }
}

/// Consumer groups of a topic.
fn groups(scenario: &Scenario, store: &str, topic: &str) -> u64 {
    let consumers = scenario.services.values().flat_map(|service| service.consumers.values());
    consumers.filter(|consumer| consumer.store == store && consumer.topic == topic).count() as u64
}

fn tries(retry: Option<&Retry>) -> u64 {
    retry.map_or(1, |retry| retry.attempts.count)
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    /// On the way that is being walked.
    Open,
    /// Its tree is known: so many spans, so many messages.
    Done(u64, u64),
}

struct Search<'a> {
    rooms: &'a [Room<'a>],
    numbers: BTreeMap<String, usize>,
    state: Vec<State>,
    /// Lines of the section `fleet` at which a circle was reported.
    told: Vec<Position>,
}

/// An endpoint on the way: its number, its next call, the spans and messages so far.
struct Open {
    number: usize,
    next: usize,
    spans: u64,
    messages: u64,
}

impl<'a> Search<'a> {
    /// Walks the graph depth first, with a stack of its own: a chain of calls may be as long as the file. Returns the messages of each
    /// room's tree.
    fn run(mut self, check: &mut Check<'_>) -> BTreeMap<&'a str, u64> {
        for start in 0..self.rooms.len() {
            if self.state[start] != State::New {
                continue;
            }
            let mut way = vec![self.open(start)];
            while let Some(top) = way.last_mut() {
                let room = &self.rooms[top.number];
                let Some(Asked { callee, at, tries, .. }) = room.calls.get(top.next) else {
                    let done = State::Done(top.spans, top.messages);
                    self.state[top.number] = done;
                    self.report_size(check, top.number, top.spans);
                    way.pop();
                    continue;
                };
                // A call of something unknown was reported where it stands.
                let Some(callee) = self.numbers.get(callee).copied() else {
                    top.next += 1;
                    continue;
                };
                match self.state[callee] {
                    State::New => way.push(self.open(callee)),
                    State::Open => {
                        top.next += 1;
                        self.report_circle(check, &way, callee, *at);
                    }
                    State::Done(spans, messages) => {
                        top.next += 1;
                        top.spans = top.spans.saturating_add(tries.saturating_mul(spans.saturating_add(1)));
                        top.messages = top.messages.saturating_add(tries.saturating_mul(messages));
                    }
                }
            }
        }
        let messages = |state: &State| if let State::Done(_, messages) = state { *messages } else { 0 };
        self.rooms.iter().zip(&self.state).map(|(room, state)| (room.name.as_str(), messages(state))).collect()
    }

    fn open(&mut self, number: usize) -> Open {
        self.state[number] = State::Open;
        let room = &self.rooms[number];
        Open { number, next: 0, spans: room.queries.saturating_add(1), messages: room.messages }
    }

    fn report_circle(&mut self, check: &mut Check<'_>, way: &[Open], callee: usize, at: Position) {
        const SHOWN: usize = 12;
        if check.findings.are_full() {
            return;
        }
        let first = way.iter().position(|open| open.number == callee).unwrap_or(0);
        let mut names: Vec<&str> = way[first..].iter().map(|open| self.rooms[open.number].name.as_str()).collect();
        let left_out = names.len().saturating_sub(SHOWN);
        if left_out > 0 {
            names.splice(SHOWN / 2..SHOWN / 2 + left_out, ["..."]);
        }
        names.push(&self.rooms[callee].name);
        let message = format!("calls run in a circle: {}", names.join(" -> "));
        if !way[first..].iter().any(|open| self.rooms[open.number].is_generated) {
            check.report(at, message, "a request would never end; one of these calls must go");
        } else if !self.told.contains(&at) {
            // One line of the section may close dozens of circles.
            self.told.push(at);
            let help =
                "a request would never end; generated services are asked by what `from` names and ask what `to` names";
            check.report(at, message, help);
        }
    }

    fn report_size(&self, check: &mut Check<'_>, number: usize, spans: u64) {
        if spans <= MOST_SPANS {
            return;
        }
        // Whoever calls it is too large as well: only the innermost is told.
        let room = &self.rooms[number];
        let callees = room.calls.iter().filter_map(|call| self.numbers.get(&call.callee));
        let is_innermost = callees
            .into_iter()
            .all(|callee| !matches!(self.state[*callee], State::Done(spans, _) if spans > MOST_SPANS));
        if is_innermost {
            let message = format!("one request to `{}` may have over {MOST_SPANS} spans", room.name);
            check.report(room.at, message, "its calls and their retries multiply; use fewer of them");
        }
    }
}
