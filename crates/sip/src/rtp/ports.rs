//! RTP sockets from a range of ports: even ports, tried from a rotating start.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use socket2::{Domain, Protocol, Socket, Type};

use crate::count::{Count, Gauge};

/// The ports that legs may take.
#[derive(Debug)]
pub(crate) struct Ports {
    ip: IpAddr,
    first: u16,
    /// How many even ports there are.
    size: usize,
    next: AtomicUsize,
    in_use: Arc<Gauge>,
}

/// A bound RTP socket, counted while it lives.
#[derive(Debug)]
pub(crate) struct RtpSocket {
    pub(crate) socket: tokio::net::UdpSocket,
    pub(crate) port: u16,
    /// For RTCP, on the port above; `None` when somebody else has it.
    pub(crate) control: Option<tokio::net::UdpSocket>,
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
        })
    }

    /// Binds the next free port. Must run within a tokio runtime.
    ///
    /// The start rotates, so that a port is not taken again right after it was given back and
    /// late packets of the call before do not reach the new one.
    pub(crate) fn bind(&self) -> io::Result<RtpSocket> {
        for _ in 0..self.size {
            let at = self.next.fetch_add(1, Ordering::Relaxed) % self.size;
            let offset = u16::try_from(at * 2).unwrap_or(0);
            let port = self.first.saturating_add(offset);
            match bound(self.ip, port) {
                Ok(socket) => {
                    return Ok(RtpSocket {
                        socket,
                        port,
                        control: self.control(port),
                        _count: self.in_use.count(),
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
}

impl Ports {
    /// The port above (RFC 3550, section 11). A call goes on without it.
    fn control(&self, port: u16) -> Option<tokio::net::UdpSocket> {
        bound(self.ip, port.checked_add(1)?).ok()
    }
}

/// A socket that does not block from its beginning, which is one question less to the system.
fn bound(ip: IpAddr, port: u16) -> io::Result<tokio::net::UdpSocket> {
    let addr = SocketAddr::new(ip, port);
    let kind = Type::DGRAM.nonblocking();
    let socket = Socket::new(Domain::for_address(addr), kind, Some(Protocol::UDP))?;
    socket.bind(&addr.into())?;
    tokio::net::UdpSocket::from_std(socket.into())
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

    #[test]
    fn a_range_without_an_even_port_is_refused() {
        let ip = "127.9.1.1".parse().unwrap();
        assert!(Ports::new(ip, &(5..=5), Arc::default()).is_none());
        assert!(Ports::new(ip, &(0..=0), Arc::default()).is_none());
        assert!(Ports::new(ip, &(65_535..=65_535), Arc::default()).is_none());
    }
}
