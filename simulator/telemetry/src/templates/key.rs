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
    wait: Option<Wait>,
    tells_order: bool,
    /// Whether some span of the shape is known to say the number of its trace, so that the count of its digits matters.
    pub(super) is_numbered: bool,
}

impl Facts {
    pub(super) fn new(plan: &Plan, shape: Shape, looks: &SpanShape) -> Self {
        let parent = Parent::of(plan, shape);
        Self { parent, wait: looks.wait, tells_order: looks.tells_order, is_numbered: false }
    }

    #[inline]
    pub(super) fn key(&self, record: &SpanRecord) -> Key {
        let trace = TraceWord(record.trace);
        let [tier, touch_point] = [trace.tier(), trace.touch_point()].map(u64::from);
        let mut bits = u64::from(record.shard) | u64::from(record.attempt) << 16 | u64::from(record.outcome) << 24;
        if record.index == 0 {
            let is_linked = trace.sequence() >> ORIGIN_SHIFT > 0;
            bits |= 1 << 32 | u64::from(is_linked) << 33 | tier << 36 | touch_point << 44;
        } else if self.tells_order {
            bits |= tier << 36;
        }
        if !is_answered(record)
            && let Some(wait) = self.wait
        {
            bits |= u64::from(wait.side(record.duration)) << 34;
        }
        if self.is_numbered {
            bits |= u64::from(digits(trace_of_shopper(record))) << 52;
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

/// Decimal digits of a number.
#[inline]
fn digits(number: u64) -> u32 {
    number.checked_ilog10().unwrap_or_default() + 1
}

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
        // By the golden ratio, whose product's upper bits depend on all of the key.
        let hash = (key.bits ^ u64::from(key.shape) << 48).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mask = self.slots.len() - 1;
        let mut at = (hash >> 32) as usize & mask;
        while self.slots[at].place != FREE && self.slots[at].key != key {
            at = (at + 1) & mask;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let key = |n: u64| Key { shape: (n % 1_000) as u16, bits: n / 1_000 % 10 << (n / 10_000 * 6) };
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
