//! Commands: what a fault or a remedy changes in a cell, at the beginning of an epoch.

use crate::engine::{Engine, at};
pub use crate::network::{End, Way};
use crate::shard::{Lock, Strain};
pub use crate::shoppers::Haste;
use doorbuster_model::key::{happens, mix};
use doorbuster_model::plan::{ConsumerId, Plan, ServiceId, StatementId, StoreId};
use doorbuster_model::policies::{BucketRule, TokenBucket};
use doorbuster_model::time::Ticks;

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
    /// Callers choose from other pods of a service, or no longer from some. One stays at least.
    Rotation {
        /// The service.
        service: ServiceId,
        /// Pods that are no longer chosen, by number within the service.
        out: Vec<u16>,
        /// Pods that are chosen from now on; they are started if they were not.
        into: Vec<u16>,
        /// Whether those that are no longer chosen go away once they have answered.
        retires: bool,
    },
    /// Pods die.
    Crash {
        /// The service.
        service: ServiceId,
        /// Which, by number within the service.
        pods: Vec<u16>,
    },
    /// Dead pods live again.
    Restart {
        /// The service.
        service: ServiceId,
        /// Which.
        pods: Vec<u16>,
    },
    /// Something else takes cores of pods.
    Hog {
        /// The service.
        service: ServiceId,
        /// Which.
        pods: Vec<u16>,
        /// Cores of each; 0 gives them back.
        cores: u32,
    },
    /// Pods pause again and again.
    Pauses {
        /// The service.
        service: ServiceId,
        /// Which.
        pods: Vec<u16>,
        /// Length of a pause; 0 ends them.
        pause: Ticks,
        /// From one to the next.
        every: Ticks,
    },
    /// The clock of pods is wrong.
    Skew {
        /// The service.
        service: ServiceId,
        /// Which.
        pods: Vec<u16>,
        /// It shows so many ticks more.
        ticks: i64,
    },
    /// Pods compute slower, and fail requests.
    Defect {
        /// The service.
        service: ServiceId,
        /// Which.
        pods: Vec<u16>,
        /// Computing takes so many times as long, in 2^-16.
        slower: u64,
        /// Requests that fail, in 2^-32.
        errors: u64,
    },
    /// Statements take longer.
    Slow {
        /// The statements.
        statements: Vec<StatementId>,
        /// The shards.
        shards: Vec<u16>,
        /// So many times as long, in 2^-16.
        factor: u64,
    },
    /// Statements are answered with errors, on all shards.
    Errors {
        /// The statements.
        statements: Vec<StatementId>,
        /// How often, in 2^-32.
        threshold: u64,
    },
    /// Statements wait for a lock from now on, or no longer.
    Lock {
        /// The statements.
        statements: Vec<StatementId>,
        /// The shards.
        shards: Vec<u16>,
        /// For how long it is held, and from one time to the next.
        held: Option<(Ticks, Ticks)>,
    },
    /// Shards are down, or there again.
    Shards {
        /// The store.
        store: StoreId,
        /// Which.
        shards: Vec<u16>,
        /// Whether they are down.
        is_down: bool,
    },
    /// Statements go to the shard of a hot key.
    HotKey {
        /// The store.
        store: StoreId,
        /// The shard.
        shard: u16,
        /// How often, in 2^-32.
        threshold: u64,
    },
    /// A way is slow or loses packets; with neither it is as usual.
    Way(Way),
    /// Entries of caches are gone.
    Flush {
        /// The store that caches.
        store: StoreId,
        /// How many, in 2^-32.
        threshold: u64,
    },
    /// Partitions of a consumer group are stuck, or go on.
    Stick {
        /// The consumer group.
        consumer: ConsumerId,
        /// Its partitions.
        partitions: Vec<u16>,
        /// Whether they are stuck.
        is_stuck: bool,
    },
    /// Shoppers' apps try again in another way, or as the journeys say.
    Haste(Option<Haste>),
    /// More shoppers take a journey.
    Surge {
        /// The journey, by index.
        journey: u16,
        /// So many more than usual, in thousandths of the usual ones; 0 ends it.
        extra_thousandths: u32,
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
    hit(plan, store.place, store.shards, share)
}

/// The same for the pods that a service has at first, by number within it.
#[must_use]
pub fn pods_hit(plan: &Plan, service: ServiceId, share: f64) -> Vec<u16> {
    let service = &plan.services[usize::from(service)];
    hit(plan, service.place, service.pods_at_first, share)
}

/// The same for the partitions of a consumer group's topic.
#[must_use]
pub fn partitions_hit(plan: &Plan, consumer: ConsumerId, share: f64) -> Vec<u16> {
    let consumer = &plan.consumers[usize::from(consumer)];
    hit(plan, consumer.place, plan.statements[usize::from(consumer.topic)].partitions, share)
}

