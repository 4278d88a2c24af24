//! Faults of TLS, with certificates made for the run.

use std::sync::{Arc, LazyLock};

use callroute_webhook::{FailureClass as C, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

use crate::deeds::Deed::{Again, Close, Read, ReadHttp2, Reset, Silence, Write};
use crate::deeds::Server;
use crate::http2;
use crate::place::{self, HANG_UP, Kind, Place, json};

/// A CA that both sides know, and one that nobody does.
struct Ca(CertifiedIssuer<'static, KeyPair>);

static OURS: LazyLock<Ca> = LazyLock::new(Ca::new);
static THEIRS: LazyLock<Ca> = LazyLock::new(Ca::new);

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }
}

/// A certificate and its key.
struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Identity {
    fn new(host: &str, ca: Option<&Ca>, years: (i32, i32)) -> Self {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = match ca {
            Some(ca) => params.signed_by(&key, &ca.0).unwrap(),
            None => params.self_signed(&key).unwrap(),
        };
        Self { certificate, key }
    }
}

/// What is wrong with a server's TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: HTTP/1.1.
    None,
    /// Nothing: HTTP/2, agreed on in the handshake.
    Http2,
    Expired,
    NotYet,
    WrongHost,
    SelfSigned,
    UnknownCa,
    /// The server says nothing.
    Stall,
    /// The server ends the connection in the handshake.
    Fin,
    Rst,
    /// The server speaks HTTP without TLS.
    Plain,
    /// The server wants a certificate, and we have none.
    WantsCertificate,
    /// The server wants a certificate, and we have one.
    Mutual,
    /// The server wants a certificate of another CA than ours.
    WrongCertificate,
    /// The server speaks a protocol that we do not.
    Alpn,
}

/// All of them.
pub(crate) fn faults() -> Vec<place::Fault> {
    use Fault as F;
    let of = |name: &str, expect, fault| place::Fault::of(name, expect, Kind::Tls(fault));
    vec![
        of("TLS that is well", Ok(()), F::None)
            .deadline(1500)
            .alone_suffices(),
        of("TLS with HTTP/2", Ok(()), F::Http2)
            .deadline(1500)
            .alone_suffices(),
        of("TLS on both sides", Ok(()), F::Mutual)
            .deadline(1500)
            .alone_suffices(),
        of("TLS certificate expired", Err(C::Tls), F::Expired),
        of("TLS certificate of the future", Err(C::Tls), F::NotYet),
        of(
            "TLS certificate for another host",
            Err(C::Tls),
            F::WrongHost,
        ),
        of(
            "TLS certificate signed by itself",
            Err(C::Tls),
            F::SelfSigned,
        ),
        of(
            "TLS certificate of an unknown CA",
            Err(C::Tls),
            F::UnknownCa,
        ),
        of("TLS stall", Err(C::Tls), F::Stall),
        of("TLS FIN in the handshake", Err(C::Tls), F::Fin),
        of("TLS RST in the handshake", Err(C::Tls), F::Rst).or(C::Reset),
        of("TLS that is plain text", Err(C::Tls), F::Plain),
        of(
            "TLS that wants a certificate",
            Err(C::Tls),
            F::WantsCertificate,
        ),
        of(
            "TLS that wants another certificate",
            Err(C::Tls),
            F::WrongCertificate,
        ),
        of("TLS with another protocol", Err(C::Tls), F::Alpn),
    ]
}

impl Fault {
    pub(crate) async fn place(self) -> Place {
        let identity = match self {
            Self::Expired => Identity::new("localhost", Some(&OURS), (2019, 2020)),
            Self::NotYet => Identity::new("localhost", Some(&OURS), (2100, 2101)),
            Self::WrongHost => Identity::new("other.example", Some(&OURS), (2020, 2100)),
            Self::SelfSigned => Identity::new("localhost", None, (2020, 2100)),
            Self::UnknownCa => Identity::new("localhost", Some(&THEIRS), (2020, 2100)),
            _ => Identity::new("localhost", Some(&OURS), (2020, 2100)),
        };
        let deeds = match self {
            Self::Stall => vec![Silence],
            Self::Fin => vec![Close],
            Self::Rst => vec![Reset],
            Self::Plain => vec![Write(json(HANG_UP)), Silence],
            Self::Http2 => vec![ReadHttp2, Write(http2::answer(HANG_UP.as_bytes())), Silence],
            _ => vec![Read, Write(json(HANG_UP)), Again],
        };
        let plain = matches!(self, Self::Stall | Self::Fin | Self::Rst | Self::Plain);
        let acceptor = (!plain).then(|| self.acceptor(&identity));
        let script = Arc::new(move |_| deeds.clone());
        let server = Server::start([127, 0, 0, 1], script, acceptor).await;
        let url = format!("https://localhost:{}/hook", server.address.port());
        Place {
            url,
            trust: Some(self.trust()),
            // `localhost` may be ::1 as well, where nobody listens.
            transport: Some(Arc::new(crate::dns::Only(server.address.ip()))),
            ..Place::at(server)
        }
    }

    fn acceptor(self, identity: &Identity) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let asks = matches!(
            self,
            Self::WantsCertificate | Self::Mutual | Self::WrongCertificate
        );
        let builder = if asks {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(OURS.0.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
        let mut config = builder
            .with_single_cert(vec![identity.certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = match self {
            Self::Http2 => vec![b"h2".to_vec()],
            Self::Alpn => vec![b"acme-tls/1".to_vec()],
            _ => vec![b"http/1.1".to_vec()],
        };
        TlsAcceptor::from(Arc::new(config))
    }

    fn trust(self) -> Trust {
        let identity = match self {
            Self::Mutual => Some(Identity::new("client.example", Some(&OURS), (2020, 2100))),
            Self::WrongCertificate => {
                Some(Identity::new("client.example", Some(&THEIRS), (2020, 2100)))
            }
            _ => None,
        };
        let texts =
            identity.map(|identity| (identity.certificate.pem(), identity.key.serialize_pem()));
        let pair = texts
            .as_ref()
            .map(|(chain, key)| (chain.as_bytes(), key.as_bytes()));
        Trust::from_pem(Some(OURS.pem().as_bytes()), pair).unwrap()
    }
}
