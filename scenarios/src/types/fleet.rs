//! Services that are generated behind those written by hand.

use crate::units::{Amount, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Generated services: many small ones behind the shop's own, as a large company has them. Calls go from layer to deeper layer
/// only. The same section gives the same services.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// Services in all, those written by hand included; at most 1,000. What is missing is generated.
    pub services: Amount,
    /// Pods of a cell in all, those of the services written by hand included; at most 10,000 of them left to generated ones. Busier services get more.
    pub pods: Amount,
    /// Decides who calls whom, and what it costs; 1 when left out. Nothing to do with the seed of a run.
    #[serde(default = "one")]
    pub seed: Amount,
    /// Layers of generated services, 1 to 8; 4 when left out (chosen: with gateway and product in front, traces are six services deep).
    #[serde(default = "four")]
    pub layers: Amount,
    /// Services that a generated service may call, as quantiles over the services that have deeper ones to call.
    #[serde(default)]
    pub fan_out: FanOut,
    /// Share of an endpoint's requests on which it asks its callees; on the others it answers from memory. 25% when left out (chosen).
    #[serde(default = "quarter")]
    pub asks: Share,
    /// Share of generated calls that repeat one that the same request has just made, at most 50%; 16% when left out (Luo et al., SoCC 2021).
    #[serde(default = "sixteen_percent")]
    pub repeats: Share,
    /// Spans that one call of each endpoint under `from` makes more, on average; over 0, 1 when left out. Single traces are far larger.
    #[serde(default = "one_span")]
    pub spans: f64,
    /// Endpoints written by hand that ask the generated services, as `service.endpoint`. Together they reach all of them.
    pub from: Vec<String>,
    /// Endpoints written by hand that generated services of the deepest layer ask in their turn; none when left out.
    #[serde(default)]
    pub to: Vec<String>,
}

/// How many services a generated service may call: quantiles over services, with few that call dozens. Those of Meta when left out
/// (Huye et al., USENIX ATC 2023: 4, 13, 93).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FanOut {
    /// Half of the services call at most so many; 1 to 1,000.
    pub p50: Amount,
    /// Nine in ten call at most so many; `p50` to 1,000.
    pub p90: Amount,
    /// 99 in a hundred call at most so many, and none calls more; `p90` to 1,000.
    pub p99: Amount,
}

impl Default for FanOut {
    fn default() -> Self {
        Self { p50: Amount { count: 4 }, p90: Amount { count: 13 }, p99: Amount { count: 93 } }
    }
}

fn one() -> Amount {
    Amount { count: 1 }
}

fn four() -> Amount {
    Amount { count: 4 }
}

fn quarter() -> Share {
    Share { ratio: 0.25 }
}

fn sixteen_percent() -> Share {
    Share { ratio: 0.16 }
}

fn one_span() -> f64 {
    1.0
}
