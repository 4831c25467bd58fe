//! What an answer says: taken, taken in part, try again, or never.
//!
//! Owns the retry rules of the OTLP specification (`opentelemetry-proto` 1.10, "Failures" and "OTLP/HTTP Response") and the decoding of
//! partial success. Refuses to act on them.

use super::counts::Cause;
use super::{Protocol, expand};
use crate::otlp::Signal;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use std::time::{Duration, SystemTime};

const CANCELLED: u32 = 1;
const DEADLINE_EXCEEDED: u32 = 4;
const RESOURCE_EXHAUSTED: u32 = 8;
const ABORTED: u32 = 10;
const OUT_OF_RANGE: u32 = 11;
const UNAVAILABLE: u32 = 14;
const DATA_LOSS: u32 = 15;

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Taken, but for so many items; with words about them.
    Accepted { rejected: u64, words: String },
    /// Not taken.
    Refused(Refusal),
}

/// A try that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) cause: Cause,
    pub(super) words: String,
    /// Another try may succeed.
    pub(super) may_retry: bool,
    /// The endpoint asks to wait so long.
    pub(super) wait: Option<Duration>,
}

impl Refusal {
    /// One that may be tried again at once.
    pub(super) fn passing(cause: Cause, words: impl Into<String>) -> Self {
        Self { cause, words: words.into(), may_retry: true, wait: None }
    }
}

/// An answer that has arrived in full.
pub(super) struct Answer<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Bytes,
    pub(super) trailers: Option<&'a HeaderMap>,
}

/// Reads an answer.
pub(super) fn read(answer: &Answer<'_>, protocol: Protocol, signal: Signal) -> Said {
    match protocol {
        Protocol::Http if answer.status.is_success() => http_success(answer, signal),
        Protocol::Grpc if answer.status == StatusCode::OK => grpc(answer, signal),
        _ => Said::Refused(http_refusal(answer)),
    }
}

fn http_success(answer: &Answer<'_>, signal: Signal) -> Said {
    let kind = answer.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !answer.body.is_empty() && !kind.starts_with("application/x-protobuf") {
        let words = format!("HTTP {} with a body of type `{kind}`", answer.status.as_u16());
        return Said::Refused(Refusal { cause: Cause::NoOtlp, words, may_retry: false, wait: None });
    }
    accepted(answer.body, signal)
}

fn http_refusal(answer: &Answer<'_>) -> Refusal {
    let status = answer.status.as_u16();
    let words = Status::decode(answer.body.as_ref())
        .ok()
        .map(|status| status.message)
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| String::from_utf8_lossy(answer.body).into_owned());
    Refusal {
        cause: Cause::Http(status),
        words,
        may_retry: matches!(status, 429 | 502 | 503 | 504),
        wait: answer.headers.get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, SystemTime::now())),
    }
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

fn grpc(answer: &Answer<'_>, signal: Signal) -> Said {
    // An answer without a message has its status among the headers.
    let find =
        |name: &str| answer.trailers.and_then(|trailers| trailers.get(name)).or_else(|| answer.headers.get(name));
    let Some(code) = find("grpc-status").and_then(|code| code.to_str().ok()?.parse::<u32>().ok()) else {
        return Said::Refused(Refusal::passing(Cause::NoOtlp, "an answer without a gRPC status"));
    };
    if code == 0 {
        let encoding = answer.headers.get("grpc-encoding").and_then(|encoding| encoding.to_str().ok());
        return match expand::message(answer.body, encoding.unwrap_or_default()) {
            Ok(message) => accepted(&message, signal),
            Err(why) => unreadable(&why),
        };
    }
    let words = find("grpc-message").map(|words| percent_decoded(words.as_bytes())).unwrap_or_default();
    let details = find("grpc-status-details-bin").and_then(|details| base64(details.as_bytes()));
    let wait = details.and_then(|details| retry_delay(&details));
    let may_retry = match code {
        CANCELLED | DEADLINE_EXCEEDED | ABORTED | OUT_OF_RANGE | UNAVAILABLE | DATA_LOSS => true,
        RESOURCE_EXHAUSTED => wait.is_some(),
        _ => false,
    };
    Said::Refused(Refusal { cause: Cause::Grpc(code), words, may_retry, wait })
}

