//! Rows of the documents' tables: verdicts and exit codes are explained there, and here from there.
//!
//! Owns the reading of Markdown tables. Refuses texts of its own.

/// The reference of the language, whose last table has the verdicts.
const REFERENCE: &str = include_str!("../../../docs/scenario.md");
/// The page that has the exit codes.
const README: &str = include_str!("../../../README.md");

/// A verdict, as the reference explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Its id.
    pub(crate) id: String,
    /// Its unit; empty where it has none.
    pub(crate) unit: String,
    /// What its value is, and where it comes from.
    pub(crate) value: String,
}

/// Every verdict of the reference, in its order.
pub(crate) fn verdicts() -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = Vec::new();
    for row in rows(REFERENCE, "## Expectation", "| id | unit | value |") {
        let [ids, unit, value] = row.as_slice() else { continue };
        // A row that says nothing means what the one before it means.
        let before = verdicts.last().map(|verdict| verdict.value.clone()).unwrap_or_default();
        let value = if value.is_empty() { before } else { value.clone() };
        for id in ids.split(", ") {
            verdicts.push(Verdict { id: id.trim_matches('`').to_owned(), unit: unit.clone(), value: value.clone() });
        }
    }
    verdicts
}

/// Every exit code with its meaning.
pub(crate) fn exit_codes() -> Vec<(String, String)> {
    let rows = rows(README, "## Exit codes", "| code | meaning |");
    rows.into_iter().filter_map(|row| Some((row.first()?.clone(), row.get(1)?.clone()))).collect()
}

/// The cells of a table: the one with this head, below this heading.
fn rows(text: &str, heading: &str, head: &str) -> Vec<Vec<String>> {
    let Some((_, below)) = text.split_once(&format!("{heading}\n")) else { return Vec::new() };
    let Some((_, table)) = below.split_once(head) else { return Vec::new() };
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(|cell| linkless(cell.trim())).collect()).collect()
}

/// `[text](address)` as `text`.
fn linkless(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((word, after)) = link.split_once("](") else { break };
        let Some((_, after)) = after.split_once(')') else { break };
        plain.push_str(before);
        plain.push_str(word);
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A verdict that a scenario may expect and the reference doesn't explain, or the other way round, fails here.
    #[test]
    fn the_reference_explains_every_verdict_and_no_other() {
        let mut explained: Vec<String> = verdicts().into_iter().map(|verdict| verdict.id).collect();
        let mut known: Vec<&str> = doorbuster_scenarios::verdict_ids().collect();
        explained.sort();
        known.sort_unstable();
        assert_eq!(explained, known);
        assert!(verdicts().iter().all(|verdict| !verdict.value.is_empty()));
    }

    #[test]
    fn every_exit_code_has_its_meaning() {
        let codes: Vec<String> = exit_codes().into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, ["0", "99", "75", "78", "70", "2"]);
    }

    #[test]
    fn links_lose_their_address() {
        assert_eq!(linkless("stays for 60 s ([decision 4](decisions/4.md)) [x"), "stays for 60 s (decision 4) [x");
    }
}
