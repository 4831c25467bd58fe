//! From a run's record to its result.
//!
//! Owns the words and units in which a record is told. Refuses judgement: that is [`crate::verdicts`].

mod exemplar;
mod map;
mod saturated;

use crate::detection::AlertEvent;
use crate::drill::{Record, TenSeconds, Window, WindowSlice, names, told_operation};
use crate::{plan_names, verdicts};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{EndpointId, Plan};
use doorbuster_model::time::{s_from_ticks, tick_of_second};
use doorbuster_reports::format;
use doorbuster_reports::result::{
    Accounting, Cause, EndpointStats, Episode, Event, LatencyStats, Loss, RunResult, SCHEMA_VERSION, Scale,
    SeriesPoint, StationStats, Timeline,
};
use doorbuster_scenarios::{Loaded, Scenario};
use doorbuster_virtual::slice::{EndpointSlice, StationId, stations};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// An answer that came after its shopper had left: no success, whatever the gateway says.
const ABANDONED: &str = "abandoned";

/// Tells a record as a result, verdicts included.
pub(crate) fn tell(loaded: &Loaded, plan: &Plan, record: &Record) -> RunResult {
    let scenario = &loaded.scenario;
    let scale = scale(scenario, plan, record);
    let timeline = timeline(plan, record);
    let loss = verdicts::loss(scenario, record, scale.factor);
    let mut result = RunResult {
        schema_version: SCHEMA_VERSION,
        scenario: loaded.name.clone(),
        title: scenario.title.clone(),
        story: scenario.story.trim().to_owned(),
        seed: plan.seed,
        complete: record.complete,
        fingerprint: record.fingerprint.clone(),
        verdicts: Vec::new(),
        timeline,
        loss: loss.map(|loss| Loss {
            orders: loss.orders,
            users: loss.users,
            gmv_cny: loss.orders * loss.order_value,
            order_value_cny: loss.order_value,
        }),
        endpoints: record.windows.iter().flat_map(|window| endpoints(plan, window)).collect(),
        stations: record.windows.iter().flat_map(|window| station_stats(plan, window)).collect(),
        series: record.series.iter().map(|ten| series_point(scenario, plan, ten, scale.factor)).collect(),
        map: map::map(&names(plan), &record.windows, scale.factor),
        exemplars: exemplar::exemplars(plan, &record.exemplars),
        saturated: saturated::saturated(plan, record),
        accounting: accounting(record),
        comparison: None,
        resolved: loaded.resolved.clone(),
        scale,
    };
    result.verdicts = verdicts::verdicts(scenario, plan, record, &result);
    result
}

/// The latency histograms of every endpoint and window, in ticks, by `service.endpoint/window`.
pub(crate) fn histograms(plan: &Plan, record: Record) -> Vec<(String, Histogram<u64>)> {
    let mut all = Vec::new();
    for window in record.windows {
        for (id, endpoint) in window.slice.endpoints.into_iter().enumerate() {
            let name = format!("{}/{}", plan_names::endpoint_name(plan, id as EndpointId), window.window.name());
            all.push((name, endpoint.latencies));
        }
    }
    all
}

fn scale(scenario: &Scenario, plan: &Plan, record: &Record) -> Scale {
    let factor = f64::from(plan.cells_fleet) / f64::from(record.cells);
    let edges = plan_names::edges(plan);
    let run = record.windows.iter().find(|window| window.window == Window::Run);
    let requests_per_s = run.map_or(0.0, |run| {
        let attempts: u64 = edges.iter().map(|edge| run.slice.endpoints[usize::from(*edge)].attempts()).sum();
        attempts as f64 * factor / f64::from(run.to_s - run.from_s)
    });
    Scale {
        virtual_s: record.played_s,
        cells_fleet: plan.cells_fleet,
        cells_played: record.cells,
        factor,
        requests_per_s,
        clock: scenario.clock.clone(),
        pipeline: "none".to_owned(),
    }
}

