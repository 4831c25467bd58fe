//! What the sink answers, in gRPC's and in HTTP's words.
//!
//! Owns responses and their bodies. Refuses to decide which one is due.

use super::server::Door;
use crate::otlp::{GRPC_PREFIX_BYTES, grpc_prefix};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An empty export response: no rejected items, no message. As a gRPC message it is its prefix alone.
static EMPTY_GRPC_MESSAGE: [u8; GRPC_PREFIX_BYTES] = grpc_prefix(0, false);

/// Why a request is refused (OTLP 1.10, "Failures"; gRPC's status codes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing is exported there.
    UnknownPath,
    /// The body is no export request.
    Corrupt(String),
    /// The body is longer than the sink takes.
    TooLong,
    /// Compressed with what the sink does not know.
    UnknownEncoding(String),
    /// JSON, or something else that is no protobuf.
    UnknownType,
}

impl Refusal {
    const fn grpc_code(&self) -> u8 {
        match self {
            Self::Corrupt(_) => 3,
            Self::TooLong => 8,
            Self::UnknownPath | Self::UnknownEncoding(_) | Self::UnknownType => 12,
        }
    }

    const fn http_code(&self) -> StatusCode {
        match self {
            Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::Corrupt(_) => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnknownEncoding(_) | Self::UnknownType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    /// In words.
    pub(super) fn message(&self) -> String {
        match self {
            Self::UnknownPath => "no OTLP service has this path".to_owned(),
            Self::Corrupt(cause) => cause.clone(),
            Self::TooLong => format!("the body is longer than {} bytes", super::body::MAX_BODY_BYTES),
            Self::UnknownEncoding(name) => format!("unknown compression `{name}`; identity, gzip and zstd are known"),
            Self::UnknownType => "only protobuf is understood".to_owned(),
        }
    }
}

/// The body of an answer: at most one piece, then trailers.
#[derive(Default)]
pub(super) struct Answer {
    piece: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(piece) = self.piece.take() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.piece.as_ref().map_or(0, |piece| piece.len() as u64))
    }
}

/// All of it was taken.
pub(super) fn accepted(door: Door) -> Response<Answer> {
    match door {
        Door::Grpc => {
            let mut trailers = HeaderMap::with_capacity(1);
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            let body = Answer { piece: Some(Bytes::from_static(&EMPTY_GRPC_MESSAGE)), trailers: Some(trailers) };
            with_type(Response::new(body), "application/grpc")
        }
        Door::Http => with_type(Response::new(Answer::default()), "application/x-protobuf"),
    }
}

/// None of it was.
pub(super) fn refused(door: Door, refusal: &Refusal) -> Response<Answer> {
    let message = refusal.message();
    match door {
        Door::Grpc => {
            let mut response = with_type(Response::new(Answer::default()), "application/grpc");
            let headers = response.headers_mut();
            headers.insert("grpc-status", HeaderValue::from(u16::from(refusal.grpc_code())));
            headers.insert("grpc-accept-encoding", HeaderValue::from_static("identity,gzip,zstd"));
            if let Ok(message) = HeaderValue::from_str(&percent(&message)) {
                headers.insert("grpc-message", message);
            }
            response
        }
        Door::Http => {
            let mut response = piece(Bytes::from(status(refusal.grpc_code(), &message)), "application/x-protobuf");
            *response.status_mut() = refusal.http_code();
            response
        }
    }
}

/// A body that is neither OTLP's nor gRPC's.
pub(super) fn piece(bytes: Bytes, content_type: &'static str) -> Response<Answer> {
    with_type(Response::new(Answer { piece: Some(bytes), trailers: None }), content_type)
}

fn with_type(mut response: Response<Answer>, content_type: &'static str) -> Response<Answer> {
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// gRPC's escapes in a status message: everything but printable ASCII, and the escape itself.
fn percent(message: &str) -> String {
    let mut escaped = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b'%' | 0..=0x1f | 0x7f.. => escaped.push_str(&format!("%{byte:02X}")),
            _ => escaped.push(char::from(byte)),
        }
    }
    escaped
}

/// A `google.rpc.Status`, which OTLP/HTTP wants as the body of a failure: code in field 1, message in field 2.
fn status(code: u8, message: &str) -> Vec<u8> {
    let mut bytes = vec![0x08, code, 0x12];
    prost::encoding::encode_varint(message.len() as u64, &mut bytes);
    bytes.extend_from_slice(message.as_bytes());
    bytes
}
