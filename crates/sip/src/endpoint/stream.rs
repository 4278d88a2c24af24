//! Connections: a task each reads and writes; nobody waits for a slow one.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use sipx_sip::StreamParser;
use sipx_transport::{ConnectionKey, Target, TransportKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use crate::endpoint::idle::Idle;
use crate::endpoint::{Inner, SendFault, State, Upper, ended};

/// Messages that may wait for one connection. Who does not read so many has gone.
const WAITING: usize = 128;
/// How long a connection, a handshake or a write may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection may take that is only tried for the length of a request: UDP must have its turn
/// before the far end is given up.
const TRIAL: Duration = Duration::from_secs(1);
/// Bytes read at once.
const CHUNK: usize = 8 * 1024;

/// A connection's writing end.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: u64,
    /// It was established: what waits for it may have gone out.
    pub(super) made: bool,
    writer: mpsc::Sender<Bytes>,
}

impl Connection {
    /// Hands bytes to its task.
    pub(super) fn send(&self, bytes: Bytes, peer: SocketAddr) -> Result<(), SendFault> {
        self.writer
            .try_send(bytes)
            .map_err(|_| SendFault::NoConnection(peer))
    }
}

/// A connection's reading end and what it belongs to, for its task.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) inner: Arc<Inner>,
    /// Where it leads, as the table of connections knows it.
    pub(super) flow: Target,
    pub(super) number: u64,
    pub(super) out: mpsc::Receiver<Bytes>,
    /// It was counted by the guard, which is told of its end.
    counted: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.counted {
            self.inner.guard().hung_up(self.flow.addr.ip());
        }
        self.inner.lost(&self.flow.connection(), self.number);
        if let Some(upper) = self.inner.upper.get().and_then(Weak::upgrade) {
            upper.lost(&self.flow);
        }
    }
}

impl Inner {
    /// Takes a connection into the table.
    fn enter(self: &Arc<Self>, state: &mut State, flow: Target, counted: bool) -> Line {
        let (writer, out) = mpsc::channel(WAITING);
        state.next += 1;
        let number = state.next;
        state.connections.insert(
            flow.connection(),
            Connection {
                number,
                made: counted,
                writer,
            },
        );
        Line {
            inner: Arc::clone(self),
            flow,
            number,
            out,
            counted,
        }
    }

    /// Takes a connection that a peer opened and the guard has counted; `None` when there are
    /// too many.
    pub(super) fn accepted(
        self: &Arc<Self>,
        peer: SocketAddr,
        transport: TransportKind,
    ) -> Option<Line> {
        let mut state = self.state();
        if state.connections.len() >= self.connections {
            return None;
        }
        Some(self.enter(&mut state, Target::new(peer, transport), true))
    }

    /// A connection that we have opened is there.
    fn made(&self, key: &ConnectionKey, number: u64) {
        if let Some(connection) = self.state().connections.get_mut(key) {
            connection.made |= connection.number == number;
        }
    }

