//! A webhook server of a few lines on hyper: an event in, an action out.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use callroute_schema::Event;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// An event is a few hundred bytes; nobody needs to send more.
const MAX_BODY: usize = 64 * 1024;

/// Answers events with what `route` says, until `stop` resolves; then every connection is closed.
pub(crate) async fn serve(
    listener: TcpListener,
    route: fn(&Event) -> String,
    stop: impl Future<Output = ()>,
) {
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => { connections.spawn(connection(stream, peer, route)); }
                Err(error) => eprintln!("cannot accept a connection: {error}"),
            },
            Some(_) = connections.join_next() => {}
            () = &mut stop => return,
        }
    }
}

async fn connection(stream: tokio::net::TcpStream, peer: SocketAddr, route: fn(&Event) -> String) {
    if let Err(error) = stream.set_nodelay(true) {
        eprintln!("{peer}: {error}");
    }
    let service = service_fn(move |request| answer(request, route));
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        eprintln!("{peer}: {error}");
    }
}

async fn answer(
    request: Request<Incoming>,
    route: fn(&Event) -> String,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, kind, body) = match Limited::new(request.into_body(), MAX_BODY).collect().await {
        Err(error) => (StatusCode::BAD_REQUEST, "text/plain", error.to_string()),
        Ok(body) => match Event::from_json(&body.to_bytes()) {
            Err(error) => (StatusCode::BAD_REQUEST, "text/plain", error.to_string()),
            Ok(event) => (StatusCode::OK, "application/json", route(&event)),
        },
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    Ok(response)
}
