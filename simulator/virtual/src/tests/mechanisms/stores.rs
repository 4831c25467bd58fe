//! Stores and the ways to them: delays, losses, locks, shards that are down, errors, hot keys.

use super::*;
use crate::faults::{Command, End, Way};

/// A request every 10 asks one of four shards for something that takes 1, five hops away.
fn shop(discipline: &str, query: &str) -> Plan {
    plan(&format!(
        "network: {{hop: <5>}}\n\
         services: {{shop: {{cores: 4, endpoints: {{ask: {{do: [{{query: {{store: db, statement: load{query}}}}}]}}}}}}}}\n\
         stores: {{db: {{kind: mysql, shards: 4, cores: 64, discipline: {discipline}, statements: {{load: {{text: SELECT 1, cost: <1>}}}}}}}}\n\
         traffic: {{constant: 976.5625/s}}\n"
    ))
}

/// Arrivals are rounded down to a tick.
fn near_to(value: f64, wanted: f64) {
    assert!((value - wanted).abs() < 0.001, "{value} is not {wanted}");
}

fn in_units(ticks: u64) -> f64 {
    ticks as f64 / UNIT as f64
}

/// Durations of the client spans of statements or calls in ticks, in order of their end, and how each ended.
fn tries(plan: &Plan, cell: &Cell<'_, Stream>) -> Vec<(u64, Outcome)> {
    let is_try = |shape: u16| !matches!(plan.shapes[usize::from(shape)], doorbuster_model::plan::Shape::Server(_));
    let records = cell.consumer.records().into_iter().filter(|record| is_try(record.shape));
    records.map(|record| (u64::from(record.duration), Outcome::ALL[usize::from(record.outcome)])).collect()
}

/// Plays a shop under a command from the start, for so many units, and drains it.
fn under<'p>(plan: &'p Plan, command: &Command, units: u64) -> Cell<'p, Stream> {
    let mut cell = cell(plan);
    cell.apply(command);
    cell.play(units * UNIT).expect("a small shop holds little");
    cell.drain().expect("a small shop holds little");
    assert_eq!(cell.leftovers(), Vec::<String>::new());
    cell
}

const CALLS: &str = r"
network: {hop: <5>}
services:
  shop: {cores: 4, endpoints: {ask: {do: [{call: {endpoint: back.work, timeout: <30>}}]}}}
  back: {cores: 4, endpoints: {work: {do: [{wait: <4>}]}}}
journeys: {ask: {weight: 1, steps: [{request: shop.ask}]}}
traffic: {constant: 97.65625/s}
";

/// *Scenario* A call that takes 14 with its hops, under a delay of 10, of 20, and a loss of everything, with a timeout of 30.
/// *Guarantees* 24; then 30 and a timeout, though the callee is reached later; then 30 and a timeout, and nobody is reached.
#[test]
fn a_way_adds_its_delay_or_swallows_the_call() {
    let plan = plan(CALLS);
    let way = |delay: u64, loss| {
        Command::Way(Way { from: 0, to: End::Service(1), delay: delay * UNIT, loss: threshold(loss) })
    };
    for (delay, loss, took, outcome, reached) in [
        (0, 0.0, 14, Outcome::Ok, 100),
        (10, 0.0, 24, Outcome::Ok, 100),
        (20, 0.0, 30, Outcome::Timeout, 100),
        (200, 0.0, 30, Outcome::Timeout, 100),
        (0, 1.0, 30, Outcome::Timeout, 0),
    ] {
        let mut cell = under(&plan, &way(delay, loss), 1_005);
        let tries = tries(&plan, &cell);
        assert_eq!(tries.len(), 100);
        assert!(tries.iter().all(|one| *one == (took * UNIT, outcome)), "{delay}, {loss}: {:?}", tries[0]);
        let slice = seen(&mut cell);
        assert_eq!(outcomes(&plan, &slice, "work").iter().sum::<u64>(), reached);
        if delay == 200 {
            assert_eq!(ended(&plan, &slice, "work", Outcome::Cancelled), 100, "the cancellation was there first");
        }
    }
}

