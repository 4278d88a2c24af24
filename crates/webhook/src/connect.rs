//! A new connection: lookup, guard, TCP, TLS where wanted, HTTP/1.1.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::address::{Network, judge_all};
use crate::counted::{Counted, Received};
use crate::endpoint::Origin;
use crate::failure::{Failure, FailureClass, chain, of_connect};
use crate::progress::{Phase, Progress};
use crate::running::Running;

/// Most bytes of an answer's head.
pub(crate) const MAX_HEAD: usize = 32 * 1024;
/// Most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 8;
/// Wait for one address before the next is tried beside it (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// A connection, ready for a request. Dropping it ends its task and closes its socket.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) sender: http1::SendRequest<Full<Bytes>>,
    pub(crate) origin: Arc<Origin>,
    /// The address that was dialled, for the guard of whoever uses it next.
    pub(crate) peer: SocketAddr,
    pub(crate) received: Received,
    /// Whether it comes out of the pool.
    pub(crate) kept: bool,
    _driver: Driver,
}

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Dialer {
    #[cfg(feature = "tls")]
    pub(crate) tls: crate::tls::Tls,
}

impl Dialer {
    pub(crate) async fn dial(
        &self,
        origin: &Arc<Origin>,
        allow: &[Network],
        progress: &Progress,
    ) -> Result<Connection, Failure> {
        progress.enter(Phase::Lookup);
        let addresses = resolve(origin, allow).await?;
        progress.enter(Phase::Connect);
        let (peer, stream) = connect(addresses).await?;
        // Without it, small requests may wait for an acknowledgement.
        stream
            .set_nodelay(true)
            .map_err(|error| of_connect(&error, peer))?;
        #[cfg(feature = "tls")]
        if origin.tls {
            progress.enter(Phase::Handshake);
            let stream = self.tls.handshake(&origin.host, stream).await?;
            return start(origin, peer, stream).await;
        }
        start(origin, peer, stream).await
    }
}

/// The task that moves a connection's bytes.
#[derive(Debug)]
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn start<T>(origin: &Arc<Origin>, peer: SocketAddr, stream: T) -> Result<Connection, Failure>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let received = Received::default();
    let io = TokioIo::new(Counted::new(stream, received.clone()));
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(io)
        .await
        .map_err(|error| Failure::new(FailureClass::Connect, chain(&error)))?;
    let driver = tokio::spawn(async move {
        // Its error reaches the request under way as well, which reports it; between requests
        // the pool sees that the connection is closed.
        let _ = connection.await;
    });
    Ok(Connection {
        sender,
        origin: Arc::clone(origin),
        peer,
        received,
        kept: false,
        _driver: Driver(driver.abort_handle()),
    })
}

/// The addresses of a host that may be dialled, in the order to try them.
async fn resolve(origin: &Origin, allow: &[Network]) -> Result<Vec<SocketAddr>, Failure> {
    let host = origin.host.as_str();
    let dns = |error: io::Error| Failure::new(FailureClass::Dns, format!("`{host}`: {error}"));
    let found = lookup_host((host, origin.port)).await.map_err(dns)?;
    let allowed = judge_all(found, allow).map_err(|(ip, what)| {
        let detail = format!(
            "`{host}` is {ip} ({what}), not a public address; if it is meant, list it in `allow`"
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

/// The first of the addresses that takes a connection.
async fn connect(addresses: Vec<SocketAddr>) -> Result<(SocketAddr, TcpStream), Failure> {
    let mut waiting = addresses.into_iter();
    let mut running = Running::new();
    let mut failure = Failure::new(FailureClass::Connect, "no address to connect to");
    loop {
        match waiting.next() {
            Some(address) => running.push(address, TcpStream::connect(address)),
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
