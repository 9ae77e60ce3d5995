//! The typed client: one authenticated connection, one accessor per service.

use std::{fmt, net::IpAddr, time::Duration};

use thiserror::Error;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, Channel, ClientTlsConfig, Identity, Uri},
};

use crate::{
    Token,
    v1::{
        control_service_client::ControlServiceClient, history_service_client::HistoryServiceClient,
        live_service_client::LiveServiceClient, log_service_client::LogServiceClient,
        portfolio_service_client::PortfolioServiceClient, signal_service_client::SignalServiceClient,
    },
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Where the daemon is and how to be let in.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `http://HOST:PORT`, `https://HOST:PORT` or `unix:///PATH`, the socket of a daemon on this machine.
    pub uri: String,
    /// The bearer token. Absent: only the open services answer.
    pub token: Option<Token>,
    /// The certificate authority that the server's certificate must come from, in PEM.
    /// Needed with `https`.
    pub ca_certificate_pem: Option<Vec<u8>>,
    /// Who the client is, where the daemon wants a certificate. Absent: it has none. Only with `https`.
    pub identity: Option<ClientIdentity>,
    /// How long a call may take until its reply, or a stream until its first headers.
    pub call_timeout: Duration,
}

impl Endpoint {
    /// Creates an endpoint without TLS and with a call timeout of 30 s.
    #[must_use]
    pub fn new(uri: impl Into<String>, token: Option<Token>) -> Self {
        Self { uri: uri.into(), token, ca_certificate_pem: None, identity: None, call_timeout: CALL_TIMEOUT }
    }
}

/// A client's certificate and its private key. `Debug` does not show the key.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate and those between it and its authority, in PEM.
    pub certificate_pem: Vec<u8>,
    /// Its private key, in PEM.
    pub key_pem: Vec<u8>,
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(..)")
    }
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The address has none of the forms that there are.
    #[error("endpoint {uri:?} is not of the form http://HOST:PORT, https://HOST:PORT or unix:///PATH")]
    InvalidUri {
        /// The address as given.
        uri: String,
    },
    /// The token would cross a network in clear.
    #[error("a token is sent without encryption only to this machine, not to {host:?}: use https")]
    Unencrypted {
        /// The host of the address.
        host: String,
    },
    /// `https` without a certificate authority, or with a certificate that cannot be read.
    #[error("https needs a valid certificate of its certificate authority, in PEM")]
    Certificate(#[source] Option<tonic::transport::Error>),
    /// Nobody answers there.
    #[error("cannot connect to {uri}: {}", innermost(source))]
    Unavailable {
        /// The address as given.
        uri: String,
        /// What the transport says.
        source: tonic::transport::Error,
    },
}

/// Returns what lies at the bottom of an error: the transport's own words say only that there was one.
fn innermost(error: &tonic::transport::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Adds the bearer token to each call.
#[derive(Clone, Debug)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    fn new(token: Option<&Token>) -> Self {
        // A `Token` is printable ASCII, which is what a header value may hold.
        let value = token.and_then(|token| format!("Bearer {}", token.expose()).parse().ok());
        Self(value.map(|mut value: MetadataValue<Ascii>| {
            value.set_sensitive(true);
            value
        }))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// The transport of the service clients: a connection that authenticates each call.
pub type Authorized = InterceptedService<Channel, Bearer>;

/// One connection to the daemon. Clones share it.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    bearer: Bearer,
}

impl Client {
    /// Connects, within five seconds.
    ///
    /// # Errors
    /// [`ConnectError`] when the address is no address, the token would cross a network
    /// in clear, the certificate authority is missing, or nobody answers.
    pub async fn connect(endpoint: Endpoint) -> Result<Self, ConnectError> {
        let transport = transport(&endpoint)?;
        let bearer = Bearer::new(endpoint.token.as_ref());
        match transport.connect().await {
            Ok(channel) => Ok(Self { channel, bearer }),
            Err(source) => Err(ConnectError::Unavailable { uri: endpoint.uri, source }),
        }
    }

    /// Returns the client of the state and the commands.
    #[must_use]
    pub fn control(&self) -> ControlServiceClient<Authorized> {
        ControlServiceClient::new(self.authorized())
    }

    /// Returns the client of the account and its positions.
    #[must_use]
    pub fn portfolio(&self) -> PortfolioServiceClient<Authorized> {
        PortfolioServiceClient::new(self.authorized())
    }

    /// Returns the client of signals and decisions.
    #[must_use]
    pub fn signals(&self) -> SignalServiceClient<Authorized> {
        SignalServiceClient::new(self.authorized())
    }

