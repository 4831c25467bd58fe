//! The fingerprint: equal for equal streams, different for any difference, and able to name the epoch.

use doorbuster_telemetry::fingerprint::{Fingerprint, combine, first_difference};
use doorbuster_telemetry::record::{Batch, Consumer, SpanRecord};

const SPAN: SpanRecord =
    SpanRecord { trace: 1, start: 2, duration: 3, index: 4, shape: 5, pod: 6, outcome: 0, attempt: 1, shard: 7 };

fn of(batches: &[Batch<'_>]) -> [u8; 16] {
    let mut fingerprint = Fingerprint::default();
    batches.iter().for_each(|batch| fingerprint.batch(batch));
    fingerprint.finish()
}

fn batch(spans: &[SpanRecord]) -> Batch<'_> {
    Batch { pod: 6, number: 8, at: 9, spans }
}

/// *Scenario*: one field of one record among many is changed, every field in turn, in every place.
/// *Guarantees*: the fingerprint changes each time, and is the same again for the same stream.
#[test]
fn it_changes_with_any_field_of_any_record() {
    let changes: [fn(&mut SpanRecord); 9] = [
        |span| span.trace ^= 1 << 63,
        |span| span.start += 1,
        |span| span.duration += 1,
        |span| span.index += 1,
        |span| span.shape += 1,
        |span| span.pod += 1,
        |span| span.outcome += 1,
        |span| span.attempt += 1,
        |span| span.shard += 1,
    ];
    let spans = [SPAN; 20];
    let mut all = vec![of(&[batch(&spans)])];
    assert_eq!(all[0], of(&[batch(&spans)]));
    for place in 0..spans.len() {
        for change in changes {
            let mut changed = spans;
            change(&mut changed[place]);
            all.push(of(&[batch(&changed)]));
        }
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 1 + 20 * changes.len());
}

/// *Scenario*: the same spans in batches with another tick, pod or number, cut elsewhere, or in another order.
/// *Guarantees*: each is another stream, since the stream is one of batches.
#[test]
fn it_changes_with_the_batches() {
    let spans = [SPAN, SpanRecord { index: 5, ..SPAN }];
    let swapped = [spans[1], spans[0]];
    let whole = batch(&spans);
    let streams = [
        of(&[whole]),
        of(&[Batch { at: 10, ..whole }]),
        of(&[Batch { pod: 7, ..whole }]),
        of(&[Batch { number: 9, ..whole }]),
        of(&[batch(&spans[..1]), batch(&spans[1..])]),
        of(&[batch(&swapped)]),
        of(&[whole, batch(&[])]),
        of(&[]),
    ];
    for (i, one) in streams.iter().enumerate() {
        assert!(streams[i + 1..].iter().all(|other| one != other), "stream {i} equals a later one");
    }
}

/// *Scenario*: two streams of five epochs, one span of the fourth differs; a third ends early.
/// *Guarantees*: marks don't change the fingerprint, and the first epoch that differs is named.
#[test]
fn it_names_the_first_epoch_that_differs() {
    let stream = |odd_epoch: u64, epochs: u64| {
        let mut fingerprint = Fingerprint::default();
        for second in 0..epochs {
            let span = SpanRecord { duration: 3 + u32::from(second == odd_epoch), ..SPAN };
            fingerprint.batch(&Batch { at: second, ..batch(&[span]) });
            fingerprint.epoch(second);
        }
        fingerprint
    };
    let (even, odd, short) = (stream(9, 5), stream(3, 5), stream(9, 4));
    assert_eq!(first_difference(even.epochs(), odd.epochs()), Some(3));
    assert_eq!(first_difference(even.epochs(), short.epochs()), Some(4));
    assert_eq!(first_difference(even.epochs(), stream(9, 5).epochs()), None);
    assert_ne!(even.finish(), odd.finish());
    let unmarked: Vec<[SpanRecord; 1]> = vec![[SPAN]; 5];
    let unmarked: Vec<Batch<'_>> = (0..5).map(|at| Batch { at, ..batch(&unmarked[at as usize]) }).collect();
    assert_eq!(even.finish(), of(&unmarked));
}

/// *Scenario*: the cells of a run, whole, in another order, and one less.
/// *Guarantees*: a run's fingerprint is 32 hexadecimal digits that depend on every cell and its place.
#[test]
fn a_run_combines_its_cells_in_order() {
    let (one, two) = (of(&[batch(&[SPAN])]), of(&[]));
    let run = combine(&[one, two]);
    assert_eq!(run.len(), 32);
    assert!(run.bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_eq!(run, combine(&[one, two]));
    assert_ne!(run, combine(&[two, one]));
    assert_ne!(run, combine(&[one]));
}
