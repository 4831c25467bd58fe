//! `doorbuster completions`: what a shell needs to complete this command's words.
//!
//! Owns the script, which is made from the command tree.

use crate::cli::{Cli, CompletionsArgs, Shell};
use crate::failure::Failure;
use crate::process;
use clap::CommandFactory;
use clap_complete::{generate, shells};

/// Prints a script; returns the exit code.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // Into memory first: the generator panics on a pipe whose reader has gone.
    let mut script = Vec::new();
    match args.shell {
        Shell::Bash => generate(shells::Bash, &mut command, name, &mut script),
        Shell::Zsh => generate(shells::Zsh, &mut command, name, &mut script),
        Shell::Fish => generate(shells::Fish, &mut command, name, &mut script),
    }
    process::tell(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
