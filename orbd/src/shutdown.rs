//! Ctrl-C, SIGTERM and the end of the terminal, caught from the first moment on.

use std::io::{self, IsTerminal as _};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Catches the signals by which a person, a service manager or a terminal that is closed ends the daemon.
///
/// From its making on none of them kills the process: one that comes while the daemon starts is remembered, and
/// ends it in good order afterwards.
#[derive(Debug)]
pub struct Shutdown {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    ending: HangupEnds,
}

/// Says when SIGHUP ends the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HangupEnds {
    Always,
    /// It was started at a terminal, and that has gone; otherwise it means something else.
    WithTerminal,
    Never,
}

impl HangupEnds {
    fn is_end(self) -> bool {
        match self {
            Self::Always => true,
            Self::WithTerminal => !io::stdin().is_terminal(),
            Self::Never => false,
        }
    }
}

/// Catches SIGHUP, by which a service manager or a person has the configuration read again.
#[derive(Debug)]
pub struct Hangup(Signal);

impl Hangup {
    /// Completes when the signal has come since the last time, however often.
    pub async fn wait(&mut self) {
        // It never ends: that would be the end of the runtime.
        let _ = self.0.recv().await;
    }
}

impl Shutdown {
    /// Begins to catch the signals; to be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses to deliver signals.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            ending: HangupEnds::Always,
        })
    }

    /// Catches the signals where SIGHUP ends the daemon only if the terminal at which it was started has been closed: a
    /// person who closes it means the end, and could not see what goes on.
    ///
    /// # Errors
    /// When the system refuses to deliver signals.
    pub fn catch_beside_hangup() -> io::Result<(Self, Hangup)> {
        let ending = if io::stdin().is_terminal() { HangupEnds::WithTerminal } else { HangupEnds::Never };
        Ok((Self { ending, ..Self::catch()? }, Hangup(signal(SignalKind::hangup())?)))
    }

    /// Completes when any of the signals has come since the last time.
    pub async fn wait(&mut self) {
        let (hangup, ending) = (&mut self.hangup, self.ending);
        let hung_up = async { while hangup.recv().await.is_some() && !ending.is_end() {} };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hung_up => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, id};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_hangup_that_asks_for_a_reload_stops_nothing_and_is_remembered() {
        let (mut shutdown, mut hangup) = Shutdown::catch_beside_hangup().expect("signals can be caught");
        let sent = Command::new("kill").args(["-HUP", &id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        tokio::time::timeout(Duration::from_secs(10), hangup.wait()).await.expect("the signal is remembered");
        assert!(tokio::time::timeout(Duration::from_millis(50), shutdown.wait()).await.is_err(), "it is no stop");
    }

    #[tokio::test]
    async fn a_signal_that_came_before_anybody_waited_is_not_lost() {
        let mut shutdown = Shutdown::catch().expect("signals can be caught");
        for name in ["-TERM", "-INT", "-HUP"] {
            let sent = Command::new("kill").args([name, &id().to_string()]).status();
            assert!(sent.expect("kill runs").success());
            tokio::time::timeout(Duration::from_secs(10), shutdown.wait()).await.expect("the signal is remembered");
        }
    }
}
