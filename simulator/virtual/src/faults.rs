//! Commands: what a fault or a remedy changes in a cell, at the beginning of an epoch.

use crate::cell::Cell;
use doorbuster_model::key::mix;
use doorbuster_model::plan::{Plan, StatementId};
use doorbuster_telemetry::record::Consumer;

/// One change of one mechanism.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Statements that use an index scan (or no longer scan) on some shards.
    Index {
        /// The statements.
        statements: Vec<StatementId>,
        /// The shards.
        shards: Vec<u16>,
        /// Whether the index is gone.
        lost: bool,
    },
}

/// The shards of a store that a fault of this share hits: always the same ones, and the smaller share's are among the larger's.
#[must_use]
pub fn shards_hit(plan: &Plan, store: u16, share: f64) -> Vec<u16> {
    let store = &plan.stores[usize::from(store)];
    let count = (f64::from(store.shards) * share).round() as usize;
    let mut shards: Vec<u16> = (0..store.shards).collect();
    shards.sort_by_key(|shard| mix(store.place ^ plan.seed ^ u64::from(*shard)));
    shards.truncate(count);
    shards.sort_unstable();
    shards
}

impl<C: Consumer> Cell<'_, C> {
    /// Changes a mechanism from this tick on; what is under way stays as it is.
    pub fn apply(&mut self, command: &Command) {
        match command {
            Command::Index { statements, shards, lost } => {
                for statement in statements {
                    for shard in shards {
                        self.lost[usize::from(*statement)][usize::from(*shard)] = *lost;
                    }
                }
            }
        }
    }
}
