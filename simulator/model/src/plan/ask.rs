//! What asking at a site needs, in one cache line.
//!
//! Owns the shortcuts: a call or statement passes half a dozen steps, and each would look at its site, what is asked, a store, a pool
//! and a service, which lie apart. Everything here follows from the plan's other tables. Refuses whatever a fault can change, and
//! what only failures need: that stands in [`Site`](super::Site).

use super::{DrawId, NONE, Pc, Plan, PodId, Target};
use crate::time::Ticks;

/// A site as an engine reads it.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Ask {
    /// Place of the site in keys.
    pub place: u64,
    /// Longest wait for the answer; [`Ticks::MAX`] for no limit.
    pub timeout: Ticks,
    /// Place of the statement's store in keys.
    pub store_place: u64,
    /// Rows that the statement examines with its index.
    pub rows: u64,
    /// As in [`Site`](super::Site).
    pub span_offset: u32,
    /// As in [`Site`](super::Site).
    pub span_stride: u32,
    /// First shard of the statement's store, of all shards of a cell.
    pub first_shard: u32,
    /// Instance of the statement's pool that pod 0 of the cell would have for shard 0, modulo 2^32.
    instances: u32,
    /// Shape of the client span; [`NONE`] for a shopper's request.
    pub shape: u16,
    /// Where to go on after success.
    pub next: Pc,
    /// The endpoint or statement.
    pub target: u16,
    /// The statement's pool, or [`NONE`].
    pub pool: u16,
    /// Shards of the statement's store.
    pub shards: u16,
    /// Parts that users are spread over: the partitions of a topic, else the shards.
    pub parts: u16,
    /// Cost of the statement with its index.
    pub cost: DrawId,
    flags: u8,
}

const _: () = assert!(size_of::<Ask>() == 64);

/// It is a call, not a statement.
const CALL: u8 = 1;
/// It has a breaker or a retry budget.
const GUARDED: u8 = 2;
/// It appends to a topic.
const APPENDS: u8 = 4;

impl Ask {
    /// All sites of a plan whose other tables are complete.
    pub(crate) fn all(plan: &Plan) -> Vec<Self> {
        let mut first_shard = Vec::new();
        let mut shards = 0;
        for store in &plan.stores {
            first_shard.push(shards);
            shards += u32::from(store.shards);
        }
        let of = |site: &super::Site| {
            let guarded = if site.breaker.is_some() || site.budget.is_some() { GUARDED } else { 0 };
            let mut ask = Self {
                place: site.place,
                timeout: site.timeout.unwrap_or(Ticks::MAX),
                store_place: 0,
                rows: 0,
                span_offset: site.span_offset,
                span_stride: site.span_stride,
                first_shard: 0,
                instances: 0,
                shape: site.shape,
                next: site.next,
                target: 0,
                pool: NONE,
                shards: 1,
                parts: 1,
                cost: 0,
                flags: guarded,
            };
            match site.target {
                Target::Endpoint(endpoint) => {
                    ask.target = endpoint;
                    ask.flags |= CALL;
                }
                Target::Statement { statement, pool } => {
                    let body = &plan.statements[usize::from(statement)];
                    let store = &plan.stores[usize::from(body.store)];
                    ask.store_place = store.place;
                    ask.rows = body.rows;
                    ask.first_shard = first_shard[usize::from(body.store)];
                    ask.target = statement;
                    ask.pool = pool;
                    ask.shards = store.shards;
                    ask.parts = if body.partitions > 0 { body.partitions } else { store.shards };
                    ask.cost = body.cost;
                    ask.flags |= if body.partitions > 0 { APPENDS } else { 0 };
                    if pool != NONE {
                        let pool = &plan.pools[usize::from(pool)];
                        let before =
                            u32::from(plan.services[usize::from(pool.service)].first_pod) * u32::from(store.shards);
                        ask.instances = pool.first_instance.wrapping_sub(before);
                    }
                }
            }
            ask
        };
        plan.sites.iter().map(of).collect()
    }

    /// Whether it is a call, and not a statement.
    #[must_use]
    #[inline]
    pub const fn is_call(&self) -> bool {
        self.flags & CALL != 0
    }

    /// Whether it has a breaker or a retry budget.
    #[must_use]
    #[inline]
    pub const fn is_guarded(&self) -> bool {
        self.flags & GUARDED != 0
    }

    /// Whether it appends to a topic.
    #[must_use]
    #[inline]
    pub const fn appends(&self) -> bool {
        self.flags & APPENDS != 0
    }

    /// The instance of its pool that a pod has for a shard.
    #[must_use]
    #[inline]
    pub const fn instance(&self, pod: PodId, shard: u32) -> usize {
        self.instances.wrapping_add(pod as u32 * self.shards as u32).wrapping_add(shard) as usize
    }

    /// Index of the span of a try, of a program whose own span is `base`.
    #[must_use]
    #[inline]
    pub const fn span_index(&self, base: u32, attempt: u8) -> u32 {
        base + self.span_offset + attempt as u32 * self.span_stride
    }
}
