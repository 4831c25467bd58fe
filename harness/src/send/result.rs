//! What came of a sending, and how it is told.
//!
//! Owns the figures and their words. Refuses to call a sending valid: `honesty` does.

use super::expect::{Status, Verdict};
use super::truth::Truth;
use super::watch::Aborted;
use doorbuster_reports::format;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What came of a sending. Times in the names' units; counts of items are of spans, metric points and log records together.
#[derive(Debug, Serialize)]
pub(crate) struct Sent {
    /// The scenario; `None` where the drill is blind.
    pub(crate) scenario: Option<String>,
    /// Seed of all draws, for a sink that counts.
    pub(crate) seed: u64,
    /// Where to.
    pub(crate) to: Vec<String>,
    /// Cells of the whole stream.
    pub(crate) cells: u32,
    /// Which of how many workers sent this share of it; `None` for all of it.
    pub(crate) worker: Option<String>,
    /// What was sent again and again; `None` if the scenario was simulated to its end.
    pub(crate) replay: Option<ToldReplay>,
    /// Seconds from the first that was due to the last answer.
    pub(crate) wall_s: f64,
    /// Requests that shoppers made.
    pub(crate) shop_requests: u64,
    /// Spans of traces that the head sampler dropped.
    pub(crate) sampled_out: u64,
    /// Items that the schedule demanded.
    pub(crate) due: u64,
    /// Items that a connection took up.
    pub(crate) sent: u64,
    /// Items that the target accepted.
    pub(crate) accepted: u64,
    /// Items that the target rejected within requests that it answered (partial success).
    pub(crate) rejected: u64,
    /// Items whose request failed for good, by cause.
    pub(crate) failed: BTreeMap<String, u64>,
    /// Items that were sent and had no answer when the time was up.
    pub(crate) unanswered: u64,
    /// Items that found no room in the buffer, or were left there when the time was up.
    pub(crate) not_sent: u64,
    /// Further tries of requests.
    pub(crate) retried: u64,
    /// Items that were sent again after a try without an answer: the target may have them twice.
    pub(crate) maybe_twice: u64,
    /// Items that were sent late.
    pub(crate) late: u64,
    /// Spans among the items that were due.
    pub(crate) spans: u64,
    /// Bytes of a span before compression, its share of resources included.
    pub(crate) bytes_per_span: f64,
    /// Bytes of all requests as they were sent.
    pub(crate) wire_bytes: u64,
    /// Sent after it was due.
    pub(crate) lateness: Times,
    /// Answered after it was sent.
    pub(crate) answer: Times,
    /// Answered with success after it was due, further tries and all.
    pub(crate) ack: Times,
    /// Seconds for which due bodies waited for the target.
    pub(crate) held_back_s: f64,
    /// CPU seconds of this process.
    pub(crate) cpu_s: f64,
    /// The same per million spans.
    pub(crate) cpu_s_per_million_spans: f64,
    /// Most memory that this process held.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// The condition that ended it, if one did.
    pub(crate) aborted: Option<Aborted>,
    /// What was expected, and whether it holds.
    pub(crate) verdicts: Vec<Verdict>,
    /// Items that were not accepted, and that no expectation bounds.
    pub(crate) unexpected: u64,
    /// What truly happened when; `None` where the drill is blind, or nothing was sent.
    pub(crate) truth: Option<Truth>,
    /// Why it is invalid; empty if it is not.
    pub(crate) invalid: Vec<String>,
    /// What the target said of items that it rejected, the first few.
    pub(crate) messages: Vec<String>,
    /// What a counting sink has not, or has too much of; `None` if nobody counted.
    pub(crate) gaps: Option<Vec<ToldGap>>,
}

/// A stretch that was simulated once and sent again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ToldReplay {
    /// Seconds of a pass.
    pub(crate) length_s: u32,
    /// Passes that were asked for.
    pub(crate) passes: u32,
    /// Bytes of the records that were kept.
    pub(crate) kept_bytes: u64,
}

/// Quantiles of a time in ms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Times {
    /// Median.
    pub(crate) p50_ms: f64,
    /// 99th percentile.
    pub(crate) p99_ms: f64,
    /// Greatest.
    pub(crate) max_ms: f64,
}

impl Times {
    /// Of a histogram in us.
    pub(crate) fn of(us: &Histogram<u64>) -> Self {
        let ms = |us: u64| us as f64 / 1e3;
        Self { p50_ms: ms(us.value_at_quantile(0.5)), p99_ms: ms(us.value_at_quantile(0.99)), max_ms: ms(us.max()) }
    }
}

/// What a service's second lacks at the sink, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ToldGap {
    /// `service.name`.
    pub(crate) service: String,
    /// Second since 1970 in which the spans began.
    pub(crate) unix_s: u64,
    /// Spans that did not arrive; negative for ones that nobody sent.
    pub(crate) missing: i64,
    /// Trace id of the span, if it is exactly one.
    pub(crate) trace_id: Option<String>,
    /// Its span id.
    pub(crate) span_id: Option<String>,
}

/// Gaps that are told one by one.
const TOLD_GAPS: usize = 10;

impl Sent {
    /// Everything that was due arrived as far as anybody can say, and everything is as expected.
    pub(crate) fn is_as_expected(&self) -> bool {
        self.unexpected == 0
            && self.gaps.as_ref().is_none_or(Vec::is_empty)
            && self.verdicts.iter().all(|verdict| verdict.status == Status::Pass)
    }

