//! How far long work is, on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far a piece of work is; nothing where standard error is no terminal, or when silence is asked for.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Shows nothing.
    #[must_use]
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Begins work of a known number of steps.
    #[must_use]
    pub fn steps(what: &'static str, steps: usize, quiet: bool) -> Self {
        let bar = Self::begin(what, ProgressBar::new(steps as u64), quiet);
        Self(bar.with_style(style("{msg:12} {wide_bar:.blue} {pos}/{len}  {eta} left")))
    }

    /// Begins work whose length is unknown.
    #[must_use]
    pub fn open_ended(what: &'static str, quiet: bool) -> Self {
        let bar = Self::begin(what, ProgressBar::new_spinner(), quiet)
            .with_style(style("{msg:12} {spinner} {pos} sessions  {elapsed}"));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    fn begin(what: &'static str, bar: ProgressBar, quiet: bool) -> ProgressBar {
        // Made for standard error, which a bar leaves alone by itself when it is no terminal.
        if quiet { ProgressBar::hidden() } else { bar.with_message(what) }
    }

    /// Counts one step; threads may share the count. Draws at most some twenty times a second.
    pub fn step(&self) {
        self.0.inc(1);
    }

    /// Returns the steps so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.0.position()
    }

    /// Ends the work and leaves the terminal as it was.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid")
}
