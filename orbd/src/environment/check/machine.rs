//! Whether this machine is ready: state directory, records, the API's address, credentials, calendar.

use std::fs::{self, OpenOptions};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use chrono_tz::America::New_York;
use chrono_tz::Tz;
use orb_core::Timestamp;
use orb_core::calendar::Session;
use orb_data::calendar::LAST_YEAR;
use orb_exec::alpaca::{Credentials, Environment};
use secrecy::ExposeSecret as _;

use super::finding::Finding;
use super::records;
use crate::environment::state::in_use;
use crate::environment::{EnvironmentConfig, environment_name};
use crate::runtime::HaltFile;

const FOLDER: &str = "state directory";
/// Before the known sessions end there should be time to install a version that knows more.
const CALENDAR_DAYS_MIN: i64 = 30;

/// Looks at everything on this machine that trading in an environment needs.
#[must_use]
pub fn machine(config: &EnvironmentConfig, now: Timestamp) -> Vec<Finding> {
    let own = [Some(folder(&config.data_dir)), token(&config.data_dir), halt(&config.data_dir)];
    let rest = [records::database(config), address(config), keys(config), calendar(now)];
    let is_live = config.environment == Environment::Live;
    let paper = if is_live { super::readiness::paper_sessions(config) } else { Vec::new() };
    own.into_iter()
        .flatten()
        .chain(rest)
        .chain(certificates(config))
        .chain(super::notify::channels(config))
        .chain(super::observed::outlets(config))
        .chain(paper)
        .collect()
}

fn folder(path: &Path) -> Finding {
    let shown = path.display();
    if !path.exists() {
        return new_folder(path);
    }
    if let Err(error) = probe(path) {
        let detail = format!("cannot write to {shown}: {error}");
        return Finding::fail(FOLDER, detail, "give orbd's user the folder, or name another data_dir");
    }
    if let Ok(Some(holder)) = in_use(path) {
        let detail = format!("{shown} is in use by {holder}");
        return Finding::fail(FOLDER, detail, "stop it before another orbd is started here, or name another data_dir");
    }
    let mode = fs::metadata(path).map_or(0, |data| data.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        let detail = format!("{shown} can be entered by other users of this machine (mode {mode:03o})");
        return Finding::warn(FOLDER, detail, format!("run `chmod 700 {shown}`"));
    }
    Finding::pass(FOLDER, format!("{shown} may be written and is free"))
}

/// A folder that is not there is made at the start, if the nearest one above may be written.
fn new_folder(path: &Path) -> Finding {
    let above = path.ancestors().find(|above| above.exists()).unwrap_or_else(|| Path::new("/"));
    match probe(above) {
        Ok(()) => Finding::pass(FOLDER, format!("{} will be made at the start", path.display())),
        Err(error) => {
            let detail = format!("cannot make {}: {}: {error}", path.display(), above.display());
            Finding::fail(FOLDER, detail, "make it for orbd's user, or name another data_dir")
        }
    }
}

/// The daemon refuses a token that others may read.
fn token(folder: &Path) -> Option<Finding> {
    let path = folder.join("token");
    let mode = fs::metadata(&path).ok()?.permissions().mode() & 0o777;
    let detail = || format!("{} can be read by others (mode {mode:03o})", path.display());
    (mode & 0o077 != 0).then(|| Finding::fail("token", detail(), format!("run `chmod 600 {}`", path.display())))
}

fn halt(folder: &Path) -> Option<Finding> {
    let file = HaltFile::of(folder);
    let detail = || format!("on ({}): orb starts, and enters no position", file.path().display());
    let remedy = "release it with `orbctl kill --release --reason \"...\"` when trading may go on";
    file.exists().then(|| Finding::warn("kill switch", detail(), remedy))
}

fn address(config: &EnvironmentConfig) -> Finding {
    let (item, address) = ("API address", config.listen);
    match TcpListener::bind(address) {
        Ok(_) => Finding::pass(item, format!("{address} is free")),
        Err(error) => {
            let detail = format!("cannot listen on {address}: {error}");
            Finding::fail(item, detail, "stop what listens there, perhaps another orbd, or set another listen address")
        }
    }
}

/// The daemon serves other machines with certificates that go together, or not at all.
fn certificates(config: &EnvironmentConfig) -> Option<Finding> {
    let (item, files) = ("certificates", config.tls.as_ref()?);
    Some(match files.check() {
        Ok(()) => Finding::pass(item, format!("{} and its key go together", files.certificate.display())),
        Err(error) => Finding::of_error(item, &error),
    })
}

fn keys(config: &EnvironmentConfig) -> Finding {
    match config.credentials() {
        Ok(found) => whose(config.environment, &found),
        Err(error) => Finding::of_error("credentials", &error),
    }
}

/// Alpaca's keys begin with PK for paper and AK for live.
fn whose(environment: Environment, found: &Credentials) -> Finding {
    let (item, name) = ("credentials", environment_name(environment));
    let begins = |prefix: &str| found.key_id.expose_secret().starts_with(prefix);
    let other = match environment {
        Environment::Sim => None,
        Environment::Paper => begins("AK").then_some("live"),
        Environment::Live => begins("PK").then_some("paper"),
    };
    match other {
        Some(other) => {
            let detail = format!("the key for {name} begins as keys for {other} do");
            Finding::warn(item, detail, "check that the right key was given")
        }
        None => Finding::pass(item, format!("there are some for {name}; they are not shown")),
    }
}

