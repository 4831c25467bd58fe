//! Stations that were full, from the ten seconds of the series.
//!
//! Owns when a station counts as full. Refuses single pods and shards: a station is all of them together.

use crate::drill::{Record, StationTen};
use crate::plan_names;
use doorbuster_model::plan::Plan;
use doorbuster_reports::result::Saturated;
use doorbuster_virtual::slice::stations;

/// Busy servers over all servers, from which on a station is full. Chosen: the last twentieth goes with hops and hand-overs.
const FULL: f64 = 0.95;
/// A station is full once it was for so long, in seconds. Chosen: two points of the series.
const LEAST_S: u32 = 20;

/// The stations that were full after the injection (or at all, without one), in the order of time.
pub(super) fn saturated(plan: &Plan, record: &Record) -> Vec<Saturated> {
    let mut found = Vec::new();
    for (number, station) in stations(plan).into_iter().enumerate() {
        let points = record.series.iter().map(|ten| Point {
            from_s: ten.at_s - ten.seconds,
            to_s: ten.at_s,
            station: ten.stations[number],
        });
        let points: Vec<Point> = points.collect();
        let told = of_station(plan_names::station(plan, station), &points, record.story.injected_s());
        found.extend(told.map(|told| (approach(&points, told.from_s), told)));
    }
    in_order(found)
}

/// How full a station was in the point before it was full: of two that were full from the same point on, the one that was
/// fuller before filled earlier.
fn approach(points: &[Point], from_s: f64) -> f64 {
    let before = points.iter().rev().find(|point| f64::from(point.to_s) <= from_s);
    before.map_or(0.0, |point| point.station.utilization())
}

/// By time, then by approach, then by name.
fn in_order(mut found: Vec<(f64, Saturated)>) -> Vec<Saturated> {
    found.sort_by(|(a_before, a), (b_before, b)| {
        let by_time = a.from_s.total_cmp(&b.from_s);
        by_time.then_with(|| b_before.total_cmp(a_before)).then_with(|| a.name.cmp(&b.name))
    });
    found.into_iter().map(|(_, told)| told).collect()
}

/// A station in one point of the series.
#[derive(Clone, Copy)]
struct Point {
    from_s: u32,
    to_s: u32,
    station: StationTen,
}

/// A time in which a station was full.
struct Stretch {
    from_s: u32,
    to_s: u32,
    max_waiting: u64,
}

fn of_station(name: String, points: &[Point], injected_s: Option<u32>) -> Option<Saturated> {
    let injected_s = injected_s.unwrap_or(0);
    // The point in which the fault came belongs to what follows it.
    let (before, after) = points.split_at(points.partition_point(|point| point.to_s <= injected_s));
    let found = stretches(after);
    let first = found.first()?;
    let from_s = |stretch: &Stretch| stretch.from_s.max(injected_s);
    let full_s: u32 = found.iter().map(|stretch| stretch.to_s - from_s(stretch)).sum();
    let end_s = points.last().map_or(0, |point| point.to_s);
    Some(Saturated {
        name,
        from_s: f64::from(from_s(first)),
        to_s: (first.to_s < end_s).then_some(f64::from(first.to_s)),
        full_s: f64::from(full_s),
        stretches: found.len() as u64,
        max_waiting: found.iter().map(|stretch| stretch.max_waiting).max().unwrap_or_default(),
        already: !stretches(before).is_empty(),
    })
}

/// The stretches of [`LEAST_S`] or more in which all points are full.
fn stretches(points: &[Point]) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut grows = false;
    for point in points {
        let is_full = point.station.utilization() >= FULL;
        match found.last_mut().filter(|_| grows) {
            Some(stretch) if is_full => {
                stretch.to_s = point.to_s;
                stretch.max_waiting = stretch.max_waiting.max(point.station.max_waiting);
            }
            _ if is_full => {
                let max_waiting = point.station.max_waiting;
                found.push(Stretch { from_s: point.from_s, to_s: point.to_s, max_waiting });
            }
            _ => {}
        }
        grows = is_full;
    }
    found.retain(|stretch| stretch.to_s - stretch.from_s >= LEAST_S);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of ten seconds with this many of a hundred servers busy.
    fn points(busy: &[u64]) -> Vec<Point> {
        let point = |(number, busy): (usize, &u64)| Point {
            from_s: number as u32 * 10,
            to_s: number as u32 * 10 + 10,
            station: StationTen { busy_ticks: *busy, capacity_ticks: 100, max_waiting: *busy + number as u64 },
        };
        busy.iter().enumerate().map(point).collect()
    }

    fn of(busy: &[u64], injected_s: Option<u32>) -> Option<Saturated> {
        of_station("a.cores".to_owned(), &points(busy), injected_s)
    }

    /// *Scenario* A station that is full for one point, later for three, later for two; the fault comes within the first of the three.
    ///
    /// *Guarantees* Ten seconds do not count; it was full from the injection on, in two stretches.
    #[test]
    fn a_station_is_full_after_twenty_seconds() {
        let found = of(&[50, 99, 50, 95, 96, 99, 10, 100, 100, 20], Some(35)).unwrap();
        assert_eq!((found.from_s, found.to_s), (35.0, Some(60.0)));
        assert_eq!((found.full_s, found.stretches, found.max_waiting), (45.0, 2, 108));
        assert!(!found.already);
    }

    /// *Scenario* Two stations that are full from the same point on, one of them nearly so before; and one that is full earlier.
    ///
    /// *Guarantees* They come in the order in which they filled, as far as ten seconds tell.
    #[test]
    fn what_filled_earlier_comes_earlier() {
        let of_three = [("a", [10, 20, 99, 99]), ("b", [10, 80, 99, 99]), ("c", [10, 99, 99, 99])];
        let found = of_three.map(|(name, busy)| {
            let points = points(&busy);
            let told = of_station(name.to_owned(), &points, Some(10)).unwrap();
            (approach(&points, told.from_s), told)
        });
        let names: Vec<String> = in_order(found.into()).into_iter().map(|told| told.name).collect();
        assert_eq!(names, ["c", "b", "a"]);
    }

    /// *Scenario* Stations that stay just under the bound, that are full to the end, and that were full before the fault.
    ///
    /// *Guarantees* The first is not told, the second has no end, the third is told to have been so before.
    #[test]
    fn what_was_full_before_is_told_apart() {
        assert_eq!(of(&[94, 94, 94, 94], None), None);
        assert_eq!(of(&[99, 99, 50, 50], Some(20)), None, "it was full before the fault only");
        let found = of(&[50, 99, 99], None).unwrap();
        assert_eq!((found.from_s, found.to_s, found.already), (10.0, None, false));
        let found = of(&[99, 99, 99, 99, 50], Some(20)).unwrap();
        assert_eq!((found.from_s, found.full_s, found.already), (20.0, 20.0, true));
    }
}
