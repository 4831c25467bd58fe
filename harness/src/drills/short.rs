//! A scenario's drill in a short form, and the same shop on a quiet stretch.
//!
//! Owns what is drawn and what is left out: all of it as overrides that `doorbuster run` takes too, so that each drill
//! can be played again by one command. A draw is a pure function of the measurement's seed, the scenario's name and the
//! drill's number. Refuses to play.

use super::play::{Job, Sort};
use crate::failure::Failure;
use doorbuster_model::key::{Key, name_hash};
use doorbuster_scenarios::types::{FaultKind, Traffic};
use doorbuster_scenarios::units::{Rate, Share, Time};
use doorbuster_scenarios::{Loaded, Scenario, Source, load};

/// Nothing is counted before.
pub(super) const WARMUP_S: u32 = 60;
/// Least time between warm-up and injection: the detector learns what is usual. Chosen, as one window of the rule.
const CALM_S: u32 = 60;
/// Starts are drawn within so many seconds: exports come every 10 s and the rule is evaluated every 15 s, so the
/// injection meets every phase of the two equally often.
const PHASES_S: u64 = 30;
/// A fault whose cause nobody named is left alone after so long. Chosen: twice the time after which the detector gives up.
const LOOK_FOR_S: u32 = 600;
/// Intensities are scaled by a whole percentage from this to 100.
const LEAST_PERCENT: u64 = 70;
/// Requests of a weekday for the whole fleet: design section 5.
const WEEKDAY: Rate = Rate { per_s: 60_000.0 };

/// What each draw is for.
const SEED: u64 = name_hash("seed");
const START: u64 = name_hash("start");
const INTENSITY: u64 = name_hash("intensity");

/// A scenario whose faults are to be found.
pub(super) struct Case {
    /// As the user gave it.
    pub(super) arg: String,
    pub(super) name: String,
    pub(super) title: String,
    source: Source,
    scenario: Scenario,
}

/// One short run of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Short {
    pub(super) seed: u64,
    /// What it has otherwise than its scenario.
    pub(super) sets: Vec<String>,
    /// Second of the injection; of a quiet run its end.
    pub(super) start_s: u32,
    /// By what the faults' intensities are multiplied.
    pub(super) scale: f64,
}

impl Case {
    /// Loads a scenario that has a fault.
    pub(super) fn new(arg: &str) -> Result<Self, Failure> {
        let source = Source::from_arg(arg);
        let loaded = load(&source, &[]).map_err(Failure::Input)?;
        if loaded.scenario.faults.is_empty() {
            return Err(Failure::Argument {
                message: format!("`{arg}` has no fault, so there is nothing to detect"),
                help: "name a scenario with `faults:`; `doorbuster list` has incidents and drills".to_owned(),
            });
        }
        let Loaded { scenario, name, .. } = loaded;
        Ok(Self { arg: arg.to_owned(), name, title: scenario.title.clone(), source, scenario })
    }

    /// Cells of its fleet.
    pub(super) const fn fleet(&self) -> u64 {
        self.scenario.cells.fleet.count
    }

    /// What a job plays of it.
    pub(super) fn short(&self, seed: u64, job: &Job) -> Short {
        match job.sort {
            Sort::Drill => self.drill(seed, job.run),
            Sort::Quiet(seconds) => self.quiet(seed, job.run, seconds),
        }
    }

    /// Its drill number `run`, as drawn from the measurement's seed.
    fn drill(&self, seed: u64, run: u32) -> Short {
        let key = self.key(seed, "drill", run);
        let start_s = self.earliest_s() + (key.bits(START) % PHASES_S) as u32;
        let percent = LEAST_PERCENT + key.bits(INTENSITY) % (101 - LEAST_PERCENT);
        let scale = percent as f64 / 100.0;
        let first_s = self.first_s();
        let mut sets = Vec::new();
        let mut last_s = start_s;
        for (name, fault) in &self.scenario.faults {
            let shifted_s = |time: Time| u64::from(start_s) + time.s() as u64 - first_s;
            let at_s = shifted_s(fault.at);
            last_s = last_s.max(at_s as u32);
            sets.push(format!("faults.{name}.at={at_s}s"));
            if let Some(until) = fault.until {
                sets.push(format!("faults.{name}.until={}s", shifted_s(until)));
            }
            let intensity = Share { ratio: fault.intensity.ratio * scale };
            sets.push(format!("faults.{name}.intensity={intensity}"));
        }
        Short { seed: key.bits(SEED), sets: self.common(last_s + LOOK_FOR_S, sets), start_s, scale }
    }

    /// A quiet stretch of its shop: no fault for `quiet_s` after the warm-up.
    fn quiet(&self, seed: u64, run: u32, quiet_s: u32) -> Short {
        let end_s = WARMUP_S + quiet_s;
        let sets = self.common(end_s, vec!["faults={}".to_owned()]);
        Short { seed: self.key(seed, "quiet", run).bits(SEED), sets, start_s: end_s, scale: 0.0 }
    }

    /// The scenario of a short run.
    pub(super) fn load(&self, short: &Short) -> Result<Loaded, Failure> {
        load(&self.source, &short.sets).map_err(Failure::Input)
    }

