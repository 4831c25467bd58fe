//! The library's drills played in short: every kind of fault moves what it says it moves, and nothing at no intensity.

use super::{Record, Settings, play_while};
use doorbuster_model::compile::compile;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{Plan, Shape, Target};
use doorbuster_scenarios::types::FaultKind;
use doorbuster_scenarios::{Scenario, Source, library, load};
use doorbuster_telemetry::observed::Export;
use doorbuster_telemetry::record::{Batch, Consumer, TraceWord};
use doorbuster_telemetry::resource::resources;
use doorbuster_telemetry::shapes::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// A run in short: the fault is there from 20 s to 45 s.
struct Played {
    plan: Plan,
    record: Record,
    exports: Vec<Export>,
}

/// The export of the ten seconds that end here shows the fault.
const SEEN_S: u32 = 40;

fn loaded(name: &str, sets: &[String]) -> Scenario {
    match load(&Source::Builtin(name.to_owned()), sets) {
        Ok(loaded) => loaded.scenario,
        Err(_) => panic!("{name} does not load with {sets:?}"),
    }
}

fn play(name: &str, change: &[String]) -> Played {
    let scenario = loaded(name, change);
    let plan = compile(name, &scenario, 1);
    let mut exports = Vec::new();
    let settings = Settings { cells: 1, threads: 1, head: None };
    let record = play_while(&scenario, &plan, settings, &mut |barrier| {
        exports.extend(barrier.export.cloned());
        ControlFlow::Continue(())
    });
    let Ok(record) = record else { panic!("{name} is too much for the engine") };
    Played { plan, record, exports }
}

impl Played {
    fn seen(&self) -> &Export {
        self.exports.iter().find(|export| export.at_s == SEEN_S).expect("the run is longer")
    }

    fn service(&self, name: &str) -> usize {
        self.plan.services.iter().position(|service| service.name == name).expect("it is there")
    }

    fn store(&self, name: &str) -> usize {
        self.plan.stores.iter().position(|store| store.name == name).expect("it is there")
    }

    /// A sum over the statements of a store, over the calls.
    fn per_call(&self, store: &str, of: impl Fn(&doorbuster_telemetry::observed::StatementPoint) -> u64) -> f64 {
        let store = self.store(store);
        let points = self.plan.statements.iter().zip(&self.seen().statements);
        let of_store = points.filter(|(statement, _)| usize::from(statement.store) == store).map(|(_, point)| point);
        let (sum, calls) = of_store.fold((0, 0), |sum, point| (sum.0 + of(point), sum.1 + point.calls));
        sum as f64 / (calls as f64).max(1.0)
    }

    /// Mean duration, or share of errors, of what a service asks of a service or store.
    fn way(
        &self,
        from: Option<&str>,
        to: &str,
        of: impl Fn(&doorbuster_telemetry::observed::ShapePoint) -> u64,
    ) -> f64 {
        let (mut sum, mut spans) = (0, 0);
        for (shape, point) in self.plan.shapes.iter().zip(&self.seen().shapes) {
            let (Shape::Client(site) | Shape::Statement(site)) = *shape else { continue };
            let asked = match self.plan.sites[usize::from(site)].target {
                Target::Endpoint(id) => {
                    &self.plan.services[usize::from(self.plan.endpoints[usize::from(id)].service)].name
                }
                Target::Statement { statement, .. } => {
                    &self.plan.stores[usize::from(self.plan.statements[usize::from(statement)].store)].name
                }
            };
            let asks = self.plan.code.iter().zip(&self.plan.endpoint_of).find_map(|(instr, endpoint)| match instr {
                doorbuster_model::plan::Instr::Call(id) | doorbuster_model::plan::Instr::Query(id) if *id == site => {
                    Some(&self.plan.services[usize::from(self.plan.endpoints[usize::from(*endpoint)].service)].name)
                }
                _ => None,
            });
            if asked == to && (from.is_none() || asks.map(String::as_str) == from) {
                sum += of(point);
                spans += point.spans;
            }
        }
        sum as f64 / (spans as f64).max(1.0)
    }

    fn requests(&self, route: &str) -> f64 {
        let id = self.plan.endpoints.iter().position(|endpoint| {
            endpoint.name == route && self.plan.services[usize::from(endpoint.service)].name == "gateway"
        });
        self.seen().endpoints[id.expect("it is there")].attempts as f64
    }

