//! One try of one body: the request, its answer, and what follows from it.
//!
//! Owns the end of every try: accepted, failed, or back into the buffer. Refuses to choose a connection.

use super::answer::{self, Answer, Refusal, Said};
use super::backoff;
use super::buffer::{Buffer, Entry};
use super::connection::{Answering, Payload};
use super::counts::{Amount, Cause, Tallies, us};
use super::{Endpoint, Protocol, Settings};
use crate::otlp::grpc_prefix;
use bytes::{Bytes, BytesMut};
use doorbuster_model::key::mix;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, TE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of an answer that are read; partial success needs less. Chosen.
const MOST_ANSWER_BYTES: usize = 64 << 10;

/// What every try of a line needs.
pub(super) struct Desk {
    pub(super) settings: Arc<Settings>,
    pub(super) buffer: Arc<Buffer>,
    pub(super) tallies: Arc<Tallies>,
    /// Number of the line: part of the key of jitter.
    pub(super) line: usize,
}

/// A body that was taken from the buffer. Whatever becomes of the task that holds it, the body is counted.
pub(super) struct Flight {
    desk: Rc<Desk>,
    entry: Option<Box<Entry>>,
    sent: Rc<Cell<Option<Instant>>>,
}

/// How a try ended, for the connection's sake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The endpoint answered, whatever it said.
    Answered,
    /// It did not, in time.
    TimedOut,
    /// The connection ended.
    Lost,
}

impl Flight {
    /// A body under way.
    pub(super) fn new(desk: &Rc<Desk>, entry: Box<Entry>) -> Self {
        Self { desk: Rc::clone(desk), entry: Some(entry), sent: Rc::default() }
    }

    /// Its request; counts when the connection takes the body up. `held_since`: from when the connection could not.
    pub(super) fn request(&self, target: &Endpoint, is_two: bool, held_since: Instant) -> Request<Payload> {
        let entry = self.entry.as_deref().expect("invariant: a flight has its entry until it ends");
        let settings = &self.desk.settings;
        let (path, content_type) = match settings.protocol {
            Protocol::Grpc => (entry.signal.grpc_path().to_owned(), "application/grpc"),
            Protocol::Http => (format!("{}{}", target.path(), entry.signal.http_path()), "application/x-protobuf"),
        };
        let uri = if is_two { format!("{}://{}{path}", target.scheme(), target.authority()) } else { path };
        let mut request = Request::new(self.payload(entry, held_since));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.parse().expect("invariant: an endpoint was parsed as a URL");
        let headers = request.headers_mut();
        for header in &settings.headers {
            headers.append(header.name(), header.value().clone());
        }
        if !is_two {
            let authority = target.authority();
            headers.insert(
                http::header::HOST,
                HeaderValue::from_str(&authority).expect("invariant: an endpoint was parsed as a URL"),
            );
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("doorbuster/", env!("CARGO_PKG_VERSION"))));
        if settings.protocol == Protocol::Grpc {
            headers.insert(TE, HeaderValue::from_static("trailers"));
        }
        if let Some(encoding) = settings.compression.encoding().filter(|_| entry.is_compressed) {
            let name = match settings.protocol {
                Protocol::Grpc => http::HeaderName::from_static("grpc-encoding"),
                Protocol::Http => CONTENT_ENCODING,
            };
            headers.insert(name, HeaderValue::from_static(encoding));
        }
        request
    }

    fn payload(&self, entry: &Entry, held_since: Instant) -> Payload {
        let bytes = entry.wire.clone();
        let prefix = match self.desk.settings.protocol {
            // Bodies are megabytes; gRPC's own limit is 4 GiB.
            Protocol::Grpc => Some(grpc_prefix(u32::try_from(bytes.len()).unwrap_or(u32::MAX), entry.is_compressed)),
            Protocol::Http => None,
        };
        let body_bytes = bytes.len() as u64;
        let (due, is_first, amount) = (entry.due, !entry.was_sent, Amount::one(entry.items));
        let (sent, tallies, late_after) =
            (Rc::clone(&self.sent), Arc::clone(&self.desk.tallies), self.desk.settings.late_after);
        Payload::new(prefix, bytes, move || {
            let now = Instant::now();
            sent.set(Some(now));
            tallies.with(|tally| {
                tally.counts.body_bytes += body_bytes;
                tally.counts.held_back += now.saturating_duration_since(held_since);
                if is_first {
                    let lateness = now.saturating_duration_since(due);
                    tally.counts.sent += amount;
                    tally.histograms.lateness_us.saturating_record(us(lateness));
                    if lateness > late_after {
                        tally.counts.late += amount;
                    }
                }
            });
        })
    }

    /// Waits for the answer and does what follows from it.
    pub(super) async fn carry(mut self, answering: Answering) -> Ended {
        let signal = self.entry.as_deref().expect("invariant: a flight has its entry until it ends").signal;
        let timeout = self.desk.settings.timeout;
        let protocol = self.desk.settings.protocol;
        let whole = async move {
            let response = answering.await.map_err(|error| answer::lost(&error))?;
            read_whole(response, protocol, signal).await
        };
        match tokio::time::timeout(timeout, whole).await {
            Ok(Ok(Said::Accepted { rejected, words })) => {
                self.accepted(rejected, &words);
                Ended::Answered
            }
            Ok(Ok(Said::Refused(refusal))) => {
                self.record_answer();
                self.refused(refusal, true);
                Ended::Answered
            }
            Ok(Err(refusal)) => {
                self.refused(refusal, false);
                Ended::Lost
            }
            Err(_) => {
                let words = format!("after {} ms", timeout.as_millis());
                self.refused(Refusal::passing(Cause::Timeout, words), false);
                Ended::TimedOut
            }
        }
    }

    fn record_answer(&self) {
        if let Some(sent) = self.sent.get() {
            let answer_us = us(sent.elapsed());
            self.desk.tallies.with(|tally| tally.histograms.answer_us.saturating_record(answer_us));
        }
    }

    fn accepted(&mut self, rejected: u64, words: &str) {
        let Some(entry) = self.entry.take() else { return };
        self.record_answer();
        let ack_us = us(entry.due.elapsed());
        let rejected = rejected.min(entry.items);
        self.desk.tallies.with(|tally| {
            tally.histograms.ack_us.saturating_record(ack_us);
            self.count_sent_without_body(tally, &entry);
            tally.counts.accepted += Amount::one(entry.items - rejected);
            if rejected > 0 {
                tally.counts.rejected += Amount::one(rejected);
            }
            if !words.is_empty() {
                tally.counts.keep_message(&format!("partial success: {words}"), 1);
            }
        });
        self.desk.buffer.settled();
    }

    /// An endpoint may answer before it has taken any of the body; the body was sent all the same.
    fn count_sent_without_body(&self, tally: &mut super::counts::Tally, entry: &Entry) {
        if self.sent.get().is_none() && !entry.was_sent {
            tally.counts.sent += Amount::one(entry.items);
            tally.histograms.lateness_us.saturating_record(us(entry.due.elapsed()));
        }
    }

    /// Tries again later, or gives up. A connection that takes nothing up has used no try.
    fn refused(&mut self, refusal: Refusal, was_answered: bool) {
        let Some(mut entry) = self.entry.take() else { return };
        let was_taken_up = self.sent.get().is_some();
        let desk = &self.desk;
        entry.was_sent |= was_taken_up;
        entry.tries += 1;
        let key = mix(desk.settings.seed ^ mix((desk.line as u64) << 48 ^ entry.sequence));
        let ready = Instant::now() + backoff::wait(entry.tries, key, refusal.wait);
        let amount = Amount::one(entry.items);
        let will_retry = refusal.may_retry && ready <= entry.due + desk.settings.retry_window;
        desk.tallies.with(|tally| {
            tally.counts.failed_try(refusal.cause, &refusal.words);
            if will_retry {
                tally.counts.retried += amount;
                if was_taken_up && !was_answered {
                    tally.counts.maybe_twice += amount;
                }
            } else {
                *tally.counts.failed.entry(refusal.cause).or_default() += amount;
            }
        });
        if will_retry {
            entry.ready = ready;
            desk.buffer.put_back(*entry);
        } else {
            desk.buffer.settled();
        }
    }
}