/// *Scenario* A hundred thousand statements over a way that loses 10 % of the packets, and one that adds 7.
/// *Guarantees* The mean of the retransmissions' waits is that of the formula; 7 adds 7 to each.
#[test]
fn losses_cost_retransmissions() {
    let plan = shop("ps", "");
    let loss = 0.1_f64;
    let cell =
        under(&plan, &Command::Way(Way { from: 0, to: End::Store(0), delay: 0, loss: threshold(loss) }), 100_000);
    let all = tries(&plan, &cell);
    assert!((99_998..=100_000).contains(&all.len()));
    let wait = 200_000_000.0 / 1_024.0 / UNIT as f64;
    let expected: f64 = (0..7).map(|n| loss.powi(n) * (1.0 - loss) * (2_f64.powi(n) - 1.0) * wait).sum();
    let square: f64 = (0..7).map(|n| loss.powi(n) * (1.0 - loss) * ((2_f64.powi(n) - 1.0) * wait).powi(2)).sum();
    let mean = all.iter().map(|(took, _)| in_units(*took - 11 * UNIT)).sum::<f64>() / all.len() as f64;
    let deviation = ((square - expected * expected) / all.len() as f64).sqrt();
    assert!((mean - expected).abs() < 3.0 * deviation, "{mean} is not {expected} within {deviation}");
    let cell = under(&plan, &Command::Way(Way { from: 0, to: End::Store(0), delay: 7 * UNIT, loss: 0 }), 1_000);
    assert!(tries(&plan, &cell).iter().all(|one| *one == (18 * UNIT, Outcome::Ok)));
}

/// *Scenario* A lock is held for 20 of every 100; a statement comes every 1, at half of a unit.
/// *Guarantees* A fifth of the statements wait, 19.5, 18.5 ... 0.5: 10 on average; all others take what they take. At both disciplines.
#[test]
fn a_lock_makes_its_share_wait_half_of_its_hold() {
    for discipline in ["ps", "fifo"] {
        let plan = shop(discipline, "");
        let mut cell = cell(&plan);
        cell.play(1_000 * UNIT + UNIT / 2).expect("a small shop holds little");
        cell.apply(&Command::Lock {
            statements: vec![0],
            shards: (0..4).collect(),
            held: Some((20 * UNIT, 100 * UNIT)),
        });
        seen(&mut cell);
        cell.play(2_000 * UNIT + UNIT / 2).expect("a small shop holds little");
        near_to(seen(&mut cell).statements[0].lock_ticks as f64 / UNIT as f64 / 200.0, 10.0);
        cell.apply(&Command::Lock { statements: vec![0], shards: (0..4).collect(), held: None });
        cell.play(3_000 * UNIT).expect("a small shop holds little");
        cell.drain().expect("a small shop holds little");
        let waits: Vec<u64> =
            tries(&plan, &cell).iter().map(|(took, _)| took - 11 * UNIT).filter(|wait| *wait > 0).collect();
        assert_eq!(waits.len(), 200);
        near_to(in_units(waits.iter().sum()) / 200.0, 10.0);
        assert!(waits.iter().all(|wait| (499..=19_501).contains(wait)));
        close(totals(&plan, &seen(&mut cell), StationId::Store(0)).wait_ticks as f64, 0.0);
    }
}

/// *Scenario* A lock holds statements from 0 to 100 of every 1,000; the shards are down from 20 to 40, and once more from 60 until 120.
/// *Guarantees* Those that waited while the shard was down and up again are served, at both disciplines alike; those whose lock ended
/// while it was down are refused.
#[test]
fn a_statement_behind_a_lock_knows_only_how_its_shard_is_at_the_end() {
    for discipline in ["ps", "fifo"] {
        for (down, up, refused) in [(20, 40, 20), (60, 120, 120)] {
            let plan = shop(discipline, "");
            let mut cell = cell(&plan);
            let all: Vec<u16> = (0..4).collect();
            cell.play(1_000 * UNIT - UNIT / 2).expect("a small shop holds little");
            cell.apply(&Command::Lock {
                statements: vec![0],
                shards: all.clone(),
                held: Some((100 * UNIT, 1_000 * UNIT)),
            });
            seen(&mut cell);
            let shards = |is_down| Command::Shards { store: 0, shards: all.clone(), is_down };
            cell.play((1_000 + down) * UNIT - UNIT / 2).expect("a small shop holds little");
            cell.apply(&shards(true));
            cell.play((1_000 + up) * UNIT - UNIT / 2).expect("a small shop holds little");
            cell.apply(&shards(false));
            cell.play(1_500 * UNIT).expect("a small shop holds little");
            assert_eq!(seen(&mut cell).statements[0].unavailable, refused, "{discipline}, down from {down}");
        }
    }
}

