//! The processes: a demo that is talked to, and commands that run to their end.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// No process of these tests needs nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Collects what a process writes.
#[derive(Clone, Debug, Default)]
struct Written(Arc<Mutex<String>>);

impl Written {
    fn follow(&self, from: impl Read + Send + 'static) -> JoinHandle<()> {
        let written = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                let mut text = written.0.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
            }
        })
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// What a process left.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Absent when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Checks that it ended well and without an error line.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        check_log(&self.err);
        self
    }
}

/// The level ERROR is for the never expected.
#[track_caller]
pub(crate) fn check_log(err: &str) {
    let is_bad = |line: &&str| line.contains(" ERROR ") || line.contains("panicked");
    let bad: Vec<_> = err.lines().filter(is_bad).collect();
    assert!(bad.is_empty(), "{bad:#?} in:\n{err}");
}

/// A process with its output; ended with this value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    out: Written,
    err: Written,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (out, err) = (Written::default(), Written::default());
        let readers = vec![out.follow(child.stdout.take().unwrap()), err.follow(child.stderr.take().unwrap())];
        Self { child, out, err, readers }
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                for reader in self.readers.drain(..) {
                    reader.join().unwrap();
                }
                return Ended { code: status.code(), out: self.out.text(), err: self.err.text() };
            }
            assert!(Instant::now() < deadline, "it does not end: {self:?}");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until it has written a text to standard output.
    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.out.text().contains(text) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended without saying {text:?}: {:?}", self.wait());
            assert!(Instant::now() < deadline, "it does not say {text:?}: {self:?}");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until it has written a text to its log.
    #[track_caller]
    pub(crate) fn logs(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.err.text().contains(text) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended without logging {text:?}: {:?}", self.wait());
            assert!(Instant::now() < deadline, "it does not log {text:?}: {self:?}");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Returns what it has written to standard output so far.
    pub(crate) fn printed(&self) -> String {
        self.out.text()
    }

    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal to a process.
#[track_caller]
pub(crate) fn signal(process: &Process, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.child.id().to_string()]).status();
    assert!(sent.unwrap().success(), "{name}");
}

/// Prepares a program without any setting of the machine that the tests run on.
pub(crate) fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("ORB_")) {
        command.env_remove(name);
    }
    command
}

/// Runs `orbd` to its end.
#[track_caller]
pub(crate) fn orbd(arguments: &[&str]) -> Ended {
    let mut command = program(env!("CARGO_BIN_EXE_orbd"));
    command.args(arguments);
    Process::start(command).wait()
}

/// Returns a path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// A demo that is up.
#[derive(Debug)]
pub(crate) struct Demo {
    process: Process,
    pub(crate) folder: PathBuf,
    pub(crate) address: String,
}

impl Demo {
    /// Starts a demo at the backtest's own exchange, with its records in `folder`, and waits until it can be called.
    #[track_caller]
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_at_broker(folder, &[&["--direct"], arguments].concat())
    }

    /// Starts a demo at a local broker, with its records in `folder`, and waits until it can be called.
    #[track_caller]
    pub(crate) fn start_at_broker(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = program(env!("CARGO_BIN_EXE_orbd"));
        command.args(["demo", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder).args(arguments);
        let mut process = Process::start(command);
        process.says("orb.v1.ControlService/GetStatus");
        let banner = process.out.text();
        let address = banner.split_once("://").and_then(|(_, rest)| rest.split_once(',')).unwrap().0.to_owned();
        Self { process, folder: folder.to_owned(), address }
    }

    /// Waits until the session is over; the API stays up.
    #[track_caller]
    pub(crate) fn session_over(&mut self) {
        self.process.says("The session is over.");
    }

    /// Waits until the log says a text.
    #[track_caller]
    pub(crate) fn logs(&mut self, text: &str) {
        self.process.logs(text);
    }

    /// Waits for its end, which it comes to by itself with `--exit`, and checks that all went well.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> Ended {
        self.process.wait().succeeded()
    }

    /// Stops it as a service manager does and checks that all went well.
    #[track_caller]
    pub(crate) fn terminate(&mut self) -> Ended {
        let id = self.process.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.wait()
    }

    /// Ends it as a power cut does.
    #[track_caller]
    pub(crate) fn kill_9(&mut self) {
        self.process.kill();
        let ended = self.process.wait();
        assert_eq!(ended.code, None, "it had ended before: {ended:?}");
        check_log(&ended.err);
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.process.kill();
        if !std::thread::panicking() {
            check_log(&self.process.err.text());
        } else {
            eprintln!("the daemon's log:\n{}", self.process.err.text());
        }
    }
}
