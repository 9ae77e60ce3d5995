//! The way to the collector: OTLP over gRPC.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::KeyValue;
use opentelemetry_otlp::{RetryPolicy, SpanExporter, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use secrecy::ExposeSecret as _;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use url::Url;

use super::OtelConfig;
use crate::environment::credentials::{CredentialsError, one_secret};

/// How long one attempt may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// The systemd credential.
const FILE: &str = "orb-otel-headers";
/// The variable.
const VARIABLE: &str = "ORB_OTEL_HEADERS";
/// Where Debian and its relatives keep the system's authorities.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Explains why no trace can be sent; never tells a header.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TracesError {
    /// The headers cannot be read.
    #[error(transparent)]
    Secret(#[from] CredentialsError),
    /// The headers are something else.
    #[error("{FILE} or {VARIABLE} is no list of headers: write NAME=VALUE,NAME=VALUE with blanks as %20")]
    Headers,
    /// The authorities cannot be read.
    #[error("cannot read the authorities {}: {source}; name others as authority_file in [otel]", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The address or the certificates cannot be used.
    #[error("the collector's address or authorities cannot be used: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The exporter cannot be made.
    #[error("the exporter cannot be made: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Looks whether traces could be sent; nothing is.
///
/// # Errors
/// When the headers or the authorities are not as they must be.
pub(crate) fn probe(config: &OtelConfig) -> Result<(), TracesError> {
    let Some(url) = &config.endpoint else { return Ok(()) };
    headers()?;
    endpoint(url, config.authority.as_deref()).map(drop)
}

/// Makes the exporter; the connection is made when there is something to send.
pub(super) fn open(url: &Url, authority: Option<&Path>) -> Result<Exporter, TracesError> {
    let channel: Channel = endpoint(url, authority)?.connect_lazy();
    let mut exporter = SpanExporter::builder()
        .with_tonic()
        .with_channel(channel)
        .with_metadata(MetadataMap::from_headers(headers()?))
        // What failed is tried again with what came meanwhile.
        .with_retry_policy(RetryPolicy::disabled())
        .build()?;
    exporter.set_resource(&resource());
    Ok(Exporter(exporter))
}

/// Sends spans.
#[derive(Debug)]
pub(super) struct Exporter(SpanExporter);

impl Exporter {
    /// Sends spans, once; tells why they did not go out.
    pub(super) async fn send(&self, spans: Vec<SpanData>) -> Result<(), String> {
        match tokio::time::timeout(DEADLINE, self.0.export(spans)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("it does not answer in time".to_owned()),
        }
    }
}

fn resource() -> Resource {
    let attributes =
        [KeyValue::new("service.name", "orbd"), KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
    Resource::builder_empty().with_attributes(attributes).build()
}

fn endpoint(url: &Url, authority: Option<&Path>) -> Result<Endpoint, TracesError> {
    let endpoint = Endpoint::from_shared(url.to_string())?.timeout(DEADLINE).connect_timeout(DEADLINE);
    if url.scheme() != "https" {
        return Ok(endpoint);
    }
    let path = authority.unwrap_or_else(|| Path::new(AUTHORITIES));
    let pem = std::fs::read(path).map_err(|source| TracesError::Authority { path: path.to_owned(), source })?;
    Ok(endpoint.tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))?)
}

fn headers() -> Result<HeaderMap, TracesError> {
    match one_secret(FILE, VARIABLE)? {
        Some(found) => read(found.expose_secret()).ok_or(TracesError::Headers),
        None => Ok(HeaderMap::new()),
    }
}

/// Reads headers as OpenTelemetry writes them: `name=value,name=value`, the values with `%` for what is special.
fn read(text: &str) -> Option<HeaderMap> {
    let header = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let mut value = HeaderValue::from_bytes(&decoded(value)?).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name).ok()?, value))
    };
    text.split(',').map(header).collect()
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(match byte {
            b'%' => digit(rest.next())? << 4 | digit(rest.next())?,
            byte => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_opentelemetry_writes_them_and_never_shown() {
        let found = read("authorization=Bearer%20hunter2,x-team=desk").expect("headers");
        assert_eq!(found["authorization"].as_bytes(), b"Bearer hunter2");
        assert_eq!(found["x-team"].as_bytes(), b"desk");
        assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
        for text in ["", "hunter2", "a b=c", "a=%2", "a=%zz", "a=b,,c=d"] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[tokio::test]
    async fn an_encrypted_collector_needs_authorities_that_can_be_read() {
        let url = Url::parse("https://collector.example").expect("an address");
        let error = endpoint(&url, Some(Path::new("/nowhere/at/all.pem"))).expect_err("not there").to_string();
        assert!(error.contains("/nowhere/at/all.pem") && error.contains("authority_file"), "{error}");
        let certified =
            rcgen::generate_simple_self_signed(vec!["collector.example".to_owned()]).expect("a certificate");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), certified.cert.pem()).expect("written");
        assert!(open(&url, Some(file.path())).is_ok());
    }
}
