//! Scenarios that the schema refuses: keys, kinds of values, units.

mod workbench;

use workbench::{Case, play};

/// *Scenario* a key is misspelt, missing, doubled, or belongs elsewhere.
///
/// *Guarantees* its place, the nearest valid name, and the names there are.
#[test]
fn wrong_keys() {
    play("wrong_keys", WRONG_KEYS);
}

const WRONG_KEYS: &[Case] = &[
    Case {
        name: "unknown key",
        edits: &[("    cores: 2\n", "    cors: 2\n")],
        sets: &[],
        told: r#"
error: unknown key `cors`
   --> my.yaml:25:5
    |
 25 |     cors: 2
    |     ^^^^
    = help: did you mean `cores`? known keys: `pods`, `cores`, `workers`, `accept_queue`, `balancer`, `version`, `team`, `cost_center`, `pools`, `costs`, `rate_limit`, `endpoints`, `consumers`
"#,
    },
    Case {
        name: "unknown key at the top",
        edits: &[("faults:", "fualts:")],
        sets: &[],
        told: r#"
error: unknown key `fualts`
   --> my.yaml:65:1
    |
 65 | fualts:
    | ^^^^^^
    = help: did you mean `faults`? known keys: `title`, `story`, `clock`, `duration`, `warmup`, `cells`, `network`, `services`, `stores`, `fleet`, `tiers`, `touch_points`, `journeys`, `traffic`, `focus`, `faults`, `remedies`, `humans`, `alert`, `expect`, `use`, `set`
"#,
    },
    Case {
        name: "unknown step",
        edits: &[("- fail: {probability: 1%, error: broken}", "- fial: {probability: 1%, error: broken}")],
        sets: &[],
        told: r#"
error: unknown key `fial`
   --> my.yaml:23:13
    |
 23 |           - fial: {probability: 1%, error: broken}
    |             ^^^^
    = help: did you mean `fail`? it is one of: `compute`, `wait`, `call`, `query`, `publish`, `cached`, `branch`, `parallel`, `fail`, `decline`
"#,
    },
    Case {
        name: "two steps in one item",
        edits: &[(
            "          - fail: {probability: 1%, error: broken}",
            "          - fail: {probability: 1%, error: broken}\n            compute: 1ms",
        )],
        sets: &[],
        told: r#"
error: `compute` stands beside `fail`; only one key is allowed here
   --> my.yaml:24:13
    |
 24 |             compute: 1ms
    |             ^^^^^^^
    = help: in a list, begin each of them with `- `
"#,
    },
    Case {
        name: "step without its value",
        edits: &[("- fail: {probability: 1%, error: broken}", "- fail")],
        sets: &[],
        told: r#"
error: `fail` needs a value
   --> my.yaml:23:13
    |
 23 |           - fail
    |             ^^^^
    = help: write `fail: ...`
"#,
    },
    Case {
        name: "missing key",
        edits: &[("              endpoint: payment.pay\n", "")],
        sets: &[],
        told: r#"
error: `call` has no `endpoint`
   --> my.yaml:19:13
    |
 19 |           - call:
    |             ^^^^
    = help: `endpoint`: The callee, as `service.endpoint`
"#,
    },
    Case {
        name: "unknown word",
        edits: &[("balancer: round_robin", "balancer: round-robin")],
        sets: &[],
        told: r#"
error: `balancer` cannot be `round-robin`
   --> my.yaml:12:15
    |
 12 |     balancer: round-robin
    |               ^^^^^^^^^^^
    = help: did you mean `round_robin`? it is one of: `round_robin`, `least_connections`, `two_random`
"#,
    },
    Case {
        name: "unknown family of draws",
        edits: &[("{exponential: {mean: 50ms}}", "{exponentail: {mean: 50ms}}")],
        sets: &[],
        told: r#"
error: unknown key `exponentail`
   --> my.yaml:22:46
    |
 22 |               retry: {attempts: 2, backoff: {exponentail: {mean: 50ms}}}
    |                                              ^^^^^^^^^^^
    = help: did you mean `exponential`? it is one of: `constant`, `uniform`, `exponential`, `erlang`, `hyper_exponential`, `gamma`, `log_normal`, `pareto`, `empirical`
"#,
    },
    Case {
        name: "key twice",
        edits: &[("    cores: 2\n", "    cores: 2\n    cores: 4\n")],
        sets: &[],
        told: r#"
error: `cores` stands twice in this map
   --> my.yaml:26:5
    |
 26 |     cores: 4
    |     ^^^^^
    = help: the first one is on line 25
"#,
    },
    Case {
        name: "several faults at once",
        edits: &[("    cores: 2\n", "    cors: 2\n"), ("duration: 5min", "duration: 5"), ("rate: 40/s", "rate: -40/s")],
        sets: &[],
        told: r#"
error: `5` has no unit; write 5ms, 5s or 5min
  --> my.yaml:3:11
   |
 3 | duration: 5
   |           ^
   = help: `duration`: Virtual time that is played, warm-up included; whole seconds, at least 1s; 5min when left out

error: unknown key `cors`
   --> my.yaml:25:5
    |
 25 |     cors: 2
    |     ^^^^
    = help: did you mean `cores`? known keys: `pods`, `cores`, `workers`, `accept_queue`, `balancer`, `version`, `team`, `cost_center`, `pools`, `costs`, `rate_limit`, `endpoints`, `consumers`

error: `-40/s` is negative; a rate is at least 0/s
   --> my.yaml:62:22
    |
 62 |     - {at: 0s, rate: -40/s}
    |                      ^^^^^
    = help: `rate`: Requests per second of the whole fleet
"#,
    },
];

