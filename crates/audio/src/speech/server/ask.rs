//! One text, one connection: asks and reads the answer within bounds.

use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::{ServerError, SpeechServer};
use crate::file;
use crate::pcm::Pcm;

/// Most bytes of a sound: a thousand characters of slow speech at 48 kHz.
const MAX_BODY: usize = 8 << 20;

/// Asks on a thread of its own, so that it may be called from anywhere.
pub(super) fn ask(
    server: &SpeechServer,
    text: &str,
    voice: &str,
    limit: Duration,
) -> Result<Pcm, ServerError> {
    let body = serde_json::json!({
        "model": server.model,
        "input": text,
        "voice": voice,
        "response_format": "wav",
    });
    let body = body.to_string();
    let asked = thread::scope(|scope| {
        let name = thread::Builder::new().name("speech".to_owned());
        let asking = name.spawn_scoped(scope, || within(server, body, limit))?;
        asking.join().unwrap_or(Err(ServerError::Broken))
    })?;
    Ok(file::read(&asked)?)
}

fn within(server: &SpeechServer, body: String, limit: Duration) -> Result<Bytes, ServerError> {
    let begun = Instant::now();
    // Looking up a name blocks, and has a time limit of its own in the system.
    let addresses: Vec<_> = place(&server.uri).to_socket_addrs()?.collect();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().enable_time().build()?;
    let left = limit.saturating_sub(begun.elapsed());
    let asked = async {
        let stream = TcpStream::connect(addresses.as_slice()).await?;
        if server.uri.scheme_str() != Some("https") {
            return exchange(server, stream, body).await;
        }
        let host = server.uri.host().unwrap_or_default();
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name = name.map_err(|error| ServerError::Trust(error.to_string()))?;
        let tls = TlsConnector::from(trusting(server)?);
        exchange(server, tls.connect(name, stream).await?, body).await
    };
    runtime.block_on(async {
        let asked = tokio::time::timeout(left, asked).await;
        asked.unwrap_or(Err(ServerError::Slow { limit }))
    })
}

fn place(uri: &Uri) -> (&str, u16) {
    let secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let host = uri.host().unwrap_or_default();
    (host.trim_matches(['[', ']']), port)
}

async fn exchange<S>(server: &SpeechServer, stream: S, body: String) -> Result<Bytes, ServerError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connected = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(no_http)?;
    let driven = tokio::spawn(connection);
    let mut request = Request::post(
        server
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str()),
    )
    .header(
        HOST,
        server.uri.authority().map_or("", |host| host.as_str()),
    )
    .header(USER_AGENT, concat!("callroute/", env!("CARGO_PKG_VERSION")))
    .header(ACCEPT, "audio/wav, audio/*;q=0.5")
    .header(CONTENT_TYPE, "application/json")
    .header("connection", "close");
    if let Some(key) = &server.key {
        let value = HeaderValue::try_from(format!("Bearer {}", key.expose()));
        let mut value = value.map_err(|_| ServerError::Broken)?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let request = request.body(Full::new(Bytes::from(body)));
    let answer = sender
        .send_request(request.map_err(|_| ServerError::Broken)?)
        .await
        .map_err(no_http)?;
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(ServerError::Status { status });
    }
    let body = Limited::new(answer.into_body(), MAX_BODY).collect().await;
    driven.abort();
    let body = body.map_err(|_| ServerError::Body { limit: MAX_BODY })?;
    Ok(body.to_bytes())
}

fn no_http(error: hyper::Error) -> ServerError {
    ServerError::Http(error.into())
}

/// How the server is known. The system's certificates are read once: there are some hundred files.
fn trusting(server: &SpeechServer) -> Result<Arc<ClientConfig>, ServerError> {
    if let Some(trust) = server.trust.get() {
        return Ok(Arc::clone(trust));
    }
    let trust = trust(&server.roots)?;
    Ok(Arc::clone(server.trust.get_or_init(|| trust)))
}

/// The certificates of the system, and those that were named.
fn trust(named: &[Vec<u8>]) -> Result<Arc<ClientConfig>, ServerError> {
    let fault = |error: &dyn std::fmt::Display| ServerError::Trust(error.to_string());
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    // Some of a system's are often unreadable; that none is left is told below.
    roots.add_parsable_certificates(system.certs);
    for pem in named {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| fault(&error))?;
            roots.add(certificate).map_err(|error| fault(&error))?;
        }
    }
    if roots.is_empty() {
        return Err(fault(&"the system has none"));
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&error))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}
