//! Values with units: their text gives back their value.

use doorbuster_scenarios::units::{Amount, Rate, Share, Time};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// *Scenario* any time, rate, share or amount that a scenario may hold is written and read again.
    ///
    /// *Guarantees* the value is the same to its last bit: a resolved scenario plays the same run.
    #[test]
    fn text_gives_back_the_value(
        ns in 0..=Time::MAX_NS,
        count in 0..=1_000_000_000_000_000_u64,
        digits in 0..1_000_000_000_u64,
        places in 0..9_u32,
        multiple in prop::sample::select(vec!["", "k", "M", "G"]),
        unit in prop::sample::select(vec!["s", "min", "h"]),
    ) {
        prop_assert_eq!(Time { ns }.to_string().parse(), Ok(Time { ns }));
        prop_assert_eq!(Amount { count }.to_string().parse(), Ok(Amount { count }));
        let number = digits as f64 / 10_f64.powi(places as i32);
        if let Ok(rate) = format!("{number}{multiple}/{unit}").parse::<Rate>() {
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        let percent = digits as f64 / 1e9 * 100.0;
        let share: Share = format!("{percent}%").parse().map_err(TestCaseError::fail)?;
        prop_assert_eq!(share.to_string().parse(), Ok(share));
    }

    /// *Scenario* any text is read as each unit.
    ///
    /// *Guarantees* a value in its range, or a message; no panic.
    #[test]
    fn any_text_is_answered(text in prop_oneof!["\\PC{0,20}", "[-+.0-9_]{0,24}(ms|s|h|k/s|/min|%|G|M)?"]) {
        if let Ok(time) = text.parse::<Time>() {
            prop_assert!(time.ns <= Time::MAX_NS);
        }
        if let Ok(rate) = text.parse::<Rate>() {
            prop_assert!((0.0..=1e12).contains(&rate.per_s));
        }
        if let Ok(share) = text.parse::<Share>() {
            prop_assert!((0.0..=1.0).contains(&share.ratio));
        }
        if let Ok(amount) = text.parse::<Amount>() {
            prop_assert!(amount.count <= 1_000_000_000_000_000);
        }
    }
}
