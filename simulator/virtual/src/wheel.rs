//! The wheel: when things happen.
//!
//! Owns time and order. Within a tick events leave in the order in which they were scheduled; timers are
//! marked and left to the engine, which plays them last, in the order of arming. Refuses to know what
//! an event means, and to cancel: a timer that is no longer wanted is dropped when it is met.
//!
//! Two levels. The block of 2^13 ticks (8.4 ms) around now has a list for every tick and a bitmap over
//! them: 33 KiB, so that the place of a new event is in the cache. Later blocks have one list each, dealt out when
//! their block begins; since a block's list is dealt before anything is scheduled directly into the block,
//! order of scheduling is kept.
//! Timeouts that end beyond their season of 2^18 ticks (268 ms) wait in the order of arming and are looked at
//! once, when the season ends: nearly all are over by then, so a 30 s timeout of an answered call never enters a list.

mod shelves;

use crate::event::{Event, Kind};
use shelves::Shelves;
use std::collections::BTreeMap;

/// `log2` of the ticks in a block.
const BLOCK_BITS: u32 = 13;
const BLOCK_TICKS: u64 = 1 << BLOCK_BITS;
const WORDS: usize = (BLOCK_TICKS / 64) as usize;
/// `log2` of the ticks after which timeouts are looked at.
const SEASON_BITS: u32 = 18;
/// Blocks ahead that have a list of their own place: 34 s; those beyond stand in a map.
const NEAR_BLOCKS: usize = 4096;
const NIL: u32 = u32::MAX;
/// Timeouts that are looked at lie so far ahead when the memory of their frames is asked for.
const LOOK_AHEAD: usize = 16;

/// An event and its tick.
type Dated = (u64, Event);

/// All that is going to happen in a cell.
pub(crate) struct Wheel {
    now: u64,
    /// What is left of the list that is being played: its next node, or [`NIL`], and its last one.
    head: u32,
    tail: u32,
    /// Last node of each tick's list, whose `next` is the first one; means something where the bit is set.
    tails: Box<[u32; BLOCK_TICKS as usize]>,
    /// One bit for each tick that has a list.
    bits: Box<[u64; WORDS]>,
    nodes: Vec<Node>,
    free: u32,
    /// What stands in the blocks ahead, by block modulo their number.
    near: Shelves,
    far: BTreeMap<u64, Vec<Dated>>,
    /// Timeouts armed in this season that end beyond it.
    armed: Vec<Dated>,
}

