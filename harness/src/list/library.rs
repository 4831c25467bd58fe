//! The built-in scenarios as a reader meets them: what each is for, and what it plays.

use doorbuster_reports::format::{count, duration, rate};
use doorbuster_scenarios::types::Traffic;
use doorbuster_scenarios::{Scenario, Source, library, load};

/// A built-in scenario.
pub(crate) struct BuiltIn {
    /// Its name.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) used: Use,
    /// Its title.
    pub(crate) title: String,
    /// What it plays; nothing if it has no traffic of its own.
    pub(crate) plays: Option<Plays>,
    /// The scenario.
    pub(crate) scenario: Scenario,
}

/// What a built-in is for. It follows from what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// An incident that people mend: what happened, and other forms of it.
    Incident,
    /// One kind of fault, to see what it does and how it is found.
    Drill,
    /// Nothing breaks in it.
    Quiet,
    /// Others build on it: it has no traffic.
    Base,
}

/// What a scenario plays.
pub(crate) struct Plays {
    /// Virtual seconds.
    pub(crate) virtual_s: f64,
    /// The same, in words.
    pub(crate) length: String,
    /// Its traffic, in words.
    pub(crate) traffic: String,
}

/// A scenario without traffic is refused for that alone, so it is looked at with some.
const SOME_TRAFFIC: &str = "traffic={poisson: 1/s}";

/// All of them, in alphabetical order.
pub(crate) fn all() -> Vec<BuiltIn> {
    library::names().into_iter().map(one).collect()
}

/// A built-in by its name.
pub(crate) fn named(name: &str) -> Option<BuiltIn> {
    library::names().into_iter().find(|known| *known == name).map(one)
}

fn one(name: &str) -> BuiltIn {
    let source = Source::Builtin(name.to_owned());
    let (scenario, has_traffic) = match load(&source, &[]) {
        Ok(loaded) => (loaded.scenario, true),
        Err(_) => {
            let loaded = load(&source, &[SOME_TRAFFIC.to_owned()]);
            (loaded.expect("invariant: a built-in is good, its traffic apart").scenario, false)
        }
    };
    let used = match (has_traffic, scenario.faults.is_empty(), scenario.humans.is_empty()) {
        (false, ..) => Use::Base,
        (true, true, _) => Use::Quiet,
        (true, false, false) => Use::Incident,
        (true, false, true) => Use::Drill,
    };
    let plays = scenario.traffic.as_ref().filter(|_| has_traffic).map(|traffic| Plays {
        virtual_s: scenario.duration.s(),
        length: duration(scenario.duration.s()),
        traffic: self::traffic(traffic),
    });
    BuiltIn { name: name.to_owned(), used, title: scenario.title.clone(), plays, scenario }
}

/// Traffic in a few words: `60k/s`, `60k/s to 500k/s`, `600 users`.
fn traffic(traffic: &Traffic) -> String {
    match traffic {
        Traffic::Poisson(per_s) | Traffic::Constant(per_s) => rate(per_s.per_s),
        Traffic::Curve(points) => {
            let rates = || points.iter().map(|point| point.rate.per_s);
            let (least, most) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
            if least < most { format!("{} to {}", rate(least), rate(most)) } else { rate(most) }
        }
        Traffic::Closed(closed) => format!("{} users", count(closed.users.count as f64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_use_follows_from_what_a_scenario_has() {
        let used = |name: &str| named(name).expect("it is built in").used;
        assert_eq!(used("payment-index-loss"), Use::Incident);
        assert_eq!(used("flash-sale"), Use::Quiet);
        assert_eq!(used("shop"), Use::Base);
        assert!(named("shpo").is_none());
        for one in all() {
            assert!(!one.title.is_empty(), "{} has no title", one.name);
            assert_eq!(one.plays.is_none(), one.used == Use::Base, "{}", one.name);
        }
    }

    #[test]
    fn traffic_is_told_in_a_few_words() {
        assert_eq!(named("flash-sale").and_then(|one| one.plays).expect("it plays").traffic, "60k/s to 500k/s");
    }
}
