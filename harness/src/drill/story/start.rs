//! Conditions on metrics: when a remedy starts by what the sink shows.

use doorbuster_model::plan::Plan;
use doorbuster_scenarios::types::{Condition, ConditionMetric, Level};
use doorbuster_telemetry::observed::{EXPORT_EVERY_S, Export};

/// What is needed to read a condition's metric off an export.
pub(super) struct Watch {
    services: Vec<String>,
    /// Service of each endpoint.
    endpoints: Vec<u16>,
    /// Cells of the fleet for each one played.
    factor: f64,
}

impl Watch {
    pub(super) fn new(plan: &Plan, cells: u32) -> Self {
        Self {
            services: plan.services.iter().map(|service| service.name.clone()).collect(),
            endpoints: plan.endpoints.iter().map(|endpoint| endpoint.service).collect(),
            factor: f64::from(plan.cells_fleet) / f64::from(cells),
        }
    }

    /// Whether a condition holds in an export.
    pub(super) fn holds(&self, condition: &Condition, export: &Export) -> bool {
        let Some(value) = self.value(condition, export) else { return false };
        let level = |level: Level| match level {
            Level::Share(share) => share.ratio,
            Level::Rate(rate) => rate.per_s,
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
            ConditionMetric::RequestRate => Some(attempts as f64 * self.factor / f64::from(EXPORT_EVERY_S)),
        }
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
