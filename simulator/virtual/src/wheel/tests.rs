//! The wheel against a sorted list.

use super::*;
use doorbuster_model::key::Key;

/// *Scenario* A million events, near, far and beyond the map's edge, are scheduled while time goes on.
/// *Guarantees* They leave in order of tick and, within a tick, of scheduling.
#[test]
fn wheel_order_equals_a_sorted_list() {
    let mut wheel = Wheel::new();
    let mut list: BTreeMap<(u64, u64), Event> = BTreeMap::new();
    let key = Key::of_seed(7);
    let (mut number, mut popped) = (0_u64, 0_u64);
    let reach = [1, 4, 300, 1 << 18, 1 << 20, 1 << 31];
    while popped < 300_000 {
        let bits = key.child(0, popped).0;
        for nth in 0..(bits % 3).max(u64::from(list.len() < 50)) {
            let bits = key.child(1 + nth, popped).0;
            let at = wheel.now() + (bits >> 8) % reach[(bits % 6) as usize];
            let event = Event::stamped(Kind::Arrive, (number % 1000) as u32, number as u32);
            wheel.schedule(at, event);
            list.insert((at, number), event);
            number += 1;
        }
        let limit = wheel.now() + (1 << 33);
        let got = wheel.pop().or_else(|| {
            assert!(wheel.advance(limit, |_| true, |_| {}), "something is pending");
            wheel.pop()
        });
        let ((at, _), event) = list.pop_first().unwrap();
        assert_eq!((wheel.now(), got), (at, Some(event)), "event {popped}");
        popped += 1;
    }
}

/// *Scenario* Timeouts of all lengths are armed; half are let go of before their season ends.
/// *Guarantees* The others come out in their tick; none is met early, and those let go of beyond their season never.
#[test]
fn wheel_timeouts_come_out_in_their_tick() {
    let mut wheel = Wheel::new();
    let key = Key::of_seed(8);
    let mut due: Vec<u64> = Vec::new();
    for frame in 0..1000_u32 {
        let at = 1 + key.child(0, u64::from(frame)).0 % (1 << 22);
        wheel.arm(at, frame, 1);
        due.push(at);
    }
    let live = |event: Event| event.index().is_multiple_of(2);
    let mut met = 0;
    while wheel.advance(1 << 23, live, |_| {}) {
        while let Some(event) = wheel.pop() {
            assert_eq!(due[event.index() as usize], wheel.now());
            assert!(live(event) || wheel.now() < 1 << SEASON_BITS, "let go of, and yet dealt out");
            met += usize::from(live(event));
        }
        if wheel.is_idle(live) {
            break;
        }
    }
    assert_eq!(met, 500);
}

/// *Scenario* Nothing is scheduled.
/// *Guarantees* Time moves to the limit and no further.
#[test]
fn wheel_without_events_stops_at_the_limit() {
    let mut wheel = Wheel::new();
    assert!(!wheel.advance(1_000_000, |_| true, |_| {}));
    assert_eq!(wheel.now(), 1_000_000);
    assert!(wheel.is_idle(|_| true));
}
