//! A built-in scenario explained: its story, the notes at its top, what it expects and where that comes from.

use super::begin;
use crate::list::library::{BuiltIn, Use};
use crate::page::{Page, Paint};
use doorbuster_reports::format;
use doorbuster_reports::result;
use doorbuster_scenarios::library;
use doorbuster_scenarios::types::{Bound, Expectation, Outcome, VerdictKind};

pub(super) fn tell(page: &mut Page, built_in: &BuiltIn) {
    let kind = match built_in.used {
        Use::Incident => "a built-in scenario, in which something breaks",
        Use::Drill => "a built-in drill of one kind of fault",
        Use::Quiet => "a built-in scenario, in which nothing breaks",
        Use::Base => "a built-in scenario that others build on: it has no traffic of its own",
    };
    begin(page, &built_in.name, kind);
    page.paragraph(2, Paint::None, &built_in.title);
    let text = library::text(&built_in.name).unwrap_or_default();
    if !built_in.scenario.story.is_empty() {
        page.gap();
        page.paragraph(2, Paint::None, built_in.scenario.story.trim());
    }
    for paragraph in notes(text) {
        page.gap();
        page.paragraph(2, Paint::None, &paragraph);
    }
    page.gap();
    if let Some(plays) = &built_in.plays {
        page.row("plays", Paint::None, &format!("{} at {}", plays.length, plays.traffic));
    }
    if let Some(base) = text.lines().find_map(|line| line.strip_prefix("use: ")) {
        page.row("builds on", Paint::None, base.trim());
    }
    for (name, fault) in &built_in.scenario.faults {
        page.row("fault", Paint::None, &format!("{name} at {}", format::duration(fault.at.s())));
    }
    for name in built_in.scenario.remedies.keys() {
        page.row("remedy", Paint::None, name);
    }
    for (nth, (id, expectation)) in built_in.scenario.expect.iter().enumerate() {
        let label = if nth == 0 { "expects" } else { "" };
        page.row(label, Paint::None, &format!("{id}: {}", bound(id, expectation)));
    }
    let command = match built_in.used {
        Use::Incident | Use::Drill | Use::Quiet => format!("doorbuster check {}", built_in.name),
        Use::Base => "a file that begins with".to_owned() + &format!(" `use: {}`", built_in.name),
    };
    page.row("try next", Paint::None, &command);
}

/// What is expected, and where that comes from.
pub(super) fn bound(id: &str, expectation: &Expectation) -> String {
    let Expectation { kind, at_least, at_most, between, outcome, source } = expectation;
    let (least, most) = match between {
        Some([least, most]) => (Some(*least), Some(*most)),
        None => (*at_least, *at_most),
    };
    let unit = least.or(most).map_or(result::Unit::Count, |bound| unit(id, bound));
    let bound = result::Bound { at_least: least.map(number), at_most: most.map(number) };
    let kind = match kind {
        VerdictKind::Reproduction => "",
        VerdictKind::Target => ", a target",
    };
    let outcome = match outcome {
        Outcome::Pass => "",
        Outcome::Fail => ", expected to be missed",
    };
    format!("{}{kind}{outcome} ({source})", format::bound(&bound, unit))
}

fn unit(id: &str, bound: Bound) -> result::Unit {
    match bound {
        Bound::Time(_) => result::Unit::S,
        Bound::Share(_) => result::Unit::Ratio,
        Bound::Rate(_) => result::Unit::PerS,
        Bound::Number(_) if id == "incident.gmv_lost" => result::Unit::Cny,
        Bound::Number(_) => result::Unit::Count,
    }
}

fn number(bound: Bound) -> f64 {
    match bound {
        Bound::Time(time) => time.s(),
        Bound::Share(share) => share.ratio,
        Bound::Rate(rate) => rate.per_s,
        Bound::Number(number) => number,
    }
}

/// The paragraphs of the comment at the top of a file.
fn notes(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines().map_while(|line| line.strip_prefix('#')) {
        let paragraph = paragraphs.last_mut().expect("invariant: there is a paragraph");
        match line.trim() {
            "" if !paragraph.is_empty() => paragraphs.push(String::new()),
            line => {
                if !paragraph.is_empty() {
                    paragraph.push(' ');
                }
                paragraph.push_str(line);
            }
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::notes;

    #[test]
    fn the_notes_end_with_the_comment() {
        assert_eq!(notes("# one\n# two\n#\n# three\ntitle: x\n# four\n"), ["one two", "three"]);
        assert!(notes("title: x\n").is_empty());
    }
}
