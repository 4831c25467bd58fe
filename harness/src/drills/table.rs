//! The measurement told to people.
//!
//! Owns order and words: hard faults, soft faults, all hard drills together, the goals. Refuses to compute a figure.

use super::figures::{FalsePages, Figures, Quantile, Rate, Share, Times};
use super::goals::{self, Goal, Side, Standing};
use super::play::{Drilled, Naming};
use super::trivial::BOUNDS;
use super::{Measured, OfScenario};
use crate::page::{Page, Paint, Table};
use doorbuster_reports::format::{self, duration, percent, short};
use doorbuster_reports::result::{Bound, Unit};
use std::collections::BTreeMap;

/// Columns for what stands before a figure.
const LABEL: usize = 17;

/// All of it.
pub(super) fn tell(measured: &Measured, colour: bool) -> String {
    let mut page = Page::new(colour);
    page.line(Paint::Bold, "detection, measured in short drills");
    let beside = match measured.quiet_s {
        0 => String::new(),
        seconds => format!(", {} without a fault beside each", duration(f64::from(seconds))),
    };
    let played = format!(
        "{} of each of {}, {}{beside}, seed {}",
        counted(measured.runs as usize, "drill"),
        counted(measured.scenarios.len(), "scenario"),
        counted(measured.cells as usize, "cell"),
        measured.seed
    );
    page.paragraph(2, Paint::None, &played);
    let kept = "Times are from the injection. In brackets are exact intervals of 95 %: a share's, a rate's, and that of a quantile by ranks. What never came is later than all else. docs/detection.md says what a line means.";
    page.paragraph(2, Paint::Dim, kept);
    part(
        &mut page,
        measured,
        true,
        "hard faults: in truth over 10 % of an edge endpoint's requests fail within a minute",
    );
    part(&mut page, measured, false, "soft faults: fewer fail, so there is no page to expect");
    false_pages(&mut page, measured);
    whole(&mut page, measured);
    page.text
}

fn part(page: &mut Page, measured: &Measured, is_hard: bool, head: &str) {
    let some: Vec<(&OfScenario, Vec<&Drilled>)> = measured
        .scenarios
        .iter()
        .map(|scenario| (scenario, scenario.of(is_hard)))
        .filter(|(_, drills)| !drills.is_empty())
        .collect();
    if some.is_empty() {
        return;
    }
    page.gap();
    page.line(Paint::Bold, head);
    for (scenario, drills) in some {
        page.gap();
        page.line(Paint::Bold, &format!("  {}", scenario.case.name));
        page.paragraph(2, Paint::None, &scenario.case.title);
        let sort = if is_hard { "hard" } else { "soft" };
        let of = scenario.drills.len();
        let worst = worst(&drills);
        page.paragraph(2, Paint::None, &format!("{sort} in {} of {}; {worst}", drills.len(), counted(of, "drill")));
        figures(page, &Figures::of(&drills), &drills);
    }
}

/// Truth's worst minutes, over drills.
fn worst(drills: &[&Drilled]) -> String {
    let mut minutes: Vec<(f64, &str)> = drills
        .iter()
        .filter_map(|drill| drill.worst.as_ref().map(|(edge, minute)| (minute.ratio(), edge.as_str())))
        .collect();
    minutes.sort_by(|one, other| one.0.total_cmp(&other.0));
    match (minutes.first(), minutes.last()) {
        (Some((least, _)), Some((most, edge))) => {
            format!("{} to {} failed in the worst minute until then, most at {edge}", percent(*least), percent(*most))
        }
        _ => "no edge endpoint had 50 requests in a minute".to_owned(),
    }
}

