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

/// What is answered to an event.
type Answer = dyn Fn(&Event) -> String + Send + Sync;

/// A webhook server.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) addr: SocketAddr,
    asked: Arc<Mutex<Vec<Event>>>,
    requests: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Webhook {
    /// One that always answers the same.
    pub(crate) async fn start(answer: &'static str) -> Self {
        Self::answering(move |_| answer.to_owned()).await
    }

    /// One whose answer depends on the call.
    pub(crate) async fn answering(
        answer: impl Fn(&Event) -> String + Send + Sync + 'static,
    ) -> Self {
        let answer: Arc<Answer> = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let raw = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, raw, answer) = (log.clone(), raw.clone(), answer.clone());
                let service = service_fn(move |request| {
                    reply(request, log.clone(), raw.clone(), answer.clone())
                });
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

    /// What it was asked since the last time; all of it is forgotten.
    pub(crate) fn take(&self) -> Vec<Event> {
        self.requests.lock().unwrap().clear();
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

async fn reply(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<Event>>>,
    raw: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answer: Arc<Answer>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    raw.lock().unwrap().push((head.headers, body.clone()));
    let event = Event::from_json(&body).unwrap();
    let mut response = Response::new(Full::new(Bytes::from(answer(&event))));
    log.lock().unwrap().push(event);
    let json = hyper::header::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}
