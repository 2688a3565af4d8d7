//! A certificate and its key, from their files to what connections use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

type Chain = Vec<CertificateDer<'static>>;

/// A certificate, as read from its files.
#[derive(Clone)]
pub struct Tls {
    pub(super) config: RustlsConfig,
    certificate: PathBuf,
    key: PathBuf,
    /// The chain that is in use.
    chain: Arc<Mutex<Chain>>,
}

/// A certificate that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate {certificate} with the key {key} cannot be used", certificate = certificate.display(), key = key.display())]
pub struct TlsUnusable {
    certificate: PathBuf,
    key: PathBuf,
    source: Unusable,
}

/// Why it cannot be.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("there is no certificate in {}: PEM is expected", .0.display())]
    NoCertificate(PathBuf),
    #[error("there is no private key in {}: PEM without a password is expected", .0.display())]
    NoKey(PathBuf),
    #[error("{} cannot be read", .0.display())]
    Unread(PathBuf, #[source] PemError),
    #[error("the key is not that of the certificate")]
    AnotherKey,
    #[error(transparent)]
    Refused(rustls::Error),
}

impl Tls {
    /// Reads a certificate chain and its private key, both PEM.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or they do not go together.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsUnusable> {
        match read(&certificate, &key) {
            Ok((chain, config)) => {
                let config = RustlsConfig::from_config(Arc::new(config));
                Ok(Self { config, certificate, key, chain: Arc::new(Mutex::new(chain)) })
            }
            Err(source) => Err(TlsUnusable { certificate, key, source }),
        }
    }

    /// Reads the files again; connections made from now on use what is in them. Returns whether it is another certificate.
    ///
    /// # Errors
    ///
    /// As [`Tls::load`]; the certificate that was there stays in use.
    pub fn reload(&self) -> Result<bool, TlsUnusable> {
        let Self { config, certificate, key, .. } = self;
        let (chain, fresh) = read(certificate, key).map_err(|source| TlsUnusable {
            certificate: certificate.clone(),
            key: key.clone(),
            source,
        })?;
        config.reload_from_config(Arc::new(fresh));
        let mut known = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let is_another = *known != chain;
        *known = chain;
        Ok(is_another)
    }
}

fn read(certificate: &Path, key: &Path) -> Result<(Chain, ServerConfig), Unusable> {
    let unread = |file: &Path, error| Unusable::Unread(file.to_owned(), error);
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Chain, _>>);
    let chain = chain.map_err(|error| unread(certificate, error))?;
    if chain.is_empty() {
        return Err(Unusable::NoCertificate(certificate.to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        PemError::NoItemsFound => Unusable::NoKey(key.to_owned()),
        error => unread(key, error),
    })?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(Unusable::Refused)?;
    let config = builder.with_no_client_auth().with_single_cert(chain.clone(), private);
    let mut config = config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => Unusable::AnotherKey,
        error => Unusable::Refused(error),
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((chain, config))
}
