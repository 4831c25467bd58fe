//! Where the labels of edges go.
//!
//! Owns that no label lies over a box or another label: one for which there is no place is left out, and the table below the
//! map says what it would have said. Refuses to know what a label says.

use super::layout::{BOX_HEIGHT, BOX_WIDTH, Layout, Point};

/// Mean width of a character of a label, in px.
const CHAR_WIDTH: f64 = 6.1;
/// Height of a line of a label.
pub(super) const LINE_HEIGHT: f64 = 14.0;
/// Parts of a gap between columns at which a label is tried: its middle first.
const TRIED: [f64; 5] = [0.5, 0.36, 0.64, 0.24, 0.76];

/// A rectangle: left, top, right, bottom.
type Area = [f64; 4];

/// Labels as they find room, one after the other.
pub(super) struct Labels {
    taken: Vec<Area>,
    width: f64,
    height: f64,
}

impl Labels {
    /// All boxes are taken.
    pub(super) fn new(layout: &Layout) -> Self {
        let area = |place: &super::layout::Place| [place.x, place.y, place.x + BOX_WIDTH, place.y + BOX_HEIGHT];
        Self { taken: layout.boxes.iter().map(area).collect(), width: layout.width, height: layout.height }
    }

    /// The middle of a label of these lines on a way, if there is room; the last gap is tried first, where lines are apart.
    pub(super) fn place(&mut self, way: &[Point], lines: &[String]) -> Option<Point> {
        let chars = lines.iter().map(|line| line.chars().count()).max()?;
        let (half_width, half_height) = (chars as f64 * CHAR_WIDTH / 2.0, lines.len() as f64 * LINE_HEIGHT / 2.0);
        for gap in way.chunks(2).rev() {
            let [from, to] = gap else { continue };
            for part in TRIED {
                let (x, y) = on_curve(*from, *to, part);
                let area = [x - half_width, y - half_height, x + half_width, y + half_height];
                let is_within = area[0] >= 0.0 && area[1] >= 0.0 && area[2] <= self.width && area[3] <= self.height;
                if is_within && !self.taken.iter().any(|taken| overlap(taken, &area)) {
                    self.taken.push(area);
                    return Some((x, y));
                }
            }
        }
        None
    }
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
        let places: Vec<Point> = layout.ways.iter().filter_map(|way| labels.place(way, &text)).collect();
        assert!(places.len() >= 6, "{places:?}");
        let all = labels.taken.clone();
        for (at, area) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| !overlap(area, other)), "{area:?} is over another");
        }
        assert_eq!(labels.place(&layout.ways[0], &["much too long ".repeat(40)]), None);
        assert_eq!(labels.place(&layout.ways[0], &[]), None);
    }

    #[test]
    fn the_curve_begins_and_ends_at_its_ends() {
        assert_eq!(on_curve((0.0, 1.0), (10.0, 5.0), 0.0), (0.0, 1.0));
        assert_eq!(on_curve((0.0, 1.0), (10.0, 5.0), 1.0), (10.0, 5.0));
        assert_eq!(on_curve((0.0, 1.0), (10.0, 5.0), 0.5), (5.0, 3.0));
    }
}
