//! `doorbuster measure theory`: the engine against queueing theory.
//!
//! Owns the comparison: cases with a known answer are played, and the answer has to lie inside the 99 % interval
//! of what was simulated, half as wide as one percent at most. Begin at [`measure()`]; the systems are in
//! `cases.rs`, their answers in `formulas.rs`. Refuses to tune anything: a case that misses is told, not repaired.
//!
//! What one seed shows is weak: of 25 intervals of 99 %, one misses at about every fourth seed. The default seed is
//! one at which all hit. The evidence is in many seeds: at seeds 1 to 12, 5 of 300 intervals missed (3 expected), no
//! quantity's mean over the seeds was off by more than its own 99 % interval of 0.02 to 0.19 %, and no half-width was
//! over 0.73 %.

mod cases;
mod estimate;
mod formulas;
mod measure;
mod play;
mod table;

#[cfg(test)]
mod tests;

use crate::cli::TheoryArgs;
use crate::failure::Failure;
use crate::process::tell;
use cases::{Case, HALF_WIDTH};
use estimate::Estimate;
use play::Played;

/// Exit code when a case is not as theory says.
const NOT_AS_EXPECTED: u8 = 99;

/// Measures; returns the exit code.
pub(crate) fn measure(args: &TheoryArgs) -> Result<u8, Failure> {
    let seed = args.simulation.seed;
    let threads = args.simulation.threads.map_or_else(crate::run::threads, usize::from);
    let show = |text: &str| {
        if args.json || args.quiet { Ok(()) } else { tell(text) }
    };
    show(&table::head(seed))?;
    let mut done = Vec::new();
    for (place, case) in cases::all().into_iter().enumerate() {
        let loaded = play::scenario(&case, &[])?;
        let seed = seed_of(seed, place);
        let judged = Judged::new(&case, seed, play::play(&case, &loaded, seed, threads)?);
        show(&table::rows(&case, &judged))?;
        done.push((case, judged));
    }
    show(&table::foot(&done))?;
    if args.json {
        tell(&table::json(seed, &done))?;
    }
    let holds = table::missed(&done) == 0 && done.iter().all(|(_, judged)| judged.broken.is_empty());
    Ok(if holds { 0 } else { NOT_AS_EXPECTED })
}

/// Seed of the case at a place: cases with equal seeds would share their arrivals, and miss together.
const fn seed_of(seed: u64, place: usize) -> u64 {
    seed.wrapping_mul(1_000).wrapping_add(place as u64)
}

/// A case with its verdicts.
struct Judged {
    seed: u64,
    replications: usize,
    /// Requests that ended in the windows.
    requests: u64,
    /// By row.
    verdicts: Vec<Verdict>,
    /// Identities of Little's law that were looked at.
    identities: u64,
    /// Those that do not hold.
    broken: Vec<String>,
}

impl Judged {
    fn new(case: &Case, seed: u64, played: Played) -> Self {
        let verdict = |(row, counts): (&cases::Row, &Vec<estimate::Count>)| {
            Verdict::new(row.theory, Estimate::of(counts, row.measure.scale()))
        };
        Self {
            seed,
            replications: played.counts.first().map_or(0, Vec::len),
            requests: played.requests,
            verdicts: case.rows.iter().zip(&played.counts).map(verdict).collect(),
            identities: played.identities,
            broken: played.broken,
        }
    }
}

/// Theory against simulation.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    theory: f64,
    estimate: Estimate,
}

impl Verdict {
    const fn new(theory: f64, estimate: Estimate) -> Self {
        Self { theory, estimate }
    }

    fn interval(&self) -> (f64, f64) {
        (self.estimate.mean - self.estimate.half_width, self.estimate.mean + self.estimate.half_width)
    }

    /// Relative to theory.
    fn relative_half_width(&self) -> f64 {
        self.estimate.half_width / self.theory
    }

    fn inside(&self) -> bool {
        (self.estimate.mean - self.theory).abs() <= self.estimate.half_width
    }

    fn holds(&self) -> bool {
        self.inside() && self.relative_half_width() <= HALF_WIDTH
    }

    fn name(&self) -> &'static str {
        match (self.holds(), self.inside()) {
            (true, _) => "inside",
            (false, true) => "TOO WIDE",
            (false, false) => "OUTSIDE",
        }
    }
}
