//! What a counting sink recorded, held against what was sent.
//!
//! Owns asking the sink. Refuses its opinion of what should have come: only its tally is taken.

use crate::failure::Failure;
use crate::sink::record::Record;
use bytes::Bytes;
use doorbuster_telemetry::tally::{Gap, Tally};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;

/// A record is at most so large: a line for each second of each service, for days.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// How long the sink may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the sink lacks what is in the tally, or has more.
///
/// # Errors
/// When the sink does not answer with a record.
pub(crate) fn gaps(url: &str, sent: &Tally) -> Result<Vec<Gap>, Failure> {
    let told = ask(url).map_err(|cause| Failure::Argument {
        message: format!("the sink at {url} gave no record: {cause}"),
        help: "name the HTTP port of `doorbuster sink --count`: --counted-by http://127.0.0.1:4318".to_owned(),
    })?;
    let record: Record = serde_json::from_slice(&told).map_err(|error| Failure::Argument {
        message: format!("what {url} answered is no record of a sink: {error}"),
        help: "name the HTTP port of `doorbuster sink --count` of the same version".to_owned(),
    })?;
    let counted = record.counted.ok_or_else(|| Failure::Argument {
        message: format!("the sink at {url} throws bodies away and counts nothing"),
        help: "start it with --count and the seed that is sent: doorbuster sink --count --seed 1".to_owned(),
    })?;
    let arrived = counted.to_tally().ok_or_else(|| Failure::Argument {
        message: format!("the tally of {url} cannot be read"),
        help: "name the HTTP port of `doorbuster sink --count` of the same version".to_owned(),
    })?;
    Ok(sent.gaps(&arrived))
}

fn ask(url: &str) -> Result<Bytes, String> {
    let authority = url.strip_prefix("http://").ok_or("it has to begin with http://")?.trim_end_matches('/');
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let asking = async {
        let stream = TcpStream::connect(authority).await.map_err(|error| error.to_string())?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        let request = http::Request::get("/record").header(http::header::HOST, authority).body(Empty::<Bytes>::new());
        let request = request.map_err(|error| error.to_string())?;
        let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("it answers {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
        body.map(http_body_util::Collected::to_bytes).map_err(|error| error.to_string())
    };
    runtime
        .block_on(async { tokio::time::timeout(PATIENCE, asking).await.map_err(|_| "no answer in time".to_owned())? })
}
