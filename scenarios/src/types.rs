//! What a scenario file may say: the types behind the language, and (through `schemars`) its JSON schema.
//!
//! Owns shape, defaults and descriptions. Refuses to know how a file is read (`load`), whether its
//! names fit together (`check`), or how it is played (`doorbuster-model`).

mod faults;
mod fleet;
mod messages;
mod shop;
mod story;
mod traffic;

pub use faults::*;
pub use fleet::*;
pub use messages::*;
pub use shop::*;
pub use story::*;
pub use traffic::*;

use crate::units::{Amount, Time};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One scenario: a shop, its shoppers, what breaks in it, and what is expected to be seen.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// One line that says what the scenario shows.
    pub title: String,
    /// The story in a few sentences: what happens, which mechanism carries it, where it comes from.
    pub story: String,
    /// Clock time of the story at virtual time zero, as `HH:MM`.
    pub clock: String,
    /// Virtual time that is played, warm-up included; whole seconds, at least 1s; 5min when left out.
    pub duration: Time,
    /// Virtual time at the start that no verdict looks at; whole seconds, under the duration; 60s when left out.
    pub warmup: Time,
    /// How the fleet is cut into cells, and how many of them are played.
    pub cells: Cells,
    /// Network between pods.
    pub network: Network,
    /// Services by name.
    pub services: IndexMap<String, Service>,
    /// Stores by name: databases, caches, external providers.
    pub stores: IndexMap<String, Store>,
    /// Generated services behind those written by hand; none when left out.
    #[serde(skip_serializing_if = "Option::is_none")] // a result without them reads as before there were any
    pub fleet: Option<Fleet>,
    /// Share of each user tier (`normal`, `vip`, `svip`); they sum to 100%. All are `normal` when left out.
    pub tiers: IndexMap<String, crate::units::Share>,
    /// Share of each touch point (`web`, `mobile`, `mini_program`, `h5`); they sum to 100%. All are `web` when left out.
    pub touch_points: IndexMap<String, crate::units::Share>,
    /// Journeys by name. A scenario with one endpoint needs none: its journey is that one request.
    pub journeys: IndexMap<String, Journey>,
    /// When shoppers arrive.
    pub traffic: Option<Traffic>,
    /// The operation that the incident is about; needed by `incident.*` and `detection.*` verdicts.
    pub focus: Option<Focus>,
    /// What breaks, by name.
    pub faults: IndexMap<String, Fault>,
    /// What mends it, by name.
    pub remedies: IndexMap<String, Remedy>,
    /// What people do between alert and cause, with the time each step takes: declared, never modelled.
    pub humans: IndexMap<String, Time>,
    /// When a page is sent.
    pub alert: AlertRule,
    /// Expected verdicts by id.
    pub expect: IndexMap<String, Expectation>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            title: String::new(),
            story: String::new(),
            clock: "00:00".to_owned(),
            duration: Time::from_s(300),
            warmup: Time::from_s(60),
            cells: Cells::default(),
            network: Network::default(),
            services: IndexMap::new(),
            stores: IndexMap::new(),
            fleet: None,
            tiers: IndexMap::new(),
            touch_points: IndexMap::new(),
            journeys: IndexMap::new(),
            traffic: None,
            focus: None,
            faults: IndexMap::new(),
            remedies: IndexMap::new(),
            humans: IndexMap::new(),
            alert: AlertRule::default(),
            expect: IndexMap::new(),
        }
    }
}

/// How the fleet is cut into cells.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cells {
    /// Cells of the whole fleet, 1 to 1000. Traffic is that of the fleet; each cell gets its share.
    pub fleet: Amount,
    /// Cells that are played; fleet figures are then labelled as scaled.
    pub play: Amount,
}

impl Default for Cells {
    fn default() -> Self {
        Self { fleet: Amount { count: 1 }, play: Amount { count: 1 } }
    }
}

/// Network between pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// One way between two pods, or between a pod and a store; 0s when left out.
    pub hop: Time,
}

/// The operation that the incident is about.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Focus {
    /// The endpoint at the shop's edge whose success is watched, as `service.endpoint`.
    pub edge: String,
    /// The endpoint whose server span's p99 is watched, as `service.endpoint`.
    pub operation: String,
    /// Value of one order in CNY; the loss is stated in it. The case study's 1e11 CNY over 3.65e9 orders a year make 27.
    #[serde(default)]
    pub order_value: f64,
}