    /// Returns the client of the stream of everything.
    #[must_use]
    pub fn live(&self) -> LiveServiceClient<Authorized> {
        LiveServiceClient::new(self.authorized())
    }

    /// Returns the client of trades, metrics and equity.
    #[must_use]
    pub fn history(&self) -> HistoryServiceClient<Authorized> {
        HistoryServiceClient::new(self.authorized())
    }

    /// Returns the client of the log.
    #[must_use]
    pub fn logs(&self) -> LogServiceClient<Authorized> {
        LogServiceClient::new(self.authorized())
    }

    fn authorized(&self) -> Authorized {
        InterceptedService::new(self.channel.clone(), self.bearer.clone())
    }
}

fn transport(endpoint: &Endpoint) -> Result<tonic::transport::Endpoint, ConnectError> {
    let invalid = || ConnectError::InvalidUri { uri: endpoint.uri.clone() };
    if let Some(path) = endpoint.uri.strip_prefix("unix:") {
        // Nothing leaves the machine, and the socket's file says who may open it.
        let socket = path.strip_prefix("//").filter(|path| path.starts_with('/') && path.len() > 1);
        let socket = tonic::transport::Endpoint::from_shared(format!("unix://{}", socket.ok_or_else(invalid)?));
        return socket.map(|transport| with_limits(transport, endpoint)).map_err(|_| invalid());
    }
    let uri: Uri = endpoint.uri.parse().map_err(|_| invalid())?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(invalid());
    };
    let is_encrypted = match scheme {
        "http" => false,
        "https" => true,
        _ => return Err(invalid()),
    };
    if !is_encrypted && endpoint.token.is_some() && !is_loopback(host) {
        return Err(ConnectError::Unencrypted { host: host.to_owned() });
    }
    let transport = with_limits(tonic::transport::Endpoint::from(uri), endpoint);
    if is_encrypted { with_tls(transport, endpoint) } else { Ok(transport) }
}

fn with_limits(transport: tonic::transport::Endpoint, endpoint: &Endpoint) -> tonic::transport::Endpoint {
    transport
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(endpoint.call_timeout)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .tcp_nodelay(true)
}

fn with_tls(
    transport: tonic::transport::Endpoint,
    endpoint: &Endpoint,
) -> Result<tonic::transport::Endpoint, ConnectError> {
    let pem = endpoint.ca_certificate_pem.as_deref().ok_or(ConnectError::Certificate(None))?;
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
    let identity = endpoint.identity.as_ref().map(|of| Identity::from_pem(&of.certificate_pem, &of.key_pem));
    let tls = match identity {
        Some(identity) => tls.identity(identity),
        None => tls,
    };
    transport.tls_config(tls).map_err(|source| ConnectError::Certificate(Some(source)))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(uri: &str) -> Endpoint {
        Endpoint::new(uri, Token::parse("secret").ok())
    }

    #[test]
    fn an_address_names_scheme_and_host() {
        for uri in
            ["", "unix:", "unix:orb.sock", "unix:///", "localhost:7070", "ftp://localhost", "http://", "not an address"]
        {
            let error = transport(&endpoint(uri)).unwrap_err();
            assert!(matches!(error, ConnectError::InvalidUri { .. }), "{uri:?}: {error}");
        }
    }

    #[test]
    fn a_token_leaves_the_machine_only_encrypted() {
        for uri in ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"] {
            assert!(transport(&endpoint(uri)).is_ok(), "{uri}");
        }
        for uri in ["http://10.0.0.1:1", "http://localhost.example.com:1"] {
            let error = transport(&endpoint(uri)).unwrap_err();
            assert!(matches!(error, ConnectError::Unencrypted { .. }), "{uri}: {error}");
        }
        assert!(transport(&Endpoint::new("http://10.0.0.1:1", None)).is_ok());
    }

    #[test]
    fn a_socket_of_this_machine_is_an_address() {
        assert!(transport(&endpoint("unix:///run/orb/api.sock")).is_ok());
    }

    #[test]
    fn https_needs_a_certificate_authority() {
        let error = transport(&endpoint("https://orb.example.com")).unwrap_err();
        assert!(matches!(error, ConnectError::Certificate(None)), "{error}");
    }

    #[test]
    fn the_token_is_sent_and_never_printed() {
        let mut bearer = Bearer::new(endpoint("").token.as_ref());
        assert!(!format!("{bearer:?}").contains("secret"));
        let request = bearer.call(Request::new(())).unwrap();
        assert_eq!(request.metadata().get("authorization").unwrap(), "Bearer secret");
    }
}
