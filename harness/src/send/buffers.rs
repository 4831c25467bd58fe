//! Buffers of bodies, used again once a body is answered.
//!
//! Owns why: a fresh buffer of half a megabyte is 128 pages that the kernel clears and maps, which took 9 % of a delivery. The one that came
//! back last is lent first, since it may still be in the cache. Refuses to keep more than a few.

use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};

/// Buffers that are kept at most; further ones are freed. Chosen: what two lines have in flight.
const MOST_KEPT: usize = 64;

/// Buffers that are lent and come back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// The bytes of a body, whose buffer comes back when they are dropped.
struct Lent {
    bytes: Vec<u8>,
    home: Buffers,
}

impl Buffers {
    /// An empty buffer with room for `room` bytes.
    pub(crate) fn lend(&self, room: usize) -> Vec<u8> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut buffer = kept.unwrap_or_default();
        buffer.reserve(room);
        buffer
    }

    /// The bytes in a buffer, to be handed on.
    pub(crate) fn hand_on(&self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { bytes, home: self.clone() })
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let mut kept = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_KEPT {
            kept.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: a body is handed on, cloned, dropped; then more bodies at a time than are kept. *Guarantees*: its buffer comes back empty
    /// with the last clone and not before, and no more than the bound are kept.
    #[test]
    fn a_buffer_comes_back_with_its_last_user() {
        let buffers = Buffers::default();
        let mut first = buffers.lend(1_000);
        first.extend_from_slice(b"spans");
        let place = first.as_ptr();
        let body = buffers.hand_on(first);
        let clone = body.clone();
        drop(body);
        assert_eq!((&clone[..], buffers.0.lock().unwrap().len()), (&b"spans"[..], 0));
        drop(clone);
        let again = buffers.lend(1_000);
        assert!(again.is_empty() && again.as_ptr() == place);
        let bodies: Vec<Bytes> = (0..2 * MOST_KEPT).map(|_| buffers.hand_on(vec![1])).collect();
        drop(bodies);
        assert_eq!(buffers.0.lock().unwrap().len(), MOST_KEPT);
    }
}
