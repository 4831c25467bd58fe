//! An exemplar as a tree of spans, in names and seconds.
//!
//! Owns the way from a sampled trace to that tree, and which of its spans are told where there are many. Refuses to
//! choose the trace: that is `drill::exemplar`.

use crate::detection::tree::{end, outcome, parent, place};
use crate::detection::{Names, What};
use crate::drill::{Chosen, Likeness, names};
use crate::plan_names;
use doorbuster_model::ids::Ids;
use doorbuster_model::plan::{EndpointId, Plan};
use doorbuster_model::time::{Ticks, s_from_ticks};
use doorbuster_reports::format::duration;
use doorbuster_reports::result::{Exemplar, ExemplarSpan};
use doorbuster_telemetry::record::{SpanRecord, TraceWord};
use doorbuster_telemetry::shapes::{Attribute, Kind, Shapes, Status, Value};
use std::cmp::Reverse;

/// Spans of a trace of the watched endpoint that are told at most. Chosen: two screens.
const MOST_SPANS: usize = 64;
/// Spans of another endpoint's trace that are told at most, and at least where there are many endpoints. Chosen: a screen.
const OTHERS_SPANS: (usize, usize) = (8, 32);
/// Spans of all traces of other endpoints that are told, about, so that a shop of two hundred routes still has a result of a
/// few megabytes. Chosen.
const OTHERS_SPANS_IN_ALL: usize = 2_048;
/// Children of one kind under one span that are told at most: a statement that was tried three hundred times is told by
/// its first and its last tries.
const MOST_ALIKE: usize = 6;
/// Attributes that are the same for every span of a kind and worth reading.
const FIXED: [&str; 2] = ["db.system.name", "db.query.text"];
/// Attributes that differ and are not worth reading: the name says them, or nothing does.
const DULL: [&str; 4] = ["url.path", "url.full", "http.request.resend_count", "rpc.response.status_code"];
/// Says nothing of an answer: it is 200.
const STATUS: &str = "http.response.status_code";

/// Tells the traces that were chosen.
pub(super) fn exemplars(plan: &Plan, chosen: &[Chosen]) -> Vec<Exemplar> {
    let teller = Teller { plan, names: names(plan), shapes: Shapes::new(plan), ids: Ids::new(plan.seed) };
    let others = chosen.iter().filter(|chosen| !chosen.is_watched).count();
    let share = (OTHERS_SPANS_IN_ALL / others.max(1)).clamp(OTHERS_SPANS.0, OTHERS_SPANS.1);
    chosen.iter().map(|chosen| teller.tell(chosen, if chosen.is_watched { MOST_SPANS } else { share })).collect()
}

/// All that a record lacks.
struct Teller<'p> {
    plan: &'p Plan,
    names: Names,
    shapes: Shapes,
    ids: Ids,
}

impl Teller<'_> {
    fn tell(&self, chosen: &Chosen, most_spans: usize) -> Exemplar {
        let spans = &chosen.trace.spans;
        let root = &spans[0];
        let edge = match self.names.what(root) {
            Some(What::Server { endpoint }) => plan_names::endpoint_name(self.plan, endpoint as EndpointId),
            _ => unreachable!("invariant: an exemplar's root is the server span of an edge"),
        };
        let sequence = TraceWord(root.trace).sequence();
        let told = self.spans(spans, most_spans);
        Exemplar {
            window: chosen.window.name().to_owned(),
            edge,
            trace_id: format!("{:032x}", self.ids.trace_id(chosen.trace.cell as u16, sequence, 0)),
            at_s: s_from_ticks(root.start),
            duration_s: s_from_ticks(u64::from(root.duration)),
            outcome: outcome(root).name().to_owned(),
            chosen: why(chosen),
            alike: chosen.alike,
            sampled: chosen.sampled,
            spans_arrived: spans.len() as u64,
            spans_left_out: (spans.len() - told.len()) as u64,
            spans: told,
        }
    }

    fn spans(&self, spans: &[SpanRecord], most: usize) -> Vec<ExemplarSpan> {
        let tree = Tree::new(&self.names, spans);
        let kept = tree.kept(most);
        let left_out = tree.left_out(&kept);
        let order = tree.in_order(&kept);
        let mut told: Vec<ExemplarSpan> = Vec::with_capacity(order.len());
        for at in &order {
            let parent = tree.parents[*at].and_then(|parent| order.iter().position(|other| *other == parent));
            let depth = parent.map_or(0, |parent| told[parent].depth + 1);
            told.push(ExemplarSpan {
                depth,
                parent: parent.map(|parent| parent as u32),
                detached: tree.detached[*at],
                left_out: left_out[*at],
                ..self.span(&spans[*at], spans[0].start)
            });
        }
        told
    }

    /// A span as such, without its place in the tree.
    fn span(&self, record: &SpanRecord, began: Ticks) -> ExemplarSpan {
        let shape = self.shapes.of(record);
        let varying = self.shapes.varying(record);
        let fixed = shape.fixed.iter().filter(|(key, _)| FIXED.contains(key));
        let mut attributes: Vec<(String, String)> = fixed.map(attribute).collect();
        let is_dull = |key: &str| DULL.contains(&key) || (key == STATUS && outcome(record).answered());
        let worth = varying.attributes.iter().filter(|(key, _)| !is_dull(key));
        attributes.extend(worth.map(attribute));
        if let Some(raised) = varying.exception {
            attributes.push(("exception.message".to_owned(), raised.message.to_owned()));
        }
        ExemplarSpan {
            name: shape.name.clone(),
            service: self.plan.services[usize::from(shape.service)].name.clone(),
            kind: match shape.kind {
                Kind::Server => "server".to_owned(),
                Kind::Client => "client".to_owned(),
                Kind::Producer => "producer".to_owned(),
                Kind::Consumer => "consumer".to_owned(),
            },
            depth: 0,
            parent: None,
            detached: false,
            start_s: s_from_ticks(record.start) - s_from_ticks(began),
            duration_s: s_from_ticks(u64::from(record.duration)),
            outcome: outcome(record).name().to_owned(),
            error: varying.status != Status::Unset,
            attempt: u32::from(record.attempt) + 1,
            attributes,
            left_out: 0,
        }
    }
}

