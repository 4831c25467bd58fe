//! `doorbuster send`: loads a real OTLP endpoint with a scenario's telemetry, open loop.
//!
//! Owns the road from arguments to exit code. Refuses to slow down for its target: what can't be sent in time is late or not sent, and
//! counted.

mod asked;
mod buffers;
mod compare;
mod condition;
mod expect;
mod from;
mod honesty;
mod keep;
mod metrics;
mod outlet;
mod pace;
pub(crate) mod player;
mod replay;
mod result;
mod share;
mod split;
mod truth;
mod watch;

use crate::cli::{Balance, SendArgs, SignalName, Speed};
use crate::drill::{Barrier, Progress, Record};
use crate::failure::Failure;
use crate::timeline;
use crate::{process, progress};
use asked::Asked;
use doorbuster_telemetry::tally::Gap;
use honesty::Conduct;
pub(crate) use outlet::TURNS;
use pace::Begun;
use player::{Load, Played, StartAt};
use result::{Sent, Times, ToldGap, ToldReplay};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};
use truth::{Reached, Truth};

/// Sends a scenario's telemetry; returns the exit code.
pub(crate) fn send(args: &SendArgs) -> Result<u8, Failure> {
    let asked = Asked::new(args)?;
    if args.dry_run {
        return dry_run(args, &asked);
    }
    let sent = play(args, &asked)?;
    if args.json {
        let json = serde_json::to_string_pretty(&sent).expect("invariant: figures are JSON");
        process::tell(&format!("{json}\n"))?;
    } else if !args.quiet {
        process::tell(&sent.text())?;
    }
    Ok(exit_code(&sent))
}

/// Invalid before anything else: what an overloaded generator lost says nothing of its target. Only a condition that stopped it comes
/// first, for it was asked for as such.
fn exit_code(sent: &Sent) -> u8 {
    if sent.aborted.is_some() {
        99
    } else if !sent.invalid.is_empty() {
        75
    } else if sent.is_as_expected() {
        0
    } else {
        99
    }
}

/// Says what would be sent.
fn dry_run(args: &SendArgs, asked: &Asked) -> Result<u8, Failure> {
    let rate = asked.peak_per_s.map_or_else(
        || "as many requests as it comes to".to_owned(),
        |per_s| format!("up to {per_s:.0} requests of shoppers a second"),
    );
    let from = match asked.from_s {
        from_s if from_s > 0 && !args.blind => format!(" from {from_s} s on"),
        _ => String::new(),
    };
    let share =
        args.worker.map_or_else(String::new, |worker| format!(" (worker {worker}: {} of them)", asked.share.len()));
    let length = asked.replay.map_or_else(
        || format!("{} s of the scenario's time{from}", asked.plan.duration_s - asked.from_s),
        |replay| format!("{} passes of the same {} s", replay.passes, replay.length_s),
    );
    process::tell(&format!(
        "{} would be sent to {}: {} cells{share} on {} threads, {rate}, for {length}\nnothing was sent\n",
        if args.blind { "a blind drill" } else { &asked.loaded.name },
        args.to.join(", "),
        asked.cells,
        asked.threads,
    ))?;
    Ok(0)
}

/// Plays and sends, and says what came of it.
fn play(args: &SendArgs, asked: &Asked) -> Result<Sent, Failure> {
    let sends = |signal| args.signals.is_empty() || args.signals.contains(&signal);
    let stop = process::stop_flag();
    let start_at = args
        .start_at
        .map(|seconds| StartAt { at: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds), stop: Arc::clone(&stop) });
    let load = Load {
        scenario: &asked.loaded.scenario,
        plan: &asked.plan,
        cells: asked.cells,
        share: asked.share.to_drill(),
        threads: asked.threads,
        head: args.head.map(|share| share.ratio),
        speed: args.speed,
        marks: &asked.marks,
        traces: sends(SignalName::Traces),
        metrics: args.worker.is_none() && args.replay.is_none() && sends(SignalName::Metrics),
        logs: sends(SignalName::Logs),
        body_bytes: args.request_kib as usize * 1024,
        tally: args.counted_by.is_some(),
        from_s: asked.from_s,
        start_at,
        abort_if: &asked.abort_if,
        by_trace: args.balance == Balance::Trace,
    };
    let mut display = Shown::new(args, asked.from_s);
    let mut kept = Kept::default();
    let played = match &asked.replay {
        Some(replay) => replay::play(&load, replay, asked.transport.clone(), &mut |progress| {
            display.show(progress);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }),
        None => player::play(&load, asked.transport.clone(), &mut |barrier, begun| {
            display.show(&barrier.progress);
            let is_kept = begun.is_none_or(|begun| kept.keep(asked, barrier, begun));
            if stop.load(Ordering::Relaxed) || !is_kept { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }),
    };
    display.end();
    let played = played?;
    kept.failure.map_or(Ok(()), Err)?;
    let truth = played.begun.as_ref().filter(|_| asked.replay.is_none()).map(|begun| {
        let Record { played_s, complete, recovered_s, ref story, .. } = played.record;
        Truth::of(asked, story, begun, Reached { played_s, complete, recovered_s })
    });
    if let (Some(path), Some(truth)) = (&asked.truth, &truth) {
        truth.write(path, kept.is_written)?;
    }
    let gaps = args.counted_by.as_ref().map(|url| compare::gaps(url, &played.tally)).transpose()?;
    Ok(judge(args, asked, &played, truth.filter(|_| !args.blind), gaps.as_deref()))
}

/// Progress of the part that is sent; of a blind drill without its success.
struct Shown {
    display: progress::Display,
    before: Option<Progress>,
    from_s: u32,
    is_blind: bool,
    flags: (bool, bool),
}

