//! `sweep.md`: the table of a sweep for a pull request or a chat.
//!
//! Owns that text. Refuses HTML.

use crate::escape::Markdown;
use crate::replay::scale_text;
use crate::sweep::{Row, Sweep, cells, columns, watched};

/// A sweep in Markdown. `command` plays it again.
#[must_use]
pub fn sweep_markdown(sweep: &Sweep, command: &str) -> String {
    let mut text = format!("# {}: {}\n\n", Markdown(&sweep.scenario), Markdown(&sweep.path));
    if !sweep.complete {
        text.push_str("**Partial:** not every value was played to its end.\n\n");
    }
    if let Some(figures) = sweep.rows.iter().find_map(Row::told) {
        text.push_str(&format!("Each value simulated {}.\n", scale_text(&figures.scale)));
    }
    if let Some(what) = watched(sweep) {
        text.push_str(&format!("Columns: {}.\n", Markdown(&what)));
    }
    let columns = columns(sweep);
    text.push_str(&format!("\n| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len())));
    for row in &sweep.rows {
        let cells: Vec<String> = cells(sweep, row).iter().map(|cell| Markdown(cell).to_string()).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    for row in &sweep.rows {
        if let Some(note) = &row.note {
            text.push_str(&format!("\n{}: {}.\n", Markdown(&row.value), Markdown(note)));
        }
    }
    if !sweep.not_played.is_empty() {
        text.push_str(&format!("\nNot played: {}.\n", Markdown(&sweep.not_played.join(", "))));
    }
    text.push_str(&format!("\n## How to replay\n\n    {}\n", crate::escape::terminal(command)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn one_line_a_value_and_no_table_is_broken() {
        let mut sweep = examples::sweep();
        let text = sweep_markdown(&sweep, "doorbuster run x --sweep a=1,2");
        assert!(
            text.contains("\n| 25% | 70.4 % | 5 s | 49.8k/s | 98.1 % | 15 min 50 s | 14 of 14 | 5.0 % |"),
            "{text}"
        );
        assert!(text.contains("\n100%: a cell holds too much.\n") && text.contains("**Partial:**"), "{text}");
        sweep.rows[0].value = examples::HOSTILE.to_owned();
        let text = sweep_markdown(&sweep, examples::HOSTILE);
        let line = text.lines().find(|line| line.contains("alert")).expect("the value is there");
        assert_eq!(line.replace("\\|", "").matches('|').count(), columns(&sweep).len() + 1, "{line}");
        assert!(!text.contains("<script>alert(\"1\")</script> & '|`_x_`\u{0}"), "{text}");
    }
}