fn figures(page: &mut Page, figures: &Figures, drills: &[&Drilled]) {
    let mut table = Table::new(&["", "p50", "p95", "never"]);
    let mut row = |name: String, times: &Times| {
        table.row(Paint::None, vec![name, quantile(&times.p50), quantile(&times.p95), share(&times.never)]);
    };
    row("symptom".to_owned(), &figures.symptom);
    row("page".to_owned(), &figures.alert);
    row("cause".to_owned(), &figures.cause);
    for (bound, times) in BOUNDS.iter().zip(&figures.statics) {
        row(threshold(*bound), times);
    }
    page.table(&table);
    page.labelled(LABEL, "cause right", Paint::None, &share(&figures.right));
    page.labelled(LABEL, "cause wrong", Paint::None, &share(&figures.wrong));
    page.labelled(LABEL, "cause missing", Paint::None, &share(&figures.missing));
    for (what, times) in not_right(drills) {
        page.labelled(LABEL, "", Paint::Dim, &format!("not right: {what} ({times})"));
    }
    if !drills.is_empty() && drills.iter().all(|drill| !drill.has_label) {
        page.labelled(LABEL, "", Paint::Dim, "there is no cause to name: such a fault is in nobody's list of causes");
    }
    let told = format!("service right {}", share(&figures.most_errors_right));
    page.labelled(LABEL, "most error spans", Paint::None, &told);
    let named = often(drills.iter().filter_map(|drill| Some(drill.most_errors.as_ref()?.0.as_str())));
    if !named.is_empty() {
        let told: Vec<String> = named.iter().map(|(service, times)| format!("{service} ({times})")).collect();
        page.labelled(LABEL, "", Paint::Dim, &format!("named: {}", told.join(", ")));
    }
}

/// What was named wrongly, or said to be unknown, and how often.
fn not_right<'d>(drills: &[&'d Drilled]) -> BTreeMap<&'d str, usize> {
    let causes = drills.iter().filter_map(|drill| drill.cause.as_ref());
    often(causes.filter(|cause| cause.naming != Naming::Right).map(|cause| cause.what.as_str()))
}

fn often<'d>(told: impl Iterator<Item = &'d str>) -> BTreeMap<&'d str, usize> {
    let mut often = BTreeMap::new();
    told.for_each(|one| *often.entry(one).or_default() += 1);
    often
}

/// Pages while nothing was wrong, by scenario and in all.
fn false_pages(page: &mut Page, measured: &Measured) {
    let Some(all) = FalsePages::of(&measured.quiet()) else { return };
    page.gap();
    page.line(Paint::Bold, "false pages a day, while nothing was wrong");
    let heads: Vec<String> = BOUNDS.map(threshold).to_vec();
    let mut head = vec!["", "played", "page"];
    head.extend(heads.iter().map(String::as_str));
    let mut table = Table::new(&head);
    let mut row = |name: &str, pages: &FalsePages| {
        let mut cells = vec![name.to_owned(), duration(pages.pages.seconds as f64), rate(&pages.pages)];
        cells.extend(pages.statics.iter().map(rate));
        table.row(Paint::None, cells);
    };
    for scenario in &measured.scenarios {
        if let Some(pages) = FalsePages::of(&scenario.quiet) {
            row(&scenario.case.name, &pages);
        }
    }
    row("all", &all);
    page.table(&table);
}

/// All hard drills together, the goals, and what does not count.
fn whole(page: &mut Page, measured: &Measured) {
    let hard = measured.hard();
    let figures = (!hard.is_empty()).then(|| Figures::of(&hard));
    page.gap();
    page.line(Paint::Bold, &format!("all {} in which the fault was hard", counted(hard.len(), "drill")));
    if let Some(figures) = &figures {
        self::figures(page, figures, &[]);
        let note = "generous: the service alone counts; it names no resource, so held to the detector's terms it is never right";
        page.labelled(LABEL, "", Paint::Dim, note);
    }
    page.gap();
    page.line(Paint::Bold, "goals");
    let quiet = FalsePages::of(&measured.quiet());
    for goal in goals::goals(figures.as_ref(), quiet.as_ref()) {
        let paint = if goal.standing == Standing::Missed { Paint::Bad } else { Paint::None };
        page.row(goal.standing.name(), paint, &self::goal(&goal));
    }
    if let Some(pages) = quiet.map(|quiet| quiet.pages) {
        let most = short(pages.interval_per_day[1]);
        let played = duration(pages.seconds as f64);
        page.row(
            "",
            Paint::Dim,
            &format!("{played} without a fault can only show that false pages are at most {most} a day"),
        );
    }
    not_counted(page, measured);
}

