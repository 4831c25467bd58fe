//! The counter, fed with spans as a scan finds them.

use super::super::scan::Group;
use super::*;

const SEED: u64 = 7;
const SERVICES: [&str; 3] = ["order", "payment", "user"];
/// 2026, in nanoseconds since 1970.
const BASE_UNIX_NS: u64 = 1_780_000_000_000_000_000;

fn counter() -> Counter {
    Counter::new(Rules { seed: SEED, late_after_ns: 30_000_000_000 })
}

/// The `n`-th span of a run: twelve spans a trace, a millisecond between traces.
fn span(ids: &Ids, n: u64) -> FoundSpan {
    let (sequence, index) = (n / 12, (n % 12) as u32);
    let start_unix_ns = BASE_UNIX_NS + sequence * 1_000_000;
    FoundSpan {
        trace_id: ids.trace_id(3, sequence, 0),
        id: ids.span_id(trace_number(3, sequence), index),
        start_unix_ns,
        end_unix_ns: start_unix_ns + 2_000_000,
    }
}

/// A request of one service's spans, and the body that names it.
fn apply(counter: &mut Counter, service: &str, spans: Vec<FoundSpan>, after_ns: u64) {
    let arrived_unix_ns = spans[spans.len() - 1].end_unix_ns + after_ns;
    let group = Group { service: Some(0..service.len()), spans: 0..spans.len() };
    let found = Found { spans, groups: vec![group], ..Found::default() };
    counter.apply(&found, service.as_bytes(), arrived_unix_ns);
}

/// *Scenario*: ten million spans of three services in batches; one of them is lost on the way.
///
/// *Guarantees*: the tallies differ in one heap, which names service, second and span; the way through the record's JSON
/// changes nothing.
#[test]
fn one_lost_span_of_ten_million_is_named() {
    const SPANS: u64 = 10_000_000;
    const BATCH: u64 = 3_000;
    const LOST: u64 = 7_654_321;
    let ids = Ids::new(SEED);
    let (mut counter, mut sent) = (counter(), Tally::default());
    for batch in 0..SPANS.div_ceil(BATCH) {
        for (place, service) in SERVICES.iter().enumerate() {
            let number = sent.service(service);
            let own = (batch * BATCH..((batch + 1) * BATCH).min(SPANS)).filter(|n| *n as usize % 3 == place);
            let mut spans = Vec::with_capacity(BATCH as usize / 3);
            for n in own {
                let span = span(&ids, n);
                sent.add(number, span.start_unix_ns, span.trace_id, span.id);
                if n != LOST {
                    spans.push(span);
                }
            }
            apply(&mut counter, service, spans, 0);
        }
    }
    let text = serde_json::to_string(&counter.counted()).unwrap();
    let counted: Counted = serde_json::from_str(&text).unwrap();
    let gaps = sent.gaps(&counted.to_tally().unwrap());
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let lost = span(&ids, LOST);
    assert_eq!((gaps[0].service.as_str(), gaps[0].spans), (SERVICES[LOST as usize % 3], 1));
    assert_eq!(gaps[0].second, lost.start_unix_ns / 1_000_000_000);
    assert_eq!(gaps[0].span, Some((lost.trace_id, lost.id)));
    assert_eq!((counted.ours, counted.spans), (SPANS - 1, SPANS - 1));
    assert_eq!(counted.traces, SPANS.div_ceil(12));
    assert_eq!((counted.duplicates.spans, counted.late.spans, counted.foreign_spans), (0, 0, 0));
}

/// *Scenario*: a batch arrives twice; another arrives late; a third is of another seed, with names without end.
///
/// *Guarantees*: duplicates and late spans are told by service and second and are once in the tally; foreign ones by service,
/// of which a bounded number is listed.
#[test]
fn duplicates_late_and_foreign_spans_are_told_apart() {
    let ids = Ids::new(SEED);
    let mut counter = counter();
    let batch = |from: u64| -> Vec<FoundSpan> { (from..from + 100).map(|n| span(&ids, n)).collect() };
    apply(&mut counter, "order", batch(0), 0);
    apply(&mut counter, "order", batch(0), 0);
    apply(&mut counter, "user", batch(120_000), 31_000_000_000);
    let other = Ids::new(SEED + 1);
    for n in 0..MAX_FOREIGN_SERVICES as u64 + 5 {
        apply(&mut counter, &format!("elsewhere-{n}"), vec![span(&other, n)], 0);
    }
    let counted = counter.counted();
    let second = BASE_UNIX_NS / 1_000_000_000;
    let row = |service: &str, second, spans| Row { service: service.to_owned(), second, spans };
    assert_eq!(counted.duplicates, Rows { spans: 100, rows: vec![row("order", second, 100)] });
    assert_eq!(counted.late, Rows { spans: 100, rows: vec![row("user", second + 10, 100)] });
    // The first of the batch ended 8 ms before the last, to which the arrival is set.
    assert_eq!(counted.greatest_lateness_s, Some(31.008));
    assert_eq!(counted.foreign_spans, MAX_FOREIGN_SERVICES as u64 + 5);
    assert_eq!(counted.foreign.len(), MAX_FOREIGN_SERVICES);
    assert_eq!((counted.ours, counted.spans), (300, 300 + MAX_FOREIGN_SERVICES as u64 + 5));
    assert_eq!(counted.to_tally().unwrap().spans(), 200);
    // A row's sum that is no number is no tally.
    let mut spoilt = counted;
    spoilt.tally[0].ids = "xyz".to_owned();
    assert_eq!(spoilt.to_tally(), None);
}

/// *Scenario*: a trace id of ours with a span id that is not; a body that is cut off after its resource.
///
/// *Guarantees*: the span is foreign; the body's services are named.
#[test]
fn a_foreign_span_in_our_trace_and_whose_a_damaged_body_is() {
    let ids = Ids::new(SEED);
    let mut counter = counter();
    apply(&mut counter, "mesh", vec![FoundSpan { id: 1, ..span(&ids, 5) }], 0);
    assert_eq!(counter.counted().foreign, [Foreign { service: "mesh".to_owned(), spans: 1 }]);
    counter.add_corrupt("cut off".to_owned(), &[b"\x0a\x99\x0a\x17\x0a\x0cservice.name\x12\x07\x0a\x05order\x12"]);
    let corrupt = counter.counted().corrupt;
    assert_eq!((corrupt.bodies, corrupt.first[0].services.as_slice()), (1, ["order".to_owned()].as_slice()));
}
