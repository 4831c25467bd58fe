//! Counting: which spans arrived once, twice, late, or from elsewhere; and bodies that nobody can read.
//!
//! Owns what a counting sink keeps. Refuses bytes, which `scan` has read, and to say what is lost: the sender's tally says that.

#[cfg(test)]
mod tests;

use super::record::{Counted, Foreign, Lateness, Row, Rows, TallyRow, Unread};
use super::scan::{Found, FoundSpan};
use doorbuster_model::ids::{Ids, trace_number};
use doorbuster_telemetry::tally::Tally;
use hdrhistogram::Histogram;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::seen::Seen;

/// Services that are listed with foreign spans; others' spans are only summed up.
const MAX_FOREIGN_SERVICES: usize = 1_000;
/// Rows of service and second that a list has; what falls into others is only summed up.
const MAX_ROWS: usize = 10_000;
/// Bodies that nobody could read of which the cause is kept.
const MAX_CAUSES: usize = 20;
/// The longest lateness that is told from longer ones: a day.
const MAX_LATENESS_US: u64 = 86_400_000_000;
/// Longest name of a service that is kept.
const MAX_NAME_BYTES: usize = 256;
/// What OpenTelemetry calls a service that has no name.
const UNKNOWN_SERVICE: &str = "unknown_service";

/// What a counting sink is told before it starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Seed of the run whose spans are ours.
    pub(super) seed: u64,
    /// A span is late that arrives longer than this after its end.
    pub(super) late_after_ns: u64,
}

/// What has arrived.
pub(super) struct Counter {
    rules: Rules,
    ids: Ids,
    seen: Seen,
    tally: Tally,
    /// Places in the tally.
    services: HashMap<String, usize>,
    foreign: BTreeMap<String, u64>,
    duplicates: Heaps,
    late: Heaps,
    latest_ns: u64,
    lateness_us: Histogram<u64>,
    counted: Counted,
}

/// Spans by place in the tally and second.
#[derive(Default)]
struct Heaps {
    rows: BTreeMap<(usize, u64), u64>,
    sum: u64,
}

impl Counter {
    pub(super) fn new(rules: Rules) -> Self {
        let lateness_us = Histogram::new_with_bounds(1, MAX_LATENESS_US, 3).expect("invariant: bounds of a histogram");
        Self {
            rules,
            ids: Ids::new(rules.seed),
            seen: Seen::default(),
            tally: Tally::default(),
            services: HashMap::new(),
            foreign: BTreeMap::new(),
            duplicates: Heaps::default(),
            late: Heaps::default(),
            latest_ns: 0,
            lateness_us,
            counted: Counted { seed: rules.seed, late_after_s: rules.late_after_ns as f64 / 1e9, ..Counted::default() },
        }
    }

    /// What it was told.
    pub(super) const fn rules(&self) -> Rules {
        self.rules
    }

    /// Counts a request that was read without fault; `body` is what it was found in.
    pub(super) fn apply(&mut self, found: &Found, body: &[u8], arrived_unix_ns: u64) {
        self.counted.decoded_bytes += body.len() as u64;
        self.counted.points += found.points;
        self.counted.log_records += found.log_records;
        self.counted.spans += found.spans.len() as u64;
        for group in &found.groups {
            let name = group.service.clone().map_or(Cow::Borrowed(UNKNOWN_SERVICE), |range| name(&body[range]));
            let foreign = self.apply_group(&name, &found.spans[group.spans.clone()], arrived_unix_ns);
            self.add_foreign(&name, foreign);
        }
    }

    /// Counts spans of one service; returns how many are foreign.
    fn apply_group(&mut self, name: &str, spans: &[FoundSpan], arrived_unix_ns: u64) -> u64 {
        let mut known = self.services.get(name).copied();
        let (mut ours, mut foreign) = (0, 0);
        for span in spans {
            let located = self.ids.locate_trace(span.trace_id).and_then(|(cell, sequence, pass)| {
                let index = self.ids.locate_span(trace_number(cell, sequence), span.id)?;
                Some((cell, sequence, pass, index))
            });
            let Some((cell, sequence, pass, index)) = located else {
                foreign += 1;
                continue;
            };
            ours += 1;
            let service = *known.get_or_insert_with(|| {
                let service = self.tally.service(name);
                self.services.insert(name.to_owned(), service);
                service
            });
            let second = span.start_unix_ns / 1_000_000_000;
            if !self.seen.add(cell, sequence, pass, index) {
                self.duplicates.add(service, second);
                continue;
            }
            self.tally.add(service, span.start_unix_ns, span.trace_id, span.id);
            // A sender whose clock is ahead is not late.
            let after_ns = arrived_unix_ns.saturating_sub(span.end_unix_ns);
            self.lateness_us.saturating_record(after_ns / 1_000);
            if after_ns > self.rules.late_after_ns {
                self.late.add(service, second);
                self.latest_ns = self.latest_ns.max(after_ns);
            }
        }
        self.counted.ours += ours;
        foreign
    }

