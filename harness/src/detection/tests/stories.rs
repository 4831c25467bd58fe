//! One story a test: a fault as its metrics and traces would show it, then symptom, alert and cause.

use super::shop::{self, BROWSE, CHARGE, GATEWAY, GET, INVENTORY, PAY, PAYMENT, SELECT, healthy, scan, shape, trace};
use super::*;
use doorbuster_model::outcome::Outcome::{Cancelled, Error, Ok, PoolTimeout, Refused, Timeout};

fn many(count: usize, one: impl Fn() -> TraceSample) -> Vec<TraceSample> {
    (0..count).map(|_| one()).collect()
}

/// A quarter of the shards scan; 30 % of the payments fail.
fn index_lost() -> Shop {
    let mut shop = healthy();
    shop.pay = shop::Flow { failed: 0.3, slow: 0.3, ..shop.pay };
    shop.pay_s = 1.6;
    shop.costs[SELECT] = shop::Cost { rows: 2_220_000.0, store_s: 1.5, span_s: 1.5, failed: 0.28 };
    shop.store_cpu[0] = 0.61;
    shop.pools[0] = shop::Use { share: 0.4, wait_s: 0.4, in_vain: 0.05, waiting: 60, ..shop.pools[0] };
    shop
}

#[test]
fn a_lost_index_is_seen_alerted_and_named() {
    let mut play = Play::warm();
    play.until(300, &index_lost(), || many(40, scan));
    assert_eq!(play.symptom().to_string(), "failed requests of gateway.pay: 30.0 %, 0.21 % before");
    assert_eq!(play.symptom().at_s, 250);
    let alert = play.alerts()[0];
    assert_eq!((alert.edge, alert.at_s, alert.firing), (PAY, 270, 1));
    assert!((alert.long.ratio() - 0.151).abs() < 1e-3, "{}", alert.long.ratio());
    assert_eq!(play.cause(), (270, CauseKind::MissingIndex, "payment", "SELECT payments", "payments"));
    let evidence = &play.causes()[0].evidence;
    assert_eq!(
        evidence[..4],
        [
            "120 of 120 failing traces of gateway.pay end in `SELECT payments` of payment after 5 s (before: 2 ms)",
            "`SELECT payments` is SELECT * FROM payments WHERE user_id = ?",
            "rows examined per call 3 -> 2.22M (x740,000)",
            "payments' cores 6.0 % -> 61.0 %",
        ]
    );
    assert!(evidence[4].ends_with("waits in vain: an effect"), "{}", evidence[4]);
}

#[test]
fn a_lost_index_is_named_though_most_failures_are_its_victims() {
    let victim = || {
        trace(&[
            (shape::PAY, 0, 0, 1_003, PoolTimeout, 0),
            (shape::CALL_PAYMENT, 1, 2, 1_000, PoolTimeout, 0),
            (shape::PAYMENT_PAY, 2, 3, 1_000, PoolTimeout, 0),
            (shape::SELECT, 3, 4, 2, Ok, 0),
            (shape::INSERT, 4, 6, 998, PoolTimeout, 0),
        ])
    };
    let mut play = Play::warm();
    play.until(300, &index_lost(), || [many(10, scan), many(30, victim)].concat());
    assert_eq!(play.cause(), (270, CauseKind::MissingIndex, "payment", "SELECT payments", "payments"));
}

#[test]
fn a_lost_index_is_named_without_any_trace() {
    let mut play = Play::warm();
    play.until(300, &index_lost(), Vec::new);
    assert_eq!(play.cause(), (270, CauseKind::MissingIndex, "payment", "SELECT payments", "payments"));
    assert!(play.causes()[0].evidence[0].starts_with("no sampled traces; by count, `SELECT payments` of payment"));
}

#[test]
fn a_mended_shop_resolves_and_a_second_fault_is_told_apart() {
    let mut play = Play::warm();
    play.until(300, &index_lost(), || many(40, scan));
    play.until(500, &healthy(), Vec::new);
    play.until(560, &index_lost(), || many(40, scan));
    let resolved: Vec<u32> =
        play.findings.iter().filter(|(_, f)| matches!(f, Finding::Resolved(_))).map(|(at_s, _)| *at_s).collect();
    assert_eq!(resolved, [315], "the short window ends the alert");
    let firings: Vec<(u32, u32)> = play.alerts().iter().map(|alert| (alert.at_s, alert.firing)).collect();
    assert_eq!(firings, [(270, 1), (525, 2)]);
    let named: Vec<u32> = play.causes().iter().map(|cause| cause.at_s).collect();
    assert_eq!(named, [270, 525], "a cause is told again for a new alert");
}

