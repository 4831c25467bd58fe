//! The allocator: mimalloc, which keeps the pages that were freed.
//!
//! Owns one option of it. A generator frees and takes megabytes many times a second; pages that go back to the system come again as
//! page faults, and the kernel clears them. Kept for ten seconds instead of ten milliseconds they took 0.317 and 0.321 CPU seconds per
//! million spans instead of 0.350 and 0.335 (`MIMALLOC_PURGE_DELAY=10000 doorbuster bench generator --stage deliver-grpc --rate 300k/s`).

use libmimalloc_sys::{mi_option_set, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of `mimalloc.h`, which the crate does not name; its versions 2 and 3 have it at the same place.
const PURGE_DELAY: mi_option_t = 15;
/// How long freed pages are kept, in ms.
const KEPT_MS: std::ffi::c_long = 10_000;

/// Lets the allocator keep pages; to be called first.
#[allow(unsafe_code)]
pub(crate) fn keep_pages() {
    // SAFETY: the option is one of the enumeration, and takes any number.
    unsafe { mi_option_set(PURGE_DELAY, KEPT_MS) };
}
