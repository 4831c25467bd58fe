//! What happened, moment by moment, in words: shared by the terminal and the page.
//!
//! Owns the order and the wording of moments. Refuses to mix what people were said to take (declared) with what
//! the model made (modelled).

use crate::format::duration;
use crate::result::{Cause, Episode, RunResult, Timeline};

/// What kind of moment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Fault,
    FaultEnds,
    Symptom,
    Alert,
    FalseAlert,
    Evidence,
    CauseKnown,
    Remedy,
    InPlace,
    Lifted,
    Fixed,
    Recovered,
}

impl Kind {
    /// One word for a column or a mark.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::FaultEnds => "fault ends",
            Self::Symptom => "symptom",
            Self::Alert => "alert",
            Self::FalseAlert => "false alert",
            Self::Evidence => "evidence",
            Self::CauseKnown => "cause",
            Self::Remedy => "remedy",
            Self::InPlace => "in place",
            Self::Lifted => "lifted",
            Self::Fixed => "fixed",
            Self::Recovered => "recovered",
        }
    }

    /// Whether it matters how long after the injection it came.
    pub(crate) const fn is_seen_after(self) -> bool {
        matches!(self, Self::Symptom
                | Self::Alert
                | Self::Evidence
                | Self::CauseKnown
                | Self::InPlace
                | Self::Lifted
                | Self::Fixed
                | Self::Recovered)
    }
}

/// One moment of the story.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moment {
    /// Virtual seconds from the start of the run.
    pub(crate) at_s: f64,
    pub(crate) kind: Kind,
    /// What happened, not escaped.
    pub(crate) text: String,
    /// What it rests on, one fact a line, not escaped.
    pub(crate) lines: Vec<String>,
}

impl Moment {
    fn new(at_s: f64, kind: Kind, text: impl Into<String>) -> Self {
        Self { at_s, kind, text: text.into(), lines: Vec::new() }
    }
}

/// All moments in the order of time; those of one second in the order of cause and effect.
pub(crate) fn moments(result: &RunResult) -> Vec<Moment> {
    let timeline = &result.timeline;
    let mut told = Vec::new();
    for fault in &timeline.faults {
        told.push(Moment::new(fault.from_s, Kind::Fault, &fault.what));
    }
    if let Some(symptom) = &timeline.symptom {
        told.push(Moment::new(symptom.at_s, Kind::Symptom, &symptom.what));
    }
    if let Some(alert) = &timeline.alert {
        told.push(Moment::new(alert.at_s, Kind::Alert, alert_text(timeline, alert.at_s, &alert.what)));
    }
    for alert in &timeline.false_alerts {
        told.push(Moment::new(alert.at_s, Kind::FalseAlert, &alert.what));
    }
    told.extend(cause_moments(timeline));
    for remedy in &timeline.remedies {
        told.extend(remedy_moments(timeline, remedy));
    }
    for fault in &timeline.faults {
        // A fault that goes with its remedy is told as fixed.
        let Some(to_s) = fault.to_s else { continue };
        if !timeline.remedies.iter().any(|remedy| remedy.to_s.is_some_and(|s| (s - to_s).abs() <= 1.0)) {
            told.push(Moment::new(to_s, Kind::FaultEnds, &fault.what));
        }
    }
    if let Some(at_s) = timeline.recovered_s {
        told.push(Moment::new(at_s, Kind::Recovered, "success is near its old level again, and stays there"));
    }
    told.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    told
}

/// A remedy begins, takes effect (which mends a fault or only helps) and may be taken back.
fn remedy_moments(timeline: &Timeline, remedy: &Episode) -> Vec<Moment> {
    let mends = |to_s: f64| timeline.faults.iter().any(|fault| fault.to_s == Some(to_s));
    let mut told = Vec::new();
    if remedy.to_s != Some(remedy.from_s) || mends(remedy.from_s) {
        told.push(Moment::new(remedy.from_s, Kind::Remedy, format!("{} begins", remedy.what)));
    }
    if let Some(to_s) = remedy.to_s {
        let help = || Moment::new(to_s, Kind::InPlace, &remedy.what);
        told.push(if mends(to_s) { fixed(timeline, remedy, to_s) } else { help() });
    }
    if let Some(lifted_s) = remedy.lifted_s {
        told.push(Moment::new(lifted_s, Kind::Lifted, &remedy.what));
    }
    told
}

fn alert_text(timeline: &Timeline, at_s: f64, what: &str) -> String {
    match timeline.notified_s {
        Some(notified_s) if notified_s - at_s >= 0.5 => {
            format!("{what}; people told {} later", duration(notified_s - at_s))
        }
        _ => what.to_owned(),
    }
}

fn cause_moments(timeline: &Timeline) -> Vec<Moment> {
    let mut told = Vec::new();
    if let (Some(at_s), Some(cause)) = (timeline.evidence_ready_s, &timeline.cause) {
        let mut moment = Moment::new(at_s, Kind::Evidence, cause_text(cause));
        moment.lines.extend(cause.evidence.iter().cloned());
        told.push(moment);
    }
    if let Some(at_s) = timeline.cause_s {
        let mut moment = Moment::new(at_s, Kind::CauseKnown, "people know the cause");
        for (step, s) in &timeline.humans {
            moment.lines.push(format!("{step}: {} (declared)", duration(*s)));
        }
        told.push(moment);
    }
    told
}

/// The cause in one line.
fn cause_text(cause: &Cause) -> String {
    let kind = cause.kind.replace('_', " ");
    let wrong = if cause.right { "" } else { " (wrong: this is not what was broken)" };
    format!("{kind}: {}.{} of {}{wrong}", cause.resource, cause.operation, cause.service)
}

fn fixed(timeline: &Timeline, remedy: &Episode, to_s: f64) -> Moment {
    let mut moment = Moment::new(to_s, Kind::Fixed, &remedy.what);
    let work = format!("the repair itself took {} (modelled)", duration(to_s - remedy.from_s));
    let first = timeline.remedies.first().is_some_and(|first| first == remedy);
    moment.lines.push(match declared_s(timeline, remedy) {
        Some(declared) if first => format!("people took {} (declared), {work}", duration(declared)),
        _ => work,
    });
    moment
}

/// From the alert to the remedy's start, where the scenario declares what people do meanwhile.
fn declared_s(timeline: &Timeline, remedy: &Episode) -> Option<f64> {
    let alert = timeline.alert.as_ref()?;
    (!timeline.humans.is_empty()).then_some(remedy.from_s - alert.at_s)
}

/// How long after the injection, in words.
pub(crate) fn after_injection(timeline: &Timeline, at_s: f64) -> Option<String> {
    timeline.injected_s.map(|injected_s| duration(at_s - injected_s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn the_story_runs_from_fault_to_recovery() {
        let told = moments(&examples::incident());
        let words: Vec<_> = told.iter().map(|moment| moment.kind.word()).collect();
        assert_eq!(
            words,
            ["fault", "symptom", "alert", "evidence", "cause", "remedy", "fixed", "recovered"],
            "the fault's end is told as its remedy"
        );
        assert_eq!(told[6].lines, ["people took 14 min 5 s (declared), the repair itself took 30 s (modelled)"]);
    }

    #[test]
    fn a_fault_that_goes_by_itself_is_told_to_end() {
        let mut result = examples::incident();
        result.timeline.remedies.clear();
        result.timeline.faults[0].to_s = Some(600.0);
        assert!(moments(&result).iter().any(|moment| moment.kind == Kind::FaultEnds));
    }
}
