//! The spans of a trace as a tree.
//!
//! Owns who is whose child, and how a span's record is read. Refuses to say what is wrong with a trace.

use super::names::Names;
use doorbuster_model::outcome::Outcome;
use doorbuster_telemetry::record::SpanRecord;

/// Place of a span's parent among the spans of its trace, which are sorted by index; `None` for the root, and for
/// a span whose parent did not arrive.
pub(crate) fn parent(names: &Names, spans: &[SpanRecord], span: &SpanRecord) -> Option<usize> {
    let parent = names.parent_index(span).filter(|parent| *parent < span.index)?;
    place(spans, parent)
}

/// Place of the span with this index among the spans of a trace, which are sorted by index.
pub(crate) fn place(spans: &[SpanRecord], index: u32) -> Option<usize> {
    spans.binary_search_by_key(&index, |span| span.index).ok()
}

/// The places of the children of each span, by index. Spans whose parent did not arrive hang nowhere.
pub(crate) fn children(names: &Names, spans: &[SpanRecord]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); spans.len()];
    for (place, span) in spans.iter().enumerate() {
        if let Some(parent) = parent(names, spans, span) {
            children[parent].push(place);
        }
    }
    children
}

/// The tick after a span's last one.
pub(crate) fn end(span: &SpanRecord) -> u64 {
    span.start + u64::from(span.duration)
}

/// How a span ended; a number that nobody knows is an error.
pub(crate) fn outcome(span: &SpanRecord) -> Outcome {
    Outcome::ALL.get(usize::from(span.outcome)).copied().unwrap_or(Outcome::Error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detection::{Parent, ShapeName, What};

    fn span(shape: u16, index: u32, attempt: u8) -> SpanRecord {
        SpanRecord { trace: 0, start: 10, duration: 5, index, shape, pod: 0, outcome: 99, attempt, shard: 0 }
    }

    /// *Scenario* A root with two tries of a call, the second one answered by a server; a server whose caller is gone.
    ///
    /// *Guarantees* Both tries hang under the root, the server under its try, and the last one nowhere.
    #[test]
    fn children_are_found_by_subtraction() {
        let shape = |what, parent| ShapeName { service: 0, span: String::new(), what, parent };
        let names = Names {
            shapes: vec![
                shape(What::Server { endpoint: 0 }, Parent::Caller),
                shape(What::Call { callee: 0 }, Parent::Program { offset: 1, stride: 2 }),
            ],
            ..Names::default()
        };
        let spans = [span(0, 0, 0), span(1, 1, 0), span(1, 3, 1), span(0, 4, 0), span(0, 9, 0)];
        assert_eq!(children(&names, &spans), [vec![1, 2], vec![], vec![3], vec![], vec![]]);
        assert_eq!(parent(&names, &spans, &spans[4]), None);
        assert_eq!(place(&spans, 3), Some(2));
        assert_eq!((end(&spans[0]), outcome(&spans[0])), (15, Outcome::Error));
    }
}
