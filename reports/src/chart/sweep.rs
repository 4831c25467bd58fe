//! The chart of a sweep: success, p99 and the busiest station over the values, as one inline SVG.
//!
//! Owns that layout. Values stand side by side in the order in which they were given, whatever they are: refuses
//! to read a distance into them.

use super::scale::ValueAxis;
use super::{CHAR_WIDTH, LEFT, PANEL_HEAD, PANEL_HEIGHT, RIGHT, Screen};
use crate::escape::Html;
use crate::format::{duration, percent};
use crate::sweep::{Row, RowFigures, Sweep, range};

/// Figures stand beside their points up to so many values.
const MOST_LABELLED: [usize; 2] = [10, 5];

/// One panel.
struct Panel {
    name: &'static str,
    unit: String,
    class: &'static str,
    axis: ValueAxis,
    label: fn(f64) -> String,
    values: Vec<Option<f64>>,
}

/// The chart, or nothing where no row has a figure.
pub(crate) fn sweep_chart(sweep: &Sweep, screen: Screen) -> Option<String> {
    let panels = panels(sweep);
    if panels.iter().all(|panel| panel.values.iter().all(Option::is_none)) {
        return None;
    }
    let bottom = 2.0 + panels.len() as f64 * (PANEL_HEAD + PANEL_HEIGHT);
    let height = bottom + 44.0;
    let name = screen.name();
    let mut svg = format!(
        "<svg class=\"chart {name}\" viewBox=\"0 0 {} {height}\" role=\"img\" \
         aria-labelledby=\"chart-{name}-title chart-{name}-desc\">\n\
         <title id=\"chart-{name}-title\">Figures by value</title>\n<desc id=\"chart-{name}-desc\">{}</desc>\n",
        screen.width(),
        Html(&description(sweep)),
    );
    for (index, panel) in panels.iter().enumerate() {
        panel.draw(&mut svg, screen, 2.0 + index as f64 * (PANEL_HEAD + PANEL_HEIGHT));
    }
    value_axis(&mut svg, sweep, screen, bottom);
    svg.push_str("</svg>\n");
    Some(svg)
}

fn panels(sweep: &Sweep) -> Vec<Panel> {
    let values = |of: fn(&RowFigures) -> Option<f64>| -> Vec<Option<f64>> {
        let of = |row: &Row| of(row.told()?).filter(|value| value.is_finite());
        sweep.rows.iter().map(of).collect()
    };
    let figures = sweep.rows.iter().find_map(Row::told);
    let success = values(|figures| figures.success);
    let p99 = values(|figures| figures.p99_s.filter(|s| *s > 0.0));
    let busiest = values(|figures| figures.busiest.as_ref().map(|busiest| busiest.utilization));
    let name = |name: Option<&Option<String>>, otherwise: &str| {
        name.cloned().flatten().unwrap_or_else(|| otherwise.to_owned())
    };
    vec![
        Panel {
            name: "Success",
            unit: name(figures.map(|figures| &figures.edge), "the whole edge"),
            class: "l-main",
            axis: ValueAxis::share(success.iter().flatten().copied().fold(1.0, f64::min)),
            label: percent,
            values: success,
        },
        Panel {
            name: "p99",
            unit: format!("{}, log scale", name(figures.map(|figures| &figures.operation), "nothing")),
            class: "l-warm",
            axis: ValueAxis::log(p99.iter().flatten().copied()),
            label: duration,
            values: p99,
        },
        Panel {
            name: "Busiest station",
            unit: "at its busiest".to_owned(),
            class: "l-soft",
            axis: ValueAxis::Linear(0.0, 1.0),
            label: percent,
            values: busiest,
        },
    ]
}

/// What somebody hears who can't see the chart.
fn description(sweep: &Sweep) -> String {
    let mut text = format!("Success, p99 and the busiest station by value of {}.", sweep.path);
    if let Some(success) = range(sweep, |figures| figures.success, percent) {
        text.push_str(&format!(" Success: {success}."));
    }
    if let Some(p99) = range(sweep, |figures| figures.p99_s, duration) {
        text.push_str(&format!(" p99: {p99}."));
    }
    text
}

/// Where the value at an index stands.
fn x(index: usize, all: usize, screen: Screen) -> f64 {
    let room = screen.width() - RIGHT - LEFT;
    LEFT + room * (index as f64 + 0.5) / all as f64
}

