//! Names that refer to nothing, and calls without end.

mod workbench;

use workbench::{Case, play};

/// *Scenario* a name refers to nothing.
///
/// *Guarantees* the nearest valid name is told.
#[test]
fn unknown_names() {
    play("unknown_names", UNKNOWN_NAMES);
}

const UNKNOWN_NAMES: &[Case] = &[
    Case {
        name: "unknown service",
        edits: &[("endpoint: payment.pay", "endpoint: paymant.pay")],
        sets: &[],
        told: r#"
error: unknown service `paymant`
   --> my.yaml:20:25
    |
 20 |               endpoint: paymant.pay
    |                         ^^^^^^^^^^^
    = help: did you mean `payment`? services: `gateway`, `payment`
"#,
    },
    Case {
        name: "unknown endpoint",
        edits: &[("endpoint: payment.pay", "endpoint: payment.pya")],
        sets: &[],
        told: r#"
error: service `payment` has no endpoint `pya`
   --> my.yaml:20:25
    |
 20 |               endpoint: payment.pya
    |                         ^^^^^^^^^^^
    = help: did you mean `pay`? endpoints of `payment`: `pay`
"#,
    },
    Case {
        name: "reference without a dot",
        edits: &[("request: gateway.pay", "request: gateway")],
        sets: &[],
        told: r#"
error: `gateway` is not an endpoint; write `service.endpoint`
   --> my.yaml:57:18
    |
 57 |       - request: gateway
    |                  ^^^^^^^
    = help: did you mean `gateway.pay`? endpoints: `gateway.pay`, `payment.pay`
"#,
    },
    Case {
        name: "unknown store",
        edits: &[("{store: payments, statement: by_user, timeout", "{store: payment, statement: by_user, timeout")],
        sets: &[],
        told: r#"
error: unknown store `payment`
   --> my.yaml:34:34
    |
 34 |                 - query: {store: payment, statement: by_user, timeout: 5s}
    |                                  ^^^^^^^
    = help: did you mean `payments`? stores: `payments`
"#,
    },
    Case {
        name: "unknown statement",
        edits: &[("statement: by_user", "statement: by_usr")],
        sets: &[],
        told: r#"
error: store `payments` has no statement `by_usr`
   --> my.yaml:34:55
    |
 34 |                 - query: {store: payments, statement: by_usr, timeout: 5s}
    |                                                       ^^^^^^
    = help: did you mean `by_user`? its statements: `by_user`
"#,
    },
    Case {
        name: "unknown store of a pool",
        edits: &[("      payments: {size: 8", "      paymants: {size: 8")],
        sets: &[],
        told: r#"
error: unknown store `paymants`
   --> my.yaml:27:7
    |
 27 |       paymants: {size: 8, acquire_timeout: 1s}
    |       ^^^^^^^^
    = help: did you mean `payments`? stores: `payments`
"#,
    },
    Case {
        name: "unknown table of a statement",
        edits: &[("cost: 2ms, table: payments", "cost: 2ms, table: payment")],
        sets: &[],
        told: r#"
error: unknown table `payment`
   --> my.yaml:49:85
    |
 49 |       by_user: {text: "SELECT * FROM payments WHERE user_id = ?", cost: 2ms, table: payment, index: user_id}
    |                                                                                     ^^^^^^^
    = help: did you mean `payments`? tables: `payments`
"#,
    },
    Case {
        name: "unknown index of a statement",
        edits: &[("table: payments, index: user_id}\ntiers", "table: payments, index: userid}\ntiers")],
        sets: &[],
        told: r#"
error: table `payments` has no index `userid`
   --> my.yaml:49:102
    |
 49 |       by_user: {text: "SELECT * FROM payments WHERE user_id = ?", cost: 2ms, table: payments, index: userid}
    |                                                                                                      ^^^^^^
    = help: did you mean `user_id`? its indexes: `user_id`
"#,
    },
    Case {
        name: "index without table",
        edits: &[("cost: 2ms, table: payments,", "cost: 2ms,")],
        sets: &[],
        told: r#"
error: `index` without `table`
   --> my.yaml:49:85
    |
 49 |       by_user: {text: "SELECT * FROM payments WHERE user_id = ?", cost: 2ms, index: user_id}
    |                                                                                     ^^^^^^^
    = help: say which table the index is of
"#,
    },
    Case {
        name: "unknown endpoint in a journey",
        edits: &[("request: gateway.pay", "request: gateway.play")],
        sets: &[],
        told: r#"
error: service `gateway` has no endpoint `play`
   --> my.yaml:57:18
    |
 57 |       - request: gateway.play
    |                  ^^^^^^^^^^^^
    = help: did you mean `pay`? endpoints of `gateway`: `pay`
"#,
    },
    Case {
        name: "unknown focus",
        edits: &[("operation: payment.pay", "operation: payment.refund")],
        sets: &[],
        told: r#"
error: service `payment` has no endpoint `refund`
   --> my.yaml:64:39
    |
 64 | focus: {edge: gateway.pay, operation: payment.refund, order_value: 27}
    |                                       ^^^^^^^^^^^^^^
    = help: endpoints of `payment`: `pay`
"#,
    },
    Case {
        name: "unknown tier",
        edits: &[("svip: 2%", "ssvip: 2%")],
        sets: &[],
        told: r#"
error: unknown tier `ssvip`
   --> my.yaml:50:31
    |
 50 | tiers: {normal: 90%, vip: 8%, ssvip: 2%}
    |                               ^^^^^
    = help: did you mean `svip`? there are: `normal`, `vip`, `svip`
"#,
    },
    Case {
        name: "unknown touch point",
        edits: &[("mobile: 50%}", "mobil: 50%}")],
        sets: &[],
        told: r#"
error: unknown touch point `mobil`
   --> my.yaml:51:26
    |
 51 | touch_points: {web: 50%, mobil: 50%}
    |                          ^^^^^
    = help: did you mean `mobile`? there are: `web`, `mobile`, `mini_program`, `h5`
"#,
    },
    Case {
        name: "unknown method",
        edits: &[("method: POST", "method: post")],
        sets: &[],
        told: r#"
error: unknown method `post`
   --> my.yaml:16:17
    |
 16 |         method: post
    |                 ^^^^
    = help: did you mean `POST`? methods: `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD`, `OPTIONS`
"#,
    },
    Case {
        name: "a name with a dot",
        edits: &[("  gateway:\n", "  gate.way:\n")],
        sets: &[],
        told: r#"
error: `gate.way` is not a name
  --> my.yaml:8:3
   |
 8 |   gate.way:
   |   ^^^^^^^^
   = help: a name is made of letters, digits, `_` and `-`, at most 200 bytes

error: unknown service `gateway`
   --> my.yaml:57:18
    |
 57 |       - request: gateway.pay
    |                  ^^^^^^^^^^^
    = help: did you mean `gate.way`? services: `gate.way`, `payment`

error: unknown service `gateway`
   --> my.yaml:64:15
    |
 64 | focus: {edge: gateway.pay, operation: payment.pay, order_value: 27}
    |               ^^^^^^^^^^^
    = help: did you mean `gate.way`? services: `gate.way`, `payment`
"#,
    },
];

