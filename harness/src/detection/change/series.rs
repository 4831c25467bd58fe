//! The series that are watched: how each is read from an export, and how large a change of it matters.
//!
//! Owns units and words. Refuses arithmetic over time: that is `cusum`'s.

use super::Symptom;
use super::cusum::{Cusum, Noise, Reading};
use super::slow::SlowBound;
use crate::detection::names::Names;
use doorbuster_model::time::s_from_ticks;
use doorbuster_reports::format::{duration, percent, short};
use doorbuster_telemetry::observed::Export;

/// Failures of an edge matter from 3 points more: a third of what pages. Chosen.
const FAILURES_SHIFT: f64 = 0.03;
/// Slow answers matter from 5 points more: five times what the bound lets over. Chosen.
const SLOW_SHIFT: f64 = 0.05;
/// Rows per call matter from five times the usual, and from 100 more. Chosen.
const ROWS_TIMES: f64 = 4.0;
const ROWS_LEAST: f64 = 100.0;
/// The wait for a connection matters from five times the usual, and from 10 ms more. Chosen.
const WAIT_TIMES: f64 = 4.0;
const WAIT_LEAST_S: f64 = 0.010;
/// Core time matters from three times the usual a request, and from 10 points of all cores. Chosen: a rush changes the mix too.
const CPU_TIMES: f64 = 2.0;
const CPU_LEAST: f64 = 0.10;
const CPU_LEAST_S: f64 = 1e-6;

/// One series.
#[derive(Debug)]
pub(super) struct Series {
    watched: Watched,
    cusum: Cusum,
}

#[derive(Debug)]
enum Watched {
    Failures { edge: usize },
    Slow { endpoint: usize, bound: SlowBound },
    Rows { statement: usize },
    Wait { pool: usize },
    ServiceCpu { service: usize, endpoints: Vec<usize> },
    StoreCpu { store: usize, statements: Vec<usize> },
}

/// Every series of a fleet, those nearest to the shopper first.
pub(super) fn all(names: &Names) -> Vec<Series> {
    let of_service = |service| positions(&names.endpoints, |endpoint| endpoint.service == service);
    let of_store = |store| positions(&names.statements, |statement| statement.store == store);
    let ours = |store: &usize| !names.is_external(*store);

    let mut all: Vec<Watched> = names.edges().map(|edge| Watched::Failures { edge }).collect();
    let endpoints = 0..names.endpoints.len();
    all.extend(endpoints.map(|endpoint| Watched::Slow { endpoint, bound: SlowBound::default() }));
    let statements = positions(&names.statements, |statement| ours(&statement.store)).into_iter();
    all.extend(statements.map(|statement| Watched::Rows { statement }));
    all.extend((0..names.pools.len()).map(|pool| Watched::Wait { pool }));
    let services = 0..names.services.len();
    all.extend(services.map(|service| Watched::ServiceCpu { service, endpoints: of_service(service) }));
    let stores = (0..names.stores.len()).filter(ours);
    all.extend(stores.map(|store| Watched::StoreCpu { store, statements: of_store(store) }));
    all.into_iter().map(Series::new).collect()
}

fn positions<T>(list: &[T], is_wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    list.iter().enumerate().filter(|(_, item)| is_wanted(item)).map(|(index, _)| index).collect()
}

impl Series {
    fn new(watched: Watched) -> Self {
        let noise = match watched {
            Watched::Failures { .. } | Watched::Slow { .. } => Noise::Share,
            Watched::Rows { .. } | Watched::Wait { .. } | Watched::ServiceCpu { .. } | Watched::StoreCpu { .. } => {
                Noise::Mean
            }
        };
        Self { watched, cusum: Cusum::new(noise) }
    }

    /// Takes an export; whether the series is in alarm.
    pub(super) fn observe(&mut self, export: &Export) -> bool {
        if let Watched::Slow { endpoint, bound } = &mut self.watched
            && bound.slow(&export.endpoints[*endpoint]).is_none()
        {
            return false;
        }
        let reading = self.reading(export);
        self.cusum.step(reading, self.shift(export, reading))
    }

    /// The usual value.
    pub(super) fn usual(&self) -> f64 {
        self.cusum.usual()
    }

