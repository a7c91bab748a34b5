//! Encrypted connections to a server whose certificate and name are checked.

use std::fs;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::Trust;
use crate::error::{Error, Kind};

pub(crate) fn connector(trust: &Trust) -> Result<MakeRustlsConnect, Error> {
    let failed = |error: rustls::Error| {
        Error::new(Kind::Config, "failed to prepare an encrypted connection").because(error)
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_root_certificates(roots(trust)?)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots(trust: &Trust) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::System => {
            // One that cannot be read does not make the others worse.
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(Error::new(
                    Kind::Config,
                    "this machine has no certificates to check a server's by; install `ca-certificates`, or name a file in `sslrootcert`",
                ));
            }
        }
        Trust::File(file) => {
            let shown = file.display();
            let wrong = |what: &str| {
                Error::new(Kind::Config, format!("{what} `{shown}`, of `sslrootcert`"))
            };
            let text = fs::read(file).map_err(|error| wrong("failed to read").because(error))?;
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|_| wrong("there is no certificate in"))?;
                let added = roots.add(certificate);
                added.map_err(|error| wrong("there is a wrong certificate in").because(error))?;
            }
            if roots.is_empty() {
                return Err(wrong("there is no certificate in"));
            }
        }
    }
    Ok(roots)
}
