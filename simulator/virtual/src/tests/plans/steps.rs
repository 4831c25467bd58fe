//! Random programs. Callees and statements are numbers until the shop is connected.

use super::{draw, share, time};
use doorbuster_scenarios::types::{Branch, Breaker, Budget, Cached, Call, Decline, Fail, Publish, Query, Retry, Step};
use doorbuster_scenarios::units::{Amount, Share, Time};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// What a call and a query have in common.
#[derive(Clone, Debug)]
struct Ask {
    what: String,
    timeout: Option<Time>,
    retry: Option<Retry>,
    breaker: Option<Breaker>,
    optional: bool,
    cancel: bool,
}

/// A program.
pub(super) fn program(unit_ns: u64) -> impl Strategy<Value = Vec<Step>> {
    let step = leaf(unit_ns).prop_recursive(2, 10, 3, move |inner| {
        let steps = || vec(inner.clone(), 0..3);
        prop_oneof![
            (share(), steps(), steps()).prop_map(|(probability, then, otherwise)| Step::Branch(Branch {
                probability,
                then,
                otherwise
            })),
            vec(steps(), 1..4).prop_map(Step::Parallel),
            (ask(unit_ns), vec(inner.clone(), 1..3)).prop_map(|(one, fallback)| call(one, fallback)),
            (ask(unit_ns), vec(inner.clone(), 1..3)).prop_map(|(one, fallback)| query(one, fallback)),
            (ask(unit_ns), vec(inner.clone(), 1..3)).prop_map(|(one, fallback)| publish(one, fallback)),
            (ask(unit_ns), entries(), vec(inner.clone(), 1..3))
                .prop_map(|(one, entries, steps)| cached(one, entries, steps)),
        ]
    });
    vec(step, 0..4)
}

fn leaf(unit_ns: u64) -> impl Strategy<Value = Step> {
    let rarely = || prop_oneof![Just(0.1), Just(0.4)].prop_map(|ratio| Share { ratio });
    prop_oneof![
        4 => draw(unit_ns, 16).prop_map(Step::Compute),
        1 => draw(unit_ns, 16).prop_map(Step::Wait),
        4 => ask(unit_ns).prop_map(|one| call(one, Vec::new())),
        4 => ask(unit_ns).prop_map(|one| query(one, Vec::new())),
        2 => ask(unit_ns).prop_map(|one| publish(one, Vec::new())),
        1 => rarely().prop_map(|probability| Step::Fail(Fail { probability, error: "broken".to_owned() })),
        1 => rarely().prop_map(|probability| Step::Decline(Decline { probability })),
    ]
}

fn ask(unit_ns: u64) -> impl Strategy<Value = Ask> {
    let budget = (prop_oneof![Just(0.0), Just(0.2), Just(0.5)], 1..4_u64)
        .prop_map(|(ratio, count)| Budget { ratio: Share { ratio }, burst: Amount { count } });
    let retry = (2..4_u64, option::of((draw(unit_ns, 10), 1..4_u64)), option::weighted(0.4, budget)).prop_map(
        |(count, backoff, budget)| Retry {
            attempts: Amount { count },
            growth: Amount { count: backoff.as_ref().map_or(1, |(_, growth)| *growth) },
            backoff: backoff.map(|(backoff, _)| backoff),
            budget,
        },
    );
    (
        0..20_usize,
        option::weighted(0.7, time(unit_ns, 1..40)),
        (option::weighted(0.4, retry), option::weighted(0.25, breaker(unit_ns))),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(what, timeout, (retry, breaker), optional, cancel)| Ask {
            what: what.to_string(),
            timeout,
            retry,
            breaker,
            optional,
            cancel,
        })
}

/// A breaker that opens soon and not for long.
fn breaker(unit_ns: u64) -> impl Strategy<Value = Breaker> {
    let bound = || prop_oneof![Just(0.25), Just(0.5), Just(1.0)].prop_map(|ratio| Share { ratio });
    let slow = option::of((bound(), time(unit_ns, 1..20)));
    (bound(), slow, (1..5_u64, 1..3_u64), time(unit_ns, 10..200), time(unit_ns, 1..100)).prop_map(
        |(failures, slow, (calls, trials), window, open)| Breaker {
            failures: Some(failures),
            slow: slow.map(|(share, _)| share),
            slow_over: slow.map(|(_, over)| over),
            min_calls: Amount { count: calls },
            window,
            open,
            trials: Amount { count: trials },
        },
    )
}

fn call(one: Ask, fallback: Vec<Step>) -> Step {
    let Ask { what, timeout, retry, breaker, optional, cancel } = one;
    let optional = optional && fallback.is_empty();
    Step::Call(Call { endpoint: what, timeout, retry, breaker, cancel, optional, fallback })
}

fn query(one: Ask, fallback: Vec<Step>) -> Step {
    let Ask { what, timeout, retry, breaker, optional, .. } = one;
    let optional = optional && fallback.is_empty();
    Step::Query(Query { store: String::new(), statement: what, timeout, retry, breaker, optional, fallback })
}

fn publish(one: Ask, fallback: Vec<Step>) -> Step {
    let Ask { what, timeout, retry, breaker, optional, .. } = one;
    let optional = optional && fallback.is_empty();
    Step::Publish(Publish { store: String::new(), topic: what, timeout, retry, breaker, optional, fallback })
}

/// Keys, how unevenly they are asked for, how many lookups miss.
fn entries() -> impl Strategy<Value = (u64, f64, Share)> {
    (1..30_u64, prop_oneof![Just(0.0), Just(1.0), Just(2.5)], share())
}

fn cached(one: Ask, (count, skew, miss): (u64, f64, Share), on_miss: Vec<Step>) -> Step {
    let put = one.cancel.then(|| one.what.clone());
    Step::Cached(Cached {
        store: String::new(),
        get: one.what,
        put,
        timeout: one.timeout,
        keys: Amount { count },
        skew,
        miss,
        on_miss,
    })
}
