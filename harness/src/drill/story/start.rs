//! Conditions on metrics: when a remedy starts by what the sink shows.

use doorbuster_model::plan::Plan;
use doorbuster_scenarios::types::{Condition, ConditionMetric, Level};
use doorbuster_telemetry::observed::{EXPORT_EVERY_S, Export};
use std::collections::VecDeque;

/// Exports that tell what is usual: five minutes.
const USUAL_EXPORTS: usize = 30;
/// Exports before the alert that don't count: the trouble began by then.
const RECENT_EXPORTS: usize = 6;

/// What is needed to read a condition's metric off an export.
pub(super) struct Watch {
    services: Vec<String>,
    /// Service of each endpoint.
    endpoints: Vec<u16>,
    /// Cells of the fleet for each one played.
    factor: f64,
    /// Requests in hand by service in the exports before the alert, newest last.
    usual: VecDeque<Vec<u64>>,
}

impl Watch {
    pub(super) fn new(plan: &Plan, cells: u32) -> Self {
        Self {
            services: plan.services.iter().map(|service| service.name.clone()).collect(),
            endpoints: plan.endpoints.iter().map(|endpoint| endpoint.service).collect(),
            factor: f64::from(plan.cells_fleet) / f64::from(cells),
            usual: VecDeque::new(),
        }
    }

    /// Keeps an export from before the alert, to tell what is usual.
    pub(super) fn remember(&mut self, export: &Export) {
        if self.usual.len() == USUAL_EXPORTS + RECENT_EXPORTS {
            self.usual.pop_front();
        }
        self.usual.push_back(export.services.iter().map(|point| point.in_flight).collect());
    }

    /// Requests in hand of a service as usual; `None` where nobody has seen that.
    fn usual(&self, service: usize) -> Option<f64> {
        let exports = self.usual.len().checked_sub(RECENT_EXPORTS).filter(|exports| *exports > 0)?;
        let sum: u64 = self.usual.iter().take(exports).map(|in_flight| in_flight[service]).sum();
        Some(sum as f64 / exports as f64)
    }

    /// Whether a condition holds in an export.
    pub(super) fn holds(&self, condition: &Condition, export: &Export) -> bool {
        let Some(value) = self.value(condition, export) else { return false };
        let level = |level: Level| match level {
            Level::Share(share) => share.ratio,
            Level::Rate(rate) => rate.per_s,
            Level::Number(number) => number,
        };
        condition.above.is_none_or(|above| value > level(above))
            && condition.below.is_none_or(|below| value < level(below))
    }

    /// The metric's value; `None` where there is nothing to divide by.
    fn value(&self, condition: &Condition, export: &Export) -> Option<f64> {
        let service = self.services.iter().position(|name| *name == condition.service)?;
        let of_service = |endpoint: &usize| usize::from(self.endpoints[*endpoint]) == service;
        let endpoints = || (0..export.endpoints.len()).filter(of_service).map(|endpoint| &export.endpoints[endpoint]);
        let attempts: u64 = endpoints().map(|point| point.attempts).sum();
        let errors: u64 = endpoints().map(|point| point.errors).sum();
        let point = &export.services[service];
        match condition.metric {
            ConditionMetric::CpuUtilization => ratio(point.cpu_busy_ticks, point.cpu_capacity_ticks),
            ConditionMetric::FailureRatio => ratio(errors, attempts),
            ConditionMetric::InFlight => Some(point.in_flight as f64 * self.factor),
            ConditionMetric::InFlightRatio => {
                self.usual(service).filter(|usual| *usual > 0.0).map(|usual| point.in_flight as f64 / usual)
            }
            ConditionMetric::RequestRate => Some(attempts as f64 * self.factor / f64::from(EXPORT_EVERY_S)),
        }
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
