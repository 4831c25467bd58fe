//! Whatever is given to the loader, it answers: a scenario, or diagnostics that point into the text.

mod workbench;

use doorbuster_scenarios::{Diagnostics, Source, load};
use proptest::prelude::*;
use workbench::{Folder, VALID};

/// Loads bytes and holds the answer against them.
fn answer(folder: &Folder, bytes: &[u8], sets: &[String]) -> Result<(), TestCaseError> {
    let path = folder.write("my.yaml", bytes);
    match load(&Source::Path(path.clone()), sets) {
        Ok(loaded) => {
            // What resolves is a scenario again, and the same one.
            let text = serde_json::to_string(&loaded.resolved).expect("a value is JSON");
            let again = load(&Source::Path(folder.write("again.yaml", text)), &[]);
            let again = again.map_err(|told| TestCaseError::fail(format!("resolved, then refused:\n{told}")))?;
            prop_assert_eq!(again.scenario, loaded.scenario);
        }
        Err(diagnostics) => point_into(&diagnostics, &path.display().to_string(), bytes)?,
    }
    Ok(())
}

fn point_into(diagnostics: &Diagnostics, name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    prop_assert!(!diagnostics.is_empty());
    let text = String::from_utf8_lossy(bytes);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines: Vec<&str> = text.split('\n').collect();
    for diagnostic in diagnostics {
        prop_assert!(!diagnostic.message.is_empty());
        prop_assert!(diagnostic.length >= 1);
        prop_assert!(!diagnostic.message.starts_with("not understood"), "the validator let it through: {diagnostic}");
        if diagnostic.file != name {
            continue;
        }
        prop_assert!(diagnostic.line >= 1 && diagnostic.line <= lines.len(), "{}", diagnostic);
        let line = lines[diagnostic.line - 1];
        prop_assert_eq!(&*diagnostic.source_line, line);
        prop_assert!(diagnostic.column >= 1 && diagnostic.column <= line.chars().count() + 1, "{}", diagnostic);
    }
    prop_assert!(diagnostics.to_string().starts_with("error: "));
    Ok(())
}

/// One change of a valid scenario.
#[derive(Clone, Debug)]
enum Change {
    Drop(prop::sample::Index),
    Double(prop::sample::Index),
    Replace(prop::sample::Index, String),
    Swap(prop::sample::Index, prop::sample::Index),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, String),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    let piece = || {
        prop_oneof![
            prop::sample::select(vec![
                "",
                "~",
                "null",
                "-1",
                "1.5",
                "0x10",
                ".inf",
                "1e400",
                "99999999999999999999",
                "5ms",
                "0s",
                "40/s",
                "97%",
                "9M",
                "true",
                "[]",
                "{}",
                "[1, {a: b}]",
                "&a",
                "*a",
                "!!str x",
                "a: b: c",
                "- -",
                "? x",
                "|",
                ">",
                "\"",
                "'",
                "#",
                "---",
                "use: shop",
                "set: {a.b: 1}",
                "\u{4e2d}\u{6587}: x",
                "\u{1f600}",
                "\t",
                "\0",
                "gateway.pay",
                "compute: 1ms",
            ])
            .prop_map(str::to_owned),
            "[ -~]{0,12}",
        ]
    };
    prop_oneof![
        index().prop_map(Change::Drop),
        index().prop_map(Change::Double),
        (index(), piece()).prop_map(|(at, text)| Change::Replace(at, text)),
        (index(), index()).prop_map(|(one, other)| Change::Swap(one, other)),
        index().prop_map(Change::Cut),
        (index(), piece()).prop_map(|(at, text)| Change::Insert(at, text)),
    ]
}

/// The places of words: what stands between spaces and YAML's signs.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut list = Vec::new();
    let mut start = None;
    for (index, c) in text.char_indices() {
        let is_word = !c.is_whitespace() && !matches!(c, '{' | '}' | '[' | ']' | ',' | ':');
        match (is_word, start) {
            (true, None) => start = Some(index),
            (false, Some(first)) => {
                list.push((first, index));
                start = None;
            }
            _ => {}
        }
    }
    list
}

fn changed(text: &str, change: &Change) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let words = words(text);
    if lines.is_empty() || words.is_empty() {
        return text.to_owned();
    }
    let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
    match change {
        Change::Drop(at) => {
            lines.remove(at.index(lines.len()));
        }
        Change::Double(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at].clone());
        }
        Change::Replace(at, with) => {
            let (first, last) = words[at.index(words.len())];
            return format!("{}{with}{}", &text[..first], &text[last..]);
        }
        Change::Swap(one, other) => {
            let (one, other) = (words[one.index(words.len())], words[other.index(words.len())]);
            let (a, b) = if one.0 <= other.0 { (one, other) } else { (other, one) };
            if a == b {
                return text.to_owned();
            }
            let (left, right) = (&text[a.0..a.1], &text[b.0..b.1]);
            return format!("{}{right}{}{left}{}", &text[..a.0], &text[a.1..b.0], &text[b.1..]);
        }
        Change::Cut(at) => {
            let ends: Vec<usize> = text.char_indices().map(|(index, _)| index).collect();
            return text[..ends[at.index(ends.len())]].to_owned();
        }
        Change::Insert(at, with) => {
            let at = at.index(lines.len());
            let indent: String = lines[at].chars().take_while(|c| *c == ' ').collect();
            lines.insert(at, format!("{indent}{with}"));
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    /// *Scenario* a file of random bytes, or of random text with YAML's own signs in it.
    ///
    /// *Guarantees* an answer, and every diagnostic stands on a line that exists.
    #[test]
    fn random_bytes_are_answered(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[a-c0-9:{}\\[\\],&*!|>'\"#%?@ \t\r\n.\\-]{0,200}".prop_map(String::into_bytes),
        "\\PC{0,100}".prop_map(String::into_bytes),
    ]) {
        let folder = Folder::new("random_bytes");
        answer(&folder, &bytes, &[])?;
    }

    /// *Scenario* a valid scenario with one to four changes: lines dropped, doubled, put in; words replaced, swapped; the end cut.
    ///
    /// *Guarantees* an answer; what the validator lets through serde takes; what resolves loads again as the same scenario.
    #[test]
    fn changed_scenarios_are_answered(changes in prop::collection::vec(change(), 1..5)) {
        let folder = Folder::new("changed_scenarios");
        let mut text = VALID.to_owned();
        for change in &changes {
            text = changed(&text, change);
        }
        answer(&folder, text.as_bytes(), &[])?;
    }

    /// *Scenario* `--set` with a random path and value.
    ///
    /// *Guarantees* an answer.
    #[test]
    fn random_overrides_are_answered(
        path in prop_oneof![
            "[a-z.\"]{0,20}",
            "(services|stores|traffic|expect|journeys|alert|cells|faults)(\\.(gateway|payment|payments|curve|0|1|buy|steps|cores|pods|every|lost|at|incident|play)){0,4}",
        ],
        value in prop_oneof!["[ -~]{0,20}", "[0-9]{1,3}(ms|s|%|/s|k)?", "\\{[a-z]{1,8}: [0-9]{1,3}(ms|%)?\\}"],
    ) {
        let folder = Folder::new("random_overrides");
        answer(&folder, VALID.as_bytes(), &[format!("{path}={value}")])?;
    }
}
