//! The breaker against a naive one, and its way through its states.

use super::{Breaker, BreakerRule, PARTS};
use crate::key::{Key, name_hash};
use crate::time::Ticks;

const FAILURES: BreakerRule = BreakerRule {
    failures: Some(1 << 31),
    slow: None,
    slow_over: Ticks::MAX,
    min_calls: 4,
    part: 10,
    open: 50,
    trials: 2,
};

fn play(breaker: &mut Breaker, at: Ticks, failed: bool) -> bool {
    let may = breaker.lets_through(at);
    if may {
        breaker.ended(at, at, failed);
    }
    may
}

#[test]
fn it_opens_at_its_share_of_failures_and_not_before() {
    let mut breaker = Breaker::new(FAILURES);
    assert!(play(&mut breaker, 1, true) && play(&mut breaker, 2, true) && play(&mut breaker, 3, true));
    assert!(breaker.lets_through(4), "three calls are too few to be judged");
    breaker.ended(4, 4, false);
    assert!(!breaker.lets_through(5), "three of four have failed");
    assert!(!breaker.lets_through(53), "it stays open for 50 ticks");
    assert!(breaker.lets_through(54));
}

#[test]
fn old_failures_are_forgotten_a_tenth_of_the_window_at_a_time() {
    let mut breaker = Breaker::new(FAILURES);
    (0..3).for_each(|_| assert!(play(&mut breaker, 5, true)));
    // The part of tick 5 leaves when the one ten parts later begins.
    assert!(play(&mut breaker, 5 + PARTS * 10, false) && play(&mut breaker, 5 + PARTS * 10, false));
    assert!(play(&mut breaker, 5 + PARTS * 10, false) && play(&mut breaker, 5 + PARTS * 10, false));
    assert!(breaker.lets_through(106), "four good calls are all that is remembered");
}

#[test]
fn slow_calls_open_it_only_when_they_end() {
    let rule = BreakerRule { failures: None, slow: Some(1 << 31), slow_over: 20, ..FAILURES };
    let mut breaker = Breaker::new(rule);
    assert!((0..100).all(|_| breaker.lets_through(10)), "all of them hang, and it does not know");
    for _ in 0..4 {
        breaker.ended(10, 31, false);
    }
    assert!(!breaker.lets_through(31));
    let mut breaker = Breaker::new(rule);
    (0..4).for_each(|_| breaker.ended(10, 30, true));
    assert!(breaker.lets_through(31), "20 ticks are not over 20, and failures are not looked at");
}

#[test]
fn trials_decide_and_nobody_else_passes_meanwhile() {
    for (failed, closes) in [(false, true), (true, false)] {
        let mut breaker = Breaker::new(FAILURES);
        (0..4).for_each(|_| assert!(play(&mut breaker, 0, true)));
        assert!(breaker.lets_through(50) && breaker.lets_through(50) && !breaker.lets_through(51));
        breaker.ended(50, 60, failed);
        assert!(!breaker.lets_through(60), "one of two trials is still out");
        breaker.ended(50, 61, failed);
        assert_eq!(breaker.lets_through(62), closes);
    }
}

#[test]
fn a_trial_that_was_given_up_makes_room_for_another() {
    let mut breaker = Breaker::new(FAILURES);
    (0..4).for_each(|_| assert!(play(&mut breaker, 0, true)));
    assert!(breaker.lets_through(50) && breaker.lets_through(50) && !breaker.lets_through(51));
    breaker.taken_back(50);
    assert!(breaker.lets_through(52) && !breaker.lets_through(53));
}

#[test]
fn calls_of_another_time_say_nothing() {
    let mut breaker = Breaker::new(FAILURES);
    assert!((0..10).all(|_| breaker.lets_through(0)));
    (0..4).for_each(|_| breaker.ended(0, 20, true));
    assert!(breaker.lets_through(70), "half open");
    (0..6).for_each(|_| breaker.ended(0, 71, true));
    breaker.taken_back(0);
    assert!(breaker.lets_through(72) && !breaker.lets_through(73), "two trials, whatever the old calls say");
}

