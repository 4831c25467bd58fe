//! Whole stories: exports and traces in, findings out, with their times.
//!
//! In all of them the shop is healthy up to 240 s, as in a drill with 60 s of warm-up and 180 s of *before*.

pub(in crate::detection) mod shop;
mod stories;

use super::cause::CauseKind;
use super::*;
use shop::{Noise, Shop};

/// Plays exports into a detector, second by second, as the drill does.
struct Play {
    detector: Detector,
    now_s: u32,
    noise: Noise,
    findings: Vec<(u32, Finding)>,
}

impl Play {
    fn new(noise: Noise) -> Self {
        let detector = Detector::new(shop::names(), &AlertRule::default());
        Self { detector, now_s: 0, noise, findings: Vec::new() }
    }

    /// A detector that has seen four healthy minutes.
    fn warm() -> Self {
        let mut play = Self::new(Noise::none());
        play.until(240, &shop::healthy(), Vec::new);
        assert_eq!(play.findings, [], "a healthy shop");
        play
    }

    fn until(&mut self, end_s: u32, shop: &Shop, traces: impl Fn() -> Vec<TraceSample>) {
        while self.now_s < end_s {
            self.now_s += 1;
            if self.now_s.is_multiple_of(EXPORT_EVERY_S) {
                let export = shop.export(self.now_s, &mut self.noise);
                self.detector.observe(&export, traces());
            }
            let found = self.detector.evaluate(self.now_s);
            self.findings.extend(found.into_iter().map(|finding| (self.now_s, finding)));
        }
    }

    fn symptom(&self) -> &Symptom {
        self.findings.iter().find_map(|(_, f)| if let Finding::Symptom(s) = f { Some(s) } else { None }).unwrap()
    }

    fn alerts(&self) -> Vec<&AlertEvent> {
        self.findings.iter().filter_map(|(_, f)| if let Finding::Alert(a) = f { Some(a) } else { None }).collect()
    }

    fn causes(&self) -> Vec<&Cause> {
        self.findings.iter().filter_map(|(_, f)| if let Finding::Cause(c) = f { Some(c) } else { None }).collect()
    }

    /// The only cause, as (time, kind, service, operation, resource).
    fn cause(&self) -> (u32, CauseKind, &str, &str, &str) {
        let causes = self.causes();
        assert_eq!(causes.len(), 1, "{:#?}", self.findings);
        let cause = causes[0];
        (cause.at_s, cause.kind, &cause.service, &cause.operation, &cause.resource)
    }
}
