//! Frames: one for each call under way, each statement under way, and each shopper; 64 bytes, recycled.
//!
//! Owns the arena and the queues that run through it. Refuses generations: a frame is freed only when no
//! event can still name it, and a timeout is valid only while the frame carries its stamp.

use doorbuster_model::key::Key;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::prefetch::soon;

/// Index of a frame; [`NIL`] is none.
pub(crate) type FrameId = u32;
/// No frame.
pub(crate) const NIL: FrameId = FrameId::MAX;
/// The pod of a shopper: none.
pub(crate) const NO_POD: u16 = u16::MAX;

/// What a frame is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Nothing: it is not in use.
    #[default]
    Free,
    /// A call on its way to its pod.
    Transit,
    /// Waiting for a worker.
    AcceptQueue,
    /// Has a worker from this tick on.
    Beginning,
    /// Working on a core, or waiting for one.
    Computing,
    /// Letting time pass.
    Waiting,
    /// Letting time pass before a further try.
    Backoff,
    /// Waiting for the frame `child`.
    Awaiting,
    /// Waiting for its strands.
    Forked,
    /// Working on a core, or waiting for one, to be turned away.
    Rejecting,
    /// Working on a core, or waiting for one, on an answer that did not come in time.
    TimingOut,
    /// Working on a core, or waiting for one, on a further try.
    Retrying,
    /// Its answer is on its way to the caller.
    Returning,
    /// Ended, but a cancellation is still on its way here.
    Ended,
    /// A statement waiting for a connection.
    PoolQueue,
    /// A statement that waited for a connection in vain: working on a core of its pod, or waiting for one.
    Failing,
    /// A statement on a slow way to its store, or waiting there for a lock.
    HeldUp,
    /// A statement that was lost on its way.
    Lost,
    /// A statement in the store, or its answer on the way back.
    AtStore,
    /// A statement whose answer is taken in: working on a core of its pod, or waiting for one.
    Receiving,
}

/// The caller has told it to stop.
pub(crate) const CANCELLED: u8 = 1;
/// A cancellation is on its way here.
pub(crate) const CANCEL_PENDING: u8 = 2;
/// One of several programs of its parent that run at the same time.
pub(crate) const STRAND: u8 = 4;
/// A shopper who has met a failure in this request.
pub(crate) const AFFECTED: u8 = 8;
/// A statement whose index was lost when it was asked.
pub(crate) const SCANS: u8 = 16;
/// Its answer is marked as declined.
pub(crate) const DECLINED: u8 = 32;

/// Its pod has died.
pub(crate) const KILLED: u8 = 64;
/// The program of a consumer's message: its parent is the partition.
pub(crate) const MESSAGE: u8 = 128;

/// Something under way. Ticks are kept modulo 2^32 (73 minutes); only differences are used.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Frame {
    /// Key of its draws. A statement in a processor-sharing store keeps its number there instead, a message its own key.
    pub(crate) key: Key,
    /// The trace, as a `TraceWord`. A statement in a processor-sharing store keeps its finishing mark instead, a message the trace of
    /// its first consumer.
    pub(crate) trace: u64,
    /// When it reached its pod. A statement keeps its ticks of work at the store there instead.
    pub(crate) arrived: u32,
    /// When a worker took it. A statement's number of waits in vain, then when it was sent.
    pub(crate) started: u32,
    /// When its present call, statement or wait for a core began. Of a statement at a shard when it came
    /// to the cores; at a first-come one when it is done there.
    pub(crate) since: u32,
    /// The shopper's number; the shard of a statement.
    pub(crate) user: u32,
    /// Who waits for it; of a message's program its partition.
    pub(crate) parent: FrameId,
    /// Whom it waits for; while it stands in a queue itself, the one before it there. A message keeps its user there once it is sent.
    pub(crate) child: FrameId,
    /// The one behind it in a queue, or in the list of free frames.
    pub(crate) next: FrameId,
    /// Stamp of its timeout; 0 for none.
    pub(crate) timer: u32,
    /// Ticks of work on a core at hand. A shopper counts the repeats of a request here; who waits for a statement keeps its shard.
    pub(crate) work: u32,
    /// Index of its server span in the trace. A statement keeps the ticks that its answer takes to be taken in.
    pub(crate) span: u32,
    /// Where its program stands. A statement keeps its site here.
    pub(crate) pc: u16,
    /// Its pod, or [`NO_POD`].
    pub(crate) pod: u16,
    /// Which try of the site at hand, from 0; while forked, the first failure of a strand.
    pub(crate) attempt: u8,
    pub(crate) state: State,
    pub(crate) flags: u8,
    /// How it ended; while that takes work, how the try at hand did. Of a statement how it will be answered.
    pub(crate) outcome: Outcome,
}

