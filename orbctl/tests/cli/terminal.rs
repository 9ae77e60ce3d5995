//! `orbctl watch` on a terminal of its own: however it ends, the shell has the terminal back as it was.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::fake::{Fake, Mood};

/// No screen takes nearly as long to come or to go.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Notes how the terminal is, gives it to orbctl, and notes how it is afterwards.
const SHELL: &str = r#"stty rows 40 cols 120
stty -a > "$HOME/before"
sh -c 'echo $$ > "$HOME/id"; exec "$ORBCTL" watch' 2> "$HOME/err"
echo $? > "$HOME/code"
stty -a > "$HOME/after"
"#;

/// A terminal with `orbctl watch` in it.
struct Terminal {
    child: Child,
    written: Arc<Mutex<Vec<u8>>>,
    home: tempfile::TempDir,
}

impl Terminal {
    /// Opens a terminal and waits for the screen; `None` where this machine has no program that makes terminals.
    fn open(fake: &Fake) -> Option<Self> {
        let home = tempfile::TempDir::new().unwrap();
        let mut script = Command::new("script");
        script.args(["--quiet", "--flush", "--return", "--command", "sh \"$HOME/shell\"", "/dev/null"]);
        script.env("HOME", home.path()).env("ORBCTL", env!("CARGO_BIN_EXE_orbctl")).env("TERM", "xterm-256color");
        fake.name_in(&mut script);
        fs::write(home.path().join("shell"), SHELL).unwrap();
        let spawned = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(mut child) = spawned else {
            eprintln!("SKIPPED: no `script` of util-linux on this machine");
            return None;
        };
        let written = Arc::new(Mutex::new(Vec::new()));
        let (into, mut from) = (Arc::clone(&written), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                into.lock().unwrap().extend(&piece[..length]);
            }
        });
        let mut terminal = Self { child, written, home };
        terminal.until("the screen", |terminal| terminal.text().contains("NVDA"));
        Some(terminal)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap_or_default()
    }

    #[track_caller]
    fn until(&mut self, what: &str, is_so: impl Fn(&mut Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "not in time: {what}: {:?}: {}", self.text(), self.file("err"));
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(keys).unwrap();
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), self.file("id").trim()]).status();
        assert!(sent.unwrap().success(), "{name}");
    }

    /// Waits for the end and checks that the terminal is as it was.
    #[track_caller]
    fn gives_back(mut self, code: &str) {
        self.until("the end", |terminal| terminal.child.try_wait().unwrap().is_some());
        assert_eq!(self.file("code").trim(), code, "{}", self.file("err"));
        let before = self.file("before");
        assert!(before.contains("rows 40") && before.contains(" icanon") && before.contains(" echo"), "{before}");
        assert_eq!(self.file("after"), before);
        let text = self.text();
        let (taken, left) = (text.rfind("\u{1b}[?1049h").unwrap(), text.rfind("\u{1b}[?1049l").unwrap());
        assert!(
            taken < left && text[left..].contains("\u{1b}[?25h"),
            "the shell's own screen, with its cursor: {text:?}"
        );
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_terminal_is_given_back_whichever_way_the_screen_ends() {
    let fake = Fake::start(Mood::Willing);
    for key in [&b"q"[..], b"\x03"] {
        let Some(mut terminal) = Terminal::open(&fake) else { return };
        terminal.press(key);
        terminal.gives_back("0");
    }
    for name in ["TERM", "HUP", "INT"] {
        let Some(terminal) = Terminal::open(&fake) else { return };
        terminal.signal(name);
        terminal.gives_back("0");
    }
}

#[test]
fn a_terminal_is_given_back_when_the_daemon_has_gone() {
    let fake = Fake::start(Mood::Willing);
    let Some(mut terminal) = Terminal::open(&fake) else { return };
    drop(fake);
    // The help comes and goes meanwhile.
    terminal.press(b"? ");
    terminal.press(b"q");
    terminal.gives_back("0");
}

#[test]
fn k_on_a_real_terminal_kills_without_a_question() {
    let fake = Fake::start(Mood::Willing);
    let Some(mut terminal) = Terminal::open(&fake) else { return };
    terminal.press(b"K");
    terminal.until("the kill", |_| fake.last_asked().contains("SetKillSwitchRequest"));
    terminal.press(b"q");
    terminal.gives_back("0");
}
