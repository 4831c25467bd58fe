//! What a run would do, for people.

use super::{Checked, story};
use crate::operational::{Analysis, Loop, Offered, StationLoad, Traffic};
use crate::page::{Page, Paint, Table};
use doorbuster_reports::format::{clock_at, count, duration, percent, rate, short};
use doorbuster_virtual::cell::MAX_FRAMES;

/// Points of a curve that are told; the rest is counted.
const MOST_POINTS: usize = 6;
/// Generated services of which a table has a row, the busiest of them; the rest is counted.
const MOST_GENERATED: usize = 20;
/// What the engine keeps for each frame: `MAX_FRAMES` of them are 1 GiB.
pub(super) const FRAME_BYTES: f64 = 64.0;

/// What no average can show. `docs/check.md` says more.
const BLIND: &str = "These are averages of a shop in which nobody waits. They can't see queues, and so no latency under \
    load; nor timeouts, refusals, the tries that follow from them, what faults and remedies change, and pods, shards or \
    seconds that are hotter than others. A station at 80 % is not full, but its queue is long. To see all that:";

pub(super) fn tell(checked: &[Checked], colour: bool) -> String {
    let mut page = Page::new(colour);
    for (nth, one) in checked.iter().enumerate() {
        if nth > 0 {
            page.gap();
        }
        scenario(&mut page, one);
    }
    page.text
}

fn scenario(page: &mut Page, checked: &Checked) {
    let (loaded, analysis) = (&checked.loaded, &checked.analysis);
    page.line(Paint::Bold, &loaded.name);
    if !loaded.scenario.title.is_empty() {
        page.paragraph(2, Paint::None, &loaded.scenario.title);
    }
    page.gap();
    plays(page, checked);
    match &analysis.traffic {
        Traffic::Open(offered) => open(page, checked, offered),
        Traffic::Closed(closed) => self::closed(page, *closed),
    }
    first(page, analysis);
    peak(page, checked);
    the_story(page, checked);
    page.gap();
    let fold = Fold(&loaded.resolved);
    endpoints(page, analysis, &fold);
    page.gap();
    stations(page, analysis, &fold);
    page.gap();
    page.paragraph(2, Paint::Dim, BLIND);
    page.paragraph(4, Paint::None, &format!("doorbuster run {}", checked.arg));
}

fn plays(page: &mut Page, checked: &Checked) {
    let (scenario, plan) = (&checked.loaded.scenario, &checked.plan);
    let mut text = format!(
        "{} from {}, the first {} of it warm-up",
        duration(f64::from(plan.duration_s)),
        clock_at(&scenario.clock, 0.0),
        duration(f64::from(plan.warmup_s)),
    );
    let (played, fleet) = (scenario.cells.play.count, scenario.cells.fleet.count);
    if fleet > 1 {
        text += &format!("; {played} of the fleet's {fleet} cells");
    }
    page.row("plays", Paint::None, &text);
}

fn open(page: &mut Page, checked: &Checked, offered: &Offered) {
    let plan = &checked.plan;
    let cells = f64::from(plan.cells_fleet);
    let requests = |per_s: f64| rate(per_s).replace("/s", " requests/s");
    let mut text = match offered.points.as_slice() {
        // A flat rate, its end added.
        [_, _] | [_] if offered.points.iter().all(|(_, per_s)| per_s.to_bits() == offered.peak_per_s.to_bits()) => {
            requests(offered.peak_per_s)
        }
        points => {
            let mut shown: Vec<String> = points
                .iter()
                .take(MOST_POINTS)
                .map(|(at_s, per_s)| format!("{} at {}", rate(*per_s), duration(*at_s)))
                .collect();
            if points.len() > MOST_POINTS {
                shown.push(format!("and {} points more", points.len() - MOST_POINTS));
            }
            format!(
                "{} at the peak, first at {} ({}); {}",
                requests(offered.peak_per_s),
                duration(offered.peak_at_s),
                clock_at(&checked.loaded.scenario.clock, offered.peak_at_s),
                shown.join(", ")
            )
        }
    };
    text += if offered.random { "; at random times" } else { "; at even distances" };
    page.row("traffic", Paint::None, &text);
    if plan.cells_fleet > 1 {
        page.row("", Paint::None, &format!("{} in each cell at the peak", requests(offered.peak_per_s / cells)));
    }
    let played = checked.loaded.scenario.cells.play.count as f64 / cells;
    let mut text = format!("{} requests from the first second to the last", short(offered.requests));
    if played < 1.0 {
        text += &format!(", {} of them in the cells played", short(offered.requests * played));
    }
    page.row("", Paint::None, &text);
}

fn closed(page: &mut Page, closed: Loop) {
    let text = format!(
        "{} users in a closed loop; a round takes {} where nobody waits, so they make at most {} requests/s",
        count(closed.users),
        duration(closed.round_s),
        short(closed.unhindered_per_s),
    );
    page.row("traffic", Paint::None, &text);
    if let Some(knee) = closed.knee_users {
        page.row("", Paint::None, &format!("from {} users on somebody waits in every round", short(knee)));
    }
}

