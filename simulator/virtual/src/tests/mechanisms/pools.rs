//! Connection pools: the wait, what it costs in vain, again until the deadline, answers that need a core, other sizes.

use super::*;
use crate::faults::Command;

/// Two users ask at the same moment for one connection; a statement takes 100.
fn shop(pool: &str, timeout: &str, costs: &str) -> Plan {
    plan(&format!(
        "services:\n  shop:\n    costs: {costs}\n    pools: {{cache: {pool}}}\n    \
         endpoints: {{ask: {{do: [{{query: {{store: cache, statement: get, timeout: {timeout}}}}}]}}}}\n\
         stores: {{cache: {{kind: redis, cores: 4, statements: {{get: {{text: GET, cost: <100>}}}}}}}}\n\
         journeys: {{ask: {{weight: 1, steps: [{{request: shop.ask}}]}}}}\n\
         traffic: {{closed: {{users: 2, think: <1000>}}}}\n"
    ))
}

/// *Scenario* The second waits 30 at a time, a wait in vain costs 1, and it may wait again until 250.
/// *Guarantees* In vain at 30, 61 and 92; a connection at 100; answered at 200. Three waits in vain, 3 of CPU.
#[test]
fn a_pool_is_waited_for_again_until_the_deadline() {
    let pool = "{size: 1, acquire_timeout: <30>, acquire_again: true}";
    let plan = shop(pool, "<250>", "{failed_acquire: <1>}");
    let slice = played(&plan, 1_500);
    assert_eq!(ended(&plan, &slice, "ask", Outcome::Ok), 2);
    let connections = totals(&plan, &slice, StationId::Pool(0));
    assert_eq!((connections.gave_up, connections.served), (3, 2));
    close(connections.wait_ticks as f64 / UNIT as f64, 100.0 - 93.0);
    close(busy_units(&plan, &slice, StationId::Cores(0)), 3.0);
    close(latency_units(&plan, &slice, "ask"), 100.0 + 200.0);
}

/// *Scenario* The same with a deadline of 80; then without another wait.
/// *Guarantees* The deadline ends it at 80 as a timeout; without another wait it ends as a pool timeout at 31, its cost included.
#[test]
fn a_wait_ends_at_the_deadline_or_at_its_own_end() {
    let again = shop("{size: 1, acquire_timeout: <30>, acquire_again: true}", "<80>", "{failed_acquire: <1>}");
    let slice = played(&again, 1_500);
    // The first statement takes 100, so both callers give up at 80.
    assert_eq!(ended(&again, &slice, "ask", Outcome::Timeout), 2);
    close(latency_units(&again, &slice, "ask"), 160.0);
    let once = shop("{size: 1, acquire_timeout: <30>}", "<250>", "{failed_acquire: <1>}");
    let slice = played(&once, 1_500);
    assert_eq!(ended(&once, &slice, "ask", Outcome::PoolTimeout), 1);
    close(latency_units(&once, &slice, "ask"), 100.0 + 31.0);
}

/// *Scenario* Two statements on two connections end at the same moment; taking an answer in costs 40 of the pod's one core.
/// *Guarantees* The second connection is held while its answer waits for the core: 100 + 40 and 100 + 80 in all.
#[test]
fn a_connection_is_held_until_its_answer_has_had_a_core() {
    let plan = shop("{size: 2}", "<500>", "{answer: <40>}");
    let slice = played(&plan, 1_500);
    close(busy_units(&plan, &slice, StationId::Pool(0)), 140.0 + 180.0);
    close(busy_units(&plan, &slice, StationId::Cores(0)), 80.0);
    close(latency_units(&plan, &slice, "ask"), 140.0 + 180.0);
}

/// *Scenario* One connection, and one more while the second user waits; then one fewer than are in use.
/// *Guarantees* Who waits gets the added one at once; what is in use beyond the size is closed when it comes back.
#[test]
fn a_pool_that_changes_size_serves_who_waits_and_closes_what_is_too_many() {
    let plan = shop("{size: 1}", "<500>", "{}");
    let mut cell = cell(&plan);
    cell.play(1_050 * UNIT).expect("a small shop holds little");
    cell.apply(&Command::PoolSize { pool: 0, size: 2 });
    cell.play(1_060 * UNIT).expect("a small shop holds little");
    assert_eq!(cell.pools[0].connections.busy.level, 2);
    cell.apply(&Command::PoolSize { pool: 0, size: 1 });
    assert_eq!(cell.pools[0].connections.busy.level, 2, "what is under way stays");
    cell.play(1_110 * UNIT).expect("a small shop holds little");
    assert_eq!(cell.pools[0].connections.busy.level, 1);
    cell.play(1_500 * UNIT).expect("a small shop holds little");
    let slice = seen(&mut cell);
    // The second waited for 50.
    close(latency_units(&plan, &slice, "ask"), 100.0 + 150.0);
}
