//! A real HTTP server that answers webhooks, and keeps what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use callroute_schema::Event;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The mission's answer.
pub(crate) const RING_GROUP: &str = r#"{"action":"forward","destination":{"type":"ring_group","members":["+16822306467","+12125551234"],"strategy":"simultaneous"}}"#;

/// A webhook server with one answer.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) addr: SocketAddr,
    asked: Arc<Mutex<Vec<Event>>>,
    requests: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Webhook {
    pub(crate) async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let raw = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, raw) = (log.clone(), raw.clone());
                let service =
                    service_fn(move |request| reply(request, log.clone(), raw.clone(), answer));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self {
            addr,
            asked,
            requests,
        }
    }

    /// The events that it was asked about.
    pub(crate) fn asked(&self) -> Vec<Event> {
        self.asked.lock().unwrap().clone()
    }

    /// The requests as they came: headers and body.
    pub(crate) fn requests(&self) -> Vec<(HeaderMap, Bytes)> {
        self.requests.lock().unwrap().clone()
    }

    /// What it was asked since the last time.
    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

async fn reply(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<Event>>>,
    raw: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answer: &'static str,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    raw.lock().unwrap().push((head.headers, body.clone()));
    log.lock().unwrap().push(Event::from_json(&body).unwrap());
    let mut response = Response::new(Full::new(Bytes::from_static(answer.as_bytes())));
    let json = hyper::header::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}
