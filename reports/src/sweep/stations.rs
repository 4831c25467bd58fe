//! Which station filled up first, and what the busiest had to spare.
//!
//! Owns that search in a result: cores by ten seconds, workers and pools by window, since the series has no more.
//! Refuses the warm-up.

use super::{Busiest, Saturated};
use crate::result::RunResult;

/// A station is full from this utilization on, over all of its pods and shards.
const FULL: f64 = 0.95;
/// Virtual time of one point of the series.
const POINT_S: f64 = 10.0;

/// How busy one station was in a stretch of time.
struct Load {
    station: String,
    from_s: f64,
    utilization: f64,
}

/// The first station by time that was full; of those of one time the fullest, then by name.
pub(super) fn first_saturated(result: &RunResult) -> Option<Saturated> {
    let full = loads(result).into_iter().filter(|load| load.utilization >= FULL);
    let first = full.min_by(|a, b| {
        let time = a.from_s.total_cmp(&b.from_s);
        time.then_with(|| b.utilization.total_cmp(&a.utilization)).then_with(|| a.station.cmp(&b.station))
    })?;
    Some(Saturated { station: first.station, at_s: first.from_s, utilization: first.utilization })
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
        let Some([from_s, _]) = result.timeline.windows.get(&stats.window) else { continue };
        loads.push(Load { station: stats.name.clone(), from_s: *from_s, utilization: stats.utilization });
    }
    let warm_s = result.timeline.windows.get("run").map_or(0.0, |[from_s, _]| *from_s);
    for point in &result.series {
        let from_s = f64::from(point.at_s) - POINT_S;
        if from_s < warm_s {
            continue;
        }
        for (name, utilization) in &point.cpu {
            loads.push(Load { station: format!("{name}.cores"), from_s, utilization: *utilization });
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
    fn the_first_by_time_wins_over_the_fullest() {
        let mut result = examples::incident();
        for point in &mut result.series {
            point.cpu.clear();
            if point.at_s >= 400 {
                point.cpu.insert("payments".to_owned(), 0.96);
            }
            if point.at_s >= 800 {
                point.cpu.insert("gateway".to_owned(), 1.0);
            }
        }
        let first = first_saturated(&result).expect("two are full");
        assert_eq!((first.station.as_str(), first.at_s), ("payments.cores", 390.0));
        assert_eq!(busiest(&result).map(|most| most.station).as_deref(), Some("gateway.cores"));
        // A pool is known by window only: `during` begins at 360 s.
        for stats in result.stations.iter_mut().filter(|stats| stats.name == "payment.pool.payments") {
            stats.utilization = if stats.window == "during" { 0.99 } else { 0.1 };
        }
        let first = first_saturated(&result).expect("three are full");
        assert_eq!((first.station.as_str(), first.at_s), ("payment.pool.payments", 360.0));
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
