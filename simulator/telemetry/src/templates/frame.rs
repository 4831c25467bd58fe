//! What is around the spans or logs of a batch: resource and scope before them, the versions of the conventions behind.
//!
//! Owns the two lengths that are known at the end only. Resources and scopes stand in requests of spans and of logs at the same numbers, so
//! a pod has one front for both.

use crate::encode::scope;
use crate::shapes::SCHEMA_URL;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::encoding::{WireType, encode_key, message, string};

/// `ExportTraceServiceRequest.resource_spans`, `ExportLogsServiceRequest.resource_logs`.
const OF_RESOURCE: u32 = 1;
/// `ResourceSpans.resource`, `ResourceLogs.resource`.
const RESOURCE: u32 = 1;
/// `ResourceSpans.scope_spans`, `ResourceLogs.scope_logs`.
const OF_SCOPE: u32 = 2;
/// `ScopeSpans.scope`, `ScopeLogs.scope`.
const SCOPE: u32 = 1;
/// `ScopeSpans.spans`, `ScopeLogs.log_records`.
pub(super) const ITEM: u32 = 2;
/// `schema_url` of all four.
const SCHEMA: u32 = 3;

/// Bytes of a length that is filled in later: enough for 2^28.
const LENGTH: usize = 4;

/// What stands before the items of a pod's batches.
pub(super) struct Front {
    bytes: Vec<u8>,
    /// Where the length of everything of the resource stands.
    outer: usize,
    /// Where the length of everything of the scope stands.
    inner: usize,
    /// What stands behind the items, within the scope and then within the resource.
    schema: Vec<u8>,
    /// Of the pod's service, in the tally that was last fed.
    pub(super) place_in_tally: usize,
}

impl Front {
    pub(super) fn new(resource: &Resource) -> Self {
        let mut bytes = Vec::new();
        let outer = keep_length_free(OF_RESOURCE, &mut bytes);
        message::encode(RESOURCE, resource, &mut bytes);
        let inner = keep_length_free(OF_SCOPE, &mut bytes);
        message::encode(SCOPE, &scope(), &mut bytes);
        let mut schema = Vec::new();
        string::encode(SCHEMA, &SCHEMA_URL.to_owned(), &mut schema);
        Self { bytes, outer, inner, schema, place_in_tally: 0 }
    }

    /// Appends what stands before the items; where it begins.
    pub(super) fn open(&self, into: &mut Vec<u8>) -> usize {
        let from = into.len();
        into.extend_from_slice(&self.bytes);
        from
    }

    /// Appends what stands behind the items, and fills the lengths in.
    pub(super) fn close(&self, from: usize, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.schema);
        fill_length(from + self.inner, into);
        into.extend_from_slice(&self.schema);
        fill_length(from + self.outer, into);
    }
}

fn keep_length_free(field: u32, bytes: &mut Vec<u8>) -> usize {
    encode_key(field, WireType::LengthDelimited, bytes);
    bytes.extend_from_slice(&[0; LENGTH]);
    bytes.len() - LENGTH
}

/// The length from behind its place to the end.
fn fill_length(at: usize, bytes: &mut [u8]) {
    let length = bytes.len() - at - LENGTH;
    assert!(length < 1 << (7 * LENGTH), "invariant: a batch takes less than 256 MiB");
    for (nth, byte) in bytes[at..at + LENGTH].iter_mut().enumerate() {
        let goes_on = if nth + 1 < LENGTH { 0x80 } else { 0 };
        *byte = (length >> (7 * nth) & 0x7f) as u8 | goes_on;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::encoding::decode_varint;

    /// *Scenario*: lengths around every power of 128. *Guarantees*: they are read back from four bytes each.
    #[test]
    fn padded_lengths_are_read_back() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
            let mut bytes = vec![0; LENGTH + length];
            fill_length(0, &mut bytes);
            let mut rest = &bytes[..LENGTH];
            assert_eq!(decode_varint(&mut rest), Ok(length as u64));
            assert!(rest.is_empty());
        }
    }
}
