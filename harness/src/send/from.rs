//! The second of the scenario from which a sending begins.
//!
//! Owns `--from`: a time of the scenario, or one before or after its first fault. Refuses to guess where there is no fault.

use super::asked::Mistake;
use doorbuster_scenarios::units::Time;

/// What `--from` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct From {
    time_s: u32,
    side: Side,
}

/// Which side of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// After the scenario's beginning.
    AfterStart,
    /// Before the first fault.
    BeforeFault,
    /// After the first fault.
    AfterFault,
}

/// Reads what `--from` was given.
///
/// # Errors
/// What is wrong, and the cure.
pub(crate) fn parse(text: &str) -> Result<From, Mistake> {
    let (time, side) = if let Some(time) = text.strip_suffix("-before-fault") {
        (time, Side::BeforeFault)
    } else if let Some(time) = text.strip_suffix("-after-fault") {
        (time, Side::AfterFault)
    } else {
        (text, Side::AfterStart)
    };
    whole_seconds(time).map(|time_s| From { time_s, side }).map_err(|cause| {
        Mistake::new(
            format!("`--from {text}`: {cause}"),
            "write whole seconds of the scenario, or relative to its first fault: 10min, 2m-before-fault, 30s-after-fault",
        )
    })
}

/// A time, in which a minute may also be `m`.
pub(super) fn time(text: &str) -> Result<Time, String> {
    let text = text.trim();
    match text.strip_suffix('m') {
        Some(number) if number.ends_with(|c: char| c.is_ascii_digit()) => format!("{number}min").parse(),
        _ => text.parse(),
    }
}

/// A time of whole seconds.
pub(super) fn whole_seconds(text: &str) -> Result<u32, String> {
    let time = time(text)?;
    let whole = time.ns.is_multiple_of(1_000_000_000).then_some(time.ns / 1_000_000_000);
    whole.and_then(|s| u32::try_from(s).ok()).ok_or_else(|| format!("`{time}` is not a number of whole seconds"))
}

impl From {
    /// The second, in a scenario of so many seconds whose first fault is at `fault_s`; `is_open` where `--for` says how long it goes on
    /// from there.
    ///
    /// # Errors
    /// Where there is no such second.
    pub(crate) fn second(self, fault_s: Option<u32>, duration_s: u32, is_open: bool) -> Result<u32, Mistake> {
        let Self { time_s, side } = self;
        let fault_s = || {
            fault_s.ok_or_else(|| {
                Mistake::new(
                    "`--from` is relative to a fault, and the scenario has none".to_owned(),
                    "give a time of the scenario, such as --from 10min, or a scenario with a fault: doorbuster list",
                )
            })
        };
        let second = match side {
            Side::AfterStart => time_s,
            Side::AfterFault => fault_s()?.saturating_add(time_s),
            Side::BeforeFault => {
                let fault_s = fault_s()?;
                fault_s.checked_sub(time_s).ok_or_else(|| {
                    Mistake::new(
                        format!(
                            "the first fault comes after {fault_s} s, and {time_s} s before it there is no scenario yet"
                        ),
                        &format!("begin at most that long before it: --from {fault_s}s-before-fault"),
                    )
                })?
            }
        };
        if second >= duration_s && !is_open {
            return Err(Mistake::new(
                format!("`--from` begins at {second} s, and the scenario ends after {duration_s} s"),
                "begin earlier, or say with --for how long it goes on from there",
            ));
        }
        Ok(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: the three ways to say it, for a fault at 600 s of 1,440. *Guarantees*: each is its second.
    #[test]
    fn a_beginning_is_a_second_of_the_scenario() {
        let second = |text: &str| parse(text).unwrap().second(Some(600), 1_440, false).unwrap();
        assert_eq!(second("10min"), 600);
        assert_eq!(second("2m-before-fault"), 480);
        assert_eq!(second("600s-before-fault"), 0);
        assert_eq!(second("30s-after-fault"), 630);
        assert_eq!(second("0s"), 0);
    }

    /// *Scenario*: times that are none, no fault, a beginning before the scenario's and one after its end. *Guarantees*: each is refused
    /// with its cause and a cure; with `--for` the end is open.
    #[test]
    fn what_is_no_second_is_refused() {
        for wrong in ["soon", "2x-before-fault", "100ms", "2min-beside-fault", "", "-before-fault"] {
            assert!(parse(wrong).unwrap_err().help.contains("2m-before-fault"), "{wrong}");
        }
        let refused = |text: &str, fault_s| parse(text).unwrap().second(fault_s, 100, false).unwrap_err();
        assert!(refused("5s-before-fault", None).message.contains("has none"));
        assert!(refused("2m-before-fault", Some(60)).help.contains("60s-before-fault"));
        assert!(refused("60s-after-fault", Some(60)).message.contains("ends after 100 s"));
        assert_eq!(parse("60s-after-fault").unwrap().second(Some(60), 100, true), Ok(120));
    }
}
