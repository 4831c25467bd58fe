//! Messages and cached values: lag, order, links, dead consumers; misses after a flush.

use super::*;
use crate::faults::Command;
use doorbuster_model::plan::{Shape, Target, linked};
use doorbuster_telemetry::record::TraceWord;
use std::collections::{BTreeMap, BTreeSet};

/// A request every 10 publishes a message; a group of one partition works 4 on each.
const MAIL: &str = r"
services:
  shop:
    endpoints: {order: {do: [{publish: {store: log, topic: orders}}]}}
  mail:
    pods: 2
    consumers: {send: {store: log, topic: orders, do: [{compute: <4>}]}}
stores: {log: {kind: kafka, topics: {orders: {partitions: 1, cost: 0s}}}}
traffic: {constant: 97.65625/s}
";

/// Messages that a group has not finished, after so many units.
fn lag(cell: &mut Cell<'_, Stream>, units: u64) -> u64 {
    cell.play(units * UNIT).expect("a small shop holds little");
    seen(cell).consumers[0].lag
}

/// *Scenario* A group is stuck for 2,000 while a message comes every 10, then works on one in 4.
/// *Guarantees* The lag grows by one every 10, exactly; it falls at 1/4 - 1/10 = 3/20; it is gone after 200 / (3/20) = 1,333.
#[test]
fn a_stuck_consumer_lags_by_what_comes_and_catches_up_by_what_it_has_to_spare() {
    let plan = plan(MAIL);
    let mut cell = cell(&plan);
    assert!(lag(&mut cell, 1_005) <= 1);
    cell.apply(&Command::Stick { consumer: 0, partitions: vec![0], is_stuck: true });
    let at_first = lag(&mut cell, 1_105);
    for hundreds in 1..20 {
        assert_eq!(lag(&mut cell, 1_105 + 100 * hundreds), at_first + 10 * hundreds);
    }
    cell.apply(&Command::Stick { consumer: 0, partitions: vec![0], is_stuck: false });
    let full = at_first + 190;
    for hundreds in 1..13 {
        let left = full - 15 * hundreds;
        let lag = lag(&mut cell, 3_005 + 100 * hundreds);
        assert!(lag.abs_diff(left) <= 1, "{lag} is not {left} after {hundreds}00");
    }
    assert!(lag(&mut cell, 4_400) <= 1, "it has caught up");
    cell.drain().expect("a small shop holds little");
    assert_eq!(cell.leftovers(), Vec::<String>::new());
}

/// *Scenario* The same, over a stop of a little more than 100: ten messages wait 105, 95, ... for the stop's end, and for each other.
/// *Guarantees* The ages are those of a queue: each message waits for the end and for those before it.
#[test]
fn messages_wait_from_append() {
    let plan = plan(MAIL);
    let mut cell = cell(&plan);
    cell.play(1_005 * UNIT).expect("a small shop holds little");
    cell.apply(&Command::Stick { consumer: 0, partitions: vec![0], is_stuck: true });
    seen(&mut cell);
    cell.play(1_105 * UNIT).expect("a small shop holds little");
    cell.apply(&Command::Stick { consumer: 0, partitions: vec![0], is_stuck: false });
    cell.play(1_209 * UNIT).expect("a small shop holds little");
    let slice = seen(&mut cell);
    // They came at 1,010, 1,020 ... 1,200; one ends 4 after the later of its coming and the end of the one before.
    let mut free = 1_105;
    let mut ages = 0;
    for came in (1_010..=1_200_u64).step_by(10) {
        free = free.max(came) + 4;
        ages += free - came;
    }
    let consumer = slice.consumers[0];
    assert_eq!((consumer.appended, consumer.consumed, consumer.lag), (20, 20, 0));
    close(consumer.age_ticks as f64 / UNIT as f64, ages as f64);
    let partitions = totals(&plan, &slice, StationId::Consumer(0));
    close(partitions.wait_ticks as f64 / UNIT as f64, (ages - 20 * 4) as f64);
}

/// *Scenario* The pod that works on the partition dies; its replacement has the next number. Later both are dead.
/// *Guarantees* No message is lost and none is finished twice; the one in hand is taken up again; with no pod left messages wait, and
/// start when one lives again; at the end of the run they need not wait for that.
#[test]
fn a_dead_consumers_message_is_taken_up_again() {
    let plan = plan(MAIL);
    let mut cell = cell(&plan);
    cell.play(1_002 * UNIT).expect("a small shop holds little");
    let first = plan.services[1].first_pod;
    assert_eq!(cell.pods[usize::from(first)].in_flight.level, 1, "a message is in hand");
    cell.apply(&Command::Crash { service: 1, pods: vec![0] });
    cell.play(2_000 * UNIT).expect("a small shop holds little");
    let slice = seen(&mut cell);
    assert_eq!(ended(&plan, &slice, "send", Outcome::Unavailable), 1);
    assert_eq!(ended(&plan, &slice, "send", Outcome::Ok), slice.consumers[0].consumed);
    assert!(slice.consumers[0].lag <= 1, "the other pod has gone on");
    cell.apply(&Command::Crash { service: 1, pods: vec![1] });
    cell.play(3_000 * UNIT).expect("a small shop holds little");
    assert!((99..=101).contains(&seen(&mut cell).consumers[0].lag));
    cell.apply(&Command::Restart { service: 1, pods: vec![1] });
    cell.play(4_000 * UNIT).expect("a small shop holds little");
    assert!(seen(&mut cell).consumers[0].lag <= 1);
    cell.apply(&Command::Crash { service: 1, pods: vec![1] });
    cell.play(5_000 * UNIT).expect("a small shop holds little");
    cell.drain().expect("a small shop holds little");
    assert_eq!(cell.leftovers(), Vec::<String>::new(), "dead to the end of the run is no bug");
    assert!(seen(&mut cell).consumers[0].consumed >= 99);
}

