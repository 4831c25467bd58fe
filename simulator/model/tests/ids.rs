//! Ids of traces and spans: invertible, unique, and random enough for samplers.

mod chi_square;

use chi_square::{CRITICAL, counts, deviate};
use doorbuster_model::ids::{Ids, trace_number};
use doorbuster_model::key::mix;

const IDS: u64 = 1_000_000;

/// Scenario: the corners of cell, sequence and pass, and a million random ones, under several seeds.
/// Guarantees: an id leads back to what it was made from, and is not 0.
#[test]
fn traces_are_found_again() {
    for seed in [0, 1, u64::MAX, 0xdead_beef] {
        let ids = Ids::new(seed);
        let cells = [0, 1, u16::MAX].into_iter();
        let corners = cells.flat_map(|cell| [0, 1, (1 << 48) - 1].map(|sequence| (cell, sequence)));
        let corners = corners.flat_map(|(cell, sequence)| [0, 1, u16::MAX].map(|pass| (cell, sequence, pass)));
        let random = (0..IDS / 4).map(|i| (mix(i) as u16, mix(i) >> 16, mix(!i) as u16));
        for (cell, sequence, pass) in corners.chain(random) {
            let id = ids.trace_id(cell, sequence, pass);
            assert_ne!(id, 0);
            assert_eq!(ids.locate_trace(id), Some((cell, sequence, pass)), "seed {seed}");
        }
    }
}

/// Scenario: spans of many traces. Guarantees: within its trace an id leads back to its index and is not 0.
#[test]
fn spans_are_found_again() {
    let ids = Ids::new(8);
    for i in 0..IDS {
        let trace = trace_number((i % 10) as u16, i / 10);
        let index = if i % 2 == 0 { (i / 2 % 40) as u32 } else { mix(i) as u32 };
        let id = ids.span_id(trace, index);
        assert_ne!(id, 0);
        assert_eq!(ids.locate_span(trace, id), Some(index));
    }
}

/// Scenario: a million ids that another seed made, random ones, and bits flipped in our own.
/// Guarantees: none passes for a trace of ours; spans of other traces don't pass for a trace's.
#[test]
fn foreign_ids_are_recognised() {
    let (ids, others) = (Ids::new(1), Ids::new(2));
    assert_eq!(ids.locate_trace(0), None);
    for i in 0..IDS {
        assert_eq!(ids.locate_trace(others.trace_id(0, i, 0)), None);
        assert_eq!(ids.locate_trace(u128::from(mix(i)) << 64 | u128::from(mix(!i))), None);
        assert_eq!(ids.locate_trace(ids.trace_id(0, i, 0) ^ 1 << (i % 128)), None);
        // A span passes once in 2^32: with these numbers none does.
        assert_eq!(ids.locate_span(i, ids.span_id(i + 1, 0)), None);
    }
}

/// Scenario: a million traces of ten cells and two passes; their spans; the thousand spans of one trace.
/// Guarantees: no two trace ids are equal, not even in the 56 bits that samplers read; no two span ids are.
#[test]
fn ids_do_not_collide() {
    let ids = Ids::new(3);
    let parts = |i: u64| ((i % 10) as u16, i / 20, (i / 10 % 2) as u16);
    assert_distinct((0..IDS).map(|i| ids.trace_id(parts(i).0, parts(i).1, parts(i).2)));
    assert_distinct((0..IDS).map(|i| ids.trace_id(parts(i).0, parts(i).1, parts(i).2) & ((1 << 56) - 1)));
    assert_distinct((0..IDS).map(|i| ids.span_id(trace_number((i % 10) as u16, i / 100), (i / 10 % 10) as u32)));
    assert_distinct((0..IDS).map(|i| ids.span_id(42, i as u32)));
}

fn assert_distinct<T: Ord>(made: impl Iterator<Item = T>) {
    let mut made: Vec<T> = made.collect();
    made.sort_unstable();
    assert!(made.windows(2).all(|pair| pair[0] != pair[1]));
}

/// FNV-1a-64 over a salt and a trace id, as the collector's probabilistic policy hashes.
fn fnv(id: u128) -> u64 {
    let bytes = b"default-hash-seed".iter().copied().chain(id.to_be_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Scenario: a million traces in sequence, of one cell, and of one sequence number over all cells and passes.
/// Guarantees: even are the top and the low byte of the 56 bits that ratio samplers and the W3C random
/// flag rely on, those of the high half, those of the collector's hash, and those of span ids; and so is
/// the difference between the passes of one trace.
#[test]
fn ids_are_even_where_samplers_look() {
    let ids = Ids::new(4);
    let sequential = |i: u64| ids.trace_id(7, i, 0);
    let passes = |i: u64| ids.trace_id((i >> 16) as u16, 99, i as u16);
    check("sequences", sequential);
    check("passes", passes);
    check("hashes of sequences", |i| u128::from(fnv(sequential(i))));
    check("hashes of passes", |i| u128::from(fnv(passes(i))));
    check("the next pass", |i| ids.trace_id(7, i, 0) ^ ids.trace_id(7, i, 1));
    check("the next sequence", |i| ids.trace_id(7, i, 0) ^ ids.trace_id(7, i + 1, 0));
    check("the next cell", |i| ids.trace_id(7, i, 0) ^ ids.trace_id(8, i, 0));
    check("spans", |i| u128::from(ids.span_id(trace_number(7, i / 12), (i % 12) as u32)));
    check("first spans", |i| u128::from(ids.span_id(trace_number(7, i), 0)));
}

fn check(what: &str, made: impl Fn(u64) -> u128) {
    let high = if made(1) >> 64 == 0 { &[][..] } else { &[64, 120] };
    for shift in [0, 8, 48, 56].iter().chain(high) {
        let deviate = deviate(&counts((0..IDS).map(|i| (made(i) >> shift) as u8)));
        assert!(deviate.abs() < CRITICAL, "{what}, bit {shift}: deviate {deviate}");
    }
}
