//! The cells that are played, and the threads that play them.
//!
//! Owns the barrier: between two epochs nobody plays. A cell is played by one thread for a whole epoch; which one
//! makes no difference to anything but the time it takes.

use super::Settings;
use super::outlet::Outlet;
use super::sink::Sink;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::{Ticks, tick_of_second};
use doorbuster_telemetry::head::Head;
use doorbuster_virtual::cell::{Cell, DRAIN_STEP_TICKS, Overload};
use doorbuster_virtual::faults::Command;
use doorbuster_virtual::slice::{Ledger, Slice};
use std::thread;

/// The cells that are played.
pub struct Fleet<'p, O> {
    /// In order of number.
    pub cells: Vec<Cell<'p, Sink<O>>>,
    threads: usize,
    scratch: Slice,
}

/// Cells that one thread plays.
type Group<'c, 'p, O> = &'c mut [Cell<'p, Sink<O>>];

/// How many cells each thread plays, the last one perhaps fewer.
pub fn cells_of_thread(cells: usize, threads: usize) -> usize {
    cells.div_ceil(threads.max(1)).max(1)
}

impl<'p, O: Outlet> Fleet<'p, O> {
    /// A cell of a plan for each outlet, numbered from `first` on, at virtual time zero.
    pub fn new(plan: &'p Plan, first: u32, outlets: Vec<O>, settings: &Settings) -> Self {
        let cells = (first..).zip(outlets);
        let mut cells: Vec<_> =
            cells.map(|(number, outlet)| Cell::new(plan, number, Sink::new(plan, number, outlet))).collect();
        if let Some(share) = settings.head {
            for (number, cell) in (first..).zip(&mut cells) {
                cell.sample(Head::new(plan.seed, number as u16, share));
            }
        }
        Self { cells, threads: settings.threads.max(1), scratch: Slice::new(plan) }
    }

    /// Plays the epoch that is virtual second `second`, in the turns of its outlets.
    pub fn play_epoch(&mut self, second: u32) -> Result<(), Overload> {
        let (from, until) = (tick_of_second(u64::from(second)), tick_of_second(u64::from(second) + 1));
        self.each(|cells| {
            play_turns(cells, from, until)?;
            cells.iter_mut().for_each(|cell| cell.consumer.fingerprint.epoch(u64::from(second)));
            Ok(())
        })
    }

    /// Closes the doors of all cells and plays them until nothing is left, in the turns of their outlets.
    pub fn drain(&mut self) -> Result<(), Overload> {
        self.each(|cells| {
            cells.iter_mut().for_each(|cell| cell.close());
            let mut open: Vec<bool> = vec![true; cells.len()];
            while open.contains(&true) {
                for (cell, is_open) in cells.iter_mut().zip(&mut open).filter(|(_, is_open)| **is_open) {
                    if cell.is_empty() {
                        cell.shut_down();
                        cell.consumer.outlet.end_turn(cell.now());
                        *is_open = false;
                    }
                }
                let mut left: Vec<_> = cells.iter_mut().zip(&open).filter(|(_, is_open)| **is_open).collect();
                let is_quiet = left.iter().all(|(cell, _)| cell.is_quiet());
                let from = left.iter().map(|(cell, _)| cell.now()).max().unwrap_or_default();
                for turn in turns(left.first().map_or(1, |(cell, _)| cell.consumer.outlet.turns()), DRAIN_STEP_TICKS) {
                    for (cell, _) in &mut left {
                        // Nobody waits for shoppers who only think.
                        if !is_quiet {
                            cell.consumer.outlet.begin_turn(from + turn.start);
                        }
                        cell.play(from + turn.end)?;
                        cell.consumer.outlet.end_turn(from + turn.end);
                    }
                }
            }
            Ok(())
        })
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

    /// Plays something in the cells of every thread.
    fn each(&mut self, play: impl Fn(Group<'_, 'p, O>) -> Result<(), Overload> + Sync) -> Result<(), Overload> {
        let share = cells_of_thread(self.cells.len(), self.threads);
        if share >= self.cells.len() {
            return play(&mut self.cells);
        }
        let play = &play;
        thread::scope(|scope| {
            let threads: Vec<_> = self.cells.chunks_mut(share).map(|chunk| scope.spawn(move || play(chunk))).collect();
            let ended = threads.into_iter().map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            ended.fold(Ok(()), Result::and)
        })
    }
}

/// Plays cells side by side from tick to tick: each a turn, then each the next.
fn play_turns<O: Outlet>(cells: Group<'_, '_, O>, from: Ticks, until: Ticks) -> Result<(), Overload> {
    let count = cells.first().map_or(1, |cell| cell.consumer.outlet.turns());
    for turn in turns(count, until - from) {
        for cell in &mut *cells {
            cell.consumer.outlet.begin_turn(from + turn.start);
            cell.play(from + turn.end)?;
            cell.consumer.outlet.end_turn(from + turn.end);
        }
    }
    Ok(())
}

/// So many turns that fill so many ticks.
fn turns(count: u64, ticks: Ticks) -> impl Iterator<Item = std::ops::Range<Ticks>> {
    (0..count).map(move |turn| turn * ticks / count..(turn + 1) * ticks / count)
}
