//! OTLP at full speed: a span is a template, copied, with its numbers written over it.
//!
//! Owns the fast way from a batch to bytes, for spans and logs. Refuses the conventions and the fields of a span: a template is what the
//! plain encoder makes of a sample, and its holes are where bytes move when one field of that sample is changed (`holes`). Which
//! template fits a record is decided by few things (`key`). A message is built only when a template is made.
//!
//! Every template is tried when it is made: filled in with the numbers of another sample it must be, byte for byte, what the
//! plain encoder makes of that one.
//!
//! *Lengths.* A span is as long as its template. How long a batch becomes is known at its end only, so four bytes are kept free for
//! each of the two lengths around it, and filled afterwards with a varint padded by zeros: protobuf's decoders take varints of up to ten
//! bytes, whatever their value. Adding up lengths first would save two bytes or so of a batch and walk its records twice.

mod frame;
mod holes;
mod key;

use crate::encode::{Encoder, Place, double};
use crate::record::{Batch, SpanRecord, TraceWord};
use crate::shapes::trace_of_shopper;
use crate::tally::Tally;
use doorbuster_model::ids::trace_number;
use doorbuster_model::plan::{ORIGIN_SHIFT, Plan, linked};
use frame::Front;
use holes::{LogTemplate, SpanTemplate};
use key::{Facts, Table, sample_numbers};

/// Bytes of templates that an encoder keeps; past it all are forgotten and made anew when wanted. Chosen: the
/// shop of the library takes 0.9 MB while a fifth of its spans fail.
const MOST_BYTES: usize = 16 << 20;
/// Starts of the two samples: different, and far from zero, which would be left out of a message.
const SAMPLE_STARTS: [u64; 2] = [0x0055_5555_5555, 0x002a_aaaa_aaaa];

/// Encodes the batches of one cell, as [`Encoder`] does.
pub struct FastEncoder<'p> {
    plain: Encoder<'p>,
    marks: Vec<(String, String)>,
    /// By shape.
    facts: Vec<Facts>,
    /// Index of the span that a trace links to, by the way in which its message came about.
    links: Vec<u32>,
    /// By pod.
    fronts: Vec<Front>,
    table: Table,
    templates: Vec<Templates>,
    kept_bytes: usize,
}

/// How the records of one key look.
struct Templates {
    span: SpanTemplate,
    /// `None` if nothing is raised.
    log: Option<LogTemplate>,
}

/// What every record of a key has for itself.
struct Numbers {
    trace_id: u128,
    span_id: u64,
    /// Nothing that counts for a root.
    parent_id: u64,
    start_unix_ns: u64,
    end_unix_ns: u64,
}

impl<'p> FastEncoder<'p> {
    /// An encoder for the plan's records of one cell. `marks` are attributes of every resource, beside its own or in their place.
    #[must_use]
    pub fn new(plan: &'p Plan, place: Place, marks: &[(String, String)]) -> Self {
        let mut plain = Encoder::new(plan, place);
        plain.mark(marks);
        let facts = plan.shapes.iter().zip(plain.shapes.all());
        let ways = if plan.origins.is_empty() { 0 } else { u64::from(u8::MAX) };
        let links = (0..=ways).map(|way| linked(plan, way << ORIGIN_SHIFT).map_or(0, |(_, span)| span));
        Self {
            facts: facts.map(|(&shape, looks)| Facts::new(plan, shape, looks)).collect(),
            links: links.collect(),
            fronts: plain.resources.iter().map(Front::new).collect(),
            plain,
            marks: marks.to_vec(),
            table: Table::default(),
            templates: Vec::new(),
            kept_bytes: 0,
        }
    }

    /// Goes on elsewhere: at another time, in the next pass, or in another cell.
    pub fn set_place(&mut self, place: Place) {
        if place.cell == self.plain.place.cell {
            self.plain.place = place;
        } else {
            // Pods and orders have other names.
            let marks = std::mem::take(&mut self.marks);
            *self = Self::new(self.plain.plan, place, &marks);
        }
    }

    /// Appends the export of one batch; several in a row are one request. Its spans go into the tally, if there is one.
    pub fn spans(&mut self, batch: &Batch<'_>, into: &mut Vec<u8>, tally: Option<&mut Tally>) {
        let pod = usize::from(batch.pod);
        let mut tally = tally.map(|tally| (self.service_in(tally, batch.pod), tally));
        let from = self.fronts[pod].open(into);
        for record in batch.spans {
            let template = self.template(record);
            let numbers = self.numbers(record);
            let span = &self.templates[template].span;
            let filled = span.copy(&numbers, into);
            if span.has_more {
                self.fill_more(span, record, &numbers, filled);
            }
            if let Some((service, tally)) = &mut tally {
                tally.add(*service, numbers.start_unix_ns, numbers.trace_id, numbers.span_id);
            }
        }
        self.fronts[pod].close(from, into);
    }

