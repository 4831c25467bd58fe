//! One request: where it goes and what is answered.
//!
//! Owns the choice among answers. Refuses sockets, and what a body means.

use super::answer::{self, Answer, Refusal};
use super::body;
use super::meter::Intake;
use super::server::Door;
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
    match body::drain(&mut body, intake).await {
        Ok(()) => {
            intake.take(signal);
            answer::accepted(door)
        }
        Err(body::BrokenOff) => {
            intake.break_off();
            // Nobody hears it.
            answer::refused(door, &Refusal::Corrupt("the body was broken off".to_owned()))
        }
    }
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
