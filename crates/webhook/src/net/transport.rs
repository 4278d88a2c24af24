//! What carries the bytes: the seam between the client and the network.
//!
//! The client looks a host up, judges every address, and connects to the one it chose. Both deeds go
//! through [`Connector`], so that the client runs over any network: the system's, one that is
//! simulated, one behind a proxy of your own.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::thread;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// A future of a [`Connector`].
pub type Pending<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// A connection's bytes, both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Finds hosts and makes connections. What it gives is judged by the client: an address that
/// webhooks may not reach is never connected to, whoever named it.
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// The addresses of a host, each with this port. `host` may be an address already, in any
    /// form that the system reads. A client begins at most 64 at once.
    fn lookup(&self, host: &str, port: u16) -> Pending<Vec<SocketAddr>>;

    /// A connection to this address, and to no other.
    fn connect(&self, address: SocketAddr) -> Pending<Box<dyn Stream>>;
}

/// The system's resolver and its TCP. Each lookup has a thread of its own, as the system cannot be
/// told to stop one: those that the runtime keeps for work that blocks are for others, too.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Connector for System {
    fn lookup(&self, host: &str, port: u16) -> Pending<Vec<SocketAddr>> {
        let host = host.to_owned();
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            let work = move || {
                let found = (host.as_str(), port).to_socket_addrs();
                // Whoever asked may be gone.
                let _ = tell.send(found.map(Iterator::collect));
            };
            thread::Builder::new()
                .name("callroute-lookup".to_owned())
                .spawn(work)?;
            told.await.map_err(io::Error::other)?
        })
    }

    fn connect(&self, address: SocketAddr) -> Pending<Box<dyn Stream>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            // Without it, small requests may wait for an acknowledgement.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}
