//! The rule on hand-made exports: one edge, ten seconds a point.

use super::*;
use crate::detection::names::EndpointName;
use doorbuster_telemetry::observed::EndpointPoint;

fn alerts() -> Alerts {
    let edge = EndpointName { service: 0, name: "pay".to_owned(), is_edge: true };
    let inner = EndpointName { is_edge: false, ..edge.clone() };
    let names = Names { services: vec!["gateway".to_owned()], endpoints: vec![inner, edge], ..Names::default() };
    Alerts::new(&names, &AlertRule::default())
}

/// Plays exports of (attempts, errors) and returns (second, fired or not) of each change.
fn play(alerts: &mut Alerts, points: &[(u64, u64)]) -> Vec<(u32, bool)> {
    let mut changes = Vec::new();
    let end_s = u32::try_from(points.len()).unwrap() * EXPORT_EVERY_S;
    for now_s in 1..=end_s {
        if now_s.is_multiple_of(EXPORT_EVERY_S) {
            let (attempts, errors) = points[(now_s / EXPORT_EVERY_S - 1) as usize];
            let edge = EndpointPoint { attempts, errors, declined: attempts / 50, ..EndpointPoint::default() };
            // What happens behind the edge is no business of the rule.
            let inner = EndpointPoint { attempts, errors: attempts, ..EndpointPoint::default() };
            alerts.observe(&Export { at_s: now_s, endpoints: vec![inner, edge], ..Export::default() });
        }
        changes.extend(alerts.evaluate(now_s).into_iter().map(|change| match change {
            AlertChange::Fired(event) => (event.at_s, true),
            AlertChange::Resolved(event) => (event.at_s, false),
        }));
    }
    changes
}

/// Exports one after the other: so many of each.
fn points(parts: &[(usize, (u64, u64))]) -> Vec<(u64, u64)> {
    parts.iter().flat_map(|&(times, point)| std::iter::repeat_n(point, times)).collect()
}

#[test]
fn thirty_percent_page_within_the_budget_and_resolve_with_the_short_window() {
    let exports = points(&[(24, (2_400, 5)), (12, (2_400, 720)), (12, (2_400, 5))]);
    assert_eq!(play(&mut alerts(), &exports), [(270, true), (375, false)], "trouble from 240 s to 360 s");
}

#[test]
fn exactly_the_bound_is_not_over_it() {
    assert_eq!(play(&mut alerts(), &points(&[(30, (1_000, 100))])), []);
    assert_eq!(play(&mut alerts(), &points(&[(30, (1_000, 101))])), [(15, true)]);
}

#[test]
fn fewer_than_fifty_attempts_page_nobody() {
    assert_eq!(play(&mut alerts(), &points(&[(30, (8, 8))])), [], "48 in a minute");
    assert_eq!(play(&mut alerts(), &points(&[(30, (9, 9))])), [(60, true)], "54 once the minute is full");
}

#[test]
fn a_spike_that_is_over_pages_nobody() {
    let spike = |errors| points(&[(24, (2_400, 0)), (1, (2_400, errors)), (12, (2_400, 0))]);
    assert_eq!(play(&mut alerts(), &spike(1_440)), [], "a tenth of the minute's requests");
    assert_eq!(
        play(&mut alerts(), &spike(1_500)),
        [(255, true), (270, false)],
        "more than that pages until it is over"
    );
}

#[test]
fn silence_resolves_nothing() {
    let exports = points(&[(6, (2_400, 0)), (6, (2_400, 2_400)), (12, (0, 0)), (6, (2_400, 0))]);
    let changes = play(&mut alerts(), &exports);
    assert_eq!(changes, [(75, true), (255, false)], "two minutes in which nothing ended are no recovery");
}

#[test]
fn firings_are_counted() {
    let mut alerts = alerts();
    play(&mut alerts, &points(&[(12, (2_400, 2_400)), (12, (2_400, 0))]));
    assert_eq!(alerts.firing().count(), 0);
    alerts.edges[0].is_firing = false;
    let again = Export {
        at_s: 250,
        endpoints: vec![
            EndpointPoint::default(),
            EndpointPoint { attempts: 9_000, errors: 9_000, ..EndpointPoint::default() },
        ],
        ..Export::default()
    };
    alerts.observe(&again);
    let AlertChange::Fired(event) = alerts.evaluate(255)[0] else { panic!("it fires") };
    assert_eq!(event.firing, 2);
    assert_eq!(alerts.firing().collect::<Vec<_>>(), [1]);
}

#[test]
fn memory_is_bounded_by_the_long_window() {
    let mut alerts = alerts();
    play(&mut alerts, &points(&[(1_000, (10, 0))]));
    assert!(alerts.exports.len() <= 8, "{}", alerts.exports.len());
}
