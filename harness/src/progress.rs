//! Progress on standard error: one line that is written over on a terminal, plain lines elsewhere.

use crate::drill::Progress;
use doorbuster_reports::format;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// A terminal's line is renewed at most this often.
const FRAME: Duration = Duration::from_millis(100);
/// Elsewhere there is a line after each of so many parts of the run.
const PARTS: u32 = 5;

/// How progress is shown. Which way follows from three flags alone.
pub(crate) struct Display {
    way: Way,
    /// Which of several runs this is, before everything else.
    label: String,
    began: Instant,
    shown: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Line,
    Plain,
    Nothing,
}

const fn way(terminal: bool, quiet: bool, json: bool) -> Way {
    match (terminal, quiet || json) {
        (_, true) => Way::Nothing,
        (true, false) => Way::Line,
        (false, false) => Way::Plain,
    }
}

impl Display {
    pub(crate) fn new(quiet: bool, json: bool) -> Self {
        let way = way(std::io::stderr().is_terminal(), quiet, json);
        Self { way, label: String::new(), began: Instant::now(), shown: None }
    }

    /// Begins another run of several; the label names it.
    pub(crate) fn row(&mut self, label: &str) {
        self.label = format!("{label}  ");
        self.began = Instant::now();
    }

    /// Shows where the run is.
    pub(crate) fn show(&mut self, progress: &Progress) {
        let due = match self.way {
            Way::Nothing => false,
            Way::Line => self.shown.is_none_or(|shown| shown.elapsed() >= FRAME),
            Way::Plain => part(progress.second, progress.of) != part(progress.second - 1, progress.of),
        };
        if !due {
            return;
        }
        self.shown = Some(Instant::now());
        let text = format!("{}{}", self.label, text(progress, self.began.elapsed()));
        let mut err = std::io::stderr().lock();
        let _ = match self.way {
            Way::Line => write!(err, "\r\x1b[K{text}").and_then(|()| err.flush()),
            Way::Plain | Way::Nothing => writeln!(err, "{text}"),
        };
    }

    /// Shows how many of many short runs are done.
    pub(crate) fn count(&mut self, done: u32, of: u32) {
        let due = match self.way {
            Way::Nothing => false,
            Way::Line => true,
            Way::Plain => part(done, of) != part(done - 1, of),
        };
        if !due {
            return;
        }
        let took = format::duration(self.began.elapsed().as_secs_f64());
        let text = format!("{:>3} %  {done} of {of} played in {took}", u64::from(done) * 100 / u64::from(of));
        let mut err = std::io::stderr().lock();
        let _ = match self.way {
            Way::Line => write!(err, "\r\x1b[K{text}").and_then(|()| err.flush()),
            Way::Plain | Way::Nothing => writeln!(err, "{text}"),
        };
    }

    /// Takes the line away.
    pub(crate) fn end(self) {
        if self.way == Way::Line {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\r\x1b[K").and_then(|()| err.flush());
        }
    }
}

const fn part(second: u32, of: u32) -> u64 {
    second as u64 * PARTS as u64 / of as u64
}

fn text(progress: &Progress, elapsed: Duration) -> String {
    let percent = u64::from(progress.second) * 100 / u64::from(progress.of);
    let success = progress.success.map_or(String::new(), |success| format!(", success {}", format::percent(success)));
    format!(
        "{percent:>3} %  {} of {} virtual, {} requests/s of wall clock{success}",
        format::duration(f64::from(progress.second)),
        format::duration(f64::from(progress.of)),
        format::rate(progress.requests as f64 / elapsed.as_secs_f64().max(0.001)).trim_end_matches("/s"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_follows_from_three_flags() {
        assert_eq!(way(true, false, false), Way::Line);
        assert_eq!(way(false, false, false), Way::Plain);
        assert!(
            [(true, true, false), (true, false, true), (false, true, true)]
                .iter()
                .all(|(terminal, quiet, json)| way(*terminal, *quiet, *json) == Way::Nothing)
        );
    }

    #[test]
    fn a_plain_run_says_a_few_lines() {
        let lines = (1..=1440).filter(|second| part(*second, 1440) != part(second - 1, 1440)).count();
        assert_eq!(lines, PARTS as usize);
    }
}
