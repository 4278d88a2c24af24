//! A webhook server of a few lines on hyper: a signed event in, an action out.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use callroute_schema::Event;
use callroute_webhook::{REPLAY_WINDOW, SigningSecret, verify};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// An event is a few hundred bytes; nobody needs to send more.
const MAX_BODY: usize = 64 * 1024;

/// What to do with a request.
#[derive(Clone)]
struct Manner {
    route: fn(&Event) -> String,
    secrets: Arc<[SigningSecret]>,
}

/// Answers events with what `route` says, until `stop` resolves; then every connection is closed.
/// With secrets, only what one of them signed lately is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    route: fn(&Event) -> String,
    secrets: Vec<SigningSecret>,
    stop: impl Future<Output = ()>,
) {
    let manner = Manner {
        route,
        secrets: secrets.into(),
    };
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => { connections.spawn(connection(stream, peer, manner.clone())); }
                Err(error) => eprintln!("cannot accept a connection: {error}"),
            },
            Some(_) = connections.join_next() => {}
            () = &mut stop => return,
        }
    }
}

async fn connection(stream: tokio::net::TcpStream, peer: SocketAddr, manner: Manner) {
    if let Err(error) = stream.set_nodelay(true) {
        eprintln!("{peer}: {error}");
    }
    let service = service_fn(move |request| answer(request, manner.clone()));
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        eprintln!("{peer}: {error}");
    }
}

async fn answer(
    request: Request<Incoming>,
    manner: Manner,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let answered = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => judge(&head.headers, &body.to_bytes(), &manner),
        Err(error) => Err((StatusCode::BAD_REQUEST, error.to_string())),
    };
    let (status, kind, body) = match answered {
        Ok(action) => (StatusCode::OK, "application/json", action),
        Err((status, why)) => (status, "text/plain", why),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    Ok(response)
}

/// The action for an event, or why there is none.
fn judge(
    headers: &HeaderMap,
    body: &[u8],
    manner: &Manner,
) -> Result<String, (StatusCode, String)> {
    if !manner.secrets.is_empty() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        verify(&manner.secrets, headers, body, now, REPLAY_WINDOW)
            .map_err(|error| (StatusCode::UNAUTHORIZED, error.to_string()))?;
    }
    let event = Event::from_json(body);
    let event = event.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok((manner.route)(&event))
}
