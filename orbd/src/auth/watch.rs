//! Follows the file of tokens while a daemon runs.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path, sync::Arc, time::Duration};

use super::{Auth, IssuedToken, IssuedTokens, TokenState, wall_clock};

/// How often the file is looked at; a revoked token is to end within five seconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Which version of a file was seen: whatever is changed of it, its mode too, changes the number or the time.
type Seen = Option<(u64, u64, i64, i64)>;

/// A check that follows the file of tokens.
#[derive(Debug)]
pub struct Watched {
    auth: Arc<Auth>,
    tokens: IssuedTokens,
    seen: Option<Seen>,
}

impl Watched {
    /// Takes the tokens of a state directory into a check, for the first time.
    #[must_use]
    pub fn start(auth: Arc<Auth>, tokens: IssuedTokens) -> Self {
        let mut watched = Self { auth, tokens, seen: None };
        watched.look();
        watched
    }

    /// Looks at the file once a second, and never ends by itself.
    pub async fn follow(mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look();
        }
    }

    /// Takes what has changed in the file, and ends what was begun with tokens that are over.
    ///
    /// While the file cannot be trusted, none of its tokens is good.
    fn look(&mut self) {
        let seen = identity(&self.tokens.path());
        let now = seen.as_ref().ok().copied();
        if now.is_none() || now != self.seen {
            self.take();
            self.seen = now;
        }
        self.auth.end_expired(wall_clock());
    }

    fn take(&self) {
        match self.tokens.read() {
            Ok(tokens) => {
                tell(&tokens);
                self.auth.set_issued(&tokens);
            }
            Err(error) => {
                tracing::warn!(component = "Api", "{error}; until then only the daemon's own token is good");
                self.auth.set_issued(&[]);
            }
        }
    }
}

fn tell(tokens: &[IssuedToken]) {
    let now = wall_clock();
    let in_force: Vec<_> = tokens.iter().filter(|token| token.state(now) == TokenState::InForce).collect();
    if !tokens.is_empty() {
        let names: Vec<_> = in_force.iter().map(|token| format!("{} ({})", token.name, token.role.name())).collect();
        tracing::info!(
            component = "Api",
            "{} tokens are in force beside the daemon's own: {}",
            names.len(),
            names.join(", ")
        );
    }
}

fn identity(path: &Path) -> io::Result<Seen> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some((found.ino(), found.size(), found.ctime(), found.ctime_nsec()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::auth::{AuthError, NewToken, Role};

    fn admit(auth: &Auth, secret: &str) -> Result<crate::auth::Caller, AuthError> {
        let header = format!("Bearer {secret}");
        auth.check("/orb.v1.ControlService/GetStatus", Some(header.as_bytes())).map(|caller| caller.expect("a token"))
    }

    #[test]
    fn a_change_of_the_file_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (auth, tokens) = (Arc::new(Auth::new()), IssuedTokens::of(folder.path()));
        let mut watched = Watched::start(Arc::clone(&auth), tokens.clone());
        let new = NewToken { name: "ann".to_owned(), role: Role::Viewer, expires: None };
        let token = tokens.create(new, wall_clock()).unwrap();
        assert_eq!(admit(&auth, token.expose()).unwrap_err(), AuthError::Unknown);
        watched.look();
        let caller = admit(&auth, token.expose()).unwrap();
        watched.look();
        assert!(!caller.ended.is_cancelled());
        tokens.revoke("ann", wall_clock()).unwrap();
        watched.look();
        assert!(caller.ended.is_cancelled());
        assert_eq!(admit(&auth, token.expose()).unwrap_err(), AuthError::Revoked("ann".into()));
    }

    #[test]
    fn tokens_of_a_file_that_cannot_be_trusted_or_is_gone_are_not_good() {
        let folder = tempfile::tempdir().unwrap();
        let (auth, tokens) = (Arc::new(Auth::new()), IssuedTokens::of(folder.path()));
        let new = NewToken { name: "ann".to_owned(), role: Role::Viewer, expires: None };
        let token = tokens.create(new, wall_clock()).unwrap();
        let mut watched = Watched::start(Arc::clone(&auth), tokens.clone());
        let good = fs::read(tokens.path()).unwrap();
        let spoils: [fn(&Path); 3] = [
            |path: &Path| fs::write(path, "{").unwrap(),
            |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap(),
            |path: &Path| fs::remove_file(path).unwrap(),
        ];
        for spoil in spoils {
            fs::write(tokens.path(), &good).unwrap();
            fs::set_permissions(tokens.path(), fs::Permissions::from_mode(0o600)).unwrap();
            watched.look();
            let caller = admit(&auth, token.expose()).unwrap();
            spoil(&tokens.path());
            watched.look();
            assert_eq!(admit(&auth, token.expose()).unwrap_err(), AuthError::Unknown);
            assert!(caller.ended.is_cancelled());
        }
    }
}
