//! `doorbuster send`: loads a real OTLP endpoint with a scenario's telemetry, open loop.
//!
//! Owns the road from arguments to exit code. Refuses to slow down for its target: what can't be sent in time is late or not sent, and
//! counted.

mod asked;
mod buffers;
mod compare;
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

use crate::cli::{Balance, SendArgs, SignalName, Speed};
use crate::drill::Progress;
use crate::failure::Failure;
use crate::{process, progress};
use asked::Asked;
use doorbuster_telemetry::tally::Gap;
use honesty::Conduct;
pub(crate) use outlet::TURNS;
use player::{Load, Played};
use result::{Sent, Times, ToldGap, ToldReplay};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

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

/// Invalid before anything else: what an overloaded generator lost says nothing of its target.
fn exit_code(sent: &Sent) -> u8 {
    if !sent.invalid.is_empty() {
        75
    } else if sent.is_whole() {
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
    let share =
        args.worker.map_or_else(String::new, |worker| format!(" (worker {worker}: {} of them)", asked.share.len()));
    let length = asked.replay.map_or_else(
        || format!("{} s of the scenario's time", asked.plan.duration_s),
        |replay| format!("{} passes of the same {} s", replay.passes, replay.length_s),
    );
    process::tell(&format!(
        "{} would be sent to {}: {} cells{share} on {} threads, {rate}, for {length}\nnothing was sent\n",
        asked.loaded.name,
        args.to.join(", "),
        asked.cells,
        asked.threads,
    ))?;
    Ok(0)
}

/// Plays and sends, and says what came of it.
fn play(args: &SendArgs, asked: &Asked) -> Result<Sent, Failure> {
    let sends = |signal| args.signals.is_empty() || args.signals.contains(&signal);
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
        by_trace: args.balance == Balance::Trace,
    };
    let stop = process::stop_flag();
    let mut display = progress::Display::new(args.quiet, args.json);
    let mut look = |progress: &Progress| {
        display.show(progress);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let played = match &asked.replay {
        Some(replay) => replay::play(&load, replay, asked.transport.clone(), &mut look),
        None => player::play(&load, asked.transport.clone(), &mut |barrier| look(&barrier.progress)),
    };
    display.end();
    let played = played?;
    let gaps = args.counted_by.as_ref().map(|url| compare::gaps(url, &played.tally)).transpose()?;
    Ok(judge(args, asked, &played, gaps.as_deref()))
}

/// What came of it, in figures, with the reasons for which it is invalid.
fn judge(args: &SendArgs, asked: &Asked, played: &Played, gaps: Option<&[Gap]>) -> Sent {
    let counts = &played.outcome.counts;
    let histograms = &played.outcome.histograms;
    let (lateness, answer) = (Times::of(&histograms.lateness_us), Times::of(&histograms.answer_us));
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let conduct = Conduct {
        due: counts.due.items,
        sent: counts.sent.items,
        lateness_p99_ms: lateness.p99_ms,
        answer_p50_ms: answer.p50_ms,
        cpu_s: played.cpu_s,
        cpu_share_s: played.wall_s * cores,
        held_back_s: counts.held_back.as_secs_f64(),
        is_scheduled: !matches!(args.speed, Speed::Max),
    };
    let mut invalid = honesty::reasons(&conduct);
    let complete = played.replayed.map_or(played.record.complete, |replayed| replayed.complete);
    if !complete {
        invalid.push("it was ended early".to_owned());
    }
    Sent {
        scenario: asked.loaded.name.clone(),
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
        shop_requests: played.replayed.map_or(played.record.ledger.arrivals, |replayed| replayed.requests),
        sampled_out: played.record.spans.sampled_out,
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
