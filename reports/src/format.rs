//! Numbers as people read them: times, rates, counts, shares, clock times.
//!
//! Owns rounding, and with it the promise that no text ever says `60 s` for a minute, `1000k` for a million or
//! `100 %` for nearly all. Refuses to know what a number means; what is not finite is `n/a`.

use crate::result::{Bound, Unit};

/// What stands where there is no number.
pub const NOTHING: &str = "n/a";

/// A length of time: `640 us`, `48 ms`, `4.98 s`, `45 s`, `15 min 50 s`, `1 h 4 min`.
#[must_use]
pub fn duration(s: f64) -> String {
    if !s.is_finite() {
        return NOTHING.to_owned();
    }
    if s < 0.0 {
        return format!("-{}", duration(-s));
    }
    // Each limit is where the coarser unit begins after rounding, so that nothing rounds up into itself.
    if s < 0.0005e-6 {
        return "0 s".to_owned();
    }
    if s < 999.5e-6 {
        return format!("{} us", trimmed(s * 1e6, if s < 9.95e-6 { 1 } else { 0 }));
    }
    if s < 0.9995 {
        return format!("{} ms", trimmed(s * 1e3, if s < 9.95e-3 { 1 } else { 0 }));
    }
    if s < 59.95 {
        return format!("{} s", trimmed(s, if s < 9.995 { 2 } else { 1 }));
    }
    if s < 3599.5 {
        return two_units(s.round() as u64, 60, "min", "s");
    }
    two_units((s / 60.0).round() as u64, 60, "h", "min")
}

fn two_units(small: u64, per_large: u64, large_name: &str, small_name: &str) -> String {
    let large = small / per_large;
    match small % per_large {
        0 => format!("{large} {large_name}"),
        rest => format!("{large} {large_name} {rest} {small_name}"),
    }
}

/// Events per second with three digits: `950/s`, `59.6k/s`, `1.25M/s`.
#[must_use]
pub fn rate(per_s: f64) -> String {
    if !per_s.is_finite() {
        return NOTHING.to_owned();
    }
    format!("{}/s", short(per_s))
}

/// A number with three digits and a multiple: `950`, `59.6k`, `1.25M`, `3.1G`.
#[must_use]
pub fn short(number: f64) -> String {
    if !number.is_finite() {
        return NOTHING.to_owned();
    }
    if number < 0.0 {
        return format!("-{}", short(-number));
    }
    let mut scaled = number;
    let mut multiple = "";
    for next in ["k", "M", "G"] {
        if scaled < 999.5 {
            break;
        }
        scaled /= 1000.0;
        multiple = next;
    }
    let decimals = if scaled < 9.995 {
        2
    } else if scaled < 99.95 {
        1
    } else {
        0
    };
    format!("{}{multiple}", trimmed(scaled, decimals))
}

/// A whole number with thousands separators: `4,840`.
#[must_use]
pub fn count(number: f64) -> String {
    if !number.is_finite() {
        return NOTHING.to_owned();
    }
    let digits = format!("{:.0}", number.abs());
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0.0 && digits != "0" {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as a measured value: at least one decimal, more when it is nearly nothing or nearly all (`98.0 %`, `99.95 %`).
#[must_use]
pub fn percent(ratio: f64) -> String {
    if !ratio.is_finite() {
        return NOTHING.to_owned();
    }
    let percent = ratio * 100.0;
    let to_end = percent.abs().min((100.0 - percent).abs());
    if to_end < 1e-9 {
        return format!("{percent:.0} %").replace("-0", "0");
    }
    let decimals: usize = if to_end >= 0.995 {
        1
    } else if to_end >= 0.0995 {
        2
    } else if to_end >= 0.00995 {
        3
    } else {
        4
    };
    let text = format!("{percent:.decimals$}");
    if to_end < 0.00005 {
        return if percent > 50.0 { "over 99.9999 %".to_owned() } else { "under 0.0001 %".to_owned() };
    }
    // One decimal stays even when it is a zero: a measured 98.0 % is not a stated 98 %.
    let keep = text.find('.').map_or(text.len(), |dot| dot + 2);
    let shortest = text.trim_end_matches('0').len().max(keep);
    format!("{} %", &text[..shortest])
}

/// A number with at most so many decimals, without trailing zeros.
fn trimmed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A value in its unit.
#[must_use]
pub fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio => percent(value),
        Unit::S => duration(value),
        Unit::PerS => rate(value),
        Unit::Count => count(value),
        Unit::Cny if value.is_finite() => format!("{} CNY", count(value)),
        Unit::Cny => NOTHING.to_owned(),
    }
}

