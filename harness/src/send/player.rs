//! Plays a scenario at the pace of the wall clock and sends what it makes.
//!
//! Owns the threads' work: cells turn by turn, their batches encoded, bodies handed to lines. Refuses to judge, and to print.

use super::buffers::Buffers;
use super::condition::Lasting;
use super::metrics::MetricsLine;
use super::outlet::{CellOutlet, Counts, Wanted};
use super::pace::{Begun, LEAD, Pace};
use super::replay::Replayed;
use super::split::Split;
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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long answers are waited for once everything was handed to the lines.
pub(super) const GRACE: Duration = Duration::from_secs(60);
/// The same when a condition ended it: the target is in trouble, and what waits is not sent to it any more. Chosen.
const ABORT_GRACE: Duration = Duration::from_secs(1);
/// At full speed the first is due after so long: connections open meanwhile.
const START_UP: Duration = Duration::from_millis(200);
/// On a schedule it is due after so long: meanwhile connections open, and the bodies of the first lead are made. Chosen.
const AHEAD: Duration = LEAD.saturating_mul(2);

/// A wait for the beginning looks so often whether it is still wanted.
const STOP_LOOK: Duration = Duration::from_millis(100);

/// A time to begin at, and whoever may put an end to the wait.
#[derive(Clone, Debug)]
pub(crate) struct StartAt {
    /// The time.
    pub(crate) at: SystemTime,
    /// Raised by Ctrl-C.
    pub(crate) stop: Arc<AtomicBool>,
}

/// What is played and sent.
pub(crate) struct Load<'a> {
    /// The scenario.
    pub(crate) scenario: &'a Scenario,
    /// Its plan.
    pub(crate) plan: &'a Plan,
    /// Cells of the whole stream, of which the share may be a part.
    pub(crate) cells: u32,
    /// What this process plays.
    pub(crate) share: drill::Share<'a>,
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
    /// When it begins; as soon as it can if `None`.
    pub(crate) start_at: Option<StartAt>,
    /// What stops it.
    pub(crate) abort_if: &'a [Lasting],
    /// Whether traces choose their endpoint; otherwise endpoints take turns.
    pub(crate) by_trace: bool,
}

/// Everything that a sending left behind.
pub(crate) struct Played {
    /// What truly happened.
    pub(crate) record: Record,
    /// Of a replay: then the record is of the one time that was simulated.
    pub(crate) replayed: Option<Replayed>,
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
    let Road { delivery, pace, outlets } = Road::open(load, settings)?;
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
        let mut look = |barrier: &Barrier<'_>| {
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
        };
        let ended = drill::play_share(load.scenario, load.plan, settings, &load.share, outlets, &mut look);
        drop(end);
        (ended, watcher.and_then(|watcher| watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
    });
    let (part, decided, outlets) = ended.map_err(Failure::Overload)?;
    let record = part.record(load.cells, decided.story, decided.recovery);
    let grace = if aborted.is_some() { ABORT_GRACE } else { GRACE };
    let all = Unsent { requests: record.ledger.arrivals, sampled_out: record.spans.sampled_out };
    let unsent = pace.begun().map_or(all, |_| start.unsent);
    let played = end(delivery, &pace, start.cpu_s, (outlets, grace), record);
    Ok(Played { aborted, unsent, ..played })
}

/// Lines that are open, and an outlet into them for each cell.
pub(super) struct Road<'p> {
    pub(super) delivery: Delivery,
    pub(super) pace: Arc<Pace>,
    /// In the order of the share's cells.
    pub(super) outlets: Vec<CellOutlet<'p>>,
}

impl<'p> Road<'p> {
    /// Opens the lines; time has not begun.
    pub(super) fn open(load: &Load<'p>, settings: Settings) -> Result<Self, Failure> {
        let split = (load.by_trace && settings.endpoints.len() > 1).then(|| Split::new(&settings.endpoints));
        let delivery = Delivery::start(settings)?;
        let pace = Arc::new(Pace::new(load.speed, load.from_s));
        let wanted = Wanted {
            traces: load.traces,
            logs: load.logs,
            body_bytes: load.body_bytes,
            tally: load.tally,
            watched: !load.scenario.faults.is_empty() || !load.scenario.remedies.is_empty(),
        };
        let of_thread = cells_of_thread(load.share.cells.len(), load.threads);
        let buffers = Buffers::default();
        let outlet = |(nth, cell): (usize, u32)| {
            let place = Place { cell: cell as u16, pass: 0, epoch_unix_ns: 0 };
            let encoder = Encoder::new(load.plan, place, load.marks);
            let line = delivery.line(nth / of_thread);
            CellOutlet::new((place.cell, encoder), Arc::clone(&pace), line, buffers.clone(), wanted, split.clone())
        };
        let outlets = load.share.cells.clone().enumerate().map(outlet).collect();
        Ok(Self { delivery, pace, outlets })
    }
}

