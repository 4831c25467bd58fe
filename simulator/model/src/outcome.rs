//! How a request, a call or a statement ended.

/// How a request, a call or a statement ended. A failure travels up unchanged, so the edge tells its first cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// With success.
    #[default]
    Ok = 0,
    /// Answered, with neither success nor error: a declined payment.
    Declined = 1,
    /// The answer did not come in time.
    Timeout = 2,
    /// The accept queue was full.
    Refused = 3,
    /// No connection of the pool came free in time.
    PoolTimeout = 4,
    /// The program failed by itself.
    Error = 5,
    /// The caller went away.
    Cancelled = 6,
    /// Turned away at a limit on the rate of requests.
    RateLimited = 7,
    /// Not asked at all: the caller's breaker is open.
    CircuitOpen = 8,
    /// Whoever was asked is down: the connection was refused or broke off.
    Unavailable = 9,
}

impl Outcome {
    /// How many there are.
    pub const COUNT: usize = 10;
    /// All of them, by number.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Ok,
        Self::Declined,
        Self::Timeout,
        Self::Refused,
        Self::PoolTimeout,
        Self::Error,
        Self::Cancelled,
        Self::RateLimited,
        Self::CircuitOpen,
        Self::Unavailable,
    ];

    /// Its name in results, and the value of `error.type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Declined => "declined",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::PoolTimeout => "pool_timeout",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::RateLimited => "rate_limited",
            Self::CircuitOpen => "circuit_open",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether it counts as an error at the server: what its caller did (going away, asking too often) does not.
    #[must_use]
    pub const fn is_servers_fault(self) -> bool {
        !matches!(self, Self::Ok | Self::Declined | Self::Cancelled | Self::RateLimited)
    }

    /// Whether there was an answer without error.
    #[must_use]
    pub const fn answered(self) -> bool {
        matches!(self, Self::Ok | Self::Declined)
    }
}
