//! The command tree as clap holds it.

use super::*;
use clap::CommandFactory;

/// Every command and subcommand that does something or leads to one that does, with its words.
fn commands() -> Vec<(String, clap::Command)> {
    let mut commands = Vec::new();
    let mut open = vec![("doorbuster".to_owned(), Cli::command())];
    while let Some((words, command)) = open.pop() {
        open.extend(command.get_subcommands().map(|sub| (format!("{words} {}", sub.get_name()), sub.clone())));
        commands.push((words, command));
    }
    commands
}

/// The examples of a command's help.
fn examples(command: &clap::Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    help.lines().filter_map(|line| line.strip_prefix("Example: ")).map(str::to_owned).collect()
}

/// What is wrong with a command's examples.
fn faults(words: &str, command: &clap::Command) -> Vec<String> {
    let examples = examples(command);
    let mut faults = Vec::new();
    if examples.is_empty() {
        faults.push(format!("`{words} --help` has no `Example:`"));
    }
    for example in examples {
        assert!(!example.contains(['\'', '"']), "teach this test the quotes of {example}");
        if !example.starts_with(words) {
            faults.push(format!("`{words} --help` has an example of something else: {example}"));
        }
        if let Err(error) = Cli::try_parse_from(example.split(' ')) {
            faults.push(format!("{example}: {error}"));
        }
    }
    faults
}

/// *Scenario* a command was added or an argument renamed.
///
/// *Guarantees* the help of every command has an example of itself, and the parser takes it.
#[test]
fn every_command_has_an_example_that_the_parser_takes() {
    Cli::command().debug_assert();
    let commands = commands();
    assert!(commands.len() >= 11, "only {} commands", commands.len());
    let faults: Vec<String> = commands.iter().flat_map(|(words, command)| faults(words, command)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// *Scenario* a command without an example, with one of another command, with one that is not understood.
///
/// *Guarantees* the check above fails for each.
#[test]
fn a_missing_or_a_wrong_example_is_seen() {
    for (help, told) in [
        ("", "no `Example:`"),
        ("Example: doorbuster run shop", "something else"),
        ("Example: doorbuster list --jsn", "unexpected argument"),
    ] {
        let faults = faults("doorbuster list", &clap::Command::new("list").after_help(help));
        assert!(faults.len() == 1 && faults[0].contains(told), "{faults:?}");
    }
}
