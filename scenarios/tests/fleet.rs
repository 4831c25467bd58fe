//! Generated services: what the section `fleet` makes, and how it can be wrong.

mod workbench;

use doorbuster_scenarios::Scenario;
use doorbuster_scenarios::types::Step;
use std::collections::{BTreeMap, BTreeSet};
use workbench::{Case, Folder, edited, play};

const SECTION: &str = "fleet: {services: 200, pods: 500, seed: 7, from: [gateway.pay, payment.pay]}\ntiers:";

/// The valid scenario with two hundred services, and values set in it.
fn shop(test: &str, sets: &[&str]) -> Scenario {
    let folder = Folder::new(test);
    folder.write("my.yaml", edited(&[("tiers:", SECTION)]));
    folder.load("my.yaml", sets).expect("a good scenario").scenario
}

/// Calls of a program, each with its probability, and the mean number of statements.
fn calls(steps: &[Step], probability: f64, found: &mut Vec<(String, f64)>) -> f64 {
    let mut statements = 0.0;
    for step in steps {
        match step {
            Step::Call(call) => found.push((call.endpoint.clone(), probability)),
            Step::Query(_) | Step::Publish(_) | Step::Cached(_) => statements += probability,
            Step::Branch(branch) => {
                let then = branch.probability.ratio;
                statements += calls(&branch.then, probability * then, found);
                statements += calls(&branch.otherwise, probability * (1.0 - then), found);
            }
            Step::Parallel(strands) => {
                for strand in strands {
                    statements += calls(strand, probability, found);
                }
            }
            Step::Compute(_) | Step::Wait(_) | Step::Fail(_) | Step::Decline(_) => {}
        }
    }
    statements
}

/// What one endpoint calls.
fn asked(scenario: &Scenario, endpoint: &str) -> (Vec<(String, f64)>, f64) {
    let (service, name) = endpoint.split_once('.').expect("service.endpoint");
    let mut found = Vec::new();
    let statements = calls(&scenario.services[service].endpoints[name].program, 1.0, &mut found);
    (found, statements)
}

/// Mean spans of one call of an endpoint, its own included; a circle would never end.
fn spans(scenario: &Scenario, endpoint: &str, known: &mut BTreeMap<String, f64>) -> f64 {
    if let Some(spans) = known.get(endpoint) {
        return *spans;
    }
    let (found, statements) = asked(scenario, endpoint);
    let mut sum = 1.0 + statements;
    for (callee, probability) in found {
        sum += probability * (1.0 + spans(scenario, &callee, known));
    }
    known.insert(endpoint.to_owned(), sum);
    sum
}

/// *Scenario* a section asks for 200 services and 500 pods.
///
/// *Guarantees* there are so many; they belong to over twenty teams; every one of them, down to the endpoint, is reached from those
/// under `from`; the mean of what they add to a call is what the section says, while one trace may have hundreds of spans.
#[test]
fn a_fleet_is_as_large_as_it_says_and_all_of_it_is_reached() {
    let scenario = shop("fleet-large", &["fleet.spans=1.5"]);
    assert_eq!(scenario.services.len(), 200);
    assert_eq!(scenario.services.values().map(|service| service.pods.count).sum::<u64>(), 500);
    let teams: BTreeSet<&str> = scenario.services.values().map(|service| service.cost_center.as_str()).collect();
    assert!(teams.len() > 20, "{teams:?}");

    let mut open = vec!["gateway.pay".to_owned()];
    let mut reached = BTreeSet::new();
    while let Some(endpoint) = open.pop() {
        open.extend(asked(&scenario, &endpoint).0.into_iter().map(|(callee, _)| callee));
        reached.insert(endpoint);
    }
    let all = scenario
        .services
        .iter()
        .flat_map(|(service, one)| one.endpoints.keys().map(move |name| format!("{service}.{name}")));
    let unreached: Vec<String> = all.filter(|endpoint| !reached.contains(endpoint)).collect();
    assert!(unreached.is_empty(), "{unreached:?}");

    let bare = {
        let folder = Folder::new("fleet-bare");
        folder.write("my.yaml", workbench::VALID);
        folder.load("my.yaml", &[]).expect("a good scenario").scenario
    };
    // payment.pay has its part, and gateway.pay its own and that of payment.pay; the retry is not counted here.
    for (endpoint, parts) in [("payment.pay", 1.0), ("gateway.pay", 2.0)] {
        let more = spans(&scenario, endpoint, &mut BTreeMap::new()) - spans(&bare, endpoint, &mut BTreeMap::new());
        assert!((more - 1.5 * parts).abs() < 1e-9, "{endpoint} makes {more} spans more");
    }
}

