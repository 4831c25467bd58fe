//! The one sentence: what broke, when it was seen, its cause, when it was over, what it cost.
//!
//! Owns that sentence for page, terminal and Markdown. Refuses to escape it: each of them does that for itself.

use crate::figures::{edge_success, figures, focus, held, slowest_endpoint};
use crate::format::{count, duration, percent, rate};
use crate::result::RunResult;
use crate::story::after_injection;

/// The run in one sentence, not escaped.
#[must_use]
pub fn sentence(result: &RunResult) -> String {
    let told = if result.timeline.injected_s.is_some() { incident(result) } else { quiet(result) };
    if result.complete {
        return told;
    }
    format!("Ended early, after {} of virtual time. {told}", duration(f64::from(result.scale.virtual_s)))
}

fn incident(result: &RunResult) -> String {
    let timeline = &result.timeline;
    let mut parts = Vec::new();
    parts.extend(success_change(result));
    parts.push(match &timeline.alert {
        Some(alert) => format!("the alert fired after {}", since_injection(result, alert.at_s)),
        None => "no alert fired".to_owned(),
    });
    parts.push(match (&timeline.cause, timeline.evidence_ready_s) {
        (Some(cause), Some(at_s)) => {
            let what = if cause.right { "the evidence named the cause" } else { "a wrong cause was named" };
            format!("{what} ({}) after {}", cause.kind.replace('_', " "), since_injection(result, at_s))
        }
        _ => "no cause was named".to_owned(),
    });
    let end = match timeline.recovered_s {
        Some(at_s) => format!("service was back after {}", since_injection(result, at_s)),
        None if held(result) => "service held".to_owned(),
        None if !result.complete => "it had not recovered when the run was ended".to_owned(),
        None => "service did not come back".to_owned(),
    };
    let mut text = format!("{}: {}, and {end}", broken(result), parts.join(", "));
    if let Some(loss) = &result.loss {
        text.push_str(&format!(
            "; it cost {} orders ({} CNY), and {} shoppers met a failure",
            count(loss.orders),
            count(loss.gmv_cny),
            count(loss.users)
        ));
    }
    text.push('.');
    text
}

/// What broke, with a capital letter.
fn broken(result: &RunResult) -> String {
    let Some(first) = result.timeline.faults.first() else { return "A fault was injected".to_owned() };
    let mut chars = first.what.chars();
    let mut text: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    text.push_str(chars.as_str());
    match result.timeline.faults.len() {
        1 => text,
        n => format!("{text} (and {} more)", n - 1),
    }
}

fn success_change(result: &RunResult) -> Option<String> {
    let told = figures(result);
    let value_in = |window| told.iter().find(|figures| figures.window == window).and_then(|figures| figures.success);
    let (before, during) = (value_in("before")?, value_in("during")?);
    let verb = if during < before { "fell" } else { "went" };
    let of = focus(result).map_or_else(String::new, |focus| format!(" of {}", focus.edge));
    Some(format!("success{of} {verb} from {} to {}", percent(before), percent(during)))
}

fn since_injection(result: &RunResult, at_s: f64) -> String {
    after_injection(&result.timeline, at_s).unwrap_or_else(|| duration(at_s))
}

fn quiet(result: &RunResult) -> String {
    let mut text = "Nothing was broken".to_owned();
    if let Some(success) = edge_success(result) {
        let made = result.accounting.arrivals as f64;
        text.push_str(&format!(": {} of {} requests succeeded", percent(success), count(made)));
        text.push_str(&format!(" at {}", rate(result.scale.requests_per_s)));
    }
    if let Some((stats, p99_s)) = slowest_endpoint(result) {
        let name = format!("{}.{}", stats.service, stats.endpoint);
        text.push_str(&format!(", the slowest endpoint ({name}) had a p99 of {}", duration(p99_s)));
    }
    text.push_str(match result.timeline.false_alerts.len() {
        0 => ", and no alert fired.",
        1 => ", and one alert fired without a fault.",
        _ => ", and alerts fired without a fault.",
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn an_incident_is_one_sentence() {
        assert_eq!(
            sentence(&examples::incident()),
            "Index user_id of payments lost on 4 of 16 shards: success of gateway.pay fell from 98.0 % to 70.4 %, \
             the alert fired after 45 s, the evidence named the cause (missing index) after 1 min 10 s, and service was \
             back after 15 min 50 s; it cost 4,840 orders (130,680 CNY), and 5,214 shoppers met a failure."
        );
    }

    #[test]
    fn what_did_not_happen_is_said() {
        let mut result = examples::incident();
        result.timeline.alert = None;
        result.timeline.cause = None;
        result.timeline.recovered_s = None;
        result.loss = None;
        assert_eq!(
            sentence(&result),
            "Index user_id of payments lost on 4 of 16 shards: success of gateway.pay fell from 98.0 % to 70.4 %, \
             no alert fired, no cause was named, and service did not come back."
        );
    }

    #[test]
    fn a_fault_that_hurt_nobody_needs_no_recovery() {
        let mut result = examples::incident();
        result.timeline.recovered_s = None;
        for verdict in result.verdicts.iter_mut().filter(|verdict| verdict.id.starts_with("incident.success.")) {
            verdict.value = Some(0.98);
        }
        assert!(sentence(&result).contains(", and service held"), "{}", sentence(&result));
    }

    #[test]
    fn a_quiet_day_and_an_early_end() {
        assert_eq!(
            sentence(&examples::quiet_day()),
            "Nothing was broken: 98.9 % of 10,801,440 requests succeeded at 60k/s, the slowest endpoint \
             (payment.pay) had a p99 of 49 ms, and no alert fired."
        );
        assert!(sentence(&examples::ended_early()).starts_with("Ended early, after 6 min 40 s of virtual time. "));
        assert_eq!(sentence(&examples::empty()), "Nothing was broken, and no alert fired.");
    }
}
