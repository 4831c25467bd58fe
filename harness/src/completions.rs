//! `doorbuster completions`: what a shell needs to complete this command's words.
//!
//! Owns the script, which is made from the command tree. bash completes the names of built-in scenarios besides paths;
//! zsh would lose paths by it, and fish completes paths alone.

use crate::cli::{Cli, CompletionsArgs, Shell};
use crate::failure::Failure;
use crate::process;
use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory};
use clap_complete::{generate, shells};

/// Prints a script; returns the exit code.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // Into memory first: the generator panics on a pipe whose reader has gone.
    let mut script = Vec::new();
    match args.shell {
        Shell::Bash => generate(shells::Bash, &mut with_scenarios(command), name, &mut script),
        Shell::Zsh => generate(shells::Zsh, &mut command, name, &mut script),
        Shell::Fish => generate(shells::Fish, &mut command, name, &mut script),
    }
    process::tell(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// The command with the names of built-in scenarios as the values of every argument that takes a scenario. For the script
/// alone: as a parser it would refuse paths.
fn with_scenarios(command: Command) -> Command {
    let names = || PossibleValuesParser::new(doorbuster_scenarios::library::names());
    let of_scenario = |arg: clap::Arg| {
        let is_scenario = arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == "SCENARIO"));
        if is_scenario { arg.value_parser(names()) } else { arg }
    };
    command.mut_subcommands(|sub| sub.mut_args(of_scenario))
}
