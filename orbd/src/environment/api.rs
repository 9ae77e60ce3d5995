//! How the API is reached, as a configuration file says it: `[tls]`, `[web]`, and of `[daemon]` the address and socket.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::config::value;
use super::error::{EnvironmentError, EnvironmentProblem};
use super::keys::{TLS, WEB};
use super::source::Source;
use super::tables::{Entry, EnvironmentTables, Lined};
use crate::rpc::{CONNECTIONS, Exposure, TlsFiles, WebRules, is_host_name, is_origin};

/// The socket in the state directory, where there is TLS and no other socket is named.
const SOCKET: &str = "api.sock";

/// Holds the keys of `[tls]`.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsTable {
    certificate: Option<Lined<PathBuf>>,
    key: Option<Lined<PathBuf>>,
    client_ca: Option<Lined<PathBuf>>,
}

/// Holds the keys of `[web]`.
#[derive(Clone, Debug, Default)]
pub(super) struct WebTable {
    allowed_hosts: Option<Lined<Vec<String>>>,
    allowed_origins: Option<Lined<Vec<String>>>,
}

impl TlsTable {
    pub(super) fn read(source: Source<'_>, table: &DeTable<'_>) -> Result<Self, EnvironmentError> {
        let mut read = Self::default();
        for (key, value) in table {
            let entry = Entry::new(source, key, value);
            let expected = "an absolute path in quotation marks, like \"/etc/orb/server.pem\"";
            match entry.key {
                "certificate_file" => read.certificate = Some(entry.path(expected)?),
                "key_file" => read.key = Some(entry.path(expected)?),
                "client_ca_file" => read.client_ca = Some(entry.path(expected)?),
                _ => return Err(entry.unknown("tls", TLS)),
            }
        }
        Ok(read)
    }

    /// Returns the files, or the line of a key that lacks another.
    fn files(&self) -> Result<Option<TlsFiles>, (usize, &'static str)> {
        match (&self.certificate, &self.key, &self.client_ca) {
            (None, None, None) => Ok(None),
            (Some(certificate), Some(key), client_ca) => Ok(Some(TlsFiles {
                certificate: certificate.value.clone(),
                key: key.value.clone(),
                client_ca: client_ca.as_ref().map(|path| path.value.clone()),
            })),
            (Some(Lined { line, .. }), None, _) => Err((*line, "key_file")),
            (None, Some(Lined { line, .. }), _) | (None, None, Some(Lined { line, .. })) => {
                Err((*line, "certificate_file"))
            }
        }
    }
}

impl WebTable {
    pub(super) fn read(source: Source<'_>, table: &DeTable<'_>) -> Result<Self, EnvironmentError> {
        let mut read = Self::default();
        for (key, value) in table {
            let entry = Entry::new(source, key, value);
            match entry.key {
                "allowed_hosts" => {
                    let expected = "names of hosts without a port, like [\"orb.example.com\"]";
                    read.allowed_hosts = Some(entry.names(is_host_name, expected)?);
                }
                "allowed_origins" => {
                    let expected = "origins as browsers write them, like [\"https://desk.example.com\"]";
                    read.allowed_origins = Some(entry.names(is_origin, expected)?);
                }
                _ => return Err(entry.unknown("web", WEB)),
            }
        }
        Ok(read)
    }
}

impl EnvironmentTables {
    /// Returns how the API is reached at an address by a daemon with a state directory.
    ///
    /// With TLS there is a socket too, so that commands on this machine need neither certificates nor names.
    ///
    /// # Errors
    /// When a certificate has no key, or the other way round.
    pub(crate) fn exposure(&self, address: SocketAddr, data_dir: &Path) -> Result<Exposure, EnvironmentError> {
        let tls = self.tls_files()?;
        let usual = || tls.is_some().then(|| data_dir.join(SOCKET));
        let socket = value(self.daemon.socket.as_ref()).or_else(usual);
        let web = WebRules {
            allowed_hosts: value(self.web.allowed_hosts.as_ref()).unwrap_or_default(),
            allowed_origins: value(self.web.allowed_origins.as_ref()).unwrap_or_default(),
        };
        let connections = value(self.daemon.connections.as_ref()).unwrap_or(CONNECTIONS);
        Ok(Exposure { address, socket, tls, connections, web })
    }

