//! Endpoint programs, step by step: what they call and ask, how they retry.

use super::Check;
use super::draws::draw;
use crate::load::Spot;
use crate::types::{Call, Query, Retry, Step};

/// Checks the steps of a program, or of a part of one.
pub(super) fn program(check: &mut Check<'_>, spot: Spot<'_>, steps: &[Step]) {
    for (index, one) in steps.iter().enumerate() {
        step(check, spot.item(index), one);
    }
}

fn step(check: &mut Check<'_>, spot: Spot<'_>, step: &Step) {
    match step {
        Step::Compute(time) => draw(check, spot.key("compute"), time),
        Step::Wait(time) => draw(check, spot.key("wait"), time),
        Step::Call(one) => call(check, spot.key("call"), one),
        Step::Query(one) => query(check, spot.key("query"), one),
        Step::Branch(branch) => {
            program(check, spot.key("branch").key("do"), &branch.then);
            program(check, spot.key("branch").key("else"), &branch.otherwise);
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
                program(check, spot.item(index), arm);
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

fn call(check: &mut Check<'_>, spot: Spot<'_>, call: &Call) {
    check.endpoint(spot.key("endpoint").at, &call.endpoint);
    check.over_zero(spot, "timeout", call.timeout);
    retry(check, spot.key("retry"), call.retry.as_ref());
    fallback(check, spot, call.optional, &call.fallback);
}

fn query(check: &mut Check<'_>, spot: Spot<'_>, query: &Query) {
    match check.scenario.stores.get(&query.store) {
        None => {
            let known = check.scenario.stores.keys().map(String::as_str);
            let message = format!("unknown store `{}`", query.store);
            check.unknown(spot.key("store").at, message, &query.store, "stores", known);
        }
        Some(store) if !store.statements.contains_key(&query.statement) => {
            let known = store.statements.keys().map(String::as_str);
            let message = format!("store `{}` has no statement `{}`", query.store, query.statement);
            check.unknown(spot.key("statement").at, message, &query.statement, "its statements", known);
        }
        Some(_) => {}
    }
    check.over_zero(spot, "timeout", query.timeout);
    retry(check, spot.key("retry"), query.retry.as_ref());
    fallback(check, spot, query.optional, &query.fallback);
}

fn retry(check: &mut Check<'_>, spot: Spot<'_>, retry: Option<&Retry>) {
    let Some(retry) = retry else { return };
    check.amount(spot, "attempts", retry.attempts, 2, 10);
    if let Some(backoff) = &retry.backoff {
        draw(check, spot.key("backoff"), backoff);
    }
}

fn fallback(check: &mut Check<'_>, spot: Spot<'_>, is_optional: bool, steps: &[Step]) {
    if is_optional && !steps.is_empty() {
        let help = "`optional` goes on with nothing instead, `fallback` with its steps; keep one";
        check.report(spot.key("optional").at, "`optional` together with `fallback`", help);
    }
    program(check, spot.key("fallback"), steps);
}
