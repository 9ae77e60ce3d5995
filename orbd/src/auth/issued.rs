//! The tokens that `orbd token` gave out: names, roles, ends and hashes in a file of the state directory.
//!
//! The file is replaced as a whole, so a reader sees it before or after a change. It never holds a token.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use orb_api::Token;
use orb_core::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Role,
    secret::{TokenHash, new_secret},
};

/// The file's name in the state directory.
const FILE: &str = "tokens.json";
/// Held by whoever changes the file.
const LOCK: &str = "tokens.changing";
/// The file's version.
const VERSION: u32 = 1;
/// More than so many bytes are no list of tokens.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Tokens that may be in force at a time.
const IN_FORCE_MAX: usize = 256;
/// Tokens that are over and still remembered, so that their holders are told why they are refused; the oldest go first.
const OVER_MAX: usize = 256;
/// Letters of a name.
const NAME_LENGTH_MAX: usize = 32;
/// Names that the records use for orb itself and for the daemon's own token.
const RESERVED: [&str; 7] = ["orb", "orbd", "system", "demo", "sim", "paper", "live"];

/// A token that was given out. The token itself is nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedToken {
    /// Whose it is: the actor of what is done with it.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself; `None` when it does not.
    pub expires: Option<Timestamp>,
    /// When it was taken back; `None` when it was not.
    pub revoked: Option<Timestamp>,
    pub(super) hash: TokenHash,
}

/// Says whether a token is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It lets its holder in.
    InForce,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl IssuedToken {
    /// Tells whether the token is in force at a time.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TokenState {
        match (self.revoked, self.expires) {
            (Some(_), _) => TokenState::Revoked,
            (None, Some(end)) if end <= now => TokenState::Expired,
            (None, Some(_) | None) => TokenState::InForce,
        }
    }
}

/// Says what token to make.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose it is: 1 to 32 of `a-z`, `0-9`, `.`, `_`, `@` and `-`, and no other token in force has it.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// When it ends by itself; `None` when it does not.
    pub expires: Option<Timestamp>,
}

/// Explains why a token cannot be made or taken back, or the file not be read.
#[derive(Debug, Error)]
pub enum TokensError {
    /// The file cannot be made, read or written.
    #[error("cannot use the file of tokens {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than the owner may read or change it.
    #[error("the file of tokens {} is open to others (mode {mode:03o}): run `chmod 600` on it", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not what `orbd token` writes.
    #[error("the file of tokens {} is damaged ({what}): delete it, which ends every token in it, and make them anew", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The name is not one that the records may carry.
    #[error("{0:?} is no name for a token: give 1 to 32 of a-z, 0-9, `.`, `_`, `@` and `-`, as in --name ann")]
    Name(String),
    /// The name stands for orb itself.
    #[error("the name {0:?} is orb's own in the records: give another")]
    Reserved(String),
    /// A token in force has the name.
    #[error("there is a token named {0:?} already: revoke it first, or give another name")]
    Taken(String),
    /// The token would end before it begins.
    #[error("the end {0} is not in the future")]
    PastEnd(Timestamp),
    /// No token in force has the name.
    #[error("no token named {name:?} is in force{}", known(in_force))]
    NotFound {
        /// The name that was given.
        name: String,
        /// The names that there are.
        in_force: Vec<String>,
    },
    /// There are as many as there may be.
    #[error("there are {IN_FORCE_MAX} tokens in force, which is the most there may be: revoke some")]
    TooMany,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a token: {0}")]
    Random(getrandom::Error),
}

fn known(names: &[String]) -> String {
    if names.is_empty() { "; there is none".to_owned() } else { format!("; there are {}", names.join(", ")) }
}

/// The file of tokens of one state directory.
#[derive(Clone, Debug)]
pub struct IssuedTokens {
    folder: PathBuf,
}

