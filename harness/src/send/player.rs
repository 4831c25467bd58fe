//! Plays a scenario at the pace of the wall clock and sends what it makes.
//!
//! Owns the threads' work: cells turn by turn, their batches encoded, bodies handed to lines. Refuses to judge, and to print.

use super::buffers::Buffers;
use super::condition::Lasting;
use super::metrics::MetricsLine;
use super::outlet::{CellOutlet, Counts, Wanted};
use super::pace::{Begun, Pace};
use super::watch::{self, Aborted};
use crate::cli::Speed;
use crate::deliver::{Delivery, Outcome, Settings};
use crate::drill::fleet::cells_of_thread;
use crate::drill::{self, Barrier, Record};
use crate::failure::Failure;
use crate::process;
use doorbuster_model::plan::Plan;
use doorbuster_scenarios::Scenario;
use doorbuster_telemetry::encode::Place;
use doorbuster_telemetry::observed::Export;
use doorbuster_telemetry::tally::Tally;
use doorbuster_telemetry::templates::FastEncoder as Encoder;
use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long answers are waited for once everything was handed to the lines.
const GRACE: Duration = Duration::from_secs(60);
/// The same when a condition ended it: the target is in trouble, and what waits is not sent to it any more. Chosen.
const ABORT_GRACE: Duration = Duration::from_secs(1);
/// Time between the start of the command and the first that is due: connections open meanwhile.
const START_UP: Duration = Duration::from_millis(200);

/// What is played and sent.
pub(crate) struct Load<'a> {
    /// The scenario.
    pub(crate) scenario: &'a Scenario,
    /// Its plan.
    pub(crate) plan: &'a Plan,
    /// Cells of it.
    pub(crate) cells: u32,
    /// Threads to play them on; each has a line.
    pub(crate) threads: usize,
    /// Share of the traces that SDKs keep; all if `None`.
    pub(crate) head: Option<f64>,
    /// How fast.
    pub(crate) speed: Speed,
    /// Attributes that mark every resource.
    pub(crate) marks: &'a [(String, String)],
    /// Whether spans are sent.
    pub(crate) traces: bool,
    /// Whether metrics are.
    pub(crate) metrics: bool,
    /// Whether log records are.
    pub(crate) logs: bool,
    /// Size at which a body is closed.
    pub(crate) body_bytes: usize,
    /// Whether a tally of the spans is kept.
    pub(crate) tally: bool,
    /// Second of the scenario from which on it is sent; up to there it is played at full speed.
    pub(crate) from_s: u32,
    /// What stops it.
    pub(crate) abort_if: &'a [Lasting],
}

/// Everything that a sending left behind.
pub(crate) struct Played {
    /// What truly happened.
    pub(crate) record: Record,
    /// What was encoded.
    pub(crate) counts: Counts,
    /// The spans by service and second, if a tally was wanted.
    pub(crate) tally: Tally,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// Where time began; `None` if it was ended before.
    pub(crate) begun: Option<Begun>,
    /// The condition that ended it.
    pub(crate) aborted: Option<Aborted>,
    /// Shoppers' requests, and spans that the head sampler dropped, before the first second that was sent.
    pub(crate) unsent: Unsent,
    /// Seconds from the first moment of the schedule to the last answer.
    pub(crate) wall_s: f64,
    /// CPU seconds of this process meanwhile.
    pub(crate) cpu_s: f64,
}

/// What was played before the first second that was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unsent {
    /// Requests of shoppers.
    pub(crate) requests: u64,
    /// Spans that the head sampler dropped.
    pub(crate) sampled_out: u64,
}

/// The beginning: what is known from then on.
#[derive(Default)]
struct Start<'p> {
    metrics: Option<MetricsLine<'p>>,
    unsent: Unsent,
    cpu_s: f64,
}

