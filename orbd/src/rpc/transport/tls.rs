//! Certificates from files, which may be replaced while the daemon runs.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use thiserror::Error;
use tokio_rustls::rustls::{
    self, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    server::{VerifierBuilderError, WebPkiClientVerifier},
};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Says where certificates are; the paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The daemon's certificate and those between it and its authority, in PEM.
    pub certificate: PathBuf,
    /// The certificate's private key, in PEM; only its owner may read it.
    pub key: PathBuf,
    /// The authority that clients' certificates must come from, in PEM. `None`: clients need no certificate.
    pub client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// Reads the files as a daemon does.
    ///
    /// # Errors
    /// [`TlsError`] when they cannot be read, or do not go together.
    pub fn check(&self) -> Result<(), TlsError> {
        load(self).map(|_| ())
    }
}

/// Explains why certificates cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM of its kind.
    #[error("{key}: cannot read {} from {}: {source}; give a PEM file", what, path.display())]
    File {
        /// The key of the configuration that names the file.
        key: &'static str,
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A file holds nothing of its kind.
    #[error("{key}: there is no certificate in {}; give a PEM file with one", path.display())]
    Empty {
        /// The key of the configuration that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner may read the private key.
    #[error("key_file: the private key {} can be read by others (mode {mode:03o}); run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Certificate and key do not go together, or are of a kind that is not supported.
    #[error("certificate_file and key_file do not fit: {0}; give the key that the certificate was made with")]
    Mismatch(#[source] rustls::Error),
    /// The authority of the clients cannot be used.
    #[error("client_ca_file: {}: {source}; give the certificate of the clients' authority", path.display())]
    ClientAuthority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: VerifierBuilderError,
    },
}

/// Which versions of the files were seen.
type Seen = Vec<Option<(u64, u64, i64, i64)>>;

/// The certificates in force. Connections that are open keep theirs.
#[derive(Debug)]
pub(super) struct Certificates {
    /// Where they are, and what was seen there last; held while others are read.
    place: Mutex<Place>,
    config: RwLock<Arc<ServerConfig>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    files: TlsFiles,
    seen: Seen,
}

/// Certificates that were read and are good, and not in force.
#[derive(Debug)]
pub(super) struct Fresh {
    place: Place,
    config: Arc<ServerConfig>,
    /// They are other files, or other versions of them, than those in force.
    pub(super) is_other: bool,
}

impl Certificates {
    /// Reads the files for the first time.
    pub(super) fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let place = Place::of(files);
        let config = RwLock::new(load(&place.files)?);
        Ok(Self { place: Mutex::new(place), config })
    }

    /// Reads files, the same or others; those of before stay in force.
    pub(super) fn read_again(&self, files: &TlsFiles) -> Result<Fresh, TlsError> {
        // What is replaced while it is read is seen again by the next look.
        let place = Place::of(files.clone());
        let config = load(files)?;
        let is_other = *self.place() != place;
        Ok(Fresh { place, config, is_other })
    }

    /// Puts certificates in force for new connections, and follows their files from now on.
    pub(super) fn turn_to(&self, fresh: Fresh) {
        let mut place = self.place();
        *place = fresh.place;
        self.put(fresh.config);
    }

    fn put(&self, config: Arc<ServerConfig>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        // Whole whenever the lock is free: nothing panics between its changes.
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what a new connection is encrypted with.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes new files as they come, and never ends by itself.
    pub(super) async fn follow(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look();
        }
    }

    /// Takes the files if they have changed and are good; otherwise those of before stay in force.
    fn look(&self) {
        let mut place = self.place();
        let now = versions(&place.files);
        if now == place.seen {
            return;
        }
        match load(&place.files) {
            Ok(config) => {
                self.put(config);
                tracing::info!(component = "Api", "new certificates are in force for new connections");
            }
            // Certificate and key are two files: between the two renames they do not fit, and the next look sees both.
            Err(error) => tracing::warn!(
                component = "Api",
                "ALARM: the new certificates cannot be used, and those of before stay in force: {error}"
            ),
        }
        place.seen = now;
    }
}

impl Place {
    fn of(files: TlsFiles) -> Self {
        let seen = versions(&files);
        Self { files, seen }
    }
}

fn versions(files: &TlsFiles) -> Seen {
    let TlsFiles { certificate, key, client_ca } = files;
    let version = |path: &Path| {
        let found = fs::metadata(path).ok()?;
        Some((found.ino(), found.size(), found.ctime(), found.ctime_nsec()))
    };
    [Some(certificate), Some(key), client_ca.as_ref()].into_iter().flatten().map(|path| version(path)).collect()
}

fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates("certificate_file", &files.certificate)?;
    let key = private_key(&files.key)?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Mismatch)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates("client_ca_file", path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let failed = |source| TlsError::ClientAuthority { path: path.clone(), source };
            builder.with_client_cert_verifier(verifier.map_err(failed)?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Mismatch)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::File { key, what: "a certificate", path: path.to_owned(), source };
    let found = CertificateDer::pem_file_iter(path).map_err(failed)?;
    let chain = found.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if chain.is_empty() { Err(TlsError::Empty { key, path: path.to_owned() }) } else { Ok(chain) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let failed = |source| TlsError::File { key: "key_file", what: "a private key", path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(|error: io::Error| failed(pem::Error::Io(error)))?.permissions().mode();
    // A service manager may give the file to a group of its own; nobody else is to read it.
    if mode & 0o007 != 0 {
        return Err(TlsError::Exposed { path: path.to_owned(), mode: mode & 0o777 });
    }
    PrivateKeyDer::from_pem_file(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder {
        folder: tempfile::TempDir,
        files: TlsFiles,
    }

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let at = |name| folder.path().join(name);
            let files = TlsFiles { certificate: at("server.pem"), key: at("server.key"), client_ca: None };
            let made = Self { folder, files };
            made.write(&made.files.certificate, &certificate().0);
            made
        }

        fn write(&self, path: &Path, text: &str) {
            // As tools do that renew certificates: the file is replaced.
            let fresh = self.folder.path().join("fresh");
            fs::write(&fresh, text).unwrap();
            fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600)).unwrap();
            fs::rename(&fresh, path).unwrap();
        }

        fn renew(&self) {
            let (certificate, key) = certificate();
            self.write(&self.files.certificate, &certificate);
            self.write(&self.files.key, &key);
        }
    }

    fn certificate() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn files_that_cannot_be_used_are_named_with_the_remedy() {
        let folder = Folder::new();
        let error = |files: &TlsFiles| Certificates::read(files.clone()).unwrap_err().to_string();
        assert!(error(&folder.files).starts_with("key_file: cannot read a private key"), "{}", error(&folder.files));
        folder.write(&folder.files.key, "nothing");
        assert!(error(&folder.files).contains("give a PEM file"), "{}", error(&folder.files));
        folder.write(&folder.files.key, &certificate().1);
        assert!(error(&folder.files).contains("do not fit"), "{}", error(&folder.files));
        folder.renew();
        assert!(Certificates::read(folder.files.clone()).is_ok());
        fs::set_permissions(&folder.files.key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(error(&folder.files).contains("chmod 600"), "{}", error(&folder.files));
        folder.renew();
        let client_ca = Some(folder.files.key.clone());
        let wrong = error(&TlsFiles { client_ca, ..folder.files.clone() });
        assert!(wrong.starts_with("client_ca_file: there is no certificate"), "{wrong}");
    }

    #[test]
    fn new_certificates_are_taken_and_broken_ones_are_not() {
        let folder = Folder::new();
        folder.renew();
        let certificates = Certificates::read(folder.files.clone()).unwrap();
        let first = certificates.config();
        certificates.look();
        assert!(Arc::ptr_eq(&first, &certificates.config()));
        folder.write(&folder.files.certificate, "broken");
        certificates.look();
        assert!(Arc::ptr_eq(&first, &certificates.config()));
        folder.renew();
        certificates.look();
        assert!(!Arc::ptr_eq(&first, &certificates.config()));
    }

    #[test]
    fn other_files_are_read_first_and_then_followed() {
        let (folder, other) = (Folder::new(), Folder::new());
        folder.renew();
        other.renew();
        let certificates = Certificates::read(folder.files.clone()).unwrap();
        let first = certificates.config();
        assert!(!certificates.read_again(&folder.files).unwrap().is_other);
        let fresh = certificates.read_again(&other.files).unwrap();
        assert!(fresh.is_other && Arc::ptr_eq(&first, &certificates.config()), "they are not in force yet");
        certificates.turn_to(fresh);
        let second = certificates.config();
        assert!(!Arc::ptr_eq(&first, &second));
        folder.renew();
        certificates.look();
        assert!(Arc::ptr_eq(&second, &certificates.config()), "the files of before are followed");
        other.renew();
        certificates.look();
        assert!(!Arc::ptr_eq(&second, &certificates.config()), "the new files are not followed");
        other.write(&other.files.certificate, "broken");
        assert!(certificates.read_again(&other.files).is_err());
    }
}