    /// About a dozen lines.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |told: String| {
            let _ = writeln!(text, "{told}");
        };
        let rate = |count: u64| format::count(count as f64 / self.wall_s.max(1e-9));
        line(format!(
            "{} ({} cells, seed {}) to {} in {:.1} s",
            self.scenario.as_deref().unwrap_or("a blind drill"),
            self.cells,
            self.seed,
            self.to.join(", "),
            self.wall_s
        ));
        if let Some(ToldReplay { length_s, passes, kept_bytes }) = self.replay {
            line(format!(
                "  replay       the same {length_s} s, {passes} times, without metrics: it has no story; {} kept",
                bytes(kept_bytes)
            ));
        }
        self.part().into_iter().for_each(&mut line);
        line(format!(
            "  requests     {} of shoppers, {}/s",
            format::count(self.shop_requests as f64),
            rate(self.shop_requests)
        ));
        line(format!(
            "  spans        {}, {}/s, {:.0} bytes each; {} on the wire",
            format::count(self.spans as f64),
            rate(self.spans),
            self.bytes_per_span,
            bytes(self.wire_bytes)
        ));
        if self.sampled_out > 0 {
            let made = self.spans + self.sampled_out;
            line(format!(
                "  head         kept {:.3} % of {} spans",
                percent(self.spans, made),
                format::count(made as f64)
            ));
        }
        self.ends().into_iter().for_each(&mut line);
        for (what, times) in [("lateness", self.lateness), ("answer", self.answer), ("due to ack", self.ack)] {
            let Times { p50_ms, p99_ms, max_ms } = times;
            line(format!("  {what:<11}  p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, at most {max_ms:.1} ms"));
        }
        line(format!(
            "  generator    {:.1} CPU s, {:.3} per million spans{}",
            self.cpu_s,
            self.cpu_s_per_million_spans,
            self.peak_rss_bytes.map_or_else(String::new, |rss| format!(", {} at most", bytes(rss)))
        ));
        match &self.gaps {
            Some(gaps) if gaps.is_empty() => line("  counted      every span arrived once".to_owned()),
            Some(gaps) => told_gaps(gaps).into_iter().for_each(&mut line),
            None => {}
        }
        self.judged().into_iter().for_each(&mut line);
        for reason in &self.invalid {
            let _ = writeln!(text, "  INVALID      {reason}");
        }
        text
    }

    /// What became of what was due.
    fn ends(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.push(format!("  due          {} items", format::count(self.due as f64)));
        lines.push(format!(
            "  sent         {} ({:.2} %)",
            format::count(self.sent as f64),
            percent(self.sent, self.due)
        ));
        lines.push(format!(
            "  accepted     {} ({:.2} %)",
            format::count(self.accepted as f64),
            percent(self.accepted, self.due)
        ));
        for (what, count) in [
            ("late", self.late),
            ("rejected", self.rejected),
            ("not sent", self.not_sent),
            ("unanswered", self.unanswered),
            ("maybe twice", self.maybe_twice),
        ] {
            if count > 0 {
                lines.push(format!(
                    "  {what:<11}  {} ({:.2} %)",
                    format::count(count as f64),
                    percent(count, self.due)
                ));
            }
        }
        for (cause, count) in &self.failed {
            lines.push(format!(
                "  failed       {} ({:.2} %): {cause}",
                format::count(*count as f64),
                percent(*count, self.due)
            ));
        }
        for message in &self.messages {
            lines.push(format!("               the target says: {message}"));
        }
        if self.retried > 0 {
            lines.push(format!("  retried      {} requests", format::count(self.retried as f64)));
        }
        lines
    }

    /// What truly happened, what was expected, and what ended it.
    fn judged(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.truth.iter().flat_map(Truth::lines).collect();
        for Verdict { id, told, bound, status, .. } in &self.verdicts {
            let status = match status {
                Status::Pass => "pass",
                Status::Fail => "FAIL",
                Status::Invalid => "invalid",
            };
            lines.push(format!("  {status:<11}  {id} {told}, expected {bound}"));
        }
        if let Some(Aborted { condition, told, after_s, .. }) = &self.aborted {
            lines.push(format!("  ABORTED      after {after_s:.1} s by `{condition}`: it was {told}"));
        }
        lines
    }
}

impl Sent {
    /// What it was, if it was not all of a scenario, once.
    fn part(&self) -> Vec<String> {
        let worker = self.worker.as_ref().map(|worker| {
            format!("  worker       {worker}: its cells only, without metrics, which are sums over all cells")
        });
        let replay = self.replay.map(|ToldReplay { length_s, passes, kept_bytes }| {
            let kept = bytes(kept_bytes);
            format!(
                "  replay       the same {length_s} s, {passes} times, without metrics: it has no story; {kept} kept"
            )
        });
        worker.into_iter().chain(replay).collect()
    }
}

fn told_gaps(gaps: &[ToldGap]) -> Vec<String> {
    let mut lines: Vec<String> = gaps
        .iter()
        .take(TOLD_GAPS)
        .map(|gap| {
            let (count, what) = if gap.missing > 0 { (gap.missing, "missing") } else { (-gap.missing, "too many") };
            let span = match (&gap.trace_id, &gap.span_id) {
                (Some(trace), Some(span)) => format!(": span {span} of trace {trace}"),
                _ => String::new(),
            };
            format!("  {what:<11}  {count} of {} in second {}{span}", gap.service, gap.unix_s)
        })
        .collect();
    if gaps.len() > TOLD_GAPS {
        lines.push(format!("               and in {} more seconds of services", gaps.len() - TOLD_GAPS));
    }
    lines
}

fn percent(count: u64, of: u64) -> f64 {
    count as f64 * 100.0 / (of as f64).max(1.0)
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
