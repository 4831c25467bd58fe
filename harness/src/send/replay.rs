//! `send --replay LENGTH`: a stretch is simulated once and sent again and again, so that the simulation costs nothing meanwhile.
//!
//! Owns the passes: the batches of the stretch at the schedule on which the pods flushed them, moved on by its length each time, with other
//! trace ids. Every pass has whole traces, so the end of one is sent while the next begins. Refuses a story: the same stretch again and again
//! has none.

use super::asked::whole_seconds;
use super::keep::{Bound, Keeper, Kept, MOST_RECORDS};
use super::outlet::{CellOutlet, TURNS};
use super::player::{self, GRACE, Load, Played, Road};
use crate::deliver::Settings;
use crate::drill::fleet::cells_of_thread;
use crate::drill::outlet::Outlet;
use crate::drill::{self, Progress};
use crate::failure::Failure;
use crate::process;
use doorbuster_model::plan::Plan;
use doorbuster_model::time::{Ticks, ns_from_ticks, tick_of_second};
use doorbuster_scenarios::units::Time;
use doorbuster_telemetry::encode::Place;
use doorbuster_telemetry::record::{Batch, Consumer, SpanRecord};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Duration;

/// Passes that ids tell apart.
const MOST_PASSES: u32 = 1 << u16::BITS;

/// What is replayed, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replay {
    /// Seconds that are simulated first and not sent.
    pub(crate) warmup_s: u32,
    /// Seconds of a pass.
    pub(crate) length_s: u32,
    /// How often.
    pub(crate) passes: u32,
}

/// What a replay was, for whoever tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replayed {
    /// Requests of shoppers that were sent, of all passes.
    pub(crate) requests: u64,
    /// Bytes of the records that were kept.
    pub(crate) kept_bytes: u64,
    /// Whether every pass was sent to its end.
    pub(crate) complete: bool,
}

/// A cell that is replayed.
struct Cell<'p> {
    number: u16,
    kept: Kept,
    outlet: CellOutlet<'p>,
    requests: u64,
}

/// Where passes lie in time.
#[derive(Clone, Copy)]
struct Score {
    /// Ticks of a pass, without its end beyond the length.
    length: Ticks,
    passes: u64,
    /// What virtual time zero is called in the first pass.
    epoch_unix_ns: u64,
}

impl Replay {
    /// A replay of this length, for as long as was asked for or as the scenario lasts.
    ///
    /// # Errors
    /// When that is no whole number of passes, or more than ids tell apart.
    pub(crate) fn new(length: Time, asked: Option<Time>, plan: &Plan) -> Result<Self, Failure> {
        let length_s = whole_seconds("--replay", length.ns)?;
        let for_s = asked.map_or(Ok(plan.duration_s), |asked| whole_seconds("--for", asked.ns))?;
        if !for_s.is_multiple_of(length_s) {
            let (less, more) = (for_s / length_s * length_s, for_s.div_ceil(length_s) * length_s);
            let either = if less > 0 { format!("--for {less}s or ") } else { String::new() };
            return Err(Failure::Argument {
                message: format!("{for_s} s are no whole number of passes of {length_s} s"),
                help: format!("say {either}--for {more}s"),
            });
        }
        let passes = for_s / length_s;
        if passes > MOST_PASSES {
            return Err(Failure::Argument {
                message: format!(
                    "{for_s} s take {passes} passes of {length_s} s, and trace ids tell {MOST_PASSES} apart"
                ),
                help: format!("replay at least {}s", for_s.div_ceil(MOST_PASSES)),
            });
        }
        Ok(Self { warmup_s: plan.warmup_s, length_s, passes })
    }

    /// Seconds that are simulated before everything is let run out.
    pub(crate) const fn simulated_s(&self) -> u32 {
        self.warmup_s + self.length_s
    }
}