    /// Opens a connection. What is sent meanwhile waits for it.
    pub(super) fn dial(
        self: &Arc<Self>,
        state: &mut State,
        key: &ConnectionKey,
        target: &Target,
    ) -> Result<(), SendFault> {
        let unable = || SendFault::NoConnection(target.addr);
        if state.connections.len() >= self.connections {
            return Err(unable());
        }
        let Some(upper) = self.upper.get().and_then(Weak::upgrade) else {
            return Err(unable());
        };
        let secure = match target.transport {
            TransportKind::Tcp => false,
            TransportKind::Tls => true,
            // A WebSocket client cannot be called where it is not connected (RFC 7118).
            _ => return Err(unable()),
        };
        let patience = match state.asked.is_tried(key) {
            true => TRIAL,
            false => PATIENCE,
        };
        let line = self.enter(state, target.clone(), false);
        let target = target.clone();
        tokio::spawn(async move {
            let peer = target.addr;
            let connected = timeout(patience, TcpStream::connect(peer)).await;
            let Ok(Ok(stream)) = connected else {
                tracing::info!(%peer, "no connection");
                return;
            };
            line.inner.made(&line.flow.connection(), line.number);
            if !secure {
                return line.serve(stream, &upper).await;
            }
            let name = target
                .verify_as
                .as_deref()
                .map_or_else(|| peer.ip().to_string(), str::to_owned);
            let Ok(name) = sipx_transport::tls::verification_name(&name) else {
                tracing::info!(%peer, "no name to verify a certificate by");
                return;
            };
            let inner = Arc::clone(&line.inner);
            let tls = match inner.trust.client().await {
                Ok(tls) => tls.connector(),
                Err(error) => return tracing::warn!(%peer, %error, "no TLS"),
            };
            match timeout(PATIENCE, tls.connect(name, stream)).await {
                Ok(Ok(stream)) => line.serve(stream, &upper).await,
                Ok(Err(error)) => tracing::info!(%peer, %error, "TLS"),
                Err(_) => tracing::info!(%peer, "the TLS handshake took too long"),
            }
        });
        Ok(())
    }
}

impl Line {
    /// Reads and writes until either end closes.
    pub(super) async fn serve(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Send,
        upper: &Arc<dyn Upper>,
    ) {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut parser = StreamParser::new(self.inner.limits);
        let mut chunk = vec![0; CHUNK];
        let mut over = self.inner.over.subscribe();
        let mut idle = Idle::new(Instant::now());
        loop {
            tokio::select! {
                read = reader.read(&mut chunk) => {
                    let Ok(length) = read else {
                        return;
                    };
                    let bytes = chunk.get(..length).unwrap_or_default();
                    if bytes.is_empty() {
                        return;
                    }
                    let Some(pings) = self.read(upper, &mut parser, bytes, &mut idle) else {
                        return;
                    };
                    // A ping is two line ends, and its pong one (RFC 5626, section 3.5.1).
                    if pings > 0
                        && !matches!(timeout(PATIENCE, writer.write_all(b"\r\n")).await, Ok(Ok(())))
                    {
                        return;
                    }
                }
                bytes = self.out.recv() => {
                    let Some(bytes) = bytes else {
                        return;
                    };
                    idle.spoke(Instant::now());
                    let wrote = timeout(PATIENCE, async {
                        writer.write_all(&bytes).await?;
                        writer.flush().await
                    });
                    if !matches!(wrote.await, Ok(Ok(()))) {
                        return;
                    }
                }
                () = sleep_until(idle.until()) => if !self.is_kept(upper, &mut idle) {
                    return;
                },
                () = ended(&mut over) => return,
            }
        }
    }

    /// Whether a connection is kept on which nothing happens: somebody who is registered by it, or whose call
    /// goes by it, could not be reached any more.
    pub(super) fn is_kept(&self, upper: &Arc<dyn Upper>, idle: &mut Idle) -> bool {
        let kept = upper.keeps(&self.flow);
        if kept {
            idle.needed(Instant::now());
        }
        kept
    }

    /// Takes what was read; the number of pings, or `None` when the stream is not worth keeping.
    fn read(
        &self,
        upper: &Arc<dyn Upper>,
        parser: &mut StreamParser,
        bytes: &[u8],
        idle: &mut Idle,
    ) -> Option<usize> {
        let peer = self.flow.addr;
        idle.heard(Instant::now());
        let messages = match parser.push(bytes) {
            Ok(messages) => messages,
            Err(error) => {
                self.inner.guard().dropped.malformed += 1;
                tracing::debug!(%error, %peer, "a stream that is no SIP");
                return None;
            }
        };
        for message in messages {
            idle.spoke(Instant::now());
            let now = self.inner.now();
            if !self.inner.guard().message(now, peer.ip(), 0) {
                return None;
            }
            self.inner.message(upper, message, &self.flow);
        }
        Some(parser.take_keepalives())
    }
}
