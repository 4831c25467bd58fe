//! Trivial detectors, on the very exports that the detector was given: how hard the drills are for those who do next
//! to nothing.
//!
//! Owns a static threshold on failures, and the service with the most error spans as the cause. Refuses everything that
//! would make them clever: no baseline, no window, no traces.

use crate::detection::Names;
use doorbuster_telemetry::observed::Export;

/// Bounds on the failures of an edge endpoint in one export: chosen, a tight one and a loose one.
pub(super) const BOUNDS: [f64; 2] = [0.01, 0.05];

/// Pages whenever more requests of some edge endpoint failed in the last export than the bound says. Fewer requests
/// make no difference to it.
pub(super) struct Static {
    above: f64,
    edges: Vec<(usize, bool)>,
}

/// What a threshold says of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Above {
    /// Whether it pages for any edge endpoint.
    pub(super) is_any: bool,
    /// Edge endpoints for which it begins to.
    pub(super) begins: u32,
}

impl Static {
    pub(super) fn new(names: &Names, above: f64) -> Self {
        Self { above, edges: names.edges().map(|edge| (edge, false)).collect() }
    }

    pub(super) fn observe(&mut self, export: &Export) -> Above {
        let mut seen = Above::default();
        for (edge, is_firing) in &mut self.edges {
            let point = &export.endpoints[*edge];
            let fires = point.errors as f64 > self.above * point.attempts as f64;
            seen.is_any |= fires;
            seen.begins += u32::from(fires && !*is_firing);
            *is_firing = fires;
        }
        seen
    }
}

/// Names the service whose spans had the most errors since the alert, the export of the alert included.
#[derive(Default)]
pub(super) struct MostErrors {
    /// By service, in the last export.
    last: Vec<u64>,
    /// By service since the alert; nothing before it.
    since: Option<Vec<u64>>,
}

impl MostErrors {
    /// Takes what a second brought: an export, and whether an alert has fired by now.
    pub(super) fn observe(&mut self, names: &Names, export: Option<&Export>, is_alerted: bool) {
        if let Some(export) = export {
            self.last = vec![0; names.services.len()];
            for (shape, point) in names.shapes.iter().zip(&export.shapes) {
                self.last[shape.service] += point.errors;
            }
            if let Some(since) = &mut self.since {
                since.iter_mut().zip(&self.last).for_each(|(sum, errors)| *sum += errors);
            }
        }
        if is_alerted && self.since.is_none() {
            self.since = Some(self.last.clone());
        }
    }

    /// Index of the service; of equals the first. Nothing without an alert or an error.
    pub(super) fn service(&self) -> Option<usize> {
        let errors = self.since.as_ref()?;
        let most = *errors.iter().max()?;
        if most == 0 { None } else { errors.iter().position(|one| *one == most) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detection::{EndpointName, Parent, ShapeName, What};
    use doorbuster_telemetry::observed::{EndpointPoint, ShapePoint};

    /// Two edges of the first service; a shape of each of two services.
    fn names() -> Names {
        let endpoint = || EndpointName { service: 0, name: String::new(), is_edge: true };
        let shape = |service| ShapeName {
            service,
            span: String::new(),
            what: What::Server { endpoint: 0 },
            parent: Parent::Caller,
        };
        Names {
            services: vec!["gateway".to_owned(), "payment".to_owned()],
            endpoints: vec![endpoint(), endpoint()],
            shapes: vec![shape(0), shape(1)],
            ..Names::default()
        }
    }

    fn export(failures: [u64; 2], span_errors: [u64; 2]) -> Export {
        let point = |errors| EndpointPoint { attempts: 100, errors, ..EndpointPoint::default() };
        let shape = |errors| ShapePoint { errors, ..ShapePoint::default() };
        Export { endpoints: failures.map(point).to_vec(), shapes: span_errors.map(shape).to_vec(), ..Export::default() }
    }

    #[test]
    fn a_threshold_is_about_one_export_and_counts_beginnings() {
        let mut static_1 = Static::new(&names(), BOUNDS[0]);
        let mut seen = |failures| {
            let above = static_1.observe(&export(failures, [0, 0]));
            (above.is_any, above.begins)
        };
        assert_eq!(seen([1, 0]), (false, 0), "one of a hundred is not above 1 %");
        assert_eq!(seen([2, 2]), (true, 2));
        assert_eq!(seen([2, 2]), (true, 0));
        assert_eq!(seen([0, 2]), (true, 0));
        assert_eq!(seen([2, 0]), (true, 1));
    }

    #[test]
    fn the_most_errors_are_counted_from_the_alerts_export_on() {
        let names = names();
        let mut most = MostErrors::default();
        most.observe(&names, Some(&export([0, 0], [50, 0])), false);
        assert_eq!(most.service(), None, "no alert, no cause");
        most.observe(&names, Some(&export([0, 0], [1, 2])), false);
        most.observe(&names, None, true);
        assert_eq!(most.service(), Some(1));
        most.observe(&names, Some(&export([0, 0], [1, 0])), true);
        assert_eq!(most.service(), Some(0), "of equals the first");
    }
}