fn accepted(message: &[u8], signal: Signal) -> Said {
    let partial = match signal {
        Signal::Traces => ExportTraceServiceResponse::decode(message)
            .map(|response| response.partial_success.map(|part| (part.rejected_spans, part.error_message))),
        Signal::Metrics => ExportMetricsServiceResponse::decode(message)
            .map(|response| response.partial_success.map(|part| (part.rejected_data_points, part.error_message))),
        Signal::Logs => ExportLogsServiceResponse::decode(message)
            .map(|response| response.partial_success.map(|part| (part.rejected_log_records, part.error_message))),
    };
    match partial {
        Ok(partial) => {
            let (rejected, words) = partial.unwrap_or_default();
            Said::Accepted { rejected: u64::try_from(rejected).unwrap_or(0), words }
        }
        Err(error) => unreadable(&error.to_string()),
    }
}

/// A success that does not say of how much.
fn unreadable(why: &str) -> Said {
    let words = format!("success, with a body that is no response of OTLP: {why}");
    Said::Refused(Refusal { cause: Cause::NoOtlp, words, may_retry: false, wait: None })
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Any {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    pub(super) retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Delay {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

/// The wait that a status asks for; one of 0 asks for a retry without a wait of its own.
fn retry_delay(status: &[u8]) -> Option<Duration> {
    let status = Status::decode(status).ok()?;
    let info = status.details.iter().find(|detail| detail.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(info.value.as_slice()).ok()?.retry_delay.unwrap_or_default();
    let seconds = Duration::from_secs(u64::try_from(delay.seconds).unwrap_or(0));
    Some(seconds.saturating_add(Duration::from_nanos(u64::try_from(delay.nanos).unwrap_or(0))))
}

/// Base64 of gRPC's binary headers, with or without padding.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for c in text.iter().filter(|c| **c != b'=') {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

/// gRPC's messages are percent-encoded.
fn percent_decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The cause and words of a request that a connection did not carry to its answer.
pub(super) fn lost(error: &hyper::Error) -> Refusal {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    let cause = if error.is_parse() { Cause::NoOtlp } else { Cause::ConnectionLost };
    Refusal::passing(cause, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario* Values of Retry-After: seconds, a date ahead, a date gone by, neither.
    ///
    /// *Guarantees* Each is the wait that it means; the last is none.
    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT").unwrap();
        let read = |text| retry_after(text, now);
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(37)));
        assert_eq!(read("Sat, 05 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(read("-1"), None);
    }

    /// *Scenario* The vectors of RFC 4648, with and without padding; text that is none; percent signs with and without a code.
    ///
    /// *Guarantees* They decode to what they stand for, and what is none does no harm.
    #[test]
    fn encoded_headers_are_decoded() {
        for (text, plain) in [("", ""), ("Zg==", "f"), ("Zg", "f"), ("Zm9v", "foo"), ("Zm9vYmE=", "fooba")] {
            assert_eq!(base64(text.as_bytes()), Some(plain.as_bytes().to_vec()));
        }
        assert_eq!(base64(b"Zm9v!"), None);
        assert_eq!(base64(&[b'/'; 400]).map(|bytes| bytes.len()), Some(300));
        assert_eq!(percent_decoded(b"100%25 %e2%82%ac %zz %4"), "100% \u{20ac} %zz %4");
    }

    /// *Scenario* Details that say to come again, that say nothing, and that are damaged.
    ///
    /// *Guarantees* Only RetryInfo gives a wait, and no damage panics.
    #[test]
    fn only_retry_info_gives_a_wait() {
        let info = RetryInfo { retry_delay: Some(Delay { seconds: 2, nanos: 500_000_000 }) }.encode_to_vec();
        let status = |kind: &str| Status {
            details: vec![Any { type_url: format!("type.googleapis.com/google.rpc.{kind}"), value: info.clone() }],
            ..Status::default()
        };
        let bytes = status("RetryInfo").encode_to_vec();
        assert_eq!(retry_delay(&bytes), Some(Duration::from_millis(2500)));
        assert_eq!(retry_delay(&status("DebugInfo").encode_to_vec()), None);
        for end in 0..bytes.len() {
            assert_eq!(retry_delay(&bytes[..end]), None);
        }
        let endless = RetryInfo { retry_delay: Some(Delay { seconds: i64::MAX, nanos: i32::MIN }) };
        let detail = Any { type_url: "/google.rpc.RetryInfo".to_owned(), value: endless.encode_to_vec() };
        assert!(retry_delay(&Status { details: vec![detail], ..Status::default() }.encode_to_vec()).is_some());
    }
}
