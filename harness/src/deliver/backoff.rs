//! How long to wait before another try.
//!
//! Owns the growth and the jitter, which is a hash of the seed and not a generator: the same tries wait the same times.

use doorbuster_model::key::mix;
use std::time::Duration;

/// The first wait, before jitter. Chosen: far above a round trip, far below a person's patience.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait, before what an endpoint asks for. The collector's exporters wait for 30 s at most; chosen shorter, since a
/// load test is.
const LONGEST: Duration = Duration::from_secs(5);

/// The wait after `tries` failed tries: doubles each time, of which half is jitter from `key`; no shorter than `asked`, which the
/// endpoint asked for.
pub(super) fn wait(tries: u32, key: u64, asked: Option<Duration>) -> Duration {
    let doubled = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST);
    let half = doubled / 2;
    let part = mix(key ^ u64::from(tries)) >> 32;
    let jitter = half.as_nanos() as u64 * part >> 32;
    (half + Duration::from_nanos(jitter)).max(asked.unwrap_or_default())
}
