//! Tests of https, with certificates made for them: a root of our own, and a server's for
//! `localhost`, one valid from 2020 to 2120 and one for January 2020.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::failure::FailureClass as Class;
use crate::testing::{ask, json, webhook};
use crate::{Client, ClientConfig, Roots, TrustError};

const ROOT: &[u8] = include_bytes!("fixture/root.der");
const VALID: &[u8] = include_bytes!("fixture/server.der");
const EXPIRED: &[u8] = include_bytes!("fixture/expired.der");
const KEY: &[u8] = include_bytes!("fixture/server.key.der");

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// Trusts our root beside those of the system.
fn client() -> Client {
    Client::new(ClientConfig {
        extra_roots: Roots::from_pem(pem(ROOT).as_bytes()).unwrap(),
        ..ClientConfig::default()
    })
}

/// A server that answers each request on a TLS connection with a hang-up; its port.
async fn serve(certificate: &'static [u8]) -> u16 {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], key)
            .unwrap();
    // A server that speaks no HTTP/1.1 would refuse us here, were it not announced.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            assert_eq!(
                stream.get_ref().1.alpn_protocol(),
                Some(b"http/1.1".as_slice())
            );
            tokio::spawn(async move {
                let mut sink = vec![0_u8; 4096];
                while matches!(stream.read(&mut sink).await, Ok(1..)) {
                    stream
                        .write_all(&json(r#"{"action":"hangup"}"#))
                        .await
                        .unwrap();
                    stream.flush().await.unwrap();
                }
            });
        }
    });
    port
}

/// The class of what an ask over TLS comes to.
async fn class(client: &Client, host: &str, port: u16, deadline_ms: u64) -> Result<(), Class> {
    let webhook = webhook(&[format!("https://{host}:{port}/")], deadline_ms);
    let asked = ask(client, &webhook).await;
    match asked.attempts[0].failure.clone() {
        None => Ok(()),
        Some(failure) => Err(failure.class),
    }
}

#[tokio::test]
async fn https_is_asked_and_its_connection_kept() {
    let (client, port) = (client(), serve(VALID).await);
    let webhook = webhook(&[format!("https://localhost:{port}/")], 10_000);
    for round in 0..3 {
        let asked = ask(&client, &webhook).await;
        assert!(asked.result.is_ok(), "{asked:?}");
        assert_eq!(asked.attempts[0].reused, round > 0);
        client.settle().await;
    }
}

#[tokio::test]
async fn certificates_that_are_not_to_be_trusted_are_not() {
    let port = serve(VALID).await;
    assert_eq!(class(&client(), "localhost", port, 10_000).await, Ok(()));
    let wrong_host = class(&client(), "127.0.0.1", port, 10_000).await;
    assert_eq!(wrong_host, Err(Class::Tls));
    let expired = serve(EXPIRED).await;
    assert_eq!(
        class(&client(), "localhost", expired, 10_000).await,
        Err(Class::Tls)
    );
    let stranger = Client::new(ClientConfig::default());
    assert_eq!(
        class(&stranger, "localhost", port, 10_000).await,
        Err(Class::Tls)
    );
}

/// Roots that are none are told when they are given, not with each call.
#[test]
fn roots_that_are_none_are_refused() {
    let no_certificate = |text: &str| {
        let error = Roots::from_pem(text.as_bytes()).unwrap_err();
        matches!(error, TrustError::NoCertificate { .. })
    };
    assert!(no_certificate("") && no_certificate("no certificate"));
    let broken = pem(ROOT) + &pem(b"no certificate");
    let error = Roots::from_pem(broken.as_bytes()).unwrap_err();
    assert!(matches!(error, TrustError::Unusable { .. }), "{error}");
    let cut = pem(ROOT).replace("-----END", "");
    let error = Roots::from_pem(cut.as_bytes()).unwrap_err();
    assert!(matches!(error, TrustError::Pem { .. }), "{error}");
    let two = pem(ROOT) + &pem(VALID);
    let two = Roots::from_pem(two.as_bytes()).unwrap();
    assert_eq!(format!("{two:?}"), "Roots(2)");
}

#[tokio::test]
async fn a_handshake_that_does_not_end_or_is_none_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap().port();
    assert_eq!(
        class(&client(), "localhost", silent, 500).await,
        Err(Class::Tls)
    );
    let garbage = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = garbage.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = garbage.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        let mut sink = Vec::new();
        let _ = stream.read_to_end(&mut sink).await;
    });
    assert_eq!(
        class(&client(), "localhost", port, 10_000).await,
        Err(Class::Tls)
    );
}

#[test]
fn another_ca_is_another_webhook_as_far_as_health_goes() {
    let plain = webhook(&["https://localhost/".to_owned()], 1000);
    let trusting = |der: &[u8]| {
        let trust = crate::Trust::from_pem(Some(pem(der).as_bytes()), None).unwrap();
        plain.clone().with_trust(&trust).urls.remove(0)
    };
    let (ours, other) = (trusting(ROOT), trusting(VALID));
    assert_ne!(ours.key(), plain.urls[0].key());
    assert_ne!(ours.key(), other.key());
    assert_eq!(ours.key(), trusting(ROOT).key());
}

/// An unknown CA is told with its mend; whatever else is wrong in the library's own words.
#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_with_its_mend() {
    let port = serve(VALID).await;
    let webhook = webhook(&[format!("https://localhost:{port}/")], 10_000);
    let stranger = Client::new(ClientConfig::default());
    let failure = ask(&stranger, &webhook).await.result.unwrap_err();
    assert!(failure.detail.contains("name its CA (`ca`"), "{failure}");
    // What a certificate of `openssl req -x509` comes to.
    let text = "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))";
    assert!(super::in_words(text).contains("is self-signed"));
    assert_eq!(super::in_words("Expired"), "Expired");
}