    /// The command that plays a short run again, to its end and with a report.
    pub(super) fn command(&self, short: &Short, cells: u32) -> String {
        let sets: String = short.sets.iter().map(|set| format!(" --set {}", crate::run::quoted(set))).collect();
        format!("doorbuster run {} --seed {} --cells {cells}{sets}", crate::run::quoted(&self.arg), short.seed)
    }

    fn key(&self, seed: u64, what: &str, run: u32) -> Key {
        Key::of_seed(seed).child(name_hash(&self.name), u64::from(run)).child(name_hash(what), 0)
    }

    /// What every short run has: nobody mends anything, and nothing is expected.
    fn common(&self, duration_s: u32, mut sets: Vec<String>) -> Vec<String> {
        sets.push(format!("duration={duration_s}s"));
        sets.push(format!("warmup={WARMUP_S}s"));
        sets.extend(["remedies={}", "humans={}", "expect={}"].map(str::to_owned));
        if self.scenario.traffic.as_ref().is_some_and(exceeds_weekday) {
            sets.push(format!("traffic={{poisson: {WEEKDAY}}}"));
        }
        sets
    }

    /// Second of the first injection in the scenario itself.
    fn first_s(&self) -> u64 {
        self.scenario.faults.values().map(|fault| fault.at.s() as u64).min().unwrap_or_default()
    }

    /// The first second at which the first fault may begin: a clock can't be set back to before the run began.
    fn earliest_s(&self) -> u32 {
        let mut earliest_s = WARMUP_S + CALM_S;
        for fault in self.scenario.faults.values() {
            if let FaultKind::ClockSkew(skew) = &fault.change {
                let behind_s = skew.behind.map_or(0.0, |behind| behind.s().ceil()) as u64;
                let later_s = fault.at.s() as u64 - self.first_s();
                earliest_s = earliest_s.max(behind_s.saturating_sub(later_s) as u32);
            }
        }
        earliest_s
    }
}

/// Whether it is more, at any time, than the shop gets on a weekday. Users of a closed loop have no rate of their own.
fn exceeds_weekday(traffic: &Traffic) -> bool {
    match traffic {
        Traffic::Poisson(rate) | Traffic::Constant(rate) => *rate > WEEKDAY,
        Traffic::Curve(points) => points.iter().any(|point| point.rate > WEEKDAY),
        Traffic::Closed(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drills(arg: &str, seed: u64) -> Vec<Short> {
        let case = Case::new(arg).unwrap();
        (0..200).map(|run| case.drill(seed, run)).collect()
    }

    /// *Scenario* Two hundred drills of the first incident.
    ///
    /// *Guarantees* Each loads; starts meet every phase of half a minute, a minute after the warm-up at the earliest;
    /// intensities lie in 0.7 to 1.0; seeds differ; the same seed draws the same, another one others.
    #[test]
    fn drills_differ_as_drawn() {
        let case = Case::new("payment-index-loss").unwrap();
        let drills = drills("payment-index-loss", 7);
        let mut starts: Vec<u32> = drills.iter().map(|drill| drill.start_s).collect();
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts, (120..150).collect::<Vec<u32>>());
        assert!(drills.iter().all(|drill| (0.7..=1.0).contains(&drill.scale)));
        assert!(drills.iter().any(|drill| drill.scale < 0.73) && drills.iter().any(|drill| drill.scale > 0.97));
        for drill in drills.iter().take(5) {
            let scenario = case.load(drill).unwrap().scenario;
            let fault = &scenario.faults["index_lost"];
            assert_eq!(fault.at.s(), f64::from(drill.start_s));
            assert!((fault.intensity.ratio - drill.scale).abs() < 1e-9);
            assert_eq!(scenario.duration.s(), f64::from(drill.start_s + 600));
            assert!(scenario.remedies.is_empty() && scenario.humans.is_empty() && scenario.expect.is_empty());
        }
        let seeds: std::collections::BTreeSet<u64> = drills.iter().map(|drill| drill.seed).collect();
        assert_eq!(seeds.len(), 200);
        assert_eq!(drills, self::drills("payment-index-loss", 7));
        assert_ne!(drills[0], self::drills("payment-index-loss", 8)[0]);
        assert_ne!(drills[0].seed, self::drills("inventory-avalanche", 7)[0].seed);
    }

    /// *Scenario* A scenario of the sale's peak, and a quiet stretch of it.
    ///
    /// *Guarantees* Both get the weekday's traffic; the quiet one has no fault and ends when its time is over.
    #[test]
    fn a_peak_is_played_on_a_weekday() {
        let case = Case::new("inventory-avalanche").unwrap();
        let quiet = case.quiet(1, 0, 300);
        for short in [&case.drill(1, 0), &quiet] {
            assert_eq!(case.load(short).unwrap().scenario.traffic, Some(Traffic::Poisson(WEEKDAY)));
        }
        let scenario = case.load(&quiet).unwrap().scenario;
        assert!(scenario.faults.is_empty());
        assert_eq!(scenario.duration.s(), 360.0);
    }

    #[test]
    fn a_scenario_without_a_fault_is_refused() {
        let told = Case::new("quiet-day").err().unwrap().to_string();
        assert!(told.contains("`quiet-day` has no fault") && told.contains("help"), "{told}");
    }
}
