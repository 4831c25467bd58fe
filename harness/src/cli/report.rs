//! Arguments of `report`.

use clap::Args;
use std::path::PathBuf;

/// Arguments of `report`.
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// Folders of all workers of one run, in any order; or the folder of one report
    #[arg(value_name = "FOLDER", required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// Folder of the report; `doorbuster-report` when left out, and for one that is rendered again its own
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Print the result as JSON and nothing else
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print nothing; the exit code tells
    #[arg(long)]
    pub(crate) quiet: bool,
}