    /// The figure that a fault of this kind says it moves, and by how much it has to be more at least: as it is, or in times.
    fn signal(&self, change: &FaultKind) -> (f64, Moves) {
        let cpu = |busy: u64, all: u64| busy as f64 / (all as f64).max(1.0);
        match change {
            FaultKind::LostIndex(lost) => (self.per_call(&lost.store, |point| point.rows_examined), Moves::Times(10.0)),
            FaultKind::PoolSize(size) => {
                let is_it = |pool: &doorbuster_model::plan::Pool| {
                    usize::from(pool.service) == self.service(&size.service)
                        && usize::from(pool.store) == self.store(&size.store)
                };
                let pool = self.plan.pools.iter().position(is_it).expect("it is there");
                (-(self.seen().pools[pool].capacity_ticks as f64), Moves::By(1.0))
            }
            FaultKind::PodCrash(crash) => {
                let point = &self.seen().services[self.service(&crash.service)];
                (-cpu(point.pods_up, point.pods_wanted), Moves::By(0.25))
            }
            FaultKind::CpuHog(hog) => {
                let point = &self.seen().services[self.service(&hog.service)];
                (cpu(point.cpu_busy_ticks, point.cpu_capacity_ticks), Moves::By(0.5))
            }
            FaultKind::SlowStore(slow) => (self.per_call(&slow.store, |point| point.time_ticks), Moves::Times(10.0)),
            FaultKind::Network(way) => {
                (self.way(Some(&way.from), &way.to, |point| point.duration_ticks), Moves::Times(3.0))
            }
            FaultKind::Partition(cut) => (self.way(Some(&cut.from), &cut.to, |point| point.errors), Moves::By(0.5)),
            FaultKind::CacheFlush(flush) => {
                let store = self.store(&flush.store);
                let caches = self.plan.caches.iter().zip(&self.seen().caches);
                let of_store = caches.filter(|(cache, _)| usize::from(cache.store) == store);
                let (misses, all) =
                    of_store.fold((0, 0), |sum, (_, point)| (sum.0 + point.misses, sum.1 + point.misses + point.hits));
                (cpu(misses, all), Moves::By(0.05))
            }
            FaultKind::HotKey(hot) => {
                let point = &self.seen().stores[self.store(&hot.store)];
                (cpu(point.hottest_ticks, point.shard_ticks), Moves::Times(2.0))
            }
            FaultKind::StoreDown(down) => (self.per_call(&down.store, |point| point.unavailable), Moves::By(0.1)),
            FaultKind::StoreErrors(errors) => (self.way(None, &errors.store, |point| point.errors), Moves::By(0.2)),
            FaultKind::Lock(lock) => (self.per_call(&lock.store, |point| point.lock_ticks), Moves::By(1.0)),
            FaultKind::StuckConsumer(_) => {
                (self.seen().consumers.iter().map(|point| point.lag).sum::<u64>() as f64, Moves::By(10.0))
            }
            FaultKind::BadRelease(bad) => {
                let point = &self.seen().released[self.service(&bad.service)];
                (cpu(point.errors, point.spans), Moves::By(0.3))
            }
            FaultKind::GcPauses(gc) => {
                (self.seen().services[self.service(&gc.service)].paused_ticks as f64, Moves::By(1.0))
            }
            // Seen in the stream alone: no duration, rate or failure changes.
            FaultKind::ClockSkew(_) => (0.0, Moves::Nothing),
            FaultKind::RetryStorm(_) => (self.requests("pay"), Moves::Times(1.2)),
            FaultKind::Surge(_) => (self.requests("search"), Moves::Times(1.5)),
            FaultKind::SensitiveAlerts(_) => (self.record.story.false_alerts.len() as f64, Moves::By(1.0)),
        }
    }
}

/// By how much a signal has to be more than without the fault.
#[derive(Clone, Copy, Debug)]
enum Moves {
    Nothing,
    By(f64),
    Times(f64),
}

impl Moves {
    fn is_there(self, without: f64, with: f64) -> bool {
        match self {
            Self::Nothing => true,
            Self::By(more) => with >= without + more,
            Self::Times(times) => with >= times * without && with > 0.0,
        }
    }
}

/// *Scenario*: every built-in scenario with faults, shortened to a minute and to a fifth of a weekday's traffic: with its faults,
/// without, and at no intensity.
///
/// *Guarantees*: every kind of fault is among them. Each moves its signal, and the stream. At no intensity stream, ledger and every
/// metric are those without. When it is gone, what it took comes back (the books of the run balance).
#[test]
fn every_fault_moves_its_signal_and_nothing_at_zero() {
    let mut kinds = BTreeSet::new();
    for name in library::names() {
        let whole = loaded_with_some_traffic(name);
        // The other forms of incident 2 have the same fault.
        if whole.faults.is_empty() || name.starts_with("inventory-avalanche-") {
            continue;
        }
        let rate = if name == "sensitive-alerts" { "60k/s" } else { "12k/s" };
        let mut sets: Vec<String> = ["duration=60s", "warmup=5s", "expect={}", "remedies={}"].map(str::to_owned).into();
        sets.push(format!("traffic={{poisson: {rate}}}"));
        let mut broken = sets.clone();
        let mut zero = sets.clone();
        for fault in whole.faults.keys() {
            broken.extend([format!("faults.{fault}.at=20s"), format!("faults.{fault}.until=45s")]);
            zero.push(format!("faults.{fault}.at=20s"));
            zero.push(format!("faults.{fault}.until=45s"));
            zero.push(format!("faults.{fault}.intensity=0%"));
        }
        sets.push("faults={}".to_owned());
        let (without, zero, with) = (play(name, &sets), play(name, &zero), play(name, &broken));
        assert_eq!(zero.record.fingerprint, without.record.fingerprint, "{name}: the stream at no intensity");
        assert_eq!(zero.record.ledger, without.record.ledger, "{name}: the ledger at no intensity");
        assert!(zero.exports == without.exports, "{name}: the metrics at no intensity");
        let only_rule = whole.faults.values().all(|fault| matches!(fault.change, FaultKind::SensitiveAlerts(_)));
        assert_eq!(with.record.fingerprint == without.record.fingerprint, only_rule, "{name}: the stream");
        assert!(with.record.leftovers.is_empty(), "{name}: {:?}", with.record.leftovers);
        for (fault, body) in &whole.faults {
            kinds.insert(kind(&body.change));
            let (usual, moves) = without.signal(&body.change);
            let (now, _) = with.signal(&body.change);
            assert!(
                moves.is_there(usual, now),
                "{name}: {fault} moves its signal from {usual} to {now}, not {moves:?}"
            );
        }
    }
    let words = crate::explain::lexicon::entries(&doorbuster_scenarios::schema());
    let known: BTreeSet<String> = crate::list::choices(&words, crate::list::FAULTS).into_iter().collect();
    assert_eq!(kinds, known, "every kind of fault has a built-in scenario");
}

