//! The scenarios that come with Doorbuster, inside the program.
//!
//! Owns the list of names and their texts. They are loaded like any other file.

/// Name (the file's stem) and text, in alphabetical order. A new scenario is one more line.
const LIBRARY: &[(&str, &str)] = &[
    ("flash-sale", include_str!("../library/flash-sale.yaml")),
    ("inventory-avalanche", include_str!("../library/inventory-avalanche.yaml")),
    ("inventory-avalanche-averted", include_str!("../library/inventory-avalanche-averted.yaml")),
    ("inventory-avalanche-breaker-only", include_str!("../library/inventory-avalanche-breaker-only.yaml")),
    ("inventory-avalanche-pool-only", include_str!("../library/inventory-avalanche-pool-only.yaml")),
    ("payment-index-loss", include_str!("../library/payment-index-loss.yaml")),
    ("quiet-day", include_str!("../library/quiet-day.yaml")),
    ("sale-warmup", include_str!("../library/sale-warmup.yaml")),
    ("shop", include_str!("../library/shop.yaml")),
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
