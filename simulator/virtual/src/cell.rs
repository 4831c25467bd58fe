//! A cell of the fleet, and whoever takes its batches.
//!
//! Owns how a cell is played from outside. Refuses the fleet: cells share nothing, and what a run looks at or changes passes through
//! [`Cell::play`], [`Engine::apply`] and slices.

use crate::engine::Engine;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::Ticks;
use doorbuster_telemetry::record::Consumer;
use std::ops::{Deref, DerefMut};

/// Frames that a cell may hold: 1 GiB of them.
pub const MAX_FRAMES: usize = 1 << 24;
/// Half of what the 32-bit ticks of a frame can tell apart; a request is refused some minutes before it gets as old.
pub const MAX_AGE_TICKS: Ticks = 1 << 31;
/// After so many ticks a drain looks whether the cell is empty: the length is a part of the stream, since it sets the last flush.
pub const DRAIN_STEP_TICKS: Ticks = 1 << 20;

/// The shop holds more than the engine can tell the truth about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload {
    /// More than [`MAX_FRAMES`] calls, statements, shoppers and messages at a time.
    TooMany,
    /// A request was in flight for longer than [`MAX_AGE_TICKS`].
    TooOld,
}

/// One cell of the fleet in virtual time, and the consumer that takes its batches.
pub struct Cell<'p, C> {
    engine: Engine<'p>,
    /// Whoever takes the batches.
    pub consumer: C,
}

impl<'p, C: Consumer> Cell<'p, C> {
    /// Cell number `number` of the fleet at virtual time zero, with its doors open.
    #[must_use]
    pub fn new(plan: &'p Plan, number: u32, consumer: C) -> Self {
        Self { engine: Engine::new(plan, number), consumer }
    }

    /// Plays everything before tick `until`.
    ///
    /// # Errors
    /// When the shop holds more than the engine can tell the truth about.
    pub fn play(&mut self, until: Ticks) -> Result<(), Overload> {
        self.engine.play(until, &mut self.consumer)
    }

    /// Closes the doors and plays until every request, statement, shopper and message is gone and every span exported; see
    /// [`Engine::close`].
    ///
    /// # Errors
    /// As [`Self::play`].
    pub fn drain(&mut self) -> Result<(), Overload> {
        self.close();
        while !self.is_empty() {
            self.play(self.now() + DRAIN_STEP_TICKS)?;
        }
        self.shut_down();
        Ok(())
    }

    /// Exports all spans that the pods of an empty cell hold.
    pub fn shut_down(&mut self) {
        self.engine.shut_down(&mut self.consumer);
    }
}

impl<'p, C> Deref for Cell<'p, C> {
    type Target = Engine<'p>;

    fn deref(&self) -> &Engine<'p> {
        &self.engine
    }
}

impl<C> DerefMut for Cell<'_, C> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.engine
    }
}
