//! The story: faults, alert, cause and remedies, each at its second.
//!
//! Owns the timeline of a run and the commands that follow from it. What a fault is called in truth stands here and
//! goes nowhere near the detector.

mod change;
mod episode;
mod label;
mod start;

pub(crate) use episode::{FaultEpisode, RemedyEpisode};

use crate::detection::{AlertEvent, Cause, Finding, Symptom};
use crate::timeline::{Timeline, Times};
use doorbuster_model::plan::Plan;
use doorbuster_scenarios::Scenario;
use doorbuster_scenarios::types::{AlertRule, Fault, Start};
use doorbuster_telemetry::observed::Export;
use doorbuster_virtual::faults::Command;
use start::Watch;

/// After recovery an alert may still be on its way for so long: the rule's long window of one minute, twice.
const AFTERMATH_S: u32 = 120;

/// What a fault changes, in words.
pub(crate) fn what_changes(name: &str, fault: &Fault, scenario: &Scenario, plan: &Plan) -> String {
    change::of(name, fault, scenario, plan).what
}

/// What happens when.
pub(crate) struct Story {
    /// Faults in the order of the scenario.
    pub(crate) faults: Vec<FaultEpisode>,
    /// Remedies in the order of the scenario.
    pub(crate) remedies: Vec<RemedyEpisode>,
    /// Declared human steps and their seconds.
    pub(crate) humans: Vec<(String, u32)>,
    /// What the change detector saw first after the injection.
    pub(crate) symptom: Option<Symptom>,
    /// The first alert after the injection.
    pub(crate) alert: Option<AlertEvent>,
    /// The first cause named after the injection.
    pub(crate) cause: Option<Cause>,
    /// Alerts without a fault.
    pub(crate) false_alerts: Vec<AlertEvent>,
    /// Whether all of it was decided elsewhere, so that nothing is decided here.
    is_resolved: bool,
    /// The scenario's paging rule.
    rule: AlertRule,
    watch: Watch,
}

impl Story {
    pub(super) fn new(scenario: &Scenario, plan: &Plan, cells: u32) -> Self {
        let faults = scenario.faults.iter().map(|(name, fault)| FaultEpisode::new(name, fault, scenario, plan));
        let remedies = scenario.remedies.iter().map(|(name, remedy)| RemedyEpisode::new(name, remedy, plan));
        Self {
            faults: faults.collect(),
            remedies: remedies.collect(),
            humans: scenario.humans.iter().map(|(name, time)| (name.clone(), time.s() as u32)).collect(),
            symptom: None,
            alert: None,
            cause: None,
            false_alerts: Vec::new(),
            is_resolved: false,
            rule: scenario.alert.clone(),
            watch: Watch::new(plan, cells),
        }
    }

    /// The story that a timeline tells, before its first second; `None` where the timeline tells one of another scenario.
    pub(super) fn resolved(scenario: &Scenario, plan: &Plan, cells: u32, timeline: &Timeline) -> Option<Self> {
        let mut story = Self::new(scenario, plan, cells);
        story.is_resolved = true;
        story.symptom.clone_from(&timeline.symptom);
        story.alert = timeline.alert;
        story.cause.clone_from(&timeline.cause);
        story.false_alerts.clone_from(&timeline.false_alerts);
        let names = |times: &[Times]| times.iter().map(|times| times.name.clone()).collect::<Vec<String>>();
        let are_same = story.faults.iter().map(|fault| &fault.name).eq(&names(&timeline.faults))
            && story.remedies.iter().map(|remedy| &remedy.name).eq(&names(&timeline.remedies));
        for (remedy, times) in story.remedies.iter_mut().zip(&timeline.remedies) {
            remedy.from_s = times.from_s;
            remedy.lifted_s = times.lifted_s;
        }
        are_same.then_some(story)
    }

    /// The same story after its last second, with nobody playing it; `None` also where faults do not end as the timeline says.
    pub(crate) fn told(scenario: &Scenario, plan: &Plan, cells: u32, timeline: &Timeline) -> Option<Self> {
        let mut story = Self::resolved(scenario, plan, cells, timeline)?;
        for second in 0..plan.duration_s {
            story.commands(second);
        }
        (story.times() == (timeline.faults.clone(), timeline.remedies.clone())).then_some(story)
    }

    /// The story of a run with nothing but traffic: these alerts, all of them false.
    pub(crate) fn quiet(scenario: &Scenario, plan: &Plan, cells: u32, alerts: Vec<AlertEvent>) -> Self {
        Self { false_alerts: alerts, is_resolved: true, ..Self::new(scenario, plan, cells) }
    }

    /// When each fault and each remedy began and ended.
    pub(crate) fn times(&self) -> (Vec<Times>, Vec<Times>) {
        let fault = |fault: &FaultEpisode| Times {
            name: fault.name.clone(),
            what: fault.what.clone(),
            from_s: Some(fault.from_s),
            to_s: fault.to_s,
            lifted_s: None,
        };
        let remedy = |remedy: &RemedyEpisode| Times {
            name: remedy.name.clone(),
            what: remedy.what.clone(),
            from_s: remedy.from_s,
            to_s: remedy.done_s(),
            lifted_s: remedy.lifted_s,
        };
        (self.faults.iter().map(fault).collect(), self.remedies.iter().map(remedy).collect())
    }

