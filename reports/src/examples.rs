//! Results made by hand for the tests: an incident, a quiet day, an early end, an empty one, hostile names.

mod ab;

pub(crate) use ab::{compared, sweep};

use crate::result::*;
use crate::run::RunInfo;
use std::collections::BTreeMap;

mod collapse;
mod map;
mod traces;

pub(crate) use collapse::avalanche;

/// Incident 1 as it would be told when all went as expected.
pub(crate) fn incident() -> RunResult {
    let mut endpoints = Vec::new();
    let mut stations = Vec::new();
    for (window, success, p99, cpu, s) in [
        ("run", 0.79, 4.96, 0.61, 1380),
        ("before", 0.98, 0.048, 0.22, 180),
        ("during", 0.7042, 5.003, 0.94, 830),
        ("after", 0.981, 0.047, 0.22, 130),
    ] {
        endpoints.push(endpoint("gateway", "pay", window, 252 * s, success, p99 + 0.002));
        endpoints.push(endpoint("gateway", "browse", window, 9_800 * s, 0.9981, 0.031));
        endpoints.push(endpoint("payment", "pay", window, 248 * s, success, p99));
        for (name, capacity, utilization) in [
            ("gateway.cores", 160, 0.41),
            ("payment.cores", 48, 0.18),
            ("payment.pool.payments", 320, 0.12 + cpu * 0.6),
            ("payments.cores", 64, cpu),
            ("product.cores", 128, 0.37),
        ] {
            stations.push(station(name, window, capacity, utilization));
        }
        if let (Some(last), "before") =
            (stations.iter_mut().find(|s| s.name == "payments.cores" && s.window == window), window)
        {
            last.mean_waiting = 0.04;
        }
    }
    RunResult {
        scenario: "payment-index-loss".to_owned(),
        title: "A half-finished schema change loses an index, and every fourth payment with it".to_owned(),
        story: "Weekday, 14:30. A schema change drops the index on payments.user_id on 4 of 16 shards and stops \
                there. Statements on those shards scan the table, payments time out at 5 s, shoppers try again."
            .to_owned(),
        scale: scale(1440),
        verdicts: incident_verdicts(),
        timeline: incident_timeline(),
        loss: Some(Loss { orders: 4840.0, users: 5214.0, gmv_cny: 130_680.0, order_value_cny: 27.0 }),
        endpoints,
        stations,
        series: (1..=144).map(incident_point).collect(),
        map: map::of_an_incident(),
        exemplars: traces::of_an_incident(),
        accounting: busy_accounting(),
        resolved: serde_json::json!({
            "title": "A half-finished schema change",
            "clock": "14:30",
            "focus": {"edge": "gateway.pay", "operation": "payment.pay", "order_value": 27.0},
            "traffic": {"poisson": "60k/s"},
            "faults": {"index-lost": {"change": {"lost_index": {
                "store": "payments", "table": "payments", "index": "user_id", "shards": "25%"}}, "at": "5min"}},
        }),
        ..empty()
    }
}

fn incident_timeline() -> Timeline {
    let what = |at_s, what: &str| Some(Event { at_s, what: what.to_owned() });
    Timeline {
        injected_s: Some(300.0),
        symptom: what(330.0, "p99 of payment.pay 4.1 s, 48 ms before"),
        alert: what(345.0, "27 % of gateway.pay failed over 1 min (page above 10 %)"),
        notified_s: Some(345.0),
        evidence_ready_s: Some(370.0),
        cause: Some(Cause {
            service: "payment".to_owned(),
            operation: "by_user".to_owned(),
            resource: "payments".to_owned(),
            kind: "missing_index".to_owned(),
            evidence: vec![
                "rows examined by the statement: 2.25M on average, 1.1 before".to_owned(),
                "97 % of the slow payments' time is in this statement".to_owned(),
                "shards 0, 4, 8 and 12 only; the other twelve are as before".to_owned(),
            ],
            right: true,
        }),
        humans: vec![
            ("look at the dashboard".to_owned(), 120.0),
            ("read slow traces".to_owned(), 300.0),
            ("confirm with the database".to_owned(), 180.0),
            ("decide and start the rebuild".to_owned(), 220.0),
        ],
        cause_s: Some(970.0),
        faults: vec![Episode {
            name: "index-lost".to_owned(),
            what: "index user_id of payments lost on 4 of 16 shards".to_owned(),
            from_s: 300.0,
            to_s: Some(1220.0),
            lifted_s: None,
        }],
        remedies: vec![Episode {
            name: "rebuild".to_owned(),
            what: "rebuild index user_id of payments".to_owned(),
            from_s: 1190.0,
            to_s: Some(1220.0),
            lifted_s: None,
        }],
        recovered_s: Some(1250.0),
        false_alerts: Vec::new(),
        windows: windows(&[
            ("run", [60.0, 1440.0]),
            ("before", [120.0, 300.0]),
            ("during", [360.0, 1190.0]),
            ("after", [1310.0, 1440.0]),
        ]),
    }
}

