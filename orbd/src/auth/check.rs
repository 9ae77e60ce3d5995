//! The check of a call against the tokens that are known.

use std::sync::{Arc, PoisonError, RwLock};

use orb_api::Token;
use orb_core::Timestamp;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{
    IssuedToken, TokenState,
    permission::{Permission, Role, permission},
    secret::TokenHash,
    wall_clock,
};

/// Names a caller whose token was checked.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The name that the token was given, for the record.
    pub actor: Arc<str>,
    /// What it may do.
    pub role: Role,
    /// When the token ends by itself, on the machine's clock; `None` when it does not.
    pub expires: Option<Timestamp>,
    /// Fires when the token is revoked or ends: whatever was begun with it is over then.
    pub ended: CancellationToken,
}

impl Caller {
    /// Returns a caller whose token never ends by itself.
    #[must_use]
    pub fn new(actor: &str, role: Role) -> Self {
        Self { actor: actor.into(), role, expires: None, ended: CancellationToken::new() }
    }
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
    #[error(
        "the token is not valid; the daemon's token file holds the current one, and `orbd token create` makes others"
    )]
    Unknown,
    /// The token was given out and taken back.
    #[error("the token of {0} was revoked; ask for another, which `orbd token create` makes")]
    Revoked(Arc<str>),
    /// The token's time is over.
    #[error("the token of {0} has expired; ask for another, which `orbd token create` makes")]
    Expired(Arc<str>),
    /// The token is good and its role too low.
    #[error("this needs the role {needed}, and the role of {actor}'s token is {held}; use a token of that role")]
    Role {
        /// Whose token it is.
        actor: Arc<str>,
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
    is_revoked: bool,
}

impl Credential {
    /// Tells whether the two stand for the same rights: what was begun with one may go on with the other.
    fn is_same(&self, other: &Self) -> bool {
        let rights = |of: &Self| (of.hash, of.is_revoked, of.caller.role, of.caller.expires);
        rights(self) == rights(other) && self.caller.actor == other.caller.actor
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.is_revoked || self.caller.expires.is_some_and(|end| end <= now)
    }
}

/// Checks callers against the tokens that were given out. Tokens may come and go while it is in use.
#[derive(Debug, Default)]
pub struct Auth {
    /// The daemon's own, which stay as long as it runs.
    own: RwLock<Arc<[Credential]>>,
    issued: RwLock<Arc<[Credential]>>,
}

impl Auth {
    /// Makes a check that lets nobody in but to what is open.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a token with the name of its holder and its role.
    #[must_use]
    pub fn with_token(self, token: &Token, actor: &str, role: Role) -> Self {
        let caller = Caller::new(actor, role);
        let added = Credential { caller, hash: TokenHash::of(token.expose()), is_revoked: false };
        self.set_own(|own| own.iter().cloned().chain([added]).collect());
        self
    }

    /// Gives the holder of the daemon's own tokens another name, from the next call on; what was begun goes on.
    pub fn rename_own(&self, actor: &str) {
        let named = |known: &Credential| {
            let caller = Caller { actor: actor.into(), ..known.caller.clone() };
            Credential { caller, ..known.clone() }
        };
        self.set_own(|own| own.iter().map(named).collect());
    }

    fn set_own(&self, change: impl FnOnce(&[Credential]) -> Arc<[Credential]>) {
        let mut own = self.own.write().unwrap_or_else(PoisonError::into_inner);
        *own = change(&own);
    }

    /// Takes the tokens that are given out now in place of those of before, and ends what was begun with the others.
    pub fn set_issued(&self, tokens: &[IssuedToken]) {
        let mut issued = self.issued.write().unwrap_or_else(PoisonError::into_inner);
        let fresh: Vec<Credential> = tokens.iter().map(credential).collect();
        // A token that is still the same keeps its streams.
        let kept = |token: Credential| issued.iter().find(|known| known.is_same(&token)).cloned().unwrap_or(token);
        let next: Arc<[Credential]> = fresh.into_iter().map(kept).collect();
        for known in issued.iter().filter(|known| !next.iter().any(|token| token.is_same(known))) {
            known.caller.ended.cancel();
        }
        *issued = next;
        drop(issued);
        self.end_expired(wall_clock());
    }

    /// Ends what was begun with tokens whose time is over.
    pub(super) fn end_expired(&self, now: Timestamp) {
        for known in self.issued().iter().filter(|known| known.is_over(now)) {
            known.caller.ended.cancel();
        }
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
        let caller = self.identify(authorization.and_then(bearer).ok_or(AuthError::Missing)?, wall_clock())?;
        if caller.role < needed {
            let (needed, held) = (needed.name(), caller.role.name());
            return Err(AuthError::Role { actor: caller.actor, needed, held });
        }
        Ok(Some(caller))
    }