    /// Second of the first injection.
    pub(crate) fn injected_s(&self) -> Option<u32> {
        self.faults.iter().map(|fault| fault.from_s).min()
    }

    /// Second at which the first remedy started or is known to start.
    pub(crate) fn first_remedy_s(&self) -> Option<u32> {
        self.remedies.iter().filter_map(|remedy| remedy.from_s).min()
    }

    /// Second at which the people have the cause: the steps they declare are done and the evidence is there.
    pub(crate) fn cause_in_hand_s(&self) -> Option<u32> {
        let humans: u32 = self.humans.iter().map(|(_, seconds)| seconds).sum();
        Some((self.alert.as_ref()?.at_s + humans).max(self.cause.as_ref()?.at_s))
    }

    /// What changes at the beginning of a second.
    pub(super) fn commands(&mut self, second: u32) -> Vec<Command> {
        self.decide_starts(second);
        let mut commands = Vec::new();
        for fault in &self.faults {
            let lasts = fault.to_s.is_none_or(|to_s| second < to_s);
            let due = fault.commands.iter().filter(|(after_s, _)| lasts && fault.from_s + after_s == second);
            commands.extend(due.map(|(_, command)| command.clone()));
            if fault.to_s == Some(second) && fault.from_s < second {
                commands.extend(fault.undo.iter().cloned());
            }
        }
        for remedy in &self.remedies {
            if remedy.done_s() == Some(second) {
                commands.push(remedy.command.clone());
                for fault in self.faults.iter_mut().filter(|fault| fault.to_s.is_none() && fault.from_s < second) {
                    if remedy.mends(fault) {
                        fault.to_s = Some(second);
                    }
                }
            }
            if remedy.lifted_s == Some(second) {
                commands.extend(remedy.undo.clone());
            }
        }
        commands
    }

    /// The paging rule from this second on, if it changes.
    pub(super) fn rule(&self, second: u32) -> Option<AlertRule> {
        let begins = self.faults.iter().filter(|fault| fault.from_s == second).find_map(|fault| fault.rule.clone());
        let ends = self.faults.iter().any(|fault| fault.rule.is_some() && fault.to_s == Some(second));
        begins.or_else(|| ends.then(|| self.rule.clone()))
    }

    /// Takes what the detector found.
    pub(super) fn note(&mut self, finding: Finding, now_s: u32, recovered_s: Option<u32>) {
        if self.is_resolved {
            return;
        }
        // A fault that harms nobody (a rule that is too tight, a wrong clock) has no cause to find: pages are false then.
        let harms = self.faults.iter().filter(|fault| !fault.labels.is_empty());
        let during = harms.map(|fault| fault.from_s).min().is_some_and(|injected| injected <= now_s);
        let over = recovered_s.is_some_and(|recovered| now_s > recovered + AFTERMATH_S);
        match finding {
            Finding::Symptom(symptom) if during && self.symptom.is_none() => self.symptom = Some(symptom),
            Finding::Alert(alert) if !during || over => self.false_alerts.push(alert),
            Finding::Alert(alert) if self.alert.is_none() => self.alert = Some(alert),
            Finding::Cause(cause) if during && self.cause.is_none() => self.cause = Some(cause),
            Finding::Symptom(_) | Finding::Alert(_) | Finding::Resolved(_) | Finding::Cause(_) => {}
        }
    }

    /// Looks at the conditions of remedies that have not started, or that are to be taken back.
    pub(super) fn conditions(&mut self, export: &Export, now_s: u32) {
        if self.is_resolved {
            return;
        }
        if self.alert.is_none() {
            self.watch.remember(export);
        }
        for remedy in &mut self.remedies {
            let acts = remedy.done_s().is_some_and(|done_s| done_s < now_s);
            if let Start::When(condition) = &remedy.start
                && remedy.from_s.is_none()
                && self.watch.holds(condition, export)
            {
                remedy.from_s = Some(now_s);
            } else if let Some(condition) = &remedy.until
                && acts
                && remedy.lifted_s.is_none()
                && self.watch.holds(condition, export)
            {
                remedy.lifted_s = Some(now_s);
            }
        }
    }

    /// Whether the cause that was named is what a fault truly is.
    pub(crate) fn cause_is_right(&self) -> bool {
        self.cause
            .as_ref()
            .is_some_and(|cause| self.faults.iter().flat_map(|fault| &fault.labels).any(|label| label.is(cause)))
    }

    fn decide_starts(&mut self, second: u32) {
        if self.is_resolved {
            return;
        }
        let alert_s = self.alert.as_ref().map(|alert| alert.at_s);
        let cause_s = self.cause_in_hand_s();
        for remedy in self.remedies.iter_mut().filter(|remedy| remedy.from_s.is_none()) {
            let start = match &remedy.start {
                Start::At(time) => Some(time.s() as u32),
                Start::AfterAlert(delay) => alert_s.map(|at| at + delay.s() as u32),
                Start::AfterCause(delay) => cause_s.map(|at| at + delay.s() as u32),
                Start::When(_) => None,
            };
            // Nothing starts in a second that is over.
            remedy.from_s = start.map(|start| start.max(second));
        }
    }
}
