//! The value behind each verdict's id.

use super::{Value, estimate};
use crate::drill::{FocusSecond, Record, Window, WindowSlice, sum};
use crate::plan_names;
use doorbuster_model::plan::{EndpointId, Plan};
use doorbuster_model::time::{s_from_ticks, tick_of_second};
use doorbuster_reports::result::{Basis, Unit};
use doorbuster_scenarios::Scenario;
use doorbuster_scenarios::types::Start;
use doorbuster_virtual::slice::{StationId, stations};

/// Alertmanager's `group_wait`: none, as its usual 30 s would miss the target (design section 7).
pub(crate) const GROUP_WAIT_S: u32 = 0;
/// A success ratio needs so many attempts: chosen, for an interval of a few points.
const RATIO_NEEDS: u64 = 100;
/// A p99 needs so many: ten beyond it.
const P99_NEEDS: u64 = 1_000;

/// Where values come from.
pub(super) struct Source<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) plan: &'a Plan,
    pub(super) record: &'a Record,
    pub(super) factor: f64,
}

/// What an incident cost the whole fleet.
pub(crate) struct Lost {
    /// Orders that shoppers gave up, beyond the usual.
    pub(crate) orders: f64,
    /// Shoppers who met a failure, beyond the usual.
    pub(crate) users: f64,
    /// Value of one order.
    pub(crate) order_value: f64,
}

/// The loss from the injection to recovery (or the end), beyond what is lost at such traffic before.
pub(crate) fn loss(scenario: &Scenario, record: &Record, factor: f64) -> Option<Lost> {
    let focus = scenario.focus.as_ref()?;
    let injected = record.story.injected_s()?.min(record.played_s) as usize;
    let before = record.windows.iter().find(|window| window.window == Window::Before)?;
    let usual = sum(&record.focus[before.from_s as usize..before.to_s as usize]);
    let until = record.recovered_s.unwrap_or(record.played_s) as usize;
    let during = sum(&record.focus[injected..until.max(injected)]);
    let shoppers = |seconds: &FocusSecond| seconds.succeeded + seconds.given_up;
    let beyond = |lost: u64, usually: u64| {
        let share = usually as f64 / (shoppers(&usual) as f64).max(1.0);
        (lost as f64 - share * shoppers(&during) as f64).max(0.0) * factor
    };
    Some(Lost {
        orders: beyond(during.given_up, usual.given_up).round(),
        users: beyond(during.affected, usual.affected).round(),
        order_value: focus.order_value,
    })
}

