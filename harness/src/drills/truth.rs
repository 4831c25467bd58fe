//! Whether a fault is hard: by what truly happened at the shop's edge.
//!
//! Owns that question. A fault is hard in a drill when in some minute that ends after the injection more requests of one
//! edge endpoint failed in truth than design section 7 pages for: over 10 % of at least 50. The scenario's own rule is not
//! asked, for it may be what is wrong. Refuses what was observed: it reads the ledger's slices.

use crate::drill::TenSeconds;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::EndpointId;
use doorbuster_scenarios::types::AlertRule;

/// The worst minute of an edge endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Minute {
    pub(super) edge: EndpointId,
    pub(super) failures: u64,
    pub(super) attempts: u64,
}

impl Minute {
    pub(super) fn ratio(self) -> f64 {
        self.failures as f64 / self.attempts as f64
    }

    /// Whether somebody should have been called.
    pub(super) fn is_hard(self) -> bool {
        self.ratio() > AlertRule::default().failures_above.ratio
    }
}

/// The worst minute that ends after the injection, in steps of ten seconds; nothing when no edge endpoint had enough
/// requests in any.
pub(super) fn worst_minute(series: &[TenSeconds], edges: &[EndpointId], injected_s: u32) -> Option<Minute> {
    let rule = AlertRule::default();
    let minute_s = rule.long_window.s() as u32;
    let mut worst: Option<Minute> = None;
    for (place, last) in series.iter().enumerate().filter(|(_, ten)| ten.at_s > injected_s) {
        let minute = || series[..=place].iter().rev().take_while(|ten| ten.at_s + minute_s > last.at_s);
        for &edge in edges {
            let count = |outcomes: fn(&[u64; Outcome::COUNT]) -> u64| -> u64 {
                minute().map(|ten| outcomes(&ten.attempts[usize::from(edge)])).sum()
            };
            let seen = Minute { edge, failures: count(failures), attempts: count(|all| all.iter().sum()) };
            let is_worse = worst.is_none_or(|worst| seen.ratio() > worst.ratio());
            if seen.attempts >= rule.min_attempts.count && is_worse {
                worst = Some(seen);
            }
        }
    }
    worst
}

/// All that neither succeeded nor was declined.
fn failures(outcomes: &[u64; Outcome::COUNT]) -> u64 {
    outcomes.iter().sum::<u64>() - outcomes[Outcome::Ok as usize] - outcomes[Outcome::Declined as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten seconds each of two edges, by failures of the second one's hundred requests.
    fn series(failures: &[u64]) -> Vec<TenSeconds> {
        let ten = |(place, failed): (usize, &u64)| {
            let (mut quiet, mut troubled) = ([0; Outcome::COUNT], [0; Outcome::COUNT]);
            quiet[Outcome::Ok as usize] = 1_000;
            troubled[Outcome::Error as usize] = *failed;
            troubled[Outcome::Declined as usize] = 100 - failed;
            TenSeconds {
                at_s: (place as u32 + 1) * 10,
                seconds: 10,
                attempts: vec![quiet, troubled],
                succeeded: Vec::new(),
                quantiles: (0, 0),
                latencies: Vec::new(),
                consumers: Vec::new(),
                stations: Vec::new(),
                in_flight: 0,
            }
        };
        failures.iter().enumerate().map(ten).collect()
    }

    /// *Scenario* Failures of one edge that come to 10 % of a minute, to one more, and to all of it before the injection.
    ///
    /// *Guarantees* Only the second is hard; declined answers are no failures; other edges' requests don't dilute them.
    #[test]
    fn hard_is_over_a_tenth_of_a_minute_after_the_injection() {
        let before = [0; 12];
        let worst = |after: &[u64]| worst_minute(&series(&[&before, after].concat()), &[0, 1], 120).unwrap();
        let tenth = worst(&[10, 10, 10, 10, 10, 10, 0]);
        assert_eq!((tenth.failures, tenth.attempts, tenth.is_hard()), (60, 600, false));
        let beyond = worst(&[0, 10, 10, 10, 10, 10, 11]);
        assert_eq!((beyond.edge, beyond.failures, beyond.is_hard()), (1, 61, true));
        let early = [[100; 6], [0; 6], [0; 6]].concat();
        assert!(!worst_minute(&series(&early), &[0, 1], 120).unwrap().is_hard(), "that was before");
        assert_eq!(worst_minute(&series(&early), &[0, 1], 180), None, "nothing came after");
    }
}
