//! Distributions as tables of integers.
//!
//! Owns the road from a distribution to a whole number of ticks: the table, and how the 64 random bits
//! of a draw are spent on it. Refuses floats once a table is built, and refuses state: equal bits give
//! equal ticks on every machine.
//!
//! A table has five levels of 256 cells of equal probability. The last cell of a level is split again
//! on the next, so the upper tail is resolved down to a probability of 2^-40; what lies beyond is one more
//! cell (a Pareto law ends there). Within a cell values are even, over a range with the mean and the variance
//! that the distribution has there: so the mean and the second moment of the whole are right, which
//! queues depend on, and which interpolated quantiles miss (`docs/decisions/0003-draws.md` has figures).
//!
//! How a draw spends its bits:
//!
//! | bits | what for |
//! |---|---|
//! | 63-56 | the cell on the first level |
//! | 55-24 | the place within the cell |
//! | 23-0 | rounding: up with a probability of the part of a tick that is left over |
//!
//! One draw in 256 falls into the first level's last cell. It spends bits 55-48, 47-40, ... on the cells
//! of the next levels, then mixes all 64 and takes place and rounding from the mixed ones.

mod cells;
mod gamma;
mod law;
mod normal;

use crate::key::mix;
use crate::time::{TICK_NS, Ticks};
use doorbuster_scenarios::types::Draw;
use law::Law;

/// Cells of a level.
const CELLS: usize = 256;
/// Levels of a table.
const LEVELS: usize = 5;
/// The cell of a level that the next level splits.
const LAST: usize = CELLS - 1;
/// Bits that round.
const ROUNDING_BITS: u32 = 24;
/// Bits that place a value within its cell.
const PLACE_BITS: u32 = 32;

/// A distribution of times, ready to be drawn from.
///
/// Holds times from parts of a tick to [`Table::LONGEST_TICKS`]; times are exact to 2^-32 of the longest
/// one on their level, and at best to 2^-24 of a tick. Takes 10 KB, of which 2 KB are used often; an even
/// or constant time takes one cell.
#[derive(Clone, Debug)]
pub struct Table {
    /// [`LEVELS`] times [`CELLS`], or a single one.
    cells: Box<[Cell]>,
    /// `CELLS - 1`, or 0 for a single cell.
    mask: usize,
    /// Fixed point of each level: cells are in units of `2^(32 - shift)` ticks.
    shifts: [u8; LEVELS],
    mean_ns: f64,
    second_moment_ns2: f64,
    max_ticks: Ticks,
}

/// Values between `base` and `base + width`, evenly, in the fixed point of the level.
///
/// `base + width` leaves room for a whole tick below 2^32, so no sum in [`Cell::ticks`] overflows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cell {
    base: u32,
    width: u32,
}

impl Cell {
    #[inline]
    fn ticks(self, bits: u64, shift: u8) -> Ticks {
        let place = (bits >> ROUNDING_BITS) & 0xffff_ffff;
        let rounding = (bits & ((1 << ROUNDING_BITS) - 1)) << PLACE_BITS;
        let fixed = (u64::from(self.base) << PLACE_BITS) + u64::from(self.width) * place;
        (fixed + (rounding >> (cells::FINEST_SHIFT - shift))) >> shift
    }
}

impl Table {
    /// The longest time of a table, about 9 years; a longer one is cut to it.
    pub const LONGEST_TICKS: Ticks = (1 << 48) - 2;

    /// The table of a distribution that the scenario's check has accepted.
    #[must_use]
    pub fn build(draw: &Draw) -> Self {
        cells::build(&Law::of(draw))
    }

    /// The time that 64 random bits stand for.
    #[must_use]
    #[inline]
    pub fn ticks(&self, bits: u64) -> Ticks {
        let cell = (bits >> 56) as usize & self.mask;
        if cell == LAST {
            return self.tail_ticks(bits);
        }
        self.cells[cell].ticks(bits, self.shifts[0])
    }

    /// As [`Table::ticks`], below the first level.
    #[inline(never)]
    fn tail_ticks(&self, bits: u64) -> Ticks {
        let mut level = 1;
        let mut cell = (bits >> 48) as usize & LAST;
        while cell == LAST && level < LEVELS - 1 {
            level += 1;
            cell = (bits >> (56 - 8 * level)) as usize & LAST;
        }
        self.cells[level * CELLS + cell].ticks(mix(bits), self.shifts[level])
    }

    /// Mean of what is drawn, in nanoseconds.
    #[must_use]
    pub fn mean_ns(&self) -> f64 {
        self.mean_ns
    }

    /// Mean of the square of what is drawn, in square nanoseconds; rounding to ticks adds up to a
    /// quarter of a square tick to that of the distribution.
    #[must_use]
    pub fn second_moment_ns2(&self) -> f64 {
        self.second_moment_ns2
    }

    /// The longest time that can be drawn.
    #[must_use]
    pub fn max_ticks(&self) -> Ticks {
        self.max_ticks
    }

    /// The table of cells that are ready; sums up what they stand for.
    fn of_cells(cells: Vec<Cell>, shifts: [u8; LEVELS]) -> Self {
        let mut mean = 0.0;
        let mut second_moment = 0.0;
        let mut max_ticks = 0;
        for (i, cell) in cells.iter().enumerate() {
            let level = i / CELLS;
            let split = cells.len() > 1 && i % CELLS == LAST && level < LEVELS - 1;
            if split {
                continue;
            }
            let probability = if cells.len() == 1 { 1.0 } else { cells::tail_of_level(level + 1) };
            let (cell_mean, cell_second_moment) = cells::drawn_moments(*cell, shifts[level]);
            mean += probability * cell_mean;
            second_moment += probability * cell_second_moment;
            max_ticks = max_ticks.max(cell.ticks(u64::MAX, shifts[level]));
        }
        let tick_ns = TICK_NS as f64;
        Self {
            mask: (cells.len() - 1) & LAST,
            cells: cells.into_boxed_slice(),
            shifts,
            mean_ns: mean * tick_ns,
            second_moment_ns2: second_moment * tick_ns * tick_ns,
            max_ticks,
        }
    }
}
