//! This process: its streams, what it has used, and the signal that ends it.

use crate::failure::Failure;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Prints to standard output. A reader that went away ends nothing but the printing.
///
/// # Errors
/// When the system refuses for another reason, such as a full disk.
pub(crate) fn tell(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// Prints an error to standard error.
pub(crate) fn tell_error(error: &dyn std::fmt::Display) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{}", error.to_string().trim_end());
}

/// Whether standard output takes colours: a terminal, and nobody said `NO_COLOR`.
pub(crate) fn takes_colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Sets the flag that is raised by Ctrl-C; a second Ctrl-C ends the process at once.
pub(crate) fn stop_flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    // Without a handler Ctrl-C ends the process, which is what happens if one can't be set.
    let _ = ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    flag
}

/// Lets the calling thread give way to the others from now on, where the system can: of a core that both want it gets a quarter.
///
/// For threads that work ahead of time. Whoever sends what is due has to have the core at that moment, and so has a receiver on the same
/// machine.
pub(crate) fn give_way() {
    #[cfg(target_os = "linux")]
    {
        /// Chosen: a weight of 335 against the 1,024 of others.
        const NICER: i32 = 5;
        thread_local!(static GAVE_WAY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
        if !GAVE_WAY.replace(true) {
            // Linux means the thread. Nothing is lost but time if it refuses.
            let _ = rustix::process::nice(NICER);
        }
    }
}

/// Most memory that this process held, in bytes, where the system says.
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// CPU seconds of this process, user and system, where the system says.
pub(crate) fn cpu_s() -> Option<f64> {
    cpu_s_at("/proc/self/stat")
}

/// CPU seconds of the process whose `stat` is in this file.
pub(crate) fn cpu_s_at(path: &str) -> Option<f64> {
    /// Linux counts in hundredths of a second on every platform that we build for.
    const TICKS_PER_S: f64 = 100.0;
    let stat = std::fs::read_to_string(path).ok()?;
    // The command's name may hold spaces; the fields after it are counted from its closing parenthesis.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 2..].split(' ').collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_S)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// *Scenario*: a thread gives way twice. *Guarantees*: it does so once, and the thread beside it has the priority that it had.
    #[test]
    fn a_thread_gives_way_alone_and_once() {
        let nice = || rustix::process::getpriority_process(None).expect("the system tells");
        let before = nice();
        let after = std::thread::spawn(move || {
            give_way();
            give_way();
            nice()
        });
        // 19 is the least priority that there is.
        assert_eq!(after.join().expect("it does not panic"), (before + 5).min(19));
        assert_eq!(nice(), before);
    }
}