fn windows(list: &[(&str, [f64; 2])]) -> BTreeMap<String, [f64; 2]> {
    list.iter().map(|(name, ends)| ((*name).to_owned(), *ends)).collect()
}

fn incident_verdicts() -> Vec<Verdict> {
    let report = "case study 9.1: 98 % -> 70 %";
    let budget = "design section 7: incident 1";
    vec![
        verdict("incident.success.before", 0.98, Unit::Ratio, (Some(0.97), None), report),
        verdict("incident.success.during", 0.7042, Unit::Ratio, (Some(0.65), Some(0.75)), report),
        verdict("incident.success.after", 0.981, Unit::Ratio, (Some(0.97), None), report),
        verdict("incident.p99.before", 0.048, Unit::S, (None, Some(0.08)), "case study 9.1: 50 ms"),
        verdict("incident.p99.during", 5.003, Unit::S, (Some(4.0), Some(6.0)), "case study 9.1: 5 s"),
        verdict("incident.throughput.before", 59_310.0, Unit::PerS, (Some(55_000.0), None), "chosen"),
        verdict("incident.users_affected", 5214.0, Unit::Count, (Some(5000.0), None), "case study 9.1: 5000+"),
        verdict("incident.gmv_lost", 130_680.0, Unit::Cny, (None, Some(400_000.0)), "case study 9.1: 50K USD"),
        verdict("detection.alert", 45.0, Unit::S, (None, Some(60.0)), budget),
        verdict("detection.evidence_ready", 70.0, Unit::S, (None, Some(660.0)), budget),
        Verdict {
            basis: Basis::Declared,
            ..verdict("detection.human", 820.0, Unit::S, (None, Some(840.0)), "case study 9.1, steps 2 to 5")
        },
        verdict("detection.recovered", 950.0, Unit::S, (None, Some(960.0)), budget),
        verdict("detection.false_alerts", 0.0, Unit::Count, (None, Some(0.0)), "design section 7"),
        Verdict {
            kind: VerdictKind::Accounting,
            ..verdict("accounting.requests", 0.0, Unit::Count, (Some(0.0), Some(0.0)), "design section 2")
        },
    ]
}

fn incident_point(index: u32) -> SeriesPoint {
    let at_s = index * 10;
    let noise = (f64::from(index) * 12.9898).sin() * 0.5;
    let ill = (310..=1220).contains(&at_s);
    let (success, p99_s, cpu) = if ill { (0.704, 5.0, 0.94) } else { (0.98, 0.048, 0.22) };
    let warm = (f64::from(at_s) / 40.0).min(1.0);
    let answered = 60_000.0 * warm + if ill { 900.0 } else { 0.0 } + 400.0 * noise;
    SeriesPoint {
        at_s,
        answered_per_s: answered,
        succeeded_per_s: answered * if ill { 0.981 } else { 0.993 },
        success: Some(success + 0.012 * noise),
        p50_s: Some(if ill { 0.014 } else { 0.009 } + 0.001 * noise),
        p99_s: Some(p99_s * (1.0 + 0.03 * noise)),
        in_flight: if ill { 9_400.0 } else { 2_150.0 } + 160.0 * noise,
        cpu: [("gateway", 0.41), ("payment", 0.18), ("payments", cpu), ("product", 0.37)]
            .into_iter()
            .map(|(name, load)| (name.to_owned(), load * warm + 0.02 * noise * warm))
            .collect(),
    }
}