impl Source<'_> {
    /// The value of a verdict that the scenario's check has accepted.
    pub(super) fn value(&self, id: &str) -> Value {
        let parts: Vec<&str> = id.split('.').collect();
        match parts.as_slice() {
            ["incident" | "run", what, rest @ ..]
                if matches!(*what, "success" | "p99" | "throughput" | "cpu" | "in_flight") =>
            {
                let name = rest.first().copied().unwrap_or("run");
                match self.window(name) {
                    Some(window) => self.of_window(what, window),
                    None => nothing(unit_of(what), format!("there was no window `{name}`")),
                }
            }
            ["incident", what] => self.lost(what),
            ["detection", "false_alerts"] => {
                let count = self.record.story.false_alerts.len() as f64;
                Value { value: Some(count), samples: u64::from(self.record.played_s), ..there() }.with_unit(Unit::Count)
            }
            ["detection", what] => self.detection(what),
            _ => unreachable!("invariant: a checked scenario expects ids that are known"),
        }
    }

    fn window(&self, name: &str) -> Option<&WindowSlice> {
        self.record.windows.iter().find(|window| window.window.name() == name)
    }

    fn of_window(&self, what: &str, window: &WindowSlice) -> Value {
        let focus = self.scenario.focus.as_ref();
        let edges = match focus {
            Some(focus) => vec![plan_names::endpoint(self.plan, &focus.edge)],
            None => plan_names::edges(self.plan),
        };
        match what {
            "success" => success(window, &edges),
            "p99" => p99(window, focus.map_or(edges[0], |focus| plan_names::endpoint(self.plan, &focus.operation))),
            "cpu" => self.cpu(window),
            "in_flight" => self.in_flight(window),
            _ => self.throughput(window),
        }
    }

    /// The service of the focus' operation.
    fn focus_service(&self) -> usize {
        let focus = self.scenario.focus.as_ref().expect("invariant: a checked scenario has a focus");
        usize::from(self.plan.endpoints[usize::from(plan_names::endpoint(self.plan, &focus.operation))].service)
    }

    /// CPU in use over CPU there, of the focus operation's service.
    fn cpu(&self, window: &WindowSlice) -> Value {
        let cores = StationId::Cores(self.focus_service() as u16);
        let place = stations(self.plan).iter().position(|station| *station == cores);
        let total = &window.slice.stations[place.expect("invariant: a service has cores")];
        let value = (total.capacity_ticks > 0).then(|| total.busy_ticks as f64 / total.capacity_ticks as f64);
        Value { value, samples: total.served, ..there() }.with_unit(Unit::Ratio)
    }

    /// Requests in hand of the focus operation's service on average, for the fleet.
    fn in_flight(&self, window: &WindowSlice) -> Value {
        let ticks = tick_of_second(u64::from(window.to_s)) - tick_of_second(u64::from(window.from_s));
        let in_flight = window.slice.in_flight_ticks[self.focus_service()] as f64 / ticks as f64 * self.factor;
        let samples = u64::from(window.to_s - window.from_s);
        Value { value: Some(in_flight), samples, ..there() }.with_unit(Unit::Count)
    }

    /// Successful answers per second at the whole edge, for the fleet.
    fn throughput(&self, window: &WindowSlice) -> Value {
        let edges = plan_names::edges(self.plan);
        let ok = |id: &EndpointId| window.slice.endpoints[usize::from(*id)].succeeded();
        let succeeded: u64 = edges.iter().map(ok).sum();
        let per_s = succeeded as f64 * self.factor / f64::from(window.to_s - window.from_s);
        Value { value: Some(per_s), samples: succeeded, ..there() }.with_unit(Unit::PerS)
    }

    fn lost(&self, what: &str) -> Value {
        let Some(loss) = loss(self.scenario, self.record, self.factor) else {
            return nothing(Unit::Count, "there was nothing to compare with".to_owned());
        };
        let (value, unit) = match what {
            "orders_lost" => (loss.orders, Unit::Count),
            "users_affected" => (loss.users, Unit::Count),
            _ => (loss.orders * loss.order_value, Unit::Cny),
        };
        let samples = sum(&self.record.focus).attempts;
        Value { value: Some(value), samples, ..there() }.with_unit(unit)
    }

    fn detection(&self, what: &str) -> Value {
        let story = &self.record.story;
        let since = |at: Option<u32>| Some(f64::from(at?) - f64::from(story.injected_s()?));
        let alert_s = story.alert.as_ref().map(|alert| alert.at_s);
        let cause_s = story.cause.as_ref().map(|cause| cause.at_s);
        match what {
            "symptom" => seconds(since(story.symptom.as_ref().map(|symptom| symptom.at_s)), Basis::Modelled),
            "alert" => seconds(since(alert_s), Basis::Modelled),
            "notified" => seconds(since(alert_s.map(|at| at + GROUP_WAIT_S)), Basis::Modelled),
            "evidence_ready" => self.right_cause(seconds(since(cause_s), Basis::Modelled)),
            "cause" => self.right_cause(seconds(since(story.cause_in_hand_s()), Basis::Declared)),
            "human" => seconds(Some(self.human_s()), Basis::Declared),
            "repair" => {
                let longest =
                    story.remedies.iter().filter(|remedy| remedy.from_s.is_some()).map(|remedy| remedy.takes_s).max();
                seconds(longest.map(f64::from), Basis::Modelled)
            }
            _ => seconds(since(self.record.recovered_s), Basis::Modelled),
        }
    }

    /// A cause that is not the fault's is wrong, however early it was named.
    fn right_cause(&self, value: Value) -> Value {
        if value.value.is_none() || self.record.story.cause_is_right() {
            return value;
        }
        Value { refuted: true, note: Some("the cause that was named is not the fault".to_owned()), ..value }
    }

    /// Declared seconds between the alert and the first remedy's start.
    fn human_s(&self) -> f64 {
        let story = &self.record.story;
        let steps: u32 = story.humans.iter().map(|(_, seconds)| seconds).sum();
        let delays = story.remedies.iter().filter_map(|remedy| match &remedy.start {
            Start::AfterCause(delay) | Start::AfterAlert(delay) => Some(delay.s()),
            Start::At(_) | Start::When(_) => None,
        });
        f64::from(steps) + delays.reduce(f64::min).unwrap_or(0.0)
    }
}

impl Value {
    const fn with_unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }
}

fn success(window: &WindowSlice, edges: &[EndpointId]) -> Value {
    let endpoints = || edges.iter().map(|edge| &window.slice.endpoints[usize::from(*edge)]);
    let attempts: u64 = endpoints().map(doorbuster_virtual::slice::EndpointSlice::attempts).sum();
    let succeeded: u64 = endpoints().map(doorbuster_virtual::slice::EndpointSlice::succeeded).sum();
    Value {
        value: (attempts > 0).then(|| succeeded as f64 / attempts as f64),
        samples: attempts,
        needs: RATIO_NEEDS,
        interval: estimate::share(succeeded, attempts),
        ..there()
    }
    .with_unit(Unit::Ratio)
}

fn p99(window: &WindowSlice, operation: EndpointId) -> Value {
    let endpoint = &window.slice.endpoints[usize::from(operation)];
    let attempts = endpoint.attempts();
    let at = |share: f64| s_from_ticks(endpoint.latencies.value_at_quantile(share).min(endpoint.max_ticks));
    Value {
        value: (attempts > 0).then(|| at(0.99)),
        samples: attempts,
        needs: P99_NEEDS,
        interval: (attempts > 0).then(|| estimate::quantile_shares(0.99, attempts).map(at)),
        ..there()
    }
}

/// A time that either happened or did not.
fn seconds(value: Option<f64>, basis: Basis) -> Value {
    Value {
        note: value.is_none().then(|| "it did not happen".to_owned()),
        value,
        unit: Unit::S,
        samples: 1,
        needs: 0,
        interval: None,
        basis,
        refuted: false,
    }
}

/// A value that is there.
fn there() -> Value {
    seconds(Some(0.0), Basis::Modelled)
}

fn nothing(unit: Unit, why: String) -> Value {
    Value { note: Some(why), ..seconds(None, Basis::Modelled) }.with_unit(unit)
}

fn unit_of(what: &str) -> Unit {
    match what {
        "success" | "cpu" => Unit::Ratio,
        "p99" => Unit::S,
        "in_flight" => Unit::Count,
        _ => Unit::PerS,
    }
}
