//! The batch span processors: when batches leave, in which order, and that no span goes astray.

use doorbuster_model::key::Key;
use doorbuster_model::time::Ticks;
use doorbuster_telemetry::record::{Batch, Consumer, SpanRecord};
use doorbuster_telemetry::sdk::{Sdk, Settings};
use proptest::prelude::*;

const KEY: Key = Key::of_seed(7);
const SMALL: Settings = Settings { queue: 20, batch: 4, delay: 100 };

/// Every batch that left, with its spans.
#[derive(Default)]
struct Seen(Vec<(Ticks, u16, u32, Vec<SpanRecord>)>);

impl Consumer for Seen {
    fn batch(&mut self, batch: &Batch<'_>) {
        self.0.push((batch.at, batch.pod, batch.number, batch.spans.to_vec()));
    }
}

impl Seen {
    fn sizes_of(&self, pod: u16) -> Vec<usize> {
        self.0.iter().filter(|batch| batch.1 == pod).map(|batch| batch.3.len()).collect()
    }

    fn indices_of(&self, pod: u16) -> Vec<u32> {
        self.0.iter().filter(|batch| batch.1 == pod).flat_map(|batch| &batch.3).map(|span| span.index).collect()
    }

    fn is_in_stream_order(&self) -> bool {
        self.0.windows(2).all(|two| (two[0].0, two[0].1, two[0].2) < (two[1].0, two[1].1, two[1].2))
    }
}

fn span(pod: u16, index: u32) -> SpanRecord {
    SpanRecord { trace: 1, start: 2, duration: 3, index, shape: 0, pod, outcome: 0, attempt: 0, shard: 0 }
}

/// Ends this tick as the engine does: only if something is due.
fn end(sdk: &mut Sdk, at: Ticks, seen: &mut Seen) {
    if sdk.has_due() || at == sdk.next_timer() {
        sdk.end_of_tick(at, seen);
    }
}

/// When which pod's timer fires before `ticks`, found from what leaves: batches are too big to be full.
fn timer_ticks(pods: u16, ticks: Ticks) -> Vec<(Ticks, u16)> {
    let mut sdk = Sdk::new(pods, Settings { queue: 64, batch: 64, ..SMALL }, KEY);
    let mut seen = Seen::default();
    while sdk.next_timer() < ticks {
        (0..pods).for_each(|pod| sdk.push(span(pod, 0)));
        let at = sdk.next_timer();
        sdk.end_of_tick(at, &mut seen);
    }
    seen.0.iter().map(|batch| (batch.0, batch.1)).collect()
}

/// *Scenario*: a pod ends 511 spans, then one more, under the case study's settings.
/// *Guarantees*: nothing is due before the 512th; then one batch leaves in that very tick, with the spans in the order in which they ended.
#[test]
fn a_batch_leaves_when_it_is_full() {
    let mut sdk = Sdk::new(2, Settings::CASE_STUDY, KEY);
    let mut seen = Seen::default();
    (0..511).for_each(|index| sdk.push(span(1, index)));
    assert!(!sdk.has_due());
    sdk.push(span(1, 511));
    assert!(sdk.has_due());
    let at = sdk.next_timer() - 1;
    sdk.end_of_tick(at, &mut seen);
    assert!(!sdk.has_due());
    assert_eq!(seen.0.len(), 1);
    assert_eq!((seen.0[0].0, seen.0[0].1, seen.0[0].2), (at, 1, 0));
    assert_eq!(seen.indices_of(1), (0..512).collect::<Vec<_>>());
}

