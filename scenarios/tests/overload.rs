//! Overload mechanisms that cannot be: costs, pools, guards, limits, and the faults and remedies that change them.

mod workbench;

use workbench::{Folder, edited};

const POOL: &str = "services.payment.pools.payments";
const QUERY: &str = "services.payment.endpoints.pay.do.0.branch.do.0.query";

/// What is set, and what is said of it: the cause and the cure.
const IMPOSSIBLE: &[(&str, &str, &str, &str)] = &[
    (POOL, "{size: 2, acquire_again: true}", "`acquire_again` without `acquire_timeout`", "no wait is in vain"),
    (POOL, "{size: 2, acquire_timeout: 0s}", "`acquire_timeout` must be over 0s", ""),
    ("services.payment.costs", "{admission: 20min}", "20min is too long for a draw", "no part of a request"),
    ("services.payment.costs", "{admision: 1us}", "`admision`", "`admission`"),
    ("services.gateway.rate_limit", "{rate: 0/s}", "`rate` must be over 0/s", ""),
    ("services.gateway.rate_limit", "{rate: 1/s, burst: 0}", "`burst` must be 1 to 1M", ""),
    (QUERY, "{store: payments, statement: by_user, breaker: {}}", "`breaker` has neither `failures` nor `slow`", "50%"),
    (QUERY, "{store: payments, statement: by_user, breaker: {slow: 50%}}", "`slow` without `slow_over`", "a time"),
    (
        QUERY,
        "{store: payments, statement: by_user, breaker: {failures: 50%, slow_over: 1s}}",
        "`slow_over` without `slow`",
        "share of slow calls",
    ),
    (
        QUERY,
        "{store: payments, statement: by_user, breaker: {failures: 0%}}",
        "`failures` must be over 0%",
        "by itself",
    ),
    (QUERY, "{store: payments, statement: by_user, breaker: {failures: 1%, open: 0s}}", "`open` must be over 0s", ""),
    (
        QUERY,
        "{store: payments, statement: by_user, breaker: {failures: 1%, window: 1h}}",
        "`window` must be at most 15min",
        "",
    ),
    (
        QUERY,
        "{store: payments, statement: by_user, retry: {attempts: 2, growth: 2}}",
        "`growth` without `backoff`",
        "no wait that could grow",
    ),
    (
        QUERY,
        "{store: payments, statement: by_user, retry: {attempts: 2, budget: {ratio: 10%, burst: 0}}}",
        "`burst` must be 1 to 1M",
        "",
    ),
    (
        "faults.lost.change",
        "{pool_size: {service: payments, store: payments, size: 2}}",
        "unknown service `payments`",
        "did you mean `payment`?",
    ),
    (
        "faults.lost.change",
        "{pool_size: {service: gateway, store: payments, size: 2}}",
        "service `gateway` has no pool to `payments`",
        "its pools",
    ),
    (
        "remedies.rebuild.action",
        "{pool_size: {service: payment, store: payments, size: 0}}",
        "`size` must be 1 to 100k",
        "",
    ),
    (
        "remedies.rebuild.action",
        "{scale_out: {service: payment, pods: 1, start_up: 30s}}",
        "are not more than the",
        "the pods of each cell after scaling out",
    ),
    (
        "remedies.rebuild.action",
        "{scale_out: {service: payment, pods: 9, start_up: 1500ms}}",
        "`start_up` must be whole seconds",
        "",
    ),
    ("remedies.rebuild.action", "{rate_limit: {service: gatway, rate: 1k/s}}", "unknown service `gatway`", "`gateway`"),
    (
        "remedies.rebuild.until",
        "{service: payment, metric: in_flight, below: 5}",
        "only `rate_limit` is taken back",
        "a larger pool stay",
    ),
    (
        "remedies.rebuild.start",
        "{when: {service: payment, metric: in_flight_ratio, below: 50%}}",
        "`below` must be a plain number for this metric",
        "",
    ),
];

/// *Scenario* a mechanism is given a value, a partner or a target that it cannot have.
///
/// *Guarantees* the scenario is refused; the cause and the cure are told.
#[test]
fn impossible_mechanisms() {
    let folder = Folder::new("impossible_mechanisms");
    folder.write("my.yaml", edited(&[]));
    let mut differ = String::new();
    for (path, value, cause, cure) in IMPOSSIBLE {
        let set = format!("{path}={value}");
        match folder.load("my.yaml", &[&set]) {
            Err(told) if told.contains(cause) && told.contains(cure) => {}
            Err(told) => differ.push_str(&format!("== {set}\n-- expected\n{cause}\n{cure}\n-- told\n{told}\n")),
            Ok(_) => differ.push_str(&format!("== {set}\n-- was accepted\n")),
        }
    }
    assert!(differ.is_empty(), "{differ}");
}

/// *Scenario* a pool waits again until the deadline, and one of its statements has none.
///
/// *Guarantees* that statement is named, since it could wait for ever.
#[test]
fn a_pool_that_waits_again_needs_deadlines() {
    let folder = Folder::new("waits_again");
    folder.write("my.yaml", edited(&[(", timeout: 5s}", "}")]));
    let pool = format!("{POOL}={{size: 2, acquire_timeout: 100ms, acquire_again: true}}");
    let told = folder.load("my.yaml", &[&pool]).expect_err("it could wait for ever");
    assert!(told.contains("a statement to `payments` needs a `timeout`: its pool waits again until then"), "{told}");
}