/// Lets time begin, when it was asked for or as soon as connections have had the time to open; what comes is as long as this.
pub(super) fn begin_soon(pace: &Pace, length: Duration, start_at: Option<&StartAt>) -> Begun {
    let ahead = if pace.is_unbounded() {
        thread::sleep(START_UP);
        Duration::ZERO
    } else {
        AHEAD
    };
    let left = |start_at: &StartAt| (start_at.at - ahead).duration_since(SystemTime::now()).unwrap_or_default();
    let is_stopped = start_at.is_some_and(|start_at| {
        while !left(start_at).is_zero() && !start_at.stop.load(Ordering::Relaxed) {
            thread::sleep(left(start_at).min(STOP_LOOK));
        }
        start_at.stop.load(Ordering::Relaxed)
    });
    let (now, now_there) = (Instant::now(), SystemTime::now());
    // Whoever wakes up in time begins at the very moment.
    let asked = start_at.map(|start_at| start_at.at).filter(|_| !is_stopped);
    let at = asked.filter(|asked| *asked >= now_there).unwrap_or(now_there + ahead);
    let behind = asked.map_or(Duration::ZERO, |asked| at.duration_since(asked).unwrap_or_default());
    let at_unix_ns = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let begun = pace.begin(now + at.duration_since(now_there).unwrap_or_default(), at_unix_ns, length, behind);
    if is_stopped {
        pace.stop();
    }
    begun
}

/// Waits until all is answered, or as long as it may take.
pub(super) fn end(
    delivery: Delivery,
    pace: &Pace,
    cpu_before_s: f64,
    (outlets, grace): (Vec<CellOutlet<'_>>, Duration),
    record: Record,
) -> Played {
    let (mut counts, mut tally) = (Counts::default(), Tally::default());
    for outlet in outlets {
        counts.add(&outlet.counts);
        tally.merge(&outlet.tally);
    }
    let outcome = delivery.finish(grace);
    assert!(outcome.counts.is_conserved(), "invariant: every body has one end");
    let begun = pace.begun();
    Played {
        record,
        replayed: None,
        counts,
        tally,
        outcome,
        begun,
        aborted: None,
        unsent: Unsent::default(),
        wall_s: begun.map_or(0.0, |begun| begun.at.elapsed().as_secs_f64()),
        cpu_s: begun.map_or(0.0, |_| process::cpu_s().unwrap_or_default() - cpu_before_s),
    }
}

/// The first second that is sent is now, or in a moment.
fn begin<'a>(load: &Load<'a>, delivery: &Delivery, pace: &Arc<Pace>, unsent: &[Export]) -> Start<'a> {
    let length = Duration::from_secs((load.plan.duration_s - load.from_s).into());
    let begun = begin_soon(pace, length, load.start_at.as_ref());
    let place = Place { cell: 0, pass: 0, epoch_unix_ns: begun.epoch_unix_ns };
    let mut metrics =
        load.metrics.then(|| MetricsLine::new(load.plan, place, load.marks, delivery.line(0), Arc::clone(pace)));
    if let Some(metrics) = &mut metrics {
        unsent.iter().for_each(|export| metrics.skip(export));
    }
    Start { metrics, unsent: Unsent::default(), cpu_s: process::cpu_s().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: a beginning that was asked for an hour ago, and one an hour ahead whose wait is ended. *Guarantees*: the first begins at once and
    /// knows how late it is; the second sends nothing.
    #[test]
    fn a_beginning_that_is_missed_is_known() {
        const HOUR: Duration = Duration::from_secs(3_600);
        let pace = Pace::new(Speed::Times(1.0), 0);
        let missed = StartAt { at: SystemTime::now() - HOUR, stop: Arc::default() };
        assert!(begin_soon(&pace, HOUR, Some(&missed)).behind >= HOUR && pace.running().is_some());
        let pace = Pace::new(Speed::Times(1.0), 0);
        let ended = StartAt { at: SystemTime::now() + HOUR, stop: Arc::new(AtomicBool::new(true)) };
        assert!(begin_soon(&pace, HOUR, Some(&ended)).behind.is_zero() && pace.running().is_none());
    }
}
