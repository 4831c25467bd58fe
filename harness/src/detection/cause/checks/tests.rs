//! One check at a time, at the edge of its bounds.

use super::*;
use crate::detection::tests::shop::{self, GATEWAY, INVENTORY, Noise, PAYMENT, SELECT, Shop, healthy};

const SCANNED: What = What::Statement { statement: 0, pool: Some(0) };
const GOT: What = What::Statement { statement: 2, pool: Some(1) };

fn found(service: usize, what: What, change: impl Fn(&mut Shop)) -> Option<CauseKind> {
    let mut shop = healthy();
    change(&mut shop);
    let (mut before, mut now) = (Window::default(), Window::default());
    before.add(&healthy().export(10, &mut Noise::none()));
    now.add(&shop.export(20, &mut Noise::none()));
    let suspect =
        Suspect { service, what, endpoint: Some(2), caller: None, is_refused: false, evidence: String::new() };
    let history = History::default();
    let names = shop::names();
    let scene =
        Scene { names: &names, suspect: &suspect, before: &before, now: &now, history: &history, changed_after_s: 10 };
    explain(&scene).map(|explained| explained.kind)
}

#[test]
fn a_healthy_suspect_has_no_cause() {
    for (service, what) in [(PAYMENT, SCANNED), (INVENTORY, GOT), (GATEWAY, What::Server { endpoint: 0 })] {
        assert_eq!(found(service, what, |_| ()), None);
    }
}

#[test]
fn ten_times_the_rows_are_an_index_if_they_are_many() {
    assert_eq!(found(PAYMENT, SCANNED, |shop| shop.costs[SELECT].rows = 999.0), None);
    assert_eq!(found(PAYMENT, SCANNED, |shop| shop.costs[SELECT].rows = 1_000.0), Some(CauseKind::MissingIndex));
    let server = What::Server { endpoint: 2 };
    assert_eq!(
        found(PAYMENT, server, |shop| shop.costs[SELECT].rows = 1e6),
        Some(CauseKind::MissingIndex),
        "also when only the service is suspected"
    );
    assert_eq!(
        found(INVENTORY, GOT, |shop| shop.costs[SELECT].rows = 1e6),
        None,
        "another store's scan explains nothing"
    );
}

#[test]
fn a_pool_needs_waits_and_a_store_with_room() {
    let full = |shop: &mut Shop| (shop.pools[1].share, shop.pools[1].waiting) = (0.97, 40);
    assert_eq!(found(INVENTORY, GOT, full), Some(CauseKind::PoolExhausted));
    assert_eq!(found(INVENTORY, GOT, |shop| shop.pools[1].share = 0.97), None, "full, but nobody waits");
    assert_eq!(found(INVENTORY, GOT, |shop| shop.pools[1].waiting = 40), None, "a queue for a moment");
    let one_shard = |shop: &mut Shop| shop.pools[1].in_vain = 0.02;
    assert_eq!(found(INVENTORY, GOT, one_shard), Some(CauseKind::PoolExhausted));
    let slow_store = |shop: &mut Shop| {
        full(shop);
        shop.costs[2].store_s = 0.2;
    };
    assert_eq!(found(INVENTORY, GOT, slow_store), Some(CauseKind::SlowStatement), "an effect");
    let no_cores = |shop: &mut Shop| {
        full(shop);
        shop.store_cpu[1] = 0.99;
    };
    assert_eq!(found(INVENTORY, GOT, no_cores), Some(CauseKind::StoreSaturated), "an effect");
}

#[test]
fn cores_come_before_workers() {
    let server = What::Server { endpoint: 0 };
    let queue = |shop: &mut Shop| shop.accept_queue[GATEWAY] = 500;
    assert_eq!(found(GATEWAY, server, queue), Some(CauseKind::WorkersExhausted));
    let cores = |shop: &mut Shop| {
        queue(shop);
        shop.service_cpu[GATEWAY] = 0.96;
    };
    assert_eq!(found(GATEWAY, server, cores), Some(CauseKind::CpuSaturated));
    assert_eq!(found(GATEWAY, server, |shop| shop.service_cpu[GATEWAY] = 0.94), None);
}
