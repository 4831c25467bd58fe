//! Numbers outside their range, parts that contradict each other, and distributions that do not exist.

mod workbench;

use workbench::{Case, play};

/// *Scenario* a number is outside its range, or parts contradict each other.
///
/// *Guarantees* the range is told, at the value.
#[test]
fn out_of_range() {
    play("out_of_range", OUT_OF_RANGE);
}

const OUT_OF_RANGE: &[Case] = &[
    Case {
        name: "no pods",
        edits: &[("pods: 2", "pods: 0")],
        sets: &[],
        told: r#"
error: `pods` must be 1 to 10k, not 0
  --> my.yaml:9:11
   |
 9 |     pods: 0
   |           ^
"#,
    },
    Case {
        name: "too many cores",
        edits: &[("    cores: 2\n", "    cores: 2k\n")],
        sets: &[],
        told: r#"
error: `cores` must be 1 to 1024, not 2k
   --> my.yaml:25:12
    |
 25 |     cores: 2k
    |            ^^
"#,
    },
    Case {
        name: "no workers",
        edits: &[("workers: 8", "workers: 0")],
        sets: &[],
        told: r#"
error: `workers` must be 1 to 1M, not 0
   --> my.yaml:10:14
    |
 10 |     workers: 0
    |              ^
"#,
    },
    Case {
        name: "queue without workers",
        edits: &[("    workers: 8\n", "")],
        sets: &[],
        told: r#"
error: `accept_queue` without `workers`
   --> my.yaml:10:19
    |
 10 |     accept_queue: 16
    |                   ^^
    = help: without `workers` there is no limit, and nothing waits
"#,
    },
    Case {
        name: "one attempt",
        edits: &[("attempts: 2,", "attempts: 1,")],
        sets: &[],
        told: r#"
error: `attempts` must be 2 to 10, not 1
   --> my.yaml:22:33
    |
 22 |               retry: {attempts: 1, backoff: {exponential: {mean: 50ms}}}
    |                                 ^
"#,
    },
    Case {
        name: "timeout of nothing",
        edits: &[("              timeout: 5s", "              timeout: 0s")],
        sets: &[],
        told: r#"
error: `timeout` must be over 0s
   --> my.yaml:21:24
    |
 21 |               timeout: 0s
    |                        ^^
"#,
    },
    Case {
        name: "method without route",
        edits: &[("        route: /api/payment/pay\n", "")],
        sets: &[],
        told: r#"
error: `method` without `route`
   --> my.yaml:15:17
    |
 15 |         method: POST
    |                 ^^^^
    = help: an endpoint without `route` is a gRPC method
"#,
    },
    Case {
        name: "route without slash",
        edits: &[("route: /api/payment/pay", "route: api/payment/pay")],
        sets: &[],
        told: r#"
error: a route begins with `/`, not like `api/payment/pay`
   --> my.yaml:15:16
    |
 15 |         route: api/payment/pay
    |                ^^^^^^^^^^^^^^^
"#,
    },
    Case {
        name: "optional and fallback",
        edits: &[(
            "              timeout: 5s",
            "              timeout: 5s\n              optional: true\n              fallback: [wait: 1ms]",
        )],
        sets: &[],
        told: r#"
error: `optional` together with `fallback`
   --> my.yaml:22:25
    |
 22 |               optional: true
    |                         ^^^^
    = help: `optional` goes on with nothing instead, `fallback` with its steps; keep one
"#,
    },
    Case {
        name: "cancel under fifo",
        edits: &[("cancel: true", "cancel: true\n    discipline: fifo")],
        sets: &[],
        told: r#"
error: `cancel: true` needs `discipline: ps`
   --> my.yaml:45:13
    |
 45 |     cancel: true
    |             ^^^^
    = help: a statement that is served first come, first served runs to completion; leave `cancel` out
"#,
    },
    Case {
        name: "cancel of redis",
        edits: &[("kind: mysql", "kind: redis")],
        sets: &[],
        told: r#"
error: `cancel: true` needs `discipline: ps`
   --> my.yaml:45:13
    |
 45 |     cancel: true
    |             ^^^^
    = help: a statement that is served first come, first served runs to completion; leave `cancel` out
"#,
    },
    Case {
        name: "no scan rate",
        edits: &[("scan_rate: 2M/s", "scan_rate: 0/s")],
        sets: &[],
        told: r#"
error: `scan_rate` must be over 0/s
   --> my.yaml:47:59
    |
 47 |       payments: {rows: 9M, indexes: [user_id], scan_rate: 0/s, build_rate: 300k/s}
    |                                                           ^^^
"#,
    },
    Case {
        name: "tiers that do not sum up",
        edits: &[("svip: 2%", "svip: 3%")],
        sets: &[],
        told: r#"
error: the shares sum to 101%, not to 100%
   --> my.yaml:50:1
    |
 50 | tiers: {normal: 90%, vip: 8%, svip: 3%}
    | ^^^^^
"#,
    },
    Case {
        name: "clock",
        edits: &[("\"14:30\"", "\"24:30\"")],
        sets: &[],
        told: r#"
error: `24:30` is not a time of day
  --> my.yaml:2:8
   |
 2 | clock: "24:30"
   |        ^^^^^^^
   = help: write it as HH:MM, from 00:00 to 23:59
"#,
    },
    Case {
        name: "no duration",
        edits: &[("duration: 5min", "duration: 0s")],
        sets: &[],
        told: r#"
error: `duration` must be at least 1s, not 0s
  --> my.yaml:3:11
   |
 3 | duration: 0s
   |           ^^

error: the fault begins at 2min, the scenario ends at 0s
   --> my.yaml:68:9
    |
 68 |     at: 120s
    |         ^^^^
"#,
    },
    Case {
        name: "half seconds",
        edits: &[("warmup: 60s", "warmup: 1500ms")],
        sets: &[],
        told: r#"
error: `warmup` must be whole seconds, not 1500ms
  --> my.yaml:4:9
   |
 4 | warmup: 1500ms
   |         ^^^^^^
"#,
    },
    Case {
        name: "warm-up without end",
        edits: &[("warmup: 60s", "warmup: 5min")],
        sets: &[],
        told: r#"
error: `warmup` of 5min leaves nothing of the duration of 5min
  --> my.yaml:4:9
   |
 4 | warmup: 5min
   |         ^^^^
   = help: the warm-up is 60s when left out

error: the fault begins at 2min, before the warm-up ends
   --> my.yaml:68:9
    |
 68 |     at: 120s
    |         ^^^^
    = help: it may begin from 301s on
"#,
    },
    Case {
        name: "more cells than there are",
        edits: &[("play: 1", "play: 3")],
        sets: &[],
        told: r#"
error: `play` of 3 is more than the fleet's 2 cells
  --> my.yaml:5:25
   |
 5 | cells: {fleet: 2, play: 3}
   |                         ^
"#,
    },
    Case {
        name: "weights",
        edits: &[("weight: 1", "weight: 0")],
        sets: &[],
        told: r#"
error: the weights of the journeys sum to 0
   --> my.yaml:52:1
    |
 52 | journeys:
    | ^^^^^^^^
    = help: one must be over 0
"#,
    },
    Case {
        name: "negative weight",
        edits: &[("weight: 1", "weight: -1")],
        sets: &[],
        told: r#"
error: `weight` must be a number from 0 on, not -1
   --> my.yaml:54:13
    |
 54 |     weight: -1
    |             ^^
"#,
    },
    Case {
        name: "journey without steps",
        edits: &[("    steps:\n      - request: gateway.pay\n        think: 5s\n", "    steps: []\n")],
        sets: &[],
        told: r#"
error: `steps` is empty
   --> my.yaml:56:5
    |
 56 |     steps: []
    |     ^^^^^
    = help: a journey makes at least one request
"#,
    },
    Case {
        name: "no journeys",
        edits: &[(
            "journeys:\n  buy:\n    weight: 1\n    patience: 10s\n    steps:\n      - request: gateway.pay\n        think: 5s\n    on_failure: {retry: 50%, attempts: 3, after: 2s}\n",
            "",
        )],
        sets: &[],
        told: r#"
error: there are 2 endpoints and no `journeys`
  --> my.yaml:1:1
   |
 1 | title: A small shop
   | ^^^^^
   = help: say which of them shoppers ask, and in which order
"#,
    },
    Case {
        name: "no traffic",
        edits: &[("traffic:\n  curve:\n    - {at: 0s, rate: 40/s}\n    - {at: 2min, rate: 2k/s}\n", "")],
        sets: &[],
        told: r#"
error: `traffic` is missing
  --> my.yaml:1:1
   |
 1 | title: A small shop
   | ^^^^^
   = help: write it like `traffic: {poisson: 40/s}`; a file without it can only be used by others
"#,
    },
    Case {
        name: "curve from the middle",
        edits: &[("{at: 0s, rate", "{at: 1s, rate")],
        sets: &[],
        told: r#"
error: the first point must be at 0s, not at 1s
   --> my.yaml:62:12
    |
 62 |     - {at: 1s, rate: 40/s}
    |            ^^
"#,
    },
    Case {
        name: "curve back in time",
        edits: &[("{at: 2min, rate", "{at: 0s, rate")],
        sets: &[],
        told: r#"
error: the point at 0s must be later than the one before it at 0s
   --> my.yaml:63:12
    |
 63 |     - {at: 0s, rate: 2k/s}
    |            ^^
"#,
    },
    Case {
        name: "too few users",
        edits: &[(
            "  curve:\n    - {at: 0s, rate: 40/s}\n    - {at: 2min, rate: 2k/s}\n",
            "  closed: {users: 1, think: 1s}\n",
        )],
        sets: &[],
        told: r#"
error: `users` of 1 is under the fleet's 2 cells
   --> my.yaml:61:19
    |
 61 |   closed: {users: 1, think: 1s}
    |                   ^
    = help: each cell needs one
"#,
    },
    Case {
        name: "no rate",
        edits: &[("  curve:\n    - {at: 0s, rate: 40/s}\n    - {at: 2min, rate: 2k/s}\n", "  poisson: 0/s\n")],
        sets: &[],
        told: r#"
error: the rate must be over 0/s
   --> my.yaml:61:12
    |
 61 |   poisson: 0/s
    |            ^^^
"#,
    },
];

