//! One change detector: a one-sided CUSUM of log likelihood ratios against a baseline that it learns itself.
//!
//! Owns the arithmetic of one series. Refuses to know what the series measures.
//!
//! A reading is a sum over a count (errors over requests, rows over calls). For each the score grows by
//! `ln(likelihood after a shift / likelihood before)` and never falls below zero; at [`THRESHOLD`] it alarms. The
//! shift is the smallest that matters, stated by the series, so an increase must be both significant
//! given its counts and material in size: with few counts the score grows slowly, and
//! an increase under about half of the shift lets it fall however certain the increase is.
//!
//! **Average run length.** Such a CUSUM runs at least `e^threshold` readings between false alarms
//! when the baseline is right (Lorden 1971). [`THRESHOLD`] = 18 asks for 6.6e7 readings: with the 500 series of a
//! large shop at six readings a minute that is one false symptom in two weeks or more. The bound is checked
//! by simulation at thresholds where it can be (`tests`), and at 18 by noise that must stay quiet.
//!
//! The baseline forgets exponentially ([`MEMORY_READINGS`]). So that a fault isn't learned as the new normal, a reading
//! is learned a minute late ([`LAG_READINGS`]), and none is while the score is over half of the threshold.

use std::collections::VecDeque;

/// Score at which a series alarms; see the module's head for its run length.
pub(crate) const THRESHOLD: f64 = 18.0;
/// Readings that are learned before the first is judged: a minute, the usual warm-up. Chosen.
pub(crate) const LEARN_READINGS: u32 = 6;
/// Readings that wait before they are learned: a change that takes longer to be seen is too small or has too few counts. Chosen.
const LAG_READINGS: usize = 6;
/// Readings that the baseline remembers: five minutes. Chosen: longer than a noisy patch, shorter than a day's curve.
const MEMORY_READINGS: f64 = 30.0;
/// Least baseline of a share: below 2 in 1,000 a few errors among few requests would look like a shift. Chosen.
const LEAST_SHARE: f64 = 0.002;
/// The spread of a mean is taken to be at least this part of the shift, so that one odd reading must come near the whole shift to alarm.
const LEAST_SPREAD: f64 = 1.0 / 8.0;

/// What a reading's noise is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noise {
    /// A share of yes among yes and no: its noise follows from its counts.
    Share,
    /// A mean: its noise is learned from reading to reading.
    Mean,
}

/// A sum over a count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    /// What was counted or added up.
    pub(crate) sum: f64,
    /// Over how many.
    pub(crate) count: f64,
}

impl Reading {
    fn value(self) -> f64 {
        self.sum / self.count
    }
}

/// Baseline and score of one series.
#[derive(Clone, Debug)]
pub(crate) struct Cusum {
    noise: Noise,
    threshold: f64,
    score: f64,
    readings: u32,
    /// Judged harmless, not learned yet; at most [`LAG_READINGS`].
    waiting: VecDeque<Reading>,
    // Exponentially weighted: weights, sums and counts of readings, squared distances from the mean.
    weight: f64,
    sum: f64,
    count: f64,
    squares: f64,
}

impl Cusum {
    /// A series with nothing learned.
    pub(crate) fn new(noise: Noise) -> Self {
        Self::with_threshold(noise, THRESHOLD)
    }

    fn with_threshold(noise: Noise, threshold: f64) -> Self {
        let (score, readings, waiting) = (0.0, 0, VecDeque::new());
        Self { noise, threshold, score, readings, waiting, weight: 0.0, sum: 0.0, count: 0.0, squares: 0.0 }
    }

    /// The baseline: the usual value. 0 before anything was learned.
    pub(crate) fn usual(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    /// Takes a reading and says whether the series is in alarm. `shift` is the least increase that matters, over zero.
    pub(crate) fn step(&mut self, reading: Reading, shift: f64) -> bool {
        if reading.count <= 0.0 {
            return self.is_alarmed();
        }
        if self.readings < LEARN_READINGS {
            self.learn(reading);
        } else {
            let gain = match self.noise {
                Noise::Share => self.gain_of_share(reading, shift),
                Noise::Mean => self.gain_of_mean(reading, shift),
            };
            // Held at the threshold, so that an alarm ends soon after its cause does.
            self.score = (self.score + gain).clamp(0.0, self.threshold);
            self.learn_late(reading);
        }
        self.is_alarmed()
    }

    fn learn_late(&mut self, reading: Reading) {
        if self.is_alarmed() {
            // They led here.
            self.waiting.clear();
        } else if self.score < self.threshold / 2.0 {
            self.waiting.push_back(reading);
            if self.waiting.len() > LAG_READINGS
                && let Some(oldest) = self.waiting.pop_front()
            {
                self.learn(oldest);
            }
        }
    }

    fn is_alarmed(&self) -> bool {
        self.score >= self.threshold
    }

    /// Binomial, exact for any count, against the most that the baseline may be: its own counts are few in a small
    /// shop, and a share that was underestimated by chance would alarm by itself.
    fn gain_of_share(&self, reading: Reading, shift: f64) -> f64 {
        // Wilson's upper bound at two standard errors, for small shares.
        let most = (self.sum + 2.0 + 2.0 * (self.sum + 1.0).sqrt()) / self.count;
        let before = most.clamp(LEAST_SHARE, 0.5);
        let after = (before + shift).min(0.999);
        let no = reading.count - reading.sum;
        reading.sum * (after / before).ln() + no * ((1.0 - after) / (1.0 - before)).ln()
    }

    /// Normal, with the spread that was seen from reading to reading.
    fn gain_of_mean(&self, reading: Reading, shift: f64) -> f64 {
        // The spread of so few readings is itself uncertain; with fewer counts than usual it grows, with more it isn't
        // trusted to shrink, for not all of it comes from counting.
        let uncertain = 1.0 + 8.0 / self.weight;
        let fewer = (self.count / self.weight / reading.count).max(1.0);
        let variance = (self.squares / self.weight * uncertain * fewer).max((shift * LEAST_SPREAD).powi(2));
        shift / variance * (reading.value() - self.usual() - shift / 2.0)
    }

    fn learn(&mut self, reading: Reading) {
        // No reading counts for more than three usual ones: at the start of a rush it would be all that is remembered.
        let usual_count = if self.weight > 0.0 { self.count / self.weight } else { reading.count };
        let part = (3.0 * usual_count / reading.count).min(1.0);
        let distance = if self.count > 0.0 { reading.value() - self.usual() } else { 0.0 };
        let keep = 1.0 - 1.0 / MEMORY_READINGS;
        self.weight = self.weight * keep + 1.0;
        self.sum = self.sum * keep + reading.sum * part;
        self.count = self.count * keep + reading.count * part;
        self.squares = self.squares * keep + distance * distance;
        self.readings += 1;
    }
}

#[cfg(test)]
mod tests;
