//! Hand-made traces, and where their way ends.

use super::*;
use crate::detection::tests::shop::{self, GATEWAY, INVENTORY, PAYMENT, Span, shape, trace};
use doorbuster_model::outcome::Outcome::{Cancelled, Error, Ok, PoolTimeout, Refused, Timeout};

fn ends(spans: &[Span]) -> (usize, What, Outcome) {
    let blamed = blame(&shop::names(), &trace(spans)).unwrap();
    (blamed.service, blamed.what, blamed.outcome)
}

const SELECT: What = What::Statement { statement: 0, pool: Some(0) };
const INSERT: What = What::Statement { statement: 1, pool: Some(0) };

#[test]
fn a_cancelled_statement_under_a_timed_out_call_is_blamed() {
    let blamed = blame(&shop::names(), &shop::scan()).unwrap();
    assert_eq!((blamed.service, blamed.what, blamed.outcome), (PAYMENT, SELECT, Cancelled));
    assert_eq!(blamed.endpoint, Some(2), "payment.pay ran it");
}

#[test]
fn the_second_attempt_is_followed_when_it_failed_last() {
    let spans = [
        (shape::PAY, 0, 0, 10_010, Timeout, 0),
        (shape::CALL_PAYMENT, 1, 2, 5_000, Timeout, 0),
        (shape::PAYMENT_PAY, 2, 3, 4_999, Cancelled, 0),
        (shape::SELECT, 3, 4, 4_998, Cancelled, 0),
        (shape::CALL_PAYMENT, 6, 5_010, 5_000, Timeout, 1),
        (shape::PAYMENT_PAY, 7, 5_011, 4_999, Cancelled, 0),
        (shape::SELECT, 8, 5_012, 2, Ok, 0),
        (shape::INSERT, 9, 5_014, 4_990, Cancelled, 0),
    ];
    assert_eq!(ends(&spans), (PAYMENT, INSERT, Cancelled));
}

#[test]
fn a_server_that_went_on_after_its_callers_timeout_is_followed_by_time() {
    let spans = [
        (shape::PAY, 0, 0, 1_003, Timeout, 0),
        (shape::CALL_PAYMENT, 1, 2, 1_000, Timeout, 0),
        (shape::PAYMENT_PAY, 2, 3, 4_500, Ok, 0),
        (shape::SELECT, 3, 4, 4_490, Ok, 0),
    ];
    assert_eq!(ends(&spans), (PAYMENT, SELECT, Ok));
}

#[test]
fn a_failure_of_its_own_ends_at_the_server() {
    let spans = [
        (shape::PAY, 0, 0, 10, Error, 0),
        (shape::CALL_PAYMENT, 1, 1, 8, Error, 0),
        (shape::PAYMENT_PAY, 2, 2, 6, Error, 0),
        (shape::SELECT, 3, 3, 4, Ok, 0),
    ];
    assert_eq!(ends(&spans), (PAYMENT, What::Server { endpoint: 2 }, Error));
}

#[test]
fn a_failure_that_was_swallowed_is_not_followed() {
    // The statement failed early and was optional; then the pod had no core to give.
    let spans = [
        (shape::PAY, 0, 0, 5_003, Timeout, 0),
        (shape::CALL_PAYMENT, 1, 2, 5_000, Timeout, 0),
        (shape::PAYMENT_PAY, 2, 3, 4_999, Cancelled, 0),
        (shape::SELECT, 3, 4, 20, PoolTimeout, 0),
    ];
    assert_eq!(ends(&spans), (PAYMENT, What::Server { endpoint: 2 }, Cancelled));
}

#[test]
fn a_refused_call_ends_at_the_call() {
    let spans = [(shape::PAY, 0, 0, 3, Refused, 0), (shape::CALL_PAYMENT, 1, 1, 1, Refused, 0)];
    assert_eq!(ends(&spans), (GATEWAY, What::Call { callee: 2 }, Refused));
}

#[test]
fn a_slow_answer_ends_where_most_of_its_time_went() {
    let waited_outside = [
        (shape::BROWSE, 0, 0, 2_000, Ok, 0),
        (shape::CALL_INVENTORY, 1, 1, 1_998, Ok, 0),
        (shape::INVENTORY_CHECK, 2, 1_900, 90, Ok, 0),
    ];
    assert_eq!(ends(&waited_outside), (GATEWAY, What::Call { callee: 3 }, Ok), "in front of inventory's workers");
    let waited_inside = [
        (shape::BROWSE, 0, 0, 2_000, Ok, 0),
        (shape::CALL_INVENTORY, 1, 1, 1_998, Ok, 0),
        (shape::INVENTORY_CHECK, 2, 2, 1_990, Ok, 0),
        (shape::GET, 3, 1_000, 1, Ok, 0),
    ];
    assert_eq!(ends(&waited_inside), (INVENTORY, What::Server { endpoint: 3 }, Ok));
}

#[test]
fn many_short_attempts_together_outweigh_one_long_child() {
    let spans = [
        (shape::PAYMENT_PAY, 0, 0, 1_000, Ok, 0),
        (shape::SELECT, 1, 0, 250, PoolTimeout, 0),
        (shape::SELECT, 2, 250, 250, PoolTimeout, 1),
        (shape::SELECT, 3, 500, 200, Ok, 2),
        (shape::CHARGE, 4, 700, 300, Ok, 1),
    ];
    assert_eq!(ends(&spans).1, SELECT);
}

#[test]
fn what_did_not_arrive_or_makes_no_sense_is_walked_around() {
    assert_eq!(blame(&shop::names(), &trace(&[])), None);
    assert_eq!(blame(&shop::names(), &trace(&[(shape::SELECT, 3, 0, 1, Ok, 0)])), None, "no root");
    assert_eq!(blame(&shop::names(), &trace(&[(99, 0, 0, 1, Ok, 0)])), None, "no such shape");
    let orphan = [(shape::PAY, 0, 0, 5_000, Timeout, 0), (shape::SELECT, 3, 4, 4_990, Cancelled, 0)];
    assert_eq!(ends(&orphan), (GATEWAY, What::Server { endpoint: 0 }, Timeout), "nothing between them arrived");
}

#[test]
fn stretches_are_counted_once() {
    assert_eq!(covered(vec![]), 0);
    assert_eq!(covered(vec![(5, 10), (0, 6), (20, 30), (22, 25)]), 20);
}
