//! The moments of the story as vertical lines, with labels above the panels that do not overlap.
//!
//! Owns the search for a place for each label. Refuses to move a line: only labels move.

use super::scale::TimeAxis;
use super::{CHAR_WIDTH, LANE_HEIGHT, Screen};
use crate::format::clock_at;
use crate::story::{Kind, Moment};

/// Most labels; further moments (a flood of false alerts) are lines only.
const MOST_LABELS: usize = 16;
/// Most rows of labels.
const MOST_LANES: u32 = 9;
/// Steps of the search for one number of lanes.
const MOST_STEPS: u32 = 20_000;
/// Between a line and its label.
const GAP: f64 = 5.0;
/// Lines so near to each other look like one.
const ONE_LINE: f64 = 2.0;
/// Marks of one kind so near to each other share a label: several remedies within a minute.
const ONE_LABEL: f64 = 16.0;

/// The marks, each with its place.
pub(super) struct Marks {
    /// Rows of labels above the panels.
    pub(super) lanes: u32,
    marks: Vec<Mark>,
    places: Vec<Place>,
    /// Lines without a label.
    bare: Vec<Mark>,
}

struct Mark {
    x: f64,
    class: &'static str,
    kind: Kind,
    label: String,
    at_s: f64,
}

impl Mark {
    fn width(&self) -> f64 {
        self.label.len() as f64 * CHAR_WIDTH
    }
}

/// Where a label stands.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    lane: u32,
    from: f64,
    to: f64,
    /// Whether it stands at the left of its line.
    left: bool,
}

/// Finds a place for every label, in as few lanes as it takes.
pub(super) fn place(moments: &[Moment], axis: &TimeAxis, clock: &str, screen: Screen) -> Marks {
    let (marks, bare) = marks(moments, axis, clock, screen);
    for lanes in 1..=MOST_LANES {
        let mut places = Vec::new();
        let mut steps = 0;
        if settle(&marks, &mut places, lanes, axis, &mut steps) {
            return Marks { lanes: if marks.is_empty() { 0 } else { lanes }, marks, places, bare };
        }
    }
    // Too crowded to be free of every crossing: a staircase is still legible, as labels have a halo.
    let places = marks.iter().enumerate().map(|(index, mark)| staircase(index as u32, mark, axis)).collect();
    Marks { lanes: MOST_LABELS as u32, marks, places, bare }
}

fn marks(moments: &[Moment], axis: &TimeAxis, clock: &str, screen: Screen) -> (Vec<Mark>, Vec<Mark>) {
    let mut labelled: Vec<Mark> = Vec::new();
    let mut bare = Vec::new();
    for moment in moments.iter().filter(|moment| moment.at_s.is_finite() && moment.kind != Kind::Symptom) {
        let x = axis.px(moment.at_s);
        let class = class(moment.kind);
        let bare_line = || Mark { x, class, kind: moment.kind, label: String::new(), at_s: moment.at_s };
        if let Some(last) = labelled.last_mut().filter(|last| shares_label(last, x, moment.kind)) {
            join(last, moment);
            if x - last.x >= ONE_LINE {
                bare.push(bare_line());
            }
            continue;
        }
        if labelled.len() >= MOST_LABELS {
            bare.push(bare_line());
            continue;
        }
        labelled.push(Mark { label: moment.label(), ..bare_line() });
    }
    if screen == Screen::Wide {
        for mark in &mut labelled {
            mark.label.push_str(&format!(" {}", clock_at(clock, mark.at_s)));
        }
    }
    (labelled, bare)
}

/// Whether a moment at `x` is told by the label before it.
fn shares_label(last: &Mark, x: f64, kind: Kind) -> bool {
    let is_remedy = matches!(kind, Kind::Remedy | Kind::AtOnce | Kind::Done);
    x - last.x < ONE_LINE || (is_remedy && last.kind.word() == kind.word() && x - last.x < ONE_LABEL)
}

/// Adds a moment to a label: a number to a word that is the last one there; a repeated word says nothing.
fn join(mark: &mut Mark, moment: &Moment) {
    let word = moment.kind.word();
    let last = mark.label.rsplit(", ").find(|part| part.contains(char::is_alphabetic)).unwrap_or_default();
    match moment.number {
        Some(number) if last.starts_with(word) => mark.label.push_str(&format!(", {number}")),
        Some(_) => mark.label.push_str(&format!(", {}", moment.label())),
        None if mark.label.contains(word) => {}
        None => mark.label.push_str(&format!(", {word}")),
    }
}

const fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Fault | Kind::FalseAlert => "m-bad",
        Kind::Symptom | Kind::Alert => "m-doubt",
        Kind::Evidence | Kind::CauseKnown => "m-known",
        Kind::Remedy | Kind::AtOnce | Kind::Done | Kind::Lifted | Kind::Fixed | Kind::FaultEnds | Kind::Recovered => {
            "m-good"
        }
    }
}