/// Simulates once, and sends until all passes are answered, or until whoever looks has seen enough.
///
/// # Errors
/// When the stretch is more than can be kept, and as for [`player::play`].
pub(crate) fn play(
    load: &Load<'_>,
    replay: &Replay,
    settings: Settings,
    look: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Played, Failure> {
    let (kept, record) = keep(load, replay, look)?;
    let kept_bytes = kept.iter().map(Kept::spans).sum::<u64>() * size_of::<SpanRecord>() as u64;
    let length = tick_of_second(replay.length_s.into());
    let passes = if record.complete { u64::from(replay.passes) } else { 0 };
    let tail = kept.iter().map(Kept::end).max().unwrap_or_default().saturating_sub(length);
    let ticks = if passes == 0 { 0 } else { passes * length + tail };

    let Road { delivery, pace, outlets } = Road::open(load, settings)?;
    let cells = load.share.cells.clone().zip(kept).zip(outlets);
    let mut cells: Vec<Cell<'_>> =
        cells.map(|((number, kept), outlet)| Cell { number: number as u16, kept, outlet, requests: 0 }).collect();
    let cpu_before_s = process::cpu_s().unwrap_or_default();
    let begun = player::begin_soon(&pace, Duration::from_nanos(ns_from_ticks(ticks)), load.start_at.as_ref());
    // Records are told from the beginning of the simulation.
    let epoch_unix_ns = begun.epoch_unix_ns.saturating_sub(ns_from_ticks(tick_of_second(replay.warmup_s.into())));
    let score = Score { length, passes, epoch_unix_ns };
    let group = cells_of_thread(cells.len(), load.threads);
    let seconds = (0..u32::MAX).take_while(|second| tick_of_second(u64::from(*second)) < ticks).count() as u32;
    let mut complete = record.complete;
    for second in 0..seconds {
        std::thread::scope(|scope| {
            for cells in cells.chunks_mut(group) {
                scope.spawn(move || score.send_second(second.into(), cells));
            }
        });
        let progress = Progress {
            second: second + 1,
            of: seconds,
            requests: cells.iter().map(|cell| cell.requests).sum(),
            spans: cells.iter().map(|cell| cell.outlet.counts.spans).sum(),
            sampled_out: 0,
            events: 0,
            success: None,
        };
        if look(&progress).is_break() && second + 1 < seconds {
            complete = false;
            break;
        }
    }
    let requests = cells.iter().map(|cell| cell.requests).sum();
    let outlets = cells.into_iter().map(|cell| cell.outlet).collect();
    let replayed = Some(Replayed { requests, kept_bytes, complete });
    let played = player::end(delivery, &pace, cpu_before_s, (outlets, GRACE), record);
    Ok(Played { replayed, ..played })
}

/// Simulates the stretch and keeps its records, by cell.
fn keep(
    load: &Load<'_>,
    replay: &Replay,
    look: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<(Vec<Kept>, drill::Record), Failure> {
    let bound = Arc::new(Bound::new(MOST_RECORDS));
    let from = tick_of_second(replay.warmup_s.into());
    let keepers = load.share.cells.clone().map(|_| Keeper::new(from, Arc::clone(&bound))).collect();
    let settings = drill::Settings { cells: load.cells, threads: load.threads, head: None };
    let played = drill::play_share(load.scenario, load.plan, settings, &load.share, keepers, &mut |barrier| {
        if bound.is_exceeded() { ControlFlow::Break(()) } else { look(&barrier.progress) }
    });
    let (part, decided, keepers) = played.map_err(Failure::Overload)?;
    if bound.is_exceeded() {
        return Err(too_much(replay, part.played_s));
    }
    let record = part.record(load.cells, decided.story, decided.recovery);
    Ok((keepers.into_iter().map(Keeper::end).collect(), record))
}

fn too_much(replay: &Replay, played_s: u32) -> Failure {
    let kept_s = played_s.saturating_sub(replay.warmup_s);
    Failure::Argument {
        message: format!(
            "{kept_s} of {} s to replay have more than {MOST_RECORDS} spans, and no more than 4 GB of them are kept, 32 bytes each",
            replay.length_s
        ),
        help: "replay a shorter stretch, or lower --rate or --cells".to_owned(),
    }
}

impl Score {
    fn send_second(&self, second: u64, cells: &mut [Cell<'_>]) {
        let (from, until) = (tick_of_second(second), tick_of_second(second + 1));
        let at = |turn: u64| from + turn * (until - from) / TURNS;
        for turn in 0..TURNS {
            for cell in &mut *cells {
                cell.outlet.begin_turn(at(turn));
                self.send_turn(at(turn)..at(turn + 1), cell);
                cell.outlet.end_turn(at(turn + 1));
            }
        }
    }

    /// Sends what is due within these ticks: of the newest pass, and of those before that have not come to their end.
    fn send_turn(&self, ticks: Range<Ticks>, cell: &mut Cell<'_>) {
        let oldest = (ticks.start + 1).saturating_sub(cell.kept.end()) / self.length;
        for pass in oldest..self.passes.min(ticks.end.div_ceil(self.length)) {
            let begins = pass * self.length;
            let epoch_unix_ns = self.epoch_unix_ns + ns_from_ticks(begins);
            cell.outlet.set_place(Place { cell: cell.number, pass: pass as u16, epoch_unix_ns });
            for (batch, roots) in cell.kept.within(ticks.start.saturating_sub(begins)..ticks.end - begins) {
                cell.outlet.batch(&Batch { at: begins + batch.at, ..batch });
                cell.requests += roots;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: the bound is reached in the ninth second, three of which were warm-up. *Guarantees*: what was kept, the bound and the cure
    /// are told.
    #[test]
    fn what_is_too_much_is_told() {
        let told = too_much(&Replay { warmup_s: 3, length_s: 10, passes: 2 }, 9).to_string();
        assert!(told.contains("6 of 10 s to replay have more than 125000000 spans"), "{told}");
        assert!(told.contains("4 GB") && told.contains("shorter stretch"), "{told}");
        assert_eq!(size_of::<SpanRecord>() as u64 * MOST_RECORDS, 4_000_000_000);
    }
}
