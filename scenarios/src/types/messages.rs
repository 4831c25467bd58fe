//! Messages and caches: topics, who publishes to them, who consumes them; values that are looked up before they are asked for.

use super::Draw;
use super::shop::{Breaker, Retry, Step};
use crate::units::{Amount, Share, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A topic of a store of kind `kafka`: messages in the order in which they came, on each of its partitions.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Partitions in each cell, 1 to 1,000; a user's messages are on one of them. Broker `i` of `n` leads every `n`-th one.
    pub partitions: Amount,
    /// Time on a core of the broker to append one message, replication included.
    pub cost: Draw,
}

/// A message to a topic. The step waits until the broker has it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The store, of kind `kafka`.
    pub store: String,
    /// One of its topics.
    pub topic: String,
    /// Longest wait for the broker's acknowledgement; no limit when left out.
    #[serde(default)]
    pub timeout: Option<Time>,
    /// Further tries after a failure. A message whose acknowledgement came too late is there twice then.
    #[serde(default)]
    pub retry: Option<Retry>,
    /// Stops asking for a while when too many tries fail or are slow; none when left out.
    #[serde(default)]
    pub breaker: Option<Breaker>,
    /// Go on when it failed, as if there had been nothing to say.
    #[serde(default)]
    pub optional: bool,
    /// Steps taken instead when it failed.
    #[serde(default)]
    pub fallback: Vec<Step>,
}

/// A consumer group: it takes every message of a topic, those of one partition one after the other.
///
/// Partition `i` of a cell is read by the `i`-th of the pods that are in rotation, counted round. A message that fails is logged and
/// passed over; one whose pod dies is taken up again by another.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// The store, of kind `kafka`.
    pub store: String,
    /// One of its topics.
    pub topic: String,
    /// The program that each message starts, in a trace of its own that links to the message's.
    #[serde(rename = "do")]
    pub program: Vec<Step>,
}

/// A value that is looked up in a cache first: a hit goes on with the next step, a miss takes `on_miss` and then fills the cache.
///
/// A lookup misses by chance (`miss`: entries that expired or were never there), and for each key whose entry was flushed and not
/// filled again. A lookup that fails is a miss.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cached {
    /// The store that caches.
    pub store: String,
    /// Its statement that looks up.
    pub get: String,
    /// Its statement that fills; a miss fills nothing when left out, so that a flush would last.
    #[serde(default)]
    pub put: Option<String>,
    /// Longest wait for either; no limit when left out.
    #[serde(default)]
    pub timeout: Option<Time>,
    /// Keys in each cell that are asked for, 1 to 10,000,000.
    pub keys: Amount,
    /// How unevenly they are asked for: the exponent of a Zipf law, 0 to 3; 1 when left out.
    #[serde(default = "one")]
    pub skew: f64,
    /// Lookups that miss by chance.
    pub miss: Share,
    /// Steps taken at a miss.
    pub on_miss: Vec<Step>,
}

fn one() -> f64 {
    1.0
}
