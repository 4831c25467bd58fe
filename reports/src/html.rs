//! `report.html`: the page that tells a run, in one file.
//!
//! Owns the order of its sections: the sentence, how it was played, the verdicts, the timeline, and below what they
//! rest on. Refuses scripts and anything that would be loaded from elsewhere; its own policy forbids both.

mod books;
mod comparison;
mod exemplars;
mod losses;
mod map;
mod saturated;
mod sweep;
mod tables;
mod timeline;
mod verdicts;

use crate::escape::Html;
use crate::format::{clock_at, count, duration, rate};
use crate::outcome::{Outcome, Tally, outcome};
use crate::replay::{command, variation};
use crate::result::RunResult;
use crate::run::RunInfo;
use crate::sentence::sentence;

pub use sweep::sweep_page;

const STYLE: &str = include_str!("html/style.css");

/// The page.
#[must_use]
pub fn page(result: &RunResult, run: &RunInfo) -> String {
    let mut html = String::with_capacity(128 * 1024);
    head(&mut html, &format!("{}: {}", result.scenario, Tally::of(result).text()));
    html.push_str("<main>\n");
    header(&mut html, result);
    banner(&mut html, result, run);
    verdicts::section(&mut html, result);
    comparison::section(&mut html, result);
    timeline::section(&mut html, result);
    map::section(&mut html, result);
    exemplars::section(&mut html, result);
    saturated::section(&mut html, result);
    losses::section(&mut html, result);
    tables::figures_section(&mut html, result);
    tables::stations_section(&mut html, result);
    tables::endpoints_section(&mut html, result);
    books::accounting_section(&mut html, result);
    books::scenario_section(&mut html, result);
    html.push_str("</main>\n");
    footer(&mut html, result, run);
    html.push_str("</body>\n</html>\n");
    html
}

fn head(html: &mut String, title: &str) {
    html.push_str(&format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        Html(title)
    ));
}

fn header(html: &mut String, result: &RunResult) {
    let class = match outcome(result) {
        Outcome::AsExpected => "good",
        Outcome::NotAsExpected => "bad",
        Outcome::Invalid => "doubt",
    };
    html.push_str(&format!(
        "<header>\n<p class=\"eyebrow\"><span>Doorbuster &#183; {}</span><span class=\"chip {class}\">{}</span></p>\n",
        Html(&result.scenario),
        Tally::of(result).text()
    ));
    let title = if result.title.is_empty() { &result.scenario } else { &result.title };
    html.push_str(&format!("<h1>{}</h1>\n", Html(title)));
    html.push_str(&format!("<p class=\"sentence\">{}</p>\n", prose(&sentence(result))));
    if !result.complete {
        html.push_str(
            "<p class=\"alarm\"><strong>Ended early.</strong> The run was stopped before its time: what follows is a \
             part of the story, and no verdict is valid.</p>\n",
        );
    }
    html.push_str("</header>\n");
}

/// Escaped text in which no number is torn from its unit at the end of a line.
fn prose(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let unit = chars.peek().is_some_and(|next| next.is_ascii_alphanumeric() || *next == '%');
        joined.push(if c == ' ' && before.is_ascii_digit() && unit { '\u{a0}' } else { c });
        before = c;
    }
    Html(&joined).to_string()
}

fn banner(html: &mut String, result: &RunResult, run: &RunInfo) {
    let scale = &result.scale;
    let cells = if scale.cells_played < scale.cells_fleet {
        format!(
            "{} of {} cells, fleet figures scaled x{}",
            scale.cells_played,
            scale.cells_fleet,
            crate::format::short(scale.factor)
        )
    } else {
        format!("the whole fleet, {} cells", scale.cells_fleet)
    };
    html.push_str("<dl class=\"banner\" aria-label=\"How this was played\">\n");
    entry(html, "", "Simulated", &duration(f64::from(scale.virtual_s)));
    entry(html, "", "Offered", &rate(scale.requests_per_s).replace("/s", " requests/s"));
    entry(html, "", "Scale", &cells);
    entry(html, "", "Pipeline", &scale.pipeline);
    entry(html, "", "Seed", &result.seed.to_string());
    code_entry(html, "Play it again", &command(result, run));
    if let Some(variation) = variation(result, run) {
        code_entry(html, "Try next", &variation);
    }
    html.push_str("</dl>\n");
}

