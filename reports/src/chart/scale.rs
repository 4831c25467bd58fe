//! Where a time or a value stands on the chart, and at which round numbers there is a label.
//!
//! Owns axes. Refuses to draw.

/// The time axis: from the start of the run to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeAxis {
    pub(super) end_s: f64,
    pub(super) from_px: f64,
    pub(super) to_px: f64,
}

impl TimeAxis {
    /// Where a time stands; times outside stand at the rim.
    pub(super) fn px(&self, at_s: f64) -> f64 {
        let share = (at_s / self.end_s).clamp(0.0, 1.0);
        self.from_px + share * (self.to_px - self.from_px)
    }

    /// The step between labels, and the virtual seconds at which the story's clock is at a multiple of it.
    pub(super) fn ticks(&self, clock: &str, most: u32) -> (u32, Vec<f64>) {
        let mut step_s = 86_400;
        for candidate in [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400] {
            if self.end_s / f64::from(candidate) <= f64::from(most) {
                step_s = candidate;
                break;
            }
        }
        let mut parts = clock.split(':').map(|part| part.trim().parse::<u32>().unwrap_or(0) % 60);
        // Hours matter only to steps of hours, and those start wherever the story does.
        let start_s = parts.nth(1).unwrap_or(0) * 60;
        let mut at_s = f64::from((step_s - start_s % step_s) % step_s);
        let mut ticks = Vec::new();
        while at_s <= self.end_s && ticks.len() < 100 {
            ticks.push(at_s);
            at_s += f64::from(step_s);
        }
        (step_s, ticks)
    }
}

/// A value axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ValueAxis {
    /// In proportion, from the first to the second.
    Linear(f64, f64),
    /// In powers of ten, from the first exponent to the second.
    Log(i32, i32),
}

impl ValueAxis {
    /// From nothing to a round number that holds the greatest value.
    pub(super) fn from_zero(greatest: f64) -> Self {
        Self::Linear(0.0, round_up(greatest))
    }

    /// Whole powers of ten that hold all values over zero.
    pub(super) fn log(values: impl Iterator<Item = f64>) -> Self {
        let (mut least, mut greatest) = (f64::INFINITY, 0.0_f64);
        for value in values.filter(|value| *value > 0.0) {
            least = least.min(value);
            greatest = greatest.max(value);
        }
        if greatest <= 0.0 {
            return Self::Log(-3, 0);
        }
        let from = least.log10().floor().clamp(-9.0, 9.0) as i32;
        let to = greatest.log10().ceil().clamp(-9.0, 9.0) as i32;
        Self::Log(from, to.max(from + 1))
    }

    /// A share from 0 to 1; where it stays near one, from the nearest round floor, so that a dip can be seen.
    pub(super) fn share(least: f64) -> Self {
        for floor in [0.99, 0.9, 0.5] {
            if least > floor {
                return Self::Linear(floor, 1.0);
            }
        }
        Self::Linear(0.0, 1.0)
    }

    /// Where a value stands, from 0 at the bottom to 1 at the top.
    pub(super) fn share_of(&self, value: f64) -> f64 {
        let share = match *self {
            Self::Linear(from, to) => (value - from) / (to - from),
            Self::Log(from, to) => (value.max(1e-12).log10() - f64::from(from)) / f64::from(to - from),
        };
        share.clamp(0.0, 1.0)
    }

    /// Values with a label.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match *self {
            Self::Linear(from, to) => vec![from, f64::midpoint(from, to), to],
            Self::Log(from, to) => {
                let step = if to - from > 4 { 2 } else { 1 };
                (from..=to).step_by(step).map(|exponent| 10.0_f64.powi(exponent)).collect()
            }
        }
    }
}

/// The least of 1, 2, 4, 5, 6, 8 and 10 times a power of ten that is no less: all of these have a round half.
fn round_up(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10.0_f64.powi(value.log10().floor() as i32);
    for step in [1.0, 2.0, 4.0, 5.0, 6.0, 8.0, 10.0] {
        if value <= step * power * (1.0 + 1e-9) {
            return step * power;
        }
    }
    10.0 * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(ValueAxis::from_zero(61_300.0), ValueAxis::Linear(0.0, 80_000.0));
        assert_eq!(ValueAxis::from_zero(0.0), ValueAxis::Linear(0.0, 1.0));
        assert_eq!(ValueAxis::from_zero(f64::NAN), ValueAxis::Linear(0.0, 1.0));
        assert_eq!(ValueAxis::log([0.009, 5.0].into_iter()), ValueAxis::Log(-3, 1));
        assert_eq!(ValueAxis::log([f64::NAN, 0.0].into_iter()), ValueAxis::Log(-3, 0));
        assert_eq!(ValueAxis::share(0.995), ValueAxis::Linear(0.99, 1.0));
        assert_eq!(ValueAxis::share(0.2), ValueAxis::Linear(0.0, 1.0));
    }

    #[test]
    fn times_are_labelled_at_round_clock_times() {
        let axis = TimeAxis { end_s: 1440.0, from_px: 0.0, to_px: 100.0 };
        assert_eq!(axis.ticks("14:33", 5), (300, vec![120.0, 420.0, 720.0, 1020.0, 1320.0]));
        assert_eq!(axis.ticks("nonsense", 1), (1800, vec![0.0]));
        assert!((axis.px(720.0) - 50.0).abs() < 1e-9 && (axis.px(9999.0) - 100.0).abs() < 1e-9);
    }
}
