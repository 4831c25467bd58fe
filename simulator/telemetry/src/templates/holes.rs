//! Templates of spans and log records: bytes, and where in them numbers go.
//!
//! Owns how holes are found and filled. A field is changed in the sample and both are encoded: where they differ, the field is. So
//! nothing is said here of numbers of fields, their order, or what stands between them. Refuses messages whose length depends
//! on a number, and more than one event, link or amount: that would be no template.

use super::Numbers;
use super::frame::ITEM;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use prost::encoding::message;
use std::ops::Range;

/// Where a number goes; 0 for nowhere, since no number is first in a message.
type Hole = u32;

/// A span that lacks its numbers.
pub(super) struct SpanTemplate {
    bytes: Box<[u8]>,
    trace_id: Hole,
    span_id: Hole,
    /// Of a root, where its own id goes, which is written later.
    parent_id: Hole,
    start: Hole,
    end: Hole,
    /// Whether there are holes beyond those that nearly all spans have.
    pub(super) has_more: bool,
    event: Hole,
    amount: Hole,
    linked_trace: Hole,
    linked_span: Hole,
    number: Text,
}

/// Where the trace's number stands as text.
struct Text {
    places: Box<[Hole]>,
    /// How many of its last digits.
    digits: usize,
}

/// A log record that lacks its numbers.
pub(super) struct LogTemplate {
    bytes: Box<[u8]>,
    trace_id: Hole,
    span_id: Hole,
    time: Hole,
    observed: Hole,
}

impl SpanTemplate {
    /// The template of two samples, spans of traces with other numbers; `number` is the first one's.
    pub(super) fn of(sample: &Span, other: &Span, number: u64) -> Self {
        let hole = |length, change: fn(&mut Span)| only(&moved(sample, change), length);
        let number = Text::of(&moved(sample, |span| take_texts(&mut span.attributes, &other.attributes)), number);
        let mut template = Self {
            bytes: field(sample).into(),
            trace_id: hole(16, |span| flip(&mut span.trace_id)),
            span_id: hole(8, |span| flip(&mut span.span_id)),
            parent_id: hole(8, |span| flip(&mut span.parent_span_id)),
            start: hole(8, |span| span.start_time_unix_nano = !span.start_time_unix_nano),
            end: hole(8, |span| span.end_time_unix_nano = !span.end_time_unix_nano),
            has_more: false,
            event: hole(8, |span| {
                span.events.iter_mut().for_each(|event| event.time_unix_nano = !event.time_unix_nano);
            }),
            amount: hole(8, |span| flip_doubles(&mut span.attributes)),
            linked_trace: hole(16, |span| span.links.iter_mut().for_each(|link| flip(&mut link.trace_id))),
            linked_span: hole(8, |span| span.links.iter_mut().for_each(|link| flip(&mut link.span_id))),
            number,
        };
        if template.parent_id == 0 {
            // The root's parent is written where its own id will be.
            template.parent_id = template.span_id;
        }
        template.has_more = template.event > 0 || template.has_amount() || template.has_link() || template.has_number();
        template
    }

    /// Appends it, with the numbers that nearly all spans have; what was appended.
    #[inline]
    pub(super) fn copy<'b>(&self, numbers: &Numbers, into: &'b mut Vec<u8>) -> &'b mut [u8] {
        let from = into.len();
        into.extend_from_slice(&self.bytes);
        let span = &mut into[from..];
        put(numbers.trace_id.to_be_bytes(), self.trace_id, span);
        put(numbers.parent_id.to_be_bytes(), self.parent_id, span);
        put(numbers.span_id.to_be_bytes(), self.span_id, span);
        put(numbers.start_unix_ns.to_le_bytes(), self.start, span);
        put(numbers.end_unix_ns.to_le_bytes(), self.end, span);
        span
    }

    /// An exception is told at the span's end.
    pub(super) fn fill_event(&self, numbers: &Numbers, span: &mut [u8]) {
        if self.event > 0 {
            put(numbers.end_unix_ns.to_le_bytes(), self.event, span);
        }
    }

    pub(super) fn has_number(&self) -> bool {
        !self.number.places.is_empty()
    }

    pub(super) fn fill_number(&self, number: u64, span: &mut [u8]) {
        let Text { places, digits } = &self.number;
        if !places.is_empty() {
            let text = decimal(number);
            for &place in places {
                let place = place as usize;
                span[place..place + digits].copy_from_slice(&text[text.len() - digits..]);
            }
        }
    }

    pub(super) fn has_amount(&self) -> bool {
        self.amount > 0
    }

    pub(super) fn fill_amount(&self, amount: f64, span: &mut [u8]) {
        put(amount.to_le_bytes(), self.amount, span);
    }

    pub(super) fn has_link(&self) -> bool {
        self.linked_trace > 0
    }

    pub(super) fn fill_link(&self, trace_id: u128, span_id: u64, span: &mut [u8]) {
        put(trace_id.to_be_bytes(), self.linked_trace, span);
        put(span_id.to_be_bytes(), self.linked_span, span);
    }

    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }
}