fn goal(goal: &Goal) -> String {
    let value = |value: f64| match goal.unit {
        Unit::S => format!("{value:.0} s"),
        Unit::Ratio => percent(value),
        Unit::PerS | Unit::Count | Unit::Cny => short(value),
    };
    let bound = match goal.side {
        Side::AtMost => Bound { at_least: None, at_most: Some(goal.bound) },
        Side::AtLeast => Bound { at_least: Some(goal.bound), at_most: None },
    };
    let wanted = format::bound(&bound, goal.unit);
    let Some(found) = goal.value else {
        let why = if goal.standing == Standing::Open { "nothing was played that says" } else { "never" };
        return format!("{}: {why}; wanted {wanted}", goal.what);
    };
    let ends = match goal.interval {
        [Some(low), Some(high)] => format!("{} to {}", value(low), value(high)),
        [Some(low), None] => format!("{} or more", value(low)),
        [None, _] => "the end is open".to_owned(),
    };
    format!("{}: {} ({ends}); wanted {wanted}", goal.what, value(found))
}

/// What was not played, or does not count.
fn not_counted(page: &mut Page, measured: &Measured) {
    if measured.is_whole() {
        return;
    }
    page.gap();
    page.line(Paint::Bad, "not the whole measurement");
    if measured.played < measured.jobs {
        let text = format!("ended early: {} of {} short runs were played", measured.played, measured.jobs);
        page.paragraph(2, Paint::None, &text);
    }
    for scenario in &measured.scenarios {
        for (why, command) in &scenario.invalid {
            page.paragraph(2, Paint::None, &format!("{}: does not count, {why}", scenario.case.name));
            page.paragraph(4, Paint::Dim, command);
        }
    }
}

fn threshold(bound: f64) -> String {
    format!("static {:.0} %", bound * 100.0)
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `24 s (20-33)`, `33 s (24+)`, `never (30+)`.
fn quantile(quantile: &Quantile) -> String {
    let value = quantile.value_s.map_or("never".to_owned(), |value| format!("{value} s"));
    match (quantile.low_s, quantile.high_s) {
        (Some(low), Some(high)) => format!("{value} ({low}-{high})"),
        (Some(low), None) => format!("{value} ({low}+)"),
        (None, _) => value,
    }
}

/// `3 of 10, 30.0 % (6.67-65.2 %)`.
fn share(share: &Share) -> String {
    let Some((ratio, [low, high])) = share.ratio().zip(share.interval) else { return "none".to_owned() };
    let low = percent(low);
    format!("{} of {}, {} ({}-{})", share.hits, share.of, percent(ratio), low.trim_end_matches(" %"), percent(high))
}

/// `2: 4 (0.48-14.4)`.
fn rate(rate: &Rate) -> String {
    let [low, high] = rate.interval_per_day.map(short);
    format!("{}: {} ({low}-{high})", rate.events, short(rate.per_day()))
}

#[cfg(test)]
mod tests {
    use super::super::play::Quiet;
    use super::*;

    #[test]
    fn intervals_are_told_in_few_letters() {
        let times = Times::of((1..=10).map(|n| (n < 9).then_some(n)));
        assert_eq!([quantile(&times.p50), quantile(&times.p95)], ["5 s (2+)", "never (8+)"]);
        assert_eq!(quantile(&Times::of([None; 9].into_iter()).p95), "never");
        assert_eq!(share(&Share::new(0, 10)), "0 of 10, 0 % (0-30.8 %)");
        assert_eq!(share(&Share::new(0, 0)), "none");
        let quiet = Quiet { seconds: 86_400, pages: 0, statics: [3, 0] };
        let pages = FalsePages::of(&quiet).unwrap();
        assert_eq!([rate(&pages.pages), rate(&pages.statics[0])], ["0: 0 (0-3.69)", "3: 3 (0.62-8.77)"]);
    }
}
