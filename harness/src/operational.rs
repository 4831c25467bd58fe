//! Operational laws: what a scenario asks of every station, said without playing it.
//!
//! Owns the forced flow law (visits), the utilization law (`U = X * D`), Little's law for workers and connections, and
//! asymptotic bounds for closed loops. Refuses everything that queues do: waiting, timeouts, refusals, the tries that
//! follow from them, faults and remedies, and shards or pods that are hotter than others. So a utilization is what a
//! healthy shop shows, and the rate at which a station is full is one at which it can't keep up any more.
//! `docs/check.md` has the formulas.

mod flow;
mod stations;
mod traffic;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use flow::Hopeless;
pub(crate) use traffic::{Loop, Offered, Traffic};

use crate::plan_names;
use doorbuster_model::plan::{Arrivals, EndpointId, Plan, StatementId};
use doorbuster_virtual::slice::{StationId, stations};
use flow::Flow;

/// What a plan asks of its stations. Rates are those of the whole fleet.
#[derive(Clone, Debug)]
pub(crate) struct Analysis {
    /// What comes to the shop.
    pub(crate) traffic: Traffic,
    /// Requests per second at the peak, as the scenario states its traffic; in a closed loop the most that can be
    /// answered.
    pub(crate) peak_requests_per_s: f64,
    /// Every endpoint in the order of the scenario.
    pub(crate) endpoints: Vec<EndpointLoad>,
    /// Every statement in the order of the scenario.
    pub(crate) statements: Vec<StatementLoad>,
    /// Every station, the one that is full first at the front; those that nobody asks stand last.
    pub(crate) stations: Vec<StationLoad>,
    /// Requests in the shop at the peak, on average.
    pub(crate) requests_in_flight: f64,
    /// Shoppers in their journeys at the peak, on average, those who think included.
    pub(crate) shoppers: f64,
    /// What the engine keeps in mind of one cell at the peak: calls, statements, strands and shoppers.
    pub(crate) frames_of_a_cell: f64,
    /// Spans per second at the peak.
    pub(crate) spans_per_s: f64,
    /// Spans of one request and all that it causes.
    pub(crate) spans_per_request: f64,
    /// Places that take longer than whoever asks will wait, even in an empty shop.
    pub(crate) hopeless: Vec<Hopeless>,
}

/// An endpoint's part of the traffic.
#[derive(Clone, Debug)]
pub(crate) struct EndpointLoad {
    /// `service.endpoint`.
    pub(crate) name: String,
    /// Requests that shoppers make to it, per second at the peak.
    pub(crate) from_shoppers_per_s: f64,
    /// All requests to it, per second at the peak.
    pub(crate) per_s: f64,
    /// Requests to it for each request of a shopper.
    pub(crate) per_request: f64,
    /// Seconds from the arrival at the pod to the answer where nobody waits.
    pub(crate) alone_s: f64,
}

/// A statement's part of the traffic.
#[derive(Clone, Debug)]
pub(crate) struct StatementLoad {
    /// `store.statement`.
    pub(crate) name: String,
    /// Calls per second at the peak.
    pub(crate) per_s: f64,
    /// Calls for each request of a shopper.
    pub(crate) per_request: f64,
    /// Seconds of a core that one takes, with its index there.
    pub(crate) cost_s: f64,
}

/// A station under the traffic.
#[derive(Clone, Debug)]
pub(crate) struct StationLoad {
    /// Its name in results, such as `payment.cores`.
    pub(crate) name: String,
    /// Servers of one cell, by what they are made of: pods (or shards, or both) times servers of each.
    pub(crate) servers: Vec<u32>,
    /// Servers of the whole fleet.
    pub(crate) capacity: f64,
    /// Visits for each request of a shopper.
    pub(crate) visits_per_request: f64,
    /// Seconds of a server for each request of a shopper: the service demand.
    pub(crate) demand_s: f64,
    /// Share of its servers that is busy at the peak; over 1 it can't keep up.
    pub(crate) utilization_at_peak: f64,
    /// Traffic, as the scenario states it, at which all its servers are busy; `None` where nobody asks.
    pub(crate) full_at_requests_per_s: Option<f64>,
}

impl StationLoad {
    /// How many times the peak it takes to fill the station.
    pub(crate) fn headroom(&self) -> Option<f64> {
        (self.utilization_at_peak > 0.0).then(|| 1.0 / self.utilization_at_peak)
    }

    /// Seconds of a server for each visit.
    pub(crate) fn visit_s(&self) -> f64 {
        if self.visits_per_request > 0.0 { self.demand_s / self.visits_per_request } else { 0.0 }
    }
}

