//! What generated endpoints do, as the steps that a person would write.
//!
//! Owns the form of programs: work, then a statement, then with some probability all callees.

use super::draws::Draws;
use super::graph::{Graph, Id};
use super::weights::repeat_ratio;
use super::{ENDPOINTS, compute, service_name};
use crate::types::{Branch, Call, Fleet, Query, Step};
use crate::units::{Share, Time};

/// The one statement of a generated store.
pub(super) const STATEMENT: &str = "get";
/// Longest wait of a service written by hand for a generated one, which it can do without: chosen, what a shopper bears on top.
const WAIT_OF_THE_SHOP: Time = Time::from_s(1);
/// Longest wait of one generated service for another: chosen, half of that.
const WAIT_FOR_A_CALL: Time = Time::from_ms(500);
/// Longest wait for a generated store: chosen, half of that.
const WAIT_FOR_A_STATEMENT: Time = Time::from_ms(250);
/// Calls that an endpoint has under way at a time: chosen, a small pool of threads.
const STRANDS: usize = 8;
/// More calls than this are made side by side: chosen.
const MOST_IN_A_ROW: usize = 2;
/// One in so many endpoints of the deepest layer asks an endpoint under `to`: chosen.
const ONE_IN: u64 = 4;

/// The program of a generated endpoint; `store` is the one that it asks.
pub(super) fn program(fleet: &Fleet, graph: &Graph, draws: Draws, id: Id, store: Option<&str>) -> Vec<Step> {
    let mut steps = vec![compute(draws, id)];
    if let Some(store) = store {
        steps.push(query(store));
    }
    let mut calls: Vec<Vec<Step>> = graph.calls(id).iter().map(|callee| calls(fleet, &name(*callee))).collect();
    if let Some(to) = back(fleet, graph, draws, id) {
        calls.push(vec![call(to, WAIT_FOR_A_CALL, false)]);
    }
    if !calls.is_empty() {
        let then = if calls.len() <= MOST_IN_A_ROW { calls.concat() } else { vec![side_by_side(calls)] };
        steps.push(Step::Branch(Branch { probability: fleet.asks, then, otherwise: Vec::new() }));
    }
    steps
}

/// The step that makes a service written by hand ask one of some generated endpoints, in a given share of its requests.
pub(super) fn ask(ratio: f64, entries: &[Id]) -> Step {
    Step::Branch(Branch { probability: Share { ratio }, then: vec![one_of(entries)], otherwise: Vec::new() })
}

/// Asks one of some endpoints, each as likely as the next, after as few choices as there may be.
fn one_of(entries: &[Id]) -> Step {
    if let [only] = entries {
        return call(&name(*only), WAIT_OF_THE_SHOP, true);
    }
    let (left, right) = entries.split_at(entries.len() / 2);
    let probability = Share { ratio: left.len() as f64 / entries.len() as f64 };
    Step::Branch(Branch { probability, then: vec![one_of(left)], otherwise: vec![one_of(right)] })
}

fn side_by_side(calls: Vec<Vec<Step>>) -> Step {
    let mut strands = vec![Vec::new(); calls.len().min(STRANDS)];
    let count = strands.len();
    for (nth, calls) in calls.into_iter().enumerate() {
        strands[nth % count].extend(calls);
    }
    Step::Parallel(strands)
}

/// A call, and now and then the same again.
fn calls(fleet: &Fleet, endpoint: &str) -> Vec<Step> {
    let first = call(endpoint, WAIT_FOR_A_CALL, false);
    if fleet.repeats.ratio <= 0.0 {
        return vec![first];
    }
    let again =
        Branch { probability: Share { ratio: repeat_ratio(fleet) }, then: vec![first.clone()], otherwise: Vec::new() };
    vec![first, Step::Branch(again)]
}

/// The endpoint under `to` that this one asks, if it asks one. The first endpoints of the deepest layer ask each of them once.
fn back<'f>(fleet: &'f Fleet, graph: &Graph, draws: Draws, id: Id) -> Option<&'f str> {
    if fleet.to.is_empty() || !graph.is_deepest(id) {
        return None;
    }
    let before = graph.order().iter().rev().position(|service| *service == id.service)?;
    if id.endpoint == 0 && before < fleet.to.len() {
        return Some(&fleet.to[before]);
    }
    let asks = draws.of("back", id.service, id.endpoint).is_multiple_of(ONE_IN);
    asks.then(|| fleet.to[draws.below("to", id.service, id.endpoint, fleet.to.len())].as_str())
}

fn name(id: Id) -> String {
    format!("{}.{}", service_name(id.service), ENDPOINTS[id.endpoint])
}

fn call(endpoint: &str, timeout: Time, optional: bool) -> Step {
    Step::Call(Call {
        endpoint: endpoint.to_owned(),
        timeout: Some(timeout),
        retry: None,
        breaker: None,
        cancel: true,
        optional,
        fallback: Vec::new(),
    })
}

fn query(store: &str) -> Step {
    Step::Query(Query {
        store: store.to_owned(),
        statement: STATEMENT.to_owned(),
        timeout: Some(WAIT_FOR_A_STATEMENT),
        retry: None,
        breaker: None,
        optional: false,
        fallback: Vec::new(),
    })
}
