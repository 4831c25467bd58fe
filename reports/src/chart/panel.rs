//! One panel of the chart: a value over time, or a few of one kind.
//!
//! Owns what each panel shows and how a line of values becomes a path. Refuses to draw a value that isn't there:
//! the line has a gap.

use super::scale::{TimeAxis, ValueAxis};
use super::{CHAR_WIDTH, LEFT, PANEL_HEAD, PANEL_HEIGHT, Screen};
use crate::escape::Html;
use crate::figures::watched_cpu;
use crate::format::{duration, percent, short};
use crate::result::{RunResult, SeriesPoint};

/// Most points of a line: more would not be seen.
const MOST_POINTS: usize = 600;

/// A panel, ready to be drawn.
pub(super) struct Panel {
    name: &'static str,
    unit: &'static str,
    axis: ValueAxis,
    label: fn(f64) -> String,
    lines: Vec<Line>,
}

/// A line of values over time, in virtual seconds.
struct Line {
    /// What it is called beside the panel's name; nothing if it is the only one.
    name: String,
    class: &'static str,
    points: Vec<(f64, Option<f64>)>,
}

/// The five panels.
pub(super) fn panels(result: &RunResult, screen: Screen) -> Vec<Panel> {
    let series = &result.series;
    let throughput = vec![
        line("answered", "l-under", series, |point| Some(point.answered_per_s)),
        line("succeeded", "l-main", series, |point| Some(point.succeeded_per_s)),
    ];
    let success = vec![line("", "l-main", series, |point| point.success)];
    let latency = vec![
        line("p50", "l-soft", series, |point| point.p50_s.filter(|s| *s > 0.0)),
        line("p99", "l-warm", series, |point| point.p99_s.filter(|s| *s > 0.0)),
    ];
    let in_flight = vec![line("", "l-main", series, |point| Some(point.in_flight))];
    let mut cpu = Vec::new();
    let (whose, names) = watched_cpu(result);
    for (name, class) in names.into_iter().zip(["l-warm", "l-soft"]) {
        let mut line = line(&name, class, series, |point| point.cpu.get(&name).copied());
        line.name = shortened(&name, screen);
        cpu.push(line);
    }
    let whole = screen == Screen::Wide;
    vec![
        panel("Throughput", "requests/s", ValueAxis::from_zero(greatest(&throughput)), short, throughput),
        panel("Success", "", ValueAxis::share(least(&success)), tick_percent, success),
        panel(
            "Latency",
            if whole { "log scale" } else { "log" },
            ValueAxis::log(values(&latency)),
            tick_duration,
            latency,
        ),
        panel("In flight", "requests", ValueAxis::from_zero(greatest(&in_flight)), short, in_flight),
        panel("CPU", if whole { whose } else { "" }, ValueAxis::from_zero(greatest(&cpu).max(1.0)), tick_percent, cpu),
    ]
}

fn panel(name: &'static str, unit: &'static str, axis: ValueAxis, label: fn(f64) -> String, lines: Vec<Line>) -> Panel {
    Panel { name, unit, axis, label, lines }
}

/// A share on an axis: stated, not measured.
fn tick_percent(ratio: f64) -> String {
    percent(ratio).replace(".0 %", " %")
}

/// A power of ten on an axis: in one unit, or there is no room for it.
fn tick_duration(s: f64) -> String {
    if s >= 59.0 { format!("{s:.0} s") } else { duration(s) }
}

fn line(name: &str, class: &'static str, series: &[SeriesPoint], of: impl Fn(&SeriesPoint) -> Option<f64>) -> Line {
    let points: Vec<_> =
        series.iter().map(|point| (f64::from(point.at_s), of(point).filter(|value| value.is_finite()))).collect();
    Line { name: name.to_owned(), class, points: thinned(&points) }
}

/// At most [`MOST_POINTS`]: of each stretch the least and the greatest, so that no spike is lost; a gap stays one.
fn thinned(points: &[(f64, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MOST_POINTS / 2);
    let mut kept = Vec::with_capacity(MOST_POINTS);
    for part in points.chunks(stretch) {
        let there = || part.iter().filter_map(|(at_s, value)| Some((*at_s, (*value)?)));
        let least = there().min_by(|a, b| a.1.total_cmp(&b.1));
        let greatest = there().max_by(|a, b| a.1.total_cmp(&b.1));
        let (Some(least), Some(greatest)) = (least, greatest) else {
            kept.push((part[0].0, None));
            continue;
        };
        let (first, second) = if least.0 <= greatest.0 { (least, greatest) } else { (greatest, least) };
        kept.push((first.0, Some(first.1)));
        kept.push((second.0, Some(second.1)));
    }
    kept
}

fn values(lines: &[Line]) -> impl Iterator<Item = f64> + '_ {
    lines.iter().flat_map(|line| line.points.iter().filter_map(|(_, value)| *value))
}

