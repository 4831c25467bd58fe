//! The tables of the page: before, during and after; the busiest stations; every endpoint.
//!
//! Owns their columns. Refuses to leave out a window.

use super::{note, open_section};
use crate::escape::Html;
use crate::figures::{Figures, busiest_stations, edge_success, figures, focus, slowest_endpoint, success};
use crate::format::{NOTHING, clock_at, count, duration, percent, rate};
use crate::result::{EndpointStats, LatencyStats, RunResult, StationStats};

/// Stations that are told; the others have time to spare.
const MOST_STATIONS: usize = 8;

/// Success, latency and throughput of the focus in each window, and the loss.
pub(super) fn figures_section(html: &mut String, result: &RunResult) {
    let told = figures(result);
    let title = if told.len() > 1 { "Before, during, after" } else { "In short" };
    open_section(html, "figures", title);
    if told.iter().all(Figures::is_empty) && result.endpoints.is_empty() {
        note(html, "The shop was not asked anything in this time.");
        html.push_str("</section>\n");
        return;
    }
    if let Some(focus) = focus(result) {
        note(html, &format!("Success of {}, latency of {}.", focus.edge, focus.operation));
    }
    html.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"figures\"><table class=\"few\">\n<thead><tr><th scope=\"col\"></th>");
    for figures in &told {
        html.push_str(&format!("<th scope=\"col\" class=\"num\">{}</th>", figures.window));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    figure_row(html, "Success", told.iter().map(|figures| figures.success.map(percent)));
    figure_row(html, "Median latency", told.iter().map(|figures| figures.p50_s.map(duration)));
    figure_row(html, "p99 latency", told.iter().map(|figures| figures.p99_s.map(duration)));
    figure_row(html, "Succeeded at the edge", told.iter().map(|figures| figures.succeeded_per_s.map(rate)));
    if focus(result).is_none() {
        whole_shop_rows(html, result);
    }
    html.push_str("</tbody>\n</table></div>\n");
    html.push_str("</section>\n");
}

/// What can be said of a shop without a focus.
fn whole_shop_rows(html: &mut String, result: &RunResult) {
    figure_row(
        html,
        "Success at the edge, warm-up and drain included",
        [edge_success(result).map(percent)].into_iter(),
    );
    if let Some((stats, p99_s)) = slowest_endpoint(result) {
        let name = format!("p99 latency of the slowest endpoint, {}.{}", stats.service, stats.endpoint);
        figure_row(html, &name, [Some(duration(p99_s))].into_iter());
    }
}

/// A row, if there is anything to say in it.
fn figure_row(html: &mut String, name: &str, cells: impl Iterator<Item = Option<String>>) {
    let cells: Vec<_> = cells.collect();
    if cells.iter().all(Option::is_none) {
        return;
    }
    html.push_str(&format!("<tr><th scope=\"row\">{}</th>", Html(name)));
    for cell in cells {
        html.push_str(&format!("<td class=\"num\">{}</td>", cell.as_deref().unwrap_or(NOTHING)));
    }
    html.push_str("</tr>\n");
}

/// The stations that were busiest while it mattered.
pub(super) fn stations_section(html: &mut String, result: &RunResult) {
    open_section(html, "stations", "Where it was busy");
    let (window, stations) = busiest_stations(result);
    if stations.is_empty() {
        note(html, "No station served anybody.");
        html.push_str("</section>\n");
        return;
    }
    let when = if window == "during" { "while the fault was there" } else { "over the whole run" };
    note(
        html,
        &format!("Cores, workers, pools and stores by how busy they were {when}; of the cells that were played."),
    );
    html.push_str(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"stations\"><table>\n<thead><tr>\
         <th scope=\"col\">Station</th><th scope=\"col\">Busy</th>",
    );
    if window == "during" {
        html.push_str("<th scope=\"col\" class=\"num\">Before</th>");
    }
    html.push_str(
        "<th scope=\"col\" class=\"num\">Servers</th><th scope=\"col\" class=\"num\">Mean wait</th>\
         <th scope=\"col\" class=\"num\">Longest queue</th></tr></thead>\n<tbody>\n",
    );
    for station in stations.iter().take(MOST_STATIONS) {
        station_row(html, result, station, window);
    }
    html.push_str("</tbody>\n</table></div>\n");
    if stations.len() > MOST_STATIONS {
        note(html, &format!("{} more, all less busy, are in result.json.", stations.len() - MOST_STATIONS));
    }
    html.push_str("</section>\n");
}