impl LogTemplate {
    pub(super) fn of(sample: &LogRecord) -> Self {
        let hole = |length, change: fn(&mut LogRecord)| only(&moved(sample, change), length);
        Self {
            bytes: field(sample).into(),
            trace_id: hole(16, |log| flip(&mut log.trace_id)),
            span_id: hole(8, |log| flip(&mut log.span_id)),
            time: hole(8, |log| log.time_unix_nano = !log.time_unix_nano),
            observed: hole(8, |log| log.observed_time_unix_nano = !log.observed_time_unix_nano),
        }
    }

    /// Appends it: it was logged, and observed, at the span's end.
    pub(super) fn copy(&self, numbers: &Numbers, into: &mut Vec<u8>) {
        let from = into.len();
        into.extend_from_slice(&self.bytes);
        let log = &mut into[from..];
        put(numbers.trace_id.to_be_bytes(), self.trace_id, log);
        put(numbers.span_id.to_be_bytes(), self.span_id, log);
        put(numbers.end_unix_ns.to_le_bytes(), self.time, log);
        put(numbers.end_unix_ns.to_le_bytes(), self.observed, log);
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }
}

impl Text {
    /// From where the bytes of two samples differ; a number may follow itself.
    fn of(moved: &[Range<usize>], number: u64) -> Self {
        let Some(shortest) = moved.iter().map(Range::len).min() else {
            return Self { places: Box::default(), digits: 0 };
        };
        // The longest numbers share their first digits, which do not move.
        let digits = shortest.min(number.to_string().len());
        let places = moved.iter().flat_map(|range| {
            assert!(range.len() % digits == 0, "invariant: only the number of the trace is text that varies");
            range.clone().step_by(digits).map(|place| place as Hole)
        });
        Self { places: places.collect(), digits }
    }
}

/// An item of a scope, as it stands in a request.
pub(super) fn field<M: Message>(item: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    message::encode(ITEM, item, &mut bytes);
    bytes
}

/// Where the bytes of a message differ from those of the changed one.
fn moved<M: Message + Clone>(sample: &M, change: impl FnOnce(&mut M)) -> Vec<Range<usize>> {
    let mut changed = sample.clone();
    change(&mut changed);
    let (sample, changed) = (field(sample), field(&changed));
    assert!(sample.len() == changed.len(), "invariant: numbers do not change the length of a span");
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for at in (0..sample.len()).filter(|&at| sample[at] != changed[at]) {
        match ranges.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ => ranges.push(at..at + 1),
        }
    }
    ranges
}

/// The place of a number that is there once or not at all.
fn only(moved: &[Range<usize>], length: usize) -> Hole {
    match moved {
        [] => 0,
        [range] if range.len() == length => range.start as Hole,
        _ => panic!("invariant: a template has one place for a number, not {moved:?}"),
    }
}

fn flip(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(|byte| *byte = !*byte);
}

fn values(attributes: &mut [KeyValue]) -> impl Iterator<Item = &mut Value> {
    attributes.iter_mut().filter_map(|attribute| attribute.value.as_mut()?.value.as_mut())
}

fn flip_doubles(attributes: &mut [KeyValue]) {
    for value in values(attributes) {
        if let Value::DoubleValue(number) = value {
            *number = f64::from_bits(!number.to_bits());
        }
    }
}

fn take_texts(attributes: &mut [KeyValue], others: &[KeyValue]) {
    for (attribute, other) in attributes.iter_mut().zip(others) {
        if let Some(Value::StringValue(_)) = other.value.as_ref().and_then(|value| value.value.as_ref()) {
            attribute.value.clone_from(&other.value);
        }
    }
}

#[inline]
fn put<const N: usize>(number: [u8; N], at: Hole, bytes: &mut [u8]) {
    let at = at as usize;
    bytes[at..at + N].copy_from_slice(&number);
}

/// A number below 10^16 in decimal digits, zeros before it.
fn decimal(number: u64) -> [u8; 16] {
    const HALF: u64 = 100_000_000;
    let mut text = [0; 16];
    text[..8].copy_from_slice(&eight_digits(number / HALF));
    text[8..].copy_from_slice(&eight_digits(number % HALF));
    text
}

/// Eight digits at once: halves, quarters and eighths of a word are divided together, by multiplications that are exact for their range.
fn eight_digits(number: u64) -> [u8; 8] {
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let quarters = hundreds | (halves - 100 * hundreds) << 16;
    let tens = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | (quarters - 10 * tens) << 8;
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: every number of four digits in both halves, and numbers around powers of ten. *Guarantees*: digits are those of the
    /// standard library.
    #[test]
    fn digits_are_right() {
        let powers = (0..16).map(|n| 10_u64.pow(n)).flat_map(|power| [power - 1, power, power + 1]);
        let fours = (0..10_000).flat_map(|n| [n, n * 10_000, n * 100_000_000, n * 1_000_000_000_000]);
        for number in powers.chain(fours) {
            assert_eq!(decimal(number), format!("{number:016}").as_bytes(), "{number}");
        }
    }
}
