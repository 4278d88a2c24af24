//! RTP sockets from a range of ports: even ports, tried from a rotating start, some of them bound
//! before they are wanted.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socket2::{Domain, Protocol, Socket, Type};

use crate::count::{Count, Gauge};
use crate::udp::Udp;

/// Most ports that are bound before they are wanted; in a small range a quarter of it.
const AHEAD: usize = 16;
/// Ports that are bound in one go for calls to come.
const AT_ONCE: usize = 2;
/// Datagrams on such a port that are thrown away when it is taken; more do not fit in its buffer.
const STALE: usize = 4096;

/// The ports that legs may take.
#[derive(Debug)]
pub(crate) struct Ports {
    ip: IpAddr,
    first: u16,
    /// How many even ports there are.
    size: usize,
    next: AtomicUsize,
    in_use: Arc<Gauge>,
    /// Bound already, so that no call waits for that. They are still free.
    ahead: Mutex<VecDeque<Pair>>,
}

/// A port's socket, and the one above it.
#[derive(Debug)]
struct Pair {
    socket: Udp,
    port: u16,
    control: Option<Udp>,
}

/// A bound RTP socket, counted while it lives.
#[derive(Debug)]
pub(crate) struct RtpSocket {
    pub(crate) socket: Udp,
    pub(crate) port: u16,
    /// For RTCP, on the port above; `None` when somebody else has it.
    pub(crate) control: Option<Udp>,
    _count: Count,
}

impl Ports {
    /// `None` when the range holds no even port.
    pub(crate) fn new(ip: IpAddr, range: &RangeInclusive<u16>, in_use: Arc<Gauge>) -> Option<Self> {
        let first = range.start().checked_add(range.start() % 2)?;
        if first > *range.end() || first == 0 {
            return None;
        }
        let size = usize::from((range.end() - first) / 2) + 1;
        Some(Self {
            ip,
            first,
            size,
            next: AtomicUsize::new(0),
            in_use,
            ahead: Mutex::default(),
        })
    }

    /// Takes the next free port. Must run within a tokio runtime.
    ///
    /// The start rotates, so that a port is not taken again right after it was given back and
    /// late packets of the call before do not reach the new one.
    pub(crate) fn bind(&self) -> io::Result<RtpSocket> {
        let ready = self.ahead().pop_front();
        let Pair {
            socket,
            port,
            control,
        } = match ready {
            Some(ready) => ready,
            None => self.next_free()?,
        };
        Ok(RtpSocket {
            socket,
            port,
            control,
            _count: self.in_use.count(),
        })
    }

    /// Binds ports for calls to come, a few at a time: when a call has what it needs, rather than
    /// while it waits. Must run within a tokio runtime.
    pub(crate) fn refill(&self) {
        for _ in 0..AT_ONCE {
            if self.ahead().len() >= AHEAD.min(self.size / 4) {
                return;
            }
            match self.next_free() {
                Ok(pair) => self.ahead().push_back(pair),
                // Whoever wants one is told.
                Err(error) => return tracing::debug!(%error, "no port is bound ahead"),
            }
        }
    }

    /// Gives back what was bound ahead.
    pub(crate) fn clear(&self) {
        self.ahead().clear();
    }

    fn ahead(&self) -> MutexGuard<'_, VecDeque<Pair>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_free(&self) -> io::Result<Pair> {
        for _ in 0..self.size {
            let at = self.next.fetch_add(1, Ordering::Relaxed) % self.size;
            let offset = u16::try_from(at * 2).unwrap_or(0);
            let port = self.first.saturating_add(offset);
            match bound(self.ip, port) {
                Ok(socket) => {
                    return Ok(Pair {
                        socket,
                        port,
                        control: self.control(port),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "every RTP port is in use",
        ))
    }

    /// The port above (RFC 3550, section 11). A call goes on without it.
    fn control(&self, port: u16) -> Option<Udp> {
        bound(self.ip, port.checked_add(1)?).ok()
    }
}

impl RtpSocket {
    /// Throws away what has come before there was a call.
    pub(crate) fn begin(&self) {
        for socket in [Some(&self.socket), self.control.as_ref()] {
            let come = |socket: &Udp| socket.receive(&mut [0]).is_ok();
            let mut left = STALE;
            while left > 0 && socket.is_some_and(come) {
                left -= 1;
            }
        }
    }
}

/// A socket that does not block from its beginning, which is one question less to the system.
fn bound(ip: IpAddr, port: u16) -> io::Result<Udp> {
    let addr = SocketAddr::new(ip, port);
    let kind = Type::DGRAM.nonblocking();
    let socket = Socket::new(Domain::for_address(addr), kind, Some(Protocol::UDP))?;
    socket.bind(&addr.into())?;
    Udp::new(socket.into())
}

#[cfg(test)]
mod tests {
    use super::Ports;
    use crate::count::Gauge;
    use std::sync::Arc;

    #[tokio::test]
    async fn ports_are_even_distinct_and_counted() {
        let gauge = Arc::new(Gauge::default());
        let ip = "127.9.1.1".parse().unwrap();
        let ports = Ports::new(ip, &(20_001..=20_005), Arc::clone(&gauge)).unwrap();
        let (a, b) = (ports.bind().unwrap(), ports.bind().unwrap());
        assert_eq!((a.port, b.port), (20_002, 20_004));
        assert!(ports.bind().is_err());
        assert_eq!(gauge.get(), 2);
        drop(a);
        assert_eq!(ports.bind().unwrap().port, 20_002);
        drop(b);
        assert_eq!(gauge.get(), 0);
    }

    #[tokio::test]
    async fn what_is_bound_ahead_is_free_bounded_and_empty() {
        let gauge = Arc::new(Gauge::default());
        let ip = "127.9.1.2".parse().unwrap();
        let ports = Ports::new(ip, &(20_000..=20_019), Arc::clone(&gauge)).unwrap();
        for _ in 0..9 {
            ports.refill();
        }
        // A quarter of ten.
        assert_eq!((ports.ahead().len(), gauge.get()), (2, 0));
        let stranger = std::net::UdpSocket::bind((ip, 0)).unwrap();
        for _ in 0..9 {
            stranger.send_to(b"stale", (ip, 20_000)).unwrap();
        }
        // Until the runtime has heard of it.
        let taken = ports.bind().unwrap();
        taken.socket.told().await.unwrap();
        assert_eq!((taken.port, gauge.get()), (20_000, 1));
        taken.begin();
        assert!(taken.socket.receive(&mut [0; 9]).is_err());
        // All ten can be taken, and no more.
        let rest: Vec<_> = (0..9).map(|_| ports.bind().unwrap()).collect();
        assert_eq!((ports.ahead().len(), gauge.get()), (0, 10));
        assert!(ports.bind().is_err());
        drop(rest);
        ports.refill();
        ports.clear();
        assert!(std::net::UdpSocket::bind((ip, 20_002)).is_ok());
    }

    #[test]
    fn a_range_without_an_even_port_is_refused() {
        let ip = "127.9.1.1".parse().unwrap();
        assert!(Ports::new(ip, &(5..=5), Arc::default()).is_none());
        assert!(Ports::new(ip, &(0..=0), Arc::default()).is_none());
        assert!(Ports::new(ip, &(65_535..=65_535), Arc::default()).is_none());
    }
}
