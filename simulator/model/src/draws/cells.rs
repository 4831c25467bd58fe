//! From a law to the cells of its table.
//!
//! Owns the quadrature within cells and the choice of fixed point. Refuses to know families: a law is
//! asked for its quantiles only.

use super::law::Law;
use super::{CELLS, Cell, LAST, LEVELS, PLACE_BITS, Table};

/// Shift of the finest fixed point: 24 bits after the point of a tick, beside the place's 32.
pub(super) const FINEST_SHIFT: u8 = 56;

/// Nodes and weights of Gauss-Legendre quadrature of order 4 on 0 to 1 (Abramowitz and Stegun, table 25.4).
/// Order 4 is good to 1e-6 of a cell in the worst case, the factor of two in tail probability of a level's last cells.
const NODES: [(f64, f64); 4] = [
    (0.069_431_844_202_973_71, 0.173_927_422_568_726_9),
    (0.330_009_478_207_571_9, 0.326_072_577_431_273_1),
    (0.669_990_521_792_428_1, 0.326_072_577_431_273_1),
    (0.930_568_155_797_026_3, 0.173_927_422_568_726_9),
];

/// Halves into which the tail beyond the last level is cut: down to 2^-88, where no moment has anything left.
const BEYOND_PIECES: i32 = 48;
/// Quarters into which the lowest cell is cut.
const LOWEST_PIECES: i32 = 6;

/// Values of a cell, in ticks: evenly from `from` to `to`.
#[derive(Clone, Copy, Default)]
struct Range {
    from: f64,
    to: f64,
}

/// The table of a law.
pub(super) fn build(law: &Law) -> Table {
    let longest = Table::LONGEST_TICKS as f64;
    if let Law::Even { from, to } = *law {
        let range = Range { from: from.min(longest), to: to.min(longest) };
        let shift = shift_for(range.to);
        return Table::of_cells(vec![fixed(range, shift)], [shift; LEVELS]);
    }
    let mut cells = Vec::with_capacity(LEVELS * CELLS);
    let mut shifts = [FINEST_SHIFT; LEVELS];
    let mut walk = Walk { law, longest, last: 0.0 };
    for (level, level_shift) in shifts.iter_mut().enumerate() {
        let ranges: Vec<Range> = (0..CELLS).map(|cell| walk.range(level, cell)).collect();
        let shift = shift_for(ranges.iter().map(|range| range.to).fold(0.0, f64::max));
        *level_shift = shift;
        cells.extend(ranges.into_iter().map(|range| fixed(range, shift)));
    }
    Table::of_cells(cells, shifts)
}

/// Probability of the upper tail that a level splits: 2^(-8 level).
pub(super) fn tail_of_level(level: usize) -> f64 {
    1.0 / (1_u64 << (8 * level)) as f64
}

/// A law's quantiles, asked for from the lowest to the highest: each is near the one before.
struct Walk<'a> {
    law: &'a Law,
    longest: f64,
    last: f64,
}

impl Walk<'_> {
    /// The value above which `tail` of the law lies.
    fn quantile(&mut self, tail: f64) -> f64 {
        self.last = self.law.quantile(tail, self.last);
        self.last.min(self.longest)
    }

    /// The even range that stands for a cell.
    fn range(&mut self, level: usize, cell: usize) -> Range {
        let width = tail_of_level(level + 1);
        let upper = width * (CELLS - cell) as f64;
        if cell == LAST && level < LEVELS - 1 {
            return Range::default(); // split by the next level, never drawn
        }
        // Towards both ends of the law its quantile bends too much for one quadrature.
        if cell == LAST {
            let halves = (1..BEYOND_PIECES).map(|i| libm::ldexp(upper, -i));
            return self.even(upper, libm::ldexp(upper, -BEYOND_PIECES), halves);
        }
        if level == 0 && cell == 0 {
            let quarters = (1..LOWEST_PIECES).rev().map(|i| upper - libm::ldexp(width, -2 * i));
            return self.even(upper, upper - width, quarters);
        }
        let law = self.law;
        self.even(upper, upper - width, law.kinks().filter(|tail| upper - width < *tail && *tail < upper))
    }

    /// The even range with the law's mean and variance between two tail probabilities, shrunk where it
    /// would leave the law's values. `breaks` are tail probabilities in between, falling.
    fn even(&mut self, upper: f64, lower: f64, breaks: impl Iterator<Item = f64>) -> Range {
        let (mean, variance) = self.moments(upper, lower, breaks);
        let (least, most) = self.law.support();
        let room = (mean - least).min(most.min(self.longest) - mean).max(0.0);
        let half = libm::sqrt(3.0 * variance).min(room);
        Range { from: mean - half, to: mean + half }
    }

    fn moments(&mut self, upper: f64, lower: f64, breaks: impl Iterator<Item = f64>) -> (f64, f64) {
        let (mut anchor, mut first, mut second) = (None, 0.0, 0.0);
        let mut from = upper;
        for to in breaks.chain([lower]) {
            for (node, weight) in NODES {
                let value = self.quantile(from - (from - to) * node);
                // Deviations from a value in the cell: squares of the values themselves would cancel.
                let deviation = value - *anchor.get_or_insert(value);
                let share = weight * (from - to) / (upper - lower);
                first += share * deviation;
                second += share * deviation * deviation;
            }
            from = to;
        }
        (anchor.unwrap_or(0.0) + first, (second - first * first).max(0.0))
    }
}

/// The finest shift that leaves room for a value, and two ticks more, below 2^32 units.
fn shift_for(most_ticks: f64) -> u8 {
    let mut shift = FINEST_SHIFT;
    while (most_ticks + 2.0) * unit(shift) > unit(64) {
        shift -= 1;
    }
    shift
}

/// Units of a tick: `2^(shift - 32)`.
fn unit(shift: u8) -> f64 {
    libm::ldexp(1.0, i32::from(shift) - PLACE_BITS as i32)
}

fn fixed(range: Range, shift: u8) -> Cell {
    let base = libm::round(range.from * unit(shift));
    let top = libm::round(range.to * unit(shift));
    Cell { base: base as u32, width: (top - base) as u32 }
}

/// Mean and second moment of the whole ticks that a cell gives, in ticks.
pub(super) fn drawn_moments(cell: Cell, shift: u8) -> (f64, f64) {
    let from = f64::from(cell.base) / unit(shift);
    let width = f64::from(cell.width) / unit(shift);
    let to = from + width;
    // A value with the part f of a tick becomes one tick more with probability f: variance f (1 - f).
    let part = |x: f64| x - libm::floor(x);
    let upto = |x: f64| libm::floor(x) / 6.0 + part(x) * part(x) * (0.5 - part(x) / 3.0);
    let rounding = if width > 1e-3 { (upto(to) - upto(from)) / width } else { part(from) * (1.0 - part(from)) };
    (from + width / 2.0, (from * from + from * to + to * to) / 3.0 + rounding)
}
