//! How often generated endpoints are asked: the ways in, and pods in proportion to the work.
//!
//! Owns the arithmetic of means. It draws nothing: floats are added, multiplied and divided in a fixed order, which IEEE 754 makes the
//! same everywhere.

use super::draws::Draws;
use super::graph::{Graph, Id};
use super::{TooManySpans, compute_us};
use crate::types::Fleet;

pub(super) struct Weights {
    /// For each endpoint under `from`: the endpoints of the first layer that it may ask, and the share of its requests that ask one.
    ways_in: Vec<(Vec<Id>, f64)>,
    /// Calls of each endpoint if every endpoint under `from` is called once.
    visits: Vec<Vec<f64>>,
}

/// A call is followed by another of the same kind so often that the given share of all calls are such ones.
pub(super) fn repeat_ratio(fleet: &Fleet) -> f64 {
    fleet.repeats.ratio / (1.0 - fleet.repeats.ratio)
}

impl Weights {
    pub(super) fn new(fleet: &Fleet, graph: &Graph, draws: Draws) -> Result<Self, TooManySpans> {
        let spans = spans(fleet, graph, draws);
        let mut most = f64::MAX;
        let mut ways_in = Vec::new();
        for entries in deal(graph.entries(), fleet.from.len(), draws) {
            // The client span of the way in, and what follows from it; each entry is as likely as the next.
            let mean =
                entries.iter().map(|id| 1.0 + spans[id.service][id.endpoint]).sum::<f64>() / entries.len() as f64;
            most = most.min(mean);
            ways_in.push((entries, fleet.spans / mean));
        }
        if fleet.spans > most {
            return Err(TooManySpans { most });
        }
        let visits = visits(fleet, graph, &ways_in);
        Ok(Self { ways_in, visits })
    }

    /// Endpoints of the first layer that the `nth` endpoint under `from` asks, one of them at a time.
    pub(super) fn entries(&self, nth: usize) -> &[Id] {
        &self.ways_in[nth].0
    }

    /// Share of the requests of the `nth` endpoint under `from` that ask.
    pub(super) fn ask_ratio(&self, nth: usize) -> f64 {
        self.ways_in[nth].1
    }

    /// Pods of each service: one, and of those that are left a part in proportion to its work.
    pub(super) fn pods(&self, graph: &Graph, draws: Draws, pods: u64) -> Vec<u64> {
        let count = self.visits.len();
        let work: Vec<u128> = (0..count).map(|service| self.work(graph, draws, service)).collect();
        let all: u128 = work.iter().sum();
        let left = u128::from(pods) - count as u128;
        let mut given: Vec<u64> = work.iter().map(|work| 1 + (left * work / all) as u64).collect();
        let rest = pods - given.iter().sum::<u64>();
        let mut by_remainder: Vec<usize> = (0..count).collect();
        by_remainder.sort_by_key(|service| (std::cmp::Reverse(left * work[*service] % all), *service));
        for service in by_remainder.into_iter().take(rest as usize) {
            given[service] += 1;
        }
        given
    }

    /// Work of a service as an integer over 0, for a division without remainder.
    fn work(&self, graph: &Graph, draws: Draws, service: usize) -> u128 {
        let us = graph.ids(service).map(|id| self.visits[service][id.endpoint] * compute_us(draws, id) as f64);
        (us.sum::<f64>() * 1e9) as u128 + 1
    }
}

/// Deals the ways in out to the endpoints under `from`, each of which gets at least one.
fn deal(mut entries: Vec<Id>, hands: usize, draws: Draws) -> Vec<Vec<Id>> {
    entries.sort_by_cached_key(|id| (draws.of("deal", id.service, id.endpoint), *id));
    let mut dealt = vec![Vec::new(); hands];
    for nth in 0..entries.len().max(hands) {
        dealt[nth % hands].push(entries[nth % entries.len()]);
    }
    dealt
}

/// Mean spans of one call of each endpoint, its own server span and what follows from it in generated services.
fn spans(fleet: &Fleet, graph: &Graph, draws: Draws) -> Vec<Vec<f64>> {
    let mut spans: Vec<Vec<f64>> = vec![Vec::new(); graph.order().len()];
    for service in graph.order().iter().rev() {
        for id in graph.ids(*service) {
            let asked: f64 = graph.calls(id).iter().map(|callee| 1.0 + spans[callee.service][callee.endpoint]).sum();
            let query = if graph.store(id, draws).is_some() { 1.0 } else { 0.0 };
            spans[*service].push(1.0 + query + fleet.asks.ratio * (1.0 + repeat_ratio(fleet)) * asked);
        }
    }
    spans
}

fn visits(fleet: &Fleet, graph: &Graph, ways_in: &[(Vec<Id>, f64)]) -> Vec<Vec<f64>> {
    let count = graph.order().len();
    let mut visits: Vec<Vec<f64>> = (0..count).map(|service| vec![0.0; graph.endpoints(service)]).collect();
    for (entries, ask_ratio) in ways_in {
        for id in entries {
            visits[id.service][id.endpoint] += ask_ratio / entries.len() as f64;
        }
    }
    for service in graph.order() {
        for id in graph.ids(*service) {
            let each = visits[*service][id.endpoint] * fleet.asks.ratio * (1.0 + repeat_ratio(fleet));
            for callee in graph.calls(id) {
                visits[callee.service][callee.endpoint] += each;
            }
        }
    }
    visits
}