/// An end of a bound, as it was stated and never rounded to something else: `97 %`, `1 min`, `85.5 ms`, `55.25k/s`.
fn limit(value: f64, unit: Unit) -> String {
    if !value.is_finite() {
        return NOTHING.to_owned();
    }
    match unit {
        Unit::Ratio => format!("{} %", trimmed(value * 100.0, 6)),
        Unit::S if value > 0.0 && value < 1.0 => format!("{} ms", trimmed(value * 1e3, 6)),
        Unit::S if value < 60.0 || value.fract() != 0.0 => format!("{} s", trimmed(value, 6)),
        Unit::PerS if value >= 1e6 => format!("{}M/s", trimmed(value / 1e6, 6)),
        Unit::PerS if value >= 1e3 => format!("{}k/s", trimmed(value / 1e3, 6)),
        Unit::PerS => format!("{}/s", trimmed(value, 6)),
        Unit::Count if value.fract() != 0.0 => trimmed(value, 6),
        Unit::S | Unit::Count | Unit::Cny => self::value(value, unit),
    }
}

/// A bound in words: `at least 97 %`, `65 % to 75 %`, `at most 1 min`.
#[must_use]
pub fn bound(bound: &Bound, unit: Unit) -> String {
    match (bound.at_least, bound.at_most) {
        (Some(least), Some(most)) if least.to_bits() == most.to_bits() => format!("exactly {}", limit(least, unit)),
        (Some(least), Some(most)) => format!("{} to {}", limit(least, unit), limit(most, unit)),
        (Some(least), None) => format!("at least {}", limit(least, unit)),
        (None, Some(most)) => format!("at most {}", limit(most, unit)),
        (None, None) => "any".to_owned(),
    }
}

/// A value beside its bound: with as many digits as it takes to tell them apart.
///
/// Without this a value of 96.98 % that misses `at least 97 %` would be shown as `97.0 %`.
#[must_use]
pub fn value_beside_bound(number: f64, unit: Unit, bound: &Bound) -> String {
    let text = value(number, unit);
    for end in [bound.at_least, bound.at_most].into_iter().flatten() {
        let reads_equal = same_reading(&text, &limit(end, unit));
        if !reads_equal || number.to_bits() == end.to_bits() || !number.is_finite() {
            continue;
        }
        let (scaled, name) = match unit {
            Unit::Ratio => (number * 100.0, " %"),
            Unit::S if number < 1.0 => (number * 1e3, " ms"),
            Unit::S => (number, " s"),
            Unit::PerS => (number, "/s"),
            Unit::Count => (number, ""),
            Unit::Cny => (number, " CNY"),
        };
        return format!("{}{name}", trimmed(scaled, 6));
    }
    text
}

/// Whether two texts of the same unit say the same number: `97.0 %` and `97 %` do.
fn same_reading(value: &str, limit: &str) -> bool {
    value == limit || value.replacen(".0 %", " %", 1) == limit
}