fn entry(html: &mut String, class: &str, name: &str, text: &str) {
    html.push_str(&format!("<div class=\"{class}\"><dt>{name}</dt><dd>{}</dd></div>\n", Html(text)));
}

fn code_entry(html: &mut String, name: &str, text: &str) {
    html.push_str(&format!("<div class=\"all\"><dt>{name}</dt><dd><code>{}</code></dd></div>\n", Html(text)));
}

fn footer(html: &mut String, result: &RunResult, run: &RunInfo) {
    let mut machine =
        format!("played in {} on {} threads ({}, {})", duration(run.wall_s), run.threads, run.target, run.profile);
    if let Some(bytes) = run.peak_memory_bytes {
        machine.push_str(&format!(", {} MB at most", count(bytes as f64 / 1e6)));
    }
    html.push_str(&format!(
        "<footer><p>Doorbuster {}; {}. Every figure on this page is simulated; its story begins at {}. Fingerprint of \
         the stream: <code>{}</code>.</p></footer>\n",
        Html(&run.version),
        Html(&machine),
        clock_at(&result.scale.clock, 0.0),
        Html(&result.fingerprint)
    ));
}

/// Opens a section with its heading.
fn open_section(html: &mut String, id: &str, title: &str) {
    html.push_str(&format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n"));
}

/// A small grey paragraph.
fn note(html: &mut String, text: &str) {
    html.push_str(&format!("<p class=\"note\">{}</p>\n", prose(text)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::wellformed::assert_well_formed;

    fn pages() -> Vec<String> {
        examples::all().iter().map(|result| page(result, &examples::run_info())).collect()
    }

    #[test]
    fn every_page_is_well_formed_and_has_no_number_that_is_none() {
        for html in pages() {
            assert_well_formed(&html);
            for word in ["NaN", ">inf", " inf ", "-inf"] {
                assert!(!html.contains(word), "{word}");
            }
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for (html, result) in pages().iter().zip(examples::all()) {
            for word in ["src=", "@import", "url(", "<script", "<iframe", "<img", "srcset", "<form"] {
                assert!(!html.contains(word), "{word}");
            }
            // A hostile scenario may name an address; the page only shows it, as text.
            if result.scenario != examples::HOSTILE {
                assert!(!html.contains("http://") && !html.contains("https://"));
            }
            assert_eq!(html.matches("href=").count(), 1, "only the empty icon");
        }
    }

    #[test]
    fn every_section_has_content() {
        for html in pages() {
            for section in html.split("<section ").skip(1) {
                let body = section.split("</h2>").nth(1).expect("a section has a heading");
                let end = body.find("</section>").expect("a section ends");
                let tags = |text: &str| {
                    text.split('<').filter_map(|part| part.split_once('>')).map(|(_, t)| t.trim().len()).sum::<usize>()
                };
                assert!(tags(&body[..end]) > 10, "empty: {section:.200}");
            }
        }
    }

    #[test]
    fn an_early_end_is_marked_and_a_number_keeps_its_unit() {
        let html = page(&examples::ended_early(), &examples::run_info());
        assert!(html.contains("<strong>Ended early.</strong>"));
        assert_eq!(prose("70.4 % of 5 s & x"), "70.4\u{a0}% of 5\u{a0}s &amp; x");
    }

    /// Writes the pages to look at: `cargo test -p doorbuster-reports -- --ignored`, then open `/tmp/doorbuster-pages`.
    #[test]
    #[ignore = "writes pages to look at"]
    fn pages_to_look_at() {
        let folder = std::env::temp_dir().join("doorbuster-pages");
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let names = ["incident", "avalanche", "missed", "quiet", "early", "empty", "hostile", "nan", "compared"];
        for (html, name) in pages().iter().zip(names) {
            std::fs::write(folder.join(format!("{name}.html")), html).expect("a temporary file");
        }
    }
}