impl Shown {
    fn new(args: &SendArgs, from_s: u32) -> Self {
        let flags = (args.quiet, args.json);
        let display = progress::Display::new(args.quiet, args.json);
        Self { display, before: None, from_s, is_blind: args.blind, flags }
    }

    fn show(&mut self, progress: &Progress) {
        if progress.second <= self.from_s {
            self.before = Some(*progress);
            self.display = progress::Display::new(self.flags.0, self.flags.1);
            return;
        }
        self.display.show(&Progress {
            second: progress.second - self.from_s,
            of: progress.of - self.from_s,
            requests: progress.requests - self.before.map_or(0, |before| before.requests),
            success: progress.success.filter(|_| !self.is_blind),
            ..*progress
        });
    }

    fn end(self) {
        self.display.end();
    }
}

/// The truth in its file, while it comes about: a sending that is killed leaves what it decided.
#[derive(Default)]
struct Kept {
    is_written: bool,
    times: Option<(Vec<timeline::Times>, Vec<timeline::Times>)>,
    failure: Option<Failure>,
}

impl Kept {
    /// Writes it if it is wanted and the story has changed; whether that went well.
    fn keep(&mut self, asked: &Asked, barrier: &Barrier<'_>, begun: &Begun) -> bool {
        let times = barrier.story.times();
        if let Some(path) = asked.truth.as_ref().filter(|_| self.times.as_ref() != Some(&times)) {
            let reached = Reached { played_s: barrier.progress.second, complete: false, recovered_s: None };
            self.failure = Truth::of(asked, barrier.story, begun, reached).write(path, self.is_written).err();
            self.is_written = self.failure.is_none();
        }
        self.times = Some(times);
        self.failure.is_none()
    }
}

/// What came of it, in figures, with the reasons for which it is invalid.
fn judge(args: &SendArgs, asked: &Asked, played: &Played, truth: Option<Truth>, gaps: Option<&[Gap]>) -> Sent {
    let counts = &played.outcome.counts;
    let histograms = &played.outcome.histograms;
    let (lateness, answer) = (Times::of(&histograms.lateness_us), Times::of(&histograms.answer_us));
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let conduct = Conduct {
        // What a condition left unsent when it ended the sending is nobody's fault.
        due: counts.due.items - played.aborted.as_ref().map_or(0, |_| counts.not_sent.items),
        sent: counts.sent.items + counts.never_connected(),
        lateness_p99_ms: lateness.p99_ms,
        answer_p50_ms: answer.p50_ms,
        cpu_s: played.cpu_s,
        cpu_share_s: played.wall_s * cores,
        held_back_s: counts.held_back.as_secs_f64(),
        is_scheduled: !matches!(args.speed, Speed::Max),
    };
    let mut invalid = honesty::reasons(&conduct);
    invalid.extend(played.begun.and_then(|begun| honesty::late_beginning(begun.behind)));
    let complete = played.replayed.map_or(played.record.complete, |replayed| replayed.complete);
    if !complete && played.aborted.is_none() {
        invalid.push("it was ended early".to_owned());
    }
    Sent {
        scenario: (!args.blind).then(|| asked.loaded.name.clone()),
        seed: args.simulation.seed,
        to: args.to.clone(),
        cells: asked.cells,
        worker: args.worker.map(|worker| worker.to_string()),
        replay: asked.replay.zip(played.replayed).map(|(replay, replayed)| ToldReplay {
            length_s: replay.length_s,
            passes: replay.passes,
            kept_bytes: replayed.kept_bytes,
        }),
        wall_s: played.wall_s,
        shop_requests: played
            .replayed
            .map_or(played.record.ledger.arrivals - played.unsent.requests, |replayed| replayed.requests),
        sampled_out: played.record.spans.sampled_out - played.unsent.sampled_out,
        due: counts.due.items,
        sent: counts.sent.items,
        accepted: counts.accepted.items,
        rejected: counts.rejected.items,
        failed: counts.failed.iter().map(|(cause, amount)| (cause.to_string(), amount.items)).collect(),
        unanswered: counts.unanswered.items,
        not_sent: counts.not_sent.items,
        retried: counts.retried.bodies,
        maybe_twice: counts.maybe_twice.items,
        late: counts.late.items,
        spans: played.counts.spans,
        bytes_per_span: played.counts.span_bytes as f64 / (played.counts.spans as f64).max(1.0),
        wire_bytes: counts.wire_bytes,
        lateness,
        answer,
        ack: Times::of(&histograms.ack_us),
        held_back_s: counts.held_back.as_secs_f64(),
        cpu_s: played.cpu_s,
        cpu_s_per_million_spans: played.cpu_s * 1e6 / (played.counts.spans as f64).max(1.0),
        peak_rss_bytes: process::peak_memory_bytes(),
        aborted: played.aborted.clone(),
        verdicts: expect::verdicts(&asked.expect, counts, histograms, !invalid.is_empty()),
        unexpected: expect::unexpected(&asked.expect, counts),
        truth,
        invalid,
        messages: counts.messages.iter().map(|message| format!("{} ({} times)", message.text, message.times)).collect(),
        gaps: gaps.map(|gaps| gaps.iter().map(told).collect()),
    }
}

fn told(gap: &Gap) -> ToldGap {
    ToldGap {
        service: gap.service.clone(),
        unix_s: gap.second,
        missing: gap.spans,
        trace_id: gap.span.map(|(trace, _)| format!("{trace:032x}")),
        span_id: gap.span.map(|(_, span)| format!("{span:016x}")),
    }
}
