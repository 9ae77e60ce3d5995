//! Which daemon to talk to: flags, environment, configuration file, the local demo.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use orb_api::{ClientIdentity, Endpoint, Token};
use serde::Deserialize;

use crate::{
    cli::Global,
    failure::{Failure, note},
};

/// A configuration file: named daemons.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The context that is used unless another is asked for.
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

/// One daemon. Paths are relative to the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    pub(crate) endpoint: String,
    /// Holds the bearer token.
    pub(crate) token_file: Option<PathBuf>,
    /// Holds the certificate authority of the daemon's certificate, in PEM.
    pub(crate) ca_file: Option<PathBuf>,
    /// Holds the certificate of this client, in PEM. With `key_file` or not at all.
    pub(crate) certificate_file: Option<PathBuf>,
    /// Holds its private key, in PEM.
    pub(crate) key_file: Option<PathBuf>,
}

impl Context {
    /// Makes the paths whole.
    fn within(&self, folder: &Path) -> Self {
        let whole = |path: &Option<PathBuf>| path.as_ref().map(|path| folder.join(path));
        Self {
            endpoint: self.endpoint.clone(),
            token_file: whole(&self.token_file),
            ca_file: whole(&self.ca_file),
            certificate_file: whole(&self.certificate_file),
            key_file: whole(&self.key_file),
        }
    }

    /// Reads the certificate of this client with its key; nothing where the context has none.
    fn identity(&self, origin: &str) -> Result<Option<ClientIdentity>, Failure> {
        match (&self.certificate_file, &self.key_file) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(ClientIdentity {
                certificate_pem: read_bytes("certificate_file", certificate)?,
                key_pem: read_bytes("key_file", key)?,
            })),
            (Some(_), None) => Err(Failure::usage(format!("{origin} has a certificate_file: give key_file too"))),
            (None, Some(_)) => Err(Failure::usage(format!("{origin} has a key_file: give certificate_file too"))),
        }
    }
}

/// Where the package's service keeps its state.
const SERVICE_FILE: &str = "/var/lib/orb/orbctl.toml";

/// A daemon, and where orbctl learned of it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    /// In words, for messages.
    pub(crate) origin: String,
}

/// The environment, as far as it matters here.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) token: Option<String>,
    /// The default configuration file.
    pub(crate) user_file: Option<PathBuf>,
    /// The file that the service of this machine leaves, which its own user and root alone can read.
    pub(crate) service_file: Option<PathBuf>,
    /// The file that a running demo leaves.
    pub(crate) demo_file: Option<PathBuf>,
}

impl Environment {
    /// Reads the process's environment.
    pub(crate) fn read() -> Self {
        let folder = |variable: &str, fallback: &str| {
            let set = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
            set.or_else(|| env::home_dir().map(|home| home.join(fallback)))
        };
        Self {
            token: env::var("ORB_TOKEN").ok().filter(|token| !token.is_empty()),
            user_file: folder("XDG_CONFIG_HOME", ".config").map(|path| path.join("orb/orbctl.toml")),
            service_file: Some(PathBuf::from(SERVICE_FILE)),
            demo_file: folder("XDG_STATE_HOME", ".local/state").map(|path| path.join("orb/demo/orbctl.toml")),
        }
    }
}

/// Returns the daemon that the arguments and the environment mean.
///
/// The endpoint comes from `--endpoint`, else from the context asked for, else from the
/// current context, else from this machine's service, else from the local demo. A context's token goes only to its own endpoint.
pub(crate) fn resolve(global: &Global, environment: &Environment) -> Result<Target, Failure> {
    let context = match (&global.endpoint, &global.context) {
        (Some(_), None) => None,
        (Some(_), Some(_)) => {
            return Err(Failure::usage(
                "--endpoint (or ORB_ENDPOINT) and --context (or ORB_CONTEXT) exclude each other: give one",
            ));
        }
        (None, _) => Some(find_context(global, environment)?),
    };
    let (uri, origin) = match (&global.endpoint, &context) {
        (Some(uri), _) => (uri.clone(), "--endpoint or ORB_ENDPOINT".to_owned()),
        (None, Some(context)) => (context.context.endpoint.clone(), context.origin.clone()),
        (None, None) => return Err(no_endpoint()),
    };
    let token = match (&global.token_file, &environment.token) {
        (Some(path), _) => Some(read_token(path)?),
        (None, Some(token)) => {
            Some(Token::parse(token).map_err(|error| Failure::usage(format!("ORB_TOKEN: {error}")))?)
        }
        (None, None) => {
            context.as_ref().and_then(|found| found.context.token_file.as_deref()).map(read_token).transpose()?
        }
    };
    let mut endpoint = Endpoint::new(uri, token);
    if let Some(Found { context, origin }) = context {
        endpoint.identity = context.identity(&origin)?;
        endpoint.ca_certificate_pem = context.ca_file.map(|path| read_bytes("ca_file", &path)).transpose()?;
    }
    Ok(Target { endpoint, origin })
}