fn scale(virtual_s: u32) -> Scale {
    Scale {
        virtual_s,
        cells_fleet: 10,
        cells_played: 2,
        factor: 5.0,
        requests_per_s: 60_012.0,
        clock: "14:30".to_owned(),
        pipeline: "none".to_owned(),
    }
}

fn verdict(id: &str, value: f64, unit: Unit, bound: (Option<f64>, Option<f64>), source: &str) -> Verdict {
    Verdict {
        id: id.to_owned(),
        kind: if id.starts_with("detection") { VerdictKind::Target } else { VerdictKind::Reproduction },
        status: Status::Pass,
        expect: Expect::Pass,
        value: Some(value),
        unit,
        bound: Bound { at_least: bound.0, at_most: bound.1 },
        samples: 44_640,
        interval: (unit == Unit::Ratio).then_some([value - 0.004, value + 0.004]),
        basis: Basis::Modelled,
        source: source.to_owned(),
        note: None,
    }
}

fn endpoint(service: &str, name: &str, window: &str, attempts: u64, success: f64, p99: f64) -> EndpointStats {
    let succeeded = (attempts as f64 * success).round() as u64;
    let mut failed = BTreeMap::new();
    failed.insert("declined".to_owned(), (attempts - succeeded) / 10);
    failed.insert("timeout".to_owned(), attempts - succeeded - (attempts - succeeded) / 10);
    EndpointStats {
        service: service.to_owned(),
        endpoint: name.to_owned(),
        window: window.to_owned(),
        edge: service == "gateway",
        attempts,
        succeeded,
        failed,
        latency_s: Some(LatencyStats {
            mean: p99 * 0.3,
            p50: p99 * 0.2,
            p90: p99 * 0.6,
            p99,
            p999: p99 * 1.3,
            max: p99 * 2.0,
        }),
    }
}

fn station(name: &str, window: &str, capacity: u64, utilization: f64) -> StationStats {
    StationStats {
        name: name.to_owned(),
        window: window.to_owned(),
        capacity,
        utilization,
        mean_waiting: utilization * 12.0,
        mean_wait_s: 0.004 * utilization / (1.0 - utilization),
        max_waiting: 181,
        served: 41_230,
    }
}

/// Fifteen minutes in which nothing breaks.
pub(crate) fn quiet_day() -> RunResult {
    RunResult {
        scenario: "quiet-day".to_owned(),
        title: "Fifteen minutes in which nothing breaks".to_owned(),
        scale: scale(900),
        verdicts: vec![verdict("detection.false_alerts", 0.0, Unit::Count, (None, Some(0.0)), "design section 7")],
        timeline: Timeline { windows: windows(&[("run", [60.0, 900.0])]), ..Timeline::default() },
        endpoints: vec![
            endpoint("gateway", "browse", "run", 8_232_000, 0.9981, 0.031),
            endpoint("payment", "pay", "run", 208_320, 0.98, 0.049),
        ],
        stations: vec![
            station("gateway.cores", "run", 160, 0.41),
            station("payment.cores", "run", 48, 0.18),
            station("product.cores", "run", 128, 0.37),
        ],
        map: map::of_a_quiet_day(),
        exemplars: vec![traces::of_a_quiet_day()],
        series: (1..=30)
            .chain(123..=144)
            .enumerate()
            .map(|(i, n)| (i as u32 + 1, incident_point(n)))
            .map(quiet)
            .collect(),
        accounting: busy_accounting(),
        resolved: serde_json::json!({"clock": "14:30", "traffic": {"poisson": "60k/s"}}),
        ..empty()
    }
}

fn quiet((index, mut point): (u32, SeriesPoint)) -> SeriesPoint {
    point.at_s = index * 10;
    point
}

