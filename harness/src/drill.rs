//! The drill: a scenario played epoch by epoch, with alert, cause and remedy inside the loop.
//!
//! Owns the barrier between two epochs: what is merged there, what the detector is told, and which commands take
//! effect in the next epoch. Refuses to decide what a number means: verdicts are made afterwards, from the record.

mod exemplar;
mod export;
pub(crate) mod fleet;
mod names;
pub(crate) mod outlet;
mod part;
mod recovery;
mod story;
mod traffic;
mod windows;

pub(crate) mod sink;

pub(crate) use exemplar::{Chosen, Likeness};
pub(crate) use names::names;
pub(crate) use part::{Part, PartRows, told_operation};
pub(crate) use recovery::{FocusSecond, sum};
pub(crate) use story::{Story, what_changes};
pub(crate) use traffic::Traffic;
pub(crate) use windows::{Window, WindowSlice};

use crate::detection::{Detector, Finding};
use crate::timeline::{Recovery, Timeline};
use doorbuster_model::outcome::Outcome;
use doorbuster_model::plan::{EndpointId, Plan};
use doorbuster_scenarios::Scenario;
use doorbuster_telemetry::observed::{EXPORT_EVERY_S, Export, ShapePoint};
use doorbuster_virtual::cell::Overload;
use doorbuster_virtual::slice::{Ledger, Slice};
use exemplar::Exemplars;
use fleet::Fleet;
use outlet::Outlet;
use std::ops::{ControlFlow, Range};
use windows::Windows;

/// How a scenario is played, beside what it says itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Cells to play.
    pub(crate) cells: u32,
    /// Threads to play them on.
    pub(crate) threads: usize,
    /// Share of the traces that the SDKs keep at the head; `None` for all, without a sampler.
    pub(crate) head: Option<f64>,
}

/// The share of a run that one process plays.
#[derive(Clone, Debug)]
pub(crate) struct Share<'t> {
    /// Its cells, of all that [`Settings::cells`] says.
    pub(crate) cells: Range<u32>,
    /// What the whole fleet decided, if that is known beforehand: then nothing of it is decided here.
    pub(crate) timeline: Option<&'t Timeline>,
    /// Whether its part is to be merged with others.
    pub(crate) is_merged: bool,
}

/// What a second of the run showed, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Virtual seconds played.
    pub(crate) second: u32,
    /// Virtual seconds to play.
    pub(crate) of: u32,
    /// Requests played so far.
    pub(crate) requests: u64,
    /// Spans made so far, those that a head sampler dropped included.
    pub(crate) spans: u64,
    /// Spans among them that a head sampler dropped.
    pub(crate) sampled_out: u64,
    /// Events of the engine so far.
    pub(crate) events: u64,
    /// Success of the focus' edge, or of the whole edge, in the last ten seconds.
    pub(crate) success: Option<f64>,
}

/// What a barrier showed, for whoever looks at every one of them.
pub(crate) struct Barrier<'a> {
    /// Where the run is; `second` is the barrier's time.
    pub(crate) progress: Progress,
    /// The export that was made at it, if there was one: what the detector was given.
    pub(crate) export: Option<&'a Export>,
    /// The story so far.
    pub(crate) story: &'a Story,
}

/// All that a run left behind.
pub(crate) struct Record {
    /// Virtual seconds played.
    pub(crate) played_s: u32,
    /// Whether that is all of them.
    pub(crate) complete: bool,
    /// Cells played.
    pub(crate) cells: u32,
    /// Truth and arrived spans, by window.
    pub(crate) windows: Vec<WindowSlice>,
    /// Truth, by ten seconds.
    pub(crate) series: Vec<TenSeconds>,
    /// Truth of the focus' edge, by second.
    pub(crate) focus: Vec<FocusSecond>,
    /// What happened when.
    pub(crate) story: Story,
    /// Traces that stand for others, from what the sink sampled.
    pub(crate) exemplars: Vec<Chosen>,
    /// First second from which success stays near its old level.
    pub(crate) recovered_s: Option<u32>,
    /// The same, and when it was known.
    pub(crate) recovery: Option<Recovery>,
    /// From which duration on a trace counts as slow, by endpoint of the edge.
    pub(crate) slow_ticks: Vec<Option<u64>>,
    /// Counts over everything, drain included.
    pub(crate) ledger: Ledger,
    /// Spans made, delivered and lost at the pods.
    pub(crate) spans: doorbuster_telemetry::sdk::Counts,
    /// Spans that the sinks saw.
    pub(crate) arrived: u64,
    /// What did not come back after the drain, in words.
    pub(crate) leftovers: Vec<String>,
    /// The stream's fingerprint.
    pub(crate) fingerprint: String,
}

