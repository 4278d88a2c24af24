//! A new connection: lookup, guard, TCP, TLS where wanted, HTTP/1.1 or HTTP/2.

use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use callroute_schema::Network;
use http::Version;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::attempt::Target;
use crate::failure::{Failure, FailureClass, chain, of_connect};
use crate::net::address::{Peer, judge_all};
use crate::net::counted::{Counted, Received};
use crate::net::link::Link;
use crate::net::lookup::Lookups;
use crate::net::transport::{Connector, Stream};
use crate::progress::{Phase, Progress};
use crate::running::Running;

/// Most bytes of an answer's head.
pub(crate) const MAX_HEAD: usize = 32 * 1024;
/// Most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 8;
/// Wait for one address before the next is tried beside it (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);
/// What an HTTP/2 server may send before we have read it: no more than one answer's bound.
const WINDOW: u32 = 64 * 1024;

/// A connection, ready for a request. Dropping it closes its socket, unless others share it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) sender: Sender,
    /// The address that was connected to, for the guard of whoever uses it next.
    pub(crate) peer: Peer,
    pub(crate) received: Received,
    /// Whether it was used before.
    pub(crate) kept: bool,
}

/// Sends requests.
#[derive(Debug)]
pub(crate) enum Sender {
    /// One request at a time.
    One(Box<Link>),
    /// Many beside each other (RFC 9113).
    Many(http2::SendRequest<Full<Bytes>>, Arc<Driver>),
}

impl Sender {
    /// Sees what happened while nobody used it; whether it is over.
    pub(crate) fn look(&mut self) -> bool {
        match self {
            Self::One(link) => link.look(),
            Self::Many(sender, _) => sender.is_closed(),
        }
    }

    /// The version that requests are written in.
    pub(crate) fn version(&self) -> Version {
        match self {
            Self::One(_) => Version::HTTP_11,
            Self::Many(..) => Version::HTTP_2,
        }
    }
}

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Dialer {
    pub(crate) transport: Arc<dyn Connector>,
    pub(crate) lookups: Lookups,
    #[cfg(feature = "tls")]
    pub(crate) tls: crate::net::tls::Tls,
}

impl Dialer {
    /// Fails in the phase [`Turn`](Phase::Turn) when there is no room to begin.
    pub(crate) async fn dial(
        &self,
        target: &Target<'_>,
        progress: &Progress,
    ) -> Result<Box<Connection>, Failure> {
        let origin = target.endpoint.origin();
        let begun = self
            .lookups
            .begin(&self.transport, target.webhook, origin)?;
        progress.enter(Phase::Lookup);
        let host = origin.host.as_str();
        let addresses = dialable(host, &begun.addresses(host).await?, target.allow)?;
        progress.enter(Phase::Connect);
        let (peer, stream) = self.connect(addresses).await?;
        #[cfg(feature = "tls")]
        if origin.tls {
            progress.enter(Phase::Handshake);
            let (stream, http2) = self.tls.handshake(origin, stream).await?;
            return start(peer, Box::new(stream), http2).await;
        }
        start(peer, stream, origin.http2).await
    }

    /// The first of the addresses that takes a connection.
    async fn connect(
        &self,
        addresses: Vec<SocketAddr>,
    ) -> Result<(SocketAddr, Box<dyn Stream>), Failure> {
        let mut waiting = addresses.into_iter();
        let place = pin!(None);
        let mut running = Running::new(place);
        let mut failure = Failure::new(FailureClass::Connect, "no address to connect to");
        loop {
            match waiting.next() {
                Some(address) => running.push(address, self.transport.connect(address)),
                None if running.is_empty() => return Err(failure),
                None => {}
            }
            tokio::select! {
                biased;
                (address, connected) = running.next() => match connected {
                    Ok(stream) => return Ok((address, stream)),
                    Err(error) => failure = of_connect(&error, address),
                },
                () = sleep(STAGGER), if waiting.len() > 0 => {}
            }
        }
    }
}

/// An HTTP/2 connection, which knows what its server allows.
type Shared = http2::Connection<TokioIo<Counted<Box<dyn Stream>>>, Full<Bytes>, TokioExecutor>;

