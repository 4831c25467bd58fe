//! Plays a scenario at the pace of the wall clock and sends what it makes.
//!
//! Owns the threads' work: cells turn by turn, their batches encoded, bodies handed to lines. Refuses to judge, and to print.

use super::buffers::Buffers;
use super::metrics::MetricsLine;
use super::outlet::{CellOutlet, Counts, Wanted};
use super::pace::Pace;
use super::replay::Replayed;
use super::split::Split;
use crate::cli::Speed;
use crate::deliver::{Delivery, Outcome, Settings};
use crate::drill::fleet::cells_of_thread;
use crate::drill::{self, Barrier, Record};
use crate::failure::Failure;
use crate::process;
use doorbuster_model::plan::Plan;
use doorbuster_scenarios::Scenario;
use doorbuster_telemetry::encode::Place;
use doorbuster_telemetry::tally::Tally;
use doorbuster_telemetry::templates::FastEncoder as Encoder;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long answers are waited for once everything was handed to the lines.
const GRACE: Duration = Duration::from_secs(60);
/// Time between the start of the command and the first that is due: connections open meanwhile.
const START_UP: Duration = Duration::from_millis(200);

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
    /// Seconds from the first moment of the schedule to the last answer.
    pub(crate) wall_s: f64,
    /// CPU seconds of this process meanwhile.
    pub(crate) cpu_s: f64,
}

/// Plays and sends until all is answered, or until whoever looks at the barriers has seen enough.
///
/// # Errors
/// When a line cannot be set up, or the shop holds more than the engine can tell the truth about.
pub(crate) fn play(
    load: &Load<'_>,
    settings: Settings,
    look: &mut dyn FnMut(&Barrier<'_>) -> ControlFlow<()>,
) -> Result<Played, Failure> {
    let length = Duration::from_secs(load.plan.duration_s.into());
    let Road { delivery, pace, epoch_unix_ns, outlets } = Road::open(load, settings, length)?;
    let place = Place { cell: 0, pass: 0, epoch_unix_ns };
    let mut metrics =
        load.metrics.then(|| MetricsLine::new(load.plan, place, load.marks, delivery.line(0), Arc::clone(&pace)));
    let started = begin(&pace);
    let settings = drill::Settings { cells: load.cells, threads: load.threads, head: load.head };
    let played =
        drill::play_share(load.scenario, load.plan, settings, &load.share, outlets, &mut |barrier: &Barrier<'_>| {
            if let (Some(metrics), Some(export)) = (&mut metrics, barrier.export) {
                metrics.take(export);
            }
            look(barrier)
        });
    let (part, decided, outlets) = played.map_err(Failure::Overload)?;
    let record = part.record(load.cells, decided.story, decided.recovery);
    Ok(started.end(delivery, outlets, record, None))
}

/// Lines that are open, and an outlet into them for each cell.
pub(super) struct Road<'p> {
    pub(super) delivery: Delivery,
    pub(super) pace: Arc<Pace>,
    /// What virtual time zero is called.
    pub(super) epoch_unix_ns: u64,
    /// In the order of the share's cells.
    pub(super) outlets: Vec<CellOutlet<'p>>,
}

impl<'p> Road<'p> {
    /// Opens lines for a piece of this length.
    pub(super) fn open(load: &Load<'p>, settings: Settings, length: Duration) -> Result<Self, Failure> {
        let split = (load.by_trace && settings.endpoints.len() > 1).then(|| Split::new(&settings.endpoints));
        let delivery = Delivery::start(settings)?;
        let pace = Arc::new(Pace::new(load.speed));
        let now_unix_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        let epoch_unix_ns = pace.epoch_unix_ns(now_unix_ns + START_UP.as_nanos() as u64, length);
        let wanted = Wanted { traces: load.traces, logs: load.logs, body_bytes: load.body_bytes, tally: load.tally };
        let of_thread = cells_of_thread(load.share.cells.len(), load.threads);
        let buffers = Buffers::default();
        let outlet = |(nth, cell): (usize, u32)| {
            let place = Place { cell: cell as u16, pass: 0, epoch_unix_ns };
            let encoder = Encoder::new(load.plan, place, load.marks);
            let line = delivery.line(nth / of_thread);
            CellOutlet::new(encoder, Arc::clone(&pace), line, buffers.clone(), wanted, split.clone())
        };
        let outlets = load.share.cells.clone().enumerate().map(outlet).collect();
        Ok(Self { delivery, pace, epoch_unix_ns, outlets })
    }
}

/// When a sending began, and what the process had used by then.
pub(super) struct Started {
    at: Instant,
    cpu_s: f64,
}

/// Lets time begin, as soon as connections have had the time to open.
pub(super) fn begin(pace: &Pace) -> Started {
    if pace.is_unbounded() {
        // Without a schedule nobody waits for its beginning.
        std::thread::sleep(START_UP);
        pace.begin(Instant::now());
        return Started { at: Instant::now(), cpu_s: process::cpu_s().unwrap_or_default() };
    }
    let at = Instant::now() + START_UP;
    pace.begin(at);
    Started { at, cpu_s: process::cpu_s().unwrap_or_default() }
}

impl Started {
    /// Waits until all is answered.
    pub(super) fn end(
        self,
        delivery: Delivery,
        outlets: Vec<CellOutlet<'_>>,
        record: Record,
        replayed: Option<Replayed>,
    ) -> Played {
        let (mut counts, mut tally) = (Counts::default(), Tally::default());
        for outlet in outlets {
            counts.add(&outlet.counts);
            tally.merge(&outlet.tally);
        }
        let outcome = delivery.finish(GRACE);
        assert!(outcome.counts.is_conserved(), "invariant: every body has one end");
        Played {
            record,
            replayed,
            counts,
            tally,
            outcome,
            wall_s: self.at.elapsed().as_secs_f64(),
            cpu_s: process::cpu_s().unwrap_or_default() - self.cpu_s,
        }
    }
}
