//! What the business wants on spans: which order, of what amount, for whom.
//!
//! Owns the rule which spans tell it, and the values, which follow from the shopper's trace alone: a consumer's span of a
//! message tells the same order as the spans of the request that published it. Refuses to follow an order
//! over requests: a shopper's payment is another trace than the creation of the order, and tells another number.
//!
//! *Baggage.* `user.tier` travels as W3C baggage with every call and message, from the edge on. A baggage span processor copies an
//! allowed entry onto spans; a fleet allows little, since it is paid for on every span that is stored. Here
//! it is copied onto the span that starts a trace (the edge's, and a consumer's, which has it from the message), where samplers
//! look for it, and onto the server spans that tell an order: one span in twelve or so instead of every one, which at some
//! 20 bytes each is 2 % of what a span takes. A tenant travels with it in shops that have several; this one has one, so the
//! entry would say the same on every span, and `service.namespace` of the resource says it already. Baggage itself is not
//! a part of spans, so nothing else of it is to be seen.

use super::{Attribute, text, trace_of_shopper};
use crate::record::SpanRecord;
use crate::shapes::Value;
use doorbuster_model::key::{Key, name_hash};
use doorbuster_model::plan::{Endpoint, Plan};

/// Endpoints that create orders or take payments, with their service where the name alone would not tell.
const ENDPOINTS: [(&str, Option<&str>); 7] = [
    ("create_order", None),
    ("pay", None),
    ("payment_callback", None),
    ("create", Some("order")),
    ("mark_paid", Some("order")),
    ("open", Some("payment")),
    ("callback", Some("payment")),
];
/// Topics whose messages are about an order, by how their names begin.
const TOPICS: [&str; 2] = ["order.", "payment."];

/// Least amount of an order, in hundredths of CNY: chosen.
const LEAST_CENTS: u64 = 100;
/// What the mean is above the least. The case study's shop turns over 1e11 CNY a year in 1e7 orders a day: 27.40 CNY each.
const MEAN_ABOVE_CENTS: u64 = 2_640;
/// The mean of a product of two numbers between 0 and 1 is a quarter.
const TIMES_MEAN: u64 = 4;

/// Whether the spans of an endpoint or consumer tell an order.
pub(super) fn tells_order(plan: &Plan, endpoint: &Endpoint) -> bool {
    if let Some(consumer) = endpoint.consumes {
        let topic = &plan.statements[usize::from(plan.consumers[usize::from(consumer)].topic)].name;
        return TOPICS.iter().any(|start| topic.starts_with(start));
    }
    let service = &plan.services[usize::from(endpoint.service)].name;
    let is_it = |(name, of): &(&str, Option<&str>)| endpoint.name == *name && of.is_none_or(|of| of == service);
    ENDPOINTS.iter().any(is_it)
}

/// Keys of [`Orders::attributes`].
pub(super) const KEYS: [&str; 2] = ["order.id", "order.amount"];

/// The orders of one cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orders {
    key: Key,
    cell: u16,
}

impl Orders {
    pub(super) fn new(seed: u64, cell: u16) -> Self {
        Self { key: Key::of_seed(seed).child(name_hash("order"), u64::from(cell)), cell }
    }

    /// An order has a number of its own in the fleet.
    pub(super) fn attributes(&self, record: &SpanRecord) -> [Attribute; 2] {
        let trace = trace_of_shopper(record);
        let id = format!("o{}-{trace}", self.cell);
        [text(KEYS[0], &id), (KEYS[1], Value::Hundredths(self.hundredths(trace)))]
    }

    /// The amount of the order of a shopper's trace. Amounts are skewed, as products of two even chances are: half of them
    /// are below 21 CNY, none is above 107.
    pub(super) fn hundredths(&self, trace: u64) -> i64 {
        let bits = self.key.bits(trace);
        let product = ((bits >> 32) * (bits & 0xffff_ffff)) >> 32;
        (LEAST_CENTS + ((TIMES_MEAN * MEAN_ABOVE_CENTS * product) >> 32)) as i64
    }
}
