//! Whether what was sent is what was asked for: a load that the generator itself held back proves nothing about its target.
//!
//! Owns the rules by which a sending is invalid, and their words. Refuses to judge the target.

use std::time::Duration;

/// A body may wait so long for the generator, however fast the target answers.
const LATENESS_MS: f64 = 10.0;
/// Or so much of the target's median answer, if that is more.
const LATENESS_OF_ANSWER: f64 = 0.1;
/// What was sent over what was due, at least.
const ACHIEVED: f64 = 0.99;
/// Our own CPU over what this process may use, at most.
const CPU: f64 = 0.8;

/// A beginning may be so late: workers that begin together do so to a tenth of a second. Chosen.
const MOST_BEHIND: Duration = Duration::from_millis(100);

/// What a sending says of the generator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Conduct {
    /// Items that the schedule demanded.
    pub(crate) due: u64,
    /// Items that a connection took up, or would have, had the target let one come about.
    pub(crate) sent: u64,
    /// 99th percentile of sent - due, in ms.
    pub(crate) lateness_p99_ms: f64,
    /// Median of answered - sent, in ms.
    pub(crate) answer_p50_ms: f64,
    /// CPU seconds of this process.
    pub(crate) cpu_s: f64,
    /// CPU seconds that it might have used: the wall clock times the cores.
    pub(crate) cpu_share_s: f64,
    /// Seconds for which bodies that were due found every connection busy with the target's back-pressure, all lines together.
    pub(crate) held_back_s: f64,
    /// Whether there was a schedule at all; at full speed there is none.
    pub(crate) is_scheduled: bool,
}

/// Why a sending is invalid, in words; empty if it is not.
pub(crate) fn reasons(conduct: &Conduct) -> Vec<String> {
    let mut reasons = Vec::new();
    if conduct.due == 0 {
        reasons.push("nothing was due to be sent".to_owned());
        return reasons;
    }
    if !conduct.is_scheduled {
        return reasons;
    }
    let held_back = if conduct.held_back_s >= 0.01 {
        format!("; the target held bodies back for {:.1} s", conduct.held_back_s)
    } else {
        String::new()
    };
    let most_ms = LATENESS_MS.max(LATENESS_OF_ANSWER * conduct.answer_p50_ms);
    if conduct.lateness_p99_ms > most_ms {
        let late_ms = conduct.lateness_p99_ms;
        reasons.push(format!(
            "1 % of the requests left more than {late_ms:.0} ms late, {most_ms:.0} ms are allowed{held_back}"
        ));
    }
    let achieved = conduct.sent as f64 / conduct.due as f64;
    if achieved < ACHIEVED {
        let percent = achieved * 100.0;
        reasons.push(format!("{percent:.1} % of what was due was sent, 99 % is needed{held_back}"));
    }
    let cpu = conduct.cpu_s / conduct.cpu_share_s.max(f64::MIN_POSITIVE);
    if cpu > CPU {
        reasons.push(format!("the generator itself took {:.0} % of this machine's CPU, 80 % are allowed", cpu * 100.0));
    }
    reasons
}

/// Why a sending is invalid that began so long after it was asked to.
pub(crate) fn late_beginning(behind: Duration) -> Option<String> {
    (behind > MOST_BEHIND).then(|| {
        format!("it began {:.1} s after --start-at: what comes before was not played by then", behind.as_secs_f64())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Conduct = Conduct {
        due: 10_000,
        sent: 10_000,
        lateness_p99_ms: 1.5,
        answer_p50_ms: 2.0,
        cpu_s: 5.0,
        cpu_share_s: 20.0,
        held_back_s: 0.0,
        is_scheduled: true,
    };

    /// *Scenario*: a healthy sending, and each rule just kept and just broken. *Guarantees*: only what breaks a rule is invalid, with the
    /// figure and the bound in words; a slow target earns more patience.
    #[test]
    fn each_rule_is_told() {
        assert_eq!(reasons(&FINE), Vec::<String>::new());
        let told = |conduct: Conduct| reasons(&conduct).join("; ");
        assert_eq!(told(Conduct { lateness_p99_ms: 10.0, ..FINE }), "");
        assert!(told(Conduct { lateness_p99_ms: 11.0, ..FINE }).contains("11 ms late, 10 ms are allowed"));
        assert_eq!(told(Conduct { lateness_p99_ms: 45.0, answer_p50_ms: 450.0, ..FINE }), "");
        assert_eq!(told(Conduct { sent: 9_900, ..FINE }), "");
        let held_back = told(Conduct { sent: 9_899, held_back_s: 3.0, ..FINE });
        assert!(held_back.contains("99.0 % of what was due") && held_back.contains("back for 3.0 s"), "{held_back}");
        assert!(told(Conduct { cpu_s: 16.1, ..FINE }).contains("80 % of this machine's CPU"));
        assert_eq!(told(Conduct { due: 0, sent: 0, ..FINE }), "nothing was due to be sent");
        assert_eq!(late_beginning(Duration::from_millis(100)), None);
        assert!(late_beginning(Duration::from_millis(3_200)).unwrap().contains("3.2 s after --start-at"));
        assert_eq!(told(Conduct { cpu_s: 19.9, lateness_p99_ms: 900.0, is_scheduled: false, ..FINE }), "");
    }
}