/// *Scenario* Two publications in one request, one of them tried again after a timeout; two groups on three partitions.
/// *Guarantees* Every consumer span links to the producer span of its message, in a trace that has it; each publication that was
/// appended has one such span for each group; messages of a partition do not overlap.
#[test]
fn a_consumers_span_links_to_its_producers() {
    let group = "{store: log, topic: orders, do: [{compute: {exponential: {mean: <3>}}}]}";
    let plan = plan(&format!(
        "services:\n  shop: {{cores: 8, endpoints: {{order: {{do: [{{publish: {{store: log, topic: orders}}}}, \
         {{publish: {{store: log, topic: orders, timeout: <2>, retry: {{attempts: 3}}, optional: true}}}}]}}}}}}\n  \
         mail: {{pods: 2, cores: 4, consumers: {{send: {group}}}}}\n  \
         stock: {{cores: 4, consumers: {{book: {group}}}}}\n\
         stores: {{log: {{kind: kafka, shards: 2, topics: {{orders: {{partitions: 3, cost: {{exponential: {{mean: <1>}}}}}}}}}}}}\n\
         traffic: {{poisson: 97.65625/s}}\n"
    ));
    let mut cell = cell(&plan);
    cell.play(5_000 * UNIT).expect("a small shop holds little");
    cell.drain().expect("a small shop holds little");
    let appended = seen(&mut cell).consumers[0].appended;
    let records = cell.consumer.records();
    let mut producers = BTreeSet::new();
    let mut consumed: BTreeMap<(u16, u16), Vec<(u64, u64)>> = BTreeMap::new();
    let mut links = Vec::new();
    for record in &records {
        let sequence = TraceWord(record.trace).sequence();
        match plan.shapes[usize::from(record.shape)] {
            Shape::Statement(site) => {
                let Target::Statement { statement, .. } = plan.sites[usize::from(site)].target else {
                    panic!("a statement")
                };
                assert_eq!(plan.statements[usize::from(statement)].name, "orders");
                producers.insert((sequence, record.index));
            }
            Shape::Server(endpoint) if plan.endpoints[usize::from(endpoint)].consumes.is_some() => {
                let end = record.start + u64::from(record.duration);
                consumed.entry((endpoint, record.shard)).or_default().push((record.start, end));
                links.push((endpoint, linked(&plan, sequence).expect("a message's trace has a link")));
            }
            _ => assert_eq!(linked(&plan, sequence), None, "a shopper's trace links to nothing"),
        }
    }
    assert!(appended > 800 && links.len() as u64 == 2 * appended, "{appended} and {}", links.len());
    assert!(links.iter().all(|(_, producer)| producers.contains(producer)), "every link leads to a producer's span");
    links.sort_unstable();
    links.dedup();
    assert_eq!(links.len() as u64, 2 * appended, "each message is taken once by each group");
    assert_eq!(consumed.len(), 6);
    for spans in consumed.values() {
        assert!(spans.windows(2).all(|two| two[0].1 <= two[1].0), "one message of a partition at a time");
    }
}

/// *Scenario* 50 keys, asked for evenly, no miss by chance; all entries are flushed, then half of them, and 5,000 lookups follow each.
/// *Guarantees* When each filling comes back at once every flushed entry is missed exactly once. Without fillings every lookup of a
/// flushed entry misses.
#[test]
fn a_flush_misses_each_entry_once() {
    let shop = |put: &str| {
        plan(&format!(
            "services: {{shop: {{endpoints: {{look: {{do: [{{cached: {{store: cache, get: get, {put}keys: 50, skew: 0, miss: 0%, \
             on_miss: [{{query: {{store: db, statement: load}}}}]}}}}]}}}}}}}}\n\
             stores:\n  cache: {{kind: redis, statements: {{get: {{text: GET, cost: 0s}}, set: {{text: SET, cost: 0s}}}}}}\n  \
             db: {{kind: mysql, statements: {{load: {{text: SELECT 1, cost: 0s}}}}}}\n\
             traffic: {{constant: 976.5625/s}}\n"
        ))
    };
    let filled = shop("put: set, ");
    let flushed = |plan: &Plan, share: f64| {
        let mut cell = cell(plan);
        cell.play(1_000 * UNIT).expect("a small shop holds little");
        assert_eq!(seen(&mut cell).caches[0].misses, 0);
        cell.apply(&Command::Flush { store: 0, threshold: threshold(share) });
        cell.play(6_000 * UNIT).expect("a small shop holds little");
        let slice = seen(&mut cell);
        assert_eq!(slice.caches[0].hits + slice.caches[0].misses, 5_000);
        assert_eq!(slice.statements[2].calls, slice.caches[0].misses, "each miss asks the database");
        slice.caches[0].misses
    };
    assert_eq!(flushed(&filled, 1.0), 50);
    let half = flushed(&filled, 0.5);
    assert!((15..=35).contains(&half), "{half}");
    assert_eq!(flushed(&filled, 0.0), 0);
    assert_eq!(flushed(&shop(""), 1.0), 5_000);
}
