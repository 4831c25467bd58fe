//! Faults: each on a target that has what it breaks.

use super::{Check, story};
use crate::load::Spot;
use crate::types::{
    BadRelease, ClockSkew, FaultKind, NetworkFault, PodCrash, RetryStorm, Service, Step, StuckConsumer, Surge,
};
use crate::units::Time;

/// Longest error of a clock.
const MOST_SKEW: Time = Time::from_s(600);

pub(super) fn faults(check: &mut Check<'_>, spot: Spot<'_>) {
    let scenario = check.scenario;
    let earliest = Time { ns: scenario.warmup.ns.saturating_add(1_000_000_000) };
    for (name, fault) in &scenario.faults {
        let spot = spot.key(name);
        check.name(spot.name_at, name);
        kind(check, spot.key("change"), &fault.change, fault.at);
        check.whole_seconds(spot, "at", fault.at);
        if fault.at < earliest {
            let message = format!("the fault begins at {}, before the warm-up ends", fault.at);
            check.report(spot.key("at").at, message, format!("it may begin from {earliest} on"));
        } else if fault.at >= scenario.duration {
            let message = format!("the fault begins at {}, the scenario ends at {}", fault.at, scenario.duration);
            check.report(spot.key("at").at, message, "");
        }
        if let Some(until) = fault.until {
            check.whole_seconds(spot, "until", until);
            if until <= fault.at {
                let message = format!("`until` of {until} must be later than `at` of {}", fault.at);
                check.report(spot.key("until").at, message, "");
            }
        }
    }
}

fn kind(check: &mut Check<'_>, spot: Spot<'_>, kind: &FaultKind, at: Time) {
    match kind {
        FaultKind::LostIndex(lost) => {
            story::index(check, spot.key("lost_index"), &lost.store, &lost.table, &lost.index);
        }
        FaultKind::PoolSize(size) => story::pool_size(check, spot.key("pool_size"), size),
        FaultKind::PodCrash(crash) => pod_crash(check, spot.key("pod_crash"), crash),
        FaultKind::CpuHog(hog) => {
            story::service(check, spot.key("cpu_hog"), &hog.service);
        }
        FaultKind::SlowStore(slow) => {
            let spot = spot.key("slow_store");
            store(check, spot, &slow.store, slow.statement.as_deref());
            factor(check, spot, "factor", slow.factor, 10_000.0);
        }
        FaultKind::Network(network) => way(check, spot.key("network"), network),
        FaultKind::Partition(cut) => {
            let spot = spot.key("partition");
            ends(check, spot, &cut.from, &cut.to);
            timeouts(check, spot, &cut.from, &cut.to);
        }
        FaultKind::CacheFlush(flush) => cache(check, spot.key("cache_flush"), &flush.store),
        FaultKind::HotKey(hot) => store(check, spot.key("hot_key"), &hot.store, None),
        FaultKind::StoreDown(down) => store(check, spot.key("store_down"), &down.store, None),
        FaultKind::StoreErrors(errors) => {
            store(check, spot.key("store_errors"), &errors.store, errors.statement.as_deref());
        }
        FaultKind::Lock(lock) => {
            let spot = spot.key("lock");
            store(check, spot, &lock.store, lock.statement.as_deref());
            within(check, spot, "hold", lock.hold, lock.every);
        }
        FaultKind::StuckConsumer(stuck) => stuck_consumer(check, spot.key("stuck_consumer"), stuck),
        FaultKind::BadRelease(bad) => bad_release(check, spot.key("bad_release"), bad),
        FaultKind::GcPauses(gc) => {
            let spot = spot.key("gc_pauses");
            story::service(check, spot, &gc.service);
            within(check, spot, "pause", gc.pause, gc.every);
        }
        FaultKind::ClockSkew(skew) => clock_skew(check, spot.key("clock_skew"), skew, at),
        FaultKind::RetryStorm(storm) => retry_storm(check, spot.key("retry_storm"), storm),
        FaultKind::Surge(one) => surge(check, spot.key("surge"), one),
        FaultKind::SensitiveAlerts(alerts) => {
            if let Some(least) = alerts.min_attempts {
                check.amount(spot.key("sensitive_alerts"), "min_attempts", least, 0, u64::MAX);
            }
        }
    }
}

fn pod_crash(check: &mut Check<'_>, spot: Spot<'_>, crash: &PodCrash) {
    story::service(check, spot, &crash.service);
    check.whole_seconds(spot, "noticed", crash.noticed);
}

/// A store, and one of its statements or topics if one is named.
fn store(check: &mut Check<'_>, spot: Spot<'_>, name: &str, statement: Option<&str>) {
    let Some(of) = check.store(spot, name) else { return };
    let Some(statement) = statement else { return };
    if !of.statements.contains_key(statement) && !of.topics.contains_key(statement) {
        let known: Vec<&str> = of.statements.keys().chain(of.topics.keys()).map(String::as_str).collect();
        let message = format!("store `{name}` has no statement `{statement}`");
        check.unknown(spot.key("statement").at, message, statement, "its statements", known);
    }
}