/// Ten seconds of truth.
pub(crate) struct TenSeconds {
    /// End of the ten seconds.
    pub(crate) at_s: u32,
    /// Seconds in it: fewer at the end of a run.
    pub(crate) seconds: u32,
    /// What happened, without histograms.
    pub(crate) attempts: Vec<[u64; Outcome::COUNT]>,
    /// Successful answers for which somebody waited, by endpoint.
    pub(crate) succeeded: Vec<u64>,
    /// p50 and p99 in ticks, of the operation that the series tells.
    pub(crate) quantiles: (u64, u64),
    /// Its latencies, by value in ticks; kept where the quantiles of many processes are read off them together.
    pub(crate) latencies: Vec<(u64, u64)>,
    /// Messages appended and consumed, by consumer group.
    pub(crate) consumers: Vec<(u64, u64)>,
    /// By station.
    pub(crate) stations: Vec<StationTen>,
    /// Requests in the shop.
    pub(crate) in_flight: u64,
}

impl TenSeconds {
    /// Adds the same ten seconds of other cells, but for the quantiles.
    fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.attempts.iter_mut().zip(&other.attempts) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
        self.succeeded.iter_mut().zip(&other.succeeded).for_each(|(mine, theirs)| *mine += theirs);
        for (mine, theirs) in self.consumers.iter_mut().zip(&other.consumers) {
            *mine = (mine.0 + theirs.0, mine.1 + theirs.1);
        }
        for (mine, theirs) in self.stations.iter_mut().zip(&other.stations) {
            mine.busy_ticks += theirs.busy_ticks;
            mine.capacity_ticks += theirs.capacity_ticks;
            mine.max_waiting = mine.max_waiting.max(theirs.max_waiting);
        }
        self.latencies.extend(&other.latencies);
        self.in_flight += other.in_flight;
    }

    /// Reads the quantiles off the latencies.
    fn settle(&mut self) {
        let latencies = part::histogram(&self.latencies);
        self.quantiles = (latencies.value_at_quantile(0.5), latencies.value_at_quantile(0.99));
    }
}

/// Ten seconds at a station: all pods of a service, or all shards of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StationTen {
    /// Server-ticks in use.
    pub(crate) busy_ticks: u64,
    /// Server-ticks there.
    pub(crate) capacity_ticks: u64,
    /// Most who waited at one pod or shard at a time.
    pub(crate) max_waiting: u64,
}

impl StationTen {
    /// Busy servers over all servers.
    pub(crate) fn utilization(&self) -> f64 {
        self.busy_ticks as f64 / (self.capacity_ticks as f64).max(1.0)
    }
}

