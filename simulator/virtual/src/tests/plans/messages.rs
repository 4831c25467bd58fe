//! Random topics and consumer groups, and what keeps them within the language: no message follows from a message, and
//! there are at most 255 ways to one.

use super::steps::program;
use super::{Scenario, draw, named};
use doorbuster_scenarios::types::{Consumer, Discipline, Retry, Step, Store, StoreKind, Topic};
use doorbuster_scenarios::units::Amount;
use proptest::collection::vec;
use proptest::prelude::*;

/// Ways to a message that the engine can number.
const MOST_WAYS: u64 = 255;

/// A store with topics.
pub(super) fn brokers(unit_ns: u64) -> impl Strategy<Value = Store> {
    let topic = (1..4_u64, draw(unit_ns, 12)).prop_map(|(count, cost)| Topic { partitions: Amount { count }, cost });
    (1..4_u64, 1..3_u64, vec(topic, 1..3), any::<bool>()).prop_map(|(shards, cores, topics, says_fifo)| Store {
        kind: StoreKind::Kafka,
        shards: Amount { count: shards },
        cores: Amount { count: cores },
        discipline: says_fifo.then_some(Discipline::Fifo),
        cancel: None,
        tables: named("", Vec::new()),
        statements: named("", Vec::new()),
        topics: named("t", topics),
    })
}

/// A consumer group; its topic is a number.
pub(super) fn consumer(unit_ns: u64) -> impl Strategy<Value = Consumer> {
    (0..20_usize, program(unit_ns)).prop_map(|(topic, program)| Consumer {
        store: String::new(),
        topic: topic.to_string(),
        program,
    })
}

/// Takes out what the language does not allow.
pub(super) fn within_language(scenario: &mut Scenario) {
    let topics = super::shop::topics_of(scenario);
    for service in scenario.services.values_mut() {
        if topics.is_empty() {
            service.consumers.clear();
        }
        for consumer in service.consumers.values_mut() {
            let number: usize = consumer.topic.parse().expect("a placeholder is a number");
            (consumer.store, consumer.topic) = topics[number % topics.len()].clone();
        }
    }
    let before = scenario.clone();
    for service in scenario.services.values_mut() {
        for consumer in service.consumers.values_mut() {
            without_messages(&before, &mut consumer.program);
        }
    }
    let mut edges: Vec<&String> =
        scenario.journeys.values().flat_map(|journey| journey.steps.iter().map(|step| &step.request)).collect();
    edges.sort();
    edges.dedup();
    if edges.into_iter().map(|edge| ways(scenario, edge)).sum::<u64>() > MOST_WAYS {
        scenario.services.values_mut().for_each(|service| service.consumers.clear());
    }
}

/// Takes out the steps from which a message could follow that is consumed.
fn without_messages(scenario: &Scenario, steps: &mut Vec<Step>) {
    for step in &mut *steps {
        match step {
            Step::Call(call) => without_messages(scenario, &mut call.fallback),
            Step::Query(query) => without_messages(scenario, &mut query.fallback),
            Step::Publish(publish) => without_messages(scenario, &mut publish.fallback),
            Step::Cached(cached) => without_messages(scenario, &mut cached.on_miss),
            Step::Branch(branch) => {
                without_messages(scenario, &mut branch.then);
                without_messages(scenario, &mut branch.otherwise);
            }
            Step::Parallel(strands) => strands.iter_mut().for_each(|strand| without_messages(scenario, strand)),
            Step::Compute(_) | Step::Wait(_) | Step::Fail(_) | Step::Decline(_) => {}
        }
    }
    steps.retain(|step| match step {
        Step::Call(call) => ways(scenario, &call.endpoint) == 0,
        Step::Publish(publish) => groups(scenario, &publish.store, &publish.topic) == 0,
        Step::Cached(cached) => !cached.on_miss.is_empty(),
        _ => true,
    });
}

/// Ways from a call of an endpoint to a message for a consumer group.
fn ways(scenario: &Scenario, endpoint: &str) -> u64 {
    let (service, name) = endpoint.split_once('.').expect("an endpoint is service.endpoint");
    ways_of(scenario, &scenario.services[service].endpoints[name].program)
}

fn ways_of(scenario: &Scenario, steps: &[Step]) -> u64 {
    let tries = |retry: &Option<Retry>| retry.as_ref().map_or(1, |retry| retry.attempts.count);
    let of = |step: &Step| match step {
        Step::Call(call) => {
            tries(&call.retry).saturating_mul(ways(scenario, &call.endpoint)) + ways_of(scenario, &call.fallback)
        }
        Step::Query(query) => ways_of(scenario, &query.fallback),
        Step::Publish(publish) => {
            tries(&publish.retry) * groups(scenario, &publish.store, &publish.topic)
                + ways_of(scenario, &publish.fallback)
        }
        Step::Cached(cached) => ways_of(scenario, &cached.on_miss),
        Step::Branch(branch) => ways_of(scenario, &branch.then) + ways_of(scenario, &branch.otherwise),
        Step::Parallel(strands) => strands.iter().map(|strand| ways_of(scenario, strand)).sum(),
        Step::Compute(_) | Step::Wait(_) | Step::Fail(_) | Step::Decline(_) => 0,
    };
    steps.iter().map(of).sum()
}

fn groups(scenario: &Scenario, store: &str, topic: &str) -> u64 {
    let all = scenario.services.values().flat_map(|service| service.consumers.values());
    all.filter(|consumer| consumer.store == store && consumer.topic == topic).count() as u64
}
