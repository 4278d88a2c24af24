//! TLS for https: rustls with the roots of the operating system, or with those of a [`Trust`].

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::endpoint::Origin;
use crate::failure::{Failure, FailureClass, chain};
use crate::net::transport::Stream;
use crate::net::trust::Roots;

/// Makes TLS connections; the system's roots are read once, when the first one is made.
pub(crate) struct Tls {
    extra_roots: Roots,
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    pub(crate) fn new(extra_roots: Roots) -> Self {
        Self {
            extra_roots,
            connector: OnceCell::new(),
        }
    }

    /// The connection, and whether HTTP/2 was agreed on.
    pub(crate) async fn handshake(
        &self,
        origin: &Origin,
        stream: Box<dyn Stream>,
    ) -> Result<(TlsStream<Box<dyn Stream>>, bool), Failure> {
        let host = origin.host.as_str();
        let connector = match &origin.trust {
            Some(trust) => TlsConnector::from(Arc::clone(trust.config())),
            None => self
                .connector
                .get_or_try_init(|| self.build())
                .await?
                .clone(),
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| failed(format!("`{host}` cannot be in a certificate: {error}")))?;
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| failed(format!("`{host}`: {}", in_words(&chain(&error)))))?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((stream, http2))
    }

    async fn build(&self) -> Result<TlsConnector, Failure> {
        let roots = self.extra_roots.store().clone();
        // Reads files.
        tokio::task::spawn_blocking(move || connector(roots))
            .await
            .map_err(|error| failed(format!("the root certificates could not be read: {error}")))?
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("extra_roots", &self.extra_roots)
            .field("ready", &self.connector.initialized())
            .finish()
    }
}

fn connector(mut roots: RootCertStore) -> Result<TlsConnector, Failure> {
    add_system_roots(&mut roots).map_err(failed)?;
    let mut config = builder()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    speak_http(&mut config);
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Adds the roots of the operating system; says why when there are none at all.
pub(crate) fn add_system_roots(roots: &mut RootCertStore) -> Result<(), String> {
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if !roots.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = native.errors.iter().map(ToString::to_string).collect();
    Err(format!(
        "this system has no root certificates; install its ca-certificates, or give a CA of your \
         own: {}",
        reasons.join("; ")
    ))
}

pub(crate) fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

pub(crate) fn speak_http(config: &mut ClientConfig) {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
}

/// What is wrong with a certificate, and its mend where the library's words do not tell.
fn in_words(error: &str) -> String {
    if error.contains("CaUsedAsEndEntity") {
        return "its certificate is self-signed and says that it is a CA's, which a server's must \
                not; make it with `-addext basicConstraints=critical,CA:FALSE`, or sign another \
                with it, and name it as the CA (`ca`; `--ca` of `callroute trigger`)"
            .to_owned();
    }
    match error.contains("UnknownIssuer") {
        true => format!(
            "{error}: nobody who is trusted signed its certificate; name its CA (`ca`; `--ca` of \
             `callroute trigger`)"
        ),
        false => error.to_owned(),
    }
}

fn failed(detail: String) -> Failure {
    Failure::new(FailureClass::Tls, detail)
}

#[cfg(test)]
mod tests;
