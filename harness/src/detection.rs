//! Detection: from what was observed to a symptom, an alert, and the cause by name.
//!
//! Owns the detector's state over time. It is given exports, sampled traces and names, in types that can't hold the
//! truth; it refuses scenarios, plans, faults and the ledger. Everything follows from its inputs in their order: no
//! clock, no randomness, no hash map.
//!
//! ```text
//! export + traces ─ observe ─┬─ change: the symptom, and with it the end of the baseline
//!                            ├─ alert: the paging rule's windows
//!                            └─ history: ten minutes of exports, a minute of bad traces
//! every second ─── evaluate ─┬─ alert: fires, resolves
//!                            └─ cause: asked when an alert fires and with every later export, until named
//! ```

mod alert;
mod cause;
mod change;
mod history;
mod names;
pub(crate) mod tree;
mod window;

pub(crate) use alert::{AlertEvent, fired};
pub(crate) use cause::{Cause, CauseKind};
pub(crate) use change::Symptom;
pub(crate) use names::{EXTERNAL, EndpointName, Names, Parent, PoolName, ShapeName, StatementName, StoreName, What};

use alert::{AlertChange, Alerts};
use cause::Question;
use change::Changes;
use doorbuster_scenarios::types::AlertRule;
use doorbuster_telemetry::observed::{EXPORT_EVERY_S, Export, TraceSample};
use history::History;
use window::Window;

/// Exports of the baseline, in seconds, at most. Chosen: as long as the change detector remembers.
const BASELINE_S: u32 = 300;
/// The baseline ends so long before the export that shows the symptom begins, in seconds: a scan that takes
/// five seconds is counted when it ends, but burns cores from its start.
const BASELINE_GAP_S: u32 = EXPORT_EVERY_S;

/// Something the detector found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// A series left its usual level.
    Symptom(Symptom),
    /// The paging rule began to hold.
    Alert(AlertEvent),
    /// The paging rule ceased to hold.
    Resolved(AlertEvent),
    /// The cause of an alert; each cause once while any alert fires.
    Cause(Cause),
}

/// The detector of one fleet.
#[derive(Debug)]
pub(crate) struct Detector {
    names: Names,
    alerts: Alerts,
    changes: Changes,
    history: History,
    symptom: Option<Symptom>,
    baseline: Option<Baseline>,
    open: Vec<Investigation>,
    named: Vec<Cause>,
}

/// How things were before they changed.
#[derive(Debug)]
struct Baseline {
    before: Window,
    changed_after_s: u32,
    seen_after_s: u32,
}

/// An alert whose cause isn't named yet.
#[derive(Debug)]
struct Investigation {
    edge: usize,
    fired_s: u32,
    /// The newest export that was there when the cause was last asked for.
    asked_s: Option<u32>,
}

impl Detector {
    /// A detector that has seen nothing.
    pub(crate) fn new(names: Names, rule: &AlertRule) -> Self {
        Self {
            alerts: Alerts::new(&names, rule),
            changes: Changes::new(&names),
            names,
            history: History::default(),
            symptom: None,
            baseline: None,
            open: Vec::new(),
            named: Vec::new(),
        }
    }

    /// Another paging rule from now on.
    pub(crate) fn set_rule(&mut self, rule: &AlertRule) {
        self.alerts.set_rule(rule);
    }

    /// Takes an export, merged over cells, and the sampled traces that came since the one before. In order of time.
    pub(crate) fn observe(&mut self, export: &Export, traces: Vec<TraceSample>) {
        self.alerts.observe(export);
        self.history.observe(&self.names, export, traces, |endpoint| self.changes.slow_ticks(endpoint));
        if let Some(symptom) = self.changes.observe(&self.names, export) {
            self.remember_baseline(symptom.at_s.saturating_sub(EXPORT_EVERY_S));
            self.symptom = Some(symptom);
        }
    }

    /// Says what is found at a second of virtual time. To be called after [`Self::observe`] of that second's export, if there is one.
    pub(crate) fn evaluate(&mut self, now_s: u32) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.symptom.take().map(Finding::Symptom).into_iter().collect();
        for change in self.alerts.evaluate(now_s) {
            findings.push(match change {
                AlertChange::Fired(event) => {
                    self.open.push(Investigation { edge: event.edge, fired_s: now_s, asked_s: None });
                    Finding::Alert(event)
                }
                AlertChange::Resolved(event) => {
                    self.open.retain(|investigation| investigation.edge != event.edge);
                    Finding::Resolved(event)
                }
            });
        }
        if self.alerts.firing().next().is_none() {
            self.named.clear();
            if !self.changes.is_episode() {
                self.baseline = None;
            }
        }
        findings.extend(self.investigate(now_s).into_iter().map(Finding::Cause));
        findings
    }

    /// Asks for the cause of every alert that has none, if there is anything new to ask about.
    fn investigate(&mut self, now_s: u32) -> Vec<Cause> {
        let newest_s = self.history.newest_s();
        let mut found: Vec<Cause> = Vec::new();
        for mut investigation in std::mem::take(&mut self.open) {
            let has_news = investigation.asked_s != Some(newest_s);
            investigation.asked_s = Some(newest_s);
            let cause = has_news.then(|| self.ask(&investigation, now_s)).flatten();
            match cause {
                // Alerts of several edges may share a cause: it is told once.
                Some(cause) if self.named.iter().any(|known| known.is_same(&cause)) => {}
                Some(cause) => {
                    self.named.push(cause.clone());
                    found.push(cause);
                }
                None => self.open.push(investigation),
            }
        }
        found
    }

    fn ask(&mut self, investigation: &Investigation, now_s: u32) -> Option<Cause> {
        // An alert without a symptom: whatever the rule saw lies in its long window.
        self.remember_baseline(investigation.fired_s.saturating_sub(self.alerts.long_s()));
        let baseline = self.baseline.as_ref()?;
        let question = Question {
            edge: investigation.edge,
            fired_s: investigation.fired_s,
            now_s,
            changed_after_s: baseline.changed_after_s,
            seen_after_s: baseline.seen_after_s,
            before: &baseline.before,
        };
        cause::name_cause(&self.names, &self.history, &question)
    }

    /// Keeps the exports from well before `seen_after_s` as the baseline, unless there is one.
    fn remember_baseline(&mut self, seen_after_s: u32) {
        let history = &self.history;
        let changed_after_s = seen_after_s.saturating_sub(BASELINE_GAP_S);
        self.baseline.get_or_insert_with(|| Baseline {
            before: history.window(changed_after_s.saturating_sub(BASELINE_S), changed_after_s),
            changed_after_s,
            seen_after_s,
        });
    }
}

#[cfg(test)]
mod tests;