    /// Appends the logs of one batch, if there are any; how many.
    pub fn logs(&mut self, batch: &Batch<'_>, into: &mut Vec<u8>) -> u64 {
        let pod = usize::from(batch.pod);
        let mut from = None;
        let mut count = 0;
        // An answer raises nothing, and most records are answers.
        for record in batch.spans.iter().filter(|record| !key::is_answered(record)) {
            let template = self.template(record);
            let numbers = self.numbers(record);
            let Some(log) = &self.templates[template].log else { continue };
            from.get_or_insert_with(|| self.fronts[pod].open(into));
            log.copy(&numbers, into);
            count += 1;
        }
        if let Some(from) = from {
            self.fronts[pod].close(from, into);
        }
        count
    }

    /// The id of a record's trace, in this pass.
    #[must_use]
    #[inline]
    pub fn trace_id(&self, record: &SpanRecord) -> u128 {
        let Encoder { ids, place, .. } = &self.plain;
        ids.trace_id(place.cell, TraceWord(record.trace).sequence(), place.pass)
    }

    /// Where a tally has the pod's service.
    fn service_in(&mut self, tally: &mut Tally, pod: u16) -> usize {
        let front = &mut self.fronts[usize::from(pod)];
        front.place_in_tally = tally.service_near(self.plain.service(pod), front.place_in_tally);
        front.place_in_tally
    }

    /// Place of a record's templates, which are made if they are not there.
    #[inline]
    fn template(&mut self, record: &SpanRecord) -> usize {
        let key = self.facts[usize::from(record.shape)].key(record);
        match self.table.find(key) {
            Some(place) => place,
            None => self.make(record),
        }
    }

    #[inline]
    fn numbers(&self, record: &SpanRecord) -> Numbers {
        let Encoder { ids, place, .. } = &self.plain;
        let sequence = TraceWord(record.trace).sequence();
        let trace = trace_number(place.cell, sequence);
        let parent = self.facts[usize::from(record.shape)].parent.index(record).unwrap_or_default();
        Numbers {
            trace_id: ids.trace_id(place.cell, sequence, place.pass),
            span_id: ids.span_id(trace, record.index),
            parent_id: ids.span_id(trace, parent),
            start_unix_ns: self.plain.unix_ns(record.start),
            end_unix_ns: self.plain.unix_ns(record.start + u64::from(record.duration)),
        }
    }

    /// What few spans have.
    fn fill_more(&self, template: &SpanTemplate, record: &SpanRecord, numbers: &Numbers, span: &mut [u8]) {
        let number = trace_of_shopper(record);
        template.fill_event(numbers, span);
        template.fill_number(number, span);
        if template.has_amount() {
            template.fill_amount(double(self.plain.shapes.order_hundredths(record)), span);
        }
        if template.has_link() {
            let Encoder { ids, place, .. } = &self.plain;
            let way = TraceWord(record.trace).sequence() >> ORIGIN_SHIFT;
            let span_id = ids.span_id(trace_number(place.cell, number), self.links[way as usize]);
            template.fill_link(ids.trace_id(place.cell, number, place.pass), span_id, span);
        }
    }

    #[cold]
    #[inline(never)]
    fn make(&mut self, record: &SpanRecord) -> usize {
        let numbers = sample_numbers(trace_of_shopper(record));
        let sample = |nth: usize| SpanRecord {
            trace: record.trace - trace_of_shopper(record) + numbers[nth],
            start: SAMPLE_STARTS[nth],
            ..*record
        };
        let (one, other) = (sample(0), sample(1));
        let span = SpanTemplate::of(&self.plain.span(&one), &self.plain.span(&other), numbers[0]);
        let log = self.plain.log(&one).map(|log| LogTemplate::of(&log));
        self.try_out(&span, log.as_ref(), &other);

        if self.kept_bytes > MOST_BYTES {
            self.table = Table::default();
            self.templates.clear();
            self.kept_bytes = 0;
        }
        self.kept_bytes += span.bytes() + log.as_ref().map_or(0, LogTemplate::bytes);
        let facts = &mut self.facts[usize::from(record.shape)];
        // Only now it is known whether the number of digits matters to this shape.
        if span.has_number() {
            facts.says_number();
        }
        let place = self.templates.len();
        self.table.insert(facts.key(record), place);
        self.templates.push(Templates { span, log });
        place
    }

    /// A template that is not right for a second sample is right for none.
    fn try_out(&self, span: &SpanTemplate, log: Option<&LogTemplate>, sample: &SpanRecord) {
        let numbers = self.numbers(sample);
        let mut bytes = Vec::new();
        let filled = span.copy(&numbers, &mut bytes);
        self.fill_more(span, sample, &numbers, filled);
        assert!(bytes == holes::field(&self.plain.span(sample)), "invariant: a template fits other spans of its key");
        let expected = self.plain.log(sample).map(|log| holes::field(&log));
        let logged = log.map(|log| {
            let mut bytes = Vec::new();
            log.copy(&numbers, &mut bytes);
            bytes
        });
        assert!(logged == expected, "invariant: a template fits other logs of its key");
    }
}
