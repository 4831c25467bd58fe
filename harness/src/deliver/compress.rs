//! Compression of bodies, by the thread that offers them.
//!
//! Owns the levels. Refuses to fail: a body that can't be compressed goes as it is, which both protocols allow.

use super::Compression;
use bytes::Bytes;
use flate2::write::GzEncoder;
use std::io::Write;

/// The level of both: the cheapest. Chosen: at the rates of a load generator the cores are dearer than loopback.
const LEVEL: u8 = 1;

/// The bytes that go over the wire, and whether they are compressed.
pub(super) fn compress(plain: &Bytes, compression: Compression) -> (Bytes, bool) {
    let compressed = match compression {
        Compression::None => None,
        Compression::Gzip => gzip(plain).ok(),
        Compression::Zstd => zstd::bulk::compress(plain, i32::from(LEVEL)).ok(),
    };
    compressed.map_or_else(|| (plain.clone(), false), |compressed| (Bytes::from(compressed), true))
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), flate2::Compression::new(u32::from(LEVEL)));
    encoder.write_all(plain)?;
    encoder.finish()
}
