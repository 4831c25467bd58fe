//! Which of many keys is asked for: a Zipf law as a table of integers.
//!
//! Owns the road from an exponent to a table, and from random bits to a key. The law is the continuous one (density `x^-s` from 1 to
//! `keys + 1`, rounded down), whose inverse is a formula: 1,024 parts of equal probability, straight within each.

/// Parts of equal probability.
const PARTS: usize = 1_024;
/// Bits that choose the part.
const PART_BITS: u32 = PARTS.ilog2();

/// How unevenly keys are asked for.
#[derive(Clone, Debug)]
pub struct Popularity {
    /// Where each part begins, and where the last one ends, in 2^-16 of a key.
    bounds: Box<[u64]>,
    keys: u32,
}

impl Popularity {
    /// Of `keys` keys, the most wanted first, by a Zipf law with exponent `skew`.
    #[must_use]
    pub fn new(keys: u32, skew: f64) -> Self {
        let last = f64::from(keys) + 1.0;
        let at = |part: usize| {
            let u = part as f64 / PARTS as f64;
            // The inverse of the distribution function; at exponent 1 it is an exponential.
            let x = if (skew - 1.0).abs() < 1e-9 {
                libm::pow(last, u)
            } else {
                libm::pow(1.0 + u * (libm::pow(last, 1.0 - skew) - 1.0), 1.0 / (1.0 - skew))
            };
            ((x - 1.0) * 65_536.0).max(0.0) as u64
        };
        Self { bounds: (0..=PARTS).map(at).collect(), keys }
    }

    /// The key that 64 random bits stand for.
    #[must_use]
    #[inline]
    pub fn key(&self, bits: u64) -> u32 {
        let part = (bits >> (64 - PART_BITS)) as usize;
        let within = (bits >> 22) & 0xffff_ffff;
        let (from, to) = (self.bounds[part], self.bounds[part + 1]);
        let place = from + ((u128::from(to - from) * u128::from(within)) >> 32) as u64;
        ((place >> 16) as u32).min(self.keys - 1)
    }

    /// How many keys there are.
    #[must_use]
    pub const fn keys(&self) -> u32 {
        self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::Popularity;
    use crate::key::mix;

    /// Scenario: a thousand keys at exponents 0, 0.8 and 1. Guarantees: shares of the first ten and hundred keys are the law's.
    #[test]
    fn shares_are_those_of_the_law() {
        for skew in [0.0_f64, 0.8, 1.0] {
            let popularity = Popularity::new(1_000, skew);
            let of_law = |upto: f64| {
                let mass =
                    |x: f64| if skew > 0.9 { libm::log(x) } else { (libm::pow(x, 1.0 - skew) - 1.0) / (1.0 - skew) };
                mass(upto + 1.0) / mass(1_001.0)
            };
            let draws = 200_000_u64;
            let drawn: Vec<u32> = (0..draws).map(|n| popularity.key(mix(n))).collect();
            for upto in [10_u32, 100] {
                let share = drawn.iter().filter(|key| **key < upto).count() as f64 / draws as f64;
                let wanted = of_law(f64::from(upto));
                assert!((share - wanted).abs() < 0.005, "{share} of the first {upto} at {skew}, not {wanted}");
            }
            assert!(drawn.iter().all(|key| *key < 1_000));
        }
    }
}
