//! From a body's pieces to the message in them: gRPC's prefix, compression.
//!
//! Owns what may be wrong around a message, and the bound on its size. Refuses to look into it.

use super::answer::Refusal;
use super::body::MAX_BODY_BYTES;
use super::server::Door;
use crate::otlp::GRPC_PREFIX_BYTES;
use bytes::Bytes;
use http::{HeaderMap, header};
use std::io::{self, Read};

/// How a message lies in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    door: Door,
    compression: Compression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

/// Room for what must be copied, kept from one body to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    joined: Vec<u8>,
    unpacked: Vec<u8>,
}

impl Packing {
    /// What the headers say of it.
    pub(super) fn of(door: Door, headers: &HeaderMap) -> Result<Self, Refusal> {
        let said = match door {
            Door::Grpc => headers.get("grpc-encoding"),
            Door::Http => headers.get(header::CONTENT_ENCODING),
        };
        let compression = match said.map(|said| said.to_str().unwrap_or("?")) {
            None | Some("" | "identity") => Compression::None,
            Some("gzip") => Compression::Gzip,
            Some("zstd") => Compression::Zstd,
            Some(other) => return Err(Refusal::UnknownEncoding(other.to_owned())),
        };
        Ok(Self { door, compression })
    }
}

/// The message in a body. Neither joining nor decompressing is done where it need not be.
///
/// # Errors
/// When the body is no such packing, or the message is too long.
pub(super) fn unpack<'b>(
    pieces: &'b [Bytes],
    packing: &Packing,
    scratch: &'b mut Scratch,
) -> Result<&'b [u8], Refusal> {
    let Scratch { joined, unpacked } = scratch;
    let body: &[u8] = match pieces {
        [] => &[],
        [whole] => whole,
        pieces => {
            joined.clear();
            pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
            joined
        }
    };
    let (message, compression) = match packing.door {
        Door::Http => (body, packing.compression),
        Door::Grpc => grpc_message(body, packing.compression)?,
    };
    if message.len() > MAX_BODY_BYTES {
        return Err(Refusal::TooLong);
    }
    match compression {
        Compression::None => return Ok(message),
        Compression::Gzip => read_bounded(flate2::read::MultiGzDecoder::new(message), unpacked),
        Compression::Zstd => {
            zstd::stream::read::Decoder::with_buffer(message).and_then(|decoder| read_bounded(decoder, unpacked))
        }
    }
    .map_err(|error| Refusal::Corrupt(format!("the body cannot be decompressed: {error}")))?;
    if unpacked.len() > MAX_BODY_BYTES {
        return Err(Refusal::TooLong);
    }
    Ok(unpacked)
}

/// The one message of a gRPC body.
fn grpc_message(body: &[u8], encoding: Compression) -> Result<(&[u8], Compression), Refusal> {
    let Some((prefix, message)) = body.split_first_chunk::<GRPC_PREFIX_BYTES>() else {
        let cause = format!("the body has {} bytes, fewer than gRPC's prefix", body.len());
        return Err(Refusal::Corrupt(cause));
    };
    let announced = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if message.len() != announced {
        let than = if message.len() < announced { "shorter" } else { "longer" };
        let cause = format!("the body is {than} than announced: {} bytes, not {announced}", message.len());
        return Err(Refusal::Corrupt(cause));
    }
    match prefix[0] {
        0 => Ok((message, Compression::None)),
        1 if encoding == Compression::None => {
            Err(Refusal::Corrupt("the message is compressed, but no header says how".to_owned()))
        }
        1 => Ok((message, encoding)),
        flag => Err(Refusal::Corrupt(format!("gRPC's prefix has flag {flag}"))),
    }
}

fn read_bounded(reader: impl Read, into: &mut Vec<u8>) -> io::Result<()> {
    into.clear();
    reader.take(MAX_BODY_BYTES as u64 + 1).read_to_end(into).map(drop)
}
