//! Servers that prove who they are, and servers that do not.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::made::{HUNTER, config, message, open};
use super::server::{Answer, Server, body};
use crate::notify::config::Target;
use crate::notify::error::SendError;

/// Makes a certificate for a name, as a file and as a server shows it.
pub(super) fn certificate(name: &str) -> (tempfile::NamedTempFile, TlsAcceptor) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), cert.pem()).expect("written");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a server");
    (file, TlsAcceptor::from(Arc::new(config)))
}

async fn sent(name: &str, is_trusted: bool) -> (Result<(), SendError>, Vec<String>) {
    let (file, tls) = certificate(name);
    let server = Server::start_with(vec![Answer::ok()], Some(tls)).await;
    let mut config = config("desk", Target::Webhook);
    config.ca_file = is_trusted.then(|| file.path().to_owned());
    let url = format!("https://localhost:{}/hunter2", server.port);
    let channel = open(&config, &[("ORB_NOTIFY_DESK_URL", &url)]).expect("a channel");
    let sent = channel.send(&message("hello")).await;
    (sent, server.requests(1).await)
}

#[tokio::test]
async fn an_authority_of_one_s_own_is_trusted_when_it_is_named() {
    let (sent, requests) = sent("localhost", true).await;
    sent.expect("taken");
    assert_eq!(body(&requests[0])["notices"][0]["text"], "hello");
}

#[tokio::test]
async fn a_server_that_does_not_prove_who_it_is_is_told_nothing() {
    for (name, is_trusted) in [("localhost", false), ("other.example", true)] {
        let (sent, requests) = sent(name, is_trusted).await;
        let error = sent.expect_err("no proof");
        assert!(matches!(error, SendError::Tls(_)) && error.is_passing(), "{error}");
        assert!(requests[0].starts_with("no TLS"), "{requests:?}");
        assert!(!error.to_string().contains(HUNTER), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_nothing() {
    let server = Server::start(vec![Answer::ok()]).await;
    let url = format!("https://127.0.0.1:{}/hunter2", server.port);
    let channel = open(&config("desk", Target::Webhook), &[("ORB_NOTIFY_DESK_URL", &url)]).expect("a channel");
    let sending = channel.within(std::time::Duration::from_millis(500));
    let error = sending.send(&message("hello")).await.expect_err("no TLS");
    assert!(error.is_passing(), "{error}");
    assert!(server.seen().iter().all(|seen| !seen.contains(HUNTER) && !seen.contains("hello")));
}
