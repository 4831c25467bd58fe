//! One request: where it goes and what is answered.
//!
//! Owns the choice among answers. Refuses sockets, and what a body means.

use super::answer::{self, Answer, Refusal};
use super::body::{self, Ungathered};
use super::meter::Intake;
use super::server::Door;
use super::unpack::Packing;
use crate::otlp::Signal;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use http_body::Body;

/// Takes a request and answers it.
pub(super) async fn answer<B>(request: Request<B>, door: Door, intake: &Intake) -> Response<Answer>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (head, mut body) = request.into_parts();
    if door == Door::Http {
        match (&head.method, head.uri.path()) {
            (&Method::GET, "/record") => return answer::piece(intake.record().to_json().into(), "application/json"),
            (&Method::POST, "/reset") => {
                intake.reset();
                return answer::accepted(door);
            }
            _ => {}
        }
    }
    let signal = door.signal(head.uri.path()).filter(|_| head.method == Method::POST);
    let Some(signal) = signal else { return refuse(door, intake, &Refusal::UnknownPath) };
    if !is_protobuf(door, &head.headers) {
        return refuse(door, intake, &Refusal::UnknownType);
    }
    let mut under_way = UnderWay { intake, has_ended: false };
    let read = match intake.is_counting() {
        true => count(signal, door, &head.headers, &mut body, intake).await,
        false => body::drain(&mut body, intake).await.map_err(|body::BrokenOff| None),
    };
    under_way.has_ended = !matches!(read, Err(None));
    match read {
        Ok(()) => {
            intake.take(signal);
            answer::accepted(door)
        }
        Err(Some(refusal)) => refuse(door, intake, &refusal),
        // Nobody hears it.
        Err(None) => answer::refused(door, &Refusal::Corrupt("the body was broken off".to_owned())),
    }
}

/// A body that is being read. It counts as broken off unless it has ended: HTTP/1.1 does not tell of a connection that went away in
/// mid-body, but drops the whole exchange.
struct UnderWay<'i> {
    intake: &'i Intake,
    has_ended: bool,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.intake.break_off();
        }
    }
}

/// Reads a body and counts it; without a refusal in the error it was broken off.
async fn count<B>(
    signal: Signal,
    door: Door,
    headers: &HeaderMap,
    body: &mut B,
    intake: &Intake,
) -> Result<(), Option<Refusal>>
where
    B: Body<Data = Bytes> + Unpin,
{
    let packing = Packing::of(door, headers)?;
    let pieces = body::gather(body, intake).await.map_err(|why| match why {
        Ungathered::BrokenOff => None,
        Ungathered::TooLong => Some(Refusal::TooLong),
    })?;
    intake.count(signal, &packing, &pieces).map_err(Some)
}

fn refuse(door: Door, intake: &Intake, refusal: &Refusal) -> Response<Answer> {
    intake.refuse();
    answer::refused(door, refusal)
}

/// Whether the body is said to be protobuf. One that says nothing is taken for it.
fn is_protobuf(door: Door, headers: &HeaderMap) -> bool {
    let Some(said) = headers.get(header::CONTENT_TYPE) else { return true };
    let said = said.to_str().unwrap_or_default();
    match door {
        Door::Grpc => said.starts_with("application/grpc") && !said.contains("json"),
        Door::Http => said.starts_with("application/x-protobuf"),
    }
}