/// Inventory's pool is cut; its store idles.
fn pool_cut() -> Shop {
    let mut shop = healthy();
    shop.browse = shop::Flow { failed: 0.6, slow: 0.6, ..shop.browse };
    shop.browse_s = 3.0;
    shop.costs[GET] = shop::Cost { span_s: 2.5, failed: 0.6, ..shop.costs[GET] };
    shop.pools[1] = shop::Use { size: 20, share: 0.99, wait_s: 0.8, in_vain: 0.6, waiting: 5_000 };
    shop.store_cpu[1] = 0.02;
    shop
}

fn starved() -> TraceSample {
    trace(&[
        (shape::BROWSE, 0, 0, 3_000, PoolTimeout, 0),
        (shape::CALL_INVENTORY, 1, 1, 2_998, PoolTimeout, 0),
        (shape::INVENTORY_CHECK, 2, 2, 2_996, PoolTimeout, 0),
        (shape::GET, 3, 3, 2_990, PoolTimeout, 0),
    ])
}

#[test]
fn an_exhausted_pool_before_an_idle_store_is_the_cause() {
    let mut play = Play::warm();
    play.until(300, &pool_cut(), || many(40, starved));
    assert_eq!(play.alerts()[0].edge, BROWSE);
    assert_eq!(play.cause(), (255, CauseKind::PoolExhausted, "inventory", "GET stock", "stock"));
    assert_eq!(play.causes()[0].evidence[2], "it has 3.1 % of the connections of before");
}

#[test]
fn a_pool_that_shrank_stays_the_cause_when_retries_eat_the_cores() {
    let mut shop = pool_cut();
    shop.service_cpu[INVENTORY] = 1.0;
    let mut play = Play::warm();
    play.until(300, &shop, || many(40, starved));
    assert_eq!(play.cause(), (255, CauseKind::PoolExhausted, "inventory", "GET stock", "stock"));
}

#[test]
fn a_pool_that_is_held_for_want_of_cores_is_an_effect() {
    let mut shop = pool_cut();
    shop.pools[1].size = 640;
    shop.service_cpu[INVENTORY] = 1.0;
    let mut play = Play::warm();
    play.until(300, &shop, || many(40, starved));
    assert_eq!(play.cause(), (255, CauseKind::CpuSaturated, "inventory", "check", "inventory"));
}

#[test]
fn a_pool_that_was_exhausted_before_the_cores_were_is_the_cause() {
    let mut shop = pool_cut();
    shop.pools[1].size = 640;
    // Too mild to page, but seen.
    let mut early = shop.clone();
    early.browse.failed = 0.08;
    shop.service_cpu[INVENTORY] = 1.0;
    let mut play = Play::warm();
    play.until(250, &early, || many(5, starved));
    play.until(300, &shop, || many(40, starved));
    assert_eq!(play.cause().1, CauseKind::PoolExhausted);
}

#[test]
fn a_saturated_store_is_named() {
    let mut shop = index_lost();
    shop.costs[SELECT].rows = 3.0;
    shop.store_cpu[0] = 0.995;
    let mut play = Play::warm();
    play.until(300, &shop, || many(40, scan));
    assert_eq!(play.cause(), (270, CauseKind::StoreSaturated, "payment", "SELECT payments", "payments"));
    assert_eq!(play.causes()[0].evidence[1], "payments' cores 6.0 % -> 99.5 %");
}

#[test]
fn a_slow_statement_is_named_when_nothing_says_why() {
    let mut shop = index_lost();
    shop.costs[SELECT].rows = 3.0;
    let mut play = Play::warm();
    play.until(300, &shop, || many(40, scan));
    assert_eq!(play.cause(), (270, CauseKind::SlowStatement, "payment", "SELECT payments", "payments"));
}

#[test]
fn saturated_cores_are_named() {
    let mut shop = healthy();
    shop.pay = shop::Flow { failed: 0.4, slow: 0.4, ..shop.pay };
    shop.pay_s = 2.0;
    shop.service_cpu[PAYMENT] = 0.99;
    let starving = || {
        trace(&[
            (shape::PAY, 0, 0, 5_003, Timeout, 0),
            (shape::CALL_PAYMENT, 1, 2, 5_000, Timeout, 0),
            (shape::PAYMENT_PAY, 2, 3, 5_000, Cancelled, 0),
            (shape::SELECT, 3, 2_400, 3, Ok, 0),
        ])
    };
    let mut play = Play::warm();
    play.until(300, &shop, || many(20, starving));
    assert_eq!(play.cause(), (270, CauseKind::CpuSaturated, "payment", "pay", "payment"));
    assert_eq!(
        play.causes()[0].evidence,
        [
            "60 of 60 failing traces of gateway.pay end in payment.pay itself after 5 s (before: 57 ms)",
            "payment's cores 4.0 % -> 99.0 %",
        ]
    );
}