fn greatest(lines: &[Line]) -> f64 {
    values(lines).fold(0.0, f64::max)
}

fn least(lines: &[Line]) -> f64 {
    values(lines).fold(1.0, f64::min)
}

fn shortened(name: &str, screen: Screen) -> String {
    let most = if screen == Screen::Wide { 40 } else { 16 };
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let mut text: String = name.chars().take(most - 1).collect();
    text.push('\u{2026}');
    text
}

impl Panel {
    /// Draws the panel with its name from `head` on downwards.
    pub(super) fn draw(&self, svg: &mut String, time: &TimeAxis, head: f64) {
        let top = head + PANEL_HEAD;
        let y = |value: f64| top + (1.0 - self.axis.share_of(value)) * PANEL_HEIGHT;
        svg.push_str(&format!(
            "<g><text class=\"panel\" x=\"{LEFT}\" y=\"{:.1}\">{}<tspan class=\"unit\" dx=\"6\">{}</tspan>",
            top - 9.0,
            self.name,
            self.unit
        ));
        for line in self.lines.iter().filter(|line| !line.name.is_empty()) {
            svg.push_str(&format!(
                "<tspan class=\"k-{0}\" dx=\"12\">&#9473; {1}</tspan>",
                line.class,
                Html(&line.name)
            ));
        }
        svg.push_str("</text>\n");
        for value in self.axis.ticks() {
            let at = y(value);
            svg.push_str(&format!(
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{:.1}\"/><text class=\"axis\" x=\"{:.1}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{}</text>\n",
                time.to_px,
                LEFT - 6.0,
                at + 4.0,
                (self.label)(value)
            ));
        }
        svg.push_str(&format!("<path class=\"frame\" d=\"M{LEFT} {:.1}H{:.1}\"/>\n", top + PANEL_HEIGHT, time.to_px));
        for line in &self.lines {
            line.draw(svg, time, y);
        }
        if self.lines.iter().all(|line| line.points.iter().all(|(_, value)| value.is_none())) {
            let middle = f64::midpoint(LEFT, time.to_px) - 3.5 * CHAR_WIDTH;
            svg.push_str(&format!("<text class=\"axis\" x=\"{middle:.1}\" y=\"{:.1}\">no data</text>\n", top + 46.0));
        }
        svg.push_str("</g>\n");
    }
}

impl Line {
    fn draw(&self, svg: &mut String, time: &TimeAxis, y: impl Fn(f64) -> f64) {
        let mut path = String::new();
        let mut open = false;
        for (index, (at_s, value)) in self.points.iter().enumerate() {
            let Some(value) = value else {
                open = false;
                continue;
            };
            let command = if open { 'L' } else { 'M' };
            path.push_str(&format!("{command}{:.1} {:.1}", time.px(*at_s), y(*value)));
            let alone = !open && self.points.get(index + 1).is_none_or(|(_, next)| next.is_none());
            if alone {
                // A point between two gaps would have no length, and not be seen.
                path.push_str("h.1");
            }
            open = true;
        }
        if !path.is_empty() {
            svg.push_str(&format!("<path class=\"line {}\" d=\"{path}\"/>\n", self.class));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_spikes_and_gaps() {
        let mut points: Vec<_> = (0..7200).map(|i| (f64::from(i), Some(1.0))).collect();
        points[3333].1 = Some(99.0);
        for point in &mut points[5000..6000] {
            point.1 = None;
        }
        let kept = thinned(&points);
        assert!(kept.len() <= MOST_POINTS, "{}", kept.len());
        assert!(kept.iter().any(|(_, value)| *value == Some(99.0)));
        assert!(kept.iter().any(|(_, value)| value.is_none()));
        assert!(kept.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn a_gap_breaks_the_line_and_a_lone_point_is_seen() {
        let line = Line {
            name: String::new(),
            class: "l-main",
            points: vec![(0.0, Some(1.0)), (1.0, Some(1.0)), (2.0, None), (3.0, Some(2.0)), (4.0, None)],
        };
        let time = TimeAxis { end_s: 4.0, from_px: 0.0, to_px: 4.0 };
        let mut svg = String::new();
        line.draw(&mut svg, &time, |value| value);
        assert_eq!(svg, "<path class=\"line l-main\" d=\"M0.0 1.0L1.0 1.0M3.0 2.0h.1\"/>\n");
    }
}
