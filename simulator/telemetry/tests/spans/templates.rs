//! The fast encoder against the plain one: the same messages after decoding, whatever the records, the names and the place.

use crate::shop::{all_traces, plan};
use doorbuster_model::compile::compile;
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{ORIGIN_SHIFT, Plan, Shape, Site};
use doorbuster_scenarios::{Source, library, load};
use doorbuster_telemetry::encode::{Encoder, Place};
use doorbuster_telemetry::record::{Batch, SpanRecord, TraceWord};
use doorbuster_telemetry::shapes::Shapes;
use doorbuster_telemetry::tally::Tally;
use doorbuster_telemetry::templates::FastEncoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use proptest::prelude::*;
use prost::Message;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::LazyLock;

const PLACE: Place = Place { cell: 3, pass: 1, epoch_unix_ns: 1_760_000_000_000_000_000 };
/// Traces of shoppers are numbered below it.
const NUMBERS: u64 = 1 << ORIGIN_SHIFT;

/// Plans of all built-in scenarios that can be played, and of the small shop.
static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
    let playable = library::names().into_iter().filter(|name| *name != "shop");
    let compiled = playable.map(|name| {
        let loaded = load(&Source::Builtin(name.to_owned()), &[]).expect("a built-in scenario");
        compile(name, &loaded.scenario, 11)
    });
    compiled.chain([plan()]).collect()
});

/// A record before it is fitted into a plan.
#[derive(Clone, Debug)]
struct Draft {
    shape: u16,
    outcome: u8,
    attempt: u8,
    shard: u16,
    pod: u16,
    tier: u8,
    touch_point: u8,
    way: u8,
    number: u64,
    start: u64,
    duration: Duration,
    /// How far from the lowest index that is possible.
    index: u32,
    /// Which part differs from the record before it; beyond the parts, all.
    differs: u8,
}

#[derive(Clone, Copy, Debug)]
enum Duration {
    Ticks(u32),
    /// So much longer than the limit of the site, if it has one.
    Limit(i64),
    /// So much longer than the way there and back.
    ThereAndBack(i64),
}

impl Draft {
    /// As the one before it, but for one part: records that look alike but for one thing are what a template can be wrong for.
    fn after(&self, before: &Self) -> Self {
        let mut draft = Self { differs: self.differs, ..before.clone() };
        match self.differs {
            0 => draft.outcome = self.outcome,
            1 => draft.attempt = self.attempt,
            2 => draft.shard = self.shard,
            3 => draft.tier = self.tier,
            4 => draft.touch_point = self.touch_point,
            5 => draft.way = self.way,
            6 => draft.number = self.number,
            7 => draft.start = self.start,
            8 => draft.duration = self.duration,
            9 => draft.index = self.index,
            _ => draft = self.clone(),
        }
        draft
    }

    fn fitted(&self, plan: &Plan) -> SpanRecord {
        let shape = self.shape % plan.shapes.len() as u16;
        let site: Option<&Site> = match plan.shapes[usize::from(shape)] {
            Shape::Server(_) => None,
            Shape::Client(site) | Shape::Statement(site) => Some(&plan.sites[usize::from(site)]),
        };
        let least = site.map_or(0, |site| site.span_offset + u32::from(self.attempt) * site.span_stride);
        let ticks = match self.duration {
            Duration::Ticks(ticks) => i64::from(ticks),
            Duration::Limit(more) => site.and_then(|site| site.timeout).unwrap_or(1) as i64 + more,
            Duration::ThereAndBack(more) => 2 * plan.hop as i64 + more,
        };
        let way = if plan.origins.is_empty() { 0 } else { u64::from(self.way) };
        let sequence = self.number % NUMBERS + (way << ORIGIN_SHIFT);
        let [tier, touch_point] = [(self.tier, &plan.tiers), (self.touch_point, &plan.touch_points)]
            .map(|(drawn, names)| (usize::from(drawn) % names.len()) as u8);
        SpanRecord {
            trace: TraceWord::new(sequence, tier, touch_point).0,
            start: self.start,
            duration: ticks.clamp(0, i64::from(u32::MAX)) as u32,
            index: least.saturating_add(self.index),
            shape,
            pod: self.pod % pods(plan),
            outcome: self.outcome,
            attempt: self.attempt,
            shard: self.shard,
        }
    }
}