/// Distinct services that each generated service calls, of those that call any; in ascending order.
fn fan_outs(scenario: &Scenario) -> Vec<usize> {
    let mut list = Vec::new();
    for (service, one) in scenario.services.iter().skip(2) {
        let mut callees = BTreeSet::new();
        for endpoint in one.endpoints.keys() {
            let (found, _) = asked(scenario, &format!("{service}.{endpoint}"));
            callees.extend(found.into_iter().map(|(callee, _)| callee.split('.').next().map(str::to_owned)));
        }
        if !callees.is_empty() {
            list.push(callees.len());
        }
    }
    list.sort_unstable();
    list
}

/// *Scenario* a fleet large enough for percentiles.
///
/// *Guarantees* services call as many others as the section's quantiles say (those of Meta), a few more where somebody must
/// call what nobody else does; and most endpoints call two at most.
#[test]
fn fan_out_is_that_of_the_section() {
    let scenario = shop("fleet-fan-out", &["fleet.services=1000", "fleet.pods=5000"]);
    let list = fan_outs(&scenario);
    assert!(list.len() > 740, "{}", list.len());
    let at = |percent: usize| list[list.len() * percent / 100];
    // Callers of endpoints that nobody else calls have one or two more than they drew.
    assert!((4..=5).contains(&at(50)), "p50 {}", at(50));
    assert!((13..=15).contains(&at(90)), "p90 {}", at(90));
    assert!((88..=95).contains(&at(99)), "p99 {}", at(99));
    let endpoints: Vec<usize> = scenario
        .services
        .iter()
        .skip(2)
        .flat_map(|(service, one)| one.endpoints.keys().map(move |name| format!("{service}.{name}")))
        .map(|endpoint| {
            asked(&scenario, &endpoint).0.into_iter().map(|(callee, _)| callee).collect::<BTreeSet<_>>().len()
        })
        .collect();
    let few = endpoints.iter().filter(|count| **count <= 2).count();
    assert!(few * 3 > endpoints.len() * 2, "{few} of {} endpoints call two at most", endpoints.len());
}

/// *Scenario* the same section twice, then with another seed, then as it stands in a report.
///
/// *Guarantees* the same services, other ones, and the same again: a resolved scenario has the section, and no service that
/// it made.
#[test]
fn the_section_decides_the_services() {
    let folder = Folder::new("fleet-seed");
    folder.write("my.yaml", edited(&[("tiers:", SECTION)]));
    let first = folder.load("my.yaml", &[]).expect("a good scenario");
    let again = folder.load("my.yaml", &[]).expect("a good scenario");
    let other = folder.load("my.yaml", &["fleet.seed=8"]).expect("a good scenario");
    assert_eq!(first.scenario, again.scenario);
    assert_ne!(first.scenario.services, other.scenario.services);
    assert_eq!(first.resolved["services"].as_object().expect("a map").len(), 2);
    assert_eq!(first.resolved["fleet"]["seed"], "7");
    folder.write("resolved.yaml", serde_json::to_string(&first.resolved).expect("JSON"));
    let resolved = folder.load("resolved.yaml", &[]).expect("a good scenario");
    assert_eq!(first.scenario, resolved.scenario);
}

/// *Scenario* repeats are off; then on.
///
/// *Guarantees* no endpoint calls another twice; then the share of calls that repeat one is the section's.
#[test]
fn repeats_are_as_many_as_the_section_says() {
    let share = |sets: &[&str]| {
        let scenario = shop("fleet-repeats", sets);
        let (mut first, mut again) = (0.0, 0.0);
        for (service, one) in scenario.services.iter().skip(2) {
            for name in one.endpoints.keys() {
                let mut seen = BTreeSet::new();
                for (callee, probability) in asked(&scenario, &format!("{service}.{name}")).0 {
                    *(if seen.insert(callee) { &mut first } else { &mut again }) += probability;
                }
            }
        }
        again / (first + again)
    };
    assert!(share(&["fleet.repeats=0%"]) < 1e-12);
    assert!((share(&["fleet.repeats=16%"]) - 0.16).abs() < 1e-9);
}