fn calendar(now: Timestamp) -> Finding {
    let item = "calendar";
    let year = now.to_datetime().map_or(LAST_YEAR, |time| time.year()).min(LAST_YEAR);
    let calendar = orb_data::nyse_calendar(year, year + 1);
    let sessions = calendar.sessions();
    let remedy = "install a newer version of orb, and check this machine's clock";
    let Some(next) = sessions.iter().find(|session| now < session.close) else {
        return Finding::fail(item, format!("no session is known after {now}"), remedy);
    };
    let last = sessions.last().unwrap_or(next);
    if last.date - next.date < TimeDelta::days(CALENDAR_DAYS_MIN) {
        return Finding::warn(item, format!("the known sessions end with {}", last.date), remedy);
    }
    Finding::pass(item, hours(next))
}

fn hours(session: &Session) -> String {
    let local = |at: Timestamp| at.to_datetime().map(|time: DateTime<Utc>| time.with_timezone(&New_York));
    let shown = |time: Option<DateTime<Tz>>| time.map_or_else(String::new, |time| time.format("%H:%M").to_string());
    let (open, close) = (shown(local(session.open)), shown(local(session.close)));
    format!("the next session to close is that of {}, {open} to {close} in New York", session.date)
}

/// Makes a file in a folder and takes it away again.
pub(super) fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".orbd-check-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)
}

/// Tells whether two paths name the same folder.
pub(super) fn is_same(folder: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(folder) == real(other)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[track_caller]
    fn check(finding: &Finding, verdict: Verdict, says: &str) {
        assert_eq!(finding.verdict, verdict, "{finding:?}");
        assert!(finding.detail.contains(says), "{finding:?}");
    }

    fn at(time: &str) -> Finding {
        calendar(Timestamp::parse_rfc3339(time).expect("a time"))
    }

    #[test]
    fn the_next_session_is_told_while_there_is_one() {
        let half = "the next session to close is that of 2026-11-27, 09:30 to 13:00 in New York";
        check(&at("2026-11-26T22:00:00Z"), Verdict::Pass, half);
        check(&at("2026-11-27T17:59:59Z"), Verdict::Pass, half);
        check(&at("2026-11-27T18:00:00Z"), Verdict::Pass, "2026-11-30, 09:30 to 16:00");
        check(&at("2026-12-31T22:00:00Z"), Verdict::Pass, "2027-01-04");
        check(&at("2100-12-15T12:00:00Z"), Verdict::Warn, "end with 2100-12-31");
        check(&at("2101-01-01T12:00:00Z"), Verdict::Fail, "no session is known");
        check(&calendar(Timestamp::MAX), Verdict::Fail, "no session is known");
    }

    #[test]
    fn keys_of_the_other_account_are_noticed() {
        let of = |environment, key: &str| whose(environment, &Credentials { key_id: key.into(), secret: "x".into() });
        check(&of(Environment::Paper, "PKHUNTER"), Verdict::Pass, "for paper");
        check(&of(Environment::Paper, "AKHUNTER"), Verdict::Warn, "as keys for live do");
        check(&of(Environment::Live, "PKHUNTER"), Verdict::Warn, "as keys for paper do");
        check(&of(Environment::Live, "AKHUNTER"), Verdict::Pass, "for live");
        assert!(!format!("{:?}", of(Environment::Live, "PKHUNTER")).contains("HUNTER"));
    }

    #[test]
    fn a_state_directory_is_written_to_and_left_as_it_was() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let path = place.path().join("orb/paper");
        check(&folder(&path), Verdict::Pass, "will be made at the start");
        fs::create_dir_all(&path).expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("opened");
        check(&folder(&path), Verdict::Warn, "mode 755");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("restricted");
        check(&folder(&path), Verdict::Pass, "may be written and is free");
        assert_eq!(fs::read_dir(&path).expect("a list").count(), 0);
        let lock = crate::environment::StateLock::take(&path).expect("free");
        check(&folder(&path), Verdict::Fail, &format!("in use by process {}", std::process::id()));
        drop(lock);
        let file = place.path().join("file");
        fs::write(&file, "").expect("written");
        check(&folder(&file), Verdict::Fail, "cannot write to");
        check(&folder(&file.join("below")), Verdict::Fail, "cannot make");
    }

    #[test]
    fn a_token_for_all_and_a_kill_switch_are_told() {
        let place = tempfile::tempdir().expect("a temporary folder");
        assert!(token(place.path()).is_none() && halt(place.path()).is_none());
        fs::write(place.path().join("token"), "x").expect("written");
        fs::set_permissions(place.path().join("token"), fs::Permissions::from_mode(0o644)).expect("opened");
        check(&token(place.path()).expect("a finding"), Verdict::Fail, "mode 644");
        HaltFile::of(place.path()).write("dana", "news").expect("written");
        check(&halt(place.path()).expect("a finding"), Verdict::Warn, "enters no position");
    }
}
