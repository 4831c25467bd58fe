//! Bytes of spans on the wire: OTLP as protobuf, and what gzip and zstd make of it.
//!
//! Owns the measurement: each batch is one request, encoded and compressed on its own, as an exporter sends it.

use super::piece::Taken;
use doorbuster_model::plan::Plan;
use doorbuster_telemetry::encode::{Encoder, Place};
use doorbuster_telemetry::record::Batch;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Level of gzip: the default of zlib and of Go's `compress/gzip`, which the collector takes.
const GZIP_LEVEL: u32 = 6;
/// Level of zstd: the reference library's default.
const ZSTD_LEVEL: i32 = 3;
/// Virtual time zero for time stamps: midnight of 2026-01-01 UTC. Any day takes as many bytes.
const EPOCH_UNIX_NS: u64 = 1_767_225_600_000_000_000;

/// Bytes of some batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) batches: u64,
    pub(super) spans: u64,
    pub(super) plain_bytes: u64,
    pub(super) gzip_bytes: u64,
    pub(super) zstd_bytes: u64,
}

impl Wire {
    /// Encodes and compresses batches of cell 0.
    pub(super) fn of(plan: &Plan, batches: &[Taken]) -> Self {
        let encoder = Encoder::new(plan, Place { cell: 0, pass: 0, epoch_unix_ns: EPOCH_UNIX_NS });
        let mut wire = Self::default();
        for taken in batches {
            let Taken { pod, number, at, spans } = taken;
            let bytes = encoder.bytes(&Batch { pod: *pod, number: *number, at: *at, spans });
            wire.batches += 1;
            wire.spans += spans.len() as u64;
            wire.plain_bytes += bytes.len() as u64;
            wire.gzip_bytes += gzip(&bytes).len() as u64;
            wire.zstd_bytes += zstd(&bytes).len() as u64;
        }
        wire
    }

    /// Bytes of a span, its part of resource and scope included; nothing without spans.
    pub(super) fn bytes_per_span(&self, bytes: u64) -> Option<f64> {
        (self.spans > 0).then(|| bytes as f64 / self.spans as f64)
    }

    /// How many times larger the plain bytes are.
    pub(super) fn ratio(&self, compressed: u64) -> Option<f64> {
        (compressed > 0).then(|| self.plain_bytes as f64 / compressed as f64)
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("invariant: memory takes bytes")
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, ZSTD_LEVEL).expect("invariant: memory takes bytes")
}
