//! `doorbuster list`: what there is.
//!
//! Owns the list of names that `explain` knows best: built-in scenarios by use, faults, remedies, verdicts. What each
//! means is `explain`'s matter.

pub(crate) mod library;

use crate::cli::ListArgs;
use crate::explain::lexicon::{self, Entry, Kind};
use crate::explain::tables;
use crate::failure::Failure;
use crate::page::{Page, Paint, Table};
use crate::process;
use library::{BuiltIn, Use};
use serde_json::{Value, json};

/// Lists; returns the exit code.
pub(crate) fn list(args: &ListArgs) -> Result<u8, Failure> {
    let built_ins = library::all();
    let words = lexicon::entries(&doorbuster_scenarios::schema());
    if args.json {
        process::tell(&json(&built_ins, &words))?;
    } else {
        process::tell(&tell(&built_ins, &words, process::takes_colour()))?;
    }
    Ok(0)
}

/// Where faults say what they change, and remedies what they do.
pub(crate) const FAULTS: &str = "faults.NAME.change";
pub(crate) const REMEDIES: &str = "remedies.NAME.action";

/// Names of the one-key maps at a place of the language.
pub(crate) fn choices(words: &[Entry], at: &str) -> Vec<String> {
    let is_there = |entry: &&Entry| {
        entry.kind == Kind::Choice && entry.places.iter().any(|place| *place == format!("{at}.{}", entry.name))
    };
    words.iter().filter(is_there).map(|entry| entry.name.clone()).collect()
}

/// Columns for the names of scenarios.
const NAME: usize = 20;

fn tell(built_ins: &[BuiltIn], words: &[Entry], colour: bool) -> String {
    let mut page = Page::new(colour);
    for (used, head) in [
        (Use::Incident, "incidents: a fault, and people who mend it"),
        (Use::Drill, "chaos drills: one for each kind of fault"),
        (Use::Quiet, "quiet runs: nothing breaks"),
        (Use::Base, "to build on, by `use`"),
    ] {
        let these: Vec<&BuiltIn> = built_ins.iter().filter(|one| one.used == used).collect();
        if these.is_empty() {
            continue;
        }
        page.line(Paint::Bold, head);
        for one in these {
            page.labelled(NAME, &one.name, Paint::None, &title(one));
        }
        page.gap();
    }
    page.labelled(NAME, "faults", Paint::None, &choices(words, FAULTS).join(", "));
    page.labelled(NAME, "remedies", Paint::None, &choices(words, REMEDIES).join(", "));
    let mut table = Table::new(&["verdicts", "unit"]);
    for verdict in tables::verdicts() {
        table.row(Paint::None, vec![verdict.id, verdict.unit]);
    }
    page.gap();
    page.table(&table);
    page.gap();
    page.row("try next", Paint::None, "doorbuster explain detection.alert");
    page.row("", Paint::None, "doorbuster check payment-index-loss");
    page.text
}

fn title(one: &BuiltIn) -> String {
    let plays = match &one.plays {
        Some(plays) => format!(" ({} at {})", plays.length, plays.traffic),
        None => String::new(),
    };
    format!("{}{plays}", one.title)
}

fn json(built_ins: &[BuiltIn], words: &[Entry]) -> String {
    let scenario = |one: &BuiltIn| {
        json!({
            "name": one.name,
            "use": match one.used {
                Use::Incident => "incident",
                Use::Drill => "drill",
                Use::Quiet => "quiet",
                Use::Base => "base",
            },
            "title": one.title,
            "virtual_s": one.plays.as_ref().map(|plays| plays.virtual_s),
            "traffic": one.plays.as_ref().map(|plays| &plays.traffic),
        })
    };
    let told = json!({
        "scenarios": built_ins.iter().map(scenario).collect::<Vec<Value>>(),
        "faults": choices(words, FAULTS),
        "remedies": choices(words, REMEDIES),
        "verdicts": tables::verdicts().iter().map(|verdict| json!({"id": verdict.id, "unit": verdict.unit}))
            .collect::<Vec<Value>>(),
    });
    format!("{told:#}\n")
}
