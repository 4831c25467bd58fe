//! `--set` and `set:`: values put at paths, and paths that are not there.

mod workbench;

use workbench::{Case, play};

/// *Scenario* `--set` names a path that is not there, or cannot be.
///
/// *Guarantees* the part that is missing, the nearest one, and the path under the caret.
#[test]
fn paths_that_are_not_there() {
    play("paths_that_are_not_there", PATHS_THAT_ARE_NOT_THERE);
}

const PATHS_THAT_ARE_NOT_THERE: &[Case] = &[
    Case {
        name: "unknown service",
        edits: &[],
        sets: &["services.paymant.pods=2"],
        told: r#"
error: no `paymant` in `services`
  --> --set:1:1
   |
 1 | services.paymant.pods=2
   | ^^^^^^^^^^^^^^^^^^^^^
   = help: did you mean `payment`? names there: `gateway`, `payment`
"#,
    },
    Case {
        name: "unknown field",
        edits: &[],
        sets: &["services.payment.worker=2"],
        told: r#"
error: no `worker` in `services.payment`
  --> --set:1:1
   |
 1 | services.payment.worker=2
   | ^^^^^^^^^^^^^^^^^^^^^^^
   = help: did you mean `workers`? names there: `pods`, `cores`, `workers`, `accept_queue`, `balancer`, `version`, `team`, `cost_center`, `pools`, `costs`, `rate_limit`, `endpoints`, `consumers`
"#,
    },
    Case {
        name: "unknown section",
        edits: &[],
        sets: &["trafic.poisson=2/s"],
        told: r#"
error: no `trafic` in the scenario
  --> --set:1:1
   |
 1 | trafic.poisson=2/s
   | ^^^^^^^^^^^^^^
   = help: did you mean `traffic`? names there: `title`, `story`, `clock`, `duration`, `warmup`, `cells`, `network`, `services`, `stores`, `fleet`, `tiers`, `touch_points`, `journeys`, `traffic`, `focus`, `faults`, `remedies`, `humans`, `alert`, `expect`
"#,
    },
    Case {
        name: "item that is not there",
        edits: &[],
        sets: &["journeys.buy.steps.1.think=2s"],
        told: r#"
error: no item `1` in `journeys.buy.steps`
  --> --set:1:1
   |
 1 | journeys.buy.steps.1.think=2s
   | ^^^^^^^^^^^^^^^^^^^^^^^^^^
   = help: items are counted from 0; the last one is 0
"#,
    },
    Case {
        name: "not an item",
        edits: &[],
        sets: &["journeys.buy.steps.first.think=2s"],
        told: r#"
error: no item `first` in `journeys.buy.steps`
  --> --set:1:1
   |
 1 | journeys.buy.steps.first.think=2s
   | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = help: items are counted from 0; the last one is 0
"#,
    },
    Case {
        name: "below a single value",
        edits: &[],
        sets: &["services.payment.cores.max=2"],
        told: r#"
error: no `max` in `services.payment.cores`
  --> --set:1:1
   |
 1 | services.payment.cores.max=2
   | ^^^^^^^^^^^^^^^^^^^^^^^^^^
   = help: `services.payment.cores` is a single value: `2`
"#,
    },
    Case {
        name: "another variant",
        edits: &[],
        sets: &["traffic.poisson=2/s"],
        told: r#"
error: no `poisson` in `traffic`
  --> --set:1:1
   |
 1 | traffic.poisson=2/s
   | ^^^^^^^^^^^^^^^
   = help: it is `curve` now; set `traffic` itself to make it another
"#,
    },
    Case {
        name: "unknown verdict",
        edits: &[],
        sets: &["expect.incident.succes.before.at_least=90%"],
        told: r#"
error: no `incident.succes.before` in `expect`
  --> --set:1:1
   |
 1 | expect.incident.succes.before.at_least=90%
   | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = help: did you mean `incident.success.before`? names there: `incident.success.before`, `incident.p99.during`, `detection.false_alerts`
"#,
    },
    Case {
        name: "no equals sign",
        edits: &[],
        sets: &["services.payment.pods"],
        told: r#"
error: `services.payment.pods` has no `=`
  --> --set:1:1
   |
 1 | services.payment.pods
   | ^^^^^^^^^^^^^^^^^^^^^
   = help: write PATH=VALUE, such as `traffic.poisson=40/s`
"#,
    },
    Case {
        name: "no value",
        edits: &[],
        sets: &["services.payment.pods="],
        told: r#"
error: no value
  --> --set:1:23
   |
 1 | services.payment.pods=
   |                       ^
   = help: write PATH=VALUE, such as `traffic.poisson=40/s`
"#,
    },
    Case {
        name: "empty path",
        edits: &[],
        sets: &["=2"],
        told: r#"
error: the path `` has an empty part
  --> --set:1:1
   |
 1 | =2
   | ^
   = help: write it like `services.payment.pods`
"#,
    },
    Case {
        name: "empty part",
        edits: &[],
        sets: &["services..pods=2"],
        told: r#"
error: the path `services..pods` has an empty part
  --> --set:1:1
   |
 1 | services..pods=2
   | ^^^^^^^^^^^^^^
   = help: write it like `services.payment.pods`
"#,
    },
    Case {
        name: "open quote",
        edits: &[],
        sets: &["expect.\"incident.success=2"],
        told: r#"
error: `expect."incident.success=2` has no `=`
  --> --set:1:1
   |
 1 | expect."incident.success=2
   | ^^^^^^^^^^^^^^^^^^^^^^^^^^
   = help: write PATH=VALUE, such as `traffic.poisson=40/s`
"#,
    },
    Case {
        name: "use",
        edits: &[],
        sets: &["use=shop"],
        told: r#"
error: `use` cannot be set
  --> --set:1:1
   |
 1 | use=shop
   | ^^^
   = help: it is read before values are set
"#,
    },
    Case {
        name: "two at once",
        edits: &[],
        sets: &["services.paymant.pods=2", "services.payment.pod=2"],
        told: r#"
error: no `paymant` in `services`
  --> --set:1:1
   |
 1 | services.paymant.pods=2
   | ^^^^^^^^^^^^^^^^^^^^^
   = help: did you mean `payment`? names there: `gateway`, `payment`

error: no `pod` in `services.payment`
  --> --set:1:1
   |
 1 | services.payment.pod=2
   | ^^^^^^^^^^^^^^^^^^^^
   = help: did you mean `pods`? names there: `pods`, `cores`, `workers`, `accept_queue`, `balancer`, `version`, `team`, `cost_center`, `pools`, `costs`, `rate_limit`, `endpoints`, `consumers`
"#,
    },
];