/// The incident, ended by Ctrl-C 100 s after the injection.
pub(crate) fn ended_early() -> RunResult {
    let mut result = incident();
    result.complete = false;
    result.scale.virtual_s = 400;
    result.series.truncate(40);
    for verdict in &mut result.verdicts {
        verdict.status = Status::Invalid;
        verdict.value = None;
        verdict.note = Some("the run was ended early".to_owned());
    }
    result.timeline.remedies.clear();
    result.timeline.faults[0].to_s = None;
    result.timeline.cause_s = None;
    result.timeline.recovered_s = None;
    result.timeline.windows.remove("after");
    result.loss = None;
    result
}

/// The incident with a wrong alert time, a recovery that never came and a verdict without samples.
pub(crate) fn missed() -> RunResult {
    let mut result = incident();
    for verdict in &mut result.verdicts {
        match verdict.id.as_str() {
            "incident.success.after" => {
                verdict.status = Status::Fail;
                verdict.value = Some(0.9698);
            }
            "detection.recovered" => {
                verdict.status = Status::Fail;
                verdict.value = None;
                verdict.note = Some("success never stayed at 97 % of before for 60 s".to_owned());
            }
            "detection.false_alerts" => {
                verdict.status = Status::Invalid;
                verdict.note = Some("12 samples, 3,688 are needed".to_owned());
            }
            _ => {}
        }
    }
    result.timeline.recovered_s = None;
    result
}

/// Nothing at all: no verdicts, no series, no windows.
pub(crate) fn empty() -> RunResult {
    RunResult {
        schema_version: SCHEMA_VERSION,
        scenario: "empty".to_owned(),
        title: String::new(),
        story: String::new(),
        seed: 1,
        complete: true,
        scale: scale(60),
        fingerprint: "6b1f8c0de2a94d7730aa51c4be9f2e18".to_owned(),
        verdicts: Vec::new(),
        timeline: Timeline::default(),
        loss: None,
        endpoints: Vec::new(),
        stations: Vec::new(),
        series: Vec::new(),
        map: ShopMap::default(),
        exemplars: Vec::new(),
        saturated: Vec::new(),
        accounting: Accounting::default(),
        comparison: None,
        resolved: serde_json::Value::Null,
    }
}

/// A name that tries everything.
pub(crate) const HOSTILE: &str =
    "<script>alert(\"1\")</script> & '|`_x_`\u{0}\u{1b}[31m\u{202e} https://evil.example ]]>";

/// The incident with hostile text wherever a scenario can put some.
pub(crate) fn hostile() -> RunResult {
    let mut result = missed();
    let text = || HOSTILE.to_owned();
    let mut baseline = incident();
    baseline.endpoints[0].succeeded = 0;
    baseline.endpoints[0].failed = [(text(), baseline.endpoints[0].attempts)].into_iter().collect();
    baseline.resolved[HOSTILE] = HOSTILE.into();
    crate::comparison::hold_against(&mut result, &baseline, 0.02);
    if let Some(told) = &mut result.comparison {
        told.unmatched.push(text());
        told.figures[0].service = text();
    }
    result.scenario = text();
    result.title = text();
    result.story = text();
    result.scale.clock = text();
    result.scale.pipeline = text();
    for verdict in &mut result.verdicts {
        verdict.id.push_str(HOSTILE);
        verdict.source = text();
        verdict.note = Some(text());
    }
    let timeline = &mut result.timeline;
    timeline.faults[0].what = text();
    timeline.remedies[0].what = text();
    timeline.humans[0].0 = text();
    for event in [&mut timeline.symptom, &mut timeline.alert].into_iter().flatten() {
        event.what = text();
    }
    if let Some(cause) = &mut timeline.cause {
        *cause = Cause {
            evidence: vec![text()],
            service: text(),
            operation: text(),
            resource: text(),
            kind: text(),
            right: false,
        };
    }
    timeline.windows.insert(text(), [0.0, 1.0]);
    for stats in &mut result.endpoints {
        stats.endpoint.push_str(HOSTILE);
        stats.failed.insert(text(), 1);
    }
    result.endpoints.push(endpoint(HOSTILE, HOSTILE, HOSTILE, 10, 0.5, 0.1));
    for stats in &mut result.stations {
        stats.name.push_str(HOSTILE);
    }
    traces::spoil(&mut result.exemplars, HOSTILE);
    map::spoil(&mut result.map, HOSTILE);
    result.saturated = collapse::saturated();
    result.saturated[0].name = text();
    for point in &mut result.series {
        point.cpu = [(text(), 0.99)].into_iter().collect();
    }
    result.accounting.spans_lost.insert(text(), 3);
    result.resolved = serde_json::json!({
        HOSTILE: HOSTILE, "focus": {"edge": HOSTILE, "operation": HOSTILE}, "faults": {HOSTILE: {"at": "5min"}}});
    result
}

