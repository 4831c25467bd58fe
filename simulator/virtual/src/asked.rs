//! What the way of a statement needs of the plan, by site and in one place.
//!
//! Owns the shortcuts: a statement passes half a dozen steps, and each would look at its site, its statement, its store and its pool,
//! which lie apart. Refuses whatever a fault can change.

use doorbuster_model::plan::{Instr, NONE, Plan, StatementId, Target};

/// Where the statement of a site goes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) statement: StatementId,
    /// Whether it appends to a topic.
    pub(crate) appends: bool,
    /// First shard of its store, of all shards of the cell.
    pub(crate) first_shard: u32,
    /// The pool's instance of the service's first pod and the first shard.
    first_instance: u32,
    first_pod: u16,
    /// Shards of the store.
    shards: u16,
}

impl Asked {
    /// By site; nothing that counts for a site that asks no statement.
    pub(crate) fn all(plan: &Plan, first_shard: &[u32]) -> Vec<Self> {
        let mut all = vec![Self::default(); plan.sites.len()];
        for instr in &plan.code {
            let Instr::Query(site) = *instr else { continue };
            let Target::Statement { statement, pool } = plan.sites[usize::from(site)].target else { continue };
            let of = &plan.statements[usize::from(statement)];
            let asked = &mut all[usize::from(site)];
            asked.statement = statement;
            asked.appends = of.partitions > 0;
            asked.first_shard = first_shard[usize::from(of.store)];
            asked.shards = plan.stores[usize::from(of.store)].shards;
            if pool != NONE {
                let pool = &plan.pools[usize::from(pool)];
                asked.first_instance = pool.first_instance;
                asked.first_pod = plan.services[usize::from(pool.service)].first_pod;
            }
        }
        all
    }

    /// The instance of its pool that a pod has for a shard.
    #[inline]
    pub(crate) fn instance(&self, pod: u16, shard: u32) -> usize {
        (self.first_instance + u32::from(pod - self.first_pod) * u32::from(self.shards) + shard) as usize
    }
}
