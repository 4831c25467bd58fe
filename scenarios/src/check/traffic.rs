//! Journeys and arrivals.

use super::Check;
use super::draws::draw;
use crate::load::Spot;
use crate::types::{CurvePoint, Journey, Traffic};
use crate::units::{Rate, Time};

/// Requests per second of one cell: a thousand times the largest shop's.
const MOST_REQUESTS_OF_A_CELL_PER_S: f64 = 1e7;
/// Users of a closed loop in one cell: the engine holds 16M requests, statements and shoppers of a cell at a time.
const MOST_USERS_OF_A_CELL: u64 = 10_000_000;

/// Checks the journeys; `root` is the scenario, where they may be missing.
pub(super) fn journeys(check: &mut Check<'_>, root: Spot<'_>) {
    let scenario = check.scenario;
    let endpoints: usize = scenario.services.values().map(|service| service.endpoints.len()).sum();
    let spot = root.key("journeys");
    if scenario.journeys.is_empty() {
        if endpoints > 1 {
            let message = format!("there are {endpoints} endpoints and no `journeys`");
            check.report(spot.at, message, "say which of them shoppers ask, and in which order");
        }
        return;
    }
    let mut sum = 0.0;
    let mut are_weights_good = true;
    for (name, one) in &scenario.journeys {
        let spot = spot.key(name);
        check.name(spot.name_at, name);
        if !one.weight.is_finite() || one.weight < 0.0 {
            let message = format!("`weight` must be a number from 0 on, not {}", one.weight);
            check.report(spot.key("weight").at, message, "");
            are_weights_good = false;
        }
        sum += one.weight;
        journey(check, spot, one);
    }
    if are_weights_good && (!sum.is_finite() || sum <= 0.0) {
        check.report(spot.at, format!("the weights of the journeys sum to {sum}"), "one must be over 0");
    }
}

fn journey(check: &mut Check<'_>, spot: Spot<'_>, journey: &Journey) {
    let steps = spot.key("steps");
    if journey.steps.is_empty() {
        check.report(steps.at, "`steps` is empty", "a journey makes at least one request");
    }
    for (index, step) in journey.steps.iter().enumerate() {
        let spot = steps.item(index);
        check.endpoint(spot.key("request").at, &step.request);
        if index == 0 && step.reach.ratio < 1.0 {
            let message = format!("a journey's first request has no `reach`, not {}", step.reach);
            check.report(
                spot.key("reach").at,
                message,
                "whoever takes the journey makes it; lower its `weight` instead",
            );
        }
        if let Some(think) = &step.think {
            draw(check, spot.key("think"), think);
        }
        check.amount(spot, "repeat", step.repeat, 1, 1_000);
    }
    check.over_zero(spot, "patience", journey.patience);
    if let Some(on_failure) = &journey.on_failure {
        let spot = spot.key("on_failure");
        check.amount(spot, "attempts", on_failure.attempts, 2, 10);
        draw(check, spot.key("after"), &on_failure.after);
    }
}

/// Checks when shoppers arrive.
pub(super) fn arrivals(check: &mut Check<'_>, root: Spot<'_>) {
    let spot = root.key("traffic");
    match &check.scenario.traffic {
        None => {
            let help = "write it like `traffic: {poisson: 40/s}`; a file without it can only be used by others";
            check.report(spot.at, "`traffic` is missing", help);
        }
        Some(Traffic::Poisson(rate)) => check_rate(check, spot.key("poisson"), *rate),
        Some(Traffic::Constant(rate)) => check_rate(check, spot.key("constant"), *rate),
        Some(Traffic::Curve(points)) => curve(check, spot.key("curve"), points),
        Some(Traffic::Closed(closed)) => {
            let spot = spot.key("closed");
            let cells = check.scenario.cells.fleet;
            let most = MOST_USERS_OF_A_CELL * cells.count;
            if closed.users.count > most {
                let message = format!("`users` of {} is more than {most}", closed.users);
                check.report(spot.key("users").at, message, "a cell has at most 10M users");
            }
            if closed.users < cells {
                let message = format!("`users` of {} is under the fleet's {cells} cells", closed.users);
                check.report(spot.key("users").at, message, "each cell needs one");
            }
            draw(check, spot.key("think"), &closed.think);
        }
    }
}

fn check_rate(check: &mut Check<'_>, spot: Spot<'_>, rate: Rate) {
    if rate.per_s <= 0.0 {
        check.report(spot.at, "the rate must be over 0/s", "");
    }
    highest(check, spot, rate);
}

fn highest(check: &mut Check<'_>, spot: Spot<'_>, rate: Rate) {
    let most = Rate { per_s: MOST_REQUESTS_OF_A_CELL_PER_S * check.scenario.cells.fleet.count as f64 };
    if rate > most {
        let message = format!("the rate of {rate} is more than {most}");
        check.report(spot.at, message, "a cell plays at most 10M requests a second");
    }
}

fn curve(check: &mut Check<'_>, spot: Spot<'_>, points: &[CurvePoint]) {
    let Some(first) = points.first() else {
        check.report(spot.at, "`curve` has no points", "the first point is at 0s");
        return;
    };
    if first.at != Time::default() {
        let message = format!("the first point must be at 0s, not at {}", first.at);
        check.report(spot.item(0).key("at").at, message, "");
    }
    for (index, pair) in points.windows(2).enumerate() {
        if pair[1].at <= pair[0].at {
            let message = format!("the point at {} must be later than the one before it at {}", pair[1].at, pair[0].at);
            check.report(spot.item(index + 1).key("at").at, message, "");
        }
    }
    for (index, point) in points.iter().enumerate() {
        highest(check, spot.item(index).key("rate"), point.rate);
    }
    if points.iter().all(|point| point.rate.per_s <= 0.0) {
        check.report(spot.at, "the rate is 0/s at every point", "");
    }
}
