//! The built-in scenarios' own shapes and metrics under the convention checker.

use crate::shop::all_traces_of;
use doorbuster_model::compile::compile;
use doorbuster_model::plan::{Instr, Plan};
use doorbuster_scenarios::{Source, library, load};
use doorbuster_telemetry::conventions::{check, check_logs, check_metrics};
use doorbuster_telemetry::encode::{Encoder, Place};
use doorbuster_telemetry::metrics::MetricsEncoder;
use doorbuster_telemetry::record::Batch;
use std::collections::BTreeSet;

const PLACE: Place = Place { cell: 0, pass: 0, epoch_unix_ns: 1_760_000_000_000_000_000 };

fn plan_of(name: &str) -> Plan {
    let loaded = load(&Source::Builtin(name.to_owned()), &[]).expect("a built-in scenario");
    compile(name, &loaded.scenario, 11)
}

/// *Scenario*: every built-in scenario: every span that a shopper's request or a message can make, with every outcome, their logs, and two exports.
/// *Guarantees*: no rule is broken, and every shape that the plan has was looked at.
#[test]
fn the_library_keeps_the_conventions() {
    // The shop itself has no traffic: others use it.
    for name in library::names().into_iter().filter(|name| *name != "shop") {
        let plan = plan_of(name);
        let asked = plan.code.iter().filter_map(|instr| match instr {
            Instr::Request(site) => Some(plan.sites[usize::from(*site)].target),
            _ => None,
        });
        let spans = all_traces_of(&plan, asked);
        let batch = Batch { pod: 0, number: 0, at: 0, spans: &spans };
        let encoder = Encoder::new(&plan, PLACE);
        let mut violations = check(&encoder.request(&batch));
        violations.extend(encoder.logs(&batch).iter().flat_map(check_logs));
        let mut metrics = MetricsEncoder::new(&plan, PLACE);
        for at_s in [10, 20] {
            violations.extend(metrics.requests(&crate::metrics::export(&plan, at_s)).iter().flat_map(check_metrics));
        }
        let said: BTreeSet<String> = violations.iter().map(ToString::to_string).collect();
        assert!(said.is_empty(), "`{name}`: {said:#?}");
        let seen: BTreeSet<u16> = spans.iter().map(|record| record.shape).collect();
        assert_eq!(seen.len(), plan.shapes.len(), "`{name}`");
    }
}
