//! What the detector knows of the fleet's names, as anybody who reads its spans and resources would.
//!
//! Owns the numbering's words and the way from a span to its parent. Refuses everything that only the model
//! knows: sizes, costs, indexes, faults. Indices are those of the exports and of the span records.

use doorbuster_telemetry::record::SpanRecord;

/// The names of a fleet; every list is in the order of the exports' points.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Services.
    pub(crate) services: Vec<String>,
    /// Endpoints.
    pub(crate) endpoints: Vec<EndpointName>,
    /// Stores.
    pub(crate) stores: Vec<StoreName>,
    /// Statements.
    pub(crate) statements: Vec<StatementName>,
    /// Connection pools.
    pub(crate) pools: Vec<PoolName>,
    /// Consumer groups, by the index of their endpoint.
    pub(crate) consumers: Vec<usize>,
    /// The store of each consumer group's topic.
    pub(crate) topics: Vec<usize>,
    /// Cached values: the service that looks up, and the store.
    pub(crate) caches: Vec<(usize, usize)>,
    /// Shapes of spans.
    pub(crate) shapes: Vec<ShapeName>,
}

/// An endpoint of a service.
#[derive(Clone, Debug)]
pub(crate) struct EndpointName {
    /// Index of its service.
    pub(crate) service: usize,
    /// Its name within the service.
    pub(crate) name: String,
    /// Whether shoppers ask it: alerts watch these.
    pub(crate) is_edge: bool,
}

/// A store.
#[derive(Clone, Debug)]
pub(crate) struct StoreName {
    /// Its name.
    pub(crate) name: String,
    /// What it is, as in `db.system.name`; [`EXTERNAL`] for somebody else's service.
    pub(crate) kind: String,
}

/// Kind of a store that somebody else runs: its cores and rows are not ours to read.
pub(crate) const EXTERNAL: &str = "external";

/// A statement of a store.
#[derive(Clone, Debug)]
pub(crate) struct StatementName {
    /// Index of its store.
    pub(crate) store: usize,
    /// Its name.
    pub(crate) name: String,
    /// Its text, as in `db.query.text`.
    pub(crate) text: String,
}

/// The connection pools of a service to a store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolName {
    /// Index of the service.
    pub(crate) service: usize,
    /// Index of the store.
    pub(crate) store: usize,
}

/// A kind of span.
#[derive(Clone, Debug)]
pub(crate) struct ShapeName {
    /// Index of the service that makes it.
    pub(crate) service: usize,
    /// Its span name.
    pub(crate) span: String,
    /// What it stands for.
    pub(crate) what: What,
    /// Where its parent is.
    pub(crate) parent: Parent,
}

/// What a span stands for. Ordered, so that votes are counted in one order everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A server span of an endpoint.
    Server {
        /// Index of the endpoint.
        endpoint: usize,
    },
    /// A client span of a call.
    Call {
        /// Index of the endpoint that is called.
        callee: usize,
    },
    /// A client span of a statement, the wait for a connection included.
    Statement {
        /// Index of the statement.
        statement: usize,
        /// Index of the pool it goes through, if there is one.
        pool: Option<usize>,
    },
}

/// Where a span's parent is, by span index.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent {
    /// A server span: the client span right before it, or none at index 0, the root.
    Caller,
    /// A client span: the span of the program that makes it, `offset + attempt * stride` before.
    Program {
        /// From the program's span to the first attempt's.
        offset: u32,
        /// From one attempt's span to the next one's.
        stride: u32,
    },
}

impl Names {
    /// Index of the span's parent; `None` for a root and for a span that fits no known shape.
    pub(crate) fn parent_index(&self, span: &SpanRecord) -> Option<u32> {
        match self.shapes.get(usize::from(span.shape))?.parent {
            Parent::Caller => span.index.checked_sub(1),
            Parent::Program { offset, stride } => {
                let back = u32::from(span.attempt).checked_mul(stride)?.checked_add(offset)?;
                span.index.checked_sub(back)
            }
        }
    }

    /// What a span stands for; `None` if it fits no known shape.
    pub(crate) fn what(&self, span: &SpanRecord) -> Option<What> {
        Some(self.shapes.get(usize::from(span.shape))?.what)
    }

    /// An endpoint in words: `gateway.pay`.
    pub(crate) fn operation(&self, endpoint: usize) -> String {
        let name = &self.endpoints[endpoint];
        format!("{}.{}", self.services[name.service], name.name)
    }

    /// The store that a statement goes to.
    pub(crate) fn store_of(&self, statement: usize) -> &StoreName {
        &self.stores[self.statements[statement].store]
    }

    /// Whether a store is somebody else's.
    pub(crate) fn is_external(&self, store: usize) -> bool {
        self.stores[store].kind == EXTERNAL
    }

    /// The endpoints that shoppers ask, by index.
    pub(crate) fn edges(&self) -> impl Iterator<Item = usize> {
        self.endpoints.iter().enumerate().filter(|(_, endpoint)| endpoint.is_edge).map(|(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(shape: u16, index: u32, attempt: u8) -> SpanRecord {
        SpanRecord { trace: 0, start: 0, duration: 0, index, shape, pod: 0, outcome: 0, attempt, shard: 0 }
    }

    #[test]
    fn parents_follow_from_index_and_attempt() {
        let shape = |what, parent| ShapeName { service: 0, span: String::new(), what, parent };
        let names = Names {
            shapes: vec![
                shape(What::Server { endpoint: 0 }, Parent::Caller),
                shape(What::Call { callee: 0 }, Parent::Program { offset: 2, stride: 5 }),
            ],
            ..Names::default()
        };
        assert_eq!(names.parent_index(&span(0, 0, 0)), None, "the root has none");
        assert_eq!(names.parent_index(&span(0, 8, 0)), Some(7));
        assert_eq!(names.parent_index(&span(1, 2, 0)), Some(0));
        assert_eq!(names.parent_index(&span(1, 12, 2)), Some(0), "the third attempt hangs under the same program");
        assert_eq!(names.parent_index(&span(1, 1, 0)), None, "an index that cannot be is nobody's child");
        assert_eq!(names.parent_index(&span(9, 1, 0)), None, "a shape that nobody knows");
    }
}
