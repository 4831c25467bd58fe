//! A hint to the processor: memory that is going to be read soon.
//!
//! One of two places of the pure crates with `unsafe`, for two reasons. A frame that was last touched seconds ago is not in any cache, and an
//! event that waits for it costs as much as two that don't; `docs/decisions/0008-the-engine-at-speed.md` has the figures. And Rust has
//! no safe form of it yet: its own hints are unstable, and a load would stall where a hint does not. A hint reads nothing and can't fail,
//! whatever the address.

/// Says that what lies at `place` is going to be read or written soon; there need not be anything.
#[inline(always)]
#[allow(unsafe_code)]
pub fn soon<T>(place: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch of any address is allowed, and every x86-64 has SSE.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
