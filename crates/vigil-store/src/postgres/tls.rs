//! Encryption on the way to PostgreSQL, by the `sslmode` of the URL, as PostgreSQL's own clients understand it: `prefer`
//! and `require` encrypt, `verify-ca` also checks by which authority the server's certificate is, and `verify-full` its name
//! too. Where authorities are given with `sslrootcert`, less than `verify-ca` is meant to be that. Refuses to look for any
//! authorities in the user's home.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How much the server has to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nothing: what is sent is encrypted, to whoever answers.
    Anybody,
    /// A certificate by an authority, for whatever name.
    Certified(Authorities),
    /// A certificate by an authority, for the name that it was reached by.
    Named(Authorities),
}

/// Those that this machine trusts, or those in this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Authorities {
    System,
    File(String),
}

/// Takes what is not the driver's out of the URL's parameters: the modes that verify, and the file of authorities.
pub(super) fn trust(url: &str) -> (String, Trust) {
    let Some((server, parameters)) = url.split_once('?') else { return (url.to_owned(), Trust::Anybody) };
    let (mut kept, mut authorities, mut mode) = (Vec::new(), None, "prefer");
    for parameter in parameters.split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", said)) => {
                mode = said;
                kept.push(match said {
                    "verify-ca" | "verify-full" => "sslmode=require",
                    "allow" => "sslmode=prefer",
                    _ => parameter,
                });
            }
            Some(("sslrootcert", "system")) => authorities = Some(Authorities::System),
            Some(("sslrootcert", file)) => authorities = Some(Authorities::File(file.to_owned())),
            _ => kept.push(parameter),
        }
    }
    let trust = match (mode, authorities) {
        ("verify-full", Some(authorities)) => Trust::Named(authorities),
        // The system's authorities certify anybody: without the name they would prove nothing.
        (_, Some(Authorities::System)) | ("verify-ca" | "verify-full", None) => {
            Trust::Named(Authorities::System)
        }
        (_, Some(authorities)) => Trust::Certified(authorities),
        (_, None) => Trust::Anybody,
    };
    let parameters = kept.join("&");
    let url = if parameters.is_empty() { server.to_owned() } else { format!("{server}?{parameters}") };
    (url, trust)
}

/// Makes connections that trust so far. An error says what is wrong with the authorities.
pub(super) fn connector(trust: &Trust) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let dangerous = |verifier: Arc<dyn ServerCertVerifier>| {
        builder.clone().dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    };
    let config = match trust {
        Trust::Anybody => dangerous(Arc::new(Nameless { chains: None, provider })),
        Trust::Certified(authorities) => {
            let roots = Arc::new(roots(authorities)?);
            let chains = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            let chains = Some(chains.map_err(|error| error.to_string())?);
            dangerous(Arc::new(Nameless { chains, provider }))
        }
        Trust::Named(authorities) => {
            builder.with_root_certificates(roots(authorities)?).with_no_client_auth()
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(authorities: &Authorities) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Authorities::File(file) = authorities else {
        let native = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(native.certs);
        return if roots.is_empty() {
            Err("this machine trusts no certificate authority; name a file with sslrootcert".to_owned())
        } else {
            Ok(roots)
        };
    };
    let named = |error: &dyn std::fmt::Display| format!("sslrootcert {file}: {error}");
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| named(&error))? {
        let certificate = certificate.map_err(|error| named(&error))?;
        roots.add(certificate).map_err(|error| named(&error))?;
    }
    if roots.is_empty() { Err(named(&"no certificate in it")) } else { Ok(roots) }
}

/// Believes certificates whatever name they are for.
#[derive(Debug)]
struct Nameless {
    /// By known authorities; `None`: by anybody, as `sslmode=require` says, and only the handshake itself is checked.
    chains: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Nameless {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chains) = &self.chains else { return Ok(ServerCertVerified::assertion()) };
        // The name is looked at last, when everything else is known to be right.
        match chains.verify_server_cert(end, between, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, rest: &str, expected: Trust) {
        assert_eq!(trust(url), (rest.to_owned(), expected));
    }

    #[test]
    fn the_modes_that_verify_are_ours_and_the_others_the_drivers() {
        check("postgres://db/v", "postgres://db/v", Trust::Anybody);
        check("postgres://db/v?sslmode=disable", "postgres://db/v?sslmode=disable", Trust::Anybody);
        let file = || Authorities::File("/ca.pem".into());
        let require = "postgres://db/v?sslmode=require";
        check("postgres://db/v?sslmode=verify-full", require, Trust::Named(Authorities::System));
        check("postgres://db/v?sslmode=verify-ca", require, Trust::Named(Authorities::System));
        check("postgres://db/v?sslrootcert=/ca.pem&sslmode=verify-full", require, Trust::Named(file()));
        check("postgres://db/v?sslrootcert=/ca.pem&sslmode=verify-ca", require, Trust::Certified(file()));
    }

    #[test]
    fn authorities_that_are_given_are_asked_whatever_the_mode() {
        let file = || Trust::Certified(Authorities::File("/ca.pem".into()));
        check(
            "postgres://db/v?sslmode=require&sslrootcert=/ca.pem",
            "postgres://db/v?sslmode=require",
            file(),
        );
        check("postgres://db/v?sslrootcert=/ca.pem", "postgres://db/v", file());
        let system = Trust::Named(Authorities::System);
        check(
            "postgres://db/v?sslmode=require&sslrootcert=system",
            "postgres://db/v?sslmode=require",
            system,
        );
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let file = Trust::Certified(Authorities::File("/no/such/file".into()));
        let said = connector(&file).err().unwrap();
        assert!(said.starts_with("sslrootcert /no/such/file: "), "{said}");
        assert!(connector(&Trust::Anybody).is_ok());
    }
}
