//! Endpoint programs, step by step: what they call and ask, how they retry.

use super::draws::{LONGEST, draw};
use super::{Check, messages};
use crate::load::Spot;
use crate::types::{Breaker, Call, Query, Retry, Service, Step};

/// Checks the steps of a program of a service, or of a part of one.
pub(super) fn program(check: &mut Check<'_>, spot: Spot<'_>, steps: &[Step], service: &Service) {
    for (index, one) in steps.iter().enumerate() {
        step(check, spot.item(index), one, service);
    }
}

fn step(check: &mut Check<'_>, spot: Spot<'_>, step: &Step, service: &Service) {
    match step {
        Step::Compute(time) => draw(check, spot.key("compute"), time),
        Step::Wait(time) => draw(check, spot.key("wait"), time),
        Step::Call(one) => call(check, spot.key("call"), one, service),
        Step::Query(one) => query(check, spot.key("query"), one, service),
        Step::Publish(one) => messages::publish(check, spot.key("publish"), one, service),
        Step::Cached(one) => messages::cached(check, spot.key("cached"), one, service),
        Step::Branch(branch) => {
            program(check, spot.key("branch").key("do"), &branch.then, service);
            program(check, spot.key("branch").key("else"), &branch.otherwise, service);
        }
        Step::Parallel(arms) => {
            let spot = spot.key("parallel");
            if arms.is_empty() {
                check.report(
                    spot.at,
                    "`parallel` has no lists of steps",
                    "write one list for each thing done at a time",
                );
            }
            for (index, arm) in arms.iter().enumerate() {
                program(check, spot.item(index), arm, service);
            }
        }
        Step::Fail(fail) => {
            if fail.error.trim().is_empty() {
                let help = "it is the value of `error.type`, such as `timeout`";
                check.report(spot.key("fail").key("error").at, "`error` is empty", help);
            }
        }
        Step::Decline(_) => {}
    }
}

fn call(check: &mut Check<'_>, spot: Spot<'_>, call: &Call, service: &Service) {
    check.endpoint(spot.key("endpoint").at, &call.endpoint);
    check.over_zero(spot, "timeout", call.timeout);
    retry(check, spot.key("retry"), call.retry.as_ref());
    breaker(check, spot.key("breaker"), call.breaker.as_ref());
    fallback(check, spot, call.optional, &call.fallback, service);
}

fn query(check: &mut Check<'_>, spot: Spot<'_>, query: &Query, service: &Service) {
    statement(check, spot, "statement", &query.store, &query.statement);
    check.over_zero(spot, "timeout", query.timeout);
    if query.timeout.is_none() && service.pools.get(&query.store).is_some_and(|pool| pool.acquire_again) {
        let message = format!("a statement to `{}` needs a `timeout`: its pool waits again until then", query.store);
        check.report(spot.at, message, "without one it could wait for ever");
    }
    retry(check, spot.key("retry"), query.retry.as_ref());
    breaker(check, spot.key("breaker"), query.breaker.as_ref());
    fallback(check, spot, query.optional, &query.fallback, service);
}

/// A statement of a store, by the keys `store` and `key`.
pub(super) fn statement(check: &mut Check<'_>, spot: Spot<'_>, key: &str, store_name: &str, name: &str) {
    let Some(store) = check.store(spot, store_name) else { return };
    if store.topics.contains_key(name) {
        let message = format!("`{name}` of `{store_name}` is a topic");
        check.report(spot.key(key).at, message, "a message to a topic is written as `publish`");
    } else if !store.statements.contains_key(name) {
        let known = store.statements.keys().map(String::as_str);
        let message = format!("store `{store_name}` has no statement `{name}`");
        check.unknown(spot.key(key).at, message, name, "its statements", known);
    }
}

pub(super) fn retry(check: &mut Check<'_>, spot: Spot<'_>, retry: Option<&Retry>) {
    let Some(retry) = retry else { return };
    check.amount(spot, "attempts", retry.attempts, 2, 10);
    if let Some(backoff) = &retry.backoff {
        draw(check, spot.key("backoff"), backoff);
    } else if retry.growth.count != 1 {
        check.report(spot.key("growth").at, "`growth` without `backoff`", "there is no wait that could grow");
    }
    check.amount(spot, "growth", retry.growth, 1, 10);
    if let Some(budget) = &retry.budget {
        check.amount(spot.key("budget"), "burst", budget.burst, 1, 1_000_000);
    }
}

pub(super) fn breaker(check: &mut Check<'_>, spot: Spot<'_>, breaker: Option<&Breaker>) {
    let Some(breaker) = breaker else { return };
    if breaker.failures.is_none() && breaker.slow.is_none() {
        check.report(spot.at, "`breaker` has neither `failures` nor `slow`", "give one of them a share, such as 50%");
    }
    for (name, share) in [("failures", breaker.failures), ("slow", breaker.slow)] {
        if share.is_some_and(|share| share.ratio <= 0.0) {
            check.report(spot.key(name).at, format!("`{name}` must be over 0%"), "at 0% it would open by itself");
        }
    }
    match (breaker.slow, breaker.slow_over) {
        (Some(_), None) => check.report(spot.key("slow").at, "`slow` without `slow_over`", "say what slow is: a time"),
        (None, Some(_)) => {
            check.report(spot.key("slow_over").at, "`slow_over` without `slow`", "say at which share of slow calls");
        }
        _ => {}
    }
    check.amount(spot, "min_calls", breaker.min_calls, 1, 1_000_000);
    check.amount(spot, "trials", breaker.trials, 1, 1_000);
    for (name, time) in [("window", breaker.window), ("open", breaker.open)] {
        check.over_zero(spot, name, Some(time));
        if time > LONGEST {
            check.report(spot.key(name).at, format!("`{name}` must be at most {LONGEST}, not {time}"), "");
        }
    }
}

pub(super) fn fallback(check: &mut Check<'_>, spot: Spot<'_>, is_optional: bool, steps: &[Step], service: &Service) {
    if is_optional && !steps.is_empty() {
        let help = "`optional` goes on with nothing instead, `fallback` with its steps; keep one";
        check.report(spot.key("optional").at, "`optional` together with `fallback`", help);
    }
    program(check, spot.key("fallback"), steps, service);
}
