//! Packets of sound, and the two sockets that all of them come from and go to.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::Failure;

/// A packet: 20 ms of PCMU.
pub(crate) const PACKET: usize = 12 + 160;
/// What a listener waits for before it looks whether it is over.
const PATIENCE: Duration = Duration::from_millis(500);

/// Callers and callees, as far as their sound goes.
pub(crate) struct Sides {
    pub(crate) caller: UdpSocket,
    pub(crate) callee: UdpSocket,
    pub(crate) began: Instant,
}

/// What is read off a packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    /// Since it was sent.
    pub(crate) after: Duration,
}

fn socket(ip: &str) -> Result<UdpSocket, Failure> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    // As much as the system allows: what is lost here is not the router's.
    socket.set_recv_buffer_size(8 << 20)?;
    let any: SocketAddr = format!("{ip}:0").parse()?;
    socket.bind(&any.into())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket.into())
}

impl Sides {
    pub(crate) fn new(ip: &str) -> Result<Self, Failure> {
        Ok(Self {
            caller: socket(ip)?,
            callee: socket(ip)?,
            began: Instant::now(),
        })
    }

    pub(crate) fn ports(&self) -> Result<[u16; 2], Failure> {
        Ok([
            self.caller.local_addr()?.port(),
            self.callee.local_addr()?.port(),
        ])
    }

    /// Where the router takes sound of each call: from the caller, from the callee.
    pub(crate) fn takes(&self, ip: IpAddr, ports: [Vec<u16>; 2]) -> Vec<[SocketAddr; 2]> {
        let [callers, callees] = ports;
        let at = |port| SocketAddr::new(ip, port);
        let pairs = callers.into_iter().zip(callees);
        pairs
            .map(|(caller, callee)| [at(caller), at(callee)])
            .collect()
    }

    /// Writes a packet that tells when it was sent.
    pub(crate) fn write(&self, packet: &mut [u8; PACKET], ssrc: u32, frame: u32) {
        packet.fill(0x55);
        packet[..2].copy_from_slice(&[0x80, 0]);
        packet[2..4].copy_from_slice(&(frame as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(frame * 160).to_be_bytes());
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        let now = self.began.elapsed().as_nanos() as u64;
        packet[12..20].copy_from_slice(&now.to_be_bytes());
    }

    /// Reads a packet; `None` for what is none.
    pub(crate) fn read(&self, packet: &[u8]) -> Option<Heard> {
        let (head, payload) = packet.split_first_chunk::<12>()?;
        let [_, kind, s0, s1, _, _, _, _, ssrc @ ..] = *head;
        if packet.len() != PACKET || kind & 0x7F != 0 {
            return None;
        }
        let sent = Duration::from_nanos(u64::from_be_bytes(*payload.first_chunk()?));
        Some(Heard {
            ssrc: u32::from_be_bytes(ssrc),
            sequence: u16::from_be_bytes([s0, s1]),
            after: self.began.elapsed().saturating_sub(sent),
        })
    }

    /// Hears until nothing has come for a while.
    pub(crate) fn hear(&self, socket: &UdpSocket, mut each: impl FnMut(Heard)) {
        let mut buffer = [0; 2048];
        while let Ok(length) = socket.recv(&mut buffer) {
            if let Some(heard) = self.read(buffer.get(..length).unwrap_or_default()) {
                each(heard);
            }
        }
    }
}