impl Panel {
    fn draw(&self, svg: &mut String, screen: Screen, head: f64) {
        let top = head + PANEL_HEAD;
        let right = screen.width() - RIGHT;
        let y = |value: f64| top + (1.0 - self.axis.share_of(value)) * PANEL_HEIGHT;
        svg.push_str(&format!(
            "<g><text class=\"panel\" x=\"{LEFT}\" y=\"{:.1}\">{}<tspan class=\"unit\" dx=\"6\">{}</tspan></text>\n",
            top - 11.0,
            self.name,
            Html(&shortened(&self.unit, 36))
        ));
        for value in self.axis.ticks() {
            let at = y(value);
            svg.push_str(&format!(
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right:.1}\"/><text class=\"axis\" x=\"{:.1}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{}</text>\n",
                LEFT - 6.0,
                at + 4.0,
                (self.label)(value).replace(".0 %", " %")
            ));
        }
        svg.push_str(&format!("<path class=\"frame\" d=\"M{LEFT} {:.1}H{right:.1}\"/>\n", top + PANEL_HEIGHT));
        self.line(svg, screen, y);
        self.points(svg, screen, top, y);
        svg.push_str("</g>\n");
    }

    /// The line from value to value, with a gap where one is missing.
    fn line(&self, svg: &mut String, screen: Screen, y: impl Fn(f64) -> f64) {
        let mut path = String::new();
        let mut open = false;
        for (index, value) in self.values.iter().enumerate() {
            let Some(value) = value else {
                open = false;
                continue;
            };
            let command = if open { 'L' } else { 'M' };
            path.push_str(&format!("{command}{:.1} {:.1}", x(index, self.values.len(), screen), y(*value)));
            open = true;
        }
        if !path.is_empty() {
            svg.push_str(&format!("<path class=\"line {}\" d=\"{path}\"/>\n", self.class));
        }
    }

    /// The points, with their figures where there is room.
    fn points(&self, svg: &mut String, screen: Screen, top: f64, y: impl Fn(f64) -> f64) {
        let all = self.values.len();
        let labelled = all <= MOST_LABELLED[usize::from(screen == Screen::Narrow)];
        for (index, value) in self.values.iter().enumerate() {
            let at = x(index, all, screen);
            let Some(value) = value else {
                svg.push_str(&format!(
                    "<text class=\"axis\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">n/a</text>\n",
                    top + PANEL_HEIGHT - 5.0
                ));
                continue;
            };
            svg.push_str(&format!(
                "<circle class=\"k-{}\" cx=\"{at:.1}\" cy=\"{:.1}\" r=\"3.4\"/>\n",
                self.class,
                y(*value)
            ));
            if labelled {
                // Above its point, or below where that would leave the panel.
                let above = y(*value) - 8.0;
                let label = if above < top + 6.0 { y(*value) + 17.0 } else { above };
                svg.push_str(&format!(
                    "<text class=\"mark\" x=\"{at:.1}\" y=\"{label:.1}\" text-anchor=\"middle\">{}</text>\n",
                    (self.label)(*value)
                ));
            }
        }
    }
}

/// The values below the panels, as many of them as there is room for.
fn value_axis(svg: &mut String, sweep: &Sweep, screen: Screen, y: f64) {
    let all = sweep.rows.len();
    let room = (screen.width() - RIGHT - LEFT) / all as f64;
    let longest = sweep.rows.iter().map(|row| row.value.chars().count()).max().unwrap_or(1);
    let fits = (room / CHAR_WIDTH) as usize;
    let step = if fits >= 4 { 1 } else { longest.min(8).div_ceil(fits.max(1)) };
    let most = (fits * step).clamp(3, 40).saturating_sub(1).max(3);
    for (index, row) in sweep.rows.iter().enumerate() {
        let at = x(index, all, screen);
        svg.push_str(&format!("<path class=\"tick\" d=\"M{at:.1} {y:.1}v5\"/>"));
        if index % step == 0 {
            svg.push_str(&format!(
                "<text class=\"axis\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                y + 18.0,
                Html(&shortened(&row.value, most))
            ));
        }
        svg.push('\n');
    }
    svg.push_str(&format!(
        "<text class=\"axis\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
        f64::midpoint(LEFT, screen.width() - RIGHT),
        y + 36.0,
        Html(&end_of(&sweep.path, if screen == Screen::Wide { 110 } else { 48 }))
    ));
}

/// The text, or so much of its beginning as there is room for.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('\u{2026}');
    cut
}

/// The text, or so much of its end as there is room for: a path says most there.
fn end_of(text: &str, most: usize) -> String {
    let all = text.chars().count();
    if all <= most {
        return text.to_owned();
    }
    let end: String = text.chars().skip(all - most + 1).collect();
    format!("\u{2026}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn every_value_has_its_points_and_a_missing_one_is_said() {
        for screen in [Screen::Wide, Screen::Narrow] {
            let svg = sweep_chart(&examples::sweep(), screen).expect("two rows have figures");
            assert_eq!(svg.matches("<circle ").count(), 6);
            assert_eq!(svg.matches(">n/a<").count(), 3);
            for word in [">70.4 %<", ">56.2 %<", ">25%<", ">50%<", ">100%<", "56.2 % (at 50%) to 70.4 % (at 25%)"] {
                assert!(svg.contains(word), "{word} is not in {svg}");
            }
        }
        let mut sweep = examples::sweep();
        sweep.rows.drain(..2);
        assert_eq!(sweep_chart(&sweep, Screen::Wide), None);
    }

    #[test]
    fn a_long_path_keeps_its_end() {
        assert_eq!(end_of("services.a.cores", 16), "services.a.cores");
        assert_eq!(end_of("services.a.cores", 8), "\u{2026}a.cores");
    }

    #[test]
    fn many_values_leave_labels_out_rather_than_over_each_other() {
        let mut sweep = examples::sweep();
        let row = sweep.rows[0].clone();
        sweep.rows = (0..100).map(|i| Row { value: format!("{}ms", i * 1000), ..row.clone() }).collect();
        let svg = sweep_chart(&sweep, Screen::Narrow).expect("there are figures");
        assert_eq!(svg.matches("<circle ").count(), 300);
        assert!(svg.matches("ms</text>").count() < 20, "{svg}");
    }
}
