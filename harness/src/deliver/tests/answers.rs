//! What follows from answers: the retry rules of the specification.

use super::super::answer::{Any, Delay, RetryInfo, Status};
use super::server::{Reply, Server};
use super::*;
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};

/// Offers one body to a server that answers by the script; the counts, and the number of requests that came.
fn play(protocol: Protocol, script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> (Counts, usize) {
    let server = Server::start(protocol, script);
    let delivery = Delivery::start(settings(protocol, &[server.port])).unwrap();
    delivery.line(0).offer(body("x", 3)).unwrap();
    let counts = finish(delivery).counts;
    (counts, server.count())
}

/// The status that a gRPC server sends along to say when to come again.
fn retry_info() -> String {
    let info = RetryInfo { retry_delay: Some(Delay { seconds: 0, nanos: 1_000_000 }) };
    let detail = Any { type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(), value: info.encode_to_vec() };
    let status = Status { code: 8, message: "later".to_owned(), details: vec![detail] };
    base64(&status.encode_to_vec())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().enumerate().fold(0_u32, |bits, (n, byte)| bits | (u32::from(*byte) << (16 - 8 * n)));
        for digit in 0..=three.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]));
        }
    }
    text
}

/// *Scenario* The first answer has one of gRPC's codes, the second is success.
///
/// *Guarantees* Exactly the codes that the specification names are tried again and then accepted; the others fail at once, by code.
#[test]
fn grpc_codes_are_retried_as_the_specification_says() {
    for code in 1..=16 {
        let (counts, requests) = play(Protocol::Grpc, move |number| Reply::grpc(if number == 0 { code } else { 0 }));
        if matches!(code, 1 | 4 | 10 | 11 | 14 | 15) {
            assert_eq!((counts.accepted, requests), (Amount { bodies: 1, items: 3 }, 2), "code {code}: {counts:#?}");
            assert_eq!((counts.retried.bodies, counts.maybe_twice.bodies), (1, 0));
            assert_eq!(counts.failed_tries[&Cause::Grpc(code)], 1);
        } else {
            let failed = counts.failed.get(&Cause::Grpc(code));
            assert_eq!((failed, requests), (Some(&Amount::one(3)), 1), "code {code}: {counts:#?}");
        }
    }
}

/// *Scenario* RESOURCE_EXHAUSTED, once with RetryInfo in its details and then success.
///
/// *Guarantees* With RetryInfo it is tried again (without, the test above sees it fail).
#[test]
fn resource_exhausted_is_retried_with_retry_info() {
    let (counts, requests) = play(Protocol::Grpc, |number| {
        let mut reply = Reply::grpc(if number == 0 { 8 } else { 0 });
        if number == 0 {
            reply.trailers.push(("grpc-status-details-bin", retry_info()));
        }
        reply
    });
    assert_eq!((counts.accepted.bodies, counts.retried.bodies, requests), (1, 1, 2), "{counts:#?}");
}

/// *Scenario* A status among the headers, without a body, with a percent-encoded message.
///
/// *Guarantees* It counts as that code, and the message is kept in plain words.
#[test]
fn a_status_without_a_body_is_read() {
    let (counts, _) = play(Protocol::Grpc, |_| Reply {
        status: 200,
        headers: vec![("grpc-status", "3".to_owned()), ("grpc-message", "no%20such%0Atenant".to_owned())],
        ..Reply::default()
    });
    assert_eq!(counts.failed[&Cause::Grpc(3)].bodies, 1, "{counts:#?}");
    assert_eq!(counts.messages[0].text, "gRPC INVALID_ARGUMENT: no such tenant");
}

