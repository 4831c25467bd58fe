//! Why a command could not do its work, and with which exit code it ends.
//!
//! Codes: 0 as expected; 99 a verdict not as expected, or worse than the baseline; 75 invalid or inconclusive, the environment's failures
//! included; 78 bad input; 70 our own bug; 2 usage (from the argument parser).

use doorbuster_reports::folder::ReportError;
use doorbuster_scenarios::Diagnostics;
use doorbuster_virtual::cell::{MAX_FRAMES, Overload};
use thiserror::Error;

/// A command that did not come to a result.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The user's mistake, in a file or an override.
    #[error("{0}")]
    Input(Diagnostics),
    /// The user's mistake in an argument that only the scenario can judge.
    #[error("error: {message}\n   = help: {help}")]
    Argument {
        /// What is wrong, and with which value.
        message: String,
        /// What would be right.
        help: String,
    },
    /// Something that the system or another program did not let us do.
    #[error("error: {message}\n   = help: {help}")]
    Environment {
        /// What failed, and why.
        message: String,
        /// What to do about it.
        help: String,
    },
    /// The model holds more than the engine can tell the truth about.
    #[error("error: {}", overload(*.0))]
    Overload(Overload),
    /// The report could not be written.
    #[error("error: {0}")]
    Report(#[from] ReportError),
    /// The system gave no address to listen on, or no thread to do so.
    #[error(
        "error: cannot listen on {address}: {source}\n   = help: another process may hold it; give another address, or port 0 for any free one"
    )]
    Listen {
        /// The address that was asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Standard output took no more.
    #[error("error: cannot write to standard output: {0}")]
    Output(std::io::Error),
    /// The system refused a thread.
    #[error(
        "error: cannot start a thread: {0}\n   = help: the limit of threads or memory of this user or container is too low"
    )]
    Thread(std::io::Error),
    /// Our own mistake.
    #[error(
        "error: this is a bug in doorbuster, not in your scenario\n   = help: `doorbuster {command}` replays it; please report it with the message above"
    )]
    Bug {
        /// The arguments.
        command: String,
    },
}

impl Failure {
    /// The exit code that says so.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Argument { .. } => 78,
            Self::Environment { .. }
            | Self::Listen { .. }
            | Self::Overload(_)
            | Self::Report(_)
            | Self::Output(_)
            | Self::Thread(_) => 75,
            Self::Bug { .. } => crate::BUG,
        }
    }
}

fn overload(overload: Overload) -> String {
    match overload {
        Overload::TooMany => format!(
            "a cell holds more than {MAX_FRAMES} requests, statements and shoppers at a time\n   = help: the load is over what the scenario's stations can do; give calls a timeout, services a limit of workers, or lower the traffic"
        ),
        Overload::TooOld => "a request has been in the shop for over 27 minutes\n   = help: the load is over what the scenario's stations can do; give calls a timeout, services a limit of workers, or lower the traffic".to_owned(),
    }
}
