//! Who may call what: bearer tokens, roles, and the table of methods. It fails closed.

use std::{
    fmt, fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use orb_api::{Token, TokenError};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use thiserror::Error;

/// Random bytes in a token that orb makes.
const TOKEN_BYTES: usize = 32;

/// A token file is a line; more than this is some other file.
const TOKEN_FILE_BYTES_MAX: u64 = 4096;

/// Says what a caller may do; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Commands trading.
    Operator,
    /// Changes limits and environment.
    Admin,
}

impl Role {
    /// Returns the role's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// Says who may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Anybody, without a token.
    Open,
    /// Callers with this role or a higher one.
    Needs(Role),
}

/// Every method that may be called, by its path. A method that is not here is refused.
const PERMISSIONS: &[(&str, Permission)] = &[
    ("/orb.v1.ControlService/GetStatus", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/SetKillSwitch", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/PauseEntries", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/ResumeEntries", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/ClosePosition", Permission::Needs(Role::Operator)),
    ("/orb.v1.PortfolioService/GetAccount", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/ListPositions", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/StreamPositions", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ListSignals", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/StreamSignals", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ListDecisions", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/ListTrades", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/GetMetrics", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/GetEquityCurve", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/ExportTrades", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/GetParityReport", Permission::Needs(Role::Viewer)),
    ("/orb.v1.HistoryService/GetReadiness", Permission::Needs(Role::Viewer)),
    ("/orb.v1.LogService/ListLogs", Permission::Needs(Role::Viewer)),
    ("/orb.v1.LogService/StreamLogs", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/WatchStatus", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/GetCaller", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/CloseAllPositions", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/CancelOrder", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/CancelAllOrders", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/AcknowledgeAlarms", Permission::Needs(Role::Operator)),
    ("/orb.v1.ControlService/ListEnvironments", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/SetEnvironment", Permission::Needs(Role::Admin)),
    ("/orb.v1.ControlService/GetRiskLimits", Permission::Needs(Role::Viewer)),
    ("/orb.v1.ControlService/SetRiskLimits", Permission::Needs(Role::Admin)),
    ("/orb.v1.ControlService/GetConfig", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/ListOrders", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/ListFills", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/StreamFills", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/GetIntradayEquity", Permission::Needs(Role::Viewer)),
    ("/orb.v1.PortfolioService/StreamEquity", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/GetSignal", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ExplainSymbol", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ListUniverse", Permission::Needs(Role::Viewer)),
    ("/orb.v1.SignalService/ListBars", Permission::Needs(Role::Viewer)),
    ("/orb.v1.LogService/ListAuditEntries", Permission::Needs(Role::Viewer)),
    ("/orb.v1.LiveService/Watch", Permission::Needs(Role::Viewer)),
    ("/grpc.health.v1.Health/Check", Permission::Open),
    ("/grpc.health.v1.Health/List", Permission::Open),
    ("/grpc.health.v1.Health/Watch", Permission::Open),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Permission::Open),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Permission::Open),
];

/// Returns who may call the method with a path, or `None` when nobody may because it is not declared.
#[must_use]
pub fn permission(path: &str) -> Option<Permission> {
    PERMISSIONS.iter().find(|(declared, _)| *declared == path).map(|(_, permission)| *permission)
}

/// Keeps a token as its SHA-256, so that neither memory dumps nor `Debug` show it.
#[derive(Clone, Copy)]
struct TokenHash([u8; 32]);

impl TokenHash {
    fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Compares without telling by its duration where the difference is.
    fn matches(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// Names a caller whose token was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name that the token was given, for the record.
    pub actor: Arc<str>,
    /// What it may do.
    pub role: Role,
}

/// Explains why a call was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AuthError {
    /// Nobody may call it.
    #[error("method {0} has no declared permission; ask the server's reflection for the methods there are")]
    Undeclared(String),
    /// No `authorization` header, or one of another form.
    #[error("a token is needed: send the header `authorization: Bearer TOKEN`")]
    Missing,
    /// The token is none of the known ones.
    #[error("the token is not valid; the daemon's token file holds the current one")]
    Unknown,
    /// The token is good and its role too low.
    #[error("this needs the role {needed}, and the token's role is {held}")]
    Role {
        /// The role that the method needs.
        needed: &'static str,
        /// The role that the caller has.
        held: &'static str,
    },
}

#[derive(Clone, Debug)]
struct Credential {
    caller: Caller,
    hash: TokenHash,
}

/// Checks callers against the tokens that were given out.
#[derive(Clone, Debug, Default)]
pub struct Auth {
    credentials: Vec<Credential>,
}

impl Auth {
    /// Makes a check that lets nobody in but to what is open.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a token with the name of its holder and its role.
    #[must_use]
    pub fn with_token(mut self, token: &Token, actor: &str, role: Role) -> Self {
        let caller = Caller { actor: actor.into(), role };
        self.credentials.push(Credential { caller, hash: TokenHash::of(token.expose()) });
        self
    }

    /// Decides a call from its path and its `authorization` header; `Ok(None)` where no caller is needed.
    ///
    /// # Errors
    /// [`AuthError`] when the method is not declared, or the caller is not known or not allowed.
    pub fn check(&self, path: &str, authorization: Option<&[u8]>) -> Result<Option<Caller>, AuthError> {
        let needed = match permission(path) {
            None => return Err(AuthError::Undeclared(path.to_owned())),
            Some(Permission::Open) => return Ok(None),
            Some(Permission::Needs(role)) => role,
        };
        let caller = self.identify(authorization.and_then(bearer).ok_or(AuthError::Missing)?)?;
        if caller.role < needed {
            return Err(AuthError::Role { needed: needed.name(), held: caller.role.name() });
        }
        Ok(Some(caller.clone()))
    }

