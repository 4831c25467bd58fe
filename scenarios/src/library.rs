//! The scenarios that come with Doorbuster, inside the program.
//!
//! Owns the list of names and their texts. They are loaded like any other file.

/// Name (the file's stem) and text, in alphabetical order. A new scenario is one more line.
const LIBRARY: &[(&str, &str)] = &[
    ("bad-release", include_str!("../library/bad-release.yaml")),
    ("broker-down", include_str!("../library/broker-down.yaml")),
    ("cache-stampede", include_str!("../library/cache-stampede.yaml")),
    ("clock-skew", include_str!("../library/clock-skew.yaml")),
    ("consumer-stuck", include_str!("../library/consumer-stuck.yaml")),
    ("cpu-hog", include_str!("../library/cpu-hog.yaml")),
    ("database-failover", include_str!("../library/database-failover.yaml")),
    ("flash-sale", include_str!("../library/flash-sale.yaml")),
    ("gc-pauses", include_str!("../library/gc-pauses.yaml")),
    ("hot-key", include_str!("../library/hot-key.yaml")),
    ("inventory-avalanche", include_str!("../library/inventory-avalanche.yaml")),
    ("inventory-avalanche-averted", include_str!("../library/inventory-avalanche-averted.yaml")),
    ("inventory-avalanche-breaker-only", include_str!("../library/inventory-avalanche-breaker-only.yaml")),
    ("inventory-avalanche-pool-only", include_str!("../library/inventory-avalanche-pool-only.yaml")),
    ("lock-contention", include_str!("../library/lock-contention.yaml")),
    ("network-loss", include_str!("../library/network-loss.yaml")),
    ("noisy-tenant", include_str!("../library/noisy-tenant.yaml")),
    ("partition", include_str!("../library/partition.yaml")),
    ("payment-index-loss", include_str!("../library/payment-index-loss.yaml")),
    ("pod-crash", include_str!("../library/pod-crash.yaml")),
    ("provider-outage", include_str!("../library/provider-outage.yaml")),
    ("quiet-day", include_str!("../library/quiet-day.yaml")),
    ("retry-storm", include_str!("../library/retry-storm.yaml")),
    ("sale-warmup", include_str!("../library/sale-warmup.yaml")),
    ("sensitive-alerts", include_str!("../library/sensitive-alerts.yaml")),
    ("shop", include_str!("../library/shop.yaml")),
    ("slow-database", include_str!("../library/slow-database.yaml")),
];

/// Names of the built-in scenarios, in alphabetical order.
#[must_use]
pub fn names() -> Vec<&'static str> {
    LIBRARY.iter().map(|(name, _)| *name).collect()
}

/// Text of a built-in scenario.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    LIBRARY.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