/// Looks at every barrier, and sees where time began once it has.
pub(crate) type Look<'l> = &'l mut dyn FnMut(&Barrier<'_>, Option<&Begun>) -> ControlFlow<()>;

/// Plays and sends until all is answered, or until whoever looks at the barriers has seen enough.
///
/// # Errors
/// When a line cannot be set up, or the shop holds more than the engine can tell the truth about.
pub(crate) fn play(load: &Load<'_>, settings: Settings, look: Look<'_>) -> Result<Played, Failure> {
    let delivery = Delivery::start(settings)?;
    let pace = Arc::new(Pace::new(load.speed, load.from_s));
    let outlets = outlets(load, &delivery, &pace);
    let mut unsent_exports = Vec::new();
    let mut start = Start::default();
    if load.from_s == 0 {
        start = begin(load, &delivery, &pace, &[]);
    }
    let settings = drill::Settings { cells: load.cells, threads: load.threads, head: load.head };
    let (ended, aborted) = thread::scope(|scope| {
        let (end, ends) = mpsc::channel::<()>();
        let watcher = (!load.abort_if.is_empty()).then(|| {
            let (delivery, pace) = (&delivery, &*pace);
            scope.spawn(move || watch::over(delivery, pace, load.abort_if, &ends))
        });
        let ended = drill::play_into(load.scenario, load.plan, settings, outlets, &mut |barrier: &Barrier<'_>| {
            if let (Some(metrics), Some(export)) = (&mut start.metrics, barrier.export) {
                metrics.take(export);
            } else if pace.begun().is_none() {
                unsent_exports.extend(barrier.export.cloned());
            }
            if pace.begun().is_none() && barrier.progress.second == load.from_s {
                start = begin(load, &delivery, &pace, &std::mem::take(&mut unsent_exports));
                let progress = &barrier.progress;
                start.unsent = Unsent { requests: progress.requests, sampled_out: progress.sampled_out };
            }
            let seen = look(barrier, pace.begun().as_ref());
            // At full speed what is left in the shop takes no time; at any other it would go on at its pace.
            if seen.is_break() && !pace.is_unbounded() {
                pace.stop();
            }
            if pace.is_stopped() { ControlFlow::Break(()) } else { seen }
        });
        drop(end);
        (ended, watcher.and_then(|watcher| watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
    });
    let (record, outlets) = ended.map_err(Failure::Overload)?;
    let (mut counts, mut tally) = (Counts::default(), Tally::default());
    for outlet in outlets {
        counts.add(&outlet.counts);
        tally.merge(&outlet.tally);
    }
    let outcome = delivery.finish(if aborted.is_some() { ABORT_GRACE } else { GRACE });
    assert!(outcome.counts.is_conserved(), "invariant: every body has one end");
    let begun = pace.begun();
    let all = Unsent { requests: record.ledger.arrivals, sampled_out: record.spans.sampled_out };
    let unsent = begun.map_or(all, |_| start.unsent);
    Ok(Played {
        record,
        counts,
        tally,
        outcome,
        begun,
        aborted,
        unsent,
        wall_s: begun.map_or(0.0, |begun| begun.at.elapsed().as_secs_f64()),
        cpu_s: begun.map_or(0.0, |_| process::cpu_s().unwrap_or_default() - start.cpu_s),
    })
}

fn outlets<'a>(load: &Load<'a>, delivery: &Delivery, pace: &Arc<Pace>) -> Vec<CellOutlet<'a>> {
    let wanted = Wanted {
        traces: load.traces,
        logs: load.logs,
        body_bytes: load.body_bytes,
        tally: load.tally,
        watched: !load.scenario.faults.is_empty() || !load.scenario.remedies.is_empty(),
    };
    let of_thread = cells_of_thread(load.cells as usize, load.threads);
    let buffers = Buffers::default();
    let outlet = |cell: u32| {
        let place = Place { cell: cell as u16, pass: 0, epoch_unix_ns: 0 };
        let encoder = Encoder::new(load.plan, place, load.marks);
        let line = delivery.line(cell as usize / of_thread);
        CellOutlet::new((place.cell, encoder), Arc::clone(pace), line, buffers.clone(), wanted)
    };
    (0..load.cells).map(outlet).collect()
}

/// The first second that is sent is now, or in a moment.
fn begin<'a>(load: &Load<'a>, delivery: &Delivery, pace: &Arc<Pace>, unsent: &[Export]) -> Start<'a> {
    let now_unix_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let length = Duration::from_secs((load.plan.duration_s - load.from_s).into());
    let begun = pace.begin(Instant::now() + START_UP, now_unix_ns + START_UP.as_nanos() as u64, length);
    let place = Place { cell: 0, pass: 0, epoch_unix_ns: begun.epoch_unix_ns };
    let mut metrics =
        load.metrics.then(|| MetricsLine::new(load.plan, place, load.marks, delivery.line(0), Arc::clone(pace)));
    if let Some(metrics) = &mut metrics {
        unsent.iter().for_each(|export| metrics.skip(export));
    }
    Start { metrics, unsent: Unsent::default(), cpu_s: process::cpu_s().unwrap_or_default() }
}
