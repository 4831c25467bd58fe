//! Two results of one scenario held against each other: what differs in configuration, verdicts and figures, and
//! what of it is worse.
//!
//! Owns the rule. A figure is worse (or better) only when its difference is both
//! - beyond the tolerance: in points for a share (success), in proportion to the baseline for a time or a rate, and
//! - beyond chance: the 99 % interval of the difference does not hold zero. Wilson's interval for a share, the score
//!   interval of a count for a rate, the interval of ranks for a percentile, joined as Newcombe does.
//!
//! Less success, more latency and less throughput are worse. Throughput is judged at the shop's edge, and only under the
//! same traffic and journeys: elsewhere, as for attempts and for failures by cause, a difference is told without a
//! judgement, since a cache makes fewer calls and a breaker other failures without anything being worse. A verdict that
//! was as expected and misses now is worse whatever the tolerance is. With too few samples nothing is said: 100 attempts
//! for a share, a median or a rate, 1,000 for a p99.
//!
//! Refuses to call samples what they are not: they are taken as independent, which those of a busy queue are not. So
//! a gate plays both runs with one seed, where a difference has no other source than the change.

mod configuration;
mod endpoints;
mod noise;
#[cfg(test)]
mod tests;
mod verdicts;
mod words;

pub(crate) use words::{
    cause_text, chance_text, change_text, configuration_text, figure_name, figure_values, headline, interval_text,
    judgement_word, none_changed, setting_text, verdict_states, worse_lines,
};

use crate::result::{Basis, Bound, Expect, RunResult, Status, Unit, Verdict, VerdictKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict that nothing is worse than in the baseline.
pub const REGRESSION: &str = "regression.worse";

/// Settings that are listed; further ones are counted.
const MOST_SETTINGS: usize = 50;
/// Figures that are listed; further ones are counted.
const MOST_FIGURES: usize = 200;

/// A run against its baseline.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Comparison {
    /// What the run was compared with.
    pub baseline: BaselineRun,
    /// From 0 to 1: points of a share, or a part of a time or a rate.
    pub tolerance: f64,
    /// Whether both runs have the same fingerprint: the same stream of spans, to the last one.
    pub same_stream: bool,
    /// What differs in the scenario and in how it was played; words (title, story) are not looked at.
    pub configuration: Vec<Setting>,
    /// Further settings that differ and are not listed.
    pub configuration_left_out: u64,
    /// Verdicts whose status, expectation or value changed.
    pub verdicts: Vec<VerdictChange>,
    /// How many verdicts both runs have.
    pub verdicts_compared: u64,
    /// Figures that differ beyond tolerance and chance: worse ones first, then better ones, then those without a side.
    pub figures: Vec<Figure>,
    /// Further ones of them that are not listed.
    pub figures_left_out: u64,
    /// How many figures there were of each kind.
    pub tally: FigureTally,
    /// Endpoints and windows that only one of the runs has, in words.
    pub unmatched: Vec<String>,
}

/// The run that is the baseline.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct BaselineRun {
    /// Name of its scenario.
    pub scenario: String,
    /// Its seed.
    pub seed: u64,
    /// Fingerprint of its stream.
    pub fingerprint: String,
    /// Cells that it played.
    pub cells_played: u32,
    /// Virtual seconds that it played.
    pub virtual_s: u32,
}

/// A value of the configuration that differs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct Setting {
    /// Its path, as `--set` writes it; `--seed` or `--pipeline` for what stands outside the scenario.
    pub path: String,
    /// The baseline's value, as `--set` writes it and cut where it is long; null where it is not there.
    pub baseline: Option<String>,
    /// This run's.
    pub here: Option<String>,
}

/// A verdict that changed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct VerdictChange {
    /// Its id.
    pub id: String,
    /// Unit of its value.
    pub unit: Unit,
    /// In the baseline; null where it has none of that id.
    pub baseline: Option<VerdictState>,
    /// In this run.
    pub here: Option<VerdictState>,
    /// What the change is.
    pub judgement: Judgement,
}

/// How a verdict stood.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct VerdictState {
    /// Whether its bound held.
    pub status: Status,
    /// What was expected of it.
    pub expect: Expect,
    /// Its value.
    pub value: Option<f64>,
}

/// A figure of one endpoint in one window that differs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Figure {
    /// Service.
    pub service: String,
    /// Endpoint.
    pub endpoint: String,
    /// Window.
    pub window: String,
    /// What it says.
    pub what: What,
    /// The cause, of failures by cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The baseline's value.
    pub baseline: f64,
    /// This run's.
    pub here: f64,
    /// The 99 % interval of the difference, `here - baseline`.
    pub interval: [f64; 2],
    /// Attempts that the baseline's value and this run's rest on.
    pub samples: [u64; 2],
    /// What the difference is.
    pub judgement: Judgement,
}

