//! `sweep.html`: the page that tells a sweep: a sentence, the chart, the table.
//!
//! Owns the order of its sections. Refuses scripts and anything loaded from elsewhere, as the page of a run does; it
//! links to the reports of its rows, which lie beside it.

use super::{code_entry, entry, head, note, open_section, prose};
use crate::chart::{Screen, sweep_chart};
use crate::escape::Html;
use crate::format::{duration, percent, rate};
use crate::replay::scale_text;
use crate::sweep::{Row, Sweep, cells, columns, range, watched};

/// The page. `command` plays the sweep again.
#[must_use]
pub fn sweep_page(sweep: &Sweep, command: &str) -> String {
    let mut html = String::with_capacity(32 * 1024);
    let all = sweep.rows.len() + sweep.not_played.len();
    let played = format!("{} of {all} values", sweep.rows.len());
    head(&mut html, &format!("{}: {}", sweep.scenario, sweep.path));
    html.push_str("<main>\n");
    let class = if sweep.complete { "good" } else { "doubt" };
    html.push_str(&format!(
        "<header>\n<p class=\"eyebrow\"><span>Doorbuster &#183; {}</span><span class=\"chip {class}\">{played}</span></p>\n\
         <h1>A sweep of {}</h1>\n<p class=\"sentence\">{}</p>\n",
        Html(&sweep.scenario),
        Html(&sweep.path),
        prose(&sentence(sweep))
    ));
    if !sweep.complete {
        html.push_str(
            "<p class=\"alarm\"><strong>Partial.</strong> Not every value was played to its end; the rows say which.</p>\n",
        );
    }
    html.push_str("</header>\n");
    banner(&mut html, sweep, command);
    chart(&mut html, sweep);
    rows(&mut html, sweep);
    html.push_str("</main>\n<footer><p>Every figure on this page is simulated.</p></footer>\n</body>\n</html>\n");
    html
}

fn sentence(sweep: &Sweep) -> String {
    let mut parts = Vec::new();
    if let Some(text) = range(sweep, |figures| figures.success, percent) {
        parts.push(format!("success {text}"));
    }
    if let Some(text) = range(sweep, |figures| figures.p99_s, duration) {
        parts.push(format!("p99 {text}"));
    }
    if let Some(text) = range(sweep, |figures| figures.throughput_per_s, rate) {
        parts.push(format!("throughput {text}"));
    }
    match parts.join("; ") {
        text if text.is_empty() => "No value gave a figure.".to_owned(),
        text => format!("{}{}.", text[..1].to_uppercase(), &text[1..]),
    }
}

fn banner(html: &mut String, sweep: &Sweep, command: &str) {
    html.push_str("<dl class=\"banner\" aria-label=\"How this was played\">\n");
    if let Some(figures) = sweep.rows.iter().find_map(Row::told) {
        entry(html, "", "Each simulated", &scale_text(&figures.scale));
    }
    entry(html, "", "Seed", &sweep.seed.to_string());
    code_entry(html, "Play it again", command);
    html.push_str("</dl>\n");
}

fn chart(html: &mut String, sweep: &Sweep) {
    open_section(html, "chart", "By value");
    note(html, "Values stand side by side in the order in which they were given, at even distances.");
    html.push_str("<figure>\n");
    match (sweep_chart(sweep, Screen::Wide), sweep_chart(sweep, Screen::Narrow)) {
        (Some(wide), Some(narrow)) => {
            html.push_str(&wide);
            html.push_str(&narrow);
        }
        _ => note(html, "There is nothing to draw: no value gave a figure."),
    }
    html.push_str("</figure>\n</section>\n");
}

fn rows(html: &mut String, sweep: &Sweep) {
    open_section(html, "rows", "Row by row");
    if let Some(what) = watched(sweep) {
        note(html, &format!("{}{}.", what[..1].to_uppercase(), &what[1..]));
    }
    note(
        html,
        "A station is full when 95 % of its servers, all pods and shards together, were busy for twenty seconds or more; in part, \
         when a queue that was not there before stood before some of them. Headroom is what the busiest station as a whole had \
         to spare at its busiest: cores in ten seconds, workers and pools in a window. A sweep judges nothing; verdicts are \
         told as the scenario expects them.",
    );
    html.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"rows\"><table>\n<thead><tr>");
    let columns = columns(sweep);
    // Text at both ends, numbers between.
    let class = |index: usize| if index == 0 || index + 1 == columns.len() { "" } else { "num" };
    for (index, column) in columns.iter().enumerate() {
        html.push_str(&format!("<th scope=\"col\" class=\"{}\">{column}</th>", class(index)));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &sweep.rows {
        for (index, cell) in cells(sweep, row).iter().enumerate() {
            match (index, &row.figures) {
                (0, Some(_)) => html.push_str(&format!(
                    "<tr><th scope=\"row\"><a href=\"{}/report.html\">{}</a></th>",
                    Html(&row.folder),
                    Html(cell)
                )),
                (0, None) => html.push_str(&format!("<tr><th scope=\"row\">{}</th>", Html(cell))),
                _ => html.push_str(&format!("<td class=\"{}\">{}</td>", class(index), Html(cell))),
            }
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
    for row in &sweep.rows {
        if let Some(text) = &row.note {
            note(html, &format!("{}: {text}.", row.value));
        }
    }
    if !sweep.not_played.is_empty() {
        note(html, &format!("Not played: {}.", sweep.not_played.join(", ")));
    }
    html.push_str("</section>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::wellformed::assert_well_formed;

    #[test]
    fn a_page_is_well_formed_loads_nothing_and_links_to_its_rows() {
        let mut sweep = examples::sweep();
        let html = sweep_page(&sweep, "doorbuster run x --sweep a=1,2");
        assert_well_formed(&html);
        for word in ["<script", "src=", "url(", "@import", "http://", "https://", "NaN"] {
            assert!(!html.contains(word), "{word}");
        }
        assert!(html.contains("<a href=\"25/report.html\">25%</a>"), "{html}");
        assert!(
            html.contains("Success 56.2\u{a0}% (at 50%) to 70.4\u{a0}% (at 25%); p99\u{a0}5\u{a0}s throughout"),
            "{html}"
        );
        sweep.rows[0].value = examples::HOSTILE.to_owned();
        sweep.rows[0].folder = examples::HOSTILE.to_owned();
        sweep.path = examples::HOSTILE.to_owned();
        sweep.not_played.push(examples::HOSTILE.to_owned());
        let html = sweep_page(&sweep, examples::HOSTILE);
        assert_well_formed(&html);
        assert!(!html.contains("<script"));
    }

    #[test]
    fn a_sweep_without_figures_says_so() {
        let mut sweep = examples::sweep();
        sweep.rows.drain(..2);
        let html = sweep_page(&sweep, "x");
        assert_well_formed(&html);
        assert!(html.contains("No value gave a figure.") && html.contains("100%: a cell holds too much."), "{html}");
    }

    /// Writes the page to look at, beside those of runs.
    #[test]
    #[ignore = "writes pages to look at"]
    fn sweeps_to_look_at() {
        let folder = std::env::temp_dir().join("doorbuster-pages");
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        std::fs::write(folder.join("sweep.html"), sweep_page(&examples::sweep(), "x")).expect("a temporary file");
    }
}