fn station_row(html: &mut String, result: &RunResult, station: &StationStats, window: &str) {
    let share = if station.utilization.is_finite() { station.utilization.clamp(0.0, 1.0) * 100.0 } else { 0.0 };
    html.push_str(&format!(
        "<tr><th scope=\"row\">{}</th><td style=\"white-space:nowrap\"><span class=\"bar\"><i style=\"width:{share:.0}%\"></i>\
         </span>{}</td>",
        Html(&station.name),
        percent(station.utilization)
    ));
    if window == "during" {
        let before = result.stations.iter().find(|other| other.name == station.name && other.window == "before");
        let text = before.map_or(NOTHING.to_owned(), |before| percent(before.utilization));
        html.push_str(&format!("<td class=\"num\">{text}</td>"));
    }
    html.push_str(&format!(
        "<td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
        count(station.capacity as f64),
        duration(station.mean_wait_s),
        count(station.max_waiting as f64)
    ));
}

/// Every endpoint, window by window.
pub(super) fn endpoints_section(html: &mut String, result: &RunResult) {
    open_section(html, "endpoints", "Endpoints");
    if result.endpoints.is_empty() {
        note(html, "No endpoint was asked anything.");
    } else {
        note(
            html,
            "What truly happened, of the cells that were played; latency from arrival at the pod, failures included.",
        );
    }
    let mut windows: Vec<&str> = Vec::new();
    for window in ["before", "during", "after", "run"] {
        if result.endpoints.iter().any(|stats| stats.window == window) {
            windows.push(window);
        }
    }
    for stats in &result.endpoints {
        if !windows.contains(&stats.window.as_str()) {
            windows.push(&stats.window);
        }
    }
    for window in windows {
        endpoint_table(html, result, window);
    }
    html.push_str("</section>\n");
}

fn endpoint_table(html: &mut String, result: &RunResult, window: &str) {
    let name = Html(window);
    let span = result.timeline.windows.get(window).map_or_else(String::new, |[from_s, to_s]| {
        let clock = &result.scale.clock;
        format!(", {} to {}", clock_at(clock, *from_s), clock_at(clock, *to_s))
    });
    html.push_str(&format!(
        "<details><summary>{name}{span}</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Endpoints, {name}\"><table>\n<thead><tr><th scope=\"col\">Endpoint</th>"
    ));
    for column in ["Attempts", "Success", "Mean", "p50", "p90", "p99", "p99.9", "Max"] {
        html.push_str(&format!("<th scope=\"col\" class=\"num\">{column}</th>"));
    }
    html.push_str("<th scope=\"col\">Failed by cause</th></tr></thead>\n<tbody>\n");
    for stats in result.endpoints.iter().filter(|stats| stats.window == window) {
        endpoint_row(html, stats);
    }
    html.push_str("</tbody>\n</table></div></details>\n");
}

fn endpoint_row(html: &mut String, stats: &EndpointStats) {
    let name = format!("{}.{}", stats.service, stats.endpoint);
    html.push_str(&format!(
        "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td>",
        Html(&name),
        count(stats.attempts as f64),
        success(stats).map_or(NOTHING.to_owned(), percent)
    ));
    let columns: [fn(&LatencyStats) -> f64; 6] = [|l| l.mean, |l| l.p50, |l| l.p90, |l| l.p99, |l| l.p999, |l| l.max];
    for column in columns {
        let text = stats.latency_s.as_ref().map_or(NOTHING.to_owned(), |latency| duration(column(latency)));
        html.push_str(&format!("<td class=\"num\">{text}</td>"));
    }
    let mut causes = Vec::new();
    for (cause, failed) in stats.failed.iter().filter(|(_, failed)| **failed > 0) {
        causes.push(format!("{cause} {}", count(*failed as f64)));
    }
    html.push_str(&format!("<td class=\"small\">{}</td></tr>\n", Html(&causes.join(", "))));
}
