//! `doorbuster check`: finds mistakes in scenarios, and says what a run would do without playing it.
//!
//! Owns the way from arguments to exit code. The analysis is [`crate::operational`]; `tell` is for people, `json` for
//! programs. With `--shape` a short piece is played after all, and [`shape`] measures its traces. Refuses to judge: a shop that its
//! traffic is too much for is a scenario like any other.

mod json;
mod shape;
mod story;
mod tell;

use crate::cli::CheckArgs;
use crate::failure::Failure;
use crate::operational::{Analysis, analyse};
use crate::process;
use doorbuster_model::compile::compile;
use doorbuster_model::plan::Plan;
use doorbuster_scenarios::{Diagnostics, Loaded, Source, load};

/// A scenario that was found good, with what it asks of its stations.
struct Checked {
    /// As it stands on the command line, so that a command can be suggested.
    arg: String,
    loaded: Loaded,
    plan: Plan,
    analysis: Analysis,
}

/// Checks; returns the exit code. The mistakes of all scenarios are told together.
pub(crate) fn check(args: &CheckArgs) -> Result<u8, Failure> {
    let (mut good, mut mistakes) = (Vec::new(), Vec::new());
    for arg in &args.scenarios {
        match load(&Source::from_arg(arg), &args.set) {
            Ok(loaded) => good.push((arg, loaded)),
            Err(diagnostics) => mistakes.extend(diagnostics.iter().cloned()),
        }
    }
    if !mistakes.is_empty() {
        return Err(Failure::Input(Diagnostics::new(mistakes)));
    }
    let checked: Vec<Checked> = good.into_iter().map(|(arg, loaded)| checked(arg, loaded, args.seed)).collect();
    if args.shape && !args.quiet {
        let mut shapes = Vec::new();
        for one in &checked {
            shapes.push((one, shape::shape(one)?));
        }
        if args.json {
            process::tell(&json::json(
                &checked,
                &shapes.iter().map(|(_, shape)| shape::json(shape)).collect::<Vec<_>>(),
            ))?;
        } else {
            process::tell(&shape::tell(&shapes, process::takes_colour()))?;
        }
    } else if args.json {
        process::tell(&json::json(&checked, &[]))?;
    } else if !args.quiet {
        process::tell(&tell::tell(&checked, process::takes_colour()))?;
    }
    Ok(0)
}

/// The seed decides what is played; the analysis draws nothing.
fn checked(arg: &str, loaded: Loaded, seed: u64) -> Checked {
    let plan = compile(&loaded.name, &loaded.scenario, seed);
    let analysis = analyse(&plan);
    Checked { arg: arg.to_owned(), loaded, plan, analysis }
}
