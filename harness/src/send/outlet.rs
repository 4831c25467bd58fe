//! A cell's end of the road: batches become bodies of requests, and bodies go to the thread's line.
//!
//! Owns packing: a body is closed when it is as large as was asked for, and at the end of a turn, so that nothing waits longer than a turn. It
//! is due when its last batch left its pod. Batches before the pace begins and after it was stopped are let go: nothing of them is encoded.
//! Refuses connections and retries, which are the line's.

use super::buffers::Buffers;
use super::pace::Pace;
use super::split::Split;
use crate::deliver::{Body, Line};
use crate::drill::outlet::Outlet;
use crate::otlp::Signal;
use bytes::Bytes;
use doorbuster_model::time::Ticks;
use doorbuster_telemetry::encode::Place;
use doorbuster_telemetry::record::{Batch, Consumer};
use doorbuster_telemetry::tally::Tally;
use doorbuster_telemetry::templates::FastEncoder as Encoder;
use std::sync::Arc;
use std::time::Duration;

/// Turns of an epoch: 50 ms each.
pub(crate) const TURNS: u64 = 20;
/// A body may grow beyond its size by one batch: some 512 spans.
const ROOM_BYTES: usize = 256 * 1024;
/// At full speed there is no schedule to break: a thread waits so long for its line before it gives a body up.
const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// What is sent of a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Whether spans are.
    pub(crate) traces: bool,
    /// Whether log records are.
    pub(crate) logs: bool,
    /// Size at which a body is closed.
    pub(crate) body_bytes: usize,
    /// Whether a tally is kept.
    pub(crate) tally: bool,
    /// Whether the drill looks at the spans too: its remedies may wait for an alert.
    pub(crate) watched: bool,
}

/// Takes the batches of one cell.
pub(crate) struct CellOutlet<'p> {
    encoder: Encoder<'p>,
    /// The cell, until the pace has begun and said what time it is there.
    waiting: Option<u16>,
    pace: Arc<Pace>,
    line: Line,
    buffers: Buffers,
    wanted: Wanted,
    /// Present if traces choose their endpoint.
    split: Option<Split>,
    /// By endpoint if traces choose theirs; otherwise one, for whichever endpoint's turn it is.
    open: Vec<OpenBodies>,
    /// Tick of the last batch.
    last: Ticks,
    /// Of what was encoded, if it is kept.
    pub(crate) tally: Tally,
    /// What was due, and what the line had no room for.
    pub(crate) counts: Counts,
}

/// The bodies of one endpoint.
#[derive(Default)]
struct OpenBodies {
    spans: Open,
    logs: Open,
}

/// A body that is being filled.
#[derive(Default)]
struct Open {
    bytes: Vec<u8>,
    items: u64,
}

/// What became of what was made, up to the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Spans encoded.
    pub(crate) spans: u64,
    /// Their bytes, before compression.
    pub(crate) span_bytes: u64,
    /// Log records encoded.
    pub(crate) log_records: u64,
}

impl Counts {
    /// Adds another cell's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.spans += other.spans;
        self.span_bytes += other.span_bytes;
        self.log_records += other.log_records;
    }
}