/// A context with its paths made whole.
#[derive(Debug)]
struct Found {
    context: Context,
    origin: String,
}

fn find_context(global: &Global, environment: &Environment) -> Result<Found, Failure> {
    if let Some(path) = &global.config {
        let file = read_file(path)?;
        let name = wanted(global, &file).ok_or_else(|| no_current(path, &file))?;
        return pick(&file, &name, path).ok_or_else(|| unknown_context(&name, path, &file));
    }
    let mut known = Vec::new();
    let files = [&environment.user_file, &environment.service_file, &environment.demo_file];
    for path in files.into_iter().flatten().filter(|path| path.exists()) {
        let file = read_file(path)?;
        match wanted(global, &file) {
            Some(name) => match pick(&file, &name, path) {
                Some(found) => return Ok(found),
                None if global.context.is_none() => return Err(unknown_context(&name, path, &file)),
                None => known.extend(file.contexts.into_keys()),
            },
            None => known.extend(file.contexts.into_keys()),
        }
    }
    Err(match &global.context {
        Some(name) => Failure::usage(format!("there is no context {name:?}{}", list(known.iter()))),
        None => no_endpoint(),
    })
}

fn wanted(global: &Global, file: &File) -> Option<String> {
    global.context.clone().or_else(|| file.current.clone())
}

fn pick(file: &File, name: &str, path: &Path) -> Option<Found> {
    let context = file.contexts.get(name)?;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    Some(Found { context: context.within(folder), origin: format!("context {name:?} of {}", path.display()) })
}

fn read_file(path: &Path) -> Result<File, Failure> {
    let text = fs::read_to_string(path).map_err(|error| cannot_read("configuration file", path, &error))?;
    parse(&text, path)
}

/// Reads the text of a configuration file; `path` is for messages.
pub(crate) fn parse(text: &str, path: &Path) -> Result<File, Failure> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Failure::usage(format!("{}:{line}: {}", path.display(), error.message()))
    })
}

fn read_token(path: impl AsRef<Path>) -> Result<Token, Failure> {
    let path = path.as_ref();
    warn_if_open(path);
    let text = fs::read_to_string(path).map_err(|error| cannot_read("token file", path, &error))?;
    Token::parse(&text).map_err(|error| Failure::usage(format!("token file {}: {error}", path.display())))
}

/// Says so where others on this machine can read a token.
fn warn_if_open(path: &Path) {
    let mode = fs::metadata(path).map(|found| found.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o007 != 0) {
        note(&format!("token file {0} can be read by everybody here: chmod 600 {0}", path.display()));
    }
}

fn read_bytes(what: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| cannot_read(what, path, &error))
}

pub(crate) fn cannot_read(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot read the {what} {}: {error}", path.display()))
}

fn no_endpoint() -> Failure {
    Failure::usage("no daemon is named: give --endpoint or a configuration file, or start `orbd demo`")
}

fn no_current(path: &Path, file: &File) -> Failure {
    let names = list(file.contexts.keys());
    Failure::usage(format!("{} has no `current`: set it or give --context{names}", path.display()))
}

