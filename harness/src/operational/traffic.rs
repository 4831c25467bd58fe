//! What the scenario offers: the rate over time and its peak, or the bounds of a closed loop.

use doorbuster_model::plan::Plan;

/// What comes to the shop, for the whole fleet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Traffic {
    /// Requests come whatever the shop does.
    Open(Offered),
    /// Users wait for their answers.
    Closed(Loop),
}

/// Traffic of an open loop. Rates are as the scenario states them: requests per second of the whole fleet, as a shop in
/// which nothing fails sees them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Offered {
    /// Virtual seconds and rates, joined by straight lines, from 0 to the end of the run.
    pub(crate) points: Vec<(f64, f64)>,
    /// Whether shoppers arrive at random times, or at even distances.
    pub(crate) random: bool,
    /// The highest rate.
    pub(crate) peak_per_s: f64,
    /// When it is reached first, in virtual seconds.
    pub(crate) peak_at_s: f64,
    /// Requests from the first second to the last.
    pub(crate) requests: f64,
}

/// A closed loop by asymptotic bounds: `X <= min(N / (D + Z), 1 / Dmax)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Loop {
    /// Users of the whole fleet, `N`.
    pub(crate) users: f64,
    /// Seconds of a round in which nobody waits, `D + Z`: pause, journey, thinking included.
    pub(crate) round_s: f64,
    /// Requests per second if no user ever waited: `N / (D + Z)`.
    pub(crate) unhindered_per_s: f64,
    /// Users from which on somebody has to wait: the two bounds meet there. Nothing where no station is asked.
    pub(crate) knee_users: Option<f64>,
}

/// Traffic of an open loop, from a cell's curve.
pub(super) fn offered(plan: &Plan, curve: &[(f64, f64)], random: bool) -> Offered {
    let (cells, end_s) = (f64::from(plan.cells_fleet), f64::from(plan.duration_s));
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (index, &(at_s, per_s)) in curve.iter().enumerate() {
        if at_s > end_s {
            let (before_s, before) = curve[index - 1];
            let at_end = before + (per_s - before) * (end_s - before_s) / (at_s - before_s);
            points.push((end_s, at_end * cells));
            break;
        }
        points.push((at_s, per_s * cells));
    }
    let (last_s, last) = *points.last().expect("invariant: a curve begins at 0s");
    if last_s < end_s {
        points.push((end_s, last));
    }
    let (mut peak_at_s, mut peak_per_s) = points[0];
    for (at_s, per_s) in &points {
        if *per_s > peak_per_s {
            (peak_at_s, peak_per_s) = (*at_s, *per_s);
        }
    }
    let requests = points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * f64::midpoint(pair[0].1, pair[1].1)).sum();
    Offered { points, random, peak_per_s, peak_at_s, requests }
}