fn loaded_with_some_traffic(name: &str) -> Scenario {
    loaded(name, &["traffic={poisson: 1k/s}".to_owned()])
}

/// The name of a kind of fault in the language.
fn kind(change: &FaultKind) -> String {
    let value = serde_json::to_value(change).expect("a fault can be written");
    value.as_object().and_then(|map| map.keys().next().cloned()).expect("a one-key map")
}

/// What a stream shows of its shop.
struct Shown<'p> {
    plan: &'p Plan,
    shapes: BTreeSet<u16>,
    pods: BTreeSet<u16>,
    tiers: BTreeSet<u8>,
    touch_points: BTreeSet<u8>,
    outcomes: BTreeMap<u8, u64>,
}

impl Consumer for Shown<'_> {
    fn batch(&mut self, batch: &Batch<'_>) {
        self.pods.insert(batch.pod);
        for span in batch.spans {
            self.shapes.insert(span.shape);
            *self.outcomes.entry(span.outcome).or_default() += 1;
            if span.index == 0 {
                let trace = TraceWord(span.trace);
                self.tiers.insert(trace.tier());
                self.touch_points.insert(trace.touch_point());
            }
        }
    }
}

/// *Scenario*: a cell of the quiet day for two minutes.
///
/// *Guarantees*: every service, store, consumer, tier and touch point of the design's shop is in the stream, every endpoint with
/// its span; every resource has its team and cost centre.
#[test]
fn the_quiet_day_shows_the_whole_shop() {
    let scenario = loaded("quiet-day", &["duration=2min".to_owned()]);
    let plan = compile("quiet-day", &scenario, 1);
    let shown = Shown {
        plan: &plan,
        shapes: BTreeSet::new(),
        pods: BTreeSet::new(),
        tiers: BTreeSet::new(),
        touch_points: BTreeSet::new(),
        outcomes: BTreeMap::new(),
    };
    let mut cell = doorbuster_virtual::cell::Cell::new(&plan, 0, shown);
    cell.play(doorbuster_model::time::ticks_from_ns(120_000_000_000)).unwrap_or_else(|_| panic!("too much"));
    cell.drain().unwrap_or_else(|_| panic!("too much"));
    let shown = &cell.consumer;
    let name = |shape: u16| format!("{:?}", shown.plan.shapes[usize::from(shape)]);
    let unseen: Vec<String> =
        (0..plan.shapes.len() as u16).filter(|shape| !shown.shapes.contains(shape)).map(name).collect();
    assert!(unseen.is_empty(), "never seen: {unseen:?}");
    for service in ["gateway", "user", "account", "product", "search", "marketing", "order", "inventory", "payment"] {
        assert!(plan.services.iter().any(|known| known.name == service), "{service} is missing");
    }
    assert!(plan.services.iter().any(|known| known.name == "logistics"));
    let kinds: BTreeSet<String> = plan.stores.iter().map(|store| format!("{:?}", store.kind)).collect();
    let wanted = ["Elasticsearch", "External", "Kafka", "Mongodb", "Mysql", "ObjectStorage", "Redis"];
    assert_eq!(kinds, wanted.map(str::to_owned).into());
    assert_eq!((shown.tiers.len(), shown.touch_points.len()), (3, 4));
    assert!(shown.outcomes[&(Outcome::Declined as u8)] > 0);
    for pod in &shown.pods {
        let attributes = &resources(&plan, 0)[usize::from(*pod)];
        for key in ["team", "cost_center"] {
            let is_said = |(known, value): &(&str, Value)| {
                *known == key && matches!(value, Value::Text(text) if !text.is_empty())
            };
            assert!(attributes.iter().any(is_said), "pod {pod} has no {key}");
        }
    }
}
