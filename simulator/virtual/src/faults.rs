//! Commands: what a fault or a remedy changes in a cell, at the beginning of an epoch.

use crate::cell::Cell;
use doorbuster_model::key::mix;
use doorbuster_model::plan::{Plan, ServiceId, StatementId};
use doorbuster_model::policies::{BucketRule, TokenBucket};
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
    /// Connection pools have another size.
    PoolSize {
        /// Which, by index in the plan: those of all pods, to all shards.
        pool: u16,
        /// Connections of each.
        size: u32,
    },
    /// So many pods of a service take requests.
    Pods {
        /// The service.
        service: ServiceId,
        /// How many, at most those of the plan; with fewer than before nothing changes.
        pods: u16,
    },
    /// A service lets in no more than so much, at each of its pods.
    RateLimit {
        /// The service.
        service: ServiceId,
        /// The limit of one pod; `None` for the one that it has by itself.
        limit: Option<BucketRule>,
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
    /// Changes a mechanism from this tick on; what is under way stays as it is. A command that changes how many servers
    /// there are comes after [`Self::close_slice`].
    pub fn apply(&mut self, command: &Command) {
        match command {
            Command::PoolSize { pool, size } => self.resize(*pool, *size),
            Command::Pods { service, pods } => {
                let active = &mut self.active[usize::from(*service)];
                *active = (*active).max(*pods);
            }
            Command::RateLimit { service, limit } => {
                let of = &self.plan.services[usize::from(*service)];
                let limit = limit.or(of.rate_limit);
                for pod in &mut self.pods[usize::from(of.first_pod)..][..usize::from(of.pods)] {
                    pod.bucket = limit.map(|rule| TokenBucket::new(rule, self.now));
                }
            }
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
