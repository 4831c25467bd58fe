//! Windows: the stretches of a run that verdicts look at (design section 8).
//!
//! Owns when each begins and ends, some of it known only as the story unfolds, and the truth and the spans that fall into
//! each.

use super::traffic::Traffic;
use doorbuster_model::plan::Plan;
use doorbuster_scenarios::Scenario;
use doorbuster_virtual::slice::Slice;
use serde::{Deserialize, Serialize};

/// *Before* and *after* last so long, and so does the end of a run without recovery.
const WINDOW_S: u32 = 180;
/// *During* begins so long after the injection, and *after* so long after recovery.
const SETTLE_S: u32 = 60;

/// A stretch of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Window {
    /// From warm-up to end.
    Run,
    /// Up to the injection.
    Before,
    /// From a minute after the injection to the first remedy, the fault's end, or the run's.
    During,
    /// From a minute after recovery.
    After,
    /// The end of the run: *after*, if there was no recovery.
    Tail,
}

impl Window {
    /// Its name in results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Before => "before",
            Self::During => "during",
            Self::After | Self::Tail => "after",
        }
    }
}

/// A window and what fell into it.
pub(crate) struct WindowSlice {
    /// Which.
    pub(crate) window: Window,
    /// First second.
    pub(crate) from_s: u32,
    /// Second after the last one.
    pub(crate) to_s: u32,
    /// What happened.
    pub(crate) slice: Slice,
    /// The spans that reached the sinks meanwhile.
    pub(crate) traffic: Traffic,
}

/// All windows of a run in progress.
pub(super) struct Windows {
    windows: Vec<WindowSlice>,
    /// Up to where slices have been added.
    closed_s: u32,
}

impl Windows {
    pub(super) fn new(scenario: &Scenario, plan: &Plan) -> Self {
        let end = plan.duration_s;
        let mut windows = Self { windows: Vec::new(), closed_s: 0 };
        windows.open(plan, Window::Run, plan.warmup_s, end);
        let first = scenario.faults.values().min_by_key(|fault| fault.at.ns);
        if let Some(fault) = first {
            let at = fault.at.s() as u32;
            let until = fault.until.map_or(end, |until| until.s() as u32);
            windows.open(plan, Window::Before, at.saturating_sub(WINDOW_S).max(plan.warmup_s), at);
            windows.open(plan, Window::During, (at + SETTLE_S).min(until), until);
            windows.open(plan, Window::After, end, end);
            windows.open(plan, Window::Tail, end.saturating_sub(WINDOW_S).max(at), end);
        }
        windows
    }

    fn open(&mut self, plan: &Plan, window: Window, from_s: u32, to_s: u32) {
        self.windows.push(WindowSlice { window, from_s, to_s, slice: Slice::new(plan), traffic: Traffic::new(plan) });
    }

    /// Whether a window begins or ends at this second, so that slices must not run across it.
    pub(super) fn turns_at(&self, second: u32) -> bool {
        self.windows.iter().any(|window| window.from_s == second || window.to_s == second)
    }

    /// Adds the slice that ends at `now_s`, and the spans that arrived in it, to the windows it lies in.
    pub(super) fn add(&mut self, slice: &Slice, traffic: &Traffic, now_s: u32) {
        for window in &mut self.windows {
            if window.from_s <= self.closed_s && now_s <= window.to_s {
                window.slice.follow(slice);
                window.traffic.follow(traffic);
            }
        }
        self.closed_s = now_s;
    }

    /// From when to when *before* lasts.
    pub(super) fn before_bounds(&self) -> (u32, u32) {
        self.bounds(Window::Before).unwrap_or((0, 0))
    }

    /// From when to when a window lasts, as far as that is known by now; `None` where the run has no such window.
    pub(super) fn bounds(&self, window: Window) -> Option<(u32, u32)> {
        let found = self.windows.iter().find(|other| other.window == window);
        found.map(|window| (window.from_s, window.to_s))
    }

    /// The first remedy starts at a second that is not over: *during* ends there.
    pub(super) fn remedy_at(&mut self, second: u32) {
        for window in self.windows.iter_mut().filter(|window| window.window == Window::During) {
            window.to_s = window.to_s.min(second.max(window.from_s));
        }
    }

    /// Success recovered at `second`, which is known now.
    pub(super) fn recovered_at(&mut self, second: u32, now_s: u32) {
        for window in self.windows.iter_mut().filter(|window| window.window == Window::After) {
            window.from_s = (second + SETTLE_S).max(now_s);
            window.to_s = window.to_s.min(window.from_s + WINDOW_S);
        }
    }

    /// The one of [`Window::After`] and [`Window::Tail`] that is not told, as far as that is known by now.
    pub(super) fn unwanted(&self) -> Window {
        let has_after = self.bounds(Window::After).is_some_and(|(from_s, to_s)| from_s < to_s);
        if has_after { Window::Tail } else { Window::After }
    }

    /// The windows that were there, with *after* decided, cut where the run was ended early.
    pub(super) fn end(self, played_s: u32) -> Vec<WindowSlice> {
        let unwanted = self.unwanted();
        let mut windows: Vec<WindowSlice> =
            self.windows.into_iter().filter(|window| window.window != unwanted).collect();
        for window in &mut windows {
            window.to_s = window.to_s.min(played_s);
        }
        windows.retain(|window| window.from_s < window.to_s);
        windows
    }
}
