//! The section `fleet`, before it is made into services.

use super::Check;
use super::shop::MOST_PODS;
use crate::Scenario;
use crate::fleet::{TooManySpans, expand, service_name, store_names};
use crate::load::{Findings, Spot};
use crate::types::Fleet;
use crate::units::Amount;
use std::collections::BTreeSet;

/// Services of a shop: five times those of the case study. With twice as many, all programs together would not fit the engine.
const MOST_SERVICES: u64 = 1_000;
/// Layers: beyond them a request is as deep as no published one is.
const MOST_LAYERS: u64 = 8;
/// Services that one calls.
const MOST_FAN_OUT: u64 = 1_000;
/// Spans that the call of an endpoint makes more.
const MOST_SPANS: f64 = 1_000.0;
/// Less than this is none.
const FEWEST_SPANS: f64 = 0.001;
/// At a half every call would be made twice.
const MOST_REPEATS: f64 = 0.5;

/// Makes the section into services, or reports why it cannot be.
pub(crate) fn expanded(scenario: &mut Scenario, root: Spot<'_>, findings: &mut Findings) {
    let Some(section) = scenario.fleet.clone() else { return };
    fleet(&mut Check { scenario, findings }, root, &section);
    if !findings.are_none() {
        return;
    }
    if let Err(TooManySpans { most }) = expand(scenario) {
        let message =
            format!("`spans` of {} cannot be reached: a request that asks makes {most:.3} on average", section.spans);
        let help = "with a larger `asks`, `fan_out` or `layers` it makes more";
        findings.report(root.key("fleet").key("spans").at, message, help);
    }
}

/// Checks the section; `root` is the scenario.
fn fleet(check: &mut Check<'_>, root: Spot<'_>, fleet: &Fleet) {
    let spot = root.key("fleet");
    check.amount(spot, "layers", fleet.layers, 1, MOST_LAYERS);
    let fan_out = &fleet.fan_out;
    let at_least_one = Amount { count: 1 };
    for (name, amount, least) in
        [("p50", fan_out.p50, at_least_one), ("p90", fan_out.p90, fan_out.p50), ("p99", fan_out.p99, fan_out.p90)]
    {
        check.amount(spot.key("fan_out"), name, amount, least.count, MOST_FAN_OUT);
    }
    if fleet.asks.ratio <= 0.0 {
        check.report(spot.key("asks").at, "`asks` must be over 0%", "at 0% no generated service would call another");
    }
    if fleet.repeats.ratio > MOST_REPEATS {
        let message = format!("`repeats` must be at most {}%, not {}", MOST_REPEATS * 100.0, fleet.repeats);
        check.report(spot.key("repeats").at, message, "at 50% every call is made twice");
    }
    if !(FEWEST_SPANS..=MOST_SPANS).contains(&fleet.spans) {
        let message = format!("`spans` must be {FEWEST_SPANS} to {MOST_SPANS}, not {}", fleet.spans);
        check.report(spot.key("spans").at, message, "");
    }
    if fleet.from.is_empty() {
        check.report(spot.key("from").at, "`from` is empty", "name an endpoint that asks the generated services");
    }
    endpoints(check, spot.key("from"), &fleet.from);
    endpoints(check, spot.key("to"), &fleet.to);
    sizes(check, root, fleet);
}

fn endpoints(check: &mut Check<'_>, spot: Spot<'_>, names: &[String]) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        check.endpoint(spot.item(index).at, name);
        if !seen.insert(name) {
            check.report(spot.item(index).at, format!("`{name}` stands twice"), "");
        }
    }
}

/// Whether there is room for generated services, and their names are free.
fn sizes(check: &mut Check<'_>, root: Spot<'_>, fleet: &Fleet) {
    let spot = root.key("fleet");
    let scenario = check.scenario;
    let written = scenario.services.len() as u64;
    if fleet.services.count <= written || fleet.services.count > MOST_SERVICES {
        let most = Amount { count: MOST_SERVICES };
        let message =
            format!("`services` must be over the {written} written by hand and at most {most}, not {}", fleet.services);
        check.report(spot.key("services").at, message, "it counts all services; those that are missing are generated");
        return;
    }
    let generated = fleet.services.count - written;
    if fleet.layers.count > generated {
        let message = format!("{} layers are more than the {generated} services that are generated", fleet.layers);
        check.report(spot.key("layers").at, message, "a layer has at least one service");
    }
    let of_written = scenario.services.values().fold(0_u64, |sum, service| sum.saturating_add(service.pods.count));
    let needed = of_written.saturating_add(generated);
    if fleet.pods.count < needed {
        let message = format!("`pods` of {} is under the {needed} that the services need", fleet.pods);
        let help = format!(
            "those written by hand have {of_written} in a cell, and each of {generated} generated ones has one"
        );
        check.report(spot.key("pods").at, message, help);
    } else if fleet.pods.count - of_written > MOST_PODS {
        // One service could get them all.
        let message = format!("`pods` of {} leaves over {MOST_PODS} to the generated services", fleet.pods);
        check.report(spot.key("pods").at, message, "cut the fleet into more cells; `pods` are those of one cell");
    }
    let names: BTreeSet<String> = (0..generated as usize).map(service_name).collect();
    for name in scenario.services.keys().filter(|name| names.contains(*name)) {
        let message = format!("`{name}` is the name of a generated service");
        check.report(root.key("services").key(name).name_at, message, "give the service written by hand another name");
    }
    for name in scenario.stores.keys().filter(|name| store_names().contains(&name.as_str())) {
        let message = format!("`{name}` is the name of a generated store");
        check.report(root.key("stores").key(name).name_at, message, "give the store written by hand another name");
    }
}