/// The answer that most readers came for.
fn first(page: &mut Page, analysis: &Analysis) {
    let Some((station, full_at)) = analysis.bottleneck().and_then(|one| Some((one, one.full_at_requests_per_s?)))
    else {
        return page.row("full first", Paint::None, "nothing: no station is asked for anything");
    };
    let mut text = format!("{} at {} requests/s", station.name, short(full_at));
    let is_full = station.utilization_at_peak >= 1.0;
    match (&analysis.traffic, station.headroom()) {
        (Traffic::Open(_), Some(headroom)) => text += &format!(" ({} x the peak)", short(headroom)),
        (Traffic::Closed(_), _) if is_full => text += ", which is all that this shop can answer",
        (Traffic::Open(_) | Traffic::Closed(_), _) => {}
    }
    if is_full && matches!(analysis.traffic, Traffic::Open(_)) {
        let over = analysis.stations.iter().filter(|one| one.utilization_at_peak >= 1.0).count();
        text += &format!(": it can't keep up with the peak{}", others(over - 1));
    }
    page.row("full first", if is_full { Paint::Bad } else { Paint::Bold }, &text);
}

fn others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => ", nor can one more".to_owned(),
        more => format!(", nor can {more} more"),
    }
}

fn peak(page: &mut Page, checked: &Checked) {
    let analysis = &checked.analysis;
    // Where a station can't keep up a queue grows, of which averages know nothing.
    let is_full = analysis.bottleneck().is_some_and(|one| one.utilization_at_peak >= 1.0);
    let least = if is_full { "at least " } else { "" };
    let text = format!(
        "{least}{} requests in the shop and {} shoppers in their journeys; {} spans/s, {} for each request",
        few(analysis.requests_in_flight),
        few(analysis.shoppers),
        short(analysis.spans_per_s),
        short(analysis.spans_per_request),
    );
    page.row("at the peak", Paint::None, &text);
    let share = analysis.frames_of_a_cell / MAX_FRAMES as f64;
    let text = format!(
        "keeps {least}{} calls, statements and shoppers of a cell in mind: {}, {} of what it can hold{}",
        few(analysis.frames_of_a_cell),
        bytes(analysis.frames_of_a_cell * FRAME_BYTES),
        percent(share),
        if share >= 1.0 { ", so a run would end with exit code 75" } else { "" },
    );
    page.row("the engine", if share >= 1.0 { Paint::Bad } else { Paint::None }, &text);
    for one in &analysis.hopeless {
        let text = format!(
            "{} waits {} for {}, which takes {} on average even when nobody else is there",
            one.asker,
            duration(one.timeout_s),
            one.asked,
            duration(one.takes_s)
        );
        page.row("hopeless", Paint::Bad, &text);
    }
}

/// An average number of things, which may be hardly any.
fn few(number: f64) -> String {
    if number > 0.0 && number < 0.01 { "under 0.01".to_owned() } else { short(number) }
}

/// `192 B`, `1.69 MB`.
fn bytes(bytes: f64) -> String {
    let text = short(bytes);
    let number = text.trim_end_matches(['k', 'M', 'G']);
    format!("{number} {}B", &text[number.len()..])
}

fn the_story(page: &mut Page, checked: &Checked) {
    let Checked { loaded, plan, analysis, .. } = checked;
    let scenario = &loaded.scenario;
    for (name, fault) in &scenario.faults {
        page.row("fault", Paint::None, &format!("{name}, {}", story::fault(scenario, plan, analysis, name, fault)));
    }
    let humans: Vec<String> =
        scenario.humans.iter().map(|(name, time)| format!("{name} {}", duration(time.s()))).collect();
    if !humans.is_empty() {
        page.row("people", Paint::None, &format!("{} (declared)", humans.join(", ")));
    }
    for (name, remedy) in &scenario.remedies {
        page.row("remedy", Paint::None, &format!("{name}, {}", story::remedy(scenario, plan, remedy)));
    }
    if !scenario.expect.is_empty() {
        let ids: Vec<&str> = scenario.expect.keys().map(String::as_str).collect();
        page.row("expects", Paint::None, &format!("{} verdicts: {}", ids.len(), ids.join(", ")));
    }
}

