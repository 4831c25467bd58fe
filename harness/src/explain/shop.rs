//! Parts of the built-in shop: its services, endpoints, consumers, stores and journeys, as they are written.
//!
//! Owns the search in the shop's text. What a part does and where its constants come from stands in that text, so nothing is told twice.

use super::begin;
use crate::list::library;
use crate::page::{Page, Paint};
use doorbuster_scenarios::Scenario;

/// The scenario that all built-in ones with a shop share.
const SHOP: &str = "shop";

/// What a part is, and the keys that lead to it.
struct Part {
    name: String,
    what: String,
    path: Vec<String>,
}

/// Names of all parts.
pub(super) fn names() -> Vec<String> {
    library::named(SHOP).map_or_else(Vec::new, |shop| parts(&shop.scenario).into_iter().map(|part| part.name).collect())
}

/// Tells every part with this name.
pub(super) fn tell(page: &mut Page, name: &str) {
    let Some(shop) = library::named(SHOP) else { return };
    let text = doorbuster_scenarios::library::text(SHOP).unwrap_or_default();
    for part in parts(&shop.scenario).into_iter().filter(|part| part.name == name) {
        begin(page, name, &part.what);
        for line in block(text, &part.path) {
            page.line(Paint::None, &format!("  {line}"));
        }
        page.row("in a file", Paint::None, &part.path.join("."));
        page.row("try next", Paint::None, "doorbuster check quiet-day");
    }
}

fn parts(shop: &Scenario) -> Vec<Part> {
    let mut all = Vec::new();
    let mut add = |name: String, what: String, path: &[&str]| {
        all.push(Part { name, what, path: path.iter().map(|key| (*key).to_owned()).collect() });
    };
    for (name, service) in &shop.services {
        let what =
            format!("a service of the built-in shop: {} pods of {} cores in each cell", service.pods, service.cores);
        add(name.clone(), what, &["services", name]);
        for (endpoint, body) in &service.endpoints {
            let what = match &body.route {
                Some(route) => {
                    format!("an endpoint of the built-in shop: {} {route}", body.method.as_deref().unwrap_or("GET"))
                }
                None => "an endpoint of the built-in shop, reached by gRPC".to_owned(),
            };
            add(format!("{name}.{endpoint}"), what, &["services", name, "endpoints", endpoint]);
        }
        for (consumer, body) in &service.consumers {
            let what = format!("a consumer group of the built-in shop: it takes the messages of {}", body.topic);
            add(format!("{name}.{consumer}"), what, &["services", name, "consumers", consumer]);
        }
    }
    for name in shop.stores.keys() {
        add(name.clone(), "a store of the built-in shop".to_owned(), &["stores", name]);
    }
    let weights: f64 = shop.journeys.values().map(|journey| journey.weight).sum();
    for (name, journey) in &shop.journeys {
        let share = doorbuster_reports::format::percent(journey.weight / weights);
        add(
            name.clone(),
            format!("a journey of the built-in shop: {share} of the shoppers take it"),
            &["journeys", name],
        );
    }
    all
}

/// The lines of a part, from its key to the next one that stands no deeper.
fn block<'t>(text: &'t str, path: &[String]) -> Vec<&'t str> {
    let mut lines = text.lines().peekable();
    for (depth, key) in path.iter().enumerate() {
        let head = format!("{}{key}:", "  ".repeat(depth));
        while lines.peek().is_some_and(|line| !line.starts_with(&head)) {
            lines.next();
        }
    }
    let depth = "  ".repeat(path.len() - 1);
    let mut found: Vec<&str> = lines.next().into_iter().collect();
    let is_inside = |line: &str| line.is_empty() || line.starts_with(&format!("{depth}  "));
    found.extend(lines.take_while(|line| is_inside(line)));
    while found.last().is_some_and(|line| line.is_empty()) {
        found.pop();
    }
    found.iter().map(|line| line.strip_prefix(&depth).unwrap_or(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_told_with_its_own_lines() {
        let shop = library::named(SHOP).expect("it is built in");
        let text = doorbuster_scenarios::library::text(SHOP).expect("it is built in");
        let all = parts(&shop.scenario);
        assert!(all.len() > 60, "{}", all.len());
        for part in all {
            let lines = block(text, &part.path);
            let key = part.path.last().expect("a part has a key");
            assert!(lines.len() > 1 && lines[0].starts_with(&format!("{key}:")), "{}: {lines:?}", part.name);
        }
        let pay = block(text, &["services", "payment", "endpoints", "pay"].map(str::to_owned));
        assert!(pay.iter().any(|line| line.contains("by_user")) && !pay.iter().any(|line| line.contains("callback:")));
    }
}