impl Drop for Flight {
    /// A flight that ends with its thread is counted as what it was.
    fn drop(&mut self) {
        if let Some(mut entry) = self.entry.take() {
            entry.was_sent |= self.sent.get().is_some();
            count_left_over(&self.desk.tallies, &entry);
            self.desk.buffer.settled();
        }
    }
}

/// Counts a body that the end found.
pub(super) fn count_left_over(tallies: &Tallies, entry: &Entry) {
    let amount = Amount::one(entry.items);
    tallies.with(|tally| {
        if entry.was_sent {
            tally.counts.unanswered += amount;
        } else {
            tally.counts.not_sent += amount;
        }
    });
}

async fn read_whole(
    response: Response<Incoming>,
    protocol: Protocol,
    signal: crate::otlp::Signal,
) -> Result<Said, Refusal> {
    let (head, mut incoming) = response.into_parts();
    let mut body = BytesMut::new();
    let mut trailers: Option<HeaderMap> = None;
    while let Some(frame) = incoming.frame().await {
        match frame.map_err(|error| answer::lost(&error))?.into_data() {
            Ok(data) if body.len() + data.len() <= MOST_ANSWER_BYTES => body.extend_from_slice(&data),
            Ok(_) => {
                return Ok(Said::Refused(Refusal {
                    cause: Cause::NoOtlp,
                    words: format!("an answer of over {MOST_ANSWER_BYTES} bytes"),
                    may_retry: false,
                    wait: None,
                }));
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let body: Bytes = body.freeze();
    let answer = Answer { status: head.status, headers: &head.headers, body: &body, trailers: trailers.as_ref() };
    Ok(answer::read(&answer, protocol, signal))
}

/// Whether a body that has been due for so long has had its time without a connection.
pub(super) fn expiry(window: Duration) -> Option<Instant> {
    Instant::now().checked_sub(window)
}