/// Places the labels one after the other, and takes steps back where the next finds no place.
fn settle(marks: &[Mark], places: &mut Vec<Place>, lanes: u32, axis: &TimeAxis, steps: &mut u32) -> bool {
    if places.len() == marks.len() {
        return true;
    }
    let mark = &marks[places.len()];
    for lane in 0..lanes {
        for left in [false, true] {
            *steps += 1;
            if *steps > MOST_STEPS {
                return false;
            }
            let place = beside(mark, lane, left);
            if fits(marks, places, mark, &place, axis) {
                places.push(place);
                if settle(marks, places, lanes, axis, steps) {
                    return true;
                }
                places.pop();
            }
        }
    }
    false
}

fn beside(mark: &Mark, lane: u32, left: bool) -> Place {
    let (from, to) =
        if left { (mark.x - GAP - mark.width(), mark.x - GAP) } else { (mark.x + GAP, mark.x + GAP + mark.width()) };
    Place { lane, from, to, left }
}

/// Whether a label stays within the chart, off all other labels, and off the lines that pass its lane.
fn fits(marks: &[Mark], places: &[Place], mark: &Mark, place: &Place, axis: &TimeAxis) -> bool {
    if place.from < 0.0 || place.to > axis.to_px + super::RIGHT {
        return false;
    }
    for (other_mark, other) in marks.iter().zip(places) {
        let overlap = other.lane == place.lane && other.from < place.to + GAP && place.from < other.to + GAP;
        // A line begins at its label's lane and runs down.
        let crosses_me = other.lane <= place.lane && place.from - 2.0 < other_mark.x && other_mark.x < place.to + 2.0;
        let crosses_it = place.lane <= other.lane && other.from - 2.0 < mark.x && mark.x < other.to + 2.0;
        if overlap || crosses_me || crosses_it {
            return false;
        }
    }
    true
}

fn staircase(index: u32, mark: &Mark, axis: &TimeAxis) -> Place {
    let right = beside(mark, index, false);
    if right.to > axis.to_px { beside(mark, index, true) } else { right }
}

impl Marks {
    /// Draws lines down to `bottom`, then labels, so that no line is over a label.
    pub(super) fn draw(&self, svg: &mut String, bottom: f64) {
        for (mark, lane) in self.marks.iter().zip(self.places.iter().map(|place| place.lane)) {
            line(svg, mark, f64::from(lane) * LANE_HEIGHT + 2.0, bottom);
        }
        for mark in &self.bare {
            line(svg, mark, f64::from(self.lanes) * LANE_HEIGHT, bottom);
        }
        for (mark, place) in self.marks.iter().zip(&self.places) {
            let (x, anchor) = if place.left { (place.to, "end") } else { (place.from, "start") };
            svg.push_str(&format!(
                "<text class=\"mark k-{}\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>\n",
                mark.class,
                f64::from(place.lane) * LANE_HEIGHT + 13.0,
                mark.label
            ));
        }
    }
}

fn line(svg: &mut String, mark: &Mark, from: f64, to: f64) {
    svg.push_str(&format!("<path class=\"mark {}\" d=\"M{:.1} {from:.1}V{to:.1}\"/>\n", mark.class, mark.x));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::story::moments;

    fn axis(to_px: f64) -> TimeAxis {
        TimeAxis { end_s: 1440.0, from_px: 50.0, to_px }
    }

    #[test]
    fn no_label_touches_another_or_a_line() {
        for (screen, width) in [(Screen::Wide, 904.0), (Screen::Narrow, 372.0)] {
            let placed = place(&moments(&examples::incident()), &axis(width), "14:30", screen);
            assert!(placed.lanes <= 4, "{screen:?} takes {} lanes", placed.lanes);
            assert_eq!(placed.marks.len(), 7);
            for (index, place) in placed.places.iter().enumerate() {
                let (earlier, mark) = (&placed.places[..index], &placed.marks[index]);
                assert!(fits(&placed.marks[..index], earlier, mark, place, &axis(width)));
            }
        }
    }

    #[test]
    fn several_remedies_within_a_minute_are_legible() {
        for (screen, width) in [(Screen::Wide, 904.0), (Screen::Narrow, 372.0)] {
            let axis = TimeAxis { end_s: 1800.0, from_px: 50.0, to_px: width };
            let placed = place(&moments(&examples::avalanche()), &axis, "20:00", screen);
            let labels: Vec<_> = placed.marks.iter().map(|mark| mark.label.as_str()).collect();
            assert!(labels.iter().any(|label| label.contains("remedy 1, 2, 3")), "{labels:?}");
            assert!(placed.lanes < MOST_LANES, "{screen:?} takes {} lanes", placed.lanes);
            for (index, place) in placed.places.iter().enumerate() {
                assert!(fits(&placed.marks[..index], &placed.places[..index], &placed.marks[index], place, &axis));
            }
            let lines = placed.marks.len() + placed.bare.len();
            assert!(lines >= 8, "{lines} lines: a mark that shares a label keeps its line where it can be seen");
        }
    }

    #[test]
    fn a_flood_of_alerts_still_draws() {
        let mut all = moments(&examples::incident());
        let alert = all[2].clone();
        for index in 0..300 {
            let mut alert = alert.clone();
            alert.at_s = 60.0 + f64::from(index) * 4.0;
            alert.kind = Kind::FalseAlert;
            all.push(alert);
        }
        all.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        let placed = place(&all, &axis(904.0), "14:30", Screen::Wide);
        assert_eq!(placed.marks.len(), MOST_LABELS);
        assert!(!placed.bare.is_empty());
    }
}
