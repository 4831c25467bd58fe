//! Stories that cannot happen: faults, remedies, alerts and expectations.

mod workbench;

use workbench::{Case, play};

/// *Scenario* a fault or a remedy has no target, or a time at which it cannot be.
///
/// *Guarantees* the target's nearest name, or the time it may have.
#[test]
fn impossible_faults() {
    play("impossible_faults", IMPOSSIBLE_FAULTS);
}

const IMPOSSIBLE_FAULTS: &[Case] = &[
    Case {
        name: "fault on a missing store",
        edits: &[("{lost_index: {store: payments,", "{lost_index: {store: payment,")],
        sets: &[],
        told: r#"
error: unknown store `payment`
   --> my.yaml:67:34
    |
 67 |     change: {lost_index: {store: payment, table: payments, index: user_id, shards: 30%}}
    |                                  ^^^^^^^
    = help: did you mean `payments`? stores: `payments`
"#,
    },
    Case {
        name: "fault on a missing table",
        edits: &[("{lost_index: {store: payments, table: payments", "{lost_index: {store: payments, table: orders")],
        sets: &[],
        told: r#"
error: store `payments` has no table `orders`
   --> my.yaml:67:51
    |
 67 |     change: {lost_index: {store: payments, table: orders, index: user_id, shards: 30%}}
    |                                                   ^^^^^^
    = help: its tables: `payments`
"#,
    },
    Case {
        name: "fault on a missing index",
        edits: &[("index: user_id, shards", "index: order_id, shards")],
        sets: &[],
        told: r#"
error: table `payments` has no index `order_id`
   --> my.yaml:67:68
    |
 67 |     change: {lost_index: {store: payments, table: payments, index: order_id, shards: 30%}}
    |                                                                    ^^^^^^^^
    = help: did you mean `user_id`? its indexes: `user_id`
"#,
    },
    Case {
        name: "fault in the warm-up",
        edits: &[("at: 120s", "at: 60s")],
        sets: &[],
        told: r#"
error: the fault begins at 1min, before the warm-up ends
   --> my.yaml:68:9
    |
 68 |     at: 60s
    |         ^^^
    = help: it may begin from 61s on
"#,
    },
    Case {
        name: "fault after the end",
        edits: &[("at: 120s\n    until: 240s", "at: 300s")],
        sets: &[],
        told: r#"
error: the fault begins at 5min, the scenario ends at 5min
   --> my.yaml:68:9
    |
 68 |     at: 300s
    |         ^^^^
"#,
    },
    Case {
        name: "fault at half a second",
        edits: &[("at: 120s", "at: 120500ms")],
        sets: &[],
        told: r#"
error: `at` must be whole seconds, not 120500ms
   --> my.yaml:68:9
    |
 68 |     at: 120500ms
    |         ^^^^^^^^
"#,
    },
    Case {
        name: "fault that ends before it begins",
        edits: &[("until: 240s", "until: 120s")],
        sets: &[],
        told: r#"
error: `until` of 2min must be later than `at` of 2min
   --> my.yaml:69:12
    |
 69 |     until: 120s
    |            ^^^^
"#,
    },
    Case {
        name: "remedy of a missing index",
        edits: &[(
            "{rebuild_index: {store: payments, table: payments, index: user_id}}",
            "{rebuild_index: {store: payments, table: payments, index: user}}",
        )],
        sets: &[],
        told: r#"
error: table `payments` has no index `user`
   --> my.yaml:72:71
    |
 72 |     action: {rebuild_index: {store: payments, table: payments, index: user}}
    |                                                                       ^^^^
    = help: did you mean `user_id`? its indexes: `user_id`
"#,
    },
    Case {
        name: "remedy at half a second",
        edits: &[(
            "start: {when: {service: payment, metric: cpu_utilization, above: 90%}}",
            "start: {after_alert: 1500ms}",
        )],
        sets: &[],
        told: r#"
error: `after_alert` must be whole seconds, not 1500ms
   --> my.yaml:73:26
    |
 73 |     start: {after_alert: 1500ms}
    |                          ^^^^^^
"#,
    },
    Case {
        name: "condition on an unknown service",
        edits: &[("{service: payment, metric", "{service: payments, metric")],
        sets: &[],
        told: r#"
error: unknown service `payments`
   --> my.yaml:73:29
    |
 73 |     start: {when: {service: payments, metric: cpu_utilization, above: 90%}}
    |                             ^^^^^^^^
    = help: did you mean `payment`? services: `gateway`, `payment`
"#,
    },
    Case {
        name: "condition without a value",
        edits: &[(", above: 90%", "")],
        sets: &[],
        told: r#"
error: the condition has neither `above` nor `below`
   --> my.yaml:73:13
    |
 73 |     start: {when: {service: payment, metric: cpu_utilization}}
    |             ^^^^
    = help: give one of them a value
"#,
    },
    Case {
        name: "condition with two values",
        edits: &[("above: 90%", "above: 90%, below: 95%")],
        sets: &[],
        told: r#"
error: `below` together with `above`
   --> my.yaml:73:82
    |
 73 |     start: {when: {service: payment, metric: cpu_utilization, above: 90%, below: 95%}}
    |                                                                                  ^^^
    = help: keep one
"#,
    },
    Case {
        name: "condition in the wrong unit",
        edits: &[("above: 90%", "above: 90/s")],
        sets: &[],
        told: r#"
error: `above` must be a share such as 90% for this metric
   --> my.yaml:73:70
    |
 73 |     start: {when: {service: payment, metric: cpu_utilization, above: 90/s}}
    |                                                                      ^^^^
"#,
    },
    Case {
        name: "alert windows",
        edits: &[("short_window: 15s", "short_window: 1500ms")],
        sets: &[],
        told: r#"
error: `short_window` must be whole seconds, not 1500ms
   --> my.yaml:75:62
    |
 75 | alert: {failures_above: 10%, long_window: 60s, short_window: 1500ms}
    |                                                              ^^^^^^
"#,
    },
    Case {
        name: "alert windows the wrong way round",
        edits: &[("short_window: 15s", "short_window: 90s")],
        sets: &[],
        told: r#"
error: `short_window` of 90s is longer than `long_window` of 1min
   --> my.yaml:75:62
    |
 75 | alert: {failures_above: 10%, long_window: 60s, short_window: 90s}
    |                                                              ^^^
"#,
    },
];

