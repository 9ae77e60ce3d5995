//! The address of a database.

use core::fmt;
use std::path::{Path, PathBuf};

use super::error::StoreError;

/// Holds the address of a database. Its text form shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Target);

/// Says which database an address names.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::store) enum Target {
    /// A file.
    Sqlite(PathBuf),
    /// A server, by its address as it was given.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite:///absolute/path`, `sqlite://relative/path`, `sqlite:path`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// When the scheme is another one, or the path is empty or not that of a file.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let refuse = |problem| StoreError::Url { url: without_password(url), problem };
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(refuse("it has no scheme"));
        };
        match scheme {
            "sqlite" => sqlite_path(rest).map(|path| Self(Target::Sqlite(path))).map_err(refuse),
            "postgres" | "postgresql" if rest.starts_with("//") => Ok(Self(Target::Postgres(url.to_owned()))),
            "postgres" | "postgresql" => Err(refuse("the scheme must be followed by `//`")),
            _ => Err(refuse("the scheme is not known")),
        }
    }

    /// Makes the address of a SQLite file.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Target::Sqlite(path.into()))
    }

    /// Returns the SQLite file, or `None` for a server.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Target::Sqlite(path) => Some(path),
            Target::Postgres(_) => None,
        }
    }

    /// Tells whether the address holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        match &self.0 {
            Target::Postgres(url) => !passwords(url).is_empty(),
            Target::Sqlite(_) => false,
        }
    }

    pub(in crate::store) const fn target(&self) -> &Target {
        &self.0
    }

    /// Returns the address of another database of the same server.
    pub(in crate::store) fn with_database(&self, name: &str) -> Self {
        let Target::Postgres(url) = &self.0 else { return self.clone() };
        let (address, parameters) = url.split_once('?').map_or((url.as_str(), None), |(url, rest)| (url, Some(rest)));
        let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
        let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
        let parameters = parameters.map(|rest| format!("?{rest}")).unwrap_or_default();
        Self(Target::Postgres(format!("{scheme}://{authority}/{name}{parameters}")))
    }

    /// Returns the address without its password, and the password, for programs whose arguments everybody can see.
    pub(in crate::store) fn for_programs(&self) -> (String, Option<String>) {
        let Target::Postgres(url) = &self.0 else { return (self.to_string(), None) };
        let password = passwords(url).first().map(|word| percent_decoded(word));
        let address = passwords(url).into_iter().fold(url.clone(), |text, word| {
            text.replacen(&format!(":{word}@"), "@", 1).replace(&format!("password={word}"), "")
        });
        (address, password)
    }

    /// Removes the password from a text that may quote the address.
    pub(in crate::store) fn scrub(&self, text: &str) -> String {
        let clean = match &self.0 {
            Target::Postgres(url) => {
                passwords(url).into_iter().fold(text.to_owned(), |text, word| text.replace(word, "***"))
            }
            Target::Sqlite(_) => text.to_owned(),
        };
        clean.trim().replace('\n', "; ")
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => path.display().fmt(f),
            Target::Postgres(url) => f.pad(&without_password(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn sqlite_path(rest: &str) -> Result<PathBuf, &'static str> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    match path {
        "" => Err("it names no file"),
        ":memory:" => Err("a database in memory would not survive a restart"),
        path if path.ends_with('/') => Err("it names a folder"),
        path => Ok(PathBuf::from(path)),
    }
}

/// What libpq is told where the address does not: an unreachable server is an error within seconds, and not a wait.
const TIMEOUTS: [(&str, u32); 5] = [
    ("connect_timeout", 5),
    ("tcp_user_timeout", 10_000),
    ("keepalives_idle", 5),
    ("keepalives_interval", 2),
    ("keepalives_count", 3),
];

/// Adds the timeouts that an address does not have.
pub(in crate::store) fn with_timeouts(address: &str) -> String {
    let mut address = address.to_owned();
    for (name, value) in TIMEOUTS {
        if !address.contains(&format!("{name}=")) {
            let separator = if address.contains('?') { '&' } else { '?' };
            address.push_str(&format!("{separator}{name}={value}"));
        }
    }
    address
}

/// Reads `%2F` and the like.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|pair| core::str::from_utf8(pair).ok());
        let decoded = digits.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Lists the passwords in an address: between `:` and `@`, and in the parameters.
fn passwords(url: &str) -> Vec<&str> {
    let Some((_, rest)) = url.split_once("://") else { return Vec::new() };
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = address.rsplit_once('@').map(|(user, _)| user);
    let user_password = authority.and_then(|user| user.split_once(':')).map(|(_, password)| password);
    let parameter = |pair: &'static str| move |text: &str| text.starts_with(pair);
    let in_parameters = parameters
        .split('&')
        .filter(|text| parameter("password=")(text) || parameter("sslpassword=")(text))
        .filter_map(|text| text.split_once('=').map(|(_, password)| password));
    user_password.into_iter().chain(in_parameters).filter(|password| !password.is_empty()).collect()
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let secrets = passwords(url);
    let rest = secrets.into_iter().fold(rest.to_owned(), |text, word| {
        text.replace(&format!(":{word}@"), ":***@").replace(&format!("password={word}"), "password=***")
    });
    format!("{scheme}://{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files_and_servers() {
        let path = |url: &str| DatabaseUrl::parse(url).expect(url).path().map(Path::to_owned);
        assert_eq!(path("sqlite:///var/lib/orb/orb.db"), Some("/var/lib/orb/orb.db".into()));
        assert_eq!(path("sqlite:orb.db"), Some("orb.db".into()));
        assert_eq!(path("sqlite://data/orb.db"), Some("data/orb.db".into()));
        assert_eq!(path("postgres://orb@localhost/orb"), None);
        for wrong in ["orb.db", "mysql://x", "sqlite:", "sqlite::memory:", "sqlite:///tmp/", "postgres:orb"] {
            let error = DatabaseUrl::parse(wrong).expect_err(wrong);
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }

    #[test]
    fn timeouts_are_added_where_none_are_given() {
        let added = with_timeouts("postgres://orb@localhost/orb?connect_timeout=1");
        assert!(added.starts_with("postgres://orb@localhost/orb?connect_timeout=1&tcp_user_timeout="), "{added}");
        assert_eq!(added.matches("connect_timeout").count(), 1);
        assert!(with_timeouts("postgres://orb@localhost/orb").contains("/orb?connect_timeout=5&"));
    }

    #[test]
    fn programs_get_the_password_apart() {
        let url = DatabaseUrl::parse("postgres://orb:s%2Fc@db.example/orb?sslmode=require").expect("a url");
        let (address, password) = url.for_programs();
        assert_eq!(address, "postgres://orb@db.example/orb?sslmode=require");
        assert_eq!(password.as_deref(), Some("s/c"));
        let other = url.with_database("scratch").for_programs().0;
        assert_eq!(other, "postgres://orb@db.example/scratch?sslmode=require");
        let socket = DatabaseUrl::parse("postgres://orb@/orb1?host=/run/pg").expect("a url");
        assert_eq!(socket.with_database("two").to_string(), "postgres://orb@/two?host=/run/pg");
        assert_eq!(socket.for_programs(), ("postgres://orb@/orb1?host=/run/pg".to_owned(), None));
    }

    #[test]
    fn shows_no_password() {
        let url =
            DatabaseUrl::parse("postgres://orb:s3cret@db.example/orb?sslmode=require&password=hidden").expect("a url");
        assert_eq!(url.to_string(), "postgres://orb:***@db.example/orb?sslmode=require&password=***");
        assert_eq!(format!("{url:?}"), url.to_string());
        assert!(url.has_password());
        assert!(!DatabaseUrl::parse("postgres://orb@db.example/orb").expect("a url").has_password());
        assert_eq!(url.scrub("no such user: s3cret hidden\n"), "no such user: *** ***");
        let error = DatabaseUrl::parse("mysql://orb:s3cret@host/orb").expect_err("an unknown scheme");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
