//! The batch span processors of a cell's pods: OpenTelemetry's BatchSpanProcessor in virtual time.
//!
//! Owns what is held at the pods between the end of a span and its export, and the order of the stream:
//! batches leave by (tick of the flush, pod, number of the batch). Refuses to know what becomes of a
//! batch, and never keeps one: it is handed to the cell's [`Consumer`] at its flush. What does not fit a
//! pod's queue is lost and counted with its cause.
//!
//! One thing is simpler than in most SDKs: a pod's timer runs at a fixed period, while theirs start anew after
//! each full batch. A span waits no longer than one period either way; a busy pod exports one more, partly
//! filled batch each period.

use crate::head::Head;
use crate::record::{Batch, Consumer, SpanRecord};
use doorbuster_model::key::{Key, name_hash};
use doorbuster_model::prefetch::soon;
use doorbuster_model::time::{Ticks, ticks_from_ns};

/// Sizes and times of a batch span processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Spans that a pod holds at most; what ends while so many wait is lost.
    pub queue: usize,
    /// Spans in one export at most.
    pub batch: usize,
    /// Between two flushes by a pod's timer.
    pub delay: Ticks,
}

impl Settings {
    /// Queue 2,048, batch 512, delay 5 s: case study 6.1, and the defaults of the OpenTelemetry specification.
    pub const CASE_STUDY: Self = Self { queue: 2_048, batch: 512, delay: ticks_from_ns(5_000_000_000) };
}

/// What became of the spans of a cell's pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ended at a pod.
    pub made: u64,
    /// Handed to the consumer.
    pub delivered: u64,
    /// Of traces that the head sampler dropped: never recorded.
    pub sampled_out: u64,
    /// Lost at the pod because its queue was full.
    pub lost_queue_full: u64,
    /// Lost because the pod died before they were exported.
    pub lost_crashed: u64,
    /// Batches handed to the consumer.
    pub batches: u64,
}

impl Counts {
    /// Whether every span made is delivered, sampled out or lost.
    #[must_use]
    pub const fn add_up(&self) -> bool {
        self.made == self.delivered + self.sampled_out + self.lost_queue_full + self.lost_crashed
    }

    /// Adds another cell's.
    pub const fn merge(&mut self, other: &Self) {
        self.made += other.made;
        self.delivered += other.delivered;
        self.sampled_out += other.sampled_out;
        self.lost_queue_full += other.lost_queue_full;
        self.lost_crashed += other.lost_crashed;
        self.batches += other.batches;
    }
}

/// The batch span processors of all pods of a cell.
#[derive(Clone, Debug)]
pub struct Sdk {
    settings: Settings,
    head: Option<Head>,
    pods: Vec<Pod>,
    /// Pods that reached the batch size in this tick, each once; in order of pod only when flushed.
    due: Vec<Due>,
    timers: Timers,
    counts: Counts,
    last_flush: Option<Ticks>,
}

/// What one pod holds.
#[derive(Clone, Debug)]
struct Pod {
    spans: Vec<SpanRecord>,
    next_number: u32,
}

/// A pod to be flushed. The order is that of the stream: by pod, and full batches before a timer's rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    pod: u16,
    extent: Extent,
}

/// How much of what a pod holds is flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    FullBatches,
    All,
}

impl Sdk {
    /// Processors for `pods` pods that hold nothing. `key` is the cell's: the timers' phases follow from it and
    /// the pod's number alone, so that pods don't flush in step and a further pod moves no other's timer.
    #[must_use]
    pub fn new(pods: u16, settings: Settings, key: Key) -> Self {
        assert!(0 < settings.batch && settings.batch <= settings.queue, "invariant: a batch fits the queue");
        let pod = || Pod { spans: Vec::with_capacity(settings.batch), next_number: 0 };
        Self {
            settings,
            head: None,
            pods: (0..pods).map(|_| pod()).collect(),
            due: Vec::new(),
            timers: Timers::new(pods, settings.delay, key),
            counts: Counts::default(),
            last_flush: None,
        }
    }

    /// From now on spans are kept by a head sampler.
    pub fn sample(&mut self, head: Head) {
        self.head = Some(head);
    }

    /// Takes a span that ended in this tick.
    #[inline]
    pub fn push(&mut self, record: SpanRecord) {
        if let Some(head) = &self.head
            && !head.keeps(record.trace)
        {
            self.counts.made += 1;
            self.counts.sampled_out += 1;
            return;
        }
        let pod = &mut self.pods[usize::from(record.pod)];
        self.counts.made += 1;
        if pod.spans.len() >= self.settings.queue {
            self.counts.lost_queue_full += 1;
            return;
        }
        pod.spans.push(record);
        // The pods' buffers are megabytes: by the pod's next span the line for it is here.
        soon(pod.spans.as_ptr().wrapping_add(pod.spans.len() + 1));
        if pod.spans.len() == self.settings.batch {
            self.due.push(Due { pod: record.pod, extent: Extent::FullBatches });
        }
    }

