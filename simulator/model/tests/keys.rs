//! Draws of neighbouring keys are independent, as far as chi-square can tell.

mod chi_square;

use chi_square::{CRITICAL, counts, deviate};
use doorbuster_model::key::{Key, name_hash};

const DRAWS: u64 = 1 << 20;

/// Scenario: a million keys that differ by one in their number, their place or their purpose, under three
/// seeds. Guarantees: each byte of their bits is even, and so is each byte's difference to the neighbour's.
#[test]
fn neighbours_are_uncorrelated() {
    for seed in [0, 1, 12_345] {
        let parent = Key::of_seed(seed).child(name_hash("cell"), 3);
        let place = name_hash("checkout");
        let numbered = |n: u64| parent.child(place, n).bits(7);
        let placed = |n: u64| parent.child(n, 0).bits(7);
        let purposed = |n: u64| parent.child(place, 0).bits(n);
        let nested = |n: u64| parent.child(place, n >> 8).child(place, n & 0xff).bits(7);
        check(seed, "number", numbered);
        check(seed, "place", placed);
        check(seed, "purpose", purposed);
        check(seed, "nested numbers", nested);
    }
}

/// Scenario: bytes that are too even, and bytes of which one value comes 25 % too often. Guarantees: both are seen.
#[test]
fn the_deviate_sees_what_is_not_random() {
    let too_even = deviate(&counts((0..DRAWS).map(|n| n as u8)));
    assert!(too_even < -CRITICAL, "{too_even}");
    let key = Key::of_seed(1);
    let random = (0..DRAWS).map(|n| key.child(1, n).bits(1) as u8);
    assert!(deviate(&counts(random.chain((0..DRAWS / 1024).map(|_| 7)))) > CRITICAL);
}

fn check(seed: u64, what: &str, bits: impl Fn(u64) -> u64) {
    for shift in (0..64).step_by(8) {
        let byte = |n: u64| (bits(n) >> shift) as u8;
        let even = deviate(&counts((0..DRAWS).map(byte)));
        let apart = deviate(&counts((0..DRAWS).map(|n| byte(n).wrapping_sub(byte(n + 1)))));
        assert!(even.abs() < CRITICAL, "seed {seed}, {what}, bit {shift}: byte, deviate {even}");
        assert!(apart.abs() < CRITICAL, "seed {seed}, {what}, bit {shift}: difference, deviate {apart}");
    }
}

/// Scenario: the top bits that choose a table's cell, in pairs of neighbours and of attempts. Guarantees: the 256
/// combinations of the top four bits of one and the other are even.
#[test]
fn cells_of_neighbours_are_uncorrelated() {
    let parent = Key::of_seed(5);
    let place = name_hash("payment");
    let top = |bits: u64| (bits >> 60) as u8;
    let neighbours =
        (0..DRAWS).map(|n| top(parent.child(place, n).bits(1)) << 4 | top(parent.child(place, n + 1).bits(1)));
    let purposes = (0..DRAWS).map(|n| top(parent.child(place, n).bits(1)) << 4 | top(parent.child(place, n).bits(2)));
    for (what, pairs) in [("neighbours", deviate(&counts(neighbours))), ("purposes", deviate(&counts(purposes)))] {
        assert!(pairs.abs() < CRITICAL, "{what}: deviate {pairs}");
    }
}
