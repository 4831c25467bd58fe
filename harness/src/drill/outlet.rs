//! Where a cell's batches go beside the drill's own sink.
//!
//! Owns the seam between a drill and whoever sends what it makes. Refuses to change the stream: turns cut the playing, not what is
//! played.

use doorbuster_model::time::Ticks;
use doorbuster_telemetry::record::Consumer;

/// Takes a cell's batches while the cell is played turn by turn, on the thread that plays it.
pub(crate) trait Outlet: Consumer + Send {
    /// Into how many turns an epoch is cut; the same for all cells.
    fn turns(&self) -> u64 {
        1
    }

    /// Whether the drill's own sink looks at the batches too, for a detector and for exemplars; the same for all cells. Who sends a shop in which
    /// nothing breaks needs neither.
    fn is_watched(&self) -> bool {
        true
    }

    /// A turn that begins at this tick is about to be played: the place to wait until it is time.
    fn begin_turn(&mut self, _: Ticks) {}

    /// The turn that ends before this tick was played.
    fn end_turn(&mut self, _: Ticks) {}
}

impl Outlet for () {}
