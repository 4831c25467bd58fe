//! The spans that reached the sinks in a stretch of time, counted.
//!
//! Owns counts and durations by place: the shape of a span, and whether it is its trace's root. Refuses to know who asks
//! whom, and refuses the truth: the shop's map is drawn from what arrived. A span counts where it arrives, which is at most
//! the 5 s of a pod's flush after its end.

use doorbuster_model::plan::Plan;
use doorbuster_telemetry::observed::ShapePoint;
use doorbuster_telemetry::observed::durations::BUCKETS;
use doorbuster_telemetry::record::SpanRecord;

/// Where a span is counted. Roots are told apart: those are asked for by shoppers, whoever else asks the same endpoint.
#[inline]
pub(super) fn place_of(span: &SpanRecord) -> usize {
    2 * usize::from(span.shape) + usize::from(span.index == 0)
}

/// What arrived in a stretch of time.
pub(crate) struct Traffic(Vec<Seen>);

/// What arrived at one place.
#[derive(Clone, Default)]
struct Seen {
    point: ShapePoint,
    /// Spans by bucket of duration; nothing until there is one.
    durations: Option<Box<[u64; BUCKETS]>>,
}

/// What arrived at one place, as integers: place; spans, errors, ticks; bucket and count of the durations.
pub(super) type TrafficRow = (usize, [u64; 3], Vec<(usize, u64)>);

/// What arrived of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Arrived<'a> {
    /// The shape, by the plan's number.
    pub(crate) shape: usize,
    /// Whether these are the roots.
    pub(crate) is_root: bool,
    /// How many, and how they ended.
    pub(crate) point: &'a ShapePoint,
    /// Spans by bucket of duration.
    pub(crate) durations: &'a [u64; BUCKETS],
}

impl Traffic {
    /// Nothing has arrived.
    pub(crate) fn new(plan: &Plan) -> Self {
        Self(vec![Seen::default(); 2 * plan.shapes.len()])
    }

    /// Adds what a sink counted at a place.
    pub(super) fn add(&mut self, place: usize, point: &ShapePoint, durations: &[u32]) {
        let seen = &mut self.0[place];
        seen.point.merge(point);
        let sums = seen.durations.get_or_insert_with(|| Box::new([0; BUCKETS]));
        sums.iter_mut().zip(durations).for_each(|(sum, count)| *sum += u64::from(*count));
    }

    /// Adds what came next.
    pub(super) fn follow(&mut self, next: &Self) {
        for (seen, next) in self.0.iter_mut().zip(&next.0).filter(|(_, next)| next.point.spans > 0) {
            seen.point.merge(&next.point);
            if let Some(durations) = &next.durations {
                let sums = seen.durations.get_or_insert_with(|| Box::new([0; BUCKETS]));
                sums.iter_mut().zip(durations.iter()).for_each(|(sum, count)| *sum += count);
            }
        }
    }

    /// Adds the counts to those by shape, roots and others together.
    pub(super) fn add_to(&self, shapes: &mut [ShapePoint]) {
        for (place, seen) in self.0.iter().enumerate() {
            shapes[place / 2].merge(&seen.point);
        }
    }

    /// Forgets everything, and keeps the room.
    pub(super) fn clear(&mut self) {
        for seen in self.0.iter_mut().filter(|seen| seen.point.spans > 0) {
            seen.point = ShapePoint::default();
            seen.durations.iter_mut().for_each(|durations| durations.fill(0));
        }
    }

    /// All that arrived, as integers.
    pub(super) fn rows(&self) -> Vec<TrafficRow> {
        let mut rows = Vec::new();
        for (place, seen) in self.0.iter().enumerate().filter(|(_, seen)| seen.point.spans > 0) {
            let ShapePoint { spans, errors, duration_ticks } = seen.point;
            let counts = seen.durations.iter().flat_map(|counts| counts.iter().copied().enumerate());
            rows.push((place, [spans, errors, duration_ticks], counts.filter(|(_, count)| *count > 0).collect()));
        }
        rows
    }

    /// The same again; `None` where rows do not belong to this plan.
    pub(super) fn from_rows(plan: &Plan, rows: Vec<TrafficRow>) -> Option<Self> {
        let mut traffic = Self::new(plan);
        for (place, [spans, errors, duration_ticks], counts) in rows {
            let mut durations = Box::new([0; BUCKETS]);
            for (bucket, count) in counts {
                *durations.get_mut(bucket)? = count;
            }
            let point = ShapePoint { spans, errors, duration_ticks };
            *traffic.0.get_mut(place)? = Seen { point, durations: Some(durations) };
        }
        Some(traffic)
    }

    /// All that arrived, by shape.
    pub(crate) fn arrived(&self) -> impl Iterator<Item = Arrived<'_>> {
        self.0.iter().enumerate().filter_map(|(place, seen)| {
            let durations = seen.durations.as_deref().filter(|_| seen.point.spans > 0)?;
            Some(Arrived { shape: place / 2, is_root: place % 2 == 1, point: &seen.point, durations })
        })
    }
}
