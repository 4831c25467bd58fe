//! The story: faults, alert, cause and remedies, each at its second.
//!
//! Owns the timeline of a run and the commands that follow from it. What a fault is called in truth stands here and
//! goes nowhere near the detector.

mod label;
mod start;

pub(crate) use label::Label;

use crate::detection::{AlertEvent, Cause, Finding, Symptom};
use doorbuster_model::plan::{Plan, StatementId};
use doorbuster_model::time::ns_from_ticks;
use doorbuster_scenarios::Scenario;
use doorbuster_scenarios::types::{Action, Fault, FaultKind, Remedy, Start};
use doorbuster_telemetry::observed::Export;
use doorbuster_virtual::faults::{Command, shards_hit};
use start::Watch;

/// After recovery an alert may still be on its way for so long: the rule's long window of one minute, twice.
const AFTERMATH_S: u32 = 120;

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
    watch: Watch,
}

/// A fault and its time.
pub(crate) struct FaultEpisode {
    /// Its name.
    pub(crate) name: String,
    /// What it does, in words.
    pub(crate) what: String,
    /// What it is, for whoever has to name it.
    pub(crate) labels: Vec<Label>,
    /// Second of the injection.
    pub(crate) from_s: u32,
    /// Second at which it goes by itself, or a remedy took it away.
    pub(crate) to_s: Option<u32>,
    command: Command,
}

/// A remedy and its time.
pub(crate) struct RemedyEpisode {
    /// Its name.
    pub(crate) name: String,
    /// What it does, in words.
    pub(crate) what: String,
    /// When it starts, as the scenario says.
    pub(crate) start: Start,
    /// Second at which it was started, once that is known.
    pub(crate) from_s: Option<u32>,
    /// Seconds until it takes effect.
    pub(crate) takes_s: u32,
    command: Command,
}

impl RemedyEpisode {
    /// Second at which it takes effect.
    pub(crate) fn done_s(&self) -> Option<u32> {
        self.from_s.map(|from| from + self.takes_s)
    }
}

impl Story {
    pub(super) fn new(scenario: &Scenario, plan: &Plan, cells: u32) -> Self {
        let faults = scenario.faults.iter().map(|(name, fault)| fault_episode(name, fault, plan));
        let remedies = scenario.remedies.iter().map(|(name, remedy)| remedy_episode(name, remedy, plan));
        Self {
            faults: faults.collect(),
            remedies: remedies.collect(),
            humans: scenario.humans.iter().map(|(name, time)| (name.clone(), time.s() as u32)).collect(),
            symptom: None,
            alert: None,
            cause: None,
            false_alerts: Vec::new(),
            watch: Watch::new(plan, cells),
        }
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
            if fault.from_s == second {
                commands.push(fault.command.clone());
            }
            if fault.to_s == Some(second) && fault.from_s < second {
                commands.push(undone(&fault.command));
            }
        }
        for remedy in self.remedies.iter().filter(|remedy| remedy.done_s() == Some(second)) {
            commands.push(remedy.command.clone());
            for fault in self.faults.iter_mut().filter(|fault| fault.to_s.is_none() && fault.from_s < second) {
                if mends(&remedy.command, &fault.command) {
                    fault.to_s = Some(second);
                }
            }
        }
        commands
    }

    /// Takes what the detector found.
    pub(super) fn note(&mut self, finding: Finding, now_s: u32, recovered_s: Option<u32>) {
        let during = self.injected_s().is_some_and(|injected| injected <= now_s);
        let over = recovered_s.is_some_and(|recovered| now_s > recovered + AFTERMATH_S);
        match finding {
            Finding::Symptom(symptom) if during && self.symptom.is_none() => self.symptom = Some(symptom),
            Finding::Alert(alert) if !during || over => self.false_alerts.push(alert),
            Finding::Alert(alert) if self.alert.is_none() => self.alert = Some(alert),
            Finding::Cause(cause) if during && self.cause.is_none() => self.cause = Some(cause),
            Finding::Symptom(_) | Finding::Alert(_) | Finding::Resolved(_) | Finding::Cause(_) => {}
        }
    }

    /// Looks at the conditions of remedies that have not started.
    pub(super) fn conditions(&mut self, export: &Export, now_s: u32) {
        for remedy in self.remedies.iter_mut().filter(|remedy| remedy.from_s.is_none()) {
            if let Start::When(condition) = &remedy.start
                && self.watch.holds(condition, export)
            {
                remedy.from_s = Some(now_s);
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

fn fault_episode(name: &str, fault: &Fault, plan: &Plan) -> FaultEpisode {
    let FaultKind::LostIndex(lost) = &fault.change;
    let store = plan.stores.iter().position(|store| store.name == lost.store).expect("invariant: a checked store");
    let shards = shards_hit(plan, store as u16, lost.shards.ratio * fault.intensity.ratio);
    let statements = statements_with(plan, &lost.store, &lost.table, &lost.index);
    let (hit, all) = (shards.len(), plan.stores[store].shards);
    FaultEpisode {
        name: name.to_owned(),
        what: format!("index {} of {} lost on {hit} of {all} shards", lost.index, lost.table),
        labels: label::missing_index(plan, &statements),
        from_s: fault.at.s() as u32,
        to_s: fault.until.map(|until| until.s() as u32),
        command: Command::Index { statements, shards, lost: true },
    }
}

fn remedy_episode(name: &str, remedy: &Remedy, plan: &Plan) -> RemedyEpisode {
    let Action::RebuildIndex(rebuild) = &remedy.action;
    let statements = statements_with(plan, &rebuild.store, &rebuild.table, &rebuild.index);
    let scans = statements.iter().filter_map(|id| plan.statements[usize::from(*id)].scan.as_ref());
    let ticks = scans.map(|scan| scan.rebuild).max().unwrap_or_default();
    let store = plan.stores.iter().find(|store| store.name == rebuild.store).expect("invariant: a checked store");
    RemedyEpisode {
        name: name.to_owned(),
        what: format!("rebuild index {} of {}", rebuild.index, rebuild.table),
        start: remedy.start.clone(),
        from_s: None,
        takes_s: ns_from_ticks(ticks).div_ceil(1_000_000_000) as u32,
        command: Command::Index { statements, shards: (0..store.shards).collect(), lost: false },
    }
}

/// The statements of a store that use an index.
fn statements_with(plan: &Plan, store: &str, table: &str, index: &str) -> Vec<StatementId> {
    let uses = |id: &StatementId| {
        let statement = &plan.statements[usize::from(*id)];
        plan.stores[usize::from(statement.store)].name == store
            && statement.scan.as_ref().is_some_and(|scan| scan.table == table && scan.index == index)
    };
    (0..plan.statements.len() as StatementId).filter(uses).collect()
}

/// The command that takes a fault's command back.
fn undone(command: &Command) -> Command {
    match command.clone() {
        Command::Index { statements, shards, .. } => Command::Index { statements, shards, lost: false },
    }
}

/// Whether a remedy's command takes a fault's away.
fn mends(remedy: &Command, fault: &Command) -> bool {
    let (Command::Index { statements: mended, .. }, Command::Index { statements: broken, .. }) = (remedy, fault);
    broken.iter().all(|statement| mended.contains(statement))
}