impl IssuedTokens {
    /// Stands for the file in a state directory; it need not be there.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Returns where the file is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Reads every token, those that are over too, the oldest first; none where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, is open to others or damaged.
    pub fn read(&self) -> Result<Vec<IssuedToken>, TokensError> {
        let path = self.path();
        let failed = |source| TokensError::Io { path: path.clone(), source };
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            opened => opened.map_err(failed)?,
        };
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(TokensError::Exposed { path, mode });
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        parse(&text).map_err(|what| TokensError::Damaged { path, what })
    }

    /// Makes a token and returns it: the only time that it can be seen.
    ///
    /// # Errors
    /// When the name or the end does not fit, or the file cannot be read or written.
    pub fn create(&self, new: NewToken, now: Timestamp) -> Result<Token, TokensError> {
        check_name(&new.name)?;
        if let Some(end) = new.expires.filter(|end| *end <= now) {
            return Err(TokensError::PastEnd(end));
        }
        let secret = new_secret().map_err(TokensError::Random)?;
        self.change(|tokens| {
            let in_force = tokens.iter().filter(|token| token.state(now) == TokenState::InForce);
            if in_force.clone().any(|token| token.name == new.name) {
                return Err(TokensError::Taken(new.name.clone()));
            }
            if in_force.count() >= IN_FORCE_MAX {
                return Err(TokensError::TooMany);
            }
            let hash = TokenHash::of(&secret);
            let NewToken { name, role, expires } = new;
            tokens.push(IssuedToken { name, role, created: now, expires, revoked: None, hash });
            forget_the_oldest(tokens, now);
            Ok(())
        })?;
        Ok(Token::parse(&secret).expect("hexadecimal digits are a token"))
    }

    /// Takes a token back; daemons of this state directory end what was begun with it within seconds.
    ///
    /// # Errors
    /// When no token in force has the name, or the file cannot be read or written.
    pub fn revoke(&self, name: &str, now: Timestamp) -> Result<(), TokensError> {
        self.change(|tokens| {
            let is_in_force = |token: &IssuedToken| token.state(now) == TokenState::InForce;
            if let Some(token) = tokens.iter_mut().find(|token| token.name == name && is_in_force(token)) {
                token.revoked = Some(now);
                return Ok(());
            }
            let in_force = tokens.iter().filter(|token| is_in_force(token)).map(|token| token.name.clone()).collect();
            Err(TokensError::NotFound { name: name.to_owned(), in_force })
        })
    }

    /// Reads, changes and replaces the file, while nobody else does.
    fn change(&self, change: impl FnOnce(&mut Vec<IssuedToken>) -> Result<(), TokensError>) -> Result<(), TokensError> {
        let lock = self.folder.join(LOCK);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock);
        let held = opened.and_then(|file| file.lock().map(|()| file));
        let _held = held.map_err(|source| TokensError::Io { path: lock, source })?;
        let mut tokens = self.read()?;
        change(&mut tokens)?;
        self.replace(&tokens).map_err(|source| TokensError::Io { path: self.path(), source })
    }

    fn replace(&self, tokens: &[IssuedToken]) -> io::Result<()> {
        let rows = tokens.iter().map(Row::from).collect();
        let mut text = serde_json::to_string_pretty(&Rows { version: VERSION, tokens: rows })?;
        text.push('\n');
        let (path, fresh) = (self.path(), self.folder.join("tokens.json.new"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
        fs::rename(&fresh, &path)?;
        // The rename itself is to survive a power cut: a token that was revoked must not come back.
        File::open(&self.folder)?.sync_all()
    }
}

fn check_name(name: &str) -> Result<(), TokensError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@-".contains(&byte);
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.bytes().all(is_plain) {
        return Err(TokensError::Name(name.to_owned()));
    }
    if RESERVED.contains(&name) { Err(TokensError::Reserved(name.to_owned())) } else { Ok(()) }
}

fn forget_the_oldest(tokens: &mut Vec<IssuedToken>, now: Timestamp) {
    let is_over = |token: &IssuedToken| token.state(now) != TokenState::InForce;
    let mut surplus = tokens.iter().filter(|token| is_over(token)).count().saturating_sub(OVER_MAX);
    tokens.retain(|token| {
        let is_forgotten = surplus > 0 && is_over(token);
        surplus -= usize::from(is_forgotten);
        !is_forgotten
    });
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    version: u32,
    tokens: Vec<Row>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    role: String,
    created: String,
    expires: Option<String>,
    revoked: Option<String>,
    sha256: String,
}

impl From<&IssuedToken> for Row {
    fn from(token: &IssuedToken) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role.name().to_owned(),
            created: token.created.to_string(),
            expires: token.expires.map(|end| end.to_string()),
            revoked: token.revoked.map(|end| end.to_string()),
            sha256: token.hash.to_hex(),
        }
    }
}

fn parse(text: &str) -> Result<Vec<IssuedToken>, String> {
    let rows: Rows = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if rows.version != VERSION {
        return Err(format!("its version is {}, and this orbd knows {VERSION}", rows.version));
    }
    rows.tokens.into_iter().map(|row| row.token()).collect()
}