/// *Scenario* an expected verdict is not one of ours, or its bound is in the wrong unit.
///
/// *Guarantees* the nearest verdict, or the unit.
#[test]
fn impossible_expectations() {
    play("impossible_expectations", IMPOSSIBLE_EXPECTATIONS);
}

const IMPOSSIBLE_EXPECTATIONS: &[Case] = &[
    Case {
        name: "unknown verdict",
        edits: &[("incident.success.before", "incident.sucess.before")],
        sets: &[],
        told: r#"
error: unknown verdict `incident.sucess.before`
   --> my.yaml:77:3
    |
 77 |   incident.sucess.before: {at_least: 97%, source: chosen}
    |   ^^^^^^^^^^^^^^^^^^^^^^
    = help: did you mean `incident.success.before`? verdicts: `incident.success.before`, `incident.success.during`, `incident.success.after`, `incident.p99.before`, `incident.p99.during`, `incident.p99.after`, `incident.throughput.before`, `incident.throughput.during`, `incident.throughput.after`, `incident.cpu.before`, `incident.cpu.during`, `incident.cpu.after`, `incident.in_flight.before`, `incident.in_flight.during`, `incident.in_flight.after`, `incident.orders_lost`, `incident.users_affected`, `incident.gmv_lost`, `detection.symptom`, `detection.alert`, `detection.notified`, `detection.evidence_ready`, `detection.cause`, `detection.human`, `detection.repair` and 6 more
"#,
    },
    Case {
        name: "no bound",
        edits: &[("{at_least: 97%, source", "{source")],
        sets: &[],
        told: r#"
error: `incident.success.before` must have exactly one of `at_least`, `at_most` and `between`
   --> my.yaml:77:3
    |
 77 |   incident.success.before: {source: chosen}
    |   ^^^^^^^^^^^^^^^^^^^^^^^
"#,
    },
    Case {
        name: "two bounds",
        edits: &[("{at_least: 97%, source", "{at_least: 97%, at_most: 99%, source")],
        sets: &[],
        told: r#"
error: `incident.success.before` must have exactly one of `at_least`, `at_most` and `between`
   --> my.yaml:77:3
    |
 77 |   incident.success.before: {at_least: 97%, at_most: 99%, source: chosen}
    |   ^^^^^^^^^^^^^^^^^^^^^^^
"#,
    },
    Case {
        name: "wrong unit",
        edits: &[("at_least: 97%", "at_least: 97s")],
        sets: &[],
        told: r#"
error: `at_least` of `incident.success.before` must be a share such as 97%
   --> my.yaml:77:39
    |
 77 |   incident.success.before: {at_least: 97s, source: chosen}
    |                                       ^^^
"#,
    },
    Case {
        name: "number for a share",
        edits: &[("at_least: 97%", "at_least: 97")],
        sets: &[],
        told: r#"
error: `at_least` of `incident.success.before` must be a share such as 97%
   --> my.yaml:77:39
    |
 77 |   incident.success.before: {at_least: 97, source: chosen}
    |                                       ^^
"#,
    },
    Case {
        name: "between backwards",
        edits: &[("between: [4s, 6s]", "between: [6s, 4s]")],
        sets: &[],
        told: r#"
error: the second bound of `between` is under the first
   --> my.yaml:78:39
    |
 78 |   incident.p99.during: {between: [6s, 4s], source: chosen}
    |                                       ^^
"#,
    },
    Case {
        name: "between two units",
        edits: &[("between: [4s, 6s]", "between: [4s, 60%]")],
        sets: &[],
        told: r#"
error: `between` of `incident.p99.during` must be a time such as 60s
   --> my.yaml:78:39
    |
 78 |   incident.p99.during: {between: [4s, 60%], source: chosen}
    |                                       ^^^
"#,
    },
    Case {
        name: "no source",
        edits: &[("at_least: 97%, source: chosen", "at_least: 97%, source: \"\"")],
        sets: &[],
        told: r#"
error: `source` is empty
   --> my.yaml:77:52
    |
 77 |   incident.success.before: {at_least: 97%, source: ""}
    |                                                    ^^
    = help: say where the bound comes from
"#,
    },
    Case {
        name: "incident without focus",
        edits: &[("focus: {edge: gateway.pay, operation: payment.pay, order_value: 27}\n", "")],
        sets: &[],
        told: r#"
error: `incident.success.before` needs `focus`
   --> my.yaml:76:3
    |
 76 |   incident.success.before: {at_least: 97%, source: chosen}
    |   ^^^^^^^^^^^^^^^^^^^^^^^
    = help: `focus` names the operation that the incident is about

error: `incident.p99.during` needs `focus`
   --> my.yaml:77:3
    |
 77 |   incident.p99.during: {between: [4s, 6s], source: chosen}
    |   ^^^^^^^^^^^^^^^^^^^
    = help: `focus` names the operation that the incident is about
"#,
    },
    Case {
        name: "incident without fault",
        edits: &[(
            "faults:\n  lost:\n    change: {lost_index: {store: payments, table: payments, index: user_id, shards: 30%}}\n    at: 120s\n    until: 240s\n",
            "",
        )],
        sets: &[],
        told: r#"
error: `incident.success.before` needs a fault
   --> my.yaml:72:3
    |
 72 |   incident.success.before: {at_least: 97%, source: chosen}
    |   ^^^^^^^^^^^^^^^^^^^^^^^
    = help: a scenario without faults has the verdicts `run.success`, `run.p99` and `run.throughput`

error: `incident.p99.during` needs a fault
   --> my.yaml:73:3
    |
 73 |   incident.p99.during: {between: [4s, 6s], source: chosen}
    |   ^^^^^^^^^^^^^^^^^^^
    = help: a scenario without faults has the verdicts `run.success`, `run.p99` and `run.throughput`
"#,
    },
];
