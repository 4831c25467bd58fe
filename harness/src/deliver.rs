//! Delivery: encoded bodies into a real OTLP endpoint, each at the moment it is due.
//!
//! Owns the connections of `doorbuster send`: buffers, sending, retry as the OTLP specification says (`opentelemetry-proto` 1.10), and what
//! became of every body. Refuses to choose what is sent, and when. Nothing is dropped unsaid: every body that was offered ends as
//! accepted, failed, not sent or unanswered ([`Counts::is_conserved`]).
//!
//! ```text
//! simulating thread ─ Line::offer ─> buffer ─ due ─> a line's own thread: workers, one for each connection
//!                                      ^                 exchange ─> answer: accepted, failed
//!                                      └──── backoff ──────────────────> again
//! ```

mod answer;
mod backoff;
mod buffer;
mod compress;
mod connection;
mod counts;
mod exchange;
mod expand;
mod header;
mod line;
mod ring;
mod settings;
mod tls;

#[cfg(test)]
mod tests;

pub(crate) use counts::{Amount, Counts, Histograms};
#[cfg(test)]
pub(crate) use counts::{Cause, Message};
pub(crate) use header::Header;
pub(crate) use ring::Ring;
pub(crate) use settings::{Compression, Endpoint, Protocol, Settings, Tls};

use crate::failure::Failure;
use crate::otlp::Signal;
use buffer::Buffer;
use bytes::Bytes;
use counts::Tallies;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One export request, encoded.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// What it carries.
    pub(crate) signal: Signal,
    /// The protobuf of the request, neither framed nor compressed.
    pub(crate) bytes: Bytes,
    /// Spans, points or log records in it.
    pub(crate) items: u64,
    /// When it is to be sent; never earlier.
    pub(crate) due: Instant,
    /// The endpoint that must get it, as an index into the settings' endpoints (modulo their number); none: round robin.
    pub(crate) endpoint: Option<usize>,
}

/// All that a delivery came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// What became of the bodies.
    pub(crate) counts: Counts,
    /// How late they were sent, how long answers took.
    pub(crate) histograms: Histograms,
}

/// A running delivery: as many lines as the settings say, each with its own thread and connections.
#[derive(Debug)]
pub(crate) struct Delivery {
    lines: Vec<Line>,
    threads: Vec<JoinHandle<()>>,
}

impl Delivery {
    /// Starts the threads of all lines; they connect at once, and again whenever a connection ends.
    ///
    /// Errors: settings that can't be (78), a thread that the system refuses (75). An endpoint that isn't there is no error here: it is
    /// counted.
    pub(crate) fn start(settings: Settings) -> Result<Self, Failure> {
        settings.check()?;
        let tls = tls::client(&settings)?;
        let settings = Arc::new(settings);
        let mut delivery = Self { lines: Vec::new(), threads: Vec::new() };
        for number in 0..settings.lines {
            let line = Line {
                buffer: Arc::new(Buffer::new(settings.buffer_bodies, settings.endpoints.len())),
                tallies: Arc::new(Tallies::default()),
                compression: settings.compression,
            };
            let thread = line::start(number, &settings, tls.clone(), &line).map_err(Failure::Thread)?;
            delivery.lines.push(line);
            delivery.threads.push(thread);
        }
        Ok(delivery)
    }

    /// The line of simulating thread `n`, counted from 0; past the last line it begins anew.
    pub(crate) fn line(&self, n: usize) -> Line {
        self.lines[n % self.lines.len()].clone()
    }

    /// What became of the bodies until now.
    pub(crate) fn so_far(&self) -> Counts {
        let mut counts = Counts::default();
        for line in &self.lines {
            line.tallies.with(|tally| counts.add(&tally.counts));
        }
        counts
    }

    /// Lateness and answer times until now.
    pub(crate) fn histograms_so_far(&self) -> Histograms {
        let mut histograms = Histograms::default();
        for line in &self.lines {
            line.tallies.with(|tally| histograms.add(&tally.histograms));
        }
        histograms
    }

    /// Takes no more bodies, waits until all have their answer, for `grace` at most; what is left then is counted as not sent or
    /// unanswered.
    pub(crate) fn finish(mut self, grace: Duration) -> Outcome {
        let deadline = after(grace);
        for line in &self.lines {
            line.buffer.close(deadline);
        }
        for thread in self.threads.drain(..) {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        Outcome { counts: self.so_far(), histograms: self.histograms_so_far() }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        for line in &self.lines {
            line.buffer.close(Instant::now());
        }
    }
}

/// Where one simulating thread puts its bodies; clones share one buffer.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    buffer: Arc<Buffer>,
    tallies: Arc<Tallies>,
    compression: Compression,
}

impl Line {
    /// Takes `body` until it is due. Never waits; compresses in the calling thread, ahead of the due time.
    ///
    /// Errors: the buffer is full, or the delivery is finishing: the body comes back. The caller tries again or [gives it
    /// up](Self::give_up).
    pub(crate) fn offer(&self, body: Body) -> Result<(), Body> {
        if !self.buffer.has_room() {
            return Err(body);
        }
        self.put(body)
    }

    /// As [`offer`](Self::offer), but waits up to `longest` for room.
    pub(crate) fn offer_within(&self, body: Body, longest: Duration) -> Result<(), Body> {
        let until = after(longest);
        loop {
            if !self.buffer.wait_for_room(until) {
                return Err(body);
            }
            match self.put(body.clone()) {
                Ok(()) => return Ok(()),
                Err(_) if Instant::now() < until => {}
                Err(body) => return Err(body),
            }
        }
    }

    /// Counts a body that came back and that nobody will offer again as not sent.
    pub(crate) fn give_up(&self, body: &Body) {
        let amount = Amount::one(body.items);
        self.tallies.with(|tally| {
            tally.counts.due += amount;
            tally.counts.not_sent += amount;
        });
    }

    fn put(&self, body: Body) -> Result<(), Body> {
        let (wire, is_compressed) = compress::compress(&body.bytes, self.compression);
        let amount = Amount::one(body.items);
        // Counted first: an answer must never be there before its body is.
        self.tallies.with(|tally| tally.counts.due += amount);
        let put = self.buffer.put(body, wire, is_compressed);
        if put.is_err() {
            self.tallies.with(|tally| tally.counts.due -= amount);
        }
        put
    }
}

/// So long from now; at most a year.
fn after(wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + wait.min(YEAR)
}