/// The clock time of the story, `HH:MM:SS`, so many virtual seconds after `clock` (`HH:MM`).
#[must_use]
pub fn clock_at(clock: &str, at_s: f64) -> String {
    if !at_s.is_finite() {
        return NOTHING.to_owned();
    }
    let mut parts = clock.split(':').map(|part| part.trim().parse::<i64>().unwrap_or(0));
    let start_s = parts.next().unwrap_or(0) * 3600 + parts.next().unwrap_or(0) * 60;
    let s = (start_s + at_s.floor() as i64).rem_euclid(24 * 3600);
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// The clock time without its seconds, for axes.
#[must_use]
pub fn clock_minute(clock: &str, at_s: f64) -> String {
    let mut text = clock_at(clock, at_s);
    if text != NOTHING {
        text.truncate(5);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_never_round_up_into_their_own_unit() {
        let cases = [
            (0.0, "0 s"),
            (640e-6, "640 us"),
            (4.2e-6, "4.2 us"),
            (999.6e-6, "1 ms"),
            (0.0048, "4.8 ms"),
            (0.0476, "48 ms"),
            (0.9994, "999 ms"),
            (0.9996, "1 s"),
            (1.0, "1 s"),
            (4.978, "4.98 s"),
            (9.996, "10 s"),
            (45.0, "45 s"),
            (45.25, "45.2 s"),
            (59.94, "59.9 s"),
            (59.97, "1 min"),
            (60.0, "1 min"),
            (119.6, "2 min"),
            (950.0, "15 min 50 s"),
            (3599.4, "59 min 59 s"),
            (3599.6, "1 h"),
            (3840.0, "1 h 4 min"),
            (7199.0, "2 h"),
            (-45.0, "-45 s"),
            (f64::NAN, "n/a"),
            (f64::INFINITY, "n/a"),
        ];
        for (s, text) in cases {
            assert_eq!(duration(s), text, "{s}");
        }
    }

    #[test]
    fn rates_keep_three_digits_across_multiples() {
        let cases = [
            (0.0, "0/s"),
            (0.4, "0.4/s"),
            (12.34, "12.3/s"),
            (950.0, "950/s"),
            (999.4, "999/s"),
            (999.7, "1k/s"),
            (59_640.0, "59.6k/s"),
            (60_000.0, "60k/s"),
            (999_950.0, "1M/s"),
            (1_254_000.0, "1.25M/s"),
            (3.1e12, "3100G/s"),
            (f64::NAN, "n/a"),
        ];
        for (per_s, text) in cases {
            assert_eq!(rate(per_s), text, "{per_s}");
        }
    }

    #[test]
    fn counts_have_separators() {
        let cases =
            [(0.0, "0"), (-0.2, "0"), (999.5, "1,000"), (4840.0, "4,840"), (130_680.4, "130,680"), (-1234.0, "-1,234")];
        for (number, text) in cases {
            assert_eq!(count(number), text, "{number}");
        }
        assert_eq!(count(f64::NEG_INFINITY), "n/a");
    }

    #[test]
    fn percents_never_say_all_for_nearly_all() {
        let cases = [
            (0.0, "0 %"),
            (1.0, "100 %"),
            (0.98, "98.0 %"),
            (0.7042, "70.4 %"),
            (0.9995, "99.95 %"),
            (0.999_961, "99.9961 %"),
            (0.999_999_9, "over 99.9999 %"),
            (0.000_2, "0.02 %"),
            (0.000_000_1, "under 0.0001 %"),
            (0.994_96, "99.5 %"),
            (0.999_04, "99.904 %"),
            (f64::NAN, "n/a"),
        ];
        for (ratio, text) in cases {
            assert_eq!(percent(ratio), text, "{ratio}");
        }
    }

    #[test]
    fn bounds_are_words() {
        let between = Bound { at_least: Some(0.65), at_most: Some(0.75) };
        assert_eq!(bound(&between, Unit::Ratio), "65 % to 75 %");
        assert_eq!(bound(&Bound { at_least: Some(0.999), at_most: None }, Unit::Ratio), "at least 99.9 %");
        assert_eq!(bound(&Bound { at_least: None, at_most: Some(60.0) }, Unit::S), "at most 1 min");
        assert_eq!(bound(&Bound { at_least: Some(0.0), at_most: Some(0.0) }, Unit::Count), "exactly 0");
        assert_eq!(bound(&Bound { at_least: None, at_most: None }, Unit::Count), "any");
        let exact = [
            (55_250.0, Unit::PerS, "at most 55.25k/s"),
            (0.0855, Unit::S, "at most 85.5 ms"),
            (59.97, Unit::S, "at most 59.97 s"),
            (90.5, Unit::S, "at most 90.5 s"),
            (5000.0, Unit::Count, "at most 5,000"),
            (f64::NAN, Unit::Ratio, "at most n/a"),
        ];
        for (most, unit, text) in exact {
            assert_eq!(bound(&Bound { at_least: None, at_most: Some(most) }, unit), text);
        }
    }

    #[test]
    fn a_near_miss_is_told_apart_from_its_bound() {
        let least = Bound { at_least: Some(0.97), at_most: None };
        assert_eq!(value_beside_bound(0.9698, Unit::Ratio, &least), "96.98 %");
        assert_eq!(value_beside_bound(0.98, Unit::Ratio, &least), "98.0 %");
        assert_eq!(value_beside_bound(0.97, Unit::Ratio, &least), "97.0 %");
        let most = Bound { at_least: None, at_most: Some(60.0) };
        assert_eq!(value_beside_bound(60.04, Unit::S, &most), "60.04 s");
        let most = Bound { at_least: None, at_most: Some(0.08) };
        assert_eq!(value_beside_bound(0.0803, Unit::S, &most), "80.3 ms");
    }

    #[test]
    fn clock_times_wrap_at_midnight() {
        assert_eq!(clock_at("14:30", 345.9), "14:35:45");
        assert_eq!(clock_at("23:59", 61.0), "00:00:01");
        assert_eq!(clock_at("nonsense", 5.0), "00:00:05");
        assert_eq!(clock_at("14:30", f64::NAN), "n/a");
        assert_eq!(clock_minute("14:30", 345.0), "14:35");
    }
}
