//! What guards a call: timeouts and their cost, tries, backoff, budget, breaker, fallback.

use super::*;

/// A caller that costs nothing by itself, and a callee that does what `work` says; `users` ask at one moment, once.
fn pair(call: &str, work: &str, users: u32) -> Plan {
    plan(&format!(
        "services:\n  caller:\n    cores: 4\n    costs: {{timeout: <2>, retry: <1>}}\n    endpoints: {{ask: {{do: [{{call: {call}}}]}}}}\n  \
         callee: {{cores: 64, endpoints: {{work: {{do: [{work}]}}}}}}\n\
         journeys: {{ask: {{weight: 1, steps: [{{request: caller.ask}}]}}}}\n\
         traffic: {{closed: {{users: {users}, think: <100000>}}}}\n"
    ))
}

const BROKEN: &str = "fail: {probability: 100%, error: broken}";

/// *Scenario* A callee that always fails at once; four tries, waits that double from 10, a try costing 1.
/// *Guarantees* Waits of 10, 20 and 40 and three further tries: 73 in all, 3 of them CPU.
#[test]
fn waits_before_further_tries_grow() {
    let call = "{endpoint: callee.work, retry: {attempts: 4, backoff: <10>, growth: 2}}";
    let plan = pair(call, BROKEN, 1);
    let slice = played(&plan, 150_000);
    assert_eq!(ended(&plan, &slice, "work", Outcome::Error), 4);
    close(latency_units(&plan, &slice, "ask"), 10.0 + 20.0 + 40.0 + 3.0);
    close(busy_units(&plan, &slice, StationId::Cores(0)), 3.0);
}

/// *Scenario* Waits drawn evenly between 10 and 30, by a thousand callers.
/// *Guarantees* Jitter: they come back spread over that time, 20 later on average.
#[test]
fn jitter_spreads_further_tries() {
    let call = "{endpoint: callee.work, retry: {attempts: 2, backoff: {uniform: {min: <10>, max: <30>}}}}";
    let plan = plan(&format!(
        "services:\n  caller: {{endpoints: {{ask: {{do: [{{call: {call}}}]}}}}}}\n  callee: {{endpoints: {{work: {{do: [{{{BROKEN}}}]}}}}}}\n\
         journeys: {{ask: {{weight: 1, steps: [{{request: caller.ask}}]}}}}\n\
         traffic: {{closed: {{users: 1000, think: <100000>}}}}\n"
    ));
    let slice = played(&plan, 150_000);
    let mean = latency_units(&plan, &slice, "ask") / 1_000.0;
    // The standard error of a thousand waits is 20 / sqrt(12) / sqrt(1,000) = 0.18.
    assert!((mean - 20.0).abs() < 1.0, "{mean}");
    assert!(slice.endpoints[0].max_ticks > 29 * UNIT && slice.endpoints[0].max_ticks < 30 * UNIT);
}

/// *Scenario* A request every 10, to a callee that always fails, each with three further tries, under a budget of 20 % with a
/// burst of 5.
/// *Guarantees* For a hundred requests 5 + 20 further tries, up to the one that the full bucket had no room for, instead of 300.
#[test]
fn a_budget_bounds_further_tries() {
    let plan = plan(&format!(
        "services:\n  caller: {{endpoints: {{ask: {{do: [{{call: {{endpoint: callee.work, retry: {{attempts: 4, budget: {{ratio: 20%, burst: 5}}}}}}}}]}}}}}}\n  \
         callee: {{endpoints: {{work: {{do: [{{{BROKEN}}}]}}}}}}\n\
         journeys: {{ask: {{weight: 1, steps: [{{request: caller.ask}}]}}}}\n\
         traffic: {{constant: 97.65625/s}}\n"
    ));
    let slice = played(&plan, 1_005);
    let requests = ended(&plan, &slice, "ask", Outcome::Error);
    assert!((99..=101).contains(&requests), "{requests}");
    let tries = ended(&plan, &slice, "work", Outcome::Error) - requests;
    assert!((23..=25).contains(&tries), "{tries}");
}

/// *Scenario* A callee that takes 100, and a caller that gives up after 30, at a cost of 2, then falls back to work of 5.
/// *Guarantees* The answer is good and comes after 37; told to stop, the callee does none of its work.
#[test]
fn a_timeout_costs_and_a_fallback_answers() {
    let call = "{endpoint: callee.work, timeout: <30>, fallback: [{compute: <5>}]}";
    let plan = pair(call, "{wait: <100>}, {compute: <50>}", 1);
    let slice = played(&plan, 150_000);
    assert_eq!(ended(&plan, &slice, "ask", Outcome::Ok), 1);
    assert_eq!(ended(&plan, &slice, "work", Outcome::Cancelled), 1);
    close(latency_units(&plan, &slice, "ask"), 30.0 + 2.0 + 5.0);
    close(busy_units(&plan, &slice, StationId::Cores(0)), 7.0);
    close(busy_units(&plan, &slice, StationId::Cores(1)), 0.0);
}

fn steady(breaker: &str, timeout: &str, work: &str) -> Plan {
    plan(&format!(
        "services:\n  caller: {{endpoints: {{ask: {{do: [{{call: {{endpoint: callee.work, {timeout}breaker: {breaker}}}}}]}}}}}}\n  \
         callee: {{cores: 1024, endpoints: {{work: {{do: [{work}]}}}}}}\n\
         journeys: {{ask: {{weight: 1, steps: [{{request: caller.ask}}]}}}}\n\
         traffic: {{constant: 97.65625/s}}\n"
    ))
}

/// *Scenario* A request every 10 to a callee that always fails, behind a breaker: twenty calls judged, open for 1,000, two trials.
/// *Guarantees* Twenty calls, then two every 1,000 and a little: in 10,000 units about 20 + 2 x 9 reach the callee; the
/// others end at once.
#[test]
fn a_breaker_opens_on_failures() {
    let breaker = "{failures: 50%, min_calls: 20, window: <1000>, open: <1000>, trials: 2}";
    let plan = steady(breaker, "", BROKEN);
    let slice = played(&plan, 10_000);
    let reached = ended(&plan, &slice, "work", Outcome::Error);
    assert!((36..=40).contains(&reached), "{reached}");
    let spared = ended(&plan, &slice, "ask", Outcome::CircuitOpen);
    assert_eq!(spared + reached, slice.endpoints[0].attempts());
}

/// *Scenario* The same, to a callee that answers after 300: slow is over 100, and the caller waits for 50 or for ever.
/// *Guarantees* A breaker learns when calls end: with the long wait, the twenty and all that began within 300 reach
/// the callee; with a timeout under what is slow, none is slow and none is spared.
#[test]
fn a_breaker_on_slow_calls_learns_when_they_end() {
    let breaker = "{slow: 50%, slow_over: <100>, min_calls: 20, window: <1000>, open: <5000>, trials: 2}";
    let plan = steady(breaker, "", "wait: <300>");
    let slice = played(&plan, 5_000);
    let reached = outcomes(&plan, &slice, "work").iter().sum::<u64>();
    // The twentieth call, which begins at 200, ends at 500; by then the one of 500 is under way.
    assert!((49..=51).contains(&reached), "{reached}");
    let plan = steady(breaker, "timeout: <50>, ", "wait: <300>");
    let slice = played(&plan, 5_000);
    assert_eq!(ended(&plan, &slice, "ask", Outcome::CircuitOpen), 0);
}