impl Row {
    fn token(self) -> Result<IssuedToken, String> {
        let wrong = |what: &str| format!("{what} of the token {:?}", self.name);
        let time = |text: &str, what| Timestamp::parse_rfc3339(text).ok_or_else(|| wrong(what));
        Ok(IssuedToken {
            role: Role::from_name(&self.role).ok_or_else(|| wrong("the role"))?,
            created: time(&self.created, "the creation")?,
            expires: self.expires.as_deref().map(|text| time(text, "the end")).transpose()?,
            revoked: self.revoked.as_deref().map(|text| time(text, "the revocation")).transpose()?,
            hash: TokenHash::from_hex(&self.sha256).ok_or_else(|| wrong("the hash"))?,
            name: self.name,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::auth) fn issued(name: &str, secret: &str) -> IssuedToken {
        let (created, hash) = (Timestamp::from_micros(0), TokenHash::of(secret));
        IssuedToken { name: name.to_owned(), role: Role::Viewer, created, expires: None, revoked: None, hash }
    }

    const NOW: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);
    const LATER: Timestamp = Timestamp::from_micros(1_770_000_060_000_000);

    fn new(name: &str, expires: Option<Timestamp>) -> NewToken {
        NewToken { name: name.to_owned(), role: Role::Operator, expires }
    }

    fn file() -> (tempfile::TempDir, IssuedTokens) {
        let folder = tempfile::tempdir().unwrap();
        let tokens = IssuedTokens::of(folder.path());
        (folder, tokens)
    }

    #[test]
    fn a_token_is_given_out_once_and_only_its_hash_is_kept() {
        let (_folder, tokens) = file();
        assert_eq!(tokens.read().unwrap(), []);
        let token = tokens.create(new("ann", Some(LATER)), NOW).unwrap();
        let text = fs::read_to_string(tokens.path()).unwrap();
        assert!(!text.contains(token.expose()), "{text}");
        assert_eq!(fs::metadata(tokens.path()).unwrap().permissions().mode() & 0o777, 0o600);
        let read = tokens.read().unwrap();
        assert_eq!((&*read[0].name, read[0].role, read[0].expires), ("ann", Role::Operator, Some(LATER)));
        assert!(read[0].hash == TokenHash::of(token.expose()));
        assert_eq!((read[0].state(NOW), read[0].state(LATER)), (TokenState::InForce, TokenState::Expired));
    }

    #[test]
    fn a_name_is_in_force_once_and_free_again_afterwards() {
        let (_folder, tokens) = file();
        let first = tokens.create(new("ann", None), NOW).unwrap();
        assert!(matches!(tokens.create(new("ann", None), NOW), Err(TokensError::Taken(_))));
        tokens.revoke("ann", NOW).unwrap();
        let error = tokens.revoke("ann", NOW).unwrap_err();
        assert!(matches!(&error, TokensError::NotFound { in_force, .. } if in_force.is_empty()), "{error}");
        let second = tokens.create(new("ann", None), LATER).unwrap();
        assert!(first != second);
        let states: Vec<_> = tokens.read().unwrap().iter().map(|token| token.state(LATER)).collect();
        assert_eq!(states, [TokenState::Revoked, TokenState::InForce]);
    }

    #[test]
    fn names_and_ends_that_do_not_fit_are_refused() {
        let (_folder, tokens) = file();
        for name in ["", "Ann", "a b", "é", "a\n", &"a".repeat(33)] {
            assert!(matches!(tokens.create(new(name, None), NOW), Err(TokensError::Name(_))), "{name:?}");
        }
        assert!(matches!(tokens.create(new("orb", None), NOW), Err(TokensError::Reserved(_))));
        assert!(matches!(tokens.create(new("ann", Some(NOW)), NOW), Err(TokensError::PastEnd(_))));
        assert!(!tokens.path().exists());
    }

    #[test]
    fn a_file_that_is_open_or_damaged_is_refused() {
        let (_folder, tokens) = file();
        tokens.create(new("ann", None), NOW).unwrap();
        let good = fs::read_to_string(tokens.path()).unwrap();
        for text in ["", "{}", "[]", &good[1..], &good.replace("operator", "root"), &good.replace(": 1,", ": 2,")] {
            fs::write(tokens.path(), text).unwrap();
            let error = tokens.read().unwrap_err();
            assert!(matches!(error, TokensError::Damaged { .. }), "{text}: {error}");
        }
        fs::write(tokens.path(), good).unwrap();
        fs::set_permissions(tokens.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(tokens.read(), Err(TokensError::Exposed { mode: 0o640, .. })));
    }

    #[test]
    fn what_is_over_is_remembered_within_bounds() {
        let mut tokens: Vec<_> = (0..OVER_MAX + 2)
            .map(|index| IssuedToken { revoked: Some(NOW), ..issued(&format!("t{index}"), "x") })
            .collect();
        tokens.insert(0, issued("ann", "a"));
        forget_the_oldest(&mut tokens, NOW);
        assert_eq!(tokens.len(), OVER_MAX + 1);
        assert_eq!((&*tokens[0].name, &*tokens[1].name), ("ann", "t2"));
    }
}