    fn identify(&self, secret: &str) -> Result<&Caller, AuthError> {
        let offered = TokenHash::of(secret);
        // Every credential is compared, so the duration does not tell which one matched.
        let mut found = None;
        for credential in &self.credentials {
            if bool::from(credential.hash.matches(&offered)) {
                found = Some(&credential.caller);
            }
        }
        found.ok_or(AuthError::Unknown)
    }
}

/// Returns the token of an `authorization` header; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, secret) = str::from_utf8(header).ok()?.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

/// Explains why there is no usable token file.
#[derive(Debug, Error)]
pub enum TokenFileError {
    /// It cannot be made, read or written.
    #[error("cannot use the token file {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than the owner may read it.
    #[error("the token file {} can be read by others (mode {mode:03o}): run `chmod 600` on it", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It does not hold a token.
    #[error("the token file {} holds no token ({source}): delete it, and a new one is made", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: TokenError,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a token: {0}")]
    Random(getrandom::Error),
}

/// Reads the token in a file, or makes a random one there that only the owner may read (mode 0600).
///
/// # Errors
/// [`TokenFileError`] when the file cannot be made or read, is open to others, or holds no token.
pub fn read_or_create_token(path: &Path) -> Result<Token, TokenFileError> {
    let failed = |source| TokenFileError::Io { path: path.to_owned(), source };
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => write_token(file, path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_token(path),
        Err(error) => Err(failed(error)),
    }
}

fn write_token(mut file: fs::File, path: &Path) -> Result<Token, TokenFileError> {
    let failed = |source| TokenFileError::Io { path: path.to_owned(), source };
    let text = random_hex()?;
    file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    parse(&text, path)
}

fn read_token(path: &Path) -> Result<Token, TokenFileError> {
    let failed = |source| TokenFileError::Io { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(TokenFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(TOKEN_FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Token, TokenFileError> {
    Token::parse(text).map_err(|source| TokenFileError::Invalid { path: path.to_owned(), source })
}

fn random_hex() -> Result<String, TokenFileError> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(TokenFileError::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KILL: &str = "/orb.v1.ControlService/SetKillSwitch";
    const STATUS: &str = "/orb.v1.ControlService/GetStatus";

    fn token(text: &str) -> Token {
        Token::parse(text).unwrap()
    }

    fn auth() -> Auth {
        Auth::new().with_token(&token("eye"), "ann", Role::Viewer).with_token(&token("hand"), "bob", Role::Operator)
    }

    #[track_caller]
    fn check(path: &str, header: Option<&str>) -> Result<Option<Arc<str>>, AuthError> {
        auth().check(path, header.map(str::as_bytes)).map(|caller| caller.map(|caller| caller.actor))
    }

    #[test]
    fn a_caller_needs_a_token_of_a_sufficient_role() {
        assert_eq!(check(KILL, None), Err(AuthError::Missing));
        assert_eq!(check(KILL, Some("Basic hand")), Err(AuthError::Missing));
        assert_eq!(check(KILL, Some("Bearer ")), Err(AuthError::Missing));
        assert_eq!(check(KILL, Some("Bearer han")), Err(AuthError::Unknown));
        assert_eq!(check(KILL, Some("Bearer eye")), Err(AuthError::Role { needed: "operator", held: "viewer" }));
        assert_eq!(check(KILL, Some("bearer hand")), Ok(Some("bob".into())));
        assert_eq!(check(STATUS, Some("Bearer eye")), Ok(Some("ann".into())));
    }

    #[test]
    fn only_health_and_reflection_are_open() {
        for (path, permission) in PERMISSIONS {
            assert_eq!(*permission == Permission::Open, path.starts_with("/grpc."), "{path}");
        }
        assert_eq!(check("/grpc.health.v1.Health/Check", None), Ok(None));
    }

    #[test]
    fn what_is_not_declared_is_refused_to_all() {
        for path in ["/orb.v1.ControlService/Secret", "/", "", "/orb.v1.ControlService/GetStatus/"] {
            assert_eq!(check(path, Some("Bearer hand")), Err(AuthError::Undeclared(path.to_owned())));
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let text = format!("{:?}", Auth::new().with_token(&token("s3cret"), "ann", Role::Admin));
        assert!(text.contains("ann") && !text.contains("s3cret"), "{text}");
        assert!(text.contains("TokenHash(..)"), "{text}");
    }

    #[test]
    fn a_token_file_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let made = read_or_create_token(&path).unwrap();
        assert_eq!(made.expose().len(), 2 * TOKEN_BYTES);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(read_or_create_token(&path).unwrap() == made);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = read_or_create_token(&path).unwrap_err();
        assert!(matches!(error, TokenFileError::Exposed { mode: 0o644, .. }), "{error}");
    }

    #[test]
    fn a_token_file_without_a_token_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = read_or_create_token(&path).unwrap_err();
        assert!(error.to_string().contains("delete it"), "{error}");
        let error = read_or_create_token(&folder.path().join("none/token")).unwrap_err();
        assert!(matches!(error, TokenFileError::Io { .. }), "{error}");
    }
}
