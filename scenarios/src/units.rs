//! Values with units, as they are written in a scenario: `250ms`, `40k/s`, `98%`, `9M`.
//!
//! Owns their text form and their range; refuses a number without its unit.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A length of virtual time in nanoseconds, written `150us`, `1.5s`, `24min`; at most 1,000 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Nanoseconds.
    pub ns: u64,
}

/// Events per second, written `40k/s`, `2M/s`, `30/min`; at most 10^12 a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate {
    /// Events per second.
    pub per_s: f64,
}

/// A part of a whole, written `25%`; from `0%` to `100%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share {
    /// From 0 to 1.
    pub ratio: f64,
}

/// A whole number of things, written `64`, `300k`, `9M`, `1.5G`; at most 10^15.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount {
    /// How many.
    pub count: u64,
}

impl Time {
    /// The longest time a scenario may name.
    pub const MAX_NS: u64 = 3_600_000 * 1_000_000_000;

    /// From whole seconds.
    #[must_use]
    pub const fn from_s(s: u64) -> Self {
        Self { ns: s * 1_000_000_000 }
    }

    /// From whole milliseconds.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self { ns: ms * 1_000_000 }
    }

    /// In seconds.
    #[must_use]
    pub fn s(self) -> f64 {
        self.ns as f64 / 1e9
    }

    /// The whole seconds, if there is no part of a second beside them.
    #[must_use]
    pub fn whole_s(self) -> Option<u64> {
        self.ns.is_multiple_of(1_000_000_000).then_some(self.ns / 1_000_000_000)
    }
}