fn timeline(plan: &Plan, record: &Record) -> Timeline {
    let story = &record.story;
    let seconds = |at: Option<u32>| at.map(f64::from);
    let alert_event = |alert: &AlertEvent| Event {
        at_s: f64::from(alert.at_s),
        what: format!(
            "{} of the requests to {} fail ({} of {} in the rule's long window)",
            format::percent(alert.long.ratio()),
            plan_names::endpoint_name(plan, alert.edge as EndpointId),
            format::count(alert.long.failures as f64),
            format::count(alert.long.attempts as f64),
        ),
    };
    let cause = story.cause.as_ref().map(|cause| Cause {
        service: cause.service.clone(),
        operation: cause.operation.clone(),
        resource: cause.resource.clone(),
        kind: cause.kind.name().to_owned(),
        evidence: cause.evidence.clone(),
        right: story.cause_is_right(),
    });
    Timeline {
        injected_s: seconds(story.injected_s()),
        symptom: story
            .symptom
            .as_ref()
            .map(|symptom| Event { at_s: f64::from(symptom.at_s), what: symptom.to_string() }),
        alert: story.alert.as_ref().map(alert_event),
        notified_s: story.alert.as_ref().map(|alert| f64::from(alert.at_s + verdicts::GROUP_WAIT_S)),
        evidence_ready_s: story.cause.as_ref().map(|cause| f64::from(cause.at_s)),
        cause,
        humans: story.humans.iter().map(|(name, seconds)| (name.clone(), f64::from(*seconds))).collect(),
        cause_s: seconds(story.cause_in_hand_s()),
        faults: story
            .faults
            .iter()
            .filter(|fault| fault.from_s < record.played_s)
            .map(|fault| Episode {
                name: fault.name.clone(),
                what: fault.what.clone(),
                from_s: f64::from(fault.from_s),
                to_s: seconds(fault.to_s.filter(|to| *to <= record.played_s)),
                lifted_s: None,
            })
            .collect(),
        remedies: story
            .remedies
            .iter()
            .filter_map(|remedy| {
                Some(Episode {
                    name: remedy.name.clone(),
                    what: remedy.what.clone(),
                    from_s: f64::from(remedy.from_s.filter(|from| *from <= record.played_s)?),
                    to_s: seconds(remedy.done_s().filter(|done| *done <= record.played_s)),
                    lifted_s: seconds(remedy.lifted_s),
                })
            })
            .collect(),
        recovered_s: seconds(record.recovered_s),
        false_alerts: story.false_alerts.iter().map(alert_event).collect(),
        windows: record
            .windows
            .iter()
            .map(|window| (window.window.name().to_owned(), [f64::from(window.from_s), f64::from(window.to_s)]))
            .collect(),
    }
}

fn endpoints(plan: &Plan, window: &WindowSlice) -> Vec<EndpointStats> {
    let edges = plan_names::edges(plan);
    let endpoints = window.slice.endpoints.iter().zip(&plan.endpoints).enumerate();
    let stats = endpoints.map(|(id, (slice, endpoint))| EndpointStats {
        service: plan.services[usize::from(endpoint.service)].name.clone(),
        endpoint: endpoint.name.clone(),
        window: window.window.name().to_owned(),
        edge: edges.contains(&(id as EndpointId)),
        attempts: slice.attempts(),
        succeeded: slice.succeeded(),
        failed: failed(slice),
        latency_s: latency(slice),
    });
    stats.collect()
}

/// Those that did not succeed, by cause.
fn failed(slice: &EndpointSlice) -> BTreeMap<String, u64> {
    let outcomes = Outcome::ALL.iter().skip(1);
    let causes = outcomes.map(|outcome| (outcome.name().to_owned(), slice.outcomes[*outcome as usize]));
    causes.chain([(ABANDONED.to_owned(), slice.abandoned)]).filter(|(_, count)| *count > 0).collect()
}

