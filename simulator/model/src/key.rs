//! Keys of random draws: a draw is a pure function of where in the model it happens.
//!
//! Owns the mixing of keys. Refuses state: there is no generator that advances, so adding a service
//! reshuffles nothing, and two scenarios share their randomness wherever they share the path.

/// The key of one place in the model: a seed, a cell, a shopper, a call path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u64);

/// Constants of the finaliser of MurmurHash3 as varied by D. Stafford (Mix13), which SplitMix64 uses.
const MULTIPLY_1: u64 = 0xbf58_476d_1ce4_e5b9;
const MULTIPLY_2: u64 = 0x94d0_49bb_1331_11eb;
/// The golden ratio in 64 bits; spreads neighbouring numbers before they are mixed.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A bijection of 64 bits that passes for random.
#[must_use]
#[inline]
pub const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(MULTIPLY_1);
    x = (x ^ (x >> 27)).wrapping_mul(MULTIPLY_2);
    x ^ (x >> 31)
}

/// A name as 64 bits (FNV-1a, then mixed), for use as a place in a key.
#[must_use]
pub const fn name_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x100_0000_01b3);
        i += 1;
    }
    mix(hash)
}

impl Key {
    /// The key of a whole run.
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(GOLDEN)))
    }

    /// The key of a place below this one: `place` says which ([`name_hash`]), `n` which of several.
    #[must_use]
    #[inline]
    pub const fn child(self, place: u64, n: u64) -> Self {
        Self(mix((self.0 ^ place).wrapping_add(n.wrapping_mul(GOLDEN))))
    }

    /// 64 random bits for one purpose at this place.
    #[must_use]
    #[inline]
    pub const fn bits(self, purpose: u64) -> u64 {
        mix(self.0 ^ purpose)
    }
}

/// Whether an event of probability `threshold / 2^32` happens, given random bits.
#[must_use]
#[inline]
pub const fn happens(bits: u64, threshold: u64) -> bool {
    (bits >> 32) < threshold
}

/// A probability as a threshold for [`happens`]; 1 always happens, 0 never.
#[must_use]
pub fn threshold(probability: f64) -> u64 {
    (probability.clamp(0.0, 1.0) * 4_294_967_296.0).round() as u64
}
