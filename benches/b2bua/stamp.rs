//! When a datagram came, by the kernel: whoever reads it late, as it has to be woken, is not counted.
//! Where no kernel tells (elsewhere than on Linux), it is when it is read.

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{receive, stamped, wait};
#[cfg(target_os = "linux")]
pub(crate) use linux::{receive, stamped, wait};

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{Error, IoSliceMut, Result};
    use std::net::UdpSocket;
    use std::os::fd::{AsFd, AsRawFd};
    use std::time::{Duration, SystemTime};

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
    use nix::sys::time::TimeSpec;

    /// Lets the kernel note when datagrams come.
    pub(crate) fn stamped(socket: &UdpSocket) -> Result<()> {
        Ok(setsockopt(socket, sockopt::ReceiveTimestampns, &true)?)
    }

    /// A datagram of a stamped socket: its length, and when it came.
    pub(crate) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Result<(usize, SystemTime)> {
        let mut slices = [IoSliceMut::new(buffer)];
        let mut room = nix::cmsg_space!(TimeSpec);
        let flags = MsgFlags::empty();
        let received = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut room), flags)?;
        let stamp = received.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
            _ => None,
        });
        let stamp = stamp.ok_or_else(|| Error::other("a datagram without a time stamp"))?;
        Ok((received.bytes, SystemTime::UNIX_EPOCH + stamp))
    }

    /// Sleeps until one of the sockets has something; not for ever.
    pub(crate) fn wait(sockets: [&UdpSocket; 2]) -> Result<()> {
        let mut polled = sockets.map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN));
        poll(&mut polled, PollTimeout::from(100_u8))?;
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io::Result;
    use std::net::UdpSocket;
    use std::time::SystemTime;

    pub(crate) fn stamped(_: &UdpSocket) -> Result<()> {
        Ok(())
    }

    pub(crate) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Result<(usize, SystemTime)> {
        let (length, _) = socket.recv_from(buffer)?;
        Ok((length, SystemTime::now()))
    }

    pub(crate) fn wait(_: [&UdpSocket; 2]) -> Result<()> {
        std::thread::yield_now();
        Ok(())
    }
}
