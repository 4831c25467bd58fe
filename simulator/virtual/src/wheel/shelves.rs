//! Shelves: the events of the blocks ahead, each block's in order of scheduling.
//!
//! Owns where they stand: in chunks of eight cache lines that are taken and given back last in, first out. A growing list for each block
//! would keep the room of its fullest time for ever, and copy itself on the way there. Refuses order within a block: that comes
//! when a block is dealt.

use crate::event::{Event, Kind};

/// Events in a chunk: what eight cache lines hold.
const EVENTS: usize = 50;
const NIL: u32 = u32::MAX;

/// An event and its tick within the block, side by side.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Placed {
    event: Event,
    slot: u16,
}

/// Some events of one block, and the chunk that follows.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Chunk {
    placed: [Placed; EVENTS],
    next: u32,
}

const _: () = assert!(size_of::<Chunk>() == 512);

/// The chunks of one block; all but the last are full.
#[derive(Clone, Copy)]
struct Shelf {
    first: u32,
    last: u32,
    /// Events in the last chunk.
    filled: u32,
}

const EMPTY: Shelf = Shelf { first: NIL, last: NIL, filled: 0 };

/// The shelves of the blocks ahead.
pub(super) struct Shelves {
    shelves: Vec<Shelf>,
    chunks: Vec<Chunk>,
    free: u32,
}

/// What is taken off a shelf at once.
pub(super) struct Taken {
    chunk: Chunk,
    filled: usize,
}

impl Taken {
    /// Tick within the block, and event, in order of scheduling.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, Event)> {
        self.chunk.placed.iter().take(self.filled).map(|placed| (usize::from(placed.slot), placed.event))
    }
}

impl Shelves {
    pub(super) fn new(count: usize) -> Self {
        Self { shelves: vec![EMPTY; count], chunks: Vec::new(), free: NIL }
    }

    pub(super) fn are_empty(&self) -> bool {
        self.shelves.iter().all(|shelf| shelf.first == NIL)
    }

    /// Puts an event on a shelf, for a tick within its block.
    #[inline]
    pub(super) fn put(&mut self, shelf: usize, slot: u16, event: Event) {
        if self.shelves[shelf].last == NIL || self.shelves[shelf].filled as usize == EVENTS {
            self.extend(shelf);
        }
        let Shelf { last, filled, .. } = self.shelves[shelf];
        self.shelves[shelf].filled = filled + 1;
        let chunk = &mut self.chunks[last as usize];
        chunk.placed[filled as usize] = Placed { event, slot };
    }

    fn extend(&mut self, shelf: usize) {
        let chunk = self.free;
        let chunk = if chunk == NIL {
            let nothing = Placed { event: Event::new(Kind::Shopper, 0), slot: 0 };
            self.chunks.push(Chunk { placed: [nothing; EVENTS], next: NIL });
            (self.chunks.len() - 1) as u32
        } else {
            self.free = self.chunks[chunk as usize].next;
            self.chunks[chunk as usize].next = NIL;
            chunk
        };
        let of = &mut self.shelves[shelf];
        if of.last == NIL {
            of.first = chunk;
        } else {
            self.chunks[of.last as usize].next = chunk;
        }
        (of.last, of.filled) = (chunk, 0);
    }

    /// Takes the first events off a shelf.
    pub(super) fn take(&mut self, shelf: usize) -> Option<Taken> {
        let Shelf { first, last, filled } = self.shelves[shelf];
        if first == NIL {
            return None;
        }
        let chunk = self.chunks[first as usize];
        let filled = if first == last { filled as usize } else { EVENTS };
        self.shelves[shelf] =
            if first == last { EMPTY } else { Shelf { first: chunk.next, last, ..self.shelves[shelf] } };
        self.chunks[first as usize].next = self.free;
        self.free = first;
        Some(Taken { chunk, filled })
    }
}
