//! Who calls whom among generated services.
//!
//! Owns layers, endpoints and calls. A call goes to a deeper layer, so no request runs in a circle; every endpoint below the first
//! layer is called by another, so all are reached from the first one.

use super::draws::Draws;
use crate::types::{FanOut, Fleet};

/// A generated endpoint: numbers of its service and of it within the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) service: usize,
    pub(super) endpoint: usize,
}

pub(super) struct Graph {
    /// Services, each caller before all that it calls.
    order: Vec<usize>,
    /// Layer of each service, from 0.
    layer: Vec<usize>,
    layers: usize,
    /// Callees by service and endpoint.
    calls: Vec<Vec<Vec<Id>>>,
}

impl Graph {
    pub(super) fn new(fleet: &Fleet, count: usize, draws: Draws) -> Self {
        let layers = fleet.layers.count as usize;
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_cached_key(|service| (draws.of("layer", *service, 0), *service));
        let mut layer = vec![0; count];
        for (place, service) in order.iter().enumerate() {
            layer[*service] = place * layers / count;
        }
        let mut graph = Self { order, layer, layers, calls: vec![Vec::new(); count] };
        let counts = graph.fan_outs(&fleet.fan_out, draws);
        let fan_out: Vec<Vec<usize>> =
            counts.iter().enumerate().map(|(service, count)| graph.callees(service, *count, draws)).collect();
        for (service, callees) in fan_out.iter().enumerate() {
            graph.calls[service] = vec![Vec::new(); endpoint_count(service, callees.len(), draws)];
        }
        for (service, callees) in fan_out.iter().enumerate() {
            graph.divide(service, callees, draws);
        }
        graph.reach_all(draws);
        graph
    }

    /// Services, each caller before all that it calls.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// How many endpoints a service has.
    pub(super) fn endpoints(&self, service: usize) -> usize {
        self.calls[service].len()
    }

    pub(super) fn calls(&self, id: Id) -> &[Id] {
        &self.calls[id.service][id.endpoint]
    }

    pub(super) fn ids(&self, service: usize) -> impl Iterator<Item = Id> + use<> {
        (0..self.endpoints(service)).map(move |endpoint| Id { service, endpoint })
    }

    /// Endpoints of the first layer, which are asked from without.
    pub(super) fn entries(&self) -> Vec<Id> {
        let first = self.order.iter().filter(|service| self.layer[**service] == 0);
        first.flat_map(|service| self.ids(*service)).collect()
    }

    /// Endpoints of the deepest layer.
    pub(super) fn is_deepest(&self, id: Id) -> bool {
        self.layer[id.service] + 1 == self.layers
    }

    /// The store that an endpoint asks, if it asks one: in the deepest layer all do, above it one in three (chosen).
    pub(super) fn store(&self, id: Id, draws: Draws) -> Option<usize> {
        let bits = draws.of("store", id.service, id.endpoint);
        let asks = self.is_deepest(id) || bits.is_multiple_of(3);
        // Three in four ask a cache, the others a database (chosen); each of either kind has its own services.
        asks.then(|| if (bits >> 32).is_multiple_of(4) { 2 + id.service % 2 } else { id.service % 2 })
    }

    /// How many services each service calls. The values are spread evenly over the law, so that few services have its quantiles too;
    /// which service gets which is drawn, but a large one goes to a service that has as many in deeper layers.
    fn fan_outs(&self, law: &FanOut, draws: Draws) -> Vec<usize> {
        let mut sizes = vec![0; self.layers];
        for layer in &self.layer {
            sizes[*layer] += 1;
        }
        let deeper = |service: usize| sizes[self.layer[service] + 1..].iter().sum::<usize>();
        let mut callers: Vec<usize> = (0..self.layer.len()).filter(|service| deeper(*service) > 0).collect();
        callers.sort_by_cached_key(|service| (draws.of("fan out", *service, 0), *service));
        let mut fan_outs = vec![0; self.layer.len()];
        let count = callers.len() as u64;
        for nth in (0..count).rev() {
            let wanted = quantile(law, ((2 * nth + 1) << 32) / (2 * count));
            // The first that has enough, or else as many as any.
            let most = callers.iter().map(|service| deeper(*service)).max().unwrap_or_default();
            let place = callers.iter().position(|service| deeper(*service) >= wanted.min(most));
            let service = callers.remove(place.expect("invariant: one has the most"));
            fan_outs[service] = wanted.min(deeper(service));
        }
        fan_outs
    }