fn why(chosen: &Chosen) -> String {
    let among = match chosen.likeness {
        Likeness::Healthy => "those that succeeded".to_owned(),
        Likeness::Ended(outcome) => format!("those that ended with {}", outcome.name()),
        Likeness::Slow(over) => format!("those that succeeded, but took over {}", duration(s_from_ticks(over))),
    };
    let told = |ticks: u32| duration(s_from_ticks(u64::from(ticks)));
    let median = told(chosen.median_ticks);
    let of = if told(chosen.trace.spans[0].duration) == median {
        "of median duration".to_owned()
    } else {
        format!("near the median duration ({median})")
    };
    format!("{of} among {among}")
}

fn attribute((key, value): &Attribute) -> (String, String) {
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Hundredths(number) => format!("{:.2}", *number as f64 / 100.0),
    };
    ((*key).to_owned(), text)
}

/// The spans of one trace and what hangs where. Nothing is left without a parent but the root.
struct Tree<'a> {
    spans: &'a [SpanRecord],
    parents: Vec<Option<usize>>,
    /// Whether a span's own parent is not there.
    detached: Vec<bool>,
}

impl<'a> Tree<'a> {
    fn new(names: &Names, spans: &'a [SpanRecord]) -> Self {
        let mut parents = vec![None; spans.len()];
        let mut detached = vec![false; spans.len()];
        for (at, span) in spans.iter().enumerate().skip(1) {
            parents[at] = parent(names, spans, span).or_else(|| {
                detached[at] = true;
                // A server that goes on after its caller gave up ends later than its children: they hang under the call.
                let server = names.parent_index(span).filter(|index| *index < span.index);
                let call = server.and_then(|index| place(spans, index.checked_sub(1)?));
                Some(call.unwrap_or(0))
            });
        }
        Self { spans, parents, detached }
    }

    /// Which spans are told: all, or a choice of so many, each with all that are above it.
    fn kept(&self, most: usize) -> Vec<bool> {
        let mut kept = self.without_the_middle();
        if kept.iter().filter(|kept| **kept).count() <= most {
            return kept;
        }
        // Errors first, then what took long: both lead to where the trouble is.
        let mut ranked: Vec<usize> = (0..kept.len()).filter(|at| kept[*at]).collect();
        ranked.sort_by_key(|at| (outcome(&self.spans[*at]).answered(), Reverse(self.spans[*at].duration), *at));
        kept.fill(false);
        kept[0] = true;
        let mut count = 1;
        for at in ranked {
            let mut way = Vec::new();
            let mut above = Some(at);
            while let Some(at) = above.filter(|at| !kept[*at]) {
                way.push(at);
                above = self.parents[at];
            }
            if count + way.len() <= most {
                count += way.len();
                way.into_iter().for_each(|at| kept[at] = true);
            }
        }
        kept
    }

    /// Leaves out the middle of many alike children, and all that is below them.
    fn without_the_middle(&self) -> Vec<bool> {
        let mut kept = vec![true; self.spans.len()];
        for (at, span) in self.spans.iter().enumerate().skip(1) {
            let alike = |other: &usize| {
                self.parents[*other] == self.parents[at] && self.spans[*other].shape == span.shape && *other != 0
            };
            let is_before = |other: &usize| (self.spans[*other].start, *other) < (span.start, at);
            let family: Vec<usize> = (0..self.spans.len()).filter(alike).collect();
            let before = family.iter().filter(|other| is_before(other)).count();
            let after = family.len() - 1 - before;
            kept[at] = before < MOST_ALIKE / 2 || after < MOST_ALIKE / 2;
            // Parents come before their children: theirs is settled.
            kept[at] &= self.parents[at].is_none_or(|parent| kept[parent]);
        }
        kept
    }

    /// For each span that is told, how many below it are not.
    fn left_out(&self, kept: &[bool]) -> Vec<u64> {
        let mut left_out = vec![0; kept.len()];
        for at in (0..kept.len()).filter(|at| !kept[*at]) {
            let mut above = self.parents[at];
            while let Some(parent) = above.filter(|parent| !kept[*parent]) {
                above = self.parents[parent];
            }
            left_out[above.unwrap_or(0)] += 1;
        }
        left_out
    }

    /// The spans that are told, each after its parent, brothers by their start.
    fn in_order(&self, kept: &[bool]) -> Vec<usize> {
        let mut children = vec![Vec::new(); kept.len()];
        for at in (1..kept.len()).filter(|at| kept[*at]) {
            children[self.parents[at].unwrap_or(0)].push(at);
        }
        let mut order = Vec::new();
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            order.push(at);
            children[at].sort_by_key(|child| Reverse((self.spans[*child].start, end(&self.spans[*child]), *child)));
            open.append(&mut children[at]);
        }
        order
    }
}

#[cfg(test)]
mod tests;