fn pods(plan: &Plan) -> u16 {
    plan.services.iter().map(|service| service.pods).sum()
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let number = prop_oneof![
        0..30_u64,
        any::<u64>(),
        (0..13_u32, 0..3_u64).prop_map(|(power, more)| 10_u64.pow(power) - 1 + more),
        NUMBERS - 3..NUMBERS,
    ];
    let duration = prop_oneof![
        any::<u32>().prop_map(Duration::Ticks),
        Just(Duration::Ticks(u32::MAX)),
        (-1..=1_i64).prop_map(Duration::Limit),
        (-1..=1_i64).prop_map(Duration::ThereAndBack),
    ];
    let attempt = prop_oneof![4 => Just(0_u8), 1 => any::<u8>()];
    let index = prop_oneof![Just(0_u32), any::<u32>()];
    let start = prop_oneof![Just(0_u64), 0..1_u64 << 52];
    let of_site = (any::<u16>(), 0..Outcome::COUNT as u8, attempt, any::<u16>(), any::<u16>(), duration);
    let way = prop_oneof![Just(0_u8), any::<u8>()];
    let of_trace = (any::<u8>(), any::<u8>(), way, number, start, index);
    let draft = (of_site, of_trace, 0..13_u8).prop_map(|(of_site, of_trace, differs)| {
        let (shape, outcome, attempt, shard, pod, duration) = of_site;
        let (tier, touch_point, way, number, start, index) = of_trace;
        Draft { shape, outcome, attempt, shard, pod, tier, touch_point, way, number, start, duration, index, differs }
    });
    prop::collection::vec(draft, 1..200)
}

fn places() -> impl Strategy<Value = Place> {
    let epoch = prop_oneof![Just(0_u64), Just(1_760_000_000_000_000_000), 0..1_u64 << 62];
    (any::<u16>(), any::<u16>(), epoch).prop_map(|(cell, pass, epoch_unix_ns)| Place { cell, pass, epoch_unix_ns })
}

/// Names as nobody gives them: of any letters, with placeholders, empty, and so long that lengths take two and three bytes. None for
/// one that stays, since some names mean something.
fn names() -> impl Strategy<Value = Vec<Option<String>>> {
    let name = prop_oneof![
        any::<String>(),
        "[/{}a-z0-9 ]{0,40}",
        "(GET|PUT|POST) /[{}a-z0-9_/]{0,40}",
        Just(String::new()),
        "\\PC{1,9}".prop_map(|part| part.repeat(130)),
        "[a-z{}é]{3,9}".prop_map(|part| part.repeat(16_400 / part.len() + 1)),
    ];
    prop::collection::vec(prop::option::weighted(0.7, name), 1..12)
}

fn marks() -> impl Strategy<Value = Vec<(String, String)>> {
    let key =
        prop_oneof![Just("service.name".to_owned()), Just("deployment.environment.name".to_owned()), any::<String>()];
    prop::collection::vec((key, any::<String>()), 0..4)
}

/// The small shop under other names; what it can do stays as it is.
fn renamed(names: &[Option<String>]) -> Plan {
    let mut plan = plan();
    let mut names = names.iter().cycle();
    let mut rename = |name: &mut String| {
        if let Some(Some(new)) = names.next() {
            name.clone_from(new);
        }
    };
    for service in &mut plan.services {
        [&mut service.name, &mut service.version, &mut service.team, &mut service.cost_center]
            .into_iter()
            .for_each(&mut rename);
    }
    for endpoint in &mut plan.endpoints {
        rename(&mut endpoint.name);
        if let Some((method, route)) = &mut endpoint.http {
            [method, route].into_iter().for_each(&mut rename);
        }
    }
    for store in &mut plan.stores {
        rename(&mut store.name);
    }
    for statement in &mut plan.statements {
        [&mut statement.name, &mut statement.text].into_iter().for_each(&mut rename);
    }
    for (name, _) in plan.tiers.iter_mut().chain(&mut plan.touch_points) {
        rename(name);
    }
    plan
}

/// Records in batches, one for each run of records; pods take turns.
fn batches(plan: &Plan, records: &[SpanRecord]) -> Vec<(u16, Vec<SpanRecord>)> {
    let of_pod =
        |(nth, records): (usize, &[SpanRecord])| ((nth * 7 % usize::from(pods(plan))) as u16, records.to_vec());
    records.chunks(50).enumerate().map(of_pod).chain([(0, Vec::new())]).collect()
}

fn plain<'p>(plan: &'p Plan, place: Place, marks: &[(String, String)]) -> Encoder<'p> {
    let mut encoder = Encoder::new(plan, place);
    encoder.mark(marks);
    encoder
}

/// What the fast encoder makes of batches, one after the other, and which spans it put into the tally.
fn fast_bytes(fast: &mut FastEncoder<'_>, batches: &[(u16, Vec<SpanRecord>)]) -> (Vec<u8>, Vec<u8>, u64, Tally) {
    let (mut spans, mut logs, mut log_records, mut tally) = (Vec::new(), Vec::new(), 0, Tally::default());
    for (nth, (pod, records)) in batches.iter().enumerate() {
        let batch = Batch { pod: *pod, number: nth as u32, at: 0, spans: records };
        fast.spans(&batch, &mut spans, Some(&mut tally));
        log_records += fast.logs(&batch, &mut logs);
    }
    (spans, logs, log_records, tally)
}

