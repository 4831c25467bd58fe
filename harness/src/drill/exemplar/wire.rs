//! The candidates of a run as rows of integers, to be written by one machine and merged by another.
//!
//! Owns their order: endpoint, window, sort. Refuses what the plan says anyway: rows are read into the candidates of a run
//! that has seen nothing.

use super::{Candidates, Exemplars, keep, rank};
use doorbuster_telemetry::observed::TraceSample;
use doorbuster_telemetry::record::SpanRecord;
use serde::{Deserialize, Serialize};

/// All candidates of a run.
#[derive(Debug, Deserialize, Serialize)]
pub(in crate::drill) struct ExemplarRows {
    /// By endpoint, window and sort.
    rows: Vec<Vec<Vec<CandidateRow>>>,
    /// From which duration on a trace is slow, by endpoint.
    slow_ticks: Vec<Option<u64>>,
}

/// The candidates of one sort.
#[derive(Debug, Deserialize, Serialize)]
struct CandidateRow {
    seen: u64,
    /// Number of the trace and duration.
    durations: Vec<(u64, u32)>,
    /// Cell and spans.
    traces: Vec<(u32, Vec<[u64; 9]>)>,
}

impl Exemplars {
    /// As rows.
    pub(in crate::drill) fn rows(&self) -> ExemplarRows {
        let of_window = |sorts: &super::Sorts| sorts.0.iter().map(row).collect();
        let of_endpoint =
            |endpoint: &super::OfEndpoint| endpoint.windows.iter().map(|(_, sorts)| of_window(sorts)).collect();
        ExemplarRows { rows: self.0.iter().map(of_endpoint).collect(), slow_ticks: self.slow_ticks() }
    }

    /// Takes rows into candidates that have seen nothing; `None` where the rows belong to another plan.
    pub(in crate::drill) fn with_rows(mut self, rows: ExemplarRows) -> Option<Self> {
        if rows.slow_ticks.len() != self.0.len() || rows.rows.len() != self.0.len() {
            return None;
        }
        self.set_slow_ticks(&rows.slow_ticks);
        for (endpoint, windows) in self.0.iter_mut().zip(rows.rows) {
            if windows.len() != endpoint.windows.len() {
                return None;
            }
            for ((_, sorts), rows) in endpoint.windows.iter_mut().zip(windows) {
                if rows.len() != sorts.0.len() {
                    return None;
                }
                for (candidates, row) in sorts.0.iter_mut().zip(rows) {
                    fill(candidates, row)?;
                }
            }
        }
        Some(self)
    }
}

fn row(candidates: &Candidates) -> CandidateRow {
    CandidateRow {
        seen: candidates.seen,
        durations: candidates.durations.iter().map(|((_, number), duration)| (*number, *duration)).collect(),
        traces: candidates
            .traces
            .values()
            .map(|trace| (trace.cell, trace.spans.iter().map(of_span).collect()))
            .collect(),
    }
}

fn fill(candidates: &mut Candidates, row: CandidateRow) -> Option<()> {
    candidates.seen = row.seen;
    for (number, duration) in row.durations {
        keep(&mut candidates.durations, super::DURATIONS, rank(number), || duration);
    }
    for (cell, spans) in row.traces {
        let spans = spans.iter().map(to_span).collect::<Option<Vec<SpanRecord>>>()?;
        spans.first().filter(|root| root.index == 0)?;
        let trace = TraceSample { cell, spans };
        keep(&mut candidates.traces, candidates.most_traces, rank(super::number(&trace)), || trace.clone());
    }
    Some(())
}

fn of_span(span: &SpanRecord) -> [u64; 9] {
    let SpanRecord { trace, start, duration, index, shape, pod, outcome, attempt, shard } = *span;
    let (duration, index) = (u64::from(duration), u64::from(index));
    [trace, start, duration, index, shape.into(), pod.into(), outcome.into(), attempt.into(), shard.into()]
}

fn to_span(row: &[u64; 9]) -> Option<SpanRecord> {
    Some(SpanRecord {
        trace: row[0],
        start: row[1],
        duration: row[2].try_into().ok()?,
        index: row[3].try_into().ok()?,
        shape: row[4].try_into().ok()?,
        pod: row[5].try_into().ok()?,
        outcome: row[6].try_into().ok()?,
        attempt: row[7].try_into().ok()?,
        shard: row[8].try_into().ok()?,
    })
}
