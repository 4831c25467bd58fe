//! What a scenario must keep beyond its shape: names that refer to something, ranges, sums, an order in time.
//!
//! Owns every rule that the model may rely on; `doorbuster-model` compiles a checked scenario without failing.
//! Refuses to judge whether a scenario is wise. Reports all faults at once, each at the value that is wrong.

mod draws;
mod expectations;
mod faults;
mod fleet;
mod messages;
mod programs;
mod shop;
mod sizes;
mod story;
mod traffic;

pub use expectations::verdict_ids;
pub(crate) use fleet::expanded;

use crate::Scenario;
use crate::load::{Findings, Position, Spot};
use crate::nearest::hint;
use crate::types::Store;
use crate::units::{Amount, Time};

/// Sums of shares may miss 100% by this much: they are written in decimals.
const SUM_TOLERANCE: f64 = 1e-9;

/// Reports everything in a scenario that does not fit together. `root` is the tree that it was read from.
pub(crate) fn check(scenario: &Scenario, root: Spot<'_>, findings: &mut Findings) {
    let mut check = Check { scenario, findings };
    frame(&mut check, root);
    shop::services(&mut check, root.key("services"));
    shop::stores(&mut check, root.key("stores"));
    traffic::journeys(&mut check, root);
    traffic::arrivals(&mut check, root);
    story::focus(&mut check, root.key("focus"));
    faults::faults(&mut check, root.key("faults"));
    story::remedies(&mut check, root.key("remedies"));
    story::humans(&mut check, root);
    story::alert(&mut check, root.key("alert"));
    expectations::expectations(&mut check, root.key("expect"));
    sizes::sizes(&mut check, root);
}

/// The scenario under check and what was found in it.
struct Check<'a> {
    scenario: &'a Scenario,
    findings: &'a mut Findings,
}

impl<'a> Check<'a> {
    fn report(&mut self, at: Position, message: impl Into<String>, help: impl Into<String>) {
        self.findings.report(at, message, help);
    }

    /// A name that refers to nothing.
    fn unknown<'n>(
        &mut self,
        at: Position,
        message: String,
        name: &str,
        what: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) {
        // The search for the nearest name is the dear part.
        if !self.findings.are_full() {
            self.findings.report(at, message, hint(name, what, known));
        }
    }

    fn amount(&mut self, spot: Spot<'_>, name: &str, amount: Amount, least: u64, most: u64) {
        if amount.count < least || amount.count > most {
            let message = format!("`{name}` must be {least} to {}, not {amount}", Amount { count: most });
            self.report(spot.key(name).at, message, "");
        }
    }

    /// A time that ends a wait: at zero, nothing would ever succeed.
    fn over_zero(&mut self, spot: Spot<'_>, name: &str, time: Option<Time>) {
        if time.is_some_and(|time| time.ns == 0) {
            self.report(spot.key(name).at, format!("`{name}` must be over 0s"), "");
        }
    }

    /// The virtual clock gives commands and verdicts at whole seconds.
    fn whole_seconds(&mut self, spot: Spot<'_>, name: &str, time: Time) -> bool {
        if time.whole_s().is_none() {
            let message = format!("`{name}` must be whole seconds, not {time}");
            self.report(spot.key(name).at, message, "");
            return false;
        }
        true
    }

    /// A store of the shop, by its key `store`; whether there is one.
    fn store(&mut self, spot: Spot<'_>, name: &str) -> Option<&'a Store> {
        let scenario = self.scenario;
        let found = scenario.stores.get(name);
        if found.is_none() {
            let known = scenario.stores.keys().map(String::as_str);
            self.unknown(spot.key("store").at, format!("unknown store `{name}`"), name, "stores", known);
        }
        found
    }

    /// A reference to an endpoint, as `service.endpoint`.
    fn endpoint(&mut self, at: Position, reference: &str) {
        let scenario = self.scenario;
        let Some((service_name, name)) = reference.split_once('.') else {
            let all = if self.findings.are_full() { Vec::new() } else { all_endpoints(scenario) };
            let message = format!("`{reference}` is not an endpoint; write `service.endpoint`");
            self.unknown(at, message, reference, "endpoints", all.iter().map(String::as_str));
            return;
        };
        let Some(service) = scenario.services.get(service_name) else {
            let known = scenario.services.keys().map(String::as_str);
            self.unknown(at, format!("unknown service `{service_name}`"), service_name, "services", known);
            return;
        };
        if !service.endpoints.contains_key(name) {
            let known = service.endpoints.keys().map(String::as_str);
            let message = format!("service `{service_name}` has no endpoint `{name}`");
            self.unknown(at, message, name, &format!("endpoints of `{service_name}`"), known);
        }
    }

    /// A name that stands in references and in telemetry.
    fn name(&mut self, at: Position, name: &str) {
        let is_good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > 200 || !name.chars().all(is_good) {
            let message = format!("`{name}` is not a name");
            self.report(at, message, "a name is made of letters, digits, `_` and `-`, at most 200 bytes");
        }
    }
}

