//! What became of bodies: counts and histograms of one line, and their sums.
//!
//! Owns the words for causes. Refuses judgement: what is too late or too much is said by who reads this.

use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{AddAssign, SubAssign};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Distinct messages that are kept. Chosen: a screen full.
pub(crate) const KEEP_MESSAGES: usize = 8;
/// Characters of a message that are kept. Chosen.
const KEEP_CHARACTERS: usize = 240;
/// The longest time in a histogram, in microseconds: an hour; longer ones are told as that.
const LONGEST_US: u64 = 3_600_000_000;

/// Bodies and the items in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Export requests.
    pub(crate) bodies: u64,
    /// Spans, points, log records.
    pub(crate) items: u64,
}

impl Amount {
    /// One body of `items`.
    pub(crate) const fn one(items: u64) -> Self {
        Self { bodies: 1, items }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.bodies += other.bodies;
        self.items += other.items;
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        self.bodies -= other.bodies;
        self.items -= other.items;
    }
}

/// Why a try came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The host's name has no address.
    NoAddress,
    /// Nobody listens there.
    Refused,
    /// No connection for another reason, or not in time.
    Unreachable,
    /// The two ends do not agree on TLS: one speaks it and the other not, or a certificate is not trusted.
    Tls,
    /// No answer within the timeout.
    Timeout,
    /// The connection ended before the answer was there.
    ConnectionLost,
    /// An answer that is none by the protocol.
    NoOtlp,
    /// A gRPC status other than 0.
    Grpc(u32),
    /// An HTTP status other than 200.
    Http(u16),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("no address for the host"),
            Self::Refused => f.write_str("connection refused"),
            Self::Unreachable => f.write_str("no connection"),
            Self::Tls => f.write_str("no agreement on TLS"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::ConnectionLost => f.write_str("connection lost"),
            Self::NoOtlp => f.write_str("an answer that is not OTLP"),
            Self::Grpc(code) => write!(f, "gRPC {}", grpc_name(*code)),
            Self::Http(status) => write!(f, "HTTP {status}"),
        }
    }
}

/// The names of gRPC's codes (grpc.github.io, "Status codes").
fn grpc_name(code: u32) -> String {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    NAMES.get(code as usize).map_or_else(|| format!("code {code}"), |name| (*name).to_owned())
}

/// Connections of all lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Connections {
    /// That came about.
    pub(crate) opened: u64,
    /// Tries that came to none.
    pub(crate) failed: u64,
    /// That ended before the delivery did.
    pub(crate) lost: u64,
}

/// What an endpoint said, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its words, shortened, without control characters.
    pub(crate) text: String,
    /// How often it came.
    pub(crate) times: u64,
}

/// What became of bodies. `due` is the sum of its ends: accepted, failed, not sent, unanswered, and for items rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Offered: taken, or given up.
    pub(crate) due: Amount,
    /// Taken up by a connection at least once.
    pub(crate) sent: Amount,
    /// Answered with success; items without the rejected ones.
    pub(crate) accepted: Amount,
    /// Partial success: bodies (which count as accepted too) and the items in them that were rejected.
    pub(crate) rejected: Amount,
    /// Given up after an answer that is final, or at the end of the retry window, by the last cause.
    pub(crate) failed: BTreeMap<Cause, Amount>,
    /// Tries that came to nothing, by cause, whether or not a later one succeeded.
    pub(crate) failed_tries: BTreeMap<Cause, u64>,
    /// Further tries: a body that was tried three times counts twice.
    pub(crate) retried: Amount,
    /// Further tries after one that was sent and had no answer: the receiver may have got these twice.
    pub(crate) maybe_twice: Amount,
    /// Never taken up by a connection: no room in the buffer, or the end came first.
    pub(crate) not_sent: Amount,
    /// Sent, without an answer when the end came.
    pub(crate) unanswered: Amount,
    /// Sent later than the settings' bound after they were due.
    pub(crate) late: Amount,
    /// Bytes of bodies that connections took up, after compression, every try.
    pub(crate) body_bytes: u64,
    /// Bytes written to sockets: framing, headers, TLS and all.
    pub(crate) wire_bytes: u64,
    /// Time that connections stood with a body due and could not take it up: too many in flight, or no window granted.
    pub(crate) held_back: Duration,
    /// Connections.
    pub(crate) connections: Connections,
    /// The first distinct messages of endpoints.
    pub(crate) messages: Vec<Message>,
}

