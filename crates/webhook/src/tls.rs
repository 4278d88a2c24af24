//! TLS for https: rustls with the roots of the operating system.

use std::io;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::failure::{Failure, FailureClass, chain};

/// Makes TLS connections; the roots are read once, when the first one is made.
pub(crate) struct Tls {
    extra_roots: Vec<Vec<u8>>,
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    pub(crate) fn new(extra_roots: Vec<Vec<u8>>) -> Self {
        Self {
            extra_roots,
            connector: OnceCell::new(),
        }
    }

    pub(crate) async fn handshake(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let connector = self.connector.get_or_try_init(|| self.build()).await?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| failed(format!("`{host}` cannot be in a certificate: {error}")))?;
        connector
            .connect(name, stream)
            .await
            .map_err(|error: io::Error| failed(format!("`{host}`: {}", chain(&error))))
    }

    async fn build(&self) -> Result<TlsConnector, Failure> {
        let extra = self.extra_roots.clone();
        // Reads files.
        tokio::task::spawn_blocking(move || connector(extra))
            .await
            .map_err(|error| failed(format!("the root certificates could not be read: {error}")))?
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("extra_roots", &self.extra_roots.len())
            .field("ready", &self.connector.initialized())
            .finish()
    }
}

fn connector(extra: Vec<Vec<u8>>) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    for der in extra {
        roots
            .add(CertificateDer::from(der))
            .map_err(|error| failed(format!("an extra root certificate is not valid: {error}")))?;
    }
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        let reasons: Vec<String> = native.errors.iter().map(ToString::to_string).collect();
        return Err(failed(format!(
            "this system has no root certificates; install its ca-certificates, or give \
             extra_roots: {}",
            reasons.join("; ")
        )));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn failed(detail: String) -> Failure {
    Failure::new(FailureClass::Tls, detail)
}

#[cfg(test)]
mod tests;