/// *Scenario* The first answer has an HTTP status, the second is success.
///
/// *Guarantees* 429, 502, 503 and 504 are tried again, whether Retry-After is missing, in seconds or a date; others fail at once.
#[test]
fn http_statuses_are_retried_as_the_specification_says() {
    for after in [None, Some("0"), Some("Sun, 06 Nov 1994 08:49:37 GMT"), Some("soon")] {
        for status in [400, 401, 404, 413, 429, 500, 501, 502, 503, 504] {
            let (counts, requests) = play(Protocol::Http, move |number| {
                let mut reply = Reply::http(if number == 0 { status } else { 200 });
                reply.headers.extend(after.map(|after| ("retry-after", after.to_owned())));
                reply
            });
            if matches!(status, 429 | 502..=504) {
                assert_eq!((counts.accepted.bodies, requests), (1, 2), "{status}: {counts:#?}");
            } else {
                assert_eq!((counts.failed[&Cause::Http(status)].bodies, requests), (1, 1), "{status}: {counts:#?}");
            }
        }
    }
}

/// *Scenario* A server asks to wait an hour, which is longer than the retry window, or beyond all time.
///
/// *Guarantees* The body fails without another try.
#[test]
fn a_wait_beyond_the_window_is_a_failure() {
    for after in ["3600".to_owned(), u64::MAX.to_string()] {
        let (counts, requests) = play(Protocol::Http, move |_| {
            let mut reply = Reply::http(503);
            reply.headers.push(("retry-after", after.clone()));
            reply
        });
        assert_eq!((counts.failed[&Cause::Http(503)].bodies, requests), (1, 1), "{counts:#?}");
    }
}

/// *Scenario* Success that isn't OTLP: a page, a body that is no message, a body of a megabyte, no gRPC status.
///
/// *Guarantees* Each counts as an answer that is not OTLP and not as accepted.
#[test]
fn success_that_is_no_otlp_is_none() {
    let page = |kind: &str, body: Vec<u8>| {
        let headers = vec![("content-type", kind.to_owned())];
        Reply { status: 200, headers, body, ..Reply::default() }
    };
    let replies = [
        page("text/html", b"<html>".to_vec()),
        page("application/x-protobuf", vec![0xff; 9]),
        page("application/x-protobuf", vec![0; 1 << 20]),
    ];
    for reply in replies {
        let (counts, _) = play(Protocol::Http, move |_| reply.clone());
        assert_eq!(counts.failed[&Cause::NoOtlp].bodies, 1, "{counts:#?}");
    }
    let (counts, requests) = play(Protocol::Grpc, |number| if number == 0 { Reply::http(200) } else { Reply::grpc(0) });
    assert_eq!((counts.failed_tries[&Cause::NoOtlp], counts.accepted.bodies, requests), (1, 1, 2));
}

/// *Scenario* A body of each signal goes over HTTP/1.1 below a path, by gzip; the log records are taken in part.
///
/// *Guarantees* Paths, types and encodings are those of the specification, the bytes inflate to the request, and partial success is
/// counted.
#[test]
fn http_carries_all_signals() {
    let partial = ExportLogsPartialSuccess { rejected_log_records: 1, error_message: "one is too long".to_owned() };
    let partial = ExportLogsServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let server = Server::start(Protocol::Http, move |number| {
        let mut reply = Reply::http(200);
        if number == 2 {
            reply.body = partial.clone();
        }
        reply
    });
    let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{}/in/", server.port), Protocol::Http).unwrap();
    let mut settings = settings(Protocol::Http, &[server.port]);
    settings.endpoints = vec![endpoint];
    settings.compression = Compression::Gzip;
    let delivery = Delivery::start(settings).unwrap();
    for signal in Signal::ALL {
        delivery.line(0).offer(Body { signal, ..body("x", 4) }).unwrap();
    }
    let counts = finish(delivery).counts;
    assert_eq!(counts.accepted, Amount { bodies: 3, items: 11 }, "{counts:#?}");
    assert_eq!(counts.rejected, Amount { bodies: 1, items: 1 });
    let seen = server.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/in/v1/traces", "/in/v1/metrics", "/in/v1/logs"]);
    for seen in &seen {
        assert_eq!(seen.headers["content-type"], "application/x-protobuf");
        assert_eq!(seen.headers["content-encoding"], "gzip");
        assert_eq!(seen.headers["user-agent"], concat!("doorbuster/", env!("CARGO_PKG_VERSION")));
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(seen.body.as_ref()), &mut plain).unwrap();
        assert_eq!(plain, request("x", 4).encode_to_vec());
    }
}