/// *Scenario* endpoints call each other in a circle, or multiply.
///
/// *Guarantees* the circle is named in full, at the call that closes it; a tree that is too large is named at its root.
#[test]
fn calls_without_end() {
    play("calls_without_end", CALLS_WITHOUT_END);
}

const CALLS_WITHOUT_END: &[Case] = &[
    Case {
        name: "call cycle",
        edits: &[("                - wait: 1ms", "                - call: {endpoint: gateway.pay}")],
        sets: &[],
        told: r#"
error: calls run in a circle: gateway.pay -> payment.pay -> gateway.pay
   --> my.yaml:36:36
    |
 36 |                 - call: {endpoint: gateway.pay}
    |                                    ^^^^^^^^^^^
    = help: a request would never end; one of these calls must go
"#,
    },
    Case {
        name: "call of itself",
        edits: &[("                - wait: 1ms", "                - call: {endpoint: payment.pay}")],
        sets: &[],
        told: r#"
error: calls run in a circle: payment.pay -> payment.pay
   --> my.yaml:36:36
    |
 36 |                 - call: {endpoint: payment.pay}
    |                                    ^^^^^^^^^^^
    = help: a request would never end; one of these calls must go
"#,
    },
    Case {
        name: "too many spans",
        edits: &[
            ("    cores: 2\n", "    cores: 2\n    team: pay\n"),
            (
                "          - parallel:",
                "          - call: {endpoint: a.one, retry: {attempts: 10}}\n          - parallel:",
            ),
            (
                "stores:\n",
                "  a:\n    endpoints:\n      one: {do: [call: {endpoint: a.two, retry: {attempts: 10}}]}\n      two: {do: [call: {endpoint: a.three, retry: {attempts: 10}}]}\n      three: {do: [call: {endpoint: a.four, retry: {attempts: 10}}]}\n      four: {do: [call: {endpoint: a.five, retry: {attempts: 10}}]}\n      five: {do: [call: {endpoint: a.six, retry: {attempts: 10}}]}\n      six: {do: [call: {endpoint: a.seven, retry: {attempts: 10}}]}\n      seven: {do: [call: {endpoint: a.eight, retry: {attempts: 10}}]}\n      eight: {}\nstores:\n",
            ),
        ],
        sets: &[],
        told: r#"
error: one request to `a.one` may have over 16777216 spans
   --> my.yaml:44:7
    |
 44 |       one: {do: [call: {endpoint: a.two, retry: {attempts: 10}}]}
    |       ^^^
    = help: its calls and their retries multiply; use fewer of them
"#,
    },
];