    /// Whether a pod has a full batch, so that this tick needs [`Sdk::end_of_tick`].
    #[must_use]
    #[inline]
    pub fn has_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// The next tick that needs [`Sdk::end_of_tick`] because some pod's timer fires.
    #[must_use]
    #[inline]
    pub fn next_timer(&self) -> Ticks {
        self.timers.next
    }

    /// A pod dies with all it holds. Not in a tick in which spans have ended.
    pub fn crash(&mut self, pod: u16) {
        assert!(self.due.is_empty(), "invariant: a pod dies between ticks");
        let spans = &mut self.pods[usize::from(pod)].spans;
        self.counts.lost_crashed += spans.len() as u64;
        spans.clear();
    }

    /// Hands over the full batches of this tick and, for the pods whose timer fires at `at`, all they hold.
    ///
    /// To be called once a tick, after its last span, and in no tick after one that it was due in.
    pub fn end_of_tick(&mut self, at: Ticks, consumer: &mut dyn Consumer) {
        assert!(at <= self.timers.next, "invariant: no timer is passed over ({at} after {})", self.timers.next);
        while self.timers.next == at {
            self.due.push(Due { pod: self.timers.fire(), extent: Extent::All });
        }
        self.flush(at, consumer);
    }

    /// Hands over everything, at a tick after the last flush.
    pub fn shutdown(&mut self, at: Ticks, consumer: &mut dyn Consumer) {
        let all = (0..self.pods.len()).map(|pod| Due { pod: pod as u16, extent: Extent::All });
        self.due.clear();
        self.due.extend(all);
        self.flush(at, consumer);
        assert!(self.counts.add_up(), "invariant: spans made are delivered, sampled out or counted as lost");
    }

    /// What became of the spans so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Spans that wait at the pods now.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.pods.iter().map(|pod| pod.spans.len() as u64).sum()
    }

    fn flush(&mut self, at: Ticks, consumer: &mut dyn Consumer) {
        assert!(self.last_flush.is_none_or(|last| last < at), "invariant: flushes are ordered by tick");
        self.last_flush = Some(at);
        self.due.sort_unstable();
        debug_assert!(self.due.windows(2).all(|two| two[0] < two[1]), "invariant: a pod is due once for each extent");
        for due in self.due.drain(..) {
            let delivered = self.pods[usize::from(due.pod)].flush(due, self.settings.batch, at, consumer);
            self.counts.delivered += delivered.spans;
            self.counts.batches += delivered.batches;
        }
    }
}

/// What one pod handed over in one flush.
struct Delivered {
    spans: u64,
    batches: u64,
}

impl Pod {
    fn flush(&mut self, due: Due, batch: usize, at: Ticks, consumer: &mut dyn Consumer) -> Delivered {
        let spans = match due.extent {
            Extent::FullBatches => self.spans.len() - self.spans.len() % batch,
            Extent::All => self.spans.len(),
        };
        let mut batches = 0;
        for spans in self.spans[..spans].chunks(batch) {
            consumer.batch(&Batch { pod: due.pod, number: self.next_number, at, spans });
            self.next_number += 1;
            batches += 1;
        }
        self.spans.drain(..spans);
        Delivered { spans: spans as u64, batches }
    }
}

/// All pods' timers: one round of pods by phase, again and again, so no heap is needed.
#[derive(Clone, Debug)]
struct Timers {
    /// Phase within the period, and pod; sorted.
    round: Vec<(Ticks, u16)>,
    place: usize,
    round_start: Ticks,
    period: Ticks,
    /// When the timer at `place` fires.
    next: Ticks,
}

impl Timers {
    fn new(pods: u16, period: Ticks, key: Key) -> Self {
        let phase = |pod: u16| key.child(name_hash("sdk timer"), u64::from(pod)).bits(0) % period;
        let mut round: Vec<_> = (0..pods).map(|pod| (phase(pod), pod)).collect();
        round.sort_unstable();
        let next = round.first().map_or(Ticks::MAX, |&(phase, _)| phase);
        Self { round, place: 0, round_start: 0, period, next }
    }

    /// The pod whose timer fires at `next`; moves on to the next one.
    fn fire(&mut self) -> u16 {
        let (_, pod) = self.round[self.place];
        self.place += 1;
        if self.place == self.round.len() {
            self.place = 0;
            self.round_start += self.period;
        }
        self.next = self.round_start + self.round[self.place].0;
        pod
    }
}
