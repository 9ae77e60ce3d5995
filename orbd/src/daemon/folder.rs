//! A daemon's folder: records, token, contact file for clients, and in a demo the exchange's memory.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::owner::other_owner;

/// Stands for a daemon's folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Marks that a daemon runs; left behind when it ends abnormally.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    left_behind: bool,
}

impl Folder {
    /// Returns where a demo keeps its things when nothing else is said: `orb/demo` in the user's state folder.
    #[must_use]
    pub fn default_path() -> PathBuf {
        crate::environment::default_folder("demo")
    }

    /// Makes the folder if it is not there, for the user alone.
    ///
    /// # Errors
    /// When it cannot be made or written to, or is another user's and this is root: what root makes there, that user
    /// could not change.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if let Some((user, _)) = other_owner(path) {
            anyhow::bail!(
                "{0} is another user's, who could not change what root leaves there: run this as that user, as by `sudo -u '#{user}'`",
                path.display()
            );
        }
        Self::open_in_need(path)
    }

    /// Makes the folder if it is not there, whoever it belongs to.
    ///
    /// # Errors
    /// When it cannot be made or written to.
    pub(crate) fn open_in_need(path: &Path) -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let help = || format!("--data-dir {}: choose a folder that you may write to", path.display());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(help)?;
        let probe = path.join(".writable");
        fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)).with_context(help)?;
        let path = path.canonicalize().with_context(help)?;
        Ok(Self { path })
    }

    /// Returns the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns where the records are.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join("orb.db")
    }

    /// Returns where the token is.
    #[must_use]
    pub fn token(&self) -> PathBuf {
        self.path.join("token")
    }

    /// Returns where the exchange of a run keeps its log.
    #[must_use]
    pub fn exchange_log(&self, run: u32) -> PathBuf {
        self.path.join(format!("exchange-{run}.jsonl"))
    }

    /// Returns where the simulated broker of a run remembers its orders.
    #[must_use]
    pub fn broker_memory(&self, run: u32) -> PathBuf {
        self.path.join(format!("broker-{run}.jsonl"))
    }

    /// Returns the number of the latest run, 1 when there was none.
    #[must_use]
    pub fn latest_run(&self) -> u32 {
        let is_there = |run| self.exchange_log(run).exists() || self.broker_memory(run).exists();
        (1..u32::MAX).find(|&run| !is_there(run + 1)).unwrap_or(1)
    }

    /// Marks the folder as in use and tells whether an earlier daemon left its mark behind.
    ///
    /// # Errors
    /// When the mark cannot be written.
    pub fn mark_running(&self) -> anyhow::Result<Running> {
        let path = self.path.join("running");
        let left_behind = path.exists();
        fs::write(&path, format!("{}\n", std::process::id()))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Running { path, left_behind })
    }

    /// Writes where clients find the daemon, as a context file of `orbctl`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_context(&self, name: &str, endpoint: &str) -> anyhow::Result<()> {
        let path = self.path.join("orbctl.toml");
        let text =
            format!("current = \"{name}\"\n\n[contexts.{name}]\nendpoint = \"{endpoint}\"\ntoken_file = \"token\"\n");
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Running {
    /// Tells whether an earlier daemon ended without taking its mark away.
    #[must_use]
    pub const fn was_left_behind(&self) -> bool {
        self.left_behind
    }

    /// Takes the mark away: the end was orderly.
    pub fn end(&self) {
        // If it cannot be removed, the next start is more careful than it needs to be.
        let _ = fs::remove_file(&self.path);
    }
}
