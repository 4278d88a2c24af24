//! A shard's socket, and being told that there is something to read. Only that: whoever is told as
//! well that there is room to send is woken once more for each answer that has left.

#[cfg(not(unix))]
pub(super) use elsewhere::Ear;
#[cfg(unix)]
pub(super) use unix::Ear;

#[cfg(unix)]
mod unix {
    use std::io::Result;
    use std::net::{SocketAddr, UdpSocket};

    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// A socket that never waits.
    pub(in crate::redirect) struct Ear(AsyncFd<UdpSocket>);

    impl Ear {
        /// Within a runtime, which tells of what comes.
        #[allow(
            deprecated,
            reason = "what is to be used instead is unsafe; a UdpSocket keeps its one descriptor"
        )]
        pub(in crate::redirect) fn new(socket: UdpSocket) -> Result<Self> {
            AsyncFd::with_interest(socket, Interest::READABLE).map(Self)
        }

        /// A datagram, if one has come.
        pub(in crate::redirect) fn look(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
            self.0.get_ref().recv_from(buffer)
        }

        /// The same, if we were told of one.
        pub(in crate::redirect) fn receive(
            &self,
            buffer: &mut [u8],
        ) -> Result<(usize, SocketAddr)> {
            self.0
                .try_io(Interest::READABLE, |socket| socket.recv_from(buffer))
        }

        /// Until we are told.
        pub(in crate::redirect) async fn told(&self) -> Result<()> {
            self.0.readable().await.map(drop)
        }

        pub(in crate::redirect) fn send(&self, bytes: &[u8], to: SocketAddr) -> Result<usize> {
            self.0.get_ref().send_to(bytes, to)
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::io::Result;
    use std::net::SocketAddr;

    use tokio::net::UdpSocket;

    /// A socket that never waits.
    pub(in crate::redirect) struct Ear(UdpSocket);

    impl Ear {
        /// Within a runtime, which tells of what comes.
        pub(in crate::redirect) fn new(socket: std::net::UdpSocket) -> Result<Self> {
            UdpSocket::from_std(socket).map(Self)
        }

        /// A datagram, if we were told of one.
        pub(in crate::redirect) fn look(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
            self.receive(buffer)
        }

        /// The same.
        pub(in crate::redirect) fn receive(
            &self,
            buffer: &mut [u8],
        ) -> Result<(usize, SocketAddr)> {
            self.0.try_recv_from(buffer)
        }

        /// Until we are told.
        pub(in crate::redirect) async fn told(&self) -> Result<()> {
            self.0.readable().await
        }

        pub(in crate::redirect) fn send(&self, bytes: &[u8], to: SocketAddr) -> Result<usize> {
            self.0.try_send_to(bytes, to)
        }
    }
}