impl<'p> CellOutlet<'p> {
    /// An outlet of a cell that has taken nothing. The encoder's place in time comes from the pace, once that has begun.
    pub(crate) fn new(
        (cell, encoder): (u16, Encoder<'p>),
        pace: Arc<Pace>,
        line: Line,
        buffers: Buffers,
        wanted: Wanted,
        split: Option<Split>,
    ) -> Self {
        let endpoints = split.as_ref().map_or(1, Split::endpoints);
        Self {
            encoder,
            waiting: Some(cell),
            pace,
            line,
            buffers,
            wanted,
            split,
            open: (0..endpoints).map(|_| OpenBodies::default()).collect(),
            last: 0,
            tally: Tally::default(),
            counts: Counts::default(),
        }
    }

    /// Whether what comes now is sent.
    fn is_open(&mut self) -> bool {
        let Some(begun) = self.pace.running() else { return false };
        if let Some(cell) = self.waiting.take() {
            self.encoder.set_place(Place { cell, pass: 0, epoch_unix_ns: begun.epoch_unix_ns });
        }
        true
    }

    /// Goes on in another pass.
    pub(crate) fn set_place(&mut self, place: Place) {
        self.waiting = None;
        self.encoder.set_place(place);
    }

    /// Encodes a batch of spans that all go to one endpoint.
    fn take(&mut self, place: usize, batch: &Batch<'_>) {
        if self.wanted.traces {
            let body = &mut self.open[place].spans;
            let before = body.bytes.len();
            let tally = self.wanted.tally.then_some(&mut self.tally);
            self.encoder.spans(batch, &mut body.bytes, tally);
            let spans = batch.spans.len() as u64;
            body.items += spans;
            self.counts.spans += spans;
            self.counts.span_bytes += (body.bytes.len() - before) as u64;
            if body.bytes.len() >= self.wanted.body_bytes {
                self.close_spans(place);
            }
        }
        if self.wanted.logs {
            let body = &mut self.open[place].logs;
            let records = self.encoder.logs(batch, &mut body.bytes);
            body.items += records;
            self.counts.log_records += records;
            if body.bytes.len() >= self.wanted.body_bytes {
                self.close_logs(place);
            }
        }
    }

    fn close_spans(&mut self, place: usize) {
        let body = self.open[place].spans.close(Signal::Traces, self.wanted.body_bytes, &self.buffers);
        self.hand_over(place, body);
    }

    fn close_logs(&mut self, place: usize) {
        let body = self.open[place].logs.close(Signal::Logs, self.wanted.body_bytes, &self.buffers);
        self.hand_over(place, body);
    }

    fn hand_over(&mut self, place: usize, closed: Option<(Signal, Bytes, u64)>) {
        let Some((signal, bytes, items)) = closed else { return };
        let endpoint = (self.open.len() > 1).then_some(place);
        let body = Body { signal, bytes, items, due: self.pace.due(self.last), endpoint };
        let offered =
            if self.pace.is_unbounded() { self.line.offer_within(body, MOST_PATIENCE) } else { self.line.offer(body) };
        if let Err(body) = offered {
            self.line.give_up(&body);
        }
    }
}

impl Open {
    /// Takes what is there; nothing if there is nothing.
    fn close(&mut self, signal: Signal, body_bytes: usize, buffers: &Buffers) -> Option<(Signal, Bytes, u64)> {
        if self.items == 0 {
            return None;
        }
        let items = std::mem::take(&mut self.items);
        // A body that stayed small, at low rates, does not keep the room of a large one.
        if self.bytes.len() * 2 <= body_bytes {
            let bytes = Bytes::copy_from_slice(&self.bytes);
            self.bytes.clear();
            return Some((signal, bytes, items));
        }
        let bytes = std::mem::replace(&mut self.bytes, buffers.lend(body_bytes + ROOM_BYTES));
        Some((signal, buffers.hand_on(bytes), items))
    }
}

impl Consumer for CellOutlet<'_> {
    fn batch(&mut self, batch: &Batch<'_>) {
        if !self.is_open() {
            return;
        }
        // Passes of a replay overlap: a batch of the one before may follow.
        self.last = self.last.max(batch.at);
        let Some(mut split) = self.split.take() else {
            self.take(0, batch);
            return;
        };
        split.split(batch, |record| self.encoder.trace_id(record));
        for (endpoint, part) in split.parts(batch) {
            self.take(endpoint, &part);
        }
        self.split = Some(split);
    }
}

impl Outlet for CellOutlet<'_> {
    fn turns(&self) -> u64 {
        // Nobody waits for what is not sent. Time begins between two epochs, so that it is the same for all cells.
        if self.pace.begun().is_some() { TURNS } else { 1 }
    }

    fn is_watched(&self) -> bool {
        self.wanted.watched
    }

    fn begin_turn(&mut self, at: Ticks) {
        self.pace.wait(at);
    }

    fn end_turn(&mut self, _: Ticks) {
        for place in 0..self.open.len() {
            self.close_spans(place);
            self.close_logs(place);
        }
    }
}
