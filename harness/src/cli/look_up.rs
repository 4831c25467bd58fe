//! Arguments of the commands that look something up: `list`, `explain`, `schema`, `completions`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

/// Arguments of `list`.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Print the list as JSON and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// A built-in scenario, a verdict, an exit code, a kind of cause, or any word of the scenario language
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
}

/// Arguments of `schema`.
#[derive(Args, Debug)]
pub(crate) struct SchemaArgs {
    /// Whose schema
    #[arg(value_name = "OF", value_enum, default_value_t = SchemaOf::Scenario)]
    pub(crate) of: SchemaOf,
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A scenario file
    Scenario,
    /// `result.json`
    Result,
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

/// A shell that completes words.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
    /// Save it as ~/.local/share/bash-completion/completions/doorbuster
    Bash,
    /// Save it as _doorbuster in a folder of $fpath
    Zsh,
    /// Save it as ~/.config/fish/completions/doorbuster.fish
    Fish,
}
