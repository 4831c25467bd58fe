//! The tick of the virtual clock.

/// Nanoseconds in a tick: 1,024, so that nanoseconds and ticks convert by shifts.
pub const TICK_NS: u64 = 1 << TICK_SHIFT;
/// `log2` of [`TICK_NS`].
pub const TICK_SHIFT: u32 = 10;

/// Virtual time, or a length of it, in ticks of [`TICK_NS`].
pub type Ticks = u64;

/// Nanoseconds to ticks, to the nearest; half a tick goes up.
#[must_use]
pub const fn ticks_from_ns(ns: u64) -> Ticks {
    (ns + TICK_NS / 2) >> TICK_SHIFT
}

/// Nanoseconds to ticks, never less than was asked for: bounds (timeouts, epochs) hold to the end.
#[must_use]
pub const fn ticks_up_from_ns(ns: u64) -> Ticks {
    (ns + TICK_NS - 1) >> TICK_SHIFT
}

/// The first tick of a virtual second.
#[must_use]
pub const fn tick_of_second(second: u64) -> Ticks {
    ticks_up_from_ns(second * 1_000_000_000)
}

/// Ticks to nanoseconds.
#[must_use]
pub const fn ns_from_ticks(ticks: Ticks) -> u64 {
    ticks << TICK_SHIFT
}

/// Ticks to seconds.
#[must_use]
pub fn s_from_ticks(ticks: Ticks) -> f64 {
    ticks as f64 * (TICK_NS as f64 / 1e9)
}