/// What a figure says of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Successful over all attempts; less is worse.
    Success,
    /// Successful answers per second of the fleet; less is worse, at the edge under the same traffic.
    Throughput,
    /// 99th percentile of the latency; more is worse.
    P99,
    /// Median of the latency; more is worse.
    P50,
    /// Failures of one cause over all attempts; neither is worse, as success judges.
    Failed,
    /// Attempts per second of the fleet; neither is worse.
    Attempts,
}

impl What {
    /// The unit of its values.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Success | Self::Failed => Unit::Ratio,
            Self::P50 | Self::P99 => Unit::S,
            Self::Throughput | Self::Attempts => Unit::PerS,
        }
    }
}

/// What a difference is. The order is the one in which differences are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Worse than the baseline.
    Worse,
    /// Better than the baseline.
    Better,
    /// Different, and neither of the two.
    Different,
}

/// How many figures there were of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct FigureTally {
    /// Figures that have a worse side and enough samples: `same + within + better + worse`.
    pub compared: u64,
    /// Equal to the last bit.
    pub same: u64,
    /// Different, but not beyond both tolerance and chance.
    pub within: u64,
    /// Better.
    pub better: u64,
    /// Worse.
    pub worse: u64,
    /// Figures that have a worse side and too few samples in one of the runs.
    pub too_few: u64,
    /// Figures without a worse side that differ beyond tolerance and chance.
    pub different: u64,
}

impl Comparison {
    /// How many figures and verdicts are worse.
    #[must_use]
    pub fn worse(&self) -> u64 {
        self.tally.worse + self.verdicts_that_are(Judgement::Worse)
    }

    /// How many verdicts changed for the worse, or the better.
    pub(crate) fn verdicts_that_are(&self, judgement: Judgement) -> u64 {
        self.verdicts.iter().filter(|change| change.judgement == judgement).count() as u64
    }

    /// Whether the two runs say the same in everything that is compared.
    #[must_use]
    pub fn nothing_differs(&self) -> bool {
        let tally = &self.tally;
        self.same_stream
            && self.configuration.is_empty()
            && self.verdicts.is_empty()
            && self.unmatched.is_empty()
            && tally.within + tally.better + tally.worse + tally.different == 0
    }
}

/// Compares a run with its baseline. Both are complete and of one scenario, with the same cells played: whoever reads
/// a baseline from a file holds it against that first.
#[must_use]
pub fn compare(baseline: &RunResult, here: &RunResult, tolerance: f64) -> Comparison {
    let mut configuration = configuration::differences(baseline, here);
    let configuration_left_out = configuration.len().saturating_sub(MOST_SETTINGS) as u64;
    configuration.truncate(MOST_SETTINGS);
    let mut figures = endpoints::compare(baseline, here, tolerance);
    let figures_left_out = figures.differing.len().saturating_sub(MOST_FIGURES) as u64;
    figures.differing.truncate(MOST_FIGURES);
    let (verdicts, verdicts_compared) = verdicts::changes(baseline, here);
    Comparison {
        baseline: BaselineRun {
            scenario: baseline.scenario.clone(),
            seed: baseline.seed,
            fingerprint: baseline.fingerprint.clone(),
            cells_played: baseline.scale.cells_played,
            virtual_s: baseline.scale.virtual_s,
        },
        tolerance,
        same_stream: baseline.fingerprint == here.fingerprint,
        configuration,
        configuration_left_out,
        verdicts,
        verdicts_compared,
        figures: figures.differing,
        figures_left_out,
        tally: figures.tally,
        unmatched: figures.unmatched,
    }
}

/// Holds a run against its baseline: adds the comparison and the verdict [`REGRESSION`] to its result. A run that was
/// ended early is not compared, and the verdict is invalid.
pub fn hold_against(result: &mut RunResult, baseline: &RunResult, tolerance: f64) {
    let comparison = result.complete.then(|| compare(baseline, result, tolerance));
    result.verdicts.push(verdict(baseline, comparison.as_ref(), tolerance));
    result.comparison = comparison;
}

fn verdict(baseline: &RunResult, comparison: Option<&Comparison>, tolerance: f64) -> Verdict {
    let compared = comparison.map_or(0, |told| told.tally.compared + told.verdicts_compared);
    let worse = comparison.map(Comparison::worse);
    let (status, note) = match worse {
        None => (Status::Invalid, Some("the run was ended early".to_owned())),
        Some(_) if compared == 0 => (Status::Invalid, Some("the runs have nothing that can be compared".to_owned())),
        Some(0) => (Status::Pass, None),
        Some(_) => (Status::Fail, None),
    };
    Verdict {
        id: REGRESSION.to_owned(),
        kind: VerdictKind::Regression,
        status,
        expect: Expect::Pass,
        value: worse.map(|worse| worse as f64),
        unit: Unit::Count,
        bound: Bound { at_least: None, at_most: Some(0.0) },
        samples: compared,
        interval: None,
        basis: Basis::Modelled,
        source: format!(
            "the baseline with seed {} and fingerprint {:.8}..., tolerance {}",
            baseline.seed,
            baseline.fingerprint,
            words::tolerance_text(tolerance)
        ),
        note,
    }
}
