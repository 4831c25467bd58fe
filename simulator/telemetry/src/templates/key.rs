//! What decides how a record looks, its numbers apart, and where the templates of each look lie.
//!
//! Owns the packing of that into a key, and the table. A key may tell records apart that look alike, which costs a template; never the other
//! way round. Refuses to know what the parts of a key change.

use crate::record::{SpanRecord, TraceWord};
use crate::shapes::{Parent, SpanShape, Wait, trace_of_shopper};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{ORIGIN_SHIFT, Plan, Shape};

/// What decides how a record looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    shape: u16,
    bits: u64,
}

/// What all records of a shape have in common, as far as keys and numbers go.
pub(super) struct Facts {
    pub(super) parent: Parent,
    /// Parts of a key that always matter.
    always: u64,
    wait: Option<Wait>,
}

const ROOT: u64 = 1 << 32;
const LINKED: u32 = 33;
const SIDE: u32 = 34;
const TIER: u32 = 36;
const TOUCH_POINT: u32 = 44;
const DIGITS: u32 = 52;

impl Facts {
    pub(super) fn new(plan: &Plan, shape: Shape, looks: &SpanShape) -> Self {
        let parent = Parent::of(plan, shape);
        let tier = if looks.tells_order { 0xff << TIER } else { 0 };
        Self { parent, always: 0xffff_ffff | tier, wait: looks.wait }
    }

    /// Some span of the shape says the number of its trace, so the count of its digits matters.
    pub(super) fn says_number(&mut self) {
        self.always |= 0xff << DIGITS;
    }

    #[inline]
    pub(super) fn key(&self, record: &SpanRecord) -> Key {
        let trace = TraceWord(record.trace);
        let is_linked = u64::from(trace.sequence() >> ORIGIN_SHIFT > 0);
        let all = u64::from(record.shard)
            | u64::from(record.attempt) << 16
            | u64::from(record.outcome) << 24
            | is_linked << LINKED
            | u64::from(trace.tier()) << TIER
            | u64::from(trace.touch_point()) << TOUCH_POINT
            | u64::from(digits(trace_of_shopper(record))) << DIGITS;
        // What matters is chosen without a branch: which kind of span comes next is anybody's guess.
        let at_root =
            u64::from(record.index == 0).wrapping_neg() & (ROOT | 1 << LINKED | 0xff << TIER | 0xff << TOUCH_POINT);
        let mut bits = all & (self.always | at_root) | at_root & ROOT;
        if !is_answered(record)
            && let Some(wait) = self.wait
        {
            bits |= u64::from(wait.side(record.duration)) << SIDE;
        }
        Key { shape: record.shape, bits }
    }
}

/// Whether a record is of an answer without error.
#[inline]
pub(super) fn is_answered(record: &SpanRecord) -> bool {
    record.outcome <= Outcome::Declined as u8
}

const _: () = assert!(Outcome::Ok.answered() && Outcome::Declined.answered() && Outcome::Declined as u8 == 1);

/// Decimal digits of a number below 2^40.
#[inline]
fn digits(number: u64) -> u32 {
    // 1,233 / 4,096 is the logarithm of 2, exactly enough up to here.
    let guess = ((u64::BITS - (number | 1).leading_zeros()) * 1_233) >> 12;
    guess + u32::from(number >= POWERS[guess as usize & 15])
}

/// Powers of ten; nothing has no digit, yet takes one.
const POWERS: [u64; 16] = {
    let mut powers = [0; 16];
    let mut n = 1;
    while n < powers.len() {
        powers[n] = 10_u64.pow(n as u32);
        n += 1;
    }
    powers
};

/// Two numbers of as many digits, with another digit at every place where numbers below 2^40 of so many digits can differ.
pub(super) fn sample_numbers(number: u64) -> [u64; 2] {
    const MOST: u64 = 1 << ORIGIN_SHIFT;
    let ones = 10_u64.pow(digits(number)) / 9;
    if 2 * ones < MOST {
        return [ones, 2 * ones];
    }
    // 2^40 is 1,099,511,627,776: the longest numbers all begin with 10.
    let (first, rest) = (10_u64.pow(digits(number) - 1), ones / 100);
    [first + rest, first + 2 * rest]
}

/// Places of templates by key: open addressing, at most half full.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    filled: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    key: Key,
    /// [`FREE`] for none.
    place: u32,
}

const FREE: u32 = u32::MAX;
/// Slots at the beginning.
const LEAST_SLOTS: usize = 256;