#[test]
fn a_failing_provider_is_named() {
    let mut shop = healthy();
    shop.pay.failed = 0.5;
    shop.costs[CHARGE].failed = 0.5;
    let outage = || {
        trace(&[
            (shape::PAY, 0, 0, 63, Error, 0),
            (shape::CALL_PAYMENT, 1, 2, 60, Error, 0),
            (shape::PAYMENT_PAY, 2, 3, 58, Error, 0),
            (shape::SELECT, 3, 4, 2, Ok, 0),
            (shape::CHARGE, 5, 8, 50, Error, 0),
        ])
    };
    let mut play = Play::warm();
    play.until(300, &shop, || many(20, outage));
    assert_eq!(play.cause(), (270, CauseKind::DependencyFailing, "payment", "charge", "provider"));
}

fn workers_held() -> Shop {
    let mut shop = healthy();
    shop.pay.failed = 0.7;
    shop.browse.failed = 0.7;
    shop.accept_queue[GATEWAY] = 2_500;
    shop.in_flight[GATEWAY] = 13_500;
    shop
}

#[test]
fn refusals_without_a_span_are_the_workers() {
    let mut shop = workers_held();
    shop.unseen = 1.0;
    let mut play = Play::warm();
    play.until(300, &shop, Vec::new);
    assert_eq!(play.alerts().len(), 2, "both edges are refused at one door");
    assert_eq!(play.cause(), (255, CauseKind::WorkersExhausted, "gateway", "pay", "gateway"));
}

#[test]
fn refusals_at_the_door_are_traced_to_what_holds_the_workers() {
    let refused = |shape| move || trace(&[(shape, 0, 0, 0, Refused, 0)]);
    let mut shop = pool_cut();
    shop.accept_queue[GATEWAY] = 2_500;
    shop.pay.failed = 0.7;
    let mut play = Play::warm();
    play.until(300, &shop, || {
        [many(60, refused(shape::PAY)), many(60, refused(shape::BROWSE)), many(20, starved)].concat()
    });
    assert_eq!(play.alerts().len(), 2, "payments are refused too");
    assert_eq!(play.cause(), (255, CauseKind::PoolExhausted, "inventory", "GET stock", "stock"));
}

#[test]
fn what_nothing_explains_is_told_as_unknown_in_the_end() {
    let mut shop = healthy();
    shop.pay.failed = 0.5;
    let bad_release = || {
        trace(&[
            (shape::PAY, 0, 0, 10, Error, 0),
            (shape::CALL_PAYMENT, 1, 2, 7, Error, 0),
            (shape::PAYMENT_PAY, 2, 3, 6, Error, 0),
        ])
    };
    let mut play = Play::warm();
    play.until(700, &shop, || many(20, bad_release));
    assert_eq!(play.alerts()[0].at_s, 270);
    assert_eq!(play.cause(), (270 + cause::GIVE_UP_S, CauseKind::Unknown, "payment", "pay", "payment"));
}

#[test]
fn declined_payments_never_alert() {
    let mut shop = healthy();
    shop.pay.declined = 0.6;
    let mut play = Play::warm();
    play.until(900, &shop, Vec::new);
    assert_eq!(play.findings, []);
}

#[test]
fn an_unlucky_start_without_a_baseline_still_alerts() {
    let mut play = Play::new(Noise::none());
    play.until(400, &index_lost(), || many(40, scan));
    assert_eq!(play.alerts()[0].at_s, 15);
    assert_eq!(play.cause().1, CauseKind::Unknown, "without a before no row count is strange");
}

/// Fifteen virtual minutes each; the seed is in the message.
#[test]
fn quiet_days_and_flash_sales_are_quiet() {
    for seed in 0..200 {
        let mut day = Play::new(Noise::seeded(seed));
        day.until(900, &healthy(), Vec::new);
        assert_eq!(day.findings, [], "quiet day, seed {seed}");

        // Five quiet minutes, a rush within twenty seconds, five minutes of it, and the way back.
        let mut sale = Play::new(Noise::seeded(1_000 + seed));
        for (end_s, times) in [(300, 1.0), (310, 3.0), (320, 7.0), (600, 10.0), (660, 4.0), (900, 1.0)] {
            sale.until(end_s, &healthy().scaled(times), Vec::new);
        }
        assert_eq!(sale.findings, [], "flash sale, seed {seed}");
    }
}

/// A small shop: five payments and a hundred page views in ten seconds.
#[test]
fn a_small_shop_is_quiet_and_its_lost_index_is_found() {
    let small = |shop: Shop| {
        let mut shop = shop;
        (shop.pay.per_s, shop.browse.per_s) = (0.5, 10.0);
        shop
    };
    let mut worst_s = 0;
    for seed in 0..100 {
        let mut play = Play::new(Noise::seeded(seed));
        play.until(600, &small(healthy()), Vec::new);
        assert_eq!(play.findings, [], "seed {seed}");
        play.until(700, &small(index_lost()), || many(1, scan));
        worst_s = worst_s.max(play.symptom().at_s - 600);
    }
    assert_eq!(worst_s, 10, "rows per call tell it with the first export");
}
