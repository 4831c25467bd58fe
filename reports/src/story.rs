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
    /// A remedy begins.
    Remedy,
    /// A remedy that acts as soon as it begins, and doesn't take the fault away.
    AtOnce,
    /// A remedy has its effect, and doesn't take the fault away.
    Done,
    /// A remedy is taken back.
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
            Self::Remedy | Self::AtOnce => "remedy",
            Self::Done => "done",
            Self::Lifted => "lifted",
            Self::Fixed => "fixed",
            Self::Recovered => "recovered",
        }
    }

    /// Whether it matters how long after the injection it came.
    pub(crate) const fn is_seen_after(self) -> bool {
        match self {
            Self::Symptom | Self::Alert | Self::Evidence | Self::CauseKnown => true,
            Self::Remedy | Self::AtOnce | Self::Done | Self::Lifted | Self::Fixed | Self::Recovered => true,
            Self::Fault | Self::FaultEnds | Self::FalseAlert => false,
        }
    }
}

/// One moment of the story.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moment {
    /// Virtual seconds from the start of the run.
    pub(crate) at_s: f64,
    pub(crate) kind: Kind,
    /// Which remedy it is about, from 1, where there are several.
    pub(crate) number: Option<usize>,
    /// What happened, not escaped.
    pub(crate) text: String,
    /// What it rests on, one fact a line, not escaped.
    pub(crate) lines: Vec<String>,
}

impl Moment {
    fn new(at_s: f64, kind: Kind, text: impl Into<String>) -> Self {
        Self { at_s, kind, number: None, text: text.into(), lines: Vec::new() }
    }

    /// Its kind in a word, and the number of the remedy where there are several.
    pub(crate) fn label(&self) -> String {
        let word = self.kind.word();
        self.number.map_or_else(|| word.to_owned(), |number| format!("{word} {number}"))
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
    for (index, remedy) in timeline.remedies.iter().enumerate() {
        let number = (timeline.remedies.len() > 1).then_some(index + 1);
        told.extend(remedy_moments(timeline, remedy).into_iter().map(|moment| Moment { number, ..moment }));
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

/// A remedy's start and its effect; one moment where both are the same.
fn remedy_moments(timeline: &Timeline, remedy: &Episode) -> Vec<Moment> {
    let mut told = effect_moments(timeline, remedy);
    if let Some(lifted_s) = remedy.lifted_s {
        told.push(Moment::new(lifted_s, Kind::Lifted, &remedy.what));
    }
    told
}

fn effect_moments(timeline: &Timeline, remedy: &Episode) -> Vec<Moment> {
    let begins = Moment::new(remedy.from_s, Kind::Remedy, format!("{} begins", remedy.what));
    let Some(to_s) = remedy.to_s else { return vec![begins] };
    let mends = timeline.faults.iter().any(|fault| fault.to_s.is_some_and(|s| (s - to_s).abs() <= 1.0));
    let is_fix = mends || timeline.remedies.len() == 1;
    if to_s - remedy.from_s >= 0.5 {
        let kind = if is_fix { Kind::Fixed } else { Kind::Done };
        return vec![begins, in_effect(timeline, remedy, to_s, kind)];
    }
    let kind = if is_fix { Kind::Fixed } else { Kind::AtOnce };
    let mut moment = in_effect(timeline, remedy, to_s, kind);
    moment.text.push_str(", in effect at once");
    vec![moment]
}

fn in_effect(timeline: &Timeline, remedy: &Episode, to_s: f64, kind: Kind) -> Moment {
    let mut moment = Moment::new(to_s, kind, &remedy.what);
    let first = timeline.remedies.first().is_some_and(|first| first == remedy);
    let mut parts = Vec::new();
    if let Some(declared) = declared_s(timeline, remedy).filter(|_| first) {
        parts.push(format!("people took {} (declared)", duration(declared)));
    }
    if to_s - remedy.from_s >= 0.5 {
        parts.push(format!("the repair itself took {} (modelled)", duration(to_s - remedy.from_s)));
    }
    if !parts.is_empty() {
        moment.lines.push(parts.join(", "));
    }
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
    fn several_remedies_are_numbered_and_one_of_them_mends() {
        let told = moments(&examples::avalanche());
        let labels: Vec<_> = told.iter().map(Moment::label).filter(|label| label.contains(char::is_numeric)).collect();
        assert_eq!(
            labels,
            ["remedy 1", "remedy 2", "remedy 3", "fixed 3", "done 2", "remedy 4"],
            "a remedy that acts at once is one moment"
        );
        let first = told.iter().find(|moment| moment.number == Some(1)).expect("it is told");
        assert_eq!(first.text, "limit the edge to 60k requests/s, in effect at once");
    }

    #[test]
    fn a_fault_that_goes_by_itself_is_told_to_end() {
        let mut result = examples::incident();
        result.timeline.remedies.clear();
        result.timeline.faults[0].to_s = Some(600.0);
        assert!(moments(&result).iter().any(|moment| moment.kind == Kind::FaultEnds));
    }
}
