//! `junit.xml`: one test case per verdict, for the CI that reads such files.
//!
//! Owns that mapping: not as expected is a failure, what cannot be said is an error. Refuses to skip anything.

use crate::comparison::{self, REGRESSION};
use crate::escape::Html;
use crate::format::bound;
use crate::outcome::{Standing, Tally, standing};
use crate::replay::command;
use crate::result::{RunResult, Verdict};
use crate::run::RunInfo;
use crate::words;

/// The verdicts as a JUnit file. The time of the suite is wall-clock time; a test case has none of its own.
#[must_use]
pub fn junit(result: &RunResult, run: &RunInfo) -> String {
    let tally = Tally::of(result);
    let counts =
        format!("tests=\"{}\" failures=\"{}\" errors=\"{}\"", result.verdicts.len(), tally.missed, tally.invalid);
    let wall_s = if run.wall_s.is_finite() { run.wall_s } else { 0.0 };
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str(&format!("<testsuites name=\"doorbuster\" {counts} time=\"{wall_s:.3}\">\n"));
    xml.push_str(&format!(
        "  <testsuite name=\"{}\" {counts} skipped=\"0\" time=\"{wall_s:.3}\">\n",
        Html(&result.scenario)
    ));
    xml.push_str("    <properties>\n");
    property(&mut xml, "command", &command(result, run));
    property(&mut xml, "seed", &result.seed.to_string());
    property(&mut xml, "fingerprint", &result.fingerprint);
    property(&mut xml, "complete", if result.complete { "true" } else { "false" });
    comparison_properties(&mut xml, result);
    xml.push_str("    </properties>\n");
    for verdict in &result.verdicts {
        test_case(&mut xml, result, verdict);
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// The baseline and each setting that differs from it.
fn comparison_properties(xml: &mut String, result: &RunResult) {
    let Some(told) = &result.comparison else { return };
    property(xml, "baseline", &comparison::headline(told));
    property(xml, "baseline.seed", &told.baseline.seed.to_string());
    property(xml, "baseline.fingerprint", &told.baseline.fingerprint);
    for setting in &told.configuration {
        property(xml, "configuration", &comparison::setting_text(setting));
    }
}

fn property(xml: &mut String, name: &str, value: &str) {
    xml.push_str(&format!("      <property name=\"{name}\" value=\"{}\"/>\n", Html(value)));
}

fn test_case(xml: &mut String, result: &RunResult, verdict: &Verdict) {
    let standing = standing(result, verdict);
    let class = format!("doorbuster.{}", result.scenario);
    xml.push_str(&format!("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"", Html(&class), Html(&verdict.id)));
    let element = match standing {
        Standing::AsExpected => {
            xml.push_str("/>\n");
            return;
        }
        Standing::Missed => "failure",
        Standing::Invalid => "error",
    };
    let message = format!("{}, bound {}", words::value(verdict), bound(&verdict.bound, verdict.unit));
    let mut text = format!(
        "expected that the bound {}\nbasis: {}\nsamples: {}\nsource: {}\n",
        words::expect(verdict.expect),
        words::basis(verdict.basis),
        verdict.samples,
        verdict.source
    );
    if let Some(note) = &verdict.note {
        text.push_str(&format!("note: {note}\n"));
    }
    if verdict.id == REGRESSION
        && let Some(told) = &result.comparison
    {
        text.push_str(&comparison::worse_lines(told));
    }
    xml.push_str(&format!(
        ">\n      <{element} message=\"{}\" type=\"{}\">{}</{element}>\n    </testcase>\n",
        Html(&message),
        words::kind(verdict.kind),
        Html(&text)
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::wellformed::assert_well_formed;

    #[test]
    fn misses_are_failures_and_invalid_ones_errors() {
        let xml = junit(&examples::missed(), &examples::run_info());
        assert_well_formed(&xml);
        assert!(
            xml.contains("<testsuite name=\"payment-index-loss\" tests=\"14\" failures=\"2\" errors=\"1\""),
            "{xml}"
        );
        assert_eq!(xml.matches("<testcase ").count(), 14);
        assert_eq!(xml.matches("</failure>").count(), 2);
        assert_eq!(xml.matches("</error>").count(), 1);
        assert!(xml.contains("message=\"96.98 %, bound at least 97 %\""), "{xml}");
    }

    #[test]
    fn an_early_end_is_all_errors() {
        let xml = junit(&examples::ended_early(), &examples::run_info());
        assert!(xml.contains("tests=\"14\" failures=\"0\" errors=\"14\""), "{xml}");
    }

    #[test]
    fn what_is_worse_and_what_was_changed_stand_in_the_failure() {
        let xml = junit(&examples::compared(), &examples::run_info());
        let case = xml.split("name=\"regression.worse\"").nth(1).expect("it has its case");
        for line in [
            "message=\"5, bound at most 0\" type=\"regression\"",
            "\nworse: incident.success.during: 70.4 % as expected -&gt; 56.2 % missed\n",
            "\nworse: gateway.pay, during: success 70.4 % -&gt; 56.2 % (failed by timeout 26.6 % -&gt; 39.4 %)\n",
            "\nconfiguration: stores.payments.shards 16 -&gt; 8\n",
        ] {
            assert!(case.contains(line), "{line} is not in {case}");
        }
        assert!(
            xml.contains("<property name=\"configuration\" value=\"stores.payments.shards 16 -&gt; 8\"/>"),
            "{xml}"
        );
    }

    #[test]
    fn every_example_is_well_formed() {
        for result in examples::all() {
            assert_well_formed(&junit(&result, &examples::run_info()));
        }
    }
}