fn all_endpoints(scenario: &Scenario) -> Vec<String> {
    let services = scenario.services.iter();
    services.flat_map(|(service, one)| one.endpoints.keys().map(move |name| format!("{service}.{name}"))).collect()
}

/// What stands at the top: clock, duration, cells, shares of users.
fn frame(check: &mut Check<'_>, root: Spot<'_>) {
    let scenario = check.scenario;
    if !is_clock(&scenario.clock) {
        let message = format!("`{}` is not a time of day", scenario.clock);
        check.report(root.key("clock").at, message, "write it as HH:MM, from 00:00 to 23:59");
    }
    if scenario.duration < Time::from_s(1) {
        let message = format!("`duration` must be at least 1s, not {}", scenario.duration);
        check.report(root.key("duration").at, message, "");
    } else if check.whole_seconds(root, "duration", scenario.duration)
        && check.whole_seconds(root, "warmup", scenario.warmup)
        && scenario.warmup >= scenario.duration
    {
        let at = if root.has("warmup") { root.key("warmup").at } else { root.key("duration").at };
        let message =
            format!("`warmup` of {} leaves nothing of the duration of {}", scenario.warmup, scenario.duration);
        check.report(at, message, "the warm-up is 60s when left out");
    }
    let cells = root.key("cells");
    check.amount(cells, "fleet", scenario.cells.fleet, 1, 1_000);
    check.amount(cells, "play", scenario.cells.play, 1, 1_000);
    if scenario.cells.play > scenario.cells.fleet {
        let message =
            format!("`play` of {} is more than the fleet's {} cells", scenario.cells.play, scenario.cells.fleet);
        check.report(cells.key("play").at, message, "");
    }
    let tiers = ["normal", "vip", "svip"];
    shares(check, root.key("tiers"), "tier", &tiers, &scenario.tiers);
    let touch_points = ["web", "mobile", "mini_program", "h5"];
    shares(check, root.key("touch_points"), "touch point", &touch_points, &scenario.touch_points);
}

/// Shares of known names that sum to everything.
fn shares(
    check: &mut Check<'_>,
    spot: Spot<'_>,
    what: &str,
    known: &[&str],
    shares: &indexmap::IndexMap<String, crate::units::Share>,
) {
    for name in shares.keys() {
        if !known.contains(&name.as_str()) {
            let message = format!("unknown {what} `{name}`");
            check.unknown(spot.key(name).name_at, message, name, "there are", known.iter().copied());
        }
    }
    let sum: f64 = shares.values().map(|share| share.ratio).sum();
    if !shares.is_empty() && (sum - 1.0).abs() > SUM_TOLERANCE {
        check.report(spot.at, format!("the shares sum to {}%, not to 100%", sum * 100.0), "");
    }
}

fn is_clock(text: &str) -> bool {
    let Some((hours, minutes)) = text.split_once(':') else { return false };
    let two_digits = |part: &str, most: u32| {
        part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()) && part.parse().is_ok_and(|n: u32| n <= most)
    };
    two_digits(hours, 23) && two_digits(minutes, 59)
}
