//! Which station was busiest, and so what it had to spare.
//!
//! Owns that search in a result: cores by ten seconds, workers and pools by window, since the series has no more.
//! Refuses the warm-up.

use super::Busiest;
use crate::result::RunResult;

/// Virtual time of one point of the series.
const POINT_S: f64 = 10.0;

/// How busy a station was in one stretch of time.
struct Load {
    station: String,
    utilization: f64,
}

/// The station that was busiest at its busiest.
pub(super) fn busiest(result: &RunResult) -> Option<Busiest> {
    let loads = loads(result).into_iter();
    let most = loads.max_by(|a, b| a.utilization.total_cmp(&b.utilization).then_with(|| b.station.cmp(&a.station)))?;
    // A pool that was cut may have more connections in use than it has now.
    Some(Busiest { station: most.station, utilization: most.utilization.min(1.0) })
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
    fn cores_are_told_by_ten_seconds_and_pools_by_window() {
        let mut result = examples::incident();
        for point in &mut result.series {
            point.cpu.clear();
        }
        let station = |result: &RunResult| busiest(result).map(|most| most.station);
        assert_eq!(station(&result).as_deref(), Some("payments.cores"), "94 % during");
        result.series[80].cpu.insert("gateway".to_owned(), 0.97);
        assert_eq!(station(&result).as_deref(), Some("gateway.cores"));
        for stats in result.stations.iter_mut().filter(|stats| stats.name == "payment.pool.payments") {
            stats.utilization = 0.99;
        }
        assert_eq!(station(&result).as_deref(), Some("payment.pool.payments"));
    }

    #[test]
    fn the_warm_up_is_not_looked_at_and_numbers_that_are_none_are_not_either() {
        let mut result = examples::quiet_day();
        result.series[0].cpu.insert("gateway".to_owned(), 1.0);
        assert!(busiest(&result).is_some_and(|most| most.utilization < 0.95));
        assert_eq!(busiest(&examples::not_numbers()), None);
    }
}