/// The incident with numbers that are none wherever there can be one.
pub(crate) fn not_numbers() -> RunResult {
    let mut result = incident();
    result.scale.factor = f64::NAN;
    result.scale.requests_per_s = f64::INFINITY;
    for verdict in &mut result.verdicts {
        verdict.value = Some(f64::NAN);
        verdict.bound = Bound { at_least: Some(f64::NAN), at_most: Some(f64::INFINITY) };
        verdict.interval = Some([f64::NAN, f64::INFINITY]);
    }
    result.timeline.recovered_s = Some(f64::NAN);
    result.timeline.remedies[0].from_s = f64::NEG_INFINITY;
    result.loss = Some(Loss { orders: f64::NAN, users: f64::NAN, gmv_cny: f64::NAN, order_value_cny: f64::NAN });
    for stats in &mut result.endpoints {
        if let Some(latency) = &mut stats.latency_s {
            latency.mean = f64::NAN;
            latency.p99 = f64::INFINITY;
        }
    }
    for stats in &mut result.stations {
        stats.utilization = f64::NAN;
        stats.mean_wait_s = f64::INFINITY;
    }
    for stats in &mut result.stations {
        stats.mean_waiting = f64::NAN;
    }
    result.saturated = collapse::saturated();
    for saturated in &mut result.saturated {
        (saturated.from_s, saturated.to_s, saturated.full_s) = (f64::NAN, Some(f64::INFINITY), f64::NEG_INFINITY);
    }
    map::without_numbers(&mut result.map);
    for exemplar in &mut result.exemplars {
        (exemplar.at_s, exemplar.duration_s) = (f64::NAN, f64::INFINITY);
        for span in &mut exemplar.spans {
            (span.start_s, span.duration_s) = (f64::NEG_INFINITY, f64::NAN);
        }
    }
    for (index, point) in result.series.iter_mut().enumerate() {
        point.answered_per_s = if index % 2 == 0 { f64::NAN } else { f64::INFINITY };
        point.success = Some(f64::NAN);
        point.p99_s = Some(f64::NAN);
        point.p50_s = Some(0.0);
        point.in_flight = f64::NEG_INFINITY;
        for load in point.cpu.values_mut() {
            *load = f64::NAN;
        }
    }
    result
}

fn busy_accounting() -> Accounting {
    Accounting {
        arrivals: 10_801_440,
        succeeded: 10_682_624,
        failed: 118_816,
        in_flight: 0,
        spans_made: 129_617_280,
        spans_delivered: 129_617_280,
        spans_sampled_out: 0,
        spans_lost: BTreeMap::new(),
    }
}

/// The machine's side of any of them.
pub(crate) fn run_info() -> RunInfo {
    RunInfo {
        command: "doorbuster run payment-index-loss --seed 1".to_owned(),
        version: "0.1.0".to_owned(),
        profile: "release".to_owned(),
        target: "linux x86_64".to_owned(),
        threads: 2,
        started_unix_s: 1_760_000_000,
        wall_s: 14.2,
        cpu_s: Some(27.9),
        peak_memory_bytes: Some(412_000_000),
        requests: 17_283_456,
        spans: 207_401_472,
        events: 466_653_312,
    }
}

/// All of them.
pub(crate) fn all() -> Vec<RunResult> {
    vec![incident(), avalanche(), missed(), quiet_day(), ended_early(), empty(), hostile(), not_numbers(), compared()]
}