    /// The slow bound in ticks, if this series watches that endpoint's.
    pub(super) fn slow_ticks(&self, of: usize) -> Option<u64> {
        match &self.watched {
            Watched::Slow { endpoint, bound } if *endpoint == of => bound.ticks(),
            _ => None,
        }
    }

    /// What an export says of the series: failures, slow answers, rows, or seconds, over their count.
    fn reading(&self, export: &Export) -> Reading {
        let (sum, count) = match &self.watched {
            Watched::Failures { edge } => {
                let point = &export.endpoints[*edge];
                (point.errors as f64, point.attempts)
            }
            Watched::Slow { endpoint, bound } => {
                let point = &export.endpoints[*endpoint];
                (bound.over(point) as f64, point.buckets.iter().sum())
            }
            Watched::Rows { statement } => {
                let point = &export.statements[*statement];
                (point.rows_examined as f64, point.calls)
            }
            Watched::Wait { pool } => {
                let point = &export.pools[*pool];
                (s_from_ticks(point.wait_ticks), point.acquired)
            }
            Watched::ServiceCpu { service, endpoints } => {
                let busy_s = s_from_ticks(export.services[*service].cpu_busy_ticks);
                (busy_s, endpoints.iter().map(|endpoint| export.endpoints[*endpoint].attempts).sum())
            }
            Watched::StoreCpu { store, statements } => {
                let busy_s = s_from_ticks(export.stores[*store].busy_ticks);
                (busy_s, statements.iter().map(|statement| export.statements[*statement].calls).sum())
            }
        };
        Reading { sum, count: count as f64 }
    }

    /// The least increase that matters, in the unit of the reading's value.
    fn shift(&self, export: &Export, reading: Reading) -> f64 {
        let usual = self.usual();
        let of_cores = |capacity_ticks| CPU_LEAST * s_from_ticks(capacity_ticks) / reading.count.max(1.0);
        match &self.watched {
            Watched::Failures { .. } => FAILURES_SHIFT,
            Watched::Slow { .. } => SLOW_SHIFT,
            Watched::Rows { .. } => (ROWS_TIMES * usual).max(ROWS_LEAST),
            Watched::Wait { .. } => (WAIT_TIMES * usual).max(WAIT_LEAST_S),
            Watched::ServiceCpu { service, .. } => {
                (CPU_TIMES * usual).max(of_cores(export.services[*service].cpu_capacity_ticks)).max(CPU_LEAST_S)
            }
            Watched::StoreCpu { store, .. } => {
                (CPU_TIMES * usual).max(of_cores(export.stores[*store].capacity_ticks)).max(CPU_LEAST_S)
            }
        }
    }

    /// The series' alarm, told.
    pub(super) fn symptom(&self, names: &Names, export: &Export, usual: f64) -> Symptom {
        let reading = self.reading(export);
        let now = reading.sum / reading.count.max(1.0);
        let say = |value: f64| match self.watched {
            Watched::Failures { .. } | Watched::Slow { .. } => percent(value),
            Watched::Rows { .. } => short(value),
            Watched::Wait { .. } | Watched::ServiceCpu { .. } | Watched::StoreCpu { .. } => duration(value),
        };
        Symptom { at_s: export.at_s, series: self.words(names), before: say(usual), now: say(now) }
    }

    fn words(&self, names: &Names) -> String {
        match &self.watched {
            Watched::Failures { edge } => format!("failed requests of {}", names.operation(*edge)),
            Watched::Slow { endpoint, bound } => {
                let bound_s = f64::from(bound.ms().unwrap_or(0)) / 1e3;
                format!("answers of {} over {}", names.operation(*endpoint), duration(bound_s))
            }
            Watched::Rows { statement } => {
                let store = &names.store_of(*statement).name;
                format!("rows examined per call of `{}` in {store}", names.statements[*statement].name)
            }
            Watched::Wait { pool } => {
                let pool = names.pools[*pool];
                format!(
                    "wait of {} for a connection to {}",
                    names.services[pool.service], names.stores[pool.store].name
                )
            }
            Watched::ServiceCpu { service, .. } => format!("core time per request of {}", names.services[*service]),
            Watched::StoreCpu { store, .. } => format!("core time per statement of {}", names.stores[*store].name),
        }
    }
}