pub(crate) fn unknown_context(name: &str, path: &Path, file: &File) -> Failure {
    Failure::usage(format!("{} has no context {name:?}{}", path.display(), list(file.contexts.keys())))
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.map(String::as_str).collect();
    if names.is_empty() { String::new() } else { format!(" (there are: {})", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::{
        failure::Kind,
        output::{Colour, Format},
    };

    const FILE: &str = "current = \"paper\"\n[contexts.paper]\nendpoint = \"http://localhost:1\"\ntoken_file = \"t\"\n\
                        [contexts.live]\nendpoint = \"http://localhost:2\"\n";

    fn folder(file: &str) -> TempDir {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("orbctl.toml"), file).unwrap();
        fs::write(folder.path().join("t"), "from-context\n").unwrap();
        folder
    }

    fn global(folder: &TempDir) -> Global {
        let config = Some(folder.path().join("orbctl.toml"));
        Global { output: Format::Table, colour: Colour::Never, endpoint: None, token_file: None, config, context: None }
    }

    fn token(target: &Target) -> Option<&str> {
        target.endpoint.token.as_ref().map(Token::expose)
    }

    #[test]
    fn the_current_context_is_the_default() {
        let folder = folder(FILE);
        let target = resolve(&global(&folder), &Environment::default()).unwrap();
        assert_eq!(target.endpoint.uri, "http://localhost:1");
        assert_eq!(token(&target), Some("from-context"));
    }

    #[test]
    fn the_environments_token_precedes_the_contexts() {
        let folder = folder(FILE);
        let environment = Environment { token: Some("from-env".to_owned()), ..Environment::default() };
        let target = resolve(&global(&folder), &environment).unwrap();
        assert_eq!(token(&target), Some("from-env"));
    }

    #[test]
    fn a_contexts_token_goes_only_to_its_own_endpoint() {
        let folder = folder(FILE);
        let global = Global { endpoint: Some("http://localhost:9".to_owned()), ..global(&folder) };
        let target = resolve(&global, &Environment::default()).unwrap();
        assert_eq!(target.endpoint.uri, "http://localhost:9");
        assert_eq!(token(&target), None);
    }

    #[test]
    fn the_demo_is_the_last_resort() {
        let (user, demo) = (folder("[contexts.other]\nendpoint = \"http://localhost:3\"\n"), folder(FILE));
        let environment = Environment {
            token: None,
            user_file: Some(user.path().join("orbctl.toml")),
            service_file: None,
            demo_file: Some(demo.path().join("orbctl.toml")),
        };
        let global = Global { config: None, ..global(&user) };
        assert_eq!(resolve(&global, &environment).unwrap().endpoint.uri, "http://localhost:1");
        let global = Global { context: Some("other".to_owned()), ..global };
        assert_eq!(resolve(&global, &environment).unwrap().endpoint.uri, "http://localhost:3");
    }

    #[test]
    fn this_machines_service_comes_before_the_demo_and_after_the_users_own_file() {
        let service = folder("current = \"live\"\n[contexts.live]\nendpoint = \"http://localhost:7\"\n");
        let (user, demo) = (folder(FILE), folder(FILE));
        let at = |folder: &TempDir| Some(folder.path().join("orbctl.toml"));
        let global = Global { config: None, context: None, ..global(&user) };
        let mut environment =
            Environment { token: None, user_file: None, service_file: at(&service), demo_file: at(&demo) };
        assert_eq!(resolve(&global, &environment).unwrap().endpoint.uri, "http://localhost:7");
        environment.user_file = at(&user);
        assert_eq!(resolve(&global, &environment).unwrap().endpoint.uri, "http://localhost:1");
    }

    #[test]
    fn every_mistake_names_file_and_remedy() {
        let check = |file: &str, context: Option<&str>, expect: &str| {
            let folder = folder(file);
            let global = Global { context: context.map(str::to_owned), ..global(&folder) };
            let failure = resolve(&global, &Environment::default()).unwrap_err();
            assert_eq!(failure.kind(), Kind::Usage);
            assert!(format!("{failure:?}").contains(expect), "{failure:?}");
        };
        check("", None, "has no `current`");
        check(FILE, Some("prod"), "(there are: live, paper)");
        check("current = 1", None, "orbctl.toml:1:");
        check("\n[contexts.a]\nendpoint = \"x\"\ntoken = \"secret\"\n", None, "orbctl.toml:4:");
        check(
            "current = \"a\"\n[contexts.a]\nendpoint = \"x\"\ntoken_file = \"none\"\n",
            None,
            "cannot read the token file",
        );
        let failure = resolve(&Global { config: None, ..global(&folder("")) }, &Environment::default()).unwrap_err();
        assert!(format!("{failure:?}").contains("no daemon is named"), "{failure:?}");
    }
}
