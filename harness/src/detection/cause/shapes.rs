//! Whom the counts of spans blame, when sampled traces are missing or too few.
//!
//! Owns the same question as `vote`, asked of sums: by how much have a service's spans become longer or failed more
//! often than before, and how much of that is not its children's. Parents aren't known from sums, so a
//! service's client spans are taken to be children of its server spans: right for the fleet as a whole,
//! blind to which edge asked. Refuses to say what ails the suspect (`checks`).

use super::vote::{MAJORITY, Suspect, place};
use crate::detection::names::{Names, What};
use crate::detection::window::Window;
use doorbuster_reports::format::{count, duration, percent};
use std::collections::BTreeMap;

/// Fewest spans from which a change is read, before and now. Chosen.
const LEAST_SPANS: f64 = 20.0;
/// Time is asked when the edge's answers take so many times as long as before, else failures are. Chosen.
const SLOWER: f64 = 1.5;

/// What a kind of span has too much of: seconds, or failures.
#[derive(Clone, Copy)]
enum Excess {
    Seconds,
    Failures,
}

/// The suspect of the counts; `None` if they are too few or show nothing that stands out.
pub(super) fn suspect(names: &Names, edge: usize, before: &Window, now: &Window) -> Option<Suspect> {
    let root = names.shapes.iter().position(|shape| shape.what == What::Server { endpoint: edge })?;
    let (usual, changed) = (before.spans(root)?, now.spans(root)?);
    let excess = if changed.duration_s >= SLOWER * usual.duration_s { Excess::Seconds } else { Excess::Failures };
    let own = own_excess(names, &reachable(names, edge), excess, before, now);
    let total: f64 = own.values().sum();
    let (&(service, what), &most) = own.iter().max_by(|a, b| a.1.total_cmp(b.1))?;
    if most <= MAJORITY * total {
        return None;
    }
    let (seat, is_refused) = match what {
        What::Call { callee } => (names.endpoints[callee].service, matches!(excess, Excess::Failures)),
        What::Server { .. } | What::Statement { .. } => (service, false),
    };
    let evidence = words(names, service, what, before, now);
    let endpoint = busiest(names, seat, excess, before, now);
    let caller = matches!(what, What::Call { .. }).then_some(service);
    Some(Suspect { service: seat, what, endpoint, caller, is_refused, evidence })
}

/// The endpoint of a service whose server spans changed most.
fn busiest(names: &Names, service: usize, excess: Excess, before: &Window, now: &Window) -> Option<usize> {
    let served = names.shapes.iter().enumerate().filter_map(|(index, shape)| match shape.what {
        What::Server { endpoint } if shape.service == service => {
            Some((endpoint, shape_excess(index, excess, before, now)?))
        }
        _ => None,
    });
    served.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(endpoint, _)| endpoint)
}

/// Whether each service can be asked on the way of a request to the edge.
fn reachable(names: &Names, edge: usize) -> Vec<bool> {
    let mut is_reached = vec![false; names.services.len()];
    let mut open = vec![names.endpoints[edge].service];
    while let Some(service) = open.pop() {
        if std::mem::replace(&mut is_reached[service], true) {
            continue;
        }
        for shape in names.shapes.iter().filter(|shape| shape.service == service) {
            if let What::Call { callee } = shape.what {
                open.push(names.endpoints[callee].service);
            }
        }
    }
    is_reached
}

/// The excess of each kind of span that isn't its children's, where there is some.
fn own_excess(
    names: &Names,
    is_reached: &[bool],
    excess: Excess,
    before: &Window,
    now: &Window,
) -> BTreeMap<(usize, What), f64> {
    let mut of_kind: BTreeMap<(usize, What), f64> = BTreeMap::new();
    // Of a service: what its server spans have too much of, less what its client spans have; and what calls to it have.
    let (mut served, mut asked, mut called) =
        (vec![0.0; is_reached.len()], vec![0.0; is_reached.len()], vec![0.0; is_reached.len()]);
    for (index, shape) in names.shapes.iter().enumerate().filter(|(_, shape)| is_reached[shape.service]) {
        let Some(much) = shape_excess(index, excess, before, now) else { continue };
        match shape.what {
            What::Server { .. } => served[shape.service] += much,
            What::Call { callee } => {
                asked[shape.service] += much;
                called[names.endpoints[callee].service] += much;
            }
            What::Statement { .. } => asked[shape.service] += much,
        }
        *of_kind.entry((shape.service, shape.what)).or_default() += much;
    }
    // A service's own part goes to the one of its kinds that changed most, so each part has one name.
    for ((service, what), much) in &mut of_kind {
        match what {
            What::Statement { .. } => {}
            What::Server { .. } => *much *= own_part(served[*service], asked[*service]),
            What::Call { callee } => {
                let callee = names.endpoints[*callee].service;
                *much *= own_part(called[callee], served[callee]);
            }
        }
    }
    of_kind.retain(|_, much| *much > 0.0);
    of_kind
}

/// The part of `whole` that `children` don't explain, from 0 to 1.
fn own_part(whole: f64, children: f64) -> f64 {
    if whole > 0.0 { (1.0 - children / whole).clamp(0.0, 1.0) } else { 0.0 }
}

fn shape_excess(shape: usize, excess: Excess, before: &Window, now: &Window) -> Option<f64> {
    let (usual, changed) = (before.spans(shape)?, now.spans(shape)?);
    if usual.spans < LEAST_SPANS || changed.spans < LEAST_SPANS {
        return None;
    }
    let per_span = match excess {
        Excess::Seconds => changed.duration_s - usual.duration_s,
        Excess::Failures => changed.error_ratio - usual.error_ratio,
    };
    Some(per_span * changed.spans)
}

fn words(names: &Names, service: usize, what: What, before: &Window, now: &Window) -> String {
    let mut text = format!("no sampled traces; by count, {} changed most", place(names, service, what));
    let changed = names.shapes.iter().enumerate().filter(|(_, shape)| shape.service == service && shape.what == what);
    for (index, shape) in changed {
        if let (Some(usual), Some(changed)) = (before.spans(index), now.spans(index)) {
            text.push_str(&format!(
                "; {} spans `{}` of {}: {} on average (before: {}), {} failed (before: {})",
                count(changed.spans),
                shape.span,
                names.services[shape.service],
                duration(changed.duration_s),
                duration(usual.duration_s),
                percent(changed.error_ratio),
                percent(usual.error_ratio),
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests;
