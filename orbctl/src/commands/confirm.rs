//! Asking before what is dangerous.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::failure::{Failure, note};

/// Whether the user need not be asked.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Confirm {
    /// Does not ask
    #[arg(long, short)]
    yes: bool,
}

impl Confirm {
    /// Tells whether `--yes` answers for the user.
    pub(crate) fn is_given(self) -> bool {
        self.yes
    }

    /// Fails where neither `--yes` nor a terminal can answer, before anything is done.
    pub(crate) fn check_possible(self, what: &str) -> Result<(), Failure> {
        if self.yes || io::stdin().is_terminal() {
            return Ok(());
        }
        Err(Failure::usage(format!("{what} needs --yes where nobody can be asked")))
    }
}

/// Asks, and fails unless the answer is yes.
pub(crate) fn ask(question: &str) -> Result<(), Failure> {
    note(&format!("{question} [y/N]"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Failure::usage(format!("cannot read the answer: {error}; give --yes")))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::usage("not confirmed: nothing was done")),
    }
}
