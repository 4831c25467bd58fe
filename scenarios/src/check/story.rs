//! Focus, faults, remedies and the alert.

use super::{Check, shop};
use crate::load::Spot;
use crate::types::{Action, Condition, ConditionMetric, Level, PoolSize, ScaleOut, Service, Start};

pub(super) fn focus(check: &mut Check<'_>, spot: Spot<'_>) {
    let Some(focus) = &check.scenario.focus else { return };
    check.endpoint(spot.key("edge").at, &focus.edge);
    check.endpoint(spot.key("operation").at, &focus.operation);
    if !focus.order_value.is_finite() || focus.order_value < 0.0 {
        let message = format!("`order_value` must be a number from 0 on, not {}", focus.order_value);
        check.report(spot.key("order_value").at, message, "");
    }
}

/// Checks what people do: the drill counts in seconds.
pub(super) fn humans(check: &mut Check<'_>, root: Spot<'_>) {
    for (name, time) in &check.scenario.humans {
        check.whole_seconds(root.key("humans"), name, *time);
    }
}

pub(super) fn remedies(check: &mut Check<'_>, spot: Spot<'_>) {
    for (name, remedy) in &check.scenario.remedies {
        let spot = spot.key(name);
        check.name(spot.name_at, name);
        match &remedy.action {
            Action::RebuildIndex(rebuild) => {
                let target = spot.key("action").key("rebuild_index");
                index(check, target, &rebuild.store, &rebuild.table, &rebuild.index);
            }
            Action::PoolSize(size) => pool_size(check, spot.key("action").key("pool_size"), size),
            Action::ScaleOut(scale) => scale_out(check, spot.key("action").key("scale_out"), scale),
            Action::RateLimit(limit) => {
                let target = spot.key("action").key("rate_limit");
                service(check, target, &limit.service);
                shop::rate_limit(check, target, limit.rate, limit.burst);
            }
        }
        if let Some(until) = &remedy.until {
            if matches!(remedy.action, Action::RateLimit(_)) {
                condition(check, spot.key("until"), until);
            } else {
                let help = "an index that is built, pods that are there and a larger pool stay";
                check.report(spot.key("until").at, "only `rate_limit` is taken back", help);
            }
        }
        let start = spot.key("start");
        match &remedy.start {
            Start::At(time) => {
                check.whole_seconds(start, "at", *time);
                let first = check.scenario.faults.values().map(|fault| fault.at).min();
                if let Some(first) = first.filter(|first| time < first) {
                    let message = format!("the remedy starts at {time}, before the first fault at {first}");
                    check.report(start.key("at").at, message, "a remedy mends what is broken by then");
                }
            }
            Start::AfterAlert(time) => {
                check.whole_seconds(start, "after_alert", *time);
            }
            Start::AfterCause(time) => {
                check.whole_seconds(start, "after_cause", *time);
            }
            Start::When(one) => condition(check, start.key("when"), one),
        }
    }
}

/// An index of a table of a store.
pub(super) fn index(check: &mut Check<'_>, spot: Spot<'_>, store_name: &str, table_name: &str, index: &str) {
    let Some(store) = check.store(spot, store_name) else { return };
    let Some(table) = store.tables.get(table_name) else {
        let known = store.tables.keys().map(String::as_str);
        let message = format!("store `{store_name}` has no table `{table_name}`");
        check.unknown(spot.key("table").at, message, table_name, "its tables", known);
        return;
    };
    if !table.indexes.iter().any(|known| known == index) {
        let known = table.indexes.iter().map(String::as_str);
        let message = format!("table `{table_name}` has no index `{index}`");
        check.unknown(spot.key("index").at, message, index, "its indexes", known);
    }
}

/// A service of the shop, by its key `service`; whether there is one.
pub(super) fn service<'a>(check: &mut Check<'a>, spot: Spot<'_>, name: &str) -> Option<&'a Service> {
    let scenario = check.scenario;
    let found = scenario.services.get(name);
    if found.is_none() {
        let known = scenario.services.keys().map(String::as_str);
        check.unknown(spot.key("service").at, format!("unknown service `{name}`"), name, "services", known);
    }
    found
}

/// Pools of a service to a store.
pub(super) fn pool_size(check: &mut Check<'_>, spot: Spot<'_>, size: &PoolSize) {
    check.amount(spot, "size", size.size, 1, shop::MOST_CONNECTIONS);
    let Some(of) = service(check, spot, &size.service) else { return };
    if !of.pools.contains_key(&size.store) {
        let known = of.pools.keys().map(String::as_str);
        let message = format!("service `{}` has no pool to `{}`", size.service, size.store);
        check.unknown(spot.key("store").at, message, &size.store, "its pools", known);
    }
}

fn scale_out(check: &mut Check<'_>, spot: Spot<'_>, scale: &ScaleOut) {
    check.whole_seconds(spot, "start_up", scale.start_up);
    check.amount(spot, "pods", scale.pods, 1, shop::MOST_PODS);
    let Some(of) = service(check, spot, &scale.service) else { return };
    if scale.pods <= of.pods {
        let message = format!("`pods` of {} are not more than the {} of `{}`", scale.pods, of.pods, scale.service);
        check.report(spot.key("pods").at, message, "they are the pods of each cell after scaling out");
    }
}

fn condition(check: &mut Check<'_>, spot: Spot<'_>, condition: &Condition) {
    service(check, spot, &condition.service);
    let (name, level) = match (condition.above, condition.below) {
        (Some(level), None) => ("above", level),
        (None, Some(level)) => ("below", level),
        (Some(_), Some(_)) => {
            check.report(spot.key("below").at, "`below` together with `above`", "keep one");
            return;
        }
        (None, None) => {
            check.report(spot.at, "the condition has neither `above` nor `below`", "give one of them a value");
            return;
        }
    };
    let (wanted, fits) = match condition.metric {
        ConditionMetric::CpuUtilization | ConditionMetric::FailureRatio => {
            ("a share such as 90%", matches!(level, Level::Share(_)))
        }
        ConditionMetric::RequestRate => ("a rate such as 40k/s", matches!(level, Level::Rate(_))),
        ConditionMetric::InFlight | ConditionMetric::InFlightRatio => {
            ("a plain number", matches!(level, Level::Number(number) if number.is_finite() && number >= 0.0))
        }
    };
    if !fits {
        check.report(spot.key(name).at, format!("`{name}` must be {wanted} for this metric"), "");
    }
}

pub(super) fn alert(check: &mut Check<'_>, spot: Spot<'_>) {
    let alert = &check.scenario.alert;
    for (name, time) in
        [("long_window", alert.long_window), ("short_window", alert.short_window), ("every", alert.every)]
    {
        check.whole_seconds(spot, name, time);
        check.over_zero(spot, name, Some(time));
    }
    if alert.short_window > alert.long_window {
        let message =
            format!("`short_window` of {} is longer than `long_window` of {}", alert.short_window, alert.long_window);
        check.report(spot.key("short_window").at, message, "");
    }
}
