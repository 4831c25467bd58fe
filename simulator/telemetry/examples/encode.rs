//! What it costs to encode a span: `cargo run --release -p doorbuster-telemetry --example encode`.
//!
//! Prints nanoseconds per span (of the best of several runs, on one thread that never waits) and bytes per span of the plain and the fast encoder, over a stream of batches as the pods of a cell
//! export them, and over one batch again and again; then what only copying the same bytes takes. Every request of the shop is
//! asked for equally often and each span goes well at the first try, so the mix is not that of a scenario.
#![allow(clippy::disallowed_types, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, reason = "it tells what it measured")]

use doorbuster_model::compile::compile;
use doorbuster_model::key::{Key, mix};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{EndpointId, Instr, ORIGIN_SHIFT, Plan, SiteId, Target, way};
use doorbuster_scenarios::{Source, load};
use doorbuster_telemetry::encode::{Encoder, Place};
use doorbuster_telemetry::record::{Batch, Consumer, SpanRecord, TraceWord};
use doorbuster_telemetry::sdk::{Sdk, Settings};
use doorbuster_telemetry::tally::Tally;
use doorbuster_telemetry::templates::FastEncoder;
use std::hint::black_box;
use std::time::Instant;

const SCENARIO: &str = "payment-index-loss";
const PLACE: Place = Place { cell: 1, pass: 0, epoch_unix_ns: 1_760_000_000_000_000_000 };
const SPANS: usize = 1_000_000;
/// Ticks between requests: some 50,000 a second, as a cell has at peak.
const GAP_TICKS: u64 = 20;
/// Number of the first trace: that of the twentieth second or so.
const FIRST: u64 = 1_000_000;
/// A body is closed there.
const BODY_BYTES: usize = 512 * 1024;
/// The best of them counts.
const RUNS: usize = 7;

fn main() {
    let loaded = load(&Source::Builtin(SCENARIO.to_owned()), &[]).expect("a built-in scenario");
    let plan = compile(SCENARIO, &loaded.scenario, 11);
    let batches = stream(&plan);
    let largest = batches.iter().max_by_key(|batch| batch.spans.len()).expect("batches");
    let one: Vec<Kept> = (0..batches.len() / 4).map(|_| largest.clone()).collect();
    let spans = batches.iter().map(|batch| batch.spans.len()).sum::<usize>();
    println!(
        "`{SCENARIO}`: {spans} spans in {} batches, {} in the batch that is repeated\n",
        batches.len(),
        largest.spans.len()
    );
    println!("| way | ns a span | bytes a span |\n|---|---|---|");
    let plain = Encoder::new(&plan, PLACE);
    let mut fast = FastEncoder::new(&plan, PLACE, &[]);
    row("plain", &batches, |batch, into| plain.append(batch, into, None));
    row("fast", &batches, |batch, into| fast.spans(batch, into, None));
    let mut tally = Tally::default();
    row("fast, with a tally", &batches, |batch, into| fast.spans(batch, into, Some(&mut tally)));
    row("fast, one batch", &one, |batch, into| fast.spans(batch, into, None));
    row("fast, logs (nothing was raised)", &batches, |batch, into| {
        fast.logs(batch, into);
    });
    let failing: Vec<Kept> = batches.iter().map(Kept::failing).collect();
    row("fast, one span in five timed out", &failing, |batch, into| fast.spans(batch, into, None));
    row("fast, logs of those (by span, logged or not)", &failing, |batch, into| {
        fast.logs(batch, into);
    });
    let mut whole = Vec::new();
    fast.spans(&largest.batch(), &mut whole, None);
    let a_span = whole.len() / largest.spans.len();
    row("copying alone, a mean span at a time", &batches, |batch, into| {
        for nth in 0..batch.spans.len() {
            let from = nth * a_span % (whole.len() - a_span);
            into.extend_from_slice(&whole[from..from + a_span]);
        }
    });
    println!("\na new encoder and all its templates: {:.1} ms", templates_ms(&plan, &batches));
}

/// A batch that is kept.
#[derive(Clone)]
struct Kept {
    pod: u16,
    spans: Vec<SpanRecord>,
}

impl Kept {
    /// The same, but that some of it took very long.
    fn failing(&self) -> Self {
        let mut failing = self.clone();
        for record in &mut failing.spans {
            if mix(record.trace ^ u64::from(record.index) << 40).is_multiple_of(5) {
                (record.outcome, record.duration) = (Outcome::Timeout as u8, u32::MAX);
            }
        }
        failing
    }

    fn batch(&self) -> Batch<'_> {
        Batch { pod: self.pod, number: 0, at: 0, spans: &self.spans }
    }
}

#[derive(Default)]
struct Keep(Vec<Kept>);

impl Consumer for Keep {
    fn batch(&mut self, batch: &Batch<'_>) {
        self.0.push(Kept { pod: batch.pod, spans: batch.spans.to_vec() });
    }
}