fn factor(check: &mut Check<'_>, spot: Spot<'_>, name: &str, factor: f64, most: f64) {
    if !(1.0..=most).contains(&factor) {
        check.report(spot.key(name).at, format!("`{name}` must be 1 to {most}, not {factor}"), "");
    }
}

/// A part of each period, under the whole.
fn within(check: &mut Check<'_>, spot: Spot<'_>, name: &str, part: Time, every: Time) {
    check.over_zero(spot, name, Some(part));
    if part >= every {
        let message = format!("`every` of {every} must be longer than `{name}` of {part}");
        check.report(spot.key("every").at, message, "it runs from the beginning of one to that of the next");
    }
}

fn way(check: &mut Check<'_>, spot: Spot<'_>, network: &NetworkFault) {
    ends(check, spot, &network.from, &network.to);
    if network.delay == Time::default() && network.loss.ratio <= 0.0 {
        check.report(spot.at, "the fault has neither `delay` nor `loss`", "give one of them, such as `delay: 50ms`");
    }
    if network.delay > super::draws::LONGEST {
        let message = format!("`delay` must be at most {}, not {}", super::draws::LONGEST, network.delay);
        check.report(spot.key("delay").at, message, "");
    }
    if network.loss.ratio > 0.0 {
        timeouts(check, spot, &network.from, &network.to);
    }
}

/// The two ends of a way: a service, and a service or store that it asks.
fn ends(check: &mut Check<'_>, spot: Spot<'_>, from: &str, to: &str) {
    let scenario = check.scenario;
    let Some(service) = scenario.services.get(from) else {
        let known = scenario.services.keys().map(String::as_str);
        return check.unknown(spot.key("from").at, format!("unknown service `{from}`"), from, "services", known);
    };
    if !scenario.services.contains_key(to) && !scenario.stores.contains_key(to) {
        let known: Vec<&str> = scenario.services.keys().chain(scenario.stores.keys()).map(String::as_str).collect();
        let message = format!("there is no service or store `{to}`");
        return check.unknown(spot.key("to").at, message, to, "services and stores", known);
    }
    if scenario.services.contains_key(to) && scenario.stores.contains_key(to) {
        let message = format!("`{to}` is a service and a store");
        check.report(spot.key("to").at, message, "the way would be to both; rename one of them");
    }
    let mut asks = false;
    asked(service, to, &mut |_, _| asks = true);
    if !asks {
        let message = format!("`{from}` asks nothing of `{to}`");
        check.report(spot.key("to").at, message, "a fault on a way that nobody takes would do nothing");
    }
}

/// What gets lost must be given up by somebody.
fn timeouts(check: &mut Check<'_>, spot: Spot<'_>, from: &str, to: &str) {
    let Some(service) = check.scenario.services.get(from) else { return };
    let mut without = Vec::new();
    asked(service, to, &mut |what, timeout| {
        if timeout.is_none() {
            without.push(what.to_owned());
        }
    });
    if let Some(what) = without.first() {
        let message =
            format!("`{from}` asks `{what}` without a `timeout`: what is lost on the way would be waited for for ever");
        check.report(spot.key("to").at, message, format!("give every step of `{from}` to `{to}` a `timeout`"));
    }
}

/// Every step of a service that asks something of a service or store, with its timeout.
fn asked(service: &Service, to: &str, found: &mut dyn FnMut(&str, Option<Time>)) {
    let endpoints = service.endpoints.values().map(|endpoint| &endpoint.program);
    let consumers = service.consumers.values().map(|consumer| &consumer.program);
    endpoints.chain(consumers).for_each(|steps| asked_by(steps, to, found));
}

fn asked_by(steps: &[Step], to: &str, found: &mut dyn FnMut(&str, Option<Time>)) {
    for step in steps {
        match step {
            Step::Call(call) => {
                if call.endpoint.split_once('.').is_some_and(|(service, _)| service == to) {
                    found(&call.endpoint, call.timeout);
                }
                asked_by(&call.fallback, to, found);
            }
            Step::Query(query) => {
                if query.store == to {
                    found(&format!("{to}.{}", query.statement), query.timeout);
                }
                asked_by(&query.fallback, to, found);
            }
            Step::Publish(publish) => {
                if publish.store == to {
                    found(&format!("{to}.{}", publish.topic), publish.timeout);
                }
                asked_by(&publish.fallback, to, found);
            }
            Step::Cached(cached) => {
                if cached.store == to {
                    found(&format!("{to}.{}", cached.get), cached.timeout);
                }
                asked_by(&cached.on_miss, to, found);
            }
            Step::Branch(branch) => {
                asked_by(&branch.then, to, found);
                asked_by(&branch.otherwise, to, found);
            }
            Step::Parallel(arms) => arms.iter().for_each(|arm| asked_by(arm, to, found)),
            Step::Compute(_) | Step::Wait(_) | Step::Fail(_) | Step::Decline(_) => {}
        }
    }
}

