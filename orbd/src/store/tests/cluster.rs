//! A throw-away PostgreSQL cluster of the local binaries; the end-to-end tests share this file.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Set where a machine without the binaries is at fault.
const REQUIRED: &str = "ORB_REQUIRE_POSTGRES";

/// Runs until it is dropped; speaks over a socket in its own folder.
pub(crate) struct Cluster {
    binaries: PathBuf,
    user: Option<&'static str>,
    folder: TempDir,
    databases: Cell<u32>,
}

impl Cluster {
    /// Starts a cluster, or tells that there are no binaries.
    pub(crate) fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            assert!(
                std::env::var_os(REQUIRED).is_none_or(|value| value != "1"),
                "{REQUIRED}=1, but there is no PostgreSQL under /usr/lib/postgresql/*/bin"
            );
            eprintln!("SKIPPED: no PostgreSQL under /usr/lib/postgresql/*/bin");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("orb-pg-").tempdir().expect("a temporary folder");
        // PostgreSQL refuses to run as root.
        let root = folder.path().metadata().expect("a folder").uid() == 0;
        let user = if root { ["postgres", "nobody"].into_iter().find(|name| id(name, "-u").is_some()) } else { None };
        if let Some(name) = user {
            chown(folder.path(), id(name, "-u"), id(name, "-g")).expect("the folder's owner can be changed");
        }
        let cluster = Self { binaries, user, folder, databases: Cell::new(0) };
        cluster.run("initdb", &["--auth=trust", "--username=orb", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]);
        cluster.go_on();
        Some(cluster)
    }

    /// Starts the server on what it has.
    pub(crate) fn go_on(&self) {
        let socket = self.folder.path().display().to_string();
        let options = format!("-c listen_addresses= -c unix_socket_directories={socket} -c fsync=off");
        let log = format!("{socket}/log");
        self.run("pg_ctl", &["start", "-w", "-t", "60", "-l", &log, "-o", &options]);
    }

    /// Stops the server as an administrator does who does not wait for its clients.
    pub(crate) fn stop(&self) {
        self.run("pg_ctl", &["stop", "-w", "-m", "fast"]);
    }

    /// Makes an empty database and returns its address.
    pub(crate) fn database(&self) -> String {
        let number = self.databases.get() + 1;
        self.databases.set(number);
        let (name, socket) = (format!("orb{number}"), self.folder.path().display().to_string());
        let status = self.program("createdb").args(["--host", &socket, "--username", "orb", &name]).status();
        assert!(status.expect("createdb").success(), "createdb: {}", self.log());
        format!("postgres://orb@/{name}?host={socket}")
    }

    /// Prepares a program of the server, as the user that it runs as; its output is not shown.
    pub(crate) fn program(&self, name: &str) -> Command {
        let path = self.binaries.join(name);
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(path);
                command
            }
            None => Command::new(path),
        };
        command.current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Prepares a program that works on the cluster's own folder.
    fn command(&self, program: &str) -> Command {
        let mut command = self.program(program);
        command.arg("-D").arg(self.folder.path().join("data"));
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let status = self.command(program).args(arguments).status().expect(program);
        assert!(status.success(), "{program}: {}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = self.command("pg_ctl").args(["stop", "-w", "-m", "immediate"]).status();
        drop(stopped);
    }
}

/// Returns the newest version's folder.
fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.flatten().map(|entry| entry.path().join("bin"));
    folders.filter(|folder| folder.join("initdb").exists()).max_by_key(|folder| version(folder))
}

fn version(folder: &Path) -> u32 {
    let name = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}

fn id(user: &str, what: &str) -> Option<u32> {
    let output = Command::new("id").args([what, user]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
