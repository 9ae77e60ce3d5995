//! The terminal while the screen has it, and its return to the shell.

use std::io;

use ratatui::DefaultTerminal;

use crate::failure::{Failure, Kind};

/// A terminal that shows the screen; it is given back whole when this is dropped, and before
/// a panic says what is wrong.
pub(crate) struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    /// Takes the terminal.
    pub(crate) fn open() -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::new(Kind::Local, format!("cannot use this terminal: {error}"));
        let terminal = ratatui::try_init().map_err(|error| {
            ratatui::restore();
            failed(error)
        })?;
        Ok(Self { terminal })
    }

    /// Draws what has changed.
    pub(crate) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> Result<(), Failure> {
        self.terminal.draw(draw)?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