/// *Scenario* All shards go down while 64 cores work on what takes 50; then they are there again.
/// *Guarantees* What was being worked on ends as unavailable: at once at a processor-sharing shard, when it would have been done at a
/// first-come one; what comes then is refused after two hops; afterwards all is well.
#[test]
fn a_shard_that_is_down_refuses_after_two_hops() {
    for discipline in ["ps", "fifo"] {
        let plan = shop(discipline, "");
        let mut cell = cell(&plan);
        let all: Vec<u16> = (0..4).collect();
        cell.apply(&Command::Slow { statements: vec![0], shards: all.clone(), factor: 50 << 16 });
        cell.play(1_000 * UNIT - UNIT / 2).expect("a small shop holds little");
        assert_eq!(seen(&mut cell).statements[0].unavailable, 0);
        cell.apply(&Command::Shards { store: 0, shards: all.clone(), is_down: true });
        cell.play(1_200 * UNIT - UNIT / 2).expect("a small shop holds little");
        cell.apply(&Command::Shards { store: 0, shards: all, is_down: false });
        cell.play(2_000 * UNIT).expect("a small shop holds little");
        cell.drain().expect("a small shop holds little");
        let slice = seen(&mut cell);
        // A statement comes every 1 and takes 50; 200 come while the shards are down.
        assert_eq!(slice.statements[0].unavailable, 50 + 200, "{discipline}");
        let failed: Vec<u64> =
            tries(&plan, &cell).iter().filter(|(_, how)| *how == Outcome::Unavailable).map(|(took, _)| *took).collect();
        assert_eq!(failed.len(), 250);
        assert_eq!(failed.iter().filter(|took| **took == 10 * UNIT).count(), 200, "{discipline}");
        let others: u64 = failed.iter().filter(|took| **took != 10 * UNIT).sum();
        // Half a unit before the next one comes the 50 have been there for 0.5, 1.5 ... 49.5.
        let each = if discipline == "ps" { 10.0 + 25.0 } else { 10.0 + 50.0 };
        near_to(in_units(others) / 50.0, each);
    }
}

/// *Scenario* 40 % of the statements go to the shard of a hot key; 25 % are answered with an error.
/// *Guarantees* That shard has 40 % and a quarter of the rest; a quarter fails after its usual time. Within three standard deviations.
#[test]
fn hot_keys_and_errors_take_their_share() {
    let plan = shop("ps", "");
    let near = |share: f64, wanted: f64| {
        assert!((share - wanted).abs() < 3.0 * (wanted * (1.0 - wanted) / 10_000.0).sqrt(), "{share} is not {wanted}");
    };
    let cell = under(&plan, &Command::HotKey { store: 0, shard: 2, threshold: threshold(0.4) }, 10_005);
    let records = cell.consumer.records();
    let statements: Vec<u16> = records.iter().filter(|record| record.index == 1).map(|record| record.shard).collect();
    near(statements.iter().filter(|shard| **shard == 2).count() as f64 / statements.len() as f64, 0.4 + 0.6 / 4.0);
    let cell = under(&plan, &Command::Errors { statements: vec![0], threshold: threshold(0.25) }, 10_005);
    let all = tries(&plan, &cell);
    near(all.iter().filter(|(_, how)| *how == Outcome::Error).count() as f64 / all.len() as f64, 0.25);
    assert!(all.iter().all(|(took, _)| *took == 11 * UNIT));
}
