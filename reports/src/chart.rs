//! The timeline as one inline SVG: five panels on one time axis, with the moments of the story across them.
//!
//! Owns the layout. Refuses colours (classes; the page's style sheet has them), numbers that are none, and anything
//! that a script would have to do.

mod marks;
mod panel;
mod scale;
mod sweep;

pub(crate) use sweep::sweep_chart;

use crate::escape::Html;
use crate::figures::windows;
use crate::format::{clock_at, clock_minute};
use crate::result::RunResult;
use crate::story::moments;
use panel::panels;
use scale::TimeAxis;

/// For which screen a chart is drawn: the text in it stays legible only near its own width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Wide,
    Narrow,
}

impl Screen {
    const fn width(self) -> f64 {
        match self {
            Self::Wide => 912.0,
            Self::Narrow => 380.0,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }

    /// Labels that fit on the time axis.
    const fn ticks(self) -> u32 {
        match self {
            Self::Wide => 10,
            Self::Narrow => 4,
        }
    }
}

/// Room at the left for the labels of the values.
const LEFT: f64 = 50.0;
const RIGHT: f64 = 8.0;
const PANEL_HEIGHT: f64 = 84.0;
/// Above each panel: its name.
const PANEL_HEAD: f64 = 28.0;
const LANE_HEIGHT: f64 = 17.0;
/// Mean width of a character of a label.
const CHAR_WIDTH: f64 = 7.0;

/// The chart, or nothing where there is no series.
pub(crate) fn chart(result: &RunResult, screen: Screen) -> Option<String> {
    let last = result.series.last()?;
    let end_s = f64::from(last.at_s.max(result.scale.virtual_s)).max(10.0);
    let axis = TimeAxis { end_s, from_px: LEFT, to_px: screen.width() - RIGHT };
    let panels = panels(result, screen);
    let marks = marks::place(&moments(result), &axis, &result.scale.clock, screen);
    let top = f64::from(marks.lanes) * LANE_HEIGHT + 2.0;
    let bottom = top + panels.len() as f64 * (PANEL_HEAD + PANEL_HEIGHT);
    let height = bottom + 46.0;
    let name = screen.name();
    let mut svg = format!(
        "<svg class=\"chart {name}\" viewBox=\"0 0 {} {height}\" role=\"img\" \
         aria-labelledby=\"chart-{name}-title chart-{name}-desc\">\n\
         <title id=\"chart-{name}-title\">Timeline of the run</title>\n\
         <desc id=\"chart-{name}-desc\">{}</desc>\n",
        screen.width(),
        Html(&description(result)),
    );
    band(&mut svg, result, &axis, top, bottom);
    // Before the panels: values are drawn over the lines.
    marks.draw(&mut svg, bottom);
    for (index, panel) in panels.iter().enumerate() {
        let head = top + index as f64 * (PANEL_HEAD + PANEL_HEIGHT);
        panel.draw(&mut svg, &axis, head);
    }
    time_axis(&mut svg, result, &axis, bottom, screen);
    window_bars(&mut svg, result, &axis, bottom + 26.0);
    svg.push_str("</svg>\n");
    Some(svg)
}

/// What somebody hears who can't see the chart.
fn description(result: &RunResult) -> String {
    let mut text = "Throughput, success, latency, requests in flight and CPU over the time of the story.".to_owned();
    for moment in moments(result) {
        text.push_str(&format!(" {}: {}.", clock_at(&result.scale.clock, moment.at_s), moment.label()));
    }
    text
}

/// The time from the injection to the recovery, or to the end where there was none.
fn band(svg: &mut String, result: &RunResult, axis: &TimeAxis, top: f64, bottom: f64) {
    let Some(injected_s) = result.timeline.injected_s.filter(|s| s.is_finite()) else { return };
    let from = axis.px(injected_s);
    let to = axis.px(result.timeline.recovered_s.filter(|s| s.is_finite()).unwrap_or(axis.end_s));
    svg.push_str(&format!(
        "<rect class=\"ill\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\n",
        (to - from).max(0.0),
        bottom - top
    ));
}

fn time_axis(svg: &mut String, result: &RunResult, axis: &TimeAxis, y: f64, screen: Screen) {
    let clock = &result.scale.clock;
    let (step_s, ticks) = axis.ticks(clock, screen.ticks());
    for at_s in ticks {
        let x = axis.px(at_s);
        let label = if step_s < 60 { clock_at(clock, at_s) } else { clock_minute(clock, at_s) };
        let half = label.len() as f64 * CHAR_WIDTH / 2.0;
        // At the rims a label would be cut off.
        let anchor = if x + half > axis.to_px + RIGHT { "end" } else { "middle" };
        svg.push_str(&format!(
            "<path class=\"tick\" d=\"M{x:.1} {y:.1}v5\"/><text class=\"axis\" x=\"{x:.1}\" y=\"{:.1}\" \
             text-anchor=\"{anchor}\">{label}</text>\n",
            y + 17.0
        ));
    }
}

/// Thin bars that show which time `before`, `during` and `after` mean.
fn window_bars(svg: &mut String, result: &RunResult, axis: &TimeAxis, y: f64) {
    for window in windows(result) {
        let Some([from_s, to_s]) = result.timeline.windows.get(window) else { continue };
        if !from_s.is_finite() || !to_s.is_finite() {
            continue;
        }
        let (from, to) = (axis.px(*from_s), axis.px(*to_s));
        svg.push_str(&format!(
            "<path class=\"window\" d=\"M{from:.1} {y:.1}H{to:.1}m0 -3v6M{from:.1} {:.1}v6\"/>",
            y - 3.0
        ));
        if to - from > window.len() as f64 * CHAR_WIDTH {
            svg.push_str(&format!(
                "<text class=\"axis\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{window}</text>\n",
                f64::midpoint(from, to),
                y + 14.0
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::wellformed::assert_well_formed;

    #[test]
    fn every_example_draws_on_both_screens() {
        for result in examples::all() {
            for screen in [Screen::Wide, Screen::Narrow] {
                let Some(svg) = chart(&result, screen) else {
                    assert!(result.series.is_empty());
                    continue;
                };
                assert_well_formed(&svg);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
                assert!(svg.contains("<title ") && svg.contains("<desc "));
            }
        }
    }

    #[test]
    fn an_incident_has_five_panels_and_its_moments() {
        let svg = chart(&examples::incident(), Screen::Wide).expect("it has a series");
        assert_eq!(svg.matches("class=\"frame\"").count(), 5);
        for word in ["fault 14:35:00", "alert 14:35:45", "recovered 14:50:50", ">during<", "payments"] {
            assert!(svg.contains(word), "{word}");
        }
    }

    #[test]
    fn a_long_series_stays_small() {
        let mut result = examples::incident();
        let points = result.series.clone();
        for round in 1..60u32 {
            for point in &points {
                let mut point = point.clone();
                point.at_s += round * 1440;
                result.series.push(point);
            }
        }
        let svg = chart(&result, Screen::Wide).expect("it has a series");
        assert!(svg.len() < 120_000, "{} bytes for {} points", svg.len(), result.series.len());
    }
}