impl Table {
    #[inline]
    pub(super) fn find(&self, key: Key) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.slots[self.slot(key)];
        (slot.place != FREE).then_some(slot.place as usize)
    }

    /// Enters a key that is not there.
    pub(super) fn insert(&mut self, key: Key, place: usize) {
        if self.slots.len() <= 2 * self.filled {
            let free = Slot { key: Key { shape: 0, bits: 0 }, place: FREE };
            let more = vec![free; LEAST_SLOTS.max(2 * self.slots.len())];
            for slot in std::mem::replace(&mut self.slots, more).into_iter().filter(|slot| slot.place != FREE) {
                self.put(slot);
            }
        }
        self.filled += 1;
        self.put(Slot { key, place: u32::try_from(place).expect("invariant: templates are bounded") });
    }

    fn put(&mut self, slot: Slot) {
        let at = self.slot(slot.key);
        self.slots[at] = slot;
    }

    /// Where a key is, or would be.
    #[inline]
    fn slot(&self, key: Key) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash(key) as usize & mask;
        while self.slots[at].place != FREE && self.slots[at].key != key {
            at = (at + 1) & mask;
        }
        at
    }
}

/// 32 bits that depend on all of a key: products carry upwards only, so their upper halves do.
#[inline]
fn hash(key: Key) -> u64 {
    let shape = u64::from(key.shape).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let product = u128::from(key.bits ^ shape) * 0x9e37_79b9_7f4a_7c15;
    (product as u64 ^ (product >> 64) as u64) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: keys as a shop has them: two thousand shapes with eight shards, numbers of seven and eight digits, two outcomes; and
    /// roots of twelve kinds of shopper.
    /// *Guarantees*: the slots of a table half full are spread as by chance: in no more than a fifth of the cases a slot is another's.
    #[test]
    fn keys_are_spread() {
        let keys = (0..2_000_u16).flat_map(|shape| {
            let calls = (0..32_u64).map(|n| (n % 8) | (n / 8 % 2) << 25 | (7 + n / 16) << DIGITS);
            let roots = (0..12_u64).map(|n| ROOT | (n % 3) << TIER | (n / 3) << TOUCH_POINT);
            calls.chain(roots).map(move |bits| Key { shape, bits })
        });
        let keys: Vec<Key> = keys.collect();
        let slots = (2 * keys.len()).next_power_of_two();
        let mut taken = vec![false; slots];
        let again = keys.iter().filter(|key| {
            let slot = hash(**key) as usize & (slots - 1);
            std::mem::replace(&mut taken[slot], true)
        });
        let share = again.count() as f64 / keys.len() as f64;
        assert!(share < 0.2, "{share}");
    }

    /// *Scenario*: numbers around every power of ten up to the largest. *Guarantees*: samples have as many digits, lie below 2^40, and
    /// differ at every digit that is not the same for all.
    #[test]
    fn samples_differ_wherever_numbers_can() {
        let powers = (0..=12).map(|n| 10_u64.pow(n));
        let numbers = powers.flat_map(|power| [power - 1, power, power + 1]).chain([0, (1 << ORIGIN_SHIFT) - 1]);
        for number in numbers {
            let [one, other] = sample_numbers(number);
            let [text, first, second] = [number, one, other].map(|number| number.to_string().into_bytes());
            assert!(first.len() == text.len() && second.len() == text.len() && other < 1 << ORIGIN_SHIFT, "{number}");
            assert_eq!(digits(number) as usize, text.len(), "{number}");
            for (nth, digit) in text.iter().enumerate() {
                let fixed = text.len() == 13 && nth < 2;
                assert_eq!(first[nth] == second[nth], fixed, "{number}");
                assert!(!fixed || *digit == first[nth], "{number}");
            }
        }
    }

    /// *Scenario*: a hundred thousand keys that differ in one part each. *Guarantees*: each is found at its own place, others are not.
    #[test]
    fn every_key_has_its_place() {
        let key = |n: u64| Key { shape: (n % 1_000) as u16, bits: (n / 1_000 % 10) << (n / 10_000 * 6) };
        let mut table = Table::default();
        let mut known = Vec::new();
        for n in 0..100_000 {
            if table.find(key(n)).is_none() {
                table.insert(key(n), known.len());
                known.push(key(n));
            }
        }
        assert!(known.len() > 90_000, "{}", known.len());
        assert!(known.iter().enumerate().all(|(place, key)| table.find(*key) == Some(place)));
        assert_eq!(table.find(Key { shape: 1_000, bits: 0 }), None);
    }
}
