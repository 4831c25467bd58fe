//! A cell's stream of batches, kept.
//!
//! Owns the order in which batches came, and how to tell where two streams part. Refuses to judge which is right.

use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Plan, Shape, Target};
use doorbuster_model::time::s_from_ticks;
use doorbuster_telemetry::record::{Batch, Consumer, SpanRecord, TraceWord};

/// A batch as it was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pod: u16,
    number: u32,
    at: u64,
    spans: Vec<SpanRecord>,
}

/// The batches of a cell, in the order of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) batches: Vec<Kept>,
}

impl Consumer for Stream {
    fn batch(&mut self, batch: &Batch<'_>) {
        let Batch { pod, number, at, spans } = *batch;
        self.batches.push(Kept { pod, number, at, spans: spans.to_vec() });
    }
}

impl Stream {
    /// How many spans there are.
    pub(crate) fn spans(&self) -> usize {
        self.batches.iter().map(|batch| batch.spans.len()).sum()
    }

    /// Where this stream and another one part, in words: the first record, by its end, that only one has.
    pub(crate) fn parts_from(&self, other: &Self, plan: &Plan) -> Option<String> {
        if self == other {
            return None;
        }
        let (mine, theirs) = (self.by_end(), other.by_end());
        let same = mine.iter().zip(&theirs).take_while(|(mine, theirs)| mine == theirs).count();
        let tell = |record: Option<&SpanRecord>| record.map_or("nothing".to_owned(), |record| told(record, plan));
        if same == mine.len().max(theirs.len()) {
            return Some(format!("{same} equal records leave in other batches"));
        }
        Some(format!(
            "after {same} equal records, the engine has\n  {}\nand the reference has\n  {}",
            tell(mine.get(same)),
            tell(theirs.get(same)),
        ))
    }

    /// All records in order of their end.
    pub(crate) fn records(&self) -> Vec<SpanRecord> {
        self.by_end()
    }

    /// All records in the order of the stream.
    pub(crate) fn as_exported(&self) -> Vec<SpanRecord> {
        self.batches.iter().flat_map(|batch| batch.spans.clone()).collect()
    }

    /// All records in order of their end, then of their pod; those of a pod and tick in the order in which they ended.
    fn by_end(&self) -> Vec<SpanRecord> {
        let mut all: Vec<SpanRecord> = self.batches.iter().flat_map(|batch| batch.spans.clone()).collect();
        all.sort_by_key(|record| (record.start + u64::from(record.duration), record.pod));
        all
    }
}

/// A record in words.
fn told(record: &SpanRecord, plan: &Plan) -> String {
    let end = record.start + u64::from(record.duration);
    let what = match plan.shapes[usize::from(record.shape)] {
        Shape::Server(endpoint) => format!("server span of {}", endpoint_name(plan, endpoint)),
        Shape::Client(site) => match plan.sites[usize::from(site)].target {
            Target::Endpoint(endpoint) => format!("client span of site {site} to {}", endpoint_name(plan, endpoint)),
            Target::Statement { .. } => unreachable!("a statement has its own shape"),
        },
        Shape::Statement(site) => match plan.sites[usize::from(site)].target {
            Target::Statement { statement, .. } => {
                format!("statement {} of site {site}", plan.statements[usize::from(statement)].name)
            }
            Target::Endpoint(_) => unreachable!("a call has its own shape"),
        },
    };
    format!(
        "{what}: {:?}, ticks {} to {end} ({:.6} s), trace {}, index {}, pod {}, try {}, shard {}, {:?}",
        Outcome::ALL[usize::from(record.outcome)],
        record.start,
        s_from_ticks(end),
        TraceWord(record.trace).sequence(),
        record.index,
        record.pod,
        record.attempt,
        record.shard,
        TraceWord(record.trace),
    )
}

fn endpoint_name(plan: &Plan, endpoint: u16) -> String {
    let endpoint = &plan.endpoints[usize::from(endpoint)];
    format!("{}.{}", plan.services[usize::from(endpoint.service)].name, endpoint.name)
}