/// Where the fast encoder differs from the plain one; an error says where.
fn compare(fast: &mut FastEncoder<'_>, plain: &Encoder<'_>, batches: &[(u16, Vec<SpanRecord>)]) -> Result<(), String> {
    let (spans, logs, log_records, tally) = fast_bytes(fast, batches);
    let (mut traces_expected, mut logs_expected) =
        (ExportTraceServiceRequest::default(), ExportLogsServiceRequest::default());
    for (nth, (pod, records)) in batches.iter().enumerate() {
        let batch = Batch { pod: *pod, number: nth as u32, at: 0, spans: records };
        traces_expected.resource_spans.extend(plain.request(&batch).resource_spans);
        logs_expected.resource_logs.extend(plain.logs(&batch).unwrap_or_default().resource_logs);
    }
    let traces = same(&spans, &traces_expected)?;
    let logs = same(&logs, &logs_expected)?;
    let scopes = logs.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    let counted: usize = scopes.map(|scope| scope.log_records.len()).sum();
    if counted as u64 != log_records {
        return Err(format!("{log_records} log records were counted, {counted} written"));
    }
    let gaps = tally_of(&traces).gaps(&tally);
    if gaps.is_empty() { Ok(()) } else { Err(format!("the tally differs: {gaps:?}")) }
}

/// The message that bytes hold, if it is the expected one.
fn same<M: Message + Default + PartialEq + Debug>(bytes: &[u8], expected: &M) -> Result<M, String> {
    let decoded = M::decode(bytes).map_err(|error| error.to_string())?;
    if decoded == *expected {
        return Ok(decoded);
    }
    let [is, should_be] = [format!("{decoded:#?}"), format!("{expected:#?}")];
    let different = is.lines().zip(should_be.lines()).find(|(is, should_be)| is != should_be);
    Err(format!("{different:?}"))
}

fn tally_of(request: &ExportTraceServiceRequest) -> Tally {
    let mut tally = Tally::default();
    for of_resource in &request.resource_spans {
        let service = tally.service(service_name(of_resource));
        for span in of_resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
            let trace_id = u128::from_be_bytes(span.trace_id[..].try_into().expect("16 bytes"));
            let span_id = u64::from_be_bytes(span.span_id[..].try_into().expect("8 bytes"));
            tally.add(service, span.start_time_unix_nano, trace_id, span_id);
        }
    }
    tally
}

fn service_name(of_resource: &ResourceSpans) -> &str {
    let attributes = &of_resource.resource.as_ref().expect("a resource").attributes;
    let named = attributes.iter().find(|attribute| attribute.key == "service.name").expect("a service's name");
    match named.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(name)) => name,
        other => panic!("the service is named {other:?}"),
    }
}

