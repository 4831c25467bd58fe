//! A short piece of a scenario, played by the engine, with whole traces kept.
//!
//! Owns what is played: cell 0 at the scenario's own rate, so that queues are those of a run, but bounded in time. Faults and
//! remedies are commands of the story, and nobody gives any. Refuses the ledger's word on what came: traces are made of spans that
//! left their pods.

use doorbuster_model::key::mix;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::{tick_of_second, ticks_from_ns};
use doorbuster_telemetry::record::{Batch, Consumer, SpanRecord, TraceWord};
use doorbuster_virtual::cell::{Cell, Overload};
use std::collections::BTreeMap;

/// The scenario's own warm-up comes first, up to this: by then journeys are in all their steps, and the mix is that of a run.
const LONGEST_WARM_UP_S: u32 = 60;
/// The piece is at least so long, so that a second's chance does not make it.
const SHORTEST_NS: u64 = 10_000_000_000;
/// It ends once so many requests have come; p99.9 rests on twenty of them then.
const ENOUGH_REQUESTS: u64 = 20_000;
/// It ends after so long in any case.
const LONGEST_NS: u64 = 60_000_000_000;
/// How often its end is looked for.
const STEP_NS: u64 = 250_000_000;
/// Shoppers go on for so long after it, so that its last requests are not answered by an emptying shop.
const AFTER_NS: u64 = 1_000_000_000;
/// Traces that are kept at most; every second one is dropped when there are more.
const MOST_TRACES: usize = 2 * ENOUGH_REQUESTS as usize;
/// Batches that are kept at most, likewise: compressing is the dear part.
const MOST_BATCHES: usize = 128;

/// What was played.
pub(super) struct Piece {
    pub(super) warm_up_s: u32,
    pub(super) seconds: f64,
    /// Requests that shoppers made in the piece.
    pub(super) requests: u64,
    /// Spans that were lost in full queues, the warm-up's included.
    pub(super) lost: u64,
    /// One request in so many has its trace here.
    pub(super) one_in: u64,
    /// Spans of each trace, by index.
    pub(super) traces: Vec<Vec<SpanRecord>>,
    /// Batches as they left their pods during the piece.
    pub(super) batches: Vec<Taken>,
}

/// A batch that was kept.
pub(super) struct Taken {
    pub(super) pod: u16,
    pub(super) number: u32,
    pub(super) at: u64,
    pub(super) spans: Vec<SpanRecord>,
}

/// Plays a piece of the plan.
pub(super) fn play(plan: &Plan) -> Result<Piece, Overload> {
    let warm_up_s = plan.warmup_s.min(LONGEST_WARM_UP_S);
    let begin = tick_of_second(u64::from(warm_up_s));
    // A scenario may be shorter than all this.
    let longest_ns = LONGEST_NS.min(u64::from(plan.duration_s - warm_up_s) * 1_000_000_000);
    let mut cell = Cell::new(plan, 0, Keeper::default());
    cell.play(begin)?;
    let first = cell.ledger().arrivals;
    cell.consumer.from = first;
    cell.consumer.takes_batches = true;
    let mut passed_ns = 0;
    while passed_ns < longest_ns && (passed_ns < SHORTEST_NS || cell.ledger().arrivals - first < ENOUGH_REQUESTS) {
        passed_ns = (passed_ns + STEP_NS).min(longest_ns);
        cell.play(begin + ticks_from_ns(passed_ns))?;
    }
    let last = cell.ledger().arrivals;
    cell.consumer.to = last;
    cell.consumer.takes_batches = false;
    cell.play(begin + ticks_from_ns(passed_ns + AFTER_NS))?;
    cell.drain()?;
    let lost = cell.span_counts().lost_queue_full;
    let keeper = cell.consumer;
    let traces = keeper.traces.into_values().map(|mut spans| {
        spans.sort_unstable_by_key(|span| span.index);
        spans
    });
    Ok(Piece {
        warm_up_s,
        seconds: passed_ns as f64 / 1e9,
        requests: last - first,
        lost,
        one_in: 1 << keeper.halved_traces,
        traces: traces.collect(),
        batches: keeper.batches.into_values().collect(),
    })
}

/// Keeps whole traces and whole batches, chosen by a hash, so many as its bounds allow.
struct Keeper {
    /// Sequence numbers of the piece's traces: from the first to before the last.
    from: u64,
    to: u64,
    takes_batches: bool,
    /// How often every second trace was dropped.
    halved_traces: u32,
    halved_batches: u32,
    traces: BTreeMap<u64, Vec<SpanRecord>>,
    batches: BTreeMap<(u16, u32), Taken>,
}

impl Default for Keeper {
    fn default() -> Self {
        Self {
            from: u64::MAX,
            to: u64::MAX,
            takes_batches: false,
            halved_traces: 0,
            halved_batches: 0,
            traces: BTreeMap::new(),
            batches: BTreeMap::new(),
        }
    }
}

impl Consumer for Keeper {
    fn batch(&mut self, batch: &Batch<'_>) {
        for span in batch.spans {
            let sequence = TraceWord(span.trace).sequence();
            if sequence >= self.from && sequence < self.to && is_kept(sequence, self.halved_traces) {
                self.traces.entry(sequence).or_default().push(*span);
            }
        }
        while self.traces.len() > MOST_TRACES {
            self.halved_traces += 1;
            let halved = self.halved_traces;
            self.traces.retain(|sequence, _| is_kept(*sequence, halved));
        }
        if self.takes_batches {
            self.take(batch);
        }
    }
}

impl Keeper {
    fn take(&mut self, batch: &Batch<'_>) {
        let hash = |pod: u16, number: u32| u64::from(pod) << 32 | u64::from(number);
        if !is_kept(hash(batch.pod, batch.number), self.halved_batches) {
            return;
        }
        let taken = Taken { pod: batch.pod, number: batch.number, at: batch.at, spans: batch.spans.to_vec() };
        self.batches.insert((batch.pod, batch.number), taken);
        while self.batches.len() > MOST_BATCHES {
            self.halved_batches += 1;
            let halved = self.halved_batches;
            self.batches.retain(|(pod, number), _| is_kept(hash(*pod, *number), halved));
        }
    }
}

/// Whether a number is among those left after so many halvings; who is left after one more was left before.
fn is_kept(number: u64, halved: u32) -> bool {
    mix(number).trailing_zeros() >= halved
}