/// *Scenario* a value is of the wrong kind, or has no unit or a wrong one.
///
/// *Guarantees* the right form is shown, with the schema's own words on the key.
#[test]
fn wrong_values() {
    play("wrong_values", WRONG_VALUES);
}

const WRONG_VALUES: &[Case] = &[
    Case {
        name: "duration without unit",
        edits: &[("duration: 5min", "duration: 300")],
        sets: &[],
        told: r#"
error: `300` has no unit; write 300ms, 300s or 300min
  --> my.yaml:3:11
   |
 3 | duration: 300
   |           ^^^
   = help: `duration`: Virtual time that is played, warm-up included; whole seconds, at least 1s; 5min when left out
"#,
    },
    Case {
        name: "quoted duration without unit",
        edits: &[("duration: 5min", "duration: \"300\"")],
        sets: &[],
        told: r#"
error: `300` has no unit; write 300ms, 300s or 300min
  --> my.yaml:3:11
   |
 3 | duration: "300"
   |           ^^^^^
   = help: `duration`: Virtual time that is played, warm-up included; whole seconds, at least 1s; 5min when left out
"#,
    },
    Case {
        name: "draw without unit",
        edits: &[("cost: 2ms", "cost: 2")],
        sets: &[],
        told: r#"
error: `2` has no unit; write 2ms, 2s or 2min
   --> my.yaml:49:73
    |
 49 |       by_user: {text: "SELECT * FROM payments WHERE user_id = ?", cost: 2, table: payments, index: user_id}
    |                                                                         ^
    = help: `cost`: Time on a core of the store when the index (if it names one) is there
"#,
    },
    Case {
        name: "unknown unit",
        edits: &[("hop: 250us", "hop: 250usec")],
        sets: &[],
        told: r#"
error: `usec` is not a unit of time; use ns, us, ms, s, min or h
  --> my.yaml:6:16
   |
 6 | network: {hop: 250usec}
   |                ^^^^^^^
   = help: `hop`: One way between two pods, or between a pod and a store; 0s when left out
"#,
    },
    Case {
        name: "negative rate",
        edits: &[("rate: 40/s", "rate: -40/s")],
        sets: &[],
        told: r#"
error: `-40/s` is negative; a rate is at least 0/s
   --> my.yaml:62:22
    |
 62 |     - {at: 0s, rate: -40/s}
    |                      ^^^^^
    = help: `rate`: Requests per second of the whole fleet
"#,
    },
    Case {
        name: "rate without unit",
        edits: &[("rate: 40/s", "rate: 40")],
        sets: &[],
        told: r#"
error: `40` has no unit; a rate is written 40/s or 40/min
   --> my.yaml:62:22
    |
 62 |     - {at: 0s, rate: 40}
    |                      ^^
    = help: `rate`: Requests per second of the whole fleet
"#,
    },
    Case {
        name: "share without percent sign",
        edits: &[("probability: 1%", "probability: 0.01")],
        sets: &[],
        told: r#"
error: `0.01` has no percent sign; a share is written like 25%
   --> my.yaml:23:33
    |
 23 |           - fail: {probability: 0.01, error: broken}
    |                                 ^^^^
    = help: `probability`: How often
"#,
    },
    Case {
        name: "share over everything",
        edits: &[("probability: 1%", "probability: 101%")],
        sets: &[],
        told: r#"
error: `101%` is outside 0% to 100%
   --> my.yaml:23:33
    |
 23 |           - fail: {probability: 101%, error: broken}
    |                                 ^^^^
    = help: `probability`: How often
"#,
    },
    Case {
        name: "half a pod",
        edits: &[("pods: 2", "pods: 2.5")],
        sets: &[],
        told: r#"
error: `2.5` is not a whole number
  --> my.yaml:9:11
   |
 9 |     pods: 2.5
   |           ^^^
   = help: `pods`: Pods in each cell, 1 to 10,000
"#,
    },
    Case {
        name: "a whole number with a point",
        edits: &[("pods: 2", "pods: 2.0")],
        sets: &[],
        told: r#"
error: `2.0` has a decimal point; write a whole number
  --> my.yaml:9:11
   |
 9 |     pods: 2.0
   |           ^^^
   = help: `pods`: Pods in each cell, 1 to 10,000
"#,
    },
    Case {
        name: "negative pods",
        edits: &[("pods: 2", "pods: -2")],
        sets: &[],
        told: r#"
error: `-2` is negative; a number of things is at least 0
  --> my.yaml:9:11
   |
 9 |     pods: -2
   |           ^^
   = help: `pods`: Pods in each cell, 1 to 10,000
"#,
    },
    Case {
        name: "list for a map",
        edits: &[("network: {hop: 250us}", "network: [250us]")],
        sets: &[],
        told: r#"
error: `network` must be a map, not a list
  --> my.yaml:6:1
   |
 6 | network: [250us]
   | ^^^^^^^
   = help: `network`: Network between pods
"#,
    },
    Case {
        name: "map for a list",
        edits: &[("indexes: [user_id]", "indexes: {user_id: true}")],
        sets: &[],
        told: r#"
error: `indexes` must be a list, not a map
   --> my.yaml:47:28
    |
 47 |       payments: {rows: 9M, indexes: {user_id: true}, scan_rate: 2M/s, build_rate: 300k/s}
    |                            ^^^^^^^
    = help: `indexes`: Indexes by the name of their column
"#,
    },
    Case {
        name: "nothing for a map",
        edits: &[("humans: {look: 2min}", "humans:")],
        sets: &[],
        told: r#"
error: `humans` must be a map, not nothing
   --> my.yaml:74:1
    |
 74 | humans:
    | ^^^^^^
    = help: `humans`: What people do between alert and cause, with the time each step takes: declared, never modelled
"#,
    },
    Case {
        name: "number for text",
        edits: &[("error: broken", "error: 500")],
        sets: &[],
        told: r#"
error: `error` must be text, not a number
   --> my.yaml:23:44
    |
 23 |           - fail: {probability: 1%, error: 500}
    |                                            ^^^
    = help: put it in quotes: "500"
"#,
    },
    Case {
        name: "text for yes or no",
        edits: &[("cancel: true", "cancel: yes")],
        sets: &[],
        told: r#"
error: `cancel` must be true or false, not text
   --> my.yaml:45:13
    |
 45 |     cancel: yes
    |             ^^^
    = help: `cancel`: Does a client's timeout stop the statement at the server? By kind when left out (databases yes, Redis and Kafka no). Only with `ps`
"#,
    },
    Case {
        name: "not a number",
        edits: &[("order_value: 27", "order_value: .nan")],
        sets: &[],
        told: r#"
error: `order_value` must be a finite number, not .nan
   --> my.yaml:64:65
    |
 64 | focus: {edge: gateway.pay, operation: payment.pay, order_value: .nan}
    |                                                                 ^^^^
    = help: `order_value`: Value of one order in CNY; the loss is stated in it. The case study's 1e11 CNY over 3.65e9 orders a year make 27
"#,
    },
    Case {
        name: "level without unit",
        edits: &[("above: 90%", "above: 90")],
        sets: &[],
        told: r#"
error: `above` must be a share such as 90% for this metric
   --> my.yaml:73:70
    |
 73 |     start: {when: {service: payment, metric: cpu_utilization, above: 90}}
    |                                                                      ^^
"#,
    },
    Case {
        name: "level with a strange unit",
        edits: &[("above: 90%", "above: 90 percent")],
        sets: &[],
        told: r#"
error: `90 percent` has no percent sign; a share is written like 25%
   --> my.yaml:73:70
    |
 73 |     start: {when: {service: payment, metric: cpu_utilization, above: 90 percent}}
    |                                                                      ^^^^^^^^^^
    = help: `above`: Holds when the metric is over this; a share (`90%`), a rate (`40k/s`) or a number (`2`), as the metric asks
"#,
    },
    Case {
        name: "bound with a strange unit",
        edits: &[("at_least: 97%", "at_least: 97 %")],
        sets: &[],
        told: r#"
error: `97 %` has no percent sign; a share is written like 25%
   --> my.yaml:77:39
    |
 77 |   incident.success.before: {at_least: 97 %, source: chosen}
    |                                       ^^^^
    = help: `at_least`: The value is at least this: a share, a time, or a number
"#,
    },
    Case {
        name: "three bounds between",
        edits: &[("between: [4s, 6s]", "between: [4s, 5s, 6s]")],
        sets: &[],
        told: r#"
error: `between` must have 2 items, not 3
   --> my.yaml:78:25
    |
 78 |   incident.p99.during: {between: [4s, 5s, 6s], source: chosen}
    |                         ^^^^^^^
    = help: `between`: The value lies between these two, both included
"#,
    },
    Case {
        name: "map for a time",
        edits: &[("timeout: 5s\n", "timeout: {s: 5}\n")],
        sets: &[],
        told: r#"
error: `timeout` must be a time such as 250ms, not a map
   --> my.yaml:21:15
    |
 21 |               timeout: {s: 5}
    |               ^^^^^^^
    = help: `timeout`: Longest wait for the answer; no limit when left out
"#,
    },
    Case {
        name: "word for a map",
        edits: &[("alert: {failures_above: 10%, long_window: 60s, short_window: 15s}", "alert: quick")],
        sets: &[],
        told: r#"
error: `alert` must be a map, not text
   --> my.yaml:75:8
    |
 75 | alert: quick
    |        ^^^^^
    = help: `alert`: When a page is sent
"#,
    },
];
