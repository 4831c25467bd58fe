//! Batches split by the endpoint of their traces, as agents that balance by trace do.
//!
//! Owns the split. Refuses to move records: those of an endpoint stay in the order of their batch.

use crate::deliver::{Endpoint, Ring};
use doorbuster_telemetry::record::{Batch, SpanRecord};
use std::sync::Arc;

/// Splits batches. Its vectors are used again.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    ring: Arc<Ring>,
    /// Records by endpoint.
    parts: Vec<Vec<SpanRecord>>,
}

impl Split {
    /// By the ring of these endpoints.
    pub(crate) fn new(endpoints: &[Endpoint]) -> Self {
        let names: Vec<String> = endpoints.iter().map(Endpoint::authority).collect();
        Self { ring: Arc::new(Ring::new(&names)), parts: vec![Vec::new(); endpoints.len()] }
    }

    /// How many endpoints there are.
    pub(crate) fn endpoints(&self) -> usize {
        self.parts.len()
    }

    /// Splits the records of a batch.
    pub(crate) fn split(&mut self, batch: &Batch<'_>, trace_id: impl Fn(&SpanRecord) -> u128) {
        self.parts.iter_mut().for_each(Vec::clear);
        for record in batch.spans {
            let endpoint = self.ring.endpoint(&trace_id(record).to_be_bytes());
            self.parts[endpoint].push(*record);
        }
    }

    /// What the batch that was split last came to: a batch for each endpoint that any trace of it goes to.
    pub(crate) fn parts<'a>(&'a self, batch: &Batch<'a>) -> impl Iterator<Item = (usize, Batch<'a>)> {
        let batch = *batch;
        let parts = self.parts.iter().enumerate().filter(|(_, spans)| !spans.is_empty());
        parts.map(move |(endpoint, spans)| (endpoint, Batch { spans, ..batch }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::Protocol;

    /// *Scenario*: two batches of a hundred traces with three spans each, over three endpoints. *Guarantees*: every span goes to one
    /// endpoint in its order, all of a trace to the same one in both batches, and every endpoint has some.
    #[test]
    fn a_trace_has_one_endpoint() {
        let urls = ["http://a:1", "http://b:1", "http://c:1"];
        let endpoints = urls.map(|url| Endpoint::parse(url, Protocol::Grpc).unwrap());
        let mut split = Split::new(&endpoints);
        let record = |trace: u64, index: u32| SpanRecord {
            trace,
            index,
            start: 0,
            duration: 0,
            shape: 0,
            pod: 0,
            outcome: 0,
            attempt: 0,
            shard: 0,
        };
        let spans: Vec<SpanRecord> = (0..300).map(|n| record(n % 100, n as u32)).collect();
        let batch = Batch { pod: 0, number: 7, at: 9, spans: &spans };
        let spread =
            |record: &SpanRecord| u128::from(record.trace).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let mut places = vec![None; 100];
        for _ in 0..2 {
            let mut seen = 0;
            split.split(&batch, spread);
            for (endpoint, part) in split.parts(&batch) {
                assert_eq!((part.number, part.at), (7, 9));
                assert!(part.spans.is_sorted_by_key(|record| record.index));
                seen += part.spans.len();
                for record in part.spans {
                    assert_eq!(*places[record.trace as usize].get_or_insert(endpoint), endpoint);
                }
            }
            assert_eq!(seen, 300);
        }
        assert!((0..3).all(|endpoint| places.contains(&Some(endpoint))));
    }
}