/// *Scenario* `--set` puts a value that the scenario cannot have.
///
/// *Guarantees* the caret stands under the value, in the text of `--set`.
#[test]
fn values_that_do_not_fit() {
    play("values_that_do_not_fit", VALUES_THAT_DO_NOT_FIT);
}

const VALUES_THAT_DO_NOT_FIT: &[Case] = &[
    Case {
        name: "no unit",
        edits: &[],
        sets: &["services.payment.endpoints.pay.do.0.branch.else.0.wait=2"],
        told: r#"
error: `2` has no unit; write 2ms, 2s or 2min
  --> --set:1:56
   |
 1 | services.payment.endpoints.pay.do.0.branch.else.0.wait=2
   |                                                        ^
   = help: `wait`: A distribution of times, written as a one-key map or, for a constant, as the time itself
"#,
    },
    Case {
        name: "flow value with a wrong key",
        edits: &[],
        sets: &["stores.payments.statements.by_user.cost={exponential: {maen: 5ms}}"],
        told: r#"
error: unknown key `maen`
  --> --set:1:56
   |
 1 | stores.payments.statements.by_user.cost={exponential: {maen: 5ms}}
   |                                                        ^^^^
   = help: did you mean `mean`? known keys: `mean`
"#,
    },
    Case {
        name: "unknown name",
        edits: &[],
        sets: &["focus.operation=payment.refund"],
        told: r#"
error: service `payment` has no endpoint `refund`
  --> --set:1:17
   |
 1 | focus.operation=payment.refund
   |                 ^^^^^^^^^^^^^^
   = help: endpoints of `payment`: `pay`
"#,
    },
    Case {
        name: "not YAML",
        edits: &[],
        sets: &["services.payment.cores={"],
        told: r#"
error: not valid YAML: while parsing a node, did not find expected node content
  --> --set:1:25
   |
 1 | services.payment.cores={
   |                         ^
"#,
    },
    Case {
        name: "anchor",
        edits: &[],
        sets: &["services.payment.cores=&x 2"],
        told: r#"
error: anchor `&x` is not allowed
  --> --set:1:24
   |
 1 | services.payment.cores=&x 2
   |                        ^^
   = help: write the value out where it is needed, or share it through `use:` and `set:`
"#,
    },
    Case {
        name: "second document",
        edits: &[],
        sets: &["services.payment.cores=2\n---\n3"],
        told: r#"
error: a second document starts here
  --> --set:2:1
   |
 2 | ---
   | ^^^
   = help: one file holds one scenario; put the second into a file of its own
"#,
    },
    Case {
        name: "set in the file",
        edits: &[(
            "title: A small shop",
            "title: A small shop\nset:\n  services.payment.cores: 4\n  services.payment.coers: 4",
        )],
        sets: &[],
        told: r#"
error: no `coers` in `services.payment`
  --> my.yaml:4:3
   |
 4 |   services.payment.coers: 4
   |   ^^^^^^^^^^^^^^^^^^^^^^
   = help: did you mean `cores`? names there: `pods`, `cores`, `workers`, `accept_queue`, `balancer`, `version`, `team`, `cost_center`, `pools`, `costs`, `rate_limit`, `endpoints`, `consumers`
"#,
    },
    Case {
        name: "set that is no map",
        edits: &[("title: A small shop", "title: A small shop\nset: [1]")],
        sets: &[],
        told: r#"
error: `set` must be a map, not a list
  --> my.yaml:2:1
   |
 2 | set: [1]
   | ^^^
   = help: write it as PATH: VALUE, one a line
"#,
    },
];
