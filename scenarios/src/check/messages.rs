//! Topics, publications, consumers and cached values: what refers to what, and ranges.

use super::Check;
use super::draws::draw;
use super::programs::{breaker, fallback, program, retry, statement};
use crate::load::Spot;
use crate::types::{Cached, Discipline, Publish, Service, Store, StoreKind};

/// Keys of a cached value in one cell: each takes a bit of the engine's memory.
const MOST_KEYS: u64 = 10_000_000;
/// Beyond it nearly all lookups ask for one key.
const MOST_SKEW: f64 = 3.0;

/// A store has what its kind has: topics, or statements and tables.
pub(super) fn topics(check: &mut Check<'_>, spot: Spot<'_>, store: &Store) {
    if store.kind != StoreKind::Kafka {
        if !store.topics.is_empty() {
            let help = "write `kind: kafka`, or `statements` in place of `topics`";
            check.report(spot.key("topics").name_at, "only a store of kind `kafka` has topics", help);
        } else if store.statements.is_empty() {
            check.report(spot.at, "the store has no `statements`", "a store is asked by its statements");
        }
        return;
    }
    for (name, is_there) in [("statements", !store.statements.is_empty()), ("tables", !store.tables.is_empty())] {
        if is_there {
            check.report(spot.key(name).name_at, format!("a store of kind `kafka` has no {name}"), "it has `topics`");
        }
    }
    if store.topics.is_empty() {
        check.report(spot.at, "the store has no `topics`", "a store of kind `kafka` has one at least");
    }
    if store.discipline == Some(Discipline::Ps) {
        let help = "a broker appends messages in the order in which they come; leave `discipline` out";
        check.report(spot.key("discipline").at, "`discipline: ps` with `kind: kafka`", help);
    }
    for (name, topic) in &store.topics {
        let spot = spot.key("topics").key(name);
        // Kafka's own rule for names.
        let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.len() > 200 || !name.chars().all(is_good) {
            let help = "a topic's name is made of ASCII letters, digits, `.`, `_` and `-`, at most 200 bytes";
            check.report(spot.name_at, format!("`{name}` is not a name of a topic"), help);
        }
        check.amount(spot, "partitions", topic.partitions, 1, 1_000);
        draw(check, spot.key("cost"), &topic.cost);
    }
}

/// A topic of a store, by the keys `store` and `topic`.
pub(super) fn topic(check: &mut Check<'_>, spot: Spot<'_>, store_name: &str, name: &str) {
    let Some(store) = check.store(spot, store_name) else { return };
    if store.kind != StoreKind::Kafka {
        let message = format!("store `{store_name}` has no topics");
        check.report(spot.key("store").at, message, "topics are those of stores of kind `kafka`");
    } else if !store.topics.contains_key(name) {
        let known = store.topics.keys().map(String::as_str);
        let message = format!("store `{store_name}` has no topic `{name}`");
        check.unknown(spot.key("topic").at, message, name, "its topics", known);
    }
}

pub(super) fn publish(check: &mut Check<'_>, spot: Spot<'_>, publish: &Publish, service: &Service) {
    topic(check, spot, &publish.store, &publish.topic);
    check.over_zero(spot, "timeout", publish.timeout);
    if publish.timeout.is_none() && service.pools.get(&publish.store).is_some_and(|pool| pool.acquire_again) {
        let message = format!("a message to `{}` needs a `timeout`: its pool waits again until then", publish.store);
        check.report(spot.at, message, "without one it could wait for ever");
    }
    retry(check, spot.key("retry"), publish.retry.as_ref());
    breaker(check, spot.key("breaker"), publish.breaker.as_ref());
    fallback(check, spot, publish.optional, &publish.fallback, service);
}

pub(super) fn cached(check: &mut Check<'_>, spot: Spot<'_>, cached: &Cached, service: &Service) {
    statement(check, spot, "get", &cached.store, &cached.get);
    if let Some(put) = cached.put.as_ref().filter(|_| check.scenario.stores.contains_key(&cached.store)) {
        statement(check, spot, "put", &cached.store, put);
    }
    check.over_zero(spot, "timeout", cached.timeout);
    if cached.timeout.is_none() && service.pools.get(&cached.store).is_some_and(|pool| pool.acquire_again) {
        let message = format!("a lookup in `{}` needs a `timeout`: its pool waits again until then", cached.store);
        check.report(spot.at, message, "without one it could wait for ever");
    }
    check.amount(spot, "keys", cached.keys, 1, MOST_KEYS);
    if !(0.0..=MOST_SKEW).contains(&cached.skew) {
        check.report(spot.key("skew").at, format!("`skew` must be 0 to {MOST_SKEW}, not {}", cached.skew), "");
    }
    if cached.on_miss.is_empty() {
        check.report(spot.key("on_miss").at, "`on_miss` is empty", "say where the value comes from at a miss");
    }
    program(check, spot.key("on_miss"), &cached.on_miss, service);
}