fn endpoints(page: &mut Page, analysis: &Analysis, fold: &Fold<'_>) {
    let mut table = Table::new(&["at the peak", "per second", "a request", "alone"]);
    let shoppers: f64 = analysis.endpoints.iter().map(|one| one.from_shoppers_per_s).sum();
    table.row(Paint::Bold, vec!["shoppers ask".to_owned(), short(shoppers), String::new(), String::new()]);
    let edge = |from_shoppers_per_s: f64| from_shoppers_per_s > 0.0;
    for one in analysis.endpoints.iter().filter(|one| edge(one.from_shoppers_per_s)) {
        let per_request = one.per_request * one.from_shoppers_per_s / one.per_s;
        table.row(
            Paint::None,
            vec![format!("  {}", one.name), short(one.from_shoppers_per_s), per(per_request), duration(one.alone_s)],
        );
    }
    let inner: Vec<_> =
        analysis.endpoints.iter().filter(|one| one.per_s > one.from_shoppers_per_s * (1.0 + 1e-9)).collect();
    if !inner.is_empty() {
        table.row(Paint::Bold, vec!["services ask".to_owned(), String::new(), String::new(), String::new()]);
    }
    let (told, left_out) = busiest(&inner, fold, |one| &one.name, |one| one.per_s);
    for one in told {
        let by_services_per_s = one.per_s - one.from_shoppers_per_s;
        table.row(
            Paint::None,
            vec![
                format!("  {}", one.name),
                short(by_services_per_s),
                per(one.per_request * by_services_per_s / one.per_s),
                duration(one.alone_s),
            ],
        );
    }
    if left_out > 0 {
        table.row(Paint::Dim, vec![format!("  {}", more(left_out)), String::new(), String::new(), String::new()]);
    }
    let unasked = analysis.endpoints.iter().filter(|one| one.per_s <= 0.0).count();
    if !analysis.statements.is_empty() {
        table.row(Paint::Bold, vec!["statements".to_owned(), String::new(), String::new(), String::new()]);
    }
    for one in &analysis.statements {
        table.row(
            Paint::None,
            vec![format!("  {}", one.name), short(one.per_s), per(one.per_request), duration(one.cost_s)],
        );
    }
    page.table(&table);
    let text = "a request: for each request of a shopper; alone: how long one takes on average with the shop to itself, of a \
        statement its time on a core";
    page.paragraph(2, Paint::Dim, text);
    if unasked > 0 {
        let are = if unasked == 1 { "endpoint is" } else { "endpoints are" };
        page.paragraph(2, Paint::Dim, &format!("{unasked} {are} asked by nobody"));
    }
}

/// Rows in their order, all that a person wrote and the busiest of those that were generated; and how many are left out.
fn busiest<'r, T>(
    rows: &[&'r T],
    fold: &Fold<'_>,
    name: impl Fn(&T) -> &str,
    load: impl Fn(&T) -> f64,
) -> (Vec<&'r T>, usize) {
    let mut generated: Vec<usize> = (0..rows.len()).filter(|row| fold.is_generated(name(rows[*row]))).collect();
    generated.sort_by(|one, other| load(rows[*other]).total_cmp(&load(rows[*one])));
    let left_out = generated.split_off(generated.len().min(MOST_GENERATED));
    let told = (0..rows.len()).filter(|row| !left_out.contains(row)).map(|row| rows[row]).collect();
    (told, left_out.len())
}

/// What was written by hand, as opposed to what the section `fleet` stands for.
struct Fold<'s>(&'s serde_json::Value);

impl Fold<'_> {
    /// Whether an endpoint or a station, by its full name, is of a generated service or store.
    fn is_generated(&self, name: &str) -> bool {
        let owner = name.split('.').next().unwrap_or(name);
        ["services", "stores"].iter().all(|section| self.0[*section].get(owner).is_none())
    }
}

fn more(left_out: usize) -> String {
    format!("and {left_out} more of generated services, less busy; --json has all")
}

/// So many for each request of a shopper.
fn per(per_request: f64) -> String {
    if per_request > 0.0 && per_request < 0.005 { format!("{per_request:.5}") } else { format!("{per_request:.3}") }
}

fn stations(page: &mut Page, analysis: &Analysis, fold: &Fold<'_>) {
    let is_open = matches!(analysis.traffic, Traffic::Open(_));
    let mut table = Table::new(&["station", "a cell has", "visits", "each", "demand", "at peak", "full at", "x peak"]);
    let all: Vec<&StationLoad> = analysis.stations.iter().collect();
    let (told, left_out) = busiest(&all, fold, |one| &one.name, |one| one.utilization_at_peak);
    for (nth, one) in told.into_iter().enumerate() {
        let paint = match (one.utilization_at_peak >= 1.0, nth) {
            (true, _) => Paint::Bad,
            (false, 0) => Paint::Bold,
            (false, _) => Paint::None,
        };
        table.row(paint, station(one, is_open));
    }
    page.table(&table);
    if left_out > 0 {
        page.paragraph(2, Paint::Dim, &more(left_out));
    }
    let text = "visits and demand are for each request of a shopper; cores are pods x cores or shards x cores, pools are \
        pods x shards x connections";
    page.paragraph(2, Paint::Dim, text);
}

fn station(one: &StationLoad, is_open: bool) -> Vec<String> {
    let servers: Vec<String> = one.servers.iter().map(|servers| count(f64::from(*servers))).collect();
    let nothing = || "-".to_owned();
    vec![
        one.name.clone(),
        servers.join(" x "),
        per(one.visits_per_request),
        if one.visits_per_request > 0.0 { duration(one.visit_s()) } else { nothing() },
        duration(one.demand_s),
        percent(one.utilization_at_peak),
        one.full_at_requests_per_s.map_or_else(nothing, rate),
        one.headroom().filter(|_| is_open).map_or_else(nothing, short),
    ]
}