fn row(name: &str, batches: &[Kept], mut encode: impl FnMut(&Batch<'_>, &mut Vec<u8>)) {
    let spans = batches.iter().map(|batch| batch.spans.len()).sum::<usize>() as f64;
    let mut into = Vec::with_capacity(2 * BODY_BYTES);
    let mut run = || {
        let (start, mut bytes) = (Instant::now(), 0);
        for batch in batches {
            encode(&batch.batch(), &mut into);
            if into.len() >= BODY_BYTES {
                bytes += into.len();
                black_box(&into);
                into.clear();
            }
        }
        bytes += into.len();
        into.clear();
        (start.elapsed().as_nanos() as f64 / spans, bytes as f64 / spans)
    };
    let first = run();
    let best = (1..RUNS).map(|_| run()).fold(first, |best, next| if next.0 < best.0 { next } else { best });
    println!("| {name} | {:.1} | {:.0} |", best.0, best.1);
}

fn templates_ms(plan: &Plan, batches: &[Kept]) -> f64 {
    let start = Instant::now();
    let mut fast = FastEncoder::new(plan, PLACE, &[]);
    let mut into = Vec::new();
    for batch in &batches[..batches.len() / 10] {
        fast.spans(&batch.batch(), &mut into, None);
        into.clear();
    }
    start.elapsed().as_secs_f64() * 1e3
}

/// Traces of every request in turn, as a cell's SDKs export them.
fn stream(plan: &Plan) -> Vec<Kept> {
    let asked: Vec<EndpointId> = plan.code.iter().filter_map(|instr| endpoint_asked(plan, *instr)).collect();
    let pods = plan.services.iter().map(|service| service.pods).sum();
    let mut sdk = Sdk::new(pods, Settings::CASE_STUDY, Key::of_seed(plan.seed));
    let mut keep = Keep::default();
    for nth in 0.. {
        if keep.0.iter().map(|batch| batch.spans.len()).sum::<usize>() >= SPANS {
            break;
        }
        let at = nth * GAP_TICKS;
        while sdk.next_timer() < at {
            let timer = sdk.next_timer();
            sdk.end_of_tick(timer, &mut keep);
        }
        let bits = mix(nth);
        let word = TraceWord::new(
            FIRST + nth,
            (bits % plan.tiers.len() as u64) as u8,
            (bits >> 32) as u8 % plan.touch_points.len() as u8,
        );
        let mut trace = Vec::new();
        let root = asked[(bits >> 40) as usize % asked.len()];
        answer(plan, root, (0, 0), SpanRecord { start: at, ..blank(word.0) }, &mut trace);
        trace.into_iter().for_each(|record| sdk.push(record));
        if sdk.has_due() {
            sdk.end_of_tick(at, &mut keep);
        }
    }
    keep.0
}

fn blank(trace: u64) -> SpanRecord {
    SpanRecord { trace, start: 0, duration: 900, index: 0, shape: 0, pod: 0, outcome: 0, attempt: 0, shard: 0 }
}

fn endpoint_asked(plan: &Plan, instr: Instr) -> Option<EndpointId> {
    let Instr::Request(site) = instr else { return None };
    match plan.sites[usize::from(site)].target {
        Target::Endpoint(endpoint) => Some(endpoint),
        Target::Statement { .. } => None,
    }
}

/// What lies below an endpoint's span, then the span itself, as they end.
fn answer(plan: &Plan, id: EndpointId, (index, shard): (u32, u16), like: SpanRecord, trace: &mut Vec<SpanRecord>) {
    let endpoint = &plan.endpoints[usize::from(id)];
    let service = &plan.services[usize::from(endpoint.service)];
    let pod = service.first_pod + (mix(like.trace ^ u64::from(index)) % u64::from(service.pods_at_first)) as u16;
    for site in sites(plan, id) {
        let site = &plan.sites[usize::from(site)];
        let index = index + site.span_offset;
        let mut asked = SpanRecord { index, pod, shape: site.shape, ..like };
        match site.target {
            Target::Endpoint(callee) => answer(plan, callee, (index + 1, 0), like, trace),
            Target::Statement { statement, .. } => {
                let store = &plan.stores[usize::from(plan.statements[usize::from(statement)].store)];
                asked.shard = (mix(like.trace) % u64::from(store.shards)) as u16;
                if let Some(way) = way(plan, index, statement) {
                    consume(plan, statement, way, like, trace);
                }
            }
        }
        trace.push(asked);
    }
    trace.push(SpanRecord { index, pod, shape: endpoint.shape, shard, ..like });
}

/// The traces of a message.
fn consume(plan: &Plan, topic: u16, way: u64, like: SpanRecord, trace: &mut Vec<SpanRecord>) {
    for consumer in plan.consumers.iter().filter(|consumer| consumer.topic == topic) {
        let word = like.trace + way + (u64::from(consumer.nth) << ORIGIN_SHIFT);
        let partition = (mix(word) % u64::from(plan.statements[usize::from(topic)].partitions)) as u16;
        answer(plan, consumer.endpoint, (0, partition), SpanRecord { trace: word, ..like }, trace);
    }
}

fn sites(plan: &Plan, id: EndpointId) -> Vec<SiteId> {
    let own = plan.code.iter().zip(&plan.endpoint_of).filter(|(_, of)| **of == id);
    own.filter_map(|(instr, _)| match *instr {
        Instr::Call(site) | Instr::Query(site) => Some(site),
        _ => None,
    })
    .collect()
}
