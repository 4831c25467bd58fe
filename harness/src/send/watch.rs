//! The watch over a sending: stops it when a condition has held.
//!
//! Owns the window of the last seconds of the wall clock. Refuses to slow a sending down: it goes on, or it ends.

use super::condition::{Lasting, Quantity};
use super::pace::Pace;
use crate::deliver::{Counts, Delivery, Histograms};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

/// A condition that ended a sending.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Aborted {
    /// As it was said.
    pub(crate) condition: String,
    /// What it was over the condition's time, in its unit.
    pub(crate) value: f64,
    /// `%` of what was due, or `ms`.
    pub(crate) unit: &'static str,
    /// Seconds of the wall clock after the first that was due.
    pub(crate) after_s: f64,
    /// The value in words.
    #[serde(skip)]
    pub(crate) told: String,
}

/// Looks every second until a condition has held, which stops the pace, or until nobody needs it any more.
pub(crate) fn over(delivery: &Delivery, pace: &Pace, conditions: &[Lasting], ends: &Receiver<()>) -> Option<Aborted> {
    let mut window = Window::new(conditions);
    let mut next: Option<Instant> = None;
    loop {
        let wait = next.map_or(EVERY, |next| next.saturating_duration_since(Instant::now()));
        if ends.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            return None;
        }
        let Some(begun) = pace.begun() else { continue };
        let Some(now) = next.filter(|next| *next <= Instant::now()) else {
            next = Some(next.unwrap_or(begun.at + EVERY));
            continue;
        };
        next = Some(now + EVERY);
        let histograms = if window.needs_times { delivery.histograms_so_far() } else { Histograms::default() };
        if let Some(mut aborted) = window.look(delivery.so_far(), histograms) {
            pace.stop();
            aborted.after_s = begun.at.elapsed().as_secs_f64();
            return Some(aborted);
        }
    }
}

/// The last seconds, as far back as a condition needs them.
struct Window<'c> {
    conditions: &'c [Lasting],
    needs_times: bool,
    longest_s: usize,
    seconds: VecDeque<Vec<Part>>,
    counts: Counts,
    histograms: Histograms,
}

/// What a second brought of a condition's quantity.
struct Part {
    items: u64,
    due: u64,
    /// By value in us.
    times: Vec<(u64, u64)>,
}

impl<'c> Window<'c> {
    fn new(conditions: &'c [Lasting]) -> Self {
        Self {
            conditions,
            needs_times: conditions.iter().any(|lasting| lasting.condition.quantity.is_time()),
            longest_s: conditions.iter().map(|lasting| lasting.for_s as usize).max().unwrap_or_default(),
            seconds: VecDeque::new(),
            counts: Counts::default(),
            histograms: Histograms::default(),
        }
    }

    /// Takes what there is at the end of a second; the first condition that has held over its time.
    fn look(&mut self, counts: Counts, histograms: Histograms) -> Option<Aborted> {
        let parts = self.conditions.iter().map(|lasting| self.part(lasting.condition.quantity, &counts, &histograms));
        let parts: Vec<Part> = parts.collect();
        (self.counts, self.histograms) = (counts, histograms);
        if self.seconds.len() == self.longest_s {
            self.seconds.pop_front();
        }
        self.seconds.push_back(parts);
        self.conditions.iter().enumerate().find_map(|(index, lasting)| {
            let (quantity, for_s) = (lasting.condition.quantity, lasting.for_s as usize);
            let from = self.seconds.len().checked_sub(for_s)?;
            let parts: Vec<&Part> = self.seconds.range(from..).map(|second| &second[index]).collect();
            let value = if quantity.is_time() { p99_ms(&parts)? } else { share(&parts)? };
            lasting.condition.holds(value).then(|| Aborted {
                condition: lasting.text(),
                value,
                unit: quantity.unit(),
                after_s: 0.0,
                told: quantity.told(value),
            })
        })
    }