    fn add_foreign(&mut self, name: &str, spans: u64) {
        if spans == 0 {
            return;
        }
        self.counted.foreign_spans += spans;
        if let Some(sum) = self.foreign.get_mut(name) {
            *sum += spans;
        } else if self.foreign.len() < MAX_FOREIGN_SERVICES {
            self.foreign.insert(name.to_owned(), spans);
        }
    }

    /// Counts a body that nobody can read.
    pub(super) fn add_corrupt(&mut self, cause: String, body: &[&[u8]]) {
        self.counted.corrupt.bodies += 1;
        if self.counted.corrupt.first.len() < MAX_CAUSES {
            let bytes = body.iter().map(|piece| piece.len() as u64).sum();
            let mut services: Vec<String> = body.iter().flat_map(|piece| named(piece)).collect();
            services.sort();
            services.dedup();
            self.counted.corrupt.first.push(Unread { cause, bytes, services });
        }
    }

    /// All of it so far.
    pub(super) fn counted(&self) -> Counted {
        let names: HashMap<usize, &str> = self.services.iter().map(|(name, place)| (*place, name.as_str())).collect();
        let foreign = self.foreign.iter().map(|(service, spans)| Foreign { service: service.clone(), spans: *spans });
        let lateness = (!self.lateness_us.is_empty()).then(|| {
            let s = |share: f64| self.lateness_us.value_at_quantile(share) as f64 / 1e6;
            Lateness { p50: s(0.5), p90: s(0.9), p99: s(0.99), p999: s(0.999), max: s(1.0) }
        });
        Counted {
            traces: self.seen.traces(),
            foreign: foreign.collect(),
            duplicates: self.duplicates.rows(&names),
            late: self.late.rows(&names),
            greatest_lateness_s: (self.late.sum > 0).then_some(self.latest_ns as f64 / 1e9),
            lateness_s: lateness,
            tally: self.tally.heaps().map(TallyRow::of).collect(),
            ..self.counted.clone()
        }
    }
}

impl Heaps {
    fn add(&mut self, service: usize, second: u64) {
        self.sum += 1;
        let is_full = self.rows.len() >= MAX_ROWS;
        match self.rows.get_mut(&(service, second)) {
            Some(spans) => *spans += 1,
            None if is_full => {}
            None => drop(self.rows.insert((service, second), 1)),
        }
    }

    fn rows(&self, names: &HashMap<usize, &str>) -> Rows {
        let rows = self.rows.iter().map(|(&(service, second), &spans)| {
            let service = names.get(&service).copied().unwrap_or(UNKNOWN_SERVICE).to_owned();
            Row { service, second, spans }
        });
        Rows { spans: self.sum, rows: rows.collect() }
    }
}

/// A service's name as it is kept.
fn name(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_NAME_BYTES)])
}

/// The services that a damaged body names, as far as the usual way of writing them is found in it.
fn named(body: &[u8]) -> Vec<String> {
    /// A key (field 1, 12 bytes) and the begin of its value (field 2).
    const KEY: &[u8] = b"\x0a\x0cservice.name\x12";
    let mut names = Vec::new();
    let mut rest = body;
    while let Some(place) = rest.windows(KEY.len()).position(|window| window == KEY) {
        rest = &rest[place + KEY.len()..];
        // The value's length, its string's field, and the string's length: names of up to 125 bytes.
        if let [_, 0x0a, length, text @ ..] = rest
            && *length < 0x80
            && let Some(text) = text.get(..usize::from(*length))
        {
            names.push(name(text).into_owned());
        }
    }
    names
}
