//! The other way of `compress`: an answer over gRPC that came compressed.
//!
//! Nobody asks for one, but grpc-go, and so every OpenTelemetry Collector, answers a compressed request with the compression that the
//! request had. Owns reading it, within a bound. Refuses to know what it says.

use crate::otlp::GRPC_PREFIX_BYTES;
use std::borrow::Cow;
use std::io::Read;

/// An answer has a few words at most; anything longer is not read on.
const MOST_BYTES: u64 = 64 << 10;

/// The message in the body of an answer; empty if there is none.
///
/// # Errors
/// In words, when it is compressed in a way that is not known, is damaged, or too long.
pub(super) fn message<'b>(body: &'b [u8], encoding: &str) -> Result<Cow<'b, [u8]>, String> {
    let Some((prefix, message)) = body.split_first_chunk::<GRPC_PREFIX_BYTES>() else { return Ok(Cow::default()) };
    if prefix[0] == 0 {
        return Ok(Cow::Borrowed(message));
    }
    let mut expanded = Vec::new();
    let read = match encoding {
        "gzip" => flate2::read::MultiGzDecoder::new(message).take(MOST_BYTES + 1).read_to_end(&mut expanded),
        "zstd" => zstd::stream::read::Decoder::with_buffer(message)
            .and_then(|decoder| decoder.take(MOST_BYTES + 1).read_to_end(&mut expanded)),
        other => return Err(format!("it is compressed in an unknown way, `{other}`")),
    };
    read.map_err(|error| format!("it cannot be decompressed: {error}"))?;
    if expanded.len() as u64 > MOST_BYTES {
        return Err(format!("it has over {MOST_BYTES} bytes"));
    }
    Ok(Cow::Owned(expanded))
}

#[cfg(test)]
mod tests {
    use super::message;
    use std::io::Write;

    fn body(flag: u8, message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[flag], length.as_slice(), message].concat()
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    /// *Scenario*: the same answer plain, by gzip and by zstd; an answer without a message.
    ///
    /// *Guarantees*: each is read as what it says.
    #[test]
    fn compressed_answers_are_read() {
        let plain = b"twelve spans were refused";
        let zstd = zstd::bulk::compress(plain, 1).unwrap();
        assert_eq!(message(&body(0, plain), "").unwrap(), plain.as_slice());
        assert_eq!(message(&body(1, &gzip(plain)), "gzip").unwrap(), plain.as_slice());
        assert_eq!(message(&body(1, &zstd), "zstd").unwrap(), plain.as_slice());
        assert!(message(&[], "zstd").unwrap().is_empty());
    }

    /// *Scenario*: compressed answers that are cut off, that grow a thousandfold, or that do not say how they are compressed.
    ///
    /// *Guarantees*: each is refused with the reason, and the bound holds.
    #[test]
    fn answers_that_cannot_be_read_are_refused() {
        let big = vec![0; 10 << 20];
        let (gzip, zstd) = (gzip(&big), zstd::bulk::compress(&big, 1).unwrap());
        for (compressed, encoding) in [(&gzip, "gzip"), (&zstd, "zstd")] {
            assert!(message(&body(1, compressed), encoding).unwrap_err().contains("over 65536 bytes"));
            assert!(message(&body(1, &compressed[..9]), encoding).unwrap_err().contains("cannot be decompressed"));
        }
        assert!(message(&body(1, b"?"), "").unwrap_err().contains("unknown way"));
    }
}
