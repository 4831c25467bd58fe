//! The fingerprint of a stream: what two runs must share to be called the same.
//!
//! Owns the hash over a cell's batches (tick, pod, number, length, then the records' bytes) and its marks at
//! every epoch, and the order in which cells are combined. It depends on the batches: the same spans cut into
//! batches elsewhere are another stream. Refuses protobuf: bytes have their own oracle. Records are hashed
//! as they lie in memory, so fingerprints are comparable between machines of one byte order.

use crate::record::{Batch, Consumer};
use std::fmt::Write;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// The hash of one cell's stream as it goes by.
#[derive(Clone, Default)]
pub struct Fingerprint {
    hash: Xxh3Default,
    epochs: Vec<u64>,
}

impl Consumer for Fingerprint {
    fn batch(&mut self, batch: &Batch<'_>) {
        let place = u64::from(batch.pod) << 32 | u64::from(batch.number);
        let header = [batch.at, place, batch.spans.len() as u64];
        self.hash.update(bytemuck::bytes_of(&header));
        self.hash.update(bytemuck::cast_slice(batch.spans));
    }
}

impl Fingerprint {
    /// Marks the end of the epoch that is virtual second `second`; called for every epoch from 0 on.
    pub fn epoch(&mut self, second: u64) {
        assert_eq!(second, self.epochs.len() as u64, "invariant: epochs are marked one after the other");
        self.epochs.push(self.hash.digest());
    }

    /// The hash of the stream up to the end of each epoch: equal up to the first epoch that differs.
    #[must_use]
    pub fn epochs(&self) -> &[u64] {
        &self.epochs
    }

    /// The hash of the whole stream so far.
    #[must_use]
    pub fn finish(&self) -> [u8; 16] {
        self.hash.digest128().to_be_bytes()
    }
}

/// The fingerprint of a run, as 32 hexadecimal digits: the hash of its cells' hashes in order of cell.
#[must_use]
pub fn combine(cells: &[[u8; 16]]) -> String {
    hex(&xxh3_128(cells.as_flattened()).to_be_bytes())
}

/// The first epoch in which two streams differ, given both [`Fingerprint::epochs`]; an epoch that only one of them has differs.
#[must_use]
pub fn first_difference(one: &[u64], other: &[u64]) -> Option<u64> {
    let common = one.len().min(other.len());
    let place = (0..common).find(|&i| one[i] != other[i]);
    place.or((one.len() != other.len()).then_some(common)).map(|i| i as u64)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("invariant: a string takes any text");
        text
    })
}
