//! The cells that are played, and the threads that play them.
//!
//! Owns the barrier: between two epochs nobody plays. A cell is played by one thread for a whole epoch; which one
//! makes no difference to anything but the time it takes.

use super::sink::Sink;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::tick_of_second;
use doorbuster_virtual::cell::{Cell, Overload};
use doorbuster_virtual::faults::Command;
use doorbuster_virtual::slice::{Ledger, Slice};
use std::ops::Range;
use std::thread;

/// The cells that are played.
pub struct Fleet<'p> {
    /// In order of number.
    pub cells: Vec<Cell<'p, Sink>>,
    threads: usize,
    scratch: Slice,
}

impl<'p> Fleet<'p> {
    /// These cells of a plan, at virtual time zero.
    pub fn new(plan: &'p Plan, cells: Range<u32>, threads: usize) -> Self {
        let cells = cells.map(|number| Cell::new(plan, number, Sink::new(plan, number)));
        Self { cells: cells.collect(), threads: threads.max(1), scratch: Slice::new(plan) }
    }

    /// Plays the epoch that is virtual second `second`.
    pub fn play_epoch(&mut self, second: u32) -> Result<(), Overload> {
        let until = tick_of_second(u64::from(second) + 1);
        self.each(|cell| {
            cell.play(until)?;
            cell.consumer.fingerprint.epoch(u64::from(second));
            Ok(())
        })
    }

    /// Closes the doors of all cells and plays them until nothing is left.
    pub fn drain(&mut self) -> Result<(), Overload> {
        self.each(Cell::drain)
    }

    /// Changes a mechanism in every cell.
    pub fn apply(&mut self, command: &Command) {
        self.cells.iter_mut().for_each(|cell| cell.apply(command));
    }

    /// Closes the slice of every cell and merges them in order of cell.
    pub fn close_slice(&mut self, into: &mut Slice) {
        into.clear();
        for cell in &mut self.cells {
            cell.close_slice(&mut self.scratch);
            into.merge(&self.scratch);
        }
    }

    /// Counts since the run began, over all cells.
    pub fn ledger(&self) -> Ledger {
        let mut sum = Ledger::default();
        self.cells.iter().for_each(|cell| sum.merge(cell.ledger()));
        sum
    }

    /// The fingerprints of the cells, in order.
    pub fn fingerprints(&self) -> Vec<[u8; 16]> {
        self.cells.iter().map(|cell| cell.consumer.fingerprint.finish()).collect()
    }

    /// Plays something in every cell, on as many threads as there are.
    fn each(&mut self, play: impl Fn(&mut Cell<'p, Sink>) -> Result<(), Overload> + Sync) -> Result<(), Overload> {
        let share = self.cells.len().div_ceil(self.threads).max(1);
        if share >= self.cells.len() {
            return self.cells.iter_mut().try_for_each(play);
        }
        let play = &play;
        thread::scope(|scope| {
            let chunks = self.cells.chunks_mut(share);
            let threads: Vec<_> =
                chunks.map(|chunk| scope.spawn(move || chunk.iter_mut().try_for_each(play))).collect();
            let ended = threads.into_iter().map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            ended.fold(Ok(()), Result::and)
        })
    }
}