#[derive(Clone, Copy)]
struct Node {
    event: Event,
    next: u32,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self {
            now: 0,
            head: NIL,
            tail: NIL,
            tails: vec![NIL; BLOCK_TICKS as usize].try_into().expect("invariant: of this length"),
            bits: Box::new([0; WORDS]),
            nodes: Vec::new(),
            free: NIL,
            near: Shelves::new(NEAR_BLOCKS),
            far: BTreeMap::new(),
            armed: Vec::new(),
        }
    }

    /// The tick that is being played.
    #[inline]
    pub(crate) const fn now(&self) -> u64 {
        self.now
    }

    /// Schedules an event at a tick that is not over.
    #[inline(always)]
    pub(crate) fn schedule(&mut self, at: u64, event: Event) {
        assert!(at >= self.now, "invariant: time never runs backwards");
        if at ^ self.now < BLOCK_TICKS {
            self.append((at & (BLOCK_TICKS - 1)) as usize, event);
        } else {
            self.shelve(at, event);
        }
    }

    /// Arms a timeout of a frame at a later tick.
    #[inline]
    pub(crate) fn arm(&mut self, at: u64, frame: u32, stamp: u32) {
        assert!(at > self.now, "invariant: a timeout lies ahead: {at} is not after {}", self.now);
        let event = Event::stamped(Kind::Timer, frame, stamp);
        if at >> SEASON_BITS == self.now >> SEASON_BITS {
            self.schedule(at, event);
        } else {
            self.armed.push((at, event));
        }
    }

    /// Moves to the next tick that has an event, at most to `limit`; true if that tick has one.
    /// `live` says whether a timeout is still wanted; `soon` hears of events that come soon.
    #[inline]
    pub(crate) fn advance(&mut self, limit: u64, live: impl Fn(Event) -> bool, soon: impl Fn(Event)) -> bool {
        debug_assert!(limit >= self.now && self.head == NIL);
        loop {
            if let Some(slot) = self.next_slot((self.now & (BLOCK_TICKS - 1)) as usize) {
                let at = (self.now & !(BLOCK_TICKS - 1)) | slot as u64;
                if at > limit {
                    self.now = limit;
                    return false;
                }
                self.now = at;
                self.take(slot);
                return true;
            }
            let next_block = (self.now >> BLOCK_BITS) + 1;
            if next_block << BLOCK_BITS > limit {
                self.now = limit;
                return false;
            }
            self.now = next_block << BLOCK_BITS;
            self.turn(next_block, &live, &soon);
        }
    }

    /// Takes the next event of the tick that is being played.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Event> {
        if self.head == NIL {
            let slot = (self.now & (BLOCK_TICKS - 1)) as usize;
            if self.bits[slot / 64] >> (slot % 64) & 1 == 0 {
                return None;
            }
            self.take(slot);
        }
        let head = self.head;
        let node = &mut self.nodes[head as usize];
        let Node { event, next } = *node;
        node.next = self.free;
        self.free = head;
        self.head = if head == self.tail { NIL } else { next };
        Some(event)
    }

    /// Takes the list of a tick, to be played.
    #[inline]
    fn take(&mut self, slot: usize) {
        self.bits[slot / 64] &= !(1 << (slot % 64));
        self.tail = self.tails[slot];
        self.head = self.nodes[self.tail as usize].next;
    }

    /// Whether nothing is left to happen; timeouts that nobody waits for do not count.
    pub(crate) fn is_idle(&self, live: impl Fn(Event) -> bool) -> bool {
        let is_block_over = self.head == NIL && self.bits.iter().all(|bits| *bits == 0);
        let is_nothing_ahead = || self.near.are_empty() && self.far.is_empty();
        is_block_over && is_nothing_ahead() && !self.armed.iter().any(|(_, event)| live(*event))
    }

    #[inline(always)]
    fn append(&mut self, slot: usize, event: Event) {
        if self.free == NIL {
            self.extend();
        }
        let index = self.free;
        let (word, bit) = (&mut self.bits[slot / 64], 1 << (slot % 64));
        let tail = std::mem::replace(&mut self.tails[slot], index);
        let first = if *word & bit == 0 {
            *word |= bit;
            index
        } else {
            std::mem::replace(&mut self.nodes[tail as usize].next, index)
        };
        let node = &mut self.nodes[index as usize];
        self.free = node.next;
        *node = Node { event, next: first };
    }

    /// One more node.
    #[cold]
    #[inline(never)]
    fn extend(&mut self) {
        self.free = self.nodes.len() as u32;
        self.nodes.push(Node { event: Event::new(Kind::Shopper, 0), next: NIL });
    }

    /// Puts an event on the list of a later block.
    #[inline(never)]
    fn shelve(&mut self, at: u64, event: Event) {
        let block = at >> BLOCK_BITS;
        let ahead = block - (self.now >> BLOCK_BITS);
        if ahead < NEAR_BLOCKS as u64 {
            self.near.put(block as usize % NEAR_BLOCKS, (at & (BLOCK_TICKS - 1)) as u16, event);
        } else {
            self.far.entry(block).or_default().push((at, event));
        }
    }

    /// First slot from `from` on that has a list.
    #[inline]
    fn next_slot(&self, from: usize) -> Option<usize> {
        let word = from / 64;
        let rest = self.bits[word] & (u64::MAX << (from % 64));
        if rest != 0 {
            return Some(word * 64 + rest.trailing_zeros() as usize);
        }
        self.next_slot_after(word)
    }

    /// The same beyond a word.
    #[inline(never)]
    fn next_slot_after(&self, word: usize) -> Option<usize> {
        let next = word + 1;
        let ahead = self.bits[next..].iter().position(|bits| *bits != 0)?;
        Some((next + ahead) * 64 + self.bits[next + ahead].trailing_zeros() as usize)
    }

    /// Begins a block: deals out what was shelved for it, then looks at the timeouts of the season that has ended.
    #[inline(never)]
    fn turn(&mut self, block: u64, live: &impl Fn(Event) -> bool, soon: &impl Fn(Event)) {
        // What stands in the map was scheduled when the block was far: before anything on the shelf.
        if let Some(dated) = self.far.remove(&block) {
            for (at, event) in dated {
                self.deal((at & (BLOCK_TICKS - 1)) as usize, event, live);
            }
        }
        while let Some(taken) = self.near.take(block as usize % NEAR_BLOCKS) {
            taken.iter().for_each(|(_, event)| soon(event));
            for (slot, event) in taken.iter() {
                self.deal(slot, event, live);
            }
        }
        if !block.is_multiple_of(1 << (SEASON_BITS - BLOCK_BITS)) {
            return;
        }
        let mut armed = std::mem::take(&mut self.armed);
        for (nth, &(at, event)) in armed.iter().enumerate() {
            if let Some((_, ahead)) = armed.get(nth + LOOK_AHEAD) {
                soon(*ahead);
            }
            if live(event) {
                self.schedule(at, event);
            }
        }
        armed.clear();
        self.armed = armed;
    }

    fn deal(&mut self, slot: usize, event: Event, live: &impl Fn(Event) -> bool) {
        if !event.is_timer() || live(event) {
            self.append(slot, event);
        }
    }
}

#[cfg(test)]
mod tests;
