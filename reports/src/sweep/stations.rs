//! Which station filled up first, and what the busiest had to spare.
//!
//! Owns that search in a result; what is full is the result's own finding. Refuses the warm-up.

use super::{Busiest, Saturated};
use crate::result::RunResult;

/// Virtual time of one point of the series.
const POINT_S: f64 = 10.0;

/// How busy one station was in a stretch of time.
struct Load {
    station: String,
    utilization: f64,
}

/// The first station that was full and had not been before the fault, where there is one.
pub(super) fn first_saturated(result: &RunResult) -> Option<Saturated> {
    let first = result.saturated.iter().find(|station| !station.already)?;
    Some(Saturated { station: first.name.clone(), at_s: first.from_s })
}

/// The station that was busiest at its busiest.
pub(super) fn busiest(result: &RunResult) -> Option<Busiest> {
    let loads = loads(result).into_iter();
    let most = loads.max_by(|a, b| a.utilization.total_cmp(&b.utilization).then_with(|| b.station.cmp(&a.station)))?;
    Some(Busiest { station: most.station, utilization: most.utilization })
}

/// Every stretch of time in which a station's utilization is known.
fn loads(result: &RunResult) -> Vec<Load> {
    let mut loads = Vec::new();
    for stats in &result.stations {
        loads.push(Load { station: stats.name.clone(), utilization: stats.utilization });
    }
    let warm_s = result.timeline.windows.get("run").map_or(0.0, |[from_s, _]| *from_s);
    for point in &result.series {
        if f64::from(point.at_s) - POINT_S < warm_s {
            continue;
        }
        for (name, utilization) in &point.cpu {
            loads.push(Load { station: format!("{name}.cores"), utilization: *utilization });
        }
    }
    loads.retain(|load| load.utilization.is_finite());
    loads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn the_first_that_the_fault_filled_is_told() {
        let mut result = examples::avalanche();
        assert_eq!(first_saturated(&result).map(|first| first.station).as_deref(), Some("inventory.pool.stock"));
        result.saturated[0].already = true;
        assert_ne!(first_saturated(&result).map(|first| first.station).as_deref(), Some("inventory.pool.stock"));
        result.saturated.clear();
        assert_eq!(first_saturated(&result), None);
    }

    #[test]
    fn the_warm_up_is_not_looked_at_and_numbers_that_are_none_are_not_either() {
        let mut result = examples::quiet_day();
        result.series[0].cpu.insert("gateway".to_owned(), 1.0);
        assert_eq!(first_saturated(&result), None);
        assert!(busiest(&result).is_some_and(|most| most.utilization < 0.95));
        assert_eq!(busiest(&examples::not_numbers()), None);
    }
}
