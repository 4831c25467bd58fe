//! Each theory by a test of its name, and the checks themselves on planted errors.

use super::cases::{self, HALF_WIDTH};
use super::*;

/// The interval's own spread is met with so many times the requests of the formula. Half-widths over a hundred
/// replications scatter by 7 %; this leaves room for more than four times that.
const SAFETY: f64 = 2.4;

/// Plays the case of this name as `doorbuster measure theory` does.
fn judged(name: &str, sets: &[String]) -> (Case, Judged) {
    let (place, case) = cases::all().into_iter().enumerate().find(|(_, case)| case.name == name).unwrap();
    let seed = seed_of(1, place);
    let loaded = play::scenario(&case, sets).unwrap();
    let judged = Judged::new(&case, seed, play::play(&case, &loaded, seed, 1).unwrap());
    (case, judged)
}

fn as_theory_says(names: &[&str]) {
    for name in names {
        let (case, judged) = judged(name, &[]);
        let told = table::rows(&case, &judged);
        assert!(judged.verdicts.iter().all(Verdict::holds), "doorbuster measure theory\n{told}");
        assert_eq!(judged.broken, Vec::<String>::new(), "Little's law, {name}");
        assert!(judged.identities >= 2 * judged.replications as u64, "{name}");
        for needed in case.rows.iter().filter_map(|row| row.needed) {
            assert!(judged.requests as f64 >= SAFETY * needed as f64, "{name}: {} of {needed}", judged.requests);
        }
    }
}

/// Scenario: a core at a load of 0.5 and of 0.8. Guarantees: mean wait and number of M/M/1.
#[test]
fn mm1() {
    as_theory_says(&["mm1-50", "mm1-80"]);
}

/// Scenario: pods of two and four cores. Guarantees: Erlang's delay formula.
#[test]
fn mmc_at_the_cores() {
    as_theory_says(&["mm2", "mm4"]);
}

/// Scenario: three connections to a store that is never short of cores. Guarantees: Erlang's delay formula.
#[test]
fn mmc_at_a_pool() {
    as_theory_says(&["pool"]);
}

/// Scenario: 4 and 20 workers without an accept queue. Guarantees: Erlang's loss formula.
#[test]
fn mmcc() {
    as_theory_says(&["loss4", "loss20"]);
}

/// Scenario: work that varies less than exponential work. Guarantees: Pollaczek and Khinchine's mean wait.
#[test]
fn mg1_of_even_service() {
    as_theory_says(&["md1", "me4"]);
}

/// Scenario: work that varies more than exponential work. Guarantees: Pollaczek and Khinchine's mean wait.
#[test]
fn mg1_of_uneven_service() {
    as_theory_says(&["mh2", "mln1"]);
}

/// Scenario: a database of one core, with three laws of cost. Guarantees: the same mean response whatever the law.
#[test]
fn mg1_ps_is_insensitive() {
    as_theory_says(&["ps-exponential", "ps-constant", "ps-hyper"]);
}

/// Scenario: a database of two cores. Guarantees: the mean response of M/M/2.
#[test]
fn mmc_ps() {
    as_theory_says(&["ps-2cores"]);
}

/// Scenario: a core, then a cache. Guarantees: the second is an M/M/1 of its own, as Burke proved.
#[test]
fn tandem() {
    as_theory_says(&["tandem"]);
}

/// Scenario: six users who pause, and three stations. Guarantees: what mean value analysis says of all of them.
#[test]
fn closed_network() {
    as_theory_says(&["closed"]);
}

/// Scenario: a formula that is 2 % off, up and down. Guarantees: it is caught in a case as wide as allowed.
#[test]
fn a_wrong_formula_is_caught() {
    let (_, judged) = judged("loss4", &[]);
    let right = judged.verdicts[0];
    assert!(right.holds());
    for factor in [0.98, 1.02] {
        let wrong = Verdict::new(right.theory * factor, right.estimate);
        assert!(!wrong.holds() && !wrong.inside(), "{wrong:?}");
        assert_eq!(wrong.name(), "OUTSIDE");
    }
    let vague = Verdict::new(1.0, Estimate { mean: 1.001, half_width: HALF_WIDTH * 1.01 });
    assert!(vague.inside() && !vague.holds());
    assert_eq!(vague.name(), "TOO WIDE");
}

/// Scenario: 2 % more load than the theory is told of. Guarantees: it is caught, at every kind of station.
#[test]
fn a_wrong_load_is_caught() {
    for (name, rate) in [("mm1-50", "51k/s"), ("loss4", "30600/s"), ("ps-constant", "12240/s")] {
        let (_, judged) = judged(name, &[format!("traffic={{poisson: {rate}}}")]);
        assert!(!judged.verdicts[0].holds(), "{name}: {:?}", judged.verdicts[0]);
    }
}

/// Scenario: the books of a drained path with one tick too many, at every station. Guarantees: each is caught.
#[test]
fn a_lost_tick_is_caught() {
    let case = cases::all().into_iter().find(|case| case.name == "tandem").unwrap();
    let loaded = play::scenario(&case, &[]).unwrap();
    let plan = doorbuster_model::compile::compile(&loaded.name, &loaded.scenario, 1);
    let mut cell = doorbuster_virtual::cell::Cell::new(&plan, 0, ());
    let mut whole = doorbuster_virtual::slice::Slice::new(&plan);
    cell.play(doorbuster_model::time::tick_of_second(2)).unwrap();
    cell.drain().unwrap();
    cell.close_slice(&mut whole);
    assert_eq!(play::little(&plan, &whole), (4, Vec::new()));
    for station in 0..whole.stations.len() {
        let mut wrong = whole.clone();
        wrong.stations[station].wait_ticks += 1;
        assert_eq!(play::little(&plan, &wrong).1.len(), 1);
        let mut wrong = whole.clone();
        wrong.stations[station].busy_ticks += 1;
        assert!(!play::little(&plan, &wrong).1.is_empty());
    }
    whole.endpoints[0].latency_ticks += 1;
    assert_eq!(play::little(&plan, &whole).1.len(), 1);
}

/// Scenario: one case on one thread and on three. Guarantees: equal counts.
#[test]
fn threads_make_no_difference() {
    let case = cases::all().into_iter().find(|case| case.name == "loss4").unwrap();
    let loaded = play::scenario(&case, &["duration=3s".to_owned()]).unwrap();
    let counts = |threads| play::play(&case, &loaded, 1, threads).unwrap().counts;
    assert_eq!(counts(1), counts(3));
}

/// Scenario: a case told as JSON. Guarantees: whoever doubts it finds the scenario, the command, and both values.
#[test]
fn the_json_is_enough_to_play_a_case_again() {
    let told = table::json(1, &[judged("loss4", &[])]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let case = &told["cases"][0];
    assert_eq!(case["command"], "doorbuster run loss4.yaml --seed 1005");
    assert!(case["scenario"].as_str().unwrap().contains("accept_queue: 0"));
    assert!((case["rows"][0]["theory"].as_f64().unwrap() - 0.206_107).abs() < 1e-6);
    assert_eq!(case["rows"][0]["verdict"], "inside");
    assert_eq!((&told["missed"], &told["quantities"]), (&0.into(), &2.into()));
}