const TIME_UNITS: &[(&str, f64)] = &[("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9), ("h", 3600e9)];
const RATE_UNITS: &[(&str, f64)] = &[("s", 1.0), ("min", 1.0 / 60.0), ("h", 1.0 / 3600.0)];
const MULTIPLES: &[(&str, f64)] = &[("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9)];

/// Splits `1.5ms` into its number and the rest.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-' || c == '+' || c == '_'))
        .unwrap_or(text.len());
    let number: f64 = text[..end].replace('_', "").parse().ok()?;
    Some((number, &text[end..]))
}

fn known<'a>(units: &'a [(&'a str, f64)], unit: &str) -> Option<f64> {
    units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((number, unit)) = split_number(text.trim()) else {
            return Err(format!("`{text}` is not a time; write it like 250ms, 5s or 24min"));
        };
        if unit.is_empty() {
            return Err(format!("`{text}` has no unit; write {text}ms, {text}s or {text}min"));
        }
        let Some(factor) = known(TIME_UNITS, unit) else {
            return Err(format!("`{unit}` is not a unit of time; use ns, us, ms, s, min or h"));
        };
        let ns = number * factor;
        if ns < 0.0 {
            return Err(format!("`{text}` is negative; a time is at least 0s"));
        }
        if ns > Self::MAX_NS as f64 {
            return Err(format!("`{text}` is longer than 1000h"));
        }
        Ok(Self { ns: ns.round() as u64 })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, factor) in
            [("h", 3_600_000_000_000), ("min", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)]
        {
            if self.ns >= factor && self.ns.is_multiple_of(factor) {
                return write!(f, "{}{unit}", self.ns / factor);
            }
        }
        match self.ns {
            0 => write!(f, "0s"),
            ns => write!(f, "{ns}ns"),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((number, rest)) = split_number(text.trim()) else {
            return Err(format!("`{text}` is not a rate; write it like 100/s, 40k/s or 30/min"));
        };
        let Some((multiple, unit)) = rest.split_once('/') else {
            return Err(format!("`{text}` has no unit; a rate is written {text}/s or {text}/min"));
        };
        let (Some(multiple), Some(unit)) = (known(MULTIPLES, multiple), known(RATE_UNITS, unit)) else {
            return Err(format!("`{rest}` is not a unit of rate; use /s, k/s, M/s, /min or /h"));
        };
        let per_s = number * multiple * unit;
        if per_s < 0.0 {
            return Err(format!("`{text}` is negative; a rate is at least 0/s"));
        }
        if per_s > 1e12 {
            return Err(format!("`{text}` is more than 1000G/s"));
        }
        Ok(Self { per_s: per_s + 0.0 }) // -0 is 0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (multiple, factor) in [("G", 1e9), ("M", 1e6), ("k", 1e3)] {
            if self.per_s >= factor {
                // Only where the text gives back the same rate: a resolved scenario is read again.
                let text = format!("{}{multiple}/s", self.per_s / factor);
                if text.parse() == Ok(*self) {
                    return f.write_str(&text);
                }
            }
        }
        write!(f, "{}/s", self.per_s)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((number, unit)) = split_number(text.trim()) else {
            return Err(format!("`{text}` is not a share; write it like 25%"));
        };
        if unit != "%" {
            return Err(format!("`{text}` has no percent sign; a share is written like 25%"));
        }
        if !(0.0..=100.0).contains(&number) {
            return Err(format!("`{text}` is outside 0% to 100%"));
        }
        Ok(Self { ratio: number / 100.0 + 0.0 }) // -0% is 0%
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Through a decimal rounding, so that 0.018 prints as 1.8% and not as 1.7999999999999998%.
        let percent = format!("{:.9}", self.ratio * 100.0);
        let text = format!("{}%", percent.trim_end_matches('0').trim_end_matches('.'));
        if text.parse() == Ok(*self) {
            return f.write_str(&text);
        }
        // More digits were given. A resolved scenario is read again, so the text must give back the same share.
        let percent = self.ratio * 100.0;
        for neighbour in [percent, percent.next_down(), percent.next_up()] {
            let text = format!("{neighbour}%");
            if text.parse() == Ok(*self) {
                return f.write_str(&text);
            }
        }
        write!(f, "{percent}%")
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((number, multiple)) = split_number(text.trim()) else {
            return Err(format!("`{text}` is not a number; write it like 64, 300k or 9M"));
        };
        let Some(factor) = known(MULTIPLES, multiple) else {
            return Err(format!("`{multiple}` is not a multiple; use k, M or G"));
        };
        let count = (number * factor).round();
        if count < 0.0 {
            return Err(format!("`{text}` is negative; a number of things is at least 0"));
        }
        if count > 1e15 {
            return Err(format!("`{text}` is more than 10^15"));
        }
        if (number * factor - count).abs() > 1e-6 {
            return Err(format!("`{text}` is not a whole number"));
        }
        Ok(Self { count: count as u64 })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (multiple, factor) in [("G", 1_000_000_000), ("M", 1_000_000), ("k", 1_000)] {
            if self.count >= factor && self.count.is_multiple_of(factor) {
                return write!(f, "{}{multiple}", self.count / factor);
            }
        }
        write!(f, "{}", self.count)
    }
}

/// The name under which a unit stands in the schema's `format`, so that the validator can check its text.
macro_rules! unit {
    ($type:ident, $format:literal, $pattern:literal, $example:literal, numbers: $numbers:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Scalar {
                    Whole(u64),
                    Text(String),
                }
                match Scalar::deserialize(deserializer)? {
                    Scalar::Whole(number) => number.to_string().parse(),
                    Scalar::Text(text) => text.parse(),
                }
                .map_err(D::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                if $numbers {
                    json_schema!({ "type": ["string", "integer"], "format": $format, "pattern": $pattern, "minimum": 0, "examples": [$example] })
                } else {
                    json_schema!({ "type": "string", "format": $format, "pattern": $pattern, "examples": [$example] })
                }
            }
        }
    };
}

unit!(Time, "time", r"^\+?[0-9._]+(ns|us|ms|s|min|h)$", "250ms", numbers: false);
unit!(Rate, "rate", r"^\+?[0-9._]+[kMG]?/(s|min|h)$", "40k/s", numbers: false);
unit!(Share, "share", r"^\+?[0-9._]+%$", "25%", numbers: false);
unit!(Amount, "amount", r"^\+?[0-9._]+[kMG]?$", "9M", numbers: true);