/// *Scenario* a distribution has parameters for which it does not exist.
///
/// *Guarantees* the parameter is pointed at, with its range.
#[test]
fn impossible_draws() {
    play("impossible_draws", IMPOSSIBLE_DRAWS);
}

const IMPOSSIBLE_DRAWS: &[Case] = &[
    Case {
        name: "p99 under the mean",
        edits: &[("p99: 4ms", "p99: 900us")],
        sets: &[],
        told: r#"
error: `p99` of 900us must be over the mean of 1ms
   --> my.yaml:18:52
    |
 18 |           - compute: {log_normal: {mean: 1ms, p99: 900us}}
    |                                                    ^^^^^
"#,
    },
    Case {
        name: "p99 out of reach",
        edits: &[("p99: 4ms", "p99: 15ms")],
        sets: &[],
        told: r#"
error: `p99` of 15ms is more than 14 times the mean of 1ms
   --> my.yaml:18:52
    |
 18 |           - compute: {log_normal: {mean: 1ms, p99: 15ms}}
    |                                                    ^^^^
    = help: no log-normal reaches further than 14.97 times
"#,
    },
    Case {
        name: "half a log-normal",
        edits: &[("mean: 1ms, p99: 4ms", "mean: 1ms, sigma: 1.5")],
        sets: &[],
        told: r#"
error: `log_normal` takes either `mean` and `p99`, or `median` and `sigma`
   --> my.yaml:18:23
    |
 18 |           - compute: {log_normal: {mean: 1ms, sigma: 1.5}}
    |                       ^^^^^^^^^^
    = help: write it like `log_normal: {mean: 2ms, p99: 9ms}`
"#,
    },
    Case {
        name: "wide log-normal",
        edits: &[("mean: 1ms, p99: 4ms", "median: 1ms, sigma: 3.5")],
        sets: &[],
        told: r#"
error: `sigma` must be over 0 and at most 3, not 3.5
   --> my.yaml:18:56
    |
 18 |           - compute: {log_normal: {median: 1ms, sigma: 3.5}}
    |                                                        ^^^
"#,
    },
    Case {
        name: "uniform backwards",
        edits: &[("cost: 2ms", "cost: {uniform: {min: 2ms, max: 1ms}}")],
        sets: &[],
        told: r#"
error: `max` of 1ms must be over `min` of 2ms
   --> my.yaml:49:99
    |
 49 | ...ERE user_id = ?", cost: {uniform: {min: 2ms, max: 1ms}}, table: payments, index: user_id}
    |                                                      ^^^
"#,
    },
    Case {
        name: "no mean",
        edits: &[("cost: 2ms", "cost: {exponential: {mean: 0s}}")],
        sets: &[],
        told: r#"
error: `mean` must be over 0s
   --> my.yaml:49:94
    |
 49 | ...ts WHERE user_id = ?", cost: {exponential: {mean: 0s}}, table: payments, index: user_id}
    |                                                      ^^
"#,
    },
    Case {
        name: "no stages",
        edits: &[("cost: 2ms", "cost: {erlang: {mean: 1ms, stages: 0}}")],
        sets: &[],
        told: r#"
error: `stages` must be 1 to 1k, not 0
   --> my.yaml:49:102
    |
 49 | ... user_id = ?", cost: {erlang: {mean: 1ms, stages: 0}}, table: payments, index: user_id}
    |                                                      ^
"#,
    },
    Case {
        name: "weights of exponentials",
        edits: &[("cost: 2ms", "cost: {hyper_exponential: [{weight: 50%, mean: 1ms}, {weight: 40%, mean: 9ms}]}")],
        sets: &[],
        told: r#"
error: the weights sum to 90%, not to 100%
   --> my.yaml:49:74
    |
 49 | ...SELECT * FROM payments WHERE user_id = ?", cost: {hyper_exponential: [{weight: 50%, mean: 1ms}, {weight: 40%, mean...
    |                                                      ^^^^^^^^^^^^^^^^^
"#,
    },
    Case {
        name: "gamma shape",
        edits: &[("cost: 2ms", "cost: {gamma: {mean: 1ms, shape: 0.01}}")],
        sets: &[],
        told: r#"
error: `shape` must be 0.05 to 1000, not 0.01
   --> my.yaml:49:100
    |
 49 | ...RE user_id = ?", cost: {gamma: {mean: 1ms, shape: 0.01}}, table: payments, index: user_id}
    |                                                      ^^^^
"#,
    },
    Case {
        name: "pareto without mean",
        edits: &[("cost: 2ms", "cost: {pareto: {min: 1ms, alpha: 1}}")],
        sets: &[],
        told: r#"
error: `alpha` must be over 1 and at most 100, not 1
   --> my.yaml:49:100
    |
 49 | ...RE user_id = ?", cost: {pareto: {min: 1ms, alpha: 1}}, table: payments, index: user_id}
    |                                                      ^
    = help: at 1 and below there is no mean
"#,
    },
    Case {
        name: "empirical that falls",
        edits: &[(
            "cost: 2ms",
            "cost: {empirical: [{share: 1%, time: 1ms}, {share: 50%, time: 5ms}, {share: 50%, time: 4ms}]}",
        )],
        sets: &[],
        told: r#"
error: the first share must be 0%, not 1%
   --> my.yaml:49:94
    |
 49 | ...ts WHERE user_id = ?", cost: {empirical: [{share: 1%, time: 1ms}, {share: 50%, time: 5ms}, {share: 50%, time: 4ms}...
    |                                                      ^^

error: `share` must be over the 50% before it
   --> my.yaml:49:143
    |
 49 | ... 1%, time: 1ms}, {share: 50%, time: 5ms}, {share: 50%, time: 4ms}]}, table: payments, index: user_id}
    |                                                      ^^^

error: the last share must be 100%, not 50%
   --> my.yaml:49:143
    |
 49 | ... 1%, time: 1ms}, {share: 50%, time: 5ms}, {share: 50%, time: 4ms}]}, table: payments, index: user_id}
    |                                                      ^^^

error: `time` must not be under the 5ms before it
   --> my.yaml:49:154
    |
 49 | ...1ms}, {share: 50%, time: 5ms}, {share: 50%, time: 4ms}]}, table: payments, index: user_id}
    |                                                      ^^^
"#,
    },
    Case {
        name: "empirical without points",
        edits: &[("cost: 2ms", "cost: {empirical: []}")],
        sets: &[],
        told: r#"
error: `empirical` has no points
   --> my.yaml:49:74
    |
 49 | ...SELECT * FROM payments WHERE user_id = ?", cost: {empirical: []}, table: payments, index: user_id}
    |                                                      ^^^^^^^^^
    = help: it begins at 0% and ends at 100%
"#,
    },
];