/// A store that some `cached` step looks up in.
fn cache(check: &mut Check<'_>, spot: Spot<'_>, name: &str) {
    store(check, spot, name, None);
    let scenario = check.scenario;
    let caches = scenario.services.values().any(|service| {
        let endpoints = service.endpoints.values().map(|endpoint| &endpoint.program);
        let consumers = service.consumers.values().map(|consumer| &consumer.program);
        endpoints.chain(consumers).any(|steps| looks_up(steps, name))
    });
    if scenario.stores.contains_key(name) && !caches {
        let message = format!("no `cached` step looks up in `{name}`");
        check.report(spot.key("store").at, message, "a flush of it would do nothing");
    }
}

fn looks_up(steps: &[Step], store: &str) -> bool {
    steps.iter().any(|step| match step {
        Step::Cached(cached) => cached.store == store || looks_up(&cached.on_miss, store),
        Step::Call(call) => looks_up(&call.fallback, store),
        Step::Query(query) => looks_up(&query.fallback, store),
        Step::Publish(publish) => looks_up(&publish.fallback, store),
        Step::Branch(branch) => looks_up(&branch.then, store) || looks_up(&branch.otherwise, store),
        Step::Parallel(arms) => arms.iter().any(|arm| looks_up(arm, store)),
        Step::Compute(_) | Step::Wait(_) | Step::Fail(_) | Step::Decline(_) => false,
    })
}

fn stuck_consumer(check: &mut Check<'_>, spot: Spot<'_>, stuck: &StuckConsumer) {
    let Some(of) = story::service(check, spot, &stuck.service) else { return };
    if !of.consumers.contains_key(&stuck.consumer) {
        let known = of.consumers.keys().map(String::as_str);
        let message = format!("service `{}` has no consumer `{}`", stuck.service, stuck.consumer);
        let what = format!("consumers of `{}`", stuck.service);
        check.unknown(spot.key("consumer").at, message, &stuck.consumer, &what, known);
    }
}

fn bad_release(check: &mut Check<'_>, spot: Spot<'_>, bad: &BadRelease) {
    factor(check, spot, "slower", bad.slower, 1_000.0);
    if bad.errors.ratio <= 0.0 && bad.slower <= 1.0 {
        check.report(spot.at, "the release has neither `errors` nor is it `slower`", "give one of them");
    }
    let Some(of) = story::service(check, spot, &bad.service) else { return };
    if of.version == bad.version {
        let message = format!("`{}` is the version that `{}` has already", bad.version, bad.service);
        check.report(spot.key("version").at, message, "a release brings another one");
    }
}

fn clock_skew(check: &mut Check<'_>, spot: Spot<'_>, skew: &ClockSkew, at: Time) {
    story::service(check, spot, &skew.service);
    match (skew.ahead, skew.behind) {
        (None, None) | (Some(_), Some(_)) => {
            check.report(spot.at, "a wrong clock is either `ahead` or `behind`", "give exactly one of them");
        }
        (Some(by), None) if by > MOST_SKEW => {
            check.report(spot.key("ahead").at, format!("`ahead` must be at most {MOST_SKEW}, not {by}"), "");
        }
        (None, Some(by)) if by > MOST_SKEW || by > at => {
            let most = MOST_SKEW.min(at);
            check.report(spot.key("behind").at, format!("`behind` must be at most {most}, not {by}"), "");
        }
        _ => {}
    }
}

fn retry_storm(check: &mut Check<'_>, spot: Spot<'_>, storm: &RetryStorm) {
    check.amount(spot, "attempts", storm.attempts, 2, 100);
    if storm.after > super::draws::LONGEST {
        let message = format!("`after` must be at most {}, not {}", super::draws::LONGEST, storm.after);
        check.report(spot.key("after").at, message, "");
    }
}

fn surge(check: &mut Check<'_>, spot: Spot<'_>, surge: &Surge) {
    let scenario = check.scenario;
    if !scenario.journeys.contains_key(&surge.journey) {
        let known = scenario.journeys.keys().map(String::as_str);
        let message = format!("unknown journey `{}`", surge.journey);
        check.unknown(spot.key("journey").at, message, &surge.journey, "journeys", known);
    }
    if !(surge.factor > 1.0 && surge.factor <= 1_000.0) {
        check.report(
            spot.key("factor").at,
            format!("`factor` must be over 1 and at most 1000, not {}", surge.factor),
            "",
        );
    }
    if matches!(scenario.traffic, Some(crate::types::Traffic::Closed(_))) {
        check.report(spot.at, "a surge needs open traffic", "a closed loop has as many users as it says");
    }
}
