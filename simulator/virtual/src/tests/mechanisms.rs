//! Each mechanism of overload and of faults alone, against arithmetic done by hand.
//!
//! Owns small shops in which one mechanism decides everything, all times whole thousands of ticks (written `<n>`, about a
//! millisecond each), so that what follows is exact. Refuses chance, but for the choice among two.

mod arrivals;
mod guards;
mod messages;
mod pods;
mod pools;
mod shoppers;
mod stores;

use super::stream::Stream;
use crate::cell::Cell;
use crate::slice::{Slice, StationId, stations};
use crate::station::StationTotals;
use doorbuster_model::compile::compile;
use doorbuster_model::key::threshold;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::Ticks;
use doorbuster_scenarios::{Source, load};

/// Ticks of `<1>`.
const UNIT: Ticks = 1_000;

/// A scenario with `<n>` for times, compiled.
fn plan(yaml: &str) -> Plan {
    let mut text = String::new();
    for part in yaml.split('<') {
        match part.split_once('>') {
            Some((number, rest)) if number.parse::<u64>().is_ok() => {
                let units: u64 = number.parse().expect("a number of units");
                text.push_str(&format!("{}us{rest}", units * 1_024));
            }
            _ => text.push_str(part),
        }
    }
    let loaded = load(&Source::Text { name: "mechanism".to_owned(), text }, &[]);
    let loaded = loaded.unwrap_or_else(|wrong| panic!("{wrong}"));
    compile("mechanism", &loaded.scenario, 1)
}

/// A cell with its doors open.
fn cell(plan: &Plan) -> Cell<'_, Stream> {
    Cell::new(plan, 0, Stream::default())
}

/// Everything so far.
fn seen(cell: &mut Cell<'_, Stream>) -> Slice {
    let mut slice = Slice::new(cell.plan);
    cell.close_slice(&mut slice);
    slice
}

/// Plays a shop for some units, closes the doors, and holds that everything comes back.
fn played(plan: &Plan, units: u64) -> Slice {
    let mut cell = cell(plan);
    cell.play(units * UNIT).expect("a small shop holds little");
    cell.drain().expect("a small shop holds little");
    assert_eq!(cell.leftovers(), Vec::<String>::new());
    seen(&mut cell)
}

/// Requests of the endpoint of this name, by outcome.
fn outcomes(plan: &Plan, slice: &Slice, endpoint: &str) -> [u64; Outcome::COUNT] {
    let place = plan.endpoints.iter().position(|of| of.name == endpoint).expect("the endpoint is there");
    slice.endpoints[place].outcomes
}

/// Requests of an endpoint that ended so.
fn ended(plan: &Plan, slice: &Slice, endpoint: &str, outcome: Outcome) -> u64 {
    outcomes(plan, slice, endpoint)[outcome as usize]
}

/// Sum of latencies at an endpoint, in units.
fn latency_units(plan: &Plan, slice: &Slice, endpoint: &str) -> f64 {
    let place = plan.endpoints.iter().position(|of| of.name == endpoint).expect("the endpoint is there");
    slice.endpoints[place].latency_ticks as f64 / UNIT as f64
}

fn totals(plan: &Plan, slice: &Slice, station: StationId) -> StationTotals {
    let place = stations(plan).iter().position(|other| *other == station);
    slice.stations[place.expect("the station is there")]
}

/// Busy time of a station in units.
fn busy_units(plan: &Plan, slice: &Slice, station: StationId) -> f64 {
    totals(plan, slice, station).busy_ticks as f64 / UNIT as f64
}

fn close(value: f64, wanted: f64) {
    assert!((value - wanted).abs() < 1e-9, "{value} is not {wanted}");
}
