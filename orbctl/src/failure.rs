//! How a command fails: one line for people, one exit code for scripts.

use std::{
    fmt::{self, Display},
    io::{self, Write as _},
    process::ExitCode,
};

use orb_api::Refusal;
use tonic::{Code, Status};

use crate::wire;

/// The exit codes, as `--help` shows them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the daemon refused, or the action is not complete
  2  wrong usage or configuration, or a confirmation is missing
  3  cannot connect, or no answer in time
  4  not authenticated or not permitted
  5  not found
  6  the daemon failed, or speaks another version of the API
  7  a local file or standard output cannot be written";

/// What a caller can do about a failure; the number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nobody reads standard output any more: not worth a word.
    ReaderGone = 0,
    /// The daemon refused, or the action is not complete.
    Refused = 1,
    /// Wrong usage or configuration, or a confirmation is missing.
    Usage = 2,
    /// No connection, or no answer in time.
    Unavailable = 3,
    /// Not authenticated or not permitted.
    Unauthorised = 4,
    /// There is no such thing.
    NotFound = 5,
    /// The daemon failed or does not know the call.
    Daemon = 6,
    /// A local file cannot be written.
    Local = 7,
}

/// Why a command ended without success.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Reads the daemon's refusal of `what`, an action such as "closing NVDA".
    pub(crate) fn from_status(what: &str, status: &Status) -> Self {
        let (kind, remedy) = assess(status.code());
        let message = wire::first_words(status);
        let refusal = Refusal::of(status);
        // What the daemon advises goes before what orbctl can guess from the code.
        let remedy = match refusal.remedy {
            Some(said) if message.contains(&said) => String::new(),
            Some(said) => format!("; {said}"),
            None => remedy.to_owned(),
        };
        let faults = refusal.fields.iter().filter(|fault| !message.contains(&fault.description));
        let faults: String = faults.map(|fault| format!("; {}: {}", fault.field, fault.description)).collect();
        let line = format!("{what} failed: {message}{faults}{remedy}");
        Self::new(kind, line.replace(char::is_control, " "))
    }

    /// Adds what else the reader must know.
    pub(crate) fn with_hint(mut self, hint: impl Display) -> Self {
        self.message = format!("{}; {hint}", self.message);
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Says it on standard error and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if self.kind != Kind::ReaderGone {
            note(&format!("orbctl: {}", self.message));
        }
        ExitCode::from(self.kind as u8)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A failed write to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let kind = if error.kind() == io::ErrorKind::BrokenPipe { Kind::ReaderGone } else { Kind::Local };
        Self::new(kind, format!("cannot write to standard output: {error}"))
    }
}

/// Says something to people, on standard error; that nobody hears it is no failure.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn assess(code: Code) -> (Kind, &'static str) {
    match code {
        Code::Unauthenticated => {
            (Kind::Unauthorised, "; give the daemon's token by --token-file, ORB_TOKEN or a context's token_file")
        }
        Code::PermissionDenied => (Kind::Unauthorised, "; use a token whose role permits it"),
        Code::NotFound => (Kind::NotFound, ""),
        Code::InvalidArgument | Code::OutOfRange => (Kind::Usage, ""),
        // tonic reports a timeout of its own as CANCELLED.
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
            (Kind::Unavailable, "; check that orbd is running and reachable")
        }
        Code::Unimplemented => {
            (Kind::Daemon, "; the daemon does not offer this: compare the versions of orbd and orbctl")
        }
        Code::Unknown | Code::Internal | Code::DataLoss => (Kind::Daemon, "; see `orbctl logs --severity error`"),
        Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted | Code::ResourceExhausted | Code::Ok => {
            (Kind::Refused, "")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: Code, exit: u8) {
        assert_eq!(Failure::from_status("it", &Status::new(code, "")).kind() as u8, exit);
    }

    #[test]
    fn each_status_has_its_exit_code() {
        check(Code::FailedPrecondition, 1);
        check(Code::InvalidArgument, 2);
        check(Code::Unavailable, 3);
        check(Code::Cancelled, 3);
        check(Code::Unauthenticated, 4);
        check(Code::PermissionDenied, 4);
        check(Code::NotFound, 5);
        check(Code::Unimplemented, 6);
        check(Code::Internal, 6);
    }

    #[test]
    fn a_message_is_one_line_with_what_and_remedy() {
        let failure = Failure::from_status("closing NVDA", &Status::not_found("no open position in NVDA."));
        assert_eq!(failure.message, "closing NVDA failed: no open position in NVDA");
        let failure = Failure::from_status("it", &Status::aborted("")).with_hint("again");
        assert!(failure.message.ends_with("; again"), "{}", failure.message);
    }

    #[test]
    fn a_broken_pipe_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.kind() as u8, 0);
    }
}
