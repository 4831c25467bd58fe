//! An event of the wheel: 8 bytes, without its time.

/// What happens, to which thing: 4 bits of kind, 28 of index, 32 of stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event(u64);

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// The next shopper arrives.
    Shopper = 0,
    /// A call reaches its pod.
    Arrive = 1,
    /// A frame that waited for a worker has got one.
    Begin = 2,
    /// A frame's work on a core is done.
    CoreDone = 3,
    /// A frame's wait or backoff is over.
    Resume = 4,
    /// An answer reaches the caller.
    Return = 5,
    /// A store's answer reaches the pod.
    QueryDone = 6,
    /// The caller's cancellation reaches the callee.
    Cancel = 7,
    /// A processor-sharing shard may have finished a statement.
    Wake = 8,
    /// A statement reaches its store after a delay on the way.
    Reach = 9,
    /// The lock that a statement waits for is free.
    Unlock = 10,
    /// A consumer takes the next message of a partition.
    Consume = 11,
    /// A pod stops for a while, or goes on.
    Pause = 12,
    /// A timeout, valid while the frame still carries its stamp.
    Timer = 13,
}

/// Indices are below this.
pub(crate) const MAX_INDEX: u32 = 1 << 28;

impl Event {
    #[inline]
    pub(crate) const fn new(kind: Kind, index: u32) -> Self {
        Self::stamped(kind, index, 0)
    }

    #[inline]
    pub(crate) const fn stamped(kind: Kind, index: u32, stamp: u32) -> Self {
        debug_assert!(index < MAX_INDEX);
        Self((stamp as u64) << 32 | (kind as u64) << 28 | index as u64)
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        match (self.0 >> 28) & 0xf {
            0 => Kind::Shopper,
            1 => Kind::Arrive,
            2 => Kind::Begin,
            3 => Kind::CoreDone,
            4 => Kind::Resume,
            5 => Kind::Return,
            6 => Kind::QueryDone,
            7 => Kind::Cancel,
            8 => Kind::Wake,
            9 => Kind::Reach,
            10 => Kind::Unlock,
            11 => Kind::Consume,
            12 => Kind::Pause,
            _ => Kind::Timer,
        }
    }

    #[inline]
    pub(crate) const fn is_timer(self) -> bool {
        (self.0 >> 28) & 0xf == Kind::Timer as u64
    }

    #[inline]
    pub(crate) const fn index(self) -> u32 {
        self.0 as u32 & (MAX_INDEX - 1)
    }

    #[inline]
    pub(crate) const fn stamp(self) -> u32 {
        (self.0 >> 32) as u32
    }
}