    /// What came since the look before.
    fn part(&self, quantity: Quantity, counts: &Counts, histograms: &Histograms) -> Part {
        let since = |now: u64, before: u64| now.saturating_sub(before);
        let items = |counts: &Counts| quantity.items(counts).unwrap_or_default();
        let times = quantity.times(histograms).zip(quantity.times(&self.histograms)).map(|(now, before)| {
            let recorded = now.iter_recorded().map(|step| {
                let value = step.value_iterated_to();
                (value, since(step.count_at_value(), before.count_at(value)))
            });
            recorded.filter(|(_, count)| *count > 0).collect()
        });
        Part {
            items: since(items(counts), items(&self.counts)),
            due: since(counts.due.items, self.counts.due.items),
            times: times.unwrap_or_default(),
        }
    }
}

/// Percent of what was due; `None` where nothing was.
fn share(parts: &[&Part]) -> Option<f64> {
    let (items, due) = parts.iter().fold((0, 0), |sum, part| (sum.0 + part.items, sum.1 + part.due));
    (due > 0).then(|| items as f64 * 100.0 / due as f64)
}

/// 99th percentile in ms; `None` where nothing was recorded.
fn p99_ms(parts: &[&Part]) -> Option<f64> {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for (value, count) in parts.iter().flat_map(|part| &part.times) {
        *counts.entry(*value).or_default() += count;
    }
    let total: u64 = counts.values().sum();
    let rank = (total * 99).div_ceil(100);
    let mut seen = 0;
    counts.into_iter().find_map(|(value, count)| {
        seen += count;
        (total > 0 && seen >= rank).then_some(value as f64 / 1e3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::Amount;

    fn counts(due: u64, rejected: u64) -> Counts {
        Counts { due: Amount::one(due), rejected: Amount::one(rejected), ..Counts::default() }
    }

    /// *Scenario*: a target that rejects nothing, then a tenth, for as many seconds as it takes. *Guarantees*: it is stopped in the first
    /// second at whose end the window's share is above the bound, and not before the window is full.
    #[test]
    fn a_share_is_taken_over_the_window() {
        let conditions = [Lasting::parse("rejected>5% for 3s").unwrap()];
        let mut window = Window::new(&conditions);
        let mut look = |due, rejected| window.look(counts(due, rejected), Histograms::default());
        assert_eq!(look(100, 90), None, "one second is not three");
        let mut window = Window::new(&conditions);
        let mut look = |due, rejected| window.look(counts(due, rejected), Histograms::default());
        assert!([(100, 0), (200, 0), (300, 0), (400, 10)].into_iter().all(|(due, bad)| look(due, bad).is_none()));
        let aborted = look(500, 20).expect("20 of 300");
        assert_eq!((aborted.condition.as_str(), aborted.unit), ("rejected>5% for 3s", "%"));
        assert!((aborted.value - 20.0 / 3.0).abs() < 1e-9, "{aborted:?}");
    }

    /// *Scenario*: ten fast seconds and then slow ones; a silent one. *Guarantees*: the percentile is the window's and not the whole
    /// sending's; where nothing was answered or due nothing holds.
    #[test]
    fn a_time_is_taken_over_the_window() {
        let conditions = [Lasting::parse("ack.p99>1s for 2s").unwrap(), Lasting::parse("failed>=0% for 2s").unwrap()];
        let mut window = Window::new(&conditions);
        let mut all = Histograms::default();
        for _ in 0..10 {
            all.ack_us.record_n(2_000, 10_000).unwrap();
            assert_eq!(window.look(Counts::default(), all.clone()), None);
        }
        assert_eq!(window.look(Counts::default(), all.clone()), None);
        assert_eq!(window.look(Counts::default(), all.clone()), None);
        all.ack_us.record_n(3_000_000, 50).unwrap();
        let aborted = window.look(Counts::default(), all).expect("all 50 took 3 s");
        assert!((aborted.value - 3_000.0).abs() < 10.0, "{aborted:?}");
    }
}
