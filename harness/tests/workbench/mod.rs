//! What the tests of the command share: a folder of their own, the real binary run within a bound, its report.
//!
//! Owns processes and files. Refuses to know what a right answer is: each test says that itself.
#![allow(dead_code, reason = "each test file uses its part of the bench")]

pub(crate) mod sending;

use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A drill of a shop of three services: fault, alert, cause, remedy and recovery in eight virtual minutes.
pub(crate) const SMALL_DRILL: &str = include_str!("../scenarios/small-drill.yaml");
/// A drill of the library's shop, by `use: shop`.
pub(crate) const SHOP_DRILL: &str = include_str!("../scenarios/shop-drill.yaml");
/// One service, one endpoint, one rate.
pub(crate) const SMALLEST: &str = include_str!("../scenarios/smallest.yaml");

/// Two services, a pool and a store in half a virtual minute: a run of it takes a moment.
pub(crate) const GATE: &str = include_str!("../scenarios/gate.yaml");

/// No run of a test may take longer; ten times what the longest takes on two slow cores.
pub(crate) const LONGEST_RUN: Duration = Duration::from_secs(120);

/// The program under test: the one that Cargo built for the tests, or a release build that `DOORBUSTER_PROGRAM` names.
fn program() -> PathBuf {
    std::env::var_os("DOORBUSTER_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_doorbuster").into(), PathBuf::from)
}

/// A folder of one test, empty when it starts and gone when it ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{test}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the target folder takes files");
        Self(path)
    }

    /// With the small drill in it, as `small-drill.yaml`.
    pub(crate) fn with_small_drill(test: &str) -> Self {
        let folder = Self::new(test);
        folder.write("small-drill.yaml", SMALL_DRILL);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("the target folder takes files");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Names of all that lies directly in a folder of this one (`.` for itself), in order.
    pub(crate) fn names(&self, name: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(name)).expect("the folder is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The command with this folder as its place, without arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.current_dir(&self.0).env_remove("NO_COLOR").stdin(Stdio::null());
        command
    }

    /// Runs the command in this folder.
    pub(crate) fn doorbuster(&self, args: &[&str]) -> Told {
        self.doorbuster_within(LONGEST_RUN, args)
    }

    /// Runs the command in this folder; fails the test when it takes longer than `bound`.
    pub(crate) fn doorbuster_within(&self, bound: Duration, args: &[&str]) -> Told {
        let mut command = self.command();
        command.args(args);
        tell(&mut command, bound)
    }

    /// Plays a scenario on one thread without a word; its `result.json`, which must say that the run was complete.
    pub(crate) fn result(&self, scenario: &str, sets: &[&str]) -> Value {
        let mut args = vec!["run", scenario, "--quiet", "--threads", "1", "--out", "report"];
        args.extend(sets.iter().flat_map(|set| ["--set", set]));
        let told = self.doorbuster(&args);
        assert!(matches!(told.code, Some(0 | 75 | 99)), "{told}");
        let result = self.json("report/result.json");
        assert_eq!(result["complete"], true, "{told}");
        result
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a run of the command told. Its display is what a failed test prints: the command that replays it comes first.
#[derive(Debug)]
pub(crate) struct Told {
    command: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Told {
    /// Holds that the command ended with this code and without a panic.
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert!(!self.stderr.contains("panicked"), "a panic\n{self}");
        assert_eq!(self.code, Some(code), "the exit code\n{self}");
        self
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(f, "replay with: {command}\nexit code: {code:?}\n-- stdout\n{stdout}\n-- stderr\n{stderr}")
    }
}

/// Runs a command to its end and takes all that it says.
pub(crate) fn tell(command: &mut Command, bound: Duration) -> Told {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command was built");
    let stdout = gather(child.stdout.take());
    let stderr = gather(child.stderr.take());
    let code = wait(&mut child, bound);
    let text = |bytes: thread::JoinHandle<Vec<u8>>| {
        String::from_utf8(bytes.join().expect("reading does not panic")).expect("the command speaks UTF-8")
    };
    let told = Told { command: replay(command), code, stdout: text(stdout), stderr: text(stderr) };
    assert!(told.code.is_some(), "it did not end by itself within {bound:?}\n{told}");
    told
}

/// The exit code, or none when the bound was passed (the child is then killed) or a signal ended it.
pub(crate) fn wait(child: &mut Child, bound: Duration) -> Option<i32> {
    let deadline = Instant::now() + bound;
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return status.code();
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Reads a stream on a thread of its own, so that a full pipe never stops the child.
pub(crate) fn gather<R: Read + Send + 'static>(stream: Option<R>) -> thread::JoinHandle<Vec<u8>> {
    let mut stream = stream.expect("the stream is piped");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    })
}

fn replay(command: &Command) -> String {
    let words = command.get_args().map(|arg| format!("'{}'", arg.to_string_lossy()));
    let folder = command.get_current_dir().unwrap_or(Path::new("."));
    let program = command.get_program().to_string_lossy().into_owned();
    let words: Vec<String> = std::iter::once(program).chain(words).collect();
    format!("(cd {}; {})", folder.display(), words.join(" "))
}

/// The scenario with some of its text replaced.
pub(crate) fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "`{old}` is not in the scenario");
        text.replacen(old, new, 1)
    })
}

/// The entry of a list of objects in which each of these keys has its value.
pub(crate) fn entry<'v>(list: &'v Value, keys: &[(&str, &str)]) -> &'v Value {
    let entries = list.as_array().expect("a list");
    let fits = |entry: &&Value| keys.iter().all(|(key, value)| entry[*key] == *value);
    entries.iter().find(fits).unwrap_or_else(|| panic!("no entry has {keys:?}"))
}

/// A number of a result.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}