fn latency(slice: &EndpointSlice) -> Option<LatencyStats> {
    let attempts = slice.attempts();
    let quantile = |share: f64| s_from_ticks(slice.latencies.value_at_quantile(share).min(slice.max_ticks));
    (attempts > 0).then(|| LatencyStats {
        mean: s_from_ticks(slice.latency_ticks) / attempts as f64,
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        p999: quantile(0.999),
        max: s_from_ticks(slice.max_ticks),
    })
}

fn station_stats(plan: &Plan, window: &WindowSlice) -> Vec<StationStats> {
    let ticks = tick_of_second(u64::from(window.to_s)) - tick_of_second(u64::from(window.from_s));
    let stats = stations(plan).into_iter().zip(&window.slice.stations).map(|(station, total)| StationStats {
        name: plan_names::station(plan, station),
        window: window.window.name().to_owned(),
        capacity: total.capacity,
        utilization: total.busy_ticks as f64 / (total.capacity_ticks as f64).max(1.0),
        mean_waiting: total.waiting_ticks as f64 / ticks as f64,
        mean_wait_s: if total.served > 0 { s_from_ticks(total.wait_ticks) / total.served as f64 } else { 0.0 },
        max_waiting: total.max_waiting,
        served: total.served,
    });
    stats.collect()
}

fn series_point(scenario: &Scenario, plan: &Plan, ten: &TenSeconds, factor: f64) -> SeriesPoint {
    let edges = plan_names::edges(plan);
    let per_s = factor / f64::from(ten.seconds);
    let answered = |id: EndpointId| ten.attempts[usize::from(id)].iter().sum::<u64>();
    let all_answered = |ids: &[EndpointId]| ids.iter().map(|id| answered(*id)).sum::<u64>();
    let all_succeeded = |ids: &[EndpointId]| ids.iter().map(|id| ten.succeeded[usize::from(*id)]).sum::<u64>();
    let focus = scenario.focus.as_ref();
    let watched = focus.map_or_else(|| edges.clone(), |focus| vec![plan_names::endpoint(plan, &focus.edge)]);
    let operation = told_operation(scenario, plan);
    let attempts = all_answered(&watched);
    let quantiles = operation.filter(|id| answered(*id) > 0).map(|_| ten.quantiles);
    let mut cpu = BTreeMap::new();
    for (station, ten_seconds) in stations(plan).into_iter().zip(&ten.stations) {
        if matches!(station, StationId::Cores(_) | StationId::Store(_)) {
            let name = plan_names::station(plan, station);
            cpu.insert(name.trim_end_matches(".cores").to_owned(), ten_seconds.utilization());
        }
    }
    SeriesPoint {
        at_s: ten.at_s,
        answered_per_s: all_answered(&edges) as f64 * per_s,
        succeeded_per_s: all_succeeded(&edges) as f64 * per_s,
        success: (attempts > 0).then(|| all_succeeded(&watched) as f64 / attempts as f64),
        p50_s: quantiles.map(|(p50, _)| s_from_ticks(p50)),
        p99_s: quantiles.map(|(_, p99)| s_from_ticks(p99)),
        in_flight: ten.in_flight as f64 * factor,
        cpu,
    }
}

fn accounting(record: &Record) -> Accounting {
    let ledger = &record.ledger;
    let succeeded = ledger.succeeded();
    let mut spans_lost = BTreeMap::new();
    if record.spans.lost_crashed > 0 {
        spans_lost.insert("sdk: pod died".to_owned(), record.spans.lost_crashed);
    }
    if record.spans.lost_queue_full > 0 {
        spans_lost.insert("sdk: queue full".to_owned(), record.spans.lost_queue_full);
    }
    Accounting {
        arrivals: ledger.arrivals,
        succeeded,
        failed: ledger.ended.iter().sum::<u64>() - succeeded,
        in_flight: ledger.in_flight(),
        spans_made: record.spans.made,
        spans_delivered: record.arrived,
        spans_sampled_out: record.spans.sampled_out,
        spans_lost,
    }
}
