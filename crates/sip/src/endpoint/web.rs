//! SIP over WebSocket (RFC 7118): one message a frame.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use sipx_sip::parse_frame;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::{Message as Frame, WebSocketConfig};

use crate::endpoint::idle::Idle;
use crate::endpoint::stream::{Line, PATIENCE};
use crate::endpoint::{Upper, ended};

/// The subprotocol that both ends must name (RFC 7118, section 4.1).
const PROTOCOL: &str = "sip";
/// How often an idle connection is pinged, so that what is in between keeps it open.
const PING: std::time::Duration = std::time::Duration::from_secs(25);

/// Upgrades a connection; `None` when it is no SIP client.
pub(super) async fn upgrade(
    stream: TcpStream,
    peer: SocketAddr,
    max: usize,
) -> Option<WebSocketStream<TcpStream>> {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(max))
        .max_frame_size(Some(max));
    #[expect(
        clippy::result_large_err,
        reason = "the callback's type is the library's"
    )]
    let named = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let names = request.headers().get_all("sec-websocket-protocol");
        let named = names
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|name| name.trim().eq_ignore_ascii_case(PROTOCOL));
        if named {
            let headers = response.headers_mut();
            headers.insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
            return Ok(response);
        }
        let mut refused = ErrorResponse::new(Some("the subprotocol must be sip".to_owned()));
        *refused.status_mut() = StatusCode::BAD_REQUEST;
        Err(refused)
    };
    let accepted = tokio_tungstenite::accept_hdr_async_with_config(stream, named, Some(limits));
    match timeout(PATIENCE, accepted).await {
        Ok(Ok(socket)) => Some(socket),
        Ok(Err(error)) => {
            tracing::debug!(%error, %peer, "a WebSocket handshake failed");
            None
        }
        Err(_) => None,
    }
}

impl Line {
    /// Reads and writes frames until either end closes.
    pub(super) async fn serve_web(
        mut self,
        mut socket: WebSocketStream<TcpStream>,
        upper: &Arc<dyn Upper>,
    ) {
        let mut over = self.inner.over.subscribe();
        let mut ping = interval(PING);
        let mut idle = Idle::new(Instant::now());
        loop {
            let wrote = tokio::select! {
                frame = socket.next() => {
                    let Some(Ok(frame)) = frame else {
                        return;
                    };
                    idle.heard(Instant::now());
                    let bytes = match frame {
                        Frame::Text(text) => bytes::Bytes::copy_from_slice(text.as_bytes()),
                        Frame::Binary(bytes) => bytes,
                        Frame::Close(_) => return,
                        _ => continue,
                    };
                    if !self.frame(upper, bytes, &mut idle) {
                        return;
                    }
                    continue;
                }
                bytes = self.out.recv() => {
                    let Some(bytes) = bytes else {
                        return;
                    };
                    idle.spoke(Instant::now());
                    let frame = match std::str::from_utf8(&bytes) {
                        Ok(text) => Frame::text(text),
                        Err(_) => Frame::binary(bytes),
                    };
                    timeout(PATIENCE, socket.send(frame)).await
                }
                _ = ping.tick() => {
                    timeout(PATIENCE, socket.send(Frame::Ping(bytes::Bytes::new()))).await
                }
                () = sleep_until(idle.until()) => {
                    if !self.is_kept(upper, &mut idle) {
                        return;
                    }
                    continue;
                }
                () = ended(&mut over) => return,
            };
            if !matches!(wrote, Ok(Ok(()))) {
                return;
            }
        }
    }

    fn frame(&self, upper: &Arc<dyn Upper>, bytes: bytes::Bytes, idle: &mut Idle) -> bool {
        // A keepalive of two line ends (RFC 7118, section 6).
        if bytes.iter().all(|byte| b"\r\n".contains(byte)) {
            return true;
        }
        let peer = self.flow.addr;
        let now = self.inner.now();
        if !self.inner.guard().message(now, peer.ip(), 0) {
            return false;
        }
        match parse_frame(bytes, &self.inner.limits) {
            Ok(message) => {
                idle.spoke(Instant::now());
                self.inner.message(upper, message, &self.flow);
                true
            }
            Err(error) => {
                self.inner.guard().dropped.malformed += 1;
                tracing::debug!(%error, %peer, "a frame that is no SIP");
                false
            }
        }
    }
}
