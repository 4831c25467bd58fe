//! Every series sees its own kind of trouble, and a changed mix or rate is none.

use super::*;
use crate::detection::tests::shop::{self, GET, Noise, PAYMENT, SELECT, Shop, healthy};

/// What a shop that was healthy for two minutes shows with one export of another kind.
fn symptom(change: impl Fn(&mut Shop)) -> Option<Symptom> {
    let names = shop::names();
    let mut changes = Changes::new(&names);
    for at_s in (10..=120).step_by(10) {
        assert_eq!(changes.observe(&names, &healthy().export(at_s, &mut Noise::none())), None);
    }
    let mut shop = healthy();
    change(&mut shop);
    let found = changes.observe(&names, &shop.export(130, &mut Noise::none()));
    assert!(found.as_ref().is_none_or(|symptom| symptom.at_s == 130));
    found
}

#[test]
fn each_series_tells_its_own_change() {
    type Case = (fn(&mut Shop), &'static str);
    let cases: [Case; 6] = [
        (|shop| shop.pay.failed = 0.1, "failed requests of gateway.pay"),
        (|shop| shop.pay.slow = 0.2, "answers of gateway.pay over 250 ms"),
        (|shop| shop.costs[SELECT].rows = 1e6, "rows examined per call of `SELECT payments` in payments"),
        (|shop| shop.pools[1].wait_s = 0.05, "wait of inventory for a connection to stock"),
        (|shop| shop.service_cpu[PAYMENT] = 0.6, "core time per request of payment"),
        (|shop| shop.store_cpu[0] = 0.6, "core time per statement of payments"),
    ];
    for (change, words) in cases {
        assert_eq!(symptom(change).unwrap().series, words);
    }
}

#[test]
fn values_are_told_in_their_unit() {
    let rows = symptom(|shop| shop.costs[SELECT].rows = 1e6).unwrap();
    assert_eq!((rows.before.as_str(), rows.now.as_str()), ("3", "1M"));
    let wait = symptom(|shop| shop.pools[1].wait_s = 0.05).unwrap();
    assert_eq!((wait.before.as_str(), wait.now.as_str()), ("20 us", "50 ms"));
    assert_eq!(wait.to_string(), "wait of inventory for a connection to stock: 50 ms, 20 us before");
}

#[test]
fn what_does_not_matter_is_no_symptom() {
    let cases: [fn(&mut Shop); 6] = [
        |shop| shop.pay.failed = 0.008,
        |shop| shop.pay.declined = 0.5,
        |shop| shop.costs[GET].rows = 20.0,
        |shop| shop.pools[1].wait_s = 0.002,
        |shop| shop.service_cpu[PAYMENT] = 0.08,
        |shop| *shop = shop.scaled(10.0),
    ];
    for (number, change) in cases.into_iter().enumerate() {
        assert_eq!(symptom(change), None, "case {number}");
    }
}

#[test]
fn an_episode_has_one_symptom() {
    let names = shop::names();
    let mut changes = Changes::new(&names);
    let mut bad = healthy();
    bad.pay.failed = 0.3;
    let mut worse = bad.clone();
    worse.costs[SELECT].rows = 1e6;
    let mut symptoms = Vec::new();
    for at_s in (10..=400).step_by(10) {
        let shop = match at_s {
            200 => &bad,
            210..=250 => &worse,
            300..=310 => &bad,
            _ => &healthy(),
        };
        symptoms.extend(changes.observe(&names, &shop.export(at_s, &mut Noise::none())).map(|symptom| symptom.at_s));
    }
    assert_eq!(symptoms, [200, 300]);
}