fn agree(plan: &Plan, drafts: &[Draft], places: [Place; 2], marks: &[(String, String)]) -> Result<(), String> {
    let mut records = Vec::new();
    let mut before = drafts[0].clone();
    for draft in drafts {
        before = draft.after(&before);
        records.push(before.fitted(plan));
    }
    let batches = batches(plan, &records);
    let mut fast = FastEncoder::new(plan, places[0], marks);
    compare(&mut fast, &plain(plan, places[0], marks), &batches)?;
    // The same cell later, then another: what was kept must not be out of date.
    for place in [Place { cell: places[0].cell, ..places[1] }, places[1], places[0]] {
        fast.set_place(place);
        compare(&mut fast, &plain(plan, place, marks), &batches).map_err(|what| format!("at {place:?}: {what}"))?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// *Scenario*: random records of the built-in scenarios, each other than the last in one part or in all, with any shard, attempt, tier, way of a message, number, duration and
    /// time; several batches in a row; then in other passes, at other times and in other cells.
    /// *Guarantees*: decoded with the official types, spans and logs are exactly the plain encoder's, and the tally is that of the spans.
    #[test]
    fn any_record_of_the_library_is_encoded_alike(
        nth in any::<prop::sample::Index>(), drafts in drafts(), one in places(), other in places(), marks in marks(),
    ) {
        let said = agree(nth.get(&PLANS), &drafts, [one, other], &marks);
        prop_assert_eq!(said, Ok(()));
    }

    /// *Scenario*: the same for a shop whose every name is arbitrary: any letters, braces, nothing, 17,000 bytes.
    /// *Guarantees*: the same.
    #[test]
    fn any_name_is_encoded_alike(
        names in names(), drafts in drafts(), one in places(), other in places(), marks in marks(),
    ) {
        let said = agree(&renamed(&names), &drafts, [one, other], &marks);
        prop_assert_eq!(said, Ok(()));
    }
}

/// *Scenario*: every shape of the built-in scenarios (once where they share them) with every outcome, at two tries and shards, at and around every limit, at the root and
/// below, for numbers of one to thirteen digits.
/// *Guarantees*: the fast encoder agrees with the plain one on all of them.
#[test]
fn every_look_of_the_library_is_encoded_alike() {
    let durations =
        (-1..=1).flat_map(|more| [Duration::Limit(more), Duration::ThereAndBack(more)]).collect::<Vec<Duration>>();
    let mut seen = BTreeSet::new();
    for plan in PLANS.iter().filter(|plan| seen.insert(format!("{:?}", Shapes::new(plan)))) {
        let mut records = Vec::new();
        for n in 0..plan.shapes.len() * Outcome::COUNT * durations.len() * 2 {
            let draft = Draft {
                outcome: (n % Outcome::COUNT) as u8,
                duration: durations[n / Outcome::COUNT % durations.len()],
                index: (n / Outcome::COUNT / durations.len() % 2) as u32,
                shape: (n / Outcome::COUNT / durations.len() / 2) as u16,
                attempt: (n / 7 % 2) as u8,
                shard: (n / 3 % 2) as u16,
                pod: 0,
                tier: (n / 5) as u8,
                touch_point: (n / 11) as u8,
                way: (n / 13 % 2) as u8,
                number: 10_u64.pow((n % 13) as u32) + n as u64 % 2,
                start: n as u64,
                differs: 0,
            };
            records.push(draft.fitted(plan));
        }
        let mut fast = FastEncoder::new(plan, PLACE, &[]);
        let said = compare(&mut fast, &plain(plan, PLACE, &[]), &batches(plan, &records));
        assert_eq!(said, Ok(()), "`{}`", plan.name);
    }
}

/// *Scenario*: more templates than are kept: names of 17,000 bytes, on spans of hundreds of shards.
/// *Guarantees*: templates are forgotten and made again, and what is encoded stays right.
#[test]
fn forgotten_templates_are_made_again() {
    let plan = renamed(&[Some("{x}/é".repeat(3_000))]);
    let numbered = |n: u64| SpanRecord {
        trace: TraceWord::new(n, 0, 0).0,
        start: n,
        duration: 5,
        index: 1_000,
        shape: (n % plan.shapes.len() as u64) as u16,
        pod: 0,
        outcome: 0,
        attempt: 0,
        shard: (n / plan.shapes.len() as u64) as u16,
    };
    let records: Vec<SpanRecord> = (0..900).chain(0..100).map(numbered).collect();
    let mut fast = FastEncoder::new(&plan, PLACE, &[]);
    let said = compare(&mut fast, &plain(&plan, PLACE, &[]), &batches(&plan, &records));
    assert_eq!(said, Ok(()));
}

/// *Scenario*: a batch of every kind of span, and its logs; one byte after the other is spoilt, as a hole in the wrong place would.
/// *Guarantees*: the comparison of the tests above sees each of them.
#[test]
fn every_spoilt_byte_is_seen() {
    let plan = plan();
    let every = all_traces(&plan);
    let records: Vec<SpanRecord> = every.iter().step_by(every.len() / 40).copied().collect();
    let batches = [(4, records.clone())];
    let (mut spans, mut logs, ..) = fast_bytes(&mut FastEncoder::new(&plan, PLACE, &[]), &batches);
    let oracle = plain(&plan, PLACE, &[]);
    let batch = Batch { pod: 4, number: 0, at: 0, spans: &records };
    let (traces_expected, logs_expected) = (oracle.request(&batch), oracle.logs(&batch).expect("something failed"));
    assert!(same(&spans, &traces_expected).is_ok() && same(&logs, &logs_expected).is_ok());
    assert!(spans.len() > 10_000 && logs.len() > 1_000, "{} {}", spans.len(), logs.len());
    for at in 0..spans.len() {
        spans[at] ^= 1;
        let decoded = ExportTraceServiceRequest::decode(&spans[..]);
        assert!(decoded.as_ref() != Ok(&traces_expected), "byte {at} of the spans");
        spans[at] ^= 1;
    }
    for at in 0..logs.len() {
        logs[at] ^= 1;
        let decoded = ExportLogsServiceRequest::decode(&logs[..]);
        assert!(decoded.as_ref() != Ok(&logs_expected), "byte {at} of the logs");
        logs[at] ^= 1;
    }
}