/// *Scenario* the smallest fleet: one service more, in one layer.
///
/// *Guarantees* it is made, and asked by all endpoints under `from`.
#[test]
fn one_service_more_is_enough() {
    let scenario = shop("fleet-small", &["fleet.services=3", "fleet.pods=4", "fleet.layers=1"]);
    assert_eq!(scenario.services.keys().last().map(String::as_str), Some("pricing-1"));
    for from in ["gateway.pay", "payment.pay"] {
        assert!(asked(&scenario, from).0.iter().any(|(callee, _)| callee.starts_with("pricing-1.")), "{from}");
    }
}

/// *Scenario* a section that cannot be made into services.
///
/// *Guarantees* each mistake is told at the line that the user wrote.
#[test]
fn wrong_fleets() {
    play("wrong_fleets", WRONG_FLEETS);
}

const WRONG_FLEETS: &[Case] = &[
    Case {
        name: "fewer services than are written by hand",
        edits: &[("tiers:", "fleet: {services: 2, pods: 500, from: [gateway.pay]}\ntiers:")],
        sets: &[],
        told: r#"
error: `services` must be over the 2 written by hand and at most 1k, not 2
   --> my.yaml:50:19
    |
 50 | fleet: {services: 2, pods: 500, from: [gateway.pay]}
    |                   ^
    = help: it counts all services; those that are missing are generated
"#,
    },
    Case {
        name: "fewer pods than the services need",
        edits: &[("tiers:", "fleet: {services: 20, pods: 20, from: [gateway.pay]}\ntiers:")],
        sets: &[],
        told: r#"
error: `pods` of 20 is under the 21 that the services need
   --> my.yaml:50:29
    |
 50 | fleet: {services: 20, pods: 20, from: [gateway.pay]}
    |                             ^^
    = help: those written by hand have 3 in a cell, and each of 18 generated ones has one
"#,
    },
    Case {
        name: "`from` names a missing endpoint",
        edits: &[("tiers:", "fleet: {services: 20, pods: 50, from: [gateway.pya]}\ntiers:")],
        sets: &[],
        told: r#"
error: service `gateway` has no endpoint `pya`
   --> my.yaml:50:40
    |
 50 | fleet: {services: 20, pods: 50, from: [gateway.pya]}
    |                                        ^^^^^^^^^^^
    = help: did you mean `pay`? endpoints of `gateway`: `pay`
"#,
    },
    Case {
        name: "nobody asks",
        edits: &[("tiers:", "fleet: {services: 20, pods: 50, from: []}\ntiers:")],
        sets: &[],
        told: r#"
error: `from` is empty
   --> my.yaml:50:33
    |
 50 | fleet: {services: 20, pods: 50, from: []}
    |                                 ^^^^
    = help: name an endpoint that asks the generated services
"#,
    },
    Case {
        name: "`from` names an endpoint twice",
        edits: &[("tiers:", "fleet: {services: 20, pods: 50, from: [gateway.pay, gateway.pay]}\ntiers:")],
        sets: &[],
        told: r#"
error: `gateway.pay` stands twice
   --> my.yaml:50:53
    |
 50 | fleet: {services: 20, pods: 50, from: [gateway.pay, gateway.pay]}
    |                                                     ^^^^^^^^^^^
"#,
    },
    Case {
        name: "a service written by hand has a generated one's name",
        edits: &[
            ("tiers:", "fleet: {services: 20, pods: 50, from: [gateway.pay]}\ntiers:"),
            ("  payment:\n    cores", "  coupon-1:\n    endpoints: {take: {}}\n  payment:\n    cores"),
        ],
        sets: &[],
        told: r#"
error: `coupon-1` is the name of a generated service
   --> my.yaml:24:3
    |
 24 |   coupon-1:
    |   ^^^^^^^^
    = help: give the service written by hand another name
"#,
    },
    Case {
        name: "a store written by hand has a generated one's name",
        edits: &[
            ("tiers:", "fleet: {services: 20, pods: 50, from: [gateway.pay]}\ntiers:"),
            ("stores:\n", "stores:\n  fleet-db-1: {kind: redis, statements: {get: {text: GET, cost: 1ms}}}\n"),
        ],
        sets: &[],
        told: r#"
error: `fleet-db-1` is the name of a generated store
   --> my.yaml:41:3
    |
 41 |   fleet-db-1: {kind: redis, statements: {get: {text: GET, cost: 1ms}}}
    |   ^^^^^^^^^^
    = help: give the store written by hand another name
"#,
    },
    Case {
        name: "generated services ask one that asks them",
        edits: &[(
            "tiers:",
            "fleet:\n  services: 20\n  pods: 50\n  from: [gateway.pay]\n  to:\n    - gateway.pay\ntiers:",
        )],
        sets: &[],
        told: r#"
error: calls run in a circle: gateway.pay -> returns-1.get -> advertising-1.get -> content-1.list -> gateway.pay
   --> my.yaml:55:7
    |
 55 |     - gateway.pay
    |       ^^^^^^^^^^^
    = help: a request would never end; generated services are asked by what `from` names and ask what `to` names
"#,
    },
    Case {
        name: "generated services ask one that a person made ask them",
        edits: &[
            (
                "tiers:",
                "fleet:\n  services: 20\n  pods: 50\n  layers: 1\n  from: [gateway.pay]\n  to: [payment.pay]\ntiers:",
            ),
            ("                - wait: 1ms", "                - call: {endpoint: coupon-1.get}"),
        ],
        sets: &[],
        told: r#"
error: calls run in a circle: payment.pay -> coupon-1.get -> payment.pay
   --> my.yaml:55:8
    |
 55 |   to: [payment.pay]
    |        ^^^^^^^^^^^
    = help: a request would never end; generated services are asked by what `from` names and ask what `to` names
"#,
    },
    Case {
        name: "more layers than services",
        edits: &[("tiers:", "fleet: {services: 5, pods: 50, from: [gateway.pay]}\ntiers:")],
        sets: &[],
        told: r#"
error: 4 layers are more than the 3 services that are generated
   --> my.yaml:50:1
    |
 50 | fleet: {services: 5, pods: 50, from: [gateway.pay]}
    | ^^^^^
    = help: a layer has at least one service
"#,
    },
    Case {
        name: "more spans than there can be",
        edits: &[("tiers:", "fleet: {services: 20, pods: 50, spans: 100, from: [gateway.pay]}\ntiers:")],
        sets: &[],
        told: r#"
error: `spans` of 100 cannot be reached: a request that asks makes 6.459 on average
   --> my.yaml:50:40
    |
 50 | fleet: {services: 20, pods: 50, spans: 100, from: [gateway.pay]}
    |                                        ^^^
    = help: with a larger `asks`, `fan_out` or `layers` it makes more
"#,
    },
    Case {
        name: "quantiles out of order, shares out of range",
        edits: &[(
            "tiers:",
            "fleet:\n  services: 20\n  pods: 50\n  fan_out: {p50: 20}\n  asks: 0%\n  repeats: 51%\n  from: [gateway.pay]\ntiers:",
        )],
        sets: &[],
        told: r#"
error: `p90` must be 20 to 1k, not 13
   --> my.yaml:53:3
    |
 53 |   fan_out: {p50: 20}
    |   ^^^^^^^

error: `asks` must be over 0%
   --> my.yaml:54:9
    |
 54 |   asks: 0%
    |         ^^
    = help: at 0% no generated service would call another

error: `repeats` must be at most 50%, not 51%
   --> my.yaml:55:12
    |
 55 |   repeats: 51%
    |            ^^^
    = help: at 50% every call is made twice
"#,
    },
    Case {
        name: "a set value",
        edits: &[("tiers:", "fleet: {services: 20, pods: 50, from: [gateway.pay]}\ntiers:")],
        sets: &["fleet.layers=9"],
        told: r#"
error: `layers` must be 1 to 8, not 9
  --> --set:1:14
   |
 1 | fleet.layers=9
   |              ^
"#,
    },
];
