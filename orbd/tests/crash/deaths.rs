//! Plays a session in one process after the other, each killed where it was said.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::life;
use crate::point::{Passage, Point, passages};

/// Sessions at one time: much of each is waiting.
const AT_ONCE: usize = 6;
/// The signal that no process can catch.
const SIGKILL: i32 = 9;

/// Says what became of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Played {
    /// A process was killed, and the session came to its end all the same.
    Killed,
    /// The session came to its end before: the passage was not reached.
    NotReached,
}

/// What an undisturbed session passed.
#[derive(Debug)]
pub(crate) struct Undisturbed {
    pub(crate) passages: Vec<Passage>,
    /// When the limit of the day's loss was passed, in microseconds; `None` where it was not.
    pub(crate) tripped: Option<i64>,
}

/// Plays a session that nobody disturbs, and returns its passages.
pub(crate) fn undisturbed(scene: u64) -> Undisturbed {
    let folder = folder();
    let trace = folder.path().join("trace");
    let point = Point { scene, deaths: Vec::new(), resumes: false };
    let mut process = process(&point, folder.path(), None);
    let output = process.env("ORB_CRASH_TRACE", &trace).output().expect("a test can be started");
    assert!(output.status.success(), "scene {scene}: {}", told(&output));
    let read = |path: &Path| std::fs::read_to_string(path);
    let tripped = read(&folder.path().join(life::TRIPPED)).ok().map(|text| text.parse().expect("microseconds"));
    Undisturbed { passages: passages(&read(&trace).expect("a trace")), tripped }
}

/// Plays the sessions of several numbers.
pub(crate) fn all_undisturbed(scenes: impl IntoIterator<Item = u64>) -> BTreeMap<u64, Undisturbed> {
    let scenes: Vec<u64> = scenes.into_iter().collect();
    let found = Mutex::new(BTreeMap::new());
    at_once(&scenes, |scene| {
        let one = undisturbed(*scene);
        found.lock().expect("no one panics with it").insert(*scene, one);
    });
    found.into_inner().expect("no one panicked with it")
}

/// Plays a point: each process until it is killed, the last one to the end.
///
/// # Errors
/// Tells what broke, with the line that repeats it.
pub(crate) fn play(point: &Point, database: Option<&str>) -> Result<Played, String> {
    let folder = folder();
    let mut played = Played::NotReached;
    for death in point.deaths.iter().map(Some).chain([None]) {
        let mut process = process(point, folder.path(), database);
        if let Some(death) = death {
            process.env("ORB_CRASH_AT", death);
        }
        let output = process.output().expect("a test can be started");
        match (output.status, death) {
            (status, Some(_)) if was_killed(status) => played = Played::Killed,
            (status, _) if status.success() => return Ok(played),
            _ => {
                let again = format!("ORB_CRASH_POINT=\"{point}\" cargo test -p orbd --test crash");
                return Err(format!("{again}\n{}", told(&output)));
            }
        }
    }
    Err(format!("{point}: the last process was killed, and nobody was to"))
}

/// Plays points, several at a time; fails with all that broke, and returns how many killed a process.
pub(crate) fn play_all(points: &[(Point, Option<String>)]) -> usize {
    let (killed, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    at_once(points, |(point, database)| match play(point, database.as_deref()) {
        Ok(Played::Killed) => _ = killed.fetch_add(1, Ordering::SeqCst),
        Ok(Played::NotReached) => {}
        Err(told) => {
            eprintln!("FAILED: {told}\n");
            failures.lock().expect("no one panics with it").push(told);
        }
    });
    let failures = failures.into_inner().expect("no one panicked with it");
    assert!(failures.is_empty(), "{} of {} failed\n{}", failures.len(), points.len(), failures.join("\n\n"));
    killed.into_inner()
}

/// Does something with each of many, some of them at the same time.
pub(crate) fn at_once<T: Sync>(all: &[T], act: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(one) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
            act(one);
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
}

pub(crate) fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(SIGKILL)
}

/// Makes a folder, in memory where the machine has a place for that: what a killed process wrote is kept all the same,
/// and nothing waits for a disk.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

fn process(point: &Point, folder: &Path, database: Option<&str>) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test has a file"));
    command.args(["--exact", "tests::a_life", "--ignored", "--nocapture"]);
    command.env(life::POINT, point.to_string()).env(life::FOLDER, folder).env("ORB_LOG", "off").stdin(Stdio::null());
    match database {
        Some(database) => command.env(life::DATABASE, database),
        None => command.env_remove(life::DATABASE),
    };
    command
}

fn told(output: &std::process::Output) -> String {
    let texts = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    format!("{}\n{}", output.status, texts.concat())
}