/// *Scenario* A thousand random calls a rule, of random lengths and fates, over twenty rules.
/// *Guarantees* The breaker lets through what a naive one does that keeps every call and counts anew each time.
#[test]
fn it_decides_as_a_naive_one_does() {
    let mut opened = 0;
    for number in 0..20_u64 {
        let key = Key::of_seed(number);
        let bits = |purpose: &str, n: u64, below: u64| (key.child(name_hash(purpose), n).0 >> 32) % below;
        let rule = BreakerRule {
            failures: (number % 3 != 1).then_some((1 + bits("share", 0, 9)) << 28),
            slow: (number % 3 != 2).then_some((1 + bits("share", 1, 9)) << 28),
            slow_over: bits("slow", 0, 20),
            min_calls: 1 + bits("calls", 0, 10) as u32,
            part: 1 + bits("part", 0, 10),
            open: 1 + bits("open", 0, 60),
            trials: 1 + bits("trials", 0, 4) as u32,
        };
        let (mut breaker, mut naive) = (Breaker::new(rule), Naive::new(rule));
        let mut under_way: Vec<(Ticks, Ticks, bool, bool)> = Vec::new();
        let mut now = 0;
        for n in 0..1_000 {
            now += bits("gap", n, 6);
            under_way.sort_by_key(|call| call.1);
            while under_way.first().is_some_and(|call| call.1 <= now) {
                let (began, end, failed, given_up) = under_way.remove(0);
                if given_up {
                    breaker.taken_back(began);
                    naive.taken_back(began);
                } else {
                    breaker.ended(began, end, failed);
                    naive.ended(began, end, failed);
                }
            }
            let may = breaker.lets_through(now);
            assert_eq!(may, naive.lets_through(now), "rule {number}, call {n}");
            opened += usize::from(!may);
            if may {
                let end = now + bits("length", n, 40);
                under_way.push((now, end, bits("fate", n, 3) == 0, bits("given up", n, 10) == 0));
            }
        }
    }
    assert!(opened > 1_000, "it opened for {opened} calls only");
}

/// Keeps every call of the present state.
struct Naive {
    rule: BreakerRule,
    state: &'static str,
    since: Ticks,
    ended: Vec<(Ticks, Ticks, bool)>,
    let_through: u32,
}

impl Naive {
    fn new(rule: BreakerRule) -> Self {
        Self { rule, state: "closed", since: 0, ended: Vec::new(), let_through: 0 }
    }

    fn becomes(&mut self, state: &'static str, now: Ticks) {
        (self.state, self.since, self.let_through) = (state, now, 0);
        self.ended.clear();
    }

    fn lets_through(&mut self, now: Ticks) -> bool {
        if self.state == "open" && now >= self.since + self.rule.open {
            self.becomes("half open", now);
        }
        let may = self.state == "closed" || self.state == "half open" && self.let_through < self.rule.trials;
        self.let_through += u32::from(may);
        may
    }

    fn taken_back(&mut self, began: Ticks) {
        if began >= self.since {
            self.let_through -= 1;
        }
    }

    fn ended(&mut self, began: Ticks, now: Ticks, failed: bool) {
        if began < self.since || self.state == "open" {
            return;
        }
        self.ended.push((began, now, failed));
        let first_part = (now / self.rule.part).saturating_sub(PARTS - 1);
        let looked_at: Vec<_> = match self.state {
            "closed" => self.ended.iter().filter(|call| call.1 / self.rule.part >= first_part).collect(),
            _ => self.ended.iter().collect(),
        };
        let needed = if self.state == "closed" { self.rule.min_calls } else { self.rule.trials };
        if looked_at.len() < needed as usize {
            return;
        }
        let share = |count: usize| count as f64 / looked_at.len() as f64 * 4_294_967_296.0;
        let failed = share(looked_at.iter().filter(|call| call.2).count());
        let slow = share(looked_at.iter().filter(|call| call.1 - call.0 > self.rule.slow_over).count());
        let trips = self.rule.failures.is_some_and(|bound| failed >= bound as f64)
            || self.rule.slow.is_some_and(|bound| slow >= bound as f64);
        match (self.state, trips) {
            (_, true) => self.becomes("open", now),
            ("half open", false) => self.becomes("closed", now),
            _ => {}
        }
    }
}
