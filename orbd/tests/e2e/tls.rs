//! The API with certificates, and over a socket of the machine.

use std::{
    fs,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::Path,
};

use orb_api::{Client, ClientIdentity, ConnectError, Endpoint, Token, v1};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::{
    client::until,
    daemon::{Demo, text},
};

/// Who makes certificates.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Returns a certificate for this machine and its private key.
    pub(crate) fn certificate(&self) -> (String, String) {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().unwrap();
        let made = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        (made.pem(), key.serialize_pem())
    }
}

/// A folder with certificates, a configuration that names them, and a daemon's state.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(authority: &Authority, clients: Option<&Authority>) -> Self {
        let place = Self { folder: TempDir::new().unwrap() };
        fs::create_dir(place.state()).unwrap();
        place.renew(authority);
        let at = |name: &str| text(&place.folder.path().join(name)).to_owned();
        let mut file =
            format!("[tls]\ncertificate_file = \"{}\"\nkey_file = \"{}\"\n", at("server.pem"), at("server.key"));
        if let Some(clients) = clients {
            place.write("clients.pem", &clients.pem);
            file.push_str(&format!("client_ca_file = \"{}\"\n", at("clients.pem")));
        }
        place.write("orb.toml", &file);
        place
    }

    /// Replaces a file, for its owner alone.
    fn write(&self, name: &str, content: &str) {
        let fresh = self.folder.path().join("fresh");
        fs::write(&fresh, content).unwrap();
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(&fresh, self.folder.path().join(name)).unwrap();
    }

    fn renew(&self, authority: &Authority) {
        let (certificate, key) = authority.certificate();
        self.write("server.pem", &certificate);
        self.write("server.key", &key);
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    fn start(&self) -> Demo {
        let config = self.folder.path().join("orb.toml");
        let mut demo = Demo::start(&self.state(), &["--speed", "max", "--config", text(&config)]);
        demo.session_over();
        demo
    }
}

fn token(state: &Path) -> Token {
    Token::parse(&fs::read_to_string(state.join("token")).unwrap()).unwrap()
}

/// Connects with a certificate authority, and perhaps a certificate of one's own, and asks who one is.
async fn call(demo: &Demo, ca: &Authority, identity: Option<ClientIdentity>) -> Result<String, String> {
    let port = demo.address.rsplit(':').next().unwrap();
    let endpoint = Endpoint {
        ca_certificate_pem: Some(ca.pem.clone().into_bytes()),
        identity,
        ..Endpoint::new(format!("https://localhost:{port}"), Some(token(&demo.folder)))
    };
    asked(Client::connect(endpoint).await).await
}

async fn asked(client: Result<Client, ConnectError>) -> Result<String, String> {
    let client = client.map_err(|error| error.to_string())?;
    let caller = client.control().get_caller(v1::GetCallerRequest {}).await;
    caller.map(|caller| caller.into_inner().actor).map_err(|status| status.to_string())
}

fn identity(authority: &Authority) -> Option<ClientIdentity> {
    let (certificate, key) = authority.certificate();
    Some(ClientIdentity { certificate_pem: certificate.into_bytes(), key_pem: key.into_bytes() })
}

/// Calls as clients on this machine do, by the file that the daemon writes for them.
async fn call_by_context(state: &Path) -> Result<String, String> {
    let file: toml::Table = fs::read_to_string(state.join("orbctl.toml")).unwrap().parse().unwrap();
    let endpoint = file["contexts"]["demo"]["endpoint"].as_str().unwrap().to_owned();
    assert!(endpoint.starts_with("unix:///"), "{endpoint}");
    asked(Client::connect(Endpoint::new(endpoint, Some(token(state)))).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn with_certificates_the_port_is_encrypted_and_a_socket_serves_the_machine() {
    let (authority, other) = (Authority::new("one"), Authority::new("other"));
    let place = Place::new(&authority, None);
    let mut demo = place.start();
    assert_eq!(call(&demo, &authority, None).await.as_deref(), Ok("demo"));
    assert!(call(&demo, &other, None).await.is_err(), "a certificate of another authority was taken");
    let clear = Client::connect(Endpoint::new(format!("http://{}", demo.address), Some(token(&demo.folder)))).await;
    assert!(asked(clear).await.is_err(), "the port answers without encryption");
    let socket = fs::metadata(demo.folder.join("api.sock")).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(call_by_context(&demo.folder).await.as_deref(), Ok("demo"));
    demo.terminate();
    assert!(!demo.folder.join("api.sock").exists(), "the socket is left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn where_clients_need_certificates_those_of_their_authority_alone_get_in() {
    let (authority, clients, strangers) = (Authority::new("one"), Authority::new("clients"), Authority::new("other"));
    let place = Place::new(&authority, Some(&clients));
    let mut demo = place.start();
    assert_eq!(call(&demo, &authority, identity(&clients)).await.as_deref(), Ok("demo"));
    assert!(call(&demo, &authority, None).await.is_err(), "no certificate was needed");
    assert!(call(&demo, &authority, identity(&strangers)).await.is_err(), "any certificate is good");
    // What must stop a daemon on this machine needs no certificate.
    assert_eq!(call_by_context(&demo.folder).await.as_deref(), Ok("demo"));
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn new_certificates_come_into_force_and_broken_ones_do_not() {
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    let place = Place::new(&before, None);
    let mut demo = place.start();
    assert_eq!(call(&demo, &before, None).await.as_deref(), Ok("demo"));
    place.write("server.pem", "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n");
    demo.logs("ALARM: the new certificates cannot be used");
    assert_eq!(call(&demo, &before, None).await.as_deref(), Ok("demo"));
    place.renew(&after);
    let taken =
        until("the new certificate", || call(&demo, &after, None), |answer| answer.as_deref() == Ok("demo")).await;
    assert_eq!(taken.as_deref(), Ok("demo"));
    assert!(call(&demo, &before, None).await.is_err(), "the certificate of before is still in force");
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_socket_that_is_named_is_where_clients_of_the_machine_are_sent() {
    let folder = TempDir::new().unwrap();
    let (config, socket) = (folder.path().join("orb.toml"), folder.path().join("orb.sock"));
    let state = folder.path().join("state");
    fs::write(&config, format!("[daemon]\nsocket = \"{}\"\n", text(&socket))).unwrap();
    let start = || Demo::start(&state, &["--speed", "max", "--config", text(&config)]);
    let mut demo = start();
    demo.session_over();
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(call_by_context(&state).await.as_deref(), Ok("demo"));
    // The token is needed there too.
    let stranger = Client::connect(Endpoint::new(format!("unix://{}", text(&socket)), None)).await;
    assert!(asked(stranger).await.unwrap_err().contains("a token is needed"));
    demo.kill_9();
    assert!(socket.exists(), "who is killed leaves it behind");
    let mut demo = start();
    demo.session_over();
    assert_eq!(call_by_context(&state).await.as_deref(), Ok("demo"));
    demo.terminate();
}
