//! What the keys do. Nothing here waits: a key gives a step, and the loop takes it.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Act, Board};

/// What has to be typed before everything is closed.
pub(crate) const FLATTEN_WORD: &str = "FLATTEN";

/// What lies over the panes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Popup {
    /// What the keys do.
    Help,
    /// Asks before the positions in this symbol are closed.
    Close(String),
    /// Asks for a word before everything is closed; so much is typed.
    Flatten(String),
}

/// What the loop does after a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Step {
    /// Draws again.
    Stay,
    /// Gives a command.
    Do(Act),
    /// Leaves.
    Quit,
}

/// A line about the newest command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_failure: bool,
}

/// The board, and the person in front of it.
#[derive(Debug)]
pub(crate) struct Console {
    pub(crate) board: Board,
    pub(crate) popup: Option<Popup>,
    /// The symbol and strategy of the marked position. Absent while none is marked.
    pub(crate) selected: Option<(String, String)>,
    pub(crate) notice: Option<Notice>,
    /// Commands without an answer yet.
    pub(crate) running: usize,
}

impl Console {
    /// Makes a console over an empty board.
    pub(crate) fn new() -> Self {
        Self { board: Board::new(), popup: None, selected: None, notice: None, running: 0 }
    }

    /// Takes a key. Kill works whatever lies over the panes.
    pub(crate) fn on_key(&mut self, key: KeyEvent) -> Step {
        if key.kind == KeyEventKind::Release {
            return Step::Stay;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if key.code == KeyCode::Char('c') { Step::Quit } else { Step::Stay };
        }
        if key.code == KeyCode::Char('K') {
            return self.act(Act::Kill);
        }
        match self.popup.take() {
            None => self.on_plain_key(key.code),
            Some(Popup::Help) => Step::Stay,
            Some(Popup::Close(symbol)) => self.answer_close(symbol, key.code),
            Some(Popup::Flatten(typed)) => self.answer_flatten(typed, key.code),
        }
    }

    /// Takes the answer to a command.
    pub(crate) fn on_done(&mut self, result: Result<String, String>) {
        self.running = self.running.saturating_sub(1);
        let is_failure = result.is_err();
        self.notice = Some(Notice { text: result.unwrap_or_else(|text| text), is_failure });
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most keys do nothing here")]
    fn on_plain_key(&mut self, code: KeyCode) -> Step {
        match code {
            KeyCode::Char('q') => return Step::Quit,
            KeyCode::Char('P') => return self.act(Act::Pause),
            KeyCode::Char('F') => self.popup = Some(Popup::Flatten(String::new())),
            KeyCode::Char('C') => self.ask_close(),
            KeyCode::Char('?') => self.popup = Some(Popup::Help),
            KeyCode::Up => self.select(false),
            KeyCode::Down => self.select(true),
            KeyCode::Esc => (self.selected, self.notice) = (None, None),
            _ => {}
        }
        Step::Stay
    }

    fn act(&mut self, act: Act) -> Step {
        self.popup = None;
        self.running += 1;
        self.notice = Some(Notice { text: format!("{} ...", act.name()), is_failure: false });
        Step::Do(act)
    }

    fn ask_close(&mut self) {
        let selected = self.selected.as_ref().filter(|key| self.board.positions.contains_key(*key));
        match selected {
            Some((symbol, _)) => self.popup = Some(Popup::Close(symbol.clone())),
            None => {
                let text = "mark a position by the arrow keys first".to_owned();
                self.notice = Some(Notice { text, is_failure: true });
            }
        }
    }

    fn answer_close(&mut self, symbol: String, code: KeyCode) -> Step {
        let is_yes = matches!(code, KeyCode::Char('y' | 'Y'));
        if is_yes { self.act(Act::Close(symbol)) } else { self.nothing_done() }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most keys do nothing here")]
    fn answer_flatten(&mut self, mut typed: String, code: KeyCode) -> Step {
        match code {
            KeyCode::Esc => return self.nothing_done(),
            KeyCode::Enter if typed == FLATTEN_WORD => return self.act(Act::Flatten),
            KeyCode::Enter => return self.nothing_done(),
            KeyCode::Backspace => drop(typed.pop()),
            KeyCode::Char(letter) if typed.len() < FLATTEN_WORD.len() => typed.push(letter.to_ascii_uppercase()),
            _ => {}
        }
        self.popup = Some(Popup::Flatten(typed));
        Step::Stay
    }

    fn nothing_done(&mut self) -> Step {
        self.notice = Some(Notice { text: "not confirmed: nothing was done".to_owned(), is_failure: false });
        Step::Stay
    }

    /// Marks the next position, or the one before; beyond the ends it stays.
    fn select(&mut self, is_down: bool) {
        let keys: Vec<_> = self.board.positions.keys().collect();
        let now = self.selected.as_ref().and_then(|key| keys.iter().position(|known| *known == key));
        let next = match (now, is_down) {
            (None, _) => 0,
            (Some(now), true) => (now + 1).min(keys.len().saturating_sub(1)),
            (Some(now), false) => now.saturating_sub(1),
        };
        self.selected = keys.get(next).map(|key| (*key).clone());
    }
}
