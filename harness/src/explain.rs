//! `doorbuster explain`: what a name means, where its number comes from, and where it stands.
//!
//! Owns the search for a name among scenarios, parts of the built-in shop, verdicts, exit codes, causes and the words of both schemas. What it tells
//! is written where the thing itself is: at the types, in the reference, in the scenario.

mod causes;
mod effects;
pub(crate) mod lexicon;
mod scenario;
mod shop;
pub(crate) mod tables;
#[cfg(test)]
mod tests;

use crate::cli::ExplainArgs;
use crate::detection::CauseKind;
use crate::failure::Failure;
use crate::list::library;
use crate::page::{Page, Paint};
use crate::process;
use doorbuster_scenarios::nearest::nearest_names;
use lexicon::{Entry, Kind};
use tables::Verdict;

/// Places that are told for a word that may stand in many.
const MOST_PLACES: usize = 4;
/// Names that are suggested.
const MOST_NAMES: usize = 3;

/// Explains; returns the exit code.
pub(crate) fn explain(args: &ExplainArgs) -> Result<u8, Failure> {
    let text = told(&args.name, process::takes_colour())?;
    process::tell(&text)?;
    Ok(0)
}

/// Everything that has the name, told one after the other.
fn told(name: &str, colour: bool) -> Result<String, Failure> {
    let book = Book::open();
    let mut page = Page::new(colour);
    if let Some(built_in) = library::named(name) {
        scenario::tell(&mut page, &built_in);
    }
    shop::tell(&mut page, name);
    for verdict in book.verdicts.iter().filter(|verdict| verdict.id == name) {
        verdict_told(&mut page, verdict);
    }
    for (_, meaning) in book.exit_codes.iter().filter(|(code, _)| code == name) {
        begin(&mut page, name, "an exit code");
        page.paragraph(2, Paint::None, &sentence(meaning));
    }
    if let Some(kind) = CauseKind::ALL.into_iter().find(|kind| kind.name() == name) {
        begin(&mut page, name, "a kind of cause, as the detector names it");
        page.paragraph(2, Paint::None, causes::cause(kind));
        page.row("in a result", Paint::None, "timeline.cause.kind");
    }
    for entry in book.language.iter().filter(|entry| entry.name == name) {
        word(&mut page, entry, "in a file");
    }
    for entry in book.result.iter().filter(|entry| entry.name == name) {
        word(&mut page, entry, "in a result");
    }
    if page.text.is_empty() { Err(book.unknown(name)) } else { Ok(page.text) }
}

/// All names that can be explained.
struct Book {
    verdicts: Vec<Verdict>,
    exit_codes: Vec<(String, String)>,
    language: Vec<Entry>,
    result: Vec<Entry>,
    shop: Vec<String>,
}

impl Book {
    fn open() -> Self {
        Self {
            verdicts: tables::verdicts(),
            exit_codes: tables::exit_codes(),
            language: lexicon::entries(&doorbuster_scenarios::schema()),
            result: lexicon::entries(&doorbuster_reports::schema::schema()),
            shop: shop::names(),
        }
    }

    /// Every name once.
    fn names(&self) -> Vec<&str> {
        let mut names = doorbuster_scenarios::library::names();
        names.extend(self.shop.iter().map(String::as_str));
        names.extend(self.verdicts.iter().map(|verdict| verdict.id.as_str()));
        names.extend(CauseKind::ALL.iter().map(|kind| kind.name()));
        names.extend(self.exit_codes.iter().map(|(code, _)| code.as_str()));
        names.extend(self.language.iter().chain(&self.result).map(|entry| entry.name.as_str()));
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }

    fn unknown(&self, name: &str) -> Failure {
        let near: Vec<String> =
            nearest_names(name, self.names(), MOST_NAMES).iter().map(|near| format!("`{near}`")).collect();
        let help = match near.as_slice() {
            [] => "`doorbuster list` has names that can be explained; so can every key of a scenario".to_owned(),
            [one] => format!("did you mean {one}? `doorbuster list` has more"),
            [first @ .., last] => format!("did you mean {} or {last}? `doorbuster list` has more", first.join(", ")),
        };
        Failure::Argument { message: format!("there is nothing to explain by the name `{name}`"), help }
    }
}

/// The head of an explanation, apart from the one before it.
fn begin(page: &mut Page, name: &str, kind: &str) {
    if !page.text.is_empty() {
        page.gap();
    }
    page.line(Paint::Bold, name);
    page.paragraph(2, Paint::Dim, kind);
}

fn verdict_told(page: &mut Page, verdict: &Verdict) {
    let unit = if verdict.unit.is_empty() { String::new() } else { format!(", {}", unit(&verdict.unit)) };
    begin(page, &verdict.id, &format!("a verdict{unit}"));
    page.paragraph(2, Paint::None, &sentence(&verdict.value));
    page.row("in a file", Paint::None, &format!("expect.{}", verdict.id));
    for built_in in library::all() {
        for (id, expectation) in built_in.scenario.expect.iter().filter(|(id, _)| **id == verdict.id) {
            page.row("expected", Paint::None, &format!("{}: {}", built_in.name, scenario::bound(id, expectation)));
        }
    }
}

fn unit(unit: &str) -> String {
    match unit {
        "number" => "a plain number".to_owned(),
        unit => format!("a {unit}"),
    }
}

fn word(page: &mut Page, entry: &Entry, home: &str) {
    let kind = match entry.kind {
        Kind::Key => "a key",
        Kind::Choice => "one of several kinds",
        Kind::Word => "a word",
    };
    begin(page, &entry.name, &format!("{kind} of: {}", entry.of));
    page.paragraph(2, Paint::None, &entry.description);
    if !entry.value.is_empty() {
        let needed = if entry.needed { "; needed" } else { "" };
        let default =
            if entry.default.is_empty() { String::new() } else { format!("; {} when left out", entry.default) };
        page.row("value", Paint::None, &format!("{}{needed}{default}", entry.value));
    }
    for key in &entry.keys {
        let needed = if key.needed { ", needed" } else { "" };
        let default = if key.default.is_empty() { String::new() } else { format!(", {} when left out", key.default) };
        page.row(&key.name, Paint::None, &format!("{} ({}{needed}{default})", key.description, key.value));
    }
    if let Some(effect) = effects::effect(&entry.name) {
        page.row("what moves", Paint::None, effect);
    }
    for (nth, place) in entry.places.iter().take(MOST_PLACES).enumerate() {
        page.row(if nth == 0 { home } else { "" }, Paint::None, place);
    }
    if entry.places.len() > MOST_PLACES {
        page.row("", Paint::Dim, &format!("and {} places more", entry.places.len() - MOST_PLACES));
    }
}

/// A text of a table as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if text.ends_with(['.', ')']) => format!("{}{}", first.to_uppercase(), letters.as_str()),
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}