impl Counts {
    /// All that failed.
    pub(crate) fn failed_total(&self) -> Amount {
        let mut total = Amount::default();
        for amount in self.failed.values() {
            total += *amount;
        }
        total
    }

    /// Items that were given up because there was no connection to send them on: the endpoint's doing, and not ours.
    pub(crate) fn never_connected(&self) -> u64 {
        let causes = [Cause::NoAddress, Cause::Refused, Cause::Unreachable, Cause::Tls];
        causes.iter().filter_map(|cause| self.failed.get(cause)).map(|amount| amount.items).sum()
    }

    /// Whether every body that was due has one end. Holds once the delivery is finished.
    pub(crate) fn is_conserved(&self) -> bool {
        let failed = self.failed_total();
        let bodies = self.accepted.bodies + failed.bodies + self.not_sent.bodies + self.unanswered.bodies;
        let items =
            self.accepted.items + self.rejected.items + failed.items + self.not_sent.items + self.unanswered.items;
        self.due == Amount { bodies, items }
    }

    /// Adds those of another line.
    pub(crate) fn add(&mut self, other: &Self) {
        self.due += other.due;
        self.sent += other.sent;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        for (cause, amount) in &other.failed {
            *self.failed.entry(*cause).or_default() += *amount;
        }
        for (cause, tries) in &other.failed_tries {
            *self.failed_tries.entry(*cause).or_default() += tries;
        }
        self.retried += other.retried;
        self.maybe_twice += other.maybe_twice;
        self.not_sent += other.not_sent;
        self.unanswered += other.unanswered;
        self.late += other.late;
        self.body_bytes += other.body_bytes;
        self.wire_bytes += other.wire_bytes;
        self.held_back += other.held_back;
        self.connections.opened += other.connections.opened;
        self.connections.failed += other.connections.failed;
        self.connections.lost += other.connections.lost;
        for message in &other.messages {
            self.keep_message(&message.text, message.times);
        }
    }

    /// Counts a try that came to nothing and keeps what was said about it.
    pub(crate) fn failed_try(&mut self, cause: Cause, said: &str) {
        *self.failed_tries.entry(cause).or_default() += 1;
        if !said.is_empty() {
            self.keep_message(&format!("{cause}: {said}"), 1);
        }
    }

    /// Keeps `text` if there is room or it is known.
    pub(crate) fn keep_message(&mut self, text: &str, times: u64) {
        let text: String = text.chars().take(KEEP_CHARACTERS).map(|c| if c.is_control() { ' ' } else { c }).collect();
        if let Some(known) = self.messages.iter_mut().find(|message| message.text == text) {
            known.times += times;
        } else if self.messages.len() < KEEP_MESSAGES {
            self.messages.push(Message { text, times });
        }
    }
}

/// Times in microseconds, to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Histograms {
    /// Sent - due, of each body's first try.
    pub(crate) lateness_us: Histogram<u64>,
    /// Answered - sent, of every try that had an answer.
    pub(crate) answer_us: Histogram<u64>,
    /// Answered with success - due, retries and all: what an open loop calls latency.
    pub(crate) ack_us: Histogram<u64>,
}

impl Default for Histograms {
    fn default() -> Self {
        let empty = || Histogram::new_with_bounds(1, LONGEST_US, 3).expect("invariant: the bounds are fixed and fit");
        Self { lateness_us: empty(), answer_us: empty(), ack_us: empty() }
    }
}

impl Histograms {
    /// Adds those of another line.
    pub(crate) fn add(&mut self, other: &Self) {
        let same = "invariant: all histograms have the same bounds";
        self.lateness_us.add(&other.lateness_us).expect(same);
        self.answer_us.add(&other.answer_us).expect(same);
        self.ack_us.add(&other.ack_us).expect(same);
    }
}

/// A time as a histogram takes it.
pub(super) fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Counts and histograms of one line.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    pub(super) histograms: Histograms,
}

/// A line's tally, shared by the thread that sends and whoever looks. A body locks it a handful of times; bodies are large and few.
#[derive(Debug, Default)]
pub(super) struct Tallies(Mutex<Tally>);

impl Tallies {
    /// Looks at or changes it.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Tally) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