    /// Services of deeper layers that a service calls.
    fn callees(&self, service: usize, count: usize, draws: Draws) -> Vec<usize> {
        let mut deeper: Vec<usize> =
            self.order.iter().copied().filter(|other| self.layer[*other] > self.layer[service]).collect();
        deeper.sort_by_cached_key(|other| (draws.of("callee", service, *other), *other));
        deeper.truncate(count);
        deeper
    }

    /// Deals a service's callees out to its endpoints: the first one has most of them, the others two at most.
    fn divide(&mut self, service: usize, callees: &[usize], draws: Draws) {
        let mut rest = callees;
        for endpoint in (0..self.endpoints(service)).rev() {
            let take =
                if endpoint == 0 { rest.len() } else { draws.below("take", service, endpoint, 3).min(rest.len()) };
            let (taken, others) = rest.split_at(take);
            rest = others;
            for callee in taken {
                let nth = draws.below("endpoint", service, *callee, self.endpoints(*callee));
                self.calls[service][endpoint].push(Id { service: *callee, endpoint: nth });
            }
        }
    }

    /// Gives every endpoint below the first layer that nobody calls a caller in the layer above it.
    fn reach_all(&mut self, draws: Draws) {
        let mut is_called: Vec<Vec<bool>> = self.calls.iter().map(|endpoints| vec![false; endpoints.len()]).collect();
        for callee in self.calls.iter().flatten().flatten() {
            is_called[callee.service][callee.endpoint] = true;
        }
        let mut members = vec![Vec::new(); self.layers];
        for service in &self.order {
            members[self.layer[*service]].push(*service);
        }
        for service in self.order.clone() {
            let Some(above) = self.layer[service].checked_sub(1) else { continue };
            for id in self.ids(service) {
                if !is_called[service][id.endpoint] {
                    let caller = members[above][draws.below("caller", service, id.endpoint, members[above].len())];
                    let from = draws.below("caller's endpoint", service, id.endpoint, self.endpoints(caller));
                    self.calls[caller][from].push(id);
                }
            }
        }
    }
}

/// Endpoints of a service: more where it calls more, so that most endpoints call two others at most (chosen).
fn endpoint_count(service: usize, fan_out: usize, draws: Draws) -> usize {
    match fan_out {
        0 => 1 + draws.below("endpoints", service, 0, 2),
        1..=2 => 1,
        3..=7 => 2,
        8..=20 => 3,
        _ => 4,
    }
}

/// Services that a service calls, at the probability `u` in 2^-32, under 1. Between the section's quantiles it is a straight line in
/// 1 / (1 - u), which is a Pareto law of index 1 on each piece; from 1 on, and nobody calls more than the last quantile.
fn quantile(fan_out: &FanOut, u: u64) -> usize {
    let points = [(1, 1), (2, fan_out.p50.count), (10, fan_out.p90.count), (100, fan_out.p99.count)];
    let rest = (1 << 32) - u;
    // 1 / (1 - u) in 2^-16.
    let odds = (1_u64 << 48) / rest;
    for pair in points.windows(2) {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        let (from, to) = (from << 16, to << 16);
        if odds < to {
            return (low + (high - low) * (odds - from) / (to - from)) as usize;
        }
    }
    fan_out.p99.count as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fan_out_has_the_quantiles_that_the_section_names() {
        let fan_out = FanOut::default();
        let at = |share: f64| quantile(&fan_out, (share * 4_294_967_296.0).ceil() as u64);
        assert_eq!([at(0.0), at(0.5), at(0.9), at(0.99), at(0.9999)], [1, 4, 13, 93, 93]);
        assert_eq!(quantile(&fan_out, (1 << 32) - 1), 93);
        let one = crate::units::Amount { count: 1 };
        let flat = FanOut { p50: one, p90: one, p99: one };
        assert_eq!([0, 1 << 31, (1 << 32) - 1].map(|u| quantile(&flat, u)), [1, 1, 1]);
    }
}