    fn identify(&self, secret: &str, now: Timestamp) -> Result<Caller, AuthError> {
        let offered = TokenHash::of(secret);
        let (own, issued) = (self.own(), self.issued());
        // Every credential is compared, so the duration does not tell which one matched.
        let mut found = None;
        for credential in own.iter().chain(issued.iter()) {
            if bool::from(credential.hash.matches(&offered)) {
                found = Some(credential);
            }
        }
        let Credential { caller, is_revoked, .. } = found.ok_or(AuthError::Unknown)?;
        match caller.expires {
            _ if *is_revoked => Err(AuthError::Revoked(Arc::clone(&caller.actor))),
            Some(end) if end <= now => Err(AuthError::Expired(Arc::clone(&caller.actor))),
            Some(_) | None => Ok(caller.clone()),
        }
    }

    fn own(&self) -> Arc<[Credential]> {
        Arc::clone(&self.own.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn issued(&self) -> Arc<[Credential]> {
        Arc::clone(&self.issued.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn credential(token: &IssuedToken) -> Credential {
    let is_revoked = token.state(wall_clock()) == TokenState::Revoked;
    let caller = Caller {
        actor: token.name.as_str().into(),
        role: token.role,
        expires: token.expires,
        ended: CancellationToken::new(),
    };
    Credential { caller, hash: token.hash, is_revoked }
}

/// Returns the token of an `authorization` header; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, secret) = str::from_utf8(header).ok()?.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::issued::tests::issued;

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
        let role = AuthError::Role { actor: "ann".into(), needed: "operator", held: "viewer" };
        assert_eq!(check(KILL, Some("Bearer eye")), Err(role));
        assert_eq!(check(KILL, Some("bearer hand")), Ok(Some("bob".into())));
        assert_eq!(check(STATUS, Some("Bearer eye")), Ok(Some("ann".into())));
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
    fn tokens_come_and_go_and_end_what_was_begun_with_them() {
        let auth = auth();
        let admit = |secret: &str| auth.check(STATUS, Some(format!("Bearer {secret}").as_bytes()));
        assert_eq!(admit("one").unwrap_err(), AuthError::Unknown);
        let (one, two) = (issued("carol", "one"), issued("dave", "two"));
        auth.set_issued(&[one.clone(), two.clone()]);
        let (carol, dave) = (admit("one").unwrap().unwrap(), admit("two").unwrap().unwrap());
        assert_eq!(&*carol.actor, "carol");
        auth.set_issued(&[one.clone(), two.clone()]);
        assert!(!carol.ended.is_cancelled() && !dave.ended.is_cancelled());
        let revoked = IssuedToken { revoked: Some(Timestamp::from_micros(1)), ..one };
        auth.set_issued(&[revoked, two]);
        assert!(carol.ended.is_cancelled() && !dave.ended.is_cancelled());
        assert_eq!(admit("one").unwrap_err(), AuthError::Revoked("carol".into()));
        auth.set_issued(&[]);
        assert!(dave.ended.is_cancelled());
        assert_eq!(admit("two").unwrap_err(), AuthError::Unknown);
        assert!(admit("hand").is_ok());
    }

    #[test]
    fn the_holder_of_the_own_token_may_be_called_otherwise_and_its_streams_go_on() {
        let auth = auth();
        auth.set_issued(&[issued("carol", "one")]);
        let admit = |secret: &str| auth.check(STATUS, Some(format!("Bearer {secret}").as_bytes())).unwrap().unwrap();
        let before = admit("hand");
        auth.rename_own("live");
        let after = admit("hand");
        assert_eq!((&*before.actor, &*after.actor, after.role), ("bob", "live", before.role));
        assert!(!before.ended.is_cancelled());
        assert_eq!(&*admit("one").actor, "carol", "others keep their names");
    }

    #[test]
    fn a_token_ends_at_its_time() {
        let auth = auth();
        let end = Timestamp::from_micros(wall_clock().micros() + 3_600_000_000);
        auth.set_issued(&[IssuedToken { expires: Some(end), ..issued("carol", "one") }]);
        let just_before = Timestamp::from_micros(end.micros() - 1);
        let caller = auth.identify("one", just_before).unwrap();
        auth.end_expired(just_before);
        assert!(!caller.ended.is_cancelled());
        assert_eq!(auth.identify("one", end).unwrap_err(), AuthError::Expired("carol".into()));
        auth.end_expired(end);
        assert!(caller.ended.is_cancelled());
    }
}