/// Plays a scenario to its end, or until whoever looks at its barriers has seen enough.
///
/// # Errors
/// When the shop holds more than the engine can tell the truth about.
pub(crate) fn play_while(
    scenario: &Scenario,
    plan: &Plan,
    settings: Settings,
    look: &mut dyn FnMut(&Barrier<'_>) -> ControlFlow<()>,
) -> Result<Record, Overload> {
    let outlets = vec![(); settings.cells as usize];
    play_into(scenario, plan, settings, outlets, look).map(|(record, _)| record)
}

/// The same, with an outlet for each cell that takes its batches too; they are given back.
///
/// # Errors
/// When the shop holds more than the engine can tell the truth about.
pub(crate) fn play_into<O: Outlet>(
    scenario: &Scenario,
    plan: &Plan,
    settings: Settings,
    outlets: Vec<O>,
    look: &mut dyn FnMut(&Barrier<'_>) -> ControlFlow<()>,
) -> Result<(Record, Vec<O>), Overload> {
    let share = Share { cells: 0..settings.cells, timeline: None, is_merged: false };
    let (part, decided, outlets) = play_share(scenario, plan, settings, &share, outlets, look)?;
    Ok((part.record(settings.cells, decided.story, decided.recovery), outlets))
}

/// What was decided while a share was played.
pub(crate) struct Decided {
    /// What happened when.
    pub(crate) story: Story,
    /// When success came back.
    pub(crate) recovery: Option<Recovery>,
}

/// Plays a share of a scenario's cells to the end, or until whoever looks at its barriers has seen enough; with an outlet for each
/// of the cells, which are given back.
///
/// # Errors
/// When the shop holds more than the engine can tell the truth about.
pub(crate) fn play_share<O: Outlet>(
    scenario: &Scenario,
    plan: &Plan,
    settings: Settings,
    share: &Share<'_>,
    outlets: Vec<O>,
    look: &mut dyn FnMut(&Barrier<'_>) -> ControlFlow<()>,
) -> Result<(Part, Decided, Vec<O>), Overload> {
    let mut drill = Drill::new(scenario, plan, settings, share, outlets);
    for second in 0..plan.duration_s {
        let export = drill.play_second(second)?;
        let progress = drill.progress(second + 1);
        let barrier = Barrier { progress, export: export.as_ref(), story: &drill.story };
        if look(&barrier).is_break() {
            break;
        }
    }
    drill.end()
}

struct Drill<'p, O> {
    plan: &'p Plan,
    first_cell: u32,
    fleet: Fleet<'p, O>,
    /// Nobody, where a share of the fleet is all that could be seen or everything was found before.
    detector: Option<Detector>,
    /// Recovery as it was found before.
    foretold: Option<Option<Recovery>>,
    story: Story,
    windows: Windows,
    exemplars: Exemplars,
    /// What happened since the last close, and since the last export.
    slice: Slice,
    ten: Slice,
    /// Spans that arrived since the last close, and since the last export, by shape.
    traffic: Traffic,
    shapes: Vec<ShapePoint>,
    ten_began_s: u32,
    series: Vec<TenSeconds>,
    told_operation: Option<EndpointId>,
    keeps_latencies: bool,
    focus_edge: Option<EndpointId>,
    focus: Vec<FocusSecond>,
    focus_before: FocusSecond,
    recovery: Option<Recovery>,
    played_s: u32,
}

impl<'p, O: Outlet> Drill<'p, O> {
    fn new(scenario: &Scenario, plan: &'p Plan, settings: Settings, share: &Share<'_>, outlets: Vec<O>) -> Self {
        assert_eq!(share.cells.len(), outlets.len(), "invariant: an outlet for each cell");
        let mut exemplars = Exemplars::of(scenario, plan);
        let story = share.timeline.map_or_else(
            || Story::new(scenario, plan, settings.cells),
            |timeline| {
                exemplars.set_slow_ticks(&timeline.slow_ticks);
                Story::resolved(scenario, plan, settings.cells, timeline).expect("invariant: a checked timeline")
            },
        );
        Self {
            plan,
            first_cell: share.cells.start,
            exemplars,
            fleet: Fleet::new(plan, share.cells.start, outlets, &settings),
            detector: (!share.is_merged && share.timeline.is_none())
                .then(|| Detector::new(names(plan), &scenario.alert)),
            foretold: share.timeline.map(|timeline| timeline.recovery),
            story,
            windows: Windows::new(scenario, plan),
            slice: Slice::new(plan),
            ten: Slice::new(plan),
            traffic: Traffic::new(plan),
            shapes: vec![ShapePoint::default(); plan.shapes.len()],
            ten_began_s: 0,
            series: Vec::new(),
            told_operation: told_operation(scenario, plan),
            keeps_latencies: share.is_merged,
            focus_edge: scenario.focus.as_ref().map(|focus| crate::plan_names::endpoint(plan, &focus.edge)),
            focus: Vec::new(),
            focus_before: FocusSecond::default(),
            recovery: None,
            played_s: 0,
        }
    }

    /// Plays a second; the export at its end, if there is one.
    fn play_second(&mut self, second: u32) -> Result<Option<Export>, Overload> {
        let commands = self.story.commands(second);
        if !commands.is_empty() && second > 0 {
            // Slices must not run across a change of how many servers there are.
            self.close_slice(second);
        }
        commands.iter().for_each(|command| self.fleet.apply(command));
        if let (Some(rule), Some(detector)) = (self.story.rule(second), &mut self.detector) {
            detector.set_rule(&rule);
        }
        self.fleet.play_epoch(second)?;
        let now_s = second + 1;
        self.played_s = now_s;
        self.note_focus();
        self.look_for_recovery(now_s);
        let exports = now_s.is_multiple_of(EXPORT_EVERY_S);
        if exports || self.windows.turns_at(now_s) || now_s == self.plan.duration_s {
            self.close_slice(now_s);
        }
        let export = exports.then(|| self.export(now_s));
        if let Some(export) = &export {
            self.detect_export(export, now_s);
        }
        let findings = self.detector.as_mut().map(|detector| detector.evaluate(now_s)).unwrap_or_default();
        self.take(findings, now_s);
        Ok(export)
    }

    /// Closes the slice that ends now, for windows and series.
    fn close_slice(&mut self, now_s: u32) {
        self.fleet.close_slice(&mut self.slice);
        self.focus_before = FocusSecond::default();
        self.traffic.clear();
        self.fleet.cells.iter_mut().for_each(|cell| cell.consumer.hand_over(&mut self.traffic));
        self.traffic.add_to(&mut self.shapes);
        self.windows.add(&self.slice, &self.traffic, now_s);
        self.ten.follow(&self.slice);
    }

    /// Everything since the last export, as the pods export it.
    fn export(&mut self, now_s: u32) -> Export {
        let none = vec![ShapePoint::default(); self.shapes.len()];
        let shapes = std::mem::replace(&mut self.shapes, none);
        let mut released = vec![ShapePoint::default(); self.plan.services.len()];
        for cell in &mut self.fleet.cells {
            let points = cell.consumer.take_released();
            released.iter_mut().zip(points).for_each(|(sum, point)| sum.merge(&point));
        }
        let export = export::export(self.plan, now_s, &self.ten, export::Spans { shapes, released });
        self.end_ten(now_s);
        export
    }

    fn end_ten(&mut self, now_s: u32) {
        let endpoints = &self.ten.endpoints;
        let latencies = self.told_operation.map(|id| &endpoints[usize::from(id)].latencies);
        let kept = latencies.filter(|_| self.keeps_latencies);
        self.series.push(TenSeconds {
            at_s: now_s,
            seconds: now_s - self.ten_began_s,
            attempts: endpoints.iter().map(|endpoint| endpoint.outcomes).collect(),
            succeeded: endpoints.iter().map(doorbuster_virtual::slice::EndpointSlice::succeeded).collect(),
            quantiles: latencies.map_or((0, 0), |all| (all.value_at_quantile(0.5), all.value_at_quantile(0.99))),
            latencies: kept.map(part::counts).unwrap_or_default(),
            consumers: self.ten.consumers.iter().map(|consumer| (consumer.appended, consumer.consumed)).collect(),
            stations: self
                .ten
                .stations
                .iter()
                .map(|total| StationTen {
                    busy_ticks: total.busy_ticks,
                    capacity_ticks: total.capacity_ticks,
                    max_waiting: total.max_waiting,
                })
                .collect(),
            in_flight: self.fleet.ledger().in_flight(),
        });
        self.ten.clear();
        self.ten_began_s = now_s;
    }

    fn detect_export(&mut self, export: &Export, now_s: u32) {
        let mut traces = Vec::new();
        for cell in &mut self.fleet.cells {
            traces.extend(cell.consumer.take_traces(now_s));
        }
        self.exemplars.observe(&traces, &self.windows);
        if let Some(detector) = &mut self.detector {
            detector.observe(export, traces);
            self.story.conditions(export, now_s);
        }
    }

    fn take(&mut self, findings: Vec<Finding>, now_s: u32) {
        for finding in findings {
            self.story.note(finding, now_s, self.recovery.map(|recovery| recovery.at_s));
        }
        if let Some(started_s) = self.story.first_remedy_s() {
            self.windows.remedy_at(started_s);
        }
    }

    /// What happened at the focus' edge in the second that ends now.
    fn note_focus(&mut self) {
        let Some(edge) = self.focus_edge else { return };
        let mut sum = FocusSecond::default();
        for cell in &mut self.fleet.cells {
            sum.add(&cell.slice_so_far().endpoints[usize::from(edge)]);
        }
        self.focus.push(sum.since(&self.focus_before));
        self.focus_before = sum;
    }

    fn look_for_recovery(&mut self, now_s: u32) {
        let Some(injected_s) = self.story.injected_s() else { return };
        if self.recovery.is_some() || now_s <= injected_s {
            return;
        }
        let before = self.windows.before_bounds();
        self.recovery = match self.foretold {
            Some(foretold) => foretold.filter(|recovery| recovery.known_s == now_s),
            None => recovery::recovered(&self.focus, before, injected_s).map(|at_s| Recovery { at_s, known_s: now_s }),
        };
        if let Some(recovery) = self.recovery {
            self.windows.recovered_at(recovery.at_s, now_s);
        }
    }

    fn progress(&self, second: u32) -> Progress {
        let recent = &self.focus[self.focus.len().saturating_sub(10)..];
        let focus_sum = recent.iter().fold(FocusSecond::default(), |sum, second| sum.plus(second));
        let ledger = self.fleet.ledger();
        let (attempts, succeeded) = if self.focus_edge.is_some() {
            (focus_sum.attempts, focus_sum.succeeded)
        } else {
            (ledger.ended.iter().sum(), ledger.succeeded())
        };
        let mut spans = doorbuster_telemetry::sdk::Counts::default();
        self.fleet.cells.iter().for_each(|cell| spans.merge(&cell.span_counts()));
        Progress {
            second,
            of: self.plan.duration_s,
            requests: ledger.arrivals,
            spans: spans.made,
            sampled_out: spans.sampled_out,
            events: ledger.events,
            success: (attempts > 0).then(|| succeeded as f64 / attempts as f64),
        }
    }

    fn end(mut self) -> Result<(Part, Decided, Vec<O>), Overload> {
        if self.ten_began_s < self.played_s {
            if !self.played_s.is_multiple_of(EXPORT_EVERY_S) && self.played_s < self.plan.duration_s {
                self.close_slice(self.played_s);
            }
            self.end_ten(self.played_s);
        }
        self.fleet.drain()?;
        let mut spans = doorbuster_telemetry::sdk::Counts::default();
        let (mut arrived, mut leftovers) = (0, Vec::new());
        for (number, cell) in (self.first_cell..).zip(&self.fleet.cells) {
            spans.merge(&cell.span_counts());
            arrived += cell.consumer.arrived;
            leftovers.extend(cell.leftovers().into_iter().map(|left| format!("cell {number}: {left}")));
        }
        let part = Part {
            played_s: self.played_s,
            complete: self.played_s == self.plan.duration_s,
            unwanted: self.windows.unwanted(),
            exemplars: self.exemplars,
            windows: self.windows.end(self.played_s),
            series: self.series,
            focus: self.focus,
            ledger: self.fleet.ledger(),
            spans,
            arrived,
            leftovers,
            fingerprints: self.fleet.fingerprints(),
        };
        let decided = Decided { story: self.story, recovery: self.recovery };
        Ok((part, decided, self.fleet.cells.into_iter().map(|cell| cell.consumer.outlet).collect()))
    }
}

#[cfg(test)]
mod tests;