fn hit(plan: &Plan, place: u64, all: u16, share: f64) -> Vec<u16> {
    let count = (f64::from(all) * share).round() as usize;
    let mut numbers: Vec<u16> = (0..all).collect();
    numbers.sort_by_key(|number| mix(place ^ plan.seed ^ u64::from(*number)));
    numbers.truncate(count);
    numbers.sort_unstable();
    numbers
}

impl Engine<'_> {
    /// Changes a mechanism from this tick on; what is under way stays as it is. A command that changes how many servers
    /// there are comes after [`Self::close_slice`].
    pub fn apply(&mut self, command: &Command) {
        match command {
            Command::PoolSize { pool, size } => self.resize(*pool, *size),
            Command::Rotation { service, out, into, retires } => {
                let (out, into) = (self.pods_of(*service, out), self.pods_of(*service, into));
                into.iter().for_each(|pod| self.pods[at(*pod)].is_present = true);
                if *retires {
                    out.iter().for_each(|pod| self.pods[at(*pod)].is_present = false);
                }
                self.rotate(*service, &out, &into);
            }
            Command::Crash { service, pods } => self.crash(&self.pods_of(*service, pods)),
            Command::Restart { service, pods } => self.restart_pods(&self.pods_of(*service, pods)),
            Command::Hog { service, pods, cores } => self.hog(&self.pods_of(*service, pods), *cores),
            Command::Pauses { service, pods, pause, every } => {
                self.set_pauses(&self.pods_of(*service, pods), *pause, *every);
            }
            Command::Skew { service, pods, ticks } => {
                for pod in self.pods_of(*service, pods) {
                    self.pods[at(pod)].ailment.get_or_insert_default().skew = *ticks;
                }
            }
            Command::Defect { service, pods, slower, errors } => {
                for pod in self.pods_of(*service, pods) {
                    let ailment = self.pods[at(pod)].ailment.get_or_insert_default();
                    (ailment.slower, ailment.errors) = (*slower, *errors);
                }
            }
            Command::Slow { statements, shards, factor } => {
                self.strain(statements, shards, |strain| strain.slower = *factor);
            }
            Command::Errors { statements, threshold } => {
                for statement in statements {
                    self.strains[usize::from(*statement)].iter_mut().for_each(|strain| strain.errors = *threshold);
                }
                self.note_strains();
            }
            Command::Lock { statements, shards, held } => {
                let lock = held.map(|(hold, every)| Lock { since: self.now, hold, every });
                self.strain(statements, shards, |strain| strain.lock = lock);
            }
            Command::Shards { store, shards, is_down } => self.set_down(*store, shards, *is_down),
            Command::HotKey { store, shard, threshold } => {
                self.hot[usize::from(*store)] = (*threshold, *shard);
                self.is_hot = self.hot.iter().any(|(often, _)| *often > 0);
            }
            Command::Way(way) => {
                self.ways.retain(|other| (other.from, other.to) != (way.from, way.to));
                if way.delay > 0 || way.loss > 0 {
                    self.ways.push(*way);
                }
            }
            Command::Flush { store, threshold } => self.flush(*store, *threshold),
            Command::Stick { consumer, partitions, is_stuck } => self.stick(*consumer, partitions, *is_stuck),
            Command::Haste(haste) => self.haste = *haste,
            Command::Surge { journey, extra_thousandths } => self.surge(*journey, *extra_thousandths),
            Command::RateLimit { service, limit } => {
                let of = &self.plan.services[usize::from(*service)];
                let limit = limit.or(of.rate_limit);
                for pod in &mut self.pods[usize::from(of.first_pod)..][..usize::from(of.pods)] {
                    pod.bucket = limit.map(|rule| Box::new(TokenBucket::new(rule, self.now)));
                }
            }
            Command::Index { statements, shards, lost } => {
                self.strain(statements, shards, |strain| strain.is_lost = *lost);
            }
        }
    }

    fn strain(&mut self, statements: &[StatementId], shards: &[u16], change: impl Fn(&mut Strain)) {
        for statement in statements {
            for shard in shards {
                change(&mut self.strains[usize::from(*statement)][usize::from(*shard)]);
            }
        }
        self.note_strains();
    }

    fn note_strains(&mut self) {
        self.is_strained = self.strains.iter().flatten().any(|strain| *strain != Strain::NONE);
    }

    /// Entries of a store's caches are gone: always the same ones, and the smaller share's are among the larger's.
    fn flush(&mut self, store: StoreId, threshold: u64) {
        for (absent, cache) in self.absent.iter_mut().zip(&self.plan.caches).filter(|(_, cache)| cache.store == store) {
            let keys = cache.popularity.keys();
            absent.resize(keys.div_ceil(64) as usize, 0);
            for entry in (0..keys).filter(|entry| happens(mix(u64::from(*entry) ^ cache.place), threshold)) {
                absent[entry as usize / 64] |= 1 << (entry % 64);
            }
        }
    }
}