/// *Scenario*: one tick brings a pod two and a half batches; its timer fires later.
/// *Guarantees*: the full batches leave at once, the rest with the timer, numbered through and in order.
#[test]
fn the_rest_of_a_burst_waits_for_the_timer() {
    let mut sdk = Sdk::new(1, SMALL, KEY);
    let mut seen = Seen::default();
    let timer = sdk.next_timer();
    (0..10).for_each(|index| sdk.push(span(0, index)));
    sdk.end_of_tick(timer - 1, &mut seen);
    assert_eq!(seen.sizes_of(0), [4, 4]);
    assert_eq!(sdk.held(), 2);
    end(&mut sdk, timer, &mut seen);
    assert_eq!(seen.sizes_of(0), [4, 4, 2]);
    assert_eq!(seen.indices_of(0), (0..10).collect::<Vec<_>>());
    assert_eq!(seen.0.iter().map(|batch| batch.2).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(seen.is_in_stream_order());
}

/// *Scenario*: several pods reach the batch size in one tick, the higher numbers first, while another's timer fires.
/// *Guarantees*: batches leave by pod, each pod's by number, whatever made them due.
#[test]
fn batches_of_a_tick_leave_in_order_of_pod() {
    let mut sdk = Sdk::new(5, SMALL, KEY);
    let at = sdk.next_timer();
    let mut seen = Seen::default();
    for pod in [4, 2, 3, 0, 1] {
        (0..9).for_each(|index| sdk.push(span(pod, index)));
    }
    sdk.end_of_tick(at, &mut seen);
    assert!(seen.is_in_stream_order());
    let partly_filled: Vec<u16> = seen.0.iter().filter(|batch| batch.3.len() == 1).map(|batch| batch.1).collect();
    assert_eq!(partly_filled.len(), 1, "one timer fired at {at}: {partly_filled:?}");
    assert_eq!(seen.0.len(), 5 * 2 + 1);
}

/// *Scenario*: twenty pods with few spans, ten periods.
/// *Guarantees*: each pod's timer fires once a period at one phase; phases are spread; a pod's phase does not depend on how many pods there are.
#[test]
fn timers_fire_once_a_period_at_the_pods_own_phase() {
    let ticks = timer_ticks(20, 10 * SMALL.delay);
    for pod in 0..20 {
        let own: Vec<Ticks> = ticks.iter().filter(|fired| fired.1 == pod).map(|fired| fired.0).collect();
        assert!(own.windows(2).all(|two| two[1] - two[0] == SMALL.delay), "pod {pod}: {own:?}");
        assert!(own[0] < SMALL.delay, "pod {pod}: {own:?}");
    }
    let mut phases: Vec<Ticks> = ticks.iter().map(|fired| fired.0 % SMALL.delay).collect();
    phases.sort_unstable();
    phases.dedup();
    assert!(phases.len() > 10, "{phases:?}");
    let fewer = timer_ticks(3, 10 * SMALL.delay);
    let same: Vec<_> = ticks.into_iter().filter(|fired| fired.1 < 3).collect();
    assert_eq!(fewer, same);
}

/// *Scenario*: a pod's timer fires while it holds nothing.
/// *Guarantees*: no empty batch leaves, and no number is used up.
#[test]
fn an_empty_pod_exports_nothing() {
    let mut sdk = Sdk::new(1, SMALL, KEY);
    let mut seen = Seen::default();
    let at = sdk.next_timer();
    sdk.end_of_tick(at, &mut seen);
    sdk.shutdown(at + 1, &mut seen);
    assert!(seen.0.is_empty());
    assert_eq!(sdk.counts().batches, 0);
}

/// *Scenario*: one tick brings a pod more spans than its queue holds.
/// *Guarantees*: the queue's size is kept, what is over is counted as lost with its cause, and the sums agree.
#[test]
fn a_full_queue_loses_and_counts() {
    let mut sdk = Sdk::new(2, SMALL, KEY);
    let mut seen = Seen::default();
    (0..25).for_each(|index| sdk.push(span(0, index)));
    sdk.push(span(1, 0));
    assert_eq!(sdk.held(), 21);
    sdk.shutdown(1, &mut seen);
    assert_eq!(seen.indices_of(0), (0..20).collect::<Vec<_>>());
    let counts = sdk.counts();
    assert_eq!((counts.made, counts.delivered, counts.lost_queue_full, counts.batches), (26, 21, 5, 6));
}

/// *Scenario*: the engine passes over a timer.
/// *Guarantees*: that is a bug, and it is said at once.
#[test]
#[should_panic(expected = "no timer is passed over")]
fn a_timer_that_was_passed_over_is_a_bug() {
    let mut sdk = Sdk::new(3, SMALL, KEY);
    let late = sdk.next_timer() + 1;
    sdk.end_of_tick(late, &mut ());
}

/// *Scenario*: two flushes in one tick.
/// *Guarantees*: that would break the order of the stream, so it is a bug and said at once.
#[test]
#[should_panic(expected = "flushes are ordered by tick")]
fn two_flushes_in_one_tick_are_a_bug() {
    let mut sdk = Sdk::new(1, SMALL, KEY);
    (0..4).for_each(|index| sdk.push(span(0, index)));
    sdk.end_of_tick(0, &mut ());
    sdk.shutdown(0, &mut ());
}

proptest! {
    /// *Scenario*: random spans at random ticks and pods, bursts past the queue included, then a shutdown.
    /// *Guarantees*: made = delivered + lost; each pod's spans leave in the order in which they ended, none twice and
    /// none invented; batches are never empty or too big; a span waits at most one period; the stream's order holds.
    #[test]
    fn every_span_is_delivered_once_or_counted_as_lost(
        pods in 1u16..9,
        bursts in prop::collection::vec((0u64..40, 0u16..9, 1u32..30), 1..60),
    ) {
        let mut sdk = Sdk::new(pods, SMALL, KEY);
        let mut seen = Seen::default();
        let (mut now, mut made) = (0, 0);
        for (pause, pod, count) in bursts {
            for at in now..now + pause {
                end(&mut sdk, at, &mut seen);
            }
            now += pause;
            for _ in 0..count {
                sdk.push(SpanRecord { start: now, ..span(pod % pods, made) });
                made += 1;
            }
        }
        sdk.shutdown(now, &mut seen);
        let counts = sdk.counts();
        let delivered: usize = seen.0.iter().map(|batch| batch.3.len()).sum();
        prop_assert_eq!(counts.made, u64::from(made));
        prop_assert_eq!(counts.delivered, delivered as u64);
        prop_assert_eq!(counts.made, counts.delivered + counts.lost_queue_full);
        prop_assert_eq!(sdk.held(), 0);
        prop_assert!(seen.is_in_stream_order());
        for pod in 0..pods {
            prop_assert!(seen.indices_of(pod).windows(2).all(|two| two[0] < two[1]));
        }
        for (at, pod, _, spans) in &seen.0 {
            prop_assert!((1..=SMALL.batch).contains(&spans.len()));
            prop_assert!(spans.iter().all(|span| span.pod == *pod && at - span.start <= SMALL.delay));
        }
    }
}