impl Analysis {
    /// The station that is full first; none if no station is asked for anything.
    pub(crate) fn bottleneck(&self) -> Option<&StationLoad> {
        self.stations.first().filter(|station| station.full_at_requests_per_s.is_some())
    }
}

/// Analyses a plan.
pub(crate) fn analyse(plan: &Plan) -> Analysis {
    let flow = Flow::of(plan);
    let cells = f64::from(plan.cells_fleet);
    let all: Vec<(StationId, stations::Demand)> =
        stations(plan).into_iter().map(|id| (id, stations::demand(plan, &flow, id))).collect();
    // Shoppers (in a closed loop: rounds) per second that fill each station of the fleet, and the first of them.
    let fills = |demand: &stations::Demand| demand.capacity() * cells / demand.demand_s;
    let least_fill = all.iter().map(|(_, demand)| fills(demand)).fold(f64::INFINITY, f64::min);
    let (requests_per_start, traffic, starts_per_s) = match &plan.arrivals {
        Arrivals::Open { curve, random, requests_per_start } => {
            let offered = traffic::offered(plan, curve, *random);
            let starts_per_s = offered.peak_per_s / requests_per_start;
            (*requests_per_start, Traffic::Open(offered), starts_per_s)
        }
        Arrivals::Closed { users, extra, think } => {
            let users = f64::from(*users) * cells + f64::from(*extra);
            let round_s = walk::mean_s(plan, *think) + flow.journey_s;
            let per_start = flow.requests();
            let closed = Loop {
                users,
                round_s,
                unhindered_per_s: users / round_s * per_start,
                knee_users: least_fill.is_finite().then_some(least_fill * round_s),
            };
            (per_start, Traffic::Closed(closed), (users / round_s).min(least_fill))
        }
    };
    // What shoppers in fact ask is a little off what the traffic states: some leave after a failure, some try again.
    let per_request = |per_start: f64| per_start / requests_per_start;
    let mut stations: Vec<StationLoad> = Vec::new();
    for (id, demand) in all {
        let is_asked = demand.demand_s > 0.0;
        stations.push(StationLoad {
            name: plan_names::station(plan, id),
            capacity: demand.capacity() * cells,
            visits_per_request: per_request(demand.visits),
            demand_s: per_request(demand.demand_s),
            utilization_at_peak: if is_asked { starts_per_s / fills(&demand) } else { 0.0 },
            full_at_requests_per_s: is_asked.then(|| fills(&demand) * requests_per_start),
            servers: demand.servers,
        });
    }
    let full_at = |station: &StationLoad| station.full_at_requests_per_s.unwrap_or(f64::INFINITY);
    stations.sort_by(|a, b| full_at(a).total_cmp(&full_at(b)));
    let in_shop = match &traffic {
        Traffic::Open(_) => starts_per_s * flow.journey_s,
        Traffic::Closed(closed) => closed.users,
    };
    Analysis {
        peak_requests_per_s: match &traffic {
            Traffic::Open(offered) => offered.peak_per_s,
            Traffic::Closed(_) => starts_per_s * requests_per_start,
        },
        endpoints: endpoints(plan, &flow, starts_per_s, requests_per_start),
        statements: statements(plan, &flow, starts_per_s, requests_per_start),
        stations,
        requests_in_flight: starts_per_s * flow.in_shop_s(plan),
        shoppers: in_shop,
        frames_of_a_cell: (in_shop + starts_per_s * flow.frames_s(plan)) / cells,
        spans_per_s: starts_per_s * flow.spans,
        spans_per_request: flow.spans / flow.requests(),
        traffic,
        hopeless: flow.hopeless,
    }
}

fn endpoints(plan: &Plan, flow: &Flow, starts_per_s: f64, requests_per_start: f64) -> Vec<EndpointLoad> {
    let load = |index: usize| EndpointLoad {
        name: plan_names::endpoint_name(plan, index as EndpointId),
        from_shoppers_per_s: starts_per_s * flow.edge[index],
        per_s: starts_per_s * flow.visits[index],
        per_request: flow.visits[index] / requests_per_start,
        alone_s: flow.paths[index].stay_s,
    };
    (0..plan.endpoints.len()).map(load).collect()
}

fn statements(plan: &Plan, flow: &Flow, starts_per_s: f64, requests_per_start: f64) -> Vec<StatementLoad> {
    let load = |index: usize| StatementLoad {
        name: plan_names::statement_name(plan, index as StatementId),
        per_s: starts_per_s * flow.calls[index],
        per_request: flow.calls[index] / requests_per_start,
        cost_s: walk::mean_s(plan, plan.statements[index].cost),
    };
    (0..plan.statements.len()).map(load).collect()
}