const _: () = assert!(size_of::<Frame>() == 64);

impl Frame {
    pub(crate) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

const EMPTY: Frame = Frame {
    key: Key(0),
    trace: 0,
    arrived: 0,
    started: 0,
    since: 0,
    user: 0,
    parent: NIL,
    child: NIL,
    next: NIL,
    timer: 0,
    work: 0,
    span: 0,
    pc: 0,
    pod: NO_POD,
    attempt: 0,
    state: State::Free,
    flags: 0,
    outcome: Outcome::Ok,
};

/// All frames of a cell.
pub(crate) struct Arena {
    frames: Vec<Frame>,
    free: FrameId,
    used: usize,
}

impl Arena {
    pub(crate) const fn new() -> Self {
        Self { frames: Vec::new(), free: NIL, used: 0 }
    }

    /// A fresh frame.
    #[inline]
    pub(crate) fn alloc(&mut self, state: State) -> FrameId {
        self.used += 1;
        if self.free == NIL {
            self.extend();
        }
        let id = self.free;
        self.free = self[id].next;
        self[id] = Frame { state, ..EMPTY };
        id
    }

    /// One more frame.
    #[cold]
    #[inline(never)]
    fn extend(&mut self) {
        self.free = self.frames.len() as FrameId;
        self.frames.push(EMPTY);
    }

    /// Gives a frame back.
    #[inline]
    pub(crate) fn free(&mut self, id: FrameId) {
        let free = self.free;
        let frame = &mut self[id];
        assert!(frame.state != State::Free, "invariant: a frame is freed once");
        frame.state = State::Free;
        frame.timer = 0;
        frame.next = free;
        self.free = id;
        self.used -= 1;
    }

    /// Says that a frame is going to be looked at soon, if there is one of this number.
    #[inline]
    pub(crate) fn soon(&self, id: FrameId) {
        soon(self.frames.as_ptr().wrapping_add(id as usize));
    }

    /// Frames in use.
    pub(crate) const fn used(&self) -> usize {
        self.used
    }

    /// All frames, those not in use included.
    pub(crate) fn all(&self) -> &[Frame] {
        &self.frames
    }
}

// Frames are looked up some twenty times an event; checks that a number is in range were a part of 8 % of the instructions
// (`docs/decisions/0008-the-engine-at-speed.md`). Tests make them.
impl std::ops::Index<FrameId> for Arena {
    type Output = Frame;

    #[inline]
    #[allow(unsafe_code)]
    fn index(&self, id: FrameId) -> &Frame {
        debug_assert!((id as usize) < self.frames.len(), "invariant: a frame's number comes from its arena");
        // SAFETY: numbers come from `alloc` of the cell's one arena, which never shrinks; `NIL` is asked for before it is used.
        unsafe { self.frames.get_unchecked(id as usize) }
    }
}

impl std::ops::IndexMut<FrameId> for Arena {
    #[inline]
    #[allow(unsafe_code)]
    fn index_mut(&mut self, id: FrameId) -> &mut Frame {
        debug_assert!((id as usize) < self.frames.len(), "invariant: a frame's number comes from its arena");
        // SAFETY: as for `index`.
        unsafe { self.frames.get_unchecked_mut(id as usize) }
    }
}

/// A first-come, first-served queue that runs through the frames; leaving from the middle costs the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queue {
    head: FrameId,
    tail: FrameId,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self { head: NIL, tail: NIL }
    }

    #[inline]
    pub(crate) fn push(&mut self, frames: &mut Arena, id: FrameId) {
        frames[id].child = self.tail;
        frames[id].next = NIL;
        if self.tail == NIL {
            self.head = id;
        } else {
            frames[self.tail].next = id;
        }
        self.tail = id;
    }

    #[inline]
    pub(crate) fn pop(&mut self, frames: &mut Arena) -> Option<FrameId> {
        let id = self.head;
        if id == NIL {
            return None;
        }
        self.remove(frames, id);
        Some(id)
    }

    pub(crate) fn remove(&mut self, frames: &mut Arena, id: FrameId) {
        let Frame { child: prev, next, .. } = frames[id];
        frames[id].child = NIL;
        if prev == NIL {
            self.head = next;
        } else {
            frames[prev].next = next;
        }
        if next == NIL {
            self.tail = prev;
        } else {
            frames[next].child = prev;
        }
    }
}
