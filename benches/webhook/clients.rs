//! The clients that are compared.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use callroute_schema::{Actions, Event};
use callroute_webhook::{Client, ClientConfig, Endpoints, SigningSecret};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Failure;

/// One way to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// hyper, a connection for each worker, and the same request: no timeout, no failover, nothing.
    Hyper,
    /// The same with a deadline: what a timer costs, in the runtime and in the system.
    Timed,
    /// callroute with everything on, but for the signature.
    Unsigned,
    /// callroute with everything on.
    Signed,
    /// reqwest with a timeout, and nothing else.
    Reqwest,
}

pub(crate) const KINDS: [Kind; 5] = [
    Kind::Hyper,
    Kind::Timed,
    Kind::Unsigned,
    Kind::Signed,
    Kind::Reqwest,
];

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Timed => "hyper-timed",
            Self::Unsigned => "callroute",
            Self::Signed => "callroute-signed",
            Self::Reqwest => "reqwest",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, Failure> {
        let found = KINDS.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| format!("no client is named {name}").into())
    }
}

/// What callroute's unsigned requests carry, so that all send the same bytes.
const SAME: [(&str, &str); 7] = [
    ("connection", "keep-alive"),
    ("content-type", "application/json"),
    ("accept", "application/json, text/plain"),
    ("user-agent", "callroute/0.1.0"),
    ("callroute-schema", "1"),
    ("webhook-id", "01JSD3G5M00000000000000001"),
    (
        "traceparent",
        "00-ebdc2e8b3e0618678b3ab3c6745250f0-0000000000000001-01",
    ),
];

/// What all workers share.
#[derive(Clone)]
pub(crate) enum Shared {
    Hyper(SocketAddr, Option<Duration>),
    Callroute(Client, Arc<Endpoints>),
    Reqwest(reqwest::Client, String),
}

/// What one worker asks with.
pub(crate) enum Worker {
    Hyper(SendRequest<Full<Bytes>>, HeaderValue, Option<Duration>),
    Callroute(Client, Arc<Endpoints>),
    Reqwest(reqwest::Client, String),
}

impl Shared {
    pub(crate) fn new(
        kind: Kind,
        address: SocketAddr,
        deadline: Duration,
    ) -> Result<Self, Failure> {
        let url = format!("http://{address}/webhook/sales");
        Ok(match kind {
            Kind::Hyper => Self::Hyper(address, None),
            Kind::Timed => Self::Hyper(address, Some(deadline)),
            Kind::Reqwest => {
                let client = reqwest::Client::builder()
                    .timeout(deadline)
                    .no_proxy()
                    .build()?;
                Self::Reqwest(client, url)
            }
            Kind::Unsigned | Kind::Signed => {
                let allow = ["127.0.0.0/8".to_owned()];
                let mut webhook = Endpoints::new("sales", &[url], deadline, &allow)?;
                if kind == Kind::Signed {
                    webhook.secrets.push(SigningSecret::new(
                        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                    )?);
                }
                let config = ClientConfig {
                    max_in_flight: 2048,
                    ..ClientConfig::default()
                };
                Self::Callroute(Client::new(config), Arc::new(webhook))
            }
        })
    }

    pub(crate) async fn worker(&self) -> Result<Worker, Failure> {
        Ok(match self {
            Self::Callroute(client, webhook) => {
                Worker::Callroute(client.clone(), Arc::clone(webhook))
            }
            Self::Reqwest(client, url) => Worker::Reqwest(client.clone(), url.clone()),
            Self::Hyper(address, deadline) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let (sender, connection) =
                    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(async { drop(connection.await) });
                let host = HeaderValue::try_from(address.to_string())?;
                Worker::Hyper(sender, host, *deadline)
            }
        })
    }
}

impl Worker {
    /// One event out, one answer in.
    pub(crate) async fn ask(&mut self, event: &Event) -> Result<Actions, Failure> {
        match self {
            Self::Callroute(client, webhook) => Ok(client.ask(webhook, event).await.result?),
            Self::Reqwest(client, url) => {
                let mut request = client.post(url.as_str());
                for (name, value) in SAME {
                    request = request.header(name, value);
                }
                let request = request.body(event.to_json());
                let answer = request.send().await?.error_for_status()?.bytes().await?;
                Ok(Actions::from_json(&answer)?)
            }
            Self::Hyper(sender, host, deadline) => {
                let mut request = Request::new(Full::new(Bytes::from(event.to_json())));
                *request.method_mut() = Method::POST;
                *request.uri_mut() = hyper::Uri::from_static("/webhook/sales");
                let headers = request.headers_mut();
                headers.insert(HOST, host.clone());
                for (name, value) in SAME {
                    headers.insert(
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    );
                }
                let exchange = async {
                    sender.ready().await?;
                    let answer = sender.send_request(request).await?;
                    answer.into_body().collect().await
                };
                let answer = match deadline {
                    Some(deadline) => timeout(*deadline, exchange).await??,
                    None => exchange.await?,
                };
                Ok(Actions::from_json(&answer.to_bytes())?)
            }
        }
    }
}
