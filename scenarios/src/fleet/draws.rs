//! Keyed draws: what is drawn is a function of the section's seed, of its purpose, and of what it is drawn for.
//!
//! Owns the mixing, in the manner of `doorbuster-model`'s keys, which this crate may not know. Refuses state and floats.

/// The finaliser of MurmurHash3 as varied by D. Stafford (Mix13), which SplitMix64 uses.
const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The golden ratio in 64 bits; spreads neighbouring numbers before they are mixed.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// All draws of one seed.
#[derive(Clone, Copy)]
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(GOLDEN)))
    }

    /// 64 bits for one purpose, of two numbers that say what for.
    pub(super) fn of(self, purpose: &str, one: usize, other: usize) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64; // FNV-1a
        for byte in purpose.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        let place = mix(self.0 ^ mix(hash)).wrapping_add((one as u64).wrapping_mul(GOLDEN));
        mix(mix(place).wrapping_add((other as u64).wrapping_mul(GOLDEN)))
    }

    /// A number under `count`, which is over 0; every one as likely, to a part in 2^32.
    pub(super) fn below(self, purpose: &str, one: usize, other: usize, count: usize) -> usize {
        (((self.of(purpose, one, other) >> 32) * count as u64) >> 32) as usize
    }
}
