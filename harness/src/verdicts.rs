//! Verdicts: what a record shows, held against what the scenario expects.
//!
//! Owns how each id's value is got, its samples and its interval. Reads only the ledger's truth and the detector's
//! findings; with too few samples a verdict is invalid, never passed.

mod estimate;
mod values;

pub(crate) use values::{GROUP_WAIT_S, loss};

use crate::drill::Record;
use doorbuster_model::plan::Plan;
use doorbuster_reports::result::{Basis, Bound, Expect, RunResult, Status, Unit, Verdict, VerdictKind};
use doorbuster_scenarios::Scenario;
use doorbuster_scenarios::types::{Bound as BoundOf, Expectation, Outcome, VerdictKind as KindOf};

/// The verdicts of a run: those the scenario expects, in its order, then the books.
pub(crate) fn verdicts(scenario: &Scenario, plan: &Plan, record: &Record, result: &RunResult) -> Vec<Verdict> {
    let source = values::Source { scenario, plan, record, factor: result.scale.factor };
    let expected = scenario.expect.iter().filter(|(id, _)| *id != CONSERVATION);
    let mut verdicts: Vec<Verdict> =
        expected.map(|(id, expectation)| verdict(id, expectation, source.value(id), record.complete)).collect();
    verdicts.push(conservation(record, result));
    verdicts
}

/// The verdict that the books balance; every run has it.
const CONSERVATION: &str = "accounting.conservation";

const ENDED_EARLY: &str = "the run was ended early";

/// A value with what it rests on.
#[derive(Clone, Debug, PartialEq)]
struct Value {
    value: Option<f64>,
    unit: Unit,
    samples: u64,
    /// Fewest samples for which it says anything.
    needs: u64,
    interval: Option<[f64; 2]>,
    basis: Basis,
    /// Why there is no value, or why it does not count.
    note: Option<String>,
    /// A value that cannot be right whatever it is: a wrong cause.
    refuted: bool,
}

fn verdict(id: &str, expectation: &Expectation, value: Value, complete: bool) -> Verdict {
    let bound = bound(expectation);
    let holds = value.value.is_some_and(|value| {
        bound.at_least.is_none_or(|least| value >= least) && bound.at_most.is_none_or(|most| value <= most)
    });
    let enough = value.samples >= value.needs;
    let status = match (complete && enough, holds && !value.refuted) {
        (false, _) => Status::Invalid,
        (true, true) => Status::Pass,
        (true, false) => Status::Fail,
    };
    let note = match (complete, enough) {
        (false, _) => Some(ENDED_EARLY.to_owned()),
        (true, false) => Some(format!("{} samples, needs {}", value.samples, value.needs)),
        (true, true) => value.note,
    };
    Verdict {
        id: id.to_owned(),
        kind: match expectation.kind {
            KindOf::Reproduction => VerdictKind::Reproduction,
            KindOf::Target => VerdictKind::Target,
        },
        status,
        expect: match expectation.outcome {
            Outcome::Pass => Expect::Pass,
            Outcome::Fail => Expect::Fail,
        },
        value: value.value,
        unit: value.unit,
        bound,
        samples: value.samples,
        interval: value.interval,
        basis: value.basis,
        source: expectation.source.clone(),
        note,
    }
}

fn bound(expectation: &Expectation) -> Bound {
    let number = |bound: BoundOf| match bound {
        BoundOf::Time(time) => time.s(),
        BoundOf::Share(share) => share.ratio,
        BoundOf::Rate(rate) => rate.per_s,
        BoundOf::Number(number) => number,
    };
    let (least, most) = match expectation.between {
        Some([least, most]) => (Some(least), Some(most)),
        None => (expectation.at_least, expectation.at_most),
    };
    Bound { at_least: least.map(number), at_most: most.map(number) }
}

/// Arrivals = answered + failed + in flight, spans made = delivered + sampled out + lost, and everything came back.
fn conservation(record: &Record, result: &RunResult) -> Verdict {
    let books = &result.accounting;
    let lost: u64 = books.spans_lost.values().sum();
    let spans = books.spans_made.abs_diff(books.spans_delivered + books.spans_sampled_out + lost);
    let unbalanced = books.in_flight + spans + record.leftovers.len() as u64;
    Verdict {
        id: CONSERVATION.to_owned(),
        kind: VerdictKind::Accounting,
        status: match (unbalanced, record.complete) {
            (0, true) => Status::Pass,
            (0, false) => Status::Invalid,
            _ => Status::Fail,
        },
        expect: Expect::Pass,
        value: Some(unbalanced as f64),
        unit: Unit::Count,
        bound: Bound { at_least: None, at_most: Some(0.0) },
        samples: books.arrivals,
        interval: None,
        basis: Basis::Modelled,
        source: "design section 2, invariant 4".to_owned(),
        note: match (unbalanced, record.complete) {
            (0, true) => None,
            (0, false) => Some(ENDED_EARLY.to_owned()),
            _ => Some(record.leftovers.join("; ")),
        },
    }
}
