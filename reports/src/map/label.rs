//! Where the labels of edges go.
//!
//! Owns that no label lies over a box or another label, and over as few lines as can be: one for which there is no place is left
//! out, and the table below the map says what it would have said. Refuses to know what a label says.

use super::layout::{BOX_HEIGHT, BOX_WIDTH, Layout, Point};

/// Mean width of a character of a label, in px.
const CHAR_WIDTH: f64 = 6.1;
/// Beside a label's text.
const MARGIN: f64 = 3.0;
/// Height of a line of a label.
pub(super) const LINE_HEIGHT: f64 = 14.0;
/// Parts of a gap between columns, or of a line through a column, at which a label is tried: its middle first.
const TRIED: [f64; 7] = [0.5, 0.42, 0.58, 0.34, 0.66, 0.24, 0.76];
/// Points of a line that are looked at for each of its parts.
const LOOKED_AT: usize = 16;

/// A rectangle: left, top, right, bottom.
pub(super) type Area = [f64; 4];

/// Labels as they find room, one after the other.
pub(super) struct Labels {
    taken: Vec<Area>,
    /// Points of every edge's line.
    lines: Vec<Vec<Point>>,
    width: f64,
    height: f64,
}

impl Labels {
    /// All boxes are taken.
    pub(super) fn new(layout: &Layout) -> Self {
        let area = |place: &super::layout::Place| [place.x, place.y, place.x + BOX_WIDTH, place.y + BOX_HEIGHT];
        Self {
            taken: layout.boxes.iter().map(area).collect(),
            lines: layout.ways.iter().map(|way| points(way)).collect(),
            width: layout.width,
            height: layout.height,
        }
    }

    /// Where a label of these lines goes on an edge's way, if there is room.
    pub(super) fn place(&mut self, edge: usize, way: &[Point], lines: &[String]) -> Option<Area> {
        let chars = lines.iter().map(|line| line.chars().count()).max()?;
        let (half_width, half_height) =
            (chars as f64 * CHAR_WIDTH / 2.0 + MARGIN, lines.len() as f64 * LINE_HEIGHT / 2.0);
        let mut best: Option<(usize, Area)> = None;
        // The last part is tried first: near who is asked, lines are apart.
        for step in (1..way.len()).rev() {
            for part in TRIED {
                let (x, y) = on_way(way, step, part);
                let area = [x - half_width, y - half_height, x + half_width, y + half_height];
                let is_within = area[0] >= 0.0 && area[1] >= 0.0 && area[2] <= self.width && area[3] <= self.height;
                if !is_within || self.taken.iter().any(|taken| overlap(taken, &area)) {
                    continue;
                }
                let covered = self.covered(edge, &area);
                if best.is_none_or(|(fewest, _)| covered < fewest) {
                    best = Some((covered, area));
                }
            }
        }
        let (_, area) = best?;
        self.taken.push(area);
        Some(area)
    }

    /// How many other edges' lines run through an area.
    fn covered(&self, edge: usize, area: &Area) -> usize {
        let is_in = |(x, y): &Point| (area[0]..=area[2]).contains(x) && (area[1]..=area[3]).contains(y);
        let others = self.lines.iter().enumerate().filter(|(other, _)| *other != edge);
        others.filter(|(_, line)| line.iter().any(is_in)).count()
    }
}

/// Points along a way.
fn points(way: &[Point]) -> Vec<Point> {
    let part = |number: usize| (number as f64 + 0.5) / LOOKED_AT as f64;
    (1..way.len()).flat_map(|step| (0..LOOKED_AT).map(move |number| on_way(way, step, part(number)))).collect()
}

/// A point on the part of a way that ends at this step: a curve over a gap, a straight line through a column.
fn on_way(way: &[Point], step: usize, part: f64) -> Point {
    let (from, to) = (way[step - 1], way[step]);
    if step % 2 == 1 { on_curve(from, to, part) } else { (from.0 + (to.0 - from.0) * part, from.1) }
}

fn overlap(a: &Area, b: &Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// A point of the curve over a gap, which leaves and arrives level.
fn on_curve(from: Point, to: Point, part: f64) -> Point {
    let middle = f64::midpoint(from.0, to.0);
    let rest = 1.0 - part;
    let of = |a: f64, b: f64, c: f64, d: f64| {
        rest.powi(3) * a + 3.0 * rest * rest * part * b + 3.0 * rest * part * part * c + part.powi(3) * d
    };
    (of(from.0, middle, middle, to.0), of(from.1, from.1, to.1, to.1))
}

#[cfg(test)]
mod tests {
    use super::super::layout::layout;
    use super::*;

    #[test]
    fn a_label_finds_room_or_is_left_out() {
        let edges: Vec<(usize, usize)> = (1..9).map(|to| (0, to)).collect();
        let layout = layout(9, &edges);
        let mut labels = Labels::new(&layout);
        let text = ["12.5 ms \u{2192} 4.98 s".to_owned()];
        let ways = layout.ways.iter().enumerate();
        let places: Vec<Area> = ways.filter_map(|(edge, way)| labels.place(edge, way, &text)).collect();
        assert!(places.len() >= 6, "{places:?}");
        let all = labels.taken.clone();
        for (at, area) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| !overlap(area, other)), "{area:?} is over another");
        }
        assert_eq!(labels.place(0, &layout.ways[0], &["much too long ".repeat(40)]), None);
        assert_eq!(labels.place(0, &layout.ways[0], &[]), None);
    }

    #[test]
    fn a_label_keeps_clear_of_other_lines() {
        // The second line passes two columns; there it is alone.
        let layout = layout(4, &[(0, 1), (0, 3), (1, 2), (2, 3)]);
        let mut labels = Labels::new(&layout);
        let area = labels.place(1, &layout.ways[1], &["2 ms \u{2192} 5 s".to_owned()]).expect("there is room");
        assert_eq!(labels.covered(1, &area), 0, "{area:?}");
    }

    #[test]
    fn the_curve_begins_and_ends_at_its_ends() {
        assert_eq!(on_curve((0.0, 1.0), (10.0, 5.0), 0.0), (0.0, 1.0));
        assert_eq!(on_curve((0.0, 1.0), (10.0, 5.0), 1.0), (10.0, 5.0));
        assert_eq!(on_curve((0.0, 1.0), (10.0, 5.0), 0.5), (5.0, 3.0));
    }
}