/// The task that hands requests to an HTTP/2 connection.
pub(crate) struct Driver {
    task: AbortHandle,
    /// `None`: it is over.
    connection: Arc<Mutex<Option<Shared>>>,
}

impl Driver {
    /// Requests that the server takes beside each other, as of now: it may change that at any time
    /// (RFC 9113, section 6.5.2), and nothing wakes the task then.
    pub(crate) fn streams(&self) -> usize {
        let connection = lock(&self.connection);
        let streams = connection.as_ref().map(Shared::current_max_send_streams);
        streams.unwrap_or_default()
    }
}

fn lock(connection: &Mutex<Option<Shared>>) -> MutexGuard<'_, Option<Shared>> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("task", &self.task)
            .finish_non_exhaustive()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn start(
    peer: SocketAddr,
    stream: Box<dyn Stream>,
    http2: bool,
) -> Result<Box<Connection>, Failure> {
    let failed = |error: hyper::Error| Failure::new(FailureClass::Connect, chain(&error));
    let received = Received::default();
    let stream = Counted::new(stream, received.clone());
    let sender = match http2 {
        true => shared(stream).await.map_err(failed)?,
        false => Sender::One(Box::new(Link::start(stream).await.map_err(failed)?)),
    };
    // In a box, since it is handed on from request to request.
    Ok(Box::new(Connection {
        sender,
        peer: Peer::new(peer),
        received,
        kept: false,
    }))
}

/// An HTTP/2 connection, with a task of its own.
async fn shared(stream: Counted<Box<dyn Stream>>) -> hyper::Result<Sender> {
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(16 * WINDOW)
        .handshake(TokioIo::new(stream))
        .await?;
    let connection = Arc::new(Mutex::new(Some(connection)));
    let driven = Arc::clone(&connection);
    // Its error reaches the requests under way as well, which report it; between requests the pool
    // sees that the connection is closed.
    let driver = tokio::spawn(async move {
        poll_fn(|context| {
            let mut driven = lock(&driven);
            let Some(connection) = driven.as_mut() else {
                return Poll::Ready(());
            };
            let polled = Pin::new(connection).poll(context);
            if polled.is_ready() {
                // Whoever still waits for it hears of its end only when it is gone.
                *driven = None;
            }
            polled.map(drop)
        })
        .await;
    });
    let task = driver.abort_handle();
    Ok(Sender::Many(sender, Arc::new(Driver { task, connection })))
}

/// The addresses of a host that may be connected to, in the order to try them.
fn dialable(
    host: &str,
    found: &[SocketAddr],
    allow: &[Network],
) -> Result<Vec<SocketAddr>, Failure> {
    let allowed = judge_all(found.iter().copied(), allow).map_err(|(ip, what)| {
        let detail = format!(
            "`{host}` is {ip} ({what}), not a public address; if it is meant, list it in \
             `allow`"
        );
        Failure::new(FailureClass::RefusedAddress, detail)
    })?;
    if allowed.is_empty() {
        let detail = format!("`{host}` has no address");
        return Err(Failure::new(FailureClass::Dns, detail));
    }
    Ok(interleave(&allowed))
}

/// Families by turns, the preferred one first (RFC 8305, section 4).
fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (mut ours, mut theirs): (Vec<_>, Vec<_>) = addresses
        .iter()
        .partition(|address| address.is_ipv4() == first_is_v4);
    ours.truncate(MAX_ADDRESSES);
    theirs.truncate(MAX_ADDRESSES);
    let mut theirs = theirs.into_iter();
    let mut mixed = Vec::new();
    for address in ours {
        mixed.push(address);
        mixed.extend(theirs.next());
    }
    mixed.extend(theirs);
    mixed.truncate(MAX_ADDRESSES);
    mixed
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::interleave;

    fn list(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns_and_none_is_lost() {
        let mixed = interleave(&list(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]));
        assert_eq!(mixed, list(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]));
        let mixed = interleave(&list(&["1.1.1.1:1", "[::1]:1", "[::2]:1"]));
        assert_eq!(mixed, list(&["1.1.1.1:1", "[::1]:1", "[::2]:1"]));
        assert_eq!(interleave(&vec!["1.1.1.1:1".parse().unwrap(); 99]).len(), 8);
        assert!(interleave(&[]).is_empty());
    }
}
