//! Encryption on the way to PostgreSQL, by the `sslmode` of the URL, as PostgreSQL's own clients understand it: `prefer`
//! and `require` encrypt, `verify-ca` and `verify-full` also check the server's certificate and name.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How much the server has to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nothing: what is sent is encrypted, to whoever answers.
    Anybody,
    /// A certificate for its name, by an authority that this machine trusts, or by one of those in this file.
    Certified(Option<String>),
}

/// Takes what is not the driver's out of the URL's parameters: the modes that verify, and the file of authorities.
pub(super) fn trust(url: &str) -> (String, Trust) {
    let Some((server, parameters)) = url.split_once('?') else { return (url.to_owned(), Trust::Anybody) };
    let (mut kept, mut verify, mut authorities) = (Vec::new(), false, None);
    for parameter in parameters.split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", "verify-ca" | "verify-full")) => {
                verify = true;
                kept.push("sslmode=require");
            }
            Some(("sslmode", "allow")) => kept.push("sslmode=prefer"),
            Some(("sslrootcert", file)) => authorities = Some(file.to_owned()),
            _ => kept.push(parameter),
        }
    }
    let trust = if verify { Trust::Certified(authorities) } else { Trust::Anybody };
    let parameters = kept.join("&");
    let url = if parameters.is_empty() { server.to_owned() } else { format!("{server}?{parameters}") };
    (url, trust)
}

/// Makes connections that trust so far. An error says what is wrong with the authorities.
pub(super) fn connector(trust: &Trust) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let config = match trust {
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth(),
        Trust::Certified(file) => {
            builder.with_root_certificates(roots(file.as_deref())?).with_no_client_auth()
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(file: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
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

/// Believes any certificate, as `sslmode=require` says; only the handshake itself is checked.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
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
        let require = "postgres://db/v?sslmode=require";
        check("postgres://db/v?sslmode=verify-full", require, Trust::Certified(None));
        check(
            "postgres://db/v?sslrootcert=/ca.pem&sslmode=verify-ca",
            require,
            Trust::Certified(Some("/ca.pem".into())),
        );
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let file = Trust::Certified(Some("/no/such/file".into()));
        let said = connector(&file).err().unwrap();
        assert!(said.starts_with("sslrootcert /no/such/file: "), "{said}");
        assert!(connector(&Trust::Anybody).is_ok());
    }
}
