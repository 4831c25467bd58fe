//! Suspects from sums of spans alone.

use super::*;
use crate::detection::tests::shop::{
    self, BROWSE, CHARGE, GATEWAY, INVENTORY, Noise, PAY, PAYMENT, SELECT, Shop, healthy,
};

fn window(shop: &Shop) -> Window {
    let mut window = Window::default();
    (1..=3).for_each(|export| window.add(&shop.export(10 * export, &mut Noise::none())));
    window
}

fn found(edge: usize, change: impl Fn(&mut Shop)) -> Option<(usize, What)> {
    let mut shop = healthy();
    change(&mut shop);
    let suspect = suspect(&shop::names(), edge, &window(&healthy()), &window(&shop));
    suspect.map(|suspect| (suspect.service, suspect.what))
}

#[test]
fn the_statement_that_took_longer_is_found_below_its_callers() {
    let slow = |shop: &mut Shop| {
        shop.pay_s = 1.6;
        shop.costs[SELECT].span_s = 1.5;
    };
    assert_eq!(found(PAY, slow), Some((PAYMENT, What::Statement { statement: 0, pool: Some(0) })));
    assert_eq!(found(BROWSE, slow), None, "nothing changed on the way of this edge");
}

#[test]
fn a_service_that_took_longer_by_itself_is_found() {
    let slow = |shop: &mut Shop| shop.browse_s = 1.0;
    assert_eq!(found(BROWSE, slow), Some((INVENTORY, What::Server { endpoint: 3 })));
}

#[test]
fn failures_without_a_loss_of_time_are_found() {
    let failing = |shop: &mut Shop| {
        shop.pay.failed = 0.5;
        shop.costs[CHARGE].failed = 0.5;
    };
    assert_eq!(found(PAY, failing), Some((PAYMENT, What::Statement { statement: 3, pool: None })));
}

#[test]
fn too_few_spans_name_nobody() {
    let rare = |shop: &mut Shop| {
        shop.pay.per_s = 0.5;
        shop.pay_s = 1.6;
        shop.costs[SELECT].span_s = 1.5;
    };
    assert_eq!(found(PAY, rare), None);
}

#[test]
fn only_services_on_the_way_are_asked() {
    assert_eq!(reachable(&shop::names(), PAY), [true, true, true], "services call as a whole");
    let mut names = shop::names();
    names.shapes.truncate(6);
    assert_eq!(reachable(&names, PAY), [true, true, false]);
    assert_eq!(names.shapes[0].service, GATEWAY);
}
