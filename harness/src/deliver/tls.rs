//! TLS of the client: whom it trusts, who it is.
//!
//! Owns the reading of PEM files. Refuses to trust everyone: there is no option for that.

use super::{Endpoint, Protocol, Settings};
use crate::failure::Failure;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// The configuration, if any endpoint needs one.
///
/// Errors: files that can't be read or hold nothing of use, names that are none.
pub(super) fn client(settings: &Settings) -> Result<Option<Arc<ClientConfig>>, Failure> {
    if !settings.endpoints.iter().any(Endpoint::is_tls) {
        return Ok(None);
    }
    for endpoint in settings.endpoints.iter().filter(|endpoint| endpoint.is_tls()) {
        server_name(settings, endpoint)?;
    }
    let roots = roots(settings.tls.ca.as_deref())?;
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(format!("TLS cannot be set up: {error}"), "this build of doorbuster lacks it"))?
        .with_root_certificates(roots);
    let mut config = match &settings.tls.identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let chain_pem = certificates(chain)?;
            let key_pem = PrivateKeyDer::from_pem_file(key).map_err(|error| {
                wrong(
                    format!("no private key in {}: {error}", key.display()),
                    "give a PEM file with `-----BEGIN PRIVATE KEY-----`, not encrypted",
                )
            })?;
            builder.with_client_auth_cert(chain_pem, key_pem).map_err(|error| {
                let message = format!("{} and {} do not make an identity: {error}", chain.display(), key.display());
                wrong(message, "give the certificate and the key that belong together")
            })?
        }
    };
    config.alpn_protocols = match settings.protocol {
        Protocol::Grpc => vec![b"h2".to_vec()],
        Protocol::Http => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    Ok(Some(Arc::new(config)))
}

/// The name that the certificate of an endpoint must have.
pub(super) fn server_name(settings: &Settings, endpoint: &Endpoint) -> Result<ServerName<'static>, Failure> {
    let name = settings.tls.server_name.as_deref().unwrap_or_else(|| endpoint.host());
    ServerName::try_from(name.to_owned()).map_err(|_| {
        wrong(format!("`{name}` is no name that a certificate can have"), "give a DNS name or an IP address")
    })
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    if let Some(ca) = ca {
        for certificate in certificates(ca)? {
            roots.add(certificate).map_err(|error| {
                let message = format!("a certificate in {} is no authority: {error}", ca.display());
                wrong(message, "give the PEM file of the authority that signed the endpoint's certificate")
            })?;
        }
        return Ok(roots);
    }
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        let error = native.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(wrong(
            format!("this machine has no certificates of authorities{error}"),
            "install them (package `ca-certificates`), or name the authority of the endpoint in a PEM file",
        ));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let help = "give a PEM file with `-----BEGIN CERTIFICATE-----`";
    let failed = |error: rustls::pki_types::pem::Error| {
        wrong(format!("cannot read certificates from {}: {error}", path.display()), help)
    };
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_file_iter(path).map_err(failed)? {
        certificates.push(certificate.map_err(failed)?);
    }
    if certificates.is_empty() {
        return Err(wrong(format!("there is no certificate in {}", path.display()), help));
    }
    Ok(certificates)
}

fn wrong(message: String, help: &str) -> Failure {
    Failure::Argument { message, help: help.to_owned() }
}
