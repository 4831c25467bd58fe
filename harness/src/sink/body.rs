//! Bodies as they come in, frame by frame.
//!
//! Owns reading, its bound and its pace. Refuses to look into what it reads.

use super::meter::Intake;
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;

/// Longest body, on the wire and decompressed: sixty times what a generator or a collector sends at once.
pub(super) const MAX_BODY_BYTES: usize = 64 << 20;

/// The sender went away, or reset the stream, in the middle of a body.
#[derive(Debug)]
pub(super) struct BrokenOff;

/// Reads a body and keeps nothing of it.
pub(super) async fn drain<B>(body: &mut B, intake: &Intake) -> Result<(), BrokenOff>
where
    B: Body<Data = Bytes> + Unpin,
{
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BrokenOff)?;
        if let Some(data) = frame.data_ref() {
            intake.read(data.len()).await;
        }
    }
    Ok(())
}
