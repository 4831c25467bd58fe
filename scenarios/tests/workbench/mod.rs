//! A small valid scenario, a folder to put its broken copies into, and what the loader says of them.
#![allow(dead_code, reason = "each test file uses its part of the bench")]

use doorbuster_scenarios::{Loaded, Source, load};
use std::path::{Path, PathBuf};

/// A small shop with every part of the language, and nothing wrong with it.
pub(crate) const VALID: &str = include_str!("valid.yaml");

/// A folder of one test, empty when it starts.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the target folder takes files");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("the target folder takes files");
        path
    }

    /// Loads a file of the folder; a refusal comes rendered, without the folder's own path.
    pub(crate) fn load(&self, name: &str, sets: &[&str]) -> Result<Loaded, String> {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        load(&Source::Path(self.path(name)), &sets).map_err(|diagnostics| {
            assert!(!diagnostics.is_empty(), "a refusal without a reason");
            let folder = format!("{}/", self.0.display());
            diagnostics.to_string().replace(&folder, "")
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The valid scenario with some of its text replaced.
pub(crate) fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = VALID.to_owned();
    for (old, new) in edits {
        assert!(text.contains(old), "`{old}` is not in the valid scenario");
        text = text.replacen(old, new, 1);
    }
    text
}

/// One way to be wrong, and all that is said of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Replacements in the valid scenario.
    pub(crate) edits: &'static [(&'static str, &'static str)],
    pub(crate) sets: &'static [&'static str],
    pub(crate) told: &'static str,
}

/// Plays a table of cases; tells all that differ at once.
pub(crate) fn play(test: &str, cases: &[Case]) {
    let folder = Folder::new(test);
    let mut differ = String::new();
    for case in cases {
        folder.write("my.yaml", edited(case.edits));
        let told = folder.load("my.yaml", case.sets).expect_err(case.name);
        if told.trim() != case.told.trim() {
            differ.push_str(&format!("== {}\n-- expected\n{}\n-- told\n{told}\n", case.name, case.told.trim_end()));
        }
    }
    assert!(differ.is_empty(), "{differ}");
}
