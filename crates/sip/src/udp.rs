//! A UDP socket, and being told that there is something to read. Only that: whoever is told as well that
//! there is room to send is woken once more for each datagram that has left.

#[cfg(not(unix))]
pub(crate) use elsewhere::Udp;
#[cfg(unix)]
pub(crate) use unix::Udp;

use std::future::poll_fn;
use std::io::Result;

impl Udp {
    /// Until we are told of a datagram.
    pub(crate) async fn told(&self) -> Result<()> {
        poll_fn(|cx| self.poll_told(cx)).await
    }
}

#[cfg(unix)]
mod unix {
    use std::io::Result;
    use std::net::{SocketAddr, UdpSocket};
    use std::task::{Context, Poll};

    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// A socket that never waits.
    #[derive(Debug)]
    pub(crate) struct Udp(AsyncFd<UdpSocket>);

    impl Udp {
        /// Within a runtime, which tells of what comes. The socket must not block.
        #[allow(
            deprecated,
            reason = "what is to be used instead is unsafe; a UdpSocket keeps its one descriptor"
        )]
        pub(crate) fn new(socket: UdpSocket) -> Result<Self> {
            AsyncFd::with_interest(socket, Interest::READABLE).map(Self)
        }

        /// A datagram, if one has come.
        pub(crate) fn look(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
            self.0.get_ref().recv_from(buffer)
        }

        /// The same, if we were told of one.
        pub(crate) fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
            self.0
                .try_io(Interest::READABLE, |socket| socket.recv_from(buffer))
        }

        /// Whether we were told of one; whoever asks is told of the next one if there is none.
        pub(crate) fn poll_told(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
            self.0.poll_read_ready(cx).map_ok(drop)
        }

        /// Where it is bound.
        pub(crate) fn local_addr(&self) -> Result<SocketAddr> {
            self.0.get_ref().local_addr()
        }

        /// Sends at once, or not at all.
        pub(crate) fn send(&self, bytes: &[u8], to: SocketAddr) -> Result<usize> {
            self.0.get_ref().send_to(bytes, to)
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::io::Result;
    use std::net::SocketAddr;
    use std::task::{Context, Poll};

    use tokio::net::UdpSocket;

    /// A socket that never waits.
    #[derive(Debug)]
    pub(crate) struct Udp(UdpSocket);

    impl Udp {
        /// Within a runtime, which tells of what comes. The socket must not block.
        pub(crate) fn new(socket: std::net::UdpSocket) -> Result<Self> {
            UdpSocket::from_std(socket).map(Self)
        }

        /// A datagram, if we were told of one.
        pub(crate) fn look(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
            self.receive(buffer)
        }

        /// The same.
        pub(crate) fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
            self.0.try_recv_from(buffer)
        }

        /// Whether we were told of one; whoever asks is told of the next one if there is none.
        pub(crate) fn poll_told(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
            self.0.poll_recv_ready(cx)
        }

        /// Where it is bound.
        pub(crate) fn local_addr(&self) -> Result<SocketAddr> {
            self.0.local_addr()
        }

        /// Sends at once, or not at all.
        pub(crate) fn send(&self, bytes: &[u8], to: SocketAddr) -> Result<usize> {
            self.0.try_send_to(bytes, to)
        }
    }
}