    pub(super) fn tls_files(&self) -> Result<Option<TlsFiles>, EnvironmentError> {
        let incomplete = |(line, missing)| self.error(line, EnvironmentProblem::Incomplete { missing });
        self.tls.files().map_err(incomplete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::config::tests::{refused, resolve};

    const FILES: &str = "[tls]\ncertificate_file = \"/etc/orb/a.pem\"\nkey_file = \"/etc/orb/a.key\"\n";

    #[test]
    fn without_a_word_the_api_is_this_machine_s_alone() {
        let config = resolve("");
        assert_eq!((config.tls.clone(), config.socket.clone(), config.web.clone()), (None, None, WebRules::default()));
        assert_eq!(config.exposure().address, config.listen);
    }

    #[test]
    fn with_certificates_other_machines_may_be_let_in() {
        let open = format!("[daemon]\nlisten = \"0.0.0.0:7070\"\n{FILES}client_ca_file = \"/etc/orb/ca.pem\"\n");
        let config = resolve(&open);
        let files = TlsFiles {
            certificate: "/etc/orb/a.pem".into(),
            key: "/etc/orb/a.key".into(),
            client_ca: Some("/etc/orb/ca.pem".into()),
        };
        assert_eq!((config.listen.to_string().as_str(), config.tls), ("0.0.0.0:7070", Some(files)));
        assert_eq!(config.socket, Some("/var/lib/orb/api.sock".into()));
        let own = resolve(&format!("{FILES}[daemon]\nsocket = \"/run/orb/api.sock\"\n"));
        assert_eq!(own.socket, Some("/run/orb/api.sock".into()));
        refused("[daemon]\nlisten = \"0.0.0.0:7070\"", "/orb.toml:2: without TLS the API listens on this machine only");
    }

    #[test]
    fn an_address_has_as_many_connections_as_the_file_says() {
        assert_eq!(resolve("").exposure().connections, CONNECTIONS);
        assert_eq!(resolve("[daemon]\nconnections_per_address = 8\n").connections.get(), 8);
        for number in ["7", "10001", "\"64\""] {
            let line = format!("/orb.toml:2: `connections_per_address = {number}`: expected a whole number from 8");
            refused(&format!("[daemon]\nconnections_per_address = {number}"), &line);
        }
    }

    #[test]
    fn a_certificate_and_its_key_go_together() {
        refused("[tls]\ncertificate_file = \"/a\"", "/orb.toml:2: [tls] needs `key_file` too");
        refused("[tls]\nkey_file = \"/a\"", "/orb.toml:2: [tls] needs `certificate_file` too");
        refused("[tls]\nclient_ca_file = \"/a\"", "/orb.toml:2: [tls] needs `certificate_file` too");
        refused("[tls]\nkey_file = \"a\"", "/orb.toml:2: `key_file = \"a\"`: expected an absolute path");
        refused("[tls]\nkeyfile = \"/a\"", "did you mean `key_file`?");
        refused("key_file = \"/a\"", "/orb.toml:1: `key_file` belongs into [tls]");
        refused("[daemon]\nsocket = \"api.sock\"", "/orb.toml:2: `socket = \"api.sock\"`: expected an absolute path");
    }

    #[test]
    fn hosts_and_origins_have_their_form() {
        let file = "[web]\nallowed_hosts = [\"orb.example.com\"]\nallowed_origins = [\"https://desk.example.com\"]\n";
        let web = resolve(file).web;
        assert_eq!((&*web.allowed_hosts[0], &*web.allowed_origins[0]), ("orb.example.com", "https://desk.example.com"));
        for hosts in ["\"orb.example.com\"", "[\"*\"]", "[\"orb.example.com:443\"]", "[1]", "[[\"a\"]]"] {
            let line = format!("/orb.toml:2: `allowed_hosts = {hosts}`: expected names of hosts");
            refused(&format!("[web]\nallowed_hosts = {hosts}"), &line);
        }
        for origins in ["[\"*\"]", "[\"desk.example.com\"]", "[\"https://desk.example.com/\"]"] {
            let line = format!("/orb.toml:2: `allowed_origins = {origins}`: expected origins");
            refused(&format!("[web]\nallowed_origins = {origins}"), &line);
        }
        refused("allowed_hosts = []", "/orb.toml:1: `allowed_hosts` belongs into [web]");
        refused("[webb]\nx = 1", "there is no table `webb`, did you mean `web`?");
    }
}
